"""The browser tests themselves: they notice what they are there to notice."""

from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import browsers
from tests.browser.browsers import watched_page
from tests.browser.lab import Lab

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("html", "complaint"),
    [
        ('<img src="http://cdn.example/logo.png">', "requests left the machine.*cdn.example/logo.png"),
        ("<script>throw new Error('broken')</script>", "errors in the page.*broken"),
    ],
)
def test_a_request_that_leaves_and_an_error_in_the_page_are_failures(
    browser: Browser, html: str, complaint: str
) -> None:
    with pytest.raises(AssertionError, match=complaint), watched_page(browser) as page:
        page.set_content(html, wait_until="load")


def test_a_cell_that_raises_is_a_failure(lab: Lab, page: Page) -> None:
    lab.open(page, lab.write("wrong.ipynb", "1 / 0", "2"))
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        lab.run(page)


def test_without_a_browser_the_tests_say_what_is_missing_and_fail_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere: Any = SimpleNamespace(chromium=SimpleNamespace(executable_path="/nowhere/chromium"))
    monkeypatch.setattr(browsers, "PLACES", ())
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("BROWSER_EXECUTABLE", raising=False)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="install one"):
        browsers.executable(nowhere)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="install one"):
        browsers.executable(nowhere)
