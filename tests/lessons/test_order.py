"""The lessons one after the other, in one results folder, through the command line."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from harkit import pretrained

ROOT = Path(__file__).parents[2]
LESSONS = sorted(path.name for path in (ROOT / "notebooks").glob("0*.ipynb"))
PUBLISHED = ("vgg16", "resnet", "resnet50")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """`harkit course`, run once: its exit and its results folder."""
    results = tmp_path_factory.mktemp("results")
    done = subprocess.run(
        [sys.executable, "-m", "harkit", "course"], cwd=ROOT, env=os.environ | {"HARKIT_RESULTS": str(results)},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=1500,
    )  # fmt: skip
    return done, results / "reduced"


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
    ours = ("vgg16", "resnet", pretrained.at_hand(download=False))
    for network, what in [(name, "this run") for name in ours] + [(name, "as published") for name in PUBLISHED]:
        rows = [line for line in table.splitlines() if network in line.split() and what in line]
        assert rows, f"the table has no row for {network} {what}:\n{table}"


@pytest.mark.parametrize("name", LESSONS)
def test_the_stored_outputs_are_those_of_this_code(course, name):
    """Cells tagged `varies` hold times and trained figures; every other output is the same on any machine."""
    stored = nbformat.read(ROOT / "notebooks" / name, as_version=4).cells
    made = nbformat.read(course[1] / "executed" / name, as_version=4).cells
    assert len(stored) == len(made)
    for i, (old, new) in enumerate(zip(stored, made, strict=True)):
        if old.cell_type == "code":
            assert shape(old) == shape(new), f"{name}, cell {i}: another kind of output is stored: make outputs"
            if "varies" not in old.metadata.get("tags", []):
                fault = difference(said(old), said(new))
                assert not fault, f"{name}, cell {i}: {fault}: make outputs (or tag the cell `varies`)"


NUMBER = re.compile(r"[-−]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?")


def shape(cell) -> list[str]:
    """What kinds of output a cell has: text, a table, a figure."""
    return sorted(
        kind
        for out in cell.outputs
        if out.output_type != "stream"
        for kind in out.get("data", {})
        if "widget" not in kind
    )


WAITING = re.compile(r"^Another notebook or command is making .*: waiting for it\.$", re.MULTILINE)


def said(cell) -> str:
    """All that a cell says in words and numbers, but that another lesson, beside it, made what it needs."""
    texts = [
        out.text if out.output_type == "stream" else out.get("data", {}).get("text/plain", "") for out in cell.outputs
    ]
    text = re.sub(r"\S*/(?=runs/)", "", "\n".join(text.strip() for text in texts))  # wherever the results lie
    return WAITING.sub("", text)


def difference(old: str, new: str) -> str:
    """The first difference: words and whole numbers exactly, other numbers up to 2 % or one in the last place."""
    words = [" ".join(NUMBER.sub("#", text).split()) for text in (old, new)]
    if words[0] != words[1]:
        return f"it says {words[0][:80]!r}, and now {words[1][:80]!r}"
    for a, b in zip(NUMBER.findall(old), NUMBER.findall(new), strict=True):
        x, y = (float(value.replace("−", "-").replace(",", "")) for value in (a, b))
        digits = len(a.partition("e")[0].partition(".")[2])
        exact = "." not in a and "e" not in a
        if x != y and (exact or abs(x - y) > max(0.02 * abs(x), 1.01 * 10.0**-digits)):
            return f"it says {a}, and now {b}"
    return ""


@pytest.mark.parametrize(
    ("old", "new"),
    [("12 files", "13 files"), ("loss 0.41", "loss 0.52"), ("good", "bad"), ("1,099 of 3", "1,098 of 3"), ("2", "2 3")],
)
def test_another_output_is_noticed(old, new):
    assert difference(old, new)


def test_that_it_waited_for_another_lesson_is_no_output():
    waited = "Another notebook or command is making …/data/copies-1: waiting for it.\n"
    cells = [
        nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("stream", text=text)]) for text in ("7", waited + "7")
    ]
    assert not difference(*map(said, cells))


@pytest.mark.parametrize(("old", "new"), [("a 0.412", "a 0.413"), ("1.2e-07", "1.21e-07"), ("a  b 7", "a b 7")])
def test_rounding_is_not(old, new):
    assert not difference(old, new)
