"""The life of a Maelstrom node: init, then messages and timers one at a time, to the end of the input."""

import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from toolkit.system.deploy.files import DiskFile
from toolkit.system.disk import Disk
from toolkit.system.maelstrom.host import MaelstromHost
from toolkit.system.maelstrom.lines import (
    CRASH,
    MALFORMED_REQUEST,
    NOT_SUPPORTED,
    PRECONDITION_FAILED,
    TEMPORARILY_UNAVAILABLE,
    fields_in,
    line_of,
    parse,
)
from toolkit.system.message import MessageError
from toolkit.system.node import Factory, Node, class_of, create, deliver

WAITING = 1_000
"""Lines that are read ahead of the handlers; then whoever writes to us has to wait."""


def serve(
    factory: Factory, incoming: int, write: Callable[[bytes], None], *, disk: Path | None = None, seed: int = 0
) -> None:
    """Run a node that reads messages from the file descriptor `incoming`, and gives those that it sends to `write`.

    Returns at the end of the input. `disk` is a folder for what is to survive the process; without it, nothing does.
    Raises TypeError for a class that is no Node or has a wrongly written handler, and whatever `on_start` raises.
    """
    inbox: queue.Queue[bytes | None] = queue.Queue(WAITING)
    service = Service(factory, write, disk, seed)
    threading.Thread(target=_read, args=(incoming, inbox), daemon=True).start()
    service.run(inbox)


def _read(incoming: int, inbox: "queue.Queue[bytes | None]") -> None:
    for line in _lines(incoming):
        inbox.put(line)
    inbox.put(None)


def _lines(incoming: int) -> Iterator[bytes]:
    """Lines from a descriptor. A file object would hold a lock in this thread, which Python misses when it exits."""
    rest: list[bytes] = []
    while block := os.read(incoming, 65536):
        first, *more = block.split(b"\n")
        rest.append(first)
        if more:
            yield b"".join(rest)
            yield from more[:-1]
            rest = [more[-1]]
    yield b"".join(rest)


class Service:
    """One node from its init to the end of its input."""

    def __init__(self, factory: Factory, write: Callable[[bytes], None], folder: Path | None, seed: int) -> None:
        self._factory, self._write, self._folder, self._seed = factory, write, folder, seed
        self._host = MaelstromHost("", (), class_of(factory), write, Disk({}, _forget), seed)  # until init names it
        self._node: Node | None = None
        self._file: DiskFile | None = None

    def run(self, inbox: "queue.Queue[bytes | None]") -> None:
        """Handle lines, and timers as they fall due, until the end of the input (None)."""
        try:
            while (line := self._next(inbox)) is not None:
                if line.strip():
                    self._handle(line)
        finally:
            if self._file is not None:
                self._file.close()

    def _next(self, inbox: "queue.Queue[bytes | None]") -> bytes | None:
        """The next line; timers that fall due come first, so that a flood of lines does not keep them waiting."""
        due = self._host.due
        while True:
            name = min(due, key=due.__getitem__, default=None)
            left = threading.TIMEOUT_MAX if name is None else due[name] - time.monotonic()
            if name is not None and left <= 0 and self._node is not None:
                del due[name]
                _guarded(self._node.on_timer, name)
                continue
            try:
                return inbox.get(timeout=min(left, threading.TIMEOUT_MAX))
            except queue.Empty:
                continue

    def _handle(self, line: bytes) -> None:
        try:
            src, dest, body = parse(line)
        except ValueError as error:
            _log(f"a line that is not a message: {line[:200]!r}: {error}")
            return
        if body["type"] == "init":
            self._init(src, dest, body)
        elif self._node is None:
            self._refuse(src, dest, body, TEMPORARILY_UNAVAILABLE, f"{dest} has not been initialised yet")
        else:
            self._deliver(self._node, src, body)

    def _init(self, src: str, dest: str, body: dict[str, Any]) -> None:
        """Come up: names, disk, node, on_start, and only then the answer."""
        name, ids = body.get("node_id"), body.get("node_ids")
        if not isinstance(name, str) or not isinstance(ids, list) or not all(isinstance(id, str) for id in ids):
            self._refuse(
                src, dest, body, MALFORMED_REQUEST, "init needs node_id, a string, and node_ids, a list of them"
            )
            return
        if self._node is not None:
            self._refuse(src, dest, body, PRECONDITION_FAILED, f"{dest} has been initialised already")
            return
        peers = [id for id in ids if id != name]
        self._host = MaelstromHost(name, peers, class_of(self._factory), self._write, self._disk(name), self._seed)
        try:
            node = create(self._factory, self._host)
            node.on_start()
        except Exception as error:
            self._answer(src, name, body, CRASH, f"on_start: {type(error).__name__}: {error}")
            raise
        self._node = node
        self._host.transmit(src, "init_ok", {}, body.get("msg_id"))

    def _disk(self, name: str) -> Disk:
        if self._folder is None:
            return Disk({}, _forget)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file = DiskFile(self._folder / f"{quote(name, safe='')}.disk")
        return Disk(self._file.content, self._file.store)

    def _deliver(self, node: Node, src: str, body: dict[str, Any]) -> None:
        host, type, fields = self._host, body["type"], fields_in(body)
        try:
            host.own.check(host.name, type, fields)
        except MessageError as error:
            code = MALFORMED_REQUEST if host.own.supports(type) else NOT_SUPPORTED
            self._refuse(src, host.name, body, code, str(error))
            return
        host.hand = (src, body.get("msg_id"), body.get("in_reply_to"))
        raised = _guarded(deliver, node, src, type, fields)
        host.hand = None
        if raised is not None:
            self._answer(src, host.name, body, CRASH, raised)

    def _refuse(self, src: str, dest: str, body: dict[str, Any], code: int, text: str) -> None:
        _log(f"{body['type']!r} from {src}: {text}")
        self._answer(src, dest, body, code, text)

    def _answer(self, src: str, dest: str, body: dict[str, Any], code: int, text: str) -> None:
        """Answer a request with an error. Nobody waits for an answer to a reply, or to a message without a number."""
        if "in_reply_to" not in body and "msg_id" in body:
            error = {"type": "error", "code": code, "text": text, "in_reply_to": body["msg_id"]}
            self._write(line_of(dest, src, error))


def _forget(writes: list[Any]) -> None:
    """The store of a disk that lasts as long as the process."""


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _guarded(call: Callable[..., None], *arguments: Any) -> str | None:
    """Call into the learner's code; what it raises goes to standard error, and is returned in short."""
    try:
        call(*arguments)
    except BrokenPipeError:
        raise  # nobody reads our messages any more
    except Exception as error:  # noqa: BLE001 - whatever it is, the program goes on
        _log(traceback.format_exc())
        return f"{type(error).__name__}: {error}"
    return None
