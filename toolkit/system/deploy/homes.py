"""The worker processes that a run lives in: who they are now, how to call them, how to wait for a new one."""

import asyncio
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from toolkit.system.deploy.remote import Remote

if TYPE_CHECKING:
    from toolkit.cluster import Cluster

BACK = 30.0
"""Seconds within which the process of a killed worker must be replaced."""


class Homes:
    """What a coordinator asks of a cluster. Its calls block, so they are made in other threads."""

    def __init__(self, cluster: "Cluster") -> None:
        self.cluster = cluster

    def names(self, remotes: Iterable[Remote]) -> dict[str, str]:
        """Address of the worker process -> name of the node. Raises RuntimeError for a worker without a process."""
        addresses = {worker.name: worker.address for worker in self.cluster.snapshot().workers}
        names = {}
        for remote in remotes:
            address = addresses.get(remote.worker)
            if not address:
                raise RuntimeError(f"worker {remote.worker!r}, the home of node {remote.name!r}, has gone")
            names[address] = remote.name
        return names

    async def call(
        self, function: Callable[..., Any], remotes: Iterable[Remote], *arguments: Any, timeout: float = BACK
    ) -> list[Any]:
        """Call a function of `resident` in the processes of these nodes, over Dask's own connections; its results.

        Raises TimeoutError that names the nodes if one does not answer, ImportError where this toolkit is missing.
        """
        from toolkit.cluster.attached import bounded

        names = self.names(remotes)
        client, what = self.cluster.client, f"{function.__name__} at {', '.join(names.values())}"
        try:
            answers: dict[str, Any] = await asyncio.to_thread(
                bounded, client, lambda: client.run(function, *arguments, workers=list(names)), what, timeout
            )
        except ModuleNotFoundError as error:
            raise ImportError(f"{error}, in a worker: install this toolkit and its dependencies there too") from error
        return list(answers.values())

    async def back(self, remote: Remote) -> None:
        """Wait until the node's worker has a process. Raises TimeoutError that names both."""
        deadline = perf_counter() + BACK
        while not self._present(remote):
            if perf_counter() > deadline:
                raise TimeoutError(f"worker {remote.worker!r}, the home of node {remote.name!r}, has not come back")
            await asyncio.sleep(0.005)

    def _present(self, remote: Remote) -> bool:
        states = self.cluster.snapshot().workers
        return any(worker.name == remote.worker and worker.status != "lost" and worker.pid for worker in states)

    def frozen(self, remote: Remote) -> bool:
        """Whether somebody has frozen the node's worker."""
        return any(worker.name == remote.worker and worker.frozen for worker in self.cluster.snapshot().workers)

    def own_address(self) -> str:
        """The address of this machine that the workers can reach: the one which we reach the scheduler from."""
        from distributed.comm.addressing import get_address_host
        from distributed.utils import get_ip

        scheduler = self.cluster.client.scheduler_info(n_workers=0)["address"]
        return str(get_ip(get_address_host(scheduler)))

    async def kill(self, remote: Remote) -> None:
        """Kill the process. Raises RuntimeError if there is none."""
        await asyncio.to_thread(self.cluster.kill, remote.worker)

    async def freeze(self, remote: Remote) -> None:
        """Suspend the process."""
        await asyncio.to_thread(self.cluster.freeze, remote.worker)

    async def thaw(self, remote: Remote) -> None:
        """Let the process go on."""
        await asyncio.to_thread(self.cluster.thaw, remote.worker)
