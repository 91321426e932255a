"""The reaper: a small process that cleans up after a notebook kernel that was killed before it could do so itself.

When a kernel dies, Dask's workers notice and exit. A *frozen* worker cannot notice anything, and files stay behind in
any case. So each kernel that runs a cluster has one reaper. It reads lines from its standard input, "+ pid born" for a
process to watch and "/ path" for a directory to remove ("0" and "- path" take that back). The pipe's other end closes
with the kernel, however it dies; then the reaper kills what is still alive, removes the directories, and exits.

A process is recognised by its pid *and* the time it was created: pids are used again.

This file runs in two roles: imported by the kernel (`Reaper`), and as a script in a process of its own (`main`). As a
script it needs the standard library until there is something to kill, so that waiting costs little memory.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import threading
import time

DEADLINE = 4.0
"""Seconds after the kernel's end within which the reaper finishes."""


class Reaper:
    """The kernel's side: starts the reaper process on first use and tells it what to look after."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """Process id of the reaper, None before it was needed."""
        return None if self._process is None else self._process.pid

    def _tell(self, line: str) -> None:
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._process = self._start()
            assert self._process.stdin is not None
            self._process.stdin.write(line.encode("utf-8", "surrogateescape") + b"\n")
            self._process.stdin.flush()

    @staticmethod
    def _start() -> "subprocess.Popen[bytes]":
        # In a session of its own, so that no signal meant for the kernel reaches it (on Windows: a process group).
        flag = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)
        return subprocess.Popen(
            [sys.executable, os.path.abspath(__file__)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            creationflags=flag,
        )

    def watch(self, pid: int) -> None:
        """Kill this process after the kernel's end. A process that has gone already is ignored."""
        import psutil

        with contextlib.suppress(psutil.NoSuchProcess):
            self._tell(f"+ {pid} {psutil.Process(pid).create_time()!r}")

    def adopt(self, directory: str) -> None:
        """Remove this directory after the kernel's end."""
        self._tell(f"/ {directory}")

    def forget(self, directory: str) -> None:
        """Take back `adopt`."""
        self._tell(f"- {directory}")

    def forget_processes(self) -> None:
        """Take back every `watch`: the cluster has ended."""
        self._tell("0")


def _kill(pids: dict[int, float]) -> bool:
    """Kill those that are still the processes they were; return whether all are gone."""
    import psutil

    alive = False
    for pid, born in pids.items():
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if abs(process.create_time() - born) < 0.1 and process.status() != psutil.STATUS_ZOMBIE:
                process.kill()
                alive = True
    return not alive


def main() -> None:
    """Read until the kernel's end, then clean up, again and again until nothing is left or the deadline has passed."""
    pids: dict[int, float] = {}
    directories: set[str] = set()
    for raw in sys.stdin.buffer:
        what, _, rest = raw.decode("utf-8", "surrogateescape").rstrip("\n").partition(" ")
        if what == "+":
            pid, born = rest.split()
            pids[int(pid)] = float(born)
        elif what == "/":
            directories.add(rest)
        elif what == "-":
            directories.discard(rest)
        elif what == "0":
            pids.clear()
    deadline = time.monotonic() + DEADLINE
    clean = 0
    while clean < 5 and time.monotonic() < deadline:  # a dying worker may still write: look until it stays clean
        gone = not pids or _kill(pids)
        for directory in directories:
            shutil.rmtree(directory, ignore_errors=True)
        clean = clean + 1 if gone and not any(map(os.path.exists, directories)) else 0
        time.sleep(0.05)


if __name__ == "__main__":
    main()
