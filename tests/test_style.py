"""The linter, the formatter and the type checker find nothing."""

import subprocess
import sys

import pytest

from toolkit.command.environment import ROOT


@pytest.mark.parametrize(
    "command",
    [["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]],
    ids=["lint", "format", "types"],
)
def test_clean(command):
    found = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=170)
    assert found.returncode == 0, found.stdout + found.stderr
