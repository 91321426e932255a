"""From a key press on a slider to the changed picture on the screen, beside a bare ipywidgets Label in the same run.

Run alone: `python -m benchmarks.widgets`. A real headless Chromium drives JupyterLab. In one notebook stand a plain
IntSlider whose observer sets a Label (the least that any widget can do), and our explorers. The arrow key is pressed
on each of them in turn, so that a busy moment of the machine meets all; the clock starts at the key event and stops
after the frame in which the change was painted. The median of the turns counts.
"""

import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.browser.browsers import ARGUMENTS, executable, watched_page
from tests.browser.lab import running_lab

WARM_UPS, TURNS = 6, 40
TARGET = 1.25

LABEL = """
import ipywidgets
slider, label = ipywidgets.IntSlider(40, 0, 200), ipywidgets.Label("40")
slider.observe(lambda change: setattr(label, "value", str(change["new"])), "value")
label.add_class("measured-label")
ipywidgets.VBox([slider, label])
"""
RING = "from toolkit.widgets import RingExplorer\nRingExplorer(8, vnodes=40, keys=2000)"
MAP = """
from toolkit.data import flights
from toolkit.widgets import PartitionExplorer
PartitionExplorer(flights(["carrier", "dest"]), nodes=2)
"""

# name -> the element that takes the key, the element that changes, and the keys to press in turn
MEASURED = {
    "label": (".noUi-handle", ".measured-label", ("ArrowRight",)),
    "ring": ("[data-id=vnodes]", ".ds-widget:has([data-id=vnodes]) .ds-paper-host", ("ArrowRight",)),
    "map": ("[data-id=node_count]", ".ds-widget:has([data-id=node_count]) .ds-paper-host", ("ArrowRight", "ArrowLeft")),
}

WATCH = """([source, target]) => {
  const keyed = document.querySelector(source);
  const changed = document.querySelector(target);
  window.painted = new Promise((resolve) => {
    let began;
    keyed.addEventListener("keydown", (event) => { began = event.timeStamp; }, { capture: true, once: true });
    const observer = new MutationObserver(() => {
      observer.disconnect();
      requestAnimationFrame(() => {
        const channel = new MessageChannel();  // its message comes after the frame has been painted
        channel.port1.onmessage = () => resolve(performance.now() - began);
        channel.port2.postMessage(0);
      });
    });
    observer.observe(changed, { childList: true, characterData: true, subtree: true });
  });
  keyed.focus();
}"""


def latency(page: Page, name: str, turn: int) -> float:
    """Press the key once; milliseconds until the change was on the screen."""
    source, target, keys = MEASURED[name]
    page.evaluate(WATCH, [source, target])
    page.keyboard.press(keys[turn % len(keys)])
    milliseconds = float(page.evaluate("window.painted"))
    page.evaluate("new Promise((resolve) => setTimeout(resolve, 30))")  # let the kernel's last message pass
    return milliseconds


def measure() -> dict[str, list[float]]:
    """All latencies of all widgets, in milliseconds, by name."""
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright, running_lab(Path(home)) as lab:
        browser = playwright.chromium.launch(executable_path=executable(playwright), args=ARGUMENTS)
        with watched_page(browser) as page:
            lab.open(page, lab.write("latency.ipynb", LABEL, RING, MAP))
            lab.run(page)
            for source, target, _ in MEASURED.values():
                page.wait_for_selector(source)
                page.wait_for_selector(target)
            found: dict[str, list[float]] = {name: [] for name in MEASURED}
            for turn in range(WARM_UPS + TURNS):
                for name in MEASURED:
                    found[name].append(latency(page, name, turn))
        browser.close()
    return {name: times[WARM_UPS:] for name, times in found.items()}


def figures() -> list[dict[str, Any]]:
    """All figures of this module."""
    found = {name: statistics.median(times) for name, times in measure().items()}
    names = {
        "ring": "ring of 8 nodes × 40 to 85 virtual nodes, 2,000 keys: key press to paint",
        "map": "partition map of the flights: key press to paint",
    }
    return [_figure(text, found[name], found["label"]) for name, text in names.items()]


def _figure(name: str, ours: float, peer: float) -> dict[str, Any]:
    ratio = ours / peer
    return {
        "name": name,
        "ours": ours,
        "peer": peer,
        "unit": "ms (median), beside a bare Label",
        "ratio": ratio,
        "target": f"at most {TARGET} ×",
        "met": ratio <= TARGET,
    }


if __name__ == "__main__":
    for figure in figures():
        print(figure)
