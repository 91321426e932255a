"""A live panel for a cluster: its workers as cards, buttons that break them, and what followed underneath.

Displaying a `Cluster` shows this. Used by every notebook that has a cluster.
"""

import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

from toolkit.pictures import cluster_panel
from toolkit.pictures.cluster_panel import WIDTH, cards, state_of
from toolkit.pictures.svg import view_height
from toolkit.widgets.picture_widget import PictureWidget, button, link

LOOK = 0.25
"""Seconds between two looks at the cluster; an event is shown sooner."""
PAUSE = 0.1
"""Seconds at least between two drawings, however much happens: ten a second."""
IDLE = 1.0
"""Seconds after which the panel is drawn again although nothing has changed but the time."""


class ClusterPanel(PictureWidget):
    """Shows a `toolkit.cluster.Cluster` as it is now, until the cluster or the panel is closed.

    Each card has buttons that kill its worker and freeze or thaw it; others add a worker and retire the last one. A
    fault runs in a thread of its own: the kernel stays free, and what went wrong is said in the panel's last line.
    """

    def __init__(self, cluster: Any, **traits: Any) -> None:
        super().__init__(**traits)
        self._cluster = cluster
        self._changed = threading.Event()
        self._ended = threading.Event()
        self._workers: Any = None
        self._drawing = threading.Lock()
        self.refresh()
        self._unsubscribe = cluster.subscribe(_alarm(self._changed))
        threading.Thread(target=_follow, args=(weakref.ref(self),), name="cluster-panel", daemon=True).start()

    def refresh(self) -> None:
        """Draw the cluster as it is now. Never waits for a worker."""
        with self._drawing:
            snapshot = self._cluster.snapshot()
            if self._cluster.closed:
                self.show(self.picture, "This cluster is closed.", [])
                return
            self._workers = snapshot.workers
            picture = cluster_panel(snapshot, self._cluster.timeline, buttons=True)
            self.show(picture, controls=self._controls(snapshot, view_height(picture.svg)))

    def close(self) -> None:
        """Take the panel off the screen and stop following the cluster, which goes on."""
        if hasattr(self, "_ended"):
            self._ended.set()
            self._changed.set()
            self._unsubscribe()
        super().close()

    def _is_stale(self, waited: float) -> bool:
        """Whether there is something new to draw."""
        return waited >= IDLE or self._cluster.closed or self._cluster.snapshot().workers != self._workers

    def _controls(self, snapshot: Any, height: float) -> list[dict[str, Any]]:
        controls = [button("add", "Add a worker", "Add a worker")]
        if len(snapshot.workers) > 1:
            last = snapshot.workers[-1].name
            controls.append(button("remove", f"Retire {last}", f"Retire {last}", key="remove"))
        for worker, card in zip(snapshot.workers, cards(len(snapshot.workers), buttons=True), strict=True):
            if worker.pid is None:
                continue
            frozen = state_of(worker) == "frozen"
            verb = "Thaw" if frozen else "Freeze"
            top, tall = 100 * (card.y + card.height - 50) / height, 100 * 36 / height
            left, wide = 100 * (card.x + 18) / WIDTH, 100 * (card.width - 48) / 2 / WIDTH
            right = left + wide + 100 * 12 / WIDTH
            name = worker.name
            controls.append(button("kill", "Kill", f"Kill {name}", on=name, place=(left, top, wide, tall)))
            place = (right, top, wide, tall)
            controls.append(button(verb.lower(), verb, f"{verb} {name}", on=name, key=f"freeze {name}", place=place))
        controls.append(link(self._cluster.dashboard_link, "Dask’s dashboard ↗"))
        return controls

    def _act(self, action: str, on: str) -> None:
        threading.Thread(target=self._fault, args=(action, on), name=f"panel-{action}", daemon=True).start()

    def _fault(self, action: str, on: str) -> None:
        """Do it, bounded in time by the cluster itself, and say in the panel how it went."""
        cluster, count = self._cluster, len(self._cluster.names)
        faults: dict[str, tuple[Callable[[], None], str]] = {
            "kill": (lambda: cluster.kill(on), f"{on} was killed; its nanny starts a new process."),
            "freeze": (lambda: cluster.freeze(on), f"{on} is frozen: it keeps everything and does nothing."),
            "thaw": (lambda: cluster.thaw(on), f"{on} goes on as if nothing had happened."),
            "add": (lambda: cluster.scale(count + 1), "A worker was added."),
            "remove": (lambda: cluster.scale(count - 1), "The last worker has handed over its results and left."),
        }
        do, done = faults[action]
        try:
            do()
        except (RuntimeError, ValueError, OSError) as error:  # TimeoutError and PermissionError are OSErrors
            self.status = f"{action} {on}".strip() + f" did not work: {error}"
        else:
            self.status = done
        self._changed.set()


def _alarm(changed: threading.Event) -> Callable[[Any], None]:
    """A listener that knows the event only: a cluster must not keep its panels alive."""
    return lambda events: changed.set()


def _follow(reference: "weakref.ref[ClusterPanel]") -> None:
    """Draw while there is something to see. Holds the panel only while it looks, so that it can be collected."""
    waited, took = 0.0, 0.0
    panel = reference()
    while panel is not None and not panel._ended.is_set():
        if panel._changed.is_set() or panel._is_stale(waited):
            panel._changed.clear()
            took, waited = _drawing_time(panel), 0.0
        if panel._cluster.closed:
            return
        changed, ended = panel._changed, panel._ended
        del panel
        began = time.monotonic()
        ended.wait(max(PAUSE, 4 * took))  # a long timeline is drawn less often: at most a fifth of a core
        changed.wait(LOOK - PAUSE)
        waited += time.monotonic() - began
        panel = reference()


def _drawing_time(panel: ClusterPanel) -> float:
    """Draw the panel; return the seconds that it took."""
    began = time.monotonic()
    try:
        panel.refresh()
    except Exception:
        if not panel._cluster.closed:  # while a cluster closes, parts of it may have gone already
            raise
        panel.refresh()  # now it says so itself
    return time.monotonic() - began
