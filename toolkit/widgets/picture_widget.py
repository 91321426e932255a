"""A picture that moves: Python draws it anew whenever a control changes, and a small ES module shows it.

The controls are the browser's own (sliders, lists, buttons): they work from the keyboard and have names for a screen
reader, in every front-end. Python only says which there are; see `slider`, `choice`, `button` and `link`.
"""

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from toolkit.pictures import Picture

_HERE = Path(__file__).parent


class PictureWidget(anywidget.AnyWidget):
    """Shows a `toolkit.pictures.Picture` and keeps it up to date. Subclasses draw; this one knows only how to show.

    Hover over a part of the picture, or press the arrow keys on it, and it is read out beneath.
    """

    _esm = _HERE / "picture_widget.js"
    _css = _HERE / "picture_widget.css"

    svg = traitlets.Unicode().tag(sync=True)
    """The drawing that is on the screen."""
    text = traitlets.Unicode().tag(sync=True)
    """The same in words."""
    status = traitlets.Unicode().tag(sync=True)
    """What has just happened, one line; a screen reader speaks it."""
    controls = traitlets.List(traitlets.Dict()).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.on_msg(self._receive)

    def show(self, picture: Picture, status: str | None = None, controls: list[dict[str, Any]] | None = None) -> None:
        """Put another picture, and what goes with it, on the screen in one message."""
        with self.hold_sync():
            self.svg, self.text = picture.svg, picture.text
            if status is not None:
                self.status = status
            if controls is not None:
                self.controls = controls

    @property
    def picture(self) -> Picture:
        """What is on the screen now, to keep: `widget.picture.save("ring.svg")`."""
        return Picture(self.svg, self.text)

    def act(self, action: str, on: str = "") -> None:
        """Do what the button named `action` does, to what it stands for. ValueError if there is no such button."""
        there = [control for control in self.controls if control["kind"] == "button"]
        if not any((control["action"], control["on"]) == (action, on) for control in there):
            names = ", ".join(f"act({control['action']!r}, {control['on']!r})" for control in there)
            raise ValueError(f"action={action!r}, on={on!r}: there is no such button now, only {names or 'none'}")
        self._act(action, on)

    def _act(self, action: str, on: str) -> None:
        """For subclasses with buttons."""

    def _receive(self, widget: Any, content: dict[str, Any], buffers: Any) -> None:
        """A click. The button may have gone since it was clicked (the front-end is always a little behind)."""
        action, on = content.get("action"), content.get("on")
        if any(control.get("action") == action and control.get("on") == on for control in self.controls):
            self._act(str(action), str(on))

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        shown = super()._repr_mimebundle_(**kwargs)
        if shown is None:
            return None
        data, metadata = shown
        return {**data, **self.picture._repr_mimebundle_()}, metadata


def slider(trait: str, label: str, least: int, most: int, step: int = 1) -> dict[str, Any]:
    """A slider that sets the widget's whole-number trait of that name."""
    return {"kind": "slider", "id": trait, "trait": trait, "label": label, "min": least, "max": most, "step": step}


def choice(trait: str, label: str, options: list[str]) -> dict[str, Any]:
    """A list to choose from; sets the widget's text trait of that name."""
    return {"kind": "choice", "id": trait, "trait": trait, "label": label, "options": options}


def button(
    action: str, label: str, name: str, *, on: str = "", key: str = "", place: tuple[float, ...] | None = None
) -> dict[str, Any]:
    """A button that sends `action` and what it is `on`.

    `name` is its accessible name ("Kill w1" where the label is only "Kill"); `key` tells it apart while its label
    changes; `place` is (left, top, width, height) in percent to lay it over the picture.
    """
    key = key or f"{action} {on}".strip()
    return {"kind": "button", "id": key, "action": action, "on": on, "label": label, "name": name, "place": place}


def link(href: str, label: str) -> dict[str, Any]:
    """A link that opens in a tab of its own."""
    return {"kind": "link", "id": href, "href": href, "label": label}
