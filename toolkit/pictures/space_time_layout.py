"""Where a trace lies on paper: a lane for each node, clients on top, and time to the right."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.pictures import svg

WIDTH = 1100
LEFT, MARGIN = 100, 36  # the names stand left of LEFT; MARGIN is free at the right
TOP = 34  # partitions are named up here
BAR = 30  # the height of a client's operation
MOST_ROWS = 3  # operations of one client that may lie on top of each other


@dataclass(frozen=True)
class Operation:
    """What a client asked for, and how it ended; times in seconds."""

    client: str
    name: str
    told: str
    start: float
    stop: float
    outcome: str
    row: int


@dataclass(frozen=True)
class Layout:
    """`lanes` maps a node to its height on the paper; times from `start` to `stop` lie between LEFT and `right`."""

    start: float
    stop: float
    right: float
    lanes: dict[str, float]
    clients: tuple[str, ...]
    bottom: float

    def x(self, at: float) -> float:
        """The place of a time; times outside lie on the edge."""
        part = (min(max(at, self.start), self.stop) - self.start) / (self.stop - self.start)
        return LEFT + part * (self.right - LEFT)

    def shows(self, start: float, stop: float) -> bool:
        """Whether any of the time from start to stop is on the paper."""
        return stop >= self.start and start <= self.stop

    @property
    def ticks(self) -> str:
        """The time axis below the lanes: round numbers, about one in 130 units."""
        step = round_step((self.stop - self.start) * 130 / (self.right - LEFT))
        unit, scale = ("s", 1.0) if step >= 0.1 else ("ms", 1e3) if step >= 1e-4 else ("µs", 1e6)
        first, last = math.ceil(self.start / step - 1e-9), math.floor(self.stop / step + 1e-9)
        decimals = max(0, -math.floor(math.log10(step * scale) + 1e-9))
        marks, y = [], svg.number(self.bottom)
        for number in range(first, last + 1):
            x, label = self.x(number * step), f"{number * step * scale:.{decimals}f} {unit}"
            marks.append(svg.words(x, self.bottom + 26, label, size=16, style="ds-quiet", anchor="middle"))
        strokes = "".join(f"M{svg.number(self.x(number * step))} {y}v8" for number in range(first, last + 1))
        line = f"M{LEFT} {y}H{svg.number(self.right)}{strokes}"
        return svg.tag("path", d=line, class_="ds-stroke ds-quiet", stroke_width=1.5) + "".join(marks)


def round_step(rough: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50, … at or above `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * digit for digit in (1, 2, 5, 10, 20) if power * digit >= rough * (1 - 1e-9))


def layout(
    nodes: Sequence[str],
    clients: Sequence[str],
    operations: Iterable[Operation],
    window: tuple[float, float],
    width: float,
) -> Layout:
    """Give every node its lane: clients first, each with room for its operations above it."""
    rows = dict.fromkeys(clients, 0)
    for operation in operations:
        rows[operation.client] = max(rows[operation.client], operation.row + 1)
    inner = [name for name in nodes if name not in rows]
    gap = max(34.0, min(92.0, 560 / max(len(inner), 1)))
    lanes, y = {}, float(TOP)
    for name in clients:
        y += rows[name] * (BAR + 4) + 26
        lanes[name] = y
    for name in inner:
        y += gap if lanes else 42
        lanes[name] = y
    return Layout(window[0], window[1], width - MARGIN, lanes, tuple(clients), y + 46)


def operations_of(trace: Any, until: float) -> list[Operation]:
    """The clients' operations, as the trace has them; those that lie on top of each other get different rows."""
    begun: dict[Any, Any] = {}
    ended: dict[Any, Any] = {}
    for event in trace:
        if event.kind == "invoke":
            begun[event.detail["operation"]] = event
        elif event.kind == "return":
            ended[event.detail["operation"]] = event
    free: dict[str, list[float]] = {}
    found = []
    for number, event in begun.items():
        end = ended.get(number)
        stop = until if end is None else end.at
        row = _row(free.setdefault(event.node, []), event.at, stop)
        outcome = "unknown" if end is None else end.detail["outcome"]
        result = {} if end is None else end.detail["result"] or {}
        name = f"{event.detail['type']} {shortly(event.detail['fields'].values())}".strip()
        kind = result.get("type", "ok")  # "ok" alone says no more than the outcome
        told = shortly(value for key, value in result.items() if key != "type") or ("" if kind == "ok" else kind)
        found.append(Operation(event.node, name, told, event.at, stop, outcome, row))
    return found


def _row(free: list[float], start: float, stop: float) -> int:
    """The first row that is free again at `start`; the last one takes whatever finds none."""
    for row, since in enumerate(free):
        if since <= start:
            free[row] = stop
            return row
    if len(free) < MOST_ROWS:
        free.append(stop)
    else:
        free[-1] = max(free[-1], stop)
    return len(free) - 1


def shortly(values: Iterable[Any], most: int = 48) -> str:
    """Values with commas between them, cut where they get long."""
    text = ", ".join(map(str, values))
    return text if len(text) <= most else text[: most - 1] + "…"
