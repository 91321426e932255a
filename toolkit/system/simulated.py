"""A node's host in the simulator: its clock, disk, timers, and the sending of a message into virtual time."""

from collections.abc import Callable
from heapq import heappush
from typing import TYPE_CHECKING, Any

from toolkit.system.disk import Disk, apply
from toolkit.system.host import random_stream
from toolkit.system.latency import as_latency
from toolkit.system.message import plain
from toolkit.system.node import Factory, Node, create, handlers
from toolkit.system.trace import Row

if TYPE_CHECKING:
    from toolkit.system.simulate import Simulation


class SimulatedHost:
    """Everything the simulator keeps for one node; see `toolkit.system.host.Host` for the node's side.

    `status` is "new", "up", "paused" or "down". `handlers` is empty unless the node is up, so that the simulator's
    inner loop needs one look-up to know both whether and how a message is handled.
    """

    __slots__ = (
        "accepted", "backlog", "delays", "disk", "drift", "durable", "factory", "handlers", "luck", "message", "name",
        "node", "offset", "peers", "random", "reply_to", "sender", "simulation", "since", "status", "timers",
        "vocabulary",
    )  # fmt: skip

    def __init__(self, name: str, factory: Factory, peers: tuple[str, ...], simulation: "Simulation") -> None:
        self.name, self.factory, self.peers, self.simulation = name, factory, peers, simulation
        self.vocabulary = simulation.vocabulary
        self.accepted = simulation.vocabulary.accepted
        self.random = random_stream(simulation.seed, "node", name)
        self.luck = random_stream(simulation.seed, "luck", name)
        latency = as_latency(simulation.system.network.latency)
        self.delays = latency.delays(random_stream(simulation.seed, "latency", name))
        self.status = "new"
        self.node: Node | None = None
        self.handlers: dict[str, Callable[..., None]] = {}
        self.timers: dict[str, int] = {}
        self.backlog: list[Row] = []
        self.durable: dict[str, Any] = {}
        self.disk = Disk({}, self._store)
        self.sender: str | None = None
        self.message: int | None = None
        self.reply_to: int | None = None
        self.offset = self.drift = self.since = 0.0

    def now(self) -> float:
        """The node's own clock: offset + drift · (time since it was skewed) ahead of the global one."""
        at = self.simulation.now
        return at + self.offset + self.drift * (at - self.since)

    def send(self, to: str, type: str, fields: dict[str, Any], reply_to: int | None) -> int:
        """Put a message on its way; ids are counted through the run."""
        simulation = self.simulation
        simulation.count = number = simulation.count + 1
        at = simulation.now
        row = (at, number, "send", self.name, to, type, fields, reply_to)
        simulation.append(row)
        if to == self.name:
            heappush(simulation.heap, (at, number, "deliver", to, row))
        elif simulation.calm:
            heappush(simulation.heap, (at + next(self.delays), number, "deliver", to, row))
        else:
            self._through(row)
        return number

    def _through(self, row: Row) -> None:
        """Send through a network that may lose, double or hold back messages. Every draw is made, whatever comes of it."""
        simulation, traffic = self.simulation, self.simulation.traffic
        delay = next(self.delays)
        why = traffic.lost(row, self.luck)
        doubled = traffic.doubled(row, self.luck)
        if why is not None:
            simulation.append((row[0], row[1], "drop", row[4], row, why))
            return
        heappush(simulation.heap, (traffic.arrival(row, delay), row[1], "deliver", row[4], row))
        if doubled:
            simulation.count = number = simulation.count + 1
            copy = (row[0], number, "duplicate", *row[3:], row[1])
            simulation.append(copy)
            if traffic.singled_out(copy):
                simulation.append((row[0], number, "drop", row[4], copy, "fault"))
            else:
                heappush(simulation.heap, (traffic.arrival(copy, next(self.delays)), number, "deliver", row[4], copy))

    def set_timer(self, name: str, seconds: float) -> None:
        """Timers run by the node's own clock: a clock that gains makes them fire early."""
        simulation = self.simulation
        simulation.count = number = simulation.count + 1
        due = simulation.now + seconds / (1.0 + self.drift)
        simulation.append((simulation.now, number, "timer-set", self.name, name, due))
        self.timers[name] = number
        heappush(simulation.heap, (due, number, "timer", self.name, name))

    def cancel_timer(self, name: str) -> None:
        """The timer's entry stays on the heap, and is passed over when its time comes."""
        self.timers.pop(name, None)

    def record(self, kind: str, *values: Any) -> None:
        """Add an event of this node to the trace."""
        self.simulation.append((self.simulation.now, 0, kind, self.name, *values))

    def start(self) -> None:
        """Bring the node up, with an empty memory and what is on its disk."""
        self.status = "up"
        self.sender = self.message = self.reply_to = None
        self.disk = Disk(self.durable, self._store)
        self.node = create(self.factory, self)
        self.handlers = handlers(self.node)
        self.node.on_start()

    def crash(self) -> list[Row]:
        """Lose everything but the durable part of the disk; returns what was waiting for a paused node."""
        waiting, self.backlog = self.backlog, []
        self.status, self.handlers = "down", {}
        self.timers.clear()
        return waiting

    def pause(self) -> None:
        """Stand still."""
        self.status, self.handlers = "paused", {}

    def resume(self) -> list[Row]:
        """Go on; returns what waited, in the order in which it came."""
        waiting, self.backlog = self.backlog, []
        self.status = "up"
        self.handlers = handlers(self.node) if self.node is not None else {}
        return waiting

    def _store(self, writes: list[list[Any]]) -> None:
        for write in writes:
            apply(self.durable, plain(write, "disk"))
