"""Make one trace of what many processes wrote down.

Every log is in the order in which its node lived, and stamped with the run's clock. On one machine that clock is one
and the same for all; between machines it is an estimate, a fraction of a round trip wrong. So logs are merged by time,
but never against causality: a delivery waits until its sending is out, and takes at least its time. That is Lamport's
clock condition (1978, CACM 21(7)), applied to physical time.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

from toolkit.system.deploy.codec import complete
from toolkit.system.trace import TO, Row

Record = list[Any]
"""[at, kind, *detail] as a node logged it; "send" and "duplicate" end with the message's id, type, fields, reply_to."""


@dataclass
class Lane:
    """What is known of one node: its logs by life, and what was done to it, as (seconds, life, kind, *detail)."""

    name: str
    lives: dict[int, list[Record]] = field(default_factory=dict)
    done: list[tuple[Any, ...]] = field(default_factory=list)

    def records(self) -> Iterator[Record]:
        """All events in order, at times that never decrease: a life, its crash, the next life."""
        latest = 0.0
        for life in range(max([*self.lives, *(entry[1] for entry in self.done)], default=-1) + 1):
            of_life = [[entry[0], *entry[2:]] for entry in self.done if entry[1] == life]
            crashes = [record for record in of_life if record[1] == "crash"]
            others = [record for record in of_life if record[1] != "crash"]
            for record in [*_merged(self.lives.get(life, []), others), *crashes]:
                latest = record[0] = max(latest, record[0])
                yield record


def _merged(log: list[Record], done: list[Record]) -> list[Record]:
    """Both in the order of time; each is in its own order already, and keeps it."""
    merged = []
    done = list(done)
    for record in log:
        while done and done[0][0] <= record[0]:
            merged.append(done.pop(0))
        merged.append(record)
    return merged + done


def read(data: bytes) -> list[Record]:
    """The records of one log, as far as they are complete."""
    records: list[Record] = []
    values = iter(complete(data))
    for record in values:
        if record[1] in ("send", "duplicate"):
            message = next(values, None)
            if message is None:
                break
            record += message
        records.append(record)
    return records


def merge(lanes: list[Lane], network: list[tuple[Any, ...]]) -> list[Row]:
    """The rows of the trace; `network` are partitions and heals as (seconds, kind, *detail)."""
    streams = {lane.name: list(lane.records()) for lane in lanes}
    streams[""] = sorted([[*entry] for entry in [*network, *_silent_drops(streams)]], key=lambda record: record[0])
    return _Merge(streams).rows


class _Merge:
    """Merge streams by time; who needs a message that has not been sent yet waits for it."""

    def __init__(self, streams: dict[str, list[Record]]) -> None:
        self.rows: list[Row] = []
        self._streams = {name: iter(stream) for name, stream in streams.items()}
        self._sent: dict[int, Row] = {}
        self._lanes = {name: number for number, name in enumerate(streams)}
        self._heads: list[tuple[float, int, str, Record]] = []
        self._waiting: dict[int, list[tuple[str, Record]]] = defaultdict(list)
        self._latest = dict.fromkeys(streams, 0.0)
        for name in streams:
            self._advance(name)
        while self._heads or self._waiting:
            if not self._heads:
                self._give_up()
                continue
            _, _, name, record = heappop(self._heads)
            self._emit(name, record)
            self._advance(name)

    def _give_up(self) -> None:
        """A log was lost, with a machine perhaps: what became of its messages is left out, and the rest goes on."""
        _, waiting = self._waiting.popitem()
        for name, _ in waiting:
            self._advance(name)

    def _advance(self, name: str) -> None:
        record = next(self._streams[name], None)
        if record is None:
            return
        if record[1] in ("deliver", "drop") and record[2] not in self._sent:
            self._waiting[record[2]].append((name, record))
        else:
            self._push(name, record, 0.0)

    def _push(self, name: str, record: Record, least: float) -> None:
        at = self._latest[name] = max(self._latest[name], record[0], least)
        heappush(self._heads, (at, self._lanes[name], name, record))

    def _emit(self, name: str, record: Record) -> None:
        at, kind = self._latest[name], record[1]
        if kind in ("send", "duplicate"):
            to, *of, number, type, fields, reply_to = record[2:]
            row: Row = (at, number, kind, name, None, to, type, fields, reply_to, *of)
            self._sent[number] = row
            for waiting in self._waiting.pop(number, []):
                self._push(*waiting, at)
        elif kind in ("deliver", "drop"):
            sent = self._sent[record[2]]
            row = (at, 0, kind, sent[TO], sent, *record[3:])
        else:
            row = (at, 0, kind, name or None, None, *record[2:])
        self.rows.append(row)


def _silent_drops(streams: dict[str, list[Record]]) -> list[tuple[Any, ...]]:
    """Messages that were lost with a killed process, at either end: nobody could write that down.

    A message that was not delivered is such a one if its receiver was down when it was sent, or if one of both ends
    crashed afterwards. Any other was on its way when the run ended.
    """
    ended = {record[2] for stream in streams.values() for record in stream if record[1] in ("deliver", "drop")}
    crashes = {name: _crashes(stream) for name, stream in streams.items()}
    drops = []
    for sender, stream in streams.items():
        for record in stream:
            if record[1] not in ("send", "duplicate") or record[-4] in ended:
                continue
            ends = [max(record[0], down) for down, up in crashes[record[2]] if record[0] < up]
            ends += [down for down, _ in crashes[sender] if down >= record[0]]
            if ends:
                drops.append((min(ends), "drop", record[-4], "crashed"))
    return drops


def _crashes(stream: list[Record]) -> list[tuple[float, float]]:
    """(down, up again) in seconds, of each crash."""
    spans: list[tuple[float, float]] = []
    for record in stream:
        if record[1] == "crash":
            spans.append((record[0], float("inf")))
        elif record[1] == "restart" and spans:
            spans[-1] = (spans[-1][0], record[0])
    return spans
