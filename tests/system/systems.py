"""Random systems for property tests: a chatty node, networks, faults and workloads as Hypothesis strategies."""

from hypothesis import strategies as st

from toolkit.system import (
    Closed,
    Exponential,
    Fault,
    Faults,
    Keys,
    Network,
    Node,
    Open,
    System,
    Uniform,
    Unique,
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

NAMES = ("n1", "n2", "n3")
UNTIL = 1.0


class Chatty(Node):
    """Sends, broadcasts, sets and cancels timers, writes to disk, and draws random numbers: a bit of everything."""

    def on_start(self) -> None:
        self.heard = 0
        self.lives = self.disk.get("lives", 0) + 1
        self.disk["lives"] = self.lives
        self.disk.sync()
        self.set_timer("tick", self.random.uniform(0.01, 0.1))

    def on_timer(self, name: str) -> None:
        self.broadcast("word", number=self.heard, path=[self.name], weight=self.random.random())
        self.send(self.name, "note", number=self.heard)
        self.set_timer("tick", 0.08)
        self.set_timer("never", 0.01)
        self.cancel_timer("never")

    def on_word(self, sender: str, number: int, path: list[str], weight: float) -> None:
        self.heard += 1
        path.append(self.name)
        if len(path) < 4 and weight < 0.8:
            self.send(self.random.choice(self.peers), "word", path=path, number=number, weight=self.random.random())

    def on_note(self, sender: str, number: int) -> None:
        self.disk.append("notes", [self.now, number])

    def on_write(self, sender: str, key: str, value: str = "nothing") -> None:
        self.disk[key] = value
        self.reply("ok", lives=self.lives)


latencies = st.sampled_from([0.003, Uniform(0.001, 0.05), Exponential(0.01, least=0.001), Uniform(0.0, 0.01)])
networks = st.builds(
    Network,
    latency=latencies,
    loss=st.sampled_from([0.0, 0.0, 0.1]),
    duplicate=st.sampled_from([0.0, 0.0, 0.1]),
    fifo=st.booleans(),
)
times = st.floats(0, UNTIL).map(lambda at: round(at, 3))
names = st.sampled_from(NAMES)
some_faults = st.one_of(
    st.builds(crash, times, names),
    st.builds(restart, times, names),
    st.builds(pause, times, names),
    st.builds(resume, times, names),
    st.builds(heal, times),
    st.builds(lambda at: partition(at, ["n1"], ["n2", "n3"]), times),
    st.builds(lambda at, one: partition(at, one_way=(one, "c1")), times, names),
    st.builds(skew_clock, times, names, st.floats(-1, 1), st.floats(-0.5, 0.5)),
    st.builds(lambda at, to: drop(at, at + 0.2, to=to, probability=0.5), times, names),
    st.builds(lambda at: delay(at, at + 0.2, seconds=0.05, type="word"), times),
    st.builds(lambda at, sender: duplicate(at, at + 0.2, sender=sender), times, names),
    st.builds(lambda at: reorder(at, at + 0.2, seconds=0.05), times),
)
schedules: st.SearchStrategy[list[Fault]] = st.lists(some_faults, max_size=6)
workloads = st.sampled_from(
    [
        None,
        Closed([op("write", key=Keys(3), value=Unique())], timeout=0.05),
        Open([op("write", 3, key=Keys(3), value=Unique()), op("write", 1, key="k")], rate=30.0, timeout=0.05),
    ]
)


def system(network: Network) -> System:
    """Three chatty nodes and a client."""
    return System([Chatty] * 3, network=network, clients=1)


__all__ = ["NAMES", "UNTIL", "Chatty", "Faults", "networks", "schedules", "system", "times", "workloads"]
