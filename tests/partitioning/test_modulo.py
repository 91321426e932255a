"""Modulo and hash partitioning: the remainder, and what a change of the number of nodes costs."""

import numpy as np
import pytest

from toolkit.models.partitioning import moved_by_modulo
from toolkit.partitioning import HashModulo, Modulo, hash_key, moved


def test_the_remainder_decides():
    assert Modulo(["a", "b", "c"]).owners([0, 1, 2, 3, -1]).tolist() == [*"abcac"]
    assert HashModulo(["a", "b", "c"]).owner("JFK") == "abc"[hash_key("JFK") % 3]


def test_more_nodes_than_a_small_column_can_count():
    partitioner = Modulo([f"n{i}" for i in range(300)])
    assert partitioner.codes(np.array([-1, 127], np.int8)).tolist() == [299, 127]
    assert partitioner.codes(np.array([2**64 - 1], np.uint64)).tolist() == [(2**64 - 1) % 300]


def test_a_pattern_in_the_keys_is_a_pattern_in_the_load_unless_they_are_hashed():
    even = np.arange(0, 20_000, 2)
    assert np.bincount(Modulo([*"abcd"]).codes(even), minlength=4).tolist() == [5000, 0, 5000, 0]
    assert np.bincount(HashModulo([*"abcd"]).codes(even), minlength=4).min() > 2300


@pytest.mark.parametrize(("before", "after"), [(10, 11), (4, 8), (9, 6)])
def test_what_moves_is_what_the_formula_says(before, after):
    names = [f"n{i}" for i in range(12)]
    keys = np.arange(before * after * 500)
    expected = moved_by_modulo(before, after)
    assert moved(Modulo(names[:before]), Modulo(names[:after]), keys).fraction == pytest.approx(expected, abs=1e-12)
    hashed = moved(HashModulo(names[:before]), HashModulo(names[:after]), keys)
    assert hashed.fraction == pytest.approx(expected, abs=0.015)


def test_modulo_divides_numbers_only():
    with pytest.raises(TypeError, match="'JFK' is str: Modulo divides numbers; use HashModulo"):
        Modulo(["a"]).owner("JFK")
    with pytest.raises(TypeError, match="use HashModulo"):
        Modulo(["a"]).owners(["JFK"])
