"""The coordinator's end of one node: a connection to give orders on, and what is known of the node."""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Any

from toolkit.system.deploy.codec import packer, unpacker
from toolkit.system.deploy.gather import Lane
from toolkit.system.deploy.link import NONCE, Address, hello

PATIENCE = 10.0
"""Seconds that a node which has just been set up gets to answer."""
READINGS = 5
"""Clock readings of which the quickest is believed."""


class Remote:
    """One node as the coordinator sees it. `status` is "down", "up" or "paused"; `life` counts its
    restarts, and `started` tells whether on_start is done.

    `heard(remote, what, *details)` is called for what the node reports: "down", "mistake", or "lost" when its
    connection has ended.
    """

    def __init__(self, name: str, worker: str, heard: Callable[..., None]) -> None:
        self.name, self.worker, self._heard = name, worker, heard
        self.lane = Lane(name)
        self.status = "down"
        self.started = False
        self.life = 0
        self.address: Address | None = None
        self.answered = perf_counter()
        self._pack = packer()
        self._writer: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[None] | None = None
        self._readings: asyncio.Queue[float] = asyncio.Queue()

    async def connect(self, address: Address, token: bytes) -> None:
        """Take up the connection to the node's present process. Raises TimeoutError if it does not answer."""
        self.disconnect()
        self.address = address
        async with asyncio.timeout(PATIENCE):
            reader, self._writer = await asyncio.open_connection(*address)
            self._writer.write(hello(token, await reader.readexactly(NONCE), "", self.name))
        self._listening = asyncio.create_task(self._listen(reader))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        values = unpacker()
        try:
            while data := await reader.read(2**16):
                values.feed(data)
                for what, *details in values:
                    self.answered = perf_counter()
                    if what == "clock":
                        self._readings.put_nowait(*details)
                    else:
                        self._heard(self, what, *details)
        except OSError:
            pass
        self._heard(self, "lost")

    def tell(self, *message: Any) -> None:
        """Send an order; nothing happens if the node is not connected."""
        if self._writer is not None:
            self._writer.write(self._pack(list(message)))

    async def offset(self) -> float:
        """How far the clock of the node's machine is ahead of ours, in seconds, from the quickest of a few round trips.

        0 if that is within the error: then it is the same clock. Cristian 1989, "Probabilistic Clock Synchronization".
        """
        best = (float("inf"), 0.0)
        async with asyncio.timeout(PATIENCE):
            for _ in range(READINGS):
                asked = perf_counter()
                self.tell("clock")
                theirs = await self._readings.get()
                answered = perf_counter()
                best = min(best, (answered - asked, theirs - (asked + answered) / 2))
        trip, ahead = best
        return 0.0 if abs(ahead) <= trip / 2 else ahead

    def disconnect(self) -> None:
        """Hang up; the node, if it still lives, ends then."""
        if self._listening is not None:
            self._listening.cancel()
        if self._writer is not None:
            self._writer.close()
        self._writer = self._listening = None
        self._readings = asyncio.Queue()
