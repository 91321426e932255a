"""A trace in the log format of ShiViz (Beschastnikh et al. 2016, "Debugging Distributed Systems", CACM 59(8)).

The default parser of ShiViz reads two lines an event: `host {"host": clock, ...}`, then a line of text.
"""

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolkit.system.trace import Event, Trace


def to_shiviz(trace: "Trace") -> str:
    """The events of nodes with their vector clocks; what only the network did (drops, say) has no place there."""
    lines = []
    for event, clock in zip(trace, trace.clocks(), strict=True):
        if event.node is None or event.kind in ("drop", "duplicate"):
            continue
        known = {name: count for name, count in zip(trace.nodes, clock, strict=True) if count}
        lines += [f"{event.node} {json.dumps(known)}", f"{event.at:.6f} {_text(event, trace)}"]
    return "".join(line + "\n" for line in lines)


def _text(event: "Event", trace: "Trace") -> str:
    """What a reader sees of an event, on one line."""
    if event.kind == "send":
        return f"send {event.detail['type']} to {event.detail['to']} {json.dumps(event.detail['fields'])}"
    if event.kind == "deliver" and event.message is not None:
        message = trace.message(event.message)
        return f"deliver {message.type} from {message.sender} {json.dumps(message.fields)}"
    return " ".join([event.kind, *(f"{name}={json.dumps(value)}" for name, value in event.detail.items())])
