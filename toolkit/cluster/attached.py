"""The machines of somebody else's cluster: any running Dask cluster, reached through its scheduler.

SSH, job queues, Kubernetes, Gateway, or `dask scheduler` and `dask worker` started by hand: all have a scheduler, and
workers that are looked after by a *nanny* process. The feed is sent into the scheduler and removed afterwards; faults
go through the nannies, and touch only the process that the nanny owns. Workers need not have this toolkit installed.
"""

import asyncio
import inspect
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from distributed import Client, Security
from distributed.comm.core import connect as connect_comm

from toolkit.cluster import feed as feed_module
from toolkit.cluster.timeline import natural

CALL = 10.0
"""Seconds that one call to a remote scheduler or nanny may take."""


def bounded(client: Client, call: Callable[[], Any], doing: str, timeout: float = CALL) -> Any:
    """Await `call()` on the client's loop for at most `timeout` seconds; TimeoutError says what was being done."""

    async def wait() -> Any:
        return await asyncio.wait_for(call(), timeout)

    try:
        return client.sync(wait)
    except TimeoutError:
        raise TimeoutError(f"{doing}: no answer within {timeout:g} s") from None


def connect(target: Any, timeout: float) -> tuple[Client, bool]:
    """Return a client for an address, a Client or a Dask cluster object, and whether we opened it.

    Raises ConnectionError that names the address if nobody answers there in time, TypeError for anything else.
    """
    if isinstance(target, Client):
        if target.asynchronous:
            raise TypeError("address_or_client is an asynchronous Client: give a synchronous one, or its address")
        if target.status != "running":
            raise ConnectionError(f"the given client is {target.status!r}: give one that is connected")
        return target, False
    address = target if isinstance(target, str) else getattr(target, "scheduler_address", None)
    if not isinstance(address, str) or not address:
        raise TypeError(f"cannot attach to {target!r}: give a scheduler's address, a Dask Client or a Dask cluster")
    try:
        with ThreadPoolExecutor(1) as elsewhere:  # in a notebook, this thread's loop is taken
            elsewhere.submit(asyncio.run, asyncio.wait_for(_knock(address, timeout), timeout)).result()
        return Client(target, timeout=timeout), True
    except (OSError, TimeoutError, ValueError) as error:
        raise ConnectionError(
            f"no Dask scheduler answered at {address!r} within {timeout:g} s ({type(error).__name__}: {error}); "
            "is it running, and is the address the one that it printed?"
        ) from None


async def _knock(address: str, timeout: float) -> None:
    """Connect and hang up. A Dask client that could not connect leaves a thread and settings behind, so ask first."""
    comm = await connect_comm(address, timeout=timeout, **Security().get_connection_args("client"))
    await comm.close()


class AttachedMachines:
    """Reads and, if allowed, breaks a running cluster. `publish` receives the feed's events."""

    def __init__(
        self, client: Client, opened: bool, allow_faults: bool, publish: Callable[[list[dict[str, Any]]], None]
    ) -> None:
        self.client = client
        self._opened = opened
        self._allow_faults = allow_faults
        self._publish = publish
        self._states: dict[str, dict[str, Any]] = {}
        self._topic = f"toolkit-{uuid.uuid4().hex}"
        try:
            self._install()
        except BaseException:
            self.end()
            raise

    def _install(self) -> None:
        topic, client_id = self._topic, self.client.id
        source = inspect.getsource(feed_module)  # travels as text: that scheduler need not have this toolkit installed

        async def install(dask_scheduler: Any) -> Any:
            module: dict[str, Any] = {"__name__": "toolkit_feed"}
            exec(source, module)
            feed = module["Feed"](topic, None, client_id)
            await dask_scheduler.register_scheduler_plugin(feed, name=topic, idempotent=True)
            return feed.states()

        self.client.subscribe_topic(topic, lambda event: self._publish(event[1]))
        self.client.subscribe_topic(f"{topic}-states", lambda event: self._note(event[1]))
        self._note(bounded(self.client, lambda: self.client.run_on_scheduler(install), "installing the feed"))

    def _note(self, states: list[dict[str, Any]]) -> None:
        """Keep the newest states; a worker that is missing from them is lost until it is back or has retired."""
        live = {state["name"]: state for state in states}
        for name in self._states.keys() - live.keys():
            live[name] = {"name": name, "pid": None, "status": "lost"}
        self._states = live

    def forget(self, name: str) -> None:
        """The worker has retired."""
        self._states = {other: state for other, state in self._states.items() if other != name}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the workers, as that cluster calls them."""
        return tuple(sorted(self._states, key=natural))

    @property
    def dashboard_link(self) -> str:
        """Where that cluster says that its dashboard is; empty if it has none."""
        return str(self.client.dashboard_link or "")

    @property
    def directory(self) -> None:
        """There is no directory that all workers are known to share."""
        return

    def states(self) -> list[dict[str, Any]]:
        """One dict per worker, at most 0.3 s old; never waits."""
        return [self._states[name] for name in self.names]

    # -- faults: through the nanny

    def kill(self, state: dict[str, Any]) -> None:
        """Have the worker's nanny kill the process that it looks after."""
        self._act(state, "kill")

    def suspend(self, state: dict[str, Any]) -> None:
        """Have the nanny suspend the process."""
        self._act(state, "suspend")

    def resume(self, state: dict[str, Any]) -> None:
        """Have the nanny resume the process."""
        self._act(state, "resume")

    def _act(self, state: dict[str, Any], action: str) -> None:
        self.require_faults()
        if not state.get("nanny"):
            raise RuntimeError(f"worker {state['name']!r} has no nanny (--no-nanny), so its process is out of reach")

        def act(dask_worker: Any) -> None:  # the nanny, here
            import psutil

            getattr(psutil.Process(dask_worker.pid), action)()

        where = [state["address"]]
        doing = f"{action} of worker {state['name']!r}"
        bounded(self.client, lambda: self.client.run(act, workers=where, nanny=True), doing)

    def require_faults(self) -> None:
        """Raise PermissionError unless faults were allowed when attaching."""
        if not self._allow_faults:
            raise PermissionError(
                "this cluster may be somebody's: faults are refused unless you attach with Cluster.attach(..., "
                "allow_faults=True)"
            )

    # -- size

    def grow(self, count: int) -> None:
        """Refused: only whoever started a cluster can give it more processes."""
        raise RuntimeError("an attached cluster cannot be scaled from here: ask whatever started its workers")

    def shrink(self, names: list[str]) -> None:
        """Refused, as `grow` is."""
        self.grow(0)

    # -- the end

    def end(self) -> None:
        """Take the feed out of the scheduler; close the client if we opened it. The cluster runs on."""
        try:
            if self.client.status == "running":
                for topic in (self._topic, f"{self._topic}-states"):
                    self.client.unsubscribe_topic(topic)
                bounded(self.client, self._uninstall, "removing the feed", timeout=2)
        except (TimeoutError, OSError):
            return  # the scheduler has gone, and the feed with it
        finally:
            if self._opened:
                self.client.close(timeout=2)

    def _uninstall(self) -> Any:
        topic = self._topic

        def uninstall(dask_scheduler: Any) -> None:
            feed = dask_scheduler.plugins.pop(topic, None)
            if feed is not None:
                feed.stop()

        return self.client.run_on_scheduler(uninstall)
