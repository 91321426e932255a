"""Read a timeline as a teacher tells it: each fault, and what followed from it.

"killed 2.10 s · noticed +0.04 s · back +0.80 s · recomputed by +1.10 s" is put together from five events.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

FAULTS = {"killed": "killed", "frozen": "frozen", "lost": "died"}  # kind of event -> what we call it


@dataclass(frozen=True)
class Incident:
    """One fault and its consequences.

    Attributes:
        worker: the name of the worker it struck.
        kind: "killed", "frozen", or "died" for a process that went down without us.
        at: seconds, when it struck. until: seconds, when the worker was there again (infinite if it never was).
        story: the whole in one line.
    """

    worker: str
    kind: str
    at: float
    until: float
    story: str


def incidents(timeline: Iterable[Any]) -> list[Incident]:
    """Every fault in the timeline, in the order of time."""
    events = list(timeline)
    found = []
    for index, event in enumerate(events):
        struck = event.kind in ("killed", "frozen")
        if struck or (event.kind == "lost" and not _explained(event, events[:index])):
            found.append(_told(event, events[index + 1 :]))
    return found


def _explained(lost: Any, earlier: list[Any]) -> bool:
    """Whether the worker was killed, retired or closed by us before the scheduler lost sight of it."""
    for event in reversed(earlier):
        if event.kind == "closed" or (event.worker == lost.worker and event.kind in ("killed", "retired")):
            return True
        if event.worker == lost.worker and event.kind in ("started", "added", "back"):
            return False
    return False


def _told(fault: Any, later: list[Any]) -> Incident:
    kind = FAULTS[fault.kind]
    mine = _until_next_fault(fault, later)
    notice, ending = ("unresponsive", ("thawed", "killed", "lost")) if kind == "frozen" else ("lost", ("back",))
    parts = [f"{kind} {fault.at:.2f} s"]
    noticed = next((event for event in mine if event.kind == notice), None)
    if noticed:
        parts.append(f"noticed {_later(noticed.at - fault.at)}")
    ended = next((event for event in mine if event.kind in ending), None)
    if ended:
        parts.append(f"{FAULTS.get(ended.kind, ended.kind)} {_later(ended.at - fault.at)}")
    redone = _recomputed(fault, later) if kind != "frozen" else None
    if redone is not None:
        parts.append(f"recomputed by {_later(redone - fault.at)}")
    return Incident(fault.worker, kind, fault.at, ended.at if ended else float("inf"), " · ".join(parts))


def _later(seconds: float) -> str:
    """A delay: in milliseconds where hundredths of a second would say too little."""
    return f"+{1000 * seconds:.0f} ms" if seconds < 0.02 else f"+{seconds:.2f} s"


def _until_next_fault(fault: Any, later: list[Any]) -> list[Any]:
    """What happened to the same worker up to the next fault that struck it, that fault included."""
    mine = [event for event in later if event.worker == fault.worker and event.kind != "task"]
    stop = next((index for index, event in enumerate(mine, 1) if event.kind in ("killed", "frozen")), len(mine))
    return mine[:stop]


def _recomputed(fault: Any, later: list[Any]) -> float | None:
    """When the last of the results that this worker took with it had been computed again, wherever that was."""
    lost: set[Any] = set()
    done = None
    for event in later:
        if event.kind == "result-lost" and event.worker == fault.worker:
            lost.add(event.detail.get("key"))
        elif event.kind == "recomputed" and event.detail.get("key") in lost:
            lost.discard(event.detail.get("key"))
            done = event.at
        elif event.kind == "killed" and event.worker == fault.worker:
            break
    return done
