"""What survives SIGKILL: a node's disk, and the log of what it did.

Both are files that only grow. Bytes that `write` has handed to the operating system outlive the process; bytes that
`fsync` has waited for outlive a power cut too. The disk needs the second, the log of events the first. A process can be
killed in the middle of a write, so a reader must recognise an unfinished end and leave it out: recovery of a
write-ahead log, as in Mohan et al. 1992, "ARIES", TODS 17(1).
"""

import os
import struct
import zlib
from pathlib import Path
from typing import Any

from toolkit.system.deploy.codec import complete, packer
from toolkit.system.disk import Write, apply

_HEADER = struct.Struct(">II")  # length of the record, and its checksum


class DiskFile:
    """A node's synced writes: one record for each `sync`, whole or not at all.

    Opening replays the file into `content`, and cuts off an unfinished record at its end.
    """

    def __init__(self, path: Path) -> None:
        self._pack = packer()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        self.content, length = replay(path.read_bytes())
        os.ftruncate(self._file, length)
        os.lseek(self._file, length, os.SEEK_SET)

    def store(self, writes: list[Write]) -> None:
        """Return when these writes would survive a power cut."""
        record = self._pack(writes)
        write_all(self._file, _HEADER.pack(len(record), zlib.crc32(record)) + record)
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def replay(data: bytes) -> tuple[dict[str, Any], int]:
    """The content of a disk, from the bytes of its file, and how many of them are whole records."""
    content: dict[str, Any] = {}
    place = 0
    while place + _HEADER.size <= len(data):
        length, checksum = _HEADER.unpack_from(data, place)
        record = data[place + _HEADER.size : place + _HEADER.size + length]
        if len(record) < length or zlib.crc32(record) != checksum:
            break
        for write in complete(record)[0]:
            apply(content, write)
        place += _HEADER.size + length
    return content, place


class Memory:
    """The disk of a client, which lasts as long as the run: its process is the notebook's, and is not killed."""

    def __init__(self) -> None:
        self.content: dict[str, Any] = {}

    def store(self, writes: list[Write]) -> None:
        """Keep these writes."""
        for write in writes:
            apply(self.content, write)


class LogFile:
    """The events of one life of a node, in the order in which they happened."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)

    def write(self, data: bytes) -> None:
        """Hand events to the operating system: from now on they survive the process."""
        write_all(self._file, data)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def write_all(file: int, data: bytes) -> None:
    """Write all of `data`, also where the system takes it in pieces."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]
