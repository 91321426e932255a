"""How much the fullest node holds, and how much moves: the article's "partition = data ÷ nodes", and what holds.

Throughout, m keys lie on n nodes, and each key chose its node independently and evenly unless a formula says
otherwise. Used by notebooks 10-partitioning and 11-consistent-hashing, which measure every one of these.
"""

from fractions import Fraction
from math import ceil

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import poisson

from toolkit.models.numbers import Numbers, check, plain


def mean_load(m: ArrayLike, n: ArrayLike) -> Numbers:
    """Keys per node on average: m / n. The naive formula: true of the mean, and of no single node."""
    return plain(check("m", m, 0) / check("n", n, 1, whole=True))


def expected_max_load(m: ArrayLike, n: ArrayLike) -> Numbers:
    """Keys on the fullest node, expected: sum over k >= 0 of 1 - F(k)^n, F the Poisson distribution of mean m / n.

    The loads are treated as independent Poisson variables (Mitzenmacher & Upfal, "Probability and Computing", 2005,
    section 5.4) and the sum is E[X] = sum of P(X > k). Simulation (tests/models) finds it within 2% for ten keys on
    ten nodes, and nearer still for more keys or more nodes.
    """
    means = mean_load(m, n)
    return plain(np.vectorize(_expected_max, otypes=[float])(means, n))


def _expected_max(mean: float, n: float) -> float:
    reach = 12 * np.sqrt(mean) + 60  # farther from the mean than this the sum's terms are 1 (below) or 0 (above)
    first = max(0, int(mean - reach))
    above = poisson.sf(np.arange(first, int(mean + reach) + 1), mean)
    with np.errstate(divide="ignore"):  # log1p(-1) is -inf, whose exponential is the 0 meant
        return first - float(np.expm1(n * np.log1p(-above)).sum())


def expected_max_load_asymptotic(n: ArrayLike) -> Numbers:
    """The textbook's answer for n keys on n nodes: ln n / ln ln n, n >= 3. Only the leading term, and too low.

    Gonnet, "Expected Length of the Longest Probe Sequence in Hash Code Searching", Journal of the ACM 28(2), 1981.
    For a hundred nodes it is 29% too low, for ten thousand 38%: the terms left out matter for every real n. Use
    `expected_max_load`.
    """
    log = np.log(check("n", n, 3, whole=True))
    return plain(log / np.log(log))


def gap_heavily_loaded(m: ArrayLike, n: ArrayLike) -> Numbers:
    """How far the fullest node lies above the mean when there are many keys per node: sqrt(2 (m / n) ln n), in keys.

    Raab & Steger, "Balls into Bins: A Simple and Tight Analysis", RANDOM 1998, for m much above n (ln n)^3. The gap
    grows with m, but only as its root: relative to the mean it vanishes. It estimates from above: for 10 to
    1,000 nodes the mean gap is 70 to 90% of it.
    """
    return plain(np.sqrt(2 * np.asarray(mean_load(m, n)) * np.log(check("n", n, 1, whole=True))))


def hash_cv(m: ArrayLike, n: ArrayLike) -> Numbers:
    """Coefficient of variation of the load under plain hashing: sqrt((n - 1) / m), from the binomial distribution."""
    return plain(np.sqrt((check("n", n, 1, whole=True) - 1) / check("m", m, 1)))


def ring_cv(n: ArrayLike, v: ArrayLike) -> Numbers:
    """Coefficient of variation of the nodes' shares of a ring with v virtual nodes each: sqrt((n - 1) / (n v + 1)).

    Exact: n v random points cut the circle into arcs whose lengths are Dirichlet distributed, and a node's share, the
    sum of v of them, is Beta(v, (n - 1) v). Often quoted as 1 / sqrt(v), its limit for many nodes. Rings: Karger et
    al., STOC 1997. With m keys, the chance of plain hashing adds: cv^2 = ring_cv^2 + hash_cv^2 nearly.
    """
    nodes, vnodes = check("n", n, 1, whole=True), check("v", v, 1, whole=True)
    return plain(np.sqrt((nodes - 1) / (nodes * vnodes + 1)))


def bounded_capacity(m: int, n: int, c: float) -> int:
    """The most keys on any node under consistent hashing with bounded loads: ceil(c m / n), c > 1.

    Mirrokni, Thorup & Zadimoghaddam, "Consistent Hashing with Bounded Loads", SODA 2018 (arXiv:1608.01350, 2016).
    """
    check("m", m, 0, whole=True), check("n", n, 1, whole=True), check("c", c, 1)
    return ceil(
        Fraction(str(c)) * int(m) / int(n)
    )  # as a fraction: 1.1 of 10 is 11, where floats say 11.000000000000002


def moved_on_join(n: ArrayLike) -> Numbers:
    """The least share of the keys that must move when a node joins n others: 1 / (n + 1), its fair share.

    Consistent hashing moves no more than this (Karger et al., STOC 1997: monotonicity); the rest stays.
    """
    return plain(1 / (check("n", n, 1, whole=True) + 1))


def moved_by_modulo(before: ArrayLike, after: ArrayLike) -> Numbers:
    """The share of the keys that move when hash mod `before` becomes hash mod `after`: 1 - gcd / max of the two.

    By the Chinese remainder theorem: of every lcm(before, after) consecutive hashes, min(before, after) leave the same
    remainder, and min / lcm = gcd / max. From 10 to 11 nodes 10 of 11 keys move; from 10 to 20 only half.
    """
    old, new = check("before", before, 1, whole=True), check("after", after, 1, whole=True)
    return plain(1 - np.gcd(old.astype(np.int64), new.astype(np.int64)) / np.maximum(old, new))


def hot_key_floor(share: ArrayLike, m: ArrayLike, n: ArrayLike) -> Numbers:
    """The fullest node holds at least this many rows: the larger of share * m, the hottest key's rows, and m / n.

    Rows of one key lie on one node, so a hot key keeps its share however many nodes there are: beyond n = 1 / share,
    more nodes do not make the fullest one smaller. (Pigeonhole; no distribution is assumed.)
    """
    return plain(np.maximum(check("share", share, 0, 1) * check("m", m, 0), mean_load(m, n)))
