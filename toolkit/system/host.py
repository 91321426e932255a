"""Where a node lives: all that a run-time gives to a node, and all that it asks of one.

A node reaches the outside through its host and through nothing else. That is why the same class runs in the simulator
(`toolkit.system.simulate`), in a process of its own, or behind any other run-time that has these few members.

A run-time's side of the bargain:

1. Before anything starts: `vocabulary = Vocabulary({name: class_of(factory), ..., client: None})`.
2. A node comes up, first or again after a crash: `node = create(factory, host)`, then `node.on_start()`.
3. A message arrives: have `in_hand` tell of it, and call `deliver(node, sender, type, fields)`.
4. A timer fires: `in_hand` is None again, call `node.on_timer(name)`.
5. Handlers of one node never overlap. An exception is the end of that node: `blame(error)` says where it came from.
"""

import os
import random
import sysconfig
import traceback
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from toolkit.system.disk import Disk
from toolkit.system.message import Vocabulary


class Host(ABC):
    """What a node may ask for; one host per node."""

    name: str
    """The node's own name."""
    peers: tuple[str, ...]
    """All other nodes (clients are none), in the system's order."""
    random: random.Random
    """The node's own stream of random numbers: `random_stream(seed, "node", name)`."""
    disk: Disk
    """What survives a crash."""
    vocabulary: Vocabulary
    """Who understands which message."""

    def send(self, to: str, type: str, /, **fields: Any) -> int:
        """Check a message and send it; sent to the sender of the message in hand, it is the reply to that."""
        hand = self.in_hand()
        reply_to = hand[1] if hand is not None and hand[0] == to else None
        return self.transmit(to, type, self.vocabulary.checked(to, type, fields), reply_to)

    @abstractmethod
    def transmit(self, to: str, type: str, fields: dict[str, Any], reply_to: int | None) -> int:
        """Send a message that has been checked; returns its id, unique in the run. Never blocks."""

    @abstractmethod
    def in_hand(self) -> tuple[str, int, int | None] | None:
        """(sender, id, reply_to) of the message that is being handled; None in on_start and on_timer."""

    @abstractmethod
    def now(self) -> float:
        """Seconds on the node's own clock."""

    @abstractmethod
    def set_timer(self, name: str, seconds: float) -> None:
        """Have on_timer(name) called in `seconds` of the node's own clock; a timer of that name is replaced."""

    @abstractmethod
    def cancel_timer(self, name: str) -> None:
        """Forget that timer; nothing happens if there is none."""

    @abstractmethod
    def record(self, kind: str, *values: Any) -> None:
        """Add an event of this node to the trace: "log", "invoke" or "return", with the values of its DETAIL."""


def random_stream(seed: int, *names: str) -> random.Random:
    """A stream of random numbers of its own for each name: the same in every process, machine and version.

    A str as seed is hashed by SHA-512; `hash()` would differ from process to process.
    """
    return random.Random("/".join([str(seed), *names]))


_NOT_OWN = tuple(
    str(Path(folder)) + os.sep
    for folder in {str(Path(__file__).parent), *map(sysconfig.get_path, ("stdlib", "platstdlib", "purelib", "platlib"))}
)


def is_own(filename: str) -> bool:
    """Whether a file is the learner's (or the course's) code, and neither a library nor the run-time."""
    return not filename.startswith(_NOT_OWN) and not filename.startswith("<frozen")


def blame(error: BaseException) -> tuple[str, str, str | None, int | None, str | None]:
    """(type, text, file, line, code) of an error, where the last line of the learner's own code was."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if is_own(frame.filename)]
    if not frames:
        return type(error).__name__, str(error), None, None, None
    return type(error).__name__, str(error), frames[-1].filename, frames[-1].lineno, frames[-1].line
