"""What `Cluster` accepts: each check raises one clear error, before anything is started."""

import multiprocessing
from typing import Any

from dask.utils import parse_bytes

MOST_WORKERS = 64
"""More processes than this (about 60 MB each) are refused: it would be a slip of the finger."""

LEAST_MEMORY = 128 * 2**20
"""A worker that has loaded nothing but Dask already needs half of this (bytes)."""


def check_count(name: str, value: Any) -> None:
    """A number of workers: TypeError if it is no whole number, ValueError if out of range."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}={value!r} must be a whole number from 1 to {MOST_WORKERS}, as in {name}=4")
    if not 1 <= value <= MOST_WORKERS:
        raise ValueError(f"{name}={value!r} must be from 1 to {MOST_WORKERS}: each is a process of its own")


def check_memory(memory: Any) -> int:
    """A worker's memory limit in bytes; ValueError if it is no amount of memory or too little."""
    try:
        limit = 0 if isinstance(memory, bool) else int(parse_bytes(memory))
    except (ValueError, TypeError, AttributeError):
        raise ValueError(f"memory={memory!r} is not an amount of memory: write it as '1 GiB' or '512 MiB'") from None
    if limit < LEAST_MEMORY:
        raise ValueError(f"memory={memory!r} is too little for a worker: give it at least '128 MiB'")
    return limit


def check_failures(value: Any) -> None:
    """How many deaths of workers a task survives; ValueError unless a whole number, 0 or more."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"allowed_failures={value!r} must be a whole number, 0 or more")


def check_seconds(name: str, value: Any) -> None:
    """A time-out; ValueError unless a number greater than 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise ValueError(f"{name}={value!r} must be a number of seconds greater than 0")


def check_process() -> None:
    """RuntimeError in a child process: a worker that runs the learner's script must not start workers of its own."""
    if multiprocessing.current_process().name != "MainProcess":
        raise RuntimeError(
            "only the main process can start a Cluster: in a script, write it under `if __name__ == '__main__':`"
        )
