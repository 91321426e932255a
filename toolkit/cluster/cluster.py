"""`Cluster`: real worker processes that really get killed, frozen and slowed, and a record of what followed.

It wraps Dask: `.client` is the plain Dask client, and everything Dask can do works on it. What is added is what a
lesson on distributed systems needs: stable names, faults, a timeline, and an end that leaves nothing behind.
Used by every notebook from `01` on; the design is in the docstrings of the modules beside this one.
"""

import atexit
import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from toolkit.cluster import warmup

warmup.start()  # before Dask is imported: both imports then run side by side

import psutil  # noqa: E402
from distributed import Client  # noqa: E402

from toolkit.cluster.arguments import (  # noqa: E402
    check_count,
    check_failures,
    check_memory,
    check_process,
    check_seconds,
)
from toolkit.cluster.attached import AttachedMachines, bounded, connect  # noqa: E402
from toolkit.cluster.interrupts import whole  # noqa: E402
from toolkit.cluster.local import LocalMachines, reaper  # noqa: E402
from toolkit.cluster.slowdown import set_speed  # noqa: E402
from toolkit.cluster.snapshot import Snapshot, WorkerState  # noqa: E402
from toolkit.cluster.timeline import Event, Recorder, Timeline  # noqa: E402

warmup.tell_dask()

_current: dict[str, "Cluster"] = {}  # what this kernel has open: "local", or the address attached to


class Cluster:
    """Worker processes w0, w1, ... of one thread each, a scheduler and a dashboard, all on this machine's loopback.

    Parameters
    ----------
    workers
        How many processes, 1 to 64.
    memory
        Memory limit of each worker, as text ("1 GiB") or bytes, at least 128 MiB. Dask's nanny restarts a worker that
        comes to 95 % of it.
    allowed_failures
        How many deaths of workers a task may be involved in; with one more Dask gives it up with `KilledWorker`.
    timeout
        Seconds until all workers must be ready.

    Use it as a context manager, or close it, or do neither: running the cell again closes the old cluster, and so does
    the end of the kernel, however it ends.

    Raises ValueError or TypeError for a bad argument, before anything is started; TimeoutError if workers do not get
    ready in time.

    >>> with Cluster(workers=2) as cluster:                                             # doctest: +SKIP
    ...     cluster.kill("w1")
    ...     cluster.client.submit(sum, [1, 2]).result()
    """

    _client: Any
    _machines: Any

    def __init__(
        self, workers: int = 4, *, memory: str | int = "1 GiB", allowed_failures: int = 3, timeout: float = 30.0
    ) -> None:
        check_count("workers", workers)
        limit = check_memory(memory)
        check_failures(allowed_failures)
        check_seconds("timeout", timeout)
        check_process()
        _close("local")
        warmup.start()
        self._prepare("local")
        try:
            self._open(workers, limit, allowed_failures)
            self.wait(timeout)
        except BaseException:
            self.close()
            raise

    @whole
    def _open(self, workers: int, memory: int, allowed_failures: int) -> None:
        _current["local"] = self
        self._machines = LocalMachines(workers, memory, allowed_failures, self._record.extend)
        self._client = Client(self._machines)

    @classmethod
    def attach(cls, address_or_client: Any, *, allow_faults: bool = False, timeout: float = 10.0) -> "Cluster":
        """The same object on a Dask cluster that is already running: by its scheduler's address, Client or cluster.

        Faults are refused unless `allow_faults` is true; with it, they go through the workers' nannies. Closing
        detaches and leaves the cluster as it was. Raises ConnectionError that names the address if no scheduler
        answers there within `timeout` seconds.
        """
        check_seconds("timeout", timeout)
        client, opened = connect(address_or_client, timeout)
        self = cls.__new__(cls)
        scheduler = str(client.scheduler_info(n_workers=0)["address"])
        _close(scheduler)
        self._prepare(scheduler)
        try:
            self._join(client, opened, allow_faults)
        except BaseException:
            self.close()
            raise
        return self

    @whole
    def _join(self, client: Client, opened: bool, allow_faults: bool) -> None:
        _current[self._opened_as] = self
        self._client = client
        self._machines = AttachedMachines(client, opened, allow_faults, self._record.extend)
        for state in self._machines.states():
            self._record.add("started", state["name"], pid=state["pid"], address=state["address"])

    def _prepare(self, opened_as: str) -> None:
        self._opened_as = opened_as
        self._record = Recorder()
        self._closed = False
        self._client = self._machines = None
        self._frozen: dict[str, int] = {}  # name -> pid of the suspended process
        self._slowed: dict[str, tuple[int, float]] = {}  # name -> pid and factor
        self._doomed: set[int] = set()  # pids that we killed, which the scheduler may not have noticed yet
        self._changing = threading.RLock()
        self._record.subscribe(self._notice)

    def _notice(self, events: tuple[Event, ...]) -> None:
        """Keep up with what the feed saw. Runs on Dask's loop."""
        for event in events:
            if event.kind in ("lost", "retired") and event.worker is not None:
                self._frozen.pop(event.worker, None)
                self._slowed.pop(event.worker, None)
                if event.kind == "retired" and isinstance(self._machines, AttachedMachines):
                    self._machines.forget(event.worker)
            if event.kind in ("started", "added", "back"):
                self._doomed.discard(event.detail["pid"])  # in case the system has used a pid again
                if self._opened_as == "local":
                    reaper.watch(event.detail["pid"])

    # -- what is there

    @property
    def client(self) -> Any:
        """The plain `distributed.Client` of this cluster."""
        return self._client

    @property
    def names(self) -> tuple[str, ...]:
        """The workers' names in numeric order; they stay the same when processes are replaced."""
        return () if self._closed else tuple(self._machines.names)

    @property
    def pids(self) -> dict[str, int]:
        """Process id of each worker that is there now, by name."""
        return {worker.name: worker.pid for worker in self.snapshot().workers if worker.pid is not None}

    def snapshot(self) -> Snapshot:
        """What the scheduler knows of each worker now. Never waits: no worker is asked, frozen or not."""
        states = [] if self._closed else self._machines.states()
        return Snapshot(time.time() - self._record.began, tuple(self._worker_state(state) for state in states))

    def _worker_state(self, state: dict[str, Any]) -> WorkerState:
        known = {key: value for key, value in state.items() if key != "nanny"}
        pid = known["pid"]
        if pid in self._doomed:
            return WorkerState(known["name"], None, "lost")
        slow_pid, factor = self._slowed.get(known["name"], (None, 1.0))
        frozen = pid is not None and self._frozen.get(known["name"]) == pid
        return WorkerState(**known, frozen=frozen, slowed=factor if slow_pid == pid else 1.0)

    @property
    def timeline(self) -> Timeline:
        """What happened so far (immutable). The newest tasks appear within a tenth of a second."""
        return self._record.timeline()

    @property
    def dashboard_link(self) -> str:
        """Address of Dask's own dashboard, also behind JupyterHub or Binder. It loads when it is opened."""
        return "" if self._closed else str(self._machines.dashboard_link)

    @property
    def closed(self) -> bool:
        """Whether the cluster has been closed."""
        return self._closed

    def subscribe(self, callback: Callable[[tuple[Event, ...]], None]) -> Callable[[], None]:
        """Have `callback(events)` called as things happen; returns a function that ends it.

        It runs on Dask's loop, so it must be quick, must not wait for the cluster, and must not print.
        """
        return self._record.subscribe(callback)

    # -- faults

    @whole
    def kill(self, name: str) -> None:
        """Kill the worker's process at once (SIGKILL). Its nanny starts a new one under the same name.

        Results that only this worker had are lost, and computed again. Raises ValueError for an unknown name,
        RuntimeError if no process is there now or the cluster is closed.
        """
        with self._changing:
            state = self._present(name)
            self._do("killed", name, self._machines.kill, state)
            self._doomed.add(state["pid"])

    @whole
    def freeze(self, name: str) -> None:
        """Suspend the worker's process: it keeps its memory and its connections, and does nothing, until `thaw`.

        The scheduler only notices that heartbeats are missing. (Dask gives a worker up, and has it restarted, after
        five minutes without one.) Freezing a frozen worker changes nothing. Raises as `kill` does.
        """
        with self._changing:
            state = self._present(name)
            if self._frozen.get(name) != state["pid"]:
                self._do("frozen", name, self._machines.suspend, state)
                self._frozen[name] = state["pid"]

    @whole
    def thaw(self, name: str) -> None:
        """Let a frozen worker go on as if nothing had happened. Does nothing to one that is not frozen."""
        with self._changing:
            state = self._present(name)
            if self._frozen.get(name) == state["pid"]:
                self._do("thawed", name, self._machines.resume, state)
                self._frozen.pop(name, None)

    @whole
    def slow(self, name: str, factor: float) -> None:
        """Make every task on the worker take `factor` times as long, computing and waiting alike; 1 is normal speed.

        Also the task that is running is stretched, and a new process under this name runs at normal speed. See
        `toolkit.cluster.slowdown`. Raises ValueError for a factor below 1 or above 1000, RuntimeError for a frozen
        worker, else as `kill` does.
        """
        if isinstance(factor, bool) or not isinstance(factor, int | float) or not 1 <= factor <= 1000:
            raise ValueError(f"factor={factor!r} must be a number from 1 (normal speed) to 1000 (times as long)")
        with self._changing:
            state = self._present(name)
            if name in self._frozen:
                raise RuntimeError(f"{name!r} is frozen and cannot be slowed: thaw({name!r}) first")
            where, doing = [state["address"]], f"slowing {name!r}"
            bounded(self._client, lambda: self._client.run(set_speed(float(factor)), workers=where), doing)
            self._record.add("slowed", name, factor=float(factor))
            self._slowed[name] = (state["pid"], float(factor))

    def require_faults(self) -> None:
        """Raise PermissionError if this cluster is somebody else's, attached without `allow_faults`."""
        if isinstance(self._machines, AttachedMachines):
            self._machines.require_faults()

    def _present(self, name: str) -> dict[str, Any]:
        """The state of the live process called `name`, or an error that says what to do."""
        self._require_open()
        self.require_faults()
        if name not in self._machines.names:
            raise ValueError(f"name={name!r} is not a worker of this cluster: use one of {', '.join(self.names)}")
        state: dict[str, Any] = next(state for state in self._machines.states() if state["name"] == name)
        if state["pid"] is None or state["pid"] in self._doomed:
            raise RuntimeError(f"{name!r} has no process just now, a new one is on its way: wait() for it first")
        return state

    def _do(self, kind: str, name: str, action: Callable[[dict[str, Any]], None], state: dict[str, Any]) -> None:
        """Record, then act: what the scheduler sees of it then always comes later in the timeline."""
        self._record.add(kind, name, pid=state["pid"])
        try:
            action(state)
        except psutil.NoSuchProcess:
            raise RuntimeError(f"{name!r} has just died by itself: wait() for its new process") from None

    def _require_open(self) -> None:
        if self._closed:
            raise RuntimeError("this cluster is closed: start another with Cluster()")

    # -- size, waiting

    @whole
    def scale(self, workers: int) -> None:
        """Add workers, or retire those with the highest numbers, until there are `workers` of them.

        A retiring worker first hands its results to others, so nothing is computed again. Raises RuntimeError if a
        worker is frozen (it could neither hand over nor receive), TimeoutError after 30 s.
        """
        check_count("workers", workers)
        with self._changing:
            self._require_open()
            names = self.names
            if isinstance(self._machines, AttachedMachines):
                self._machines.grow(0)
            if workers > len(names):
                self._machines.grow(workers - len(names))
            elif workers < len(names):
                self._retire(list(names[workers:]))

    def _retire(self, names: list[str]) -> None:
        frozen = [worker.name for worker in self.snapshot().workers if worker.frozen or worker.status != "running"]
        if frozen:
            raise RuntimeError(
                f"{', '.join(frozen)} cannot hand over or receive results now: thaw or kill, and wait(), before scaling"
            )
        bounded(self._client, lambda: self._client.retire_workers(names=names), f"retiring {', '.join(names)}", 30)
        self._machines.shrink(names)

    def wait(self, timeout: float = 30.0) -> None:
        """Wait until every worker is back and answers. Raises TimeoutError that says which do not, and why."""
        check_seconds("timeout", timeout)
        self._require_open()
        deadline = time.monotonic() + timeout
        while late := [w for w in self.snapshot().workers if w.status != "running" or w.frozen]:
            if time.monotonic() > deadline:
                reasons = ", ".join(f"{w.name} is {'frozen (thaw it)' if w.frozen else w.status}" for w in late)
                raise TimeoutError(f"not all workers are back after {timeout:g} s: {reasons}")
            time.sleep(0.005)

    # -- data

    @property
    def directory(self) -> str | None:
        """A directory that every worker can read, removed when the cluster closes; None on an attached cluster."""
        return None if self._closed else self._machines.directory

    def partition(self, data: Any, key: str, by: Any) -> Any:
        """Lay the rows of a table into the worker processes: each goes to `by.owner(row[key])`.

        `data` is a pandas DataFrame or the path of a Parquet file; `by` any partitioner of `toolkit.partitioning` whose
        nodes are workers of this cluster. Returns a `toolkit.cluster.table.PartitionedTable`.
        """
        from toolkit.cluster.table import PartitionedTable

        self._require_open()
        return PartitionedTable(self, data, key, by)

    # -- the end

    @whole
    def close(self) -> None:
        """Close everything, within half a second: also with tasks running or workers frozen. Closing twice is fine."""
        self._close()

    def _close(self) -> None:
        with self._changing:
            if self._closed:
                return
            self._closed = True
            if _current.get(self._opened_as) is self:
                del _current[self._opened_as]
            if isinstance(self._machines, AttachedMachines):
                for name in list(self._frozen):
                    self._thaw_quietly(name)
            elif self._client is not None:
                self._client.close(timeout=2)
            if self._machines is not None:
                self._machines.end()
            if self._opened_as == "local":
                reaper.forget_processes()
            self._record.add("closed")

    def _thaw_quietly(self, name: str) -> None:
        """What we froze in somebody else's cluster, we thaw before we leave; it may have gone meanwhile."""
        state = next((state for state in self._machines.states() if state["name"] == name), None)
        if state is not None and state["pid"] is not None:
            with contextlib.suppress(TimeoutError, OSError):
                self._machines.resume(state)

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # -- display

    def __repr__(self) -> str:
        if self._closed:
            return "<Cluster: closed>"
        notes = ("frozen" if w.frozen else w.status if w.status != "running" else "" for w in self.snapshot().workers)
        workers = (f"{name} ({note})" if note else name for name, note in zip(self.names, notes, strict=False))
        return f"<Cluster: {', '.join(workers)}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """A live panel in a notebook; a still picture where widgets are missing."""
        try:
            from toolkit.widgets import ClusterPanel
        except ImportError:
            from toolkit.pictures import cluster_panel

            picture = cluster_panel(self.snapshot(), self.timeline)
            return {**picture._repr_mimebundle_(include, exclude), "text/plain": repr(self)}
        panel: dict[str, Any] = ClusterPanel(self)._repr_mimebundle_(include=include, exclude=exclude)
        return panel


def _close(what: str) -> None:
    """Close what this kernel has open there, so that a cell can be run again."""
    if what in _current:
        _current[what].close()


@atexit.register
def _close_all() -> None:
    for cluster in list(_current.values()):
        cluster._close()  # no thread can be started any more
