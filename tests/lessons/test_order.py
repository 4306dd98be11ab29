"""The seven lessons one after the other, in one results folder, through the command line."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
LESSONS = sorted(path.name for path in (ROOT / "notebooks").glob("0*.ipynb"))


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """`harkit course`, run once: its exit and its results folder."""
    results = tmp_path_factory.mktemp("results")
    done = subprocess.run(
        [sys.executable, "-m", "harkit", "course"], cwd=ROOT, env=os.environ | {"HARKIT_RESULTS": str(results)},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=1500,
    )  # fmt: skip
    return done, results / "reduced"


def test_there_are_seven_lessons():
    assert [name[:3] for name in LESSONS] == [f"0{number}_" for number in range(1, 8)]


def test_the_course_runs_to_its_end(course):
    done, _ = course
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


def test_every_lesson_leaves_an_executed_copy_without_errors(course):
    done, results = course
    assert sorted(path.name for path in (results / "executed").glob("*.ipynb")) == LESSONS, done.stderr[-4000:]
    for name in LESSONS:
        cells = nbformat.read(results / "executed" / name, as_version=4).cells
        code = [cell for cell in cells if cell.cell_type == "code" and cell.source.strip()]
        assert all(cell.execution_count for cell in code), f"{name} was not executed to its end"
        errors = [out.evalue for cell in code for out in cell.outputs if out.output_type == "error"]
        assert not errors, f"{name}: {errors}"


def test_the_course_prints_each_lesson_with_its_time(course):
    lines = course[0].stdout.splitlines()
    for name in LESSONS:
        assert any(Path(name).stem in line and line.endswith(" s") for line in lines), f"no time of {name}"


def test_the_course_ends_with_a_row_for_each_network(course):
    table = course[0].stdout.rsplit("all lessons", 1)[-1]
    for network in ("vgg16", "resnet", "resnet50"):
        for what in ("as published", "this run"):
            rows = [line for line in table.splitlines() if network in line.split() and what in line]
            assert rows, f"the table has no row for {network} {what}:\n{table}"
