"""The state of every worker at one moment, as the scheduler knows it: what the cluster panel draws."""

from dataclasses import dataclass


@dataclass(frozen=True)
class WorkerState:
    """One worker process.

    `status` is "running"; "unresponsive" (its heartbeats have stopped coming); "starting" (a new process under this
    name is on its way) or "lost" (the process is gone). `frozen` and `slowed` say what *we* did to it: a frozen
    process is suspended, a slowed one takes `slowed` times as long for each task (1.0 is normal speed).
    `cpu` is in percent of one core, `memory` and `memory_limit` in bytes, as of the last heartbeat (two a second).
    `executing`, `queued` and `stored` count tasks: running now, waiting there, and results kept.
    A worker that is not there has pid and address None and zeros elsewhere.
    """

    name: str
    pid: int | None
    status: str
    frozen: bool = False
    slowed: float = 1.0
    cpu: float = 0.0
    memory: int = 0
    memory_limit: int = 0
    executing: int = 0
    queued: int = 0
    stored: int = 0
    address: str | None = None


@dataclass(frozen=True)
class Snapshot:
    """All workers `at` seconds after the cluster began (the clock of its timeline)."""

    at: float
    workers: tuple[WorkerState, ...]
