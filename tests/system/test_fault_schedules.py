"""Schedules are data: they are checked when they are made, sorted, and survive JSON."""

import json

import pytest
from hypothesis import given

from tests.system.systems import schedules
from toolkit.system import Faults, crash, delay, drop, duplicate, heal, partition, reorder, skew_clock
from toolkit.system.faults import Fault


@given(schedules)
def test_json_round_trip(faults):
    schedule = Faults(faults)
    assert Faults.from_json(json.loads(json.dumps(schedule.to_json()))) == schedule
    assert [f.at for f in schedule] == sorted(f.at for f in faults)
    assert len(schedule + Faults([crash(0, "n1")])) == len(schedule) + 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: crash(-1, "n1"), "at=-1 must be at least 0"),
        (lambda: crash(True, "n1"), "at=True must be a number"),
        (lambda: partition(0, ["n1", "n2"], ["n2"]), "names 'n2' twice"),
        (lambda: partition(0, one_way=("n1", ["n2", "n1"])), "names 'n1' twice"),
        (lambda: partition(0, ["n1"]), "two or more lists"),
        (lambda: partition(0, "n1", "n2"), "two or more lists"),
        (lambda: partition(0, ["n1"], one_way=("n1", "n2")), "must be a pair"),
        (lambda: drop(probability=1.5), "probability=1.5 must lie between 0 and 1"),
        (lambda: drop(2, 1), "until=1 must be later than at=2"),
        (lambda: drop(form="n1"), "no argument 'form'"),
        (lambda: delay(seconds=-1), "seconds=-1 must be at least 0"),
        (lambda: skew_clock(0, "n1", drift=-1), "drift=-1 must be more than -1"),
        (lambda: Fault(0, "crush"), "kind='crush' is not a kind of fault: did you mean 'crash'"),
        (lambda: Faults(["crash"]), "'crash' is not a fault"),  # type: ignore[list-item]
    ],
)
def test_a_fault_that_cannot_be_is_refused(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_what_a_schedule_names_is_checked():
    schedule = Faults([partition(1, ["n1"], ["n2", "nx"]), drop(sender="n3"), duplicate(), reorder(seconds=1), heal(2)])
    with pytest.raises(ValueError, match="partition at 1 s names 'nx'"):
        schedule.check(["n1", "n2", "n3"], 5)
    with pytest.raises(ValueError, match=r"heal at 2 s would come after the end at until=1\.5 s"):
        schedule.check(["n1", "n2", "n3", "nx"], 1.5)
