"""What survives a crash: a dictionary of plain data with synced and unsynced writes.

A write lies in memory until `sync()` has returned, as with a file and fsync: a node that answers before it syncs has
promised more than it can keep. See Pillai et al. 2014, "All File Systems Are Not Created Equal", OSDI.
"""

from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

from toolkit.system.message import MessageError, plain

Write = list[Any]
"""["set", key, value], ["append", key, value] or ["delete", key]: plain data, so a run-time can keep it as a line."""


def apply(content: dict[str, Any], write: Write) -> None:
    """Carry out one write on `content`."""
    if write[0] == "set":
        content[write[1]] = write[2]
    elif write[0] == "append":
        content.setdefault(write[1], []).append(write[2])
    else:
        del content[write[1]]


class Disk(MutableMapping[str, Any]):
    """A node's disk: `disk["term"] = 3`, `disk.append("log", entry)`, then `disk.sync()`.

    Keys are str, values plain data (see `toolkit.system.message`); what is read is a copy. The run-time gives the
    `content` that survived and `store`, which makes a list of writes durable before it returns.
    """

    def __init__(self, content: dict[str, Any], store: Callable[[list[Write]], None]) -> None:
        self._content: dict[str, Any] = plain(content, "disk")
        self._store = store
        self._unsynced: list[Write] = []

    def __getitem__(self, key: str) -> Any:
        return plain(self._content[key], "disk")

    def __setitem__(self, key: str, value: Any) -> None:
        self._write("set", key, value)

    def __delitem__(self, key: str) -> None:
        if key not in self._content:
            raise KeyError(key)
        self._write("delete", key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)

    def append(self, key: str, value: Any) -> None:
        """Add `value` to the end of the list under `key` (made if absent): what a log does, without a rewrite."""
        if not isinstance(self._content.get(key, []), list):
            raise MessageError(f"disk[{key!r}] is {self._content[key]!r}, not a list: append cannot add to it")
        self._write("append", key, value)

    def _write(self, kind: str, key: str, *value: Any) -> None:
        if not isinstance(key, str):
            raise MessageError(f"key={key!r} of type {type(key).__name__} cannot name a place on disk: use a str")
        write = [kind, key, *(plain(item, f"disk[{key!r}]") for item in value)]
        apply(self._content, [kind, key, *(plain(item, "disk") for item in value)])
        self._unsynced.append(write)

    def sync(self) -> None:
        """Return when every write so far would survive a crash."""
        if self._unsynced:
            writes, self._unsynced = self._unsynced, []
            self._store(writes)

    @property
    def unsynced(self) -> int:
        """The number of writes that a crash would lose now."""
        return len(self._unsynced)

    def __repr__(self) -> str:
        return f"<Disk {self._content!r}, {self.unsynced} writes not synced>"
