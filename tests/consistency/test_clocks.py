"""Logical clocks keep Lamport's and Mattern's laws on random executions, judged by plain reachability."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.consistency.clocks import LamportClock, VectorClock, next_from

NAMES = ("a", "b", "c")
executions = st.lists(st.tuples(st.sampled_from(NAMES), st.none() | st.integers(0, 20)), max_size=20)


def clocks_and_causes(execution):
    """Each step is an event on a node, perhaps the receipt of an earlier event's message; causes by reachability."""
    vectors, lamports, causes = [], [], []
    now = {name: (VectorClock(), LamportClock(), set()) for name in NAMES}
    for index, (name, source) in enumerate(execution):
        vector, lamport, before = now[name]
        if source is not None and source < index:
            vector = vector.merge(vectors[source])
            lamport = lamport.merge(lamports[source].time)
            before = before | causes[source] | {source}
        else:
            lamport = lamport.tick()
        vector = vector.tick(name)
        vectors.append(vector)
        lamports.append(lamport)
        causes.append(set(before))
        now[name] = (vector, lamport, before | {index})
    return vectors, lamports, causes


@given(executions)
def test_vector_clocks_are_causes_and_lamport_clocks_respect_them(execution):
    vectors, lamports, causes = clocks_and_causes(execution)
    for a, b in itertools.product(range(len(execution)), repeat=2):
        assert (a in causes[b]) == (vectors[a] < vectors[b])
        assert vectors[a].concurrent(vectors[b]) == (a != b and a not in causes[b] and b not in causes[a])
        if a in causes[b]:
            assert lamports[a] < lamports[b]
    stamps = [clock.stamp(name) for clock, (name, _) in zip(lamports, execution, strict=True)]
    assert len(set(stamps)) == len(stamps), "a total order has no ties"


counts = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 3))


@given(counts, counts, counts)
def test_merging_is_a_least_upper_bound(a, b, c):
    a, b, c = VectorClock(a), VectorClock(b), VectorClock(c)
    both = a.merge(b)
    assert a <= both
    assert b <= both
    assert both == b.merge(a) == both.merge(a)
    assert a.merge(b.merge(c)) == both.merge(c)
    assert (a <= c and b <= c) == (both <= c)
    assert (hash(a) == hash(b)) or a != b


def test_a_clock_is_plain_data_when_sent():
    clock = VectorClock().tick("a").tick("a").tick("b")
    assert dict(clock) == {"a": 2, "b": 1}
    assert VectorClock(dict(clock)) == clock == {"a": 2, "b": 1, "c": 0}
    assert clock["z"] == 0
    assert "z" not in clock
    assert repr(clock) == "VectorClock({'a': 2, 'b': 1})"


@pytest.mark.parametrize(
    ("message", "seen", "may"),
    [
        ({"a": 1}, {}, True),
        ({"a": 2}, {}, False),
        ({"a": 1}, {"a": 1}, False),
        ({"a": 1, "b": 1}, {}, False),
        ({"a": 1, "b": 1}, {"b": 1}, True),
        ({"a": 1, "b": 1}, {"b": 5, "c": 2}, True),
    ],
)
def test_causal_delivery_waits_for_causes(message, seen, may):
    assert next_from("a", message, seen) is may


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: LamportClock(-1), "time=-1"),
        (lambda: LamportClock().merge(True), "received=True"),
        (lambda: VectorClock({"a": -1}), r"counts\['a'\]=-1"),
        (lambda: VectorClock().merge({"a": "1"}), r"counts\['a'\]='1'"),  # type: ignore[dict-item]
    ],
)
def test_a_count_is_a_whole_number(make, text):
    with pytest.raises(ValueError, match=text):
        make()
