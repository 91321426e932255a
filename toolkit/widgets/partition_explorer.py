"""Choose a partitioning scheme, a number of nodes and a key column, and see who holds how much and what moves.

Used by notebooks 10-partitioning and 11-consistent-hashing and on a projector.
"""

from collections.abc import Callable
from typing import Any

import pandas as pd
import traitlets

from toolkit.partitioning import (
    BoundedLoads,
    HashModulo,
    HashRing,
    JumpHash,
    Load,
    Maglev,
    Modulo,
    Moved,
    Partitioner,
    Range,
    Rendezvous,
    load,
    moved,
)
from toolkit.pictures import partition_map
from toolkit.widgets.picture_widget import PictureWidget, choice, slider

MOST_NODES = 24
_SAMPLE = 20_000  # keys from which range boundaries are read

SCHEMES: dict[str, Callable[[tuple[str, ...], "pd.Series[Any]"], Partitioner]] = {
    "range": lambda nodes, column: Range.of(nodes, column.iloc[:: max(1, len(column) // _SAMPLE)]),
    "modulo": lambda nodes, column: Modulo(nodes),
    "hash modulo": lambda nodes, column: HashModulo(nodes),
    "consistent hash ring": lambda nodes, column: HashRing(nodes),
    "rendezvous": lambda nodes, column: Rendezvous(nodes),
    "jump": lambda nodes, column: JumpHash(nodes),
    "bounded loads": lambda nodes, column: BoundedLoads(nodes),
    "Maglev": lambda nodes, column: Maglev(nodes),
}


class PartitionExplorer(PictureWidget):
    """Lists for the scheme and the key column, a slider for the number of nodes, and the partition map.

    When the number of nodes changes, the map also says which rows had to move.

    Args:
        keys: a table (pandas DataFrame, or dict of columns) or one column. Only columns of text or whole numbers can
            be keys; rows without a key are left out.
        nodes: how many nodes at first (1 to 24).
        scheme: at first; one of `toolkit.widgets.partition_explorer.SCHEMES`.

    Raises:
        ValueError: no column can be a key, nodes outside 1 to 24, or an unknown scheme.
    """

    scheme = traitlets.Unicode().tag(sync=True)
    column = traitlets.Unicode().tag(sync=True)
    node_count = traitlets.Int().tag(sync=True)

    def __init__(self, keys: Any, nodes: int = 4, scheme: str = "hash modulo", **traits: Any) -> None:
        self._columns = _key_columns(keys)
        if isinstance(nodes, bool) or not isinstance(nodes, int) or not 1 <= nodes <= MOST_NODES:
            raise ValueError(f"nodes={nodes!r} must be a whole number from 1 to {MOST_NODES}")
        if scheme not in SCHEMES:
            raise ValueError(f"scheme={scheme!r} is none of {', '.join(SCHEMES)}")
        column = next(iter(self._columns))
        super().__init__(scheme=scheme, column=column, node_count=nodes, **traits)
        self._partitioner = self._make()
        self._moved: Moved | None = None
        self._draw("")
        self.observe(self._change, ["scheme", "column", "node_count"])

    @property
    def partitioner(self) -> Partitioner:
        """The partitioner that is shown."""
        return self._partitioner

    @property
    def load(self) -> Load:
        """Who holds how much."""
        return load(self._partitioner, self._columns[self.column])

    @property
    def moved(self) -> Moved | None:
        """What the last change of the number of nodes moved; None after any other change."""
        return self._moved

    def _make(self) -> Partitioner:
        nodes = tuple(f"w{i}" for i in range(self.node_count))
        return SCHEMES[self.scheme](nodes, self._columns[self.column])

    def _change(self, change: Any) -> None:
        """A control was used. Only Python can set a value that no control offers; it is brought back to one."""
        self.node_count = min(max(self.node_count, 1), MOST_NODES)
        if self.column not in self._columns:
            self.column = next(iter(self._columns))
        if self.scheme not in self._schemes():
            self.scheme = "hash modulo"
        before, self._partitioner = self._partitioner, self._make()
        only_nodes = change["name"] == "node_count" and type(before) is type(self._partitioner)
        self._moved = moved(before, self._partitioner, self._columns[self.column]) if only_nodes else None
        self._draw()

    def _schemes(self) -> list[str]:
        numbers = self._columns[self.column].cat.categories.dtype.kind in "iu"
        return [name for name in SCHEMES if numbers or name != "modulo"]

    def _draw(self, status: str | None = None) -> None:
        picture = partition_map(self.load, self._moved)
        controls = [
            choice("scheme", "scheme", self._schemes()),
            choice("column", "key", list(self._columns)),
            slider("node_count", "nodes", 1, MOST_NODES),
        ]
        self.show(picture, picture.text if status is None else status, controls)


def _key_columns(keys: Any) -> "dict[str, pd.Series[Any]]":
    """The columns that can be keys, dictionary-encoded once, so that each change asks once per distinct key only."""
    if isinstance(keys, dict):
        keys = pd.DataFrame(keys)
    table = keys if isinstance(keys, pd.DataFrame) else pd.DataFrame({getattr(keys, "name", None) or "key": keys})
    columns = {}
    for name in table.columns:
        column = table[name].dropna()
        if len(column) and pd.api.types.infer_dtype(column) in ("string", "integer", "bytes", "categorical"):
            columns[str(name)] = column.astype("category").cat.remove_unused_categories()
    if not columns:
        raise ValueError("keys has no column of text or whole numbers, so nothing in it can be a key")
    return columns
