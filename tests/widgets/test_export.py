"""The exported page holds everything it shows."""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from toolkit.widgets import RingExplorer, to_html


def write(path: Path) -> Path:
    bundle = RingExplorer(3, keys=20)._repr_mimebundle_()
    assert bundle is not None
    cells = [
        new_markdown_cell("The source `code $x$`.\n\n$$\\frac{m}{n}$$\n\nand $n^2$ and $\\frac{$"),
        new_code_cell("ring", outputs=[new_output("display_data", data=bundle[0])]),
    ]
    notebook = new_notebook(cells=cells)
    state = {"state": {}, "version_major": 2, "version_minor": 0}
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": state}
    nbformat.write(notebook, path)
    return path


def test_pictures_and_formulas_are_in_the_page_and_no_script_is(tmp_path: Path) -> None:
    page = to_html(write(tmp_path / "lesson.ipynb"))
    assert page == tmp_path / "lesson.html"
    html = page.read_text(encoding="utf-8")
    assert re.search(r'<img alt="A hash ring of 3 nodes[^>]*src="data:image/svg\+xml;base64', html)
    assert "<mfrac>" in html
    assert "<msup>" in html
    assert "<code>code $x$</code>" in html
    assert r"<code>\frac{</code>" in html, "an unreadable formula stays as it was written"
    assert ":root { color-scheme: light; }" in html
    assert not re.search(r'<script(?! type="application/vnd)', html)
    assert not re.search(r"""<(?:script|link|img|iframe)[^>]*(?:src|href)=["']https?:""", html)


def test_the_page_can_be_elsewhere(tmp_path: Path) -> None:
    source = write(tmp_path / "lesson.ipynb")
    assert to_html(source, tmp_path / "page.html").exists()


def test_bad_input_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        to_html(tmp_path / "none.ipynb")
    broken = tmp_path / "broken.ipynb"
    broken.write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"broken\.ipynb' is not a Jupyter notebook"):
        to_html(broken)


def test_a_fold_stays_folded(tmp_path):
    source = tmp_path / "fold.ipynb"
    folded = "<details><summary>Solution</summary>\n\n```python\nx = 1\n```\n\n</details>"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(folded)]), source)
    html = to_html(source).read_text(encoding="utf-8")
    assert html.index("<summary>Solution") < html.rindex('class="highlight"') < html.index("</details>")
