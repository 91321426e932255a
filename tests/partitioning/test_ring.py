"""The ring: exact successor, evenness as the formula predicts, and an independent implementation's behaviour."""

import numpy as np
import pytest
import uhashring
from hypothesis import given
from hypothesis import strategies as st

from toolkit.models.partitioning import moved_on_join, ring_cv
from toolkit.partitioning import HashRing, hash_key, hash_keys, load, moved

KEYS = np.random.default_rng(2013).integers(0, 2**62, 200_000)


def by_search(ring: HashRing, hashes: np.ndarray) -> np.ndarray:
    """The definition: the first virtual node at or after the hash, and round the circle to the first of all."""
    return ring.position_codes[np.searchsorted(ring.positions, hashes) % len(ring.positions)]


@pytest.mark.parametrize(("nodes", "vnodes"), [(1, 1), (2, 1), (3, 7), (100, 160), (300, 1000)])
def test_the_bucket_table_answers_as_binary_search_does(nodes, vnodes):
    ring = HashRing([f"n{i}" for i in range(nodes)], vnodes)
    assert (ring.codes(KEYS) == by_search(ring, hash_keys(KEYS))).all()


@given(st.lists(st.integers(0, 2**64 - 1), max_size=30), st.integers(1, 5), st.integers(1, 5))
def test_places_on_before_and_after_a_virtual_node(hashes, nodes, vnodes):
    ring = HashRing([f"n{i}" for i in range(nodes)], vnodes)
    edges = [(place + step) % 2**64 for place in ring.positions.tolist() for step in (-1, 0, 1)]
    asked = np.array([*hashes, *edges, 0, 2**64 - 1], np.uint64)
    codes = np.empty(len(asked), np.int32)
    ring._look_up(asked, codes)
    assert (codes == by_search(ring, asked)).all()


def test_a_key_alone_finds_the_same_owner_in_a_crowded_bucket():
    ring = HashRing([f"n{i}" for i in range(500)], vnodes=400)  # 200,000 virtual nodes, a fifth of all buckets
    some = KEYS[:3000]
    assert [ring.owner(key) for key in some.tolist()] == ring.owners(some).tolist()


def test_a_key_belongs_to_the_next_virtual_node_clockwise():
    ring = HashRing(["a", "b", "c"], vnodes=4)
    place = ring.position("JFK")
    assert place == hash_key("JFK")
    later = [i for i, position in enumerate(ring.positions.tolist()) if position >= place]
    assert ring.owner("JFK") == ring.nodes[ring.position_codes[later[0] if later else 0]]


def test_virtual_nodes_stand_where_their_names_hash_to():
    ring = HashRing(["a", "b"], vnodes=3, weights={"b": 2})
    expected = {hash_key(f"a#{i}"): 0 for i in range(3)} | {hash_key(f"b#{i}"): 1 for i in range(6)}
    assert dict(zip(ring.positions.tolist(), ring.position_codes.tolist(), strict=True)) == expected
    assert ring.positions.tolist() == sorted(expected)


def test_a_small_weight_still_has_a_virtual_node():
    ring = HashRing(["a", "b"], vnodes=10, weights={"a": 0.001})
    assert np.bincount(ring.position_codes).tolist() == [1, 10]


def test_what_is_drawn_cannot_be_written_to():
    ring = HashRing(["a"])
    with pytest.raises(ValueError, match="read-only"):
        ring.positions[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        ring.position_codes[0] = 1


@pytest.mark.parametrize(("n", "v"), [(5, 1), (10, 20), (30, 160)])
def test_the_load_scatters_as_the_formula_says(n, v):
    """cv² of many independent rings averages to ring_cv² (+ (n-1)/m of plain chance, 1% of it at most here)."""
    rings = 200 if v == 1 else 60
    squares = [load(HashRing([f"{r}:{i}" for i in range(n)], v), KEYS[:100_000]).cv ** 2 for r in range(rings)]
    assert np.sqrt(np.mean(squares)) == pytest.approx(ring_cv(n, v), rel=0.1)


def test_a_node_that_joins_takes_its_fair_share():
    before = HashRing([f"n{i}" for i in range(20)], vnodes=1000)
    change = moved(before, before.add("new"), KEYS)
    assert change.fraction == pytest.approx(moved_on_join(20), rel=0.1)  # scatters by 1/√1000 = 3%


def test_a_weight_that_changes_moves_keys_only_to_that_node():
    nodes = [f"n{i}" for i in range(10)]
    change = moved(HashRing(nodes), HashRing(nodes, weights={"n3": 2}), KEYS)
    assert {target for _, target in change.flows} == {"n3"}


def test_behaves_as_an_independent_ring_does():
    """uhashring hashes otherwise, so its owners differ; evenness and movement must agree, on average over ten rings.

    One ring's cv scatters by 1/√(2 · 19) = 16%, the mean of ten by 5%, the ratio of two such means by 7%.
    """
    keys = [f"key-{i}" for i in range(10_000)]
    squares, fractions = [], []
    for r in range(10):
        names = [f"{r}:{i}" for i in range(20)]
        ours, theirs = HashRing(names), uhashring.HashRing(names)
        before = np.array([theirs.get_node(key) for key in keys])
        theirs.add_node("new")
        after = np.array([theirs.get_node(key) for key in keys])
        counts = np.unique(before, return_counts=True)[1]
        squares.append((load(ours, keys).cv ** 2, (np.std(counts) / np.mean(counts)) ** 2))
        fractions.append((moved(ours, ours.add("new"), keys).fraction, float(np.mean(before != after))))
    our_cv, their_cv = np.sqrt(np.mean(np.array(squares), axis=0))
    assert our_cv == pytest.approx(their_cv, rel=0.25)
    our_fraction, their_fraction = np.mean(fractions, axis=0)
    assert our_fraction == pytest.approx(their_fraction, rel=0.1)


@pytest.mark.parametrize(("vnodes", "error"), [(0, ValueError), (-3, ValueError), (1.5, TypeError), (True, TypeError)])
def test_virtual_nodes_that_cannot_be(vnodes, error):
    with pytest.raises(error, match=f"vnodes={vnodes}"):
        HashRing(["a"], vnodes=vnodes)
