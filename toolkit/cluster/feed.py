"""What the scheduler sees, told as events: workers come and go, results are lost and recomputed, tasks run.

A `Feed` is a plugin inside Dask's scheduler. On our own cluster the scheduler lives in this process and the feed hands
its events straight to the recorder; on an attached cluster the same feed runs in the remote scheduler and sends the
same events, plain dicts of text and numbers, through Dask's event log. It also

* detects workers that have stopped answering (`Detector`): Dask itself waits minutes before it says so;
* re-homes pinned tasks: `submit(..., workers=["w1"])` is pinned by Dask to the *address* that w1 has at that moment.
  When w1's process dies, the new one has another address and the task would wait for ever. The feed knows that both
  are w1 and moves the pin.

This module imports nothing of the toolkit: it travels to a remote scheduler as its source text.
It is called on every change of every task, so it does little: a task span is one dict, sent in batches.
"""

import functools
from collections.abc import Callable
from typing import Any

from distributed.diagnostics.plugin import SchedulerPlugin
from distributed.metrics import time
from tornado.ioloop import PeriodicCallback

TICK = 0.1
"""Seconds between two looks of the detector, and between two batches of task spans."""


class Detector:
    """Suspects a worker whose last heartbeat is older than `PATIENCE` heartbeat intervals (a time-out detector).

    A worker sends a heartbeat every 0.5 s (up to ten workers), so a frozen one is suspected after 1.0 to 1.6 s. If the
    scheduler's own loop was held up it has not read the heartbeats either: then it judges nobody until it has had the
    time to catch up.
    """

    PATIENCE = 3.0

    def __init__(self) -> None:
        self.suspects: set[str] = set()
        self._looked = time()
        self._not_before = 0.0

    def look(self, last_seen: dict[str, float], interval: float) -> list[tuple[str, str]]:
        """Compare with the times of the last heartbeats (Unix time, by address); return (kind, address) of changes."""
        now = time()
        if now - self._looked > 5 * TICK:
            self._not_before = now + interval
        self._looked = now
        if now < self._not_before:
            return []
        silent = {address for address, seen in last_seen.items() if now - seen > self.PATIENCE * interval}
        changes = [("unresponsive", address) for address in sorted(silent - self.suspects)]
        changes += [("responsive", address) for address in sorted((self.suspects - silent) & set(last_seen))]
        self.suspects = silent
        return changes


class Feed(SchedulerPlugin):
    """Watches a scheduler; calls `publish` with lists of event dicts (`at`, `kind`, `worker`, and details).

    With `publish=None` it runs in a remote scheduler: it logs the events, and every other tick the workers' states,
    under `topic`, and leaves when the client that installed it has gone.
    """

    def __init__(self, topic: str, publish: Callable[[list[dict[str, Any]]], None] | None, client: str = "") -> None:
        self.name = topic
        self.topic = topic
        self.client = client
        self.publish = publish
        self.detector = Detector()
        self.names: dict[str, str] = {}  # address -> name, of live workers
        self.expected: dict[str, str] = {}  # home -> name, of workers that are here or will be back
        self.left: dict[str, set[str]] = {}  # name -> addresses that its former processes had
        self.missing: set[Any] = set()  # keys of results that were lost and not yet recomputed
        self.spans: list[dict[str, Any]] = []
        self.ticks = 0
        self.joining = "started"  # what to call a worker's first appearance; "added" once the cluster is up

    # -- coming and going

    async def start(self, scheduler: Any) -> None:
        """Called by Dask when the plugin is installed."""
        self.scheduler = scheduler
        if self.publish is None:
            self.publish = functools.partial(scheduler.log_event, self.topic)
        for address in list(scheduler.workers):
            self._enter(address)
        if self.names:  # a cluster that is up already
            self.joining = "added"
        self._clock = PeriodicCallback(self._tick, TICK * 1000)
        self._clock.start()

    async def close(self) -> None:
        """Called by Dask when the scheduler closes."""
        self.stop()

    def stop(self) -> None:
        """Stop ticking, after sending what has gathered."""
        self._clock.stop()
        self._send_spans()
        for address, name in self.names.items():
            if name != self.scheduler.workers[address].name:
                self.scheduler.aliases.pop(name, None)

    def remove_client(self, scheduler: Any, client: str) -> None:
        """Leave a remote scheduler together with the client that installed this feed."""
        if client == self.client:
            scheduler.plugins.pop(self.name, None)
            self.stop()

    def _tell(self, kind: str, worker: str | None, **detail: Any) -> None:
        self._send_spans()  # first what happened before
        self.publish([{"at": time(), "kind": kind, "worker": worker, **detail}])  # type: ignore[misc]

    def _send_spans(self) -> None:
        if self.spans:
            spans, self.spans = self.spans, []
            self.publish(spans)  # type: ignore[misc]

    # -- workers

    def _enter(self, address: str) -> tuple[str, bool]:
        """Note a live worker; return its name and whether a process of that name was here before."""
        worker = self.scheduler.workers[address]
        home = worker.nanny or address  # the nanny outlives the worker process, and a worker may be named by address
        name = self.expected.get(home, str(worker.name))
        known = name in self.left
        self.expected[home] = self.names[address] = name
        self.scheduler.aliases.setdefault(name, address)  # so that `workers=["7"]` also finds the worker numbered 7
        return name, known

    def _leave(self, address: str) -> str | None:
        """Forget a live worker; return its name."""
        name = self.names.pop(address, None)
        if name is not None and self.scheduler.aliases.get(name) == address:
            del self.scheduler.aliases[name]
        return name

    def add_worker(self, scheduler: Any, worker: str) -> None:
        """A worker process has joined: move pinned tasks to it before Dask looks for tasks that it could run."""
        name, known = self._enter(worker)
        self._move_pins(name, worker)
        self._tell("back" if known else self.joining, name, pid=scheduler.workers[worker].pid, address=worker)

    def log_event(self, topic: str, msg: Any) -> None:
        """A worker is about to be removed: Dask says so here first, with the results that go with it."""
        if topic != "all" or msg.get("action") != "remove-worker":
            return
        address = msg["worker"]
        name = self._leave(address)
        if name is None:
            return
        if msg.get("expected"):
            self._retire(name, address)
            return
        self.left.setdefault(name, set()).add(address)
        self._tell("lost", name, address=address)
        for key in sorted(msg["lost-computed-tasks"], key=str):
            self.missing.add(key)
            self._tell("result-lost", name, key=str(key), recoverable=True)
        for key in sorted(msg["lost-scattered-tasks"], key=str):
            self._tell("result-lost", name, key=str(key), recoverable=False)

    def _retire(self, name: str, address: str) -> None:
        """A worker left on purpose. A task pinned to it alone may run anywhere: better than waiting for ever."""
        self.expected = {home: other for home, other in self.expected.items() if other != name}
        gone = self.left.pop(name, set()) | {address}
        for task in self.scheduler.tasks.values():
            if task.worker_restrictions and task.worker_restrictions <= gone:
                task.loose_restrictions = True
        self._tell("retired", name, address=address)

    def _move_pins(self, name: str, address: str) -> None:
        """Pin to `address` the tasks that are pinned to a former process of `name`, or to the bare name."""
        former = self.left.get(name, set())
        for task in self.scheduler.tasks.values():
            if task.worker_restrictions and task.worker_restrictions & former:
                task.worker_restrictions = (task.worker_restrictions - former) | {address}
            if task.host_restrictions and name in task.host_restrictions:  # submitted while nobody had that name
                task.host_restrictions = (task.host_restrictions - {name}) or None
                task.worker_restrictions = (task.worker_restrictions or set()) | {address}
        if former:
            self.left[name] = set()

    # -- tasks

    def transition(self, key: Any, start: str, finish: str, *args: Any, **kwargs: Any) -> None:
        """A task has changed its state: keep what the timeline shows."""
        if start == "processing" and finish in ("memory", "erred"):
            self._span(key, kwargs.get("worker"), kwargs.get("startstops") or (), ok=finish == "memory")
        if key in self.missing:
            if finish == "memory":
                self.missing.discard(key)
                self._tell("recomputed", self.names.get(kwargs.get("worker", "")), key=str(key))
            elif finish in ("forgotten", "erred"):
                self.missing.discard(key)

    def _span(self, key: Any, worker: str | None, startstops: Any, ok: bool) -> None:
        computed = [times for times in startstops if times["action"] == "compute"]
        if not computed or worker not in self.names:
            return
        start, stop = computed[-1]["start"], computed[-1]["stop"]  # before it: earlier times it was computed there
        prefix = self.scheduler.tasks[key].prefix.name
        span = {"at": stop, "kind": "task", "worker": self.names[worker], "key": str(key), "name": prefix}
        self.spans.append({**span, "start": start, "stop": stop, "ok": ok})

    # -- the clock

    def _tick(self) -> None:
        from distributed.scheduler import heartbeat_interval

        workers = self.scheduler.workers
        seen = {address: worker.last_seen for address, worker in workers.items()}
        for kind, address in self.detector.look(seen, heartbeat_interval(len(workers))):
            if address in self.names:
                self._tell(kind, self.names[address])
        self._send_spans()
        self.ticks += 1
        if self.client and self.ticks % 2 == 0:
            self.scheduler.log_event(f"{self.topic}-states", self.states())

    def states(self) -> list[dict[str, Any]]:
        """One dict per live worker, fit for `WorkerState`. Cheap, and safe to call from any thread."""
        return [self._state(name, self.scheduler.workers.get(address)) for address, name in list(self.names.items())]

    def _state(self, name: str, worker: Any) -> dict[str, Any]:
        if worker is None:
            return {"name": name, "pid": None, "status": "lost"}
        busy = len(worker.processing)
        return {
            "name": name,
            "pid": worker.pid,
            "status": "unresponsive" if worker.address in self.detector.suspects else "running",
            "cpu": float(worker.metrics.get("cpu", 0.0)),
            "memory": int(worker.metrics.get("memory", 0)),
            "memory_limit": int(worker.memory_limit or 0),
            "executing": min(busy, worker.nthreads),
            "queued": max(0, busy - worker.nthreads),
            "stored": len(worker.has_what),
            "address": worker.address,
            "nanny": worker.nanny,
        }
