"""Hashing of keys: golden values, one answer for a key however it is held, and errors that teach."""

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.partitioning import hash_key, hash_keys
from toolkit.partitioning.keys import mix, mix_column

GOLDEN = {
    "": 0x2D06800538D394C2,
    "JFK": 0x285B488641389EEF,
    "é": 0xF7940A006CF10CB3,
    b"\x00\xff": 0xA99B043A346C8BF3,
    0: 0xE220A8397B1DCDAF,
    1: 0x910A2DEC89025CC1,
    -1: 0xE4D971771B652C20,
    2**64 - 1: 0xE4D971771B652C20,
}
"""What any version of the toolkit must answer, on any machine: data that was placed must be found again. The first of
each kind are the published test values of XXH3 (the empty input) and of SplitMix64 (the first output of seed 0)."""
TEXTS = ["JFK", "LGA", "é", "JFK"]
NUMBERS = [5, -1, 0, 5]


@pytest.mark.parametrize(("key", "hashed"), GOLDEN.items())
def test_golden_values(key, hashed):
    assert hash_key(key) == hashed


def test_another_process_with_another_hash_seed_agrees():
    code = "from toolkit.partitioning import hash_key; print(hash_key('JFK'), hash_key(b'JFK'), hash_key(2013))"
    answers = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }
    assert answers == {f"{hash_key('JFK')} {hash_key(b'JFK')} {hash_key(2013)}\n"}


@pytest.mark.parametrize(
    "column",
    [
        TEXTS,
        tuple(TEXTS),
        iter(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, object),
        np.array(TEXTS, np.dtypes.StringDType()),
        pd.Series(TEXTS, index=[9, 8, 7, 6]),
        pd.Series(TEXTS, dtype=object),
        pd.Series(TEXTS, dtype="string[pyarrow]"),
        pd.Series(TEXTS, dtype=pd.ArrowDtype(pa.string())),
        pd.Series(TEXTS, dtype="category"),
        pd.Index(TEXTS),
        pd.CategoricalIndex(TEXTS, categories=["unused", "é", "LGA", "JFK"]),
        pd.Categorical(TEXTS),
        pa.array(TEXTS),
        pa.chunked_array([TEXTS[:1], TEXTS[1:]]),
        np.array([text.encode() for text in TEXTS]),
    ],
    ids=lambda column: f"{type(column).__name__}-{getattr(column, 'dtype', '')}",
)
def test_text_hashes_alike_however_it_is_held(column):
    assert hash_keys(column).tolist() == [hash_key(text) for text in TEXTS]


@pytest.mark.parametrize(
    "column",
    [
        NUMBERS,
        np.array(NUMBERS, np.int8),
        np.array(NUMBERS, ">i4"),
        np.array(NUMBERS, np.int64)[::-1][::-1],
        np.array(NUMBERS, object),
        [np.int16(number) for number in NUMBERS],
        pd.Series(NUMBERS),
        pd.Series(NUMBERS, dtype="Int64"),
        pd.Series(NUMBERS, dtype="category"),
        pa.array(NUMBERS),
    ],
    ids=lambda column: f"{type(column).__name__}-{getattr(column, 'dtype', '')}",
)
def test_numbers_hash_alike_however_they_are_held(column):
    assert hash_keys(column).tolist() == [hash_key(number) for number in NUMBERS]


@given(st.lists(st.one_of(st.text(), st.binary(), st.integers(-(2**63), 2**64 - 1))))
def test_a_key_in_a_mixed_list_hashes_as_it_does_alone(keys):
    keys = [key for key in keys if not isinstance(key, str) or key.isprintable()]
    assert hash_keys(keys).tolist() == [hash_key(key) for key in keys]


@given(st.lists(st.integers(0, 2**64 - 1), max_size=50))
def test_unsigned_columns_hash_as_their_numbers_alone(numbers):
    assert hash_keys(np.array(numbers, np.uint64)).tolist() == [hash_key(number) for number in numbers]


def test_mixing_is_the_same_for_one_and_for_many_across_blocks():
    numbers = np.random.default_rng(1).integers(0, 2**64, 40_000, dtype=np.uint64)
    before = numbers.copy()
    mixed = mix_column(numbers)
    assert mixed[::997].tolist() == [mix(number) for number in numbers[::997].tolist()]
    assert (numbers == before).all()
    assert len(np.unique(mixed)) == len(np.unique(numbers))


def test_hashes_are_even_for_keys_that_are_not():
    for keys in (np.arange(100_000), np.arange(100_000) << 40, [f"N{i:05}" for i in range(100_000)]):
        counts = np.bincount((hash_keys(keys) >> np.uint64(60)).astype(int), minlength=16)
        chi_square = float(((counts - 6250) ** 2 / 6250).sum())
        assert chi_square < 45  # 15 degrees of freedom: exceeded by chance once in ten thousand times


def test_number_and_text_are_different_keys_and_text_and_its_bytes_are_one():
    assert hash_key("5") != hash_key(5)
    assert hash_key("é") == hash_key("é".encode())
    assert hash_key(np.str_("JFK")) == hash_key("JFK")


def test_no_keys_have_no_hashes():
    empties: list[Any] = [[], np.array([], np.int64), pd.Series([], dtype=str)]
    for empty in empties:
        assert hash_keys(empty).tolist() == []


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (1.5, "not float .*whole number"),
        (None, "missing .*dropna"),
        (float("nan"), "missing .*dropna"),
        (pd.NA, "missing .*dropna"),
        (True, "not bool .*mask"),
        (("JFK", "LAX"), "not tuple .*join"),
        (pd.Timestamp("2013-01-01"), "not Timestamp .*str"),
    ],
)
def test_a_key_that_has_no_stable_hash_is_refused_alone_and_in_a_list(key, words):
    with pytest.raises(TypeError, match=words):
        hash_key(key)
    with pytest.raises(TypeError, match=words):
        hash_keys(["JFK", key])


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (np.array([1.0, 2.0]), "not float64"),
        (np.array([1.0, np.nan]), "missing .*dropna"),
        (np.array([True]), "mask"),
        (np.array([], float), "must be str, bytes or int"),
        (pd.Series(["JFK", None]), "missing .*dropna"),
        (pd.Series(["JFK", None], dtype="category"), "missing .*dropna"),
        (pd.Series([1, None], dtype="Int64"), "missing .*dropna"),
        (pd.to_datetime(pd.Series(["2013-01-01"])), "datetime64.*astype"),
        (pd.MultiIndex.from_tuples([(1, 2)]), "not tuple"),
        (pd.DataFrame({"dest": ["JFK"]}), "2 dimensions.*one column"),
        (np.array([[1]]), "2 dimensions"),
        ("JFK", r"one key.*\['JFK'\]"),
        ({"JFK"}, "set, whose order"),
        (5, "not a column of keys"),
    ],
)
def test_a_column_that_cannot_be_hashed_says_what_to_do(column, words):
    with pytest.raises(TypeError, match=words):
        hash_keys(column)


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1])
def test_numbers_beyond_64_bits_are_refused(number):
    with pytest.raises(ValueError, match=r"does not fit in 64 bits: use str"):
        hash_key(number)
    with pytest.raises(ValueError, match=r"does not fit in 64 bits: use str"):
        hash_keys([1, number])
