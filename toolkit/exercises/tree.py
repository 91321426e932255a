"""A run's processes, all of them: how many, how large, and how to end them.

A killed parent leaves its children running, and children can leave their parent, its group and its session. So each
process of a run inherits a random word in its environment, and whoever carries the word belongs to the run.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable

import psutil

MARK = "TOOLKIT_SANDBOX_RUN"  # the environment variable that every process of a run inherits
CLEAN_UP = 10.0  # seconds after which we stop looking for survivors of a run


def measure(root: psutil.Process | None, enough: int) -> tuple[int, int]:
    """How many processes the tree has, and the bytes that they occupy together.

    Resident memory is quick to read, but counts what forked processes share once for each. Only when it comes to more
    than `enough` the memory is read exactly: shared pages divided among those who share them.
    """
    if root is None:
        return 0, 0
    try:
        tree = [root, *root.children(recursive=True)]
    except psutil.Error:
        return 0, 0  # it ended while we looked
    occupied = sum(_read(process, lambda p: p.memory_info().rss) for process in tree)
    if occupied > enough:
        occupied = sum(_read(process, _exactly) for process in tree)
    return len(tree), occupied


def _exactly(process: psutil.Process) -> int:
    memory = process.memory_full_info()
    return int(getattr(memory, "pss", memory.uss))  # Linux knows the proportional share; elsewhere nothing is forked


def _read(process: psutil.Process, what: Callable[[psutil.Process], int]) -> int:
    with contextlib.suppress(psutil.Error):
        return what(process)
    return 0  # it ended while we looked


def kill_all(first: subprocess.Popen[bytes] | None, mark: str) -> None:
    """Kill every process of the run, also orphans and those that left the group, and wait until they are gone.

    `first` is the process that the run began with; None if an interrupt came before anybody knew it.
    """
    deadline = time.monotonic() + CLEAN_UP
    while time.monotonic() < deadline:
        if first is not None:
            _kill_group(first)
        survivors = marked(mark)
        for survivor in survivors:
            with contextlib.suppress(psutil.Error):
                survivor.kill()
        if not survivors:
            break
        psutil.wait_procs(survivors, timeout=0.1)


def _kill_group(first: subprocess.Popen[bytes]) -> None:
    """Kill a whole group at once, where systems have groups: a fork bomb outruns anyone who kills one by one."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(first.pid, signal.SIGKILL)
    first.kill()
    first.wait(timeout=CLEAN_UP)  # before anyone else asks how it ended


def marked(mark: str) -> list[psutil.Process]:
    """The living processes that inherited the mark of this run."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def limit(pid: int, memory: int) -> psutil.Process | None:
    """The process, with the coarse second fence around it where the system has one (None when it has ended)."""
    try:
        process = psutil.Process(pid)
        if psutil.LINUX:
            process.rlimit(psutil.RLIMIT_DATA, (2 * memory, 2 * memory))
            process.rlimit(psutil.RLIMIT_CORE, (0, 0))  # a crash is a lesson, not a file
    except psutil.Error:
        return None
    return process
