"""The command line: which command was asked for, and in which environment it runs."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from toolkit.command import environment
from toolkit.command.environment import ROOT, SetupError

START = "/lab/tree/notebooks/00-start-here.ipynb"


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog="python -m toolkit",
        description="Learn distributed systems in Jupyter, on real worker processes.",
        epilog="The first command on a new machine sets up what it needs in .venv, beside this checkout's README.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    lab = commands.add_parser("lab", help="open the course in JupyterLab")
    lab.add_argument("--no-browser", action="store_true", help="start the server, print its address, open no browser")
    lab.add_argument("--port", type=int, help="the port to listen on (default: JupyterLab chooses a free one)")

    run = commands.add_parser("run", help="execute the whole series, or some of it, without a browser")
    run.add_argument("notebooks", nargs="*", help="file names, or their beginnings (10, 11-cons); default: all")
    run.add_argument("--timeout", type=float, default=120, help="seconds that one cell may take (default: 120)")
    run.add_argument("--save", type=Path, metavar="DIR", help="keep the executed notebooks there")

    commands.add_parser("test", help="run the tests; further arguments go to pytest", add_help=False)

    commands.add_parser(
        "benchmark", help="measure what the README quotes; or some: partitioning cluster …", add_help=False
    )

    export = commands.add_parser("export", help="execute notebooks and write them as HTML that needs no kernel")
    export.add_argument("notebooks", nargs="*", help="file names, or their beginnings; default: all")
    export.add_argument("--to", type=Path, default=Path("site"), metavar="DIR", help="where to (default: site)")
    export.add_argument("--timeout", type=float, default=120, help="seconds that one cell may take (default: 120)")

    commands.add_parser(
        "maelstrom", help="run a node, MODULE:CLASS, as a program of the Maelstrom protocol", add_help=False
    )
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; sets up the environment first where that is needed."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options, rest = parser().parse_known_args(words)
    if rest and options.command not in ("test", "benchmark", "maelstrom"):
        parser().error(f"unrecognized arguments: {' '.join(rest)}")
    extras = ("test",) if options.command in ("test", "benchmark") else ()
    try:
        if not environment.satisfied(extras):
            return _in_own_environment(words, extras)
        return _commands[options.command](options, rest)
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. The same command goes on from here.", file=sys.stderr)
        return 130


def _in_own_environment(words: list[str], extras: tuple[str, ...]) -> int:
    if "TOOLKIT_SET_UP" in os.environ:  # we are the child already: never loop
        raise SetupError(f"{sys.prefix} still lacks something after set-up. Delete {environment.VENV} and try again.")
    python = environment.prepare(extras)
    # A child rather than exec: on Windows exec returns to the shell at once. Ctrl-C reaches the whole group.
    child = subprocess.Popen([python, "-m", "toolkit", *words], env=os.environ | {"TOOLKIT_SET_UP": "1"})
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue  # the child got it as well, and decides what it means


def _lab(options: argparse.Namespace, _: list[str]) -> int:
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={ROOT}", f"--LabApp.default_url={START}"]
    command += ["--log-level=WARN"]
    if options.no_browser:
        command += ["--no-browser"]
    if options.port is not None:
        command += [f"--port={options.port}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command += ["--allow-root"]  # containers and classroom servers often have no other user
    server = subprocess.Popen(command, env=environment.jupyter_variables())
    while True:
        try:
            return server.wait()
        except KeyboardInterrupt:
            continue  # JupyterLab asks whether to stop, and stops at the second Ctrl-C


def _run(options: argparse.Namespace, _: list[str]) -> int:
    from toolkit.command import series

    return series.run(series.find(options.notebooks), seconds_per_cell=options.timeout, save_to=options.save)


def _test(_: argparse.Namespace, rest: list[str]) -> int:
    return _module("pytest", rest)


def _benchmark(_: argparse.Namespace, rest: list[str]) -> int:
    return _module("benchmarks", rest)


def _module(name: str, arguments: list[str]) -> int:
    command = [sys.executable, "-m", name, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment.jupyter_variables()).returncode


def _export(options: argparse.Namespace, _: list[str]) -> int:
    from toolkit.command import series

    return series.export(series.find(options.notebooks), seconds_per_cell=options.timeout, to=options.to)


def _maelstrom(_: argparse.Namespace, rest: list[str]) -> int:
    from toolkit.system.maelstrom.command import main as serve

    return serve(rest)


_commands = {
    "lab": _lab,
    "run": _run,
    "test": _test,
    "benchmark": _benchmark,
    "export": _export,
    "maelstrom": _maelstrom,
}
