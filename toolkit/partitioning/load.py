"""Who holds how much: the load that a partitioner puts on each node, and the hot keys behind it.

Used by notebooks 10-partitioning and 11-consistent-hashing, and drawn by `toolkit.pictures.partition_map`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from toolkit.partitioning.base import Partitioner
from toolkit.partitioning.keys import Column, Key, distinct

if TYPE_CHECKING:
    from toolkit.pictures import Picture

_HOT = 5  # how many of the most frequent keys a Load names


@dataclass(frozen=True, repr=False)
class Load:
    """Rows (and bytes) per node. A plain record: `dataclasses.asdict(load)` can be written as JSON."""

    nodes: tuple[str, ...]
    counts: tuple[int, ...]
    """Rows on each node, in the order of `nodes`."""
    sizes: tuple[int, ...] | None
    """Bytes on each node, or None if no sizes were given."""
    hot: tuple[tuple[Key, int, str], ...]
    """The most frequent keys, hottest first: (key, rows with that key, the node that holds the first of them)."""

    @property
    def keys(self) -> int:
        """How many keys (rows) there are in all."""
        return sum(self.counts)

    @property
    def mean(self) -> float:
        """Rows per node on average: keys ÷ nodes."""
        return self.keys / len(self.nodes)

    @property
    def max(self) -> int:
        """Rows on the fullest node."""
        return max(self.counts)

    @property
    def peak_to_mean(self) -> float:
        """How many times the mean the fullest node holds; 1 is perfectly even."""
        return self.max / self.mean if self.keys else 1.0

    @property
    def cv(self) -> float:
        """The coefficient of variation: the standard deviation of the rows per node ÷ their mean; 0 is even."""
        return float(np.std(self.counts)) / self.mean if self.keys else 0.0

    def picture(self) -> "Picture":
        """Draw it: who holds how much."""
        from toolkit.pictures import partition_map  # only here: rules know of no pictures

        return partition_map(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {**self.picture()._repr_mimebundle_(include, exclude), "text/plain": repr(self)}

    def __repr__(self) -> str:
        fullest = self.nodes[int(np.argmax(self.counts))]
        return (
            f"Load({self.keys:,} keys on {len(self.nodes)} nodes: mean {self.mean:,.1f}, most {self.max:,} on {fullest}"
            f" = {self.peak_to_mean:.2f} times the mean, cv {self.cv:.3f})"
        )


def load(partitioner: Partitioner, keys: Any, sizes: Sequence[int] | NDArray[Any] | None = None) -> Load:
    """Count how many of the keys the partitioner puts on each node; `sizes` gives the bytes of each key's row.

    ValueError if sizes and keys differ in length, or a size is negative.
    """
    column, index = distinct(keys)
    codes = partitioner.codes(keys)
    counts = np.bincount(codes, minlength=len(partitioner.nodes))
    return Load(
        nodes=partitioner.nodes,
        counts=tuple(counts.tolist()),
        sizes=None if sizes is None else _sum_sizes(codes, sizes, len(partitioner.nodes)),
        hot=tuple((key, rows, partitioner.nodes[codes[row]]) for key, rows, row in _most_frequent(column, index)),
    )


def _sum_sizes(codes: NDArray[np.int32], sizes: Any, nodes: int) -> tuple[int, ...]:
    weights = np.asarray(sizes)
    if weights.shape != codes.shape:
        raise ValueError(f"sizes has {weights.size} entries for {codes.size} keys: give the bytes of each key's row")
    if weights.dtype.kind not in "iuf" or not (weights >= 0).all():
        raise ValueError("sizes must be numbers of bytes, 0 or more")
    return tuple(np.bincount(codes, weights, nodes).round().astype(np.int64).tolist())


def _most_frequent(column: Column, index: NDArray[np.intp] | None) -> list[tuple[Key, int, int]]:
    """The hottest keys as (key, rows, its first row); of equally hot ones, the one that comes first."""
    marks: NDArray[Any]
    if index is not None:
        marks = index
    elif isinstance(column, np.ndarray):
        marks = column
    else:
        numbers: dict[Key, int] = {}
        marks = np.fromiter((numbers.setdefault(key, len(numbers)) for key in column), np.intp, len(column))
    if marks is column:
        _, first, rows = np.unique(marks, return_index=True, return_counts=True)
    else:  # numbered from 0 without gaps, so they can be counted without sorting
        rows = np.bincount(marks)
        first = np.empty(len(rows), np.intp)
        first[marks[::-1]] = np.arange(len(marks))[::-1]  # of repeated assignments the last one stays: the first row
    hottest = np.lexsort((first, -rows))[:_HOT]
    values = column.tolist() if isinstance(column, np.ndarray) and index is not None else column
    return [
        (_plain(values[index[row] if index is not None else row]), count, row)
        for row, count in zip(first[hottest].tolist(), rows[hottest].tolist(), strict=True)
    ]


def _plain(key: Any) -> Key:
    return key.item() if isinstance(key, np.generic) else key
