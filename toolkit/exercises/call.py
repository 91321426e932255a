"""Call a learner's function on many arguments in a process of its own, and bring back what it returned.

The function is sent by value (it lives in a notebook cell, which no other process can import). What comes back is
JSON and is only ever read as data; judging happens here, on this side, so the process that runs the learner's code
doesn't know what the answers should be.
"""

from __future__ import annotations

import dataclasses
import json
import linecache
import re
import secrets
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cloudpickle

from toolkit.exercises.harness import plainly
from toolkit.exercises.outcome import Outcome, exit_in_words
from toolkit.exercises.sandbox import memory_in_bytes, run

CHILD = Path(__file__).with_name("child.py")
STARTUP = 20.0  # seconds for Python to start and to import what the function needs, apart from its own time


class CallFailed(Exception):
    """The function gave no usable answer; the text says why, in words for the learner."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What one call came to: a value (in JSON's types, and as `shown` text), or a problem in words."""

    value: Any
    shown: str
    raised: str | None = None  # the exception's type
    problem: str | None = None  # the exception in words, with the learner's own line


def call(
    function: object,
    cases: Sequence[Sequence[object]],
    *,
    harness: Callable[..., object] = plainly,
    seconds: float = 5.0,
    memory: str | int = "512 MiB",
) -> list[Answer]:
    """Call `function` once per case, all in one separate process, and return one `Answer` per case, in order.

    Parameters
    ----------
    function:
        the learner's function (or several, when `harness` expects them).
    cases:
        one sequence of arguments per call.
    harness:
        called as `harness(function, *arguments)` in that process; its result is the answer.
    seconds, memory:
        limits on all the calls together.

    Raises `CallFailed` when the process gave no answer to some case: it crashed, hung, left early, outgrew its memory,
    forked, or couldn't be sent there at all. An exception inside a call is an answer (`raised`, `problem`).
    """
    word = secrets.token_hex(16)
    envelope = {"word": word, "path": sys.path, "seconds": seconds}
    body = _pickled(function, harness, cases)
    with tempfile.TemporaryDirectory(prefix="exercise-", ignore_cleanup_errors=True) as folder:
        request = Path(folder, "request")
        request.write_bytes(json.dumps(envelope).encode() + b"\n" + body)
        command = [sys.executable, str(CHILD), str(request)]
        outcome = run(command, folder, seconds=seconds + STARTUP, memory=memory_in_bytes(memory), keep=5_000_000)
    answers = _signed(outcome.stdout, word)
    if any("forked" in answer for answer in answers):
        raise CallFailed("Your code forked: a second process came back from it. It must return once, in one process.")
    if [answer["case"] for answer in answers] != list(range(len(cases))):
        raise CallFailed(_why_not(outcome, seconds, _files(function)))
    return [_answer(answer, _files(function)) for answer in answers]


def _pickled(function: object, harness: object, cases: object) -> bytes:
    try:
        return cloudpickle.dumps((function, harness, cases))
    except Exception as problem:  # whatever the pickling of any object in reach may raise
        raise CallFailed(
            "Your function can't be sent to a process of its own, because it uses something that stays in this one "
            f"({type(problem).__name__}: {problem}). Use its parameters instead of things from other cells."
        ) from problem


def _signed(text: str, word: str) -> list[dict[str, Any]]:
    """The lines of the report that carry the request's random word; any other line is somebody else's."""
    answers = []
    for line in text.splitlines():
        try:
            answer = json.loads(line)
        except ValueError:
            continue
        if isinstance(answer, dict) and answer.get("word") == word:
            answers.append(answer)
    return answers


def _answer(answer: dict[str, Any], own: set[str]) -> Answer:
    if "raised" not in answer:
        return Answer(answer["value"], answer["shown"])
    name, text = answer["raised"], answer["text"]
    if name == "SystemExit":
        problem = "It ended the whole process (sys.exit, exit or quit) instead of returning a value"
    else:
        problem = f"It raised {name}: {text}" if text else f"It raised {name}"
    return Answer(None, "", name, f"{problem.rstrip('.')}{_place(answer['frames'], own)}.")


def _files(function: object) -> set[str]:
    """Where the learner's code stands: the name that the kernel gave to its cell."""
    parts = list(function) if isinstance(function, tuple) else [function]
    parts += [method for part in parts if isinstance(part, type) for method in vars(part).values()]
    return {part.__code__.co_filename for part in parts if hasattr(part, "__code__")}


def _place(frames: Sequence[Sequence[Any]], own: set[str]) -> str:
    """Where it happened: the innermost line in the learner's own cell, if there is one."""
    places = [(file, line) for file, line, _ in frames if file in own]
    if not places:
        return ""
    file, line = places[-1]
    source = linecache.getline(file, line).strip()
    return f", at line {line} of your cell" + (f": `{source}`" if source else "")


def _why_not(outcome: Outcome, seconds: float, own: set[str]) -> str:
    """Why there is no answer, in words."""
    if outcome.stopped == "memory":
        return "Your code used more memory than it was given, and was stopped. Does something grow without end?"
    if outcome.stopped == "processes":
        return "Your code started dozens of processes, and was stopped. This exercise needs none."
    if outcome.timed_out or (outcome.returncode == 1 and outcome.seconds >= seconds):
        stack = re.findall(r'File "(.*)", line (\d+) in (.*)', outcome.stderr)
        frames = [(file, int(line), name) for file, line, name in reversed(stack)]
        return f"Your code was still running after {seconds:g} s, and was stopped{_place(frames, own)}."
    return (
        f"Your code brought its process down before it returned: it {exit_in_words(outcome.returncode)}. "
        "No answer counts as a wrong answer."
    )
