"""Make worker processes start fast: one process imports Dask early, and every worker is forked from it.

Nearly all of a worker's start-up time is `import distributed`, and a plain cluster pays it once per worker. Linux
offers a *fork server*: a helper process, single-threaded, that has done the import and forks ready-made workers on
request. It is started here before this process imports Dask itself, so that the two imports run side by side.

macOS and Windows keep `spawn` (Windows has nothing else, and on macOS a forked process may not use system
frameworks). `fork` straight from the notebook is never used: a child forked from a process with running threads
inherits open pipes, which keep workers alive after the notebook has died.
"""

import contextlib
import multiprocessing
import signal
import sys
from collections.abc import Iterator

METHOD = "forkserver" if sys.platform == "linux" else "spawn"
"""How worker processes are started on this system (see `multiprocessing`, "Contexts and start methods")."""

# What a worker imports until it is ready. A name that a later Dask has dropped is skipped by the fork server.
_PRELOAD = [
    "distributed",
    "distributed.nanny",
    "distributed.worker",
    "distributed.http.health",
    "distributed.http.worker",
    "multiprocessing.popen_forkserver",
    "multiprocessing.resource_tracker",
    "multiprocessing.synchronize",
    "numpy.random",
    "tornado.platform.asyncio",
]


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Processes started inside never see Ctrl-C: they inherit the blocked signal (POSIX; elsewhere nothing to do)."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start() -> None:
    """Start the fork server where there is one; safe to call again, and it replaces a fork server that has died.

    Does nothing in a child process: a worker that imports the learner's script must not warm up workers of its own.
    """
    if METHOD != "forkserver" or multiprocessing.current_process().name != "MainProcess":
        return
    from multiprocessing import forkserver, resource_tracker

    multiprocessing.get_context("forkserver").set_forkserver_preload(_PRELOAD)
    resource_tracker.ensure_running()  # would be started by the next line, and lift the block
    with _interrupts_blocked():
        forkserver.ensure_running()


def directory() -> str | None:
    """Where the fork server's socket lies: a temporary directory of this kernel, None where there is no fork server."""
    from multiprocessing import util

    return util.get_temp_dir() if METHOD == "forkserver" else None


def tell_dask() -> None:
    """Keep Dask from preparing the fork server a second time: it would import all its optional packages here."""
    import distributed.utils

    if hasattr(distributed.utils, "_forkserver_preload_set"):
        distributed.utils._forkserver_preload_set = True
