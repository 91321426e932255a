"""What goes wrong, and when: a schedule of faults as data, the same for a simulation and for real processes.

    faults = Faults([crash(1.0, "n2"), partition(2.0, ["n1"], ["n2", "n3"]), heal(3.0), restart(3.5, "n2")])

Simulated, a crash loses what the node had in memory and had not synced; deployed, it is a killed process. Message
faults hold from `at` until `until` for the messages that they name. Notebooks 20 and later break their systems with
these.
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

from toolkit.system.message import nearest

NODE_FAULTS = ("crash", "restart", "pause", "resume", "skew_clock")
MESSAGE_FAULTS = ("drop", "delay", "duplicate", "reorder")
KINDS = (*NODE_FAULTS, "partition", "heal", *MESSAGE_FAULTS)


@dataclass(frozen=True)
class Fault:
    """One fault: when (seconds), of which kind, on which node (None: on messages), and its details by name."""

    at: float
    kind: str
    node: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _number("at", self.at)
        if self.kind not in KINDS:
            raise ValueError(f"kind={self.kind!r} is not a kind of fault: {nearest(str(self.kind), KINDS)}")

    @property
    def names(self) -> tuple[str, ...]:
        """The nodes that this fault mentions."""
        sides = [*self.detail.get("groups", ()), *self.detail.get("one_way", ())]
        mentioned = [self.node, self.detail.get("sender"), self.detail.get("to"), *(n for side in sides for n in side)]
        return tuple(name for name in mentioned if name is not None)


def crash(at: float, node: str) -> Fault:
    """The node stops at once: memory and unsynced writes are lost, messages to it are dropped."""
    return Fault(at, "crash", node)


def restart(at: float, node: str) -> Fault:
    """A crashed node comes up again, with nothing but its disk. A running node is left alone."""
    return Fault(at, "restart", node)


def pause(at: float, node: str) -> Fault:
    """The node stands still, as in a long garbage collection; messages and timers wait."""
    return Fault(at, "pause", node)


def resume(at: float, node: str) -> Fault:
    """A paused node goes on, and gets at once all that waited."""
    return Fault(at, "resume", node)


def skew_clock(at: float, node: str, offset: float = 0.0, drift: float = 0.0) -> Fault:
    """From now on the node's clock is `offset` seconds ahead and gains `drift` seconds a second (bad quartz: 1e-4)."""
    _number("offset", offset, least=-math.inf)
    _number("drift", drift, least=-1.0, open=True)
    return Fault(at, "skew_clock", node, {"offset": offset, "drift": drift})


def partition(at: float, *groups: Sequence[str], one_way: tuple[Any, Any] | None = None) -> Fault:
    """Cut every link between different groups, or, with `one_way=(a, b)`, only messages from a to b (names or groups).

    A message is lost if its link is cut when it is sent or when it would arrive. Whoever is in no group keeps all
    links.
    """
    if one_way is not None:
        if groups or len(one_way) != 2:
            raise ValueError(f"one_way={one_way!r} must be a pair (from, to), without other groups")
        sides = [[side] if isinstance(side, str) else list(side) for side in one_way]
        _each_once(sides)
        return Fault(at, "partition", None, {"one_way": sides})
    if len(groups) < 2 or any(isinstance(group, str) for group in groups):
        raise ValueError(
            f"groups={groups!r}: a partition needs two or more lists of names, such as ['n1'], ['n2', 'n3']"
        )
    _each_once(groups)
    return Fault(at, "partition", None, {"groups": [list(group) for group in groups]})


def heal(at: float) -> Fault:
    """All partitions end."""
    return Fault(at, "heal")


def drop(at: float = 0.0, until: float | None = None, *, probability: float = 1.0, **which: Any) -> Fault:
    """Lose messages: those with this `sender`, `to`, `type` or, in a simulation, this one `message` (its id)."""
    return _on_messages("drop", at, until, probability, which)


def delay(
    at: float = 0.0, until: float | None = None, *, seconds: float, probability: float = 1.0, **which: Any
) -> Fault:
    """Deliver messages `seconds` later than they would be."""
    return _on_messages("delay", at, until, probability, which, seconds=_number("seconds", seconds))


def duplicate(at: float = 0.0, until: float | None = None, *, probability: float = 1.0, **which: Any) -> Fault:
    """Deliver messages twice."""
    return _on_messages("duplicate", at, until, probability, which)


def reorder(
    at: float = 0.0, until: float | None = None, *, seconds: float, probability: float = 1.0, **which: Any
) -> Fault:
    """Hold messages back for a random time of up to `seconds`, so that later ones overtake them, FIFO or not."""
    return _on_messages("reorder", at, until, probability, which, seconds=_number("seconds", seconds))


def _on_messages(
    kind: str, at: float, until: float | None, probability: float, which: dict[str, Any], **more: Any
) -> Fault:
    for name in which:
        if name not in ("sender", "to", "type", "message"):
            raise TypeError(f"{kind}() has no argument {name!r}: {nearest(name, ('sender', 'to', 'type', 'message'))}")
    if not 0 <= _number("probability", probability) <= 1:
        raise ValueError(f"probability={probability!r} must lie between 0 and 1")
    if until is not None and _number("until", until) <= _number("at", at):
        raise ValueError(f"until={until!r} must be later than at={at!r}")
    return Fault(at, kind, None, {"until": until, "probability": probability, **which, **more})


def _number(name: str, value: Any, least: float = 0.0, open: bool = False) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name}={value!r} must be a number")
    if value < least or (open and value == least):
        raise ValueError(f"{name}={value!r} must be {'more than' if open else 'at least'} {least:g}")
    return value


def _each_once(groups: Iterable[Iterable[str]]) -> None:
    seen: set[str] = set()
    for name in (name for group in groups for name in group):
        if name in seen:
            raise ValueError(f"the partition names {name!r} twice: a node can be on one side only")
        seen.add(name)


class Faults(Sequence[Fault]):
    """A schedule of faults in the order of time; it can be added to, saved, and used in both worlds."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        faults = list(faults)
        for fault in faults:
            if not isinstance(fault, Fault):
                raise TypeError(f"{fault!r} is not a fault: use crash(at, node), partition(at, ...) and the like")
        self._faults = tuple(sorted(faults, key=lambda fault: fault.at))

    def check(self, nodes: Iterable[str], until: float) -> None:
        """Raises ValueError if a fault names a node that does not exist, or comes after the end at `until` seconds."""
        known = list(nodes)
        for fault in self:
            for name in fault.names:
                if name not in known:
                    raise ValueError(
                        f"{fault.kind} at {fault.at:g} s names {name!r}, not a node: {nearest(name, known)}"
                    )
            if fault.at > until:
                raise ValueError(f"{fault.kind} at {fault.at:g} s would come after the end at until={until:g} s")

    @overload
    def __getitem__(self, index: int) -> Fault: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Fault, ...]: ...
    def __getitem__(self, index: int | slice) -> Fault | tuple[Fault, ...]:
        return self._faults[index]

    def __len__(self) -> int:
        return len(self._faults)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults)

    def __add__(self, other: Iterable[Fault]) -> "Faults":
        return Faults([*self, *other])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Faults) and self._faults == other._faults

    __hash__ = None  # type: ignore[assignment]  # details are dictionaries

    def __repr__(self) -> str:
        return f"Faults({list(self._faults)!r})"

    def to_json(self) -> list[dict[str, Any]]:
        """The schedule as plain data."""
        return [{"at": f.at, "kind": f.kind, "node": f.node, "detail": f.detail} for f in self]

    @classmethod
    def from_json(cls, data: Iterable[dict[str, Any]]) -> "Faults":
        """The schedule from what `to_json` gave."""
        return cls(Fault(**item) for item in data)

    def save(self, path: str | Path) -> None:
        """Write as JSON lines, one fault a line."""
        text = "".join(json.dumps(item) + "\n" for item in self.to_json())
        Path(path).write_text(text, encoding="utf-8", newline="\n")

    @classmethod
    def load(cls, path: str | Path) -> "Faults":
        """Read what `save` wrote. Raises ValueError for a file that is something else or damaged."""
        try:
            lines = Path(path).read_text(encoding="utf-8").splitlines()
            return cls.from_json([json.loads(line) for line in lines])
        except (ValueError, TypeError) as error:
            raise ValueError(f"path={str(path)!r} is not a schedule of faults: {error}") from None
