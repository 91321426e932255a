"""What the space–time widget must know besides the drawing: events in words, where they lie, and the nodes' states."""

import re
from itertools import groupby
from operator import attrgetter
from typing import Any

from toolkit.pictures.space_time import Drawing
from toolkit.pictures.space_time_layout import LEFT, shortly
from toolkit.pictures.space_time_messages import segment
from toolkit.system.node import state

_UNSEEN = ("timer-set", "state")
_NETWORK = ("duplicate", "drop", "partition", "heal")  # no node knows of these
_MOST_LETTERS = 120  # of a node's state
MOST_REPLAYED = 40_000  # events of a run that is run again for its states; a longer one would keep the learner waiting

Change = tuple[int, str, str]
"""(index of the event after which it holds, node, the node's variables in words)"""


def scene_of(trace: Any, drawn: Drawing, changes: list[Change]) -> dict[str, Any]:
    """Columns of events, rows of messages and changes of state, as plain data for happened_before.js."""
    paper = drawn.layout
    lane = {name: number for number, name in enumerate(paper.lanes)}
    shown = [
        event
        for event in (trace if drawn.messages else ())
        if event.kind not in _UNSEEN and paper.start <= event.at <= paper.stop
    ]
    place = {event.index: number for number, event in enumerate(shown)}
    sent: dict[int, int] = {}  # a copy was sent by whoever sent its original: the network's doubling is no node's event
    for message in trace.messages:
        own = place.get(message.sent_event, -1)
        sent[message.id] = own if message.copy_of is None else sent.get(message.copy_of, -1)
    ended = {message.id: place.get(message.ended_event, -1) for message in trace.messages}
    rows = [(flight, segment(flight, paper)) for flight in drawn.messages]
    return {
        "left": LEFT,
        "right": round(paper.right, 1),
        "start": paper.start,
        "stop": paper.stop,
        "lanes": [[name, y] for name, y in paper.lanes.items()],
        "events": {
            "x": [round(paper.x(event.at), 2) for event in shown],
            "lane": [-1 if event.kind in _NETWORK else lane[event.node] for event in shown],
            "sent": [sent[event.message] if event.kind == "deliver" else -1 for event in shown],
            "said": [f"{event.at:.4f} s: {words(event, trace)}" for event in shown],
        },
        "messages": [
            [*(round(value, 1) for value in line), sent[m.id], ended[m.id], m.id, int(m.why is not None)]
            for m, line in rows
            if line is not None and sent[m.id] >= 0
        ],
        "states": _placed(changes, [event.index for event in shown], lane),
    }


def _placed(changes: list[Change], shown: list[int], lane: dict[str, int]) -> list[list[Any]]:
    """Changes by the number of the first shown event at or after them; -1 for what holds from the beginning."""
    placed, number = [], 0
    for index, node, text in changes:
        while number < len(shown) and shown[number] < index:
            number += 1
        placed.append([number if index >= shown[0] else -1, lane[node], text] if shown else [-1, lane[node], text])
    return placed


def words(event: Any, trace: Any) -> str:
    """An event as a sentence."""
    kind, node, detail = event.kind, event.node, event.detail
    if event.message is not None:
        message = trace.message(event.message)
        what = f"{message.type}({shortly(f'{key}={value}' for key, value in message.fields.items())})"
        return {
            "send": f"{node} sends {what} to {message.to}",
            "duplicate": f"the network doubles {what} from {message.sender} to {message.to}",
            "deliver": f"{node} gets {what} from {message.sender}",
            "drop": f"{what} from {message.sender} to {message.to} is lost ({detail.get('why')})",
        }[str(kind)]
    if kind == "partition":
        sides = detail["groups"] or detail["one_way"]
        return f"cut: {(' | ' if detail['groups'] else ' ↛ ').join(' '.join(side) for side in sides)}"
    told = {
        "timer": lambda: f"timer {detail['name']} of {node} fires",
        "log": lambda: f"{node}: {detail['text']}",
        "error": lambda: f"{node} raised {detail['type']}: {detail['text']} (line {detail['line']}: {detail['code']})",
        "crash": lambda: f"{node} crashes",
        "restart": lambda: f"{node} comes back with what its disk kept",
        "pause": lambda: f"{node} stands still",
        "resume": lambda: f"{node} goes on",
        "clock": lambda: f"{node}'s clock is set {detail['offset']:+g} s off, and drifts by {detail['drift']:g}",
        "heal": lambda: "all links are whole again",
        "invoke": lambda: f"{node} asks {detail['to']}: {detail['type']} {shortly(detail['fields'].values())}",
        "return": lambda: f"{node}'s {detail['operation']} ends {detail['outcome']}: {detail['result']}",
    }
    return told[kind]() if kind in told else str(kind)


def state_changes(record: Any) -> list[Change]:
    """Every change of a node's variables: by running a simulation again, from moment to moment, else as recorded."""
    trace = getattr(record, "trace", record)
    if len(trace) > MOST_REPLAYED:
        return []
    try:
        simulation = record.rewind(0.0)
    except (AttributeError, ValueError):  # a record of another world, or one without its system
        return _only_changes([(e.index, e.node, in_words(e.detail["state"])) for e in trace.of("state")])
    found = [(-1, name, in_words(state(node))) for name, node in simulation.nodes.items()]
    for at, events in groupby(trace, key=attrgetter("at")):
        first = {event.node: event for event in reversed(list(events))}
        simulation.run(until=at)
        nodes = simulation.nodes
        for name, event in first.items():
            if name in nodes:
                up = simulation.host(name).status != "down"
                found.append((event.index, name, in_words(state(nodes[name])) if up else "(down)"))
    return _only_changes(found)


def _only_changes(states: list[Change]) -> list[Change]:
    latest: dict[str, str] = {}
    changes = []
    for index, node, text in states:
        if latest.get(node) != text:
            latest[node] = text
            changes.append((index, node, text))
    return changes


def _rounded(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def in_words(variables: dict[str, Any]) -> str:
    """A node's variables in one line."""
    text = "  ".join(f"{name}={_rounded(value)}" for name, value in variables.items())
    text = re.sub(r"\b[A-Z]\w+(?=\()", "", text)  # of LamportClock(time=3) there is room for (time=3)
    return text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - 1] + "…"
