"""Conduct a run on real processes from the notebook: set the nodes up, carry out the schedule, bring the record home.

The coordinator gives orders (start, where the others are) and carries out the faults that need the operating system. It
sees no message between nodes. Clients live here: they are the users, and the notebook is where the users are.
"""

import asyncio
import math
import time
from collections.abc import Coroutine
from time import perf_counter
from typing import TYPE_CHECKING, Any

from toolkit.system.deploy import resident
from toolkit.system.deploy.files import Memory, replay
from toolkit.system.deploy.gather import Lane, merge, read
from toolkit.system.deploy.homes import Homes
from toolkit.system.deploy.host import DeployedHost, Plan
from toolkit.system.deploy.link import Address
from toolkit.system.deploy.remote import Remote
from toolkit.system.deploy.shipping import unpack
from toolkit.system.deploy.watch import Watch
from toolkit.system.faults import Fault
from toolkit.system.message import MessageError
from toolkit.system.node import Factory
from toolkit.system.replay import ReplayError
from toolkit.system.run import Run
from toolkit.system.trace import Trace

if TYPE_CHECKING:
    from toolkit.cluster import Cluster

LEAD = 0.05
"""Seconds between the order to start and second 0, so that all nodes start together."""


class Coordinator:
    """One run; `conduct` is all of it. `payload` is the plan as it travels, `workers` the nodes' homes in order."""

    host_class = DeployedHost

    def __init__(
        self,
        plan: Plan,
        payload: bytes,
        clients: dict[str, Factory],
        cluster: "Cluster",
        workers: list[str],
        handler_limit: float,
    ) -> None:
        self.plan, self.payload, self.factories = plan, payload, clients
        self.homes = Homes(cluster)
        self.remotes = [Remote(name, worker, self._heard) for name, worker in zip(plan.factories, workers, strict=True)]
        self.watch = Watch(plan.run, self.homes, self.remotes, handler_limit, self._crashed)
        self.clients: dict[str, DeployedHost] = {}
        self.logs: dict[str, list[bytes]] = {}
        self.notes = {name: Lane(name) for name in clients}
        self.directory: dict[str, Address] = {}
        self.zero = math.inf
        self.began = 0.0
        self.ending = False

    async def conduct(self) -> Run:
        """Set up, run, clear away, and make the record."""
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._set_up()
            tasks = [asyncio.create_task(work) for work in self._work()]
            for task in tasks:
                task.add_done_callback(self._check)
            await asyncio.wait([self.broken], timeout=self._left())
        finally:
            self.ending = True
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            found = await self._clear_away()
        if self.broken.done():
            self.broken.result()
        return self._record(found)

    def _left(self) -> float:
        """Seconds until the run must be over."""
        return self.zero + self.plan.seconds - perf_counter()

    def _work(self) -> list[Coroutine[Any, Any, None]]:
        """What goes on during the run."""
        return [self.watch.keep(), *map(self._fate, self.remotes)]

    def _check(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._break(error)

    def _break(self, error: BaseException) -> None:
        """End the run with an error."""
        if not self.broken.done():
            self.broken.set_exception(error)

    # -- the beginning

    async def _set_up(self) -> None:
        await self._settle(self.remotes)
        address = self.homes.own_address()
        for name, factory in self.factories.items():
            log = self.logs[name] = []
            host = self.host_class(name, factory, self.plan, log.append, Memory(), tell=self._client_tells)
            self.clients[name] = host
            self.directory[name] = await host.listen(address)
        ahead = await asyncio.gather(*(remote.offset() for remote in self.remotes))
        self.zero, self.began = perf_counter() + LEAD, time.time() + LEAD
        for remote, offset in zip(self.remotes, ahead, strict=True):
            self._start(remote, offset)
        for host in self.clients.values():
            host.locate(self.directory)
            host.start(self.zero)

    async def _settle(self, remotes: list[Remote]) -> None:
        """Make worker processes the homes of these nodes, with open ports but not yet started."""
        names = self.homes.names(remotes)
        for name, address in await self.homes.call(resident.settle, remotes, self.payload, names, remotes[0].life):
            if not name:
                raise ImportError(
                    f"a worker process cannot load the nodes: {address}. Install there what they import, or import it "
                    "inside the methods that need it"
                )
            self.directory[name] = (address[0], address[1])
        await asyncio.gather(*(remote.connect(self.directory[remote.name], self.plan.token) for remote in remotes))

    def _start(self, remote: Remote, offset: float) -> None:
        remote.status, remote.started = "up", False
        remote.tell("locate", self.directory)
        remote.tell("start", self.zero + offset)

    # -- what the nodes report

    def _heard(self, remote: Remote, what: str, text: str = "") -> None:
        """A node is "up", "down" (a handler raised), made a "mistake" (a message nobody understands), or is "lost"."""
        if what == "up":
            remote.started = True
            return
        if what == "lost":
            if remote.status != "down" and not self.ending:
                self._crashed(remote, "lost")
            return
        remote.status = "down"
        self._client_tells(what, text)

    def _client_tells(self, what: str, text: str = "") -> None:
        if what in ("mistake", "astray"):
            self._break(MessageError(text) if what == "mistake" else ReplayError(text))

    def _crashed(self, remote: Remote, why: str, *before: Any) -> None:
        """Note a crash that the node cannot have written down itself, and an event right before it."""
        remote.status = "down"
        if before:
            remote.lane.done.append((self._at(), remote.life, *before))
        remote.lane.done.append((self._at(), remote.life, "crash", why))

    def _at(self) -> float:
        return perf_counter() - self.zero

    # -- faults of nodes

    async def _fate(self, remote: Remote) -> None:
        """Carry out the faults of one node, each at its time."""
        for fault in self.plan.faults:
            if fault.node == remote.name:
                await asyncio.sleep(fault.at - self._at())
                await getattr(self, f"_{fault.kind}")(remote, fault)

    async def _crash(self, remote: Remote, fault: Fault) -> None:
        if remote.status != "down":
            remote.status = "down"
            await self.homes.kill(remote)
            self._crashed(remote, "fault")

    async def _restart(self, remote: Remote, fault: Fault) -> None:
        if remote.status == "down":
            await self.homes.back(remote)
            remote.life += 1
            await self._settle([remote])
            self._start(remote, await remote.offset())
            moved = {remote.name: self.directory[remote.name]}
            for other in self.remotes:
                other.tell("locate", moved)
            for host in self.clients.values():
                host.locate(moved)
            while remote.status == "up" and not remote.started:  # what comes next in its schedule comes after this
                await asyncio.sleep(0.002)

    async def _pause(self, remote: Remote, fault: Fault) -> None:
        if remote.status == "up":
            remote.status = "paused"
            await self.homes.freeze(remote)
            remote.lane.done.append((self._at(), remote.life, "pause"))

    async def _resume(self, remote: Remote, fault: Fault) -> None:
        if remote.status == "paused":
            remote.lane.done.append((self._at(), remote.life, "resume"))
            await self._thaw(remote)

    async def _thaw(self, remote: Remote) -> None:
        await self.homes.thaw(remote)
        remote.answered = perf_counter()
        remote.status = "up"

    async def _skew_clock(self, remote: Remote, fault: Fault) -> None:
        """The node's own process does it; here it is only written down."""
        remote.lane.done.append((fault.at, remote.life, "clock", fault.detail["offset"], fault.detail["drift"]))

    # -- the end

    async def _clear_away(self) -> dict[str, dict[str, Any]]:
        """End every node, leave the workers usable, and return what the nodes left behind."""
        for host in self.clients.values():
            host.stop()
        for remote in self.remotes:
            if remote.status == "paused":
                await self._thaw(remote)
        await self.watch.last_look()
        for remote in self.remotes:
            await self.homes.back(remote)
        names = self.homes.names(self.remotes)
        found = await self.homes.call(resident.collect, self.remotes, self.plan.run, self.plan.directory, names)
        for remote in self.remotes:
            remote.disconnect()
        return {files["name"]: files for files in found}

    def _record(self, found: dict[str, dict[str, Any]]) -> Run:
        plan, nodes = self.plan, {}
        for remote in self.remotes:
            files = found[remote.name]
            for life, data in files["events"].items():
                remote.lane.lives[life] = read(data) + remote.lane.lives.get(life, [])
            nodes[remote.name] = unpack(plan, remote.name, files["variables"], replay(files["disk"])[0])
        trace = Trace(
            merge([*(remote.lane for remote in self.remotes), *map(self._lane, self.clients)], self._network()),
            kind="deployed",
            seed=plan.seed,
            nodes=plan.names,
            clients=plan.clients,
            until=plan.seconds,
            began=self.began,
        )
        return Run(trace, nodes, plan.faults)

    def _lane(self, client: str) -> Lane:
        lane = self.notes[client]
        for fault in self.plan.faults:
            if fault.kind == "skew_clock" and fault.node == client:
                lane.done.append((fault.at, 0, "clock", fault.detail["offset"], fault.detail["drift"]))
        lane.lives[0] = read(b"".join(self.logs[client]))
        return lane

    def _network(self) -> list[tuple[Any, ...]]:
        """Partitions and heals: every gate has done them at exactly these moments."""
        faults = [fault for fault in self.plan.faults if fault.kind in ("partition", "heal")]
        return [
            (f.at, f.kind) if f.kind == "heal" else (f.at, f.kind, f.detail.get("groups"), f.detail.get("one_way"))
            for f in faults
        ]
