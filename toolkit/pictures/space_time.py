"""Draw a run as a space–time diagram: a lane for each node, time to the right, a message is an arrow.

Used by every notebook that runs a system, first by 20-time-and-order. The form is Lamport's, turned on its side: "Time,
Clocks, and the Ordering of Events in a Distributed System" (CACM 21(7), 1978), figure 1.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from toolkit.pictures import space_time_lanes as on_lanes
from toolkit.pictures import svg
from toolkit.pictures.picture import Picture, picture
from toolkit.pictures.space_time_heat import crowded, heat, scale
from toolkit.pictures.space_time_layout import LEFT, MARGIN, TOP, WIDTH, Layout, layout, operations_of
from toolkit.pictures.space_time_messages import Flight, arrows, flights_of, kinds_of, legend

READABLE = 160  # messages that a picture shows if no window is asked for
MOST_LANES, MOST_ARROWS = 24, 2600  # beyond these it becomes a map of heat

_SIGNS = {
    "drop": (svg.tag("path", d="M-6 -6l12 12m0 -12l-12 12", class_="ds-stroke ds-alarm", stroke_width=3.5), "lost"),
    "timer": (svg.tag("path", d="M-14 -4H10M-2 -4v10", class_="ds-stroke", stroke_width=2), "timer"),
    "log": (svg.tag("path", d="M-8 -5h10v10h-10z", class_="ds-strip"), "log"),
}


class Drawing(NamedTuple):
    """A picture, and what a widget must know to point at things in it; `messages` is empty for a map of heat."""

    picture: Picture
    layout: Layout
    messages: tuple[Flight, ...]


def space_time(record: Any, window: tuple[float, float] | None = None, *, width: float = WIDTH) -> Picture:
    """What happened in a run, or in its trace.

    Messages that were lost end in a cross. Hatching is a node that is down (with a cross where it crashed) or paused, a
    band is a partition, a small tick a timer; a client's operations are bars above its lane. More than 24 nodes, or
    thousands of messages at once, are drawn as a map of heat.

    Args:
        record: a `toolkit.system.Run` or `Trace`.
        window: (start, stop) in seconds. Default: all of it, or as long as the first 160 messages take.
        width: of the paper; 1100 suits a page.

    Raises:
        ValueError: the window does not begin before it ends, or holds nothing of the run; or the paper is too narrow.
    """
    return drawing(record, window, width).picture


def drawing(record: Any, window: tuple[float, float] | None = None, width: float = WIDTH) -> Drawing:
    """The same, with what a widget needs besides. Raises as `space_time` does."""
    trace = getattr(record, "trace", record)
    if not width >= 400:
        raise ValueError(f"width={width!r} is too narrow: names and times need 400 units or more, 1100 suits a page")
    messages = flights_of(trace)
    start, stop = _window(trace, messages, window)
    shown = [m for m in messages if m.sent <= stop and (m.ended is None or m.ended >= start)]
    text = _text(trace, shown, start, stop)
    if len(trace.nodes) > MOST_LANES or len(shown) > MOST_ARROWS * width / WIDTH:
        return _heat(trace, shown, (start, stop), width, text)
    return _arrows(trace, shown, (start, stop), width, text)


def _arrows(trace: Any, shown: list[Flight], window: tuple[float, float], width: float, text: str) -> Drawing:
    events = [event for event in trace if event.kind not in ("send", "deliver")]
    operations = [one for one in operations_of(trace, trace.until) if one.stop >= window[0] and one.start <= window[1]]
    paper = layout(trace.nodes, trace.clients, operations, window, width)
    down = on_lanes.spans(events, "crash", ("restart",), trace.until)
    still = on_lanes.spans(events, "pause", ("resume", "crash"), trace.until)
    kinds = kinds_of(shown)
    seen = {e.kind for e in events if window[0] <= e.at <= window[1] and e.node not in trace.clients}
    entries = legend(kinds, [sign for kind, sign in _SIGNS.items() if kind in seen], paper.bottom + 58, width)
    marks = [
        *on_lanes.partitions(paper, events, trace.until),
        on_lanes.lanes(paper, down),
        *on_lanes.crashes(paper, down),
        *on_lanes.pauses(paper, still),
        *arrows(shown, paper, kinds),
        *on_lanes.signs(paper, events),
        *on_lanes.operations(paper, operations),
    ]
    drawn = [
        svg.tag("g", *marks, class_="ds-marks"),
        on_lanes.names(paper),
        paper.ticks,
        svg.tag("g", *entries, class_="ds-names"),
    ]
    height = paper.bottom + (84 if entries else 44)
    return Drawing(picture(width, height, "Space–time diagram", text, *drawn), paper, tuple(shown))


def _heat(trace: Any, shown: list[Flight], window: tuple[float, float], width: float, text: str) -> Drawing:
    top = TOP + 10.0
    paper = crowded(trace.nodes, *window, width - MARGIN, top)
    cells, most = heat(shown, paper, top)
    cut = on_lanes.partitions(paper, [event for event in trace if event.kind in ("partition", "heal")], trace.until)
    middle, names = (top + paper.bottom) / 2, trace.nodes
    sides = [(top + 16, names[0]), (middle, f"{len(names):,}"), (middle + 22, "nodes"), (paper.bottom - 8, names[-1])]
    ends = [svg.words(LEFT - 12, y, svg.fitted(word, LEFT - 16, 18), size=18, anchor="end") for y, word in sides]
    marks = svg.tag("g", *cut, *cells, class_="ds-marks")
    drawn = [marks, svg.tag("g", *ends, class_="ds-names"), paper.ticks, *scale(most, paper.bottom + 60)]
    return Drawing(picture(width, paper.bottom + 84, "Space–time diagram", text, *drawn), paper, ())


def _window(trace: Any, messages: Sequence[Flight], window: tuple[float, float] | None) -> tuple[float, float]:
    last = max(trace.until, trace[-1].at if len(trace) else 0.0)
    if window is None:
        crowd = len(messages) > READABLE and len(trace.nodes) <= MOST_LANES
        return 0.0, messages[READABLE].sent if crowd and messages[READABLE].sent > 0 else last or 1.0
    try:
        start, stop = (float(edge) for edge in window)
    except (TypeError, ValueError):
        raise ValueError(f"window={window!r} must be (start, stop) in seconds, such as (0, {last:g})") from None
    if not (math.isfinite(start) and math.isfinite(stop) and start < stop and start < last and stop > 0):
        raise ValueError(f"window={window!r} shows nothing: (start, stop) with start < stop, between 0 and {last:g} s")
    return max(start, 0.0), min(stop, max(last, start + 1e-9))


def _text(trace: Any, shown: Sequence[Flight], start: float, stop: float) -> str:
    """The picture in words."""
    lost = sum(message.why is not None and message.ended is not None and message.ended <= stop for message in shown)
    what = f"Space–time diagram of {len(trace.nodes):,} nodes from {start:.4g} s to {stop:.4g} s"
    some = "" if len(shown) == len(trace.messages) else f" of {len(trace.messages):,}"
    parts = [f"{what}: {len(shown):,}{some} messages, {lost or 'none'} of them lost."]
    told = {"crash": "crashed", "restart": "came back", "pause": "was paused", "resume": "went on", "error": "failed"}
    faults = [event for event in trace if event.kind in told and start <= event.at <= stop]
    parts += [f"{event.node} {told[event.kind]} at {event.at:.4g} s." for event in faults[:8]]
    if len(faults) > 8:
        counts = Counter(told[event.kind] for event in faults[8:])
        parts.append("Then " + ", ".join(f"{count} more {what}" for what, count in counts.items()) + ".")
    cuts = [event for event in trace if event.kind == "partition" and start <= event.at <= stop]
    parts += [f"Partition at {event.at:.4g} s." for event in cuts[:4]]
    return " ".join(parts)
