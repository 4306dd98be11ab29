"""A release: source and wheel that install elsewhere and hold all they need. `python tests/course/test_release.py DIR`
builds both into DIR; `make release` tests first."""

import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import harkit

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def build(to: Path) -> tuple[Path, Path]:
    """The source distribution, and the wheel made from it: so nothing can be in the wheel that the source lacks."""
    to.mkdir(parents=True, exist_ok=True)
    code = f"from setuptools.build_meta import build_sdist; build_sdist({str(to.resolve())!r})"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    (source,) = to.glob("*.tar.gz")
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "-w", str(to), str(source)], check=True)
    return source, next(to.glob("*.whl"))


def test_every_place_names_the_same_version():
    version = PROJECT["version"]
    assert harkit.__version__ == version
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert newest[1] == version
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (\S+)$", citation, flags=re.MULTILINE)[1] == version


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> tuple[Path, Path]:
    return build(tmp_path_factory.mktemp("dist"))


@pytest.mark.slow
def test_source_and_wheel_hold_the_drawn_world_and_the_recorded_runs(built):
    source, wheel = built
    with tarfile.open(source) as archive:
        in_source = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = set(archive.namelist())
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "harkit").rglob("*.py")}
    assert len([name for name in modules if name.startswith("harkit/drawn/")]) > 20
    assert modules <= in_source and modules <= in_wheel
    assert {"harkit/published.json", "LICENSE", "README.md", "setup.py"} <= in_source
    runs = {
        path.relative_to(ROOT / "results" / "recorded").as_posix() for path in ROOT.glob("results/recorded/*/*/*.*")
    }
    assert len(runs) > 100
    assert {f"harkit/recorded_runs/{name}" for name in runs} <= in_wheel
    assert not [name for name in in_wheel if name.startswith(("tests", "notebooks", "book"))]


@pytest.mark.slow
def test_the_wheel_works_in_an_environment_of_its_own_far_from_the_course(built, tmp_path):
    """The libraries come from the environment of the tests, the course itself from the wheel alone."""
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip())
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", str(built[1])], check=True)
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")

    def run(*arguments) -> str:
        done = subprocess.run(
            [python, *arguments], cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert Path(run("-c", "import harkit; print(harkit.__file__)").strip()).is_relative_to(packages)
    assert run("-m", "harkit", "--version").strip() == f"harkit {PROJECT['version']}"
    folder = Path(run("-m", "harkit", "fetch", "har", "--count", "60", "--to", "pictures").strip())
    assert len(list((tmp_path / folder).rglob("*.jpg"))) >= 60
    assert "VGG16" in run("-c", "from harkit import recorded; print(recorded.readme_table())")
    assert "checks" in run("-c", "from harkit import exercises; print('checks', len(exercises.summary(1)))")


if __name__ == "__main__":
    for path in build(Path(sys.argv[1])):
        print(path)
