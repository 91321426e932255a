"""A table whose rows really lie in different worker processes: one partition, a pandas DataFrame, per worker.

Each worker reads the file for itself and keeps the rows that the partitioning rule gives it, so no row passes through
the notebook. Dask remembers how each partition came about (its *lineage*: Zaharia et al., "Resilient Distributed
Datasets", NSDI 2012); when a worker is killed, its partition is read again by the worker's new process.
Used by notebooks 10 and 11.
"""

import io
import itertools
import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas
import pyarrow
import pyarrow.parquet
from distributed import wait

ROW_GROUP = 65_536
"""Rows that a worker looks at at once while it reads: this, not the whole table, has to fit beside its partition."""

_numbers = itertools.count()


@dataclass(frozen=True)
class Movement:
    """What a repartitioning moved between workers: rows and bytes for each (from, to) that exchanged any."""

    rows: Mapping[tuple[str, str], int]
    bytes: Mapping[tuple[str, str], int]

    @property
    def total_rows(self) -> int:
        """Rows that now lie in another process."""
        return sum(self.rows.values())

    @property
    def total_bytes(self) -> int:
        """Their size in memory, in bytes."""
        return sum(self.bytes.values())

    def __repr__(self) -> str:
        flows = ", ".join(f"{start} → {end}: {rows:,} rows" for (start, end), rows in self.rows.items())
        return f"<Movement: {self.total_rows:,} rows, {self.total_bytes:,} bytes ({flows or 'nothing moved'})>"


class PartitionedTable:
    """The rows of `data`, laid out over the cluster's workers by `by.owner(row[key])`. Made by `Cluster.partition`.

    Raises TypeError or ValueError, before anything is sent, if `data` is no table or damaged, has no column `key`, or
    if `by` names a node that is no worker. The rows' index is not kept. On an attached cluster the workers must have
    this toolkit installed, and a path must lead to the file on their machines too.
    """

    def __init__(self, cluster: Any, data: Any, key: str, by: Any) -> None:
        self._cluster = cluster
        self._token = uuid.uuid4().hex
        self.key = key
        _check_rule(by, cluster.names)
        sources = self._sources(data, by)
        self.by = by
        self._partitions = {
            name: self._submit("read-partition", name, _read, source, key, by, name) for name, source in sources.items()
        }
        self._finish(self._partitions)

    @property
    def workers(self) -> tuple[str, ...]:
        """Names of the workers that hold a partition, in the rule's order."""
        return tuple(self._partitions)

    def measure(self, timeout: float = 60.0) -> pandas.DataFrame:
        """Rows, bytes in memory and process id of each partition, as measured inside its worker's process."""
        measured = self.map(_measure, timeout=timeout)
        return pandas.DataFrame.from_dict(measured, orient="index", columns=["pid", "rows", "bytes"]).rename_axis(
            "worker"
        )

    def map(self, function: Callable[[pandas.DataFrame], Any], timeout: float = 60.0) -> dict[str, Any]:
        """Run `function(partition)` where each partition lies; return {worker: result}.

        Only the results travel. An exception of the function is raised here; TimeoutError after `timeout` seconds
        names the workers that have not answered.
        """
        calls = {name: self._submit("map", name, function, part) for name, part in self._partitions.items()}
        return self._finish(calls, timeout)

    def repartition(self, by: Any, timeout: float = 60.0) -> Movement:
        """Lay the rows out by another rule. Only rows whose owner changes move, each straight to its new worker."""
        _check_rule(by, self._cluster.names)
        sorted_out = {
            name: self._submit("sort-out", name, _sort_out, part, self.key, by)
            for name, part in self._partitions.items()
        }
        sizes = self._finish(
            {name: self._submit("weigh", name, _weigh, pieces) for name, pieces in sorted_out.items()}, timeout
        )
        partitions = {}
        for to in by.nodes:
            pieces = [
                self._submit("hand-over", name, _pick, sorted_out[name], to)
                for name in sorted_out
                if to in sizes[name] or name == next(iter(sorted_out))  # the first also says what the columns are
            ]
            partitions[to] = self._submit("put-together", to, _put_together, pieces)
        self._finish({name: self._submit("weigh", name, len, part) for name, part in partitions.items()}, timeout)
        self._partitions, self.by = partitions, by
        flows = {(start, to): size for start, pieces in sizes.items() for to, size in pieces.items() if to != start}
        return Movement({flow: rows for flow, (rows, _) in flows.items()}, {flow: b for flow, (_, b) in flows.items()})

    def __repr__(self) -> str:
        return f"<PartitionedTable by {self.key!r}: {self.by!r} on {', '.join(self.workers)}>"

    # -- how it is done

    def _submit(self, what: str, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """A task that runs on the worker of that name and nowhere else, also after its process was replaced."""
        key = (what, f"{name}-{next(_numbers)}-{self._token}")
        return self._cluster.client.submit(function, *arguments, key=key, workers=[name])

    def _finish(self, futures: Mapping[str, Any], timeout: float = 60.0) -> dict[str, Any]:
        """The results of futures by worker name. Partitions themselves are waited for, never fetched."""
        try:
            wait(list(futures.values()), timeout=timeout)
        except TimeoutError:
            late = ", ".join(name for name, future in futures.items() if not future.done())
            raise TimeoutError(f"no answer within {timeout:g} s from {late}: frozen, or still at work?") from None
        if futures is self._partitions:
            for future in futures.values():
                if future.status == "error":
                    future.result()  # raises it
            return {}
        return {name: future.result() for name, future in futures.items()}

    def _sources(self, data: Any, by: Any) -> dict[str, str | bytes]:
        """What each worker has to read: a file's path, or bytes where no file is within every worker's reach."""
        if isinstance(data, str | os.PathLike):
            path = Path(data).resolve()
            columns = _columns(path)
        elif isinstance(data, pandas.DataFrame):
            columns = list(data.columns)
        else:
            raise TypeError(f"data is a {type(data).__name__}: give a pandas DataFrame or the path of a Parquet file")
        if self.key not in columns:
            raise ValueError(
                f"key={self.key!r} is not a column of the table: use one of {', '.join(map(str, columns))}"
            )
        if not isinstance(data, pandas.DataFrame):
            return dict.fromkeys(by.nodes, str(path))
        directory = self._cluster.directory
        if directory is not None:
            path = Path(directory) / f"table-{self._token}.parquet"
            data.to_parquet(path, index=False, row_group_size=ROW_GROUP)
            return dict.fromkeys(by.nodes, str(path))
        owners = by.owners(data[self.key])
        return {name: data[owners == name].to_parquet(index=False, row_group_size=ROW_GROUP) for name in by.nodes}


def _check_rule(by: Any, workers: tuple[str, ...]) -> None:
    if not hasattr(by, "nodes") or not hasattr(by, "owners"):
        raise TypeError(f"by={by!r} is not a partitioner: use one of toolkit.partitioning, such as HashRing(nodes)")
    strangers = [name for name in by.nodes if name not in workers]
    if strangers:
        raise ValueError(
            f"the rule's nodes {', '.join(by.nodes)} must be workers, which are {', '.join(workers)}: "
            f"there is no {', '.join(strangers)}"
        )


def _columns(path: Path) -> list[str]:
    try:
        return list(pyarrow.parquet.read_schema(path).names)
    except FileNotFoundError:
        raise FileNotFoundError(f"data={str(path)!r}: there is no such file") from None
    except (pyarrow.ArrowInvalid, OSError) as error:
        raise ValueError(f"data={str(path)!r} is damaged or no Parquet file: {error}") from None


# -- what runs in the workers


def _read(source: str | bytes, key: str, by: Any, name: str) -> pandas.DataFrame:
    """The rows of a Parquet file that `by` gives to `name`."""
    kept = []
    with pyarrow.parquet.ParquetFile(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
        empty = file.schema_arrow.empty_table()
        for number in range(file.num_row_groups):
            rows = file.read_row_group(number)
            mine = by.owners(rows.column(key).to_pandas()) == name
            kept.append(rows.filter(pyarrow.array(mine)))
    return pyarrow.concat_tables([empty, *kept]).to_pandas()


def _size(rows: pandas.DataFrame) -> int:
    return int(rows.memory_usage(index=False, deep=True).sum())


def _measure(partition: pandas.DataFrame) -> tuple[int, int, int]:
    return os.getpid(), len(partition), _size(partition)


def _sort_out(partition: pandas.DataFrame, key: str, by: Any) -> dict[str, pandas.DataFrame]:
    """A partition's rows by their new owners; those that stay are among them. One empty piece keeps the columns."""
    pieces = dict(list(partition.groupby(by.owners(partition[key]), sort=False)))
    return {**pieces, "": partition.iloc[:0]}


def _weigh(pieces: dict[str, pandas.DataFrame]) -> dict[str, tuple[int, int]]:
    return {name: (len(rows), _size(rows)) for name, rows in pieces.items() if name}


def _pick(pieces: dict[str, pandas.DataFrame], name: str) -> pandas.DataFrame:
    return pieces.get(name, pieces[""])


def _put_together(pieces: list[pandas.DataFrame]) -> pandas.DataFrame:
    return pandas.concat(pieces, ignore_index=True)
