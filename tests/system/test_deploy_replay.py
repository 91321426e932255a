"""A record repeated in the other world: from the simulator to real processes, and back."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.system.protocols import CASES, Case, Counter
from toolkit.cluster import Cluster
from toolkit.system import Closed, Node, System, Trace, crash, duplicate, op, restart, skew_clock
from toolkit.system.node import state
from toolkit.system.replay import ReplayError

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(workers=5) as cluster:
        yield cluster


def order(trace: Trace) -> list[tuple[Any, ...]]:
    """Everything that happened to a node or a client, in order."""
    kinds = ("deliver", "timer", "crash", "restart", "pause", "resume", "partition", "heal")
    return [(event.kind, event.node, event.message) for event in trace if event.kind in kinds]


def contents(trace: Trace) -> dict[int, Any]:
    """What every message said, and what became of it."""
    return {m.id: (m.sender, m.to, m.type, m.fields, m.reply_to, m.copy_of, m.dropped) for m in trace.messages}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_simulated_run_is_repeated_on_real_processes(cluster: Cluster, case: Case) -> None:
    faults = [fault for fault in case.faults if fault.at < 1.5]
    simulated = case.system().simulate(seed=7, until=1.5, faults=faults, workload=case.workload)
    repeated = case.system().deploy(cluster, 30.0, workload=case.workload, replay=simulated.trace)
    assert repeated.trace.kind == "deployed"
    assert len(cluster.timeline.of("killed")) >= len(repeated.trace.of("crash"))
    assert order(repeated.trace) == order(simulated.trace)
    assert contents(repeated.trace) == contents(simulated.trace)
    assert {name: state(node) for name, node in repeated.nodes.items()} == {
        name: state(node) for name, node in simulated.nodes.items()
    }
    assert [o.outcome for o in repeated.history] == [o.outcome for o in simulated.history]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_real_run_is_repeated_in_the_simulator(cluster: Cluster, case: Case) -> None:
    deployed = case.system().deploy(cluster, case.seconds, case.faults, case.workload)
    assert deployed.errors == []
    again = case.system().replay(deployed.trace)
    assert contents(again.trace) == contents(deployed.trace)
    assert {name: state(node) for name, node in again.nodes.items()} == {
        name: state(node) for name, node in deployed.nodes.items()
    }


def test_copies_and_skewed_clocks_are_repeated_too(cluster):
    load = Closed([op("increment", by=1)], timeout=0.2, think=0.01)
    faults = [duplicate(probability=0.3), skew_clock(0.1, "n1", offset=50.0), crash(0.3, "n1"), restart(0.4, "n1")]
    simulated = System([Clocked] * 2, clients=1).simulate(3, 0.8, faults, load)
    repeated = System([Clocked] * 2, clients=1).deploy(cluster, 30.0, workload=load, replay=simulated.trace)
    assert contents(repeated.trace) == contents(simulated.trace)
    assert repeated.nodes["n1"].total == simulated.nodes["n1"].total
    assert repeated.nodes["n1"].read > 50


class Clocked(Counter):
    def on_increment(self, sender: str, by: int) -> None:
        self.read = self.now
        super().on_increment(sender, by)


def test_leaving_the_record_is_an_error_that_names_the_node(cluster):
    class Talkative(Node):
        def on_start(self) -> None:
            if self.name == "n1":
                self.send("n2", "hello")

        def on_hello(self, sender: str) -> None:
            pass

    class Silent(Talkative):
        def on_start(self) -> None:
            pass

    said = System([Talkative] * 2).simulate(until=1.0).trace
    unsaid = System([Silent] * 2).simulate(until=1.0).trace
    with pytest.raises(ReplayError, match=r"n1.*sends 'hello' to 'n2', where the record has nothing more"):
        System([Talkative] * 2).deploy(cluster, 5.0, replay=unsaid)
    with pytest.raises(ReplayError, match=r"deliver .* at n2 .* cannot be repeated"):
        System([Silent] * 2).deploy(cluster, 5.0, replay=said, handler_limit=0.2)
    with pytest.raises(ValueError, match="n1, n2, the system n1: they must agree"):
        System([Silent]).deploy(cluster, 5.0, replay=said)
    with pytest.raises(ValueError, match="exclude each other"):
        System([Silent] * 2).deploy(cluster, 5.0, [crash(1.0, "n1")], replay=said)
