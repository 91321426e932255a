"""Every exercise: its blank fails with a hint, its solution passes, and it is complete."""

import subprocess
import sys
import time
from typing import Any

import pytest

from toolkit.exercises import EXERCISES, check
from toolkit.exercises.exercise import Exercise


def answer_of(exercise: Exercise, code: str) -> Any:
    """What the check cell hands over after a cell with this code has been run."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(code, f"<cell of {exercise.id}>", "exec"), namespace)
    return eval(exercise.answer, namespace)


@pytest.fixture(params=list(EXERCISES.values()), ids=list(EXERCISES))
def exercise(request) -> Exercise:
    return request.param


def test_the_solution_passes(exercise):
    verdict = check(exercise.id, answer_of(exercise, exercise.solution))
    assert verdict.passed, str(verdict)
    assert verdict.hint is None


def test_the_blank_fails_with_the_first_hint_however_often_it_is_run(exercise):
    for _ in range(2):
        verdict = check(exercise.id, answer_of(exercise, exercise.blank))
        assert not verdict.passed
        assert exercise.hints[0] in str(verdict.hint)


def test_it_is_complete(exercise):
    assert exercise.task.strip()
    assert len(exercise.hints) >= 3
    assert exercise.blank != exercise.solution
    assert all(len(line) <= 120 for line in f"{exercise.blank}\n{exercise.solution}".splitlines())


def test_formatting_a_notebook_would_not_change_it(exercise):
    """Else `ruff format` and `toolkit.exercises.insert` would undo each other."""
    for code in (exercise.blank, exercise.solution, exercise.check):
        command = [sys.executable, "-m", "ruff", "format", "--check", "--isolated", "--line-length", "100", "-"]
        done = subprocess.run(command, input=f"{code}\n", text=True, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, f"{done.stderr}{code}"


def test_nobody_waits_long_for_a_verdict(exercise):
    began = time.monotonic()
    check(exercise.id, answer_of(exercise, exercise.solution))
    assert time.monotonic() - began < 20  # generous: it only has to be no hang


@pytest.mark.parametrize("nonsense", [None, 7, "text", [], {}, object(), print, ..., float("nan"), int])
def test_an_answer_of_any_kind_gets_a_verdict(exercise, nonsense):
    verdict = check(exercise.id, nonsense)
    assert not verdict.passed
    assert verdict.message
    assert verdict.hint


def test_every_notebook_asks_for_a_test_or_an_invariant():
    for notebook in ("01", "10", "11", "20"):
        assert any(e.id.startswith(notebook) and e.answer.startswith("test_") for e in EXERCISES.values())


def test_an_unknown_exercise_is_an_error_that_lists_those_there_are():
    with pytest.raises(ValueError, match=r"no exercise '10\.9'; there are 00\.1, .*20\.4"):
        check("10.9", print)
