"""The ring explorer shows the real ring, and what its controls do to it."""

from typing import Any

import pytest

from toolkit.partitioning import HashRing, moved
from toolkit.widgets import RingExplorer


def test_it_shows_the_ring_that_it_was_asked_for() -> None:
    explorer = RingExplorer(["a", "b"], vnodes=4, keys=["x", "y", "z"])
    assert (explorer.ring.nodes, explorer.ring.vnodes, explorer.key_count) == (("a", "b"), 4, 3)
    assert "2 nodes with 8 virtual nodes" in explorer.text


def test_a_slider_that_is_moved_in_the_browser_redraws() -> None:
    explorer = RingExplorer(3, vnodes=4, keys=50)
    before = explorer.svg
    explorer.set_state({"vnodes": 9})
    assert explorer.ring.vnodes == 9
    assert "27 virtual nodes" in explorer.svg != before
    explorer.set_state({"key_count": 0})
    assert "Share of the circle" in explorer.svg


def test_a_node_that_joins_takes_keys_and_they_are_marked() -> None:
    explorer = RingExplorer(4, vnodes=16, keys=500)
    old = explorer.ring
    explorer.act("add")
    assert explorer.ring.nodes == ("n0", "n1", "n2", "n3", "n4")
    truth = moved(old, explorer.ring, [f"key-{i}" for i in range(500)])
    assert f"{truth.count} of 500 keys moved" in explorer.status
    assert explorer.before is old


def test_the_marks_go_when_a_slider_is_moved() -> None:
    explorer = RingExplorer(4)
    explorer.add()
    explorer.vnodes += 1
    assert explorer.before is None
    assert "moved" not in explorer.text


def test_a_name_that_has_become_free_is_used_again() -> None:
    explorer = RingExplorer(3)
    explorer.act("remove", "n1")
    explorer.act("add")
    assert set(explorer.ring.nodes) == {"n0", "n1", "n2"}


def test_the_last_node_cannot_be_removed_and_a_seventeenth_cannot_join() -> None:
    explorer = RingExplorer(1)
    assert not [control for control in explorer.controls if control.get("action") == "remove"]
    full = RingExplorer(16)
    assert not [control for control in full.controls if control.get("action") == "add"]
    with pytest.raises(ValueError, match="nodes=17"):
        full.add()


def test_values_that_only_python_can_set_are_brought_within_the_limits() -> None:
    explorer = RingExplorer(2)
    explorer.vnodes = 10_000
    explorer.key_count = -5
    assert (explorer.vnodes, explorer.key_count) == (200, 0)
    assert isinstance(explorer.ring, HashRing)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"nodes": 0}, ValueError, "nodes=0 must be from 1 to 16"),
        ({"nodes": []}, ValueError, "nodes=0 must be from 1 to 16"),
        ({"nodes": ["a", "a"]}, ValueError, "a"),
        ({"vnodes": 0}, ValueError, "vnodes=0 must be from 1 to 200"),
        ({"vnodes": "many"}, TypeError, "vnodes='many' must be a whole number"),
        ({"keys": 5000}, ValueError, "keys=5000 must be from 0 to 2,000"),
        ({"keys": [1.5]}, TypeError, "float"),
    ],
)
def test_bad_input_is_refused_in_words(arguments: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        RingExplorer(**arguments)
