"""The list beside a hash ring: a bar per node, a line at the mean, and how far the fullest is above it."""

from collections.abc import Sequence
from typing import Any

from toolkit.pictures import svg
from toolkit.pictures.theme import colour

LEFT, TOP, BOTTOM, RIGHT = 728, 118, 640, 1092
BARS, LONGEST = LEFT + 78, 205
MOST = 16  # as many nodes as there is room for


def rows(count: int) -> list[tuple[float, float]]:
    """Where each of the first `count` rows begins, and how tall it is."""
    shown = min(count, MOST)
    step = min(58.0, (BOTTOM - TOP) / max(shown, 1))
    return [(TOP + step * place, step) for place in range(shown)]


def share_list(names: Sequence[str], share: Any, what: str, arrived: Any, gone: Sequence[str]) -> list[str]:
    """Draw the list.

    Args:
        names: the nodes. share: for each the part it has, 0 to 1. what: what it is a part of.
        arrived: for each node the number of keys that came to it, or None when nothing has changed.
        gone: the nodes that have left.
    """
    places = rows(len(names))
    peak = float(max(share))
    end = places[-1][0] + places[-1][1]
    mean = BARS + LONGEST / peak / len(names)
    line = f"M{svg.number(mean)} {TOP - 8}V{svg.number(end - places[-1][1] * 0.3)}"
    return [
        svg.words(LEFT, 52, f"Share of the {what}", size=24, style="ds-bold"),
        svg.words(LEFT, 82, f"fullest node: {peak * len(names):.2f} × mean", size=19, style="ds-quiet"),
        *(
            _row(code, name, y, step, float(share[code]), peak, what, None if arrived is None else int(arrived[code]))
            for code, (name, (y, step)) in enumerate(zip(names, places, strict=False))
        ),
        svg.tag("path", d=line, class_="ds-stroke", stroke_width=2, stroke_dasharray="6 5"),
        svg.words(LEFT, end + 22, _foot(names, gone), size=17, style="ds-quiet"),
    ]


def _row(code: int, name: str, y: float, step: float, part: float, peak: float, what: str, arrived: int | None) -> str:
    size = min(21.0, step * 0.5)
    base, thick = y + step * 0.42, step * 0.5
    width = max(part / peak * LONGEST, 1)
    told = f"{name}: {part:.1%} of the {what}" + (f", {arrived:,} keys arrived" if arrived is not None else "")
    note = f"+{arrived:,} keys" if arrived and step > 45 else ""
    return svg.titled(
        told,
        svg.tag("rect", x=BARS, y=y, width=width, height=thick, rx=3, class_=f"ds-fill {colour(code)}"),
        svg.words(LEFT + 68, base, svg.fitted(name, 68, size), size=size, style="ds-bold", anchor="end"),
        svg.words(RIGHT, base, f"{part:.1%}", size=size * 0.9, anchor="end"),
        svg.words(BARS, y + thick + 17, note, size=15, style="ds-quiet") if note else "",
        data_node=name,
    )


def _foot(names: Sequence[str], gone: Sequence[str]) -> str:
    more = f"and {len(names) - MOST} more · " if len(names) > MOST else ""
    left = f"gone: {', '.join(gone)} · " if gone else ""
    return f"{more}{left}dashed: the mean · tracks: {names[0]} outermost"
