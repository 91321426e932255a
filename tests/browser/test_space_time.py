"""The space–time widget in a real JupyterLab: keys, scrubbing, causes and effects, what-if, no kernel."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Lab, widget
from toolkit.system import Node, Run, System, crash, restart

pytestmark = pytest.mark.browser

NODES = """
from toolkit.system import Node, System, crash, restart
from toolkit.widgets import SpaceTime


class Counter(Node):
    def on_start(self):
        self.seen = 0
        if self.name == "n1":
            self.set_timer("tick", 0.02)

    def on_timer(self, name):
        self.broadcast("ping", number=self.seen)
        self.set_timer("tick", 0.02)

    def on_ping(self, sender, number):
        self.seen += 1
        self.reply("pong", number=number)

    def on_pong(self, sender, number):
        self.seen += 1
"""
RUN = "run = System([Counter] * 3).simulate(seed=1, until=0.15, faults=[crash(0.05, 'n2'), restart(0.09, 'n2')])"
SHOW = "shown = SpaceTime(run)\nshown"


def show(lab: Lab, page: Page, name: str, *cells: str, dark: bool = False) -> Locator:
    lab.open(page, lab.write(name, NODES, RUN, *cells), dark=dark)
    lab.run(page)
    return widget(page)


def same_run() -> Run:
    """The run that the notebook makes: the same seed gives the same run in this process."""
    found: dict[str, type[Node]] = {}
    exec(NODES.replace("from toolkit.widgets import SpaceTime", ""), found)
    return System([found["Counter"]] * 3).simulate(seed=1, until=0.15, faults=[crash(0.05, "n2"), restart(0.09, "n2")])


def click_message(page: Page, shown: Locator, id: int) -> None:
    """Click in the middle of a message's arrow, where the widget's own scene says that it lies."""
    from toolkit.widgets import SpaceTime

    scene = SpaceTime(same_run()).scene
    x1, y1, x2, y2 = next(message[:4] for message in scene["messages"] if message[6] == id)
    drawing = shown.locator(".ds-scroll > svg")
    box = drawing.bounding_box()
    assert box is not None
    scale = box["width"] / scene["width"]
    drawing.click(position={"x": scale * (x1 + x2) / 2, "y": scale * (y1 + y2) / 2})


def test_keys_step_from_event_to_event_and_the_states_follow(lab: Lab, page: Page) -> None:
    shown = show(lab, page, "steps.ipynb", SHOW)
    status, paper = shown.get_by_role("status"), shown.get_by_role("group", name="Space–time diagram")
    expect(status).to_contain_text("Space–time diagram of 3 nodes")
    paper.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(status).to_have_text("0.0200 s: timer tick of n1 fires")
    page.keyboard.press("ArrowRight")
    expect(status).to_have_text("0.0200 s: n1 sends ping(number=0) to n2")
    states = shown.locator(".ds-state")
    expect(states.nth(1)).to_have_text("seen=0")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    expect(status).to_contain_text("gets ping(number=0) from n1")
    expect(shown.locator(".ds-state[data-changed]")).to_have_text("seen=1")
    page.keyboard.press("ArrowLeft")
    expect(shown.locator(".ds-state[data-changed]")).to_have_count(0)
    page.keyboard.press("End")
    expect(status).to_contain_text("Space–time diagram of 3 nodes")
    expect(paper).to_be_focused()
    lab.check(page)


def test_scrubbing_moves_the_veil_without_the_kernel(lab: Lab, page: Page) -> None:
    shown = show(lab, page, "scrub.ipynb", SHOW)
    slider, veil = shown.get_by_role("slider", name="time"), shown.locator(".ds-veil")
    box = slider.bounding_box()
    assert box is not None
    page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.shutdown()")
    slider.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    expect(shown.locator(".ds-clock")).to_have_text(re.compile(r"7\d\.\d ms"))
    assert float(veil.get_attribute("width") or 0) > 300
    expect(shown.locator(".ds-state").nth(1)).to_have_text("(down)")


def test_a_click_shows_causes_and_effects_and_the_message_can_be_lost(lab: Lab, page: Page) -> None:
    shown, run = show(lab, page, "lose.ipynb", SHOW), same_run()
    message = next(m for m in run.trace.messages if m.type == "ping" and m.delivered is not None)
    assert message.ended_event is not None
    unseen = {event.index for event in run.trace if event.kind in ("timer-set", "drop")}  # no node's events
    before = len(run.trace.causes(message.sent_event) - unseen)
    after = len(run.trace.effects(message.ended_event) - unseen)
    click_message(page, shown, message.id)
    status, lose = shown.get_by_role("status"), shown.get_by_role("button", name="Lose this message and go on")
    expect(status).to_contain_text(f"Before it: {before} events (solid). After its arrival: {after} (dashed).")
    assert shown.locator(".ds-after").get_attribute("d")
    expect(lose).to_be_enabled()
    lose.click()
    expect(status).to_contain_text("messages instead of")
    shown.get_by_role("group", name="Space–time diagram").press("End")
    fewer = len(run.trace.messages) - 1  # no pong came back
    expect(status).to_have_text(re.compile(rf"Without ping from n1 to {message.to}.*: {fewer} messages instead of"))
    undo = shown.get_by_role("button", name="Back to the run before")
    undo.click()
    expect(undo).to_be_hidden()
    expect(status).to_contain_text(f": {len(run.trace.messages)} messages")
    lab.check(page)


def test_of_a_bare_trace_nothing_can_be_lost(lab: Lab, page: Page) -> None:
    shown = show(lab, page, "trace.ipynb", "SpaceTime(run.trace)")
    shown.get_by_role("group", name="Space–time diagram").press("Home")
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(shown.get_by_role("status")).to_contain_text("n1 sends ping(number=0) to n2. Before it: 1 events")
    expect(shown.get_by_role("button", name="Lose this message and go on")).to_be_disabled()
    expect(shown.get_by_role("button", name="Zoom in")).to_be_enabled()
    page.keyboard.press("Escape")
    expect(shown.get_by_role("status")).to_have_text("0.0200 s: n1 sends ping(number=0) to n2")


def test_two_thousand_messages_are_scrubbed_in_the_browser_alone(lab: Lab, page: Page) -> None:
    many = "many = System([Counter] * 5).simulate(seed=1, until=5.0)\nassert len(many.trace.messages) > 1900"
    shown = show(lab, page, "many.ipynb", many, "SpaceTime(many)")
    paper = shown.locator(".ds-scroll")
    assert paper.evaluate("e => e.scrollWidth > 10 * e.clientWidth")
    seconds = shown.get_by_role("slider", name="time").evaluate(
        """async (slider) => {
          const began = performance.now();
          for (let i = 0; i <= 60; i += 1) {
            slider.value = Number(slider.min) + (slider.max - slider.min) * i / 60;
            slider.dispatchEvent(new Event("input"));
            await new Promise(requestAnimationFrame);
          }
          return (performance.now() - began) / 1000;
        }"""
    )
    assert seconds < 20, "sixty frames must not take the browser that long, on any machine"
    assert shown.locator("svg *").count() < 4500, "one element for each style, not for each message"


def test_without_a_kernel_it_can_be_walked_about_in_but_not_changed(lab: Lab, page: Page) -> None:
    show(lab, page, "kept.ipynb", SHOW)
    lab.save_and_shut_down(page)
    lab.open(page, "kept.ipynb")
    shown = widget(page)
    shown.get_by_role("group", name="Space–time diagram").press("Home")
    page.keyboard.press("ArrowRight")
    expect(shown.get_by_role("status")).to_have_text("0.0200 s: timer tick of n1 fires")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(shown.get_by_role("status")).to_contain_text("After its arrival")
    expect(shown.get_by_role("button", name="Lose this message and go on")).to_be_disabled()
    expect(shown.get_by_role("button", name="Zoom in")).to_be_disabled()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_veil_has_the_colour_of_the_paper(lab: Lab, page: Page, dark: bool) -> None:
    shown = show(lab, page, f"veil-{dark}.ipynb", SHOW, dark=dark)
    fills = [
        shown.locator(f".ds-scroll {part}").first.evaluate("e => getComputedStyle(e).fill")
        for part in ("rect.ds-veil", "> svg > rect.ds-paper")
    ]
    assert fills[0] == fills[1]
