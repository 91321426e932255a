"""How an exercise's function is called where a plain call isn't enough. Runs in the learner's process.

No solution stands in this module: the process that runs the learner's code imports it.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any


def plainly(function: Callable[..., object], *arguments: object) -> object:
    """The usual way: call the function with the arguments of the case."""
    return function(*arguments)


def with_queues(consume: Callable[..., object], sent: Sequence[object], producers: int) -> dict[str, list[object]]:
    """Run a consumer between two queues; return what then lies in each."""
    inbox: queue.Queue[object] = queue.Queue()
    outbox: queue.Queue[object] = queue.Queue()
    for message in sent:
        inbox.put(message)
    consume(inbox, outbox, producers)
    return {"inbox": _drained(inbox), "outbox": _drained(outbox)}


def _drained(lane: queue.Queue[object]) -> list[object]:
    return [lane.get_nowait() for _ in range(lane.qsize())]


def store_and_read(
    functions: tuple[Callable[[str, int], Hashable], Callable[[str], Iterable[Hashable]]], keys: Sequence[str]
) -> dict[str, Any]:
    """Store row i of `keys` where the first function says, and read every key back from where the second says.

    Returns the stored key of every row (as text) and, for each key, how many places are asked and the rows they bring.
    """
    stored_key, keys_to_read = functions
    table: dict[Hashable, list[int]] = {}
    placed = []
    for row, key in enumerate(keys):
        place = stored_key(key, row)
        table.setdefault(place, []).append(row)
        placed.append(repr(place))
    asked = {key: list(keys_to_read(key)) for key in dict.fromkeys(keys)}
    read = {key: [row for place in places for row in table.get(place, [])] for key, places in asked.items()}
    return {"placed": placed, "asked": {key: len(places) for key, places in asked.items()}, "read": read}


def owners(_: object, owner: Callable[[Any, int], object], keys: Sequence[object], nodes: int) -> list[object]:
    """What a version of a partitioner answers for each key."""
    return [owner(key, nodes) for key in keys]
