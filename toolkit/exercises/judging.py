"""The ways of judging an answer that exercises share: by its results, as a value, and as a test of other people's code.

All of them judge in this process what the learner's process returned as plain data (`toolkit.exercises.call`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from toolkit.exercises.call import Answer, call
from toolkit.exercises.child import plain
from toolkit.exercises.exercise import NotYet, StillBlank
from toolkit.exercises.harness import plainly

Case = tuple[Any, ...]


def answers(function: object, cases: Sequence[Case], harness: Callable[..., object] = plainly) -> list[Answer]:
    """Call the learner's function on every case; what it raised and a blank are failures already."""
    for part in function if isinstance(function, tuple) else (function,):
        if part is ...:
            raise StillBlank("There is nothing here yet: fill in the blank, run that cell, then this one.")
        if not callable(part):
            raise NotYet(f"A function is asked for, and this is {_a(part)}. Hand over the function without calling it.")
    found = call(function, cases, harness=harness)
    if all(answer.raised is None and answer.value is None for answer in found):
        raise StillBlank("It returns nothing so far: fill in the blank, run that cell, then this one.")
    for case, answer in zip(cases, found, strict=True):
        if answer.problem:
            raise NotYet(f"With {_arguments(case)}: {answer.problem}")
    return found


def returns(*pairs: tuple[Case, object], then: Callable[[object], None] | None = None) -> Callable[[object], None]:
    """A judge for a function with one right result per case: pairs of (arguments, right result).

    `then` looks further when a result is wrong, and may raise a better message than "this isn't it".
    """

    def judge(function: object) -> None:
        cases = [case for case, _ in pairs]
        for (case, right), answer in zip(pairs, answers(function, cases), strict=True):
            if not same(answer.value, plain(right)):
                if then:
                    then(function)
                raise NotYet(f"With {_arguments(case)} it returned `{answer.shown}`; it should be `{right!r}`.")

    return judge


def equals(right: Mapping[str, object]) -> Callable[[object], None]:
    """A judge for a dictionary of answers to questions; it says which are wrong, not what would be right."""

    def judge(given: object) -> None:
        if not isinstance(given, Mapping):
            raise NotYet(f"A dictionary of answers is asked for, and this is {_a(given)}.")
        if set(given) != set(right):
            missing = ", ".join(repr(key) for key in right if key not in given) or "none"
            unknown = ", ".join(repr(key) for key in given if key not in right) or "none"
            raise NotYet(f"Keep the questions as they are. Missing: {missing}; not asked: {unknown}.")
        blank = [question for question in right if given[question] is ...]
        if len(blank) == len(right):
            raise StillBlank("Replace each `...` by your answer, run that cell, then this one.")
        wrong = [question for question in right if not same(given[question], right[question])]
        if wrong:
            listed = "; ".join(f"“{question}”" for question in wrong)
            raise NotYet(f"{len(right) - len(wrong)} of {len(right)} are right. Think again about {listed}.")

    return judge


def catches(
    name: str,
    right: Mapping[str, str],
    wrong: Mapping[str, str],
    extras: Callable[[Sequence[object]], Sequence[Case]] = lambda things: [() for _ in things],
) -> Callable[[object], None]:
    """A judge for a learner's *test*: it must accept every right version and reject every wrong one.

    Parameters
    ----------
    name:
        what the versions call the thing under test.
    right, wrong:
        descriptions and the code of the versions.
    extras:
        makes, from the list of versions, the further arguments that the test gets with each.

    The test accepts by returning None or True, and rejects by returning False or by raising (a failed `assert`).
    """
    versions = {**right, **wrong}

    def judge(test: object) -> None:
        if test is ... or not callable(test):
            answers(test, [])  # says what is wrong with it
        things = [version(code, name) for code in versions.values()]
        cases = [(thing, *extra) for thing, extra in zip(things, extras(things), strict=True)]
        verdicts = dict(zip(versions, call(test, cases), strict=True))
        for label in right:
            answer = verdicts[label]
            if _rejects(answer):
                why = answer.problem or "It returned False."
                raise NotYet(f"Your test rejects a version that is right ({label}). {why}")
        through = [label for label in wrong if not _rejects(verdicts[label])]
        if len(through) == len(wrong):
            raise StillBlank(f"Your test accepts everything so far, also a version that {through[0]}.")
        if through:
            caught = f"Caught {len(wrong) - len(through)} of {len(wrong)} wrong versions."
            raise NotYet(f"{caught} Your test still accepts one that {through[0]}.")

    return judge


def version(code: str, name: str) -> Any:
    """The thing called `name` that some code defines, fit to be sent to another process by value."""
    namespace: dict[str, Any] = {"__name__": "version"}
    exec(compile(code, "<version>", "exec"), namespace)  # the course's own text, from the registry
    return namespace[name]


def same(given: object, right: object) -> bool:
    """Equal, with room for rounding where numbers are not whole."""
    if isinstance(given, float) or isinstance(right, float):
        return (
            isinstance(given, int | float)
            and isinstance(right, int | float)
            and math.isclose(given, right, rel_tol=1e-9, abs_tol=1e-12)
        )
    if isinstance(given, list) and isinstance(right, list):
        return len(given) == len(right) and all(map(same, given, right))
    return type(given) is type(right) and given == right


def _rejects(answer: Answer) -> bool:
    return answer.raised is not None or answer.value is False


def _a(thing: object) -> str:
    kind = type(thing).__name__
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _arguments(case: Case) -> str:
    text = ", ".join(repr(argument) for argument in case)
    return f"`{text}`" if len(text) <= 100 else f"`{text[:97]}...`"
