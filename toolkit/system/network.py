"""The network between nodes: how long messages take, and what may happen to them on the way.

`Network` says how a network is, as data. `Traffic` is its state in one run: which links are cut now, which message
faults hold now, and so what becomes of one message. Delays and losses are drawn from a stream of the sender's own, so
that a change at one node leaves the luck of the others as it was.
"""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import permutations, product

from toolkit.system.faults import Fault
from toolkit.system.host import random_stream
from toolkit.system.latency import Latency, Uniform, as_latency
from toolkit.system.recording import Entry

TYPICAL = Uniform(0.001, 0.010)


@dataclass(frozen=True)
class Network:
    """A network as it is in good times.

    `latency`: seconds or a distribution; `loss` and `duplicate`: probabilities for each message; `fifo`: messages of
    one link arrive in the order of sending (otherwise the delays alone decide); `links`: other latencies for single
    links, as {("n1", "n2"): latency}. Raises ValueError for a probability outside 0 to 1 or a negative latency.
    """

    latency: Latency | float = TYPICAL
    loss: float = 0.0
    duplicate: float = 0.0
    fifo: bool = False
    links: Mapping[tuple[str, str], Latency | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "latency", as_latency(self.latency))
        object.__setattr__(self, "links", {link: as_latency(latency) for link, latency in self.links.items()})
        for name in ("loss", "duplicate"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
                raise ValueError(f"{name}={value!r} must be a probability between 0 and 1")


class Traffic:
    """What the network does in one run; the simulator asks it about every message once something may go wrong."""

    def __init__(self, network: Network, seed: int) -> None:
        self.network = network
        self.cuts: set[tuple[str, str]] = set()
        self._seed = seed
        self._faults: list[tuple[Fault, random.Random]] = []
        self._latest: dict[tuple[str, str], float] = {}
        self._fair = not (network.loss or network.duplicate or network.fifo or network.links)
        self._links = {
            link: as_latency(latency).delays(random_stream(seed, "link", *link))
            for link, latency in network.links.items()
        }

    @property
    def calm(self) -> bool:
        """Whether nothing can happen to a message now, apart from its delay."""
        return self._fair and not self.cuts and not self._faults

    def cut(self, fault: Fault) -> None:
        """Begin a partition."""
        if "one_way" in fault.detail:
            self.cuts.update(product(*fault.detail["one_way"]))
        else:
            for one, other in permutations(fault.detail["groups"], 2):
                self.cuts.update(product(one, other))

    def heal(self) -> None:
        """End all partitions."""
        self.cuts.clear()

    def begin(self, fault: Fault) -> None:
        """From now on this message fault holds."""
        name = json.dumps([fault.at, fault.kind, fault.detail], sort_keys=True)
        self._faults.append((fault, random_stream(self._seed, "fault", name)))

    def end(self, fault: Fault) -> None:
        """That message fault is over."""
        self._faults = [item for item in self._faults if item[0] is not fault]

    def lost(self, message: Entry, luck: random.Random) -> str | None:
        """Why this message is lost as it is sent: "partition", "loss", "fault"; None if it is on its way."""
        if message[3] == message[2].to:
            return None  # it never leaves the machine
        if (message[3], message[2].to) in self.cuts:
            return "partition"
        if self.network.loss and luck.random() < self.network.loss:
            return "loss"
        return "fault" if self._struck("drop", message) else None

    def doubled(self, message: Entry, luck: random.Random) -> bool:
        """Whether this message is delivered twice."""
        by_network = bool(self.network.duplicate) and luck.random() < self.network.duplicate
        return bool(self._struck("duplicate", message)) or by_network

    def singled_out(self, copy: Entry) -> bool:
        """Whether a fault drops this very copy by its id; other drops struck, or spared, the original."""
        return any(fault.kind == "drop" and fault.detail.get("message") == copy[1] for fault, _ in self._faults)

    def arrival(self, message: Entry, delay: float) -> float:
        """When this message arrives; `delay` is what the sender's stream gave."""
        link = message[3], message[2].to
        if link in self._links:
            delay = next(self._links[link])
        at: float = message[5][0] + delay + sum(fault.detail["seconds"] for fault, _ in self._struck("delay", message))
        if self.network.fifo:
            at = self._latest[link] = max(at, self._latest.get(link, 0.0))
        return at + sum(fault.detail["seconds"] * luck.random() for fault, luck in self._struck("reorder", message))

    def _struck(self, kind: str, message: Entry) -> list[tuple[Fault, random.Random]]:
        """The faults of a kind that hit this message."""
        return [
            (fault, luck)
            for fault, luck in self._faults
            if fault.kind == kind and _concerns(fault, message) and luck.random() < fault.detail["probability"]
        ]


def _concerns(fault: Fault, message: Entry) -> bool:
    of_message = {"message": message[1], "sender": message[3], "to": message[2].to, "type": message[2].type}
    return all(fault.detail.get(name) in (None, value) for name, value in of_message.items())
