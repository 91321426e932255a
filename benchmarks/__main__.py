"""`python -m benchmarks [MODULE ...]`: measure, and print a table as the README has it."""

import argparse
import importlib
import os
import platform
import sys

MODULES = ("partitioning", "cluster", "widgets", "system", "deploy")


def row(figure: dict) -> str:
    """One figure as a line of a Markdown table; numbers with three significant digits."""

    def number(value: float | str | None) -> str:
        if not isinstance(value, float):
            return "" if value is None else str(value)
        return f"{value:.3g}" if value < 1000 else f"{float(f'{value:.3g}'):,.0f}"

    ratio = "" if figure["ratio"] is None else f"{figure['ratio']:.3g} ×"
    cells = [figure["name"], number(figure["ours"]), number(figure["peer"]), figure["unit"], ratio, figure["target"]]
    return "| " + " | ".join(cells) + (" | yes |" if figure["met"] else " | **no** |")


def main() -> int:
    """Print the table; the exit status is 1 if a target was missed."""
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument("modules", nargs="*", metavar="MODULE", help=f"some of {', '.join(MODULES)}; default: all")
    chosen = options.parse_args().modules or MODULES
    unknown = sorted(set(chosen) - set(MODULES))
    if unknown:
        options.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(MODULES)}")
    print(f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores\n")
    print("| figure | ours | peer | unit | ratio | target | met |\n|---|---|---|---|---|---|---|")
    met = True
    for name in chosen:
        for figure in importlib.import_module(f"benchmarks.{name}").figures():
            print(row(figure), flush=True)
            met &= figure["met"]
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
