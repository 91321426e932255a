"""Moved: who went where, and who need not have."""

import dataclasses

import pytest

from toolkit.partitioning import Explicit, HashRing, Modulo, moved

BEFORE = Explicit({1: "a", 2: "a", 3: "b", 4: "b", 5: "leaver"})
AFTER = Explicit({1: "a", 2: "b", 3: "newcomer", 4: "b", 5: "a"}, nodes=["newcomer", "b", "a"])


def test_flows_needless_moves_and_mask():
    change = moved(BEFORE, AFTER, [1, 2, 3, 4, 5, 5])
    assert change.total == 6
    assert change.count == 4
    assert change.fraction == pytest.approx(2 / 3)
    assert change.flows == {("leaver", "a"): 2, ("a", "b"): 1, ("b", "newcomer"): 1}
    assert next(iter(change.flows)) == ("leaver", "a")
    assert change.needless == 1  # from a to b, though both were and are there
    assert change.mask.tolist() == [False, True, True, False, True, True]


def test_the_codes_of_the_nodes_are_no_part_of_it():
    assert moved(HashRing(["a", "b", "c"]), HashRing(["c", "a", "b"]), range(1000)).count == 0


def test_schemes_can_be_compared_with_each_other():
    change = moved(Modulo(["a", "b"]), HashRing(["a", "b"]), range(1000))
    assert change.needless == change.count > 0


def test_one_line_says_it():
    assert repr(moved(BEFORE, AFTER, [1, 2, 3, 4, 5, 5])) == "Moved(4 of 6 keys = 66.7%, 1 needlessly)"


def test_no_keys_no_moves_and_nothing_can_be_changed():
    change = moved(BEFORE, AFTER, [])
    assert (change.total, change.fraction, change.flows) == (0, 0, {})
    with pytest.raises(dataclasses.FrozenInstanceError):
        change.total = 5  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        moved(BEFORE, AFTER, [1]).mask[0] = True
