"""Range partitioning: boundaries, quantiles of a sample, splitting and merging."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.partitioning import Range, load, moved

NODES = ["a", "b", "c"]


def test_a_boundary_belongs_to_the_node_after_it():
    partitioner = Range(NODES, [10, 20])
    assert partitioner.owners([-5, 9, 10, 19, 20, 10**18]).tolist() == ["a", "a", "b", "b", "c", "c"]
    assert Range(NODES, ["G", "P"]).owners(["ATL", "G", "JFK", "ORD", "P", "é"]).tolist() == [*"abbbcc"]
    assert Range(NODES, [b"G", b"P"]).owner(b"JFK") == "b"


@given(st.lists(st.integers(-(2**63), 2**64 - 1), min_size=2, max_size=2), st.lists(st.integers(-(2**63), 2**64 - 1)))
def test_numbers_near_the_ends_of_64_bits_are_compared_exactly(boundaries, keys):
    partitioner = Range(NODES, sorted(boundaries))
    low, high = sorted(boundaries)
    assert partitioner.owners(keys).tolist() == ["a" if key < low else "b" if key < high else "c" for key in keys]
    unsigned = np.array([key for key in keys if key >= 0], np.uint64)
    assert partitioner.owners(unsigned).tolist() == [partitioner.owner(key) for key in unsigned.tolist()]


def test_quantiles_of_a_sample_share_it_evenly():
    sample = np.random.default_rng(2013).permutation(np.arange(3000) ** 2)
    assert load(Range.of(NODES, sample), sample).counts == (1000, 1000, 1000)
    texts = pd.Series([f"k{i:04}" for i in range(3000)], dtype="category")
    assert load(Range.of(NODES, texts), texts).counts == (1000, 1000, 1000)
    assert Range.of(["a"], [5]).boundaries == ()


def test_a_frequent_key_cannot_be_cut():
    sample = ["JFK"] * 80 + ["LGA"] * 10 + ["EWR"] * 10
    partitioner = Range.of(NODES, sample)
    assert partitioner.boundaries == ("JFK", "JFK")
    assert load(partitioner, sample).counts == (10, 0, 90)


def test_a_node_joins_by_splitting_a_range_and_leaves_by_merging():
    before = Range(NODES, [10, 20])
    split = before.add("new", at=15)
    assert split.nodes == ("a", "b", "new", "c")
    assert split.boundaries == (10, 15, 20)
    assert moved(before, split, range(30)).flows == {("b", "new"): 5}
    assert split.remove("new") == before
    assert moved(before, before.remove("a"), range(30)).flows == {("a", "b"): 10}
    assert moved(before, before.remove("c"), range(30)).flows == {("c", "b"): 10}
    assert before.add("new", at=20).boundaries == (10, 20, 20)  # c keeps an empty range


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: Range(NODES, [10]), ValueError, "3 nodes need 2 boundaries.*got 1"),
        (lambda: Range(NODES, [20, 10]), ValueError, "must ascend"),
        (lambda: Range(NODES, [1, "z"]), TypeError, "no common order"),
        (lambda: Range(NODES, "gp"), TypeError, "must be a list of keys"),
        (
            lambda: Range(NODES, [1.5, 2.5]),  # type: ignore[list-item]
            TypeError,
            "must be str, bytes or int",
        ),
        (lambda: Range(NODES, [1, 2]).owner("JFK"), TypeError, "'JFK' is str, the boundaries are int"),
        (lambda: Range(NODES, [1, 2]).owners(["JFK"]), TypeError, "'JFK' is str, the boundaries are int"),
        (lambda: Range(NODES, ["g", "p"]).owners(np.arange(3)), TypeError, "0 is int, the boundaries are str"),
        (lambda: Range.of(NODES, []), ValueError, "sample is empty"),
        (lambda: Range.of(NODES, ["a", 1]), TypeError, "sample mixes"),
        (lambda: Range(NODES, [1, 2]).add("new"), ValueError, r"first key: add\('new', at="),
    ],
)
def test_bad_input_is_one_clear_error(act, error, words):
    with pytest.raises(error, match=words):
        act()
