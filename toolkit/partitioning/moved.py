"""What a change of the nodes costs: which keys moved, from where to where, and which of them for nothing.

A move is *needless* if both the old and the new owner were there before and after the change: neither did the key's
node leave, nor did it go to a newcomer. A consistent scheme makes none; modulo makes almost nothing else.

Used by notebooks 10-partitioning and 11-consistent-hashing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.partitioning.base import Partitioner


@dataclass(frozen=True, repr=False, eq=False)
class Moved:
    """The keys whose owner differs between two partitioners."""

    total: int
    """How many keys were compared."""
    flows: dict[tuple[str, str], int]
    """(old owner, new owner) -> how many keys moved that way, the largest first."""
    needless: int
    """How many moved though their old owner stayed and their new one was there before."""
    mask: NDArray[np.bool_]
    """For each key, in order: has it moved?"""

    @property
    def count(self) -> int:
        """How many keys moved."""
        return sum(self.flows.values())

    @property
    def fraction(self) -> float:
        """Which part of the keys moved, from 0 to 1."""
        return self.count / self.total if self.total else 0.0

    def __repr__(self) -> str:
        return f"Moved({self.count:,} of {self.total:,} keys = {self.fraction:.1%}, {self.needless:,} needlessly)"


def moved(before: Partitioner, after: Partitioner, keys: Any) -> Moved:
    """Compare the owners of the keys under two partitioners, of the same scheme or of different ones."""
    names = tuple(dict.fromkeys((*before.nodes, *after.nodes)))
    number = {name: i for i, name in enumerate(names)}
    old = before.codes(keys)  # their codes are the first numbers already
    new = np.array([number[name] for name in after.nodes])[after.codes(keys)]
    mask = old != new
    pairs, counts = np.unique(old[mask] * np.int64(len(names)) + new[mask], return_counts=True)
    largest = np.argsort(-counts, kind="stable")
    flows = {
        (names[pair // len(names)], names[pair % len(names)]): count
        for pair, count in zip(pairs[largest].tolist(), counts[largest].tolist(), strict=True)
    }
    stayed = set(before.nodes) & set(after.nodes)
    needless = sum(count for (source, target), count in flows.items() if source in stayed and target in stayed)
    mask.flags.writeable = False
    return Moved(total=len(mask), flows=flows, needless=needless, mask=mask)
