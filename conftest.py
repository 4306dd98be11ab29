"""How the tests run: the reduced profile, without downloads; every notebook with an empty results folder of its own.

The drawn pictures are shared: the first process (the one that starts the workers) makes one folder for them all.
"""

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest

CELL_SECONDS = 600  # nbval's own time-out is 2,000 s
FIRST = "test_order.py"  # the longest test: a worker begins with it while the others take the notebooks


def pytest_configure(config):
    os.environ |= {"HARKIT_PROFILE": "reduced", "HARKIT_OFFLINE": "1"}
    for name in ("HARKIT_HAR", "HARKIT_FALLS"):
        os.environ.pop(name, None)
    if not hasattr(config, "workerinput"):  # workers inherit the folders
        config.harkit_folder = Path(tempfile.mkdtemp(prefix="harkit-tests-"))
        os.environ["HARKIT_DATA"] = str(config.harkit_folder / "data")
    if hasattr(config.option, "nbval_cell_timeout"):
        config.option.nbval_cell_timeout = CELL_SECONDS
        config.option.nbval_kernel_startup_timeout = 180
        config.option.nbval_current_env = True  # the environment under test, whatever kernel "python3" is elsewhere


def pytest_unconfigure(config):
    if hasattr(config, "harkit_folder"):
        shutil.rmtree(config.harkit_folder, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Before nbval starts a notebook's kernel, which inherits this."""
    folder = item.path.stem if _is_cell(item) else f"tests-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    os.environ["HARKIT_RESULTS"] = str(Path(os.environ["HARKIT_DATA"]).parent / "results" / folder)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """The longest test first, then the cells of each notebook in order (whatever shuffled them), then the rest."""
    cells = sorted((item for item in items if _is_cell(item)), key=lambda item: (item.path, item.cell_num))
    first = [item for item in items if item.path.name == FIRST]
    items[:] = first + cells + [item for item in items if item not in first and not _is_cell(item)]


def pytest_terminal_summary(terminalreporter):
    """How many broken inputs of each kind were tried, and how they ended: tests/faults counts them."""
    found = Counter()
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        for name, rows in getattr(report, "user_properties", []):
            if name == "faults" and report.when == "teardown":
                found.update({(kind, ending): number for kind, ending, number in rows})
    if found:
        kinds = sorted({kind for kind, _ in found})
        width = max(map(len, kinds))
        terminalreporter.section(f"{found.total()} faults tried")
        for kind in kinds:
            ends = {ending: number for (k, ending), number in sorted(found.items()) if k == kind}
            endings = ", ".join(f"{number} {ending}" for ending, number in ends.items())
            terminalreporter.write_line(f"{kind:<{width}}  {sum(ends.values()):>5}   {endings}")


def _is_cell(item) -> bool:
    return type(item).__name__ == "IPyNbCell"
