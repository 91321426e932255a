"""The ring explorer in a real JupyterLab: sliders, buttons, keys, themes."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab, widget
from toolkit.partitioning import HashRing, moved

pytestmark = pytest.mark.browser

CELL = "from toolkit.widgets import RingExplorer\nring = RingExplorer(4, vnodes=8, keys=300)\nring"
KEYS = [f"key-{i}" for i in range(300)]
BEFORE = HashRing(["n0", "n1", "n2", "n3"], 8)


def test_a_slider_redraws_the_ring_and_a_button_marks_the_keys_that_moved(lab: Lab, page: Page) -> None:
    lab.open(page, lab.write("ring.ipynb", CELL))
    lab.run(page)
    shown = widget(page)
    expect(shown).to_contain_text("32 virtual nodes")
    arcs = shown.locator("circle[stroke-dasharray]").first
    old = arcs.get_attribute("stroke-dasharray")

    shown.get_by_role("button", name="Add a node").click()
    truth = moved(BEFORE, BEFORE.add("n4"), KEYS)
    expect(shown.get_by_role("status")).to_contain_text(f"{truth.count} of 300 keys moved")
    outlined = shown.locator("path.ds-dots.ds-ink")
    assert sum(path.count("h0") for path in outlined.evaluate_all("all => all.map(one => one.getAttribute('d'))")) > 0

    shown.get_by_role("button", name="Remove n1").click()
    expect(shown).to_contain_text("gone: n1")

    slider = shown.get_by_role("slider", name="virtual nodes per node")
    slider.press("ArrowRight")
    expect(shown).to_contain_text("36 virtual nodes")
    assert arcs.get_attribute("stroke-dasharray") != old
    lab.check(page)


def test_everything_can_be_done_from_the_keyboard(lab: Lab, page: Page) -> None:
    lab.open(page, lab.write("keyboard.ipynb", CELL))
    lab.run(page)
    shown = widget(page)
    vnodes = shown.get_by_role("slider", name="virtual nodes per node")
    vnodes.focus()
    page.keyboard.press("ArrowLeft")
    expect(shown).to_contain_text("28 virtual nodes")
    expect(vnodes).to_be_focused()  # redrawing must not take the focus away
    page.keyboard.press("Tab")
    expect(shown.get_by_role("slider", name="keys")).to_be_focused()
    page.keyboard.press("Tab")
    add = shown.get_by_role("button", name="Add a node")
    expect(add).to_be_focused()
    page.keyboard.press("Enter")
    expect(shown.get_by_role("status")).to_contain_text("keys moved")
    expect(add).to_be_focused()
    page.keyboard.press("Tab")
    picture = shown.get_by_role("group", name="Hash ring")
    expect(picture).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(shown.get_by_role("status")).to_have_text(re.compile(r"n0: 7 virtual nodes, [\d.]+% of the circle"))
    page.keyboard.press("Escape")
    expect(shown.get_by_role("status")).to_contain_text("A hash ring of 5 nodes")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_picture_follows_the_theme(lab: Lab, page: Page, dark: bool) -> None:
    lab.open(page, lab.write(f"theme-{dark}.ipynb", CELL), dark=dark)
    lab.run(page)
    shown = widget(page)
    label = shown.locator("svg text").first
    paper = shown.locator("svg rect.ds-paper")
    ink = brightness(label.evaluate("e => getComputedStyle(e).fill"))
    ground = brightness(paper.evaluate("e => getComputedStyle(e).fill"))
    assert (ink > 0.8 and ground < 0.2) if dark else (ink < 0.2 and ground > 0.8)


def brightness(colour: str) -> float:
    """Of a computed CSS colour, from 0 (black) to 1 (white)."""
    red, green, blue = (int(part) for part in re.findall(r"\d+", colour)[:3])
    return (0.3 * red + 0.59 * green + 0.11 * blue) / 255


def test_the_partition_map_follows_its_controls(lab: Lab, page: Page) -> None:
    cell = (
        "from toolkit.widgets import PartitionExplorer\n"
        "PartitionExplorer({'carrier': ['UA'] * 500 + ['B6'] * 300 + ['HA'], 'hour': [*range(801)]})"
    )
    lab.open(page, lab.write("map.ipynb", cell))
    lab.run(page)
    shown = widget(page)
    expect(shown).to_contain_text("UA")
    shown.get_by_role("slider", name="nodes").press("ArrowRight")
    expect(shown.get_by_role("status")).to_contain_text("801 rows on 5 nodes")
    expect(shown.get_by_role("status")).to_contain_text("rows moved")
    shown.get_by_role("combobox", name="key").select_option("hour")
    shown.get_by_role("combobox", name="scheme").select_option("modulo")
    expect(shown.get_by_role("status")).to_contain_text("161 rows, 1.00 times the mean")


def test_a_guess_is_committed_to_and_compared(lab: Lab, page: Page) -> None:
    ask = "from toolkit.widgets import predict\nguess = predict('How many keys move?', ['all', 'a fifth'])\nguess"
    lab.open(page, lab.write("guess.ipynb", ask))
    lab.run(page)
    shown = widget(page)
    commit = shown.get_by_role("button", name="This is my guess")
    expect(commit).to_be_disabled()
    shown.get_by_role("radio", name="all").check()
    commit.click()
    expect(shown.get_by_role("status")).to_have_text("Your guess: all.")
    expect(shown.get_by_role("radio", name="a fifth")).to_be_disabled()
    page.evaluate(
        """async () => {
          const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
          await kernel.requestExecute({code: "_ = guess.reveal('a fifth', 'One node of five.')"}).done;
        }"""
    )
    expect(shown.get_by_role("status")).to_have_text("You said all. It is a fifth. One node of five.")
