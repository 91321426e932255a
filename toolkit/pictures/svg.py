"""Write SVG as plain strings: the few shapes that the toolkit's pictures are made of.

A ring is redrawn on every step of a slider, so this must be quick, and a string is the quickest thing to build: a
tree of element objects would be thrown away as soon as it is written out. Everything here returns markup; only
`words` and `titled` take text from outside, and they escape it.
"""

import math
from collections.abc import Iterable
from html import escape


def number(value: float) -> str:
    """A coordinate with one decimal at most: a tenth of a unit is finer than a pixel, and digits are bytes to send."""
    return f"{value:.1f}".removesuffix(".0")


def tag(name: str, *children: str, **attributes: object) -> str:
    """One element. `children` are markup; an attribute that is None is left out, `class_` becomes `class`,
    `stroke_width` becomes `stroke-width`, and numbers are rounded."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{''.join(children)}</{name}>" if children else f"<{name}{written}/>"


def _attribute(value: object) -> str:
    return number(value) if isinstance(value, int | float) else escape(str(value), quote=True)


def words(x: float, y: float, text: str, *, size: float = 18, style: str = "", anchor: str | None = None) -> str:
    """Text with its baseline at (x, y). `style` names classes from the theme, `anchor` is start, middle or end."""
    return tag("text", escape(text), x=x, y=y, font_size=size, class_=style or None, text_anchor=anchor)


def titled(title: str, *children: str, style: str = "", **attributes: object) -> str:
    """A group with a name of its own: a tooltip in a browser, and what the widget reads out on hover or arrow key."""
    return tag("g", tag("title", escape(title)), *children, class_=style or None, **attributes)


def moved_to(x: float, y: float, *children: str) -> str:
    """A group shifted by (x, y)."""
    return tag("g", *children, transform=f"translate({number(x)} {number(y)})")


def width_of(text: str, size: float) -> float:
    """Roughly how wide a text is: sans-serif letters are a good half as wide as they are tall."""
    return 0.56 * size * len(text)


def fitted(text: str, width: float, size: float) -> str:
    """The text, cut with an ellipsis where it would be wider than `width`; empty where not even two letters fit."""
    room = int(width / (0.56 * size))
    if len(text) <= room:
        return text
    return text[: room - 1] + "…" if room >= 3 else ""


def spans(pairs: Iterable[tuple[float, float]], y: float) -> str:
    """Path data for horizontal strokes from x to x at height y: a whole lane of tasks in one element."""
    return "".join(f"M{number(start)} {number(y)}H{number(stop)}" for start, stop in pairs)


def hatch(x: float, y: float, width: float, height: float, gap: float = 9, slope: int = 1) -> str:
    """Path data for diagonal lines that fill a rectangle exactly.

    Lines instead of a <pattern>: a pattern needs an id, and ids of several pictures on one page clash.
    `slope` 1 leans like /, -1 like a backslash.
    """
    path = []
    for step in range(1, math.ceil((width + height) / gap)):
        reach = step * gap  # where the line would cross the lower edge, counted from the left corner
        left, right = max(0.0, reach - height), min(reach, width)
        low, high = min(reach, height), max(0.0, reach - width)
        if slope < 0:
            low, high = height - low, height - high
        path.append(f"M{number(x + left)} {number(y + low)}L{number(x + right)} {number(y + high)}")
    return "".join(path)


def point(centre: tuple[float, float], radius: float, turn: float) -> str:
    """The point at `turn` (0 at the top, clockwise, 1 is once round) as "x y"."""
    angle = 2 * math.pi * turn
    return f"{number(centre[0] + radius * math.sin(angle))} {number(centre[1] - radius * math.cos(angle))}"


def arc(centre: tuple[float, float], radius: float, start: float, stop: float) -> str:
    """Path data for a clockwise arc between two turns of the circle; a whole turn is drawn as two halves."""
    if stop - start >= 1:
        middle = start + 0.5
        return arc(centre, radius, start, middle) + arc(centre, radius, middle, start + 1 - 1e-9)
    large = int(stop - start > 0.5)
    size = number(radius)
    return f"M{point(centre, radius, start)}A{size} {size} 0 {large} 1 {point(centre, radius, stop)}"


def view_height(document: str) -> float:
    """The height of a picture in its own units, read from its viewBox."""
    return float(document.split('viewBox="', 1)[1].split('"', 1)[0].split()[3])
