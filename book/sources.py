"""What the book is made of: the course's own pages, gathered into one folder for Sphinx. Nothing is copied by hand.

Every page keeps its place, so that its links hold. A link to a file that is no page of the book, say a module, leads to
the repository. README.md becomes the first page.
"""

import copy
import os
import re
import tomllib
from pathlib import Path

import nbformat
from myst_parser.mdit_to_docutils.base import default_slugify

ROOT = Path(__file__).resolve().parents[1]
ADDRESS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Repository"]
PAGES = (
    "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "notebooks/0*.ipynb", "notebooks/solutions/0*.ipynb",
    "notebooks/*.md", "notebooks/teaching/*.md", "data/README.md", "harkit/drawn/README.md",
    "bench/beyond_one_machine.md",
)  # fmt: skip
PICTURES = ("book/*.jpg",)
MODULES = (  # the way of the data, then what stands on it
    "settings", "layouts", "fetch", "catalogue", "splits", "decoding", "pictures", "augment", "mixing",
    "pretrained", "models", "muon", "recipes", "several", "precision", "runs", "training", "evaluation",
    "uncertainty", "alarms", "gradcam", "robustness", "published", "studies", "recorded", "recording", "comparison",
    "plots", "explore", "exercises", "notebooks", "course", "doctor", "drawn", "demo",
)  # fmt: skip
NOT_SHOWN = {"__init__", "__main__", "options"}
LINK = re.compile(r"(?<=\]\()([^)\s:]+)(?=\))")
BADGE = re.compile(r"\[!\[[^\]]*\]\(https://colab[^)]*\)\]\((https://colab[^)]*)\)")
MEANT = re.compile(r"\[lesson (\d), section (\d+)\]\((\S+?\.ipynb)\)")  # the glossary's
MARK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|[*`]")


def gather(to: Path) -> None:
    """Write every source of the book below `to`; a file that stays the same is left alone, an old one removed."""
    found = [path for pattern in PAGES for path in sorted(ROOT.glob(pattern))]
    texts = {"command_line.md": command_line()} | api()
    for path in found:
        name = path.relative_to(ROOT).as_posix()
        texts["index.md" if name == "README.md" else name] = _page(path, set(found))
    for path in (ROOT / "book").glob("*.md"):
        texts[path.name] = texts.get(path.name, "") + path.read_text(encoding="utf-8")
    for name, text in texts.items():
        _write(to / name, text.encode())
    for path in [path for pattern in PICTURES for path in ROOT.glob(pattern)]:
        _write(to / path.relative_to(ROOT), path.read_bytes())
        texts[path.relative_to(ROOT).as_posix()] = ""
    for old in [path for path in to.rglob("*") if path.is_file() and path.relative_to(to).as_posix() not in texts]:
        old.unlink()


def _write(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _page(path: Path, pages: set[Path]) -> str:
    if path.suffix == ".md":
        return relink(path.read_text(encoding="utf-8"), path, pages)
    notebook = nbformat.read(path, as_version=4)
    if path.parent.name != "solutions":
        notebook = lesson(notebook, nbformat.read(path.parent / "solutions" / path.name, as_version=4))
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = relink(cell.source, path, pages)
    return nbformat.writes(notebook)


def relink(text: str, page: Path, pages: set[Path]) -> str:
    """Links of one page as they are in the book. One that leads nowhere stays: Sphinx then stops, and names it."""

    def link(match) -> str:
        target, _, anchor = match[1].partition("#")
        path = Path(os.path.normpath(page.parent / target))
        path = path / "README.md" if path / "README.md" in pages else path
        if not target or not path.exists() or path.suffix == ".jpg":
            return match[1]
        if path == ROOT / "README.md":
            path = ROOT / "index.md"
        elif path not in pages:
            kind = "tree" if path.is_dir() else "blob"
            return f"{ADDRESS}/{kind}/main/{path.relative_to(ROOT).as_posix()}"
        return os.path.relpath(path, page.parent).replace(os.sep, "/") + (f"#{anchor}" if anchor else "")

    text = BADGE.sub(r"[Colab](\1)", text) if page.suffix == ".md" else BADGE.sub("", text)  # a lesson has a button
    if page.name == "glossary.md":
        text = MEANT.sub(
            lambda m: f"[lesson {m[1]}, section {m[2]}]({m[3]}#{_section(page.parent / m[3], m[2])})", text
        )
    return LINK.sub(link, text)


def _section(path: Path, number: str) -> str:
    """The anchor of a numbered section of a lesson."""
    heads = [cell.source.split("\n")[0] for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown"]
    return default_slugify(next(head for head in heads if head.startswith(f"## {number} ")).lstrip("# "))


def lesson(notebook, solutions):
    """A lesson with alt text for its figures, and each exercise's solution folded below its check."""
    notebook, answers = copy.deepcopy(notebook), _solutions(solutions)
    cells = []
    for i, cell in enumerate(notebook.cells):
        if any(kind.startswith("image/") for out in cell.get("outputs", []) for kind in out.get("data", {})):
            cell.metadata["mystnb"] = {"image": {"alt": _alt(notebook.cells[i + 1 :])}}
        cells.append(cell)
        check = (
            re.search(r"exercises\.check_(\d)_(\d+)", cell.source) if "check" in cell.metadata.get("tags", []) else None
        )
        if check:
            answer = answers[f"{check[1]}.{check[2]}"]
            folded = f"<details><summary>Solution</summary>\n\n{answer}\n\n</details>"
            cells.append(nbformat.v4.new_markdown_cell(folded, id=f"solution-{check[1]}-{check[2]}"))
    notebook.cells = cells
    return notebook


def _solutions(notebook) -> dict[str, str]:
    """The worked answer of each exercise as Markdown: its words and its code, without the check."""
    answers, number = {}, ""
    for cell in notebook.cells:
        if head := re.match(r"## Exercise (\d\.\d+)[^\n]*\n+", cell.source):
            number = head[1]
            answers[number] = cell.source[head.end() :]
        elif number and cell.cell_type == "code" and not cell.source.startswith("exercises.check_"):
            answers[number] += f"\n\n```python\n{cell.source}\n```"
        elif number and cell.cell_type == "markdown":
            answers[number] += f"\n\n{cell.source}"
    return answers


def _alt(following: list) -> str:
    """What a figure shows, in words: the text that comes next and explains it, as the lessons' rules want."""
    text = next(cell.source for cell in following if cell.cell_type == "markdown")
    return " ".join(MARK.sub(r"\1", text.split("\n\n")[0]).split()).removeprefix("Figure: ")


def command_line() -> str:
    """The commands of `harkit`, as they explain themselves."""
    from harkit import options

    os.environ["COLUMNS"] = "88"
    parser = options.parser()
    helps = next(action.choices for action in parser._actions if action.choices)
    parts = [f"## harkit {name}\n\n```text\n{command.format_help()}```\n" for name, command in helps.items()]
    return (
        "# The command line\n\nWithout notebooks: every command, as `harkit COMMAND --help` shows it.\n\n"
        + "\n".join(parts)
    )


def api() -> dict[str, str]:
    """A page for each module of the package, and one that leads to them."""
    there = {path.stem for path in (ROOT / "harkit").glob("*.py")} | {"exercises", "drawn"}
    if unknown := there - set(MODULES) - NOT_SHOWN:
        raise SystemExit(f"book/sources.py: put {', '.join(sorted(unknown))} into MODULES, where the reader meets it.")
    names = [name for name in MODULES if name in there]
    pages = {f"api/{name}.rst": _module(name) for name in names}
    listed = "\n".join(f"   {name}" for name in names)
    words = "The data flows from the first module to the last, and none imports from a later one."
    pages["api/index.rst"] = f"The package\n===========\n\n{words}\n\n.. toctree::\n   :maxdepth: 1\n\n{listed}\n"
    return pages


def _module(name: str) -> str:
    parts = [f"harkit.{name}"]
    if (ROOT / "harkit" / name).is_dir():
        inside = sorted(path.stem for path in (ROOT / "harkit" / name).glob("[!_]*.py"))
        parts += [f"harkit.{name}.{stem}" for stem in inside if not stem.startswith("lesson_")]
    body = "\n".join(
        f"{'' if part == parts[0] else _head(part, '-')}.. automodule:: {part}\n   :members:\n" for part in parts
    )
    return _head(name, "=") + body


def _head(name: str, line: str) -> str:
    return f"\n{name}\n{line * len(name)}\n\n"
