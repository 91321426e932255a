"""The record of what happened: order, selection, saving; and the recorder that collects it."""

import threading

import pytest

from toolkit.cluster import Event, Timeline
from toolkit.cluster import timeline as module
from toolkit.cluster.timeline import Recorder, natural

EVENTS = (
    Event(0.1, "started", "w10", {"pid": 1}),
    Event(0.2, "started", "w2", {"pid": 2}),
    Event(0.5, "task", "w2", {"key": "a", "name": "a", "start": 0.3, "stop": 0.5, "ok": True}),
    Event(1.0, "killed", "w2", {"pid": 2}),
    Event(2.0, "closed"),
)
TIMELINE = Timeline(EVENTS, began=1000.0)


def test_it_is_a_sequence():
    assert len(TIMELINE) == 5
    assert TIMELINE[0] is EVENTS[0]
    assert TIMELINE[3:] == EVENTS[3:]
    assert list(TIMELINE) == list(EVENTS)
    assert repr(TIMELINE) == "<Timeline: 5 events of 2 workers in 2.00 s>"


def test_events_are_selected_by_kind_and_worker():
    assert TIMELINE.of("started") == EVENTS[:2]
    assert TIMELINE.of("started", "w2") == EVENTS[1:2]
    assert TIMELINE.of(worker="w2") == EVENTS[1:4]
    assert TIMELINE.of() == EVENTS
    with pytest.raises(ValueError, match=r"kind='kiled' is not a kind of event: use one of started, killed"):
        TIMELINE.of("kiled")


def test_workers_are_in_numeric_order():
    assert TIMELINE.workers == ("w2", "w10")
    assert sorted(["w10", "tcp://a:2", "w9", "7", "alice"], key=natural) == ["7", "alice", "tcp://a:2", "w9", "w10"]


def test_what_is_saved_is_loaded(tmp_path):
    TIMELINE.save(tmp_path / "t.jsonl")
    assert Timeline.load(tmp_path / "t.jsonl") == TIMELINE
    assert (Timeline((), 0.0).duration, TIMELINE.duration) == (0.0, 2.0)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("hello\n", 1),
        ("[]\n", 1),
        ('{"began": 1}\n{"at": 1, "kind": "killed", "worker": "w0", "detail": {}}\n{"at": 2, "ki', 3),
        ('{"began": 1}\n{"at": 1, "kind": "eaten", "worker": "w0", "detail": {}}\n', 2),
        ('{"began": 1}\n{"when": 1}\n', 2),
    ],
)
def test_a_damaged_file_is_refused_with_the_line(tmp_path, text, line):
    path = tmp_path / "damaged.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"damaged\.jsonl' is not a whole timeline: line {line}:"):
        Timeline.load(path)


def test_a_recorder_puts_events_on_one_clock_and_in_order():
    recorder = Recorder()
    began = recorder.began
    recorder.add("killed", "w1", at=began + 2)
    recorder.extend(
        [{"at": began + 1, "kind": "task", "worker": "w0", "key": "k", "start": began + 0.5, "stop": began + 1}]
    )
    timeline = recorder.timeline()
    assert [event.kind for event in timeline] == ["task", "killed"]
    assert timeline[0].detail == {"key": "k", "start": pytest.approx(0.5), "stop": pytest.approx(1.0)}
    assert timeline.began == began


def test_a_recorder_forgets_old_tasks_but_no_faults(monkeypatch):
    monkeypatch.setattr(module, "MOST_TASKS", 100)
    recorder = Recorder()
    recorder.add("killed", "w1", pid=1)
    recorder.extend({"at": recorder.began + n, "kind": "task", "worker": "w0"} for n in range(1000))
    timeline = recorder.timeline()
    assert len(timeline.of("task")) == 100
    assert timeline.duration == pytest.approx(999)
    assert len(timeline.of("killed")) == 1


def test_a_recorder_listens_to_many_threads():
    recorder = Recorder()
    threads = [threading.Thread(target=lambda: [recorder.add("thawed", "w0") for _ in range(500)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        recorder.timeline()
    assert len(recorder.timeline()) == 2000
