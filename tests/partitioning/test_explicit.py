"""List partitioning: what is listed, what the default takes, and what nobody owns."""

import pytest

from toolkit.partitioning import Explicit, moved

OWNERS = {"JFK": "east", "LAX": "west", "EWR": "east"}


def test_the_list_decides_and_the_default_takes_the_rest():
    partitioner = Explicit(OWNERS, default="rest")
    assert partitioner.nodes == ("east", "west", "rest")
    assert partitioner.owners(["LAX", "JFK", "ORD", 5]).tolist() == ["west", "east", "rest", "rest"]
    assert partitioner.default == "rest"


def test_a_new_node_owns_nothing_until_it_is_given_keys():
    before = Explicit(OWNERS, default="rest")
    joined = before.add("new")
    assert moved(before, joined, ["JFK", "LAX", "ORD"]).count == 0
    given = joined.assign("ORD", "new")
    assert moved(joined, given, ["JFK", "LAX", "ORD"]).flows == {("rest", "new"): 1}
    assert joined.owner("ORD") == "rest"


def test_the_default_takes_over_from_a_node_that_leaves():
    assert Explicit(OWNERS, default="rest").remove("east").owner("JFK") == "rest"


def test_later_changes_of_the_list_given_change_nothing():
    owners = dict(OWNERS)
    partitioner = Explicit(owners)
    owners["JFK"] = "west"
    assert partitioner.owner("JFK") == "east"


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: Explicit({}), ValueError, "nodes is empty"),
        (
            lambda: Explicit([("JFK", "east")]),  # type: ignore[arg-type]
            TypeError,
            "must be a dict",
        ),
        (
            lambda: Explicit({"JFK": 3}),  # type: ignore[dict-item]
            TypeError,
            "node 3 is int",
        ),
        (lambda: Explicit({1.5: "east"}), TypeError, "must be str, bytes or int"),
        (lambda: Explicit(OWNERS, nodes=["east"]), ValueError, "'west' owns keys and is not among nodes"),
        (lambda: Explicit(OWNERS).owner("ORD"), ValueError, "'ORD' is not listed"),
        (lambda: Explicit(OWNERS).owners(["JFK", "ORD"]), ValueError, "'ORD' is not listed"),
        (lambda: Explicit(OWNERS).assign("ORD", "south"), ValueError, "'south' is not there; there are east, west"),
        (lambda: Explicit(OWNERS).remove("east"), ValueError, "'east' owns keys and no default"),
        (lambda: Explicit(OWNERS, default="rest").remove("rest"), ValueError, "'rest' owns keys and no default"),
    ],
)
def test_bad_input_is_one_clear_error(act, error, words):
    with pytest.raises(error, match=words):
        act()
