"""A node's host in the simulator: its clock, disk, timers, and the sending of a message into virtual time."""

from collections.abc import Callable
from heapq import heappush
from typing import TYPE_CHECKING, Any

from toolkit.system.disk import Disk, apply
from toolkit.system.host import Host, random_stream
from toolkit.system.latency import as_latency
from toolkit.system.message import ATOMS, plain
from toolkit.system.node import Factory, Node, create, handlers
from toolkit.system.trace import REPLY_TO, TO, Row

if TYPE_CHECKING:
    from toolkit.system.simulate import Simulation


class SimulatedHost(Host):
    """Everything the simulator keeps for one node; see `toolkit.system.host.Host` for the node's side.

    `status` is "new", "up", "paused" or "down". `handlers` is empty unless the node is up, so that the simulator's
    inner loop needs one look-up to know both whether and how a message is handled.
    """

    def __init__(self, name: str, factory: Factory, peers: tuple[str, ...], simulation: "Simulation") -> None:
        self.name, self.factory, self.peers, self.simulation = name, factory, peers, simulation
        self.vocabulary = simulation.vocabulary
        self.random = random_stream(simulation.seed, "node", name)
        self.luck = random_stream(simulation.seed, "luck", name)
        latency = as_latency(simulation.system.network.latency)
        self.delays = latency.delays(random_stream(simulation.seed, "latency", name))
        self.status = "new"
        self.node: Node | None = None
        self.handlers = simulation.handlers[name]
        self.timers: dict[str, int] = {}
        self.backlog: list[Row] = []
        self.durable: dict[str, Any] = {}
        self.disk = Disk({}, self._store)
        self.offset = self.drift = self.since = 0.0
        self.send = self._fast_send()  # type: ignore[method-assign]

    def now(self) -> float:
        """The node's own clock: offset + drift · (time since it was skewed) ahead of the global one."""
        at = self.simulation.now
        return at + self.offset + self.drift * (at - self.since)

    def in_hand(self) -> tuple[str, int, int | None] | None:
        """(sender, id, reply_to) of the message that is being handled."""
        message = self.simulation.entry[4]
        return None if message is None else (message[3], message[1], message[REPLY_TO])

    def _fast_send(self) -> Callable[..., int]:
        """`Host.send` and `transmit` in one function, with everything at hand: half of a delivery's time is spent here."""
        simulation, name, delays = self.simulation, self.name, self.delays
        vocabulary, orders = self.vocabulary, self.vocabulary.orders
        heap, append, numbers = simulation.heap, simulation.append, simulation.numbers

        def send(to: str, type: str, /, **fields: Any) -> int:
            try:
                simple = tuple(fields) == orders[to][type]
            except (KeyError, TypeError):
                simple = False
            if simple:
                for value in fields.values():
                    if value.__class__ not in ATOMS:
                        simple = False
                        break
            if not simple:
                fields = vocabulary.checked(to, type, fields)
            entry = simulation.entry
            at, hand, number = entry[0], entry[4], next(numbers)
            reply_to = hand[1] if hand is not None and hand[3] == to else None
            row = (at, number, "send", name, None, to, type, fields, reply_to)
            append(row)
            if simulation.calm:
                heappush(heap, (at + next(delays), number, "deliver", to, row))
            else:
                self._through(row)
            return number

        return send

    def transmit(self, to: str, type: str, fields: dict[str, Any], reply_to: int | None) -> int:
        """Put a message on its way; ids are counted through the run."""
        number = next(self.simulation.numbers)
        row = (self.simulation.now, number, "send", self.name, None, to, type, fields, reply_to)
        self.simulation.append(row)
        self._through(row)
        return number

    def _through(self, row: Row) -> None:
        """Send through a network that may lose, double or hold back messages. Every draw is made, whatever comes of it."""
        simulation, traffic = self.simulation, self.simulation.traffic
        delay = next(self.delays)
        why = traffic.lost(row, self.luck)
        doubled = traffic.doubled(row, self.luck)
        if why is not None:
            simulation.append((row[0], row[1], "drop", row[TO], row, why))
            return
        heappush(simulation.heap, (traffic.arrival(row, delay), row[1], "deliver", row[TO], row))
        if doubled:
            number = next(simulation.numbers)
            copy = (row[0], number, "duplicate", *row[3:], row[1])
            simulation.append(copy)
            if traffic.singled_out(copy):
                simulation.append((row[0], number, "drop", row[TO], copy, "fault"))
            else:
                heappush(simulation.heap, (traffic.arrival(copy, next(self.delays)), number, "deliver", row[TO], copy))

    def set_timer(self, name: str, seconds: float) -> None:
        """Timers run by the node's own clock: a clock that gains makes them fire early."""
        simulation = self.simulation
        number = next(simulation.numbers)
        due = simulation.now + seconds / (1.0 + self.drift)
        simulation.append((simulation.now, number, "timer-set", self.name, None, name, due))
        self.timers[name] = number
        heappush(simulation.heap, (due, number, "timer", self.name, None, name))

    def cancel_timer(self, name: str) -> None:
        """The timer's entry stays on the heap, and is passed over when its time comes."""
        self.timers.pop(name, None)

    def record(self, kind: str, *values: Any) -> None:
        """Add an event of this node to the trace."""
        self.simulation.append((self.simulation.now, 0, kind, self.name, None, *values))

    def start(self) -> None:
        """Bring the node up, with an empty memory and what is on its disk."""
        self.status = "up"
        self.disk = Disk(self.durable, self._store)
        self.node = create(self.factory, self)
        self.handlers.update(handlers(self.node))
        self.node.on_start()

    def crash(self) -> list[Row]:
        """Lose everything but the durable part of the disk; returns what was waiting for a paused node."""
        waiting, self.backlog = self.backlog, []
        self.status = "down"
        self.handlers.clear()
        self.timers.clear()
        return waiting

    def pause(self) -> None:
        """Stand still."""
        self.status = "paused"
        self.handlers.clear()

    def resume(self) -> list[Row]:
        """Go on; returns what waited, in the order in which it came."""
        waiting, self.backlog = self.backlog, []
        self.status = "up"
        if self.node is not None:
            self.handlers.update(handlers(self.node))
        return waiting

    def _store(self, writes: list[list[Any]]) -> None:
        for write in writes:
            apply(self.durable, plain(write, "disk"))
