"""What every stored lesson must be: small, portable, in short steps, with outputs that are whole."""

import json
import re
import statistics
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("0*.ipynb"))
LARGEST = 1_000_000  # bytes
MOST_WORDS = 80  # in a text cell
MOST_LINES, MEDIAN_LINES = 40, 8  # in a code cell
FOLDERS_OF_ONE_MACHINE = re.compile(
    r"(?<![\w.~/-])/(?:work|home|root|tmp|Users|private|mnt)/[\w.-]+|\b[A-Z]:\\+[\w.-]+"
)

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def test_there_are_seven_lessons():
    assert [path.name[:3] for path in NOTEBOOKS] == [f"0{number}_" for number in range(1, 8)]


@every_notebook
def test_a_notebook_is_valid_and_small(path):
    nbformat.validate(read(path))
    assert path.stat().st_size <= LARGEST, f"{path.name} has {path.stat().st_size / 1e6:.1f} MB"


@every_notebook
def test_a_notebook_names_the_python3_kernel(path):
    assert read(path).metadata.kernelspec.name == "python3"


@every_notebook
def test_a_notebook_holds_no_widget_state(path):
    assert "widgets" not in read(path).metadata, "GitHub and Colab call such a notebook invalid: make outputs"


@every_notebook
def test_a_notebook_has_outputs_and_their_counts(path):
    code = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert any(cell.outputs for cell in code), f"{path.name} has no outputs: make outputs"
    without = [cell.source.splitlines()[0] for cell in code if cell.outputs and cell.execution_count is None]
    assert not without, f"outputs without execution_count: {without}"


@every_notebook
def test_no_output_is_an_error(path):
    errors = [out.ename for cell in code_cells(path) for out in cell.outputs if out.output_type == "error"]
    assert not errors


@every_notebook
def test_a_notebook_names_no_folder_of_one_machine(path):
    found = [match for cell in read(path).cells for match in FOLDERS_OF_ONE_MACHINE.findall(readable(cell))]
    assert not found, f"{path.name}: {found}"


@every_notebook
def test_a_text_cell_is_short(path):
    texts = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
    long = {text.strip().splitlines()[0]: words(text) for text in texts if words(text) > MOST_WORDS}
    assert not long, f"{path.name}: text cells with more than {MOST_WORDS} words: {long}"


@every_notebook
def test_code_comes_in_short_steps(path):
    cells = [cell.source.splitlines() for cell in code_cells(path)]
    long = {lines[0]: len(lines) for lines in cells if len(lines) > MOST_LINES}
    assert not long, f"{path.name}: code cells with more than {MOST_LINES} lines: {long}"
    assert statistics.median(len(lines) for lines in cells) <= MEDIAN_LINES


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
    assert bool(FOLDERS_OF_ONE_MACHINE.search(text)) == found


def test_words_are_counted_without_code_tables_and_links():
    text = "# A title\n\nTwo words `and code`\n```python\nx = 1\n```\n| a | b |\n|---|---|\n\n[a link](address) – done"
    assert words(text) == 7  # A title Two words a link done


def code_cells(path) -> list:
    return [cell for cell in read(path).cells if cell.cell_type == "code" and cell.source.strip()]


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
    return len([word for word in " ".join(lines).split() if re.search(r"\w", word)])


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
