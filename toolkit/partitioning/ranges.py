"""Range partitioning: keys in order, cut at boundaries; each node owns the keys between two of them.

The only scheme here under which neighbouring keys lie together, so "all flights of March" asks one or two nodes and
not all of them. The price: real keys are not spread evenly, and keys that grow (dates, serial numbers) all go to the
last node. `Range.of` cuts at the quantiles of a sample; a key more frequent than a node's fair share cannot be cut.

Used by notebook 10-partitioning. Sources: DeWitt et al., "The Gamma Database Machine Project", IEEE TKDE 2(1), 1990
(range declustering); DeWitt, Naughton & Schneider, PDIS 1991 (boundaries from a sample); Chang et al., "Bigtable",
OSDI 2006 (splitting a range that has grown).
"""

from bisect import bisect_right
from collections.abc import Iterable
from functools import partial
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from toolkit.partitioning.base import Partitioner, check_nodes
from toolkit.partitioning.keys import Column, Key, check_key, distinct


class Range(Partitioner):
    """Node i owns every key k with boundaries[i - 1] <= k < boundaries[i]; the first and last are open-ended.

    n nodes take n - 1 boundaries, in ascending order, all of one kind: int, str or bytes. Text is compared as Python
    compares it, by code point ("Z" < "a"). Two equal boundaries are allowed: the node between them owns nothing.
    """

    def __init__(self, nodes: Iterable[str], boundaries: Iterable[Key]) -> None:
        super().__init__(nodes)
        self._boundaries = _check_boundaries(boundaries, len(self._nodes))

    @classmethod
    def of(cls, nodes: Iterable[str], sample: Any) -> Self:
        """Cut at the quantiles of a sample of keys, so that each node owns about the same number of them."""
        names = check_nodes(nodes)
        column, index = distinct(sample)
        keys = np.array(column, object) if isinstance(column, list) else column
        keys = keys if index is None else keys[index]
        if not len(keys):
            raise ValueError("sample is empty: boundaries need at least one key to be read from")
        try:
            ordered = np.sort(keys)
        except TypeError as error:
            raise TypeError("sample mixes text and numbers, which have no common order: give one kind") from error
        return cls(names, ordered[[len(ordered) * i // len(names) for i in range(1, len(names))]].tolist())

    @property
    def boundaries(self) -> tuple[Key, ...]:
        """The first key of each node but the first."""
        return self._boundaries

    def add(self, node: str, weight: float = 1, *, at: Key | None = None) -> Self:
        """Split the range that holds the key `at`: the new node takes it from `at` up to the next boundary.

        The new node comes right after the one it relieves. ValueError without `at`: only the data can tell where.
        """
        self._with(node, weight)
        if at is None:
            raise ValueError(f"where shall the range be split? Give its first key: add({node!r}, at=...)")
        place = self._code(check_key(at))
        nodes = (*self._nodes[: place + 1], node, *self._nodes[place + 1 :])
        return type(self)(nodes, (*self._boundaries[:place], at, *self._boundaries[place:]))

    def remove(self, node: str) -> Self:
        """The range of the removed node falls to the node before it (after it, if it was the first)."""
        nodes = self._without(node)
        gone = max(self._nodes.index(node) - 1, 0)
        return type(self)(nodes, self._boundaries[:gone] + self._boundaries[gone + 1 :])

    def _code(self, key: Key) -> int:
        try:
            return bisect_right(self._boundaries, key)
        except TypeError as error:
            raise TypeError(
                f"key {key!r} is {type(key).__name__}, the boundaries are {type(self._boundaries[0]).__name__}: "
                "they have no common order; give keys of the same kind"
            ) from error

    def _codes(self, column: Column) -> NDArray[np.int32]:
        if isinstance(column, np.ndarray):
            boundaries = np.array(self._boundaries)
            if boundaries.dtype == np.int64 and column.dtype != np.uint64:  # else numpy would compare as floats
                return np.searchsorted(boundaries, column, side="right").astype(np.int32)
            column = column.tolist()
        return np.fromiter(map(partial(Range._code, self), column), np.int32, len(column))

    def _arguments(self) -> tuple[Any, ...]:
        return self._nodes, self._boundaries


def _check_boundaries(boundaries: Iterable[Key], nodes: int) -> tuple[Key, ...]:
    if isinstance(boundaries, str | bytes) or not isinstance(boundaries, Iterable):
        raise TypeError(f"boundaries={boundaries!r} must be a list of keys, one fewer than nodes")
    checked = tuple(map(check_key, boundaries))
    if len(checked) != nodes - 1:
        raise ValueError(f"{nodes} nodes need {nodes - 1} boundaries, one between each two; got {len(checked)}")
    if len({type(boundary) for boundary in checked}) > 1:
        raise TypeError(f"boundaries {checked!r} mix kinds that have no common order: give one kind")
    if any(later < earlier for earlier, later in pairwise(checked)):  # type: ignore[operator]
        raise ValueError(f"boundaries {checked!r} must ascend: sort them")
    return checked
