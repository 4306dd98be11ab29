"""Every check accepts the worked solution and a right answer written in another way, and rejects typical wrong ones."""

import contextlib
import importlib.util
import io
import sys
from pathlib import Path

import nbformat
import pytest

from harkit import exercises
from harkit.exercises import checking

ROOT = Path(__file__).parents[2]
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("0*.ipynb"))


def answers(lesson: int):
    path = Path(__file__).with_name(f"answers_{lesson}.py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LESSONS = [int(path.stem.removeprefix("answers_")) for path in sorted(Path(__file__).parent.glob("answers_*.py"))]
GIVEN = {lesson: answers(lesson) for lesson in LESSONS}
for _lesson in LESSONS:
    exercises.lesson(_lesson)
NUMBERS = sorted(checking.EXERCISES)
RIGHT = [(n, i) for lesson in LESSONS for n, given in GIVEN[lesson].RIGHT.items() for i in range(len(given))]
WRONG = [(n, i) for lesson in LESSONS for n, given in GIVEN[lesson].WRONG.items() for i in range(len(given))]


def judge(number: str, *answer) -> tuple[str, str]:
    """Status and message of a check, which must not raise and must print its verdict."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert getattr(exercises, f"check_{number.replace('.', '_')}")(*answer) is None
    entry = checking.EXERCISES[number]
    assert f"Exercise {number}, {entry.status}" in printed.getvalue()
    return entry.status, entry.message


def given(kind: str, number: str) -> list:
    return getattr(GIVEN[int(number[0])], kind, {}).get(number, [])


@pytest.mark.parametrize("number", NUMBERS)
def test_a_check_has_another_right_answer_and_three_wrong_ones(number):
    assert len(given("RIGHT", number)) >= 1
    assert len(given("WRONG", number)) >= 3


@pytest.mark.parametrize("number, index", RIGHT, ids=lambda value: str(value))
def test_a_right_answer_written_in_another_way_is_accepted(number, index):
    status, message = judge(number, given("RIGHT", number)[index])
    assert status == checking.RIGHT, message


@pytest.mark.parametrize("number, index", WRONG, ids=lambda value: str(value))
def test_a_typical_wrong_answer_gets_its_hint(number, index):
    answer, hint = given("WRONG", number)[index]
    status, message = judge(number, answer)
    assert status == checking.WRONG
    assert hint in message


@pytest.mark.parametrize("number", NUMBERS)
def test_other_wrong_answers_are_rejected_too(number):
    for answer in given("ALSO_WRONG", number):
        assert judge(number, answer)[0] == checking.WRONG


@pytest.mark.parametrize("number", NUMBERS)
def test_typical_wrong_answers_get_different_hints(number):
    hints = [hint for _, hint in given("WRONG", number)]
    assert len(set(hints)) == len(hints)
    messages = [judge(number, answer)[1] for answer, _ in given("WRONG", number)]
    for hint in hints:
        assert sum(hint in message for message in messages) == 1, f"'{hint}' is in more than one message"


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_the_worked_solutions_are_right(path, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    lesson = int(path.stem[:2])
    exercises.lesson(lesson)
    own = [entry for entry in checking.EXERCISES.values() if entry.number.startswith(f"{lesson}.")]
    for entry in own:
        entry.status = checking.STARTED
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    scope = {"__name__": "__main__"}
    for source in cells:
        if "%" not in source.split("\n")[0]:
            exec(compile(source, path.name, "exec"), scope)
    assert {entry.number: entry.message for entry in own if entry.status != checking.RIGHT} == {}


def stub(*_):
    raise NotImplementedError


def endless(*_, **__):
    while True:
        pass


def endless_and_stubborn(*_, **__):
    while True:
        try:
            pass
        except BaseException:
            continue


def leave(*_, **__):
    raise SystemExit


def talk(*_, **__):
    print("x" * 100_000)


def ask_the_user(*_, **__):
    input("?")


def recurse(*_, **__):
    return recurse()


HOSTILE = [
    None, 7, "text", [], {}, object(), float("nan"), endless, endless_and_stubborn, leave, talk, ask_the_user, recurse,
    lambda: 0, lambda *_, **__: None, lambda *_, **__: "text", lambda *_, **__: [], lambda *_, **__: {},
    lambda *_, **__: float("nan"), lambda *_, **__: 1 / 0, lambda *_, **__: object(), lambda *_, **__: [[1], 2],
]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
def test_nothing_that_a_learner_passes_stops_the_notebook_or_counts_as_right(number, monkeypatch, capsys):
    monkeypatch.setattr(checking, "SECONDS", 0.3)
    # what is thrown into an endless answer to end it may land where Python can't raise it, and only says so
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    for answer in HOSTILE:
        status, message = judge(number, answer)
        assert status == checking.WRONG and message, answer
    assert judge(number, stub)[0] == checking.STARTED
    assert len(capsys.readouterr().out) < 10_000
