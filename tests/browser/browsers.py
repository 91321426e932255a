"""Find a Chromium on this machine, start it without a window, and notice whatever it does that it should not."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING = (
    "no Chromium, Chrome or Edge was found on this machine: install one (on Debian: apt-get install chromium; or:"
    " python -m playwright install chromium), or name one in the environment variable BROWSER_EXECUTABLE"
)


def executable(playwright: Playwright) -> str:
    """Path of a browser; without one the test is skipped, or fails where CI is set: CI must have what it tests with."""
    named = os.environ.get("BROWSER_EXECUTABLE")
    found = [named, *map(shutil.which, NAMES), *PLACES, playwright.chromium.executable_path]
    path = next((path for path in found if path and Path(path).exists()), None)
    if path:
        return path
    if os.environ.get("CI"):
        pytest.fail(MISSING)
    pytest.skip(MISSING)


class Watch:
    """What a page did that it should not: errors, and requests that left the machine (they are stopped)."""

    def __init__(self, page: Page) -> None:
        self.left: list[str] = []
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.route("**/*", self._route)

    def _route(self, route: Any) -> None:
        address = urlsplit(route.request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.hostname not in ("127.0.0.1", "localhost"):
            self.left.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    def check(self) -> None:
        """Fail if there was anything."""
        assert not self.left, f"requests left the machine: {self.left}"
        assert not self.errors, f"errors in the page: {self.errors}"


@contextmanager
def watched_page(browser: Browser, **options: Any) -> Iterator[Page]:
    """A fresh page that fails the test at its end if it did anything it should not."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000}, **options)
    watch = Watch(page)
    try:
        yield page
        watch.check()
    finally:
        page.evaluate("window.jupyterapp?.serviceManager.sessions.shutdownAll()")  # kernels, and with them clusters
        page.close()
