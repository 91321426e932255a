"""The course's own environment, `.venv` in the checkout, made with the standard library alone.

An environment that already has everything (conda, Binder, one made by hand) is used as it is.
Set-up may be interrupted at any moment: a `.venv` that was not finished carries no stamp, and the next
command makes it anew; what pip had downloaded by then is in pip's cache and is not downloaded again.
"""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from toolkit.command.progress import Progress

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
DISTRIBUTION = "distributed-systems-toolkit"


class SetupError(Exception):
    """The environment could not be made; the message says why, and what to do."""


def requirements(extras: Sequence[str] = ()) -> list[str]:
    """What `pyproject.toml` asks for, with the named extras; from the installed package where there is no checkout."""
    if (ROOT / "pyproject.toml").is_file():
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        optional = project["optional-dependencies"]
        return project["dependencies"] + [wish for extra in extras for wish in optional[extra]]
    try:
        wishes = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        raise SetupError(f"{ROOT} is no checkout of the course: pyproject.toml is missing. Clone it again.") from None
    return [wish for wish in wishes if "extra ==" not in wish or any(f'extra == "{extra}"' in wish for extra in extras)]


def satisfied(extras: Sequence[str] = ()) -> bool:
    """Does the Python that is running have everything already, in the versions asked for?"""
    if importlib.util.find_spec("packaging") is None:
        return False
    from packaging.requirements import Requirement

    if Path(sys.prefix) == VENV and _marker().exists():
        return _stamp_covers(extras)  # what an interrupted pip left behind can look complete
    for requirement in map(Requirement, requirements(extras)):
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            return False
        if not requirement.specifier.contains(version, prereleases=True):
            return False
    # A kernel starts in notebooks/, so the package itself must be installed too, not only lie in this directory.
    return bool(list(importlib.metadata.distributions(name=DISTRIBUTION)))


def prepare(extras: Sequence[str] = ()) -> Path:
    """Make `.venv`, or add what it lacks, and return its Python.

    Raises:
        SetupError: no network, no space, no permission, a `.venv` that is not ours and does not work.
    """
    if not (ROOT / "pyproject.toml").is_file():
        raise SetupError(f"Nothing to set up from: {ROOT} is not a checkout of the course (no pyproject.toml).")
    try:
        with _one_at_a_time():
            if not _stamp_covers(extras):
                _make(sorted({*_read_stamp()["extras"], *extras}))
    except PermissionError as error:
        raise SetupError(f"Cannot write to {ROOT} ({error}). Clone the course into a directory of your own.") from error
    except OSError as error:
        raise SetupError(f"Setting up {VENV} failed: {error}.") from error
    return _python()


def jupyter_variables() -> dict[str, str]:
    """The process environment in which Jupyter finds this Python's kernel first, not one of the user's others."""
    return os.environ | {"JUPYTER_PREFER_ENV_PATH": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


# ---------------------------------------------------------------------------------------------------------------------


def _python() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _marker() -> Path:
    return VENV / "toolkit-made"  # only what carries it is ever removed


def _stamp() -> Path:
    return VENV / "toolkit-ready.json"


def _fingerprint() -> str:
    """Changes when what is to be installed may have changed, or where, or with which Python."""
    here = f"{sys.version_info[:2]} {ROOT}\n".encode()
    return hashlib.sha256(here + (ROOT / "pyproject.toml").read_bytes()).hexdigest()


def _read_stamp() -> dict[str, Any]:
    """What was set up: "extras" and "fingerprint". Never finished, or damaged: as if nothing was."""
    try:
        stamp = json.loads(_stamp().read_text("utf-8"))
        return {"extras": list(stamp["extras"]), "fingerprint": stamp["fingerprint"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {"extras": [], "fingerprint": None}


def _stamp_covers(extras: Sequence[str]) -> bool:
    stamp = _read_stamp()
    if not (ROOT / "pyproject.toml").is_file():
        return False
    return set(extras) <= set(stamp["extras"]) and stamp["fingerprint"] == _fingerprint() and _python().exists()


def _make(extras: Sequence[str]) -> None:
    finished = _stamp().exists()
    with Progress("Setting up .venv (once; a minute or two)") as progress:
        if VENV.exists() and not _marker().exists():
            if not _works():
                raise SetupError(f"{VENV} is there, was not made by the toolkit, and its pip does not run. Remove it.")
        elif not (finished and _works()):
            progress.say("making the environment")
            _create()
        _stamp().unlink(missing_ok=True)  # from here on an interruption means: make it anew
        wish = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
        _pip_install(["--editable", wish], progress)
        _stamp().write_text(json.dumps({"extras": list(extras), "fingerprint": _fingerprint()}), "utf-8")
        progress.done(f"Ready: {VENV}")


def _works() -> bool:
    if not _python().exists():
        return False
    return subprocess.run([_python(), "-m", "pip", "--version"], capture_output=True).returncode == 0


def _create() -> None:
    with_pip = importlib.util.find_spec("ensurepip") is not None  # Debian keeps it in a package of its own
    shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir(exist_ok=True)
    _marker().touch()
    venv.EnvBuilder(with_pip=with_pip, symlinks=os.name != "nt").create(VENV)
    if not with_pip:
        _bootstrap_pip()


def _bootstrap_pip() -> None:
    """Fetch pip's wheel from the package index and let it install itself (a wheel is a zip that Python can run)."""
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"
    request = urllib.request.Request(index, headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            files = json.load(answer)["files"]
        wheel = max((file for file in files if _pip_version(file)), key=_pip_version)
        with urllib.request.urlopen(urljoin(index, wheel["url"]), timeout=60) as answer:
            content = answer.read()
    except (urllib.error.URLError, TimeoutError, ValueError, LookupError) as error:
        raise SetupError(
            f"This Python has no ensurepip, and pip could not be fetched from {index} ({error}).\n"
            "Check the network, or install your system's venv package (Debian, Ubuntu: apt install python3-venv)."
        ) from error
    if hashlib.sha256(content).hexdigest() != wheel["hashes"]["sha256"]:
        raise SetupError(f"What came from {wheel['url']} is damaged: its SHA-256 is not the index's. Try again.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / wheel["filename"]
        path.write_bytes(content)
        subprocess.run(
            [_python(), path / "pip", "install", "--quiet", "--no-index", path], check=True, capture_output=True
        )


def _pip_version(file: dict[str, Any]) -> tuple[int, ...]:
    """Of a released wheel of pip its version; of anything else in the index the empty tuple."""
    name = re.fullmatch(r"pip-(\d+(?:\.\d+)*)-py3-none-any\.whl", file["filename"])
    return tuple(map(int, name[1].split("."))) if name and not file.get("yanked") else ()


def _pip_install(wishes: Sequence[str], progress: Progress) -> None:
    """Run pip, and read off what it prints how far it is."""
    command = [str(_python()), "-m", "pip", "install", "--progress-bar", "off", "--no-input", *wishes]
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    said: list[str] = []
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as pip:
        assert pip.stdout is not None
        try:
            for line in pip.stdout:
                said.append(line.rstrip())
                words = line.split()
                if words[:1] == ["Collecting"]:
                    progress.say(f"collecting {words[1]}")
                elif line.startswith("Installing collected packages:"):
                    packages = line.partition(":")[2].split(",")
                    progress.count(lambda: len(list(VENV.rglob("*.dist-info"))), len(packages), "installing")
        except BaseException:
            pip.kill()
            raise
    if pip.returncode != 0:
        errors = [line for line in said if line.startswith("ERROR")] or said[-5:]
        raise SetupError(
            "pip could not install the packages:\n  "
            + "\n  ".join(errors)
            + "\nCheck the network and the space on the disk, then run the same command again."
        )


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two commands started together must not both make `.venv`; the lock ends with the process that holds it."""
    name = hashlib.sha256(str(ROOT).encode()).hexdigest()[:16]
    with open(Path(tempfile.gettempdir()) / f"toolkit-setup-{name}.lock", "a+b") as file:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield
