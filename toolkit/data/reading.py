"""`flights()`: the flights as a pandas table. Used by notebooks 10-partitioning, 11-consistent-hashing and many later.

Columns, one row per flight:

    month, day           scheduled date (2013)
    hour, minute         scheduled departure, local time
    carrier              airline, two characters: 16 of them, the largest (UA) has 17 % of the flights
    flight               flight number
    tailnum              the aeroplane, 4,043 of them; "" where it was not recorded (2,512 flights)
    origin, dest         airports: EWR, LGA, JFK; 105 destinations
    dep_delay, arr_delay minutes late (negative: early), missing where the flight was cancelled
    air_time             minutes in the air, missing where it was cancelled or diverted
    distance             miles
"""

import functools
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

FLIGHTS = Path(__file__).with_name("flights.parquet")
"""The Parquet file that ships with the package (about 3 MB)."""


class DamagedDataError(Exception):
    """The data file is missing or can't be read; the message names it and says what to do."""


def flights(columns: Iterable[str] | None = None) -> pd.DataFrame:
    """The 336,776 flights that left New York in 2013, or some of their columns, as a table of your own.

    The file is read once per process; each call returns a new DataFrame, so that changing it changes no other.

    Raises:
        ValueError: a column that isn't there; the message lists those that are.
        DamagedDataError: the file is missing or damaged.
    """
    table = _table(FLIGHTS)
    if columns is None:
        return table.to_pandas()
    wanted = [columns] if isinstance(columns, str) else list(columns)
    unknown = [name for name in wanted if name not in table.column_names]
    if unknown or not wanted:
        what = f"no column {unknown[0]!r}" if unknown else "columns is empty"
        raise ValueError(f"{what}: choose from {', '.join(table.column_names)}")
    return table.select(wanted).to_pandas()


@functools.cache
def _table(path: Path) -> pa.Table:
    remedy = f"Get it again: git checkout -- {path.name}, in {path.parent}; or clone the course anew."
    try:
        table = pq.read_table(path, page_checksum_verification=True)
    except FileNotFoundError:
        raise DamagedDataError(f"The data file {path} is missing. {remedy}") from None
    except (pa.ArrowException, OSError) as error:
        raise DamagedDataError(f"The data file {path} is damaged ({error}). {remedy}") from error
    # The file holds whole numbers in the smallest type that fits; in a lesson hour * 60 would overflow an int8.
    wide = [field.with_type(pa.int64()) if pa.types.is_integer(field.type) else field for field in table.schema]
    return table.cast(pa.schema(wide))
