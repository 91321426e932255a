"""Executing notebooks: what is reported when a cell fails, hangs, or kills its kernel."""

import nbformat
import pytest

from toolkit.command import series
from toolkit.command.environment import SetupError


def notebook(folder, *sources):
    path = folder / "some.ipynb"
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_a_notebook_that_passes(tmp_path):
    path = notebook(tmp_path, "x = 1", "print(x)")
    before = path.read_bytes()
    outcome, executed = series.execute(path)
    assert outcome.passed
    assert outcome.cells == 2
    assert executed.cells[1].outputs[0].text == "1\n"
    assert path.read_bytes() == before


def test_the_failing_cell_is_named_and_what_it_said(tmp_path, capsys):
    path = notebook(tmp_path, "x = 1", "x / 0", "never = 'reached'")
    assert series.run([path]) == 1
    said = capsys.readouterr().out
    assert "x / 0" in said
    assert "ZeroDivisionError" in said
    assert "0 of 1 notebooks passed" in said
    assert "never" not in said


def test_a_cell_that_never_ends_is_interrupted(tmp_path):
    outcome, _ = series.execute(notebook(tmp_path, "import time\ntime.sleep(600)"), seconds_per_cell=1)
    assert outcome.failing_cell == "import time\ntime.sleep(600)"
    assert "more than 1 seconds" in str(outcome.error)


def test_a_dead_kernel_is_a_failure(tmp_path):
    outcome, _ = series.execute(notebook(tmp_path, "import os\nos._exit(0)"), seconds_per_cell=30)
    assert not outcome.passed
    assert "kernel died" in str(outcome.error)


def test_executed_notebooks_are_kept_where_asked(tmp_path, capsys):
    path = notebook(tmp_path, "print('hello')")
    assert series.run([path], save_to=tmp_path / "out") == 0
    kept = nbformat.read(tmp_path / "out" / "some.ipynb", as_version=4)
    assert kept.cells[0].outputs[0].text == "hello\n"


def test_notebooks_are_found_by_their_beginning():
    assert [path.name for path in series.find(["00"])] == ["00-start-here.ipynb"]
    assert series.find() == sorted(series.find())
    with pytest.raises(SetupError, match=r"No notebook 'nosuch'.*00-start-here"):
        series.find(["nosuch"])
