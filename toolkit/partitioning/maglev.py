"""Maglev hashing: a look-up table that the nodes fill in turns. One array access per key, and almost even load.

Each node has a preference list of the table's slots, a permutation made from two hashes of its name. The nodes take
turns, each taking the first slot of its list that is still free, until all slots are taken: so no two nodes differ by
more than one slot. When a node joins or leaves, the game is played again; few of the other slots change
hands, but some do: minimal disruption is traded for evenness.

Used by notebook 11-consistent-hashing. Source: Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load
Balancer", NSDI 2016, section 3.4.
"""

from collections.abc import Iterable
from functools import cached_property
from math import isqrt
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from toolkit.partitioning.base import Partitioner, first_distinct
from toolkit.partitioning.keys import Column, Key, hash_column, hash_key, mix


class Maglev(Partitioner):
    """The key's hash, modulo the table's size, is its slot; the slot's node owns it.

    The size must be prime, so that each preference list visits every slot, and at least the number of nodes; a hundred
    times as many keeps the load within 1% (section 3.4). The order of the nodes changes nothing but their codes.
    """

    def __init__(self, nodes: Iterable[str], size: int = 65537) -> None:
        super().__init__(nodes)
        self._size = _check_size(size, len(self._nodes))

    @property
    def size(self) -> int:
        """The number of slots in the table."""
        return self._size

    @cached_property
    def table(self) -> NDArray[np.int32]:
        """The node code of each slot (read-only): pseudocode 1 of the paper, with turns in the order of the names."""
        turns = sorted(range(len(self._nodes)), key=self._nodes.__getitem__)
        hashes = [hash_key(self._nodes[code]) for code in turns]
        wanted = [hashed % self._size for hashed in hashes]
        skips = [mix(hashed) % (self._size - 1) + 1 for hashed in hashes]
        taken: list[int] = [-1] * self._size
        for turn in range(self._size):
            player = turn % len(turns)
            slot = wanted[player]
            while taken[slot] >= 0:
                slot = (slot + skips[player]) % self._size
            taken[slot] = turns[player]
            wanted[player] = slot
        table = np.array(taken, np.int32)
        table.flags.writeable = False
        return table

    def replicas(self, key: Key, n: int) -> list[str]:
        """The first n distinct nodes in the table, from the key's slot on."""
        self._check_replicas(n)
        return [self._nodes[code] for code in first_distinct(self.table, hash_key(key) % self._size, n)]

    def add(self, node: str, weight: float = 1) -> Self:
        return type(self)(self._with(node, weight), self._size)

    def remove(self, node: str) -> Self:
        return type(self)(self._without(node), self._size)

    def _code(self, key: Key) -> int:
        return int(self.table[hash_key(key) % self._size])

    def _codes(self, column: Column) -> NDArray[np.int32]:
        return self.table[(hash_column(column) % np.uint64(self._size)).view(np.int64)]

    def _arguments(self) -> tuple[Any, ...]:
        return self._nodes, self._size


def _check_size(size: int, nodes: int) -> int:
    if isinstance(size, bool) or not isinstance(size, int | np.integer):
        raise TypeError(f"size={size!r} must be a prime number of slots, such as 65537")
    if not max(2, nodes) <= size < 2**31:
        raise ValueError(f"size={size} slots for {nodes} nodes: each needs at least one, a hundred are better")
    if not _is_prime(int(size)):
        better = next(number for number in range(int(size), 2**32) if _is_prime(number))
        raise ValueError(f"size={size} is not prime, so preference lists would miss slots: use {better}")
    return int(size)


def _is_prime(number: int) -> bool:
    return number >= 2 and all(number % divisor for divisor in range(2, isqrt(number) + 1))
