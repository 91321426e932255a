"""Connections between the processes of a run: TCP, a proof of belonging, then messages one after the other.

Whoever listens first sends a random number, and whoever dials proves that it knows the run's token by signing that
number together with both names (HMAC, RFC 2104). The token itself never travels, and a connection meant for a node that
has died is of no use to the process that happens to get its port next. Until then nothing that comes in is even parsed.
A node sends on connections that it dialled, one for each peer, and receives on those that it accepted.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Any

import msgpack

from toolkit.system.deploy.codec import unpacker

Address = tuple[str, int]

NONCE = PROOF = 32
"""Bytes of the random number and of the signature."""
PATIENCE = 5.0
"""Seconds that a stranger has for its proof."""
RETRY = 0.2
"""Seconds until a peer that could not be reached is dialled again."""
FULL = 64 * 2**20
"""Bytes that may wait for one peer, such as a paused one; what comes on top is dropped."""


def proof(token: bytes, nonce: bytes, sender: str, to: str) -> bytes:
    """The signature that `sender` shows to `to`."""
    return hmac.digest(token, nonce + f"{sender}/{to}".encode(), hashlib.sha256)


def hello(token: bytes, nonce: bytes, sender: str, to: str) -> bytes:
    """What the dialling side sends first: its signature, and its name after two bytes of length."""
    name = sender.encode()
    return proof(token, nonce, sender, to) + len(name).to_bytes(2, "big") + name


class Inbound(asyncio.Protocol):
    """An accepted connection. `receive(sender, values, self)` gets what has come, once the peer has proved itself.

    `lost(self)` is called at the end of a connection whose peer had proved itself.
    """

    def __init__(
        self,
        name: str,
        token: bytes,
        receive: Callable[[str, list[Any], "Inbound"], None],
        lost: Callable[["Inbound"], None],
    ) -> None:
        self.name, self._token, self._receive, self._lost = name, token, receive, lost
        self.sender: str | None = None
        self._opening = b""
        self._nonce = secrets.token_bytes(NONCE)
        self._values = unpacker()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the proof, and do not wait for ever."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._nonce)
        self._limit = asyncio.get_running_loop().call_later(PATIENCE, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Hand on what has come; a peer that cannot prove itself, or sends rubbish, is cut off."""
        if self.sender is None:
            self._opening += data
            end = PROOF + 2 + int.from_bytes(self._opening[PROOF : PROOF + 2], "big")
            if len(self._opening) < PROOF + 2 or len(self._opening) < end:
                return
            data = self._admit(self._opening[:end], self._opening[end:])
            if not data:
                return
        try:
            self._values.feed(data)
            values = list(self._values)
        except (msgpack.UnpackException, ValueError):
            self.transport.abort()
            return
        if self.sender is not None:
            self._receive(self.sender, values, self)

    def _admit(self, opening: bytes, rest: bytes) -> bytes:
        sender = opening[PROOF + 2 :].decode(errors="replace")
        if not hmac.compare_digest(opening[:PROOF], proof(self._token, self._nonce, sender, self.name)):
            self.transport.abort()
            return b""
        self._limit.cancel()
        self.sender = sender
        return rest

    def connection_lost(self, error: Exception | None) -> None:
        """The peer has gone."""
        self._limit.cancel()
        if self.sender is not None:
            self._lost(self)


class Link(asyncio.Protocol):
    """The way to one peer: dials on first use, keeps the order, and gives up what cannot be sent.

    `dropped(number, why)` is told of every message that is given up: "crashed" if nobody is there, "overflow" if too
    much waits already. What the network has taken and a dying peer has not read, nobody is told of.
    """

    def __init__(self, name: str, to: str, token: bytes, dropped: Callable[[int, str], None]) -> None:
        self.name, self.to, self._token, self._dropped = name, to, token, dropped
        self._address: Address | None = None
        self._transport: asyncio.Transport | None = None
        self._dialling: asyncio.Task[Any] | None = None
        self._open = False
        self._nonce = b""
        self._waiting: list[bytes] = []
        self._numbers: list[int] = []
        self._size = 0
        self._retry_at = 0.0

    def locate(self, address: Address | None) -> None:
        """The peer is to be found here now; None: nowhere."""
        if address != self._address:
            self._address = address
            self._retry_at = 0.0
            self._hang_up()

    def put(self, number: int, message: bytes) -> None:
        """Take a packed message; it leaves with the next `flush`."""
        if self._size > FULL:
            self._dropped(number, "overflow")
            return
        self._waiting.append(message)
        self._numbers.append(number)
        self._size += len(message)

    def flush(self) -> None:
        """Let go what waits, if the connection stands; else dial."""
        if self._open and self._transport is not None:
            self._transport.write(b"".join(self._waiting))
            self._clear()
            self._size = self._transport.get_write_buffer_size()
        elif self._dialling is None:
            loop = asyncio.get_running_loop()
            if self._address is None or loop.time() < self._retry_at:
                self._give_up()
            else:
                self._dialling = loop.create_task(self._dial(self._address))

    async def _dial(self, address: Address) -> None:
        try:
            await asyncio.wait_for(asyncio.get_running_loop().create_connection(lambda: self, *address), PATIENCE)
        except OSError:  # also a time-out: the machine does not answer
            self._lose()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The peer's machine has answered; its number comes as soon as the peer is awake."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._nonce = b""

    def data_received(self, data: bytes) -> None:
        """The peer's random number: sign it, and begin."""
        self._nonce += data
        if not self._open and len(self._nonce) >= NONCE and self._transport is not None:
            self._transport.write(hello(self._token, self._nonce[:NONCE], self.name, self.to))
            self._open = True
            self._dialling = None
            self.flush()

    def connection_lost(self, error: Exception | None) -> None:
        """The peer has died, or is shutting down."""
        if self._transport is not None and self._transport.is_closing():
            self._lose()

    def _lose(self) -> None:
        self._retry_at = asyncio.get_running_loop().time() + RETRY
        self._forget()
        self._give_up()

    def _forget(self) -> None:
        self._transport = self._dialling = None
        self._open = False

    def _hang_up(self) -> None:
        transport, dialling = self._transport, self._dialling
        self._forget()
        if dialling is not None:
            dialling.cancel()
        if transport is not None:
            transport.close()

    def _give_up(self) -> None:
        for number in self._numbers:
            self._dropped(number, "crashed")
        self._clear()

    def _clear(self) -> None:
        self._waiting.clear()
        self._numbers.clear()
        self._size = 0

    def close(self) -> None:
        """Hang up, after what has been handed to the network; drop the rest without a word."""
        self._clear()
        self._hang_up()
