"""The three layouts in which pictures lie on disk: the Kaggle set, the falls, one folder a class."""

import csv
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PureWindowsPath

import pandas as pd

from harkit.settings import InputError, short

SUFFIXES = {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp"}
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP")  # what a file with such a name may hold; Pillow reads 40 others too


def find_top(folder: Path) -> Path:
    """Descend through folders that hold nothing but one folder, as zips have them."""
    if not folder.exists():
        raise InputError(f"{folder} does not exist: give the folder or zip that holds the pictures.")
    if not folder.is_dir():
        raise InputError(f"{folder} is a file, not a folder of pictures.")
    while True:
        inside = [p for p in folder.iterdir() if not p.name.startswith((".", "__"))]
        if len(inside) != 1 or not inside[0].is_dir() or _pictures(inside[0]) or _of_falls(folder):
            return folder
        folder = inside[0]


def require(kind: str, folder: Path) -> None:
    """Raises InputError where a folder does not have the layout of its `kind`: "har" the Kaggle set's, or "falls"."""
    if _layout(find_top(folder)) == kind:
        return
    if kind == "har":
        raise InputError(
            f"{short(folder)} has no Training_set.csv, which the actions of the lessons need: see data/README.md. "
            "One folder a class is for harkit train --data."
        )
    raise InputError(f"{short(folder)} has no train/<subject>/fall, which the falls need: see data/README.md.")


def list_files(top: Path) -> list[tuple]:
    """One tuple a file: name below `top`, label, subject, sequence, status. Opens no picture.

    Raises InputError where the layout is none of the three, or a CSV file is not what it should be.
    """
    listing = {"har": _list_kaggle, "falls": _list_falls, "classes": _list_class_folders}
    return listing[_layout(top)](top)


def _layout(top: Path) -> str:
    """Which of the three it is: har, falls or classes."""
    if (top / "Training_set.csv").exists():
        return "har"
    return "falls" if _of_falls(top) else "classes"


def _of_falls(folder: Path) -> bool:
    return any(folder.glob("train/*/*fall"))


def _list_kaggle(top: Path) -> list[tuple]:
    listed = _read_csv(top / "Training_set.csv", ["filename", "label"])
    if not (top / "train").is_dir():
        raise InputError(f"{top} has a Training_set.csv but no folder train/ beside it: unpack the whole zip.")
    on_disk = {p.name for p in _pictures(top / "train")}
    names = _as_on_disk(listed.filename, on_disk)
    rows = [(f"train/{name}", label, "", "", "labelled") for name, label in zip(names, listed.label, strict=True)]
    strays = [(f"train/{name}", "", "", "", "unlisted") for name in sorted(on_disk - set(names))]
    return rows + _list_tests(top, "Testing_set.csv", "filename") + strays


def _list_tests(top: Path, table: str, column: str) -> list[tuple]:
    """The pictures of test/: those that a table names, in its order, then those that it does not; without one all."""
    on_disk = [p.name for p in _pictures(top / "test")] if (top / "test").is_dir() else []
    wanted = on_disk
    if (top / table).exists():
        wanted = _as_on_disk(_read_csv(top / table, [column])[column], set(on_disk))
    rows = [(f"test/{name}", "", "", "", "unlabelled") for name in wanted]
    return rows + [(f"test/{name}", "", "", "", "unlisted") for name in sorted(set(on_disk) - set(wanted))]


def _list_falls(top: Path) -> list[tuple]:
    rows = []
    for folder in sorted(top.glob("train/*/*")):
        if folder.is_dir() and folder.name in ("fall", "non_fall"):
            for p in sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES):
                sequence = p.parent.relative_to(top / "train").as_posix()
                rows.append((p.relative_to(top).as_posix(), folder.name, folder.parent.name, sequence, "labelled"))
    return rows + _list_tests(top, "sample_submission.csv", "id")


def _list_class_folders(top: Path) -> list[tuple]:
    rows = [
        (p.relative_to(top).as_posix(), folder.name, "", "", "labelled")
        for folder in sorted(p for p in top.iterdir() if p.is_dir() and not p.name.startswith("."))
        for p in _pictures(folder)
    ]
    if not rows:
        raise InputError(
            f"{top} holds no pictures in a layout known here: a Training_set.csv with train/, "
            "train/<subject>/fall, or one folder a class."
        )
    known = {row[0] for row in rows}
    below = (p.relative_to(top) for p in sorted(top.rglob("*")) if p.suffix.lower() in SUFFIXES)
    others = [p.as_posix() for p in below if not any(part.startswith(".") for part in p.parts)]
    return rows + [(name, "", "", "", "unlisted") for name in others if name not in known]  # beside the classes, deeper


def _read_csv(path: Path, columns: list[str]) -> pd.DataFrame:
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            lines = csv.reader(file, strict=True)
            rows = [(lines.line_num, [field.strip() for field in line]) for line in lines if line]
    except (ValueError, csv.Error, OSError) as error:
        raise InputError(f"{path} can't be read as a CSV file ({error}): save it as UTF-8 with commas.") from error
    header = rows[0][1] if rows else []
    for column in columns:
        if header.count(column) != 1:
            found = f"the column '{column}' twice" if column in header else f"no column '{column}'"
            raise InputError(f"{path} has {found}: its first line must be {','.join(columns)}.")
    for number, row in rows:
        if len(row) != len(header) or "\0" in "".join(row):
            raise InputError(f"{path} is damaged in line {number}: each line must have {len(header)} fields of text.")
    table = pd.DataFrame([row for _, row in rows[1:]], columns=header, dtype=str)[columns].drop_duplicates()
    names = table[columns[0]]
    unsafe = [name for name in names if not name or name == ".." or PureWindowsPath(name).name != name]
    if unsafe:
        raise InputError(f"{path} names {unsafe[0]!r}, which is not a plain file name.")
    if (empty := table.eq("").any(axis=1)).any():
        raise InputError(f"{path} gives {names[empty].iloc[0]} no {columns[-1]}: fill it in, or take the line out.")
    if (twice := names.duplicated()).any():
        raise InputError(f"{path} gives {names[twice].iloc[0]} two labels: keep the line that is right.")
    return table


def _as_on_disk(names: Iterable[str], on_disk: set[str]) -> list[str]:
    """The names of a list as the files are called. Windows and macOS open Image_1.JPG as Image_1.jpg, and macOS may
    store "ü" as two characters: a list made there need not agree with the files to the letter."""
    names, alike = list(names), {}
    for name in sorted(on_disk - set(names), reverse=True):
        alike.setdefault(_folded(name), []).append(name)
    return [
        alike[_folded(name)].pop() if name not in on_disk and alike.get(_folded(name)) else name for name in names
    ]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _pictures(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
