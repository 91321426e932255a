"""A one-line progress display for the time before any package is installed.

(Once the environment stands, tqdm does this.) On a terminal the line is rewritten in place; in a log each new
step is a line of its own.
"""

import shutil
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO


class Progress:
    """Shows what a long step is doing, and for how long it has been at it.

    Args:
        title: What the whole is, shown once.
        stream: Where to; standard error unless told.
    """

    def __init__(self, title: str, stream: TextIO | None = None) -> None:
        self._title = title
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._began = time.monotonic()
        self._text = ""
        self._measure: tuple[Callable[[], int], int, int, str] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> "Progress":
        print(self._title, file=self._stream, flush=True)
        if self._live:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        if self._live:
            self._thread.join()
            self._draw("", end="")

    def say(self, text: str) -> None:
        """Name the step that is under way."""
        self._text = text
        if not self._live:
            print(f"  {text}", file=self._stream, flush=True)

    def count(self, measure: Callable[[], int], total: int, what: str) -> None:
        """From now on show a bar: `measure()` is asked how much there is; `total` more than now is the end."""
        self._measure = (measure, measure(), total, what)
        self.say(f"{what} {total} packages")

    def done(self, text: str) -> None:
        """Say how it ended, and how long it took."""
        self._stop.set()
        self._draw("", end="")
        print(f"{text} ({time.monotonic() - self._began:.0f} s)", file=self._stream, flush=True)

    def _tick(self) -> None:
        while not self._stop.wait(0.2):
            text = self._text
            if self._measure is not None:
                measure, before, total, what = self._measure
                done = min(measure() - before, total)
                bar = "█" * (20 * done // total)
                text = f"{what} |{bar:<20}| {done}/{total}"
            self._draw(f"  {time.monotonic() - self._began:4.0f} s  {text}")

    def _draw(self, line: str, end: str = "") -> None:
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write("\r" + line[:width].ljust(width) + ("\r" if not line else "") + end)
            self._stream.flush()
