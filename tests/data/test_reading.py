"""The flights are all there, as the source has them; a damaged file is one clear error."""

import hashlib

import pytest

from toolkit import flights
from toolkit.data import FLIGHTS, DamagedDataError


def test_the_flights_are_those_of_the_source():
    table = flights()
    assert len(table) == 336_776
    assert table["carrier"].nunique() == 16
    assert table["dest"].nunique() == 105
    assert table["tailnum"].nunique() == 4_044  # with "", where it is missing
    assert (table["tailnum"] == "").sum() == 2_512
    assert table["dep_delay"].isna().sum() == 8_255
    assert int(table["distance"].sum()) == 350_217_607
    first = table.iloc[0]
    assert (first["carrier"], first["flight"], first["tailnum"], first["dest"]) == ("UA", 1545, "N14228", "IAH")


def test_the_content_is_the_one_the_course_was_written_for():
    """A hash of the rows, not of the file: versions of Arrow may write the same rows as different bytes."""
    rows = flights().to_csv(index=False, lineterminator="\n", float_format="%.0f")
    assert hashlib.sha256(rows.encode()).hexdigest()[:16] == "806387a09142f2f7"


def test_it_is_small_enough_to_ship():
    assert FLIGHTS.stat().st_size < 4e6


def test_keys_are_never_missing():
    assert not flights(["month", "day", "hour", "carrier", "flight", "tailnum", "origin", "dest"]).isna().any().any()


def test_whole_numbers_are_wide_enough_to_calculate_with():
    table = flights(["hour", "minute", "dep_delay"])
    assert (table["hour"] * 60 + table["minute"]).max() == 23 * 60 + 59
    assert [str(kind) for kind in table.dtypes] == ["int64", "int64", "float64"]


def test_some_columns():
    assert list(flights(["dest", "carrier"]).columns) == ["dest", "carrier"]
    assert list(flights("dest").columns) == ["dest"]


def test_changing_a_table_changes_no_other():
    table = flights(["distance"])
    table["distance"] = 0
    assert flights(["distance"])["distance"].min() > 0


@pytest.mark.parametrize("columns", [["destt"], "destt", []])
def test_an_unknown_column_lists_those_there_are(columns):
    with pytest.raises(ValueError, match=r"choose from month, day, .*dest"):
        flights(columns)


@pytest.fixture
def copy(tmp_path, monkeypatch):
    path = tmp_path / "flights.parquet"
    path.write_bytes(FLIGHTS.read_bytes())
    monkeypatch.setattr("toolkit.data.reading.FLIGHTS", path)
    return path


def test_a_missing_file_is_named(copy):
    copy.unlink()
    with pytest.raises(DamagedDataError, match=r"flights\.parquet is missing.*clone"):
        flights()


@pytest.mark.parametrize("keep", [0, 3, 100_000, -1])
def test_a_truncated_file_is_named(copy, keep):
    copy.write_bytes(FLIGHTS.read_bytes()[:keep])
    with pytest.raises(DamagedDataError, match=r"flights\.parquet is damaged.*clone"):
        flights()


@pytest.mark.parametrize("place", [0.1, 0.4, 0.8, 0.95])
def test_a_flipped_bit_is_found(copy, place):
    content = bytearray(FLIGHTS.read_bytes())
    content[int(place * len(content))] ^= 1
    copy.write_bytes(content)
    with pytest.raises(DamagedDataError, match=r"flights\.parquet is damaged"):
        flights()
