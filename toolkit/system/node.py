"""A node: what the learner writes, once, to be simulated and deployed.

    class Counter(Node):
        def on_start(self):
            self.total = self.disk.get("total", 0)

        def on_increment(self, sender, by):
            self.total += by
            self.disk["total"] = self.total
            self.disk.sync()
            self.reply("ok", total=self.total)

A message of type "increment" with the field `by` is handled by `on_increment`. Handlers run one at a time, to their
end, and touch the outside only through `self`: that makes a node deterministic, and so a run can be repeated.
The shape is that of dslabs (Michael et al. 2019, "Teaching Rigorous Distributed Systems", EuroSys) and of Maelstrom.
"""

import functools
import math
import random
from collections.abc import Callable
from typing import Any, cast

from toolkit.system.disk import Disk
from toolkit.system.host import Host
from toolkit.system.message import ATOMS, MessageError, Nested, plain, plain_fields

Factory = Callable[..., "Node"]
"""A node class, or functools.partial of one when it takes arguments."""

Request = list[Any]
"""[sender, message id]: which message is to be answered. Plain data, so it can be kept, written to disk, or sent on."""


class Node:
    """Base class of every node; subclasses add handlers `on_<type>(self, sender, field, …)`."""

    _host: Host

    def on_start(self) -> None:
        """Called when the node comes up: at the beginning, and again after a crash, with nothing left but `self.disk`."""

    def on_timer(self, name: str) -> None:
        """Called when the timer `name` fires."""
        raise MessageError(f"{type(self).__name__} set a timer {name!r} and has no handler on_timer(self, name)")

    @property
    def name(self) -> str:
        """This node's name, such as "n1"."""
        return self._host.name

    @property
    def peers(self) -> tuple[str, ...]:
        """The names of all other nodes; clients are not among them."""
        return self._host.peers

    @property
    def now(self) -> float:
        """Seconds on this node's own clock, which may be skewed and may drift."""
        return self._host.now()

    @property
    def random(self) -> random.Random:
        """This node's random numbers, drawn from the run's seed; use these instead of the module `random`."""
        return self._host.random

    @property
    def disk(self) -> Disk:
        """What survives a crash, as far as it was synced."""
        return self._host.disk

    @property
    def request(self) -> Request | None:
        """The message being handled, to be answered later with `reply_to`; None in on_start and on_timer."""
        host = self._host
        return None if host.sender is None else [host.sender, host.message]

    def send(self, to: str, type: str, /, **fields: Any) -> int:
        """Send a message to a node, a client or this node itself; returns the message's id.

        It may arrive late, twice, out of order or not at all. Sent to the sender of the message being handled, it is
        the reply to it. Raises MessageError for an unknown node, type or field, and for a field that is not plain data.
        """
        host = self._host
        try:
            known = tuple(fields) in host.accepted[to][type]
        except (KeyError, TypeError):
            known = False
        if not known:
            host.vocabulary.check(to, type, fields)
        for value in fields.values():
            if value.__class__ not in ATOMS:
                fields = plain_fields(fields, type)
                break
        return host.send(to, type, fields, host.message if to == host.sender else None)

    def broadcast(self, type: str, /, **fields: Any) -> None:
        """Send the same message to every peer."""
        for peer in self._host.peers:
            self.send(peer, type, **fields)

    def reply(self, type: str, /, **fields: Any) -> int:
        """Answer the message being handled. Raises RuntimeError when there is none."""
        if self._host.sender is None:
            raise RuntimeError(f"reply({type!r}) outside a message's handler: keep self.request and use reply_to")
        return self.send(self._host.sender, type, **fields)

    def reply_to(self, request: Request, type: str, /, **fields: Any) -> int:
        """Answer a message handled earlier; `request` is what `self.request` was then."""
        if not isinstance(request, list | tuple) or len(request) != 2:
            raise MessageError(f"request={request!r} is not a request: keep the value of self.request")
        to, message = request
        self._host.vocabulary.check(to, type, fields)
        return self._host.send(to, type, plain_fields(fields, type), message)

    def set_timer(self, name: str, seconds: float) -> None:
        """Have `on_timer(name)` called in `seconds`; a timer of the same name is replaced."""
        if not isinstance(name, str):
            raise MessageError(f"name={name!r} cannot name a timer: use a str")
        if not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
            raise MessageError(f"seconds={seconds!r} of timer {name!r} must be a number of seconds, 0 or more")
        self._host.set_timer(name, seconds)

    def cancel_timer(self, name: str) -> None:
        """Forget the timer `name`; nothing happens if there is none."""
        self._host.cancel_timer(name)

    def log(self, text: str) -> None:
        """Write a line into the run's trace."""
        self._host.record("log", str(text))

    def __repr__(self) -> str:
        name = self.name if hasattr(self, "_host") else "not running"
        return f"<{type(self).__name__} {name}: {state(self)}>"


def class_of(factory: Any) -> type[Node]:
    """The node class behind a factory. Raises TypeError for anything but a Node class or a partial of one."""
    cls = factory.func if isinstance(factory, functools.partial) else factory
    if isinstance(cls, type) and issubclass(cls, Node):
        return cls
    remedy = f"the class itself, {type(cls).__name__}" if isinstance(cls, Node) else "a subclass of Node"
    raise TypeError(f"{factory!r} cannot make a node: give {remedy}, or functools.partial of it with its arguments")


def create(factory: Factory, host: Host) -> Node:
    """A new node on its host; its `__init__` may already use `self.name` and the rest."""
    cls = class_of(factory)
    node = cls.__new__(cls)
    node._host = host
    arguments = (factory.args, factory.keywords) if isinstance(factory, functools.partial) else ((), {})
    cast(Any, node).__init__(*arguments[0], **arguments[1])
    return node


def handlers(node: Node) -> dict[str, Callable[..., None]]:
    """Message type -> bound handler, for a run-time that looks it up at every delivery."""
    reserved = ("on_start", "on_timer", "on_message")
    return {
        name[3:]: getattr(node, name) for name in dir(type(node)) if name.startswith("on_") and name not in reserved
    }


def deliver(node: Node, sender: str, type: str, fields: dict[str, Any]) -> None:
    """Hand a message to its handler; nested fields as a copy, so that no two nodes share an object."""
    own = plain(dict(fields), "fields") if fields.__class__ is Nested else fields
    handler = getattr(node, f"on_{type}", None) if type not in ("start", "timer", "message") else None
    if handler is not None:
        handler(sender, **own)
    else:
        cast(Any, node).on_message(sender, type, dict(own))


def state(node: Node) -> dict[str, Any]:
    """The node's variables by name, as plain data for a picture; what starts with an underscore is private."""
    return {name: _readable(value) for name, value in vars(node).items() if not name.startswith("_")}


def _readable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key if isinstance(key, str) else repr(key): _readable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(item) for item in value]
    if isinstance(value, set | frozenset):
        return [_readable(item) for item in sorted(value, key=repr)]
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)
