"""An external program among the nodes: what it is given as lines, and what its lines say to the others."""

import functools
import os
import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from toolkit.system.external.child import LONGEST, Child
from toolkit.system.maelstrom.lines import body_of, fields_in, line_of, parse
from toolkit.system.message import MessageError
from toolkit.system.node import Node, class_of

if TYPE_CHECKING:
    from toolkit.system.external.emulation import Emulation

INIT = 1
"""The number of the init message: no message between nodes ever has it."""
ABOVE = "c0"
"""Who sends init, as in Maelstrom."""
DISK = "{disk}"
"""What is replaced, in a command, by the folder of a node."""


class External(functools.partial["Program"]):
    """A program that speaks the Maelstrom protocol, as a node: `System({"n1": External(["./node"]), …})`.

    `command`: the program and its arguments. An argument "{disk}" becomes a folder of the node's own, which survives
    its crashes and is removed at the end of the run. `ready`: seconds in which it must have answered init; `messages`:
    how many it may send between a start and the next before we call it a flood.
    Raises TypeError or ValueError for a command that is none, FileNotFoundError for a program that does not exist.
    """

    def __new__(
        cls, command: Sequence[str | os.PathLike[str]], *, ready: float = 10.0, messages: int = 50_000
    ) -> "External":
        """A factory of nodes, as a node class is."""
        if isinstance(command, str | bytes | os.PathLike) or not isinstance(command, Sequence):
            raise TypeError(
                f"command={command!r} must be a list: the program and its arguments, as in ['./node', '-v']"
            )
        words = [os.fspath(word) for word in command if isinstance(word, str | os.PathLike)]
        if len(words) < len(command) or not words:
            raise ValueError(f"command={command!r} must be a list of str: the program and its arguments")
        for name, value in (("ready", ready), ("messages", messages)):
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise ValueError(f"{name}={value!r} must be a number above 0")
        found = shutil.which(words[0])
        if found is None:
            why = "it is not executable (chmod +x)" if os.path.isfile(words[0]) else "there is none on the search path"
            raise FileNotFoundError(f"command={command!r}: {words[0]!r} is no program: {why}")
        return super().__new__(cls, Program, (found, *words[1:]), ready, messages)

    def __repr__(self) -> str:
        return f"External({list(self.args[0])!r})"


def externals(nodes: dict[str, Any]) -> list[str]:
    """The names of those nodes that are external programs."""
    return [name for name, factory in nodes.items() if class_of(factory) is Program]


class Program(Node):
    """Stands for an external program: every message to it becomes a line, and every line of its a message."""

    def __init__(self, command: tuple[str, ...], ready: float, messages: int) -> None:
        self.command = command
        self.ready = False
        self._limits = ready, messages
        self._emulation: Emulation = self._host.simulation  # type: ignore[attr-defined]  # nothing else runs programs
        self._child: Child | None = None
        self._said = 0
        self.held: list[tuple[str, bytes]] = []  # what came out of a pipe while it was suspended

    def on_start(self) -> None:
        """Start the process, and tell it its name. Raises MessageError if it cannot be started."""
        folder = self._emulation.folder(self.name) if DISK in self.command else ""
        command = [folder if word == DISK else word for word in self.command]
        try:
            self._child = self._emulation.launch(command, self)
        except OSError as error:
            raise MessageError(
                f"{self.what} cannot be started: {error}. Can it be run in a terminal, and does a script begin with #!?"
            ) from None
        init = {"node_id": self.name, "node_ids": list(self._emulation.system.nodes)}
        self._child.write(line_of(ABOVE, self.name, body_of("init", init, INIT, None)))

    def on_message(self, sender: str, type: str, fields: dict[str, Any]) -> None:
        """Write a message to it. The ids are those of the trace; a reply has the number that the program gave."""
        assert self._child is not None
        hand = self._host.in_hand()
        assert hand is not None  # a message is in hand whenever one is handled
        id, reply_to = self._emulation.original(hand[1]), hand[2]
        self._emulation.delivered.add(id)
        asked = None if reply_to is None else self._emulation.asked.get(self._emulation.original(reply_to))
        try:
            body = body_of(type, fields, id, asked)
        except ValueError as error:
            raise MessageError(f"{sender} to {self.what}: {error}") from None
        self._child.write(line_of(sender, self.name, body))

    def say(self, line: bytes) -> None:
        """Send what it wrote. Raises MessageError for a line that is no message, or one that nobody can receive."""
        try:
            if len(line) > LONGEST:
                raise ValueError(f"it is longer than {LONGEST:,} bytes")
            src, dest, body = parse(line)
            if src != self.name:
                raise ValueError(f"'src' is {src!r}, and its own name is {self.name!r}")
        except ValueError as error:
            raise MessageError(
                f"{self.what} wrote {_short(line)} to its standard output, which is not a message: {error}. Standard "
                "output is for messages only, a line of JSON each: have everything else written to standard error"
            ) from None
        if not self.ready and body.get("in_reply_to") == INIT:
            self._begin(line, body["type"])
        else:
            self._send(line, dest, body)

    def _begin(self, line: bytes, type: str) -> None:
        if type != "init_ok":
            raise MessageError(f"{self.what} answered init with {_short(line)}, and not with init_ok")
        self.ready = True

    def _send(self, line: bytes, dest: str, body: dict[str, Any]) -> None:
        self._said += 1
        if self._said > self._limits[1]:
            raise FloodError(
                f"{self.what} sent more than {self._limits[1]:,} messages; External(messages=) allows more"
            )
        reply_to = body.get("in_reply_to")
        try:
            if reply_to is not None and reply_to not in self._emulation.delivered:
                raise MessageError(f"in_reply_to={reply_to}: no message with this msg_id was delivered")
            fields = self._host.vocabulary.checked(dest, body["type"], fields_in(body))
        except MessageError as error:
            raise MessageError(f"{self.what} wrote {_short(line)}: {error}") from None
        id = self._host.transmit(dest, body["type"], fields, reply_to)
        if "msg_id" in body:
            self._emulation.asked[id] = body["msg_id"]

    def ending(self) -> "ExitedError":
        """The error to record when it has ended by itself."""
        assert self._child is not None
        how = self._child.how_it_ended()
        return ExitedError(f"{self.what} {how}; {self._last_words()}")

    def unready(self) -> TimeoutError:
        """The error when it has not answered init in time."""
        return TimeoutError(
            f"{self.what} has not answered init within {self._limits[0]:g} s; {self._last_words()}. Does it flush its "
            "standard output after every line?"
        )

    def _last_words(self) -> str:
        words = self._child.last_words if self._child is not None else ""
        return f"its last lines on standard error:\n{words}" if words else "it wrote nothing to standard error"

    @property
    def patience(self) -> float:
        """Seconds in which it must have answered init."""
        return self._limits[0]

    def kill(self) -> None:
        """Kill its process, if it has one."""
        if self._child is not None:
            self._child.kill()

    def suspend(self) -> None:
        """Stop its process where it is."""
        if self._child is not None:
            self._child.suspend()

    def resume(self) -> None:
        """Let its process go on."""
        if self._child is not None:
            self._child.resume()

    @property
    def pid(self) -> int | None:
        """Its process id; None before it was started."""
        return None if self._child is None else self._child.pid

    @property
    def what(self) -> str:
        """The node's name and its command, for an error message."""
        return f"{self.name} ({' '.join(self.command)})"


class ExitedError(RuntimeError):
    """A program ended by itself."""


class FloodError(RuntimeError):
    """A program sent more than anybody wants to read."""


def _short(line: bytes) -> str:
    text = line[:200].decode("utf-8", errors="backslashreplace").rstrip("\r\n")
    return repr(text) + ("…" if len(line) > 200 else "")
