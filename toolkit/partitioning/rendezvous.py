"""Rendezvous hashing: each node bids for the key, the highest bid wins.

A bid is a hash of node and key together, so anyone who knows the names of the nodes finds the same winner: no ring,
no table. A joining node takes exactly the keys it outbids, a leaving one hands its keys to the second-best bidder, and
the load is as even as random placement can be. The price: each look-up asks every node.

Weights by the logarithm method: with u the bid as a number in (0, 1), score = -weight / ln(u). Of all keys a node then
wins the share weight / (sum of the weights), and a changed weight moves keys only to or from that node.

Used by notebook 11-consistent-hashing. Sources: Thaler & Ravishankar, "Using Name-Based Mappings to Increase Hit
Rates", IEEE/ACM Transactions on Networking 6(1), 1998; Schindelhauer & Schomaker, "Weighted Distributed Hash Tables",
SPAA 2005 (the logarithm method).
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from toolkit.partitioning.base import Partitioner, check_weights
from toolkit.partitioning.keys import Column, Key, hash_column, hash_key, mix_column

_BLOCK = 1 << 14  # keys per step of `_codes`: few enough to stay in the processor's cache


class Rendezvous(Partitioner):
    """The node with the highest score owns the key. The order of the nodes changes nothing but their codes.

    ValueError if a weight is not above 0.
    """

    def __init__(self, nodes: Iterable[str], weights: Mapping[str, float] | None = None) -> None:
        super().__init__(nodes)
        self._weights = check_weights(weights, self._nodes)

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each node (a copy)."""
        return dict(self._weights)

    def replicas(self, key: Key, n: int) -> list[str]:
        """The n highest bidders: should the first fail, the second owns the key already."""
        self._check_replicas(n)
        best_first = np.argsort(-self._scores(hash_key(key)), kind="stable")
        return [self._nodes[code] for code in best_first[:n]]

    def add(self, node: str, weight: float = 1) -> Self:
        return type(self)(self._with(node), {**self._weights, node: weight})

    def remove(self, node: str) -> Self:
        nodes = self._without(node)
        return type(self)(nodes, {name: self._weights[name] for name in nodes})

    def _code(self, key: Key) -> int:
        return int(np.argmax(self._scores(hash_key(key))))

    def _scores(self, hashed: int) -> NDArray[np.float64]:
        """The score of every node for one key."""
        return _score(self._seeds ^ np.uint64(hashed), np.array(list(self._weights.values())))

    def _codes(self, column: Column) -> NDArray[np.int32]:
        hashes = hash_column(column)
        codes = np.zeros(len(hashes), np.int32)
        for start in range(0, len(hashes), _BLOCK):
            block, winners = hashes[start : start + _BLOCK], codes[start : start + _BLOCK]
            best = np.zeros(len(block))
            for code, (seed, weight) in enumerate(zip(self._seeds, self._weights.values(), strict=True)):
                score = _score(block ^ seed, weight)
                np.copyto(winners, code, where=score > best)
                np.maximum(best, score, out=best)
        return codes

    @cached_property
    def _seeds(self) -> NDArray[np.uint64]:
        return hash_column(list(self._nodes))

    def _arguments(self) -> tuple[Any, ...]:
        return self._nodes, self._weights


def _score(bids: NDArray[np.uint64], weights: Any) -> NDArray[np.float64]:
    fractions = ((mix_column(bids) >> np.uint64(11)) + 0.5) * 2.0**-53  # the upper 53 bits, strictly inside (0, 1)
    return -weights / np.log(fractions)
