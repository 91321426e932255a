"""The Maelstrom protocol: what a line is, how it is written and read, and what its error codes mean.

A line is {"src": "c1", "dest": "n1", "body": {"type": "add", "msg_id": 3, "delta": 5}}; its answer's body has the same
number as `in_reply_to`. See `doc/protocol.md` and `resources/errors.edn` of github.com/jepsen-io/maelstrom.
"""

import json
from typing import Any

ENVELOPE = ("type", "msg_id", "in_reply_to")
"""What the protocol keeps in a body for itself; everything else there is a field."""

NOT_SUPPORTED, TEMPORARILY_UNAVAILABLE, MALFORMED_REQUEST, CRASH, PRECONDITION_FAILED = 10, 11, 12, 13, 22
"""Codes of the error replies that we send."""


def body_of(type: str, fields: dict[str, Any], id: int, reply_to: int | None) -> dict[str, Any]:
    """A message's body. Raises ValueError for a field named like a part of the envelope."""
    for name in ENVELOPE:
        if name in fields:
            raise ValueError(f"{name!r} cannot be a field of {type!r}: Maelstrom's protocol uses that name itself")
    reply = {} if reply_to is None else {"in_reply_to": reply_to}
    return {"type": type, **fields, "msg_id": id, **reply}


def line_of(src: str, dest: str, body: dict[str, Any]) -> bytes:
    """A message as its line."""
    return json.dumps({"src": src, "dest": dest, "body": body}).encode() + b"\n"


def parse(line: bytes) -> tuple[str, str, dict[str, Any]]:
    """(src, dest, body) of a line. Raises ValueError that says what is wrong with it."""
    message = _loads(line)
    if not isinstance(message, dict):
        raise ValueError("it is JSON, but no object")
    for name, kind, words in (("src", str, "a string"), ("dest", str, "a string"), ("body", dict, "an object")):
        if not isinstance(message.get(name), kind):
            raise ValueError(f"{name!r} must be {words}")
    body = message["body"]
    if not isinstance(body.get("type"), str) or not body["type"]:
        raise ValueError("'type' in its body must be a string")
    for name in ("msg_id", "in_reply_to"):
        if isinstance(body.get(name), bool) or not isinstance(body.get(name), int | None):
            raise ValueError(f"{name!r} in its body must be a whole number")
    return message["src"], message["dest"], body


def _loads(line: bytes) -> Any:
    try:
        return json.loads(line.decode("utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def fields_in(body: dict[str, Any]) -> dict[str, Any]:
    """A body without its envelope."""
    return {name: value for name, value in body.items() if name not in ENVELOPE}
