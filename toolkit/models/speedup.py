"""What more workers bring: three laws of speed-up, and each one's fit to what was measured.

Speed-up on n workers is S(n) = time on one ÷ time on n. Used by notebook 01-one-process-to-many.

- Amdahl: the job stays the same; its serial part is a ceiling.
- Gustafson: the job grows with the workers; its serial part loses its weight.
- Universal scalability law: workers also wait for each other (contention) and agree with each other (coherency), so
  that beyond a certain number each further worker makes the job slower.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares

from toolkit.models.numbers import Numbers, check, plain


def amdahl(n: ArrayLike, serial: ArrayLike) -> Numbers:
    """Speed-up of a fixed job on n workers, of which the share `serial` (0 to 1) cannot be divided: 1 / (s + (1-s)/n).

    Amdahl, "Validity of the Single Processor Approach to Achieving Large Scale Computing Capabilities", AFIPS 1967.
    """
    workers, s = check("n", n, 1), check("serial", serial, 0, 1)
    return plain(1 / (s + (1 - s) / workers))


def gustafson(n: ArrayLike, serial: ArrayLike) -> Numbers:
    """Speed-up when the job grows with n, and the share `serial` (0 to 1) of the time *on n workers* is serial:
    n - s (n - 1).

    Gustafson, "Reevaluating Amdahl's Law", Communications of the ACM 31(5), 1988.
    """
    workers, s = check("n", n, 1), check("serial", serial, 0, 1)
    return plain(workers - s * (workers - 1))


def usl(n: ArrayLike, contention: ArrayLike, coherency: ArrayLike, scale: ArrayLike = 1.0) -> Numbers:
    """Universal scalability law: scale * n / (1 + contention (n - 1) + coherency n (n - 1)).

    contention (sigma, 0 to 1): the share that is queued for. coherency (kappa, >= 0): what each pair of workers spends
    to agree. scale (gamma, >= 0): what one worker does; 1 for a speed-up, a rate for a throughput in that unit.
    With coherency 0 it is Amdahl's law. Gunther, "Guerrilla Capacity Planning", Springer 2007.
    """
    workers = check("n", n, 1)
    sigma, kappa = check("contention", contention, 0, 1), check("coherency", coherency, 0)
    return plain(check("scale", scale, 0) * workers / (1 + sigma * (workers - 1) + kappa * workers * (workers - 1)))


def usl_peak(contention: ArrayLike, coherency: ArrayLike) -> Numbers:
    """The number of workers at which the law peaks: sqrt((1 - contention) / coherency); infinite for coherency 0.

    Not rounded, and below 1 where a second worker slows the job down already. Gunther 2007.
    """
    sigma, kappa = check("contention", contention, 0, 1), check("coherency", coherency, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return plain(np.where(kappa > 0, np.sqrt((1 - sigma) / kappa), np.inf))


@dataclass(frozen=True)
class AmdahlFit:
    """Amdahl's law laid through measurements. `residual`: root of the mean squared distance, in units of speed-up."""

    serial: float
    residual: float

    def predict(self, n: ArrayLike) -> Numbers:
        """The speed-up that the fitted law gives n workers."""
        return amdahl(n, self.serial)


@dataclass(frozen=True)
class GustafsonFit:
    """Gustafson's law laid through measurements. `residual`: root of the mean squared distance, in speed-up."""

    serial: float
    residual: float

    def predict(self, n: ArrayLike) -> Numbers:
        """The speed-up that the fitted law gives n workers."""
        return gustafson(n, self.serial)


@dataclass(frozen=True)
class UslFit:
    """The universal scalability law laid through measurements. `residual`: as above, in the measurements' unit."""

    contention: float
    coherency: float
    scale: float
    residual: float

    @property
    def peak(self) -> float:
        """The number of workers at which the fitted law peaks."""
        return float(usl_peak(self.contention, self.coherency))

    def predict(self, n: ArrayLike) -> Numbers:
        """What the fitted law gives n workers."""
        return usl(n, self.contention, self.coherency, self.scale)


def fit_amdahl(n: ArrayLike, speedup: ArrayLike) -> AmdahlFit:
    """The serial share, from 0 to 1, with which Amdahl's law comes nearest to the speed-ups measured on n workers.

    ValueError unless n and speedup have the same length and there are two different n, as many as the law needs.
    """
    (serial,), residual = _fit(amdahl, n, speedup, start=[0.1], high=[1])
    return AmdahlFit(serial, residual)


def fit_gustafson(n: ArrayLike, speedup: ArrayLike) -> GustafsonFit:
    """The serial share, from 0 to 1, with which Gustafson's law comes nearest to the speed-ups. Errors: fit_amdahl."""
    (serial,), residual = _fit(gustafson, n, speedup, start=[0.1], high=[1])
    return GustafsonFit(serial, residual)


def fit_usl(n: ArrayLike, speedup: ArrayLike, *, scale: float | None = 1.0) -> UslFit:
    """Contention and coherency with which the law comes nearest to the measurements; ValueError for fewer than three n.

    `scale` is what one worker does, 1 for speed-ups. For throughputs in their own unit pass None: it is fitted as
    well, and four different n are needed. Contention is held from 0 to 1, so speed-ups above n are not followed.
    """
    if scale is not None:
        fixed = float(check("scale", scale, 0))
        (sigma, kappa), residual = _fit(lambda n, s, k: usl(n, s, k, fixed), n, speedup, [0.05, 0.001], [1, np.inf])
        return UslFit(sigma, kappa, fixed, residual)
    first = float(np.max(check("speedup", speedup, 0), initial=1.0))  # somewhere to start from
    (sigma, kappa, gamma), residual = _fit(usl, n, speedup, [0.05, 0.001, first], [1, np.inf, np.inf])
    return UslFit(sigma, kappa, gamma, residual)


def _fit(
    law: Callable[..., Numbers], n: ArrayLike, measured: ArrayLike, start: list[float], high: list[float]
) -> tuple[list[float], float]:
    """Least squares within [0, high]: the parameters, and the root of the mean squared distance."""
    workers, found = check("n", n, 1), check("speedup", measured, 0)
    _check_points(workers, found, len(start) + 1)
    fit = least_squares(
        lambda parameters: law(workers, *parameters) - found,
        start,
        bounds=([0.0] * len(start), high),
        x_scale=[max(value, 1e-3) for value in start],
        xtol=1e-12,
        ftol=1e-12,
        gtol=1e-12,
    )
    return fit.x.tolist(), float(np.sqrt(np.mean(fit.fun**2)))


def _check_points(workers: NDArray[np.float64], found: NDArray[np.float64], needed: int) -> None:
    if workers.ndim != 1 or workers.shape != found.shape:
        raise ValueError(f"n has shape {workers.shape}, speedup {found.shape}: give two lists of the same length")
    if len(np.unique(workers)) < needed:
        raise ValueError(f"n has {len(np.unique(workers))} different values: this law needs {needed} at least")
