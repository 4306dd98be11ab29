"""Run the lessons from first to last, keep the executed copies, end with one table of results."""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from harkit import fetch
from harkit import settings as profiles
from harkit.settings import InputError, Settings

log = logging.getLogger(__name__)


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
) -> pd.DataFrame:
    """Execute the lessons with these settings, copies into `<results>/executed`; gives lesson and seconds.

    The pictures are fetched first. `report` gets one line a step. Raises InputError where a lesson stops with an
    error, after keeping its copy as far as it came.
    """
    paths = lessons(only, folder)
    started = time.perf_counter()
    for kind, source, count in (
        ("har", config.har, config.drawn_count),
        ("falls", config.falls, config.drawn_subjects),
    ):
        fetch.fetch(kind, source, config.data, count, config.seed)
    report(f"pictures ready             {time.perf_counter() - started:6.1f} s")
    rows = []
    for number, path in enumerate(paths, start=1):
        report(f"[{number}/{len(paths)}] {path.stem} …")
        started = time.perf_counter()
        notebook = _execute(path, config)
        rows.append((path.stem, time.perf_counter() - started))
        _fill_run_card(notebook, rows[-1][1], config)
        _keep(notebook, path, config)
        report(f"[{number}/{len(paths)}] {path.stem:<22} {rows[-1][1]:6.1f} s")
    return pd.DataFrame(rows, columns=["lesson", "seconds"])


def _execute(path: Path, config: Settings):
    """Run one notebook in its own folder and give it back with its outputs."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = nbformat.read(path, as_version=4)
    environment = os.environ | {
        "HARKIT_PROFILE": config.profile,
        "HARKIT_DATA": str(config.data),
        "HARKIT_RESULTS": str(config.results.parent),
    }
    client = NotebookClient(
        notebook,
        timeout=None,
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--IPKernelApp.log_level=40"],  # no warning about TCP at every start
    )
    try:
        client.execute(env=environment)
    except CellExecutionError as error:
        copy = _keep(notebook, path, config)
        raise InputError(f"{path.name} stopped with {error.ename}: {error.evalue} (its copy: {copy}).") from error
    return notebook


def _fill_run_card(notebook, seconds: float, config: Settings) -> None:
    """Write into the cell tagged `run-card` what this run took, with which pictures and on which machine."""
    drawn = config.har == "drawn"
    pictures = f"{'drawn' if drawn else 'photographs'}, {config.side} px, profile `{config.profile}`"
    machine = f"{profiles.cores()} processor cores" if profiles.device() == "cpu" else profiles.device().upper()
    for cell in notebook.cells:
        if "run-card" in cell.metadata.get("tags", []):
            cell.source = (
                "**Run card**: the outputs below come from one run of this lesson.\n\n| time | pictures | machine |\n"
                f"|---|---|---|\n| {seconds:.0f} s | {pictures} | {machine} |"
            )


def _keep(notebook, path: Path, config: Settings) -> Path:
    import nbformat

    target = config.results / "executed" / path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    nbformat.write(notebook, unfinished)
    unfinished.replace(target)
    return target


def as_text(results: pd.DataFrame) -> str:
    """The table of `evaluation.results` for a terminal, shares in per cent."""

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
