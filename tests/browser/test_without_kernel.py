"""A saved notebook without its kernel, and an exported page without Jupyter, show the same picture."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell
from playwright.sync_api import Browser, Page, expect

from tests.browser.browsers import watched_page
from tests.browser.lab import Lab, widget
from toolkit.widgets import to_html

pytestmark = pytest.mark.browser

CELL = "from toolkit.widgets import RingExplorer\nRingExplorer(4, vnodes=8, keys=300)"
MEANING = "A hash ring of 4 nodes with 32 virtual nodes in all."


@pytest.fixture(scope="module")
def saved(lab: Lab, browser: Browser) -> str:
    """A notebook that was run and saved in JupyterLab, and whose kernel is gone."""
    name = lab.write("saved.ipynb", CELL)
    with watched_page(browser) as page:
        lab.open(page, name)
        lab.run(page)
        widget(page)
        lab.save_and_shut_down(page)
    return name


def is_drawn(page: Page) -> None:
    image = page.locator(f'img[alt^="{MEANING}"]')
    expect(image).to_be_visible()
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=image.element_handle())


def test_reopened_it_shows_the_picture_and_still_reads_it_out(lab: Lab, page: Page, saved: str) -> None:
    lab.open(page, saved)
    shown = widget(page)
    expect(shown).to_contain_text("32 virtual nodes")
    shown.locator("g[data-node=n2] rect").hover()
    expect(shown.get_by_role("status")).to_contain_text("n2: ")


def test_from_a_stranger_it_shows_the_picture_without_being_trusted(lab: Lab, page: Page, saved: str) -> None:
    document = nbformat.read(lab.folder / saved, as_version=4)
    document.cells.append(new_markdown_cell("Changed outside of JupyterLab, so its signature is void."))
    nbformat.write(document, lab.folder / "stranger.ipynb")
    lab.open(page, "stranger.ipynb")
    is_drawn(page)


def test_exported_it_is_one_page_that_asks_for_nothing(lab: Lab, page: Page, saved: str, tmp_path: Path) -> None:
    document = nbformat.read(lab.folder / saved, as_version=4)
    document.cells.append(new_markdown_cell("The formula: $$T = \\frac{k w}{n}$$"))
    nbformat.write(document, tmp_path / "exported.ipynb")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(to_html(tmp_path / "exported.ipynb").as_uri())
    is_drawn(page)
    expect(page.locator("math mfrac")).to_be_visible()
    others = [url for url in asked if not url.startswith("data:")]
    assert others == [(tmp_path / "exported.html").as_uri()]
