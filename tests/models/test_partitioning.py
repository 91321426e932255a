"""The formulas of partitioning, each against exact values and against a seeded simulation of what it predicts.

Tolerances: a simulated mean of r repetitions scatters by its standard error, s / sqrt(r); each is at least four times
that, and below the error that the test is there to find.
"""

import numpy as np
import pytest

from toolkit.models.partitioning import (
    bounded_capacity,
    expected_max_load,
    expected_max_load_asymptotic,
    gap_heavily_loaded,
    hash_cv,
    hot_key_floor,
    mean_load,
    moved_by_modulo,
    moved_on_join,
    ring_cv,
)


def fullest(m: int, n: int, repetitions: int) -> float:
    """Mean load of the fullest of n nodes over many throws of m keys."""
    random = np.random.default_rng(2013)
    return float(np.mean([np.bincount(random.integers(0, n, m)).max() for _ in range(repetitions)]))


def test_mean_load_is_keys_by_nodes():
    assert mean_load(336_776, 16) == 21_048.5
    assert mean_load(0, 3) == 0


@pytest.mark.parametrize(
    ("m", "n", "repetitions", "tolerance"),
    [(10, 10, 4000, 0.02), (100, 100, 2000, 0.015), (1000, 1000, 500, 0.015), (10_000, 10, 1000, 0.003)],
)
def test_expected_max_load_is_what_simulation_finds(m, n, repetitions, tolerance):
    assert expected_max_load(m, n) == pytest.approx(fullest(m, n, repetitions), rel=tolerance)


def test_expected_max_load_of_one_node_is_everything():
    assert expected_max_load(1000, 1) == pytest.approx(1000, rel=1e-9)
    assert expected_max_load(0, 5) == pytest.approx(0, abs=1e-12)


def test_expected_max_load_takes_arrays_and_large_numbers():
    np.testing.assert_allclose(expected_max_load([10, 100], [10, 100]), [2.7378, 4.2268], rtol=1e-4)
    assert 1e7 < expected_max_load(1e9, 100) < 1.002e7


def test_asymptotic_answer_is_as_far_off_as_its_docstring_says():
    assert 1 - expected_max_load_asymptotic(100) / expected_max_load(100, 100) == pytest.approx(0.29, abs=0.005)
    assert 1 - expected_max_load_asymptotic(10_000) / expected_max_load(10_000, 10_000) == pytest.approx(
        0.38, abs=0.005
    )


@pytest.mark.parametrize("n", [10, 100, 1000])
def test_gap_is_seventy_to_ninety_percent_of_the_heavily_loaded_formula(n):
    m = 10_000 * n
    gap = expected_max_load(m, n) - m / n
    assert 0.7 < gap / gap_heavily_loaded(m, n) < 0.9


def test_gap_grows_as_the_root_of_the_keys():
    assert gap_heavily_loaded(4_000_000, 16) == pytest.approx(2 * gap_heavily_loaded(1_000_000, 16))
    simulated = [fullest(m, 16, 300) - m / 16 for m in (10_000, 160_000)]
    assert simulated[1] / simulated[0] == pytest.approx(4, rel=0.12)


def test_hash_cv_is_what_simulation_finds():
    random = np.random.default_rng(2013)
    shares = np.array([np.bincount(random.integers(0, 20, 2000), minlength=20) / 100 for _ in range(500)])
    assert np.sqrt(shares.var(axis=1).mean()) == pytest.approx(hash_cv(2000, 20), rel=0.02)


@pytest.mark.parametrize(("n", "v"), [(2, 1), (3, 10), (10, 1), (30, 20)])
def test_ring_cv_is_that_of_random_points_on_a_circle(n, v):
    random = np.random.default_rng(2013)
    squares = []
    for _ in range(3000):
        points = np.sort(random.random(n * v))
        arcs = np.diff(points, prepend=points[-1] - 1)
        shares = np.bincount(random.permutation(np.arange(n * v) % n), arcs)
        squares.append(np.var(shares) * n**2)
    assert np.sqrt(np.mean(squares)) == pytest.approx(ring_cv(n, v), rel=0.03)


def test_ring_cv_tends_to_the_rule_of_thumb_and_is_nothing_for_one_node():
    assert ring_cv(100_000, 160) == pytest.approx(160**-0.5, rel=1e-4)
    assert ring_cv(1, 160) == 0
    assert ring_cv(3, 1) == pytest.approx(0.5**0.5)


def test_bounded_capacity_rounds_up_and_reads_c_as_it_is_written():
    assert bounded_capacity(1000, 10, 1.25) == 125
    assert bounded_capacity(1001, 10, 1.25) == 126
    assert bounded_capacity(10, 1, 1.1) == 11
    assert bounded_capacity(0, 4, 2) == 0


def test_moved_on_join_is_the_newcomers_fair_share():
    assert moved_on_join(1) == 0.5
    np.testing.assert_allclose(moved_on_join([3, 9]), [0.25, 0.1])


@pytest.mark.parametrize(("before", "after"), [(10, 11), (11, 10), (10, 20), (6, 9), (7, 7), (1, 5), (12, 8)])
def test_moved_by_modulo_is_a_count(before, after):
    keys = np.arange(np.lcm(before, after) * 7)
    assert moved_by_modulo(before, after) == pytest.approx(np.mean(keys % before != keys % after), abs=1e-12)


def test_hot_key_floor_stops_falling_at_one_by_share():
    assert hot_key_floor(0.2, 1000, 2) == 500
    assert hot_key_floor(0.2, 1000, 5) == 200
    assert hot_key_floor(0.2, 1000, 500) == 200


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mean_load(10, 0), "n=0: it must be at least 1"),
        (lambda: mean_load(-1, 2), "m=-1: it must be at least 0"),
        (lambda: mean_load(10, 2.5), "n=2.5: it must be a whole number"),
        (lambda: expected_max_load(10, [3, -2]), "n=-2"),
        (lambda: expected_max_load_asymptotic(2), "n=2: it must be at least 3"),
        (lambda: ring_cv(3, 0), "v=0"),
        (lambda: ring_cv(float("nan"), 1), "n=nan"),
        (lambda: bounded_capacity(10, 2, 0.9), "c=0.9"),
        (lambda: moved_by_modulo(3, 0), "after=0"),
        (lambda: hot_key_floor(1.5, 10, 2), "share=1.5: it must be from 0 to 1"),
    ],
)
def test_nonsense_is_one_clear_error(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_words_are_not_numbers():
    with pytest.raises(TypeError, match="n='many' must be a number"):
        mean_load(10, "many")


def test_numbers_in_a_python_float_out():
    for value in (
        mean_load(3, 2),
        expected_max_load(3, 2),
        gap_heavily_loaded(30, 2),
        ring_cv(3, 2),
        moved_by_modulo(2, 3),
    ):
        assert type(value) is float
