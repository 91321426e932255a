"""Every notebook runs from top to bottom in a fresh kernel, and is committed clean."""

import json
import re

import nbformat
import pytest

from toolkit.command import series
from toolkit.command.environment import ROOT

NOTEBOOKS = series.find()
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.mark.notebook
@pytest.mark.slow
@pytest.mark.timeout(300)
@each_notebook
def test_runs_from_top_to_bottom(path):
    outcome, _ = series.execute(path, seconds_per_cell=120)
    assert outcome.passed, f"\n{outcome.failing_cell}\n\n{outcome.error}"


@each_notebook
def test_is_committed_without_outputs(path):
    notebook = json.loads(path.read_text("utf-8"))
    dirty = [cell["source"] for cell in notebook["cells"] if cell.get("outputs") or cell.get("execution_count")]
    assert not dirty, "clear the outputs: jupyter nbconvert --clear-output --inplace " + str(path)
    assert "widgets" not in notebook["metadata"]
    nbformat.validate(nbformat.from_dict(notebook))


@each_notebook
def test_is_in_the_chapter_shape(path):
    """What a reader relies on: a title, short cells, claims that are asserted, a way out at the end."""
    cells = nbformat.read(path, as_version=4).cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    assert re.match(r"# ", cells[0].source)
    too_long = [source for source in code if len(source.splitlines()) > 22]
    assert not too_long, "split this cell:\n" + "\n---\n".join(too_long)
    if path.parent.name != "demos":
        prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        for heading in ("## In real systems", "## Exercises", "## Recap"):
            assert heading in prose, f"{path.name} has no section {heading!r}"
        assert any("assert " in source for source in code)
        assert "check(" in "\n".join(code)


@each_notebook
def test_names_no_path_of_one_machine_and_needs_no_network(path):
    text = path.read_text("utf-8")
    assert not re.search(r"(?<![\w.])/(home|Users|root|tmp|work)/", text)
    code = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")
    assert not re.search(r"https?://", code)


@each_notebook
def test_links_lead_somewhere(path):
    prose = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
    for target in re.findall(r"\]\(([^)#\s]+)", prose):
        if not target.startswith(("http://", "https://")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}, which is not there"


def test_the_readme_names_every_notebook_and_links_lead_somewhere():
    text = (ROOT / "README.md").read_text("utf-8")
    for path in NOTEBOOKS:
        assert path.name in text, f"the README does not mention {path.name}"
    for name in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)#\s]+)", (ROOT / name).read_text("utf-8")):
            if not target.startswith(("http://", "https://")):
                assert (ROOT / target).exists(), f"{name} links to {target}, which is not there"


@pytest.mark.notebook
@pytest.mark.cluster
def test_the_readme_examples_run(tmp_path):
    """As somebody would: each Python block pasted into a cell of a notebook."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert blocks
    path = tmp_path / "readme.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(block) for block in blocks]), path)
    outcome, _ = series.execute(path, seconds_per_cell=60)
    assert outcome.passed, f"\n{outcome.failing_cell}\n\n{outcome.error}"
