"""Exercises that check themselves: a learner's code runs apart from the learner's kernel, with limits, and gets hints.

Names are looked up on first use: the process that runs a learner's code imports this package too, and what it doesn't
load, the solutions above all, it can't stumble upon.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit.exercises.exercise import Exercise, Verdict
    from toolkit.exercises.outcome import Outcome
    from toolkit.exercises.registry import EXERCISES, check
    from toolkit.exercises.sandbox import run_program

_HOME = {
    "EXERCISES": "registry",
    "Exercise": "exercise",
    "Outcome": "outcome",
    "Verdict": "exercise",
    "check": "registry",
    "run_program": "sandbox",
}

__all__ = ["EXERCISES", "Exercise", "Outcome", "Verdict", "check", "run_program"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
