"""A kernel that is killed leaves no process, no port and no file: also when it could not clean up itself."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from tests.cluster.conftest import alive, eventually

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(os.name == "nt", reason="kills with SIGKILL"),
]


@pytest.mark.parametrize(
    "misfortune",
    ["", "cluster.freeze('w1')", "cluster.freeze('w0'); cluster.freeze('w1'); cluster.freeze('w2')"],
    ids=["working", "one frozen", "all frozen"],
)
def test_killing_the_kernel_leaves_nothing(misfortune: str, tmp_path: Path) -> None:
    script = f"""
        import os, signal, sys, time
        from toolkit import Cluster
        if __name__ == "__main__":
            cluster = Cluster(3)
            cluster.kill("w2")                     # so that one pid is not the one it began with
            cluster.wait()
            futures = cluster.client.map(lambda n: time.sleep(60), range(9))
            {misfortune}
            import psutil
            me = psutil.Process()
            everybody = [me, *me.children(recursive=True)]
            ports = [c.laddr.port for p in everybody for c in p.net_connections("tcp") if c.status == "LISTEN"]
            print(*[p.pid for p in everybody])
            import gc, multiprocessing.synchronize
            locks = [o for o in gc.get_objects() if isinstance(o, multiprocessing.synchronize.SemLock)]
            print(*["/dev/shm/sem." + lock._semlock.name.strip("/") for lock in locks])
            print(*ports, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        check=False,
    )
    assert ran.returncode == -signal.SIGKILL
    processes, semaphores, listening = (line.split() for line in ran.stdout.splitlines())
    pids, ports = [int(pid) for pid in processes], [int(port) for port in listening]
    assert len(pids) >= 6
    assert len(ports) >= 3
    eventually(lambda: not [pid for pid in pids if alive(pid)], "all processes to be gone", timeout=15)
    eventually(lambda: not list(tmp_path.iterdir()), "all files to be gone", timeout=15)
    assert semaphores or sys.platform != "linux"
    eventually(
        lambda: not [name for name in semaphores if os.path.exists(name)], "all semaphores to be gone", timeout=15
    )
    assert not {c.laddr.port for c in psutil.net_connections("tcp") if c.status == "LISTEN" and c.laddr} & set(ports)


@pytest.mark.parametrize("ending", ["cluster.close()", "pass", "raise SystemExit(3)", "1 / 0", "del cluster"])
def test_every_way_of_ending_leaves_nothing(ending: str, tmp_path: Path) -> None:
    script = f"""
        from toolkit import Cluster
        import psutil
        cluster = Cluster(2)
        cluster.freeze("w1")
        print(*[p.pid for p in psutil.Process().children(recursive=True)], flush=True)
        {ending}
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        check=False,
    )
    pids = list(map(int, ran.stdout.split()))
    assert len(pids) >= 3, ran.stderr
    if "1 / 0" in ending:
        assert ran.stderr.count("Traceback") == 1
        assert "ZeroDivisionError" in ran.stderr
    else:
        assert ran.stderr == ""
    eventually(lambda: not [pid for pid in pids if alive(pid)], "all processes to be gone", timeout=15)
    eventually(lambda: not list(tmp_path.iterdir()), "all files to be gone", timeout=15)
