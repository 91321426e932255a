"""What nodes may say to each other: a type name and JSON-like fields, checked before a message leaves its sender.

The handler for a message of type "increment" is the method `on_increment(self, sender, by)`; its parameters are the
fields. So the classes themselves are the protocol's vocabulary, and a typo is found where it is made: an error that
names the nearest handler or field, at the line that sends, in simulation and on real processes alike.
Fields are plain data, as in JSON, so that nodes can share no object: what one node changes, no other node sees.
"""

import difflib
import inspect
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

ATOMS = frozenset({int, str, bool, type(None)})
"""The types of a field that need neither check nor copy."""


class MessageError(ValueError):
    """A message that no node can receive (unknown node, type or field), or data that is not plain.

    It is a mistake in the program and not a fault of a machine, so a simulation stops and shows it.
    """


class Loose(dict[str, Any]):
    """Fields that a handler must be given by name, and as a copy of its own: nested, or not in the handler's order."""


def plain(value: Any, where: str) -> Any:
    """`value` as an independent copy made of None, bool, int, float, str, list and dict with str keys.

    A tuple becomes a list, as it would in JSON. `where` names the value in the error message. Raises MessageError
    for anything else: a set has no order, an object has behaviour, and NaN is not equal to itself.
    """
    kind = type(value)
    if kind in ATOMS:
        return value
    if kind is float:
        if math.isfinite(value):
            return value
        raise MessageError(f"{where} is {value!r}, which JSON does not have: use None for 'no value'")
    if kind is list or kind is tuple:
        return [item if type(item) in ATOMS else plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
    if kind is dict:
        for key in value:
            if type(key) is not str:
                raise MessageError(f"{where} has the key {key!r} of type {type(key).__name__}: keys must be str")
        return {key: plain(item, f"{where}[{key!r}]") for key, item in value.items()}
    remedy = "use sorted(...)" if kind in (set, frozenset) else "use None, bool, int, float, str, list or dict"
    raise MessageError(f"{where} is {value!r} of type {kind.__name__}, which is not plain data: {remedy}")


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that looks most like `word`, in words for an error message; else, or if several do, all known."""
    known = list(known)
    close = difflib.get_close_matches(word, known, n=2, cutoff=0.5)
    scores = [difflib.SequenceMatcher(None, found, word).ratio() for found in close]
    if close and (len(close) == 1 or scores[0] > scores[1]):
        return f"did you mean {close[0]!r}?"
    return f"there are {', '.join(map(repr, known[:20]))}" if known else "there are none"


@dataclass(frozen=True)
class Signature:
    """The fields that a handler takes, in its order.

    `needed` are those without a default, `anything` whether it takes others too, `sender` what it calls the sender.
    """

    fields: tuple[str, ...]
    needed: frozenset[str]
    anything: bool
    sender: str

    @classmethod
    def of(cls, owner: str, method: Any) -> "Signature":
        """Read a handler. Raises TypeError if it is not `(self, sender, field, …)` and an ordinary function."""
        name = f"{owner}.{method.__name__}"
        if inspect.iscoroutinefunction(method) or inspect.isgeneratorfunction(method):
            raise TypeError(f"{name} must be an ordinary function: a handler runs to its end, without await or yield")
        parameters = list(inspect.signature(method).parameters.values())
        by_place = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        if len(by_place) < 2 or any(p.kind is p.VAR_POSITIONAL for p in parameters):
            raise TypeError(f"{name}{inspect.signature(method)} must take (self, sender, field, ...)")
        fields = [p for p in parameters[2:] if p.kind is not p.VAR_KEYWORD]
        return cls(
            fields=tuple(p.name for p in fields),
            needed=frozenset(p.name for p in fields if p.default is p.empty),
            anything=any(p.kind is p.VAR_KEYWORD for p in parameters),
            sender=by_place[1].name,
        )


RESERVED = ("on_start", "on_timer", "on_message")
"""Methods that are called for something else than one type of message."""


def signatures(node_class: type) -> dict[str, Signature]:
    """Message type -> what its handler takes. Raises TypeError that names a handler with a wrong signature."""
    _check_reserved(node_class)
    names = (name for name in dir(node_class) if name.startswith("on_") and name not in RESERVED)
    return {name[3:]: Signature.of(node_class.__name__, getattr(node_class, name)) for name in names}


def _check_reserved(node_class: type) -> None:
    """on_start(self), on_timer(self, name), on_message(self, sender, type, fields): as they will be called."""
    for name, wanted in (
        ("on_start", "self"),
        ("on_timer", "self, name"),
        ("on_message", "self, sender, type, fields"),
    ):
        method = getattr(node_class, name, None)
        if method is None:
            continue
        if inspect.iscoroutinefunction(method) or inspect.isgeneratorfunction(method):
            raise TypeError(f"{node_class.__name__}.{name} must be an ordinary function, without await or yield")
        try:
            inspect.signature(method).bind(*wanted.split(", "))
        except TypeError:
            raise TypeError(
                f"{node_class.__name__}.{name}{inspect.signature(method)} must be {name}({wanted})"
            ) from None


class Vocabulary:
    """Who understands which message; the same checks for every way to run a system.

    `classes` maps a node's name to its class, or to None for one that takes anything (a program of its own).
    A class with a method `on_message(self, sender, type, fields)` takes anything too.
    """

    def __init__(self, classes: Mapping[str, type | None]) -> None:
        read = {cls: signatures(cls) for cls in dict.fromkeys(classes.values()) if cls is not None}
        self._known: dict[str, dict[str, Signature] | None] = {
            name: None if cls is None or hasattr(cls, "on_message") else read[cls] for name, cls in classes.items()
        }
        self._class_names = {name: cls.__name__ for name, cls in classes.items() if cls is not None}
        # receiver -> type -> field names in the handler's order: a message that has just these needs no further look
        self.orders: dict[str, dict[str, tuple[str, ...]]] = {
            name: {type: s.fields for type, s in (known or {}).items() if not s.anything}
            for name, known in self._known.items()
        }

    def checked(self, to: str, type: str, fields: dict[str, Any]) -> dict[str, Any]:
        """The fields as they may travel: themselves, or a copy as `Loose`. Raises MessageError as `check` does."""
        self.check(to, type, fields)
        if all(value.__class__ in ATOMS for value in fields.values()) and tuple(fields) == self.orders[to].get(type):
            return fields
        travelling = Loose((name, plain(value, f"field {name!r} of {type!r}")) for name, value in fields.items())
        nested = any(value.__class__ in (list, dict) for value in travelling.values())
        return travelling if nested or tuple(fields) != self.orders[to].get(type) else dict(travelling)

    def check(self, to: str, type: str, fields: Iterable[str]) -> None:
        """Raises MessageError if node `to` does not exist or cannot handle a message of this type with these fields."""
        if not isinstance(to, str) or to not in self._known:
            raise MessageError(f"{type!r} was sent to {to!r}, which is not a node: {nearest(str(to), self._known)}")
        if not isinstance(type, str) or not type:
            raise MessageError(f"type={type!r} is not a message type: use a str such as 'ping'")
        known = self._known[to]
        if known is None:
            return
        owner = self._class_names[to]
        if type not in known:
            near = nearest(f"on_{type}", [f"on_{name}" for name in known])
            raise MessageError(f"{owner} (node {to!r}) has no handler on_{type} for the message {type!r}: {near}")
        self._check_fields(f"{owner}.on_{type}", f"(node {to!r}, message {type!r})", fields, known[type])

    def _check_fields(self, handler: str, where: str, fields: Iterable[str], signature: Signature) -> None:
        for field in fields:
            if field in ("self", signature.sender):
                raise MessageError(f"{field!r} cannot be a field {where}: {handler} calls its sender so")
            if field not in signature.fields and not signature.anything:
                raise MessageError(f"{handler} has no field {field!r} {where}: {nearest(field, signature.fields)}")
        missing = sorted(signature.needed - set(fields))
        if missing:
            raise MessageError(f"{handler} needs the field {', '.join(map(repr, missing))}, not given {where}")
