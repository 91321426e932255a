"""The command line as somebody types it."""

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

from toolkit.command.environment import ROOT


def toolkit(*words, timeout=60):
    return subprocess.run(
        [sys.executable, "-m", "toolkit", *words], cwd=ROOT, capture_output=True, text=True, timeout=timeout
    )


def test_help_names_the_commands():
    said = toolkit("--help").stdout
    for command in ("lab", "run", "test", "benchmark", "export", "maelstrom"):
        assert command in said


@pytest.mark.parametrize("words", [[], ["nosuch"], ["lab", "--nosuch"], ["run", "--timeout", "soon"]])
def test_wrong_words_are_refused(words):
    said = toolkit(*words)
    assert said.returncode == 2
    assert "usage" in said.stderr


def test_an_unknown_notebook_is_named():
    said = toolkit("run", "77-nosuch")
    assert said.returncode == 1
    assert "No notebook '77-nosuch'" in said.stderr
    assert "Traceback" not in said.stderr


def test_an_older_python_gets_a_sentence_not_a_traceback():
    versions = Path.home() / ".pyenv" / "versions"
    older = [*versions.glob("3.[6-9].*/bin/python"), *versions.glob("3.10.*/bin/python")]
    if not older:
        pytest.skip("no Python older than 3.11 on this machine")
    for python in older:
        said = subprocess.run([python, "-m", "toolkit", "lab"], cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert said.returncode == 1
        assert "needs Python 3.11 or newer" in said.stderr
        assert "Traceback" not in said.stderr


def test_the_readme_commands_are_commands():
    text = (ROOT / "README.md").read_text("utf-8")
    commands = set(re.findall(r"python3? -m toolkit (\w+)", text))
    assert {"lab", "test"} <= commands
    for command in commands:
        assert command in toolkit("--help").stdout


@pytest.mark.slow
def test_lab_serves_the_course_on_loopback(tmp_path):
    folders = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    lab = subprocess.Popen(
        [sys.executable, "-m", "toolkit", "lab", "--no-browser"],
        cwd=ROOT,
        env=os.environ | folders,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert lab.stderr is not None
        address = None
        for line in lab.stderr:
            address = re.search(r"http://127\.0\.0\.1:\d+/lab/tree/\S*00-start-here\.ipynb\?token=\w+", line)
            if address:
                break
        assert address, "the server never said where it is"
        with urllib.request.urlopen(address[0], timeout=30) as page:
            assert page.status == 200
    finally:
        for process in [*psutil.Process(lab.pid).children(recursive=True), psutil.Process(lab.pid)]:
            process.terminate()
        lab.communicate(timeout=30)
