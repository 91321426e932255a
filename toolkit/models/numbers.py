"""Numbers that a formula can take: checked by name before anything is calculated."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers: TypeAlias = Any  # a float where all arguments were numbers, an array of floats where one was an array


def check(name: str, value: ArrayLike, low: float, high: float = np.inf, *, whole: bool = False) -> NDArray[Any]:
    """The value as an array of floats; TypeError if it is no number, ValueError unless low <= value <= high."""
    try:
        array = np.asarray(value, float)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name}={value!r} must be a number, or an array of numbers") from error
    bad = array[~(np.isfinite(array) & (array >= low) & (array <= high))]
    if bad.size:
        bounds = f"at least {low:g}" if high == np.inf else f"from {low:g} to {high:g}"
        raise ValueError(f"{name}={bad.flat[0]:g}: it must be {bounds}")
    broken = array[array != np.floor(array)]
    if whole and broken.size:
        raise ValueError(f"{name}={broken.flat[0]:g}: it must be a whole number")
    return array


def plain(result: Any) -> Numbers:
    """A Python float for a single number, the array itself for an array."""
    return result if np.ndim(result) else float(result)
