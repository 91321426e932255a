"""What an exercise is, and the verdict that a learner gets.

An exercise is data: a task, a blank, a solution, hints in stages, and a judge. The registry in the chapters' modules
is the only place where they are written down; notebooks carry copies that `toolkit.exercises.insert` writes and a test
holds against the registry.
"""

from __future__ import annotations

import dataclasses
import html
import re
from collections.abc import Callable


class NotYet(Exception):
    """The answer isn't right; the text says what is wrong with it, in words for the learner."""


class StillBlank(NotYet):
    """Nothing has been filled in so far: no attempt has been made, and no hint is used up."""


@dataclasses.dataclass(frozen=True)
class Exercise:
    """One exercise of a notebook.

    `id` is the notebook's number and the exercise's own ("10.2"); `answer` is the expression that the check cell hands
    over, usually the name of the function to be written; `judge(answer)` returns when the answer is right and raises
    `NotYet` when it isn't. `minutes` is how long it takes somebody who meets the subject for the first time.
    """

    id: str
    title: str
    minutes: int
    task: str
    blank: str
    solution: str
    hints: tuple[str, ...]
    answer: str
    judge: Callable[[object], None]

    @property
    def check(self) -> str:
        """The one line that checks it."""
        return f'check("{self.id}", {self.answer})'


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Passed or not yet, why, and the next hint. Displays itself in a notebook and in a terminal."""

    id: str
    title: str
    passed: bool
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        """The verdict as text."""
        lines = [f"{'Passed' if self.passed else 'Not yet'}: {self.id} {self.title}", self.message]
        return "\n".join(lines + ([self.hint] if self.hint else []))

    __repr__ = __str__

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """The verdict in the colours of the notebook's theme; the words alone say the same."""
        colour = "var(--jp-success-color1,#2e7d32)" if self.passed else "var(--jp-warn-color1,#b26a00)"
        word = "Passed" if self.passed else "Not yet"
        rows = [f"<strong>{'✓' if self.passed else '…'} {word}: {html.escape(f'{self.id} {self.title}')}</strong>"]
        rows.append(_inline(self.message))
        if self.hint:
            rows.append(f"<em>{_inline(self.hint)}</em>")
        paragraphs = "".join(f'<p style="margin:.3em 0">{row}</p>' for row in rows)
        style = f"border-left:4px solid {colour};padding:.2em .8em;color:var(--jp-content-font-color1,inherit)"
        return {"text/html": f'<div role="status" style="{style}">{paragraphs}</div>', "text/plain": str(self)}


def _inline(text: str) -> str:
    """Text to HTML: `code` in backticks, and line breaks."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", html.escape(text)).replace("\n", "<br>")
