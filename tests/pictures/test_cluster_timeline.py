"""The timeline picture: what happened is where it happened, and is told in words."""

import re
import xml.etree.ElementTree as ET

import pytest

from toolkit.cluster.timeline import Event, Timeline
from toolkit.pictures import cluster_timeline
from toolkit.pictures.cluster_timeline import merged
from toolkit.pictures.incidents import incidents

STORY = [
    Event(0.0, "started", "w0", {"pid": 1}),
    Event(0.0, "started", "w1", {"pid": 2}),
    Event(0.0, "started", "w2", {"pid": 3}),
    Event(1.5, "task", "w0", {"key": "a", "name": "f", "start": 1.0, "stop": 1.5, "ok": True}),
    Event(2.10, "killed", "w1", {"pid": 2}),
    Event(2.14, "lost", "w1"),
    Event(2.15, "result-lost", "w1", {"key": "b", "recoverable": True}),
    Event(2.16, "result-lost", "w1", {"key": "c", "recoverable": True}),
    Event(2.90, "back", "w1", {"pid": 9}),
    Event(3.00, "recomputed", "w0", {"key": "b"}),
    Event(3.20, "recomputed", "w2", {"key": "c"}),
    Event(4.0, "frozen", "w2", {"pid": 3}),
    Event(5.3, "unresponsive", "w2"),
    Event(6.0, "thawed", "w2", {"pid": 3}),
    Event(6.5, "slowed", "w0", {"factor": 4.0}),
    Event(8.0, "slowed", "w0", {"factor": 1.0}),
]


def timeline(events=STORY):
    return Timeline(tuple(events), began=0.0)


def test_a_kill_is_told_with_its_consequences():
    kill, freeze = incidents(timeline())
    assert kill.story == "killed 2.10 s · noticed +0.04 s · back +0.80 s · recomputed by +1.10 s"
    assert (kill.worker, kill.at, kill.until) == ("w1", 2.10, 2.90)
    assert freeze.story == "frozen 4.00 s · noticed +1.30 s · thawed +2.00 s"


def test_a_death_of_its_own_is_an_incident_and_a_retirement_is_none():
    started = [Event(0, "started", "w0"), Event(0, "started", "w1")]
    died = incidents(
        [*started, Event(1, "lost", "w0"), Event(2, "back", "w0"), Event(3, "retired", "w1"), Event(4, "closed")]
    )
    assert [(i.worker, i.story) for i in died] == [("w0", "died 1.00 s · back +1.00 s")]


def test_a_worker_that_is_killed_while_frozen_ends_its_freeze():
    found = incidents([Event(1, "frozen", "w0"), Event(2, "killed", "w0"), Event(2.1, "lost", "w0")])
    assert [(i.kind, i.at, i.until) for i in found] == [("frozen", 1, 2), ("killed", 2, float("inf"))]


def test_the_picture_is_named_and_tells_the_story():
    shown = timeline().picture()
    assert "w1 killed 2.10 s · noticed +0.04 s" in shown.text
    assert "killed 2.10 s" in shown.svg
    ET.fromstring(shown.svg)


def test_the_axis_is_true():
    """The cross of a kill at 2.1 s stands where the ticks say 2.1 s is."""
    svg = timeline().picture().svg
    ticks = {float(s): float(x) for x, s in re.findall(r'<text x="(\S+?)"[^>]*>([\d.]+) s</text>', svg)}
    cross = float(re.search(r'd="M(\S+) \S+l18 18m0 -18', svg)[1]) + 9
    unit = (ticks[2] - ticks[0]) / 2
    assert cross == pytest.approx(ticks[0] + 2.1 * unit, abs=0.2)


def test_a_part_can_be_shown_and_an_empty_one_is_refused():
    shown = cluster_timeline(timeline(), start=3.5, stop=7.0)
    assert "killed" not in shown.text
    assert "frozen" in shown.text
    with pytest.raises(ValueError, match=r"start=3.*stop=2"):
        cluster_timeline(timeline(), start=3, stop=2)


def test_thousands_of_tasks_stay_small():
    spans = [(i * 0.001, i * 0.001 + 0.0009) for i in range(20_000)]
    tasks = [
        Event(b, "task", "w0", {"key": str(i), "start": a, "stop": b, "ok": True}) for i, (a, b) in enumerate(spans)
    ]
    shown = cluster_timeline(timeline([Event(0, "started", "w0"), *tasks]))
    assert len(shown.svg) < 30_000
    assert "20,000 tasks" in shown.text


def test_merging_keeps_gaps_that_can_be_seen():
    assert merged([(0, 5), (5.2, 8), (20, 30)]) == [(0, 8), (20, 30)]
    assert merged([(3, 3)]) == [(3, 4.2)]


def test_many_incidents_are_told_by_the_latest():
    events = [Event(0, "started", "w0")]
    for i in range(1, 10):
        events += [Event(i, "killed", "w0"), Event(i + 0.1, "lost", "w0"), Event(i + 0.5, "back", "w0")]
    svg = timeline(events).picture().svg
    assert "and 3 earlier" in svg
    assert "killed 9.00 s" in svg


def test_nothing_happened():
    assert "Nothing went wrong." in timeline([Event(0, "started", "w0")]).picture().text
    ET.fromstring(timeline([]).picture().svg)
