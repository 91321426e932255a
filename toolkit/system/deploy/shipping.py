"""How node classes get to worker processes, and nodes back: with cloudpickle, over Dask's own connections.

A class that was defined in a notebook, or in a file of the learner's, travels *by value*: the worker gets what the
notebook has now, and need not be able to import it. Classes of installed packages are imported there.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any

import cloudpickle

from toolkit.system.deploy.host import Plan
from toolkit.system.disk import Disk
from toolkit.system.host import Host, is_own, random_stream
from toolkit.system.node import Node, class_of


def pack(plan: Plan) -> bytes:
    """The plan with its classes as bytes. Raises TypeError that names the class which cannot travel, and why."""
    with _by_value([class_of(factory) for factory in plan.factories.values()]):
        for name, factory in plan.factories.items():
            try:
                cloudpickle.dumps(factory)
            except Exception as error:  # pickling runs code of the class, which may raise anything
                raise TypeError(
                    f"{class_of(factory).__name__} (node {name!r}) cannot be sent to a worker process: {error}. A "
                    "class takes along what its methods use from outside: make locks, files and the like in the node "
                    "itself, in __init__ or on_start"
                ) from error
        return cloudpickle.dumps(plan)


@contextmanager
def _by_value(classes: Iterable[type]) -> Iterator[None]:
    """Meanwhile, modules with code of the learner's that define these classes are pickled by value."""
    names = {base.__module__ for cls in classes for base in cls.__mro__} - cloudpickle.list_registry_pickle_by_value()
    with ExitStack() as stack:
        for module in [sys.modules[name] for name in sorted(names) if name in sys.modules]:
            if _is_learners(module):
                cloudpickle.register_pickle_by_value(module)
                stack.callback(cloudpickle.unregister_pickle_by_value, module)
        yield


def _is_learners(module: ModuleType) -> bool:
    """Whether a module is a file of the learner's: neither the notebook itself, nor installed, nor this toolkit."""
    file = getattr(module, "__file__", None)
    return file is not None and is_own(file) and module.__name__.partition(".")[0] not in ("__main__", "toolkit")


class Ended(Host):
    """The host of a node that has come home: its name and disk can be read, and everything else is over."""

    def __init__(self, plan: Plan, name: str, disk: dict[str, Any]) -> None:
        self.name, self.random = name, random_stream(plan.seed, "node", name)
        self.peers = tuple(other for other in plan.factories if other != name)
        self.disk = Disk(disk, lambda writes: None)

    def _over(self, *arguments: Any, **fields: Any) -> Any:
        raise RuntimeError(f"the run of node {self.name!r} is over: it can be looked at, and not go on")

    send = transmit = in_hand = now = set_timer = cancel_timer = record = _over


def unpack(plan: Plan, name: str, variables: bytes | None, disk: dict[str, Any]) -> Node:
    """A node as it ended; one whose process was killed has nothing left but its disk."""
    host = Ended(plan, name, disk)
    cls = class_of(plan.factories[name])
    node = cls.__new__(cls)
    node._host = host
    node.name, node.peers, node.random, node.disk = host.name, host.peers, host.random, host.disk
    if variables is not None:
        vars(node).update(cloudpickle.loads(variables))
    return node
