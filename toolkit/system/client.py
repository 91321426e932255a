"""A client: a node that asks, waits, gives up in time, and records every operation in the trace.

It runs like any other node, on whatever host, so a client sees the same network as everybody else.
"""

from collections.abc import Sequence
from typing import Any

from toolkit.system.node import Node
from toolkit.system.workload import Closed, Open, Script, Workload

INDEFINITE = (0, 13)
"""Codes of error replies (time-out, crash) that leave open whether the operation happened; Maelstrom's numbers."""


class Client(Node):
    """Carries out a workload. `nodes` are the names that it may ask."""

    def __init__(self, workload: Workload | None, nodes: Sequence[str]) -> None:
        self._workload = workload
        self._targets = workload.targets(nodes) if workload is not None else ()
        self.asked = 0
        self.waiting: dict[int, int] = {}  # id of a request -> number of its operation

    def on_start(self) -> None:
        """Begin, or begin again after a crash: what was under way then stays unknown."""
        if isinstance(self._workload, Script):
            for number, step in enumerate(self._workload.operations):
                if step.client == self.name and step.at >= self.now:
                    self.set_timer(f"ask {number}", step.at - self.now)
        elif isinstance(self._workload, Open):
            self.set_timer("next", self._workload.gap(self.random))
        elif isinstance(self._workload, Closed):
            self._ask_next()

    def on_timer(self, name: str) -> None:
        """Ask the next thing, or give up one that was not answered in time."""
        what, _, number = name.partition(" ")
        if what == "timeout":
            self._end(int(number), "unknown", None)
        elif isinstance(self._workload, Script):
            step = self._workload.operations[int(number)]
            self._ask(step.to, step.type, step.fields)
        else:
            self._ask_next()

    def on_message(self, sender: str, type: str, fields: dict[str, Any]) -> None:
        """A reply of type "error" is a failure, unless its code leaves that open; any other is a success.

        What comes too late changes nothing.
        """
        hand = self._host.in_hand()
        reply_to = hand[2] if hand is not None else None
        if reply_to is not None and reply_to in self.waiting:
            self.cancel_timer(f"timeout {reply_to}")
            failed = "unknown" if fields.get("code") in INDEFINITE else "failed"
            self._end(reply_to, failed if type == "error" else "ok", {"type": type, **fields})

    def _ask_next(self) -> None:
        workload = self._workload
        if not isinstance(workload, Closed | Open) or (workload.count is not None and self.asked >= workload.count):
            return
        to = self._targets[self.random.randrange(len(self._targets))]
        type, fields = workload.draw(self.random, self.name, self.asked + 1)
        self._ask(to, type, fields)
        if isinstance(workload, Open):
            self.set_timer("next", workload.gap(self.random))

    def _ask(self, to: str, type: str, fields: dict[str, Any]) -> None:
        self.asked += 1
        operation = f"{self.name}:{self.asked}"
        self._host.record("invoke", operation, type, fields, to)
        request = self.send(to, type, **fields)
        self.waiting[request] = self.asked
        self.set_timer(f"timeout {request}", self._workload.timeout if self._workload is not None else 1.0)

    def _end(self, request: int, outcome: str, result: dict[str, Any] | None) -> None:
        operation = f"{self.name}:{self.waiting.pop(request)}"
        self._host.record("return", operation, outcome, result)
        if isinstance(self._workload, Closed):
            self.set_timer("next", self._workload.think)
