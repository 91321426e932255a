"""Jump consistent hash: five lines, no table, perfectly minimal movement. Nodes are numbers, and only the last can go.

Think of the number of nodes growing from 1 to n: when node number b arrives, each key jumps to it with probability
1/(b + 1), decided by a random generator that the key seeds. The algorithm visits only the jumps, about ln n of them.
Since nodes are numbered, removing one in the middle renumbers all that follow, and their keys move for nothing:
`moved` counts such moves as needless.

Used by notebook 11-consistent-hashing. Source: Lamping & Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm",
arXiv:1406.2294, 2014.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from toolkit.partitioning.base import Partitioner
from toolkit.partitioning.keys import MASK, Column, Key, hash_column, hash_key

_FACTOR = 2862933555777941757  # of the paper's linear congruential generator


class JumpHash(Partitioner):
    """The key jumps from node to node; the last one it reaches owns it. The order of the nodes matters.

    `add` appends, and moves 1/(n + 1) of the keys. `remove` is as cheap for the last node only; for any other it
    renumbers the nodes after it.
    """

    def add(self, node: str, weight: float = 1) -> Self:
        return type(self)(self._with(node, weight))

    def remove(self, node: str) -> Self:
        return type(self)(self._without(node))

    def _code(self, key: Key) -> int:
        return jump(hash_key(key), len(self._nodes))

    def _codes(self, column: Column) -> NDArray[np.int32]:
        """`jump` for all keys at once: each round makes one jump of every key that is not past the end yet."""
        state = hash_column(column)
        codes = np.zeros(len(state), np.int32)
        jumping = np.arange(len(state))
        while jumping.size:
            state = state * np.uint64(_FACTOR) + np.uint64(1)
            target = (codes[jumping] + 1) * (2.0**31 / ((state >> np.uint64(33)) + np.uint64(1)))
            inside = target < len(self._nodes)
            jumping, state = jumping[inside], state[inside]
            codes[jumping] = target[inside].astype(np.int32)
        return codes

    def _arguments(self) -> tuple[Any, ...]:
        return (self._nodes,)


def jump(state: int, nodes: int) -> int:
    """The number of the node, in [0, nodes), that owns the key hashed to `state` (figure 1 of the paper)."""
    code = target = 0
    while target < nodes:
        code = target
        state = (state * _FACTOR + 1) & MASK
        target = int((code + 1) * (2.0**31 / ((state >> 33) + 1)))
    return code
