"""A node's life in a worker process: a thread with an event loop of its own, beside Dask's.

A handler that blocks stops its node and nothing else: Dask's own loop goes on, sends its heartbeats, and can be asked
what the node is doing. A resident ends when the coordinator says so, when the coordinator has gone, or with its
process. The functions here are called in the workers by `distributed.Client.run`.
"""

import asyncio
import contextlib
import ctypes
import shutil
import sys
import tempfile
import threading
import traceback
from concurrent.futures import Future
from pathlib import Path
from time import perf_counter
from typing import Any

import cloudpickle

from toolkit.system.deploy.codec import packer
from toolkit.system.deploy.files import DiskFile, LogFile
from toolkit.system.deploy.host import DeployedHost, Plan
from toolkit.system.deploy.link import Address, Inbound
from toolkit.system.deploy.replaying import ReplayHost
from toolkit.system.host import is_own
from toolkit.system.node import GIVEN, state

BOUND = 5.0
"""Seconds that a thread gets to start or to end."""

UNCLAIMED = 30.0
"""Seconds after which a node that no coordinator has connected to ends itself."""

_residents: dict[str, "Resident"] = {}
"""The one resident of this process, by the name of its run."""


class Resident:
    """One node in this process. The port is open when the constructor returns; the node starts when it is told to."""

    def __init__(self, name: str, plan: Plan, life: int, address: str) -> None:
        self.directory = folder(plan.run, plan.directory) / name
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._disk = DiskFile(self.directory / "disk")
        self._log = LogFile(self.directory / f"events-{life}")
        factory = plan.factories[name]
        assert factory is not None
        kind = DeployedHost if plan.script is None else ReplayHost
        self.host = kind(name, factory, plan, self._log.write, self._disk, life=life, tell=self._tell)
        self._pack = packer()
        self._connection: Inbound | None = None
        self._abandoned = False
        opened: Future[Address] = Future()
        self.thread = threading.Thread(target=self._live, args=(address, opened), name=f"node {name}", daemon=True)
        self.thread.start()
        self.address = opened.result(BOUND)

    def _live(self, address: str, opened: "Future[Address]") -> None:
        try:
            asyncio.run(self._main(address, opened))
        finally:
            self._log.close()
            self._disk.close()
            if self._abandoned:
                remove(self.directory)

    async def _main(self, address: str, opened: "Future[Address]") -> None:
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        try:
            opened.set_result(await self.host.listen(address, self._control))
        except OSError as error:
            opened.set_exception(error)
            return
        self._loop.call_later(UNCLAIMED, self._expect_connection)
        await self._end.wait()
        self.host.stop()
        await asyncio.sleep(0)  # transports finish closing in the loop's next turn

    def _control(self, values: list[Any], connection: Inbound) -> None:
        """What the coordinator says, and the end of its connection."""
        self._connection = connection
        for what, *arguments in values:
            if what == "clock":
                connection.transport.write(self._pack(["clock", perf_counter()]))
            elif what == "gone":
                self._abandon()
            else:
                self.host.obey(what, *arguments)

    def _expect_connection(self) -> None:
        """A coordinator that was interrupted while it set up may never come."""
        if self._connection is None:
            self._abandon()

    def _abandon(self) -> None:
        self._abandoned = True
        self._end.set()

    def _tell(self, *message: Any) -> None:
        if self._connection is not None:
            self._connection.transport.write(self._pack(list(message)))

    def end(self) -> bool:
        """End the thread; returns whether it has ended. Called from another thread."""
        if self.thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self.thread.join(BOUND)
        return not self.thread.is_alive()


def folder(run: str, directory: str | None) -> Path:
    """Where a run's files lie on this machine: in the cluster's directory, or among its temporary files."""
    return Path(directory or tempfile.gettempdir()) / f"toolkit-run-{run}"


def settle(payload: bytes, names: dict[str, str], life: int, dask_worker: Any) -> tuple[str, Address | str]:
    """Make this worker process the home of its node; returns its name and port, or why its class cannot be had."""
    for run in list(_residents):
        _residents.pop(run).end()  # left by a run that did not come to its end
    try:
        plan: Plan = cloudpickle.loads(payload)
    except Exception as error:  # noqa: BLE001 - unpickling runs the learner's imports, which may raise anything
        return "", f"{type(error).__name__}: {error}"
    name = names[dask_worker.address]
    resident = _residents[plan.run] = Resident(name, plan, life, dask_worker.ip)
    return name, resident.address


def doing(run: str) -> dict[str, Any] | None:
    """What the node in this process is doing: None if it waits, else which handler it is in, where, and for how long.

    With it come the events that have not yet been written down.
    """
    resident = _residents.get(run)
    busy = resident.host.busy if resident is not None else None
    frame = sys._current_frames().get(resident.thread.ident or 0) if resident is not None else None
    if resident is None or busy is None or frame is None:
        return None
    stack = [entry for entry in traceback.extract_stack(frame) if is_own(entry.filename)]
    place = (stack[-1].filename, stack[-1].lineno, stack[-1].line) if stack else (None, None, None)
    called = stack[0].name if stack else "its handler"
    return {
        "seconds": perf_counter() - busy,
        "handler": called,
        "place": place,
        "unwritten": b"".join(tuple(resident.host.unwritten)),
    }


def collect(run: str, directory: str | None, names: dict[str, str], dask_worker: Any) -> dict[str, Any]:
    """End the node of this worker, and bring home what there is of it: events by life, disk, and variables."""
    name = names[dask_worker.address]
    resident = _residents.pop(run, None)
    ended = resident is None or resident.end()
    place = folder(run, directory) / name
    found = {
        "name": name,
        "ended": ended,
        "variables": _variables(resident) if resident is not None and ended else None,
        "events": {int(path.name.split("-")[1]): path.read_bytes() for path in place.glob("events-*")},
        "disk": (place / "disk").read_bytes() if (place / "disk").exists() else b"",
    }
    remove(place)
    return found


def remove(place: Path) -> None:
    """Remove a node's directory, and the run's after the last node of this machine."""
    shutil.rmtree(place, ignore_errors=True)
    with contextlib.suppress(OSError):  # others are still there, or the last one has just done it
        place.parent.rmdir()


def _variables(resident: Resident) -> bytes | None:
    """The node's variables as they ended; as plain data where they cannot travel."""
    node = resident.host.node
    if node is None or resident.host.status != "ended":
        return None
    try:
        return cloudpickle.dumps({name: value for name, value in vars(node).items() if name not in (*GIVEN, "_host")})
    except Exception:  # noqa: BLE001 - a variable's own pickling may raise anything
        return cloudpickle.dumps(state(node))


class HandlerTimeout(Exception):
    """A handler ran for too long and was interrupted."""

    def __str__(self) -> str:
        return "the handler did not return in time"


def interrupt(run: str) -> None:
    """Raise `HandlerTimeout` in the handler that is running, at its own line. What waits in C goes on waiting."""
    resident = _residents.get(run)
    if resident is not None and resident.host.busy is not None:
        thread = ctypes.c_ulong(resident.thread.ident or 0)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(HandlerTimeout))
