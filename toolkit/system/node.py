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
from toolkit.system.message import RESERVED, Loose, MessageError, plain

Factory = Callable[..., "Node"]
"""A node class, or functools.partial of one when it takes arguments."""

Request = list[Any]
"""[sender, message id]: which message is to be answered. Plain data, so it can be kept, written to disk, or sent on."""


GIVEN = ("name", "peers", "random", "disk", "send")
"""What the run-time puts on a node; the rest of its variables are its state."""


class Node:
    """Base class of every node; subclasses add handlers `on_<type>(self, sender, field, …)`."""

    name: str
    """This node's name, such as "n1"."""
    peers: tuple[str, ...]
    """The names of all other nodes; clients are not among them."""
    random: random.Random
    """This node's random numbers, drawn from the run's seed; use these instead of the module `random`."""
    disk: Disk
    """What survives a crash, as far as it was synced."""
    _host: Host

    def on_start(self) -> None:
        """Called when the node comes up: at the beginning, and after a crash with nothing left but `self.disk`."""

    def on_timer(self, name: str) -> None:
        """Called when the timer `name` fires."""
        raise MessageError(f"{type(self).__name__} set a timer {name!r} and has no handler on_timer(self, name)")

    @property
    def now(self) -> float:
        """Seconds on this node's own clock, which may be skewed and may drift."""
        return self._host.now()

    @property
    def request(self) -> Request | None:
        """The message being handled, to be answered later with `reply_to`; None in on_start and on_timer."""
        hand = self._host.in_hand()
        return None if hand is None else [hand[0], hand[1]]

    def send(self, to: str, type: str, /, **fields: Any) -> int:
        """Send a message to a node, a client or this node itself; returns the message's id.

        It may arrive late, twice, out of order or not at all. Sent to the sender of the message being handled, it is
        the reply to it. Raises MessageError for an unknown node, type or field, and for a field that is not plain data.
        """
        return self._host.send(to, type, **fields)

    def broadcast(self, type: str, /, **fields: Any) -> None:
        """Send the same message to every peer."""
        for peer in self._host.peers:
            self.send(peer, type, **fields)

    def reply(self, type: str, /, **fields: Any) -> int:
        """Answer the message being handled. Raises RuntimeError when there is none."""
        hand = self._host.in_hand()
        if hand is None:
            raise RuntimeError(f"reply({type!r}) outside a message's handler: keep self.request and use reply_to")
        return self.send(hand[0], type, **fields)

    def reply_to(self, request: Request, type: str, /, **fields: Any) -> int:
        """Answer a message handled earlier; `request` is what `self.request` was then."""
        if not isinstance(request, list | tuple) or len(request) != 2:
            raise MessageError(f"request={request!r} is not a request: keep the value of self.request")
        to, message = request
        return self._host.transmit(to, type, self._host.vocabulary.checked(to, type, fields), message)

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
    node.name, node.peers, node.random, node.disk = host.name, host.peers, host.random, host.disk
    if cls.send is Node.send:
        node.send = host.send  # type: ignore[method-assign]  # one call less on the way of every message
    arguments = (factory.args, factory.keywords) if isinstance(factory, functools.partial) else ((), {})
    cast(Any, node).__init__(*arguments[0], **arguments[1])
    return node


def handlers(node: Node) -> dict[str, Callable[..., None]]:
    """Message type -> bound handler, for a run-time that looks it up at every delivery."""
    names = (name for name in dir(type(node)) if name.startswith("on_") and name not in RESERVED)
    return {name[3:]: getattr(node, name) for name in names}


def deliver(node: Node, sender: str, type: str, fields: dict[str, Any]) -> None:
    """Hand a message to its handler, by name; nested fields as a copy, so that no two nodes share an object."""
    own = plain(dict(fields), "fields") if fields.__class__ is Loose else fields
    handler = getattr(node, f"on_{type}", None) if f"on_{type}" not in RESERVED else None
    if handler is not None:
        handler(sender, **own)
    else:
        cast(Any, node).on_message(sender, type, dict(own))


def state(node: Node) -> dict[str, Any]:
    """The node's variables by name, as plain data for a picture; what starts with an underscore is private."""
    return {name: _readable(value) for name, value in vars(node).items() if name[0] != "_" and name not in GIVEN}


def _readable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key if isinstance(key, str) else repr(key): _readable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(item) for item in value]
    if isinstance(value, set | frozenset):
        return [_readable(item) for item in sorted(value, key=repr)]
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)
