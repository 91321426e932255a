"""`deploy`: check everything that can be checked, then let a coordinator conduct the run in a thread of its own."""

import asyncio
import math
import secrets
import threading
from collections.abc import Coroutine, Iterable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from toolkit.system.deploy.coordinator import Coordinator
from toolkit.system.deploy.host import Plan
from toolkit.system.deploy.replay_coordinator import ReplayCoordinator
from toolkit.system.deploy.replaying import check_record, script
from toolkit.system.deploy.shipping import pack
from toolkit.system.faults import Fault, Faults
from toolkit.system.run import Run
from toolkit.system.trace import Trace
from toolkit.system.workload import Workload

if TYPE_CHECKING:
    from toolkit.cluster import Cluster
    from toolkit.system.system import System

ENDING = 90.0
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
    replay: Trace | None = None,
) -> Run:
    """Run the system for `seconds` on worker processes of the cluster, one for each node, and return what happened.

    A crash is SIGKILL, a pause a suspended process; message faults are done at a gate in each process, by the run's
    common clock. A handler that has not returned after `handler_limit` seconds is the end of its node, and named in
    `run.errors`. The network is the real one: a `Network` with loss, duplicates, order or a latency of its own is put
    on top of it; the default latency is not. `seed` feeds the nodes' random numbers and the gates', but real time has
    no seed.

    With `replay`, a recorded run is repeated in the very order that it had, simulated or deployed: messages and timers
    wait until it is their turn, what was lost is lost, and who crashed is killed. Give the workload of that run, and no
    faults; it may take up to `seconds`, and ends with the record.

    Raises ValueError for a bad argument, faults or a workload that do not fit, or more nodes than workers, TypeError
    for a class that cannot be sent, PermissionError for a crash or pause on an attached cluster that does not allow it;
    all before anything is started. Then MessageError for a message that no node can receive, ImportError if a worker
    cannot load the classes, TimeoutError if a worker does not answer, ReplayError where a node leaves the record.
    """
    _check_seconds("seconds", seconds)
    _check_seconds("handler_limit", handler_limit)
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError(f"seed={seed!r} must be an int")
    schedule = Faults(faults)
    if replay is not None:
        check_record(replay, [*system.nodes, *system.clients], schedule)
        seed = replay.seed or 0
    schedule.check([*system.nodes, *system.clients], seconds)
    _check_clients(system, schedule)
    clients = system.client_factories(workload)
    breaks = any(fault.kind in ("crash", "pause") for fault in schedule) or bool(replay and replay.of("crash"))
    workers = _workers(system, cluster, breaks)
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
        script=None if replay is None else script(replay),
    )
    coordinator = Coordinator(plan, pack(plan), clients, cluster, workers, handler_limit)
    if replay is not None:
        coordinator = ReplayCoordinator(plan, pack(plan), clients, cluster, workers, handler_limit).follow(replay)
    return _in_thread(coordinator.conduct(), seconds + ENDING)


def _check_seconds(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError(f"{name}={value!r} must be a number of seconds above 0")


def _check_clients(system: "System", faults: Faults) -> None:
    for fault in faults:
        if fault.node in system.clients and fault.kind != "skew_clock":
            raise ValueError(
                f"{fault.kind} of {fault.node!r} at {fault.at:g} s: clients live in the notebook, whose process is not "
                "to be killed or paused; cut the client off with a partition, or simulate"
            )


def _workers(system: "System", cluster: "Cluster", breaks: bool) -> list[str]:
    """The names of the workers that the nodes are to live in; `breaks` if the run kills or suspends some."""
    from toolkit.cluster import Cluster

    if not isinstance(cluster, Cluster):
        raise TypeError(f"cluster={cluster!r} must be a toolkit.Cluster; if it is Dask's, Cluster.attach(it)")
    if cluster.closed:
        raise RuntimeError("the cluster is closed: start another with Cluster()")
    if len(system.nodes) > len(cluster.names):
        raise ValueError(
            f"the system has {len(system.nodes)} nodes and the cluster {len(cluster.names)} workers, and each node "
            f"needs a process of its own: use Cluster(workers={len(system.nodes)}) or more, or a smaller system"
        )
    if breaks:
        cluster.require_faults()
    ready = [worker.name for worker in cluster.snapshot().workers if worker.status == "running" and not worker.frozen]
    if len(ready) < len(system.nodes):
        cluster.wait()
        ready = list(cluster.names)
    return ready[: len(system.nodes)]


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
