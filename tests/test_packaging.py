"""pyproject.toml and environment.yml ask for the same things, each with a floor, a ceiling and a reason."""

import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement

from toolkit.command.environment import ROOT

TEXT = (ROOT / "pyproject.toml").read_text("utf-8")
PROJECT = tomllib.loads(TEXT)["project"]
EVERYTHING = PROJECT["dependencies"] + [wish for extra in PROJECT["optional-dependencies"].values() for wish in extra]


def test_conda_gets_what_pip_gets():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    names = [
        wish for wish in conda if isinstance(wish, str) and wish not in ("pip",) and not wish.startswith("python>")
    ]
    assert sorted(names) == sorted(PROJECT["dependencies"])
    assert f"python{PROJECT['requires-python']}" in conda
    assert {"pip": ["--editable ."]} in conda


@pytest.mark.parametrize("wish", EVERYTHING)
def test_every_dependency_is_bounded_and_has_a_reason(wish):
    operators = {clause.operator for clause in Requirement(wish).specifier}
    assert operators == {">=", "<"}
    line = next(line for line in TEXT.splitlines() if f'"{wish}"' in line)
    assert "# " in line, f"say beside {wish} why the course needs it"


def test_importing_the_package_imports_neither_dask_nor_jupyter():
    code = "import sys, toolkit; print([m for m in ('dask', 'distributed', 'IPython', 'numpy') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == "[]"


def test_public_names_can_be_had_and_unknown_ones_are_refused():
    import toolkit

    for name in toolkit.__all__:
        assert getattr(toolkit, name) is not None
        assert name in dir(toolkit)
    with pytest.raises(AttributeError, match="Clutser"):
        toolkit.Clutser  # noqa: B018
