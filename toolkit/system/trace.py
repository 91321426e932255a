"""What happened in a run, event by event: the record that pictures, checkers and exercises read.

A trace is immutable and plain: a header and a sequence of events, the same for a simulation, for a run on real
processes and for a counterexample of the explorer. It is saved as JSON lines, one event a line.

Events are kept as light tuples (`rows`), because a simulator appends a million of them a second, and are shown as
`Event`. Happened-before is Lamport's relation (Lamport 1978, "Time, Clocks, and the Ordering of Events in a Distributed
System", CACM 21(7)): the order on one node, and sending before delivery. Notebook 20 teaches it.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import eq
from pathlib import Path
from typing import Any, overload

from toolkit.system.display import SpaceTimeDisplay
from toolkit.system.shiviz import to_shiviz

Row = tuple[Any, ...]
"""(at, number, kind, node, message, *values): `number` is the message's id, or a number that only breaks ties of time,
`message` the row of the sending if the event is about a message sent before, else None, and `values` those of `DETAIL`:

(at, id, "send", sender, None, to, type, fields, reply_to)
(at, id, "duplicate", sender, None, to, type, fields, reply_to, id of the original)
(at, _, "deliver", receiver, the row of the sending)
(at, _, "drop", receiver, the row of the sending, why)
"""

TO, TYPE, FIELDS, REPLY_TO, COPY_OF = 5, 6, 7, 8, 9
"""Where these lie in the row of a sending."""

DETAIL: dict[str, tuple[str, ...]] = {
    "send": ("to", "type", "fields", "reply_to"),
    "duplicate": ("to", "type", "fields", "reply_to", "of"),
    "deliver": (),
    "drop": ("why",),
    "timer-set": ("name", "due"),
    "timer": ("name",),
    "log": ("text",),
    "error": ("type", "text", "file", "line", "code"),
    "crash": ("why",),
    "restart": (),
    "pause": (),
    "resume": (),
    "clock": ("offset", "drift"),
    "partition": ("groups", "one_way"),
    "heal": (),
    "state": ("state",),
    "invoke": ("operation", "type", "fields", "to"),
    "return": ("operation", "outcome", "result"),
}
"""Every kind of event, and the names in its `detail`; a delivery and a drop also have "from"."""

SENDING = ("send", "duplicate")
NETWORK = ("duplicate", "drop", "partition", "heal")
"""Kinds that are the network's doing: no node knows of them, so they move no node's clock."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    `index` is its place in the trace, `at` the run's global time in seconds, `kind` one of `DETAIL`, `node` where it
    happened (None: the network as a whole; of a drop: the receiver that did not get it), `message` the id of the
    message that was sent, duplicated, delivered or dropped, and `detail` what else is known, by name.
    """

    index: int
    at: float
    kind: str
    node: str | None
    message: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """A message's whole life: sent at `sent` and delivered at `delivered`, or dropped (`dropped` says why), else in
    flight.

    `sent_event` and `ended_event` are indices in the trace; `copy_of` is the id of the message that the network
    doubled.
    """

    id: int
    sender: str
    to: str
    type: str
    fields: dict[str, Any]
    sent: float
    delivered: float | None
    dropped: str | None
    reply_to: int | None
    copy_of: int | None
    sent_event: int
    ended_event: int | None


def sent_row(row: Row) -> Row | None:
    """The row of the sending that this row belongs to; None for a row without a message."""
    return row if row[2] in SENDING else row[4]


class Trace(SpaceTimeDisplay, Sequence[Event]):
    """A header and events in the order in which they happened.

    `kind` is "simulated", "deployed", "emulated" or "explored"; `seed` what every random draw came from; `nodes` the
    names in the order of their lanes, clients last; `until` the end in seconds; `began` the Unix time of second 0 (0 if
    simulated).
    """

    def __init__(
        self,
        rows: Iterable[Row] | Callable[[], Iterable[Row]],
        *,
        kind: str = "simulated",
        seed: int | None = None,
        nodes: Sequence[str],
        until: float,
        began: float = 0.0,
        clients: Sequence[str] = (),
    ) -> None:
        self._source = rows
        self.kind, self.seed, self.until, self.began = kind, seed, until, began
        self.nodes, self.clients = tuple(nodes), tuple(clients)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The events as light tuples; spelt out when first asked for, if they came as a function."""
        return tuple(self._source() if callable(self._source) else self._source)

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Event, ...]: ...
    def __getitem__(self, index: int | slice) -> Event | tuple[Event, ...]:
        if isinstance(index, slice):
            return tuple(self._event(i) for i in range(*index.indices(len(self.rows))))
        return self._event(range(len(self.rows))[index])

    def __iter__(self) -> Iterator[Event]:
        return map(self._event, range(len(self.rows)))

    def _event(self, index: int) -> Event:
        row = self.rows[index]
        at, _, kind, node, message = row[:5]
        detail = dict(zip(DETAIL[kind], row[5:], strict=True))
        if message is not None:
            return Event(index, at, kind, node, message[1], {"from": message[3], **detail})
        return Event(index, at, kind, node, row[1] if kind in SENDING else None, detail)

    def of(self, kind: str | None = None, node: str | None = None) -> tuple[Event, ...]:
        """The events of one kind, on one node, or both. Raises ValueError for a kind that does not exist."""
        if kind is not None and kind not in DETAIL:
            raise ValueError(f"kind={kind!r} is not a kind of event: use one of {', '.join(DETAIL)}")
        return tuple(
            self._event(i) for i, row in enumerate(self.rows) if kind in (None, row[2]) and node in (None, row[3])
        )

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """Every message in the order of sending, joined with its end."""
        end: dict[int, tuple[int, Row]] = {}
        for index, row in enumerate(self.rows):
            if row[4] is not None:
                end[row[4][1]] = (index, row)
        return tuple(
            _message(index, row, *end.get(row[1], (None, None)))
            for index, row in enumerate(self.rows)
            if row[2] in SENDING
        )

    @cached_property
    def _message_of(self) -> dict[int, Message]:
        return {message.id: message for message in self.messages}

    def message(self, id: int) -> Message:
        """The message with this id. Raises ValueError if there is none."""
        if id not in self._message_of:
            raise ValueError(f"id={id!r} is not a message of this trace: see trace.messages")
        return self._message_of[id]

    def clocks(self) -> list[tuple[int, ...]]:
        """The vector clock of every event, computed when asked for: entry i counts the events of `nodes[i]` known
        there.

        What the network does has the clock of the sending that it concerns, or zeros. Fidge 1988; Mattern 1989.
        """
        lane = {name: i for i, name in enumerate(self.nodes)}
        nothing = (0,) * len(lane)
        now: dict[str, list[int]] = {name: list(nothing) for name in lane}
        sent: dict[int, tuple[int, ...]] = {}
        clocks = []
        for row in self.rows:
            message = sent_row(row)
            if row[2] in NETWORK:
                original = row[COPY_OF] if row[2] == "duplicate" else message[1] if message else None
                clock = sent.get(original, nothing) if original is not None else nothing
            else:
                mine = now[row[3]]
                if row[2] == "deliver" and message is not None:
                    mine[:] = map(max, mine, sent.get(message[1], nothing))
                mine[lane[row[3]]] += 1
                clock = tuple(mine)
            if row[2] in SENDING:
                sent[row[1]] = clock
            clocks.append(clock)
        return clocks

    @cached_property
    def _links(self) -> tuple[list[list[int]], list[list[int]]]:
        """For every event, the events directly before it and directly after it in happened-before."""
        before: list[list[int]] = [[] for _ in self.rows]
        after: list[list[int]] = [[] for _ in self.rows]
        latest: dict[str, int] = {}
        sent: dict[int, int] = {}
        for index, row in enumerate(self.rows):
            earlier = []
            if row[2] not in NETWORK:
                if row[3] in latest:
                    earlier.append(latest[row[3]])
                latest[row[3]] = index
            message = row[COPY_OF] if row[2] == "duplicate" else row[4][1] if row[4] is not None else None
            if message is not None and message in sent:
                earlier.append(sent[message])
            if row[2] in SENDING:
                sent[row[1]] = index
            before[index] = earlier
            for link in earlier:
                after[link].append(index)
        return before, after

    def causes(self, event: Event | int) -> frozenset[int]:
        """Indices of all events that happened before this one: its past cone, itself not included."""
        return self._cone(event, self._links[0])

    def effects(self, event: Event | int) -> frozenset[int]:
        """Indices of all events that this one happened before: its future cone, itself not included."""
        return self._cone(event, self._links[1])

    def _cone(self, event: Event | int, links: list[list[int]]) -> frozenset[int]:
        start = event.index if isinstance(event, Event) else range(len(self.rows))[event]
        seen: set[int] = set()
        waiting = deque(links[start])
        while waiting:
            index = waiting.popleft()
            if index not in seen:
                seen.add(index)
                waiting.extend(links[index])
        return frozenset(seen)

    def states(self, at: float) -> dict[str, dict[str, Any]]:
        """The latest recorded state of every node at time `at`; a simulation records none: use `run.states(at)`."""
        return {row[3]: row[5] for row in self.rows if row[2] == "state" and row[0] <= at}

    def records(self) -> Iterator[dict[str, Any]]:
        """The events as flat dictionaries, as the JSON lines have them; `from_records` is the way back."""
        for event in self:
            message = {} if event.message is None else {"message": event.message}
            yield {"at": event.at, "kind": event.kind, "node": event.node, **message, **event.detail}

    @property
    def header(self) -> dict[str, Any]:
        """The first of the JSON lines."""
        names = ("kind", "seed", "until", "began")
        return {
            "trace": 1,
            **{name: getattr(self, name) for name in names},
            "nodes": list(self.nodes),
            "clients": list(self.clients),
        }

    def lines(self) -> Iterator[str]:
        """The trace as JSON lines, header first, each with its line end. The same run gives the same bytes."""
        for record in (self.header, *self.records()):
            yield json.dumps(record, ensure_ascii=False) + "\n"

    def save(self, path: str | Path) -> None:
        """Write the trace as JSON lines in UTF-8."""
        with Path(path).open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(self.lines())

    @classmethod
    def load(cls, path: str | Path) -> "Trace":
        """Read what `save` wrote. Raises ValueError that names the line if the file is something else or damaged."""
        number = 1
        try:
            with Path(path).open(encoding="utf-8") as file:
                lines = enumerate(file, start=1)
                header = json.loads(next(lines)[1])
                rows: list[Row] = []
                sent: dict[int, Row] = {}
                for number, line in lines:  # noqa: B007 - the number is for the error message
                    rows.append(_row(json.loads(line), sent))
            return cls._of(header, rows)
        except (ValueError, KeyError, TypeError, StopIteration) as error:
            raise ValueError(f"path={str(path)!r} is not a whole trace: line {number}: {error!r}") from None

    @classmethod
    def from_records(cls, header: dict[str, Any], records: Iterable[dict[str, Any]]) -> "Trace":
        """A trace from a header and flat dictionaries in the order of time, a sending before what became of it."""
        sent: dict[int, Row] = {}
        return cls._of(header, [_row(record, sent) for record in records])

    @classmethod
    def _of(cls, header: dict[str, Any], rows: list[Row]) -> "Trace":
        known = {key: header[key] for key in ("kind", "seed", "nodes", "until", "began")}
        return cls(rows, clients=header.get("clients", ()), **known)

    def to_shiviz(self, path: str | Path | None = None) -> str:
        """The trace in ShiViz's log format (https://bestchai.bitbucket.io/shiviz), also written to `path` if given."""
        text = to_shiviz(self)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8", newline="\n")
        return text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Trace):
            return NotImplemented
        return self.header == other.header and len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]  # fields are dictionaries

    def __repr__(self) -> str:
        return (
            f"<Trace: {len(self)} events on {len(self.nodes)} nodes in {self.until:g} s, {self.kind}, seed {self.seed}>"
        )


def _message(index: int, row: Row, ended: int | None, end: Row | None) -> Message:
    at, id, kind, sender, _, to, type, fields, reply_to = row[:9]
    delivered = end[0] if end is not None and end[2] == "deliver" else None
    dropped = end[5] if end is not None and end[2] == "drop" else None
    copy_of = row[COPY_OF] if kind == "duplicate" else None
    return Message(id, sender, to, type, fields, at, delivered, dropped, reply_to, copy_of, index, ended)


def _row(record: dict[str, Any], sent: dict[int, Row]) -> Row:
    """One flat dictionary as a row; `sent` collects the sendings by id."""
    kind, at, node = record["kind"], record["at"], record["node"]
    if kind not in DETAIL:
        raise ValueError(f"{kind!r} is not a kind of event")
    values = tuple(record[name] for name in DETAIL[kind])
    if kind in SENDING:
        sent[record["message"]] = row = (at, record["message"], kind, node, None, *values)
        return row
    if "message" not in record:
        return (at, 0, kind, node, None, *values)
    if record["message"] not in sent:
        raise ValueError(f"message {record['message']!r} ends here and was never sent")
    return (at, 0, kind, node, sent[record["message"]], *values)
