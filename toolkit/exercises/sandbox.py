"""Run a program, or a learner's function, in a process of its own, with limits that hold.

Used by every `check(...)` and by notebook 01, which runs three programs that may never end.

What is promised: the call returns soon after its limit, whatever the program does, and nothing that it started is
left running. What is not: this is a fence against accidents, not a prison. The code that runs here is the learner's
own and runs with the learner's own rights; keep strangers' code out of it.

Three decisions carry the module:

- **The whole tree is killed, not one process.** A killed parent leaves its children running, and a child that
  outlives its parent keeps the pipes open, so that whoever reads them waits for ever. Every process that we start
  carries a random word in its environment, which all its descendants inherit; whoever carries it is killed.
- **Memory is what the tree really occupies**, looked at twenty times a second, on every system alike. A limit on
  address space (`RLIMIT_AS`) would be enforced by the kernel, but counts what is reserved rather than used, so that
  NumPy's threads exceed it before they have done anything. Linux gets a coarse limit on data as a second fence.
- **A missing answer is a failure.** What a function returned comes back as JSON, each line signed with a random word,
  on a stream that `print` can't reach. Nothing that comes back is unpickled, and no answer means that it failed.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from toolkit.exercises import tree
from toolkit.exercises.outcome import MOST_PROCESSES, Outcome

LOOK_EVERY = 0.05  # seconds between two looks at the tree
KEPT = 100_000  # characters of output that are kept; the rest is read and thrown away


def run_program(path_or_source: str | Path, *, seconds: float = 10.0, memory: str | int = "1 GiB") -> Outcome:
    """Run a Python program until it ends or reaches a limit; then kill whatever is left of it.

    Parameters
    ----------
    path_or_source:
        a `Path`, or a string that ends in ".py", is a file; any other string is the program itself.
    seconds:
        how long it may run. The call returns at most moments later.
    memory:
        how much its processes together may occupy: bytes, or text such as "512 MiB".

    It runs in an empty directory that is removed afterwards, with nothing on its standard input, and is over when its
    first process ends: children that it leaves behind are killed. Standard output and error are kept up to 100,000
    characters each.

    Raises `TypeError` or `ValueError` for an argument that makes no sense, and `FileNotFoundError` for a missing file.
    """
    limit, room = _seconds(seconds), memory_in_bytes(memory)
    if not isinstance(path_or_source, str | Path):
        raise TypeError(f"path_or_source is a {type(path_or_source).__name__}; give a path or the program's text")
    with tempfile.TemporaryDirectory(prefix="program-", ignore_cleanup_errors=True) as folder:
        if isinstance(path_or_source, Path) or re.fullmatch(r"[^\n]*\.py", path_or_source):
            path = Path(path_or_source).resolve()
            if not path.is_file():
                raise FileNotFoundError(f"there is no program at {path}; give the path of a .py file")
        else:
            path = Path(folder, "program.py")
            path.write_text(path_or_source, encoding="utf-8")
        return run([sys.executable, "-u", str(path)], folder, seconds=limit, memory=room)


def run(command: Sequence[str], folder: str, *, seconds: float, memory: int, keep: int = KEPT) -> Outcome:
    """Run one command in `folder` with limits on time (seconds) and memory (bytes); leave none of its processes."""
    mark = secrets.token_hex(16)
    process = None
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONHASHSEED": "random", tree.MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # an interrupt in the notebook is for the notebook; and a group can be killed
        )
        start = time.monotonic()
        out, err = _Collector(process.stdout, keep), _Collector(process.stderr, keep)
        stopped = _watch(process, seconds, memory)
        elapsed = time.monotonic() - start
    finally:  # also when the learner interrupts the cell, at whatever point
        tree.kill_all(process, mark)
    return Outcome(out.text(), err.text(), process.returncode, stopped, elapsed)


def _watch(process: subprocess.Popen[bytes], seconds: float, memory: int) -> str | None:
    """Wait until the process ends (None) or its tree breaks a limit (which one)."""
    deadline = time.monotonic() + seconds
    root = tree.limit(process.pid, memory)
    while time.monotonic() < deadline:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=min(LOOK_EVERY, max(0.0, deadline - time.monotonic())))
            return None
        count, occupied = tree.measure(root, enough=memory)
        if count > MOST_PROCESSES:
            return "processes"
        if occupied > memory:
            return "memory"
    return "time"


class _Collector:
    """Reads a pipe to its end in a thread, keeps the beginning, and forgets the rest."""

    def __init__(self, pipe: IO[bytes] | None, keep: int) -> None:
        assert pipe is not None  # we asked for it
        self._keep = keep
        self._kept = bytearray()
        self._cut = False
        self._pipe = pipe
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._pipe:
            while block := os.read(self._pipe.fileno(), 65536):
                room = self._keep - len(self._kept)
                self._kept += block[:room]
                self._cut |= len(block) > room

    def text(self) -> str:
        """What was read, once the pipe is closed."""
        self._thread.join(timeout=tree.CLEAN_UP)
        text = bytes(self._kept).decode("utf-8", errors="replace").replace("\r\n", "\n")
        return text + f"\n… (cut after {self._keep:,} characters)" * self._cut


def memory_in_bytes(memory: str | int) -> int:
    """A size such as "512 MiB" or 536870912, in bytes. Raises `ValueError` when it isn't one."""
    units = {"": 1, "B": 1, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "KB": 10**3, "MB": 10**6, "GB": 10**9}
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", str(memory))
    if isinstance(memory, bool) or not match or match[2].upper() not in units:
        raise ValueError(f"memory is {memory!r}; give a size such as '512 MiB', or a number of bytes")
    size = int(float(match[1]) * units[match[2].upper()])
    if size < 2**24:
        raise ValueError(f"memory is {memory!r}, too little for Python itself; give at least '16 MiB'")
    return size


def _seconds(seconds: float) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"seconds is a {type(seconds).__name__}; give a number of seconds, such as 10")
    if not 0 < seconds <= 3600:
        raise ValueError(f"seconds is {seconds}; give a time limit above 0, and at most an hour (3600)")
    return float(seconds)
