"""A small suite of protocols, written once, for every world that can run a system.

Each case has a system, faults, a workload, and a rule that a run must keep, whatever its timing. The tests of every
world go through `CASES`: `run = case.system().simulate(seed, case.seconds, case.faults, case.workload);
case.rule(run)`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from toolkit.system import (
    Closed,
    Faults,
    Network,
    Node,
    Run,
    System,
    Unique,
    Workload,
    Zipf,
    crash,
    drop,
    heal,
    op,
    partition,
    pause,
    restart,
    resume,
)


class Ping(Node):
    """n1 sends its peers a hundred pings each, the next one when the pong has come; a lost one is sent again."""

    def on_start(self) -> None:
        self.pongs = dict.fromkeys(self.peers, 0)
        if self.name == "n1":
            for peer in self.peers:
                self.ping(peer)

    def ping(self, peer: str) -> None:
        self.send(peer, "ping", number=self.pongs[peer])
        self.set_timer(peer, 0.2)

    def on_ping(self, sender: str, number: int) -> None:
        self.reply("pong", number=number)

    def on_pong(self, sender: str, number: int) -> None:
        if number == self.pongs[sender] and number < 100:
            self.pongs[sender] += 1
            self.ping(sender)

    def on_timer(self, name: str) -> None:
        if self.pongs[name] < 100:
            self.ping(name)


class Counter(Node):
    """Adds up what clients send, and keeps the sum on disk: what was answered survives."""

    def on_start(self) -> None:
        self.total = self.disk.get("total", 0)

    def on_increment(self, sender: str, by: int) -> None:
        self.total += by
        self.disk["total"] = self.total
        self.disk.sync()
        self.send(sender, "ok", total=self.total)

    def on_read(self, sender: str) -> None:
        self.reply("ok", total=self.total)


class Gossip(Node):
    """Every node tells a random peer all it knows, again and again, until all know everything (Demers et al. 1987)."""

    def on_start(self) -> None:
        self.known = {self.name: 0}
        self.set_timer("tell", self.random.uniform(0.01, 0.05))

    def on_timer(self, name: str) -> None:
        self.send(self.random.choice(self.peers), "rumour", known=self.known)
        self.set_timer("tell", 0.05)

    def on_rumour(self, sender: str, known: dict[str, int]) -> None:
        for name, distance in known.items():
            self.known[name] = min(self.known.get(name, distance + 1), distance + 1)


class Store(Node):
    """Primary and backup: n1 answers a write when n2 has it on disk, and repeats what is not acknowledged."""

    def on_start(self) -> None:
        self.data = self.disk.get("data", {})
        self.waiting: dict[str, Any] = {}
        self.number = 0

    def on_write(self, sender: str, key: str, value: Any) -> None:
        if self.name != "n1":
            self.reply("error", text="ask the primary")
            return
        self.keep(key, value)
        self.number += 1
        self.waiting[str(self.number)] = [self.request, key, value]
        self.offer(str(self.number))

    def offer(self, number: str) -> None:
        _, key, value = self.waiting[number]
        self.send("n2", "copy", number=number, key=key, value=value)
        self.set_timer(number, 0.1)

    def on_copy(self, sender: str, number: str, key: str, value: Any) -> None:
        self.keep(key, value)
        self.reply("copied", number=number)

    def on_copied(self, sender: str, number: str) -> None:
        if number in self.waiting:
            request, _, _ = self.waiting.pop(number)
            self.cancel_timer(number)
            self.reply_to(request, "ok")

    def on_timer(self, name: str) -> None:
        if name in self.waiting:
            self.offer(name)

    def on_read(self, sender: str, key: str) -> None:
        self.reply("ok", value=self.data.get(key))

    def keep(self, key: str, value: Any) -> None:
        self.data[key] = value
        self.disk["data"] = self.data
        self.disk.sync()


@dataclass(frozen=True)
class Case:
    """One protocol, how it is run, and what must then hold."""

    name: str
    system: Callable[[], System]
    rule: Callable[[Run], None]
    seconds: float = 3.0
    faults: Faults = field(default_factory=Faults)
    workload: Workload | None = None


def all_pongs(run: Run) -> None:
    """Every ping was answered, in spite of losses."""
    assert run.nodes["n1"].pongs == {"n2": 100, "n3": 100}


def nothing_answered_is_lost(run: Run) -> None:
    """Each node's total lies between the increments answered and those asked for (a time-out may have counted)."""
    assert run.history.of(outcome="ok")
    for name in run.nodes:
        asked = [o for o in run.history if o.to == name and o.operation == "increment"]
        answered = sum(o.outcome == "ok" for o in asked)
        assert answered <= run.nodes[name].total <= len(asked), name


def all_know_all(run: Run) -> None:
    """Rumours reached everybody."""
    for node in run.nodes.values():
        assert set(node.known) == set(run.nodes)


def the_backup_has_it(run: Run) -> None:
    """Every write that was answered is on the backup, unless a later write to the key has replaced it."""
    writes = [o for o in run.history if o.operation == "write" and o.to == "n1"]
    assert any(o.outcome == "ok" for o in writes)
    asked = {(o.fields["key"], o.fields["value"]) for o in writes}
    for operation in writes:
        if operation.outcome == "ok":
            key = operation.fields["key"]
            assert (key, run.nodes["n2"].data[key]) in asked


CASES = (
    Case("ping-pong", lambda: System([Ping] * 3, network=Network(latency=0.002, loss=0.01)), all_pongs, seconds=6.0),
    Case(
        "counter",
        lambda: System([Counter] * 2, clients=2),
        nothing_answered_is_lost,
        faults=Faults(
            [crash(0.6, "n1"), restart(1.0, "n1"), pause(1.2, "n2"), resume(1.6, "n2"), drop(2.0, 2.2, to="n1")]
        ),
        workload=Closed([op("increment", by=1)], timeout=0.5, think=0.01),
    ),
    Case(
        "gossip",
        lambda: System([Gossip] * 5),
        all_know_all,
        faults=Faults([partition(0.05, ["n1", "n2"], ["n3", "n4", "n5"]), heal(1.0)]),
    ),
    Case(
        "primary-backup",
        lambda: System({"n1": Store, "n2": Store}, clients=2),
        the_backup_has_it,
        faults=Faults([crash(0.8, "n2"), restart(1.4, "n2")]),
        workload=Closed([op("write", key=Zipf(5), value=Unique())], to="n1", timeout=0.5, think=0.01),
    ),
)
