"""The laws of speed-up against exact values and against each other; the fits against what they are to find again."""

import numpy as np
import pytest

from toolkit.models.speedup import amdahl, fit_amdahl, fit_gustafson, fit_usl, gustafson, usl, usl_peak

N = np.array([1, 2, 4, 8, 16, 32])


def test_amdahl_has_its_ceiling():
    assert amdahl(1, 0.3) == 1
    assert amdahl(10, 0) == 10
    assert amdahl(10, 1) == 1
    assert amdahl(2, 0.5) == pytest.approx(4 / 3)
    assert 9.99 < amdahl(1e6, 0.1) < 10


def test_amdahl_is_what_adding_up_times_gives():
    serial, rest = 3.0, 7.0
    assert amdahl(4, serial / (serial + rest)) == pytest.approx((serial + rest) / (serial + rest / 4))


def test_gustafson_is_what_adding_up_times_gives():
    serial, rest, n = 3.0, 7.0, 5  # seconds on n workers; one worker would need n times the rest
    assert gustafson(n, serial / (serial + rest)) == pytest.approx((serial + n * rest) / (serial + rest))
    assert gustafson(100, 0.1) == pytest.approx(90.1)


def test_usl_without_coherency_is_amdahl():
    np.testing.assert_allclose(usl(N, 0.07, 0), amdahl(N, 0.07))


def test_usl_peaks_where_usl_peak_says():
    fine = np.linspace(1, 100, 100_001)
    assert fine[np.argmax(usl(fine, 0.05, 0.002))] == pytest.approx(usl_peak(0.05, 0.002), abs=0.002)
    assert usl_peak(0.05, 0) == np.inf
    np.testing.assert_allclose(usl_peak([0, 0], [0.01, 0.04]), [10, 5])


@pytest.mark.parametrize("serial", [0.0, 0.03, 0.4, 1.0])
def test_fits_find_the_serial_share_again(serial):
    assert fit_amdahl(N, amdahl(N, serial)).serial == pytest.approx(serial, abs=1e-6)
    assert fit_gustafson(N, gustafson(N, serial)).serial == pytest.approx(serial, abs=1e-6)


@pytest.mark.parametrize(("contention", "coherency"), [(0.05, 0.002), (0.0, 0.0), (0.9, 0.3), (0.0, 1e-5)])
@pytest.mark.parametrize("scale", [1.0, 700.0])
def test_usl_fit_finds_its_parameters_again(contention, coherency, scale):
    fit = fit_usl(N, usl(N, contention, coherency, scale), scale=None)
    assert (fit.contention, fit.coherency) == pytest.approx((contention, coherency), abs=1e-6)
    assert fit.scale == pytest.approx(scale, rel=1e-5)
    assert fit.residual < 1e-3


def test_fit_of_noisy_measurements_is_near_and_says_how_near():
    noise = 0.1 * np.random.default_rng(2013).standard_normal(len(N))
    fit = fit_usl(N, usl(N, 0.05, 0.002) + noise)
    assert fit.contention == pytest.approx(0.05, abs=0.015)
    assert fit.peak == pytest.approx(usl_peak(0.05, 0.002), rel=0.15)
    assert 0.02 < fit.residual < 0.15
    assert fit.scale == 1


def test_no_other_serial_share_is_nearer_than_the_fitted_one():
    found = usl(N, 0.05, 0.01)
    fit = fit_amdahl(N, found)
    others = [np.sqrt(np.mean((amdahl(N, s) - found) ** 2)) for s in np.linspace(0, 1, 2001)]
    assert fit.residual <= min(others) + 1e-9
    np.testing.assert_allclose(np.sqrt(np.mean((fit.predict(N) - found) ** 2)), fit.residual)


def test_speedups_above_n_are_fitted_by_the_bound():
    assert fit_amdahl([1, 2, 4], [1, 2.5, 5]).serial == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: amdahl(0, 0.1), "n=0: it must be at least 1"),
        (lambda: amdahl(4, 1.2), "serial=1.2: it must be from 0 to 1"),
        (lambda: gustafson(4, -0.1), "serial=-0.1"),
        (lambda: usl(4, 0.1, -1), "coherency=-1: it must be at least 0"),
        (lambda: usl_peak(2, 0.1), "contention=2"),
        (lambda: fit_amdahl([1, 2], [1, 2, 3]), "same length"),
        (lambda: fit_amdahl([2, 2], [1.5, 1.6]), "n has 1 different values: this law needs 2"),
        (lambda: fit_usl([1, 2], [1, 2]), "n has 2 different values: this law needs 3"),
        (lambda: fit_usl([1, 2, 3], [1, 2, 3], scale=None), "needs 4"),
        (lambda: fit_gustafson([1, 2], [1, float("nan")]), "speedup=nan"),
        (lambda: fit_usl([0, 2, 3, 4], [1, 2, 3, 4], scale=None), "n=0"),
    ],
)
def test_nonsense_is_one_clear_error(call, words):
    with pytest.raises(ValueError, match=words):
        call()
