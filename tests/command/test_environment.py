"""Set-up: what is asked for, when it is made anew, and that it survives being interrupted.

One environment is really made, by the system's way and without ensurepip; what pip would then download is replaced by a
package that lies beside it, so that the test needs the network for pip's own wheel only.
"""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from toolkit.command import environment
from toolkit.command.environment import SetupError


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A tiny checkout of its own, with one dependency-free package."""
    root = tmp_path / "a checkout"
    (root / "toolkit").mkdir(parents=True)
    (root / "toolkit" / "__init__.py").write_text("")
    (root / "setup.py").write_text("import setuptools; setuptools.setup(packages=['toolkit'])")
    (root / "pyproject.toml").write_text(
        '[project]\nname = "distributed-systems-toolkit"\nversion = "0"\ndependencies = []\n'
        "[project.optional-dependencies]\ntest = []\n"
    )
    monkeypatch.setattr(environment, "ROOT", root)
    monkeypatch.setattr(environment, "VENV", root / ".venv")
    return root


def no_pip(monkeypatch):
    installed = []
    monkeypatch.setattr(environment, "_pip_install", lambda wishes, progress: installed.append(list(wishes)))
    return installed


def test_an_environment_is_made_once_and_then_used(checkout, monkeypatch, capsys):
    installed = no_pip(monkeypatch)
    python = environment.prepare()
    assert subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0
    assert environment.prepare() == python
    assert installed == [["--editable", str(checkout)]]
    environment.prepare(["test"])
    assert installed[1:] == [["--editable", f"{checkout}[test]"]]
    environment.prepare()  # the tests' environment has all that the course needs
    assert len(installed) == 2


def test_changed_requirements_are_installed(checkout, monkeypatch):
    installed = no_pip(monkeypatch)
    environment.prepare()
    project = checkout / "pyproject.toml"
    project.write_text(project.read_text().replace("dependencies = []", 'dependencies = ["six"]', 1))
    environment.prepare()
    assert len(installed) == 2


def test_an_unfinished_environment_is_made_anew(checkout, monkeypatch):
    def interrupted(wishes, progress):
        (checkout / ".venv" / "half").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, "_pip_install", interrupted)
    with pytest.raises(KeyboardInterrupt):
        environment.prepare()
    assert (checkout / ".venv" / "half").exists()
    no_pip(monkeypatch)
    environment.prepare()
    assert not (checkout / ".venv" / "half").exists()


def test_an_environment_that_is_not_ours_is_never_removed(checkout, monkeypatch):
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "precious").touch()
    with pytest.raises(SetupError, match="not made by the toolkit"):
        environment.prepare()
    assert (checkout / ".venv" / "precious").exists()


def test_a_damaged_stamp_means_make_it_anew(checkout, monkeypatch):
    installed = no_pip(monkeypatch)
    environment.prepare()
    (checkout / ".venv" / "toolkit-ready.json").write_text("{ha")
    environment.prepare()
    assert len(installed) == 2
    assert json.loads((checkout / ".venv" / "toolkit-ready.json").read_text())["extras"] == []


def test_without_ensurepip_pip_comes_from_the_index(checkout, monkeypatch):
    no_pip(monkeypatch)
    find_spec = environment.importlib.util.find_spec
    monkeypatch.setattr(
        environment.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else find_spec(name)
    )
    python = environment.prepare()
    said = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, text=True)
    assert said.stdout.startswith("pip "), said.stderr


def test_without_ensurepip_and_without_network_it_says_what_to_do(checkout, monkeypatch):
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(SetupError, match="python3-venv"):
        environment.prepare()


def test_what_pip_could_not_do_is_said(checkout, monkeypatch):
    project = checkout / "pyproject.toml"
    project.write_text(project.read_text().replace("dependencies = []", 'dependencies = ["no such thing"]', 1))
    with pytest.raises(SetupError, match="pip could not install"):
        environment.prepare()


def test_no_checkout_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    with pytest.raises(SetupError, match="not a checkout"):
        environment.prepare()


def test_this_environment_is_satisfied_and_a_bare_one_is_not(tmp_path):
    assert environment.satisfied(["test"])
    code = "from toolkit.command import environment; print(environment.satisfied())"
    bare = [getattr(sys, "_base_executable", sys.executable), "-S", "-c", code]
    said = subprocess.run(bare, cwd=environment.ROOT, capture_output=True, text=True, timeout=60)
    assert said.stdout.strip() == "False", said.stderr


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_an_interrupt_stops_set_up_and_leaves_nothing_running(checkout):
    """The real pip is under way when Ctrl-C comes."""
    code = (
        "from pathlib import Path; from toolkit.command import environment, main\n"
        f"environment.ROOT = Path({str(checkout)!r}); environment.VENV = environment.ROOT / '.venv'\n"
        "environment.satisfied = lambda extras: False\n"
        "raise SystemExit(main.main(['run']))"
    )
    (checkout / "setup.py").write_text("import time; time.sleep(60)")
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=environment.ROOT if environment.ROOT.name != "a checkout" else None,
        env={k: v for k, v in os.environ.items() if k != "TOOLKIT_SET_UP"},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (checkout / ".venv" / "pyvenv.cfg").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(child.pid, signal.SIGINT)
    _, said = child.communicate(timeout=30)
    assert child.returncode == 130, said
    assert "Interrupted" in said
    with pytest.raises(ProcessLookupError):
        os.killpg(child.pid, 0)
