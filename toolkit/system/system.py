"""A system: nodes, a network and clients, named once, and then run in one world or the other."""

import functools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from toolkit.system.client import Client
from toolkit.system.faults import Fault
from toolkit.system.message import Vocabulary, nearest
from toolkit.system.network import Network
from toolkit.system.node import Factory, class_of
from toolkit.system.simulate import Simulation
from toolkit.system.workload import Script, Workload

if TYPE_CHECKING:
    from toolkit.cluster import Cluster
    from toolkit.system.determinism import Determinism
    from toolkit.system.run import Rule, Run
    from toolkit.system.sweep import Schedule, Sweep
    from toolkit.system.trace import Trace

_NAME = re.compile(r"[^\s/:]+")


class System:
    """The parts of a distributed system.

    `nodes`: {"n1": Counter, …}, or [Counter] * 3 for n1, n2, n3; functools.partial(Counter, start=5) for arguments.
    `network`: see `Network`; by default 1 to 10 ms one way. `clients`: how many (c1, c2, …), or their names. Raises
    TypeError for a class that is no Node or has a handler with a wrong signature, ValueError for names used twice.
    """

    def __init__(
        self,
        nodes: Mapping[str, Factory] | Sequence[Factory],
        *,
        network: Network | None = None,
        clients: int | Sequence[str] = 0,
    ) -> None:
        if not isinstance(nodes, Mapping):
            nodes = {f"n{i}": factory for i, factory in enumerate(nodes, start=1)}
        if not nodes:
            raise ValueError("nodes is empty: a system needs one node or more, such as {'n1': Counter}")
        if network is not None and not isinstance(network, Network):
            raise TypeError(f"network={network!r} must be a Network, such as Network(latency=0.005)")
        self.nodes: dict[str, Factory] = dict(nodes)
        self.network = network or Network()
        self.clients = tuple(f"c{i + 1}" for i in range(clients)) if isinstance(clients, int) else tuple(clients)
        _check_names([*self.nodes, *self.clients])
        self._check_links()
        self.vocabulary = Vocabulary(
            {name: class_of(factory) for name, factory in self.nodes.items()} | dict.fromkeys(self.clients)
        )

    def peers(self, name: str) -> tuple[str, ...]:
        """All nodes but this one."""
        return tuple(other for other in self.nodes if other != name)

    def client_factories(self, workload: Workload | None) -> dict[str, Factory]:
        """Client name -> how to make it for this workload. Raises ValueError for a workload that does not fit."""
        if workload is not None:
            self._check_workload(workload)
        return {name: functools.partial(Client, workload, tuple(self.nodes)) for name in self.clients}

    def simulation(
        self,
        seed: int = 0,
        until: float = math.inf,
        faults: Iterable[Fault] = (),
        workload: Workload | None = None,
    ) -> Simulation:
        """A simulated run at its beginning, to be stepped, rewound and forked."""
        self._require_classes("simulated")
        return Simulation(self, seed=seed, until=until, faults=faults, workload=workload)

    def simulate(
        self,
        seed: int = 0,
        until: float | None = None,
        faults: Iterable[Fault] = (),
        workload: Workload | None = None,
    ) -> "Run":
        """Run in virtual time until the second `until`, or until nothing is left to happen, and return what happened.

        The same seed gives the same run. Raises ValueError for faults or a workload that do not fit, MessageError for a
        message that no node can receive, RuntimeError if a run without `until` does not come to rest.
        """
        from toolkit.system.run import Run

        if until is not None and not until < math.inf:
            raise ValueError(f"until={until!r} must be a number of seconds, or None to run until quiet")
        simulation = self.simulation(seed, math.inf if until is None else until, faults, workload)
        return Run.of_simulation(simulation.finish())

    def replay(self, trace: "Trace") -> "Run":
        """Run the nodes again in exactly the order that a trace recorded, in this world or on real processes.

        Raises ValueError if the trace is of another system, ReplayError where a node does something else than recorded.
        """
        from toolkit.system.replay import Replay
        from toolkit.system.run import Run

        self._require_classes("replayed")
        return Run.of_simulation(Replay(self, trace).run())

    def sweep(
        self,
        seeds: Iterable[int],
        *rules: "Rule",
        cluster: Any = None,
        until: float | None = None,
        faults: "Schedule" = (),
        workload: Workload | None = None,
        progress: bool = True,
    ) -> "Sweep":
        """Simulate with every seed, on a cluster if one is given, and tell which seeds broke a rule.

        `rules` are functions of a `Run` that return False, a reason as str, or raise AssertionError when broken.
        `faults` may be a function that makes a schedule from the seed. Raises ValueError for no seeds or no rules.
        """
        from toolkit.system.sweep import Task, sweep

        self._require_classes("simulated")
        seeds = list(seeds)
        if not seeds or not rules:
            raise ValueError(f"a sweep needs seeds and rules: sweep(range(100), rule), not {seeds!r} and {rules!r}")
        return sweep(Task(self, rules, until, faults, workload), seeds, cluster, progress)

    def check_determinism(
        self,
        seed: int = 0,
        until: float = 10.0,
        faults: Iterable[Fault] = (),
        workload: Workload | None = None,
    ) -> "Determinism":
        """Whether the nodes are deterministic; if not, the line that cheats. See `toolkit.system.determinism`."""
        from toolkit.system.determinism import check_determinism

        return check_determinism(self, seed=seed, until=until, faults=faults, workload=workload)

    def deploy(
        self,
        cluster: "Cluster",
        seconds: float = 5.0,
        faults: Iterable[Fault] = (),
        workload: Workload | None = None,
        **options: Any,
    ) -> "Run":
        """Run for `seconds` on real worker processes, a node in each; see `toolkit.system.deploy.deploy`."""
        from toolkit.system.deploy import deploy

        self._require_classes("sent to a worker process")
        return deploy(self, cluster, seconds, faults, workload, **options)

    def emulate(
        self,
        seconds: float = 5.0,
        faults: Iterable[Fault] = (),
        workload: Workload | None = None,
        *,
        seed: int = 0,
    ) -> "Run":
        """Run for `seconds` of real time, with external programs among the nodes; see `toolkit.system.external`."""
        from toolkit.system.external import emulate

        return emulate(self, seconds, faults, workload, seed=seed)

    def _require_classes(self, what: str) -> None:
        """Raises ValueError if a node is an external program, which lives in real time and on this machine."""
        from toolkit.system.external.program import externals

        for name in externals(self.nodes):
            raise ValueError(
                f"{name!r} is {self.nodes[name]!r}, a program that lives in real time, so it cannot be {what}, and its "
                "run is not determined by a seed: use system.emulate(seconds=...)"
            )

    def _check_links(self) -> None:
        for link in self.network.links:
            for name in link:
                if name not in self.nodes and name not in self.clients:
                    raise ValueError(
                        f"links names {name!r}, not a node: {nearest(str(name), [*self.nodes, *self.clients])}"
                    )

    def _check_workload(self, workload: Workload) -> None:
        if not isinstance(workload, Workload):
            raise TypeError(f"workload={workload!r} must be Closed, Open or Script")
        if not self.clients:
            raise ValueError("a workload needs clients: System(nodes, clients=2)")
        for name in workload.targets(tuple(self.nodes)):
            self._check_target(name)
        if isinstance(workload, Script):
            for step in workload.operations:
                if step.client not in self.clients:
                    raise ValueError(f"the script names client {step.client!r}: {nearest(step.client, self.clients)}")
                self._check_target(step.to)
                self.vocabulary.check(step.to, step.type, step.fields)
            return
        for template in workload.operations:
            for name in workload.targets(tuple(self.nodes)):
                self.vocabulary.check(name, template.type, template.fields)

    def _check_target(self, name: str) -> None:
        if name not in self.nodes:
            raise ValueError(f"the workload asks {name!r}, which is not a node: {nearest(str(name), self.nodes)}")

    def __repr__(self) -> str:
        return f"<System: {', '.join(self.nodes)}; {len(self.clients)} clients; {self.network}>"


def _check_names(names: list[Any]) -> None:
    for name in names:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot name a node: use a str without spaces, slashes and colons, such as 'n1'")
        if names.count(name) > 1:
            raise ValueError(f"{name!r} is the name of two nodes or clients: every name must be used once")
