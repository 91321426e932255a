"""The simulator: one heap, virtual time, and every random draw from the seed.

Whatever will happen lies on a heap as a tuple (time, number, kind, node, ...); the number is unique, so two entries
are never compared further. The loop pops the earliest, lets the node handle it, and appends the very same tuple to
the trace: that is why a full record costs almost nothing. The same seed gives the same trace, to the byte, and so
time travel is replay: to go back, start again and stop earlier. Discrete-event simulation: Law, "Simulation Modeling
and Analysis", ch. 1.
"""

import gc
import itertools
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any

from toolkit.system.faults import Fault, Faults
from toolkit.system.host import blame
from toolkit.system.message import Loose, MessageError, nearest
from toolkit.system.network import Traffic
from toolkit.system.node import Node, deliver
from toolkit.system.recording import Entry, Recording, Route, fields_of
from toolkit.system.simulated import SimulatedHost
from toolkit.system.trace import Event, Trace

if TYPE_CHECKING:
    from toolkit.system.system import System
    from toolkit.system.workload import Workload

MOST_EVENTS = 1_000_000
"""A run without `until` that is not quiet after this many events is given up: it most likely never will be."""


NOTHING: Entry = (0.0, 0, None, None, "start", None, None)
"""What is being handled before anything has happened."""


class Simulation:
    """One simulated run of a system, to be stepped through; `system.simulate(...)` runs it to its end.

    `now` is the run's global time in seconds. Raises ValueError for a fault that names no node of the system.
    """

    host_class: type[SimulatedHost] = SimulatedHost

    def __init__(
        self,
        system: "System",
        *,
        seed: int = 0,
        until: float = math.inf,
        faults: Iterable[Fault] = (),
        workload: "Workload | None" = None,
    ) -> None:
        _check_time("until", until)
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise TypeError(f"seed={seed!r} must be an int: a run is repeated by its seed")
        self.system, self.seed, self.until, self.workload = system, seed, until, workload
        self.faults = Faults(faults)
        self.faults.check([*system.nodes, *system.clients], until)
        self._begin()

    def _begin(self) -> None:
        system = self.system
        self.entry: Entry = NOTHING  # what is being handled
        self.heap: list[Entry] = []
        self.recording = Recording()
        self.log = self.recording.log
        self.append = self.log.append
        self.vocabulary = system.vocabulary
        self.traffic = Traffic(system.network, self.seed)
        self.taken = True  # whether the entry that is being handled has left the heap
        self.routes = {
            to: {type: Route(to, type, order) for type, order in orders.items()}
            for to, orders in self.vocabulary.orders.items()
        }
        self._calm()
        self.loose: dict[tuple[str, str], Route] = {}
        factories = {**system.nodes, **system.client_factories(self.workload)}
        self.hosts = {
            name: self.host_class(name, factory, system.peers(name), self) for name, factory in factories.items()
        }
        # The number of an entry is its place in the log. What is planned comes first at its time, with numbers below
        # zero: so one fault more leaves all ids as they were.
        for i, name in enumerate(self.hosts, start=-len(self.hosts)):
            heappush(self.heap, (0.0, i, None, None, "start", name, None))
        for i, fault in enumerate(self.faults, start=-2 * len(self.faults) - len(self.hosts)):
            heappush(self.heap, (fault.at, i, None, None, "fault", None, None, fault))
            if fault.detail.get("until") is not None:
                ends = (fault.detail["until"], i + len(self.faults), None, None, "fault-end", None, None, fault)
                heappush(self.heap, ends)

    def route(self, to: str, type: str, fields: dict[str, Any]) -> tuple[Route, Any]:
        """How a checked message travels: by the values in their places, or, if its fields are `Loose`, by name."""
        if fields.__class__ is Loose:
            if (to, type) not in self.loose:
                self.loose[to, type] = Route(to, type, None)
            return self.loose[to, type], fields
        return self.routes[to][type], tuple(fields.values())

    # ---- going forward -------------------------------------------------------------------------------------------

    def run(self, until: float | None = None, events: int | None = None) -> "Simulation":
        """Go on until the time `until` (default: the run's end), or until quiet, or for about `events` heap entries.

        Raises MessageError for a message that no node can receive, at the line that sends it.
        """
        until = self.until if until is None else min(_check_time("until", until), self.until)
        end = (until, math.inf, None, None, "end", None, None)
        heappush(self.heap, end)
        try:
            with _no_collections():
                self._loop(end, itertools.repeat(None) if events is None else itertools.repeat(None, events))
        finally:
            if end in self.heap:
                self.heap.remove(end)
                heapify(self.heap)
        return self

    def finish(self) -> "Simulation":
        """Go on to the end; without `until`, to rest. Raises RuntimeError if it does not come to rest."""
        if self.until < math.inf:
            return self.run()
        self.run(events=MOST_EVENTS)
        if not self.quiet:
            raise RuntimeError(f"not at rest after {MOST_EVENTS:,} events, at {self.now:g} s: give until=, in seconds")
        return self

    def _loop(self, end: Entry, turns: Iterable[None]) -> None:
        """The hot loop: a delivery that nothing hinders is handled here, everything else in a method of its own."""
        heap, append, pop = self.heap, self.append, heappop
        for _ in turns:
            entry = heap[0]
            route = entry[2]
            if route is None:
                pop(heap)
                if entry is end:
                    self.entry = end if end[0] < math.inf else self.entry
                    return
                self._other(entry)
                continue
            handler = route.handler
            if handler is None:
                pop(heap)
                self._arrive(entry)
                continue
            self.entry = entry
            self.taken = False  # it stays on the heap until the first message that it causes takes its place
            append(entry)
            values = entry[4]
            try:
                if route.single:  # most handlers take one field, and Python is quickest when it need not unpack
                    handler(entry[3], values[0])
                else:
                    handler(entry[3], *values)
            except MessageError:
                raise
            except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, only that node is down
                self._fail(self.hosts[route.to], error)
            finally:
                if not self.taken:
                    self.taken = True
                    pop(heap)

    def step(self) -> Event | None:
        """Let the next thing happen, and return its first event; None when nothing is left before the end."""
        before = len(self.log)
        while self.heap and len(self.log) == before and self.heap[0][0] <= self.until:
            self.run(events=1)
        return self.trace[before] if len(self.log) > before else None

    def _arrive(self, message: Entry) -> None:
        """A delivery that something may hinder: the link is cut, the node is not up, or the handler takes anything."""
        self.entry = message
        route = message[2]
        host = self.hosts[route.to]
        if (message[3], route.to) in self.traffic.cuts:
            self.drop(message, "partition")
        elif host.status == "paused":
            host.backlog.append(message)
        elif host.status != "up" or host.node is None:
            self.drop(message, "crashed")
        else:
            self.append(message)
            self._guarded(host, deliver, host.node, message[3], route.type, fields_of(message))

    def _other(self, entry: Entry) -> None:
        self.entry, kind = entry, entry[4]
        if kind == "timer":
            self._timer(entry, self.hosts[entry[5]])
        elif kind == "fault":
            self._fault(entry[7])
        elif kind == "fault-end":
            self.traffic.end(entry[7])
            self._calm()
        elif kind == "start" and self.hosts[entry[5]].status == "new":
            self._start(self.hosts[entry[5]])

    def _timer(self, entry: Entry, host: SimulatedHost) -> None:
        name = entry[7]
        if host.timers.get(name) != entry[1] or host.node is None:
            return  # cancelled, replaced, or of a life before the crash
        if host.status == "paused":
            host.backlog.append(entry)
            return
        del host.timers[name]
        self.append(entry)
        self._guarded(host, host.node.on_timer, name)

    def _start(self, host: SimulatedHost) -> None:
        self._guarded(host, host.start)
        self._open(host)

    def _open(self, host: SimulatedHost) -> None:
        """Let deliveries to this node take the quick way, if nothing is in theirs."""
        free = host.status == "up" and not self.traffic.cuts
        for type, route in self.routes[host.name].items():
            route.handler = getattr(host.node, f"on_{type}") if free else None

    def _calm(self) -> None:
        """Let sendings take the quick way, if nothing can happen to a message but its delay."""
        calm = self.traffic.calm
        for routes in self.routes.values():
            for route in routes.values():
                route.quick = route.order if calm else None

    def note(self, kind: str, node: str | None, *values: Any) -> None:
        """Add an event to the trace that is about no message."""
        self.append((self.now, 0, None, None, kind, node, None, *values))

    def drop(self, message: Entry, why: str) -> None:
        """Add the loss of a message to the trace."""
        self.append((self.now, 0, None, None, "drop", message[2].to, message, why))

    # ---- faults --------------------------------------------------------------------------------------------------

    def _fault(self, fault: Fault) -> None:
        if fault.node is not None:
            getattr(self, f"_{fault.kind}")(self.hosts[fault.node], fault)
        elif fault.kind in ("partition", "heal"):
            self._cut(fault)
        else:
            self.traffic.begin(fault)
        self._calm()

    def _cut(self, fault: Fault) -> None:
        if fault.kind == "heal":
            self.traffic.heal()
            self.note("heal", None)
        else:
            self.traffic.cut(fault)
            self.note("partition", None, fault.detail.get("groups"), fault.detail.get("one_way"))
        for host in self.hosts.values():
            self._open(host)

    def _crash(self, host: SimulatedHost, fault: Fault | None) -> None:
        if host.status == "down":
            return
        self.note("crash", host.name, "fault" if fault is not None else "error")
        for entry in host.crash():
            if entry[2] is not None:
                self.drop(entry, "crashed")
        self._open(host)

    def _restart(self, host: SimulatedHost, fault: Fault) -> None:
        if host.status == "down":
            self.note("restart", host.name)
            self._start(host)

    def _pause(self, host: SimulatedHost, fault: Fault) -> None:
        if host.status == "up":
            self.note("pause", host.name)
            host.status = "paused"
            self._open(host)

    def _resume(self, host: SimulatedHost, fault: Fault) -> None:
        """What waited comes at once, and in its order; if a handler raises, the rest finds the node down."""
        if host.status != "paused":
            return
        self.note("resume", host.name)
        for entry in host.resume():
            now = (self.now, *entry[1:])
            if entry[2] is not None:
                self._arrive(now)
            else:
                self.entry = now
                self._timer(now, host)
        self._open(host)

    def _skew_clock(self, host: SimulatedHost, fault: Fault) -> None:
        host.offset, host.drift, host.since = fault.detail["offset"], fault.detail["drift"], self.now
        self.note("clock", host.name, host.offset, host.drift)

    def _guarded(self, host: SimulatedHost, call: Any, *arguments: Any) -> None:
        try:
            call(*arguments)
        except MessageError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, only that node is down
            self._fail(host, error)

    def _fail(self, host: SimulatedHost, error: BaseException) -> None:
        """A handler raised: that node is down, the others go on, and the trace says why."""
        self.note("error", host.name, *blame(error))
        self._crash(host, None)

    # ---- going back, and elsewhere -------------------------------------------------------------------------------

    def rewind(self, *, at: float | None = None, event: int | None = None) -> "Simulation":
        """Go to the time `at` (everything at that time has happened), or to where `event` events had been recorded.

        Going back is replay from the seed; `event` may be overshot by what its last step also did.
        Raises ValueError if not exactly one of both is given.
        """
        if (at is None) == (event is None):
            raise ValueError(f"rewind(at={at!r}, event={event!r}): give either at, in seconds, or event, a number")
        self._begin()
        if at is not None:
            return self.run(until=at)
        while len(self.log) < (event or 0) and self.step() is not None:
            pass
        return self

    def fork(self, *faults: Fault) -> "Simulation":
        """What if? The same seed with more faults, at the same time as this one: `fork(drop(message=17))`.

        Up to the first of these faults the two runs are the same, event by event.
        """
        faulty = Simulation(
            self.system, seed=self.seed, until=self.until, faults=self.faults + faults, workload=self.workload
        )
        return faulty.run(until=self.now)

    def again(self) -> "Simulation":
        """The same run at its beginning."""
        return Simulation(self.system, seed=self.seed, until=self.until, faults=self.faults, workload=self.workload)

    # ---- looking -------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """The run's global time in seconds."""
        at: float = self.entry[0]
        return at

    @property
    def trace(self) -> Trace:
        """What has happened so far."""
        until = self.until if self.until < math.inf else self.now
        recording, count = self.recording, len(self.log)
        return Trace(
            lambda: recording.rows(count),
            seed=self.seed,
            nodes=tuple(self.hosts),
            clients=self.system.clients,
            until=until,
        )

    @property
    def nodes(self) -> dict[str, Node]:
        """The nodes as they are now (of a crashed one: as it was)."""
        return {
            name: host.node for name, host in self.hosts.items() if name in self.system.nodes and host.node is not None
        }

    @property
    def quiet(self) -> bool:
        """Whether nothing is left to happen."""
        return not self.heap

    def host(self, name: str) -> SimulatedHost:
        """The host of one node. Raises ValueError for a name that is no node."""
        if name not in self.hosts:
            raise ValueError(f"name={name!r} is not a node: {nearest(str(name), self.hosts)}")
        return self.hosts[name]


def _check_time(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ValueError(f"{name}={value!r} must be a number of seconds, 0 or more")
    return value


@contextmanager
def _no_collections() -> Iterator[None]:
    """Keep Python from looking for cyclic garbage: a trace is a million small tuples, and none of them is garbage.

    Afterwards they count as old: freezing and unfreezing moves them to the oldest generation without a look at each.
    """
    if not gc.isenabled() or gc.get_freeze_count():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()
        gc.enable()
