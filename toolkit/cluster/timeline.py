"""What happened to a cluster and when: what was done to it, and what its scheduler saw.

One clock for all: seconds since the cluster began, read from the machine's Unix clock. So a picture can show
"killed at 2.10 s, noticed at 2.14 s, back at 2.9 s, lost results recomputed by 3.2 s".
"""

import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

DONE = ("started", "killed", "frozen", "thawed", "slowed", "added", "retired", "closed")
"""Kinds of event that somebody caused."""

SEEN = ("lost", "back", "unresponsive", "responsive", "result-lost", "recomputed", "task")
"""Kinds of event that the scheduler, or the detector inside it, noticed."""

MOST_TASKS = 50_000
"""A cluster remembers this many of the latest task spans (about 30 MB), however long it runs."""

MOST_OTHERS = 10_000
"""... and this many of the latest events of every other kind; a flood of tasks cannot push these out."""


def natural(name: str) -> tuple[tuple[bool, int | str], ...]:
    """Sort key that puts `w2` before `w10`."""
    return tuple((not part.isdigit(), int(part) if part.isdigit() else part) for part in re.split(r"(\d+)", name))


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    Attributes: `at`, seconds since the timeline began; `kind`, one of `DONE` or `SEEN`; `worker`, the name of the
    worker it happened to, or None for the cluster; `detail`, what else is known. A "task" is a span: its detail has
    key, name, start and stop (same clock as `at`) and ok. "started", "added" and "back" carry the pid.
    """

    at: float
    kind: str
    worker: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Timeline(Sequence[Event]):
    """An immutable sequence of events in the order of time. `began` is the Unix time of second 0."""

    events: tuple[Event, ...]
    began: float

    def __len__(self) -> int:
        return len(self.events)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Event, ...]: ...
    def __getitem__(self, index: int | slice) -> Event | tuple[Event, ...]:
        return self.events[index]

    def of(self, kind: str | None = None, worker: str | None = None) -> tuple[Event, ...]:
        """The events of one kind, of one worker, or both. Raises ValueError for a kind that does not exist."""
        if kind is not None and kind not in DONE + SEEN:
            raise ValueError(f"kind={kind!r} is not a kind of event: use one of {', '.join(DONE + SEEN)}")
        return tuple(e for e in self.events if kind in (None, e.kind) and worker in (None, e.worker))

    @property
    def workers(self) -> tuple[str, ...]:
        """Names of all workers that occur, in numeric order."""
        return tuple(sorted({e.worker for e in self.events if e.worker is not None}, key=natural))

    @property
    def duration(self) -> float:
        """Seconds from the beginning to the last event."""
        return self.events[-1].at if self.events else 0.0

    def save(self, path: str | Path) -> None:
        """Write as JSON lines: one line with the beginning, then one line per event."""
        lines = [{"began": self.began}, *(vars(event) for event in self.events)]
        Path(path).write_text("".join(json.dumps(line, default=str) + "\n" for line in lines), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> "Timeline":
        """Read what `save` wrote. Raises ValueError that names the line if the file is something else or damaged."""
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        events: list[Event] = []
        began = None
        try:
            began = float(json.loads(lines[0])["began"])
            for line in lines[1:]:
                events.append(Event(**json.loads(line)))
                if events[-1].kind not in DONE + SEEN:
                    raise ValueError(f"unknown kind {events.pop().kind!r}")
        except (ValueError, KeyError, IndexError, TypeError) as error:
            number = 1 if began is None else len(events) + 2
            raise ValueError(f"path={str(path)!r} is not a whole timeline: line {number}: {error}") from None
        return cls(tuple(events), began)

    def picture(self) -> Any:
        """The timeline as a `toolkit.pictures.Picture`: one lane per worker, faults and their consequences marked."""
        from toolkit.pictures import cluster_timeline

        return cluster_timeline(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle: dict[str, Any] = self.picture()._repr_mimebundle_(include, exclude)
        return bundle

    def __repr__(self) -> str:
        return f"<Timeline: {len(self)} events of {len(self.workers)} workers in {self.duration:.2f} s>"


class Recorder:
    """Collects events from every thread; tells whoever listens.

    Memory is bounded: see `MOST_TASKS` and `MOST_OTHERS`; the oldest are forgotten first.
    """

    def __init__(self) -> None:
        self.began = time.time()
        self._tasks: deque[Event] = deque(maxlen=MOST_TASKS)
        self._others: deque[Event] = deque(maxlen=MOST_OTHERS)
        self._listeners: list[Callable[[tuple[Event, ...]], None]] = []
        self._lock = threading.Lock()

    def add(self, kind: str, worker: str | None = None, *, at: float | None = None, **detail: Any) -> None:
        """Record one event; `at` is Unix time, now unless given."""
        self.extend([{"at": time.time() if at is None else at, "kind": kind, "worker": worker, **detail}])

    def extend(self, rows: Iterable[dict[str, Any]]) -> None:
        """Record events as the feed sends them: flat dicts with Unix times."""
        events = tuple(self._event(dict(row)) for row in rows)
        with self._lock:
            for event in events:
                (self._tasks if event.kind == "task" else self._others).append(event)
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(events)

    def _event(self, row: dict[str, Any]) -> Event:
        for moment in ("at", "start", "stop"):
            if moment in row:
                row[moment] -= self.began
        return Event(row.pop("at"), row.pop("kind"), row.pop("worker"), row)

    def subscribe(self, listener: Callable[[tuple[Event, ...]], None]) -> Callable[[], None]:
        """Have `listener(events)` called with whatever is recorded from now on; returns how to stop that."""
        with self._lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return unsubscribe

    def timeline(self) -> Timeline:
        """All that was recorded so far, in the order of time."""
        with self._lock:
            events = [*self._others, *self._tasks]
        return Timeline(tuple(sorted(events, key=lambda event: event.at)), self.began)
