"""The machines of our own cluster: a scheduler in this process, and one worker process per name, on loopback.

`LocalMachines` is Dask's `SpecCluster` with settings that a lesson needs. Each setting answers something that plain
`LocalCluster` does and that would spoil a lesson; the comment beside it says what.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import dask.config
import psutil
from distributed import Nanny, Scheduler, SpecCluster
from distributed.core import Status

from toolkit.cluster import dashboard, warmup
from toolkit.cluster.feed import Feed
from toolkit.cluster.reaper import Reaper
from toolkit.cluster.timeline import natural

LOOPBACK = "127.0.0.1"

GRACE = 0.1
"""Seconds that workers get to finish by themselves when the cluster closes, before their processes are killed."""

reaper = Reaper()
"""One per kernel: kills frozen workers and removes files if the kernel is killed."""

# Run in each worker process before anything else.
# The Interrupt button (Ctrl-C) sends SIGINT to every process of the group, and a worker that dies of it is not
# restarted by its nanny. And a worker's own log would be printed in the terminal of the notebook server.
_PRELOAD = """
import logging, signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
logging.getLogger("distributed").setLevel(logging.CRITICAL)
"""


def _settings(directory: str) -> dict[str, Any]:
    """Dask settings that hold as long as the cluster lives (for every cluster in this process)."""
    return {
        "distributed.worker.multiprocessing-method": warmup.METHOD,
        # Dask gives a name up for good if it happens to be away this long after *any* earlier loss of it.
        "distributed.deploy.lost-worker-timeout": "24h",
        "temporary-directory": directory,
        # Metrics for Prometheus cost each worker 40 ms of imports, and nobody reads them here.
        "distributed.worker.http.routes": ["distributed.http.health"],
        "distributed.scheduler.http.routes": [
            route
            for route in dask.config.get("distributed.scheduler.http.routes")
            if route != "distributed.http.scheduler.prometheus"
        ],
    }


class LocalMachines(SpecCluster):
    """Scheduler and worker processes on this machine; started when the constructor returns.

    `workers` is their number, `memory` each one's limit in bytes, `allowed_failures` how many worker deaths a task may
    be involved in before Dask gives it up. `publish` receives the feed's events. If starting fails, everything is
    closed before the exception goes on.
    """

    def __init__(
        self, workers: int, memory: int, allowed_failures: int, publish: Callable[[list[dict[str, Any]]], None]
    ) -> None:
        self._ended = False
        self._stack = contextlib.ExitStack()
        self.directory = tempfile.mkdtemp(prefix="toolkit-cluster-")
        self._stack.callback(_remove, self.directory)
        self.feed = Feed("toolkit", publish)
        self._worker = {
            "cls": Nanny,
            "options": {
                "host": LOOPBACK,
                "nthreads": 1,
                "memory_limit": memory,
                "dashboard_address": f"{LOOPBACK}:0",
                "local_directory": self.directory,
                "preload": [_PRELOAD],
                "silence_logs": logging.CRITICAL,
            },
        }
        try:
            if (sockets := warmup.directory()) is not None:
                reaper.adopt(sockets)
            reaper.adopt(self.directory)
            self._stack.enter_context(dask.config.set(_settings(self.directory)))
            self._stack.enter_context(_quiet())
            super().__init__(
                scheduler={
                    "cls": Scheduler,
                    "options": {
                        "host": LOOPBACK,
                        "port": 0,
                        "dashboard": False,  # Bokeh is loaded by `dashboard` when somebody looks
                        "dashboard_address": f"{LOOPBACK}:0",  # a free port; without this line Dask takes 8787
                        "allowed_failures": allowed_failures,
                        "plugins": [self.feed],
                    },
                },
                workers={f"w{number}": self._worker for number in range(workers)},
                worker=self._worker,
                silence_logs=logging.CRITICAL,
            )
            self.feed.joining = "added"
            self.sync(self._serve_dashboard)
        except BaseException:
            self.end()
            raise

    async def _serve_dashboard(self) -> None:
        dashboard.attach(self._scheduler)

    def _new_worker_name(self, worker_number: int) -> str:
        return f"w{worker_number}"

    @property
    def _scheduler(self) -> Any:
        return self.scheduler

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the workers that are or should be there, in numeric order."""
        return tuple(sorted(self.worker_spec, key=natural))

    @property
    def dashboard_link(self) -> str:
        """Where Dask's dashboard is; see `toolkit.cluster.dashboard.link`."""
        return dashboard.link(self._scheduler.http_server.port)

    def states(self) -> list[dict[str, Any]]:
        """One dict per worker that should be there, fit for `WorkerState`; never waits."""
        live = {state["name"]: state for state in self.feed.states()}
        return [live.get(name) or self._absent(name) for name in self.names]

    def _absent(self, name: str) -> dict[str, Any]:
        nanny = self.workers.get(name)
        process = None if nanny is None else nanny.process
        starting = process is not None and process.status in (Status.init, Status.starting)
        return {"name": name, "pid": None, "status": "starting" if starting else "lost"}

    # -- faults: straight to the process

    def kill(self, state: dict[str, Any]) -> None:
        """End the worker's process at once (SIGKILL; TerminateProcess on Windows)."""
        psutil.Process(state["pid"]).kill()

    def suspend(self, state: dict[str, Any]) -> None:
        """Stop the worker's process where it stands (SIGSTOP; NtSuspendProcess on Windows)."""
        psutil.Process(state["pid"]).suspend()

    def resume(self, state: dict[str, Any]) -> None:
        """Let a suspended process go on."""
        psutil.Process(state["pid"]).resume()

    # -- size

    def grow(self, count: int) -> None:
        """Start `count` more workers under the lowest free names."""
        number = 0
        while count:
            if f"w{number}" not in self.worker_spec:
                self.worker_spec[f"w{number}"] = self._worker
                count -= 1
            number += 1
        self.sync(self._grown)

    async def _grown(self) -> None:
        await self

    def shrink(self, names: list[str]) -> None:
        """Close workers that have been retired (that is, that have handed over their results)."""
        self.sync(self._shrunk, names)

    async def _shrunk(self, names: list[str]) -> None:
        await self._end_workers([self.workers[name] for name in names if name in self.workers])
        await self.scale_down(names)

    # -- the end

    def end(self) -> None:
        """Close everything within a moment, also with a task running or a worker frozen; may be called twice."""
        if self._ended:
            return
        self._ended = True
        try:
            if getattr(self, "scheduler", None) is not None:
                self.sync(self._end_workers, list(self._created), callback_timeout=10)
                self.close(timeout=10)
        finally:
            self._stack.close()

    async def _end_workers(self, nannies: list[Any]) -> None:
        """Ask workers to finish; kill the processes of those that take longer than `GRACE`.

        Dask would wait four seconds for a task that is running, and for ever for a frozen worker's answer.
        """
        pids = {nanny: nanny.pid for nanny in nannies}
        closing = [asyncio.ensure_future(nanny.close()) for nanny in nannies]
        if not closing:
            return
        await asyncio.wait(closing, timeout=GRACE)
        for nanny, pid in pids.items():
            if pid and nanny.process is not None:
                with contextlib.suppress(psutil.NoSuchProcess):
                    psutil.Process(pid).kill()
        await asyncio.wait(closing, timeout=5)


def _remove(directory: str) -> None:
    """Remove a directory in which a dying worker may still be tidying up; what resists is left to the reaper."""
    for _ in range(10):
        shutil.rmtree(directory, ignore_errors=True)
        if not os.path.exists(directory):
            reaper.forget(directory)
            return
        time.sleep(0.02)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's own log off the screen while a cluster lives: here, workers die on purpose. Errors of tasks are not
    only logged but raised where their result is asked for, so none of them is lost."""
    handlers = logging.getLogger("distributed").handlers
    before = [(handler, handler.level) for handler in handlers]
    for handler in handlers:
        handler.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for handler, level in before:
            handler.setLevel(level)
