"""The simulator's promises, held against random systems, networks, faults and workloads."""

import os
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.system.systems import NAMES, UNTIL, networks, schedules, system, workloads
from toolkit.system import (
    Constant,
    Exponential,
    Network,
    Node,
    System,
    crash,
    drop,
    heal,
    partition,
    pause,
    reorder,
    restart,
    resume,
    skew_clock,
)

seeds = st.integers(0, 1000)


@given(seeds, networks, schedules, workloads)
@settings(max_examples=40)
def test_the_same_seed_gives_the_same_trace_to_the_byte(seed, network, faults, workload):
    runs = [system(network).simulate(seed, UNTIL, faults, workload) for _ in range(2)]
    assert list(runs[0].trace.lines()) == list(runs[1].trace.lines())
    assert runs[0].history == runs[1].history


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path):
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from tests.system.systems import *\n"
        "from toolkit.system import *\n"
        "run = system(Network(loss=0.1, duplicate=0.1)).simulate(7, 1.0, [crash(0.5, 'n1'), reorder(seconds=0.01)])\n"
        "run.trace.save(sys.argv[2])\n"
    )
    for number in "12":
        command = [sys.executable, "-c", program, str(Path(__file__).parents[2]), str(tmp_path / number)]
        subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": number}, check=True, timeout=60)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    assert len((tmp_path / "1").read_bytes()) > 10_000


def test_another_seed_gives_another_trace():
    one, other = (system(Network()).simulate(seed, UNTIL) for seed in (1, 2))
    assert list(one.trace.records()) != list(other.trace.records())


@given(seeds, networks, schedules, workloads)
@settings(max_examples=60)
def test_every_message_was_sent_and_is_delivered_or_dropped_or_in_flight(seed, network, faults, workload):
    simulation = system(network).simulation(seed, UNTIL, faults, workload).run()
    trace = simulation.trace
    sent, ended = {}, set()
    for event in trace:
        if event.kind in ("send", "duplicate"):
            assert event.message not in sent
            sent[event.message] = event.at
        elif event.kind in ("deliver", "drop"):
            assert event.message in sent, "nothing is received unsent"
            assert event.message not in ended, "every message ends once"
            assert event.at >= sent[event.message]
            ended.add(event.message)
    under_way = {entry[1] for entry in simulation.heap if entry[2] is not None}
    waiting = {entry[1] for host in simulation.hosts.values() for entry in host.backlog if entry[2] is not None}
    assert under_way | waiting == set(sent) - ended
    assert not under_way & waiting
    flying = {message.id for message in trace.messages if message.delivered is None and message.dropped is None}
    assert flying == under_way | waiting


@given(seeds, networks, schedules, workloads)
@settings(max_examples=40)
def test_time_never_goes_back_and_the_dead_do_nothing(seed, network, faults, workload):
    trace = system(network).simulate(seed, UNTIL, faults, workload).trace
    down, paused = set(), set()
    before = 0.0
    for event in trace:
        assert before <= event.at <= UNTIL
        before = event.at
        if event.kind == "restart":
            down.discard(event.node)
        if event.kind in ("resume", "crash"):
            paused.discard(event.node)
        if event.kind in ("send", "deliver", "timer", "timer-set", "log"):
            assert event.node not in down | paused
        if event.kind == "crash":
            down.add(event.node)
        if event.kind == "pause":
            paused.add(event.node)


class Sequence(Node):
    """n1 sends a hundred numbers to n2, which keeps them in the order in which they come."""

    def on_start(self):
        self.got = []
        if self.name == "n1":
            for number in range(100):
                self.send("n2", "item", number=number)

    def on_item(self, sender, number):
        self.got.append(number)


@given(seeds)
@settings(max_examples=20)
def test_order_is_kept_if_asked_for_and_only_then(seed):
    def got(network, faults=()):
        return System([Sequence] * 2, network=network).simulate(seed, faults=faults).nodes["n2"].got

    random = Exponential(0.01)
    assert got(Network(latency=random, fifo=True)) == list(range(100))
    assert got(Network(latency=random)) != list(range(100))
    assert got(Network(latency=0.01)) == list(range(100)), "a constant delay reorders nothing"
    assert got(Network(latency=0.01, fifo=True), [reorder(seconds=0.1)]) != list(range(100))
    assert sorted(got(Network(latency=random))) == list(range(100))


@given(seeds, networks, schedules, st.floats(0, UNTIL))
@settings(max_examples=25)
def test_rewinding_is_going_there_the_first_time(seed, network, faults, at):
    there = system(network).simulation(seed, UNTIL, faults).run(until=at)
    back = system(network).simulation(seed, UNTIL, faults).run().rewind(at=at)
    assert list(there.trace.records()) == list(back.trace.records())
    assert {n: vars(h.disk)["_content"] for n, h in there.hosts.items()} == {
        n: vars(h.disk)["_content"] for n, h in back.hosts.items()
    }
    whole = system(network).simulate(seed, UNTIL, faults)
    assert list(back.run().trace.records()) == list(whole.trace.records())


@given(seeds, networks, schedules)
@settings(max_examples=15)
def test_stepping_is_running(seed, network, faults):
    stepped = system(network).simulation(seed, UNTIL, faults)
    while (event := stepped.step()) is not None:
        assert event == stepped.trace[event.index]
    assert list(stepped.trace.records()) == list(system(network).simulate(seed, UNTIL, faults).trace.records())


@given(seeds, networks, schedules, st.integers(0, 10_000))
@settings(max_examples=25)
def test_a_fork_is_the_same_run_until_its_fault(seed, network, faults, choice):
    run = system(network).simulate(seed, UNTIL, faults)
    lost = run.trace.messages[choice % len(run.trace.messages)]
    fork = run.fork(drop(message=lost.id))
    place = lost.sent_event
    same = list(fork.trace.records())[: place + 1]
    assert same == list(run.trace.records())[: place + 1]
    if lost.sender != lost.to:
        assert fork.trace.message(lost.id).dropped in ("fault", "loss", "partition")
    assert list(run.fork().trace.records()) == list(run.trace.records()), "a fork without a fault is the run"


def test_a_lost_message_changes_what_it_causes_and_the_luck_of_no_other_node():
    run = system(Network()).simulate(3, UNTIL)
    lost = next(m for m in run.trace.messages if m.type == "word" and m.sender == "n1" and m.to == "n2")
    fork = run.fork(drop(message=lost.id))
    caused = run.trace.effects(lost.sent_event)
    before = {(e.node, e.at) for e in run.trace if e.kind == "timer" and e.index not in caused}
    assert before <= {(e.node, e.at) for e in fork.trace if e.kind == "timer"}
    assert fork.trace.message(lost.id).dropped == "fault"


class Alarm(Node):
    """Writes down when its timer fires, and what its clock says."""

    def on_start(self):
        self.fired = []
        self.set_timer("alarm", 1.0)

    def on_timer(self, name):
        self.fired.append(self.now)
        self.set_timer("alarm", 1.0)


def test_a_pause_holds_back_timers_and_messages_and_a_crash_loses_them():
    at = {"n1": [pause(0.5, "n1"), resume(2.5, "n1")], "n2": [crash(0.5, "n2"), restart(2.5, "n2")]}
    run = System([Alarm] * 3).simulate(until=3.6, faults=at["n1"] + at["n2"])
    assert run.nodes["n1"].fired == [2.5, 3.5]
    assert run.nodes["n2"].fired == [3.5]
    assert run.nodes["n3"].fired == [1.0, 2.0, 3.0]


def test_a_skewed_clock_is_ahead_and_a_fast_one_fires_early():
    run = System([Alarm] * 3).simulate(
        until=2.5, faults=[skew_clock(0, "n1", offset=100), skew_clock(0, "n2", drift=1.0)]
    )
    assert run.nodes["n1"].fired == [101.0, 102.0]
    assert run.nodes["n2"].fired == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert [e.at for e in run.trace.of("timer", "n2")] == [0.5, 1.0, 1.5, 2.0, 2.5]


@pytest.mark.parametrize(
    ("cut", "arrives"),
    [
        (partition(0.0, ["n1"], ["n2"]), False),
        (partition(0.0, one_way=("n1", "n2")), False),
        (partition(0.0, one_way=("n2", "n1")), True),
        (partition(0.005, ["n1"], ["n2"]), False),
        (partition(0.5, ["n1"], ["n2"]), True),
    ],
)
def test_a_partition_cuts_what_it_names_also_under_way(cut, arrives):
    run = System([Sequence] * 2, network=Network(latency=0.01)).simulate(until=1.0, faults=[cut])
    assert run.nodes["n2"].got == (list(range(100)) if arrives else [])
    if not arrives:
        assert {m.dropped for m in run.trace.messages} == {"partition"}


def test_after_healing_messages_arrive_again():
    class Beat(Node):
        def on_start(self):
            self.got = []
            self.set_timer("beat", 0.1)

        def on_timer(self, name):
            self.broadcast("beat")
            self.set_timer("beat", 0.1)

        def on_beat(self, sender):
            self.got.append(self.now)

    run = System([Beat] * 2, network=Network(latency=Constant(0.001))).simulate(
        until=1.05, faults=[partition(0.35, ["n1"], ["n2"]), heal(0.75)]
    )
    assert [round(at, 3) for at in run.nodes["n1"].got] == [0.101, 0.201, 0.301, 0.801, 0.901, 1.001]


class Writer(Node):
    """Writes synced and unsynced things, and tells after a restart what it finds."""

    def on_start(self):
        self.found = dict(self.disk)
        if not self.found:
            self.disk["synced"] = [1]
            self.disk.append("log", "one")
            self.disk.sync()
            self.disk["unsynced"] = 2
            self.disk.append("log", "two")
            del self.disk["synced"]


def test_a_crash_loses_memory_and_unsynced_writes():
    run = System([Writer]).simulate(until=1.0, faults=[crash(0.5, "n1"), restart(0.6, "n1")])
    assert run.nodes["n1"].found == {"synced": [1], "log": ["one"]}
    calm = System([Writer]).simulate(until=1.0).nodes["n1"]
    assert dict(calm.disk) == {"log": ["one", "two"], "unsynced": 2}


class Fragile(Node):
    def on_start(self):
        self.handled = 0
        if self.name == "n1":
            self.broadcast("divide", by=0)
            self.set_timer("again", 0.5)

    def on_timer(self, name):
        self.broadcast("divide", by=1)

    def on_divide(self, sender, by):
        self.handled += 1 / by


def test_a_handler_that_raises_takes_down_its_node_only_and_the_trace_names_the_line():
    run = System([Fragile] * 3).simulate(faults=[restart(0.3, "n2")])
    error = run.trace.of("error", "n2")[0]
    assert error.detail["type"] == "ZeroDivisionError"
    assert error.detail["code"] == "self.handled += 1 / by"
    assert error.detail["file"] == __file__
    assert [e.node for e in run.trace.of("crash")] == ["n2", "n3"] or [e.node for e in run.trace.of("crash")] == [
        "n3",
        "n2",
    ]
    assert run.nodes["n2"].handled == 1, "restarted, it works again"
    assert any("line" in text and "ZeroDivisionError" in text for text in run.errors)
    assert [m.dropped for m in run.trace.messages if m.to == "n3"] == [None, "crashed"]


def test_a_run_without_end_comes_to_rest_or_says_that_it_does_not(monkeypatch):
    assert System([Sequence] * 2).simulate(1).trace.of("deliver")[-1].at < 1
    monkeypatch.setattr("toolkit.system.simulate.MOST_EVENTS", 500)
    with pytest.raises(RuntimeError, match=r"not at rest after 500 events.*give until="):
        System([Alarm]).simulate()


class Endless(Node):
    def on_start(self):
        while True:
            pass


@pytest.mark.skipif(sys.platform == "win32", reason="a signal cannot be sent to the own process alone on Windows")
def test_a_handler_that_never_returns_can_be_interrupted():
    simulation = System([Endless]).simulation()
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        simulation.run()
    timer.join()
    import gc

    assert gc.isenabled(), "nothing is left switched off"
    assert not any(entry[4] == "end" for entry in simulation.heap)


def test_a_thousand_nodes_gossip():
    class Rumour(Node):
        def on_start(self):
            self.knows = self.name == "n1"
            self.set_timer("tell", 0.1)

        def on_timer(self, name):
            if self.knows:
                self.send(self.random.choice(self.peers), "rumour")
            self.set_timer("tell", 0.1)

        def on_rumour(self, sender):
            self.knows = True

    run = System([Rumour] * 1000).simulate(1, until=3.0)
    assert all(node.knows for node in run.nodes.values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": "one"}, "seed='one'"),
        ({"until": -1}, "until=-1"),
        ({"until": float("inf")}, "until=inf"),
        ({"faults": [crash(0.1, "n9")]}, "'n9', not a node: there are 'n1', 'n2'"),
        ({"until": 1.0, "faults": [crash(2, "n1")]}, "after the end at until=1 s"),
        ({"faults": ["crash"]}, "'crash' is not a fault"),
    ],
)
def test_bad_arguments_are_named_before_anything_runs(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        System([Sequence] * 2).simulate(**arguments)


def test_rewind_wants_one_place():
    simulation = System([Sequence] * 2).simulation().run()
    with pytest.raises(ValueError, match="give either at"):
        simulation.rewind()
    assert len(simulation.rewind(event=5).trace) >= 5


def test_names_of_links_and_deliveries_per_link():
    run = system(Network(links={("n1", "n2"): 0.2, ("n2", "n1"): 0.3})).simulate(1, UNTIL)
    taken = defaultdict(set)
    for message in run.trace.messages:
        if message.delivered is not None:
            taken[message.sender, message.to].add(round(message.delivered - message.sent, 9))
    assert taken["n1", "n2"] == {0.2}
    assert taken["n2", "n1"] == {0.3}
    assert max(taken["n1", "n3"]) <= 0.01
    assert set(NAMES) == {"n1", "n2", "n3"}
