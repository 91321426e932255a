"""Emulate a system: the simulator with its clock tied to the real one, and programs in processes of their own."""

import math
import queue
import tempfile
import time
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from toolkit.cluster.interrupts import whole
from toolkit.system.external.child import Child, Inbox, reaper
from toolkit.system.external.program import Program, externals
from toolkit.system.faults import Fault
from toolkit.system.run import Run
from toolkit.system.simulate import Simulation
from toolkit.system.simulated import SimulatedHost
from toolkit.system.trace import Trace
from toolkit.system.workload import Workload

if TYPE_CHECKING:
    from toolkit.system.system import System

AT_ONCE = 100
"""What programs have written is taken up in portions of so many lines, so that a flood does not stop the clock."""
LOOK = 0.05
"""Seconds between two looks at whether a program is late with its answer to init."""


def emulate(
    system: "System",
    seconds: float = 5.0,
    faults: Iterable[Fault] = (),
    workload: Workload | None = None,
    *,
    seed: int = 0,
) -> Run:
    """Run the system for `seconds` of real time, its programs in processes of their own, and return what happened.

    The clock starts when every program has answered init. Nothing is left running afterwards, also after Ctrl-C.

    Raises ValueError for bad arguments, for faults or a workload that do not fit, and for `skew_clock` on a program,
    whose clock is the machine's; all before anything is started. Then TimeoutError or ExitedError for a program that
    does not come up, and MessageError for a line that is no message and for a message that no node can receive.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
        raise ValueError(f"seconds={seconds!r} must be a number of seconds above 0")
    emulation = Emulation(system, seed=seed, until=seconds, faults=faults, workload=workload)
    emulation.conduct()
    return Run(emulation.trace, emulation.nodes, emulation.faults)


class Emulation(Simulation):
    """One emulated run; see `emulate`. It can be carried out once, with `conduct`."""

    def __init__(self, system: "System", **arguments: Any) -> None:
        self.inbox: Inbox = queue.Queue(maxsize=1_000)
        self.asked: dict[int, int] = {}
        """id of a message that a program sent -> the number that the program itself gave it"""
        self.delivered: set[int] = set()
        """ids of the messages that programs were given"""
        self._copies: dict[int, int] = {}
        self._seen = 0
        self._children: list[Child] = []
        self._folders: dict[str, tempfile.TemporaryDirectory[str]] = {}
        self._late: dict[Program, float] = {}
        self._began = self._zero = 0.0
        self._programs = externals(system.nodes)
        super().__init__(system, **arguments)
        for fault in self.faults:
            if fault.kind == "skew_clock" and fault.node in self._programs:
                raise ValueError(
                    f"skew_clock of {fault.node!r} at {fault.at:g} s: an external program looks at the machine's "
                    "clock, which others use, too; skew the clocks of nodes that are classes"
                )

    def conduct(self) -> None:
        """Start everything, run to the end, and clear away."""
        try:
            self.run(until=0.0)
            self._await_programs()
            self._began, self._zero = time.time(), time.perf_counter()
            while self.now < self.until:
                self._listen()
                self.run(until=self._clock())
        finally:
            self._close()

    def _clock(self) -> float:
        return min(time.perf_counter() - self._zero, self.until)

    def _await_programs(self) -> None:
        """Before the clock starts, every program is to have come up; if one does not, there is no run."""
        while self._late:
            self._check_late(strict=True)
            try:
                owner, kind, data = self.inbox.get(timeout=LOOK)
            except queue.Empty:
                continue
            if kind == "end":
                raise owner.ending()
            self._take(owner, kind, data)
            self._late = {program: deadline for program, deadline in self._late.items() if not program.ready}

    def _check_late(self, strict: bool = False) -> None:
        for program, deadline in list(self._late.items()):
            host = self.hosts[program.name]
            if program.ready or host.node is not program or host.status == "down":
                del self._late[program]
            elif time.perf_counter() > deadline and host.status == "up":
                del self._late[program]
                if strict:
                    raise program.unready()
                self._fail(host, program.unready())

    def _listen(self) -> None:
        """Wait until something is due, or a program has written something; then take that up."""
        self._check_late()
        due = min(self.heap[0][0] if self.heap else math.inf, self.until)
        try:
            item = self.inbox.get(timeout=min(max(due - self._clock(), 0.0), LOOK))
            self.run(until=self._clock())
            self._take(*item)
            for _ in range(AT_ONCE):
                self._take(*self.inbox.get_nowait())
        except queue.Empty:
            return

    def _take(self, program: Program, kind: str, data: bytes) -> None:
        """Something came from a program: send its message, note its log, or see that it has ended."""
        host = self.hosts[program.name]
        if host.node is not program or host.status == "down":
            return  # from a life before the crash
        if host.status == "paused":
            program.held.append((kind, data))
        elif kind == "line":
            if data.strip():
                self._guarded(host, program.say, data)
        elif kind == "log":
            self.note("log", program.name, data.decode())
        else:
            self._fail(host, program.ending())

    # ---- what programs ask for -----------------------------------------------------------------------------------

    @whole
    def launch(self, command: Sequence[str], program: Program) -> Child:
        """Start a program's process; from now on it will be cleared away. Raises OSError if it cannot be started."""
        child = Child(command, program, self.inbox)
        self._children.append(child)
        self._late[program] = time.perf_counter() + program.patience
        return child

    def folder(self, name: str) -> str:
        """The folder of a node, to the end of the run."""
        if name not in self._folders:
            self._folders[name] = tempfile.TemporaryDirectory(prefix=f"disk-{name}-", ignore_cleanup_errors=True)
            reaper.adopt(self._folders[name].name)
        return self._folders[name].name

    def original(self, id: int) -> int:
        """Of a message that the network doubled, the id of the first: both copies bear the number that was sent."""
        for entry in islice(self.recording.log, self._seen, None):
            if entry[2] is None and entry[4] == "duplicate":
                self._copies[entry[6][1]] = entry[7]
        self._seen = len(self.recording.log)
        return self._copies.get(id, id)

    # ---- faults --------------------------------------------------------------------------------------------------

    def _crash(self, host: SimulatedHost, fault: Fault | None) -> None:
        super()._crash(host, fault)
        if isinstance(host.node, Program):
            host.node.kill()

    def _pause(self, host: SimulatedHost, fault: Fault) -> None:
        super()._pause(host, fault)
        if isinstance(host.node, Program) and host.status == "paused":
            host.node.suspend()

    def _resume(self, host: SimulatedHost, fault: Fault) -> None:
        """The process goes on, gets what waited for it, and what it had written before it was stopped is sent."""
        program = host.node
        if not isinstance(program, Program) or host.status != "paused":
            super()._resume(host, fault)
            return
        program.resume()
        if program in self._late:
            self._late[program] = time.perf_counter() + program.patience
        super()._resume(host, fault)
        held, program.held = program.held, []
        for kind, data in held:
            self._take(program, kind, data)

    # ---- the end -------------------------------------------------------------------------------------------------

    @whole
    def _close(self) -> None:
        """Kill every process, and remove every folder."""
        for child in self._children:
            child.kill()
        for folder in self._folders.values():
            reaper.forget(folder.name)
            folder.cleanup()

    @property
    def trace(self) -> Trace:
        """What has happened so far; its kind says that a seed does not repeat it."""
        recording, count = self.recording, len(self.recording.log)
        return Trace(
            lambda: recording.rows(count),
            kind="emulated",
            seed=self.seed,
            nodes=tuple(self.hosts),
            clients=self.system.clients,
            until=self.until,
            began=self._began,
        )
