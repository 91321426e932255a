"""The widgets' ES modules: tested in a simulated page (node --test, jsdom) and type-checked (tsc)."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MISSING = "Node.js with npm was not found on this machine: install it (version 20 or newer) to test the JavaScript"

pytestmark = pytest.mark.javascript


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    """One of Node's programs, by its full path: on Windows npm is a batch file."""
    program = shutil.which(command[0])
    assert program is not None
    words = [program, *command[1:]]
    return subprocess.run(words, cwd=HERE, capture_output=True, text=True, encoding="utf-8", timeout=150, check=False)


@pytest.fixture(scope="module")
def packages() -> None:
    """What the tests need, installed from the lock file if it isn't there yet or is older than the lock file."""
    if not (shutil.which("node") and shutil.which("npm")):
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    installed = HERE / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (HERE / "package-lock.json").stat().st_mtime:
        done = run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
        assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("packages")
def test_the_modules_behave() -> None:
    done = run("npm", "test", "--silent")
    assert done.returncode == 0, done.stdout + done.stderr
    written = sum(len(re.findall(r"^test\(", file.read_text("utf-8"), re.M)) for file in HERE.glob("*.test.js"))
    assert f"pass {written}\n" in done.stdout, f"not all of the {written} tests were run:\n{done.stdout}"


@pytest.mark.usefixtures("packages")
def test_the_types_hold() -> None:
    done = run("npm", "run", "types", "--silent")
    assert done.returncode == 0, done.stdout + done.stderr
