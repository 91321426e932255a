"""How fast nodes on real processes talk, come back and keep time, beside a bare `distributed.comm` on the same two.

Run alone: `python -m benchmarks.deploy`. The peer's messages and ours take turns between the same two worker processes,
so that a busy moment of the machine meets both. Ours are recorded in the trace, every one; the peer's are only counted.
"""

import asyncio
import statistics
from functools import partial
from itertools import pairwise
from time import perf_counter
from typing import Any

from toolkit.system import Closed, Node, System, Trace, crash, op, restart
from toolkit.system.deploy import deploy

REPETITIONS = 5
MESSAGES = 20_000
TARGETS = {10: 2, 1: 1}
"""Messages in each handler -> how many times the peer's rate."""
KILLS = 5
HEARTBEAT = 0.05


class Source(Node):
    """Sends as much as it can, `burst` messages in each handler."""

    def __init__(self, burst: int) -> None:
        self.burst, self.sent = burst, 0

    def on_start(self) -> None:
        self.set_timer("go", 0.2)

    def on_timer(self, name: str) -> None:
        for _ in range(self.burst):
            self.sent += 1
            self.send("sink", "item", number=self.sent)
        if self.sent < MESSAGES:
            self.set_timer("go", 0)


class Sink(Node):
    """Counts."""

    def __init__(self) -> None:
        self.count = 0

    def on_item(self, sender: str, number: int) -> None:
        self.count += 1


class Counter(Node):
    """Counts on disk."""

    def on_start(self) -> None:
        self.total = self.disk.get("total", 0)

    def on_increment(self, sender: str) -> None:
        self.total += 1
        self.disk["total"] = self.total
        self.disk.sync()
        self.reply("ok", total=self.total)


class Member(Node):
    """The first one sends heartbeats, as the leader of a group does; all others only listen."""

    def on_start(self) -> None:
        self.on_timer("beat")

    def on_timer(self, name: str) -> None:
        if self.name == "n1":
            self.broadcast("beat")
            self.set_timer("beat", HEARTBEAT)

    def on_beat(self, sender: str) -> None:
        pass


def peer_rate(client: Any, addresses: list[str]) -> float:
    """One-way messages per second over a bare comm, from the first worker to the second."""

    async def listen(dask_worker: Any) -> Any:
        from distributed.comm.core import listen

        dask_worker.arrived = []

        async def count(comm: Any) -> None:
            number = 0
            while number < MESSAGES:
                number = (await comm.read())["number"]
            dask_worker.arrived.append(perf_counter())
            await comm.close()

        listener = await listen("tcp://127.0.0.1:0", count)
        dask_worker.listening = listener
        return listener.contact_address

    async def send(address: str) -> float:
        from distributed.comm.core import connect

        comm = await connect(address)
        began = perf_counter()
        for number in range(1, MESSAGES + 1):
            await comm.write({"type": "item", "number": number})
        return began

    async def arrived(dask_worker: Any) -> float:
        while not dask_worker.arrived:
            await asyncio.sleep(0.001)
        dask_worker.listening.stop()
        at: float = dask_worker.arrived[0]
        return at

    where = client.run(listen, workers=addresses[1:2])[addresses[1]]
    began = client.run(send, where, workers=addresses[:1])[addresses[0]]
    return MESSAGES / float(client.run(arrived, workers=addresses[1:2])[addresses[1]] - began)


def our_rate(cluster: Any, burst: int, seconds: float = 3.0) -> float:
    """One-way messages per second between two nodes, from the first sending to the last delivery."""
    run = deploy(System({"source": partial(Source, burst), "sink": Sink}), cluster, seconds)
    delivered = [message.delivered for message in run.trace.messages if message.delivered is not None]
    if len(delivered) < MESSAGES:
        raise RuntimeError(f"only {len(delivered)} of {MESSAGES} messages arrived within {seconds:g} s")
    return MESSAGES / (max(delivered) - run.trace.messages[0].sent)


def rates() -> list[dict[str, Any]]:
    """One-way messages: ten in each handler; and one, with a timer for each, which is recorded too."""
    from toolkit import Cluster

    bare: list[float] = []
    ours: dict[int, list[float]] = {10: [], 1: []}
    with Cluster(workers=2) as cluster:
        addresses = [str(worker.address) for worker in cluster.snapshot().workers]
        for _ in range(REPETITIONS):
            bare.append(peer_rate(cluster.client, addresses))
            for burst, found in ours.items():
                found.append(our_rate(cluster, burst))
    peer = statistics.median(bare)
    return [
        {
            "name": f"one-way messages, {burst} in a handler, all recorded",
            "ours": statistics.median(found),
            "peer": peer,
            "unit": "1/s",
            "ratio": statistics.median(found) / peer,
            "target": f"at least {TARGETS[burst]} of the peer",
            "met": statistics.median(found) / peer >= TARGETS[burst],
        }
        for burst, found in ours.items()
    ]


def _value(name: str, value: float, unit: str, target: float) -> dict[str, Any]:
    return {
        "name": name, "ours": value, "peer": None, "unit": unit, "ratio": None,
        "target": f"at most {target:g} {unit}", "met": value <= target,
    }  # fmt: skip


def recovery() -> list[dict[str, Any]]:
    """From SIGKILL to the first answer of the restarted node, out of its disk."""
    from toolkit import Cluster

    times = []
    faults = [fault(float(1 + kill), "n1") for kill in range(KILLS) for fault in (crash, restart)]
    with Cluster(workers=3) as cluster:
        load = Closed([op("increment")], to="n1", timeout=0.02)
        run = deploy(System([Counter] * 3, clients=1), cluster, KILLS + 1.0, faults, load)
    for down in run.trace.of("crash", "n1"):
        up = next(event.at for event in run.trace.of("restart", "n1") if event.at >= down.at)
        answers = (item.returned for item in run.history.of(outcome="ok") if item.invoked > up)
        times.append(next(at for at in answers if at is not None) - down.at)
    return [_value("killed node answers again, with its disk", statistics.median(times), "s", 0.5)]


def gaps(trace: Trace) -> list[float]:
    """Seconds between the heartbeats that a follower got, of all followers, in rising order."""
    arrivals: dict[str, list[float]] = {}
    for message in trace.messages:
        if message.delivered is not None:
            arrivals.setdefault(message.to, []).append(message.delivered)
    return sorted(later - earlier for at in arrivals.values() for earlier, later in pairwise(at))


def heartbeats() -> list[dict[str, Any]]:
    """The longest silence of a leader that sends a heartbeat every 50 ms to four followers."""
    from toolkit import Cluster

    with Cluster(workers=5) as cluster:
        found = gaps(deploy(System([Member] * 5), cluster, 20.0).trace)
    return [_value("50 ms heartbeats among 5 nodes, longest gap in 20 s", found[-1], "s", 0.75)]


def figures() -> list[dict[str, Any]]:
    """All figures of this module."""
    return [*rates(), *recovery(), *heartbeats()]


if __name__ == "__main__":
    for row in figures():
        peer = "" if row["peer"] is None else f"  distributed.comm {row['peer']:,.0f}, ratio {row['ratio']:.1f}"
        print(f"{row['name']:52} {row['ours']:,.3g} {row['unit']}{peer}  ({row['target']}: {row['met']})")
