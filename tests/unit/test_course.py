import nbformat
import pandas as pd
import pytest

from harkit import course, fetch
from harkit.settings import InputError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two tiny lessons; no pictures are fetched."""
    monkeypatch.setattr(fetch, "fetch", lambda *_: None)
    for number, code in ((1, "print(6 * 7)"), (2, "import os\nprint(os.environ['HARKIT_PROFILE'])")):
        card = nbformat.v4.new_markdown_cell("to be filled in", metadata={"tags": ["run-card"]})
        notebook = nbformat.v4.new_notebook(cells=[card, nbformat.v4.new_code_cell(code)])
        (tmp_path / "notebooks").mkdir(exist_ok=True)
        nbformat.write(notebook, tmp_path / "notebooks" / f"0{number}_lesson.ipynb")
    return tmp_path / "notebooks"


def test_lessons_run_in_order_and_leave_copies(folder, config):
    lines = []
    times = course.run(config, folder=folder, report=lines.append)
    assert list(times.lesson) == ["01_lesson", "02_lesson"] and (times.seconds > 0).all()
    copies = [nbformat.read(config.results / "executed" / f"{name}.ipynb", 4) for name in times.lesson]
    assert [copy.cells[1].outputs[0].text.strip() for copy in copies] == ["42", "reduced"]
    assert "[1/2] 01_lesson" in "\n".join(lines)


def test_the_run_card_is_of_this_run(folder, config):
    course.run(config, only=["1"], folder=folder)
    card = nbformat.read(config.results / "executed" / "01_lesson.ipynb", 4).cells[0].source
    assert "drawn, 64 px" in card and "processor cores" in card
    assert not (config.results / "executed" / "02_lesson.ipynb").exists()


def test_a_lesson_that_fails_is_named_and_its_copy_kept(folder, config):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    nbformat.write(notebook, folder / "01_lesson.ipynb")
    with pytest.raises(InputError, match=r"01_lesson\.ipynb stopped with ZeroDivisionError"):
        course.run(config, folder=folder)
    copy = nbformat.read(config.results / "executed" / "01_lesson.ipynb", 4)
    assert copy.cells[0].outputs[0].ename == "ZeroDivisionError"


def test_lessons_that_are_not_there_are_named(folder, tmp_path):
    with pytest.raises(InputError, match="no lesson 09"):
        course.lessons(["9"], folder)
    with pytest.raises(InputError, match="holds no lessons"):
        course.lessons(folder=tmp_path)


def test_the_table_shows_shares_with_their_intervals():
    results = pd.DataFrame(
        [
            {"network": "vgg16", "accuracy": 0.8546, "low": None, "high": None, "macro_f1": None, "n": None},
            {"network": "resnet", "accuracy": 0.25, "low": 0.2, "high": 0.31, "macro_f1": 0.244, "n": 200},
        ]
    )
    text = course.as_text(results)
    assert "85.5 %" in text and "20.0–31.0 %" in text and "0.24" in text and "nan" not in text.lower()
