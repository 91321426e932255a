"""What the notebooks carry is what the registry holds: no blank, check or solution has drifted."""

from pathlib import Path

import nbformat
import pytest

from toolkit.exercises import EXERCISES
from toolkit.exercises.insert import cells_of, exercises_of

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("[0-9][0-9]-*.ipynb"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_carries_its_exercises_as_they_stand_in_the_registry(notebook):
    exercises = exercises_of(notebook)
    expected = [cell for exercise in exercises for cell in cells_of(exercise)]
    found = [cell for cell in nbformat.read(notebook, as_version=4).cells if "exercise" in cell.metadata]
    remedy = f"run: python -m toolkit.exercises.insert notebooks/{notebook.name}"
    assert [(c.id, c.cell_type, c.source) for c in found] == [(c.id, c.cell_type, c.source) for c in expected], remedy
    assert exercises, "every chapter has exercises"


def test_every_exercise_stands_in_a_notebook():
    homeless = {exercise.id for exercise in EXERCISES.values()}
    for notebook in NOTEBOOKS:
        homeless -= {exercise.id for exercise in exercises_of(notebook)}
    assert not homeless
