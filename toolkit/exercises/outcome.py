"""How a program ended, and what it wrote: the record that `run_program` returns."""

from __future__ import annotations

import dataclasses
import html
import signal

MOST_PROCESSES = 64  # more than this is a fork bomb, not a program of this course

_BLOCK = (
    '<pre style="margin:0;padding:.2em .8em;white-space:pre-wrap;border-left:3px solid {};'
    'font-family:var(--jp-code-font-family,monospace)">{}</pre>'
)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a program ended, and what it wrote.

    `stopped` says which limit ended it: "time", "memory", "processes", or None when it ended by itself. `returncode`
    is what the operating system reports: 0 for success, and on POSIX -n when signal n ended it. `seconds` is the time
    it ran, start-up of Python included.
    """

    stdout: str
    stderr: str
    returncode: int
    stopped: str | None
    seconds: float

    @property
    def timed_out(self) -> bool:
        """Whether it was still running at its time limit, and was killed."""
        return self.stopped == "time"

    @property
    def out_of_memory(self) -> bool:
        """Whether its processes together exceeded the memory limit, and were killed."""
        return self.stopped == "memory"

    @property
    def ending(self) -> str:
        """One phrase: how it ended."""
        if self.stopped == "time":
            return f"still running after {self.seconds:.1f} s, so it was killed"
        if self.stopped == "memory":
            return "killed: its processes together used more memory than they were given"
        if self.stopped == "processes":
            return f"killed: it had started more than {MOST_PROCESSES} processes"
        if self.returncode == 0:
            return f"ended by itself after {self.seconds:.2f} s"
        return f"{exit_in_words(self.returncode)} after {self.seconds:.2f} s"

    def __str__(self) -> str:
        """What it printed, what it complained about, and how it ended."""
        printed = self.stdout.rstrip() or "(printed nothing)"
        complaint = [self.stderr.rstrip()] if self.stderr.strip() else []
        return "\n".join([printed, *complaint, f"[{self.ending}]"])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """The same for a notebook, in the colours of its theme."""
        parts = [
            _BLOCK.format("var(--jp-border-color1,#999)", html.escape(self.stdout.rstrip() or "(printed nothing)"))
        ]
        if self.stderr.strip():
            parts.append(_BLOCK.format("var(--jp-error-color1,#b00)", html.escape(self.stderr.rstrip())))
        parts.append(f'<p style="margin:.3em 0"><em>{html.escape(self.ending)}</em></p>')
        return {"text/html": "".join(parts), "text/plain": str(self)}


def exit_in_words(returncode: int) -> str:
    """How a process ended that didn't return, from the number that the system reports."""
    if returncode < 0:
        try:
            return f"ended by the signal {signal.Signals(-returncode).name}"
        except ValueError:
            return f"ended by signal {-returncode}"
    return f"ended with exit code {returncode}"
