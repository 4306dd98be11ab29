import base64
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import psutil
import pytest
from PIL import Image

import harkit
from harkit import course, exercises, fetch, notebooks, settings
from harkit.settings import InputError

WEIGHTS = "weights.safetensors"


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


def test_two_lessons_run_at_once_and_share_the_cores(folder, config, monkeypatch):
    """Each waits until the other has begun, so one alone would stop with an error."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    for mine, other in (("01", "02"), ("02", "01")):
        code = f"""
import os, pathlib, time
begun = pathlib.Path(os.environ["HARKIT_RESULTS"])
(begun / "{mine}.begun").touch()
end = time.monotonic() + 120
while not (begun / "{other}.begun").exists():
    assert time.monotonic() < end, "the other lesson does not begin"
    time.sleep(0.05)
print(os.environ["OMP_NUM_THREADS"])
"""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
        nbformat.write(notebook, folder / f"{mine}_lesson.ipynb")
    config.results.mkdir(parents=True)
    times = course.run(config, folder=folder, report=lambda line: None, jobs=2)
    assert list(times.lesson) == ["01_lesson", "02_lesson"]
    copies = [nbformat.read(config.results / "executed" / f"{name}.ipynb", 4) for name in times.lesson]
    assert [copy.cells[0].outputs[0].text.strip() for copy in copies] == [str(max(1, settings.cores() // 2))] * 2


@pytest.mark.parametrize(("jobs", "begun"), [(1, ["02", "04", "07"]), (2, ["04", "02", "07"])])
def test_beside_others_a_lesson_that_they_wait_for_begins_first(jobs, begun, config, tmp_path):
    for number in ("02", "04", "07"):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
        nbformat.write(notebook, tmp_path / f"{number}_lesson.ipynb")
    lines = []
    times = course.run(config, folder=tmp_path, report=lines.append, jobs=jobs)
    assert [line[6:8] for line in lines if line.endswith("…")] == begun
    assert [name[:2] for name in times.lesson] == ["02", "04", "07"]


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="process groups are Unix's")
@pytest.mark.parametrize("how", ["killed", "Ctrl-C"])
def test_who_ends_the_course_ends_its_lessons_and_kernels(how, folder, config):
    for number in (1, 2):
        code = (
            f"import os, time\nopen(os.path.join(os.environ['HARKIT_RESULTS'], 'begun {number}'), 'w')\ntime.sleep(900)"
        )
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
        nbformat.write(notebook, folder / f"0{number}_lesson.ipynb")
    config.results.mkdir(parents=True)
    program = """
import sys
from pathlib import Path
from harkit import course, fetch, settings
fetch.fetch = lambda *_: None
if __name__ == "__main__":
    config = settings.load("reduced", data=Path(sys.argv[1]), results=Path(sys.argv[2]))
    course.run(config, folder=Path(sys.argv[3]), jobs=2)
"""
    (folder.parent / "program.py").write_text(program)
    places = map(str, (folder.parent / "program.py", config.data, config.results, folder))
    first = subprocess.Popen([sys.executable, *places], start_new_session=True, stderr=subprocess.DEVNULL)
    while len(list(config.results.parent.glob("begun *"))) < 2:
        assert first.poll() is None
        time.sleep(0.1)
    others = psutil.Process(first.pid).children(recursive=True)
    assert len(others) >= 4  # two workers, two kernels
    os.killpg(first.pid, signal.SIGINT) if how == "Ctrl-C" else first.kill()
    assert first.wait(timeout=120) != 0
    assert not psutil.wait_procs(others, timeout=120)[1]


@pytest.mark.parametrize(("cores", "machine"), [(1, "1 processor core |"), (2, "2 processor cores |")])
def test_the_run_card_is_of_this_run(folder, config, monkeypatch, cores, machine):
    monkeypatch.setattr(settings, "cores", lambda: cores)
    notebooks.run(folder / "01_lesson.ipynb", config, jobs=1)
    card = nbformat.read(config.results / "executed" / "01_lesson.ipynb", 4).cells[0].source
    assert "drawn, 64 px" in card and card.endswith(machine)


def test_one_lesson_alone(folder, config):
    course.run(config, only=["1"], folder=folder)
    assert [path.name for path in (config.results / "executed").iterdir()] == ["01_lesson.ipynb"]


def test_a_lesson_that_fails_is_named_and_its_copy_kept(folder, config):
    older = [nbformat.v4.new_output("stream", text="of an older run")]
    behind = nbformat.v4.new_code_cell("print(1)", outputs=older, execution_count=7)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0"), behind])
    nbformat.write(notebook, folder / "01_lesson.ipynb")
    with pytest.raises(InputError, match=r"01_lesson\.ipynb stopped with ZeroDivisionError"):
        course.run(config, folder=folder)
    copy = nbformat.read(config.results / "executed" / "01_lesson.ipynb", 4)
    assert copy.cells[0].outputs[0].ename == "ZeroDivisionError"
    assert not copy.cells[1].outputs and copy.cells[1].execution_count is None


def test_a_kernel_that_dies_is_said_in_a_sentence(folder, config):
    path = folder / "01_lesson.ipynb"
    cells = [nbformat.v4.new_code_cell(code) for code in ("print(1)", "import os; os._exit(9)")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    with pytest.raises(InputError, match=r"01_lesson\.ipynb stopped because its kernel did: .+ run it again\."):
        course.run(config, folder=folder)
    copy = nbformat.read(config.results / "executed" / path.name, 4)
    assert copy.cells[0].outputs[0].text == "1\n"


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


@pytest.fixture
def finished(tmp_path):
    """What a class mate who has done lessons 1, 4 and 5 has in the results folder."""
    folder = tmp_path / "of a friend" / "results" / "reduced"
    runs = [f"runs/{name}-published/{file}" for name in ("vgg16", "resnet") for file in ("settings.json", WEIGHTS)]
    for name in ("har_split.csv", *runs):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"theirs: {name}")
    return folder


@pytest.mark.parametrize("form", ["profile folder", "results folder", "zip"])
def test_who_is_behind_gets_what_the_lessons_before_saved(form, finished, config, tmp_path):
    source = {"profile folder": finished, "results folder": finished.parent}.get(form)
    if form == "zip":
        source = Path(shutil.make_archive(str(tmp_path / "state"), "zip", finished.parents[1], "results"))
    said = []
    course.catch_up(5, config, source, said.append)
    assert (config.results / "har_split.csv").read_text() == "theirs: har_split.csv"
    assert (config.results / "runs/vgg16-published/settings.json").exists()
    assert not (config.results / "runs/resnet-published").exists(), "lesson 5 itself saves that"
    assert "har_split.csv: copied" in said
    assert any("vgg16-improved: not in that folder" in line for line in said)


def test_catching_up_keeps_what_is_there(finished, config):
    (config.results / "runs/vgg16-published").mkdir(parents=True)
    (config.results / "runs/vgg16-published" / WEIGHTS).write_text("mine")
    course.catch_up(6, config, finished, print)
    assert (config.results / "runs/vgg16-published" / WEIGHTS).read_text() == "mine"
    assert (config.results / "har_split.csv").exists()


def test_catching_up_replaces_a_run_that_was_broken_off(finished, config):
    run = config.results / "runs/vgg16-published"
    run.mkdir(parents=True)
    (run / "checkpoint.pt").write_text("half")
    course.catch_up(6, config, finished, print)
    assert (run / WEIGHTS).exists() and not (run / "checkpoint.pt").exists()


def test_catching_up_from_a_folder_without_results_is_refused(config, tmp_path):
    with pytest.raises(InputError, match="holds no results of profile reduced"):
        course.catch_up(5, config, tmp_path, print)
    with pytest.raises(InputError, match="does not exist"):
        course.catch_up(5, config, tmp_path / "nothing.zip", print)
    assert not config.results.exists()


def test_catching_up_alone_runs_the_lessons_whose_results_are_missing(config, monkeypatch):
    ran = []
    monkeypatch.setattr(course, "run", lambda config, only, report: ran.extend(only))
    config.results.mkdir(parents=True)
    (config.results / "har_split.csv").write_text("mine")
    course.catch_up(6, config, None, print)
    assert ran == ["4", "5"]


def test_a_student_copy_has_lessons_without_outputs_and_no_solutions(tmp_path):
    copy = course.student_copy(tmp_path / "student", Path(__file__).parents[2])
    names = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    assert len([name for name in names if name.startswith("notebooks/0")]) == len(exercises.LESSONS)
    assert not [name for name in names if "solutions" in name or "teaching" in name or name.startswith("tests")]
    assert "harkit/exercises/lesson_4.py" in names and "pyproject.toml" in names
    for path in copy.glob("notebooks/*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert not [cell for cell in notebook.cells if cell.get("outputs")]
    for page in [copy / "README.md", copy / "CONTRIBUTING.md", copy / "notebooks" / "glossary.md"]:
        text = page.read_text(encoding="utf-8")
        assert not [word for word in ("notebooks/solutions", "For teachers", "pytest") if word in text]
        links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
        assert links and not [link for link in links if not (page.parent / link).exists()]


def test_a_copy_says_which_version_it_came_from(folder, config, tmp_path):
    course.run(config, only=["1"], folder=folder)
    assert course.versions(config.results / "executed") == {harkit.__version__}
    copy = course.student_copy(tmp_path / "student", Path(__file__).parents[2])
    assert course.versions(copy / "notebooks") == {harkit.__version__}
    first = nbformat.read(copy / "notebooks" / "01_data_preparation.ipynb", 4).cells[0].source
    assert f"Version {harkit.__version__}" in first


def test_a_student_copy_overwrites_nothing(tmp_path):
    with pytest.raises(InputError, match="exists already"):
        course.student_copy(tmp_path, Path(__file__).parents[2])


def test_a_stored_copy_says_how_to_get_a_widget(folder, config):
    path = folder / "01_lesson.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("import ipywidgets\nipywidgets.IntSlider()"))
    nbformat.write(notebook, path)
    course.run(config, only=["1"], folder=folder)
    stored = nbformat.read(config.results / "executed" / path.name, as_version=4)
    assert "widgets" not in stored.metadata
    assert [list(out.data) for out in stored.cells[-1].outputs] == [["text/plain"]]


def test_diagrams_are_kept_in_few_colours_and_look_the_same():
    rng = np.random.default_rng(0)
    pixels = np.full((200, 300, 3), 255, np.uint8)
    pixels[40:160, 60:240] = (0, 114, 178)
    pixels[::10, ::10] = rng.integers(0, 40, 3)
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "PNG", compress_level=0)
    png = base64.b64encode(written.getvalue()).decode()
    output = nbformat.v4.new_output("display_data", data={"image/png": png})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=[output])])
    notebooks.shrink_diagrams(notebook)
    kept = notebook.cells[0].outputs[0].data["image/png"]
    seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(kept))).convert("RGB"))
    assert len(kept) < len(png) / 10 and np.array_equal(seen, pixels)
