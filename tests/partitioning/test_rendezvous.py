"""Rendezvous hashing: even as chance allows, and weights by the logarithm method."""

import numpy as np
import pytest

from toolkit.models.partitioning import hash_cv
from toolkit.partitioning import Rendezvous, load, moved

KEYS = np.random.default_rng(2013).integers(0, 2**62, 60_000)


def test_the_load_is_as_even_as_random_placement():
    squares = [load(Rendezvous([f"{r}:{i}" for i in range(10)]), KEYS[:5000]).cv ** 2 for r in range(40)]
    assert np.sqrt(np.mean(squares)) == pytest.approx(hash_cv(5000, 10), rel=0.2)


def test_shares_are_as_the_weights():
    partitioner = Rendezvous(["a", "b", "c", "d"], weights={"b": 2, "c": 0.5, "d": 6.5})
    shares = np.array(load(partitioner, KEYS).counts) / len(KEYS)
    np.testing.assert_allclose(shares, [0.1, 0.2, 0.05, 0.65], atol=4 * 0.5 / len(KEYS) ** 0.5)


def test_equal_weights_are_no_weights():
    plain, tripled = Rendezvous(["a", "b", "c"]), Rendezvous(["a", "b", "c"], {"a": 3, "b": 3, "c": 3})
    assert (plain.owners(KEYS) == tripled.owners(KEYS)).all()


@pytest.mark.parametrize("weight", [0.5, 3])
def test_a_weight_that_changes_moves_keys_only_from_or_to_that_node(weight):
    nodes = [f"n{i}" for i in range(6)]
    change = moved(Rendezvous(nodes), Rendezvous(nodes, {"n2": weight}), KEYS)
    assert change.count > 0
    assert {pair[weight > 1] for pair in change.flows} == {"n2"}


def test_blocks_join_without_a_seam():
    partitioner = Rendezvous(["a", "b", "c"])
    codes = partitioner.codes(KEYS)
    places = [0, 16_383, 16_384, 16_385, 32_768, len(KEYS) - 1]
    assert [partitioner.nodes[codes[i]] for i in places] == [partitioner.owner(int(KEYS[i])) for i in places]
