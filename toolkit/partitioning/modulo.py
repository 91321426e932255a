"""Modulo and hash partitioning: the remainder decides. Perfectly even, until the number of nodes changes.

`Modulo` takes a numeric key as it is; `HashModulo` hashes the key first, so that any key will do and a pattern in the
keys (all even, say) does not become a pattern in the load. When a node joins n others, a key stays only if its
remainders by n and by n + 1 agree: of the keys all but 1/(n + 1) move, though 1/(n + 1) would be enough. That is why
consistent hashing was invented.

Used by notebook 10-partitioning, and as the bad example by 11-consistent-hashing. Source: DeWitt et al., "The Gamma
Database Machine Project", IEEE TKDE 2(1), 1990 (hashed declustering).
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from toolkit.partitioning.base import Partitioner
from toolkit.partitioning.keys import Column, Key, hash_column, hash_key


class Modulo(Partitioner):
    """Key k belongs to node number k mod n. Keys must be int; the order of the nodes matters."""

    def add(self, node: str, weight: float = 1) -> Self:
        return type(self)(self._with(node, weight))

    def remove(self, node: str) -> Self:
        return type(self)(self._without(node))

    def _code(self, key: Key) -> int:
        if not isinstance(key, int):
            raise TypeError(f"key {key!r} is {type(key).__name__}: Modulo divides numbers; use HashModulo instead")
        return key % len(self._nodes)

    def _codes(self, column: Column) -> NDArray[np.int32]:
        if isinstance(column, np.ndarray):
            wide = np.int64 if column.dtype.kind == "i" else np.uint64  # or 300 nodes would not fit an int8 column
            return (column.astype(wide) % wide(len(self._nodes))).astype(np.int32)
        return np.fromiter(map(self._code, column), np.int32, len(column))

    def _arguments(self) -> tuple[Any, ...]:
        return (self._nodes,)


class HashModulo(Modulo):
    """Key k belongs to node number hash(k) mod n. Keys may be str, bytes or int; the order of the nodes matters."""

    def _code(self, key: Key) -> int:
        return hash_key(key) % len(self._nodes)

    def _codes(self, column: Column) -> NDArray[np.int32]:
        return (hash_column(column) % np.uint64(len(self._nodes))).astype(np.int32)
