"""Execute notebooks in fresh kernels, without a browser: for servers, for the tests, and for the exported pages."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from tqdm import tqdm

from toolkit.command.environment import ROOT, SetupError

NOTEBOOKS = ROOT / "notebooks"


@dataclass(frozen=True)
class Outcome:
    """How one notebook fared: seconds taken, and if it failed the source of the failing cell and what it said."""

    path: Path
    seconds: float
    cells: int
    failing_cell: str | None = None
    error: str | None = None

    @property
    def passed(self) -> bool:
        return self.error is None


def find(names: Sequence[str] = ()) -> list[Path]:
    """The notebooks of the series in order; or those named, by path, by file name, or by its beginning.

    Raises:
        SetupError: a name that fits none (the message lists those there are), or a series without notebooks.
    """
    series = sorted(NOTEBOOKS.glob("*.ipynb")) + sorted((NOTEBOOKS / "demos").glob("*.ipynb"))
    if not series:
        raise SetupError(f"No notebooks in {NOTEBOOKS}. Clone the course again.")
    chosen = []
    for name in names:
        path = Path(name)
        fitting = [path] if path.is_file() else [each for each in series if each.name.startswith(path.name)]
        if not fitting:
            raise SetupError(f"No notebook {name!r}. There are: {', '.join(each.stem for each in series)}.")
        chosen += fitting
    return chosen if names else series


def execute(
    path: Path, seconds_per_cell: float = 120, on_cell: Callable[[], object] | None = None
) -> tuple[Outcome, nbformat.NotebookNode]:
    """Run a notebook from top to bottom in a fresh kernel and return how it went, and the notebook with its outputs.

    Args:
        path: The notebook; it is read, never written.
        seconds_per_cell: A cell that takes longer is interrupted and counts as failed.
        on_cell: Called after each code cell.
    """
    notebook = nbformat.read(path, as_version=4)
    running: dict[str, str] = {}

    def started(cell: nbformat.NotebookNode, **_: object) -> None:
        running["source"] = cell.source

    def ended(**_: object) -> None:
        if on_cell is not None:
            on_cell()

    client = NotebookClient(
        notebook,
        timeout=seconds_per_cell,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.resolve().parent)}},
        shutdown_kernel="graceful",
        extra_arguments=["--log-level=40"],  # a kernel's warnings about itself are not the learner's
        store_widget_state=True,
        on_cell_execute=started,
        on_cell_executed=ended,
    )
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    began = time.monotonic()
    try:
        client.execute()
    except CellTimeoutError:
        error = f"The cell took more than {seconds_per_cell:g} seconds and was interrupted."
    except CellExecutionError as failure:
        error = failure.traceback
    except DeadKernelError:
        error = "The kernel died while it ran this cell."
    else:
        return Outcome(path, time.monotonic() - began, cells), notebook
    return Outcome(path, time.monotonic() - began, cells, running.get("source", ""), error), notebook


def run(paths: Sequence[Path], *, seconds_per_cell: float = 120, save_to: Path | None = None) -> int:
    """Execute notebooks one after the other, with a bar over all cells and a line for each; 0 if all passed."""
    if save_to is not None:
        save_to.mkdir(parents=True, exist_ok=True)

    def keep(outcome: Outcome, notebook: nbformat.NotebookNode) -> None:
        if save_to is not None:
            nbformat.write(notebook, save_to / outcome.path.name)

    return _each(paths, seconds_per_cell, keep)


def export(paths: Sequence[Path], *, seconds_per_cell: float = 120, to: Path) -> int:
    """Execute notebooks and write each as an HTML page whose pictures need neither a kernel nor the internet."""
    from toolkit.widgets.export import page_of

    def write(outcome: Outcome, notebook: nbformat.NotebookNode) -> None:
        page = to / f"{outcome.path.stem}.html"
        page.write_text(page_of(notebook, outcome.path), encoding="utf-8")

    to.mkdir(parents=True, exist_ok=True)
    return _each(paths, seconds_per_cell, write)


def _each(
    paths: Sequence[Path], seconds_per_cell: float, then: Callable[[Outcome, nbformat.NotebookNode], object]
) -> int:
    cells = {path: sum(c.cell_type == "code" for c in nbformat.read(path, as_version=4).cells) for path in paths}
    outcomes = []
    with tqdm(total=sum(cells.values()), unit="cell", dynamic_ncols=True, disable=None) as bar:  # on terminals only
        for done, path in enumerate(paths):
            bar.set_description(path.stem)
            outcome, notebook = execute(path, seconds_per_cell, on_cell=bar.update)
            bar.n = sum(cells[path] for path in paths[: done + 1])  # also those that a failure left out
            bar.refresh()
            then(outcome, notebook)
            outcomes.append(outcome)
            bar.write(f"{'passed' if outcome.passed else 'FAILED'}  {path.stem}  {outcome.seconds:.0f} s")
            if not outcome.passed:
                bar.write(f"\n--- the failing cell ---\n{outcome.failing_cell}")
                bar.write(f"--- what it said ---\n{outcome.error}\n")
    failed = [outcome.path.stem for outcome in outcomes if not outcome.passed]
    total = sum(outcome.seconds for outcome in outcomes)
    print(f"{len(outcomes) - len(failed)} of {len(outcomes)} notebooks passed in {total:.0f} s.")
    return 1 if failed else 0
