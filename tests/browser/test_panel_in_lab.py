"""The cluster panel in a real JupyterLab, with real worker processes that really die."""

import re

import psutil
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Lab, widget

pytestmark = [pytest.mark.browser, pytest.mark.cluster]

START = "from toolkit import Cluster\nfrom toolkit.widgets import ClusterPanel\ncluster = Cluster(workers=3)"
SHOW = "ClusterPanel(cluster)"
PATIENCE = 15_000  # milliseconds; on a quiet machine all of this takes less than two seconds


def card(shown: Locator, name: str) -> Locator:
    return shown.locator(f'svg g[data-worker="{name}"]')


def pid_of(shown: Locator, name: str) -> int:
    text = card(shown, name).text_content() or ""
    found = re.search(r"pid (\d+)", text)
    assert found, f"the card of {name} shows no pid: {text}"
    return int(found[1])


def test_the_panel_shows_the_workers_and_its_buttons_break_them(lab: Lab, page: Page) -> None:
    lab.open(page, lab.write("panel.ipynb", START, SHOW))
    lab.run(page)
    shown = widget(page)
    pids = {name: pid_of(shown, name) for name in ("w0", "w1", "w2")}
    assert all(psutil.pid_exists(pid) for pid in pids.values())

    doomed = psutil.Process(pids["w1"])
    shown.get_by_role("button", name="Kill w1").click()
    expect(card(shown, "w1")).not_to_contain_text(f"pid {pids['w1']}", timeout=PATIENCE)
    expect(card(shown, "w1")).to_contain_text(re.compile(r"pid \d+"), timeout=PATIENCE)
    doomed.wait(10)  # raises if it is still there after ten seconds
    assert psutil.pid_exists(pid_of(shown, "w1"))
    expect(shown).to_contain_text(re.compile(r"killed \d+\.\d\d s · noticed \+"), timeout=PATIENCE)
    assert pid_of(shown, "w0") == pids["w0"]

    shown.get_by_role("button", name="Freeze w0").click()
    expect(card(shown, "w0")).to_contain_text("frozen", timeout=PATIENCE)
    assert psutil.Process(pids["w0"]).status() == psutil.STATUS_STOPPED
    shown.get_by_role("button", name="Thaw w0").press("Enter")
    expect(card(shown, "w0").locator("text", has_text="frozen")).to_have_count(0, timeout=PATIENCE)
    assert psutil.Process(pids["w0"]).status() != psutil.STATUS_STOPPED

    shown.get_by_role("button", name="Add a worker").click()
    expect(card(shown, "w3")).to_contain_text("pid", timeout=PATIENCE)
    shown.get_by_role("button", name="Retire w3").click()
    expect(card(shown, "w3")).to_have_count(0, timeout=PATIENCE)

    address = shown.get_by_role("link", name=re.compile("dashboard")).get_attribute("href")
    assert address is not None
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/status", address)
    lab.check(page)


def test_the_panel_moves_while_a_cell_runs_and_rests_when_the_cluster_is_closed(lab: Lab, page: Page) -> None:
    work = "import time\nfutures = cluster.client.map(lambda i: time.sleep(0.2), range(30), pure=False)\ntime.sleep(3)"
    lab.open(page, lab.write("moving.ipynb", START, SHOW, work, "cluster.close()"))
    page.evaluate("jupyterapp.shell.currentWidget.sessionContext.ready")
    page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")
    shown = widget(page)
    busy = page.locator(".jp-InputPrompt", has_text="[*]")
    expect(card(shown, "w0").locator("title").first).to_have_text(
        re.compile(r"w0: running, 1 running"), timeout=PATIENCE
    )
    expect(busy).not_to_have_count(0)  # seen while the third cell was still asleep
    expect(shown.get_by_role("status")).to_have_text("This cluster is closed.", timeout=PATIENCE)
    expect(shown.get_by_role("button")).to_have_count(0)
    expect(card(shown, "w0")).to_be_visible()
    lab.check(page)
