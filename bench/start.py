"""How long a learner waits: for the command line, and for the first figure of lesson 1."""

import os
import subprocess
import sys
import tempfile
import time

import nbformat
import sides
from nbclient import NotebookClient

LESSON = sides.HERE.parent / "notebooks" / "01_data_preparation.ipynb"


def start() -> list[dict]:
    """`harkit --help`; from the start of a kernel to the first figure, and to the second, which needs the whole set."""
    rows, drawing, there = [sides.seconds_of("harkit --help", help_shown, "≤ 0.5 s")], [], []
    for _ in range(min(sides.rounds, 3)):
        with tempfile.TemporaryDirectory() as data:
            drawing.append(figures(data))
            there.append(figures(data))
    waited = {
        "first figure of lesson 1": ([first for first, _ in drawing], "≤ 15 s"),
        "second figure, pictures drawn before it": ([second for _, second in drawing], ""),
        "second figure, pictures drawn already": ([second for _, second in there], ""),
    }
    for title, (seconds, asked) in waited.items():
        times = iter(seconds)
        rows.append(sides.seconds_of(title, lambda times=times: next(times), asked, len(seconds)))
    return rows


def help_shown() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "harkit", "--help"], check=True, capture_output=True)
    return time.perf_counter() - started


def figures(data: str) -> list[float]:
    """Seconds from starting a kernel to the first two cells of lesson 1 that show a figure."""
    notebook = nbformat.read(LESSON, as_version=4)
    environment = os.environ | {"HARKIT_PROFILE": "reduced", "HARKIT_DATA": data, "HARKIT_RESULTS": data}
    client = NotebookClient(
        notebook, timeout=None, resources={"metadata": {"path": str(LESSON.parent)}},
        extra_arguments=["--IPKernelApp.log_level=40"],  # as `harkit course` starts one
    )  # fmt: skip
    started, seconds = time.perf_counter(), []
    with client.setup_kernel(env=environment):
        for number, cell in enumerate(notebook.cells):
            shown = client.execute_cell(cell, number).get("outputs", [])
            if any(kind.startswith("image/") for output in shown for kind in output.get("data", {})):
                seconds.append(time.perf_counter() - started)
                if len(seconds) == 2:
                    return seconds
    raise RuntimeError(f"{LESSON.name} shows fewer than two figures.")
