"""What every partitioning scheme has in common: nodes in, and for each key the node that owns it out.

A partitioner is a *rule*, not a store: it holds no data, knows no network, and never changes. `add` and `remove`
return a new partitioner, so that the old and the new one can be compared (`moved`) and a cell can be run twice.
It travels to another process as its constructor's arguments; tables that speed it up are rebuilt there.

Used by notebooks 10-partitioning and 11-consistent-hashing.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from functools import cached_property
from math import isfinite
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from toolkit.partitioning.keys import Column, Key, check_key, distinct


class Partitioner(ABC):
    """Assigns each key to one of `nodes`. A node's *code* is its place in `nodes`: 0, 1, 2, …

    A scheme implements `_code` (one key) and `_codes` (a column); everything else follows.
    """

    def __init__(self, nodes: Iterable[str]) -> None:
        self._nodes = check_nodes(nodes)

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of the nodes, in the order given."""
        return self._nodes

    def owner(self, key: Key) -> str:
        """The node that owns the key. TypeError if the key is not str, bytes or int."""
        return self._nodes[self._code(check_key(key))]

    def owners(self, keys: Any) -> NDArray[np.object_]:
        """The owner of each key of a list, numpy array or pandas column, as an array of node names."""
        return self._names[self.codes(keys)]

    def codes(self, keys: Any) -> NDArray[np.int32]:
        """The owner of each key as a node code: `owners` without the names, and the fastest way to ask."""
        column, index = distinct(keys)
        codes = self._codes(column)
        return codes if index is None else codes[index]

    def replicas(self, key: Key, n: int) -> list[str]:
        """The n distinct nodes that hold a copy of the key, in order of preference; the first is its owner.

        Unless a scheme has a way of its own, the copies go to the nodes that follow the owner in `nodes`
        (chained declustering: Hsiao & DeWitt, ICDE 1990). ValueError unless 1 <= n <= number of nodes.
        """
        self._check_replicas(n)
        first = self._nodes.index(self.owner(key))
        return [self._nodes[(first + i) % len(self._nodes)] for i in range(n)]

    @abstractmethod
    def add(self, node: str, weight: float = 1) -> Self:
        """A new partitioner with one node more. ValueError if the node is there, or weighs and must not."""

    @abstractmethod
    def remove(self, node: str) -> Self:
        """A new partitioner without the node. ValueError if it is not there, or is the last one."""

    @abstractmethod
    def _code(self, key: Key) -> int:
        """The code of the owner of a key that `check_key` let pass."""

    @abstractmethod
    def _codes(self, column: Column) -> NDArray[np.int32]:
        """The codes of the owners of a column that `keys.distinct` made."""

    @abstractmethod
    def _arguments(self) -> tuple[Any, ...]:
        """The constructor's arguments that make an equal partitioner."""

    @cached_property
    def _names(self) -> NDArray[np.object_]:
        return np.array(self._nodes, object)

    def _check_replicas(self, n: int) -> None:
        if isinstance(n, bool) or not isinstance(n, int | np.integer):
            raise TypeError(f"n={n!r} must be a whole number of replicas")
        if not 1 <= n <= len(self._nodes):
            raise ValueError(f"n={n} replicas need {max(n, 1)} different nodes: choose n from 1 to {len(self._nodes)}")

    def _with(self, node: str, weight: float = 1) -> tuple[str, ...]:
        if weight != 1:
            raise ValueError(f"weight={weight!r}: {type(self).__name__} has no weights; use HashRing or Rendezvous")
        return check_nodes((*self._nodes, node))

    def _without(self, node: str) -> tuple[str, ...]:
        if node not in self._nodes:
            raise ValueError(f"node {node!r} is not there; there are {', '.join(self._nodes)}")
        if len(self._nodes) == 1:
            raise ValueError(f"{node!r} is the last node: add another before removing it, or its keys have no owner")
        return tuple(name for name in self._nodes if name != node)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._arguments() == other._arguments()

    def __hash__(self) -> int:
        return hash((type(self), self._nodes))

    def __repr__(self) -> str:
        shown = self._nodes if len(self._nodes) <= 6 else (*self._nodes[:3], "…", self._nodes[-1])
        return f"{type(self).__name__}({len(self._nodes)} nodes: {', '.join(shown)})"


def check_nodes(nodes: Iterable[str]) -> tuple[str, ...]:
    """The names as a tuple; TypeError for a name that is no text, ValueError for none, an empty or a double one."""
    if isinstance(nodes, str | bytes) or not isinstance(nodes, Iterable):
        raise TypeError(f"nodes={nodes!r} must be a list of names, such as ['w0', 'w1']")
    names = tuple(nodes)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"node {name!r} is {type(name).__name__}: a node's name must be text, such as 'w0'")
    if not names:
        raise ValueError("nodes is empty: a key needs at least one node to own it")
    if "" in names:
        raise ValueError("a node's name is empty: give each node a name, such as 'w0'")
    doubles = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if doubles:
        raise ValueError(f"node {doubles[0]!r} is there twice: each node needs a name of its own")
    return tuple(map(str, names))


def check_weights(weights: Mapping[str, float] | None, nodes: tuple[str, ...]) -> dict[str, float]:
    """A weight for each node, 1 where none is given; ValueError for an unknown node or a weight that is not > 0."""
    given = dict(weights or {})
    for node, weight in given.items():
        if node not in nodes:
            raise ValueError(f"weights names {node!r}, which is not a node; the nodes are {', '.join(nodes)}")
        if isinstance(weight, bool) or not isinstance(weight, int | float | np.integer | np.floating):
            raise TypeError(f"weight {weight!r} of {node!r} must be a number")
        if not (weight > 0 and isfinite(weight)):
            raise ValueError(f"weight {weight!r} of {node!r} must be above 0: to give a node no keys, remove it")
    return {node: given.get(node, 1) for node in nodes}


def first_distinct(codes: NDArray[np.int32], start: int, n: int) -> list[int]:
    """The first n different node codes met on a walk round a circle of codes, from place `start` on."""
    found: dict[int, None] = {}
    for step in range(len(codes)):
        found.setdefault(int(codes[(start + step) % len(codes)]))
        if len(found) == n:
            break
    return list(found)
