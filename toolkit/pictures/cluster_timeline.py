"""Draw what happened to a cluster: a lane per worker on one true time axis, faults and what followed in words beneath.

Used by every notebook that breaks something, first in 01-one-process-to-many.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from toolkit.pictures import svg
from toolkit.pictures.incidents import Incident, incidents
from toolkit.pictures.picture import Picture, picture
from toolkit.pictures.theme import colour

WIDTH = 1100
LEFT, RIGHT = 92, 1076  # the time axis runs between these
LANE = 46
TOLD = 6  # incidents that are told in words; of more, the latest


class Axis(NamedTuple):
    """Where a time in seconds lies on the paper."""

    start: float
    stop: float

    def x(self, at: float) -> float:
        """The place of a time; times outside lie on the edge."""
        part = (min(max(at, self.start), self.stop) - self.start) / (self.stop - self.start)
        return LEFT + part * (RIGHT - LEFT)

    def shows(self, start: float, stop: float) -> bool:
        """Whether any of the time from start to stop is on the axis."""
        return stop >= self.start and start <= self.stop


def cluster_timeline(timeline: Any, *, start: float | None = None, stop: float | None = None) -> Picture:
    """One lane per worker: tasks as bars, ✕ for a kill, a gap until the new process is back, hatching for a freeze.

    Tasks closer together than a pixel are drawn as one, so thousands of them stay readable and quick to draw.

    Args:
        timeline: a `toolkit.cluster.timeline.Timeline`, or anything with its `workers`, `duration` and events.
        start, stop: seconds; show only this part. Default: all of it.

    Raises:
        ValueError: start is not before stop.
    """
    axis = _axis(timeline, start, stop)
    found = incidents(timeline)
    drawn, height = strip(timeline, axis, found)
    text = describe(timeline, axis, found)
    return picture(WIDTH, height + 24, "Cluster timeline", text, svg.moved_to(0, 20, drawn))


def _axis(timeline: Any, start: float | None, stop: float | None) -> Axis:
    first = 0.0 if start is None else float(start)
    last = max(float(timeline.duration), first + 1) if stop is None else float(stop)
    if not first < last:
        raise ValueError(f"start={first} must be before stop={last}: both are seconds since the timeline began")
    return Axis(first, last)


def describe(timeline: Any, axis: Axis, found: Sequence[Incident]) -> str:
    """The picture in words."""
    tasks = sum(
        1 for event in timeline if event.kind == "task" and axis.shows(event.detail["start"], event.detail["stop"])
    )
    told = [f"{incident.worker} {incident.story}." for incident in found if axis.shows(incident.at, incident.until)]
    begin = f"{len(timeline.workers)} workers from {axis.start:.1f} s to {axis.stop:.1f} s, {tasks:,} tasks."
    return " ".join([begin, *(told or ["Nothing went wrong."])])


def strip(timeline: Any, axis: Axis, found: Sequence[Incident]) -> tuple[str, float]:
    """The lanes, the axis and the incidents in words; returns the markup and its height."""
    by_worker: dict[str, list[Any]] = defaultdict(list)
    for event in timeline:
        by_worker[event.worker].append(event)
    drawn, y = [], 0.0
    for code, worker in enumerate(timeline.workers):
        mine = [(number, incident) for number, incident in enumerate(found, 1) if incident.worker == worker]
        drawn.append(svg.moved_to(0, y, *_lane(worker, colour(code), by_worker[worker], mine, axis)))
        y += LANE
    drawn.append(_ticks(axis, y))
    y += 54
    shown = [pair for pair in enumerate(found, 1) if axis.shows(pair[1].at, pair[1].until)]
    if len(shown) > TOLD:
        drawn.append(svg.words(LEFT, y + 4, f"and {len(shown) - TOLD} earlier", size=17, style="ds-quiet"))
        y += 28
    for number, incident in shown[-TOLD:]:
        mark = svg.words(LEFT - 18, y + 4, str(number), size=19, style="ds-alarm ds-bold", anchor="end")
        name = svg.words(LEFT, y + 4, incident.worker, size=19, style="ds-bold")
        drawn += [mark, name, svg.words(LEFT + 46, y + 4, incident.story, size=19)]
        y += 32
    return "".join(drawn), y


def _lane(
    worker: str, style: str, events: Sequence[Any], mine: Iterable[tuple[int, Incident]], axis: Axis
) -> list[str]:
    middle = LANE / 2 - 2
    tasks = [
        event.detail
        for event in events
        if event.kind == "task" and axis.shows(event.detail["start"], event.detail["stop"])
    ]
    failed = [task for task in tasks if not task.get("ok", True)]
    drawn = [
        svg.words(LEFT - 18, middle + 7, svg.fitted(worker, LEFT - 22, 20), size=20, style="ds-bold", anchor="end"),
        svg.tag("path", d=svg.spans(_lived(events, axis), middle), class_="ds-rim", stroke_width=30),
    ]
    drawn += [_slowed(slow, stop, factor, axis) for slow, stop, factor in _slow_spans(events, axis)]
    if tasks:
        path = svg.spans(merged((axis.x(task["start"]), axis.x(task["stop"])) for task in tasks), middle)
        drawn.append(
            svg.titled(
                f"{worker}: {len(tasks):,} {'task' if len(tasks) == 1 else 'tasks'}"
                + (f", {len(failed):,} of them failed" if failed else ""),
                svg.tag("path", d=path, class_="ds-stroke", stroke_width=20),
                style=style,
            )
        )
    drawn += [_failure(axis.x(task["stop"]), middle) for task in failed[:200]]
    redone = [axis.x(event.at) for event in events if event.kind == "recomputed" and axis.shows(event.at, event.at)]
    if redone:
        rings = "".join(f"M{svg.number(x - 6)} {middle}a6 6 0 1 0 12 0a6 6 0 1 0 -12 0" for x in _thinned(redone))
        ring = svg.tag("path", d=rings, class_="ds-ring", stroke_width=3)
        drawn.append(svg.titled(f"{worker} recomputed {len(redone):,} lost results", ring))
    drawn += [
        _incident(number, incident, middle, axis)
        for number, incident in mine
        if axis.shows(incident.at, incident.until)
    ]
    return drawn


def _lived(events: Sequence[Any], axis: Axis) -> list[tuple[float, float]]:
    """Where a process stood behind the worker's name: a pale band, with gaps where there was none."""
    begun: float | None = None
    lived = []
    for event in events:
        if event.kind in ("started", "added", "back") and begun is None:
            begun = event.at
        elif event.kind in ("killed", "lost", "retired", "closed") and begun is not None:
            lived.append((begun, event.at))
            begun = None
    if begun is not None:
        lived.append((begun, axis.stop))
    return [(axis.x(start), axis.x(stop)) for start, stop in lived if axis.shows(start, stop)]


def merged(spans: Iterable[tuple[float, float]], gap: float = 0.7) -> list[tuple[float, float]]:
    """Join spans that are closer than `gap` units, and make each wide enough to be seen."""
    joined: list[tuple[float, float]] = []
    for start, stop in sorted(spans):
        stop = max(stop, start + 1.2)
        if joined and start - joined[-1][1] < gap:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((start, stop))
    return joined


def _thinned(places: Sequence[float]) -> list[float]:
    """Places at least 14 units apart: a storm of marks on one spot says no more than one mark."""
    kept: list[float] = []
    for place in sorted(places):
        if not kept or place - kept[-1] >= 14:
            kept.append(place)
    return kept


def _failure(x: float, middle: float) -> str:
    bar = svg.tag("path", d=f"M{svg.number(x)} {middle - 15}v30", class_="ds-stroke ds-alarm", stroke_width=4)
    return svg.titled("a task failed here", bar)


def _slow_spans(events: Sequence[Any], axis: Axis) -> list[tuple[float, float, float]]:
    found: list[tuple[float, float, float]] = []
    began, factor = 0.0, 1.0
    for event in events:
        if event.kind in ("slowed", "killed", "lost", "retired", "closed"):
            if factor > 1:
                found.append((began, event.at, factor))
            began, factor = event.at, float(event.detail.get("factor", 1)) if event.kind == "slowed" else 1.0
    if factor > 1:
        found.append((began, axis.stop, factor))
    return [span for span in found if axis.shows(span[0], span[1])]


def _slowed(start: float, stop: float, factor: float, axis: Axis) -> str:
    """A rail of dots above and below the lane while the worker is slowed."""
    left, right = axis.x(start), axis.x(stop)
    rails = svg.spans([(left, right)], 5) + svg.spans([(left, right)], LANE - 9)
    dots = svg.tag("path", d=rails, class_="ds-dots", stroke_width=5, stroke_dasharray="0.1 10")
    return svg.titled(f"slowed {factor:g} times from {start:.2f} s to {stop:.2f} s", dots)


def _incident(number: int, incident: Incident, middle: float, axis: Axis) -> str:
    left, right = axis.x(incident.at), axis.x(min(incident.until, axis.stop))
    parts = []
    if incident.kind == "frozen":
        width = max(right - left, 3)
        box = {"x": left, "y": middle - 15, "width": width, "height": 30}
        parts.append(svg.tag("rect", class_="ds-frost", **box))
        parts.append(
            svg.tag("path", d=svg.hatch(left, middle - 15, width, 30, 8), class_="ds-stroke", stroke_width=1.6)
        )
        place = left + 8
    else:
        parts.append(
            svg.tag(
                "path", d=svg.spans([(left, right)], middle), class_="ds-stroke", stroke_width=2, stroke_dasharray="3 5"
            )
        )
        cross = f"M{svg.number(left - 9)} {middle - 9}l18 18m0 -18l-18 18"
        parts.append(svg.tag("path", d=cross, class_="ds-stroke ds-alarm", stroke_width=5))
        place = left + 15
    label = svg.words(place, middle + 6, str(number), size=18, style="ds-alarm ds-bold ds-halo")
    return svg.titled(f"{number}: {incident.worker} {incident.story}", *parts, label)


def _ticks(axis: Axis, y: float) -> str:
    """The time axis: round numbers of seconds, about eight of them."""
    step = _round_step((axis.stop - axis.start) / 8)
    first = math.ceil(axis.start / step - 1e-9)
    times = [step * i for i in range(first, math.floor(axis.stop / step + 1e-9) + 1)]
    decimals = max(0, -math.floor(math.log10(step)))
    lines = "".join(f"M{svg.number(axis.x(at))} {svg.number(y)}v8" for at in times)
    labels = [
        svg.words(axis.x(at), y + 28, f"{at:.{decimals}f} s", size=16, style="ds-quiet", anchor="middle")
        for at in times
    ]
    return svg.tag(
        "path", d=f"M{LEFT} {svg.number(y)}H{RIGHT}{lines}", class_="ds-stroke ds-quiet", stroke_width=1.5
    ) + "".join(labels)


def _round_step(rough: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50, … at or above `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= rough * (1 - 1e-9))
