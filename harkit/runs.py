"""A run folder: what a training leaves behind. settings.json, environment.json, split.csv, history.csv,
validation.csv, weights.safetensors; while it trains also checkpoint.pt. Every file is written whole or not at all, and
at the end settings.json gets the digests of the others: one that was cut or changed since is refused."""

import errno
import json
import platform
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

import harkit
from harkit import catalogue as catalogues
from harkit import fetch, models, recipes, several, splits
from harkit import settings as profiles
from harkit.pictures import NORMALISATION
from harkit.settings import InputError

NEEDED = {"network", "classes", "side", "width", "hyperparameters"}  # in settings.json, to build and ask the network


def begin(out: Path, plan: dict, catalogue: pd.DataFrame) -> None:
    """Open a new run in `out`: what will be done (`plan`), where, and on which pictures. Removes an earlier run."""
    if not several.first():
        return
    out.mkdir(parents=True, exist_ok=True)
    for old in ("weights.safetensors", "best.safetensors", "checkpoint.pt", "history.csv", "validation.csv"):
        (out / old).unlink(missing_ok=True)
    columns = ["name", "label", "digest", "group", "split"]
    catalogues.write_table(splits.used(catalogue)[columns], out / "split.csv")
    write_json(out / "environment.json", _environment())
    write_json(out / "settings.json", plan)


def finished(run: Path | str) -> bool:
    """Whether the run has its trained weights."""
    return (Path(run) / "weights.safetensors").exists()


def settings(run: Path | str) -> dict:
    """What was trained, how and on what. Raises InputError where the folder holds no run."""
    path = Path(run) / "settings.json"
    if not path.exists():
        raise InputError(f"{run} is not a run folder: it has no settings.json. Give the folder that --out made.")
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(plan, dict) or NEEDED - plan.keys():
            raise ValueError("it lacks what a training writes")
    except ValueError as error:
        raise InputError(f"{path} is damaged ({error}): train the run again.") from error
    return plan


def seal(run: Path, plan: dict) -> None:
    """Write the digests of what the training left into the settings; the weights are still in best.safetensors."""
    files = {name: catalogues.digest(run / name) for name in ("split.csv", "history.csv", "validation.csv")}
    files["weights.safetensors"] = catalogues.digest(run / "best.safetensors")
    write_json(run / "settings.json", plan | {"files": files})


def intact(run: Path | str, name: str) -> Path:
    """A file of a run, as the training left it. Raises InputError where it is missing, or was cut or changed since."""
    path, left = Path(run) / name, settings(run).get("files", {})
    if not path.exists() or left.get(name) not in (None, catalogues.digest(path)):
        raise InputError(f"{path} is not as the training left it: get another copy of this run, or train it again.")
    return path


def load(run: Path | str, device: str | None = None) -> tuple[nn.Module, dict]:
    """The trained network of a run, in evaluation mode, and its settings. Raises InputError if the run is damaged."""
    plan = settings(run)
    if not finished(run):
        raise InputError(f"{run} holds no finished run (no weights.safetensors): go on with --resume.")
    try:
        size = len(plan["classes"]), plan["side"], plan["width"]
        model = models.build(plan["network"], *size, without=plan.get("without", ""))
        safetensors.torch.load_model(model, intact(run, "weights.safetensors"))
    except InputError:
        raise
    except Exception as error:  # cut files raise many kinds: missing key, header, shape
        raise InputError(f"{run} is damaged ({type(error).__name__}: {error}): train it again.") from error
    return model.to(device or profiles.device()).eval(), plan


def side(plan: dict) -> int:
    """The side in pixels of the pictures that `answering` and `ask` take; the training may have shown smaller ones."""
    return _asked(plan)[-1]


def answering(model: nn.Module, plan: dict) -> nn.Module:
    """The network of a run as its recipe asks it: about each picture (N, 3, side, side) once, or several times."""
    sides, mirror = _asked(plan), plan["hyperparameters"].get("mirror", False)
    return models.Views(model, sides, mirror) if mirror or len(sides) > 1 else model


def _asked(plan: dict) -> tuple[int, ...]:
    return recipes.asked(plan["hyperparameters"].get("zoom", 1.0), plan["side"])


def images(model: nn.Module, plan: dict, pixels: np.ndarray) -> Tensor:
    """Pictures (N, H, W, 3) uint8 as the network of a run reads them: (N, 3, H, W), normalised, on its device."""
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in NORMALISATION[plan["hyperparameters"]["normalisation"]])
    batch = torch.from_numpy(pixels.copy()).permute(0, 3, 1, 2).float() / 255
    return ((batch - mean) / std).to(next(model.parameters()).device)


@torch.no_grad()
def ask(model: nn.Module, plan: dict, images: Tensor) -> Tensor:
    """Probabilities (N, classes) that the network of a run gives these images (N, 3, H, W), as its recipe asks it."""
    return answering(model, plan)(images).softmax(dim=1).cpu()


def begin_with(model: nn.Module, run: Path) -> str:
    """Give the model the weights of a run, and tell their digest."""
    try:
        model.load_state_dict(load(run)[0].state_dict())
    except RuntimeError as error:
        raise InputError(f"{run} can't be begun with: it is of another network, width or number of classes.") from error
    return catalogues.digest(run / "weights.safetensors")


def history(run: Path | str) -> pd.DataFrame:
    """One row an epoch: losses, accuracies, F1, examples per second (loading excluded), pictures per second.

    The network is asked about each validation picture once, whatever its recipe asks at the end (`answering`).
    """
    return pd.read_csv(intact(run, "history.csv"))


def answer_table(logits: Tensor, catalogue: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Logits (N, classes) as a table: path, name, label, predicted, and one probability a class (`p_<class>`)."""
    probabilities = logits.float().softmax(dim=1).cpu().numpy()
    table = catalogue[["path", "name", "label"]].reset_index(drop=True)
    table["predicted"] = [classes[i] for i in probabilities.argmax(axis=1)]
    columns = pd.DataFrame(probabilities, columns=[f"p_{name}" for name in classes])
    return pd.concat([table, columns], axis=1)


def keep_best(out: Path, model: nn.Module) -> None:
    """Keep these weights as the best so far."""
    if not several.first():
        return
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    with _new_file(out / "best.safetensors") as unfinished:
        safetensors.torch.save_file(state, unfinished)


def save_checkpoint(out: Path, parts: dict, **progress) -> None:
    """All that a training needs to go on from here: the state of `parts` (network, optimizer …, by name), and progress.

    The last checkpoint stays until this one is whole.
    """
    if not several.first():
        return
    if progress["rows"]:  # first: after the last checkpoint nobody would write it again
        catalogues.write_table(pd.DataFrame(progress["rows"]), out / "history.csv")
    state = {name: part.state_dict() for name, part in parts.items()}
    with _new_file(out / "checkpoint.pt") as unfinished:
        torch.save(state | progress, unfinished)


def load_checkpoint(out: Path, parts: dict, device: str) -> dict:
    """Put the last checkpoint into these parts, and give the rest of it; {} where there is none."""
    if not (out / "checkpoint.pt").exists():
        return {}
    try:
        state = torch.load(out / "checkpoint.pt", map_location=device, weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(state.pop(name))
    except Exception as error:  # cut or foreign files raise many kinds; code in them is not run
        raise InputError(
            f"{out / 'checkpoint.pt'} is damaged, or holds more than numbers ({type(error).__name__}): delete it, and "
            "--resume trains this run from its start."
        ) from error
    return state


def load_best(out: Path, model: nn.Module) -> None:
    """Put the best weights so far into the model. Raises InputError where they are damaged."""
    try:
        safetensors.torch.load_model(model, out / "best.safetensors")
    except Exception as error:  # cut files raise many kinds: no such file, header, shape
        raise InputError(
            f"{out / 'best.safetensors'} is damaged ({type(error).__name__}): delete it and checkpoint.pt, and "
            "--resume trains this run from its start."
        ) from error


def check_free(out: Path, resume: bool, anew: bool) -> bool:
    """Whether to go on with a run in `out`; InputError where one would be overwritten, or there is none to resume.

    What a killed process left unfinished is removed. A run that was killed before its first settings were written has
    nothing to go on with, and is begun.
    """
    begun = (out / "settings.json").exists()
    if resume and not begun and not (out / "split.csv").exists():
        raise InputError(f"{out} holds no run to go on with: leave out --resume.")
    for path in out.glob(f".*{fetch.UNFINISHED}"):
        path.unlink(missing_ok=True)
    if not resume and not anew and out.exists() and any(out.iterdir()):
        raise InputError(f"{out} is not empty: choose another --out, or go on with its run by --resume.")
    return resume and begun


def check_same(out: Path, plan: dict) -> dict:
    """The settings of the run that goes on; they must be about the same pictures, split and network."""
    made = settings(out)
    for key in ("network", "recipe", "side", "width", "seed", "data_hash", "split_hash"):
        if made[key] != plan[key]:
            raise InputError(f"{out} was begun with {key} {made[key]}, not {plan[key]}: resume it with the same.")
    return made


@contextmanager
def _new_file(path: Path):
    """`fetch.new_file` for torch and safetensors, which don't raise an OSError where the disk is full."""
    try:
        with fetch.new_file(path) as unfinished:
            yield unfinished
    except (RuntimeError, SafetensorError) as error:
        raise OSError(errno.ENOSPC, "can't be written whole, so the disk seems to be full", str(path)) from error


def write_json(path: Path, content: dict) -> None:
    """Write JSON under a temporary name, then rename."""
    with fetch.new_file(path) as unfinished:
        unfinished.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _environment() -> dict:
    return dict(
        harkit=harkit.__version__, python=platform.python_version(), torch=torch.__version__,
        torchvision=version("torchvision"), system=platform.system(), machine=platform.machine(),
        cores=profiles.cores(), cpu=torch.backends.cpu.get_cpu_capability(),
        gpu=torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    )  # fmt: skip
