"""The three ways to install the course agree, and Colab's libraries are good enough."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
CONDA_NAMES = {"torch": "pytorch", "playwright": "playwright-python"}  # where conda-forge has another name than PyPI
PAIRS = {"2.14.1": "0.29.1", "2.15.0": "0.29.2"}  # torch and torchvision that load together
COLAB = {
    "torch": "2.11.0", "ipywidgets": "7.7.1", "scikit-learn": "1.6.1", "pandas": "2.2.3", "numpy": "2.1.3",
    "pillow": "11.3.0",
}  # fmt: skip


@pytest.fixture
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def required(project) -> dict[str, SpecifierSet]:
    """Everything that a learner or a test needs: name and bounds."""
    extras = project["optional-dependencies"]
    lines = project["dependencies"] + extras["lab"] + extras["scale"] + extras["test"]
    return {canonicalize_name(Requirement(line).name): Requirement(line).specifier for line in lines}


@pytest.fixture
def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [line.split("==") for line in lines if line and not line.startswith("#")]
    assert all(len(pin) == 2 for pin in found), "constraints.txt holds name==version and nothing else"
    return {canonicalize_name(name): version for name, version in found}


@pytest.fixture
def conda() -> dict:
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def test_conda_has_the_names_and_bounds_of_pyproject(conda, required, project):
    listed = [Requirement(line) for line in conda["dependencies"] if isinstance(line, str)]
    bounds = {requirement.name: requirement.specifier for requirement in listed}
    assert bounds.pop("python") == SpecifierSet(project["requires-python"])
    bounds.pop("pip")
    assert bounds == {CONDA_NAMES.get(name, name): specifier for name, specifier in required.items()}


def test_conda_takes_the_course_itself_from_here_and_the_rest_from_conda_forge(conda):
    assert conda["name"] == "harkit"
    assert set(conda["channels"]) <= {"conda-forge", "nodefaults"}
    assert [line["pip"] for line in conda["dependencies"] if isinstance(line, dict)] == [["-e .[offline]"]]


def test_pyproject_has_lower_bounds_only(required):
    operators = {specifier.operator for bounds in required.values() for specifier in bounds}
    assert operators == {">="}, "an upper bound would replace Colab's libraries or torch"


def test_colab_needs_no_other_version(required, project):
    assert "3.13" in SpecifierSet(project["requires-python"])
    for name, version in COLAB.items():
        assert version in required[name], f"Colab has {name} {version}"


def test_constraints_pin_all_that_pyproject_names_within_its_bounds(project, pins):
    extras = project["optional-dependencies"].values()
    for requirement in map(Requirement, project["dependencies"] + [line for lines in extras for line in lines]):
        pin = pins.get(canonicalize_name(requirement.name), "")
        assert pin and pin in requirement.specifier, f"{requirement} is pinned as {pin or 'nothing'}"


def test_constraints_pin_a_torch_and_a_torchvision_that_load_together(pins):
    assert pins["torchvision"] == PAIRS[pins["torch"]]


def test_constraints_pin_no_gpu_library(pins):
    assert not [name for name in pins if name.startswith(("nvidia", "cuda", "triton"))], "torch brings its own"


@pytest.mark.parametrize("name", ["constraints.txt", "environment.yml", "pyproject.toml"])
def test_no_package_comes_from_an_address(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    if name == "pyproject.toml":
        text = re.sub(r"\[project\.urls\].*?(?=\n\[|\Z)", "", text, flags=re.DOTALL)
    assert not re.search(r"://|^\s*-?\s*(--|git\+|/)|\bfile:", text, flags=re.MULTILINE)
