"""Jump consistent hash: against an independent implementation, and what removing a node in the middle costs."""

import jump as oracle
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.partitioning import JumpHash, hash_key, moved
from toolkit.partitioning.jump import jump

NODES = [f"n{i}" for i in range(10)]


@given(st.integers(0, 2**64 - 1), st.integers(1, 100_000))
def test_agrees_with_an_independent_implementation(state, nodes):
    assert jump(state, nodes) == oracle.hash(state, nodes)


def test_a_column_agrees_too():
    keys = np.arange(2000)
    assert JumpHash(NODES).codes(keys).tolist() == [oracle.hash(hash_key(key), 10) for key in range(2000)]


def test_the_last_node_leaves_at_no_needless_cost():
    change = moved(JumpHash(NODES), JumpHash(NODES).remove("n9"), range(20_000))
    assert change.needless == 0
    assert change.fraction == pytest.approx(0.1, abs=0.01)


def test_any_other_node_renumbers_those_after_it():
    change = moved(JumpHash(NODES), JumpHash(NODES).remove("n3"), range(20_000))
    assert change.needless > 5 * (change.count - change.needless)


def test_the_load_is_even():
    counts = np.bincount(JumpHash(NODES).codes(np.arange(100_000)))
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 34  # χ², 9 degrees of freedom: 1 in 10,000 by chance
