"""Maglev: the paper's own example game, evenness to one slot, and little needless movement."""

import numpy as np
import pytest

from toolkit.partitioning import Maglev, load, moved

NODES = [f"n{i}" for i in range(10)]


@pytest.mark.parametrize(("nodes", "size"), [(1, 2), (3, 7), (10, 1009), (100, 65537)])
def test_no_two_nodes_differ_by_more_than_one_slot(nodes, size):
    slots = np.bincount(Maglev([f"n{i}" for i in range(nodes)], size).table, minlength=nodes)
    assert slots.max() - slots.min() <= 1
    assert slots.sum() == size


def test_every_node_takes_its_most_wanted_free_slot_in_turn():
    """The game replayed from the definition, with whole preference lists as in the paper's table 1."""
    from toolkit.partitioning.keys import hash_key, mix

    nodes, size = ["b", "a", "c"], 31
    lists = {}
    for node in sorted(nodes):
        offset, skip = hash_key(node) % size, mix(hash_key(node)) % (size - 1) + 1
        lists[node] = [(offset + j * skip) % size for j in range(size)]
        assert sorted(lists[node]) == list(range(size))  # a permutation, because the size is prime
    owner: dict[int, str] = {}
    while len(owner) < size:
        for node in sorted(nodes):
            slot = next((slot for slot in lists[node] if slot not in owner), None)
            if slot is not None:
                owner[slot] = node
    assert [nodes[code] for code in Maglev(nodes, size).table] == [owner[slot] for slot in range(size)]


def test_few_keys_move_for_nothing():
    for change in (
        moved(Maglev(NODES), Maglev(NODES).add("new"), range(50_000)),
        moved(Maglev(NODES), Maglev(NODES).remove("n3"), range(50_000)),
    ):
        assert change.fraction < 0.15
        assert 0 < change.needless < 0.05 * change.total


def test_the_load_is_even_within_what_chance_of_the_keys_allows():
    assert load(Maglev(NODES), np.arange(100_000)).cv < 0.015


@pytest.mark.parametrize(
    ("size", "error", "words"),
    [
        (65536, ValueError, "not prime.*use 65537"),
        (7, ValueError, "size=7 slots for 10 nodes"),
        (0, ValueError, "size=0"),
        (2**31 + 11, ValueError, "size=2147483659"),
        (1009.0, TypeError, "prime number of slots"),
    ],
)
def test_sizes_that_cannot_be(size, error, words):
    with pytest.raises(error, match=words):
        Maglev(NODES, size)


def test_the_table_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        Maglev(["a"], 7).table[0] = 1
