"""The cluster panel on a real cluster, without a browser: what it shows, what its buttons do, when it stops."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from toolkit import Cluster
from toolkit.widgets import ClusterPanel

pytestmark = pytest.mark.cluster


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait, bounded, until something has become true."""
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline, f"not within 15 s: {what}"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(workers=2) as running:
        yield running


@pytest.fixture
def panel(cluster: Cluster) -> Iterator[ClusterPanel]:
    cluster.wait()
    shown = ClusterPanel(cluster)
    yield shown
    shown.close()


def test_it_shows_the_workers_with_their_pids(cluster: Cluster, panel: ClusterPanel) -> None:
    for name, pid in cluster.pids.items():
        assert f"{name} running, process {pid}" in panel.text
    assert {c["name"] for c in panel.controls if c["kind"] == "button"} >= {"Kill w0", "Freeze w1", "Add a worker"}
    assert panel.controls[-1]["href"] == cluster.dashboard_link


def test_kill_replaces_the_process(cluster: Cluster, panel: ClusterPanel) -> None:
    old = cluster.pids["w1"]
    panel.act("kill", "w1")
    eventually(lambda: cluster.pids.get("w1") not in (None, old), "a new process")
    eventually(lambda: f"w1 running, process {cluster.pids['w1']}" in panel.text, "the new process in the panel")
    assert panel.status == "w1 was killed; its nanny starts a new process."


def test_freeze_and_thaw_share_a_button(cluster: Cluster, panel: ClusterPanel) -> None:
    panel.act("freeze", "w0")
    eventually(lambda: "w0 frozen" in panel.text, "w0 shown as frozen")
    toggle = next(control for control in panel.controls if control["id"] == "freeze w0")
    assert toggle["name"] == "Thaw w0"
    panel.act("thaw", "w0")
    eventually(lambda: "w0 running" in panel.text, "w0 shown as running")


def test_a_click_does_not_wait_for_the_fault(panel: ClusterPanel, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(type(panel._cluster), "kill", lambda self, name: release.wait(10))
    panel.act("kill", "w0")
    assert panel.status == "", "act() must return while the fault is still being done"
    release.set()
    eventually(lambda: "was killed" in panel.status, "the fault to be reported")


def test_what_goes_wrong_is_said_in_the_panel(cluster: Cluster, panel: ClusterPanel) -> None:
    cluster.freeze("w0")
    eventually(lambda: "w0 frozen" in panel.text, "w0 shown as frozen")
    panel.act("remove")
    eventually(lambda: "remove did not work" in panel.status, "the refusal")
    assert "w0" in panel.status
    cluster.thaw("w0")


def test_a_closed_panel_leaves_the_cluster_alone(cluster: Cluster) -> None:
    threads = {thread for thread in threading.enumerate() if thread.name == "cluster-panel"}
    panel = ClusterPanel(cluster)
    mine = [t for t in threading.enumerate() if t.name == "cluster-panel" and t not in threads]
    panel.close()
    for thread in mine:
        thread.join(5)
        assert not thread.is_alive()
    assert len(mine) == 1
    assert not cluster.closed


def test_a_panel_of_a_cluster_that_closes_keeps_its_last_picture() -> None:
    with Cluster(workers=1) as short_lived:
        panel = ClusterPanel(short_lived)
    eventually(lambda: panel.status == "This cluster is closed.", "the end to be shown")
    assert "w0" in panel.svg
    assert panel.controls == []
    panel._handle_custom_msg({"action": "kill", "on": "w0"}, [])  # a click that was on its way
    assert panel.status == "This cluster is closed."
