"""The record: its clocks and cones agree, and it survives being written down."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.system.systems import UNTIL, networks, schedules, system, workloads
from toolkit.consistency.clocks import VectorClock, lamport_times
from toolkit.system import Faults, History, Network, Trace, crash

seeds = st.integers(0, 1000)
runs = st.builds(
    lambda seed, network, faults, workload: system(network).simulate(seed, UNTIL / 2, _early(faults), workload),
    seeds,
    networks,
    schedules,
    workloads,
)


def _early(faults):
    return [fault for fault in faults if fault.at < UNTIL / 2]


@given(run=runs)
@settings(max_examples=25)
def test_save_and_load_is_exact(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("record")
    run.trace.save(folder / "trace.jsonl")
    loaded = Trace.load(folder / "trace.jsonl")
    assert loaded == run.trace
    assert list(loaded.lines()) == list(run.trace.lines())
    assert loaded.messages == run.trace.messages
    assert loaded.clocks() == run.trace.clocks()
    assert Trace.from_records(run.trace.header, run.trace.records()) == run.trace
    run.history.save(folder / "history.jsonl")
    assert History.load(folder / "history.jsonl") == run.history
    assert History.of_trace(loaded) == run.history
    run.faults.save(folder / "faults.jsonl")
    assert Faults.load(folder / "faults.jsonl") == run.faults


@given(run=runs, data=st.data())
@settings(max_examples=20)
def test_vector_clocks_are_happened_before(run, data):
    trace = run.trace
    clocks = [VectorClock(dict(zip(trace.nodes, clock, strict=True))) for clock in trace.clocks()]
    lamport = lamport_times(trace)
    own = [e.index for e in trace if e.kind not in ("drop", "duplicate", "partition", "heal")]
    for index in data.draw(st.lists(st.sampled_from(own), max_size=5)):
        causes, effects = trace.causes(index), trace.effects(index)
        for other in own:
            assert (other in causes) == (clocks[other] < clocks[index])
            assert (other in effects) == (clocks[index] < clocks[other])
            if other in causes:
                assert lamport[other] < lamport[index]


def test_events_messages_and_what_they_say():
    run = system(Network()).simulate(1, UNTIL, [crash(0.5, "n2")])
    trace = run.trace
    assert trace[0].index == 0
    assert trace[-1].index == len(trace) - 1
    assert [e.index for e in trace[2:5]] == [2, 3, 4]
    for message in trace.messages:
        assert trace[message.sent_event].detail["to"] == message.to
        if message.ended_event is not None:
            assert trace[message.ended_event].detail["from"] == message.sender
    assert trace.message(trace.messages[3].id) is trace.messages[3]
    assert {e.kind for e in trace.of(node="n2")} >= {"send", "deliver", "crash"}
    assert trace.nodes == ("n1", "n2", "n3", "c1")
    assert trace.clients == ("c1",)
    for ask, message in (
        (lambda: trace.of("crush"), "kind='crush' is not a kind"),
        (lambda: trace.message(-5), "id=-5 is not a message"),
        (lambda: trace[10**9], "range"),
    ):
        with pytest.raises((ValueError, IndexError), match=message):
            ask()


def test_the_log_for_shiviz_has_two_lines_an_event_and_clocks_that_grow(tmp_path):
    run = system(Network(loss=0.1)).simulate(1, 0.3)
    text = run.trace.to_shiviz(tmp_path / "log.txt")
    lines = text.splitlines()
    assert (tmp_path / "log.txt").read_text(encoding="utf-8") == text
    assert len(lines) % 2 == 0
    last: dict[str, int] = {}
    for line in lines[::2]:
        host, clock = line.split(" ", 1)
        count = json.loads(clock)[host]
        assert count == last.get(host, 0) + 1, "ShiViz rejects a host whose own entry skips"
        last[host] = count
    assert set(last) == {"n1", "n2", "n3"}


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2].rstrip("}"),
        lambda text: "rubbish\n" + text,
        lambda text: text.replace('"send"', '"sand"', 1),
        lambda text: "".join(line for line in text.splitlines(True) if '"send"' not in line),
        lambda text: "",
    ],
)
def test_a_damaged_file_is_refused_with_its_line(damage, tmp_path):
    path = tmp_path / "trace.jsonl"
    system(Network()).simulate(1, 0.3).trace.save(path)
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ValueError, match=r"path=.*not a whole trace: line \d"):
        Trace.load(path)
    with pytest.raises(ValueError, match="not a whole history"):
        History.load(path) if path.read_text(encoding="utf-8") else History.load(_with(path, "x"))
    with pytest.raises(ValueError, match="not a schedule of faults"):
        Faults.load(_with(path, '{"at": 1}'))


def _with(path, text):
    path.write_text(text, encoding="utf-8")
    return path
