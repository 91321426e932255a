"""Load: counted rows and bytes, hot keys, and a sentence about them."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from toolkit import flights
from toolkit.partitioning import Explicit, HashModulo, HashRing, Modulo, load

PLACES = Explicit({"JFK": "a", "LGA": "b", "EWR": "b"}, nodes=["a", "b", "empty"])
KEYS = ["JFK", "LGA", "EWR", "LGA", "JFK", "JFK"]


@pytest.mark.parametrize("hold", [list, np.array, pd.Series, lambda keys: pd.Series(keys, dtype="category")])
def test_rows_bytes_and_hot_keys(hold):
    found = load(PLACES, hold(KEYS), sizes=[1, 10, 100, 1000, 2, 4])
    assert found.nodes == ("a", "b", "empty")
    assert found.counts == (3, 3, 0)
    assert found.sizes == (7, 1110, 0)
    assert found.hot == (("JFK", 3, "a"), ("LGA", 2, "b"), ("EWR", 1, "b"))
    assert (found.keys, found.mean, found.max, found.peak_to_mean) == (6, 2, 3, 1.5)
    assert found.cv == pytest.approx(0.5**0.5)


def test_hot_keys_of_a_number_column_are_plain_numbers_five_at_most():
    column = np.repeat(np.arange(8), np.arange(8))
    found = load(Modulo(["a", "b"]), column)
    assert found.hot == ((7, 7, "b"), (6, 6, "a"), (5, 5, "b"), (4, 4, "a"), (3, 3, "b"))
    assert all(type(key) is int for key, _, _ in found.hot)


def test_it_is_a_plain_record():
    found = load(PLACES, KEYS)
    assert json.loads(json.dumps(dataclasses.asdict(found)))["counts"] == [3, 3, 0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.counts = (1,)  # type: ignore[misc]


def test_one_line_says_it():
    assert repr(load(PLACES, KEYS)) == (
        "Load(6 keys on 3 nodes: mean 2.0, most 3 on a = 1.50 times the mean, cv 0.707)"
    )


def test_no_keys_is_an_even_load():
    found = load(PLACES, [])
    assert (found.counts, found.peak_to_mean, found.cv, found.hot) == ((0, 0, 0), 1, 0, ())


def test_real_keys_are_skewed_and_hashing_does_not_help():
    """The largest airline keeps its share of the flights, on however many nodes."""
    carriers = flights(["carrier"])["carrier"]
    share = carriers.value_counts(normalize=True).max()
    for nodes in (8, 64):
        found = load(HashModulo([f"n{i}" for i in range(nodes)]), carriers)
        assert found.max >= share * len(carriers)
        assert found.hot[0][:2] == ("UA", 58_665)
    planes = load(HashRing([f"n{i}" for i in range(8)]), flights(["tailnum"])["tailnum"])
    assert planes.peak_to_mean < 1.5


@pytest.mark.parametrize(("sizes", "words"), [([1, 2], "2 entries for 6 keys"), ([1, 2, 3, 4, 5, -6], "0 or more")])
def test_sizes_that_cannot_be(sizes, words):
    with pytest.raises(ValueError, match=words):
        load(PLACES, KEYS, sizes=sizes)
