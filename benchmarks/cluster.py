"""How fast a cluster starts, breaks, recovers and ends, beside a bare `LocalCluster` in the same run.

Run alone: `python -m benchmarks.cluster`. Every start is measured in a fresh Python process, import included, since
that is what a learner waits for; peer and ours take turns, so that a busy moment of the machine meets both.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import psutil

REPETITIONS = 5

BARE = """
import json, time
began = time.perf_counter()
from distributed import Client, LocalCluster
def start():
    cluster = LocalCluster(n_workers=4, threads_per_worker=1)
    client = Client(cluster)
    client.wait_for_workers(4)
    return cluster, client
if __name__ == "__main__":
    cluster, client = start()
    first = time.perf_counter() - began
    client.close(); cluster.close()
    began = time.perf_counter()
    cluster, client = start()
    print(json.dumps([first, time.perf_counter() - began]))
    client.close(); cluster.close()
"""

OURS = """
import json, time
began = time.perf_counter()
from toolkit import Cluster
if __name__ == "__main__":
    cluster = Cluster(workers=4)
    first = time.perf_counter() - began
    cluster.close()
    began = time.perf_counter()
    cluster = Cluster(workers=4)
    print(json.dumps([first, time.perf_counter() - began]))
    cluster.close()
"""

ORPHANS = """
import psutil, time
from toolkit import Cluster
if __name__ == "__main__":
    cluster = Cluster(workers=4)
    cluster.freeze("w1")
    print(*[child.pid for child in psutil.Process().children(recursive=True)], flush=True)
    time.sleep(60)
"""


def _fresh(source: str) -> Any:
    """Run a script in a fresh process; its printed JSON."""
    return json.loads(subprocess.run([sys.executable, "-c", source], capture_output=True, check=True).stdout)


def _figure(name: str, ours: float, unit: str, target: float, peer: float | None = None) -> dict[str, Any]:
    """A row: with a peer the target is a ratio to it, else a value in `unit`."""
    ratio = None if peer is None else ours / peer
    value = ours if ratio is None else ratio
    return {
        "name": name,
        "ours": ours,
        "peer": peer,
        "unit": unit,
        "ratio": ratio,
        "target": f"at most {target:g}" + (" of the peer" if peer is not None else f" {unit}"),
        "met": value <= target,
    }


def start_up() -> list[dict[str, Any]]:
    """From the first import to four ready workers; and again in the same kernel."""
    runs = [(_fresh(BARE), _fresh(OURS)) for _ in range(REPETITIONS)]
    bare, ours = ([statistics.median(times) for times in zip(*side, strict=True)] for side in zip(*runs, strict=True))
    return [
        _figure("start 4 workers, fresh kernel", ours[0], "s", 0.5, bare[0]),
        _figure("start 4 workers, second time", ours[1], "s", 0.25, bare[1]),
    ]


def _worst_case_close() -> float:
    from toolkit import Cluster

    cluster = Cluster(workers=4)
    running = cluster.client.map(time.sleep, [60] * 4, pure=False)
    time.sleep(0.2)
    cluster.freeze("w1")
    began = time.perf_counter()
    cluster.close()
    took = time.perf_counter() - began
    assert not any(future.done() and future.status == "finished" for future in running)
    return took


def _until(condition: Callable[[], Any]) -> None:
    while not condition():
        time.sleep(0.005)


def faults() -> list[dict[str, Any]]:
    """A kill noticed and made good, a freeze noticed, a close with a task running and a worker frozen."""
    from toolkit import Cluster

    noticed: list[float] = []
    back: list[float] = []
    frozen: list[float] = []
    with Cluster(workers=4) as cluster:
        for _ in range(REPETITIONS):
            cluster.kill("w1")
            cluster.wait()
            killed, lost, again = (cluster.timeline.of(kind, "w1")[-1].at for kind in ("killed", "lost", "back"))
            noticed.append(lost - killed)
            back.append(again - killed)
        for _ in range(REPETITIONS):
            cluster.freeze("w2")
            _until(lambda: len(cluster.timeline.of("unresponsive", "w2")) > len(frozen))
            froze, seen = (cluster.timeline.of(kind, "w2")[-1].at for kind in ("frozen", "unresponsive"))
            frozen.append(seen - froze)
            cluster.thaw("w2")
            cluster.wait()
    closed = [_worst_case_close() for _ in range(REPETITIONS)]
    return [
        _figure("kill noticed", statistics.median(noticed), "s", 0.1),
        _figure("killed worker back", statistics.median(back), "s", 0.5),
        _figure("freeze noticed", statistics.median(frozen), "s", 2),
        _figure("close, tasks running and a worker frozen", statistics.median(closed), "s", 0.5),
    ]


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def orphans() -> list[dict[str, Any]]:
    """From `kill -9` of the kernel, with a worker frozen, until none of its processes is left."""
    times = []
    for _ in range(REPETITIONS):
        kernel = subprocess.Popen(
            [sys.executable, "-c", ORPHANS], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert kernel.stdout is not None
        pids = list(map(int, kernel.stdout.readline().split()))
        began = time.perf_counter()
        kernel.kill()
        kernel.communicate()
        while any(map(_alive, pids)):
            time.sleep(0.005)
        times.append(time.perf_counter() - began)
    return [_figure("kernel killed: nothing left after", statistics.median(times), "s", 5)]


def figures() -> list[dict[str, Any]]:
    """All figures of this module."""
    return [*start_up(), *faults(), *orphans()]


if __name__ == "__main__":
    for row in figures():
        peer = "" if row["peer"] is None else f"  LocalCluster {row['peer']:.3f} s, ratio {row['ratio']:.2f}"
        print(f"{row['name']:42} {row['ours']:.3f} {row['unit']}{peer}  ({row['target']}: {row['met']})")
