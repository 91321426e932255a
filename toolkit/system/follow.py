"""The other process of `check_determinism`: runs a system and writes down every line of the learner's code that it
took.

Called as `python -m toolkit.system.follow TASK ANSWER TIMES MOST_LINES`; TASK was pickled by the caller for this
process.
"""

import json
import pickle
import sys
import zlib
from pathlib import Path
from types import FrameType
from typing import Any

from toolkit.system.host import is_own


class Follower:
    """Records (file, line, function, digest of the variables before it) for every line of the learner's own code."""

    def __init__(self, most: int) -> None:
        self.steps: list[tuple[str, int, str, int]] = []
        self.most = most
        self.log: list[Any] = []  # the simulation's: what was sent and set last shows what a line did

    def __call__(self, frame: FrameType, what: str, argument: Any) -> Any:
        """Called by Python at every call, and for followed calls at every line and return."""
        if what == "call" and not is_own(frame.f_code.co_filename):
            return None
        if what in ("line", "return") and len(self.steps) < self.most:
            seen = repr([_digestible(v) for v in (frame.f_locals, argument, len(self.log), self.log[-1:])])
            code = frame.f_code
            self.steps.append((code.co_filename, frame.f_lineno, code.co_qualname, zlib.crc32(seen.encode())))
        return self


PLAIN = (bool, int, float, str, bytes, type(None))


def _digestible(value: Any, depth: int = 4) -> Any:
    """What of a value is the same in two equal runs: plain data, containers of it, and the variables of nodes.

    A set has no order, and other objects show their address: neither says anything about what the node did.
    """
    if isinstance(value, PLAIN):
        return value
    if depth == 0:
        return None
    if isinstance(value, dict):
        return [(_digestible(key, depth - 1), _digestible(item, depth - 1)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [_digestible(item, depth - 1) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(repr(_digestible(item, depth - 1)) for item in value)
    if hasattr(value, "_host"):
        return [(name, _digestible(item, depth - 1)) for name, item in vars(value).items() if not name.startswith("_")]
    return None


def main(task: str, answer: str, times: str, most: str) -> None:
    """Run and write the steps of every run as JSON."""
    system, seed, until, faults, workload = pickle.loads(Path(task).read_bytes())  # noqa: S301 - our own caller's
    runs = []
    for _ in range(int(times)):
        follower = Follower(int(most))
        simulation = system.simulation(seed, until, faults, workload)
        follower.log = simulation.recording.log
        sys.settrace(follower)
        try:
            simulation.run()
        finally:
            sys.settrace(None)
        runs.append(follower.steps)
    Path(answer).write_text(json.dumps(runs), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
