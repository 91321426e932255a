"""The space–time diagram of a crowd: how many messages arrived where and when, as a map of heat.

A thousand nodes have no room for a lane each, and ten thousand arrows are a grey wall; density can still be read.
"""

from collections import Counter
from collections.abc import Sequence

from toolkit.pictures import svg
from toolkit.pictures.space_time_layout import LEFT, Layout
from toolkit.pictures.space_time_messages import Flight

COLUMNS, MOST_ROWS = 164, 50
LEVELS = (0.15, 0.32, 0.52, 0.75, 1.0)  # opacity; each level is twice as many messages as the one before
HEIGHT = 440.0


def crowded(nodes: Sequence[str], start: float, stop: float, width: float, top: float) -> Layout:
    """A layout without room between the lanes."""
    lanes = {name: top + HEIGHT * (number + 0.5) / len(nodes) for number, name in enumerate(nodes)}
    return Layout(start, stop, width, lanes, (), top + HEIGHT + 8)


def heat(messages: Sequence[Flight], layout: Layout, top: float) -> tuple[list[str], int]:
    """Cells, the darker the more messages arrived; and the number of messages in the fullest cell."""
    rows = min(len(layout.lanes), MOST_ROWS)
    cell = ((layout.right - LEFT) / COLUMNS, HEIGHT / rows)
    counts: Counter[tuple[int, int]] = Counter()
    for message in messages:
        if message.ended is not None and message.why is None and layout.shows(message.ended, message.ended):
            column = min(int((layout.x(message.ended) - LEFT) / cell[0]), COLUMNS - 1)
            counts[column, int((layout.lanes[message.to] - top) / cell[1])] += 1
    most = max(counts.values(), default=1)
    paths: list[list[str]] = [[] for _ in LEVELS]
    for (column, row), count in counts.items():
        level = len(LEVELS) - 1
        while level and count <= most / 2 ** (len(LEVELS) - level):
            level -= 1
        x, y = LEFT + column * cell[0], top + row * cell[1]
        paths[level].append(f"M{x:.1f} {y:.1f}h{cell[0]:.1f}v{cell[1]:.1f}h-{cell[0]:.1f}z")
    drawn = [
        svg.tag("path", d="".join(path), class_="ds-fill", opacity=f"{opacity}")
        for path, opacity in zip(paths, LEVELS, strict=True)
        if path
    ]
    return [svg.tag("g", *drawn, class_="ds-0")], most


def scale(most: int, y: float) -> list[str]:
    """What the levels mean."""
    drawn = [svg.words(LEFT, y, "messages that arrived in a cell:", size=16, style="ds-quiet")]
    x = LEFT + 276.0
    for number, opacity in enumerate(LEVELS):
        upper = most / 2 ** (len(LEVELS) - 1 - number)
        if upper < 1:
            continue
        box = svg.tag("rect", x=x, y=y - 14, width=34, height=18, class_="ds-fill", opacity=f"{opacity}")
        drawn += [svg.tag("g", box, class_="ds-0"), svg.words(x + 42, y, f"≤ {upper:.0f}", size=16)]
        x += 110
    return drawn
