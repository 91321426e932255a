"""Attaching to a Dask cluster that others started: a scheduler and workers in processes of their own."""

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pandas
import psutil
import pytest
from distributed import Client

from tests.cluster.conftest import PATIENCE, alive, eventually
from toolkit.cluster import Cluster
from toolkit.cluster.warmup import METHOD
from toolkit.partitioning import HashRing

pytestmark = pytest.mark.cluster


def start(*command: str, directory: Path, log: str) -> subprocess.Popen[bytes]:
    """Start a Dask program the way an administrator would; its log goes to a file."""
    environment = {**os.environ, "DASK_DISTRIBUTED__WORKER__MULTIPROCESSING_METHOD": METHOD}
    with (directory / log).open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + command[0], *command[1:]],
            cwd=directory,
            env=environment,
            stdout=output,
            stderr=output,
        )


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler, workers alice and 7 with nannies, one nameless with a nanny, and bob without."""
    directory = tmp_path_factory.mktemp("outside")
    options = ("--host", "127.0.0.1", "--no-dashboard")
    scheduler = start("scheduler", *options, "--port", "0", directory=directory, log="scheduler")
    programs = [scheduler]
    try:
        found = eventually(
            lambda: re.search(r"Scheduler at:\s+(tcp://\S+)", (directory / "scheduler").read_text()), "the scheduler"
        )
        worker = ("worker", found[1], *options, "--nthreads", "1", "--local-directory", str(directory))
        for extra in (("--name", "alice"), ("--name", "7"), (), ("--name", "bob", "--no-nanny")):
            programs.append(start(*worker, *extra, directory=directory, log=f"worker{len(programs)}"))
        with Client(found[1], set_as_default=False) as client:
            client.wait_for_workers(4, timeout=60)
        yield found[1]
    finally:
        for program in programs:
            for process in psutil.Process(program.pid).children(recursive=True):
                process.kill()
            program.kill()
            program.wait(PATIENCE)


def test_the_workers_keep_their_own_names(address):
    with Cluster.attach(address) as cluster:
        assert {"7", "alice", "bob"} < set(cluster.names)
        assert len(cluster.names) == 4
        assert all(map(alive, cluster.pids.values()))
        assert {event.kind for event in cluster.timeline} == {"started"}
        cluster.client.submit(sum, [1, 2], workers=["alice"], pure=False).result(PATIENCE)
        eventually(lambda: cluster.timeline.of("task", "alice"), "the task to appear in the timeline")
        states = {worker.name: worker for worker in cluster.snapshot().workers}
        assert states["alice"].status == "running"
        assert states["alice"].memory > 0


def test_faults_are_refused_unless_allowed(address):
    with Cluster.attach(address) as cluster:
        for fault in (cluster.kill, cluster.freeze, lambda name: cluster.slow(name, 2)):
            with pytest.raises(PermissionError, match="allow_faults=True"):
                fault("alice")
        assert {event.kind for event in cluster.timeline} == {"started"}


def test_a_killed_worker_comes_back_under_its_name(address):
    with Cluster.attach(address, allow_faults=True) as cluster:
        nameless = next(name for name in cluster.names if name.startswith("tcp://"))
        for name in ("alice", nameless):
            before = cluster.pids[name]
            pinned = cluster.client.submit(os.getpid, workers=[name], pure=False)
            assert pinned.result(PATIENCE) == before
            cluster.kill(name)
            cluster.wait(PATIENCE)
            assert not alive(before)
            assert cluster.pids[name] != before
            assert pinned.result(PATIENCE) == cluster.pids[name]
            kinds = [event.kind for event in cluster.timeline.of(worker=name) if event.kind != "task"]
            assert kinds == ["started", "killed", "lost", "result-lost", "back", "recomputed"]


def test_freeze_thaw_and_slow_work_from_afar(address):
    with Cluster.attach(address, allow_faults=True) as cluster:
        cluster.freeze("7")
        eventually(lambda: cluster.timeline.of("unresponsive", "7"), "the freeze to be noticed")
        assert {w.name: w.frozen for w in cluster.snapshot().workers}["7"]
        cluster.thaw("7")
        cluster.wait(PATIENCE)
        cluster.slow("7", 3)
        began = time.monotonic()
        cluster.client.submit(time.sleep, 0.2, workers=["7"], pure=False).result(PATIENCE)
        assert time.monotonic() - began >= 0.6


def test_leaving_thaws_what_was_frozen(address):
    cluster = Cluster.attach(address, allow_faults=True)
    pid = cluster.pids["7"]
    cluster.freeze("7")
    eventually(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, "the process to stop")
    cluster.close()
    eventually(lambda: psutil.Process(pid).status() != psutil.STATUS_STOPPED, "the process to go on")


def test_a_worker_without_a_nanny_is_out_of_reach(address):
    with (
        Cluster.attach(address, allow_faults=True) as cluster,
        pytest.raises(RuntimeError, match=r"'bob' has no nanny"),
    ):
        cluster.kill("bob")


def test_it_cannot_be_scaled(address):
    with Cluster.attach(address, allow_faults=True) as cluster, pytest.raises(RuntimeError, match="cannot be scaled"):
        cluster.scale(2)


def test_closing_leaves_the_cluster_and_a_given_client_as_they_were(address):
    with Client(address, set_as_default=False) as client:
        with Cluster.attach(client) as cluster:
            pids = cluster.pids
            assert cluster.client is client
        assert client.status == "running"
        plugins = client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.plugins))
        assert not [name for name in plugins if name.startswith("toolkit")]
        assert all(map(alive, pids.values()))


def test_a_kernel_that_dies_leaves_no_feed_behind(address):
    script = f"import os; from toolkit import Cluster; c = Cluster.attach({address!r}); os._exit(1)"
    subprocess.run([sys.executable, "-c", script], timeout=PATIENCE, check=False)
    with Client(address, set_as_default=False) as client:
        plugins = "lambda dask_scheduler: [n for n in dask_scheduler.plugins if n.startswith('toolkit')]"
        eventually(lambda: not client.run_on_scheduler(eval(plugins)), "the feed to leave with its client")


def test_attaching_again_closes_the_first(address):
    first = Cluster.attach(address)
    with Cluster.attach(address) as second:
        assert first.closed
        assert not second.closed


def test_partitions_of_a_table_lie_in_attached_workers_and_survive_a_kill(address):
    with Cluster.attach(address, allow_faults=True) as cluster:
        frame = pandas.DataFrame({"k": [f"key{n}" for n in range(1000)], "v": range(1000)})
        table = cluster.partition(frame, key="k", by=HashRing(["7", "alice"]))
        before = table.measure()
        assert before["pid"].to_dict() == {name: cluster.pids[name] for name in ("7", "alice")}
        cluster.kill("alice")
        cluster.wait(PATIENCE)
        after = table.measure()
        assert after["rows"].to_dict() == before["rows"].to_dict()
        assert after.loc["alice", "pid"] != before.loc["alice", "pid"]


def test_an_address_where_nobody_listens_fails_in_time_and_is_named():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        began = time.monotonic()
        threads = set(threading.enumerate())
        with pytest.raises(ConnectionError, match=address):
            Cluster.attach(address, timeout=1)
        assert time.monotonic() - began < PATIENCE
        assert set(threading.enumerate()) <= threads


def test_a_port_where_something_else_listens_fails_in_time():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ConnectionError, match="no Dask scheduler answered"):
            Cluster.attach(f"tcp://127.0.0.1:{other.getsockname()[1]}", timeout=1)


@pytest.mark.parametrize("address", ["", "localhost", 8786, None])
def test_what_is_no_address_is_refused(address):
    with pytest.raises((TypeError, ConnectionError), match=re.escape(repr(address))):
        Cluster.attach(address, timeout=1)


def test_a_bad_time_out_is_refused():
    with pytest.raises(ValueError, match="timeout=0"):
        Cluster.attach("tcp://127.0.0.1:1", timeout=0)


def test_a_cluster_object_can_be_attached_to():
    with Cluster(2) as own, Cluster.attach(own._machines) as attached:
        assert attached.names == own.names
        assert attached.pids == own.pids
