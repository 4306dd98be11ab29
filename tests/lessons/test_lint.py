"""Every lesson keeps every rule of lint.py, and every rule finds what it is for."""

import re
import subprocess
import sys

import lint
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from harkit import exercises
from harkit.exercises.checking import Exercise

PAGES = [lint.ROOT / "README.md", lint.ROOT / "data" / "README.md", *sorted(lint.NOTEBOOKS.glob("**/[!.]*.md"))]
LEAST_EXERCISES = 20  # in the whole course


# The lessons themselves


def test_the_lessons_are_numbered_without_a_gap():
    assert [path.name[:3] for path in lint.LESSONS] == [f"0{number}_" for number in exercises.LESSONS]


@pytest.mark.parametrize("path", lint.LESSONS, ids=lambda path: path.stem)
def test_a_lesson_keeps_every_rule(path):
    assert lint.problems(path) == []


@pytest.mark.parametrize("path", lint.SOLUTIONS, ids=lambda path: path.stem)
def test_a_notebook_of_solutions_keeps_its_rules(path):
    assert lint.problems(path) == []


@pytest.mark.parametrize("path", lint.LESSONS, ids=lambda path: path.stem)
def test_no_figure_of_a_lesson_escapes_the_rules(path):
    """Without plt.show(), every cell that has one is found."""
    lesson = lint.read(path)
    shows = [i for i, cell in lesson.code() if "plt.show()" in cell.source]
    for i in shows:
        lesson.cells[i].source = lesson.cells[i].source.replace("plt.show()", "pass")
    assert shows
    assert len(lint.figures_are_shown(lesson)) >= len(shows)  # a function that draws is found where it is called


def test_the_course_has_enough_exercises():
    texts = [text for path in lint.LESSONS for _, text in lint.read(path).texts()]
    assert sum(bool(lint.EXERCISE.match(text)) for text in texts) >= LEAST_EXERCISES


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(lint.ROOT).as_posix())
def test_a_page_is_spelt_right(path):
    assert lint.misspelt([path.read_text(encoding="utf-8")]) == [[]]


def test_sources_are_spelt_right():
    """Names, comments and docstrings."""
    command = [sys.executable, "-X", "utf8", "-m", "codespell_lib", "harkit", "tests", "bench", "conftest.py"]
    run = subprocess.run(command, cwd=lint.ROOT, capture_output=True, encoding="utf-8")
    assert run.returncode == 0, run.stdout + run.stderr


# A notebook in which nothing is wrong


def good() -> lint.Lesson:
    """The smallest lesson that keeps every rule. `cell` finds its parts."""
    name = "04_example.ipynb"
    place = lint.ADDRESS.removeprefix("https://github.com/")
    badge = f"https://colab.research.google.com/github/{place}/blob/main/notebooks/{name}"
    cells = [
        text(f"# Lesson 4 · An example\n\n[![Open in Colab](https://example.org/badge.svg)]({badge})\n\nRead on."),
        text("**Run card**: one run.\n\n| time |\n|---|\n| 3 s |", tags=["run-card"]),
        text("**You will be able to**\n\n- draw a line;\n- name its axes;\n- say what it shows."),
        code('import sys\n\nif "google.colab" in sys.modules:\n    %pip install -q example'),
        code("import matplotlib.pyplot as plt\n\nfrom harkit import exercises, plots"),
        text(
            "## 1 · A line\n\n*12 minutes · you need: nothing*\n\nSee [line](#1-·-A-line) and [README](../README.md)."
        ),
        text("**Before you run the next cell:** does it rise? Words are [explained](glossary.md)."),
        code('plt.plot([1, 2])\nplt.xlabel("time (s)")\nplt.ylabel("way (m)")\nplt.title("It rises")\nplt.show()'),
        text("*Figure: a line that rises.*"),
        *exercise(1),
        text("## 2 · Counts\n\n*1 minute and the training · you need: section 1*\n\nWhat do you expect?"),
        code('plots.class_counts(counts, "All are equal")\nplt.show()'),
        text("All bars are of one height."),
        *exercise(2),
        text("## What to remember\n\n- Lines rise."),
        text("## Quiz\n\n" + question(1)),
        *[text(question(n)) for n in range(2, 6)],
        text("## What was saved\n\nNothing."),
        text("## What next\n\nLesson 5.\n\n**References**\n\n- A. Cauchy (1847), *Méthode générale*."),
    ]
    counted = [cell for cell in cells if cell.cell_type == "code"]
    for count, cell in enumerate(counted, 1):
        cell.execution_count = count
    counted[2].outputs = [new_output("display_data", {"image/png": "", "text/plain": "<Figure>"})]
    solutions = [text("# Solutions")]
    for n in (1, 2):
        solutions += [text(f"## Exercise 4.{n} · ●●○ · 10 min\n\nIt is so."), code(f"exercises.check_4_{n}(answer)")]
    registered = {f"4.{n}": Exercise(f"4.{n}", "", level=2, minutes=10) for n in (1, 2)}
    return lint.Lesson(lint.NOTEBOOKS / name, notebook(cells), notebook(solutions), registered)


def notebook(cells):
    return new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})


def text(source, tags=()):
    return new_markdown_cell(source, metadata={"tags": list(tags)})


def code(source, tags=()):
    return new_code_cell(source, metadata={"tags": list(tags)})


def exercise(n) -> list:
    return [
        text(f"### Exercise 4.{n} · ●●○ · 10 min\n\nDraw.\n\n<details><summary>Hint</summary>\n\nTry.\n\n</details>"),
        code("def draw():\n    raise NotImplementedError  # your code", ["exercise", "raises-exception"]),
        code(f"exercises.check_4_{n}(draw)", ["check", "raises-exception"]),
    ]


def question(n) -> str:
    return f"**{n}.** What is it?\n\n<details><summary>Answer</summary>\n\nA line.\n\n</details>"


def cell(lesson, beginning: str):
    return next(cell for cell in lesson.cells if cell.source.startswith(beginning))


def replace(beginning: str, old: str, new: str):
    """A change: in the cell that begins so, put new for old."""

    def change(lesson):
        found = cell(lesson, beginning)
        assert old in found.source
        found.source = found.source.replace(old, new)

    return change


def write(beginning: str, source: str):
    """A change: the cell that begins so gets another source."""
    return lambda lesson: cell(lesson, beginning).update(source=source)


def remove(beginning: str):
    def change(lesson):
        lesson.cells.remove(cell(lesson, beginning))
        count_again(lesson)

    return change


def tag(beginning: str, *tags: str):
    return lambda lesson: cell(lesson, beginning).metadata.update(tags=list(tags))


def solution(old: str, new: str):
    def change(lesson):
        for found in lesson.solutions.cells:
            found.source = found.source.replace(old, new)

    return change


def add(beginning: str, *cells):
    """A change: more cells after the one that begins so, counted on like a fresh run."""

    def change(lesson):
        i = lesson.cells.index(cell(lesson, beginning)) + 1
        lesson.cells[i:i] = [new.copy() for new in cells]
        count_again(lesson)

    return change


def count_again(lesson):
    for count, (_, cell) in enumerate(lesson.code(), 1):
        cell.execution_count = count


def swap(one: str, other: str):
    def change(lesson):
        i, j = (lesson.cells.index(cell(lesson, beginning)) for beginning in (one, other))
        lesson.cells[i], lesson.cells[j] = lesson.cells[j], lesson.cells[i]
        count_again(lesson)

    return change


def output(beginning: str, *outputs):
    return lambda lesson: cell(lesson, beginning).update(outputs=list(outputs))


def shown(**data):
    return new_output("display_data", {kind.replace("_", "/", 1): value for kind, value in data.items()})


def test_a_good_notebook_keeps_every_rule():
    assert complaints(good()) == {}


def changed(change) -> lint.Lesson:
    lesson = good()
    change(lesson)
    return lesson


@pytest.fixture(scope="module")
def spelt():
    """All texts of this file at once: the spelling checker starts slowly."""
    changes = [*ALLOWED.values(), *(change for changes in BREAKS.values() for change in changes)]
    lint.misspelt([cell.source for change in changes for cell in changed(change).cells])


def complaints(lesson) -> dict[str, list[str]]:
    return {rule: found for rule, found in lint.findings(lesson).items() if found}


# What breaks each rule, and that rule alone

LONG = " ".join(["word"] * 36) + "."
SILENT = [text("## 3 · Silent\n\n*1 minute · you need: nothing*"), *[code(f"value = {n}") for n in range(4)]]
MISSPELT = "rec" + "ieve"


def lengthen(lesson):
    for beginning in ("plt.plot", "plots.", "def draw", "exercises.check_4_1", "exercises.check_4_2"):
        cell(lesson, beginning).source += "\n# why" * 9


BREAKS = {
    "title_names_the_lesson": [
        replace("# Lesson 4", "Lesson 4", "Lesson 5"),
        replace("# Lesson 4", "# Lesson 4 · ", "# Lesson 4: "),
    ],
    "badge_opens_this_notebook": [
        replace("# Lesson 4", "04_example.ipynb", "04_vgg16.ipynb"),
        write("# Lesson 4", "# Lesson 4 · An example"),
    ],
    "parts_come_in_order": [
        remove("**Run card"),
        tag("**Run card"),
        swap("**Run card", "**You will"),
        swap("**You will", "import sys"),
        swap("import sys", "import matplotlib"),
        replace("**You will", "**You will be able to**", "**Goals**"),
        remove("import sys"),
        remove("## What to remember"),
        replace("## What was saved", "## What was saved", "## Files"),
        swap("## What was saved", "## What next"),
        swap("## What to remember", "## What was saved"),
        add("## What was saved", text("## 3 · Late\n\n*1 minute · you need: nothing*")),
    ],
    "goals_are_three_to_five_verbs": [
        replace("**You will", "- draw a line;\n", ""),
        replace("**You will", "- draw a line;\n", "- draw a line;\n" * 4),
        replace("**You will", "draw", "understand"),
        replace("**You will", "draw a", "the"),
    ],
    "install_and_setup_are_short": [
        replace("import sys", "import sys", "import os\nimport re\nimport sys"),
        replace("import matplotlib", "exercises", "exercises\n" + "import os\n" * 9 + "from harkit import runs"),
        add("import matplotlib", code("a = 1")),
    ],
    "sections_are_numbered": [replace("## 2", "## 2", "## 3")],
    "sections_say_their_time": [
        replace("## 1", "*12 minutes · you need: nothing*", ""),
        replace("## 1", "12 minutes", "some minutes"),
        replace("## 1", "*12 minutes · you need: nothing*", "12 minutes"),
    ],
    "quiz_has_five_folded_answers": [
        remove("**5.**"),
        write("**5.**", question(5) + "\n\n" + question(6)),
        replace("**5.**", "**5.**", "**4.**"),
        write("**3.**", "**3.** What is it? A line."),
    ],
    "references_name_author_and_year": [
        replace("## What next", "(1847)", ""),
        replace("## What next", "(1847), *Méthode générale*", "(1847)"),
    ],
    "asks_before_it_shows": [
        replace("**Before", "**Before you run the next cell:** does it rise?", "Does it rise?"),
        add("exercises.check_4_2", *SILENT),
    ],
    "links_to_the_glossary": [replace("**Before", "[explained](glossary.md)", "explained")],
    "figures_are_explained": [
        write("All bars", "**Before you run the next cell:** why?"),
        output("exercises.check_4_2", shown(image_png="")),
    ],
    "text_cells_are_short": [write("*Figure", "This line of ink is long. " * 14)],
    "sentences_are_short": [write("*Figure", LONG), replace("**3.**", "A line.", LONG), write("*Figure", "- " + LONG)],
    "folded_parts_open": [
        replace("**3.**", "</summary>\n\n", "</summary>\n"),
        replace("**3.**", "</summary>\n\n", "</summary>"),
        replace("**3.**", "</details>", ""),
    ],
    "pictures_have_alt_text": [
        write("*Figure", "![](https://example.org/a.png)"),
        write("*Figure", '<img src="https://example.org/a.png">'),
        write("*Figure", '<img alt="" src="https://example.org/a.png">'),
        replace("# Lesson", "Open in Colab", ""),
    ],
    "links_lead_somewhere": [
        write("*Figure", "See [there](09_nothing.ipynb)."),
        write("*Figure", "See [there](../../secret.md)."),
        write("*Figure", "See [there](#nowhere)."),
        write("*Figure", "See [there](../README.md#nowhere)."),
        write("*Figure", f"See [there]({lint.ADDRESS}/blob/main/nothing.md)."),
        write("*Figure", '<a href="nothing.md">there</a>'),
        write("*Figure", "![a line](attachment:line.png)"),
    ],
    "words_are_spelt_right": [write("*Figure", f"You {MISSPELT} a line."), write("plots.", f"{MISSPELT} = 1")],
    "code_is_python": [write("plots.", "plots.class_counts(")],
    "code_comes_in_short_steps": [lengthen, write("exercises.check_4_2", "exercises.check_4_2(" + "\n" * 40 + ")")],
    "figures_are_shown": [
        replace("plt.plot", "\nplt.show()", ""),
        replace("plots.", "\nplt.show()", ""),
        replace("plt.plot", "plt.show()", "plt.show"),
        write("plots.", 'plots.class_counts(a, "A")\nplt.show()\ntable.plot(title="B", xlabel="x", ylabel="y")'),
        write("plots.", 'def show():\n    plots.class_counts(a, "A")\n\n\nshow()'),
        write("plots.", 'for a in tables:\n    plt.show()\n    plots.class_counts(a, "A")'),
        write("plots.", '@interact(n=3)\ndef show(n):\n    plots.class_counts(n, "A")'),
    ],
    "figures_have_a_title": [
        replace("plt.plot", 'plt.title("It rises")\n', ""),
        replace("plots.", '(counts, "All are equal")', "(counts)"),
        write("plots.", 'plots.class_counts(a, "A")\nplt.show()\nplots.class_counts(b)\nplt.show()'),
        write("plots.", "plots.picture_grid(images, captions)\nplt.show()"),
    ],
    "figures_name_their_axes": [
        replace("plt.plot", 'plt.xlabel("time (s)")\n', ""),
        replace("plt.plot", 'plt.ylabel("way (m)")\n', ""),
        write("plots.", 'counts.plot.bar(title="A")\nplt.show()'),
        write("plots.", 'fig, ax = plt.subplots()\nax.plot(a)\nax.set(title="A", xlabel="x")\nplt.show()'),
    ],
    "exercises_are_complete": [
        lambda lesson: lesson.exercises["4.1"].__setattr__("minutes", 5),
        lambda lesson: lesson.exercises["4.1"].__setattr__("level", 3),
        lambda lesson: lesson.exercises.pop("4.2"),
        lambda lesson: lesson.exercises.update({"4.3": Exercise("4.3", "", 1, 5)}),
        replace("### Exercise 4.1", "<details><summary>Hint</summary>\n\nTry.\n\n</details>", "Try."),
        tag("def draw"),
        tag("def draw", "exercise"),
        write("def draw", "def draw():\n    pass"),
        tag("exercises.check_4_1", "raises-exception"),
        write("exercises.check_4_1", "exercises.check_4_2(draw)"),
        write("exercises.check_4_1", "exercises.check_4_1(draw)\nprint()"),
        swap("def draw", "exercises.check_4_1"),
        tag("import matplotlib", "exercise"),
        add("*Figure", *exercise(1)),
    ],
    "exercises_have_solutions": [
        lambda lesson: setattr(lesson, "solutions", None),
        solution("4.1", "4.3"),
        solution("●●○", "●○○"),
        solution("10 min", "15 min"),
        solution("check_4_2(", "check_4_1("),
        lambda lesson: lesson.solutions.update(cells=[lesson.solutions.cells[i] for i in (0, 3, 4, 1, 2)]),
    ],
    "cells_were_run_in_order": [
        lambda lesson: cell(lesson, "plots.").update(execution_count=None),
        lambda lesson: cell(lesson, "plots.").update(execution_count=1),
        output("plt.plot"),
    ],
    "notebook_is_valid": [lambda lesson: cell(lesson, "plots.").update(surprise=1)],
    "notebook_is_small": [output("plots.", new_output("stream", text="x" * 1_000_001))],
    "kernel_is_python3": [
        lambda lesson: lesson.notebook.metadata.kernelspec.update(name="course"),
        lambda lesson: lesson.notebook.metadata.pop("kernelspec"),
    ],
    "no_widget_is_stored": [
        lambda lesson: lesson.notebook.metadata.update(widgets={}),
        output(
            "plots.", new_output("display_data", {"application/vnd.jupyter.widget-view+json": {}, "text/plain": ""})
        ),
        lambda lesson: (tag("plots.", "widget")(lesson), output("plots.", shown(image_png=""))(lesson)),
    ],
    "no_output_is_an_error": [
        output("plots.", new_output("error", ename="ValueError", evalue="", traceback=[])),
    ],
    "no_folder_of_one_machine_is_named": [
        output("plots.", new_output("stream", text="saved in " + "/home/" + "ada/results")),
        write("*Figure", "It is in " + "C:\\Users" + "\\ada."),
    ],
}
EACH_BREAK = [(rule, i) for rule, changes in BREAKS.items() for i in range(len(changes))]


@pytest.mark.parametrize("rule, i", EACH_BREAK, ids=[f"{rule}-{i}" for rule, i in EACH_BREAK])
def test_a_break_is_found_by_its_rule_alone(rule, i, spelt):
    lesson = changed(BREAKS[rule][i])
    found = complaints(lesson)
    assert list(found) == [rule], found
    assert all(re.fullmatch(r"\S.*[.”:].*", sentence) for sentence in found[rule])


def test_every_rule_is_broken_here():
    assert set(BREAKS) == {rule.__name__ for rule in lint.RULES}


def test_a_complaint_names_the_cell():
    lesson = good()
    replace("plt.plot", "\nplt.show()", "")(lesson)
    assert complaints(lesson)["figures_are_shown"] == ["cell 7 (plt.plot([1, 2])): end the drawing with plt.show()."]


# What a lesson may do

ALLOWED = {
    "show in a loop": write("plots.", 'for a in tables:\n    plots.class_counts(a, "A")\n    plt.show()'),
    "show in a function": write("plots.", 'def show():\n    plots.class_counts(a, "A")\n    plt.show()\n\n\nshow()'),
    "draw in a function": write("plots.", 'def show():\n    plots.class_counts(a, "A")\n\n\nshow()\nplt.show()'),
    "only define a function": write("plots.", "def show():\n    plt.plot(a)"),
    "two figures": write("plots.", 'plots.class_pie(a, "A")\nplt.show()\nplots.class_pie(b, title="B")\nplt.show()'),
    "panels": write(
        "plots.",
        "fig, ax = plt.subplots()\nax.barh(a, b)\nax.set_xlabel('time (s)')\nfig.suptitle('A')\nplt.show()",
    ),
    "pandas": write("plots.", 'counts.plot(title="A", xlabel="x", ylabel="y")\nplt.show()'),
    "a picture": write("plots.", 'plt.imshow(image)\nplt.title("A")\nplt.show()'),
    "curves that show themselves": write("plots.", 'live = plots.LiveCurves("A", 3)'),
    "colours": write("plots.", "colour = plots.BLUE, plt.get_cmap('viridis')"),
    "unpacked": write("plots.", "plots.histogram(*parts)\nplt.show()"),
    "a widget with text": lambda lesson: (
        tag("plots.", "widget")(lesson),
        output("plots.", shown(text_plain="interactive"), new_output("stream", text="a"))(lesson),
    ),
    "questions as a list": replace("**3.**", "**3.**", "3."),
    "a link by GitHub's name": replace("## 1", "#1-·-A-line", "#1--a-line"),
    "a link into the repository": replace("## 1", "../README.md", f"{lint.ADDRESS}/blob/main/README.md"),
    "a link elsewhere": replace("## 1", "../README.md", "https://example.org/nothing#there"),
    "an address in code": replace("## 1", "[README](../README.md)", "`[a](b)`"),
    "an attachment": lambda lesson: cell(lesson, "*Figure").update(
        source="![a line](attachment:line.png)", attachments={"line.png": {"image/png": ""}}
    ),
    "a long folded part": replace("**3.**", "A line.", "This line is long. " * 30),
    "a long quote": replace("*Figure", "*Figure", f"> {LONG}\n\n*Figure"),
    "British words": write("*Figure", "The colour of the grey centre is normalised; we recognise its behaviour."),
}


@pytest.mark.parametrize("change", ALLOWED.values(), ids=ALLOWED)
def test_a_lesson_may(change, spelt):
    assert complaints(changed(change)) == {}


# The rules' own tools


def test_words_are_counted_without_code_tables_and_links():
    text = "# A title\n\nTwo words `and code`\n```python\nx = 1\n```\n| a | b |\n|---|---|\n\n[a link](address) – done"
    assert lint.words(text) == 7  # A title Two words a link done


@pytest.mark.parametrize(
    "text, parts",
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("It is 3.5 m, e.g. Tall (cf. Fig. 2). Next", ["It is 3.5 m, e.g. Tall (cf. Fig. 2).", "Next"]),
        ("E. B. Wilson wrote it. `x` follows.", ["E. B. Wilson wrote it.", "Code follows."]),
        ("**Bold.** *Slanted.* “Said.” Done", ["Bold.", "Slanted.", "“Said.”", "Done"]),
        ("One\nsentence.\n\n- an item\n- another\n\n1. third", ["One sentence.", "an item", "another", "third"]),
        ("# Title\n\n*12 minutes · you need: nothing*\n\n| a | b |\n\n> Quoted.\n\nRead.", ["Read."]),
        ("Ask.\n<details><summary>Hint</summary>\n\nTry.\n\n</details>", ["Ask.", "Try."]),
        ("See $x$ and [a link](https://example.org/a.b).", ["See Code and a link."]),
    ],
)
def test_text_is_cut_into_sentences(text, parts):
    assert [sentence.strip() for sentence in lint.sentences(text)] == parts


@pytest.mark.parametrize(
    "text, found",
    [
        ("saved in /home/ada/course/results", True),
        ("C:\\Users\\ada\\course", True),
        ("/tmp/tmpab12/reduced", True),
        ("https://example.org/home/page", False),
        ("results/reduced/har.csv", False),
        ("Ratio: a/b, class A: x", False),
    ],
)
def test_the_check_for_folders_knows_them(text, found):
    assert bool(lint.FOLDERS_OF_ONE_MACHINE.search(text)) == found


def test_the_command_prints_what_is_wrong_and_fails(tmp_path, capsys):
    lesson = good()
    nbformat.write(lesson.notebook, tmp_path / "04_example.ipynb")
    assert lint.main([str(tmp_path / "04_example.ipynb")]) == 1
    assert "04_example.ipynb: There is no solutions/04_example.ipynb." in capsys.readouterr().out.splitlines()
