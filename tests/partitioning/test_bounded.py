"""Bounded loads: the bound holds always, and each key is where the definition puts it."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.models.partitioning import bounded_capacity
from toolkit.partitioning import BoundedLoads, load, moved

NODES = [f"n{i}" for i in range(10)]
some_keys = st.lists(st.integers(0, 30), max_size=80)


@given(keys=some_keys, nodes=st.integers(1, 7), c=st.sampled_from([1.01, 1.25, 2.0, 10.0]), vnodes=st.integers(1, 6))
def test_every_key_is_on_the_first_node_of_its_walk_that_had_room(keys, nodes, c, vnodes):
    """The definition, one key after the other, against the walk with its short cuts."""
    partitioner = BoundedLoads([f"n{i}" for i in range(nodes)], c, vnodes)
    capacity = bounded_capacity(len(keys), nodes, c)
    held: Counter[str] = Counter()
    expected = []
    for key in keys:
        walk = partitioner.replicas(key, nodes)
        expected.append(next(node for node in walk if held[node] < capacity))
        held[expected[-1]] += 1
    assert partitioner.owners(keys).tolist() == expected
    assert partitioner.capacity(len(keys)) == capacity


@pytest.mark.parametrize("c", [1.05, 1.25, 2])
def test_no_node_holds_more_than_its_capacity_even_under_one_hot_key(c):
    keys = np.concatenate([np.zeros(30_000, np.int64), np.arange(20_000)])
    found = load(BoundedLoads(NODES, c), keys)
    assert found.max == bounded_capacity(len(keys), len(NODES), c)
    assert found.keys == len(keys)


def test_with_room_to_spare_it_is_the_plain_ring():
    partitioner = BoundedLoads(NODES, c=10)
    assert (partitioner.codes(range(5000)) == partitioner.ring.codes(range(5000))).all()


def test_a_hot_key_spills_over_in_the_order_of_its_walk():
    partitioner = BoundedLoads(NODES, c=2)
    owners = partitioner.owners(["JFK"] * 100)
    assert owners.tolist() == [node for node in partitioner.replicas("JFK", 5) for _ in range(20)]


def test_one_key_alone_goes_to_the_ring_or_past_nodes_that_are_full():
    partitioner = BoundedLoads(NODES, c=1.25)
    first, second, third = partitioner.replicas("JFK", 3)
    assert partitioner.owner("JFK") == first == partitioner.ring.owner("JFK")
    others = dict.fromkeys(NODES, 7)  # capacity for one key more: ceil(1.25 * 80 / 10) = 10
    assert partitioner.owner("JFK", placed={**others, first: 9, second: 10, third: 4}) == first
    assert partitioner.owner("JFK", placed={**others, first: 10, second: 6}) == second
    assert partitioner.owner("JFK", placed={**others, first: 10, second: 10, third: 3}) == third


def test_few_keys_move_when_a_node_joins():
    before = BoundedLoads(NODES)
    change = moved(before, before.add("new"), range(50_000))
    assert change.fraction < 3 / 11  # the least possible is 1/11; modulo would move 10/11


@pytest.mark.parametrize("c", [1, 0.5, 0, -1, float("nan"), float("inf")])
def test_a_bound_that_leaves_no_slack_is_refused(c):
    with pytest.raises(ValueError, match=f"c={c} must be above 1"):
        BoundedLoads(NODES, c=c)


@pytest.mark.parametrize("c", ["1.25", None, True])
def test_a_bound_that_is_no_number_is_refused(c):
    with pytest.raises(TypeError, match=r"must be a number above 1"):
        BoundedLoads(NODES, c=c)


def test_placed_names_nodes():
    with pytest.raises(ValueError, match="placed names 'x'"):
        BoundedLoads(NODES).owner("JFK", placed={"x": 3})
