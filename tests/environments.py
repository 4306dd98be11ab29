"""The course with other versions of its libraries: `python tests/environments.py [colab] [lowest] [newest] [--keep]`.

Each environment is made by uv from pyproject.toml, runs all seven lessons and the tests that libraries break first, and
is deleted. Ends with a table, printed and in build/environments.md. Needs PyPI, about 7 GB of disk and half an hour an
environment; so it is run by hand (`make environments`), before a release and when pyproject.toml changes.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = {  # what uv is told beside pyproject.toml
    # Colab's in August 2026. JupyterLab, which Colab does without, wants jupyterlab_widgets<2 beside ipywidgets 7.
    "colab": [
        "torch==2.11.0", "torchvision==0.26.0", "ipython==7.34.0", "ipywidgets==7.7.1", "jupyterlab_widgets<2",
        "scikit-learn==1.6.1", "pandas==2.2.3", "numpy==2.1.3", "pillow==11.3.0",
    ],
    "lowest": ["--resolution", "lowest-direct"],
    "newest": ["--upgrade"],
}  # fmt: skip
SHOWN = (
    "python", "torch", "torchvision", "numpy", "pandas", "scikit-learn", "pillow", "matplotlib", "ipython",
    "ipywidgets", "jupyterlab",
)  # fmt: skip
TESTS = [f"tests/unit/test_{name}.py" for name in ("catalogue", "pictures", "augment", "models", "explore", "plots")]
VERSIONS = """
import importlib.metadata, platform, sys
for name in sys.argv[1:]:
    print(platform.python_version() if name == "python" else importlib.metadata.version(name))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[*ENVIRONMENTS, []], help="default: all three")
    parser.add_argument("--keep", action="store_true", help="leave the environments in build/environments")
    options = parser.parse_args()
    rows = [_try(name, options.keep) for name in options.names or ENVIRONMENTS]
    table = _table(rows)
    print(table)
    (ROOT / "build" / "environments.md").write_text(table + "\n", encoding="utf-8")
    return 0 if all(row["installed"] == row["lessons"] == row["tests"] == "yes" for row in rows) else 1


def _try(name: str, keep: bool) -> dict:
    """One environment from its making to its end: what was installed, and whether lessons and tests ran."""
    folder = ROOT / "build" / "environments" / name
    row = {"environment": name, "installed": "no", "lessons": "–", "tests": "–", "minutes": ""}
    started = time.perf_counter()
    try:
        if _install(folder, ENVIRONMENTS[name]):
            python = folder / "bin" / "python"
            answer = subprocess.run([python, "-c", VERSIONS, *SHOWN], capture_output=True, text=True, check=True)
            row |= {"installed": "yes", **dict(zip(SHOWN, answer.stdout.split(), strict=True))}
            with tempfile.TemporaryDirectory() as place:
                row["lessons"] = _run([python, "-m", "harkit", "course"], place)
                row["tests"] = _run([python, "-m", "pytest", "-q", "-x", *TESTS, "-p", "no:cacheprovider"], place)
    finally:
        row["minutes"] = f"{(time.perf_counter() - started) / 60:.0f}"
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    return row


def _install(folder: Path, wishes: list[str]) -> bool:
    uv = [sys.executable, "-m", "uv"]
    project = ["-r", "pyproject.toml", "--extra", "lab", "--extra", "test", "--extra", "offline"]
    made = subprocess.run([*uv, "venv", "--clear", "--python", sys.executable, folder], cwd=ROOT).returncode == 0
    command = [*uv, "pip", "install", "--python", folder / "bin" / "python", *project, *wishes]
    return made and subprocess.run(command, cwd=ROOT).returncode == 0


def _run(command: list, place: str) -> str:
    """Run it from the course's folder on pictures and results of its own."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("HARKIT_", "PYTHON"))}
    mine |= {"HARKIT_PROFILE": "reduced", "HARKIT_OFFLINE": "1", "HARKIT_DATA": f"{place}/data"}
    mine |= {"HARKIT_RESULTS": f"{place}/results", "PYTHONPATH": str(ROOT)}
    return "yes" if subprocess.run(command, cwd=ROOT, env=mine, stdin=subprocess.DEVNULL).returncode == 0 else "NO"


def _table(rows: list[dict]) -> str:
    columns = ["environment", *SHOWN, "installed", "lessons", "tests", "minutes"]
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return "\n".join(lines + ["| " + " | ".join(row.get(column, "–") for column in columns) + " |" for row in rows])


if __name__ == "__main__":
    sys.exit(main())
