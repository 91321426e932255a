"""The consistent-hash ring: nodes and keys on one circle; a key belongs to the next node clockwise.

When a node joins, only keys on the arcs that now end at it move, and all of them to it. One point per node would make
very unequal arcs, so each node stands at many points, its *virtual nodes*; a node of weight 2 stands at twice as many.
With v virtual nodes each, the load of n nodes varies by cv = sqrt((n - 1) / (n v + 1)): see `toolkit.models`.

Used by notebook 11-consistent-hashing. Source: Karger et al., "Consistent Hashing and Random Trees", STOC 1997;
virtual nodes as in Stoica et al., "Chord", SIGCOMM 2001, and DeCandia et al., "Dynamo", SOSP 2007.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from toolkit.partitioning.base import Partitioner, check_weights, first_distinct
from toolkit.partitioning.keys import Column, Key, hash_column, hash_key

_BLOCK = 1 << 15  # keys looked up at a time: few enough to stay in the processor's cache


class HashRing(Partitioner):
    """A circle of 2**64 places. The order in which the nodes are given changes nothing but their codes.

    Virtual node i of node "w0" stands at the hash of the text "w0#i"; a node has round(vnodes * weight) of them, at
    least one. ValueError if vnodes < 1 or a weight is not above 0.
    """

    def __init__(self, nodes: Iterable[str], vnodes: int = 160, weights: Mapping[str, float] | None = None) -> None:
        super().__init__(nodes)
        self._vnodes = check_vnodes(vnodes)
        self._weights = check_weights(weights, self._nodes)
        counts = [max(1, round(vnodes * weight)) for weight in self._weights.values()]
        places = (
            xxh3_64_intdigest(f"{node}#{i}".encode())
            for node, count in zip(self._nodes, counts, strict=True)
            for i in range(count)
        )
        positions = np.fromiter(places, np.uint64, sum(counts))
        codes = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        by_name = np.argsort(np.argsort(self._names))  # on the same place the first by name wins, in any order given
        clockwise = np.lexsort((by_name[codes], positions))
        self._positions, self._position_codes = positions[clockwise], codes[clockwise]
        self._shift = 64 - min(len(positions).bit_length() + 4, 20)  # upper bits = bucket; at most 2**20
        self._positions.flags.writeable = self._position_codes.flags.writeable = False

    @property
    def vnodes(self) -> int:
        """Virtual nodes of a node of weight 1."""
        return self._vnodes

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each node (a copy)."""
        return dict(self._weights)

    @property
    def positions(self) -> NDArray[np.uint64]:
        """Where the virtual nodes stand: ascending places on the circle, in [0, 2**64). Read-only."""
        return self._positions

    @property
    def position_codes(self) -> NDArray[np.int32]:
        """The node code of each virtual node, in the order of `positions`. Read-only."""
        return self._position_codes

    def position(self, key: Key) -> int:
        """The place of a key on the same circle: its hash, in [0, 2**64)."""
        return hash_key(key)

    def owner(self, key: Key) -> str:
        hashed = hash_key(key)
        return self._bucket_owners[hashed >> self._shift] or self._clockwise[bisect_left(self._places, hashed)]

    def replicas(self, key: Key, n: int) -> list[str]:
        """The first n distinct nodes clockwise from the key (Dynamo's preference list, SOSP 2007, section 4.3)."""
        self._check_replicas(n)
        start = bisect_left(self._places, hash_key(key))
        return [self._nodes[code] for code in first_distinct(self._position_codes, start, n)]

    def add(self, node: str, weight: float = 1) -> Self:
        return type(self)((*self._with(node),), self._vnodes, {**self._weights, node: weight})

    def remove(self, node: str) -> Self:
        nodes = self._without(node)
        return type(self)(nodes, self._vnodes, {name: self._weights[name] for name in nodes})

    def _code(self, key: Key) -> int:
        return int(self._position_codes[bisect_left(self._places, hash_key(key)) % len(self._places)])

    def _codes(self, column: Column) -> NDArray[np.int32]:
        hashes = hash_column(column)
        codes = np.empty(len(hashes), np.int32)
        for start in range(0, len(hashes), _BLOCK):
            self._look_up(hashes[start : start + _BLOCK], codes[start : start + _BLOCK])
        return codes

    def _look_up(self, hashes: NDArray[np.uint64], codes: NDArray[np.int32]) -> None:
        """Fill in the owner of each hash: by the table where it knows, by binary search for the few others."""
        self._buckets.take((hashes >> np.uint64(self._shift)).view(np.int64), out=codes, mode="clip")
        unsure = np.flatnonzero(codes < 0)
        codes[unsure] = self._successors(hashes[unsure])

    def _successors(self, hashes: NDArray[np.uint64]) -> NDArray[np.int32]:
        places = np.searchsorted(self._positions, hashes, side="left")
        places[places == len(self._positions)] = 0  # past the last virtual node the circle begins again
        return self._position_codes[places]

    @cached_property
    def _buckets(self) -> NDArray[np.int32]:
        """The circle cut into equal buckets: the code of each one's owner, or -1 where it changes within the bucket.

        With 16 buckets or more per virtual node most hold none, so that one look-up answers where binary search takes
        14 steps; the others are searched exactly. The answer is always that of `_successors`.
        """
        buckets = self._successors(np.arange(1 << (64 - self._shift), dtype=np.uint64) << np.uint64(self._shift))
        buckets[(self._positions >> np.uint64(self._shift)).view(np.int64)] = -1
        return buckets

    @cached_property
    def _bucket_owners(self) -> list[str | None]:
        return np.array([*self._nodes, None], object)[self._buckets].tolist()  # code -1 picks None

    @cached_property
    def _places(self) -> list[int]:
        return self._positions.tolist()  # bisect is four times faster on Python's own integers

    @cached_property
    def _clockwise(self) -> list[str]:
        owners = self._names[self._position_codes].tolist()
        return [*owners, owners[0]]  # a key past the last virtual node belongs to the first

    def _arguments(self) -> tuple[Any, ...]:
        return self._nodes, self._vnodes, self._weights


def check_vnodes(vnodes: int) -> int:
    """The number of virtual nodes; TypeError if it is not a whole number, ValueError if it is below 1."""
    if isinstance(vnodes, bool) or not isinstance(vnodes, int | np.integer):
        raise TypeError(f"vnodes={vnodes!r} must be a whole number, 1 or more")
    if vnodes < 1:
        raise ValueError(f"vnodes={vnodes}: a node needs at least 1 virtual node to stand on the ring")
    return int(vnodes)
