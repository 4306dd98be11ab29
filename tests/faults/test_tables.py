"""CSV files from strangers: the same labels as in the file, or one sentence; no picture changes its label unsaid."""

import csv
import io
import logging

import pytest
from hypothesis import strategies as st
from trying import paint, refusal, try_many

from harkit import catalogue

ROWS = [(f"Image_{i}.jpg", ("calling", "running", "sleeping")[i % 3]) for i in range(9)]


def text(rows=ROWS, header=("filename", "label"), **how) -> str:
    out = io.StringIO()
    csv.writer(out, **{"lineterminator": "\n"} | how).writerows([header, *rows])
    return out.getvalue()


def lines_of(draw, rows=ROWS, **how) -> list[str]:
    """The lines of a table, and which of them to change."""
    return text(rows, **how).splitlines(), draw(st.integers(1, len(rows)))


def with_a_mark_at_the_start(draw):
    return ("\ufeff" + text(draw(st.permutations(ROWS)), lineterminator=draw(ENDINGS))).encode(), "right"


def quoted(draw):
    quoting = draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC, csv.QUOTE_MINIMAL]))
    return text(draw(st.permutations(ROWS)), quoting=quoting, lineterminator=draw(ENDINGS)).encode(), "right"


def a_quote_that_does_not_end(draw):
    lines, i = lines_of(draw)
    at = draw(st.sampled_from([0, lines[i].index(",") + 1]))
    lines[i] = f'{lines[i][:at]}"{lines[i][at:]}'
    return "\n".join(lines).encode() + b"\n" * draw(st.integers(0, 1)), "refused"


def line_ends(draw):
    ending = draw(ENDINGS)
    lines = [part for line in text().splitlines() for part in [line, *[""] * draw(st.integers(0, 1))]]
    return (ending.join(lines) + ending * draw(st.integers(0, 2))).encode(), "right"


def more_columns_in_any_order(draw):
    order = draw(st.permutations(range(4)))
    header = [("filename", "label", "note", "width")[i] for i in order]
    return text([[(*row, "a, b", "64")[i] for i in order] for row in ROWS], header).encode(), "right"


def a_missing_column(draw):
    names = st.sampled_from(["", "file", "Label", "class", "filename;label", "label.1", "filename\tlabel"])
    header = draw(st.sampled_from([("filename", draw(names)), (draw(names), "label"), (draw(names),), ()]))
    return text([row[: len(header)] for row in ROWS], header).encode(), "refused"


def a_doubled_column(draw):
    header = draw(st.permutations(["filename", "label", draw(st.sampled_from(["filename", "label", " label"]))]))
    return text([(*row, draw(st.sampled_from(row))) for row in ROWS], header).encode(), "refused"


def nul(draw):
    whole = text()
    at = draw(st.integers(0, len(whole)))
    return (whole[:at] + "\0" * draw(st.integers(1, 3)) + whole[at:]).encode(), "refused"


def a_line_too_short_or_too_long(draw):
    lines, i = lines_of(draw)
    lines[i] = draw(st.sampled_from([lines[i].split(",")[0], lines[i] + ",", lines[i] + ",x", ",", "x", ",,"]))
    return "\n".join(lines).encode(), "refused"


def commas_at_every_end(draw):
    return text().replace("\n", ",\n" * draw(st.integers(1, 1))).encode(), "right"


def spaces(draw):
    lines = [draw(st.sampled_from(["{},{}", "{}, {}", " {} ,{} ", "{}\t,\t{}"])).format(*row) for row in ROWS]
    return "\n".join(["filename, label", *lines]).encode(), "right"


def two_labels_for_one(draw):
    name, label = draw(st.sampled_from(ROWS))
    other = draw(st.sampled_from(sorted({row[1] for row in ROWS} - {label})))
    return text(draw(st.permutations([*ROWS, (name, other)]))).encode(), "refused"


def the_same_line_again(draw):
    return text(draw(st.permutations([*ROWS, *draw(st.lists(st.sampled_from(ROWS), min_size=1))]))).encode(), "right"


def no_label(draw):
    lines, i = lines_of(draw)
    lines[i] = lines[i].split(",")[0] + draw(st.sampled_from([",", ", ", ',""']))
    return "\n".join(lines).encode(), "refused"


def names_that_climb(draw):
    name = draw(st.sampled_from(["../letter.txt", "..", "a/b.jpg", "\\x.jpg", "/etc/passwd", "C:\\x.jpg", "..\\..\\x"]))
    return text([*ROWS, (name, "calling")]).encode(), "refused"


def another_encoding(draw):
    encoding = draw(st.sampled_from(["utf-16", "utf-32", "utf-16-le", "latin-1", "cp1252"]))
    return text([*ROWS, ("Image_ä.jpg", "calling")]).encode(encoding), "refused"


def cut(draw):
    whole = text().encode()
    return whole[: draw(st.integers(0, len(whole) - 1))], "cut"


def flipped(draw):
    whole = bytearray(text().encode())
    whole[draw(st.integers(0, len(whole) - 1))] ^= 1 << draw(st.integers(0, 7))
    return bytes(whole), "flipped"


ENDINGS = st.sampled_from(["\n", "\r\n", "\r"])
KINDS = [
    with_a_mark_at_the_start, quoted, a_quote_that_does_not_end, line_ends, more_columns_in_any_order,
    a_missing_column, a_doubled_column, nul, a_line_too_short_or_too_long, commas_at_every_end, spaces,
    two_labels_for_one, the_same_line_again, no_label, names_that_climb, another_encoding, cut, flipped,
]  # fmt: skip


@pytest.fixture
def top(tmp_path):
    for i, (name, _) in enumerate(ROWS):
        paint(tmp_path / "set" / "train" / name, i)
    return tmp_path / "set"


@pytest.mark.parametrize("examples", [8, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_labels_are_those_of_the_file_or_it_is_refused(kind, examples, top, caplog, count):
    caplog.set_level(logging.WARNING, "harkit")

    def check(value):
        content, expected = value
        (top / "Training_set.csv").write_bytes(content)
        caplog.clear()
        table, sentence = refusal(catalogue.read, top)
        if sentence:
            assert expected != "right", sentence
            assert str(top) in sentence
        else:
            labelled = table[table.status == "labelled"]
            wrong = set(zip(labelled.name.str.removeprefix("train/"), labelled.label, strict=True)) - set(ROWS)
            assert set(table.name) >= {f"train/{name}" for name, _ in ROWS}, "each file is labelled or named"
            if expected == "right":
                assert not wrong and len(labelled) == len(ROWS)
            elif expected == "cut":  # nothing but the last label can be cut, and a label of its own is told
                assert len(wrong) <= 1 and all(f"labelled '{label}'" in caplog.text for _, label in wrong)
            else:
                assert expected == "flipped" and len(wrong) <= 1
        if sentence:
            ending = "refused"
        elif wrong:
            ending = "warned" if expected == "cut" else "can't be known"
        else:
            ending = "right" if len(labelled) == len(ROWS) else "left out"
        count(f"CSV: {kind.__name__.replace('_', ' ')}", ending)

    try_many(st.composite(kind)(), check, examples)


@pytest.mark.slow
def test_a_million_lines_are_read(top, count):
    more = [(f"Picture_{i}.jpg", "calling") for i in range(1_000_000)]
    (top / "Training_set.csv").write_text(text([*ROWS, *more]))
    table = catalogue.read(top)
    assert (table.status == "labelled").sum() == len(ROWS) and (table.status == "missing").sum() == len(more)
    found = catalogue.problems(table).set_index("problem").files
    assert found["missing files"] == len(more)
    count("CSV: a million lines", "right")
