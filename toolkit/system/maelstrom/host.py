"""A node's host in a Maelstrom program: real time, lines for messages, standard error for the log."""

import itertools
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from toolkit.system.disk import Disk
from toolkit.system.host import Host, random_stream
from toolkit.system.maelstrom.lines import body_of, line_of
from toolkit.system.message import MessageError, Vocabulary


class OwnVocabulary(Vocabulary):
    """Knows the messages of one node; of the others, who may be written in any language, it can know nothing."""

    def __init__(self, name: str, node_class: type) -> None:
        super().__init__({name: node_class})
        self.name, self.node_class = name, node_class
        self.orders = defaultdict(dict, self.orders)

    def check(self, to: str, type: str, fields: Iterable[str]) -> None:
        """Raises MessageError for a message to the node itself that it cannot handle, and for a nameless one."""
        if to == self.name or not isinstance(to, str) or not isinstance(type, str) or not type:
            super().check(to, type, fields)

    def supports(self, type: str) -> bool:
        """Whether the node handles messages of this type."""
        known = self._known[self.name]
        return known is None or type in known


class MaelstromHost(Host):
    """The host of one node; `due` says when its timers fire, by `time.monotonic()`."""

    def __init__(
        self,
        name: str,
        peers: Sequence[str],
        node_class: type,
        write: Callable[[bytes], None],
        disk: Disk,
        seed: int,
    ) -> None:
        self.name, self.peers, self.disk = name, tuple(peers), disk
        self.random = random_stream(seed, "node", name)
        self.vocabulary = self.own = OwnVocabulary(name, node_class)
        self.hand: Any = None
        self.due: dict[str, float] = {}
        self._write, self._ids = write, itertools.count(1)

    def in_hand(self) -> tuple[str, int, int | None] | None:
        """(src, msg_id, in_reply_to); a message without msg_id has None there, and a reply to it refers to nothing."""
        hand: tuple[str, int, int | None] | None = self.hand
        return hand

    def transmit(self, to: str, type: str, fields: dict[str, Any], reply_to: int | None) -> int:
        """Write the message's line. Raises MessageError for a field named like a part of the protocol."""
        id = next(self._ids)
        try:
            body = body_of(type, fields, id, reply_to)
        except ValueError as error:
            raise MessageError(str(error)) from None
        self._write(line_of(self.name, to, body))
        return id

    def now(self) -> float:
        """Unix time: the only clock that a process shares with its next life."""
        return time.time()

    def set_timer(self, name: str, seconds: float) -> None:
        """Timers run by a clock that nobody sets."""
        self.due[name] = time.monotonic() + seconds

    def cancel_timer(self, name: str) -> None:
        """Forget that timer."""
        self.due.pop(name, None)

    def record(self, kind: str, *values: Any) -> None:
        """There is no trace here: what is logged goes to standard error, which Maelstrom keeps."""
        print(*values, file=sys.stderr, flush=True)
