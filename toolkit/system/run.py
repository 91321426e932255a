"""What a run leaves behind: its trace, its history, the nodes as they ended; the same record in every world."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from toolkit.system.budget import Budget
from toolkit.system.display import SpaceTimeDisplay
from toolkit.system.faults import Fault, Faults
from toolkit.system.history import History
from toolkit.system.node import state
from toolkit.system.trace import Trace

if TYPE_CHECKING:
    from toolkit.system.simulate import Simulation

Rule = Callable[["Run"], Any]
"""Holds if it returns None or True; broken if it returns False or a str that says why, or raises AssertionError."""


class Run(SpaceTimeDisplay):
    """A finished run. `nodes` maps names to nodes (simulated) or to whatever the run-time could bring home of them."""

    def __init__(self, trace: Trace, nodes: dict[str, Any], faults: Iterable[Fault] = ()) -> None:
        self.trace = trace
        self.nodes = nodes
        self.faults = Faults(faults)
        self._simulation: Simulation | None = None

    @classmethod
    def of_simulation(cls, simulation: "Simulation") -> "Run":
        """The run that a simulation has made so far; it can be rewound and forked."""
        run = cls(simulation.trace, simulation.nodes, simulation.faults)
        run._simulation = simulation
        return run

    @cached_property
    def history(self) -> History:
        """Every operation as its client saw it."""
        return History.of_trace(self.trace)

    @property
    def seed(self) -> int | None:
        """What every random draw came from."""
        return self.trace.seed

    @property
    def errors(self) -> list[str]:
        """Every exception that a handler raised, in words, with the line it came from if that is the learner's."""
        return [
            "{type}: {text}".format(**e.detail)
            + (" ({file}, line {line}: {code})".format(**e.detail) if e.detail["file"] is not None else "")
            + f" on {e.node} at {e.at:.4f} s"
            for e in self.trace.of("error")
        ]

    def budget(self) -> Budget:
        """What the run cost, in one line: messages per operation, latency percentiles, availability during faults."""
        return Budget.of(self.trace, self.history)

    def broken(self, *rules: Rule) -> list[str]:
        """The rules that this run broke, each with its reason; empty if all hold."""
        reasons = []
        for rule in rules:
            name = getattr(rule, "__name__", repr(rule))
            try:
                verdict = rule(self)
            except AssertionError as error:
                reasons.append(f"{name}: {error}" if str(error) else name)
                continue
            if isinstance(verdict, str):
                reasons.append(f"{name}: {verdict}")
            elif verdict is not None and not verdict:
                reasons.append(name)
        return reasons

    def check(self, *rules: Rule) -> "Run":
        """Raises AssertionError that names the broken rules and the seed; returns the run if all hold."""
        reasons = self.broken(*rules)
        if reasons:
            raise AssertionError(f"seed {self.seed} broke {'; '.join(reasons)}")
        return self

    def states(self, at: float) -> dict[str, dict[str, Any]]:
        """Every node's variables at time `at`: by replay if simulated, else as far as the trace recorded them."""
        if self._simulation is None:
            return self.trace.states(at)
        return {name: state(node) for name, node in self.rewind(at).nodes.items()}

    def rewind(self, at: float) -> "Simulation":
        """The run as it stood at time `at`, a simulation that can be stepped on. Raises ValueError if not simulated."""
        return self._simulated().again().rewind(at=at)

    def fork(self, *faults: Fault) -> "Run":
        """What if? The same run with more faults, to its end: `run.fork(drop(message=17))`."""
        return Run.of_simulation(self._simulated().fork(*faults).finish())

    def _simulated(self) -> "Simulation":
        if self._simulation is None:
            raise ValueError(
                f"this run is {self.trace.kind}: only a simulated run can be repeated; use system.replay(trace)"
            )
        return self._simulation

    def __repr__(self) -> str:
        return f"<Run: {self.trace!r}, {self.history!r}>"
