"""The exercises of notebook 11: a ring's owner, rendezvous hashing, what moved, and a test for minimal movement."""

from __future__ import annotations

import random
from collections.abc import Sequence

from xxhash import xxh3_64_intdigest

from toolkit.exercises.exercise import Exercise
from toolkit.exercises.judging import Case, catches, returns

_RING = [(100, "w2"), (250, "w0"), (400, "w1"), (700, "w2"), (900, "w0")]

RING_OWNER = Exercise(
    id="11.1",
    title="The next node clockwise",
    minutes=10,
    task="""\
A ring is a sorted list of pairs `(place, node)`; a node may stand on it several times. A key at some place belongs to
the first node **at that place or after it**, clockwise, and after the last one the circle begins again.

Write `ring_owner(place, ring)`. The list may be long, so search it by halves (`bisect`) instead of from the start.""",
    blank="""\
def ring_owner(place, ring):
    return ...  # ring_owner(120, [(100, "w0"), (200, "w1")]) is "w1\"""",
    solution="""\
from bisect import bisect_left


def ring_owner(place, ring):
    index = bisect_left(ring, place, key=lambda point: point[0])
    return ring[index % len(ring)][1]""",
    hints=(
        "`bisect.bisect_left(places, place)` is the index of the first entry that isn't smaller: there, or after it.",
        "What does `bisect_left` return for a place beyond the last node? And who owns such a key?",
        "`index % len(ring)` turns one past the end into 0. `key=lambda point: point[0]` looks at the places only.",
    ),
    answer="ring_owner",
    judge=returns(
        ((120, _RING), "w0"),
        ((700, _RING), "w2"),
        ((701, _RING), "w0"),
        ((0, _RING), "w2"),
        ((901, _RING), "w2"),
        ((100, _RING), "w2"),
        ((5, [(3, "only")]), "only"),
        ((10**18, [(1, "z"), (2**63, "a")]), "a"),
    ),
)


def _winner(key: str, nodes: Sequence[str]) -> str:
    return max(nodes, key=lambda node: xxh3_64_intdigest(f"{node}/{key}".encode()))


RENDEZVOUS = Exercise(
    id="11.2",
    title="Rendezvous hashing in a line or two",
    minutes=10,
    task="""\
Thaler and Ravishankar's rendezvous hashing needs no ring: for a given key every node gets a score, and **the highest
score owns the key**. When a node leaves, only its own keys look for a new winner.

Write `highest_score(key, nodes)`, which returns the winning node. `score` is given.""",
    blank="""\
from xxhash import xxh3_64_intdigest


def score(node, key):
    return xxh3_64_intdigest(f"{node}/{key}".encode())


def highest_score(key, nodes):
    return ...  # score(nodes[0], key) is the first node's score""",
    solution="""\
from xxhash import xxh3_64_intdigest


def score(node, key):
    return xxh3_64_intdigest(f"{node}/{key}".encode())


def highest_score(key, nodes):
    return max(nodes, key=lambda node: score(node, key))""",
    hints=(
        "Which built-in function finds the largest of several things?",
        "`max(nodes, key=...)` returns the node for which the function given as `key` is largest.",
        "The word `key` now means two things. `max(nodes, key=lambda node: score(node, key))` keeps them apart.",
    ),
    answer="highest_score",
    judge=returns(
        *(
            ((key, nodes), _winner(key, nodes))
            for key in ("AA", "B6", "DL", "UA", "WN", "N725MQ")
            for nodes in (["w0", "w1", "w2"], ["w2", "w1", "w0"], ["solo"], list("abcdefgh"))
        )
    ),
)


def _moved(before: Sequence[str], after: Sequence[str]) -> tuple[float, float]:
    there = set(before) & set(after)
    moves = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    needless = sum(old in there and new in there for old, new in moves)
    return (len(moves) / len(before), needless / len(before)) if before else (0.0, 0.0)


def _modulo(keys: int, nodes: int) -> list[str]:
    return [f"w{key % nodes}" for key in range(keys)]


def _joined(keys: int, nodes: int) -> tuple[list[str], list[str]]:
    """A change without a needless move: a newcomer takes some keys from everybody."""
    draw = random.Random(12)
    before = _modulo(keys, nodes)
    return before, [f"w{nodes}" if draw.random() < 1 / (nodes + 1) else owner for owner in before]


_MOVES: list[Case] = [
    (["w0", "w1", "w0", "w1"], ["w0", "w1", "w2", "w1"]),
    (["w0", "w1", "w0", "w1"], ["w1", "w1", "w0", "w0"]),
    (["w0", "w1", "w2", "w2"], ["w0", "w1", "w0", "w1"]),
    (["w0", "w1", "w2", "w0"], ["w1", "w1", "w3", "w3"]),
    (["w0", "w1"], ["w0", "w1"]),
    ([], []),
    (_modulo(3000, 4), _modulo(3000, 5)),
    _joined(3000, 4),
]

MOVED = Exercise(
    id="11.3",
    title="What moved, and what moved for nothing",
    minutes=20,
    task="""\
Two lists hold the owner of each key, in the same order: `before` a change of the nodes and `after` it. Write
`moved(before, after)`, which returns two fractions of all keys, as a pair:

1. the keys that have **another owner** now;
2. the keys that moved **needlessly**: their old owner is still there (it owns something afterwards), and their new
   owner was there already (it owned something before). A key has to leave a node that goes, and somebody has to give
   a newcomer its share; every other move is waste.

Without any keys both are 0.""",
    blank="""\
def moved(before, after):
    return ...  # moved(["w0", "w1"], ["w0", "w2"]) is (0.5, 0.0)""",
    solution="""\
def moved(before, after):
    there = set(before) & set(after)
    moves = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    needless = [move for move in moves if there.issuperset(move)]
    return len(moves) / max(1, len(before)), len(needless) / max(1, len(before))""",
    hints=(
        "`zip(before, after)` pairs old and new owner of each key. The first fraction counts the pairs that differ.",
        "`set(before) & set(after)` are the nodes that were there both times.",
        "A move is needless when both its ends are among them. Mind the division when there are no keys.",
    ),
    answer="moved",
    judge=returns(*((case, _moved(*case)) for case in _MOVES)),
)

_POINTS = """\
from bisect import bisect_left
from xxhash import xxh3_64_intdigest

def place(text):
    return xxh3_64_intdigest(text.encode())

class Ring:
    def __init__(self, nodes):
        self.nodes = list(nodes)
        self.points = sorted(POINTS)

    def owner(self, key):
        return self.points[bisect_left(self.points, (place(key), "")) % len(self.points)][1]

    def add(self, node):
        return Ring([*self.nodes, node])

    def remove(self, node):
        return Ring([other for other in self.nodes if other != node])
"""
_RIGHT_RING = _POINTS.replace("POINTS)", '(place(f"{node}#{i}"), node) for node in self.nodes for i in range(160))')
_RENDEZVOUS = """\
from xxhash import xxh3_64_intdigest

class Ring:
    def __init__(self, nodes):
        self.nodes = list(nodes)

    def owner(self, key):
        return max(self.nodes, key=lambda node: xxh3_64_intdigest(f"{node}/{key}".encode()))

    def add(self, node):
        return Ring([*self.nodes, node])

    def remove(self, node):
        return Ring([other for other in self.nodes if other != node])
"""
_WRONG_RINGS = {
    "moves keys between nodes that were there all the time when one joins": _RENDEZVOUS.replace(
        'max(self.nodes, key=lambda node: xxh3_64_intdigest(f"{node}/{key}".encode()))',
        "self.nodes[xxh3_64_intdigest(key.encode()) % len(self.nodes)]",
    ),
    "gives the newcomer nothing": _RIGHT_RING.replace("return Ring([*self.nodes, node])", "return Ring(self.nodes)"),
    "gives the newcomer far more than its share": _RIGHT_RING.replace(
        "for i in range(160)", 'for i in range(160 if node in ("w0", "w1", "w2", "w3", "w4") else 4000)'
    ),
    "moves other nodes' keys when a node leaves": _RIGHT_RING.replace(
        'place(f"{node}#{i}"), node) for node in self.nodes',
        'place(f"{number}#{i}"), node) for number, node in enumerate(self.nodes)',
    ),
    "changes the old ring when a node is added to it": _RIGHT_RING.replace(
        "return Ring([*self.nodes, node])", "self.__init__([*self.nodes, node])\n        return self"
    ),
    "moves keys for nothing, because each node's places depend on how many nodes there are": _RIGHT_RING.replace(
        "range(160)", "range(800 // len(self.nodes))"
    ),
}
_RING_KEYS = [f"N{number}UA" for number in range(100, 2100)]

TEST_RING = Exercise(
    id="11.4",
    title="A test for minimal movement",
    minutes=60,
    task="""\
The promise of consistent hashing is that only what must move moves. Write `test_ring(Ring, keys)`, which fails (with
`assert`) when a ring breaks its promise. You get the class and 2,000 keys:

- `Ring(["w0", "w1", "w2", "w3", "w4"])` makes a ring; `ring.owner(key)` is the name of a node;
- `ring.add("w5")` and `ring.remove("w2")` return a **new** ring, and leave the old one as it was.

Six wrong rings are waiting, and right ones that don't agree with each other about who owns what. Begin with five nodes
named as above. Beware of a promise that is easy to keep: a ring that never moves anything isn't a good one.""",
    blank="""\
def test_ring(Ring, keys):
    nodes = ["w0", "w1", "w2", "w3", "w4"]
    ring = Ring(nodes)
    assert {ring.owner(key) for key in keys} == set(nodes), "every node owns something"
    # a promise that wrong rings keep too; what else was promised?""",
    solution="""\
def test_ring(Ring, keys):
    def owners(ring):
        return [ring.owner(key) for key in keys]

    ring = Ring(["w0", "w1", "w2", "w3", "w4"])
    before, joined, left = owners(ring), owners(ring.add("w5")), owners(ring.remove("w2"))
    assert owners(ring) == before, "the old ring stays as it was"
    for old, with_newcomer, without_leaver in zip(before, joined, left, strict=True):
        assert with_newcomer in (old, "w5"), "what moves, moves to the newcomer"
        assert without_leaver == old or old == "w2", "only what the leaver owned moves"
    share = joined.count("w5") / len(keys)
    assert 0.3 / 6 < share < 3 / 6, f"the newcomer's share is {share:.2f}, not about 1/6"
    assert "w2" not in left, "the leaver owns nothing\"""",
    hints=(
        "Write down every key's owner before and after a node joins. Where may a key be that has another owner now?",
        "When one joins: old owner or newcomer, and the newcomer gets about 1/6. When one leaves: only its keys move.",
        "Ask the *old* ring once more after adding: it must still give its old answers.",
    ),
    answer="test_ring",
    judge=catches(
        "Ring",
        right={"a ring with virtual nodes": _RIGHT_RING, "rendezvous hashing": _RENDEZVOUS},
        wrong=_WRONG_RINGS,
        extras=lambda versions: [(_RING_KEYS,) for _ in versions],
    ),
)

EXERCISES = (RING_OWNER, RENDEZVOUS, MOVED, TEST_RING)
