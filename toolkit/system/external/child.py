"""A program in a process of its own: lines in, lines out, and an end that is certain.

Three threads, each at one of its pipes, so that the run never waits for the program. What they hold is bounded: a
program that writes more than is read has to wait, and one that does not read is noticed.
"""

import contextlib
import os
import queue
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from typing import IO, Any

import psutil

from toolkit.cluster.interrupts import whole
from toolkit.cluster.reaper import Reaper

LONGEST = 2**20
"""Bytes that one line may have."""
UNREAD = 10_000
"""Lines that may wait for a program to read them."""
NOTED = 1_000
"""Lines of standard error that are kept in the trace."""
WORDS = 500
"""Characters of a line of standard error that are kept."""
LAST_WORDS = 5
"""Lines of standard error that an error message repeats."""
CLEAN_UP = 5.0
"""Seconds after which we stop waiting for a killed process to be gone."""

Inbox = queue.Queue[tuple[Any, str, bytes]]
"""Where all children of a run put what they have: (owner, "line" or "log" or "end", bytes)."""

reaper = Reaper()
"""Kills what is left when the notebook's kernel itself is killed."""


class Child:
    """A running program. Raises OSError if it cannot be started."""

    def __init__(self, command: Sequence[str], owner: Any, inbox: Inbox) -> None:
        self._owner, self._inbox = owner, inbox
        self._unread: queue.Queue[bytes | None] = queue.Queue(UNREAD)
        self._gone = threading.Event()
        self._last: deque[str] = deque(maxlen=LAST_WORDS)
        # In a session of its own (on Windows: a process group), so that Ctrl-C in the notebook is for the notebook.
        flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            creationflags=flags,
        )
        self._threads = [
            threading.Thread(target=target, args=(pipe,), name=f"{target.__name__} {self.pid}", daemon=True)
            for target, pipe in (
                (self._write, self.process.stdin),
                (self._read, self.process.stdout),
                (self._listen, self.process.stderr),
            )
        ]
        for thread in self._threads:
            thread.start()
        reaper.watch(self.pid)

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    @property
    def last_words(self) -> str:
        """The last lines that it wrote to standard error."""
        return "\n".join(self._last)

    def write(self, line: bytes) -> None:
        """Have a line written to its standard input. Raises RuntimeError if it reads none."""
        try:
            self._unread.put_nowait(line)
        except queue.Full:
            raise RuntimeError(f"it does not read its standard input: {UNREAD:,} messages wait") from None

    def how_it_ended(self) -> str:
        """In words, once its standard output has been closed."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = self.process.wait(timeout=0.5)
            self._threads[2].join(timeout=0.5)  # it may have said something at the last moment
            return f"killed by signal {-status}" if status < 0 else f"exited with status {status}"
        return "closed its standard output"

    def suspend(self) -> None:
        """Stop it, and what it started, where they are."""
        for process in self._tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()

    def resume(self) -> None:
        """Let them go on."""
        for process in self._tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()

    @whole
    def kill(self) -> None:
        """Kill it and what it started, and wait until it is gone."""
        self._gone.set()
        tree = self._tree()
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)  # its session: also a child whose parent has gone
        for process in tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        with contextlib.suppress(queue.Full):  # full: then the thread is busy writing, and fails at that
            self._unread.put_nowait(None)
        self.process.wait(timeout=CLEAN_UP)
        for thread in self._threads:
            thread.join(timeout=0.2)  # they end with their pipes; one that somebody else holds open is left to itself

    def _tree(self) -> list[psutil.Process]:
        """The process and its descendants; none once it has gone."""
        with contextlib.suppress(psutil.NoSuchProcess):
            first = psutil.Process(self.pid)
            return [first, *first.children(recursive=True)]
        return []

    # ---- threads -------------------------------------------------------------------------------------------------

    def _write(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError):  # it has ended, and that is noticed at its standard output
            while (line := self._unread.get()) is not None:
                pipe.write(line)
                pipe.flush()
        with contextlib.suppress(OSError):
            pipe.close()

    def _read(self, pipe: IO[bytes]) -> None:
        for line in _lines(pipe):
            self._put("line", line)
        self._put("end", b"")

    def _listen(self, pipe: IO[bytes]) -> None:
        for number, line in enumerate(_lines(pipe), start=1):
            text = line.decode("utf-8", errors="replace").rstrip()[:WORDS]
            self._last.append(text)
            if number <= NOTED:
                self._put("log", text.encode())
            elif number == NOTED + 1:
                self._put("log", f"… (only its first {NOTED:,} lines are kept)".encode())

    def _put(self, kind: str, data: bytes) -> None:
        """Give something to the run; while it is busy, wait, and so in the end does the program."""
        while not self._gone.is_set():
            with contextlib.suppress(queue.Full):
                self._inbox.put((self._owner, kind, data), timeout=0.1)
                return


def _lines(pipe: IO[bytes]) -> Iterable[bytes]:
    """Lines of a pipe; one that is too long comes in pieces, of which the first is more than LONGEST."""
    with pipe:
        while line := pipe.readline(LONGEST + 1):
            yield line
