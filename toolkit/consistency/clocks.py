"""Logical clocks: time that counts causes, because wall clocks lie. Notebook 20 builds on them.

An event happened before another (Lamport 1978, "Time, Clocks, and the Ordering of Events in a Distributed System",
CACM 21(7)) if it came earlier on the same node, if it is the sending of a message and the other its delivery, or by a
chain of these. A Lamport clock respects that order: a → b implies L(a) < L(b), but not the other way round. A vector
clock *is* that order: a → b if and only if V(a) < V(b) (Fidge 1988, "Timestamps in Message-Passing Systems That
Preserve the Partial Ordering"; Mattern 1989, "Virtual Time and Global States of Distributed Systems").

Both clocks are values: `tick` and `merge` give a new one, so a clock can be sent, kept and compared.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolkit.system.trace import Trace


@dataclass(frozen=True, order=True)
class LamportClock:
    """One counter. Raises ValueError for a time below 0."""

    time: int = 0

    def __post_init__(self) -> None:
        _check_count("time", self.time)

    def tick(self) -> "LamportClock":
        """Rule 1: every event of a node, sending included, counts one up."""
        return LamportClock(self.time + 1)

    def merge(self, received: int) -> "LamportClock":
        """Rule 2: a delivery comes after all the node has seen and after the sending, whose time was `received`."""
        _check_count("received", received)
        return LamportClock(max(self.time, received) + 1)

    def stamp(self, name: str) -> tuple[int, str]:
        """(time, node name): breaks ties by name, so that all events stand in one total order."""
        return (self.time, name)


@dataclass(frozen=True, eq=False)
class VectorClock(Mapping[str, int]):
    """How many events of each node are known here: {"n1": 3, "n2": 1}; a node not named has 0.

    Clocks are compared as sets of events are: `a < b` if b knows all that a knows, and more. Two clocks of which
    neither is at most the other are `concurrent`. `dict(clock)` is plain data, to be sent as a field. Raises
    ValueError for a count below 0.
    """

    counts: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, count in self.counts.items():
            _check_count(f"counts[{name!r}]", count)
        object.__setattr__(self, "counts", {name: count for name, count in sorted(self.counts.items()) if count})

    def tick(self, name: str) -> "VectorClock":
        """Rule 1: every event of the node `name` adds one to its own entry."""
        return VectorClock({**self.counts, name: self[name] + 1})

    def merge(self, received: Mapping[str, int]) -> "VectorClock":
        """Rule 2: who gets a message knows what its sender knew: the larger of every two entries. Then `tick`."""
        other = VectorClock(received)
        return VectorClock({name: max(self[name], other[name]) for name in {*self, *other}})

    def concurrent(self, other: Mapping[str, int]) -> bool:
        """Whether neither knows all that the other knows: no cause lies between the two events."""
        other = VectorClock(other)
        return not self <= other and not other <= self

    def __getitem__(self, name: str) -> int:
        return self.counts.get(name, 0)

    def __iter__(self) -> Iterator[str]:
        return iter(self.counts)

    def __len__(self) -> int:
        return len(self.counts)

    def __contains__(self, name: object) -> bool:
        return name in self.counts

    def __le__(self, other: Mapping[str, int]) -> bool:
        other = VectorClock(other)
        return all(count <= other[name] for name, count in self.counts.items())

    def __lt__(self, other: Mapping[str, int]) -> bool:
        return self <= other and self != VectorClock(other)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and self.counts == VectorClock(other).counts

    def __hash__(self) -> int:
        return hash(tuple(self.counts.items()))

    def __repr__(self) -> str:
        return f"VectorClock({dict(self.counts)})"


def next_from(sender: str, message: Mapping[str, int], seen: Mapping[str, int]) -> bool:
    """Whether a broadcast may be delivered now so that causes come before effects.

    `message` counts the broadcasts of each node that the sender had delivered, its own included; `seen` those delivered
    here. It must be the sender's next one, and all that the sender had seen of others must have been seen here.
    Birman, Schiper and Stephenson 1991, "Lightweight Causal and Atomic Group Multicast", ACM TOCS 9(3).
    """
    message, seen = VectorClock(message), VectorClock(seen)
    return message[sender] == seen[sender] + 1 and all(
        count <= seen[name] for name, count in message.items() if name != sender
    )


def lamport_times(trace: "Trace") -> list[int]:
    """The Lamport time of every event of a trace; 0 for what only the network did."""
    clocks = dict.fromkeys(trace.nodes, LamportClock())
    sent: dict[int, int] = {}
    times = []
    for event in trace:
        if event.node is None or event.kind in ("drop", "duplicate"):
            if event.kind == "duplicate" and event.message is not None:
                sent[event.message] = sent[event.detail["of"]]
            times.append(0)
            continue
        clock = clocks[event.node]
        delivered = event.kind == "deliver" and event.message is not None
        clock = clock.merge(sent[event.message]) if delivered and event.message is not None else clock.tick()
        clocks[event.node] = clock
        if event.kind == "send" and event.message is not None:
            sent[event.message] = clock.time
        times.append(clock.time)
    return times


def _check_count(name: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name}={value!r} must be a whole number, 0 or more")
