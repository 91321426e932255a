"""A recorded run, replayed in the simulator message by message: what really happened, at leisure.

The nodes run again, but the order is the record's: a message is delivered when the record delivers it, lost when the
record loses it, a timer fires when it fired. Clients are not run; what they asked is sent again. A node that does
something else than it did then, because it follows more than messages, timers, disk and random numbers, is told so.
"""

import math
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any

from toolkit.system.faults import Fault, skew_clock
from toolkit.system.message import Loose, MessageError
from toolkit.system.recording import Entry, cause_of
from toolkit.system.simulate import Simulation
from toolkit.system.simulated import SimulatedHost
from toolkit.system.trace import FIELDS, REPLY_TO, TO, TYPE, Event, Row, Trace

if TYPE_CHECKING:
    from toolkit.system.system import System

OWN = ("timer-set", "log", "error", "state")
"""What a node writes down itself when it runs again."""


class ReplayError(MessageError):
    """A node did something else than the record says; the message names the event."""


class ReplayHost(SimulatedHost):
    """A host whose messages wait for the record to say what becomes of them."""

    simulation: "Replay"

    def depart(self, to: str, type: str, fields: dict[str, Any], cause: Entry) -> int:
        """Compare with what this node sent then, and take the same id."""
        replay = self.simulation
        expected = replay.expected[self.name, replay.lives[self.name]]
        if not expected:
            return -1  # the record ends in the middle of a handler: this went nowhere
        row = expected.popleft()
        if (row[TO], row[TYPE]) != (to, type):
            raise ReplayError(
                f"{self.name} sends {type!r} to {to!r} at {replay.now:.6f} s, where the record has {row[TYPE]!r} "
                f"to {row[TO]!r}: it is not deterministic, or not the class that was recorded"
            )
        replay.put(row, fields, cause)
        id: int = row[1]
        return id


class Replay(Simulation):
    """A simulation that follows a record. Raises ValueError if the record names nodes that the system does not have."""

    host_class = ReplayHost

    def __init__(self, system: "System", trace: Trace) -> None:
        for name in trace.nodes:
            if name not in system.nodes and name not in system.clients:
                raise ValueError(f"trace has a node {name!r} that the system lacks: give the system that was recorded")
        self.record = trace
        super().__init__(system, seed=trace.seed or 0, until=trace.until)

    def _begin(self) -> None:
        super()._begin()
        self.position = 0
        self.messages: dict[int, Entry] = {}
        self.lives: defaultdict[str, int] = defaultdict(int)
        self.expected: defaultdict[tuple[str, int], deque[Row]] = defaultdict(deque)
        lives: defaultdict[str, int] = defaultdict(int)
        for row in self.record.rows:
            if row[2] == "restart":
                lives[row[3]] += 1
            elif row[2] == "send":
                self.expected[row[3], lives[row[3]]].append(row)
        self.heap.clear()
        self.unstarted = dict.fromkeys(self.system.nodes)

    def _calm(self) -> None:
        """No message takes the quick way: every one is compared with the record."""

    def _open(self, host: SimulatedHost) -> None:
        """Nor is any delivered but when the record says so."""

    def put(self, row: Row, fields: dict[str, Any], cause: Entry) -> None:
        """A message is sent; it waits in `messages`."""
        known = row[TYPE] in self.routes[row[TO]] and fields.__class__ is not Loose
        route, values = self.route(row[TO], row[TYPE], fields if known else Loose(fields))
        self.messages[row[1]] = message = (self.now, row[1], route, row[3], values, cause)
        self.append(message)

    def run(self, until: float | None = None, events: int | None = None) -> "Replay":
        """Follow the record until a time (default: its end), or through so many of its events."""
        until = self.until if until is None else until
        last = len(self.record) if events is None else min(len(self.record), self.position + events)
        while self.position < last and self.record.rows[self.position][0] <= until:
            row = self.record.rows[self.position]
            self.position += 1
            self._follow(row)
        if events is None:
            self._come_up()
        if until < math.inf:
            self.entry = (max(until, self.now), 0, None, None, "end", None, None)
        return self

    def _come_up(self, *names: str) -> None:
        """Start these nodes, or all that have not been; faults at second 0 came before."""
        for name in names or tuple(self.unstarted):
            del self.unstarted[name]
            self._start(self.hosts[name])

    def step(self) -> Event | None:
        """Follow the record until something happens; returns its first event, None at the end."""
        before = len(self.recording.log)
        while self.position < len(self.record) and len(self.recording.log) == before:
            self.run(until=self.record.rows[self.position][0], events=1)
        return self.trace[before] if len(self.recording.log) > before else None

    def _follow(self, row: Row) -> None:
        at, _, kind, node = row[:4]
        self.entry = (at, 0, None, None, kind, node, None)
        if at > 0 and self.unstarted:
            self._come_up()
        elif node in self.unstarted and kind in ("send", "deliver", "timer", *OWN):
            self._come_up(node)
        if node in self.system.clients and kind not in ("deliver", "drop", "duplicate"):
            if kind == "send":
                self.expected[node, 0].popleft()
                self.put(row, row[FIELDS], cause_of(at, row[REPLY_TO], row[TO]))
            else:
                self.note(kind, node, *row[5:])
        elif kind in ("deliver", "drop", "duplicate"):
            self._message(row)
        elif kind not in (*OWN, "send"):
            self._event(row)

    def _message(self, row: Row) -> None:
        at, id, kind, node = row[:4]
        known = row[9] if kind == "duplicate" else row[4][1]
        if known not in self.messages:
            raise ReplayError(f"{kind} of message {known} at {at:.6f} s: it was not sent in this replay")
        message = self.messages[known]
        if kind == "duplicate":
            self.messages[id] = copy = (at, id, *message[2:])
            self.append((at, id, None, None, "duplicate", node, copy, known))
        elif kind == "drop":
            self.drop(message, row[5])
        elif node in self.system.clients:
            self.append((at, *message[1:]))
        else:
            self._arrive((at, *message[1:]))

    def _event(self, row: Row) -> None:
        at, _, kind, node, _, *values = row
        host = self.hosts.get(node)
        if host is None:
            self.note(kind, node, *values)
        elif kind == "timer":
            if values[0] not in host.timers:
                raise ReplayError(f"timer {values[0]!r} of {node} fires at {at:.6f} s: it was not set in this replay")
            self._timer((at, host.timers[values[0]], None, None, "timer", node, None, values[0]), host)
        elif kind == "crash" and values[0] == "fault":
            self.unstarted.pop(node, None)
            self._crash(host, Fault(at, "crash", node))
        elif kind == "restart":
            self.lives[node] += 1
            self._restart(host, Fault(at, "restart", node))
        elif kind == "clock":
            self._skew_clock(host, skew_clock(at, node, *values))
        elif kind != "crash":  # a pause and its end: the order of events already shows them
            self.note(kind, node, *values)

    def again(self) -> "Replay":
        """The same replay at its beginning."""
        return Replay(self.system, self.record)

    def fork(self, *faults: Fault) -> "Simulation":
        """A record cannot be forked: what would have happened then is not in it. Raises ValueError."""
        raise ValueError("a replayed record cannot be forked: simulate the system, and fork that run")
