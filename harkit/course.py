"""Run the lessons from first to last, keep the executed copies, end with one table; catch up with a class."""

import logging
import multiprocessing
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path

import pandas as pd

from harkit import __version__, fetch, notebooks
from harkit import settings as profiles
from harkit.drawn.workers import end_with_the_first
from harkit.settings import InputError, Settings

log = logging.getLogger(__name__)

STUDENT_FILES = (
    "notebooks/glossary.md", "harkit", "results/recorded", "data/README.md", "README.md", "SECURITY.md", "LICENSE",
    "Makefile", "bench/beyond_one_machine.md", "book/actions.jpg", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md",
    "environment.yml", "pyproject.toml", "setup.py", "constraints.txt",
)  # fmt: skip
NOT_FOR_STUDENTS = {  # what of a page is for others: what leads to the solutions, or to what the copy does not hold
    "README.md": r"^## For teachers\n.*?(?=^## )|^\| the tests,[^\n]*\n",
    "CONTRIBUTING.md": r"^How to keep up.*?(?=^## )|^## Before you change anything\n.*",
}
SAVED = {  # what a lesson leaves in the results folder for later ones
    1: ("har_split.csv",),
    4: ("runs/vgg16-published", "runs/vgg16-improved"),
    5: ("runs/resnet-published", "runs/resnet-improved"),
    6: ("falls_split.csv", "runs/{detector}-published", "runs/{detector}-improved"),
}


def lessons(only: list[str] | None = None, folder: Path | None = None) -> list[Path]:
    """The lesson notebooks in order; `only` picks some by number ("04"). Raises InputError where there are none."""
    folder = folder or profiles.course_folder() / "notebooks"
    found = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not found:
        raise InputError(f"{folder} holds no lessons: start this command in the folder of the course.")
    numbers = {number.strip().zfill(2) for number in only or []}
    unknown = numbers - {path.name[:2] for path in found}
    if unknown:
        raise InputError(
            f"There is no lesson {sorted(unknown)[0]}: choose from {found[0].name[:2]}–{found[-1].name[:2]}."
        )
    return [path for path in found if not numbers or path.name[:2] in numbers]


def run(
    config: Settings,
    only: list[str] | None = None,
    folder: Path | None = None,
    report: Callable[[str], None] = log.info,
    jobs: int = 1,
) -> pd.DataFrame:
    """Execute the lessons with these settings, copies into `<results>/executed`; gives lesson and seconds.

    The pictures are fetched first. `jobs` lessons run at once, those that others wait for first, and share the
    processor's cores: a small network gains little from more than one of them. `report` gets one line a step. Raises
    InputError where a lesson stops with an error, after keeping its copy as far as it came.
    """
    paths = lessons(only, folder)
    started = time.perf_counter()
    for kind, source, count in (
        ("har", config.har, config.drawn_count),
        ("falls", config.falls, config.drawn_subjects),
    ):
        fetch.fetch(kind, source, config.data, count, config.seed)
    report(f"pictures ready             {time.perf_counter() - started:6.1f} s")
    waiting, running, seconds = list(enumerate(paths, start=1)), {}, {}
    if jobs > 1:
        waiting.sort(key=lambda lesson: int(lesson[1].name[:2]) not in SAVED)
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), end_with_the_first)
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                number, path = waiting.pop(0)
                report(f"[{number}/{len(paths)}] {path.stem} …")
                running[pool.submit(notebooks.run, path, config, jobs)] = number, path
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                number, path = running.pop(done)
                seconds[path.stem] = done.result()
                report(f"[{number}/{len(paths)}] {path.stem:<22} {seconds[path.stem]:6.1f} s")
    finally:
        pool.shutdown(cancel_futures=True)
    return pd.DataFrame([(path.stem, seconds[path.stem]) for path in paths], columns=["lesson", "seconds"])


def saved(config: Settings) -> dict[int, list[str]]:
    """`SAVED` with the name of the detector that this machine has."""
    from harkit import pretrained  # torch: not while the notebooks run

    detector = pretrained.at_hand(config.download)
    return {number: [name.format(detector=detector) for name in names] for number, names in SAVED.items()}


def catch_up(lesson: int, config: Settings, source: Path | None, report: Callable[[str], None] = log.info) -> None:
    """Give the results folder what the lessons before `lesson` save: copied from `source`, or by running those lessons.

    `source` is somebody's results folder, or a zip of it. What is there already stays. Raises InputError where the
    source does not exist or holds nothing of this profile; then nothing has changed.
    """
    lessons([str(lesson)])
    wanted = [name for number, names in saved(config).items() if number < lesson for name in names]
    missing = [name for name in wanted if not _whole(config.results / name)]
    for name in wanted:
        if name not in missing:
            report(f"{name}: kept yours")
    if missing and source is None:
        numbers = [str(number) for number, names in saved(config).items() if set(names) & set(missing)]
        run(config, numbers, report=report)
    elif missing:
        with tempfile.TemporaryDirectory() as unpacked:
            folder = _results_in(fetch.unpack(source, unpacked), config)
            there = [name for name in missing if _whole(folder / name)]
            if not there:
                raise InputError(f"{source} holds nothing of profile {config.profile} that you lack: ask for another.")
            for name in missing:
                if name in there:
                    _copy(folder / name, config.results / name)
                report(f"{name}: {'copied' if name in there else 'not in that folder; its lesson makes it anew'}")


def _whole(path: Path) -> bool:
    """Whether a lesson left this file, or this run with its trained weights."""
    from harkit import runs  # torch: not while the notebooks run

    return path.exists() if path.suffix else runs.finished(path)


def _results_in(folder: Path, config: Settings) -> Path:
    """The folder with the results of this profile: `folder`, or one below it."""
    profile = config.profile
    for found in (folder / profile, folder / "results" / profile, *sorted(folder.glob(f"*/{profile}")), folder):
        if any((found / name).exists() for names in saved(config).values() for name in names):
            return found
    raise InputError(f"{folder} holds no results of profile {profile}: give a results folder, or a zip of one.")


def _copy(source: Path, target: Path) -> None:
    """A file or a run folder, whole or not at all."""
    if source.is_dir():
        with fetch.new_folder(target) as unfinished:
            shutil.copytree(source, unfinished, dirs_exist_ok=True)
            shutil.rmtree(target, ignore_errors=True)  # a run that was broken off
    else:
        with fetch.new_file(target) as unfinished:
            shutil.copy(source, unfinished)


def student_copy(to: Path, folder: Path | None = None) -> Path:
    """A copy of the course for learners at `to`: without solutions, teacher's part, tests and stored outputs.

    Raises InputError where `to` exists already.
    """
    import nbformat

    folder, to = folder or profiles.course_folder(), Path(to)
    if to.exists():
        raise InputError(f"{to} exists already: choose a new folder (--to), or delete it.")
    paths = lessons(folder=folder / "notebooks")
    with fetch.new_folder(to) as copy:
        for name in STUDENT_FILES:
            if (folder / name).is_dir():
                shutil.copytree(folder / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            elif (folder / name).exists():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(folder / name, copy / name)
        for name, others in NOT_FOR_STUDENTS.items():
            if (page := copy / name).exists():
                text = re.sub(others, "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
                page.write_text(text, encoding="utf-8")
        (copy / "notebooks").mkdir(exist_ok=True)
        for path in paths:
            notebook = notebooks.read_bare(path)
            if notebook.cells and notebook.cells[0].cell_type == "markdown":
                notebook.cells[0].source += f"\n\n*Version {__version__} of the course.*"
            notebooks.say_version(notebook)
            nbformat.write(notebook, copy / "notebooks" / path.name)
    return to


def versions(folder: Path | None = None) -> set[str]:
    """The versions of the course that the lessons here say they came from; InputError where there are no lessons.

    A lesson says it in its metadata, from `harkit student` or `make outputs`; one without a word is left out.
    """
    import nbformat

    said = [nbformat.read(path, as_version=4).metadata.get("harkit", {}) for path in lessons(folder=folder)]
    return {found["version"] for found in said if "version" in found}


def as_text(results: pd.DataFrame) -> str:
    """The table of `comparison.results` for a terminal, shares in per cent."""

    def percent(value) -> str:
        return "" if pd.isna(value) else f"{100 * value:.1f} %"

    table = results.assign(
        accuracy=results.accuracy.map(percent),
        interval=[
            "" if pd.isna(low) else f"{100 * low:.1f}–{percent(high)}"
            for low, high in zip(results.low, results.high, strict=True)
        ],
        macro_f1=["" if pd.isna(value) else f"{value:.2f}" for value in results.macro_f1],
        n=["" if pd.isna(value) else f"{value:.0f}" for value in results.n],
    ).drop(columns=["low", "high"])
    return table.rename(columns={"side": "px", "n": "scored", "scored_on": "on"}).to_string(index=False)
