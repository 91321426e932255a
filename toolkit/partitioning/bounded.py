"""Consistent hashing with bounded loads: no node may hold more than c times the mean.

Each key starts at its place on the ring and walks clockwise past nodes that are full, to the first that has room:
with m keys on n nodes that is below ceil(c m / n). A small c means even load and long walks, a large one is the plain
ring. Where a key lands depends on the keys that were placed before it, so this scheme differs from all others here:

- `owners(keys)` places a whole set of keys, in the order given, on empty nodes. A key that occurs twice is placed
  twice, as two requests for it would be: that is how a hot key spills over to further nodes.
- `owner(key)` has no such set to look at and answers for empty nodes: the owner on the plain ring. Say what lies on
  the nodes already, `owner(key, placed={"w0": 12, ...})`, and it answers for one key more.

Used by notebooks 11-consistent-hashing and 40-balancing-load. Source: Mirrokni, Thorup & Zadimoghaddam, "Consistent
Hashing with Bounded Loads", SODA 2018 (arXiv:1608.01350, 2016). In use at Google Cloud Pub/Sub, Vimeo and HAProxy.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import ceil, isfinite
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from toolkit.partitioning.base import Partitioner
from toolkit.partitioning.keys import Column, Key, distinct, hash_column
from toolkit.partitioning.ring import HashRing


class BoundedLoads(Partitioner):
    """A ring of `vnodes` virtual nodes per node, on which no node takes more than ceil(c m / n) of m keys.

    ValueError unless c > 1 (c = 1 leaves no slack: each change of the nodes could move almost every key).
    """

    def __init__(self, nodes: Iterable[str], c: float = 1.25, vnodes: int = 160) -> None:
        super().__init__(nodes)
        if isinstance(c, bool) or not isinstance(c, int | float | np.integer | np.floating):
            raise TypeError(f"c={c!r} must be a number above 1, such as 1.25")
        if not (c > 1 and isfinite(c)):
            raise ValueError(f"c={c!r} must be above 1: a node may hold c times the mean, 1.25 is common")
        self._c = float(c)
        self._ring = HashRing(self._nodes, vnodes)

    @property
    def c(self) -> float:
        """How many times the mean a node may hold."""
        return self._c

    @property
    def vnodes(self) -> int:
        """Virtual nodes per node."""
        return self._ring.vnodes

    @property
    def ring(self) -> HashRing:
        """The plain ring on which the keys walk."""
        return self._ring

    def capacity(self, keys: int) -> int:
        """The most of so many keys that one node may hold: ceil(c m / n)."""
        return ceil(Fraction(str(self._c)) * keys / len(self._nodes))  # a fraction: 1.1 times 10 is 11, not 11.000…02

    def owner(self, key: Key, placed: Mapping[str, int] | None = None) -> str:
        """The node that takes the key when each node holds `placed[node]` keys already (0 where it says nothing)."""
        held = dict.fromkeys(self._nodes, 0) | dict(placed or {})
        strangers = [node for node in held if node not in self._nodes]
        if strangers:
            raise ValueError(f"placed names {strangers[0]!r}, which is not a node; there are {', '.join(self._nodes)}")
        capacity = self.capacity(sum(held.values()) + 1)
        return next(node for node in self.replicas(key, len(self._nodes)) if held[node] < capacity)

    def replicas(self, key: Key, n: int) -> list[str]:
        """The first n distinct nodes on the key's walk."""
        return self._ring.replicas(key, n)

    def codes(self, keys: Any) -> NDArray[np.int32]:
        """The node code of each key when all are placed in the order given, on nodes that are empty before."""
        column, index = distinct(keys)
        starts = np.searchsorted(self._ring.positions, hash_column(column), side="left")
        return self._place(starts if index is None else starts[index])

    def _place(self, starts: NDArray[np.intp]) -> NDArray[np.int32]:
        """Walk each key in turn from its place to the first virtual node of a node that has room."""
        owner = self._ring.position_codes.tolist()
        following = [*range(1, len(owner)), 0]  # a full node stays full: walks past it can be cut short for good
        room = [self.capacity(len(starts))] * len(self._nodes)
        codes = np.empty(len(starts), np.int32)
        for i, start in enumerate((starts % len(owner)).tolist()):
            place = start
            while not room[owner[place]]:
                place = following[place]
            while start != place:  # everyone who walks this way later goes straight to where this walk ended
                after = following[start]
                following[start] = place
                start = after
            room[owner[place]] -= 1
            codes[i] = owner[place]
        return codes

    def add(self, node: str, weight: float = 1) -> Self:
        return type(self)(self._with(node, weight), self._c, self.vnodes)

    def remove(self, node: str) -> Self:
        return type(self)(self._without(node), self._c, self.vnodes)

    def _code(self, key: Key) -> int:
        return self._ring._code(key)

    def _codes(self, column: Column) -> NDArray[np.int32]:
        return self.codes(column)

    def _arguments(self) -> tuple[Any, ...]:
        return self._nodes, self._c, self.vnodes
