"""Real clusters for the tests, and a watch that none of their processes outlives its test."""

import contextlib
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from toolkit.cluster import Cluster

PATIENCE = 30.0
"""Seconds after which something counts as hanging. Never a measure of speed: the machine may be busy."""


def eventually(condition: Callable[[], Any], what: str, timeout: float = PATIENCE) -> Any:
    """Wait until `condition()` is true and return it; fail with `what` if that takes too long."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.02)
    return value


def alive(pid: int) -> bool:
    """Whether the process is there and not just waiting to be reaped."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def workers_of(process: psutil.Process) -> list[psutil.Process]:
    """The Dask workers that a process has started: those of `multiprocessing` that listen at a port.

    Other children (the browser tests' JupyterLab, say) and what those have started are none of ours.
    """
    found = []
    for child in process.children():
        with contextlib.suppress(psutil.Error):  # it may end while we look
            if any("multiprocessing" in word for word in child.cmdline()):
                if any(c.status == psutil.CONN_LISTEN for c in child.net_connections(kind="tcp")):
                    found.append(child)
                found += workers_of(child)
    return found


def run_script(source: str, *, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
    """Run a script in a fresh Python process; its output is captured."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)], capture_output=True, text=True, timeout=timeout, check=False
    )


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A fresh cluster of four workers, none of whose processes outlives the test."""
    with Cluster(workers=4) as cluster:
        yield cluster
    eventually(lambda: not workers_of(psutil.Process()), "worker processes to end with their cluster")
