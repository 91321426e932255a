"""The early fork server, and that importing the package costs those nothing who need no cluster."""

import sys

import pytest

from tests.cluster.conftest import run_script
from toolkit.cluster import warmup


def test_the_package_is_light_until_a_cluster_is_wanted():
    ran = run_script("""
        import sys, toolkit, toolkit.cluster
        print([name for name in ("distributed", "dask", "numpy", "multiprocessing.forkserver") if name in sys.modules])
        toolkit.cluster.Snapshot
        print("distributed" in sys.modules)
    """)
    assert (ran.stdout, ran.stderr) == ("[]\nFalse\n", "")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems spawn")
def test_the_fork_server_starts_before_dask_is_imported():
    ran = run_script("""
        import builtins, sys
        from multiprocessing import forkserver
        seen = []
        original = forkserver.ForkServer.ensure_running
        def ensure_running(self):
            seen.append("distributed" in sys.modules)
            return original(self)
        forkserver.ensure_running.__self__.ensure_running = None
        forkserver.ensure_running = lambda: ensure_running(forkserver._forkserver)
        from toolkit import Cluster
        Cluster
        print(seen, forkserver._forkserver._forkserver_pid is not None)
    """)
    assert (ran.stdout, ran.stderr) == ("[False] True\n", "")


def test_the_method_is_never_fork():
    assert ("forkserver" if sys.platform == "linux" else "spawn") == warmup.METHOD


def test_a_worker_process_warms_nothing_up():
    ran = run_script("""
        import multiprocessing
        from toolkit import Cluster
        with Cluster(1) as cluster:
            def look():
                import toolkit.cluster.table
                from multiprocessing import forkserver
                return multiprocessing.current_process().name, forkserver._forkserver._forkserver_pid
            print(cluster.client.submit(look).result(timeout=30)[1])
    """)
    assert (ran.stdout, ran.stderr) == ("None\n", "")
