"""What README.md says is there is there, and the course has one address."""

import json
import re
import runpy
import shlex
import sys
import tomllib
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import yaml
from PIL import Image

import harkit
from harkit import notebooks, options, recorded, settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [
    ROOT / "README.md", ROOT / "SECURITY.md", ROOT / "data" / "README.md", ROOT / "deploy" / "README.md",
    ROOT / "bench" / "beyond_one_machine.md",
]  # fmt: skip
ADDRESSED = [*PAGES, *sorted((ROOT / "notebooks").glob("**/*.ipynb")), *sorted((ROOT / "notebooks").glob("**/*.md"))]
ADDRESS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Repository"]


def with_figures(text: str) -> str:
    """README.md with its tables as of now, of lessons and of recorded runs: `python tests/course/test_readme.py` writes
    it. What a person wrote of each lesson is kept."""
    tables = {
        "lessons": lesson_table(text), "summary": recorded.summary_table(), "results": recorded.readme_table(),
        "best": recorded.best_table(),
    }  # fmt: skip
    for name, table in tables.items():
        made = f"<!-- made: {name} -->\n{table}\n<!-- end -->"
        text = re.sub(rf"<!-- made: {name} -->.*?<!-- end -->", made.replace("\\", r"\\"), text, flags=re.DOTALL)
    return text


def with_address(text: str) -> str:
    """A page or a notebook whose badges, links and install lines lead to the address in pyproject.toml."""
    places = r"(github\.com|colab\.research\.google\.com/github|mybinder\.org/v2/gh)/[\w.-]+/[\w-]+"
    return re.sub(places, lambda found: f"{found[1]}/{ADDRESS.removeprefix('https://github.com/')}", text)


def lesson_table(text: str) -> str:
    """One row a lesson: its title, the minutes that its sections and exercises say, what it leaves, its badge."""
    place = ADDRESS.removeprefix("https://github.com/")
    lines = ["| | lesson | minutes | at its end you have | |", "|---|---|---|---|---|"]
    for path in sorted((ROOT / "notebooks").glob("0*.ipynb")):
        cells = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown"]
        number, title = re.match(r"# Lesson (\d) · (.+)", cells[0]).groups()
        times = re.findall(r"^\*(\d+) minutes|^### Exercise .* (\d+) min$", "\n".join(cells), flags=re.MULTILINE)
        minutes = sum(int(section or exercise) for section, exercise in times)
        row = re.search(rf"^\| {number} \| .*$", text, flags=re.MULTILINE)
        leaves = row[0].split(" | ")[3] if row else "?"
        link = f"https://colab.research.google.com/github/{place}/blob/main/notebooks/{path.name}"
        badge = f"[![Open lesson {number} in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({link})"
        lines.append(f"| {number} | [{title}](notebooks/{path.name}) | {minutes} | {leaves} | {badge} |")
    return "\n".join(lines)


def test_the_tables_are_those_of_the_lessons_and_of_the_recorded_runs():
    assert set(re.findall(r"<!-- made: (\w+) -->", README)) == {"lessons", "summary", "results", "best"}
    assert with_figures(README) == README, "run `python tests/course/test_readme.py`"


def test_the_minutes_of_a_lesson_are_those_of_the_schedule():
    sys.path.insert(0, str(Path(__file__).parent))
    import test_teaching

    rows = re.findall(r"^\| (\d) \| .*? \| (\d+) \|", README, flags=re.MULTILINE)
    wanted = [
        (str(lesson.number), str(sum(s.minutes + sum(e.minutes for e in s.exercises) for s in lesson.sections)))
        for lesson in test_teaching.lessons()
    ]
    assert rows == wanted


def test_the_picture_is_the_one_that_its_script_draws():
    drawn = runpy.run_path(str(ROOT / "book" / "picture.py"))
    figure = drawn["contact_sheet"]()
    figure.canvas.draw()
    now = np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(int)
    plt.close(figure)
    with Image.open(drawn["FILE"]) as image:
        kept = np.asarray(image.convert("RGB").resize(now.shape[1::-1])).astype(int)
    assert abs(now - kept).mean() < 6, "run `python book/picture.py`"  # JPEG, and other fonts, change a little
    assert drawn["FILE"].stat().st_size < 200_000
    assert f"({drawn['FILE'].relative_to(ROOT).as_posix()})" in README


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["version"] == project["version"] == harkit.__version__
    assert citation["repository-code"] == ADDRESS and citation["license"] == project["license"]
    assert citation["title"].startswith(project["name"])


def test_no_line_of_the_text_is_too_long_to_read_in_a_diff():
    long = [line for line in README.splitlines() if len(line) > 130 and not line.startswith(("|", "!["))]
    assert not long


def test_the_arithmetic_of_many_pictures_is_that_of_the_recorded_figures():
    page = ROOT / "bench" / "beyond_one_machine.md"
    bench = runpy.run_path(str(page.with_suffix(".py")))
    made = bench["with_tables"](page.read_text(encoding="utf-8"), json.loads(bench["RECORDED"].read_text("utf-8")))
    assert made == page.read_text(encoding="utf-8"), "run `python bench/beyond_one_machine.py --again`"


@pytest.mark.parametrize(("number", "networks"), notebooks.RECORDED.items())
def test_the_run_cards_are_those_of_the_recorded_runs(number, networks):
    notebook = nbformat.read(next((ROOT / "notebooks").glob(f"{number}_*.ipynb")), 4)
    card = next(cell.source for cell in notebook.cells if "run-card" in cell.metadata.get("tags", []))
    assert card.endswith(recorded.run_card_line(networks)), "make outputs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_to_a_file_leads_to_it(page):
    text = page.read_text(encoding="utf-8")
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    missing = [link for link in links if link and not (page.parent / link).exists()]
    assert not missing


def test_the_lesson_table_names_every_lesson():
    linked = re.findall(r"\(notebooks/(0\d_\w+\.ipynb)\)", README)
    assert linked == sorted(path.name for path in (ROOT / "notebooks").glob("0*.ipynb"))


def test_every_make_target_of_the_readme_is_in_the_makefile():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([\w-]+)", README, flags=re.MULTILINE))
    assert {"course", "lab", "test"} <= named <= targets


def test_every_command_of_the_pages_is_understood():
    for page in PAGES:
        for line in re.findall(r"^(harkit .+?)(?: {2,}.*)?$", page.read_text(encoding="utf-8"), flags=re.MULTILINE):
            words = [word.split("|")[0] for word in shlex.split(line.replace("PICTURE…", "picture.jpg"))]
            options.parser().parse_args(words[1:])  # ends the test where a name is wrong


def test_every_profile_and_variable_of_the_readme_exists():
    source = (ROOT / "harkit" / "settings.py").read_text(encoding="utf-8")
    for profile in settings.PROFILES:
        assert f"| `{profile}`" in README
    for variable in set(re.findall(r"HARKIT_[A-Z]+", README)):
        assert variable in source, variable
    for variable in set(re.findall(r"HARKIT_[A-Z]+", source)):
        assert variable in README, f"README.md does not tell of {variable}"


@pytest.mark.parametrize("path", ADDRESSED, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_course_has_one_address(path):
    """It stands in pyproject.toml; another repository in a link would be a mistake."""
    text = path.read_text(encoding="utf-8")
    assert with_address(text) == text, "run `python tests/course/test_readme.py`"


def test_another_address_reaches_every_badge_and_install_line(monkeypatch):
    monkeypatch.setitem(globals(), "ADDRESS", "https://github.com/somebody/their-course")
    for path in sorted((ROOT / "notebooks").glob("0*.ipynb")):
        moved = with_address(path.read_text(encoding="utf-8"))
        assert "@ git+https://github.com/somebody/their-course" in moved
        assert f"/github/somebody/their-course/blob/main/notebooks/{path.name}" in moved
        assert "harkit-course" not in moved


def test_every_lesson_has_a_badge_that_opens_itself():
    for path in sorted((ROOT / "notebooks").glob("0*.ipynb")):
        first = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        assert f"/{ADDRESS.removeprefix('https://github.com/')}/blob/main/notebooks/{path.name}" in first


def test_the_pages_do_not_speak_of_how_the_course_is_made():
    for page in PAGES:
        assert not re.search(r"\.\./shared|\bissue\b|\bsession\b|\.ci\b", page.read_text(encoding="utf-8"))


if __name__ == "__main__":
    for path in ADDRESSED:
        path.write_text(with_address(path.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    README = (ROOT / "README.md").read_text(encoding="utf-8")
    (ROOT / "README.md").write_text(with_figures(README), encoding="utf-8")
