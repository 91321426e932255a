"""The gate that every message passes at both ends: here the fault schedule is done to it, in the node's own process.

Every process has the whole schedule and reads it by the run's common clock, so a partition begins everywhere at the
same moment, and no word has to be passed on for it, which could itself be late. The rules are those of the simulator
(`toolkit.system.network.Traffic`).
"""

import math
from typing import Any

from toolkit.system.faults import MESSAGE_FAULTS, Fault, Faults
from toolkit.system.host import random_stream
from toolkit.system.latency import as_latency
from toolkit.system.network import TYPICAL, Network, Traffic
from toolkit.system.recording import Entry, Route, cause_of


class Gate:
    """What happens to the messages that one node sends and receives.

    A `Network` that names a latency gets it on top of the real one; without, messages take the time that they take.
    """

    def __init__(self, network: Network, faults: Faults, seed: int, name: str) -> None:
        self.name = name
        stream = random_stream(seed, "gate", name)
        self.traffic = Traffic(network, stream.getrandbits(32))
        self._luck = random_stream(seed, "luck", name)
        latency = as_latency(network.latency)
        self._delays = None if latency == TYPICAL else latency.delays(random_stream(seed, "latency", name))
        self._changes = _changes(faults)
        self._due = self._changes[0][0] if self._changes else math.inf
        self._calm = self._delays is None and self.traffic.calm

    def calm(self, at: float) -> bool:
        """Whether messages of this moment just pass."""
        if at >= self._due:
            self._advance(at)
        return self._calm

    def message(self, at: float, number: int, to: str, type: str) -> Entry:
        """A message as the gate looks at it: what it says is none of the gate's business."""
        return (at, number, Route(to, type, None), self.name, {}, cause_of(at, None, to))

    def lost(self, message: Entry) -> str | None:
        """Why this message does not leave ("partition", "loss", "fault"), or None."""
        return self.traffic.lost(message, self._luck)

    def doubled(self, message: Entry) -> bool:
        """Whether this message is sent twice."""
        return self.traffic.doubled(message, self._luck)

    def leaves(self, message: Entry) -> float:
        """When this message leaves, in seconds of the run."""
        return self.traffic.arrival(message, next(self._delays) if self._delays is not None else 0.0)

    def cut(self, sender: str, to: str) -> bool:
        """Whether this link is cut, at the moment that `calm` was last asked about."""
        return (sender, to) in self.traffic.cuts

    def _advance(self, at: float) -> None:
        while self._changes and self._changes[0][0] <= at:
            _, change, fault = self._changes.pop(0)
            if change == "heal":
                self.traffic.heal()
            else:
                {"partition": self.traffic.cut, "begin": self.traffic.begin, "end": self.traffic.end}[change](fault)
        self._due = self._changes[0][0] if self._changes else math.inf
        self._calm = self._delays is None and self.traffic.calm


def _changes(faults: Faults) -> list[tuple[float, str, Any]]:
    """The moments at which the gate changes, in order: (seconds, "partition", "heal", "begin" or "end", fault)."""
    changes: list[tuple[float, str, Fault]] = []
    for fault in faults:
        if fault.kind in ("partition", "heal"):
            changes.append((fault.at, fault.kind, fault))
        elif fault.kind in MESSAGE_FAULTS:
            changes.append((fault.at, "begin", fault))
            if fault.detail["until"] is not None:
                changes.append((fault.detail["until"], "end", fault))
    return sorted(changes, key=lambda change: change[0])
