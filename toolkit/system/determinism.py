"""Finds a node that cheats: that looks at the wall clock, draws from a global generator, or follows the order of a set.

The system is simulated three times with the same seed: twice in one fresh process, and once in another where strings
hash differently (PYTHONHASHSEED), so that sets come out in another order. Each time, every line of the learner's own
code is followed, with the values it works on. Where two runs first differ, the line before is the cheat. The idea of
comparing reruns is madsim's (github.com/madsim-rs/madsim, "check determinism"); following lines names the place.
"""

import json
import linecache
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.system.faults import Fault
from toolkit.system.workload import Workload

if TYPE_CHECKING:
    from toolkit.system.system import System

MOST_LINES = 200_000
"""Lines of the learner's code that are followed in one run; a cheat shows long before."""

SAME_PROCESS = (
    "the second run in the same process differs: it uses the wall clock, a global random generator, or something that "
    "outlives a run"
)
OTHER_PROCESS = "the run in another process differs: it follows the order of a set, hash() or id()"


@dataclass(frozen=True)
class Determinism:
    """The verdict: `holds`, or the `file`, `line` and `code` where two runs with one seed first went apart, and why."""

    holds: bool
    message: str
    file: str | None = None
    line: int | None = None
    code: str | None = None

    def __bool__(self) -> bool:
        return self.holds

    def __str__(self) -> str:
        return self.message


def check_determinism(
    system: "System",
    *,
    seed: int = 0,
    until: float = 10.0,
    faults: Iterable[Fault] = (),
    workload: Workload | None = None,
    timeout: float = 60.0,
) -> Determinism:
    """Whether a system's nodes are deterministic, as far as one seed shows it; if not, which line is to blame.

    `until` is in simulated seconds, `timeout` in real ones. Raises TimeoutError if the runs take longer, RuntimeError
    if a run cannot be carried out in a process of its own (its message says why).
    """
    system.simulation(seed, until, faults, workload)  # what is wrong with the arguments is said here
    import cloudpickle  # only here: it is slow to import

    payload = cloudpickle.dumps((system, seed, until, tuple(faults), workload))
    one, again = _followed(payload, "1", 2, timeout)
    (other,) = _followed(payload, "2", 1, timeout)
    for second, reason in ((again, SAME_PROCESS), (other, OTHER_PROCESS)):
        if one != second:
            return _verdict(one, second, reason)
    return Determinism(True, f"deterministic: three runs with seed {seed} took the same {len(one)} steps")


def _verdict(first: list[Any], second: list[Any], reason: str) -> Determinism:
    """The step before the first difference did it: what it computed is seen by the next one."""
    place = next(
        (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )
    file, line, function, _ = first[max(0, place - 1)]
    code = linecache.getline(file, line).strip()
    where = f"line {line} of {function}" + (f", `{code}`" if code else "") + f" ({Path(file).name})"
    return Determinism(False, f"not deterministic: {where}: {reason}", file, line, code)


def _followed(payload: bytes, hash_seed: str, times: int, timeout: float) -> list[list[Any]]:
    """The steps of some runs in a process of its own; each step is [file, line, function, digest of the values]."""
    with tempfile.TemporaryDirectory() as folder:
        task, answer = Path(folder, "task"), Path(folder, "answer.json")
        task.write_bytes(payload)
        command = [sys.executable, "-m", "toolkit.system.follow", str(task), str(answer), str(times), str(MOST_LINES)]
        environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        try:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"the runs took longer than timeout={timeout!r} s: give a smaller until") from None
        if done.returncode != 0 or not answer.exists():
            reason = done.stderr.strip().splitlines()
            raise RuntimeError(
                f"the system cannot be run in a process of its own: {reason[-1] if reason else 'it died'}"
            )
        steps: list[list[Any]] = json.loads(answer.read_text(encoding="utf-8"))
        return steps
