"""The space–time widget's Python side: the scene that the browser gets, what-if, zoom, pages; no browser, no kernel."""

import json
import sys
from typing import Any

import pytest

from toolkit.system import Faults, Network, Node, Run, System, Trace, crash, duplicate, restart, skew_clock
from toolkit.system.trace import DETAIL
from toolkit.widgets import SpaceTime
from toolkit.widgets.space_time import MOST_MESSAGES
from toolkit.widgets.space_time_scene import state_changes, words


class Counter(Node):
    def on_start(self) -> None:
        self.seen = self.disk.get("seen", 0)
        if self.name == "n1":
            self.set_timer("tick", 0.01)

    def on_timer(self, name: str) -> None:
        self.broadcast("ping", number=self.seen)
        self.set_timer("tick", 0.01)

    def on_ping(self, sender: str, number: int) -> None:
        self.seen += 1
        self.disk["seen"] = self.seen
        self.disk.sync()
        self.reply("pong", number=number)

    def on_pong(self, sender: str, number: int) -> None:
        self.seen += 1


FAULTS = Faults([crash(0.05, "n2"), restart(0.08, "n2"), duplicate(0.0, probability=0.3), skew_clock(0.0, "n3", 1.0)])


@pytest.fixture
def run() -> Run:
    return System([Counter] * 3).simulate(seed=2, until=0.15, faults=FAULTS)


def test_the_scene_is_plain_data_and_complete(run):
    scene = SpaceTime(run).scene
    assert json.loads(json.dumps(scene)) == scene
    events = scene["events"]
    assert len({len(column) for column in events.values()}) == 1
    unseen = sum(event.kind in ("timer-set", "state") for event in run.trace)
    assert len(events["x"]) == len(run.trace) - unseen
    assert events["x"] == sorted(events["x"])
    assert {row[6] for row in scene["messages"]} == {message.id for message in run.trace.messages}


def test_the_scene_has_the_same_happened_before_as_the_trace(run):
    """Cones in the browser follow lanes and `sent`; walked here in the same way they are the trace's own."""
    events = SpaceTime(run).scene["events"]
    shown = [event for event in run.trace if event.kind not in ("timer-set", "state")]
    before: list[set[int]] = []
    latest: dict[int, int] = {}
    for number, (lane, sent) in enumerate(zip(events["lane"], events["sent"], strict=True)):
        direct = [one for one in (latest.get(lane, -1), sent) if one >= 0] if lane >= 0 else []
        before.append(set(direct).union(*(before[one] for one in direct)))
        latest[lane] = number
    network = ("drop", "duplicate", "partition", "heal")
    assert any(event.kind == "duplicate" for event in shown)
    place = {event.index: number for number, event in enumerate(shown)}
    for event in shown:
        if event.kind not in network:
            own = {place[i] for i in run.trace.causes(event) if i in place and run.trace[i].kind not in network}
            assert before[place[event.index]] == own, event


def test_states_are_those_of_the_replay(run):
    latest: dict[str, str] = {}
    changes = state_changes(run)
    for at in (0.0, 0.03, 0.06, 0.1):
        latest = {node: text for index, node, text in changes if index < 0 or run.trace[index].at <= at}
        for name, variables in run.states(at).items():
            down = name == "n2" and 0.05 <= at < 0.08
            assert latest[name] == ("(down)" if down else f"seen={variables['seen']}")


def test_a_very_long_run_is_shown_without_states_instead_of_being_run_again(run, monkeypatch):
    monkeypatch.setattr("toolkit.widgets.space_time_scene.MOST_REPLAYED", len(run.trace) - 1)
    shown = SpaceTime(run)
    assert shown.scene["states"] == []
    assert shown.scene["messages"]


def test_a_trace_alone_has_the_states_that_it_recorded_and_no_other_course():
    header = {"kind": "deployed", "seed": None, "until": 0.3, "began": 0.0, "nodes": ["n1", "n2"]}
    sending: dict[str, Any] = {"to": "n2", "type": "hi", "fields": {}, "reply_to": None}
    records: list[dict[str, Any]] = [
        {"at": 0.1, "kind": "state", "node": "n1", "state": {"x": 1}},
        {"at": 0.2, "kind": "send", "node": "n1", "message": 1, **sending},
    ]
    shown = SpaceTime(Trace.from_records(header, records))
    assert shown.scene["states"] == [[-1, 0, "x=1"]]
    assert not shown.can_fork
    with pytest.raises(ValueError, match="only a simulated run"):
        shown.lose(1)


def test_a_lost_message_forks_the_run_and_undo_comes_back(run):
    shown = SpaceTime(run)
    message = next(m for m in run.trace.messages if m.type == "ping" and m.delivered is not None)
    text = shown.text
    shown._receive(shown, {"action": "lose", "value": message.id}, [])
    assert shown.record is not run
    assert shown.record.trace.message(message.id).dropped == "fault"
    assert shown.scene["at"] == message.sent
    assert "Without ping from n1" in shown.lost
    shown._receive(shown, {"action": "undo", "value": 0}, [])
    assert shown.record is run
    assert (shown.lost, shown.text) == ("", text)
    shown.undo()
    assert shown.record is run


def test_zoom_stretches_the_paper_and_stops_at_its_limits(run):
    shown = SpaceTime(run)
    width = shown.scene["width"]
    shown.zoom(2)
    assert shown.scene["width"] == 2 * width
    for _ in range(20):
        shown.zoom(0.5)
    assert shown.scene["width"] == 1100
    assert f'viewBox="0 0 {1100} ' in shown.svg


def test_a_very_long_run_comes_in_pages():
    run = System([Counter] * 5, network=Network(latency=0.002)).simulate(seed=1, until=9.0)
    assert len(run.trace.messages) > 2 * MOST_MESSAGES
    shown = SpaceTime(run)
    assert shown.pages[0] == 0
    first = {row[6] for row in shown.scene["messages"]}
    assert len(first) <= MOST_MESSAGES + 20
    seen = set(first)
    for _ in range(shown.pages[1]):
        shown._receive(shown, {"action": "page", "value": 1}, [])
        seen |= {row[6] for row in shown.scene["messages"]}
    assert shown.pages[0] == shown.pages[1] - 1
    assert len(seen) > 0.99 * len(run.trace.messages)


def test_a_window_is_kept(run):
    shown = SpaceTime(run, window=(0.02, 0.05))
    assert (shown.scene["start"], shown.scene["stop"]) == (0.02, 0.05)
    with pytest.raises(ValueError, match="window="):
        SpaceTime(run, window=(3, 4))


def test_the_front_end_is_answered_when_it_asks_whether_anybody_is_there(run, monkeypatch):
    sent: list[object] = []
    shown = SpaceTime(run)
    monkeypatch.setattr(shown, "send", sent.append)
    shown._receive(shown, {"action": "hello", "value": 0}, [])
    assert sent == [{"alive": True}]


def test_it_carries_its_picture_for_readers_without_a_kernel(run):
    bundle = SpaceTime(run)._repr_mimebundle_()
    assert bundle is not None
    data, _ = bundle
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["image/svg+xml"].startswith("<svg")
    assert "Space–time diagram" in data["text/plain"]
    assert data["text/html"].startswith("<img alt=")


def test_every_kind_of_event_has_words(run):
    assert {event.kind for event in run.trace} >= {"send", "deliver", "drop", "duplicate", "crash", "restart", "clock"}
    for event in run.trace:
        if event.kind not in ("timer-set", "state"):
            assert event.kind not in DETAIL or words(event, run.trace) != event.kind


@pytest.mark.parametrize("record", ["run", "trace"])
def test_runs_and_traces_display_themselves_as_the_widget_or_without_widgets_as_the_picture(run, record, monkeypatch):
    shown = run if record == "run" else run.trace
    data, _ = shown._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["image/svg+xml"].startswith("<svg")
    monkeypatch.setitem(sys.modules, "toolkit.widgets", None)  # as where ipywidgets is not installed
    still = shown._repr_mimebundle_()
    assert set(still) == {"image/svg+xml", "text/html", "text/plain"}
    assert still["image/svg+xml"] == data["image/svg+xml"]
