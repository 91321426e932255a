"""A node's host in the simulator: its clock, disk, timers, and the sending of a message into virtual time."""

from collections.abc import Callable
from heapq import heappush, heapreplace
from typing import TYPE_CHECKING, Any

from toolkit.system.disk import Disk, apply
from toolkit.system.host import Host, random_stream
from toolkit.system.latency import as_latency
from toolkit.system.message import ATOMS, plain
from toolkit.system.node import Factory, Node, create
from toolkit.system.recording import Entry, cause_of, reply_to

if TYPE_CHECKING:
    from toolkit.system.simulate import Simulation


class SimulatedHost(Host):
    """Everything the simulator keeps for one node; `status` is "new", "up", "paused" or "down"."""

    def __init__(self, name: str, factory: Factory, peers: tuple[str, ...], simulation: "Simulation") -> None:
        self.name, self.factory, self.peers, self.simulation = name, factory, peers, simulation
        self.vocabulary = simulation.vocabulary
        self.random = random_stream(simulation.seed, "node", name)
        self.luck = random_stream(simulation.seed, "luck", name)
        latency = as_latency(simulation.system.network.latency)
        self.delays = latency.delays(random_stream(simulation.seed, "latency", name))
        self.status = "new"
        self.node: Node | None = None
        self.timers: dict[str, int] = {}
        self.backlog: list[Entry] = []
        self.durable: dict[str, Any] = {}
        self.disk = Disk({}, self._store)
        self.offset = self.drift = self.since = 0.0
        self.send = self._quick_send()  # type: ignore[method-assign]

    def now(self) -> float:
        """The node's own clock: offset + drift · (time since it was skewed) ahead of the global one."""
        at = self.simulation.now
        return at + self.offset + self.drift * (at - self.since)

    def in_hand(self) -> tuple[str, int, int | None] | None:
        """(sender, id, reply_to) of the message that is being handled."""
        entry = self.simulation.entry
        return None if entry[2] is None else (entry[3], entry[1], reply_to(entry))

    def _quick_send(self) -> Callable[..., int]:
        """`Host.send` and `transmit` in one function, with everything at hand: half of a delivery's time goes here.

        A message that nothing can happen to, with the fields its handler takes and values that nobody can change, is
        on its way at once; every other is checked and goes through `depart`.
        """
        simulation, name, delays, checked = self.simulation, self.name, self.delays, self.vocabulary.checked
        routes, heap, log, append = simulation.routes, simulation.heap, simulation.log, simulation.append

        def send(to: str, name_of_type: str, /, **fields: Any) -> int:
            cause = simulation.entry
            try:
                route = routes[to][name_of_type]
            except (KeyError, TypeError):
                return self.depart(to, name_of_type, checked(to, name_of_type, fields), cause)
            if tuple(fields) == route.quick:
                values = tuple(fields.values())
                if values[0].__class__ in ATOMS if route.single else ATOMS.issuperset(map(type, values)):
                    number = len(log)
                    message = (cause[0] + next(delays), number, route, name, values, cause)
                    append(message)
                    if simulation.taken:
                        heappush(heap, message)
                    else:
                        simulation.taken = True
                        heapreplace(heap, message)
                    return number
            return self.depart(to, name_of_type, checked(to, name_of_type, fields), cause)

        return send

    def transmit(self, to: str, type: str, fields: dict[str, Any], reply_to: int | None) -> int:
        """Send a message that has been checked, as the reply to another one or to none."""
        return self.depart(to, type, fields, cause_of(self.simulation.now, reply_to, to))

    def depart(self, to: str, type: str, fields: dict[str, Any], cause: Entry) -> int:
        """Send through a network that may lose, double or hold back the message; its id is its place in the trace.

        Every draw is made, whatever becomes of the message: so one loss more leaves the luck of the others as it was.
        """
        simulation, traffic = self.simulation, self.simulation.traffic
        route, values = simulation.route(to, type, fields)
        at, id, delay = cause[0], len(simulation.log), next(self.delays)
        message = (at, id, route, self.name, values, cause)
        why = traffic.lost(message, self.luck)
        doubled = traffic.doubled(message, self.luck)
        simulation.append(message)
        if why is not None:
            simulation.drop(message, why)
            return id
        heappush(simulation.heap, (traffic.arrival(message, delay), *message[1:]))
        if doubled:
            copy = (at, len(simulation.log), *message[2:])
            simulation.append((at, copy[1], None, None, "duplicate", self.name, copy, id))
            if traffic.singled_out(copy):
                simulation.drop(copy, "fault")
            else:
                heappush(simulation.heap, (traffic.arrival(copy, next(self.delays)), *copy[1:]))
        return id

    def set_timer(self, name: str, seconds: float) -> None:
        """Timers run by the node's own clock: a clock that gains makes them fire early."""
        simulation = self.simulation
        number, due = len(simulation.log), simulation.now + seconds / (1.0 + self.drift)
        simulation.append((simulation.now, number, None, None, "timer-set", self.name, None, name, due))
        self.timers[name] = number
        heappush(simulation.heap, (due, number, None, None, "timer", self.name, None, name))

    def cancel_timer(self, name: str) -> None:
        """The timer's entry stays on the heap, and is passed over when its time comes."""
        self.timers.pop(name, None)

    def record(self, kind: str, *values: Any) -> None:
        """Add an event of this node to the trace."""
        self.simulation.note(kind, self.name, *values)

    def start(self) -> None:
        """Bring the node up, with an empty memory and what is on its disk."""
        self.status = "up"
        self.disk = Disk(self.durable, self._store)
        self.node = create(self.factory, self)
        self.node.on_start()

    def crash(self) -> list[Entry]:
        """Lose everything but the durable part of the disk; returns what was waiting for a paused node."""
        self.status = "down"
        self.timers.clear()
        waiting, self.backlog = self.backlog, []
        return waiting

    def resume(self) -> list[Entry]:
        """Go on; returns what waited, in the order in which it came."""
        self.status = "up"
        waiting, self.backlog = self.backlog, []
        return waiting

    def _store(self, writes: list[list[Any]]) -> None:
        for write in writes:
            apply(self.durable, plain(write, "disk"))
