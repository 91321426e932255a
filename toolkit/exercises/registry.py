"""All exercises of the course by their ids, and `check`."""

from __future__ import annotations

from collections import Counter

from toolkit.exercises import consistent_hashing, partitioning, processes, start, time_and_order
from toolkit.exercises.call import CallFailed
from toolkit.exercises.exercise import Exercise, NotYet, StillBlank, Verdict

EXERCISES: dict[str, Exercise] = {
    exercise.id: exercise
    for chapter in (start, processes, partitioning, consistent_hashing, time_and_order)
    for exercise in chapter.EXERCISES
}
_attempts: Counter[str] = Counter()  # failed attempts in this kernel, which decide how much the next hint says


def check(id: str, answer: object) -> Verdict:
    """Judge an answer to an exercise; displays whether it is right, why not, and the next hint.

    A function is called in a process of its own, with limits on time and memory, so an answer that crashes, hangs or
    leaves early is a wrong answer and nothing worse. Never raises for a wrong answer.

    Raises `ValueError` for an exercise that doesn't exist.
    """
    if id not in EXERCISES:
        raise ValueError(f"there is no exercise {id!r}; there are {', '.join(EXERCISES)}")
    exercise = EXERCISES[id]
    try:
        exercise.judge(answer)
    except StillBlank as problem:
        return Verdict(id, exercise.title, False, str(problem), f"To begin: {exercise.hints[0]}")
    except (NotYet, CallFailed) as problem:
        message = str(problem)
    except Exception as problem:  # noqa: BLE001 — an answer may be any object, with methods that raise anything
        message = f"This answer can't be judged ({type(problem).__name__}: {problem}). Is it of the kind asked for?"
    else:
        _attempts.pop(id, None)
        return Verdict(id, exercise.title, True, "Right.")
    return Verdict(id, exercise.title, False, message, _next_hint(exercise))


def _next_hint(exercise: Exercise) -> str:
    """The first hint after the first failed attempt, and so on; the last one stays."""
    _attempts[exercise.id] += 1
    last = len(exercise.hints)
    number = min(_attempts[exercise.id], last)
    rest = "" if _attempts[exercise.id] <= last else " The solution stands folded below the check."
    return f"Hint {number} of {last}: {exercise.hints[number - 1]}{rest}"
