"""Draw who holds how much: a bar per node, the hottest keys as blocks inside it, and a line at the mean.

Used by notebooks 10-partitioning and 11-consistent-hashing.
"""

from collections import Counter, defaultdict
from typing import Any

from toolkit.pictures import svg
from toolkit.pictures.picture import Picture, picture
from toolkit.pictures.theme import colour

WIDTH = 1100
LEFT, RIGHT = 110, 850  # the bars run between these; the figures stand to their right
TOP = 126
ROWS = 24  # as many nodes as are drawn one by one


def partition_map(load: Any, moved: Any = None) -> Picture:
    """Rows per node, with bytes beside them if the load has sizes.

    Args:
        load: a `toolkit.partitioning.Load` (`nodes`, `counts`, `sizes`, `hot`, `mean`, `max`, `peak_to_mean`, `keys`).
        moved: a `toolkit.partitioning.Moved` since the last change of nodes: rows that arrived are hatched.
    """
    shown = load.nodes[:ROWS]
    step = max(30.0, min(62.0, 430 / len(shown)))
    scale = (RIGHT - LEFT) / max(load.max, 1)
    arrived: Counter[str] = Counter()
    for (_, target), count in moved.flows.items() if moved is not None else ():
        arrived[target] += count
    hot = defaultdict(list)
    for key, count, node in load.hot:
        hot[node].append((key, count))
    drawn = [_row(load, code, step, scale, hot[name], arrived[name]) for code, name in enumerate(shown)]
    mean, end = LEFT + load.mean * scale, TOP + step * len(shown)
    foot = f"dashed: the mean, {load.mean:,.0f} rows" + (
        " · hatched: arrived by the last change" if moved is not None else ""
    )
    if len(load.nodes) > ROWS:
        foot = f"and {len(load.nodes) - ROWS} nodes more · {foot}"
    return picture(
        WIDTH,
        end + 56,
        "Partition map",
        _sentence(load, moved),
        *_heading(load, moved),
        *drawn,
        svg.tag(
            "path",
            d=f"M{svg.number(mean)} {TOP - 10}V{svg.number(end)}",
            class_="ds-stroke",
            stroke_width=2.5,
            stroke_dasharray="7 6",
        ),
        svg.words(LEFT, end + 30, foot, size=18, style="ds-quiet"),
    )


def _sentence(load: Any, moved: Any) -> str:
    fullest = load.nodes[load.counts.index(load.max)]
    text = (
        f"{load.keys:,} rows on {len(load.nodes)} {'node' if len(load.nodes) == 1 else 'nodes'}. "
        f"{fullest} holds the most: {load.max:,} rows, {load.peak_to_mean:.2f} times the mean of {load.mean:,.0f}."
    )
    if load.hot:
        key, count, node = load.hot[0]
        text += f" The hottest key is {key!r}: {count:,} rows, all on {node}."
    if moved is not None:
        text += f" {moved.count:,} rows moved ({moved.fraction:.1%}), {moved.needless:,} of them needlessly."
    return text


def _heading(load: Any, moved: Any) -> list[str]:
    """The figure that decides, as large as a projector wants it: how far the fullest node is above the mean."""
    drawn = [
        svg.words(24, 66, f"{load.peak_to_mean:.2f} ×", size=54, style="ds-bold"),
        svg.words(24, 98, "the fullest node ÷ the mean", size=19, style="ds-quiet"),
    ]
    if moved is not None:
        drawn += [
            svg.words(400, 66, f"{moved.fraction:.1%}", size=54, style="ds-bold"),
            svg.words(400, 98, f"of the rows moved, {moved.needless:,} needlessly", size=19, style="ds-quiet"),
        ]
    return drawn


def _row(load: Any, code: int, step: float, scale: float, hot: list[tuple[Any, int]], arrived: int) -> str:
    name, count = load.nodes[code], load.counts[code]
    height, size = step * 0.64, min(22.0, step * 0.46)
    base = height / 2 + size * 0.36
    width = count * scale
    parts = [
        svg.words(LEFT - 16, base, svg.fitted(name, LEFT - 20, size), size=size, style="ds-bold", anchor="end"),
        svg.tag("rect", x=LEFT, width=max(width, 1), height=height, class_=f"ds-fill {colour(code)}"),
    ]
    x = float(LEFT)
    for key, rows in hot:
        parts.append(_block(str(key), rows, x, rows * scale, height, size))
        x += rows * scale
    if arrived:
        parts.append(_arrivals(name, arrived, min(arrived, count) * scale, height, step * 0.16))
    figures = f"{count:,}" + (f" · {_bytes(load.sizes[code])}" if load.sizes is not None else " rows")
    parts.append(svg.words(RIGHT + 20, base, figures, size=size * 0.95))
    part = count / load.keys if load.keys else 0.0
    told = f"{name}: {figures.replace(' · ', ' rows, ')}, {part:.1%} of all"
    return svg.titled(told, *parts, transform=f"translate(0 {svg.number(TOP + code * step)})", data_node=name)


def _arrivals(name: str, rows: int, width: float, y: float, height: float) -> str:
    """A hatched strip under the bar, as long as the rows that arrived."""
    box = svg.tag("rect", x=LEFT, y=y, width=width, height=height, class_="ds-strip")
    lines = svg.tag("path", d=svg.hatch(LEFT, y, width, height, 6), class_="ds-stroke", stroke_width=2)
    return svg.titled(f"{rows:,} rows arrived on {name}", box, lines)


def _block(key: str, rows: int, x: float, width: float, height: float, size: float) -> str:
    """A hot key: a framed block as long as its rows, with its name where there is room for it."""
    box = svg.tag("rect", x=x + 1.5, y=1.5, width=max(width - 3, 1), height=height - 3, class_="ds-hot", stroke_width=2)
    name = svg.fitted(key, width - 14, size * 0.85)
    label = svg.words(x + width / 2, height / 2 + size * 0.3, name, size=size * 0.85, style="ds-bold", anchor="middle")
    return svg.titled(f"hot key {key}: {rows:,} rows", box, label if name else "")


def _bytes(count: float) -> str:
    """Bytes with decimal prefixes, as file sizes are given."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.2f} GB"
