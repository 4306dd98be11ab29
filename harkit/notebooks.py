"""Execute one lesson, and keep its copy as it is to be read: run card, diagrams, a line for each widget."""

import base64
import io
import os
import time
from pathlib import Path

from PIL import Image

from harkit import __version__, fetch, recorded
from harkit import settings as profiles
from harkit.settings import InputError, Settings

RECORDED = {"04": ("vgg16",), "05": ("vgg16", "resnet"), "07": ("vgg16", "resnet")}  # networks of the run card


def run(path: Path, config: Settings, jobs: int) -> float:
    """Execute a lesson beside `jobs` − 1 others, and keep its copy; gives the seconds that it took."""
    started = time.perf_counter()
    notebook = _execute(path, config, jobs)
    seconds = time.perf_counter() - started
    _fill_run_card(notebook, seconds, config, RECORDED.get(path.name[:2]))
    _keep(notebook, path, config)
    return seconds


def _execute(path: Path, config: Settings, jobs: int):
    """Run one notebook in its own folder and give it back with its outputs."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = read_bare(path)  # a cell that is not reached shows nothing, and no older run's output
    environment = os.environ | profiles.environment(config)
    if jobs > 1:
        environment.setdefault("OMP_NUM_THREADS", str(max(1, profiles.cores() // jobs)))
    client = NotebookClient(
        notebook,
        timeout=None,
        startup_timeout=180,  # s; 60 can be too few for a first import from a slow disk
        store_widget_state=False,  # GitHub and Colab call a notebook with half of it invalid
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--IPKernelApp.log_level=40"],  # no warning about TCP at every start
    )
    try:
        client.execute(env=environment)
    except CellExecutionError as error:
        copy = _keep(notebook, path, config)
        raise InputError(f"{path.name} stopped with {error.ename}: {error.evalue} (its copy: {copy}).") from error
    except RuntimeError as error:  # nbclient's, where the kernel does not answer
        copy = _keep(notebook, path, config)
        raise InputError(
            f"{path.name} stopped because its kernel did: {str(error).rstrip('.')} (its copy: {copy}). Often memory "
            "has run out: close other programs, then run it again."
        ) from error
    return notebook


def read_bare(path: Path):
    """A notebook without its stored outputs."""
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def _fill_run_card(notebook, seconds: float, config: Settings, networks: tuple[str, ...] | None) -> None:
    """Write into the cell tagged `run-card` what this run took, with which pictures and on which machine, and what was
    recorded of these networks on photographs."""
    drawn = config.har == "drawn"
    pictures = f"{'drawn' if drawn else 'photographs'}, {config.side} px, profile `{config.profile}`"
    cores = profiles.cores()
    machine = f"{cores} processor core{'s' * (cores > 1)}" if profiles.device() == "cpu" else profiles.device().upper()
    for cell in notebook.cells:
        if "run-card" in cell.metadata.get("tags", []):
            cell.source = (
                "**Run card**: the outputs below come from one run of this lesson.\n\n| time | pictures | machine |\n"
                f"|---|---|---|\n| {seconds:.0f} s | {pictures} | {machine} |"
            )
            if networks:
                cell.source += f"\n\n{recorded.run_card_line(networks)}"


def say_version(notebook) -> None:
    """Note in the metadata which version of the course the notebook is of."""
    notebook.metadata["harkit"] = {"version": __version__}


def _keep(notebook, path: Path, config: Settings) -> Path:
    import nbformat

    _close_widgets(notebook)
    shrink_diagrams(notebook)
    say_version(notebook)
    target = config.results / "executed" / path.name
    with fetch.new_file(target) as unfinished:
        nbformat.write(notebook, unfinished)
    return target


def _close_widgets(notebook) -> None:
    """In the place of a widget, which lives only beside its kernel, a line that says how to get it."""
    for cell in notebook.cells:
        for out in cell.get("outputs", []):
            if out.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None):
                out.data = {"text/plain": "Run this cell to use what it shows: sliders, buttons, pictures."}


def shrink_diagrams(notebook) -> None:
    """Diagrams in 256 colours: under half the bytes of the notebook, and nobody sees it."""
    for cell in notebook.cells:
        for out in cell.get("outputs", []):
            if "image/png" in out.get("data", {}):
                small = io.BytesIO()
                with Image.open(io.BytesIO(base64.b64decode(out.data["image/png"]))) as picture:
                    few = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
                few.save(small, "PNG", optimize=True)
                out.data["image/png"] = base64.b64encode(small.getvalue()).decode()
