"""A space–time diagram to walk about in: scrub, step, see what could have caused what, lose a message.

Used by every notebook that runs a system, first by 20-time-and-order, and on a projector. The picture is Python's; the
browser moves through it on its own, so all but the zoom and the question "what if" also works without a kernel.
"""

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from toolkit.pictures import Picture
from toolkit.pictures.space_time import MOST_LANES, drawing
from toolkit.pictures.space_time_layout import WIDTH
from toolkit.system.faults import drop
from toolkit.widgets.space_time_scene import scene_of, state_changes

_HERE = Path(__file__).parent

READABLE = 60  # messages across the screen to begin with
MOST_MESSAGES = 3000  # of a longer run so many are loaded at a time
WIDEST = 60_000.0


def _bundled(*names: str) -> str:
    """Several ES modules as one, because a widget's module can't import another: the last one is the widget."""
    source = "".join((_HERE / name).read_text(encoding="utf-8") for name in names)
    lines = [line for line in source.splitlines() if not line.startswith("import {")]
    return "\n".join(line.removeprefix("export ") if "export function" in line else line for line in lines)


class SpaceTime(anywidget.AnyWidget):
    """The diagram of a run, with a slider for time, the nodes' states beside it, and what-if.

    Arrow keys step from event to event, Home and End lead to the ends. A click on a message (or Enter, for the one that
    moved last) marks all that happened before it and all that happened after it; Escape ends that. "Lose this message
    and go on" runs the system again without it, and shows that run instead.

    Args:
        record: a `toolkit.system.Run`, or a `Trace`, of which no states and no other course of events are known.
        window: (start, stop) in seconds; by default all of it.

    Raises:
        ValueError: the window shows nothing of the run.
    """

    _esm = _bundled("happened_before.js", "space_time_overlay.js", "space_time.js")
    _css = (_HERE / "picture_widget.css").read_text("utf-8") + (_HERE / "space_time.css").read_text("utf-8")

    svg = traitlets.Unicode().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    """The picture in words."""
    scene = traitlets.Dict().tag(sync=True)
    """Where events and messages lie on the picture, and the nodes' states."""
    can_fork = traitlets.Bool().tag(sync=True)
    """Whether this run can be run again with other luck: simulated runs can."""
    lost = traitlets.Unicode().tag(sync=True)
    """Of a fork, what was lost in it, in words; else empty."""
    pages = traitlets.List([0, 1]).tag(sync=True)
    """Which part of a long run is shown, and how many there are."""

    def __init__(self, record: Any, window: tuple[float, float] | None = None, **traits: Any) -> None:
        self._record, self._window = record, window
        self._before: list[tuple[Any, str]] = []  # the runs that this one was forked from, and what they had lost
        messages = self._trace.messages
        arrows = window is None and len(self._trace.nodes) <= MOST_LANES
        self._width = (
            WIDTH * min(max(1.0, min(len(messages), MOST_MESSAGES) / READABLE), WIDEST / WIDTH) if arrows else WIDTH
        )
        super().__init__(**traits, **self._shown())
        self.on_msg(self._receive)

    @property
    def record(self) -> Any:
        """The run or trace on the screen: after "lose this message" the forked run."""
        return self._record

    @property
    def picture(self) -> Picture:
        """What a page without a kernel shows: a still picture of the beginning, or of the window."""
        return drawing(self._record, self._window).picture

    def lose(self, message: int) -> None:
        """Run again without the message of this id, and show that. Raises ValueError if the run can't be run again."""
        if not self.can_fork:
            raise ValueError(f"message={message}: only a simulated run can go on otherwise; this is a record")
        gone = self._trace.message(message)
        what = f"{gone.type} from {gone.sender} to {gone.to}, sent at {gone.sent:.4f} s"
        fork = self._record.fork(drop(message=message))
        count = len(fork.trace.messages)
        self._before.append((self._record, self.lost))
        self._record = fork
        before = len(self._before[-1][0].trace.messages)
        then = "as many messages as before" if count == before else f"{count:,} messages instead of {before:,}"
        self._show(gone.sent, f"Without {what}: {then}.")

    def undo(self) -> None:
        """Go back to the run before the last loss; nothing happens if there was none."""
        if self._before:
            self._record, lost = self._before.pop()
            self._show(None, lost)

    def zoom(self, factor: float) -> None:
        """Stretch time: 2 shows half as much of it on the screen."""
        self._width = min(max(WIDTH, self._width * factor), WIDEST)
        self._show(None, self.lost)

    def page(self, by: int) -> None:
        """Show the next (1) or the previous (-1) part of a run that is too long for one."""
        self.pages = [min(max(self.pages[0] + by, 0), self.pages[1] - 1), self.pages[1]]
        self._show(None, self.lost)

    @property
    def _trace(self) -> Any:
        return getattr(self._record, "trace", self._record)

    def _show(self, at: float | None, lost: str) -> None:
        with self.hold_sync():
            for name, value in {**self._shown(at), "lost": lost}.items():
                setattr(self, name, value)

    def _shown(self, at: float | None = None) -> dict[str, Any]:
        """Every trait that follows from the record, the window and the zoom."""
        trace = self._trace
        whole = self._window is not None or len(trace.nodes) > MOST_LANES
        parts = 1 if whole else max(1, -(-len(trace.messages) // MOST_MESSAGES))
        page = min(self.pages[0], parts - 1)
        drawn = drawing(self._record, self._window or _part(trace, page, parts), self._width)
        changes = state_changes(self._record) if drawn.messages else []
        return {
            "svg": drawn.picture.svg,
            "text": drawn.picture.text,
            "scene": {**scene_of(trace, drawn, changes), "width": self._width, "unit": WIDTH, "at": at},
            "can_fork": trace.kind == "simulated" and hasattr(self._record, "fork"),
            "pages": [page, parts],
        }

    def _receive(self, widget: Any, content: dict[str, Any], buffers: Any) -> None:
        """A button, or the front-end asking whether anybody is there."""
        action, value = content.get("action"), content.get("value", 0)
        if action == "hello":
            self.send({"alive": True})
        elif action == "lose" and self.can_fork:
            self.lose(int(value))
        elif action in ("undo", "zoom", "page"):
            getattr(self, action)(*([] if action == "undo" else [value]))

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        shown = super()._repr_mimebundle_(**kwargs)
        if shown is None:
            return None
        data, metadata = shown
        return {**data, **self.picture._repr_mimebundle_()}, metadata


def _part(trace: Any, page: int, parts: int) -> tuple[float, float] | None:
    """The window that holds one part of a long run; None for a short one."""
    if parts == 1:
        return 0.0, max(trace.until, trace[-1].at if len(trace) else 0.0) or 1.0
    messages = trace.messages
    start = messages[page * MOST_MESSAGES].sent if page else 0.0
    last = page + 1 == parts
    return start, trace.until if last else messages[(page + 1) * MOST_MESSAGES].sent
