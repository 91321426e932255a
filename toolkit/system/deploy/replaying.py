"""Repeat a recorded run on real processes: the gate holds everything back until the record says that it is its turn.

A node runs as ever, but its timers are not set and what arrives is not handed to it: both wait for an order. Its
messages take the numbers that they had, and those that were lost are lost again.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from typing import Any

from toolkit.system.deploy.host import DeployedHost, Script
from toolkit.system.faults import Faults
from toolkit.system.replay import ReplayError
from toolkit.system.trace import COPY_OF, TO, TYPE, Trace


def check_record(trace: Trace, names: Sequence[str], faults: Faults) -> None:
    """Raises TypeError or ValueError if this record cannot be repeated with these nodes and clients."""
    if not isinstance(trace, Trace):
        raise TypeError(f"replay={trace!r} must be a Trace, such as run.trace")
    if sorted(trace.nodes) != sorted(names):
        raise ValueError(
            f"replay has the nodes {', '.join(trace.nodes)}, the system {', '.join(names)}: they must agree"
        )
    if faults:
        raise ValueError("faults and replay exclude each other: the record says what goes wrong")


def script(trace: Trace) -> Script:
    """What the record prescribes to every node."""
    copies: dict[int, list[int]] = defaultdict(list)
    for row in trace.rows:
        if row[2] == "duplicate":
            copies[row[COPY_OF]].append(row[1])
    lives: dict[str, int] = defaultdict(int)
    sends: dict[tuple[str, int], list[tuple[int, str, str, tuple[int, ...]]]] = defaultdict(list)
    for row in trace.rows:
        if row[2] == "restart":
            lives[row[3]] += 1
        elif row[2] == "send":
            sends[row[3], lives[row[3]]].append((row[1], row[TO], row[TYPE], tuple(copies[row[1]])))
    lost = {message.id: message.dropped for message in trace.messages if message.dropped is not None}
    return Script(dict(sends), lost, frozenset(_kept(trace)))


def _kept(trace: Trace) -> Iterable[int]:
    """Messages whose receiver comes up again between their sending and their delivery: it was down meanwhile."""
    restarts = [(event.node, event.index) for event in trace.of("restart")]
    for message in trace.messages:
        if message.delivered is not None and message.ended_event is not None:
            span = range(message.sent_event, message.ended_event)
            if any(node == message.to and index in span for node, index in restarts):
                yield message.id


class ReplayHost(DeployedHost):
    """A host that does what its node did in the record, when it is told to."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        assert self.plan.script is not None
        self._script = self.plan.script
        self._expected = deque(self._script.sends.get((self.name, self.life), ()))
        self._here: dict[int, tuple[str, list[Any]]] = {}  # what has arrived, and waits for its turn
        self._kept: dict[int, tuple[str, bytes]] = {}  # what waits here to be sent
        self._set: set[str] = set()
        self._turn: int | None = None

    def obey(self, what: str, *arguments: Any) -> None:
        """Do what the coordinator orders: also "deliver" (a message), "release" (a kept one), "fire" (a timer)."""
        if what == "deliver":
            self._turn = arguments[0]
            self._deliver()
        elif what == "release":
            to, packed = self._kept.pop(arguments[0])
            self._put(arguments[0], to, packed)
            self.flush()
        elif what == "fire":
            self._fire(*arguments)
            self._tell("done")
        elif what == "skew":
            self._offset, self._drift, self._since = *arguments, max(0.0, self.at())
        else:
            super().obey(what, *arguments)

    def transmit(self, to: str, type: str, fields: dict[str, Any], reply_to: int | None) -> int:
        """Compare with what this node sent then, and take the same number."""
        number, recorded_to, recorded_type, copies = self._expected.popleft() if self._expected else (0, None, None, ())
        if (recorded_to, recorded_type) != (to, type):
            then = f"{recorded_type!r} to {recorded_to!r}" if recorded_to else "nothing more"
            raise ReplayError(
                f"sends {type!r} to {to!r}, where the record has {then}: it follows more than its messages"
            )
        self.unwritten.append(self._pack((self.at(), "send", to)) + self._emit(number, to, type, fields, reply_to))
        for copy in copies:
            packed = self._emit(copy, to, type, fields, reply_to)
            self.unwritten.append(self._pack((self.at(), "duplicate", to, number)) + packed)
        for id in (number, *copies):
            if id in self._script.lost:
                self._dropped(id, self._script.lost[id])
        return number

    def _emit(self, number: int, to: str, type: str, fields: dict[str, Any], reply_to: int | None) -> bytes:
        """Pack a message, and send it, keep it, or lose it, as the record says."""
        message = [number, type, fields, reply_to]
        packed = self._pack(message)
        if number in self._script.kept:
            self._kept[number] = (to, packed)
        elif number not in self._script.lost and to != self.name:
            self._put(number, to, packed)
        elif to == self.name:
            self._here[number] = (to, message)
        return packed

    def set_timer(self, name: str, seconds: float) -> None:
        """The record says when it fires."""
        self.record("timer-set", name, self.at() + seconds)
        self._set.add(name)

    def cancel_timer(self, name: str) -> None:
        """Forget that timer."""
        self._set.discard(name)

    def _fire(self, name: str) -> None:
        if name not in self._set or self.node is None:
            self._fail(ReplayError(f"has no timer {name!r}, which fires in the record"))
            return
        self._set.remove(name)
        self._hand = None
        self.record("timer", name)
        self._run(self.node.on_timer, name)
        self.flush()

    def _handle(self, sender: str, messages: Iterable[list[Any]]) -> None:
        for message in messages:
            self._here[message[0]] = (sender, message)
        self._deliver()

    def _deliver(self) -> None:
        """Hand over the message whose turn it is, as soon as it is here."""
        if self._turn in self._here and self.status == "up":
            sender, message = self._here.pop(self._turn)
            self._turn = None
            super()._handle(sender, [message])
            self._tell("done")
