"""How the simulator writes down what happens, at next to no cost, and how that becomes the rows of a trace.

A message is one tuple from its sending to its delivery: it lies on the heap, and it is appended to the log when it is
sent and, the very same tuple, when it is delivered. Only when somebody looks is the log spelt out as rows. What is in
the log:

a message     (due, id, route, sender, values, cause)            first appended when sent, again when delivered
anything else (at, number, None, None, kind, node, message, *details)   `message` only for "drop" and "duplicate"

The cause of a message is the entry that was being handled when it was sent: so it was sent at `cause[0]`, and it is the
reply to `cause[1]` if that came from its receiver, `cause[3]`.
"""

from collections.abc import Callable
from typing import Any

from toolkit.system.trace import Row

Entry = tuple[Any, ...]
"""What lies on the heap and in the log."""


class Route:
    """One type of message to one receiver.

    `order` are the fields' names; None if they travel by name, as a dictionary in place of the values. `handler` is
    None while a delivery needs a closer look, and `quick`, else the same as `order`, while a sending does.
    """

    __slots__ = ("handler", "order", "quick", "single", "to", "type")

    def __init__(self, to: str, type: str, order: tuple[str, ...] | None) -> None:
        self.to, self.type, self.order = to, type, order
        self.single = order is not None and len(order) == 1
        self.quick: tuple[str, ...] | None = None
        self.handler: Callable[..., None] | None = None


def fields_of(message: Entry) -> dict[str, Any]:
    """A message's fields by name."""
    route, values = message[2], message[4]
    if route.order is None:
        fields: dict[str, Any] = values
        return fields
    return dict(zip(route.order, values, strict=True))


def reply_to(message: Entry) -> int | None:
    """The id of the message that this one answers."""
    cause = message[5]
    return cause[1] if cause[3] == message[2].to else None


def cause_of(at: float, reply_to: int | None, to: str) -> Entry:
    """A cause for a message that is sent now and answers another one than that in hand, or none."""
    return (at, reply_to, None, None if reply_to is None else to)


class Recording:
    """The log of a run, and as much of it as has been spelt out so far."""

    def __init__(self) -> None:
        self.log: list[Entry] = []
        self._rows: list[Row] = []
        self._sent: dict[int, Row] = {}

    def rows(self, count: int) -> list[Row]:
        """The first `count` entries of the log as rows of a trace: one for one."""
        for entry in self.log[len(self._rows) : count]:
            self._rows.append(self._message(entry) if entry[2] is not None else self._event(entry))
        return self._rows[:count]

    def _message(self, entry: Entry) -> Row:
        due, id, route, *_ = entry
        sent = self._sent.get(id)
        return self._sending(entry, "send") if sent is None else (due, id, "deliver", route.to, sent)

    def _sending(self, message: Entry, kind: str, *more: Any) -> Row:
        _, id, route, sender, _, cause = message
        row = (cause[0], id, kind, sender, None, route.to, route.type, fields_of(message), reply_to(message), *more)
        self._sent[id] = row
        return row

    def _event(self, entry: Entry) -> Row:
        at, number, _, _, kind, node, message, *details = entry
        if kind == "duplicate":
            return self._sending(message, kind, *details)
        return (at, number, kind, node, None if message is None else self._sent[message[1]], *details)
