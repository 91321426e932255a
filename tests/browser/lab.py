"""A real JupyterLab on loopback, driven as a learner drives it: open a notebook, run it, look, press keys."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Locator, Page, expect

import toolkit.widgets

SETTINGS = Path(toolkit.widgets.__file__).parent / "lab-settings.json"
RUN_TIMEOUT = 60_000  # milliseconds that all cells of a test's notebook may take


class Lab:
    """A running server, and what one does with it."""

    def __init__(self, address: str, home: Path) -> None:
        self.address, self.folder = address, home / "notebooks"
        self.themes = home / "user" / "@jupyterlab" / "apputils-extension" / "themes.jupyterlab-settings"

    def write(self, name: str, *cells: str) -> str:
        """A notebook of these code cells, in the server's folder; returns its name."""
        notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, self.folder / name)
        return name

    def open(self, page: Page, name: str, *, dark: bool = False) -> None:
        """Open a notebook in a workspace of its own."""
        theme = {"theme": "JupyterLab Dark" if dark else "JupyterLab Light"}
        self.themes.parent.mkdir(parents=True, exist_ok=True)
        self.themes.write_text(json.dumps(theme), encoding="utf-8")
        page.goto(f"{self.address}/lab/workspaces/{name.removesuffix('.ipynb')}?reset")
        page.wait_for_function("window.jupyterapp !== undefined", timeout=30_000)
        page.evaluate("jupyterapp.restored")
        page.wait_for_selector(f"body[data-jp-theme-light={'false' if dark else 'true'}]", state="attached")
        page.evaluate("name => jupyterapp.commands.execute('docmanager:open', {path: name, factory: 'Notebook'})", name)
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=30_000)

    def run(self, page: Page) -> None:
        """Run all cells; fail on the first that raises."""
        page.evaluate(
            """async () => {
              const notebook = jupyterapp.shell.currentWidget;
              await notebook.sessionContext.ready;
              await notebook.sessionContext.session.kernel.info;
            }"""
        )
        page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
        page.wait_for_function(
            """() => {
              const cells = [...jupyterapp.shell.currentWidget.content.model.cells];
              return document.querySelector('[data-mime-type="application/vnd.jupyter.stderr"]') ||
                cells.every((cell) => cell.type !== 'code' || cell.executionCount !== null);
            }""",
            timeout=RUN_TIMEOUT,
        )
        self.check(page)

    def check(self, page: Page) -> None:
        """Fail if any cell has raised or written to standard error."""
        wrong = page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').all_inner_texts()
        assert not wrong, f"a cell failed or complained:\n{wrong[0]}"

    def save_and_shut_down(self, page: Page) -> None:
        """Save the notebook, then end its kernel."""
        page.evaluate("jupyterapp.commands.execute('docmanager:save')")
        page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        page.evaluate("jupyterapp.commands.execute('application:close-all')")


def widget(page: Page) -> Locator:
    """The one widget of the notebook, on the screen."""
    shown = page.locator(".ds-widget")
    expect(shown.locator("svg.ds-picture, fieldset").first).to_be_visible(timeout=30_000)
    return shown


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(home: Path) -> dict[str, str]:
    """Jupyter's folders in a temporary place, so that nobody's own settings change what is tested."""
    folders = {f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    extra = {"JUPYTERLAB_SETTINGS_DIR": str(home / "user"), "JUPYTERLAB_WORKSPACES_DIR": str(home / "spaces")}
    return {**os.environ, **folders, **extra, "PYTHONDONTWRITEBYTECODE": "1"}


def _settings(home: Path) -> Path:
    """The settings that the toolkit ships, and no news."""
    folder = home / "settings"
    (folder / "overrides.d").mkdir(parents=True)
    shutil.copy(SETTINGS, folder / "overrides.d")
    quiet = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
    (folder / "overrides.json").write_text(json.dumps(quiet), encoding="utf-8")
    return folder


@contextmanager
def running_lab(home: Path) -> Iterator[Lab]:
    """Start a server in an empty folder, wait until it answers, and end it with everything that it started."""
    folder, port = home / "notebooks", _free_port()
    folder.mkdir()
    command: list[Any] = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root",
        "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True", "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}", f"--LabApp.app_settings_dir={_settings(home)}",
        "--LabApp.news_url=None", "--LabApp.extension_manager=readonly",
    ]  # fmt: skip
    log = (home / "lab.log").open("w", encoding="utf-8")
    server = subprocess.Popen(command, env=_environment(home), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    lab = Lab(f"http://127.0.0.1:{port}", home)
    try:
        _wait_until_it_answers(lab.address, server, home / "lab.log")
        yield lab
    finally:
        server.terminate()  # it shuts its kernels down, and they their clusters
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(5)
        log.close()


def _wait_until_it_answers(address: str, server: "subprocess.Popen[Any]", log: Path) -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        assert server.poll() is None, f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-2000:]}"
        try:
            urllib.request.urlopen(f"{address}/api", timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"JupyterLab did not answer within 40 s:\n{log.read_text(encoding='utf-8')[-2000:]}")
