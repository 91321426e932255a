"""Draw a cluster as it stands at one moment: a card per worker process, and what happened lately underneath.

Used by every notebook that has a cluster: displaying a `Cluster` shows this, alive.
"""

from typing import Any, NamedTuple

from toolkit.pictures import svg
from toolkit.pictures.cluster_timeline import Axis, describe, strip
from toolkit.pictures.incidents import incidents
from toolkit.pictures.picture import Picture, picture
from toolkit.pictures.theme import colour

WIDTH = 1100
MARGIN, GAP = 16, 16
CARD_HEIGHT, BUTTONS_HEIGHT = 238, 52
LATELY = 30.0  # seconds of the timeline under the cards

# What a state is called, and the outline of its sign: a shape as well as a word, neither needs colour.
_SIGNS = {
    "running": "M-8 0a8 8 0 1 0 16 0a8 8 0 1 0 -16 0",  # a full disc
    "frozen": "M-8-8h5v16h-5zM3-8h5v16h-5z",  # two bars, as on a pause key
    "unresponsive": "M0-10l11 19h-22z",  # a triangle
    "starting": "M-8 4a8 8 0 1 1 16 0z",  # a half disc
    "lost": "M-9-6l3-3 6 6 6-6 3 3-6 6 6 6-3 3-6-6-6 6-3-3 6-6z",  # a cross
}


class Card(NamedTuple):
    """Where a worker's card lies, in the picture's units."""

    x: float
    y: float
    width: float
    height: float


def cards(count: int, buttons: bool = False) -> list[Card]:
    """The places of `count` cards: up to four in a row, with room for buttons at their feet if asked for."""
    columns = min(max(count, 3), 4)
    width = (WIDTH - 2 * MARGIN - GAP * (columns - 1)) / columns
    height = CARD_HEIGHT + (BUTTONS_HEIGHT if buttons else 0)
    return [
        Card(MARGIN + (width + GAP) * (i % columns), MARGIN + (height + GAP) * (i // columns), width, height)
        for i in range(count)
    ]


def cluster_panel(snapshot: Any, timeline: Any = None, *, buttons: bool = False) -> Picture:
    """The workers as cards; with a timeline, its last 30 seconds underneath.

    Args:
        snapshot: a `toolkit.cluster` Snapshot, or anything with its `at` and `workers`.
        timeline: the cluster's timeline.
        buttons: leave room at the foot of each card for buttons that a widget lays over the picture.
    """
    places = cards(len(snapshot.workers), buttons)
    drawn = [
        _card(worker, place, number)
        for number, (worker, place) in enumerate(zip(snapshot.workers, places, strict=True))
    ]
    text = _describe(snapshot)
    height = max((place.y + place.height for place in places), default=0) + MARGIN
    if timeline is not None and timeline.workers:
        now = max(float(snapshot.at), 1.0)
        axis = Axis(max(0.0, now - LATELY), now)
        found = incidents(timeline)
        lanes, lanes_height = strip(timeline, axis, found)
        drawn.append(svg.moved_to(0, height + 6, lanes))
        height += lanes_height + 12
        text += " Lately: " + describe(timeline, axis, found)
    return picture(WIDTH, height, "Cluster", text, *drawn)


def state_of(worker: Any) -> str:
    """The worker's state in one word; that we froze it says more than that it doesn't answer."""
    return "frozen" if worker.frozen else str(worker.status)


def _describe(snapshot: Any) -> str:
    told = [
        f"{w.name} {state_of(w)}" + (f", process {w.pid}, CPU {w.cpu:.0f}%, {_size(w.memory)}" if w.pid else "")
        for w in snapshot.workers
    ]
    count = len(snapshot.workers)
    return f"A cluster of {count} {'worker' if count == 1 else 'workers'}: " + "; ".join(told) + "."


def _card(worker: Any, place: Card, number: int) -> str:
    state, inner = state_of(worker), place.width - 36
    gone = state in ("lost", "starting")
    sound = state == "running"
    frame = svg.tag(
        "rect",
        class_="ds-card",
        width=place.width,
        height=place.height,
        rx=12,
        stroke_width=1.5 if sound else 3,
        stroke_dasharray="7 6" if gone else None,
    )
    edge = svg.tag("rect", x=0, y=18, width=6, height=34, class_=f"ds-fill {colour(number)}")
    sign = svg.tag("path", d=_SIGNS.get(state, _SIGNS["lost"]), class_="ds-fill")
    slower = f"{worker.slowed:g}× slower" if worker.slowed > 1 and not gone else ""
    said = svg.words(46, 78, slower if slower and sound else state, size=19, style="ds-bold")
    process = f"pid {worker.pid}" if worker.pid else "no process"
    tasks = f"{worker.executing} running, {worker.queued} queued, {worker.stored} stored"
    return svg.titled(
        ", ".join(filter(None, [f"{worker.name}: {state}", slower, tasks])),
        frame,
        edge,
        svg.words(18, 45, svg.fitted(worker.name, inner - 90, 28), size=28, style="ds-bold"),
        svg.words(inner + 18, 44, process, size=17, style="ds-quiet", anchor="end"),
        svg.tag("g", svg.moved_to(28, 72, sign), said, class_=None if sound else "ds-alarm"),
        svg.moved_to(18, 98, _bar("CPU", worker.cpu / 100, "–" if gone else f"{worker.cpu:.0f} %", inner)),
        svg.moved_to(18, 142, _bar("memory", _part(worker), "–" if gone else _size(worker.memory), inner)),
        svg.moved_to(18, 190, *_counts(worker, inner)),
        transform=f"translate({svg.number(place.x)} {svg.number(place.y)})",
        data_worker=worker.name,
    )


def _part(worker: Any) -> float:
    return worker.memory / worker.memory_limit if worker.memory_limit else 0.0


def _bar(name: str, part: float, value: str, width: float) -> str:
    """A labelled bar; from nine tenths on it also carries stripes, because full is what matters."""
    filled = max(0.0, min(part, 1.0)) * width
    bar = svg.tag("rect", y=22, width=width, height=10, rx=5, class_="ds-track")
    if filled > 0:
        bar += svg.tag(
            "rect", y=22, width=max(filled, 3), height=10, rx=5, class_="ds-fill" + (" ds-alarm" if part > 0.9 else "")
        )
    label = svg.words(0, 14, name, size=16, style="ds-quiet")
    return label + svg.words(width, 14, value, size=17, style="ds-bold", anchor="end") + bar


def _counts(worker: Any, width: float) -> list[str]:
    drawn = []
    for column, (count, what) in enumerate(
        ((worker.executing, "running"), (worker.queued, "queued"), (worker.stored, "stored"))
    ):
        x = width * (0.13 + 0.37 * column)
        drawn.append(svg.words(x, 14, f"{count:,}", size=22, style="ds-bold" if count else "ds-quiet", anchor="middle"))
        drawn.append(svg.words(x, 34, what, size=15, style="ds-quiet", anchor="middle"))
    return drawn


def _size(count: float) -> str:
    """Bytes as people read them, with binary prefixes."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
