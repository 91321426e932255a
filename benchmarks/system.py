"""How many deliveries a second the simulator makes, full trace on, beside SimPy and risansym doing the same in the
same run.

The task: five nodes, each hands every token that it gets to a peer drawn at random, after a random delay; twenty
tokens. A delivery finds its handler by the message's type, and passes the checks for loss, partition and crash, in
all of them.

SimPy as its documentation has it: a `Cable` per node (a `Store`, and a process per message that waits for its latency:
"Event latency"), a process per node that reads it, and, for the trace, the recipe of "Monitoring your simulation: event
tracing". risansym with its own JSON tracer. CPU time, the best of several turns, the peers interleaved with ours.
"""

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from toolkit.system import Network, Node, System, Uniform

NODES, TOKENS, LEAST, MOST, SIZE = 5, 20, 0.001, 0.010, 100_000


def seconds(deliveries: int) -> float:
    """Simulated time in which about this many deliveries happen."""
    return deliveries * (LEAST + MOST) / 2 / TOKENS


class Forwarder(Node):
    """Hands every token on to a peer drawn at random."""

    def on_start(self) -> None:
        """The first node brings the tokens into the world."""
        self.seen = 0
        if self.name == "n1":
            for number in range(TOKENS):
                self.send(self.peers[number % 4], "token", number=number)

    def on_token(self, sender: str, number: int) -> None:
        """Count it and hand it on."""
        self.seen += 1
        self.send(self.peers[int(self.random.random() * 4)], "token", number=number)


Done = tuple[int, Any]
"""The number of deliveries, and what the learner is left with, so that clearing it away is not part of the time."""


def ours(deliveries: int) -> Done:
    """The task in our simulator."""
    system = System([Forwarder] * NODES, network=Network(latency=Uniform(LEAST, MOST)))
    run = system.simulate(seed=1, until=seconds(deliveries))
    return sum(node.seen for node in run.nodes.values() if isinstance(node, Forwarder)), run


class SimpyCable:
    """The cable of SimPy's "Event latency" example."""

    def __init__(self, env: Any, store: Any, draw: random.Random) -> None:
        self.env, self.store, self.draw = env, store, draw

    def latency(self, value: Any) -> Generator[Any, Any, None]:
        """Wait, then hand over."""
        yield self.env.timeout(self.draw.uniform(LEAST, MOST))
        self.store.put(value)

    def put(self, value: Any) -> None:
        """Send."""
        self.env.process(self.latency(value))

    def get(self) -> Any:
        """Receive."""
        return self.store.get()


class SimpyNode:
    """A node in SimPy: a process that reads its cable and calls the handler of each message."""

    loss = 0.0

    def __init__(self, env: Any, name: str, cables: dict[str, SimpyCable], draw: random.Random) -> None:
        self.env, self.name, self.cables, self.random = env, name, cables, draw
        self.peers = tuple(other for other in cables if other != name)
        self.seen = 0
        self.crashed: set[str] = set()
        self.cuts: set[tuple[str, str]] = set()
        env.process(self.run())

    def run(self) -> Generator[Any, Any, None]:
        """Handle one message after another."""
        while True:
            message = yield self.cables[self.name].get()
            sender = message["sender"]
            if self.name not in self.crashed and (sender, self.name) not in self.cuts:
                getattr(self, "on_" + message["type"])(sender, **message["fields"])

    def send(self, to: str, type: str, **fields: Any) -> None:
        """Send a message."""
        if not self.loss or self.random.random() >= self.loss:
            self.cables[to].put({"sender": self.name, "type": type, "fields": fields})

    def on_token(self, sender: str, number: int) -> None:
        """Count it and hand it on."""
        self.seen += 1
        self.send(self.peers[int(self.random.random() * 4)], "token", number=number)


def simpy_tracing(env: Any, callback: Callable[..., None]) -> None:
    """SimPy's documented recipe for a trace: a wrapper around `env.step` that sees every event."""

    def with_callback(env_step: Callable[[], None], callback: Callable[..., None]) -> Callable[[], None]:
        def tracing_step() -> None:
            if len(env._queue):
                at, priority, number, event = env._queue[0]
                callback(at, priority, number, event)
            return env_step()

        return tracing_step

    env.step = with_callback(env.step, callback)


def simpy(deliveries: int, traced: bool) -> Done:
    """The task in SimPy's documented idiom."""
    import simpy as peer

    draw, env = random.Random(1), peer.Environment()
    trace: list[Any] = []
    if traced:
        simpy_tracing(env, partial(lambda data, *event: data.append(event), trace))
    cables = {f"n{i}": SimpyCable(env, peer.Store(env), draw) for i in range(1, NODES + 1)}
    nodes = [SimpyNode(env, name, cables, draw) for name in cables]
    for number in range(TOKENS):
        nodes[0].send(nodes[0].peers[number % 4], "token", number=number)
    env.run(until=seconds(deliveries))
    return sum(node.seen for node in nodes), (nodes, trace)


def risansym(deliveries: int) -> Done:
    """The task in risansym with its JSON tracer."""
    from risansym import Event, Model, Simulation, TopologyGenerator
    from risansym.plugins import JSONTracerPlugin

    draw = random.Random(1)
    count = 0

    class Forward(Model):
        def init(self) -> None:
            pass

        def receive(self, event: Event) -> None:
            nonlocal count
            count += 1
            self.transmit(
                Event(
                    time=self.clock + draw.uniform(LEAST, MOST),
                    name="TOKEN",
                    source=self.node_id,
                    target=self.neighbors[int(draw.random() * 4)],
                    payload=event.payload,
                )
            )

    with tempfile.TemporaryDirectory() as folder:
        simulation = Simulation(TopologyGenerator.mesh(NODES), maxtime=seconds(deliveries))
        simulation.attach(JSONTracerPlugin("Forward", trace_dir=folder))
        for index in range(1, NODES + 1):
            simulation.set_model(Forward(), index)
        simulation.initialize_all()
        for number in range(TOKENS):
            payload: Any = {"number": number}
            simulation.seed_event(Event(time=0.0, name="TOKEN", source=1, target=2 + number % 4, payload=payload))
        simulation.run()
    return count, simulation


def rates(turns: int = 4) -> dict[str, float]:
    """Deliveries per second of CPU time, the best of some turns of each."""
    tasks: dict[str, tuple[Callable[[int], Done], int]] = {
        "ours": (ours, SIZE),
        "simpy": (partial(simpy, traced=False), SIZE),
        "simpy traced": (partial(simpy, traced=True), SIZE),
        "risansym": (risansym, SIZE),
    }
    best = dict.fromkeys(tasks, 0.0)
    for _ in range(turns):
        for name, (task, size) in tasks.items():
            began = time.process_time()
            done, kept = task(size)
            best[name] = max(best[name], done / (time.process_time() - began))
            del kept
    return best


def figures() -> list[dict[str, Any]]:
    """The simulator's figures beside their peers."""
    best = rates()
    return [
        {
            "name": f"simulated deliveries, full trace, beside {label}",
            "ours": best["ours"],
            "peer": best[peer],
            "unit": "deliveries/s",
            "ratio": best["ours"] / best[peer],
            "target": f"at least {target} times",
            "met": best["ours"] >= target * best[peer],
        }
        for peer, label, target in (
            ("simpy", "SimPy without a trace", 8),
            ("simpy traced", "SimPy with its trace recipe", 8),
            ("risansym", "risansym with its tracer", 25),
        )
    ]


if __name__ == "__main__":
    results = figures()
    print(json.dumps(results, indent=2))
    sys.exit(0 if all(figure["met"] for figure in results) else 1)
