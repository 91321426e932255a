"""The exercises of notebook 10: a modulo owner, boundaries from a sample, a split hot key, a test for partitioners."""

from __future__ import annotations

import bisect
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

from xxhash import xxh3_64_intdigest

from toolkit.exercises.call import call
from toolkit.exercises.exercise import Exercise, NotYet, StillBlank
from toolkit.exercises.harness import owners, store_and_read
from toolkit.exercises.judging import Case, answers, catches, returns

_CARRIERS = ("AA", "B6", "DL", "EV", "UA", "WN", "9E", "é")


def _owner(key: str, nodes: Sequence[str]) -> str:
    return nodes[xxh3_64_intdigest(key.encode()) % len(nodes)]


def _tell_python_hash(function: object) -> None:
    """Say so when the answers change from process to process: that is Python's own hash at work."""
    cases = [(key, ["w0", "w1", "w2", "w3"]) for key in _CARRIERS]
    here, there = ([answer.value for answer in answers(function, cases)] for _ in range(2))
    if here != there:
        raise NotYet(
            "The same keys got other owners in a second process. Python's `hash` of text is seeded anew in each."
        )


OWNER = Exercise(
    id="10.1",
    title="Who owns this key?",
    minutes=5,
    task="""\
Write `owner(key, nodes)`: the node that owns a text key by **hash, then modulo**. `stable_hash` is given: it makes
of a text a whole number that is the same in every process and on every machine. Let the remainder choose from the
list of nodes.""",
    blank="""\
from xxhash import xxh3_64_intdigest


def stable_hash(key):
    return xxh3_64_intdigest(key.encode())


def owner(key, nodes):
    return ...  # nodes is a list of names, such as ["w0", "w1", "w2"]""",
    solution="""\
from xxhash import xxh3_64_intdigest


def stable_hash(key):
    return xxh3_64_intdigest(key.encode())


def owner(key, nodes):
    return nodes[stable_hash(key) % len(nodes)]""",
    hints=(
        "`number % len(nodes)` is always a position in the list, from 0 to `len(nodes) - 1`.",
        "Return the node's *name*, `nodes[...]`, not its position.",
        "Don't use Python's `hash(key)`: for text it differs from process to process.",
    ),
    answer="owner",
    judge=returns(
        *(
            ((key, nodes), _owner(key, nodes))
            for key in _CARRIERS
            for nodes in (["w0", "w1", "w2"], ["n1"], list("abcdefg"))
        ),
        then=_tell_python_hash,
    ),
)


def _samples() -> list[tuple[list[Any], list[Any], int]]:
    """(sample, all keys, parts): skewed numbers, text, and numbers that are nearly all alike."""
    draw = random.Random(10)
    distances = [round(draw.lognormvariate(6.5, 0.8)) for _ in range(20_000)]
    tails = [f"N{draw.choice('1112357')}{draw.randrange(10_000):04d}" for _ in range(20_000)]
    minutes = [draw.randrange(1440) if draw.random() < 0.2 else draw.randrange(480, 600) for _ in range(20_000)]
    return [(draw.sample(keys, 2_000), keys, parts) for keys, parts in ((distances, 4), (tails, 6), (minutes, 3))]


def _judge_boundaries(function: object) -> None:
    """Cut all keys at the boundaries that were read from the sample, and look at the fullest part."""
    samples = _samples()
    for (_, keys, parts), answer in zip(samples, answers(function, [(s, p) for s, _, p in samples]), strict=True):
        cuts, kind = answer.value, str if isinstance(keys[0], str) else (int, float)
        case = f"With {parts} parts and keys such as `{keys[0]!r}`"
        if not isinstance(cuts, list) or not all(isinstance(cut, kind) for cut in cuts):
            raise NotYet(
                f"{case} it returned `{answer.shown}`; a list of boundaries is asked for, of the keys' own kind."
            )
        if len(cuts) != parts - 1:
            raise NotYet(f"{case} it returned {len(cuts)} boundaries. Between {parts} parts there are {parts - 1}.")
        if cuts != sorted(cuts):
            raise NotYet(f"{case} the boundaries `{answer.shown}` don't ascend.")
        counts = Counter(bisect.bisect_right(cuts, key) for key in keys)
        ratio = max(counts.values()) * parts / len(keys)
        if ratio > 1.25:
            raise NotYet(f"{case} the fullest part holds {ratio:.2f} times its fair share of the {len(keys):,} keys.")


BOUNDARIES = Exercise(
    id="10.2",
    title="Boundaries from a sample",
    minutes=15,
    task="""\
Range partitioning needs boundaries, and nobody wants to sort a billion keys to find them. A sample will do. Write
`boundaries(sample, parts)`: a list of `parts − 1` boundaries, ascending, so that the parts hold **about equally many
keys**, not equally wide ranges. A boundary is the first key of the part to its right. The sample comes in no
particular order, and its keys may be numbers or text.

Your boundaries are tried on ten times as many keys as the sample has. The fullest part may hold 1.25 times its share
of them.""",
    blank="""\
def boundaries(sample, parts):
    return ...  # boundaries([30, 10, 20, 40], 2) could be [30]""",
    solution="""\
def boundaries(sample, parts):
    ordered = sorted(sample)
    return [ordered[len(ordered) * i // parts] for i in range(1, parts)]""",
    hints=(
        "Sort the sample. Where in the sorted list lies the key that has a quarter of all keys below it?",
        "Don't compute with the keys (text can't be divided): compute with *positions* in the sorted sample.",
        "Boundary i is `ordered[len(ordered) * i // parts]`, for i from 1 to parts − 1.",
    ),
    answer="boundaries",
    judge=_judge_boundaries,
)

_HOT, _PARTS = "ATL", 8


def _judge_salting(functions: object) -> None:
    """Every row comes back once, under its own key; the hot key is spread; the others are not."""
    if not isinstance(functions, tuple) or len(functions) != 2:
        raise NotYet("Two functions are asked for: `(stored_key, keys_to_read)`.")
    lookalikes = [_HOT + sign + number for sign in ("", "#", "-", "_", ":", "/", "|", ".", "~") for number in "017"]
    keys = [_HOT] * 800 + ["BOS", "LAX", "SFO"] * 20 + lookalikes * 2 + [f"('{_HOT}', 1)"] * 2
    random.Random(11).shuffle(keys)
    result = dict(answers(functions, [(keys,)], harness=store_and_read)[0].value["pairs"])
    asked, read = dict(result["asked"]["pairs"]), dict(result["read"]["pairs"])
    places = [place for key, place in zip(keys, result["placed"], strict=True) if key == _HOT]
    if set(places) == {repr(_HOT)}:
        raise StillBlank(f"All {len(places)} rows of {_HOT} still lie under one key, so on one node.")
    for key in dict.fromkeys(keys):
        rows = [row for row, other in enumerate(keys) if other == key]
        if missing := set(rows) - set(read[key]):
            raise NotYet(f"Reading `{key}` brings back only {len(rows) - len(missing)} of its {len(rows)} rows.")
        if len(read[key]) != len(set(read[key])):
            raise NotYet(f"Reading `{key}` brings some of its rows twice.")
        if foreign := set(read[key]) - set(rows):
            raise NotYet(f"Reading `{key}` also brings rows of `{keys[min(foreign)]}`, a key of its own in this table.")
        if key != _HOT and asked[key] != 1:
            raise NotYet(
                f"Reading `{key}`, which isn't hot, asks in {asked[key]} places. Only a hot key should cost more."
            )
    largest = Counter(places).most_common(1)[0][1]
    if len(set(places)) != _PARTS or largest > 1.6 * len(places) / _PARTS:
        raise NotYet(
            f"The {len(places)} rows of {_HOT} lie in {len(set(places))} places, {largest} of them in one. "
            f"{_PARTS} places of about {len(places) // _PARTS} are asked for."
        )


SALT = Exercise(
    id="10.3",
    title="Split a hot key, and read it back",
    minutes=30,
    task="""\
No partitioner can divide one key: all rows of a hot key have the same hash. The way out is to make several keys of
it, by adding a *salt*. Every reader of that key then has to ask in all those places: that is the price.

Write two functions. `stored_key(key, row)` says under which key row number `row` of the table is stored (any value
that can be a dictionary's key will do). `keys_to_read(key)` lists all stored keys that may hold rows of `key`. The keys
in `HOT` are to be spread evenly over `PARTS` stored keys, and no other key may cost its reader more than one look.

Careful: the table may hold keys that look like yours with a salt on.""",
    blank="""\
HOT, PARTS = {"ATL"}, 8


def stored_key(key, row):
    return key  # fine for all keys but the hot ones


def keys_to_read(key):
    return [key]""",
    solution="""\
HOT, PARTS = {"ATL"}, 8


def stored_key(key, row):
    return (key, row % PARTS) if key in HOT else key


def keys_to_read(key):
    return [(key, salt) for salt in range(PARTS)] if key in HOT else [key]""",
    hints=(
        "The salt has to be one of PARTS values, and each about equally frequent. What do you know about each row?",
        "`row % PARTS` is a salt. The reader doesn't know the row's number, so it has to ask for every salt.",
        "A text such as `ATL#1` can be somebody's real key. A pair, `(key, salt)`, can't be mistaken for a text.",
    ),
    answer="(stored_key, keys_to_read)",
    judge=_judge_salting,
)

_KEYS: list[Any] = [f"N{number}UA" for number in range(100, 1000, 3)] + list(range(-300, 300, 2))
_NODES = 8


def _with_elsewhere(versions: Sequence[object]) -> list[Case]:
    """For each version: the keys, and what it answers for them in a second process, which has another hash seed."""
    found = call(None, [(owner, _KEYS, _NODES) for owner in versions], harness=owners)
    return [(_KEYS, dict(zip(_KEYS, answer.value, strict=True))) for answer in found]


_RIGHT_OWNERS = {
    "it hashes the key's text with xxh3": """\
from xxhash import xxh3_64_intdigest

def owner(key, nodes):
    return xxh3_64_intdigest(repr(key).encode()) % nodes
""",
    "it hashes the key's text with CRC-32 and scales": """\
from zlib import crc32

def owner(key, nodes):
    return crc32(repr(key).encode()) * nodes >> 32
""",
}
_WRONG_OWNERS = {
    "gives the same key another owner in another process": """\
def owner(key, nodes):
    return hash(key) % nodes
""",
    "sends negative numbers to nodes that don't exist": """\
from math import fmod
from xxhash import xxh3_64_intdigest

def owner(key, nodes):
    if isinstance(key, int):
        return int(fmod(key // 2, nodes))
    return xxh3_64_intdigest(key.encode()) % nodes
""",
    "never gives the last node anything": """\
from xxhash import xxh3_64_intdigest

def owner(key, nodes):
    return xxh3_64_intdigest(repr(key).encode()) % max(1, nodes - 1)
""",
    "gives a key another owner each time it is asked": """\
from itertools import count

calls = count()

def owner(key, nodes):
    return next(calls) % nodes
""",
    "puts most keys on one node": """\
from xxhash import xxh3_64_intdigest

def owner(key, nodes):
    return xxh3_64_intdigest(repr(key)[:2].encode()) % nodes
""",
    "drops keys at the border between two nodes": """\
from xxhash import xxh3_64_intdigest

def owner(key, nodes):
    place = xxh3_64_intdigest(repr(key).encode()) % (10 * nodes)
    for node in range(nodes):
        if 10 * node < place < 10 * (node + 1):
            return node
""",
}

TEST_OWNER = Exercise(
    id="10.4",
    title="A test that catches wrong partitioners",
    minutes=60,
    task="""\
`owner(key, nodes)` is to return the number of the node that owns a key: a whole number from 0 to `nodes − 1`. Write
`test_owner(owner, keys, elsewhere)`, which fails (with `assert`) when something is wrong with it.

- `keys` are 600 keys, texts and whole numbers;
- `elsewhere[key]` is what the very same function answered in **another process** when asked for `owner(key, 8)`.

What does everybody rely on who stores a row under a key today, and looks for it tomorrow from another machine?
Six wrong partitioners are waiting, and two right ones, which don't agree with each other: don't assert particular
owners.""",
    blank="""\
def test_owner(owner, keys, elsewhere):
    # owner(keys[0], 8) is the number of a node, from 0 to 7
    ...""",
    solution="""\
from collections import Counter


def test_owner(owner, keys, elsewhere):
    found = {key: owner(key, 8) for key in keys}
    again = {key: owner(key, 8) for key in reversed(keys)}
    fullest = max(Counter(found.values()).values())
    assert set(found.values()) == set(range(8)), "every node owns something, and nobody else does"
    assert again == found, "asked again, the same answer"
    assert elsewhere == found, "asked in another process, the same answer"
    assert fullest < 2 * len(keys) / 8, "nobody holds twice the fair share\"""",
    hints=(
        "Four questions: is it a node at all? Always the same? The same for everybody? About equally many keys each?",
        "Ask for every key, twice, in another order the second time. Compare with `elsewhere` too.",
        "`set(found.values()) == set(range(8))` says two things; a `Counter` of the owners knows the fullest node.",
    ),
    answer="test_owner",
    judge=catches("owner", _RIGHT_OWNERS, _WRONG_OWNERS, extras=_with_elsewhere),
)

EXERCISES = (OWNER, BOUNDARIES, SALT, TEST_OWNER)
