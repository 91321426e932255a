"""Killing, freezing and slowing real processes: what happens, what is refused, what the timeline says."""

import os
import time

import psutil
import pytest
from distributed import KilledWorker

from tests.cluster.conftest import PATIENCE, alive, eventually
from toolkit.cluster import Cluster, warmup

pytestmark = pytest.mark.cluster


def kinds(cluster, worker):
    return [event.kind for event in cluster.timeline.of(worker=worker) if event.kind != "task"]


def test_a_killed_process_is_gone_and_a_new_one_comes(cluster):
    pids = cluster.pids
    cluster.kill("w1")
    assert "w1" not in cluster.pids
    cluster.wait(PATIENCE)
    eventually(lambda: not alive(pids["w1"]), "the process to be gone")
    after = cluster.pids
    assert after["w1"] != pids["w1"]
    assert {name: after[name] for name in ("w0", "w2", "w3")} == {name: pids[name] for name in ("w0", "w2", "w3")}
    assert kinds(cluster, "w1") == ["started", "killed", "lost", "back"]
    killed, lost, back = cluster.timeline.of(worker="w1")[1:]
    assert killed.at < lost.at < back.at
    assert (killed.detail["pid"], back.detail["pid"]) == (pids["w1"], after["w1"])


def test_lost_results_are_computed_again_and_the_timeline_says_so(cluster):
    futures = cluster.client.map(lambda n: n * 10, range(40), key="ten")
    assert sum(cluster.client.gather(futures)) == 7800
    cluster.kill("w2")
    assert sum(cluster.client.gather(futures)) == 7800
    cluster.wait(PATIENCE)
    lost = {event.detail["key"] for event in cluster.timeline.of("result-lost", "w2")}
    assert lost
    eventually(
        lambda: {event.detail["key"] for event in cluster.timeline.of("recomputed")} == lost, "all to be recomputed"
    )


def test_a_task_computed_twice_by_one_process_has_two_spans(cluster):
    first = cluster.client.submit(lambda: 1, key="first", workers=["w0"])
    second = cluster.client.submit(lambda one: one + 1, first, key="second", workers=["w3"])
    assert second.result(PATIENCE) == 2
    del first  # w0 forgets the value, and has to compute it again when w3 takes the answer with it
    cluster.kill("w3")
    cluster.wait(PATIENCE)
    assert second.result(PATIENCE) == 2

    def spans():
        return [event.detail for event in cluster.timeline.of("task", "w0") if event.detail["key"] == "first"]

    eventually(lambda: len(spans()) == 2, "both computations to be in the timeline")
    before, again = spans()
    assert before["stop"] <= again["start"]


def test_scattered_data_cannot_be_recomputed_and_the_timeline_says_so(cluster):
    (future,) = cluster.client.scatter(["precious"], workers=["w0"], hash=False)
    assert future.status == "finished"
    cluster.kill("w0")
    cluster.wait(PATIENCE)
    (lost,) = cluster.timeline.of("result-lost", "w0")
    assert lost.detail["recoverable"] is False


def test_killing_round_after_round(cluster):
    for _ in range(5):
        for name in cluster.names:
            cluster.kill(name)
        cluster.wait(PATIENCE)
    assert len(cluster.pids) == 4
    assert cluster.client.submit(sum, [1, 2]).result(PATIENCE) == 3


def test_a_task_that_keeps_killing_its_worker_is_given_up():
    with Cluster(2, allowed_failures=1) as cluster:
        future = cluster.client.submit(lambda: os._exit(1))
        with pytest.raises(KilledWorker):
            future.result(timeout=PATIENCE)
        cluster.wait(PATIENCE)
        assert len(cluster.timeline.of("lost")) == 2


def test_a_frozen_process_does_nothing_until_it_is_thawed(cluster):
    pid = cluster.pids["w3"]
    cluster.freeze("w3")
    eventually(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, "the process to stop")
    future = cluster.client.submit(os.getpid, workers=["w3"], pure=False)
    time.sleep(0.3)
    assert not future.done()
    cluster.freeze("w3")  # frozen already: nothing happens
    cluster.thaw("w3")
    assert future.result(PATIENCE) == pid
    cluster.thaw("w3")  # not frozen: nothing happens
    assert [kind for kind in kinds(cluster, "w3") if "respons" not in kind] == ["started", "frozen", "thawed"]


def test_a_frozen_process_can_be_killed(cluster):
    cluster.freeze("w3")
    assert cluster.snapshot().workers[3].frozen
    cluster.kill("w3")
    cluster.wait(PATIENCE)
    assert not cluster.snapshot().workers[3].frozen
    assert cluster.client.submit(os.getpid, workers=["w3"], pure=False).result(PATIENCE) == cluster.pids["w3"]


def spin(seconds: float) -> None:
    """Compute until this thread has had that much processor time."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


@pytest.mark.parametrize("work", [time.sleep, spin], ids=["waiting", "computing"])
def test_a_slow_worker_takes_a_multiple_of_the_time(cluster, work):
    def took(name: str) -> float:
        future = cluster.client.submit(work, 0.2, workers=[name], pure=False)
        future.result(PATIENCE)
        span = eventually(
            lambda: [e for e in cluster.timeline.of("task", name) if e.detail["key"] == future.key], "its span"
        )[0]
        return span.detail["stop"] - span.detail["start"]

    cluster.slow("w1", 4)
    assert cluster.snapshot().workers[1].slowed == 4
    assert took("w1") >= 0.8
    cluster.slow("w1", 1)
    normal = took("w1")
    cluster.slow("w1", 4)
    assert took("w1") > 1.5 * normal
    assert not cluster.timeline.of("unresponsive")


def test_a_new_process_runs_at_normal_speed(cluster):
    cluster.slow("w1", 50)
    cluster.kill("w1")
    cluster.wait(PATIENCE)
    assert cluster.snapshot().workers[1].slowed == 1
    began = time.monotonic()
    cluster.client.submit(time.sleep, 0.1, workers=["w1"], pure=False).result(PATIENCE)
    assert time.monotonic() - began < 5


def test_normal_speed_again_also_frees_the_task_that_is_held_back(cluster):
    cluster.slow("w1", 1000)
    future = cluster.client.submit(time.sleep, 0.3, workers=["w1"], pure=False)
    time.sleep(0.6)
    assert not future.done()
    cluster.slow("w1", 1)
    future.result(PATIENCE)


@pytest.mark.parametrize("factor", [0, 0.5, -1, 1001, "2", True, None, float("nan")])
def test_a_factor_that_makes_no_sense_is_refused(cluster, factor):
    with pytest.raises(ValueError, match=f"factor={factor!r} must be a number from 1"):
        cluster.slow("w1", factor)


@pytest.mark.parametrize("name", ["w9", "", 1, None])
@pytest.mark.parametrize("fault", ["kill", "freeze", "thaw"])
def test_an_unknown_name_is_refused_with_those_that_exist(cluster, fault, name):
    with pytest.raises(ValueError, match=rf"name={name!r} is not a worker .*: use one of w0, w1, w2, w3"):
        getattr(cluster, fault)(name)


@pytest.mark.skipif(warmup.METHOD != "forkserver", reason="keeps a worker away by stopping the fork server")
def test_a_worker_that_is_away_cannot_be_killed_again(cluster):
    from multiprocessing import forkserver

    fork_server = psutil.Process(forkserver._forkserver._forkserver_pid)
    fork_server.suspend()
    try:
        cluster.kill("w1")
        for fault in (cluster.kill, cluster.freeze, cluster.thaw):
            with pytest.raises(RuntimeError, match=r"'w1' has no process just now.*wait\(\)"):
                fault("w1")
        assert cluster.snapshot().workers[1].status in ("lost", "starting")
        with pytest.raises(TimeoutError, match=r"w1 is (lost|starting)"):
            cluster.wait(0.1)
    finally:
        fork_server.resume()
    cluster.wait(PATIENCE)


@pytest.mark.parametrize("count", [0, -1, 65])
def test_scaling_out_of_range_is_refused(cluster, count):
    with pytest.raises(ValueError, match=f"workers={count} must be from 1 to 64"):
        cluster.scale(count)


def test_names_stay_when_workers_come_and_go(cluster):
    pids = cluster.pids
    cluster.scale(2)
    assert cluster.pids == {name: pids[name] for name in ("w0", "w1")}
    cluster.scale(3)
    assert cluster.names == ("w0", "w1", "w2")
    assert cluster.pids["w2"] != pids["w2"]
    assert kinds(cluster, "w2") == ["started", "retired", "added"]
