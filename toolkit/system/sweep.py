"""Many seeds at once: hundreds of simulations, in this process or on a Dask cluster, and which of them broke a rule.

A simulation has no time of its own to lose, so the cheapest way to find a rare bug is to run a system with many seeds
(FoundationDB's way: Zhou et al. 2021, SIGMOD). The seed of a broken run is all that is needed to see it again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tqdm.auto import tqdm

from toolkit.system.faults import Fault
from toolkit.system.workload import Workload

if TYPE_CHECKING:
    from toolkit.system.run import Rule
    from toolkit.system.system import System

Schedule = Iterable[Fault] | Callable[[int], Iterable[Fault]]
"""Faults for every seed, or a function that makes them from the seed."""


@dataclass(frozen=True)
class Task:
    """What is run for every seed: plain enough to travel to a worker."""

    system: "System"
    rules: tuple["Rule", ...]
    until: float | None
    faults: Schedule
    workload: Workload | None

    def __call__(self, seeds: Sequence[int]) -> list[tuple[int, list[str]]]:
        """(seed, reasons) for each seed; a run that cannot be carried out is broken too, and its reason says so."""
        return [(seed, self.reasons(seed)) for seed in seeds]

    def reasons(self, seed: int) -> list[str]:
        """What one seed broke."""
        faults = self.faults(seed) if callable(self.faults) else self.faults
        try:
            return self.system.simulate(seed, self.until, faults, self.workload).broken(*self.rules)
        except Exception as error:  # noqa: BLE001 - it is reported with its seed
            return [f"{type(error).__name__}: {error}"]


@dataclass(frozen=True)
class Sweep:
    """How many `seeds` were run, and for each broken one the reasons, in the order of the seeds."""

    seeds: tuple[int, ...]
    broken: dict[int, list[str]]

    def __bool__(self) -> bool:
        return not self.broken

    def __repr__(self) -> str:
        if not self.broken:
            return f"<Sweep: {len(self.seeds)} seeds, no rule broken>"
        shown = "; ".join(f"seed {seed}: {', '.join(why)}" for seed, why in list(self.broken.items())[:3])
        return f"<Sweep: {len(self.broken)} of {len(self.seeds)} seeds broke a rule: {shown}>"


def sweep(task: Task, seeds: Sequence[int], cluster: Any = None, progress: bool = True) -> Sweep:
    """Run a task for every seed. `cluster`: a toolkit Cluster or a Dask client; None: here. Ctrl-C stops all."""
    with tqdm(total=len(seeds), desc="seeds", unit="run", disable=not progress, leave=False) as bar:
        found: dict[int, list[str]] = {}
        for results in _here(task, seeds) if cluster is None else _on_cluster(task, seeds, cluster):
            found.update(results)
            bar.update(len(results))
            bar.set_postfix(broken=sum(map(bool, found.values())))
    return Sweep(tuple(seeds), {seed: found[seed] for seed in seeds if found[seed]})


def _here(task: Task, seeds: Sequence[int]) -> Iterator[list[tuple[int, list[str]]]]:
    for seed in seeds:
        yield task([seed])


def _on_cluster(task: Task, seeds: Sequence[int], cluster: Any) -> Iterator[list[tuple[int, list[str]]]]:
    """In portions, a few for each worker, as they are finished; what is left is cancelled if the caller stops."""
    from distributed import as_completed

    client = getattr(cluster, "client", cluster)
    workers = max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
    size = max(1, min(50, len(seeds) // (4 * workers)))
    portions = [seeds[start : start + size] for start in range(0, len(seeds), size)]
    futures = client.map(_Portion(task), portions, pure=False, retries=2)
    try:
        for _, results in as_completed(futures, with_results=True):
            yield results
    finally:
        client.cancel(futures)


class _Portion:
    """Carries the task pickled by value, for nodes and rules that were defined in a notebook."""

    def __init__(self, task: Task) -> None:
        import cloudpickle

        self.pickled = cloudpickle.dumps(task)
        self.__name__ = "sweep"

    def __call__(self, seeds: Sequence[int]) -> list[tuple[int, list[str]]]:
        import cloudpickle

        task: Task = cloudpickle.loads(self.pickled)
        return task(seeds)
