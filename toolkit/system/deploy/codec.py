"""Plain data as bytes and back: msgpack, which can carry data and nothing else.

Whatever arrives on a port is only ever read as None, numbers, text, lists and dictionaries; no byte sequence makes the
reader run code, as unpickling would. Whole numbers beyond 64 bits, which msgpack lacks, travel as an extension.
"""

from collections.abc import Callable
from typing import Any

import msgpack

_BIG = 1
"""Code of our only extension type: a whole number of any size, big-endian two's complement."""

MOST = 100 * 2**20
"""Bytes that one value may have."""


def packer() -> Callable[[Any], bytes]:
    """A function value -> bytes. One for each thread: it keeps a buffer."""
    packed: Callable[[Any], bytes] = msgpack.Packer(default=_extend, unicode_errors="surrogatepass").pack
    return packed


def unpacker() -> Any:
    """A stream of values: `feed` it bytes as they come, and iterate over the values that are complete."""
    return msgpack.Unpacker(ext_hook=_extended, unicode_errors="surrogatepass", max_buffer_size=MOST)


def complete(data: bytes) -> list[Any]:
    """All complete values of a file; what a killed process left unfinished at its end is ignored."""
    stream = msgpack.Unpacker(ext_hook=_extended, unicode_errors="surrogatepass", max_buffer_size=max(MOST, len(data)))
    stream.feed(data)
    return list(stream)


def _extend(value: Any) -> msgpack.ExtType:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} of type {type(value).__name__} is not plain data")
    return msgpack.ExtType(_BIG, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def _extended(code: int, data: bytes) -> int:
    if code != _BIG:
        raise ValueError(f"extension type {code} is not ours")
    return int.from_bytes(data, "big", signed=True)
