"""The messages of a space–time diagram: arrows, stubs for what was lost, and the names of their types."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from toolkit.pictures import svg
from toolkit.pictures.space_time_layout import Layout
from toolkit.pictures.theme import colour

HEAD, HALF = 12.0, 4.6  # length and half the width of an arrow's head
STUB = 30.0  # how far a message that is lost at once gets
LETTERS = 15  # size of a type's name
DASHES = (None, "9 4", "3 4", "12 4 3 4")  # types are told apart without colour, too
KINDS = 8  # types that have a style of their own; of more, the rest shares the last
_ALONG = (0.5, 0.36, 0.64, 0.22, 0.78)  # where on an arrow its name may stand

Segment = tuple[float, float, float, float]


class Flight(NamedTuple):
    """A message on paper: sent, and delivered or lost when it `ended` (None: still on its way)."""

    id: int
    sender: str
    to: str
    type: str
    sent: float
    ended: float | None
    why: str | None


def flights_of(trace: Any) -> list[Flight]:
    """All messages of a trace, with the time at which each was lost."""
    ended = {event.message: event.at for event in trace if event.kind in ("deliver", "drop")}
    return [Flight(m.id, m.sender, m.to, m.type, m.sent, ended.get(m.id), m.dropped) for m in trace.messages]


def kinds_of(messages: Iterable[Flight]) -> list[str]:
    """The types of messages in the order in which they are first seen."""
    return list(dict.fromkeys(message.type for message in messages))


def arrows(messages: Sequence[Flight], layout: Layout, kinds: Sequence[str]) -> list[str]:
    """All messages that are on the way inside the window: two paths for each type, one for all crosses, and names."""
    style = {kind: min(number, KINDS - 1) for number, kind in enumerate(kinds)}
    lines: dict[int, list[str]] = defaultdict(list)
    heads: dict[int, list[str]] = defaultdict(list)
    crosses: list[str] = []
    names = _Names(layout)
    for message in messages:
        stretch = segment(message, layout)
        if stretch is None:
            continue
        number, (x1, y1, x2, y2) = style[message.type], stretch
        if message.sender == message.to:
            lines[number].append(f"M{x1:.1f} {y1:.1f}Q{(x1 + x2) / 2:.1f} {y1 - 40:.1f} {x2:.1f} {y2:.1f}")
            continue
        lines[number].append(f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}")
        if message.why is not None:
            crosses.append(f"M{x2 - 7:.1f} {y2 - 7:.1f}l14 14m0 -14l-14 14")
        elif message.ended is not None and message.ended <= layout.stop:
            heads[number].append(_head(x1, y1, x2, y2))
        names.put(message.type, number, stretch)
    drawn = []
    for number in sorted(lines):
        dash = DASHES[number % len(DASHES)]
        line = svg.tag("path", d="".join(lines[number]), class_="ds-stroke", stroke_width=2, stroke_dasharray=dash)
        drawn.append(svg.tag("g", line, _filled(heads[number]), class_=colour(number)))
    if crosses:
        drawn.append(svg.tag("path", d="".join(crosses), class_="ds-stroke ds-alarm", stroke_width=3.5))
    return [*drawn, *names.drawn]


def segment(message: Flight, layout: Layout) -> Segment | None:
    """From where to where a message is drawn, cut at the window's edges; None if it lies outside."""
    start, y1, y2 = message.sent, layout.lanes[message.sender], layout.lanes[message.to]
    ended = message.ended
    if message.why is not None and ended is not None and ended <= start:  # lost as it was sent
        if not layout.start <= start <= layout.stop:
            return None
        x = layout.x(start)
        return (x, y1, x + STUB * 0.7, y1 + math.copysign(STUB, y2 - y1))
    stop = layout.stop if ended is None else ended
    if not layout.shows(start, stop):
        return None
    if ended is None:  # still on its way: it shows where it is going, not when it will be there
        x = layout.x(start)
        part = min(1.0, (layout.right - x) / STUB)
        return (x, y1, x + part * STUB, y1 + math.copysign(part * STUB, y2 - y1)) if start >= layout.start else None
    if message.why is not None:
        y2 -= math.copysign(11, y2 - y1)  # it came as far as the node's door
    slope = (y2 - y1) / (stop - start) if stop > start else 0.0
    if start < layout.start:
        y1 += slope * (layout.start - start)
    if stop > layout.stop:
        y2 -= slope * (stop - layout.stop)
    return (layout.x(start), y1, layout.x(stop), y2)


def _head(x1: float, y1: float, x2: float, y2: float) -> str:
    length = math.hypot(x2 - x1, y2 - y1) or 1.0
    across, down = (x2 - x1) / length, (y2 - y1) / length
    x, y, wide, high = x2 - HEAD * across, y2 - HEAD * down, HALF * down, HALF * across
    return f"M{x2:.1f} {y2:.1f}L{x - wide:.1f} {y + high:.1f}L{x + wide:.1f} {y - high:.1f}z"


def _filled(paths: Sequence[str]) -> str:
    return svg.tag("path", d="".join(paths), class_="ds-fill") if paths else ""


class _Names:
    """Names on arrows, as many as fit without lying on each other or on a lane."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._lanes = sorted(layout.lanes.values())
        self._taken: dict[tuple[int, int], list[Segment]] = defaultdict(list)
        self.drawn: list[str] = []

    def put(self, name: str, number: int, stretch: Segment) -> None:
        """Write the name of a type on an arrow where there is room."""
        half = svg.width_of(name, LETTERS) / 2 + 4
        x1, y1, x2, y2 = stretch
        for part in _ALONG:
            x, y = x1 + part * (x2 - x1), y1 + part * (y2 - y1)
            box = (x - half, y - 10, x + half, y + 10)
            if self._free(box):
                for cell in self._cells(box):
                    self._taken[cell].append(box)
                style = f"ds-halo {colour(number)}"
                self.drawn.append(svg.words(x, y + 5, name, size=LETTERS, style=style, anchor="middle"))
                return

    def _free(self, box: Segment) -> bool:
        left, top, right, bottom = box
        if left < 100 or right > self._layout.right or any(top - 2 < lane < bottom + 2 for lane in self._lanes):
            return False
        others = (other for cell in self._cells(box) for other in self._taken[cell])
        return all(right < o[0] or left > o[2] or bottom < o[1] or top > o[3] for o in others)

    def _cells(self, box: Segment) -> list[tuple[int, int]]:
        columns = range(int(box[0] // 100), int(box[2] // 100) + 1)
        return [(column, row) for column in columns for row in range(int(box[1] // 40), int(box[3] // 40) + 1)]


def legend(kinds: Sequence[str], signs: Sequence[tuple[str, str]], y: float, width: float) -> list[str]:
    """What arrows and signs mean, in one line; a sign is (markup drawn around (0, 0), what it means)."""
    entries = []
    for number, kind in enumerate(kinds[:KINDS]):
        arrow = svg.tag("path", d="M-15 0H9", class_="ds-stroke", stroke_width=2, stroke_dasharray=DASHES[number % 4])
        name = kind if number < KINDS - 1 or len(kinds) == KINDS else "other types"
        entries.append((svg.tag("g", arrow, _filled([_head(0, 0, 17, 0)]), class_=colour(number)), name))
    drawn, x = [], 118.0
    for markup, meaning in [*entries, *signs]:
        needed = 30 + svg.width_of(meaning, 16) + 26
        if x + needed > width:
            break
        drawn.append(svg.moved_to(x, y, markup, svg.words(26, 5.5, meaning, size=16)))
        x += needed
    return drawn
