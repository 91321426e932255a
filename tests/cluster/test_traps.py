"""Each trap that would sink a lesson, with real processes. What plain Dask does is said in each docstring."""

import asyncio
import os
import subprocess
import sys
import textwrap
import time

import psutil
import pytest
from distributed import wait

from tests.cluster.conftest import PATIENCE, alive, eventually, run_script
from toolkit.cluster import Cluster, warmup
from toolkit.partitioning import HashRing

pytestmark = pytest.mark.cluster
posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")


@posix
def test_t1_interrupting_a_cell_leaves_all_workers_alive():
    """Jupyter's Interrupt sends SIGINT to the whole process group; plain Dask loses every worker for good."""
    script = """
        import os, signal, sys, time
        from toolkit import Cluster
        cluster = Cluster(3)
        before = cluster.pids
        cluster.kill("w2")                       # a worker that is just starting must not die of it either
        for _ in range(5):
            try:
                os.killpg(0, signal.SIGINT)
                time.sleep(0.05)
            except KeyboardInterrupt:
                pass
        cluster.wait()
        after = cluster.pids
        assert after["w0"] == before["w0"] and after["w1"] == before["w1"], (before, after)
        assert cluster.client.submit(sum, [1, 2]).result(timeout=10) == 3
        cluster.close()
        print("same pids")
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        start_new_session=True,
        check=False,
    )
    assert (ran.stdout, ran.stderr) == ("same pids\n", "")


@posix
@pytest.mark.slow
@pytest.mark.skipif(warmup.METHOD != "forkserver", reason="keeps a worker away by stopping the fork server")
def test_t2_a_worker_killed_again_after_15_seconds_comes_back(cluster):
    """15 s after a loss, plain Dask closes the nanny for ever if the name happens to be absent at that moment."""
    from multiprocessing import forkserver

    fork_server = psutil.Process(forkserver._forkserver._forkserver_pid)
    cluster.kill("w1")
    killed = time.monotonic()
    cluster.wait()
    time.sleep(killed + 14.5 - time.monotonic())
    fork_server.suspend()
    try:
        cluster.kill("w1")
        time.sleep(killed + 16 - time.monotonic())
        assert "w1" not in cluster.pids
    finally:
        fork_server.resume()
    cluster.wait(PATIENCE)
    assert "w1" in cluster.pids


def test_t3_scaling_down_recomputes_nothing(cluster):
    """Plain `LocalCluster.scale` passes names where addresses are expected, and recomputes half of all results."""
    futures = cluster.client.map(lambda x: -x, range(100), key="t3")
    wait(futures, timeout=PATIENCE)
    before = len(cluster.timeline)
    assert all(worker.stored for worker in cluster.snapshot().workers)
    cluster.scale(2)
    assert cluster.names == ("w0", "w1")
    assert cluster.client.gather(futures) == [-x for x in range(100)]
    since = [event.kind for event in cluster.timeline[before:]]
    assert since.count("retired") == 2
    assert "lost" not in since
    assert "result-lost" not in since
    assert "recomputed" not in since
    time.sleep(0.3)
    assert sum(event.detail["name"] == "t3" for event in cluster.timeline.of("task")) == 100


def test_t4_scaling_down_and_up_again_gives_the_number_asked_for(cluster):
    """After `client.retire_workers` alone, plain Dask counts dead workers and later starts too few."""
    for count in (2, 5, 3, 6, 4):
        cluster.scale(count)
        cluster.wait(PATIENCE)
        assert cluster.names == tuple(f"w{number}" for number in range(count))
        assert len(set(cluster.pids.values())) == count
        assert len(cluster.client.scheduler_info(n_workers=-1)["workers"]) == count


def test_t5_a_freeze_is_noticed_and_so_is_its_end(cluster):
    """Dask's own time-out for silent workers is minutes, and cannot be set below five seconds."""
    before = len(cluster.timeline.of("unresponsive", "w1"))
    lost = cluster.timeline.of("lost", "w1")
    cluster.freeze("w1")
    eventually(lambda: len(cluster.timeline.of("unresponsive", "w1")) > before, "the freeze to be noticed")
    assert {w.name: w.status for w in cluster.snapshot().workers}["w1"] == "unresponsive"
    cluster.thaw("w1")
    cluster.wait(PATIENCE)
    done, noticed = cluster.timeline.of("frozen", "w1")[-1], cluster.timeline.of("unresponsive", "w1")[-1]
    assert done.at < noticed.at < cluster.timeline.of("responsive", "w1")[-1].at
    assert cluster.timeline.of("lost", "w1") == lost


def test_t6_nothing_of_ours_hangs_on_a_frozen_worker():
    """`client.run`, `gather` and `retire_workers` of plain Dask wait for a frozen worker for ever."""
    with Cluster(3) as cluster:
        import pandas

        table = cluster.partition(pandas.DataFrame({"k": list("abcdefgh") * 9}), key="k", by=HashRing(cluster.names))
        cluster.freeze("w1")
        began = time.monotonic()
        assert cluster.snapshot().workers[1].frozen
        assert list(cluster.pids) == ["w0", "w1", "w2"]
        assert "w1 (frozen)" in repr(cluster)
        cluster.slow("w2", 2)
        with pytest.raises(RuntimeError, match=r"'w1' is frozen.*thaw"):
            cluster.slow("w1", 2)
        with pytest.raises(RuntimeError, match="w1 cannot hand over"):
            cluster.scale(2)
        cluster.scale(4)
        with pytest.raises(TimeoutError, match="w1 is frozen"):
            cluster.wait(0.2)
        with pytest.raises(TimeoutError, match="from w1"):
            table.measure(timeout=0.5)
        cluster.kill("w0")
        eventually(lambda: "w0" in cluster.pids, "the killed worker to come back")
        cluster.close()
        assert time.monotonic() - began < PATIENCE


def test_t7_only_free_ports_on_loopback_are_bound(cluster):
    """Plain Dask binds port 8787 even when told to have no dashboard."""
    ours = [psutil.Process(), *map(psutil.Process, cluster.pids.values())]
    listening = [
        connection.laddr
        for process in ours
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) > len(ours)
    assert {address.ip for address in listening} == {"127.0.0.1"}
    assert 8787 not in {address.port for address in listening}


def test_t8_running_the_cell_again_closes_the_old_cluster():
    """A plain cluster whose name is assigned again lives on: four workers become eight."""
    first = Cluster(2)
    pids = first.pids
    second = Cluster(2)
    try:
        assert first.closed
        assert not second.closed
        eventually(lambda: not any(map(alive, pids.values())), "the first cluster's workers to be gone")
    finally:
        second.close()


def test_t9_everything_works_under_a_running_event_loop():
    """In a notebook a loop is running in the main thread; there, awaiting an actor's answer never wakes up."""

    class Counter:
        def __init__(self) -> None:
            self.total = 0

        def add(self, amount: int) -> int:
            self.total += amount
            return self.total

    async def cell() -> None:
        with Cluster(2) as cluster:
            counter = cluster.client.submit(Counter, actor=True).result(timeout=PATIENCE)
            assert counter.add(2).result(timeout=PATIENCE) == 2
            cluster.kill("w0")
            cluster.wait(PATIENCE)
            cluster.scale(1)
            assert cluster.client.submit(sum, [1, 2]).result(timeout=PATIENCE) == 3

    asyncio.run(asyncio.wait_for(cell(), 2 * PATIENCE))


def test_t10_a_pinned_task_survives_the_death_of_its_worker(cluster):
    """Dask pins to the address of the moment; the new process has another one, and the task waits for ever."""
    address = {worker.name: worker.address for worker in cluster.snapshot().workers}["w1"]
    begun = cluster.client.submit(time.sleep, 0.5, workers=["w1"], pure=False)
    waiting = cluster.client.submit(os.getpid, workers=["w1"], pure=False)
    by_address = cluster.client.submit(os.getpid, workers=[address], pure=False)
    finished = cluster.client.submit(os.getpid, workers=["w2"], pure=False)
    wait([finished], timeout=PATIENCE)
    cluster.kill("w1")
    eventually(lambda: cluster.snapshot().workers[1].status in ("lost", "starting"), "the loss to be seen")
    meanwhile = cluster.client.submit(os.getpid, workers=["w1"], pure=False)
    assert begun.result(timeout=PATIENCE) is None
    assert {waiting.result(PATIENCE), by_address.result(PATIENCE), meanwhile.result(PATIENCE)} == {cluster.pids["w1"]}
    cluster.kill("w2")  # a result that is lost is computed again in its place
    cluster.wait(PATIENCE)
    assert finished.result(timeout=PATIENCE) == cluster.pids["w2"]


def test_t10_a_task_pinned_to_a_retired_worker_may_run_elsewhere(cluster):
    """A worker that left on purpose does not come back, so that a pin to it would be a wait for ever."""
    pinned = cluster.client.submit(os.getpid, workers=["w3"], pure=False)
    assert pinned.result(timeout=PATIENCE) == cluster.pids["w3"]
    cluster.scale(3)
    cluster.kill(next(w.name for w in cluster.snapshot().workers if w.stored))
    cluster.wait(PATIENCE)
    assert pinned.result(timeout=PATIENCE) in cluster.pids.values()


@posix
@pytest.mark.parametrize("attempt", range(3))
def test_t11_workers_are_never_forked_from_the_kernel(attempt):
    """A forked child keeps the kernel's pipes open: after `kill -9` of the kernel, workers of plain fork live on."""
    assert warmup.METHOD in ("forkserver", "spawn")
    script = """
        import os, signal
        from toolkit import Cluster
        cluster = Cluster(4)
        import psutil
        print(*[child.pid for child in psutil.Process().children(recursive=True)], flush=True)
        assert not {child.pid for child in psutil.Process().children()} & set(cluster.pids.values()) or os.name == "nt"
        os.kill(os.getpid(), signal.SIGKILL)
    """
    ran = run_script(script)
    pids = list(map(int, ran.stdout.split()))
    assert len(pids) >= 4
    eventually(lambda: not any(map(alive, pids)), "every process to end with the kernel", timeout=10)


def test_t12_functions_in_workers_get_the_worker_as_an_argument(cluster):
    """`get_worker()` fails inside `client.run`; `slow`, which runs something in the worker, must not rely on it."""
    cluster.slow("w1", 2)
    factors = cluster.client.run(lambda dask_worker: (dask_worker.name, getattr(dask_worker, "slowdown", 1)))
    assert dict(factors.values()) == {"w0": 1, "w1": 2, "w2": 1, "w3": 1}
