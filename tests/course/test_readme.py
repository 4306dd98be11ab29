"""What README.md says is there is there, and the course has one address."""

import json
import re
import runpy
import shlex
import tomllib
from pathlib import Path

import nbformat
import pytest

from harkit import __main__ as command_line
from harkit import course, recorded, settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / name for name in ("README.md", "SECURITY.md", "data/README.md", "bench/beyond_one_machine.md")]
ADDRESS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Repository"]


def with_figures(text: str) -> str:
    """README.md with the tables of the recorded runs as of now: `python tests/course/test_readme.py` writes it."""
    for name, table in (("results", recorded.readme_table()), ("best", recorded.best_table())):
        made = f"<!-- made: {name} -->\n{table}\n<!-- end -->"
        text = re.sub(rf"<!-- made: {name} -->.*?<!-- end -->", made.replace("\\", r"\\"), text, flags=re.DOTALL)
    return text


def test_the_figures_are_those_of_the_recorded_runs():
    assert "<!-- made: results -->" in README and "<!-- made: best -->" in README
    assert with_figures(README) == README, "run `python tests/course/test_readme.py`"


def test_the_arithmetic_of_many_pictures_is_that_of_the_recorded_figures():
    page = ROOT / "bench" / "beyond_one_machine.md"
    bench = runpy.run_path(str(page.with_suffix(".py")))
    made = bench["with_tables"](page.read_text(encoding="utf-8"), json.loads(bench["RECORDED"].read_text("utf-8")))
    assert made == page.read_text(encoding="utf-8"), "run `python bench/beyond_one_machine.py --again`"


@pytest.mark.parametrize(("number", "networks"), course.RECORDED.items())
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
            command_line._parser().parse_args(words[1:])  # ends the test where a name is wrong


def test_every_profile_and_variable_of_the_readme_exists():
    source = (ROOT / "harkit" / "settings.py").read_text(encoding="utf-8")
    for profile in settings.PROFILES:
        assert f"| `{profile}`" in README
    for variable in set(re.findall(r"HARKIT_[A-Z]+", README)):
        assert variable in source, variable
    for variable in set(re.findall(r"HARKIT_[A-Z]+", source)):
        assert variable in README, f"README.md does not tell of {variable}"


def test_the_course_has_one_address():
    """Badges and links may point into the repository; another repository of this name would be a mistake."""
    owner_and_name = ADDRESS.removeprefix("https://github.com/")
    for path in [*PAGES, *sorted((ROOT / "notebooks").glob("**/*.ipynb"))]:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
        for host, name in re.findall(r"(github\.com|colab\.research\.google\.com/github)/([\w.-]+/[\w.-]+)", text):
            assert name.removesuffix(".git") == owner_and_name, f"{path.name} points to {host}/{name}"


def test_every_lesson_has_a_badge_that_opens_itself():
    for path in sorted((ROOT / "notebooks").glob("0*.ipynb")):
        first = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        assert f"/{ADDRESS.removeprefix('https://github.com/')}/blob/main/notebooks/{path.name}" in first


def test_the_pages_do_not_speak_of_how_the_course_is_made():
    for page in PAGES:
        assert not re.search(r"\.\./shared|\bissue\b|\bsession\b|\.ci\b", page.read_text(encoding="utf-8"))


if __name__ == "__main__":
    (ROOT / "README.md").write_text(with_figures(README), encoding="utf-8")
