"""What every lesson must be. `python tests/lessons/lint.py [FILES]` prints what breaks a rule, and what to do.

A rule is a function of a lesson that gives sentences; RULES at the end lists them. Cells count from 0, as in
`notebook.cells`.
"""

import ast
import itertools
import json
import re
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
LESSONS = sorted(NOTEBOOKS.glob("0*.ipynb"))
SOLUTIONS = sorted((NOTEBOOKS / "solutions").glob("0*.ipynb"))
ADDRESS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Repository"]

LARGEST = 1_000_000  # bytes of a notebook
MOST_WORDS = 80  # in a text cell
MOST_LINES, MEDIAN_LINES = 40, 8  # of a code cell
INSTALL_LINES, SETUP_LINES = 4, 10
SENTENCE_MEAN, SENTENCE_MOST = 16, 35  # words
QUIZ = 5  # questions
CELLS_WITHOUT_QUESTION = 3  # code cells of one section

ENDING = ["## What to remember", "## Quiz", "## What was saved", "## What next"]
SECTION = re.compile(r"## (\d+) · \S.*")
TIME = re.compile(r"\*\d+ minutes?( and the training)? · \S.*\*")
ASKS_BEFORE = re.compile(r"\*\*Before you run the next cells?:?\*\*")
EXERCISE = re.compile(r"#{2,3} Exercise (\d\.\d+) · ([●○]{3}) · (\d+) min")
FOLDED = re.compile(r"<details>.*?</details>", re.DOTALL)
REFERENCE = re.compile(r"- [A-Z].*\((?:18|19|20)\d\d\)\W+\w.*")  # author, year, title
LINK = re.compile(r"""\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|(?:href|src)=["']([^"']+)["']""")
FOLDERS_OF_ONE_MACHINE = re.compile(
    r"(?<![\w.~/-])/(?:work|home|root|tmp|Users|private|mnt)/[\w.-]+|\b[A-Z]:\\+[\w.-]+"
)
VERB = re.compile(  # what others can see you do
    "apply|ask|avoid|batch|build|calculate|check|choose|compare|compute|count|cut|debug|decide|defend|describe|design|"
    "draw|estimate|evaluate|explain|find|follow|give|group|implement|interpret|judge|list|load|make|mark|measure|name|"
    "plan|plot|predict|prove|read|recognise|repeat|replace|report|save|say|show|sketch|sort|split|spot|state|tell|test|"
    "track|train|turn|use|work|write"
)
ABBREVIATION = re.compile(r"[a-z]|al|approx|cf|ca|dr|e\.g|eq|etc|fig|i\.e|mr|mrs|ms|no|nr|pp|prof|resp|sec|st|vol|vs")
NOT_DRAWING = re.compile(r"plt\.(show|close|rc|rcParams|rcdefaults|style|get_cmap|cm|colormaps|ion|ioff)\b")


@dataclass
class Lesson:
    """A notebook, and what it must agree with."""

    path: Path
    notebook: nbformat.NotebookNode
    solutions: nbformat.NotebookNode | None = None
    exercises: dict | None = None  # number: what harkit.exercises knows of it

    @property
    def cells(self) -> list:
        return self.notebook.cells

    @property
    def number(self) -> int:
        return int(self.path.name[:2])

    def code(self) -> list[tuple[int, nbformat.NotebookNode]]:
        return [(i, cell) for i, cell in enumerate(self.cells) if cell.cell_type == "code" and cell.source.strip()]

    def texts(self) -> list[tuple[int, str]]:
        return [(i, cell.source) for i, cell in enumerate(self.cells) if cell.cell_type == "markdown"]

    def trees(self) -> list[tuple[int, ast.Module]]:
        """Code cells as syntax trees; those that are no Python are left to `code_is_python`."""
        trees = [(i, parse(cell.source)) for i, cell in self.code()]
        return [(i, tree) for i, tree in trees if isinstance(tree, ast.Module)]

    def sections(self) -> list[tuple[int, int]]:
        """First and last cell (excluded) of what stands below each numbered heading."""
        starts = [i for i, text in self.texts() if first_line(text).startswith("## ")] + [len(self.cells)]
        pairs = itertools.pairwise(starts)
        return [(i, j) for i, j in pairs if SECTION.fullmatch(first_line(self.cells[i].source))]

    def after(self, heading: str) -> list[tuple[int, str]]:
        """Text cells from this heading to the next of its level."""
        found, inside = [], False
        for i, text in self.texts():
            if first_line(text).startswith("## "):
                inside = first_line(text) == heading
            if inside:
                found.append((i, text))
        return found

    def at(self, i: int) -> str:
        line = first_line(self.cells[i].source)
        return f"cell {i} ({line if len(line) <= 60 else line[:59] + '…'})"


def problems(path: Path) -> list[str]:
    """What breaks a rule in a lesson or in a notebook of solutions."""
    return [sentence for found in findings(read(path)).values() for sentence in found]


def read(path: Path) -> Lesson:
    path = Path(path).resolve()
    solutions = path.parent / "solutions" / path.name
    return Lesson(
        path,
        nbformat.read(path, as_version=4),
        nbformat.read(solutions, as_version=4) if solutions.exists() else None,
        _registered(int(path.name[:2])),
    )


def findings(lesson: Lesson) -> dict[str, list[str]]:
    """The sentences of every rule, by its name."""
    rules = RULES_FOR_SOLUTIONS if lesson.path.parent.name == "solutions" else RULES
    return {rule.__name__: rule(lesson) for rule in rules}


def _registered(number: int) -> dict:
    from harkit import exercises
    from harkit.exercises import checking

    try:
        exercises.lesson(number)
    except ModuleNotFoundError:
        return {}
    return {n: exercise for n, exercise in checking.EXERCISES.items() if n.startswith(f"{number}.")}


# The parts and their order


def title_names_the_lesson(lesson: Lesson) -> list[str]:
    title = first_line(lesson.cells[0].source)
    if not re.fullmatch(rf"# Lesson {lesson.number} · \S.*", title):
        return [f"{lesson.at(0)}: the first cell should begin with “# Lesson {lesson.number} · …”."]
    return []


def badge_opens_this_notebook(lesson: Lesson) -> list[str]:
    place = ADDRESS.removeprefix("https://github.com/")
    target = f"https://colab.research.google.com/github/{place}/blob/main/notebooks/{lesson.path.name}"
    if f"]({target})" not in lesson.cells[0].source:
        return [f"{lesson.at(0)}: the Colab badge should lead to {target}."]
    return []


def parts_come_in_order(lesson: Lesson) -> list[str]:
    """Title, run card, goals, install, set-up, section 1; then numbered sections and the ending."""
    found = [f"There is no {part}." for part, i in opening(lesson).items() if i is None]
    order = [(i, part) for part, i in opening(lesson).items() if i is not None]
    for (i, part), (j, later) in itertools.pairwise(order):
        if i > j:
            found.append(f"{lesson.at(i)}: the {part} should come before the {later}.")
    headings = [first_line(text) for _, text in lesson.texts() if first_line(text).startswith("## ")]
    others = [heading for heading in headings if not SECTION.fullmatch(heading)]
    if others != ENDING or headings[-len(ENDING) :] != ENDING:
        found.append(f"After the numbered sections come {', '.join(ENDING)}, and no others; here: {', '.join(others)}.")
    return found


def opening(lesson: Lesson) -> dict[str, int | None]:
    """Where each part before the sections is."""

    def first(wanted) -> int | None:
        return next((i for i, cell in enumerate(lesson.cells) if wanted(cell)), None)

    def section(cell) -> bool:
        return cell.cell_type == "markdown" and bool(SECTION.fullmatch(first_line(cell.source)))

    start = first(section)
    code = [i for i, cell in lesson.code() if start is None or i < start]
    install = next((i for i in code if is_install(lesson.cells[i])), None)
    return {
        "run card (tag run-card)": first(lambda cell: "run-card" in tags(cell)),
        "list “**You will be able to**”": first(is_goals),
        "install cell for Colab": install,
        "set-up cell": next((i for i in code if i != install), None),
        "section “## 1 · …”": start,
    }


def is_install(cell) -> bool:
    return cell.cell_type == "code" and "google.colab" in cell.source and "%pip" in cell.source


def is_goals(cell) -> bool:
    return cell.cell_type == "markdown" and first_line(cell.source) == "**You will be able to**"


def goals_are_three_to_five_verbs(lesson: Lesson) -> list[str]:
    found = []
    for i in [i for i, cell in enumerate(lesson.cells) if is_goals(cell)]:
        goals = re.findall(r"^- (.+)", lesson.cells[i].source, flags=re.MULTILINE)
        if not 3 <= len(goals) <= 5:
            found.append(f"{lesson.at(i)}: {len(goals)} goals; there should be 3 to 5.")
        for goal in goals:
            if not VERB.fullmatch(goal.split()[0].strip("*")):
                found.append(
                    f"{lesson.at(i)}: begin “{goal}” with a verb that others can see you do (VERB in lint.py)."
                )
    return found


def install_and_setup_are_short(lesson: Lesson) -> list[str]:
    found, parts = [], opening(lesson)
    for part, most in (("install cell for Colab", INSTALL_LINES), ("set-up cell", SETUP_LINES)):
        i = parts[part]
        if i is not None and (lines := len(re.findall(r"^.*\S", lesson.cells[i].source, re.MULTILINE))) > most:
            found.append(f"{lesson.at(i)}: the {part} has {lines} lines; make it at most {most}.")
    start = parts["section “## 1 · …”"]
    if start and (extra := [i for i, _ in lesson.code() if i < start][2:]):
        found.append(f"{lesson.at(extra[0])}: a third code cell before section 1; move it below its heading.")
    return found


def sections_are_numbered(lesson: Lesson) -> list[str]:
    starts = [i for i, _ in lesson.sections()]
    found = []
    for right, i in enumerate(starts, 1):
        number = SECTION.fullmatch(first_line(lesson.cells[i].source))[1]
        if int(number) != right:
            found.append(f"{lesson.at(i)}: this is section {right}.")
    return found


def sections_say_their_time(lesson: Lesson) -> list[str]:
    sentence = "the line below the heading should say “*12 minutes · you need: …*”."
    return [f"{lesson.at(i)}: {sentence}" for i, _ in lesson.sections() if not TIME.fullmatch(line(lesson.cells[i], 1))]


def quiz_has_five_folded_answers(lesson: Lesson) -> list[str]:
    quiz = "\n".join(text for _, text in lesson.after("## Quiz"))
    questions = re.split(r"^(?:\*\*)?(\d+)\.(?:\*\*)? ", quiz, flags=re.MULTILINE)[1:]
    numbers, bodies = questions[::2], questions[1::2]
    found = []
    if numbers != [str(n) for n in range(1, QUIZ + 1)]:
        found.append(f"Quiz: the questions should be numbered 1. to {QUIZ}.; here: {', '.join(numbers) or 'none'}.")
    for number, body in zip(numbers, bodies, strict=True):
        if body.count("<details><summary>Answer</summary>") != 1:
            found.append(f"Quiz, question {number}: fold one answer: <details><summary>Answer</summary>.")
    return found


def references_name_author_and_year(lesson: Lesson) -> list[str]:
    lines = [line for _, text in lesson.after("## What next") for line in text.splitlines()]
    if not any(REFERENCE.fullmatch(line.strip()) for line in lines):
        return ["What next: add at least one reference, as “- Authors (year): title”."]
    return []


def asks_before_it_shows(lesson: Lesson) -> list[str]:
    """Somewhere the learner predicts a result; no long section goes by without a question."""
    found = []
    if not any(ASKS_BEFORE.search(text) for _, text in lesson.texts()):
        found.append("No cell says “**Before you run the next cell:** …”. Let the learner predict a result.")
    for i, j in lesson.sections():
        code = sum(1 for k, _ in lesson.code() if i <= k < j)
        if code > CELLS_WITHOUT_QUESTION and not any(asks(text) for k, text in lesson.texts() if i <= k < j):
            found.append(f"{lesson.at(i)}: {code} code cells, and no question to the reader. Ask one.")
    return found


def asks(text: str) -> bool:
    body = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    return "?" in plain(FOLDED.sub(" ", body)) or first_line(text).startswith("### Exercise")


def links_to_the_glossary(lesson: Lesson) -> list[str]:
    if not any("glossary.md" in target for _, text in lesson.texts() for target in links(text)):
        return ["No text cell links to glossary.md. Link a new term where it first appears."]
    return []


# Text


def text_cells_are_short(lesson: Lesson) -> list[str]:
    counts = [(i, words(text)) for i, text in lesson.texts()]
    return [f"{lesson.at(i)}: {n} words; at most {MOST_WORDS}: divide or fold." for i, n in counts if n > MOST_WORDS]


def words(text: str) -> int:
    """Words a reader reads on: without code, tables, addresses, tags, what is folded, and lists of references."""
    if re.match(r"#+ .*\b(Quiz|References|What next|Where to read on)\b", text.strip(), re.IGNORECASE):
        return 0
    for pattern in (
        r"```.*?```", r"<details>.*?</details>", r"<table.*?</table>", r"<[^>]+>", r"\$\$.*?\$\$", r"\$[^$\n]+\$",
        r"`[^`\n]+`",
    ):  # fmt: skip
        text = re.sub(pattern, " ", text, flags=re.DOTALL)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    lines = [line for line in text.splitlines() if not line.strip().startswith("|")]
    return word_count(" ".join(lines))


def word_count(text: str) -> int:
    return sum(1 for word in text.split() if re.search(r"\w", word))


def sentences_are_short(lesson: Lesson) -> list[str]:
    counts = [(i, sentence, word_count(sentence)) for i, sentence in lesson_sentences(lesson)]
    found = [
        f"{lesson.at(i)}: a sentence of {n} words, at most {SENTENCE_MOST}: “{' '.join(sentence.split()[:8])} …”."
        for i, sentence, n in counts
        if n > SENTENCE_MOST
    ]
    mean = statistics.mean([n for *_, n in counts] or [0])
    if mean > SENTENCE_MEAN:
        found.append(f"Sentences have {mean:.1f} words on average; at most {SENTENCE_MEAN}. Divide the longest.")
    return found


def lesson_sentences(lesson: Lesson) -> list[tuple[int, str]]:
    references = {i for i, text in lesson.texts() if any(REFERENCE.match(line) for line in text.splitlines())}
    return [(i, part) for i, text in lesson.texts() if i not in references for part in sentences(text)]


def sentences(text: str) -> list[str]:
    """Sentences of paragraphs and list items; without headings, tables, quotes, code, and lines that only give a time.

    Code and formulas inside a sentence count as one word.
    """
    text = re.sub(r"\$\$.*?\$\$|```.*?```", "\n\n", text, flags=re.DOTALL)
    text = re.sub(r"`[^`\n]+`|\$[^$\n]+\$", "Code", text)
    text = re.sub(r"<summary>.*?</summary>|<[^>]+>", "\n\n", text)
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    blocks = [""]
    for line in map(str.strip, text.splitlines()):
        if not line or line.startswith(("#", "|", ">")) or TIME.fullmatch(line):
            blocks.append("")
        elif re.match(r"([-*]|\d+\.) ", line):
            blocks.append(line.split(" ", 1)[1])
        else:
            blocks[-1] += " " + line
    return [sentence for block in blocks for sentence in _split(block.replace("*", "")) if word_count(sentence)]


def _split(paragraph: str) -> Iterator[str]:
    start = 0
    for end in re.finditer(r"[.!?…][)\]\"'”’»]*\s+(?=[(\[\"'“‘«]*[A-Z0-9À-Þ])", paragraph):
        last = paragraph[start : end.start()].split()[-1:] or [""]
        last = last[0].strip("([“\"'").lower()
        is_dot = paragraph[end.start()] == "."
        if not (is_dot and ABBREVIATION.fullmatch(last)):
            yield paragraph[start : end.end()].strip()
            start = end.end()
    yield paragraph[start:].strip()


def folded_parts_open(lesson: Lesson) -> list[str]:
    """Without a blank line after </summary>, Markdown inside is shown as plain text."""
    found = []
    for i, text in lesson.texts():
        if text.count("<details>") != text.count("</details>"):
            found.append(f"{lesson.at(i)}: a <details> without </details>.")
        if re.search(r"</summary>(?!\n[ \t]*\n)", text):
            found.append(f"{lesson.at(i)}: leave a blank line after </summary>.")
    return found


def pictures_have_alt_text(lesson: Lesson) -> list[str]:
    empty = re.compile(r"""!\[\s*\]\(|<img\b(?![^>]*\balt=["'][^"']*\w)[^>]*>""")
    cells = [i for i, text in lesson.texts() if empty.search(without_code(text))]
    return [f"{lesson.at(i)}: give the picture alt text." for i in cells]


def links_lead_somewhere(lesson: Lesson) -> list[str]:
    """Links to files of the course and to headings; addresses elsewhere are not opened."""
    found = []
    for i, text in lesson.texts():
        for target in links(text):
            if reason := _broken(target, lesson, lesson.cells[i]):
                found.append(f"{lesson.at(i)}: the link to {target} {reason}.")
    return found


def links(text: str) -> list[str]:
    return [markdown or html for markdown, html in LINK.findall(without_code(text))]


def without_code(text: str) -> str:
    text = re.sub(r"```.*?```|\$\$.*?\$\$", " ", text, flags=re.DOTALL)
    return re.sub(r"`[^`\n]+`|\$[^$\n]+\$", " ", text)


def _broken(target: str, lesson: Lesson, cell) -> str:
    if target.startswith("attachment:"):
        return "" if target.split(":", 1)[1] in cell.get("attachments", {}) else "names no attachment of the cell"
    place = ADDRESS.removeprefix("https://github.com/")
    inside = re.match(rf"https://[\w./]*github(?:\.com)?/{re.escape(place)}/(?:blob|tree)/main/(.*)", target)
    if re.match(r"https?://|mailto:", target) and not inside:
        return ""
    name, _, anchor = (inside[1] if inside else target).partition("#")
    path = (ROOT if inside else lesson.path.parent) / name if name else lesson.path
    if not path.resolve().is_relative_to(ROOT):
        return "leads out of the course"
    if path != lesson.path and not path.exists():
        return "leads to no file"
    if anchor and path.suffix in (".md", ".ipynb") and anchor not in _anchors(path, lesson):
        return "leads to no heading"
    return ""


def _anchors(path: Path, lesson: Lesson) -> set[str]:
    """What a link to a heading may be called: as JupyterLab does, as GitHub does, or an id written out."""
    if path.suffix == ".md":
        text = path.read_text(encoding="utf-8")
    else:
        notebook = lesson.notebook if path == lesson.path else nbformat.read(path, as_version=4)
        text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    headings = re.findall(r"^#{1,6} +(.*?)\s*$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), flags=re.MULTILINE)
    headings = [re.sub(r"[*`]", "", heading) for heading in headings]
    lab = {heading.replace(" ", "-") for heading in headings}
    github = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return lab | github | set(re.findall(r"""\b(?:id|name)=["']([^"']+)""", text))


def words_are_spelt_right(lesson: Lesson) -> list[str]:
    corrections = enumerate(misspelt([cell.source for cell in lesson.cells]))
    return [f"{lesson.at(i)}: spelling: {correction}." for i, found in corrections for correction in found]


def misspelt(texts: list[str]) -> list[list[str]]:
    """The corrections of codespell for each text; pyproject.toml holds the words that it must leave."""
    new = [text for text in dict.fromkeys(texts) if text not in _SPELT]
    if new:
        lines = "\n".join(" ".join(text.split()) for text in new)
        command = [sys.executable, "-X", "utf8", "-m", "codespell_lib", "-"]
        run = subprocess.run(command, input=lines, capture_output=True, encoding="utf-8", cwd=ROOT)
        if run.returncode not in (0, 65):  # 65: found some
            raise RuntimeError(f"codespell: {run.stderr or run.stdout}")
        _SPELT.update({text: [] for text in new})
        for number, correction in re.findall(r"^(\d+): .*\n\t(.*)$", run.stdout, flags=re.MULTILINE):
            _SPELT[new[int(number) - 1]].append(correction)
    return [_SPELT[text] for text in texts]


_SPELT: dict[str, list[str]] = {}  # codespell takes longest to start: no text is sent twice


# Code


def code_is_python(lesson: Lesson) -> list[str]:
    trees = [(i, parse(cell.source)) for i, cell in lesson.code()]
    errors = [(i, error) for i, error in trees if isinstance(error, SyntaxError)]
    return [f"{lesson.at(i)}: {error.msg}, line {error.lineno}." for i, error in errors]


def parse(source: str) -> ast.Module | SyntaxError:
    try:
        return ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError as error:
        return error


def code_comes_in_short_steps(lesson: Lesson) -> list[str]:
    lines = {i: len(cell.source.splitlines()) for i, cell in lesson.code()}
    found = [f"{lesson.at(i)}: {n} lines; at most {MOST_LINES}: divide." for i, n in lines.items() if n > MOST_LINES]
    if lines and (median := statistics.median(lines.values())) > MEDIAN_LINES:
        found.append(f"Half of the code cells have {median:g} lines or more; at most {MEDIAN_LINES}.")
    return found


def figures_are_shown(lesson: Lesson) -> list[str]:
    cells = [i for i, figures in drawn(lesson) if not all(figure.shown for figure in figures)]
    return [f"{lesson.at(i)}: end the drawing with plt.show()." for i in cells]


def figures_have_a_title(lesson: Lesson) -> list[str]:
    cells = [i for i, figures in drawn(lesson) if not all("title" in figure.named for figure in figures)]
    return [f"{lesson.at(i)}: give the figure a title that says what it shows." for i in cells]


def figures_name_their_axes(lesson: Lesson) -> list[str]:
    cells = [i for i, figures in drawn(lesson) if not all({"xlabel", "ylabel"} <= f.named for f in figures)]
    return [f"{lesson.at(i)}: name both axes of the figure, with units." for i in cells]


@dataclass
class Drawing:
    """What a cell draws up to one plt.show()."""

    named: set[str]  # of title, xlabel, ylabel
    shown: bool = False


def drawn(lesson: Lesson) -> list[tuple[int, list[Drawing]]]:
    """The figures of each code cell; a function of the lesson draws where it is used, not where it is written."""
    trees = lesson.trees()
    functions = {node.name: node for _, tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return [(i, _figures(tree, functions)) for i, tree in trees]


def _figures(tree: ast.Module, functions: dict) -> list[Drawing]:
    figures, current, named = [], None, set()
    for call in _calls(tree, functions):
        name = ast.unparse(call.func)
        if name == "plt.show":
            if current:
                current.shown = True
            current, named = None, set()
            continue
        named |= _names(call, name)
        if draws(name) and current is None:
            current = Drawing(named)
            figures.append(current)
    return figures


def _calls(node: ast.AST, functions: dict, inside: tuple = ()) -> Iterator[ast.Call]:
    """Calls in the order in which Python makes them. Loops are gone through once."""
    if isinstance(node, ast.ClassDef) or (isinstance(node, ast.FunctionDef) and not node.decorator_list):
        return
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, functions, inside)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in set(functions) - set(inside):
        for statement in functions[node.id].body:
            yield from _calls(statement, functions, (*inside, node.id))
    if isinstance(node, ast.Call):
        yield node


def draws(name: str) -> bool:
    """Does a call of this name begin or continue a figure? `plots.LiveCurves` shows itself."""
    if name.startswith("plots."):
        return name.removeprefix("plots.") in PLOTS
    return (name.startswith(("plt.", "sns.")) and not NOT_DRAWING.match(name)) or bool(re.search(r"\.plot\b", name))


def _names(call: ast.Call, name: str) -> set[str]:
    """What a call names: title, xlabel, ylabel. Figures of harkit.plots name their axes: their own tests see to it."""
    given = {keyword.arg for keyword in call.keywords}
    last = name.split(".")[-1]
    named = {"title", "xlabel", "ylabel"} & {*given, last, last.removeprefix("set_")}
    if last == "suptitle":
        named.add("title")
    if last in ("pie", "imshow"):
        named |= {"xlabel", "ylabel"}
    if last == "barh":
        named.add("ylabel")  # its rows carry names
    if last == "set" and None in given:  # ax.set(**labels)
        named |= {"title", "xlabel", "ylabel"}
    if name.startswith("plots.") and last in PLOTS:
        named |= {"xlabel", "ylabel"}
        if len(call.args) > PLOTS[last] or any(isinstance(argument, ast.Starred) for argument in call.args):
            named.add("title")
    return named


def _plot_functions() -> dict[str, int]:
    """Functions of harkit.plots that give a figure, and the place of their title."""
    tree = ast.parse((ROOT / "harkit" / "plots.py").read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[0] != "_"]
    drawing = [f for f in functions if f.returns is not None and ast.unparse(f.returns) in ("Axes", "Figure")]
    names = {f.name: [argument.arg for argument in f.args.args] for f in drawing}
    return {name: args.index("title") if "title" in args else len(args) for name, args in names.items()}


PLOTS = _plot_functions()


def figures_are_explained(lesson: Lesson) -> list[str]:
    """A figure, drawn or stored, is followed by a text cell of its section."""
    with_figure = {i for i, figures in drawn(lesson) if figures}
    for i, cell in lesson.code():
        stored = {kind for out in cell.get("outputs", []) for kind in out.get("data", {})}
        if any(kind.startswith("image/") for kind in stored):
            with_figure.add(i)
    sentence = "say in a text cell after the figure what there is to see."
    return [f"{lesson.at(i)}: {sentence}" for i in sorted(with_figure) if not _explained(lesson, i)]


def _explained(lesson: Lesson, figure: int) -> bool:
    for cell in lesson.cells[figure + 1 :]:
        if cell.cell_type == "markdown":
            start = first_line(cell.source)
            if start.startswith("## "):
                return False
            if not ASKS_BEFORE.match(start) and not start.startswith("### Exercise"):
                return True
    return False


# Exercises


def exercises_are_complete(lesson: Lesson) -> list[str]:
    """Heading, hint, stub and check belong together; level and minutes are those of the check."""
    found, seen, tagged = [], [], set()
    for i, text in lesson.texts():
        heading = EXERCISE.fullmatch(first_line(text))
        if not heading:
            if re.match(r"#+ Exercise|\*\*Exercise", first_line(text)):
                found.append(f"{lesson.at(i)}: write the heading as “### Exercise {lesson.number}.1 · ●●○ · 10 min”.")
            continue
        seen.append(heading[1])
        if heading[1] != f"{lesson.number}.{len(seen)}":
            found.append(f"{lesson.at(i)}: this is exercise {lesson.number}.{len(seen)}.")
        found += _disagrees(heading, lesson.exercises or {}, lesson.at(i))
        cells = _until_next_heading(lesson, i)
        tagged |= set(cells)
        found += _parts_of_exercise(lesson, i, cells, heading[1])
    if not 2 <= len(seen) <= 4:
        found.append(f"{len(seen)} exercises; a lesson has 2 to 4.")
    for number in sorted(set(lesson.exercises or {}) - set(seen)):
        found.append(f"There is a check for exercise {number}, and no “### Exercise {number} · …”.")
    for i, cell in lesson.code():
        if {"exercise", "check"} & set(tags(cell)) and i not in tagged:
            found.append(f"{lesson.at(i)}: tagged as part of an exercise, below no heading of one.")
    return found


def _disagrees(heading: re.Match, registered: dict, where: str) -> list[str]:
    number, level, minutes = heading.groups()
    if number not in registered:
        return [f"{where}: harkit/exercises/lesson_{number[0]}.py has no check for exercise {number}."]
    right = f"{registered[number].stars} · {registered[number].minutes} min"
    return [] if f"{level} · {minutes} min" == right else [f"{where}: its check says {right}."]


def _until_next_heading(lesson: Lesson, i: int) -> list[int]:
    later = [j for j, text in lesson.texts() if j > i and first_line(text).startswith("#")]
    return list(range(i, later[0] if later else len(lesson.cells)))


def _parts_of_exercise(lesson: Lesson, i: int, cells: list[int], number: str) -> list[str]:
    found = []
    text = "\n".join(lesson.cells[j].source for j in cells if lesson.cells[j].cell_type == "markdown")
    if "<details><summary>Hint</summary>" not in text:
        found.append(f"{lesson.at(i)}: fold a hint: <details><summary>Hint</summary>.")
    stubs = [j for j in cells if "exercise" in tags(lesson.cells[j])]
    checks = [j for j in cells if "check" in tags(lesson.cells[j])]
    if len(stubs) != 1 or len(checks) != 1 or stubs[0] > checks[0]:
        return [*found, f"{lesson.at(i)}: one cell tagged exercise and then one tagged check should follow."]
    stub, check = lesson.cells[stubs[0]], lesson.cells[checks[0]]
    if "NotImplementedError" not in stub.source:
        found.append(f"{lesson.at(stubs[0])}: the stub of exercise {number} should raise NotImplementedError.")
    if not is_check(check, number):
        call = f"exercises.check_{number.replace('.', '_')}(…)"
        found.append(f"{lesson.at(checks[0])}: the check of exercise {number} should be the one line {call}.")
    for j in (stubs[0], checks[0]):
        if "raises-exception" not in tags(lesson.cells[j]):
            found.append(f"{lesson.at(j)}: add the tag raises-exception, so that Run All goes on.")
    return found


def is_check(cell, number: str) -> bool:
    tree = parse(cell.source)
    statements = tree.body if isinstance(tree, ast.Module) else []
    if len(statements) != 1 or not isinstance(statements[0], ast.Expr):
        return False
    call = statements[0].value
    return isinstance(call, ast.Call) and ast.unparse(call.func) == f"exercises.check_{number.replace('.', '_')}"


def exercises_have_solutions(lesson: Lesson) -> list[str]:
    asked = {m[1]: m[0][1:] for _, text in lesson.texts() if (m := EXERCISE.fullmatch(first_line(text)))}
    name = f"solutions/{lesson.path.name}"
    if lesson.solutions is None:
        return [f"There is no {name}."] if asked else []
    solved = Lesson(lesson.path, lesson.solutions)
    headings = {m[1]: (i, m[0]) for i, text in solved.texts() if (m := EXERCISE.fullmatch(first_line(text)))}
    found = [f"{name}: exercise {number} is not asked." for number in headings if number not in asked]
    for number, heading in asked.items():
        i, written = headings.get(number, (0, ""))
        if written != heading:
            found.append(f"{name}: no heading “{heading}”.")
        elif not any(is_check(solved.cells[j], number) for j in _until_next_heading(solved, i)):
            found.append(f"{name}: no check of exercise {number} below its solution.")
    if not found and list(headings) != list(asked):
        found.append(f"{name}: not in the order of the lesson.")
    return found


# What is stored


def notebook_is_valid(lesson: Lesson) -> list[str]:
    try:
        nbformat.validate(lesson.notebook)
    except nbformat.ValidationError as error:
        return [f"Not a valid notebook: {str(error).splitlines()[0]}"]
    return []


def notebook_is_small(lesson: Lesson) -> list[str]:
    size = len(nbformat.writes(lesson.notebook).encode())
    return [f"{size / 1e6:.1f} MB; at most {LARGEST / 1e6:g}: make the figures smaller."] if size > LARGEST else []


def kernel_is_python3(lesson: Lesson) -> list[str]:
    name = lesson.notebook.metadata.get("kernelspec", {}).get("name")
    return [] if name == "python3" else [f"The kernel is {name}; it should be python3."]


def no_widget_is_stored(lesson: Lesson) -> list[str]:
    """GitHub and Colab call a notebook with half a widget invalid."""
    found = ["The metadata hold widgets: make outputs."] if "widgets" in lesson.notebook.metadata else []
    for i, cell in lesson.code():
        kinds = {kind for out in cell.outputs for kind in out.get("data", {})}
        if any("jupyter.widget" in kind for kind in kinds):
            found.append(f"{lesson.at(i)}: a widget is stored: make outputs.")
        elif "widget" in tags(cell) and any(not kind.startswith("text/") for kind in kinds):
            found.append(f"{lesson.at(i)}: a cell tagged widget stores text alone: make outputs.")
    return found


def cells_were_run_in_order(lesson: Lesson) -> list[str]:
    counts = [cell.execution_count for _, cell in lesson.code()]
    if counts != list(range(1, len(counts) + 1)):
        first = next(i for right, (i, cell) in enumerate(lesson.code(), 1) if cell.execution_count != right)
        return [f"{lesson.at(first)}: the stored outputs are not those of one run from top to bottom: make outputs."]
    return [] if any(cell.outputs for _, cell in lesson.code()) else ["No outputs are stored: make outputs."]


def no_output_is_an_error(lesson: Lesson) -> list[str]:
    errors = [(i, out) for i, cell in lesson.code() for out in cell.outputs if out.output_type == "error"]
    return [f"{lesson.at(i)}: its output is {out.ename}: mend it, and make outputs." for i, out in errors]


def no_folder_of_one_machine_is_named(lesson: Lesson) -> list[str]:
    named = [(i, FOLDERS_OF_ONE_MACHINE.findall(readable(cell))) for i, cell in enumerate(lesson.cells)]
    return [f"{lesson.at(i)}: names {path}, a folder of one machine." for i, paths in named for path in paths]


def readable(cell) -> str:
    """Source and text outputs of a cell; pictures left out."""
    outputs = []
    for out in cell.get("outputs", []):
        if out.output_type == "stream":
            outputs.append(out.text)
        elif out.output_type == "error":
            outputs.append("\n".join(out.traceback))
        else:
            outputs += [as_text(value) for kind, value in out.data.items() if not kind.startswith("image/")]
    return "\n".join([cell.source, *outputs])


def as_text(value) -> str:
    return value if isinstance(value, str) else json.dumps(value)


# Small things that many rules use


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0].strip()


def line(cell, n: int) -> str:
    """The n-th line that is not empty, from 0."""
    lines = [text.strip() for text in cell.source.splitlines() if text.strip()]
    return lines[n] if n < len(lines) else ""


def plain(text: str) -> str:
    """Text without code, formulas, and the addresses of links."""
    return re.sub(r"\]\([^)]*\)", "]", without_code(text))


RULES_FOR_SOLUTIONS = [
    text_cells_are_short, sentences_are_short, folded_parts_open, pictures_have_alt_text, links_lead_somewhere,
    words_are_spelt_right, code_is_python, code_comes_in_short_steps, figures_are_shown, figures_have_a_title,
    figures_name_their_axes, notebook_is_valid, notebook_is_small, kernel_is_python3, no_widget_is_stored,
    no_output_is_an_error, no_folder_of_one_machine_is_named,
]  # fmt: skip
RULES = [
    title_names_the_lesson, badge_opens_this_notebook, parts_come_in_order, goals_are_three_to_five_verbs,
    install_and_setup_are_short, sections_are_numbered, sections_say_their_time, quiz_has_five_folded_answers,
    references_name_author_and_year, asks_before_it_shows, links_to_the_glossary, figures_are_explained,
    exercises_are_complete, exercises_have_solutions, cells_were_run_in_order, *RULES_FOR_SOLUTIONS,
]  # fmt: skip


def main(names: list[str]) -> int:
    paths = [Path(name) for name in names] or [*LESSONS, *SOLUTIONS]
    found = [f"{_short(path)}: {sentence}" for path in paths for sentence in problems(path)]
    print("\n".join(found) or f"{len(paths)} notebooks: no problems")
    return 1 if found else 0


def _short(path: Path) -> str:
    return f"solutions/{path.name}" if path.parent.name == "solutions" else path.name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
