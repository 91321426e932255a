"""Clients do what their workload says, and every operation is in the history with its outcome."""

from collections import Counter as Count
from itertools import pairwise

import pytest

from toolkit.system import (
    Choice,
    Closed,
    History,
    Keys,
    Network,
    Node,
    Open,
    Operation,
    Script,
    System,
    Unique,
    Workload,
    Zipf,
    ask,
    crash,
    op,
    restart,
)


class Register(Node):
    """Answers reads and writes; says no to the key "k1"."""

    def on_start(self):
        self.values = {}

    def on_write(self, sender, key, value):
        if key == "k1":
            self.reply("error", text="no")
            return
        self.values[key] = value
        self.reply("ok")

    def on_read(self, sender, key):
        self.reply("ok", value=self.values.get(key))


def run(workload, clients=1, nodes=1, until=10.0, **more):
    system = System([Register] * nodes, clients=clients, network=more.pop("network", Network(latency=0.01)))
    return system.simulate(5, until=until, workload=workload, **more)


def test_a_closed_loop_waits_and_thinks():
    history = run(Closed([op("read", key="a")], think=0.08)).history
    assert len(history) == pytest.approx(100, abs=1)
    done = history.of(outcome="ok")
    assert all(o.latency == pytest.approx(0.02) for o in done)
    assert all(b.invoked - a.returned == pytest.approx(0.08) for a, b in pairwise(done))
    assert len(run(Closed([op("read", key="a")], count=7)).history) == 7


def test_an_open_loop_asks_at_its_rate_whatever_happens():
    down = [crash(0.5, "n1")]
    assert len(run(Open([op("read", key="a")], rate=50.0), faults=down).history) == pytest.approx(500, rel=0.15)
    regular = run(Open([op("read", key="a")], rate=50.0, regular=True), clients=2).history
    assert len(regular) == pytest.approx(2 * 500, abs=4)
    assert len(run(Open([op("read", key="a")], rate=50.0, count=9)).history) == 9


def test_outcomes_are_ok_failed_or_unknown():
    workload = Closed([op("write", key=Keys(2), value=Unique())], timeout=0.1)
    history = run(workload, faults=[crash(5.0, "n1"), restart(7.0, "n1")]).history
    assert history.of(outcome="failed")
    assert all(
        o.fields["key"] == "k1" and o.result == {"type": "error", "text": "no"} for o in history.of(outcome="failed")
    )
    assert all(o.fields["key"] == "k0" for o in history.of(outcome="ok"))
    unknown = history.of(outcome="unknown")
    assert all(4.97 <= o.invoked <= 7.0 or o.invoked > 9.9 for o in unknown)
    assert len(unknown) >= 19
    assert all(o.returned is None and o.latency is None for o in unknown)


def test_values_mixes_and_targets():
    workload = Closed(
        [op("write", 3, key=Zipf(50), value=Unique()), op("read", 1, key=Choice(["k0", "x"]))], to=["n1", "n3"]
    )
    history = run(workload, clients=3, nodes=3, until=40.0).history
    kinds = Count(o.operation for o in history)
    assert kinds["write"] / len(history) == pytest.approx(0.75, abs=0.03)
    assert {o.to for o in history} == {"n1", "n3"}
    written = [o.fields["value"] for o in history.of(operation="write")]
    assert len(set(written)) == len(written)
    keys = Count(o.fields["key"] for o in history.of(operation="write"))
    assert keys["k0"] / keys["k3"] == pytest.approx(4, rel=0.35)
    assert {o.fields["key"] for o in history.of(operation="read")} == {"k0", "x"}
    assert history.clients == ("c1", "c2", "c3")


def test_a_script_is_carried_out_line_by_line():
    history = run(
        Script([ask(0.5, "c2", "n1", "read", key="x"), ask(0.1, "c1", "n1", "write", key="x", value=1)]), clients=2
    ).history
    assert [(o.invoked, o.client, o.operation, o.result) for o in history] == [
        (0.1, "c1", "write", {"type": "ok"}),
        (0.5, "c2", "read", {"type": "ok", "value": 1}),
    ]


def test_a_late_reply_does_not_answer_the_next_operation():
    network = Network(latency=0.01, links={("n1", "c1"): 0.25})
    history = run(Closed([op("read", key="a")], timeout=0.1), network=network).history
    assert not history.of(outcome="ok")
    assert len(history) > 50


def test_a_budget_is_one_line():
    quiet = run(Closed([op("read", key="a")]))
    text = str(quiet.budget())
    assert "\n" not in text
    assert "messages each; latency 20.0 ms median, 20.0 ms p99; " in text
    assert quiet.budget().messages_per_operation == pytest.approx(2, rel=0.01)
    assert quiet.budget().availability_in_faults is None
    faulty = run(Open([op("read", key="a")], timeout=0.1, rate=100.0), faults=[crash(2.0, "n1"), restart(4.0, "n1")])
    budget = faulty.budget()
    assert budget.availability == pytest.approx(0.8, abs=0.03)
    assert budget.availability_in_faults == pytest.approx(0.0, abs=0.02)
    assert str(System([Register]).simulate().budget()).startswith("0 operations, - messages each")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: op("read", 0), "weight=0 of 'read'"),
        (lambda: Closed([]), "operations=.* must be one or more"),
        (lambda: Closed([op("read")], timeout=0), "timeout=0 must be a number above 0"),
        (lambda: Closed([op("read")], think=-1), "think=-1"),
        (lambda: Open([op("read")], rate=-1), "rate=-1"),
        (lambda: Keys(0), "count=0"),
        (lambda: Script([op("read")]), "must be made by ask"),  # type: ignore[list-item]
        (lambda: ask(-1, "c1", "n1", "read"), "at=-1"),
        (lambda: run(Closed([op("read", key="a")], to="n2")), "asks 'n2', which is not a node"),
        (lambda: run(Script([ask(0, "c5", "n1", "read", key="a")])), "names client 'c5'"),
        (lambda: run(Closed([op("red", key="a")])), "did you mean 'on_read'"),
        (lambda: run(Closed([op("read", kay="a")])), "no field 'kay'.*did you mean 'key'"),
        (lambda: run(Workload), "must be Closed, Open or Script"),
        (lambda: run(Closed([op("read", key="a")]), clients=0), "needs clients"),
        (lambda: Operation("c1", "read", {}, "n1", 1.0, outcome="good"), "outcome='good'"),
        (lambda: Operation("c1", "read", {}, "n1", 1.0, 0.5, "ok"), "returned=0.5 lies before"),
        (lambda: History().of(outcome="good"), "outcome='good'"),
    ],
)
def test_bad_workloads_are_refused(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_rules_of_a_run():
    done = run(Closed([op("read", key="a")]))

    def holds(run):
        assert run.history

    def too_few(run):
        return "only a few" if len(run.history) < 10_000 else None

    assert done.check(holds, lambda run: True) is done
    with pytest.raises(AssertionError, match="seed 5 broke too_few: only a few"):
        done.check(holds, too_few)
    assert len(done.broken(too_few, lambda run: False)) == 2
