"""The cluster itself: starting, reading, refusing what makes no sense, closing, being interrupted."""

import copy
import logging
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import dask.config
import psutil
import pytest

from tests.cluster.conftest import PATIENCE, alive, eventually, run_script, workers_of
from toolkit.cluster import Cluster

pytestmark = pytest.mark.cluster


def test_workers_are_real_processes_with_stable_names(cluster):
    assert cluster.names == ("w0", "w1", "w2", "w3")
    assert list(cluster.pids) == list(cluster.names)
    assert all(alive(pid) for pid in cluster.pids.values())
    inside = {
        name: cluster.client.submit(os.getpid, workers=[name], pure=False).result(PATIENCE) for name in cluster.names
    }
    assert inside == cluster.pids
    assert repr(cluster) == "<Cluster: w0, w1, w2, w3>"
    threads = cluster.client.nthreads()
    assert set(threads.values()) == {1}


def test_each_worker_has_its_memory_limit():
    with Cluster(1, memory="256 MiB") as cluster:
        assert cluster.snapshot().workers[0].memory_limit == 256 * 2**20


def test_a_snapshot_says_what_each_worker_does(cluster):
    futures = cluster.client.map(time.sleep, [0.5] * 3, workers=["w1"], pure=False)
    kept = cluster.client.submit(int, 7, workers=["w2"])
    busy = eventually(lambda: next((w for w in cluster.snapshot().workers if w.executing), None), "a task to run")
    assert (busy.name, busy.status, busy.executing, busy.queued) == ("w1", "running", 1, 2)
    assert kept.result(PATIENCE) == 7
    states = {worker.name: worker for worker in cluster.snapshot().workers}
    assert states["w2"].stored == 1
    assert 0 < states["w2"].memory < states["w2"].memory_limit == 2**30
    assert not states["w2"].frozen
    assert states["w2"].slowed == 1.0
    assert len(futures) == 3


@pytest.mark.parametrize("workers", [0, -1, 65, 10_000])
def test_a_number_of_workers_out_of_range_is_refused(workers):
    with pytest.raises(ValueError, match=rf"workers={workers} must be from 1 to 64"):
        Cluster(workers=workers)
    assert not workers_of(psutil.Process())


@pytest.mark.parametrize("workers", ["four", True, 2.5, None, [4]])
def test_what_is_no_number_of_workers_is_refused(workers):
    with pytest.raises(TypeError, match=r"workers=.* must be a whole number from 1 to 64"):
        Cluster(workers=workers)
    assert not workers_of(psutil.Process())


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("memory", "lots"),
        ("memory", "1 MiB"),
        ("memory", -1),
        ("memory", None),
        ("memory", True),
        ("allowed_failures", -1),
        ("allowed_failures", 1.5),
        ("timeout", 0),
        ("timeout", "soon"),
        ("timeout", float("nan")),
    ],
)
def test_other_arguments_are_checked_before_anything_starts(argument: str, value: Any):
    with Cluster(1) as running:
        with pytest.raises(ValueError, match=f"{argument}={value!r}"):
            Cluster(1, **{argument: value})
        assert not running.closed  # a slip in the cell does not cost the cluster that is there


def test_a_closed_cluster_says_so():
    with Cluster(1) as cluster:
        directory = Path(cluster.directory)
        assert directory.is_dir()
    cluster.close()  # once more is fine
    assert cluster.closed
    assert not directory.exists()
    assert (cluster.names, cluster.pids, cluster.snapshot().workers) == ((), {}, ())
    assert repr(cluster) == "<Cluster: closed>"
    assert cluster.timeline[-1].kind == "closed"
    for call in (
        lambda: cluster.kill("w0"),
        lambda: cluster.freeze("w0"),
        lambda: cluster.thaw("w0"),
        lambda: cluster.slow("w0", 2),
        lambda: cluster.scale(2),
        lambda: cluster.wait(),
        lambda: cluster.partition(None, "k", None),
    ):
        with pytest.raises(RuntimeError, match=r"closed: start another with Cluster\(\)"):
            call()


def test_closing_does_not_wait_for_a_running_task_or_a_frozen_worker():
    cluster = Cluster(3)
    running = cluster.client.map(time.sleep, [60] * 6, pure=False)
    eventually(lambda: all(worker.executing for worker in cluster.snapshot().workers), "tasks to run")
    cluster.freeze("w1")
    pids = cluster.pids
    began = time.monotonic()
    cluster.close()
    assert len(running) == 6
    assert time.monotonic() - began < 3  # plain Dask needs at least 4 s for this
    assert not any(map(alive, pids.values()))


def test_the_learners_own_exceptions_arrive_and_nothing_else_is_printed():
    ran = run_script("""
        from toolkit import Cluster
        with Cluster(2) as cluster:
            future = cluster.client.submit(lambda: 1 / 0)
            try:
                future.result(timeout=10)
            except ZeroDivisionError as error:
                print(error)
            futures = cluster.client.map(lambda n: n * n, range(20))
            cluster.kill("w0"); cluster.wait()
            cluster.freeze("w1"); cluster.kill("w1"); cluster.wait()
            cluster.scale(4); cluster.scale(1)
            print(sum(cluster.client.gather(futures)))
    """)
    assert (ran.stdout, ran.stderr) == ("division by zero\n2470\n", "")


def test_settings_of_dask_are_as_before_afterwards():
    before = copy.deepcopy(dask.config.config)
    levels = [handler.level for handler in logging.getLogger("distributed").handlers]
    with Cluster(1):
        assert dask.config.config != before
    assert dask.config.config == before
    assert [handler.level for handler in logging.getLogger("distributed").handlers] == levels


def test_whoever_subscribes_hears_what_happens(cluster):
    heard: list[str] = []
    again = threading.Event()

    def listen(events: Any) -> None:
        heard.extend(event.kind for event in events)
        if "back" in heard:
            again.set()

    unsubscribe = cluster.subscribe(listen)
    cluster.kill("w2")
    assert again.wait(PATIENCE)
    assert heard[:2] == ["killed", "lost"]
    unsubscribe()
    unsubscribe()
    count = len(heard)
    cluster.kill("w2") if "w2" in cluster.pids else None
    cluster.wait(PATIENCE)
    assert len(heard) == count


def interrupt_after(delay: float, call: Any) -> bool:
    """Call it, and interrupt it after `delay` seconds as Ctrl-C would; whether it was interrupted."""
    try:
        signal.setitimer(signal.ITIMER_REAL, delay)
        call()
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        return True
    return False


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that interrupts the main thread")
class TestInterrupting:
    """Ctrl-C at any moment leaves the cluster working, or cleanly closed."""

    @pytest.fixture(autouse=True)
    def alarm(self):
        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGALRM, interrupt)
        yield
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    @pytest.mark.parametrize("delay", [0.002, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15])
    def test_a_start(self, delay):
        interrupt_after(delay, lambda: Cluster(3).close())
        eventually(lambda: not workers_of(psutil.Process()), "no worker to be left of the interrupted start")
        with Cluster(2) as cluster:
            assert cluster.client.submit(sum, [1, 2]).result(timeout=PATIENCE) == 3

    @pytest.mark.parametrize("delay", [0.001, 0.01, 0.03, 0.1])
    @pytest.mark.parametrize("what", ["gather", "wait", "scale", "slow"])
    def test_a_call(self, what, delay):
        with Cluster(2) as cluster:
            future = cluster.client.submit(time.sleep, 0.5, workers=["w1"])
            actions = {
                "gather": future.result,
                "wait": lambda: (cluster.kill("w0"), cluster.wait()),
                "scale": lambda: (cluster.scale(4), cluster.scale(2)),
                "slow": lambda: [cluster.slow("w0", factor) for factor in range(1, 200)],
            }
            interrupt_after(delay, actions[what])
            cluster.wait(PATIENCE)
            cluster.scale(3)
            cluster.wait(PATIENCE)
            assert cluster.names == ("w0", "w1", "w2")
            assert len(cluster.pids) == 3
            assert cluster.client.submit(sum, [1, 2]).result(timeout=PATIENCE) == 3
        assert not workers_of(psutil.Process())

    def test_a_close(self):
        cluster = Cluster(3)
        cluster.client.map(time.sleep, [60] * 3)
        pids = cluster.pids
        assert interrupt_after(0.05, cluster.close)
        assert cluster.closed
        eventually(lambda: not any(map(alive, pids.values())), "all workers to be gone")
        assert not Path(cluster.directory or "gone").exists()
