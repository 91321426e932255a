"""Ctrl-C, or Jupyter's Interrupt button, between two changes and never in the middle of one.

Starting workers, retiring them, closing: each takes a few steps, and half of them done is a cluster that neither works
nor is closed. Python raises KeyboardInterrupt only in the main thread. So such a change runs in a thread of its own; an
interrupt that comes meanwhile is raised when the change is complete. All of them are bounded in time.
"""

import functools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def whole(change: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function that an interrupt must not cut in two."""

    @functools.wraps(change)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        outcome: Future[R] = Future()
        once = threading.Lock()

        def work() -> None:
            if not once.acquire(blocking=False):
                return  # an interrupt came while the thread was being started, and it was started again
            try:
                outcome.set_result(change(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - handed to the caller, whatever it is
                outcome.set_exception(error)

        interrupt = None
        while not outcome.done():
            try:
                threading.Thread(target=work, name=f"whole {change.__name__}", daemon=True).start()
                outcome.exception()
            except KeyboardInterrupt as error:
                interrupt = error
        if interrupt is not None:
            raise interrupt
        return outcome.result()

    return run
