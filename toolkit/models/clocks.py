"""How far a clock can be trusted: drift, the error of a reading over a network, and how often timestamps lie.

All times are in seconds. Used by notebook 20-time-and-order, which measures every one of these.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from toolkit.models.numbers import Numbers, check, plain


def drift_apart(drift: ArrayLike, since: ArrayLike) -> Numbers:
    """How far two clocks may be apart `since` seconds after they agreed, if each gains or loses at most `drift`: 2 ρ T.

    Cristian, "Probabilistic Clock Synchronization", Distributed Computing 3, 1989, section 2. A quartz is good for some
    ten millionths: RFC 5905 (NTP) reckons with 15e-6, Spanner (Corbett et al., OSDI 2012, section 3) with 200e-6.
    """
    return plain(2 * check("drift", drift, 0, 1) * check("since", since, 0))


def cristian_error(round_trip: ArrayLike, least: ArrayLike = 0.0) -> Numbers:
    """The largest error of a clock read over a network, if half the round trip is added to the answer: rtt / 2 - least.

    `least` is the shortest that a message can take one way; 0 is always safe. No protocol does better with one reading.
    Cristian, "Probabilistic Clock Synchronization", Distributed Computing 3, 1989, section 3.
    Raises ValueError for a round trip of less than twice the least time.
    """
    trip, shortest = check("round_trip", round_trip, 0), check("least", least, 0)
    if np.any(trip < 2 * shortest):
        raise ValueError(f"round_trip={np.min(trip):g} is shorter than twice least={np.max(shortest):g}")
    return plain(trip / 2 - shortest)


def inversion(skew: ArrayLike, latencies: ArrayLike) -> Numbers:
    """Probability that a message arrives before it was sent, by the two clocks: E[Φ(-L / (σ √2))].

    Every clock is off by a normal error of standard deviation `skew`, so two of them differ by one of √2 times as much;
    `latencies` is a sample of what messages take one way (L). Follows from the definition; measured in notebook 20.
    """
    sigma, sample = check("skew", skew, 0), np.ravel(check("latencies", latencies, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = norm.cdf(-sample / (np.sqrt(2) * sigma[..., None]))
    return plain(np.where(sigma[..., None] == 0, 0.0, chance).mean(axis=-1))


def commit_wait(uncertainty: ArrayLike) -> Numbers:
    """How long a writer waits so that whoever begins after it gets a later timestamp, by whatever clock: 2 ε.

    `uncertainty` (ε) bounds the error of every clock. Spanner takes the latest possible time as the timestamp and waits
    until the earliest possible one has passed it: Corbett et al., "Spanner", OSDI 2012, section 4.2.1.
    """
    return plain(2 * check("uncertainty", uncertainty, 0))
