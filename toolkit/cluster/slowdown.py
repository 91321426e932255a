"""Make one worker slow: every task on it takes `factor` times as long.

A task that has worked for t seconds is held back for (factor - 1) * t more before the worker reports it, so computing,
sleeping and waiting are stretched alike; the worker's one place stays taken meanwhile, and its heartbeats go on. From
outside that is what a throttled processor, a worn disk or a noisy neighbour looks like. (Suspending and resuming the
process in quick turns would stretch computing, but not sleeping, since a sleeper's clock runs on.)

The speed belongs to the process: when a worker is killed, the new process under its name runs at normal speed.
"""

from collections.abc import Callable
from typing import Any


def set_speed(factor: float) -> Callable[..., None]:
    """Return a function for `client.run` that makes a worker take `factor` times as long for each task.

    It is defined inside, so that it travels by value: an attached worker need not have this toolkit installed.
    """

    def install(dask_worker: Any) -> None:
        import asyncio
        from time import perf_counter, time

        if not hasattr(dask_worker, "slowdown"):
            at_normal_speed = dask_worker.execute

            async def execute(key: Any, *, stimulus_id: str) -> Any:
                began = perf_counter()
                outcome = await at_normal_speed(key, stimulus_id=stimulus_id)
                worked = perf_counter() - began
                while (left := began + worked * dask_worker.slowdown - perf_counter()) > 0:
                    await asyncio.sleep(min(left, 0.02))  # short naps: back to normal speed takes effect at once
                if hasattr(outcome, "stop"):
                    outcome.stop = max(outcome.stop, time() + dask_worker.scheduler_delay)
                return outcome

            dask_worker.execute = execute
        dask_worker.slowdown = factor

    return install
