"""Systems on real worker processes: really killed, really suspended, and nothing left behind."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.cluster.conftest import eventually
from tests.system.protocols import CASES, Case, Counter
from toolkit.cluster import Cluster
from toolkit.system import (
    Closed,
    Constant,
    Faults,
    MessageError,
    Network,
    Node,
    Open,
    Run,
    System,
    Trace,
    crash,
    delay,
    drop,
    duplicate,
    heal,
    op,
    partition,
    pause,
    reorder,
    restart,
    resume,
    skew_clock,
)

pytestmark = pytest.mark.cluster

PATIENCE = 30.0
LOAD = Closed([op("increment", by=1)], timeout=0.2, think=0.005)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Five worker processes for all tests here: every run must leave them usable for the next."""
    with Cluster(workers=5) as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def _nothing_is_left(cluster: Cluster) -> Iterator[None]:
    """After every test the workers answer, and have neither a node's thread, nor its port, nor its files."""
    yield

    def left(dask_worker: Any) -> tuple[list[str], int]:
        threads = [thread.name for thread in threading.enumerate() if thread.name.startswith("node ")]
        ports = [c for c in psutil.Process().net_connections("tcp") if c.status == psutil.CONN_LISTEN]
        return threads, len(ports)

    cluster.wait(PATIENCE)
    found = list(cluster.client.run(left, workers=[str(w.address) for w in cluster.snapshot().workers]).values())
    assert [threads for threads, _ in found] == [[]] * 5
    assert len({ports for _, ports in found}) == 1
    assert cluster.directory is not None
    assert not [name for name in os.listdir(cluster.directory) if name.startswith("toolkit-run")]
    assert not [thread.name for thread in threading.enumerate() if thread.name == "coordinator"]


class Flood(Node):
    """n1 sends numbers to n2, and n2 sends some to n1, one every few milliseconds."""

    def on_start(self) -> None:
        self.sent, self.got = 0, []  # type: ignore[var-annotated]
        self.clock: list[float] = []
        self.set_timer("go", 0.0)

    def on_timer(self, name: str) -> None:
        self.sent += 1
        self.clock.append(self.now)
        self.send(self.peers[0], "item", number=self.sent)
        self.set_timer("go", 0.005)

    def on_item(self, sender: str, number: int) -> None:
        self.got.append(number)


def totals_rise(run: Run) -> None:
    """The totals that n1 answered rise with time, none is above what was asked for, and the last is on its disk."""
    answered = sorted(run.history.of(outcome="ok"), key=lambda item: item.returned or 0.0)
    totals = [item.result["total"] for item in answered if item.result is not None]
    assert len(totals) > 10
    assert len(set(totals)) == len(totals)
    assert max(totals) <= run.nodes["n1"].disk["total"] <= len(run.history)


def crossed(run: Run, sender: str, begin: float, end: float) -> int:
    """How many messages of this sender were delivered between these times."""
    return sum(m.sender == sender and m.delivered is not None and begin < m.delivered < end for m in run.trace.messages)


def why(run: Run) -> dict[str, int]:
    """How many messages were dropped, by reason."""
    reasons = [message.dropped for message in run.trace.messages if message.dropped is not None]
    return {reason: reasons.count(reason) for reason in sorted(set(reasons))}


# ---- the same protocols in both worlds


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_protocols_keep_their_rules_on_real_processes_too(cluster: Cluster, case: Case) -> None:
    run = case.system().deploy(cluster, case.seconds, case.faults, case.workload)
    assert (run.trace.kind, run.errors) == ("deployed", [])
    case.rule(run)


@pytest.mark.parametrize("world", ["simulated", "deployed"])
def test_the_same_faults_in_both_worlds(cluster: Cluster, world: str) -> None:
    system = System([Counter] * 2, clients=2)
    faults = Faults([crash(0.4, "n1"), restart(0.8, "n1"), pause(2.2, "n2"), resume(2.4, "n2"), crash(2.6, "n1")])
    load = Closed([op("increment", by=1)], timeout=0.1, think=0.005, to="n1")
    if world == "simulated":
        run = system.simulate(until=3.0, faults=faults, workload=load)
    else:
        run = system.deploy(cluster, 3.0, faults, load)
    totals_rise(run)
    kinds = {"crash", "restart", "pause", "resume", "error"}
    assert [(event.kind, event.node) for event in run.trace if event.kind in kinds] == [
        ("crash", "n1"), ("restart", "n1"), ("pause", "n2"), ("resume", "n2"), ("crash", "n1"),
    ]  # fmt: skip
    assert run.history.of(outcome="unknown")
    assert why(run).keys() == {"crashed"}


# ---- the record


def test_no_message_arrives_before_it_was_sent_and_the_trace_survives_json(cluster, tmp_path):
    run = System([Counter] * 3, clients=3).deploy(cluster, 1.0, [crash(0.5, "n1"), restart(0.5, "n1")], LOAD)
    messages = run.trace.messages
    assert len(messages) > 100
    assert len({message.id for message in messages}) == len(messages)
    assert all(m.delivered >= m.sent for m in messages if m.delivered is not None)
    times = [event.at for event in run.trace]
    assert times == sorted(times)
    assert times[0] >= 0
    clocks = run.trace.clocks()
    for message in messages:
        if message.delivered is not None:
            sent, delivered = clocks[message.sent_event], clocks[message.ended_event]
            assert all(map(int.__le__, sent, delivered))
            assert sent != delivered
    run.trace.save(tmp_path / "trace")
    assert Trace.load(tmp_path / "trace") == run.trace
    assert run.trace.nodes == ("n1", "n2", "n3", "c1", "c2", "c3")
    assert run.trace.clients == ("c1", "c2", "c3")


def test_what_a_killed_node_had_sent_is_in_the_trace(cluster):
    run = System([Flood] * 2).deploy(cluster, 1.0, [crash(0.5, "n1")])
    got = [m.fields["number"] for m in run.trace.messages if m.to == "n2" and m.delivered is not None]
    assert got == run.nodes["n2"].got
    assert got == list(range(1, len(got) + 1))
    assert len(got) > 20


def test_two_runs_in_a_row_are_strangers_to_each_other(cluster):
    runs = [System([Counter] * 3, clients=1).deploy(cluster, 0.4, workload=LOAD) for _ in range(2)]
    for run in runs:
        assert run.history.of(outcome="ok")
        assert sum(run.nodes[name].total for name in run.nodes) <= len(run.history)
        assert sum(run.nodes[name].total for name in run.nodes) >= len(run.history.of(outcome="ok"))


# ---- crashes


class Writer(Node):
    """Makes every number durable, and only then tells n2; a note is written and never synced on its own."""

    def on_start(self) -> None:
        self.told: list[int] = []
        self.log(f"{self.disk.get('numbers', [])} {self.disk.get('note')}")
        if self.name == "n1":
            self.number = len(self.disk.get("numbers", []))
            self.set_timer("write", 0.0)

    def on_timer(self, name: str) -> None:
        self.number += 1
        self.disk.append("numbers", self.number)
        self.disk.sync()
        self.send("n2", "written", number=self.number)
        self.set_timer("write", 0.0)

    def on_written(self, sender: str, number: int) -> None:
        self.told.append(number)


def test_killed_in_the_middle_of_writing_nothing_promised_is_lost(cluster):
    faults = [fault(at, "n1") for at in (0.3, 2.3) for fault in (crash, restart)]
    run = System([Writer] * 2).deploy(cluster, 4.5, faults)
    assert len(run.trace.of("restart", "n1")) >= 1
    numbers = run.nodes["n1"].disk["numbers"]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 50
    assert max(run.nodes["n2"].told) <= len(numbers)
    restarted = [event.detail["text"] for event in run.trace.of("log", "n1")][1:]
    for text, down in zip(restarted, run.trace.of("crash", "n1"), strict=False):
        told = [m.fields["number"] for m in run.trace.messages if m.sender == "n1" and m.sent <= down.at]
        assert len(text[1 : text.index("]")].split(",")) >= max(told)


class Careless(Node):
    """Syncs the first write and not the second."""

    def on_start(self) -> None:
        self.log(repr(dict(self.disk)))
        self.disk["synced"] = 1
        self.disk.sync()
        self.disk["not synced"] = 2


def test_unsynced_writes_are_lost(cluster):
    run = System([Careless]).deploy(cluster, 2.5, [crash(0.3, "n1"), restart(0.4, "n1")])
    assert [event.detail["text"] for event in run.trace.of("log")] == ["{}", "{'synced': 1}"]
    assert dict(run.nodes["n1"].disk) == {"synced": 1}


def test_a_node_that_is_not_restarted_stays_down(cluster):
    before = cluster.pids
    load = Open([op("increment", by=1)], rate=100, to="n1", timeout=0.1)
    run = System([Counter] * 2, clients=1).deploy(cluster, 1.5, [crash(0.4, "n1")], load)
    cluster.wait(PATIENCE)
    assert len(set(before.values()) & set(cluster.pids.values())) == 4
    (down,) = run.trace.of("crash", "n1")
    assert down.detail == {"why": "fault"}
    assert not [
        event for event in run.trace if event.node == "n1" and event.index > down.index and event.kind != "drop"
    ]
    after = [m for m in run.trace.messages if m.to == "n1" and m.sent > down.at]
    assert len(after) > 10
    assert {message.dropped for message in after} == {"crashed"}
    assert not hasattr(run.nodes["n1"], "total")
    assert run.nodes["n1"].disk["total"] > 0


def test_a_process_that_dies_by_itself_is_a_crash_too(cluster):
    run = System([Mortal] * 2).deploy(cluster, 1.0)
    (down,) = run.trace.of("crash")
    assert (down.node, down.detail) == ("n1", {"why": "lost"})
    assert crossed(run, "n2", 0.0, down.at)


class Mortal(Flood):
    """n1 takes its process down with it, as a bug in a library can."""

    def on_item(self, sender: str, number: int) -> None:
        if self.name == "n1" and number == 20:
            os._exit(1)


class Fragile(Node):
    def on_start(self) -> None:
        self.set_timer("break", 0.1)

    def on_timer(self, name: str) -> None:
        if self.name == "n1" and "broken" not in self.disk:
            self.disk["broken"] = True
            self.disk.sync()
            raise KeyError("no such thing")  # the line that the trace names
        self.send("n2" if self.name == "n1" else "n1", "hello")

    def on_hello(self, sender: str) -> None:
        self.greeted = sender


def test_a_handler_that_raises_is_the_end_of_its_node_only(cluster):
    before = cluster.pids
    run = System([Fragile] * 2).deploy(cluster, 1.0, [restart(0.5, "n1")])
    (error,) = run.trace.of("error")
    assert (error.node, error.detail["type"], error.detail["file"]) == ("n1", "KeyError", __file__)
    assert error.detail["code"] == 'raise KeyError("no such thing")  # the line that the trace names'
    assert [event.detail["why"] for event in run.trace.of("crash")] == ["error"]
    assert run.nodes["n2"].greeted == "n1"
    assert cluster.pids == before


# ---- pauses, partitions, messages


def test_a_paused_node_stands_still_and_goes_on(cluster):
    run = System([Flood] * 2).deploy(cluster, 2.0, [pause(0.5, "n1"), resume(1.2, "n1")])
    (stop,), (go,) = run.trace.of("pause"), run.trace.of("resume")
    assert stop.at < go.at
    assert not [e for e in run.trace if e.node == "n1" and stop.index < e.index < go.index]
    assert crossed(run, "n1", 0.0, stop.at)
    assert crossed(run, "n1", go.at, 2.0)
    waited = [m for m in run.trace.messages if m.to == "n1" and stop.at < m.sent < go.at - 0.1]
    assert waited
    assert all(m.delivered is not None and m.delivered > go.at for m in waited)


def test_a_run_that_ends_in_a_pause_leaves_the_worker_awake(cluster):
    run = System([Flood] * 2).deploy(cluster, 0.6, [pause(0.3, "n1")])
    (stop,) = run.trace.of("pause")
    assert not [event for event in run.trace if event.node == "n1" and event.index > stop.index]


def test_a_partition_cuts_both_ways_until_it_heals(cluster):
    run = System([Flood] * 2).deploy(cluster, 1.5, [partition(0.5, ["n1"], ["n2"]), heal(1.0)])
    for sender in ("n1", "n2"):
        assert crossed(run, sender, 0.0, 0.5)
        assert not crossed(run, sender, 0.5, 1.0)
        assert crossed(run, sender, 1.0, 1.5)
    assert why(run).keys() == {"partition"}
    assert [(event.at, event.kind) for event in run.trace if event.node is None] == [(0.5, "partition"), (1.0, "heal")]


def test_a_one_way_partition_cuts_one_way(cluster):
    run = System([Flood] * 2).deploy(cluster, 1.0, [partition(0.4, one_way=("n1", "n2"))])
    assert not crossed(run, "n1", 0.4, 1.0)
    assert crossed(run, "n2", 0.4, 1.0)


def test_a_partition_also_holds_for_a_node_that_restarts_in_it(cluster):
    faults = [partition(0.3, ["n1"], ["n2"]), crash(0.4, "n1"), restart(0.5, "n1")]
    run = System([Flood] * 2).deploy(cluster, 2.5, faults)
    assert [m for m in run.trace.messages if m.sender == "n1" and m.sent > run.trace.of("restart")[0].at]
    assert not crossed(run, "n1", 0.3, 2.5)


def test_messages_are_dropped_doubled_delayed_and_reordered(cluster):
    def numbers(*faults: Any, network: Network | None = None) -> list[int]:
        run = System([Flood] * 2, network=network).deploy(cluster, 0.8, faults)
        got: list[int] = run.nodes["n2"].got
        return got

    dropped = numbers(drop(sender="n1", probability=0.5))
    assert 0 < len(dropped) < max(dropped)
    doubled = numbers(duplicate(type="item"))
    assert doubled[:6] == [1, 1, 2, 2, 3, 3]
    assert max(numbers(delay(seconds=0.4, to="n2"))) < max(doubled)
    shuffled = numbers(reorder(seconds=0.2))
    assert shuffled != sorted(shuffled)
    lossy = numbers(network=Network(loss=0.5, latency=Constant(0.02)))
    assert 0 < len(lossy) < max(lossy)


def test_a_clock_can_be_skewed(cluster):
    run = System([Flood] * 2).deploy(cluster, 1.0, [skew_clock(0.5, "n1", offset=100.0)])
    before = [reading for reading in run.nodes["n1"].clock if reading < 50]
    after = [reading for reading in run.nodes["n1"].clock if reading > 50]
    assert before
    assert after
    assert min(after) >= 100.5 > 0.6 > max(before)
    assert max(run.nodes["n2"].clock) < 50
    (event,) = run.trace.of("clock")
    assert (event.at, event.node, event.detail) == (0.5, "n1", {"offset": 100.0, "drift": 0.0})


# ---- handlers that do not return


class Stuck(Node):
    def on_start(self) -> None:
        self.set_timer("stick", 0.1)

    def on_timer(self, name: str) -> None:
        if self.name == "n1":
            while True:
                self.turns = 0

    def on_item(self, sender: str) -> None:
        pass


class Asleep(Stuck):
    def on_timer(self, name: str) -> None:
        if self.name == "n1":
            self.send("n2", "item")
            time.sleep(600)


def test_an_endless_loop_is_named_and_interrupted(cluster):
    before = cluster.pids
    run = System([Stuck] * 2).deploy(cluster, 3.0, handler_limit=0.5)
    (error,) = run.trace.of("error")
    assert (error.node, error.detail["type"], error.detail["file"]) == ("n1", "HandlerTimeout", __file__)
    assert error.detail["code"] in ("while True:", "self.turns = 0")
    assert [event.node for event in run.trace.of("crash")] == ["n1"]
    assert cluster.pids == before


def test_a_handler_that_sleeps_is_named_and_killed(cluster):
    run = System([Asleep] * 2).deploy(cluster, 3.0, handler_limit=0.5)
    (error,) = run.trace.of("error")
    assert (error.node, error.detail["type"], error.detail["code"]) == ("n1", "HandlerTimeout", "time.sleep(600)")
    assert "on_timer has not returned" in error.detail["text"]
    (timer,) = run.trace.of("timer", "n1")
    assert timer.index < error.index


def test_a_handler_that_hangs_at_the_end_of_the_run_is_noticed_too(cluster):
    run = System([Stuck] * 2).deploy(cluster, 0.3, handler_limit=0.5)
    assert [event.detail["type"] for event in run.trace.of("error")] == ["HandlerTimeout"]


# ---- mistakes


class Typo(Node):
    def on_start(self) -> None:
        if self.name == "n1":
            self.send("n2", "incremet", by=1)

    def on_increment(self, sender: str, by: int) -> None:
        pass


def test_a_message_that_nobody_understands_ends_the_run(cluster):
    with pytest.raises(MessageError, match=r"n1.*did you mean 'on_increment'\?.*test_deploy.py, line \d+.*incremet"):
        System([Typo] * 2).deploy(cluster, 5.0)


def test_what_does_not_fit_is_refused_before_anything_starts(cluster):
    lock = threading.Lock()

    class Locked(Node):
        def on_start(self) -> None:
            lock.acquire()

    one = System([Counter] * 2, clients=1)
    for expected, match, call in (
        (ValueError, r"6 nodes and the cluster 5 workers.*workers=6", lambda: System([Counter] * 6).deploy(cluster)),
        (TypeError, r"Locked.*cannot be sent.*lock.*on_start", lambda: System([Locked]).deploy(cluster)),
        (ValueError, r"seconds=0 ", lambda: one.deploy(cluster, 0)),
        (ValueError, r"handler_limit=-1", lambda: one.deploy(cluster, 1, handler_limit=-1)),
        (ValueError, r"'n9', not a node", lambda: one.deploy(cluster, 1, [crash(0.5, "n9")])),
        (ValueError, r"after the end", lambda: one.deploy(cluster, 1, [crash(1.5, "n1")])),
        (ValueError, r"crash of 'c1'.*live in the notebook", lambda: one.deploy(cluster, 1, [crash(0.5, "c1")])),
        (TypeError, r"toolkit.Cluster", lambda: one.deploy(cluster.client, 1)),
        (TypeError, r"seed='x'", lambda: one.deploy(cluster, 1, seed="x")),
    ):  # fmt: skip
        with pytest.raises(expected, match=match):
            call()


class Unloadable:
    """Can be packed, and not unpacked."""

    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("not a number",)


def test_what_a_worker_cannot_load_is_said(cluster):
    with pytest.raises(ImportError, match=r"cannot load the nodes: ValueError.*not a number.*Install there"):
        System([partial(Counter, Unloadable())]).deploy(cluster, 1.0)


def test_arguments_of_node_classes_travel_too(cluster):
    class Greeter(Node):
        def __init__(self, words: list[str]) -> None:
            self.words = words

    run = System([partial(Greeter, ["good", "day"])]).deploy(cluster, 0.2)
    assert run.nodes["n1"].words == ["good", "day"]
    with pytest.raises(RuntimeError, match="the run of node 'n1' is over"):
        run.nodes["n1"].send("n1", "hello")


# ---- elsewhere, and interrupted


def test_on_an_attached_cluster(cluster):
    with Cluster.attach(cluster.client, allow_faults=False) as attached:
        with pytest.raises(PermissionError, match="allow_faults=True"):
            System([Counter]).deploy(attached, 1.0, [crash(0.5, "n1")])
        run = System([Counter] * 2, clients=1).deploy(attached, 0.5, workload=LOAD)
        assert run.history.of(outcome="ok")
    with Cluster.attach(cluster.client, allow_faults=True) as attached:
        load = Closed([op("increment", by=1)], timeout=0.1, think=0.005, to="n1")
        faults = [crash(0.5, "n1"), restart(0.5, "n1"), pause(2.5, "n2"), resume(2.7, "n2")]
        run = System([Counter] * 2, clients=1).deploy(attached, 3.0, faults, load)
        totals_rise(run)
        assert [event.kind for event in run.trace if event.kind in ("restart", "pause", "resume")] == [
            "restart", "pause", "resume",
        ]  # fmt: skip


ABANDONED = """
    import sys
    from toolkit import Cluster
    from toolkit.system import Node, System

    class Here(Node):
        def on_start(self):
            self.disk["here"] = True
            self.disk.sync()

    System([Here] * 2).deploy(Cluster.attach(sys.argv[1]), 60.0)
"""


def test_nodes_end_with_the_notebook_that_deployed_them(cluster):
    def nodes() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name.startswith("node ")]

    def everywhere() -> int:
        return sum(map(len, cluster.client.run(nodes).values()))

    address = cluster.client.scheduler_info(n_workers=0)["address"]
    notebook = subprocess.Popen([sys.executable, "-c", textwrap.dedent(ABANDONED), address])
    try:
        eventually(lambda: everywhere() == 2, "the nodes to start")
        time.sleep(0.2)
    finally:
        notebook.kill()
        notebook.wait(PATIENCE)
    eventually(lambda: everywhere() == 0, "the nodes to end")
    eventually(lambda: not list(Path(tempfile.gettempdir()).glob("toolkit-run-*")), "their files to be removed")


SCRIPT = """
    import threading
    from toolkit import Cluster
    from toolkit.system import Node, System

    class Here(Node):
        def on_start(self):
            self.log("up")

    if __name__ == "__main__":
        with Cluster(workers=2) as cluster:
            print("ready", flush=True)
            try:
                System([Here] * 2).deploy(cluster, 60.0)
            except KeyboardInterrupt:
                run = System([Here] * 2).deploy(cluster, 0.2)
                print([event.detail["text"] for event in run.trace.of("log")], flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process on Windows")
def test_ctrl_c_ends_a_run_and_the_cluster_can_go_on():
    script = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert script.stdout is not None
        assert script.stdout.readline() == "ready\n"
        time.sleep(0.5)
        script.send_signal(signal.SIGINT)
        output, errors = script.communicate(timeout=PATIENCE)
        assert (output, errors, script.returncode) == ("['up', 'up']\n", "", 0)
    finally:
        script.kill()
        script.wait(PATIENCE)
