"""The program `python -m toolkit maelstrom module:Class`: finds the class, keeps standard output for the protocol."""

import argparse
import importlib
import importlib.util
import os
import secrets
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

from toolkit.system.maelstrom.service import serve
from toolkit.system.message import signatures
from toolkit.system.node import Factory, class_of


def main(argv: Sequence[str] | None = None) -> int:
    """Run as a program: 0 at the end of the input, 1 if the node did not come up, 2 if there is no such class."""
    parser = argparse.ArgumentParser(
        prog="python -m toolkit maelstrom",
        description="Run a node as a Maelstrom program: messages on standard input and output, one line of JSON each.",
    )
    parser.add_argument("node", metavar="module:Class", help="the node's class; or file.py:Class")
    parser.add_argument("--disk", type=Path, metavar="DIR", help="folder for what survives the process (default: none)")
    parser.add_argument("--seed", type=int, help="of the node's random numbers (default: another one every time)")
    options = parser.parse_args(argv)
    incoming, write = take_standard_streams()
    try:
        factory = load(options.node)
        signatures(class_of(factory))  # a wrong handler is found now, and not when its first message comes
    except (ValueError, TypeError, ImportError) as error:
        print(f"{options.node}: {error}", file=sys.stderr)
        return 2
    except Exception:  # noqa: BLE001 - the learner's module may raise anything
        traceback.print_exc()
        return 2
    seed = secrets.randbits(63) if options.seed is None else options.seed
    try:
        serve(factory, incoming, write, disk=options.disk, seed=seed)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0  # whoever read our messages has gone: that is an end, too
    except Exception:  # noqa: BLE001 - on_start may raise anything
        traceback.print_exc()
        return 1
    return 0


def take_standard_streams() -> tuple[int, Callable[[bytes], None]]:
    """A descriptor to read lines from, and a function that writes one; from now on nobody else can.

    What a handler prints goes to standard error, also from a library in C or a program that it starts; what it reads
    finds an empty input.
    """
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    file = os.fdopen(outgoing, "wb", buffering=0)

    def write(line: bytes) -> None:
        rest = memoryview(line)
        while rest:
            rest = rest[file.write(rest) :]

    return incoming, write


def load(name: str) -> Factory:
    """The node class "module:Class" or "file.py:Class". Raises ValueError or ImportError that says what is missing."""
    place, _, attribute = name.rpartition(":")
    if not place or not attribute:
        raise ValueError("this does not name a node class: give module:Class or file.py:Class")
    module = _file(Path(place)) if place.endswith(".py") else _module(place)
    if not hasattr(module, attribute):
        raise ValueError(f"{place} has no {attribute}")
    factory: Factory = getattr(module, attribute)
    return factory


def _module(name: str) -> ModuleType:
    sys.path.insert(0, os.getcwd())
    return importlib.import_module(name)


def _file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    sys.path.insert(0, str(path.resolve().parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None  # its name ends in .py, so there is a loader for it
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
