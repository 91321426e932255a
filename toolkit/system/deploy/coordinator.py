"""Conduct a run on real processes from the notebook: set the nodes up, carry out the schedule, bring the record home.

The coordinator gives orders (start, where the others are) and carries out the faults that need the operating system. It
sees no message between nodes. Clients live here: they are the users, and the notebook is where the users are.
"""

import asyncio
import math
import secrets
import threading
import time
from collections.abc import Coroutine, Iterable
from concurrent.futures import Future
from time import perf_counter
from typing import TYPE_CHECKING, Any

from toolkit.system.deploy import resident
from toolkit.system.deploy.files import replay
from toolkit.system.deploy.gather import Lane, merge, read
from toolkit.system.deploy.host import DeployedHost, Plan
from toolkit.system.deploy.link import Address
from toolkit.system.deploy.remote import Remote
from toolkit.system.deploy.shipping import pack, unpack
from toolkit.system.disk import Disk, Write, apply
from toolkit.system.faults import Fault, Faults
from toolkit.system.host import random_stream
from toolkit.system.message import MessageError
from toolkit.system.run import Run
from toolkit.system.trace import Trace
from toolkit.system.workload import Workload

if TYPE_CHECKING:
    from toolkit.cluster import Cluster
    from toolkit.system.system import System

LEAD = 0.05
"""Seconds between the order to start and second 0, so that all nodes start together."""
BEAT = 0.25
"""Seconds between two looks at whether the nodes answer."""
BACK = 30.0
"""Seconds within which the process of a killed worker must be replaced."""
ENDING = 60.0
"""Seconds that setting up and clearing away may take at most, all together."""


def deploy(
    system: "System",
    cluster: "Cluster",
    seconds: float = 5.0,
    faults: Iterable[Fault] = (),
    workload: Workload | None = None,
    *,
    seed: int = 0,
    handler_limit: float = 3.0,
) -> Run:
    """Run the system for `seconds` on worker processes of the cluster, one for each node, and return what happened.

    A crash is SIGKILL, a pause a suspended process; message faults are done at a gate in each process, by the run's
    common clock. A handler that has not returned after `handler_limit` seconds is the end of its node, and named in
    `run.errors`. The network is the real one; a `Network` with loss, duplicates or a latency of its own is put on top.

    Raises ValueError for a bad argument, faults or a workload that do not fit, or more nodes than workers, TypeError
    for a class that cannot be sent, PermissionError for a crash or pause on an attached cluster that does not allow it;
    all before anything is started. Raises MessageError for a message that no node can receive.
    """
    _check_seconds("seconds", seconds)
    _check_seconds("handler_limit", handler_limit)
    schedule = Faults(faults)
    schedule.check([*system.nodes, *system.clients], seconds)
    clients = system.client_factories(workload)
    for fault in schedule:
        if fault.node in system.clients and fault.kind != "skew_clock":
            raise ValueError(
                f"{fault.kind} of {fault.node!r} at {fault.at:g} s: clients live in the notebook, whose process "
                "is not to be killed or paused; simulate that, or make it a node"
            )
    workers = _workers(system, cluster, schedule)
    plan = Plan(
        run=secrets.token_hex(8),
        token=secrets.token_bytes(32),
        factories=dict(system.nodes),
        clients=system.clients,
        network=system.network,
        faults=schedule,
        seed=seed,
        seconds=seconds,
        directory=cluster.directory,
    )
    return _in_thread(
        Coordinator(plan, clients, cluster, workers, pack(plan), handler_limit).conduct(), seconds + ENDING
    )


def _check_seconds(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError(f"{name}={value!r} must be a number of seconds above 0")


def _workers(system: "System", cluster: "Cluster", faults: Faults) -> list[str]:
    """The names of the workers that the nodes are to live in."""
    from toolkit.cluster import Cluster

    if not isinstance(cluster, Cluster):
        raise TypeError(
            f"cluster={cluster!r} must be a toolkit.Cluster; for a Dask cluster or client, Cluster.attach(it)"
        )
    if cluster.closed:
        raise RuntimeError("the cluster is closed: start another with Cluster()")
    if len(system.nodes) > len(cluster.names):
        raise ValueError(
            f"the system has {len(system.nodes)} nodes and the cluster {len(cluster.names)} workers, and each node "
            f"needs a process of its own: use Cluster(workers={len(system.nodes)}) or more, or a smaller system"
        )
    if any(fault.kind in ("crash", "pause") for fault in faults):
        _require_faults(cluster)
    ready = [worker.name for worker in cluster.snapshot().workers if worker.status == "running" and not worker.frozen]
    if len(ready) < len(system.nodes):
        cluster.wait()
        ready = list(cluster.names)
    return ready[: len(system.nodes)]


def _require_faults(cluster: "Cluster") -> None:
    """Raise PermissionError if this cluster is somebody else's, and we may not break it."""
    from toolkit.cluster.attached import AttachedMachines

    if isinstance(cluster._machines, AttachedMachines):
        cluster._machines.require_faults()


def _in_thread(run: Coroutine[Any, Any, Run], bound: float) -> Run:
    """Run in a thread with an event loop of its own. Ctrl-C ends the run in good order, and is then raised."""
    outcome: Future[Run] = Future()
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[Run]]] = Future()

    async def main() -> Run:
        task = asyncio.ensure_future(run)
        started.set_result((asyncio.get_running_loop(), task))
        return await task

    def work() -> None:
        try:
            outcome.set_result(asyncio.run(main()))
        except BaseException as error:  # noqa: BLE001 - handed to the caller, whatever it is
            outcome.set_exception(error)

    threading.Thread(target=work, name="coordinator", daemon=True).start()
    try:
        return outcome.result(bound)
    except BaseException:
        if not outcome.done():
            loop, task = started.result(1.0)
            loop.call_soon_threadsafe(task.cancel)
            outcome.exception(ENDING)
        raise


class Memory:
    """The disk of a client: it lasts as long as the notebook."""

    def __init__(self) -> None:
        self.content: dict[str, Any] = {}

    def store(self, writes: list[Write]) -> None:
        """Keep these writes."""
        for write in writes:
            apply(self.content, write)


class Remains:
    """The host of a node that has come home: what it had can be read, and there is nowhere to send to."""

    def __init__(self, name: str, plan: Plan, disk: dict[str, Any]) -> None:
        self.name = name
        self.peers = tuple(other for other in plan.factories if other != name)
        self.random = random_stream(plan.seed, "node", name)
        self.disk = Disk(disk, lambda writes: None)


class Coordinator:
    """One run; `conduct` is all of it."""

    def __init__(
        self,
        plan: Plan,
        clients: dict[str, Any],
        cluster: "Cluster",
        workers: list[str],
        payload: bytes,
        handler_limit: float,
    ) -> None:
        self.plan, self.cluster, self.payload, self.limit = plan, cluster, payload, handler_limit
        self.remotes = {
            name: Remote(name, worker, self._heard) for name, worker in zip(plan.factories, workers, strict=True)
        }
        self.factories = clients
        self.clients: dict[str, DeployedHost] = {}
        self.logs: dict[str, list[bytes]] = {}
        self.directory: dict[str, Address] = {}
        self.zero = math.inf
        self.ending = False

    async def conduct(self) -> Run:
        """Set up, run, clear away, and make the record."""
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._set_up()
            tasks = [asyncio.create_task(self._fate(remote)) for remote in self.remotes.values()]
            tasks.append(asyncio.create_task(self._watch()))
            for task in tasks:
                task.add_done_callback(self._check)
            await asyncio.wait([self.broken], timeout=self.zero + self.plan.seconds - perf_counter())
        finally:
            self.ending = True
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            found = await self._clear_away()
        if self.broken.done():
            self.broken.result()
        return self._record(found)

    def _check(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._break(error)

    def _break(self, error: BaseException) -> None:
        if not self.broken.done():
            self.broken.set_exception(error)

    # -- the beginning

    async def _set_up(self) -> None:
        await self._settle(list(self.remotes.values()))
        await self._bring_clients()
        ahead = await asyncio.gather(*(remote.offset() for remote in self.remotes.values()))
        self.zero = perf_counter() + LEAD
        self.began = time.time() + LEAD
        for remote, offset in zip(self.remotes.values(), ahead, strict=True):
            self._start(remote, offset)
        for host in self.clients.values():
            host.locate(self.directory)
            host.start(self.zero)

    async def _settle(self, remotes: list[Remote]) -> None:
        """Make worker processes the homes of these nodes, with open ports but not yet started."""
        addresses = {worker.name: worker.address for worker in self.cluster.snapshot().workers}
        names = {str(addresses[remote.worker]): remote.name for remote in remotes}
        life = remotes[0].life
        answers = await self._in_workers(resident.settle, names, life, self.payload, names, life)
        for name, address in answers.values():
            if not name:
                raise ImportError(
                    f"a worker process cannot load the nodes: {address}. Install there what they "
                    "import, or import it inside the methods that need it"
                )
            self.directory[name] = (address[0], address[1])
        await asyncio.gather(*(remote.connect(self.directory[remote.name], self.plan.token) for remote in remotes))

    async def _in_workers(self, function: Any, names: dict[str, str], _: Any = None, *arguments: Any) -> dict[str, Any]:
        """Call a function of `resident` in the worker processes with these addresses."""
        from toolkit.cluster.attached import bounded

        client = self.cluster.client
        who = ", ".join(names.values())

        def call() -> Any:
            return bounded(
                client,
                lambda: client.run(function, *arguments, workers=list(names)),
                f"{function.__name__} {who}",
                BACK,
            )

        answers: dict[str, Any] = await asyncio.to_thread(call)
        return answers

    async def _bring_clients(self) -> None:
        for name, factory in self.factories.items():
            log = self.logs[name] = []
            host = DeployedHost(name, factory, self.plan, log.append, Memory(), ended=self._client_ended)
            self.clients[name] = host
            self.directory[name] = await host.listen(_own_address(self.cluster))

    def _client_ended(self, what: str, text: str = "") -> None:
        if what == "mistake":
            self._break(MessageError(text))

    def _start(self, remote: Remote, offset: float) -> None:
        remote.status = "up"
        remote.tell("locate", self.directory)
        remote.tell("start", self.zero + offset)

    # -- what happens meanwhile

    def _heard(self, remote: Remote, what: str, text: str = "") -> None:
        """A node reports that it is down, or has stopped answering for good."""
        if what == "mistake":
            remote.status = "down"
            self._break(MessageError(text))
        elif what == "down":
            remote.status = "down"
        elif what == "lost" and remote.status != "down" and not self.ending:
            self._crashed(remote, "lost")

    def _crashed(self, remote: Remote, why: str) -> None:
        remote.status = "down"
        remote.lane.done.append((self._at(), remote.life, "crash", why))

    def _at(self) -> float:
        return perf_counter() - self.zero

    async def _fate(self, remote: Remote) -> None:
        """Carry out the faults of one node, each at its time."""
        for fault in self.plan.faults:
            if fault.node == remote.name:
                await asyncio.sleep(fault.at - self._at())
                await getattr(self, f"_{fault.kind}")(remote, fault)

    async def _crash(self, remote: Remote, fault: Fault) -> None:
        if remote.status != "down":
            remote.status = "down"
            await asyncio.to_thread(self.cluster.kill, remote.worker)
            self._crashed(remote, "fault")

    async def _restart(self, remote: Remote, fault: Fault) -> None:
        if remote.status == "down":
            await self._back(remote)
            remote.life += 1
            await self._settle([remote])
            offset = await remote.offset()
            self._start(remote, offset)
            for other in [*self.remotes.values()]:
                other.tell("locate", {remote.name: self.directory[remote.name]})
            for host in self.clients.values():
                host.locate({remote.name: self.directory[remote.name]})

    async def _back(self, remote: Remote) -> None:
        """Wait until the node's worker has a process."""
        async with asyncio.timeout(BACK):
            while not self._running(remote):
                await asyncio.sleep(0.005)

    def _running(self, remote: Remote) -> bool:
        states = self.cluster.snapshot().workers
        return any(worker.name == remote.worker and worker.status != "lost" and worker.pid for worker in states)

    async def _pause(self, remote: Remote, fault: Fault) -> None:
        if remote.status == "up":
            remote.status = "paused"
            await asyncio.to_thread(self.cluster.freeze, remote.worker)
            remote.lane.done.append((self._at(), remote.life, "pause"))

    async def _resume(self, remote: Remote, fault: Fault) -> None:
        if remote.status == "paused":
            remote.lane.done.append((self._at(), remote.life, "resume"))
            await asyncio.to_thread(self.cluster.thaw, remote.worker)
            remote.answered = perf_counter()
            remote.status = "up"

    async def _skew_clock(self, remote: Remote, fault: Fault) -> None:
        """The node's own process does it; here it is only written down."""
        detail = fault.detail
        remote.lane.done.append((fault.at, remote.life, "clock", detail["offset"], detail["drift"]))

    # -- nodes that do not answer

    async def _watch(self) -> None:
        """Look after nodes whose handlers do not return."""
        while True:
            await asyncio.sleep(BEAT)
            for remote in self.remotes.values():
                if remote.status == "up":
                    remote.tell("clock")
                    if perf_counter() - remote.answered > self.limit:
                        await self._look_at(remote)

    async def _look_at(self, remote: Remote) -> None:
        """A node is silent: if its handler has run for too long, that is its end."""
        names = self._addresses([remote])
        busy = (await self._in_workers(resident.doing, names, None, self.plan.run)).popitem()[1]
        if busy is None or busy["seconds"] < self.limit:
            return
        await self._in_workers(resident.interrupt, names, None, self.plan.run)
        deadline = perf_counter() + 1.0
        while remote.status == "up" and perf_counter() < deadline:
            await asyncio.sleep(0.01)
        if remote.status == "up":
            await self._end_by_force(remote, busy)

    async def _end_by_force(self, remote: Remote, busy: dict[str, Any]) -> None:
        remote.status = "down"
        remote.lane.lives.setdefault(remote.life, []).extend(read(busy["unwritten"]))
        text = f"{busy['handler']} has not returned for {busy['seconds']:.1f} s"
        remote.lane.done.append((self._at(), remote.life, "error", "HandlerTimeout", text, *busy["place"]))
        await asyncio.to_thread(self.cluster.kill, remote.worker)
        self._crashed(remote, "error")

    def _addresses(self, remotes: Iterable[Remote]) -> dict[str, str]:
        """Address of the worker process -> name of the node, of these nodes."""
        addresses = {worker.name: worker.address for worker in self.cluster.snapshot().workers}
        return {str(addresses[remote.worker]): remote.name for remote in remotes if addresses.get(remote.worker)}

    # -- the end

    async def _clear_away(self) -> dict[str, dict[str, Any]]:
        """End every node, leave the workers usable, and return what the nodes left behind."""
        for host in self.clients.values():
            host.stop()
        for remote in self.remotes.values():
            if remote.status == "paused":
                await asyncio.to_thread(self.cluster.thaw, remote.worker)
                remote.answered = perf_counter()
                remote.status = "up"
        if self.zero < math.inf:
            await self._last_look()
        for remote in self.remotes.values():
            await self._back(remote)
        names = self._addresses(self.remotes.values())
        answers = await self._in_workers(resident.collect, names, None, self.plan.run, self.plan.directory, names)
        for remote in self.remotes.values():
            remote.disconnect()
        return {answer.pop("name"): answer for answer in answers.values()}

    async def _last_look(self) -> None:
        """Wait for handlers that are still running, and end those that run for too long."""
        asked = perf_counter()
        silent = [remote for remote in self.remotes.values() if remote.status == "up"]
        for remote in silent:
            remote.tell("clock")
        while silent and perf_counter() - asked < self.limit:
            silent = [remote for remote in silent if remote.status == "up" and remote.answered < asked]
            await asyncio.sleep(0.005)
        for remote in silent:
            await self._look_at(remote)

    def _record(self, found: dict[str, dict[str, Any]]) -> Run:
        plan = self.plan
        lanes = []
        nodes = {}
        for name, remote in self.remotes.items():
            files = found[name]
            for life, data in files["events"].items():
                remote.lane.lives[life] = read(data) + remote.lane.lives.get(life, [])
            lanes.append(remote.lane)
            nodes[name] = unpack(
                plan.factories[name], files["variables"], Remains(name, plan, replay(files["disk"])[0])
            )
        lanes += [Lane(name, {0: read(b"".join(self.logs[name]))}) for name in self.clients]
        network = [
            (fault.at, fault.kind, *_sides(fault)) for fault in plan.faults if fault.kind in ("partition", "heal")
        ]
        trace = Trace(
            merge(lanes, network),
            kind="deployed",
            seed=plan.seed,
            nodes=plan.names,
            clients=plan.clients,
            until=plan.seconds,
            began=self.began,
        )
        return Run(trace, nodes, plan.faults)


def _sides(fault: Fault) -> tuple[Any, ...]:
    return (fault.detail.get("groups"), fault.detail.get("one_way")) if fault.kind == "partition" else ()


def _own_address(cluster: "Cluster") -> str:
    """The address of this machine that the workers can reach: the one which we reach the scheduler from."""
    from distributed.comm.addressing import get_address_host
    from distributed.utils import get_ip

    scheduler = get_address_host(cluster.client.scheduler_info(n_workers=0)["address"])
    return str(get_ip(scheduler))
