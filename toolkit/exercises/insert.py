"""Write the exercises of a notebook into it, from the registry: `python -m toolkit.exercises.insert NOTEBOOK...`

They go below the cell that begins with "## Exercises", four cells each: task, blank, check, folded solution. Cells
that an earlier run wrote are replaced, so the notebook can't drift away from what the tests have tried. Their cell ids
follow from the exercise's id: writing them twice changes nothing.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell

from toolkit.exercises.exercise import Exercise
from toolkit.exercises.registry import EXERCISES

HEADING = "## Exercises"


def cells_of(exercise: Exercise) -> list[Any]:
    """The four notebook cells of an exercise."""
    ids = {part: f"exercise-{exercise.id.replace('.', '-')}-{part}" for part in ("task", "blank", "check", "solution")}
    task = f"### {exercise.id} {exercise.title}\n\n*about {exercise.minutes} minutes*\n\n{exercise.task}"
    solution = f"<details><summary>Solution</summary>\n\n```python\n{exercise.solution}\n```\n\n</details>"
    parts = {
        "task": new_markdown_cell(task),
        "blank": new_code_cell(exercise.blank),
        "check": new_code_cell(exercise.check),
        "solution": new_markdown_cell(solution),
    }
    for part, cell in parts.items():
        cell.id = ids[part]
        cell.metadata["exercise"] = exercise.id
    parts["blank"].metadata["tags"] = ["exercise"]
    return list(parts.values())


def exercises_of(notebook: Path) -> list[Exercise]:
    """The exercises that belong to a notebook, by the number that its file name begins with."""
    number = re.match(r"(\d\d)-", notebook.name)
    return [e for e in EXERCISES.values() if number and e.id.startswith(f"{number[1]}.")]


def insert(notebook: Path) -> int:
    """Write the notebook's exercises into the file; return how many there are.

    Raises `ValueError` when it has no cell that begins with "## Exercises" or no exercises, and `FileNotFoundError`
    when there is no such file.
    """
    exercises = exercises_of(notebook)
    if not exercises:
        raise ValueError(f"{notebook.name} has no exercises; its name must begin with a chapter's number, as 10-...")
    document = nbformat.read(notebook, as_version=4)
    kept = [cell for cell in document.cells if "exercise" not in cell.metadata]
    heads = [index for index, cell in enumerate(kept) if cell.source.startswith(HEADING)]
    if not heads:
        raise ValueError(f"{notebook} has no cell that begins with {HEADING!r}; add one where the exercises are to go")
    fresh = [cell for exercise in exercises for cell in cells_of(exercise)]
    document.cells = [*kept[: heads[0] + 1], *fresh, *kept[heads[0] + 1 :]]
    nbformat.validate(document)
    nbformat.write(document, notebook)
    return len(exercises)


def main(arguments: list[str] | None = None) -> None:
    """Insert the exercises into every notebook that is named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m toolkit.exercises.insert", description=__doc__.splitlines()[0])
    parser.add_argument("notebook", type=Path, nargs="+")
    for notebook in parser.parse_args(arguments).notebook:
        print(f"{notebook}: {insert(notebook)} exercises")


if __name__ == "__main__":
    main()
