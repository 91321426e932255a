"""Writing the exercises into a notebook."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from toolkit.exercises import EXERCISES
from toolkit.exercises.insert import insert, main


@pytest.fixture
def notebook(tmp_path) -> Path:
    path = tmp_path / "10-partitioning.ipynb"
    cells = [new_markdown_cell("# Title"), new_markdown_cell("## Exercises\n\nFour."), new_code_cell("1 + 1")]
    nbformat.write(new_notebook(cells=cells), path)
    return path


def sources(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells]


def test_they_go_below_the_heading_in_order(notebook):
    assert insert(notebook) == 4
    found = sources(notebook)
    assert found[1].startswith("## Exercises")
    assert [text.split()[1] for text in found if text.startswith("### ")] == ["10.1", "10.2", "10.3", "10.4"]
    assert found[3:5] == [EXERCISES["10.1"].blank, 'check("10.1", owner)']
    assert found[-1] == "1 + 1"


def test_twice_is_the_same_as_once(notebook, capsys):
    insert(notebook)
    once = notebook.read_bytes()
    main([str(notebook)])
    assert notebook.read_bytes() == once
    assert "4 exercises" in capsys.readouterr().out


def test_a_changed_blank_is_put_right(notebook):
    insert(notebook)
    before = sources(notebook)
    notebook.write_text(notebook.read_text().replace("nodes is a list of names", "something else"))
    assert sources(notebook) != before
    insert(notebook)
    assert sources(notebook) == before


def test_a_notebook_without_a_place_for_them_is_left_alone(tmp_path):
    path = tmp_path / "11-elsewhere.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Title")]), path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="no cell that begins with '## Exercises'"):
        insert(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["77-nothing.ipynb", "notes.ipynb"])
def test_a_notebook_that_has_none_is_an_error(tmp_path, name):
    with pytest.raises(ValueError, match="has no exercises"):
        insert(tmp_path / name)
