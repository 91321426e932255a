"""Notice a node whose handler does not return, name the line, and end it: the others must not wait for it for ever.

A node's thread that is stuck in its handler cannot answer. But its process can: Dask's thread there looks at the stuck
thread's stack. The handler is then interrupted at its own line, which is enough for a loop of Python; what waits
somewhere deeper is ended together with its process.
"""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Any

from toolkit.system.deploy import resident
from toolkit.system.deploy.gather import read
from toolkit.system.deploy.homes import Homes
from toolkit.system.deploy.remote import Remote

BEAT = 0.25
"""Seconds between two looks at whether the nodes answer."""
LOOK = 5.0
"""Seconds that a process gets to tell what its node is doing."""
UNKNOWN: dict[str, Any] = {"handler": "a handler", "place": (None, None, None), "unwritten": b""}


class Watch:
    """Over the nodes of one run. `crashed(remote, why, *event)` is called for one that had to be ended by force."""

    def __init__(
        self, run: str, homes: Homes, remotes: list[Remote], limit: float, crashed: Callable[..., None]
    ) -> None:
        self.run, self.homes, self.remotes, self.limit, self._crashed = run, homes, remotes, limit, crashed

    async def keep(self) -> None:
        """Ask every node now and then, and look at those that do not answer; for ever."""
        while True:
            await asyncio.sleep(BEAT)
            for remote in self.remotes:
                if remote.status == "up":
                    remote.tell("clock")
                    if perf_counter() - remote.answered > self.limit:
                        await self._look_at(remote)

    async def last_look(self) -> None:
        """At the end of a run: wait for handlers that are still running, and end those that run for too long."""
        asked = perf_counter()
        silent = [remote for remote in self.remotes if remote.status == "up"]
        for remote in silent:
            remote.tell("clock")
        while silent and perf_counter() - asked < self.limit:
            await asyncio.sleep(0.002)
            silent = [remote for remote in silent if remote.status == "up" and remote.answered < asked]
        for remote in silent:
            await self._look_at(remote)

    async def _look_at(self, remote: Remote) -> None:
        """A node is silent: if that is because its handler has run for too long, end it."""
        if self.homes.frozen(remote):
            remote.answered = perf_counter()
            return
        try:
            busy = (await self.homes.call(resident.doing, [remote], self.run, timeout=LOOK))[0]
        except TimeoutError:  # not even Dask's thread gets a turn there
            busy = {**UNKNOWN, "seconds": perf_counter() - remote.answered}
        if busy is not None and busy["seconds"] >= self.limit and remote.status == "up":
            if busy["place"][0] is not None:
                await self._interrupt(remote)
            if remote.status == "up":
                await self._end_by_force(remote, busy)

    async def _interrupt(self, remote: Remote) -> None:
        await self.homes.call(resident.interrupt, [remote], self.run, timeout=LOOK)
        deadline = perf_counter() + 1.0
        while remote.status == "up" and perf_counter() < deadline:
            await asyncio.sleep(0.01)

    async def _end_by_force(self, remote: Remote, busy: dict[str, Any]) -> None:
        remote.status = "down"
        remote.lane.lives.setdefault(remote.life, []).extend(read(busy["unwritten"]))
        text = f"{busy['handler']} has not returned for {busy['seconds']:.1f} s, and could only be killed"
        await self.homes.kill(remote)
        self._crashed(remote, "error", "error", "HandlerTimeout", text, *busy["place"])
