"""A hash ring to play with: more or fewer virtual nodes and keys, nodes that join and leave, keys that move.

Used by notebook 11-consistent-hashing and on a projector.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import traitlets

from toolkit.partitioning import HashRing
from toolkit.pictures import hash_ring
from toolkit.pictures.hash_ring import HEIGHT, WIDTH
from toolkit.pictures.share_list import LEFT, rows
from toolkit.widgets.picture_widget import PictureWidget, button, slider

MOST_VNODES, MOST_KEYS, MOST_NODES = 200, 2000, 16


class RingExplorer(PictureWidget):
    """Sliders for the virtual nodes of each node and for the number of keys; buttons that add and remove nodes.

    After a node has joined or left, the keys that moved are marked, until the next change of a slider.

    Args:
        nodes: how many (1 to 16), or their names.
        vnodes: virtual nodes of each node (1 to 200).
        keys: how many (0 to 2,000), or the keys themselves, of which at most 2,000 are shown.

    Raises:
        ValueError, TypeError: a number outside these limits, a name that occurs twice, a key that is none.
    """

    vnodes = traitlets.Int(8).tag(sync=True)
    key_count = traitlets.Int(200).tag(sync=True)

    def __init__(
        self, nodes: int | Iterable[str] = 4, vnodes: int = 8, keys: int | Iterable[Any] = 200, **traits: Any
    ) -> None:
        names = [f"n{i}" for i in range(_within("nodes", nodes, 1))] if isinstance(nodes, int) else list(nodes)
        _within("nodes", len(names), 1, MOST_NODES)
        _within("vnodes", vnodes, 1, MOST_VNODES)
        count = _within("keys", keys, 0, MOST_KEYS) if isinstance(keys, int) else MOST_KEYS
        self._keys: Sequence[Any] = [f"key-{i}" for i in range(MOST_KEYS)] if isinstance(keys, int) else list(keys)
        self._ring = HashRing(names, vnodes)
        self._before: HashRing | None = None
        super().__init__(vnodes=vnodes, key_count=min(count, len(self._keys)), **traits)
        self.observe(self._rebuild, ["vnodes", "key_count"])
        self._draw("")

    @property
    def ring(self) -> HashRing:
        """The ring as it stands."""
        return self._ring

    @property
    def before(self) -> HashRing | None:
        """The ring before a node joined or left last; None when a slider was moved since."""
        return self._before

    def add(self, node: str | None = None) -> None:
        """Let a node join; without a name it gets the next free one. ValueError if it is there, or there are 16."""
        _within("nodes", len(self._ring.nodes) + 1, 1, MOST_NODES)
        self._change(self._ring.add(node or self._free_name()))

    def remove(self, node: str) -> None:
        """Let a node leave. ValueError if it is not there, or is the last one."""
        self._change(self._ring.remove(node))

    def _free_name(self) -> str:
        return next(name for i in range(MOST_NODES + 1) if (name := f"n{i}") not in self._ring.nodes)

    def _change(self, ring: HashRing) -> None:
        self._before, self._ring = self._ring, ring
        self._draw()

    def _rebuild(self, change: Any) -> None:
        """A slider was moved. Only Python can set a value outside its limits; it is brought back to them."""
        self.vnodes = min(max(self.vnodes, 1), MOST_VNODES)
        self.key_count = min(max(self.key_count, 0), len(self._keys), MOST_KEYS)
        self._before = None
        if self._ring.vnodes != self.vnodes:
            self._ring = HashRing(self._ring.nodes, self.vnodes)
        self._draw()

    def _draw(self, status: str | None = None) -> None:
        keys = self._keys[: self.key_count]
        picture = hash_ring(self._ring, keys or None, before=self._before if keys else None)
        self.show(picture, picture.text if status is None else status, self._controls())

    def _controls(self) -> list[dict[str, Any]]:
        nodes = self._ring.nodes
        controls = [
            slider("vnodes", "virtual nodes per node", 1, MOST_VNODES),
            slider("key_count", "keys", 0, min(len(self._keys), MOST_KEYS)),
        ]
        if len(nodes) < MOST_NODES:
            controls.append(button("add", "Add a node", "Add a node"))
        if len(nodes) > 1:
            for name, (y, step) in zip(nodes, rows(len(nodes)), strict=True):
                place = (100 * (LEFT - 22) / WIDTH, 100 * y / HEIGHT, 100 * 26 / WIDTH, 50 * step / HEIGHT)
                controls.append(button("remove", "×", f"Remove {name}", on=name, place=place))
        return controls

    def _act(self, action: str, on: str) -> None:
        if action == "add":
            self.add()
        else:
            self.remove(on)


def _within(name: str, number: Any, least: int, most: int = MOST_NODES) -> int:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"{name}={number!r} must be a whole number from {least} to {most:,}")
    if not least <= number <= most:
        raise ValueError(f"{name}={number} must be from {least} to {most:,}: more than that cannot be read on a screen")
    return number
