"""List partitioning: a list says for each key which node owns it.

The scheme for keys that mean something: customers of one country on a server in that country, one large tenant on a
machine of its own. Everything can be placed at will, and everything has to be: the list must be kept, copied to
whoever asks, and extended for each new key (or have a default).

Used by notebook 10-partitioning, where a hot key gets a node of its own. In real systems: LIST partitions of Oracle,
MySQL and PostgreSQL; the directory of shards in Vitess and in Azure's Elastic Database.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from toolkit.partitioning.base import Partitioner, check_nodes
from toolkit.partitioning.keys import Column, Key, check_key


class Explicit(Partitioner):
    """Each key of `owners` belongs to the node beside it, every other key to `default`.

    The nodes are those of the list, in the order of their first appearance, then the default; `nodes` names them in
    another order, or adds some that own nothing yet. Without a default, a key that is not listed is a ValueError.
    """

    def __init__(
        self, owners: Mapping[Any, str], default: str | None = None, nodes: Iterable[str] | None = None
    ) -> None:
        if not isinstance(owners, Mapping):
            raise TypeError(f"owners={owners!r} must be a dict of key -> node, such as {{'JFK': 'w0', 'LGA': 'w1'}}")
        self._owners = {check_key(key): node for key, node in owners.items()}
        self._default = default
        named = dict.fromkeys([*self._owners.values(), *([] if default is None else [default])])
        super().__init__(named if nodes is None else nodes)
        strangers = [node for node in named if node not in self._nodes]
        if strangers:
            raise ValueError(f"node {strangers[0]!r} owns keys and is not among nodes={list(self._nodes)}")
        self._places = {key: self._nodes.index(node) for key, node in self._owners.items()}

    @property
    def default(self) -> str | None:
        """The owner of every key that is not listed, or None."""
        return self._default

    def assign(self, key: Key, node: str) -> Self:
        """A new partitioner in which `node`, which must be there, owns `key`."""
        if node not in self._nodes:
            raise ValueError(f"node {node!r} is not there; there are {', '.join(self._nodes)}: add it first")
        return type(self)({**self._owners, check_key(key): node}, self._default, self._nodes)

    def add(self, node: str, weight: float = 1) -> Self:
        """The new node owns nothing until `assign` gives it keys: under this scheme nothing moves by itself."""
        return type(self)(self._owners, self._default, self._with(node, weight))

    def remove(self, node: str) -> Self:
        """The keys of the removed node fall to the default; ValueError if there is none to take them."""
        nodes = self._without(node)
        kept = {key: owner for key, owner in self._owners.items() if owner != node}
        default = None if self._default == node else self._default
        if default is None and (len(kept) < len(self._owners) or self._default == node):
            raise ValueError(f"{node!r} owns keys and no default would take them: assign them to another node first")
        return type(self)(kept, default, nodes)

    def _code(self, key: Key) -> int:
        place = self._places.get(key)
        if place is not None:
            return place
        if self._default is None:
            raise ValueError(f"key {key!r} is not listed: assign it to a node, or give a default node")
        return self._nodes.index(self._default)

    def _codes(self, column: Column) -> NDArray[np.int32]:
        keys = column.tolist() if isinstance(column, np.ndarray) else column
        return np.fromiter(map(self._code, keys), np.int32, len(keys))

    def _arguments(self) -> tuple[Any, ...]:
        return self._owners, self._default, check_nodes(self._nodes)
