"""What all picture widgets share: controls, clicks, and the same picture in every form."""

import base64
import re

import pytest

from toolkit.pictures.picture import picture
from toolkit.widgets import PictureWidget, RingExplorer
from toolkit.widgets.picture_widget import button, choice, link, slider

VIEW = "application/vnd.jupyter.widget-view+json"


class Counting(PictureWidget):
    """A widget with one button."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[tuple[str, str]] = []
        self.show(picture(10, 10, "Title", "Words."), "ready", [button("kill", "Kill", "Kill w1", on="w1")])

    def _act(self, action: str, on: str) -> None:
        self.done.append((action, on))


def test_the_bundle_has_the_live_view_and_the_picture_for_where_no_kernel_is() -> None:
    widget = Counting()
    bundle = widget._repr_mimebundle_()
    assert bundle is not None
    data = bundle[0]
    assert data[VIEW]["model_id"] == widget.model_id
    assert data["image/svg+xml"] == widget.svg == widget.picture.svg
    image = re.search(r"base64,([^\"]+)", data["text/html"])
    assert image is not None
    assert base64.b64decode(image[1]).decode() == widget.svg
    assert data["text/plain"] == "Words."


def test_a_widget_that_follows_its_controls_is_saved_as_it_is_now() -> None:
    ring = RingExplorer(3, vnodes=2, keys=10)
    ring.set_state({"vnodes": 5})
    bundle = ring._repr_mimebundle_()
    assert bundle is not None
    assert "15 virtual nodes" in bundle[0]["image/svg+xml"]


def test_a_click_reaches_the_widget_and_an_unknown_one_does_not() -> None:
    widget = Counting()
    widget._handle_custom_msg({"action": "kill", "on": "w1"}, [])
    for stray in ({"action": "kill", "on": "w2"}, {"action": "close", "on": ""}, {}, {"action": None}):
        widget._handle_custom_msg(stray, [])
    assert widget.done == [("kill", "w1")]


def test_act_presses_a_button_and_names_those_there_are() -> None:
    widget = Counting()
    widget.act("kill", "w1")
    assert widget.done == [("kill", "w1")]
    with pytest.raises(ValueError, match=r"action='kill', on='w7'.*act\('kill', 'w1'\)"):
        widget.act("kill", "w7")


def test_controls_are_plain_data_with_an_id_each() -> None:
    controls = [slider("n", "nodes", 1, 9), choice("s", "scheme", ["a"]), button("add", "+", "Add"), link("/x", "X")]
    assert [control["kind"] for control in controls] == ["slider", "choice", "button", "link"]
    assert len({control["id"] for control in controls}) == 4


def test_one_message_carries_a_whole_new_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    widget = Counting()
    sent: list[dict[str, object]] = []
    monkeypatch.setattr(type(widget), "_send", lambda self, msg, buffers=None: sent.append(msg["state"]))
    widget.show(picture(20, 20, "Other", "More."), "done")
    assert [set(state) for state in sent] == [{"svg", "text", "status"}]
