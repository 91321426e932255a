"""Formulas of clocks, each beside a simulation that knows nothing of the formula."""

import numpy as np
import pytest

from toolkit.models.clocks import commit_wait, cristian_error, drift_apart, inversion

random = np.random.default_rng(20)


def test_two_clocks_of_opposite_drift_are_as_far_apart_as_the_bound_says():
    since = np.array([0.0, 10.0, 3600.0])
    fast, slow = since * (1 + 15e-6), since * (1 - 15e-6)
    assert drift_apart(15e-6, since) == pytest.approx(fast - slow)


def test_no_reading_is_worse_than_cristians_bound_and_some_come_near():
    there, back = 0.002 + random.exponential(0.004, (2, 20_000))
    offset = 0.7
    estimate = there + offset + (there + back) / 2 - (there + back)  # the server's clock at its answer, half a trip on
    error = np.abs(estimate - offset)
    bound = cristian_error(there + back, 0.002)
    assert np.all(error <= bound + 1e-12)
    assert np.max(error / bound) > 0.99


@pytest.mark.parametrize("skew", [0.0005, 0.005, 0.05])
def test_inversions_happen_as_often_as_the_formula_says(skew):
    latencies = random.lognormal(np.log(0.005), 0.5, 200_000)
    sender, receiver = random.normal(0, skew, (2, 200_000))
    measured = np.mean(latencies + receiver < sender)
    assert inversion(skew, latencies) == pytest.approx(measured, abs=0.004)


def test_inversions_at_the_limits():
    assert inversion(0.0, [0.001, 0.01]) == 0
    assert inversion(1e6, 0.001) == pytest.approx(0.5, abs=1e-6)
    many = inversion([0.001, 0.01], [0.001, 0.01])
    assert many.shape == (2,)
    assert many[0] < many[1]


def test_whoever_begins_after_the_wait_has_a_later_timestamp():
    epsilon = 0.004
    errors = random.uniform(-epsilon, epsilon, (2, 10_000))
    first, second = errors + epsilon  # the latest that it can be, by clocks read at true time 0
    assert np.all(commit_wait(epsilon) + second >= first - 1e-12)
    assert np.any(0.9 * commit_wait(epsilon) + second < first)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: drift_apart(-1, 1), "drift"),
        (lambda: drift_apart(0.1, -1), "since"),
        (lambda: cristian_error(-1), "round_trip"),
        (lambda: cristian_error(0.001, 0.001), "round_trip"),
        (lambda: inversion(-1, 1), "skew"),
        (lambda: inversion(1, [-1]), "latencies"),
        (lambda: commit_wait(float("nan")), "uncertainty"),
    ],
)
def test_bad_input_is_named(call, name):
    with pytest.raises(ValueError, match=name):
        call()
