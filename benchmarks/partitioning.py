"""How fast keys find their node on a ring of 100 nodes, beside uhashring in the same run.

Run alone: `python -m benchmarks.partitioning`. Both rings have 160 virtual nodes per node, the default of either.
Ours and the peer take turns, so that a busy moment of the machine meets both; the best of the turns counts.
uhashring has no way to ask for many keys at once: its rate is that of a loop over `get_node`.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import uhashring

from toolkit.partitioning import HashRing, hash_keys

NODES = [f"node-{i}" for i in range(100)]
TEXT = [f"key-{i}" for i in range(100_000)]
NUMBERS = np.random.default_rng(2013).integers(0, 2**62, 1_000_000)
REPETITIONS = 7


def one_by_one(owner: Callable[[Any], str]) -> Callable[[], None]:
    """A loop that asks for each text key alone."""

    def ask() -> None:
        for key in TEXT:
            owner(key)

    return ask


def rates(**tasks: tuple[Callable[[], Any], int]) -> dict[str, float]:
    """Million keys per second of each task (what to call, how many keys that answers), at its best of several turns."""
    best = dict.fromkeys(tasks, float("inf"))
    for _ in range(REPETITIONS):
        for name, (call, _) in tasks.items():
            began = time.perf_counter()
            call()
            best[name] = min(best[name], time.perf_counter() - began)
    return {name: keys / best[name] / 1e6 for name, (_, keys) in tasks.items()}


def figures() -> list[dict[str, Any]]:
    """All figures of this module."""
    ring, peer = HashRing(NODES), uhashring.HashRing(NODES)
    assert ring.vnodes == 160
    ring.owner("warm"), ring.codes([0])  # the tables are built on first use
    hashes = hash_keys(NUMBERS)
    assert (ring.codes(NUMBERS) == ring.position_codes[_search(ring, hashes)]).all()
    rate = rates(
        peer=(one_by_one(peer.get_node), len(TEXT)),
        owner=(one_by_one(ring.owner), len(TEXT)),
        owners=(lambda: ring.owners(TEXT), len(TEXT)),
        codes=(lambda: ring.codes(TEXT), len(TEXT)),
        numbers=(lambda: ring.codes(NUMBERS), len(NUMBERS)),
        search=(lambda: ring.position_codes[_search(ring, hash_keys(NUMBERS))], len(NUMBERS)),
    )
    return [
        _figure("ring: owner(key), one text at a time", rate["owner"], rate["peer"], 3),
        _figure("ring: owners(list of text), names", rate["owners"], rate["peer"], 10),
        _figure("ring: codes(list of text)", rate["codes"], rate["peer"], 10),
        _figure("ring: codes(int64 column)", rate["numbers"], rate["peer"], 75),
        _figure("ring: codes(int64 column), peer numpy's searchsorted", rate["numbers"], rate["search"], 1),
    ]


def _search(ring: HashRing, hashes: np.ndarray) -> np.ndarray:
    """The obvious way: binary search of each hash among all virtual nodes."""
    return np.searchsorted(ring.positions, hashes) % len(ring.positions)


def _figure(name: str, ours: float, peer: float, factor: float) -> dict[str, Any]:
    ratio = ours / peer
    target = f"at least {factor} times"
    return {
        "name": name,
        "ours": ours,
        "peer": peer,
        "unit": "M keys/s",
        "ratio": ratio,
        "target": target,
        "met": ratio >= factor,
    }


if __name__ == "__main__":
    for row in figures():
        print(
            f"{row['name']:54} {row['ours']:7.2f} beside {row['peer']:6.2f} {row['unit']}"
            f" = {row['ratio']:6.1f} times  ({row['target']}: {'met' if row['met'] else 'MISSED'})"
        )
