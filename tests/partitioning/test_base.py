"""What holds for every scheme: one answer for a key alone and in a column, replicas, immutability, errors."""

import doctest
import pickle
import subprocess
import sys
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit.partitioning
from toolkit.partitioning import (
    BoundedLoads,
    Explicit,
    HashModulo,
    HashRing,
    JumpHash,
    Maglev,
    Modulo,
    Partitioner,
    Range,
    Rendezvous,
    moved,
)

HASHED: dict[str, Any] = {
    "HashModulo": HashModulo,
    "HashRing": partial(HashRing, vnodes=20),
    "Rendezvous": Rendezvous,
    "JumpHash": JumpHash,
    "Maglev": partial(Maglev, size=211),
}
"""The schemes that place any key by its hash alone."""
ORDERLESS = {name: HASHED[name] for name in ("HashRing", "Rendezvous", "Maglev")}
ALL: dict[str, Any] = HASHED | {
    "BoundedLoads": partial(BoundedLoads, vnodes=20),
    "Modulo": Modulo,
    "Range": lambda nodes: Range.of(nodes, range(1000)),
    "Explicit": lambda nodes: Explicit(dict(enumerate(nodes)), default=next(iter(nodes))),
}

names = st.lists(
    st.text(min_size=1, max_size=5, alphabet=st.characters(codec="utf-8")), min_size=1, max_size=8, unique=True
)
keys = st.lists(
    st.one_of(st.text(alphabet=st.characters(codec="utf-8")), st.binary(), st.integers(-(2**63), 2**64 - 1))
)
numbers = st.lists(st.integers(-(2**63), 2**63 - 1), max_size=40)


@pytest.mark.parametrize("scheme", HASHED.values(), ids=HASHED)
@given(nodes=names, keys=keys)
def test_many_keys_get_the_owners_that_each_gets_alone(scheme, nodes, keys):
    partitioner = scheme(nodes)
    owners = partitioner.owners(keys)
    assert owners.tolist() == [partitioner.owner(key) for key in keys]
    assert set(owners) <= set(nodes)
    assert [nodes[code] for code in partitioner.codes(keys)] == owners.tolist()


@pytest.mark.parametrize("scheme", ["Modulo", "Range", "Explicit"])
@given(nodes=names, keys=numbers)
def test_many_numbers_get_the_owners_that_each_gets_alone(scheme, nodes, keys):
    partitioner = ALL[scheme](nodes)
    column = np.array(keys, np.int64)
    assert partitioner.owners(column).tolist() == [partitioner.owner(key) for key in keys]
    assert partitioner.owners(pd.Series(column, dtype="category")).tolist() == partitioner.owners(keys).tolist()


@pytest.mark.parametrize("scheme", ALL.values(), ids=ALL)
@given(nodes=names, key=st.integers(0, 2000))
def test_replicas_are_distinct_nodes_and_the_first_is_the_owner(scheme, nodes, key):
    partitioner = scheme(nodes)
    every = partitioner.replicas(key, len(nodes))
    assert every[0] == partitioner.owner(key)
    assert sorted(every) == sorted(nodes)
    for n in range(1, len(nodes)):
        assert partitioner.replicas(key, n) == every[:n]


@pytest.mark.parametrize("scheme", ORDERLESS.values(), ids=ORDERLESS)
@given(nodes=names, random=st.randoms(use_true_random=False))
def test_the_order_in_which_nodes_are_given_does_not_matter(scheme, nodes, random):
    shuffled = random.sample(nodes, len(nodes))
    assert (scheme(nodes).owners(range(200)) == scheme(shuffled).owners(range(200))).all()
    assert scheme(nodes).replicas("JFK", len(nodes)) == scheme(shuffled).replicas("JFK", len(nodes))


@pytest.mark.parametrize("scheme", ["HashModulo", "JumpHash"])
def test_where_nodes_are_numbers_their_order_does_matter(scheme):
    assert (ALL[scheme](["a", "b"]).owners(range(200)) != ALL[scheme](["b", "a"]).owners(range(200))).all()


@pytest.mark.parametrize("scheme", ["HashRing", "Rendezvous", "JumpHash"])
@given(nodes=names.filter(lambda nodes: len(nodes) > 1))
@settings(max_examples=50)
def test_movement_is_minimal(scheme, nodes):
    """Keys move only to the node that joins, only from the one that leaves, and joining again undoes leaving."""
    *staying, newcomer = nodes
    before = HASHED[scheme](staying)
    after = before.add(newcomer)
    change = moved(before, after, range(500))
    assert change.needless == 0
    assert {target for _, target in change.flows} <= {newcomer}
    back = after.remove(newcomer)
    assert back == before
    assert (back.owners(range(500)) == before.owners(range(500))).all()


@pytest.mark.parametrize("scheme", ["HashRing", "Rendezvous"])
@given(nodes=names.filter(lambda nodes: len(nodes) > 1), data=st.data())
@settings(max_examples=50)
def test_the_next_replica_takes_over_when_the_owner_leaves(scheme, nodes, data):
    partitioner = HASHED[scheme](nodes)
    key = data.draw(st.integers(0, 2**63))
    first, second = partitioner.replicas(key, 2)
    assert partitioner.remove(first).owner(key) == second


GOLDEN = {
    "HashModulo": "aaadddcccdbddadbaeabdabdbedabbdabedeadeb",
    "HashRing": "ccaecacaeddacbaaaaacbadebaeeaaccbbdcadac",
    "Rendezvous": "dbddabaaddbceecbeeeabacbeabdbcaaededabde",
    "JumpHash": "ddaeddabaccabcdbeacaacceeeadbebbabdeaeec",
    "Maglev": "decacdbaedcbdbdddbdadcddaaadeaaddddcaaba",
}
"""Owners of the keys 0 to 19 and "k0" to "k19" among five nodes: what any version must answer."""


@pytest.mark.parametrize("scheme", HASHED)
def test_golden_placements(scheme):
    partitioner = HASHED[scheme]([*"abcde"])
    found = "".join([*partitioner.owners(range(20)), *partitioner.owners([f"k{i}" for i in range(20)])])
    assert found == GOLDEN[scheme]


@pytest.mark.parametrize("scheme", ALL.values(), ids=ALL)
def test_it_travels_as_its_arguments_and_arrives_equal(scheme):
    partitioner = scheme(["a", "b", "c"])
    partitioner.owners(range(100))  # builds whatever tables it has
    parcel = pickle.dumps(partitioner)
    assert len(parcel) < 500
    arrived = pickle.loads(parcel)  # noqa: S301  # our own bytes
    assert arrived == partitioner
    assert hash(arrived) == hash(partitioner)
    assert arrived.owners(range(100)).tolist() == partitioner.owners(range(100)).tolist()


@pytest.mark.parametrize("scheme", ALL.values(), ids=ALL)
def test_nothing_changes_the_partitioner_itself(scheme):
    partitioner = scheme(["a", "b", "c"])
    before = partitioner.owners(range(100)).tolist()
    more = partitioner.add("d", at=5) if isinstance(partitioner, Range) else partitioner.add("d")
    fewer = partitioner.remove("c")
    assert partitioner.nodes == ("a", "b", "c")
    assert set(more.nodes) == {"a", "b", "c", "d"}
    assert fewer.nodes == ("a", "b")
    assert type(more) is type(fewer) is type(partitioner)
    assert partitioner.owners(range(100)).tolist() == before
    assert more != partitioner != fewer


@pytest.mark.parametrize("scheme", ALL.values(), ids=ALL)
@pytest.mark.parametrize("n", [0, -1, 4])
def test_replicas_that_cannot_be(scheme, n):
    with pytest.raises(ValueError, match=rf"n={n} .*choose n from 1 to 3"):
        scheme(["a", "b", "c"]).replicas(5, n)


def test_replicas_are_a_whole_number():
    with pytest.raises(TypeError, match=r"n=1\.5"):
        HashRing(["a", "b"]).replicas("JFK", 1.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("scheme", HASHED.values(), ids=HASHED)
@pytest.mark.parametrize(
    ("nodes", "error", "words"),
    [
        ([], ValueError, "nodes is empty"),
        (["a", "b", "a"], ValueError, "'a' is there twice"),
        (["a", ""], ValueError, "name is empty"),
        (["a", 1], TypeError, "node 1 is int"),
        ("abc", TypeError, "must be a list of names"),
        (3, TypeError, "must be a list of names"),
    ],
)
def test_nodes_that_cannot_be(scheme, nodes, error, words):
    with pytest.raises(error, match=words):
        scheme(nodes)


@pytest.mark.parametrize("scheme", ALL.values(), ids=ALL)
def test_joining_and_leaving_that_cannot_be(scheme):
    partitioner = scheme(["a", "b", "c"])
    with pytest.raises(ValueError, match="'a' is there twice"):
        partitioner.add("a")
    with pytest.raises(ValueError, match=r"'x' is not there; there are a, b, c"):
        partitioner.remove("x")
    with pytest.raises(ValueError, match="is the last node"):
        scheme(["a"]).remove("a")


@pytest.mark.parametrize("scheme", sorted(set(ALL) - {"HashRing", "Rendezvous"}))
def test_a_weight_where_there_are_none(scheme):
    with pytest.raises(ValueError, match=r"weight=2: \w+ has no weights; use HashRing or Rendezvous"):
        ALL[scheme](["a", "b"]).add("c", weight=2)


@pytest.mark.parametrize("scheme", ALL.values(), ids=ALL)
@pytest.mark.parametrize("key", [1.5, None, True, ("a", 1)])
def test_keys_that_cannot_be(scheme, key):
    partitioner = scheme(["a", "b"])
    for ask in (partitioner.owner, lambda key: partitioner.owners([key]), lambda key: partitioner.replicas(key, 1)):
        with pytest.raises(TypeError):
            ask(key)


@pytest.mark.parametrize("weights", [{"a": 0}, {"a": -1}, {"a": float("nan")}, {"a": float("inf")}])
@pytest.mark.parametrize("scheme", [HashRing, Rendezvous])
def test_weights_that_cannot_be(scheme, weights):
    with pytest.raises(ValueError, match=r"weight .* of 'a' must be above 0"):
        scheme(["a", "b"], weights=weights)
    with pytest.raises(ValueError, match="must be above 0"):
        scheme(["b"]).add("a", weight=weights["a"])


@pytest.mark.parametrize("scheme", [HashRing, Rendezvous])
def test_weights_name_nodes_and_are_numbers(scheme):
    with pytest.raises(ValueError, match="'x', which is not a node; the nodes are a, b"):
        scheme(["a", "b"], weights={"x": 2})
    with pytest.raises(TypeError, match="weight '2' of 'a' must be a number"):
        scheme(["a", "b"], weights={"a": "2"})


@pytest.mark.parametrize("scheme", [HashRing, Rendezvous])
def test_weights_are_respected_and_can_be_looked_at(scheme):
    partitioner = scheme(["a", "b"], weights={"b": 2}).add("c", weight=3)
    assert partitioner.weights == {"a": 1, "b": 2, "c": 3}
    partitioner.weights["a"] = 100  # a copy: changes nothing
    shares = np.bincount(partitioner.codes(np.arange(60_000))) / 60_000
    scatter = 0.05 if scheme is HashRing else 0.01  # a ring's shares scatter by 1/√160 = 8% of themselves
    np.testing.assert_allclose(shares, [1 / 6, 2 / 6, 3 / 6], atol=scatter)


def test_importing_the_rules_imports_no_dask_no_jupyter_no_pandas():
    code = "import sys, toolkit.partitioning; print({'dask', 'IPython', 'pandas', 'scipy'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout == "set()\n"


def test_the_example_in_the_rooms_docstring_is_true():
    assert doctest.testmod(toolkit.partitioning).attempted == 3
    assert doctest.testmod(toolkit.partitioning).failed == 0


def test_a_scheme_of_ones_own_needs_only_the_rule():
    class First(Partitioner):
        def _code(self, key):
            return 0

        def _codes(self, column):
            return np.zeros(len(column), np.int32)

        def _arguments(self):
            return (self.nodes,)

        def add(self, node, weight=1):
            return First(self._with(node, weight))

        def remove(self, node):
            return First(self._without(node))

    assert First(["a", "b"]).add("c").owners(["x", "y"]).tolist() == ["a", "a"]
    assert repr(First([f"w{i}" for i in range(9)])) == "First(9 nodes: w0, w1, w2, …, w8)"
