"""Draw a hash ring: who owns which arcs of the circle, where the keys lie, and which of them moved.

Each node has a track of its own, so that its arcs can be told apart without colour however many virtual nodes it
has. A key lies inside, at its place on the circle, and belongs to the next virtual node clockwise.
Used by notebook 11-consistent-hashing. Source: Karger et al., Consistent Hashing and Random Trees (STOC 1997).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.pictures import svg
from toolkit.pictures.picture import Picture, picture
from toolkit.pictures.share_list import share_list
from toolkit.pictures.theme import colour

WIDTH, HEIGHT = 1100, 700
CENTRE = (352.0, 352.0)
RIM = 296.0  # where the outermost track begins
TRACKS = 96.0  # the width of all tracks together
KEYS_OUTER, KEYS_INNER = 188.0, 152.0
CIRCLE = 2.0**64
NAMED = 24  # up to so many virtual nodes, each has its name beside it


def hash_ring(ring: Any, keys: Any = None, before: Any = None) -> Picture:
    """The ring as a circle, and each node's share beside it.

    Args:
        ring: a `toolkit.partitioning.HashRing`: its nodes, positions, position_codes, position(key) and codes(keys).
        keys: keys to place on the circle; a few thousand at most are readable. Without them, shares are those of the
            circle itself.
        before: the ring before a node joined or left; the keys that changed their owner since are marked.

    Raises:
        ValueError: `before` is given without `keys`: nothing could be seen to move.
    """
    placed = _as_list(keys)
    if before is not None and not placed:
        raise ValueError("before= marks the keys that moved, so it needs keys=; pass the keys that you placed")
    turns = np.asarray(ring.positions, dtype=np.float64) / CIRCLE
    owners = np.asarray(ring.position_codes)
    lengths = np.diff(turns, prepend=turns[-1] - 1)
    codes = np.asarray(ring.codes(placed)) if placed else np.empty(0, dtype=np.int32)
    weights = (codes, None) if placed else (owners, lengths)
    share = np.bincount(weights[0], weights[1], len(ring.nodes)) / (len(placed) or 1)
    moved = _moved(ring, before, placed, codes)
    arrived = None if moved is None else np.bincount(codes[moved], minlength=len(ring.nodes))
    gone = [] if before is None else [name for name in before.nodes if name not in ring.nodes]
    sentence = _sentence(ring, placed, share, moved)
    return picture(
        WIDTH,
        HEIGHT,
        "Hash ring",
        sentence,
        *_tracks(ring.nodes, owners, turns, lengths),
        *(_keys(ring, placed, codes, moved) if placed else ()),
        *_centre(ring, placed, moved),
        *share_list(ring.nodes, share, "keys" if placed else "circle", arrived, gone),
    )


def _as_list(keys: Any) -> list[Any]:
    return [] if keys is None else list(keys)


def _moved(ring: Any, before: Any, keys: Sequence[Any], codes: NDArray[Any]) -> NDArray[np.bool_] | None:
    if before is None:
        return None
    same_name = {name: code for code, name in enumerate(ring.nodes)}
    old_to_new = np.array([same_name.get(name, -1) for name in before.nodes])
    return np.asarray(old_to_new[before.codes(keys)] != codes)


def _sentence(ring: Any, keys: Sequence[Any], share: NDArray[Any], moved: NDArray[np.bool_] | None) -> str:
    marks, nodes = len(ring.positions), len(ring.nodes)
    fullest = int(share.argmax())
    text = (
        f"A hash ring of {_count(nodes, 'node')} with {_count(marks, 'virtual node')} in all. "
        f"{ring.nodes[fullest]} owns the most: {share[fullest]:.1%} of the {'keys' if keys else 'circle'}, "
        f"{share[fullest] * nodes:.2f} times the mean."
    )
    if moved is not None:
        text += f" {int(moved.sum()):,} of {len(keys):,} keys moved ({moved.mean():.1%})."
    return text


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _tracks(nodes: Sequence[str], owners: NDArray[Any], turns: NDArray[Any], lengths: NDArray[Any]) -> list[str]:
    """The ring itself, and inside it one circle per node, dashed so that only the node's own arcs are drawn."""
    step = TRACKS / max(len(nodes), 4)
    drawn = []
    for code, name in enumerate(nodes):
        mine = owners == code
        arcs = (turns[mine] - lengths[mine], turns[mine])
        radius = RIM - step * (code + 0.5)
        count, share = int(mine.sum()), float(lengths[mine].sum())
        drawn.append(
            svg.titled(
                f"{name}: {_count(count, 'virtual node')}, {share:.1%} of the circle",
                _circle(radius, None, 1, "ds-rim"),
                _circle(radius, _dashes(*arcs, radius), step * 0.8, "ds-stroke"),
                _circle(RIM + 14, _dashes(*arcs, RIM + 14), 14, "ds-stroke"),
                style=colour(code),
                data_node=name,
            )
        )
    if len(turns) <= NAMED:
        roomy = np.diff(turns, prepend=turns[-1] - 1) > 0.02  # else its name would lie on its neighbour's
        drawn += [
            _name(nodes[code] if room else "", colour(code), turn)
            for code, turn, room in zip(owners.tolist(), turns.tolist(), roomy.tolist(), strict=True)
        ]
    return drawn


def _circle(radius: float, dashes: str | None, width: float, style: str) -> str:
    x, y = CENTRE
    # A dash pattern begins at three o'clock; turned back by a quarter it begins at the top, as positions do.
    turn = f"rotate(-90 {svg.number(x)} {svg.number(y)})" if dashes else None
    return svg.tag(
        "circle", cx=x, cy=y, r=radius, class_=style, stroke_width=width, stroke_dasharray=dashes, transform=turn
    )


def _dashes(starts: NDArray[Any], stops: NDArray[Any], radius: float) -> str:
    """The arcs as a dash pattern: two numbers an arc, a quarter of what a path would take to send."""
    if len(starts) and starts[0] < 0:  # the arc over the top is drawn as its two halves
        starts, stops = np.append(starts, 1 + starts[0]), np.append(stops, 1.0)
        starts[0] = 0
    edges = np.column_stack([starts, stops]).ravel() * (2 * np.pi * radius)
    steps = np.diff(np.round(edges, 1), prepend=0.0)  # rounded before the difference, so that errors don't add up
    return "0 " + " ".join(map(svg.number, steps.tolist())) + " 9999"


def _name(name: str, style: str, turn: float) -> str:
    """A virtual node at its place on the ring."""
    spot = f"M{svg.point(CENTRE, RIM + 14, turn)}h0"
    x, y = (float(value) for value in svg.point(CENTRE, RIM + 38, turn).split())
    return svg.tag(
        "g",
        svg.tag("path", d=spot, class_="ds-dots ds-edge", stroke_width=26),
        svg.tag("path", d=spot, class_="ds-dots", stroke_width=20),
        svg.words(x, y + 6, name, size=17, style="ds-ink ds-bold", anchor="middle"),
        class_=style,
    )


def _points(turns: NDArray[Any], radius: Any) -> list[list[float]]:
    angle = 2 * np.pi * turns
    across, down = CENTRE[0] + radius * np.sin(angle), CENTRE[1] - radius * np.cos(angle)
    return np.column_stack([across, down]).round().astype(int).tolist()


def _keys(ring: Any, keys: Sequence[Any], codes: NDArray[Any], moved: NDArray[np.bool_] | None) -> list[str]:
    """Each key a dot at its place on the circle, all dots of a node in one path."""
    turns = np.fromiter((float(ring.position(key)) for key in keys), np.float64, len(keys)) / CIRCLE
    scatter = np.arange(len(keys)) * 0.618034 % 1  # spread inwards, so that neighbours don't cover each other
    places = np.array(_points(turns, KEYS_OUTER - (KEYS_OUTER - KEYS_INNER) * scatter))
    size = 9 if len(keys) <= 100 else 6 if len(keys) <= 500 else 4
    stayed = np.ones(len(keys), dtype=bool) if moved is None else ~moved
    drawn = []
    for code in range(len(ring.nodes)):
        here = codes == code
        faded = None if moved is None else 0.35
        drawn.append(_dots(places[here & stayed], size, colour(code), faded))
        if moved is not None:  # an outline tells a moved key without colour
            drawn.append(_dots(places[here & moved], size + 6, "ds-ink", None))
            drawn.append(_dots(places[here & moved], size + 2, colour(code), None))
    return drawn


def _dots(places: NDArray[Any], size: float, style: str, opacity: float | None) -> str:
    if not len(places):
        return ""
    path = "".join(f"M{x} {y}h0" for x, y in places.tolist())
    shade = None if opacity is None else str(opacity)
    return svg.tag("path", d=path, class_=f"ds-dots {style}", stroke_width=size, opacity=shade)


def _centre(ring: Any, keys: Sequence[Any], moved: NDArray[np.bool_] | None) -> list[str]:
    x, y = CENTRE
    if moved is not None:
        figure, lines = f"{moved.mean():.1%}", [f"of {len(keys):,} keys moved"]
    else:
        marks = len(ring.positions)
        figure, lines = (
            str(len(ring.nodes)),
            [_count(len(ring.nodes), "node").split()[1], _count(marks, "virtual node")],
        )
        if keys:
            lines.append(_count(len(keys), "key"))
    top = y + 10 - 14 * (len(lines) - 1)
    return [
        svg.words(x, top, figure, size=64, style="ds-bold", anchor="middle"),
        *(
            svg.words(x, top + 36 + 28 * i, line, size=21, style="ds-quiet", anchor="middle")
            for i, line in enumerate(lines)
        ),
    ]
