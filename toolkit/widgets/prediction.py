"""Predict first: the learner commits to a guess before anything runs, and sees afterwards how it compares.

A guess that was made, right or wrong, is what makes the answer stick. Used by every notebook's "Predict".
"""

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import traitlets

_HERE = Path(__file__).parent


class Prediction(anywidget.AnyWidget):
    """A question with options; made by `predict`."""

    _esm = _HERE / "prediction.js"
    _css = _HERE / "picture_widget.css"

    question = traitlets.Unicode().tag(sync=True)
    labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    guess = traitlets.Int(-1).tag(sync=True)
    """The place of the option that the learner committed to; -1 before that."""
    verdict = traitlets.Unicode().tag(sync=True)
    """What `reveal` said; no guess can be changed after it."""

    def __init__(self, question: str, options: Iterable[Any], **traits: Any) -> None:
        self._options = list(options)
        super().__init__(question=question, labels=[str(option) for option in self._options], **traits)

    @property
    def value(self) -> Any:
        """The option that the learner committed to; None before that."""
        return self._options[self.guess] if 0 <= self.guess < len(self._options) else None

    def reveal(self, answer: Any, why: str = "") -> "Prediction":
        """Say what it is, beside what was guessed. Returns itself, so that the last line of a cell shows it again.

        Raises ValueError when the answer is none of the options: the learner could not have guessed it.
        """
        if answer not in self._options:
            raise ValueError(f"answer={answer!r} is none of the options: {', '.join(map(repr, self._options))}")
        self.verdict = f"{self._compared(answer)} {why}".strip()
        return self

    def _compared(self, answer: Any) -> str:
        if self.value is None:
            return f"The answer: {answer}. (No guess was made.)"
        if self.value == answer:
            return f"You said {answer}, and so it is."
        return f"You said {self.value}. It is {answer}."

    def _words(self) -> str:
        guess = "" if self.value is None else f" Guess: {self.value}."
        return f"{self.question} Options: {', '.join(self.labels)}.{guess} {self.verdict}".strip()

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        shown = super()._repr_mimebundle_(**kwargs)
        if shown is None:
            return None
        items = "".join(
            f"<li>{f'<b>{escape(label)}</b> (the guess)' if place == self.guess else escape(label)}</li>"
            for place, label in enumerate(self.labels)
        )
        html = f"<p><b>{escape(self.question)}</b></p><ul>{items}</ul><p>{escape(self.verdict)}</p>"
        return {**shown[0], "text/html": html, "text/plain": self._words()}, shown[1]


def predict(question: str, options: Iterable[Any]) -> Prediction:
    """Ask before running: show the options and wait for none of them. The cell's last line displays it.

    Read `.value` later (None without a guess, as in a run without a browser) and call `.reveal(answer, why)`.

    Raises:
        ValueError: fewer than two options, or two that look the same.
        TypeError: the options are one text instead of a list of them.
    """
    if isinstance(options, str):
        raise TypeError(f"options={options!r} is one text: give a list, such as ['yes', 'no']")
    chosen = list(options)
    if len({str(option) for option in chosen}) < max(2, len(chosen)):
        raise ValueError(f"options={chosen!r} must be at least two, all different")
    return Prediction(question, chosen)
