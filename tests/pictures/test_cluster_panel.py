"""The cluster panel: every worker a card, every state a word and a shape of its own."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

from toolkit.cluster.snapshot import Snapshot, WorkerState
from toolkit.cluster.timeline import Event, Timeline
from toolkit.pictures import cluster_panel
from toolkit.pictures.cluster_panel import cards

SVG = "{http://www.w3.org/2000/svg}"
STATES = [
    WorkerState("w0", 11, "running", cpu=12, memory=210 * 2**20, memory_limit=2**30, executing=1, queued=2, stored=3),
    WorkerState("w1", 12, "unresponsive", frozen=True),
    WorkerState("w2", 13, "unresponsive"),
    WorkerState("w3", None, "starting"),
    WorkerState("w4", None, "lost"),
    WorkerState("w5", 15, "running", slowed=4.0),
]


def card_of(svg, name):
    return next(group for group in ET.fromstring(svg).iter(f"{SVG}g") if group.get("data-worker") == name)


def test_every_worker_is_a_card_with_its_figures():
    shown = cluster_panel(Snapshot(1.0, tuple(STATES)))
    words = [text.text for text in card_of(shown.svg, "w0").iter(f"{SVG}text")]
    assert {"w0", "pid 11", "running", "12 %", "210 MiB", "1", "2", "3"} <= set(words)
    assert "w0 running, process 11, CPU 12%, 210 MiB" in shown.text


def test_every_state_has_a_word_and_a_shape_of_its_own():
    shown = cluster_panel(Snapshot(1.0, tuple(STATES)))
    seen = {}
    for state in STATES:
        card = card_of(shown.svg, state.name)
        words = {text.text for text in card.iter(f"{SVG}text")}
        sign = next(path.get("d") for path in card.iter(f"{SVG}path"))
        seen[sign] = words & {"running", "frozen", "unresponsive", "starting", "lost", "4× slower"} - {"queued"}
    assert len(seen) == 5
    # "running" is also the caption of the number of running tasks, so it is on every card
    assert [words - {"running"} for words in seen.values()] == [
        {"4× slower"}, {"frozen"}, {"unresponsive"}, {"starting"}, {"lost"}
    ]  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 64])
@pytest.mark.parametrize("buttons", [True, False])
def test_cards_lie_apart_and_on_the_paper(count, buttons):
    shown = cluster_panel(
        Snapshot(1.0, tuple(WorkerState(f"w{i}", i, "running") for i in range(count))), buttons=buttons
    )
    width, height = map(float, re.search(r'viewBox="0 0 (\S+) (\S+)"', shown.svg).groups())
    places = cards(count, buttons)
    for place in places:
        assert place.x >= 0
        assert place.x + place.width <= width
        assert place.y + place.height <= height
    for one, other in pairwise(places):
        assert other.x >= one.x + one.width or other.y >= one.y + one.height


def test_the_last_half_minute_lies_underneath():
    events = (Event(0, "started", "w0"), Event(5, "killed", "w0"), Event(70, "killed", "w0"), Event(70.1, "lost", "w0"))
    shown = cluster_panel(Snapshot(80.0, (STATES[0],)), Timeline(events, 0.0))
    assert "killed 70.00 s" in shown.svg
    assert "50" in re.findall(r">(\d+) s<", shown.svg)
    assert "20" not in re.findall(r">(\d+) s<", shown.svg)
