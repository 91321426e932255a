"""What happens to the nodes of a space–time diagram: lanes, crashes, pauses, partitions, timers, errors, operations."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from toolkit.pictures import svg
from toolkit.pictures.space_time_layout import BAR, LEFT, TOP, Layout, Operation

Span = tuple[float, float]
BLOCK = 12  # half the height of a shaded stretch of a lane


def spans(events: Iterable[Any], begin: str, ends: Sequence[str], until: float) -> dict[Any, list[Span]]:
    """Node -> stretches of time from an event of kind `begin` to the next of kind `ends` on the same node."""
    found: dict[Any, list[Span]] = defaultdict(list)
    begun: dict[Any, float] = {}
    for event in events:
        if event.kind == begin:
            begun.setdefault(event.node, event.at)
        elif event.kind in ends and event.node in begun:
            found[event.node].append((begun.pop(event.node), event.at))
    for node, at in begun.items():
        found[node].append((at, until))
    return found


def names(layout: Layout) -> str:
    """The nodes' names on a strip of paper; a widget keeps it in sight while the rest is scrolled."""
    strip = svg.tag("rect", class_="ds-paper", width=LEFT - 4, height=layout.bottom + 8)
    words = [
        svg.words(LEFT - 14, y + 7, svg.fitted(name, LEFT - 18, 20), size=20, style="ds-bold", anchor="end")
        for name, y in layout.lanes.items()
    ]
    return svg.tag("g", strip, *words, class_="ds-names")


def lanes(layout: Layout, down: dict[Any, list[Span]]) -> str:
    """A line for each node, with gaps where the node was down."""
    path = []
    for name, y in layout.lanes.items():
        at = layout.start
        for start, stop in down.get(name, ()):
            path.append((at, start, y))
            at = max(at, stop)
        path.append((at, layout.stop, y))
    d = "".join(svg.spans([(layout.x(a), layout.x(b))], y) for a, b, y in path if a < b and layout.shows(a, b))
    return svg.tag("path", d=d, class_="ds-stroke ds-quiet", stroke_width=2)


def crashes(layout: Layout, down: dict[Any, list[Span]]) -> list[str]:
    """A cross where a node went down, hatching until it came back, and the word where there is room."""
    drawn = []
    for name, start, stop in _shown(layout, down):
        cross = ""
        if start >= layout.start:
            cross = f"M{svg.number(layout.x(start) - 9)} {svg.number(layout.lanes[name] - 9)}l18 18m0 -18l-18 18"
        mark = svg.tag("path", d=cross, class_="ds-stroke ds-alarm", stroke_width=5)
        drawn.append(_block(layout, name, start, stop, "down", 1, f"{name} is down", mark))
    return drawn


def pauses(layout: Layout, still: dict[Any, list[Span]]) -> list[str]:
    """Hatching the other way while a node stands still."""
    return [_block(layout, *shown, "paused", -1, f"{shown[0]} stands still", "") for shown in _shown(layout, still)]


def _shown(layout: Layout, found: dict[Any, list[Span]]) -> list[tuple[str, float, float]]:
    return [(name, a, b) for name, spans in found.items() for a, b in spans if layout.shows(a, b)]


def _block(layout: Layout, name: str, start: float, stop: float, word: str, slope: int, told: str, mark: str) -> str:
    left, right, y = layout.x(start), layout.x(stop), layout.lanes[name]
    width = max(right - left, 3)
    box = svg.tag("rect", class_="ds-track", x=left, y=y - BLOCK, width=width, height=2 * BLOCK)
    lines = svg.hatch(left, y - BLOCK, width, 2 * BLOCK, 11, slope)
    hatching = svg.tag("path", d=lines, class_="ds-stroke ds-quiet", stroke_width=1.2)
    wide = svg.width_of(word, 16) + 40 < width
    label = svg.words((left + right) / 2, y + 5.5, word, size=16, style="ds-halo", anchor="middle") if wide else ""
    return svg.titled(f"{told} from {start:.4g} s to {stop:.4g} s", box, hatching, mark, label)


def partitions(layout: Layout, events: Iterable[Any], until: float) -> list[str]:
    """A band over all lanes while links are cut, and above it who cannot reach whom."""
    begun = [(event.at, _sides(event.detail)) for event in events if event.kind == "partition"]
    heals = [event.at for event in events if event.kind == "heal"]
    drawn = []
    for number, (start, sides) in enumerate(begun):
        stop = next((at for at in heals if at >= start), until)
        if not layout.shows(start, stop):
            continue
        left, right = layout.x(start), layout.x(stop)
        room = layout.x(begun[number + 1][0]) - left if number + 1 < len(begun) else layout.right - left
        height = layout.bottom - TOP + 10
        band = svg.tag("rect", class_="ds-cut", x=left, y=TOP - 10, width=max(right - left, 2), height=height)
        edges = "".join(f"M{svg.number(x)} {TOP - 10}v{svg.number(height)}" for x in (left, right))
        edge = svg.tag("path", d=edges, class_="ds-stroke ds-alarm", stroke_width=2, stroke_dasharray="6 5")
        label = svg.words(left, 18, svg.fitted(f"cut: {sides}", room, 16), size=16, style="ds-alarm ds-bold")
        drawn.append(svg.titled(f"partition: {sides}, from {start:.4g} s to {stop:.4g} s", band, edge, label))
    return drawn


def _sides(detail: dict[str, Any]) -> str:
    if detail.get("one_way"):
        return " ↛ ".join(" ".join(side) for side in detail["one_way"])
    return " | ".join(" ".join(group) for group in detail["groups"])


def signs(layout: Layout, events: Sequence[Any]) -> list[str]:
    """Small marks on the lanes: timers that fired, lines that a node logged, clocks that were set, errors."""
    ticks, drawn = [], []
    for event in events:
        if event.node not in layout.lanes or not layout.shows(event.at, event.at):
            continue
        x, y = layout.x(event.at), layout.lanes[event.node]
        if event.kind == "timer" and event.node not in layout.clients:
            ticks.append(f"M{x:.1f} {y:.1f}v9")
        elif event.kind == "log":
            square = svg.tag("path", d=f"M{x - 4:.1f} {y - 5:.1f}h8v10h-8z", class_="ds-strip")
            drawn.append(svg.titled(f"{event.node}: {event.detail['text']}", square))
        elif event.kind == "clock":
            drawn.append(_flag(x, y, f"clock {_skew(event.detail)}", f"{event.node}: clock set", "ds-bold"))
        elif event.kind == "error":
            told = f"{event.node} raised {event.detail['type']}: {event.detail['text']}"
            drawn.append(_flag(x + 8, y, event.detail["type"], told, "ds-alarm ds-bold"))
    if ticks:
        drawn.append(svg.tag("path", d="".join(ticks), class_="ds-stroke", stroke_width=2))
    return drawn


def _flag(x: float, y: float, label: str, told: str, style: str) -> str:
    return svg.titled(told, svg.words(x + 4, y + 27, label, size=15, style=f"ds-halo {style}"))


def _skew(detail: dict[str, Any]) -> str:
    offset, drift = detail.get("offset") or 0.0, detail.get("drift") or 0.0
    parts = [f"{offset:+.4g} s"] if offset or not drift else []
    return ", ".join([*parts, *([f"{drift * 1e6:+.4g} µs/s"] if drift else [])])


def operations(layout: Layout, found: Sequence[Operation]) -> list[str]:
    """What clients asked for, as bars above their lanes; dashed if no answer came."""
    rows: dict[tuple[str, int], list[Operation]] = defaultdict(list)
    for one in found:
        if layout.shows(one.start, one.stop):
            rows[one.client, one.row].append(one)
    drawn = []
    for row in rows.values():
        ends = [layout.x(after.start) for after in row[1:]] + [layout.right]
        drawn += [_operation(layout, one, end) for one, end in zip(row, ends, strict=True)]
    return drawn


def _operation(layout: Layout, one: Operation, end: float) -> str:
    """A bar, and what was asked and answered: in the bar, or behind it where there is more room, up to `end`."""
    left, right = layout.x(one.start), max(layout.x(one.stop), layout.x(one.start) + 3)
    y = layout.lanes[one.client] - 12 - (one.row + 1) * (BAR + 4)
    told = f" {one.told}".rstrip()
    answer = {"ok": f" →{told}" if told else " ✓", "failed": f" ✕{told}", "unknown": " → ?"}[one.outcome]
    dash = "7 5" if one.outcome == "unknown" else None
    box = svg.tag("rect", x=left, y=y, width=right - left, height=BAR, rx=5, class_="ds-strip", stroke_dasharray=dash)
    inside = (left + 7, svg.fitted(one.name + answer, right - left - 12, 16))
    behind = (right + 6, svg.fitted(one.name + answer, end - right - 12, 16))
    x, text = max(inside, behind, key=lambda place: len(place[1]))
    label = svg.words(x, y + 20.5, text, size=16, style="ds-halo") if text else ""
    words = f"{one.client}: {one.name}{answer}, {one.outcome}, {(one.stop - one.start) * 1e3:.4g} ms"
    return svg.titled(words, box, label, style="ds-alarm" if one.outcome != "ok" else "")
