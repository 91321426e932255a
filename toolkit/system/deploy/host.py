"""A node's host on real processes: the network is sockets, the disk is a file, and time is real.

One thread and one event loop serve a node, so its handlers never overlap. What a handler sends waits until it has
returned; then its events are written to the log, and only then do its messages leave. So nothing that others have seen
of a node is missing from its log, even if the next thing that happens to it is SIGKILL: write ahead, as databases do.
"""

import asyncio
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from time import perf_counter
from typing import Any, Protocol

from toolkit.system.deploy.codec import packer
from toolkit.system.deploy.gate import Gate
from toolkit.system.deploy.link import Address, Inbound, Link
from toolkit.system.disk import Disk, Write
from toolkit.system.faults import Faults
from toolkit.system.host import Host, blame, random_stream
from toolkit.system.message import ATOMS, MessageError, Vocabulary
from toolkit.system.network import Network
from toolkit.system.node import Factory, Node, class_of, create, handlers
from toolkit.system.replay import ReplayError

LIVES = 10**8
"""Numbers of messages that one life of a node may use; the next life counts on from there."""
BATCH = 64
"""Events after which a host writes them down and lets messages go, even if more messages wait to be handled."""


NONE: dict[str, Any] = {}
value_type = type  # `type` is also the name of an argument


class Store(Protocol):
    """Where a node's synced writes go; see `files.DiskFile`."""

    content: dict[str, Any]

    def store(self, writes: list[Write]) -> None:
        """Return when these writes would survive."""


@dataclass(frozen=True)
class Plan:
    """What every process of a run knows: who takes part, what goes wrong, how long it lasts, and the token to show."""

    run: str
    token: bytes
    factories: dict[str, Factory | None]
    clients: tuple[str, ...]
    network: Network
    faults: Faults
    seed: int
    seconds: float
    directory: str | None
    script: "Script | None" = None

    @property
    def names(self) -> tuple[str, ...]:
        """All nodes, clients last: the lanes of the trace."""
        return (*self.factories, *self.clients)

    def vocabulary(self) -> Vocabulary:
        """Who understands which message; clients take anything."""
        classes = {name: None if factory is None else class_of(factory) for name, factory in self.factories.items()}
        return Vocabulary({**classes, **dict.fromkeys(self.clients)})


@dataclass(frozen=True)
class Script:
    """What a recorded run prescribes to one that is to repeat it; see `replaying`.

    `sends`: (node, life) -> its messages in order, as (id, to, type, ids of copies). `lost`: id -> why it was dropped.
    `kept`: ids of messages that wait at their sender, because their receiver is down in between.
    """

    sends: dict[tuple[str, int], list[tuple[int, str, str, tuple[int, ...]]]]
    lost: dict[int, str]
    kept: frozenset[int]


class DeployedHost(Host):
    """Everything one node needs; see `toolkit.system.host.Host` for the node's side.

    `status` is "new", "up", "down" (a handler raised) or "ended". `log` takes packed events, `store` is the disk's
    file, and `tell` is called with what the coordinator should know: ("up",), ("down",) or, for a mistake in the
    program, ("mistake", text), and ("astray", text) if it leaves its script. `life` counts the restarts.
    """

    def __init__(
        self,
        name: str,
        factory: Factory,
        plan: Plan,
        log: Callable[[bytes], None],
        store: Store,
        *,
        life: int = 0,
        tell: Callable[..., None],
    ) -> None:
        self.name, self.factory, self.plan, self.life = name, factory, plan, life
        self.peers = tuple(other for other in plan.factories if other != name)
        self.random = random_stream(plan.seed, "node", name, *([str(life)] if life else []))
        self.vocabulary = plan.vocabulary()
        self._orders = self.vocabulary.orders
        self._hand: tuple[str, int, int | None] | None = None
        self.disk = Disk(store.content, self._sync)
        self.status = "new"
        self.node: Node | None = None
        self.busy: float | None = None  # since when a handler has been running
        self.unwritten: list[bytes] = []
        self._log, self._store, self._tell = log, store, tell
        self._pack = packer()
        self._gate = Gate(plan.network, plan.faults, plan.seed, name)
        self._links = {to: Link(name, to, plan.token, self._dropped) for to in plan.names if to != name}
        self._waiting: set[Link] = set()
        self._held: list[tuple[float, int, str, bytes]] = []  # messages that the gate lets go later
        self._early: list[tuple[str, Iterable[list[Any]]]] = []  # what came before the node was up
        self._release: asyncio.TimerHandle | None = None
        self._timers: dict[str, asyncio.Handle] = {}
        self._skews = [fault for fault in plan.faults if fault.kind == "skew_clock" and fault.node == name]
        self._offset = self._drift = self._since = 0.0
        lane = plan.names.index(name)
        self._step, self._number = len(plan.names), (life * LIVES) * len(plan.names) + lane
        self._handlers: dict[str, Callable[..., None]] = {}
        self._zero = math.inf
        self._server: asyncio.Server | None = None
        self._inbound: set[Inbound] = set()

    # -- coming and going

    async def listen(self, address: str, control: Callable[[list[Any], Inbound], None] | None = None) -> Address:
        """Open a port at this address; returns it. `control` gets what the coordinator, whose name is empty, sends."""
        self._control = control
        self._loop = asyncio.get_running_loop()
        self._server = await self._loop.create_server(self._accept, address, 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    def _accept(self) -> Inbound:
        return Inbound(self.name, self.plan.token, self._receive, self._gone)

    def obey(self, what: str, *arguments: Any) -> None:
        """Do what the coordinator orders: "locate" or "start"."""
        if what == "locate":
            self.locate(*arguments)
        elif what == "start":
            self.start(*arguments)

    def locate(self, directory: dict[str, Address]) -> None:
        """Where the others are now."""
        for name, address in directory.items():
            if name != self.name:
                self._links[name].locate((address[0], address[1]))

    def start(self, zero: float) -> None:
        """Come up when the run's second 0 has come, which is at `zero` on this machine's `perf_counter`."""
        self._zero = zero
        self._loop.call_later(max(0.0, zero - perf_counter()), self._begin)

    def _begin(self) -> None:
        while perf_counter() < self._zero:  # a timer may fire a hair early
            pass
        self.status = "up"
        if self.life:
            self.record("restart")
        self._run(self._create)
        self.flush()
        if self.status == "up":
            self._tell("up")
        for sender, messages in self._early:
            self._handle(sender, messages)

    def _create(self) -> None:
        self.node = create(self.factory, self)
        self._handlers = handlers(self.node)
        self.node.on_start()

    def stop(self) -> None:
        """No more handlers; connections and port are closed."""
        if self.status == "up":
            self.status = "ended"
        self.write()
        for timer in [*self._timers.values(), *([self._release] if self._release else [])]:
            timer.cancel()
        if self._server is not None:
            self._server.close()
        for link in self._links.values():
            link.close()
        for connection in self._inbound:
            if connection.sender:  # not the coordinator's, which has to hear of it
                connection.transport.close()

    # -- what the node asks for

    def at(self) -> float:
        """Seconds of the run, on the clock that all its processes share."""
        return perf_counter() - self._zero

    def now(self) -> float:
        """The node's own clock: offset + drift · (time since it was skewed) ahead of the run's."""
        at = self.at()
        while self._skews and self._skews[0].at <= at:
            fault = self._skews.pop(0)
            self._offset, self._drift, self._since = fault.detail["offset"], fault.detail["drift"], fault.at
        return at + self._offset + self._drift * (at - self._since)

    def send(self, to: str, type: str, /, **fields: Any) -> int:
        """As every host does; what has just the handler's fields, and no value to be copied, needs no closer look."""
        if tuple(fields) == self._orders.get(to, NONE).get(type) and ATOMS.issuperset(map(value_type, fields.values())):
            hand = self._hand
            return self.transmit(to, type, fields, hand[1] if hand is not None and hand[0] == to else None)
        return super().send(to, type, **fields)

    def in_hand(self) -> tuple[str, int, int | None] | None:
        """(sender, id, reply_to) of the message that is being handled."""
        return self._hand

    def transmit(self, to: str, type: str, fields: dict[str, Any], reply_to: int | None) -> int:
        """Send a message as soon as the handler has returned; returns its id."""
        self._number = number = self._number + self._step
        at = perf_counter() - self._zero
        message = [number, type, fields, reply_to]
        packed = self._pack(message)
        self.unwritten.append(self._pack((at, "send", to)) + packed)
        if to == self.name:
            self._loop.call_soon(self._to_itself, message)
        elif self._gate.calm(at):
            self._put(number, to, packed)
        else:
            self._through(at, to, message, packed)
        return number

    def _put(self, number: int, to: str, packed: bytes) -> None:
        link = self._links[to]
        link.put(number, packed)
        self._waiting.add(link)

    def _to_itself(self, message: list[Any]) -> None:
        self._handle(self.name, [message])

    def _through(self, at: float, to: str, message: list[Any], packed: bytes) -> None:
        """Send through a gate that may lose, double or hold back messages."""
        number, type, fields, reply_to = message
        passing = self._gate.message(at, number, to, type)
        why = self._gate.lost(passing)
        doubled = self._gate.doubled(passing)
        if why is not None:
            self._dropped(number, why)
            return
        self._hold(at, to, number, self._gate.leaves(passing), packed)
        if doubled:
            self._number = copy = self._number + self._step
            packed = self._pack([copy, type, fields, reply_to])
            self.unwritten.append(self._pack((at, "duplicate", to, number)) + packed)
            self._hold(at, to, copy, self._gate.leaves(self._gate.message(at, copy, to, type)), packed)

    def _hold(self, at: float, to: str, number: int, leaves: float, packed: bytes) -> None:
        if leaves <= at:
            self._put(number, to, packed)
        else:
            heappush(self._held, (leaves, number, to, packed))
            self._await_release()

    def _await_release(self) -> None:
        if self._release is not None:
            self._release.cancel()
        self._release = self._loop.call_later(max(0.0, self._held[0][0] - self.at()), self._let_go)

    def _let_go(self) -> None:
        """The time of messages that were held back has come."""
        now = self.at()
        while self._held and self._held[0][0] <= now:
            _, number, to, packed = heappop(self._held)
            self._put(number, to, packed)
        self._release = None
        if self._held:
            self._await_release()
        self.flush()

    def _dropped(self, number: int, why: str) -> None:
        self.unwritten.append(self._pack((self.at(), "drop", number, why)))

    def set_timer(self, name: str, seconds: float) -> None:
        """Timers run by the node's own clock: a clock that gains makes them fire early."""
        self.cancel_timer(name)
        self.now()  # a skew that is due takes effect first
        seconds /= 1.0 + self._drift
        self.record("timer-set", name, self.at() + seconds)
        if seconds > 0:
            self._timers[name] = self._loop.call_later(seconds, self._fire, name)
        else:
            self._timers[name] = self._loop.call_soon(self._fire, name)

    def cancel_timer(self, name: str) -> None:
        """Forget that timer."""
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def record(self, kind: str, *values: Any) -> None:
        """Add an event of this node to the trace."""
        self.unwritten.append(self._pack((self.at(), kind, *values)))

    def _sync(self, writes: list[Write]) -> None:
        """What led to a durable write is written down before it."""
        self.write()
        self._store.store(writes)

    # -- what happens to the node

    def _receive(self, sender: str, values: list[Any], connection: Inbound) -> None:
        self._inbound.add(connection)
        if not sender and self._control is not None:
            self._control(values, connection)
        elif sender in self._links:
            self._handle(sender, values)

    def _gone(self, connection: Inbound) -> None:
        self._inbound.discard(connection)
        if not connection.sender and self._control is not None:
            self._control([["gone"]], connection)

    def _handle(self, sender: str, messages: Iterable[list[Any]]) -> None:
        """Hand messages to their handlers, one after the other."""
        if self.status == "new":
            self._early.append((sender, messages))
            return
        for number, type, fields, reply_to in messages:
            at = perf_counter() - self._zero
            if self.status != "up" or at >= self.plan.seconds:
                break
            if not self._gate.calm(at) and self._gate.cut(sender, self.name):
                self._dropped(number, "partition")
                continue
            self.unwritten.append(self._pack((at, "deliver", number)))
            self._hand = (sender, number, reply_to)
            handler = self._handlers.get(type)
            if handler is not None:
                self._run(handler, sender, **fields)
            else:
                self._run(self.node.on_message, sender, type, fields)  # type: ignore[union-attr]
            if len(self.unwritten) >= BATCH:
                self.flush()
        self.flush()

    def _fire(self, name: str) -> None:
        if self.status == "up" and self.at() < self.plan.seconds and self.node is not None:
            del self._timers[name]
            self._hand = None
            self.record("timer", name)
            self._run(self.node.on_timer, name)
            self.flush()

    def _run(self, call: Callable[..., None], *arguments: Any, **fields: Any) -> None:
        self.busy = perf_counter()
        try:
            call(*arguments, **fields)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, only that node is down
            self._fail(error)
        finally:
            self.busy = None

    def _fail(self, error: BaseException) -> None:
        """A handler raised: this node is down, and the trace says why. A message nobody understands ends the run."""
        blamed = blame(error)
        self.record("error", *blamed)
        self.record("crash", "error")
        self.flush()
        self.status = "down"
        self.stop()
        if isinstance(error, MessageError | ReplayError):
            where = f" ({blamed[2]}, line {blamed[3]}: {blamed[4]})" if blamed[2] else ""
            kind = "astray" if isinstance(error, ReplayError) else "mistake"
            self._tell(kind, f"node {self.name!r}: {error}{where}")
        else:
            self._tell("down")

    def write(self) -> None:
        """Write down what has happened."""
        if self.unwritten:
            data = b"".join(self.unwritten)
            self.unwritten.clear()
            self._log(data)

    def flush(self) -> None:
        """Write down what has happened, then let messages go."""
        self.write()
        if self._waiting:
            for link in self._waiting:
                link.flush()
            self._waiting.clear()
            self.write()  # what a link has just given up
