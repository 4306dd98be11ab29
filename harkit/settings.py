"""How much work a lesson does, where it reads and where it writes. The only reader of environment variables."""

import logging
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

HAR_ZIP = "human-action-recognition-har-dataset.zip"
FALLS_ZIP = "urfall.zip"
DEVICES = ("cpu", "cuda", "mps")
SOURCES = ("HARKIT_HAR", "HARKIT_FALLS", "HARKIT_PHOTOS")  # variables that name pictures


class InputError(Exception):
    """The input is wrong: the message is one sentence that says what, which file, and what to do."""


@dataclass(frozen=True)
class Settings:
    """One profile, with every path and number that depends on it."""

    profile: str
    har: str  # where the action pictures come from: "drawn", "kaggle", a folder or a zip
    falls: str  # where the falls come from: "drawn", a folder or a zip
    side: int  # pixels; every picture becomes side × side
    split_sizes: tuple[int, int, int]  # training, validation, test pictures
    copies_per_class: int  # offline augmentation, lesson 3
    width: int  # channels of the first stage of VGG16 and ResNet; 64 as published
    epochs: dict[str, int]  # of the published recipe, a network
    improved_epochs: dict[str, int]  # of the improved recipe, a network
    short: bool  # the improved recipe as for a few minutes (recipes.SHORT)
    drawn_count: int  # labelled pictures drawn where the source is "drawn"
    drawn_subjects: int  # acting subjects drawn for the falls
    download: bool  # may ImageNet weights be downloaded (98 MB)?
    data: Path  # pictures and decoded arrays; can be shared by a class
    results: Path  # what the lessons write; one folder a profile
    seed: int = 0


PROFILES = {
    "reduced": dict(
        side=64, split_sizes=(1100, 200, 200), copies_per_class=15, width=8, drawn_count=1500, drawn_subjects=10,
        epochs={"vgg16": 2, "resnet": 3, "resnet50": 2, "efficientnet_lite0": 2},
        improved_epochs={"vgg16": 10, "resnet": 20, "resnet50": 2, "efficientnet_lite0": 6},
        short=True, download=False,
    ),
    "photos": dict(
        side=96, split_sizes=(5000, 1000, 1000), copies_per_class=70, width=32, drawn_count=7000, drawn_subjects=24,
        epochs={"vgg16": 10, "resnet": 12, "resnet50": 4, "efficientnet_lite0": 8},
        improved_epochs={"vgg16": 20, "resnet": 30, "resnet50": 6, "efficientnet_lite0": 8},
        short=False, download=True,
    ),
    "full": dict(
        side=224, split_sizes=(5000, 1000, 1000), copies_per_class=70, width=64, drawn_count=7000, drawn_subjects=24,
        epochs={"vgg16": 40, "resnet": 50, "resnet50": 20, "efficientnet_lite0": 20},
        improved_epochs={"vgg16": 40, "resnet": 80, "resnet50": 20, "efficientnet_lite0": 18},
        short=False, download=True,
    ),
}  # fmt: skip


def load(profile: str | None = None, **changes) -> Settings:
    """Settings of a profile: the named one, else HARKIT_PROFILE, else `full` on a GPU and `reduced` without one.

    `changes` replace single fields. Raises InputError for a profile that does not exist.
    """
    profile = profile or os.environ.get("HARKIT_PROFILE") or ("full" if device() == "cuda" else "reduced")
    if profile not in PROFILES:
        raise InputError(f"There is no profile '{profile}': choose one of {', '.join(PROFILES)}.")
    folder = course_folder()
    har, falls = _sources(profile)
    settings = Settings(
        profile=profile,
        har=har,
        falls=falls,
        data=Path(os.environ.get("HARKIT_DATA") or folder / "data").expanduser().resolve(),
        results=Path(os.environ.get("HARKIT_RESULTS") or folder / "results").expanduser().resolve() / profile,
        **PROFILES[profile],
    )
    if offline():
        settings = replace(settings, download=False)
    return replace(settings, **changes)


def offline() -> bool:
    """Whether nothing may be downloaded here (HARKIT_OFFLINE)."""
    return bool(os.environ.get("HARKIT_OFFLINE"))


def course_folder() -> Path:
    """The folder that holds `notebooks/` and `harkit/`, seen from here; the current folder where there is none."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "notebooks").is_dir() and (folder / "harkit").is_dir():
            return folder
    return here


def environment(settings: Settings) -> dict[str, str]:
    """The variables with which a process that begins in another folder loads the same settings."""
    where = {"HARKIT_DATA": settings.data, "HARKIT_RESULTS": settings.results.parent}
    where |= {name: _absolute(os.environ[name]) for name in SOURCES if os.environ.get(name)}
    return {"HARKIT_PROFILE": settings.profile, **{name: str(path) for name, path in where.items()}}


def speak() -> None:
    """Let the package's messages appear in a notebook, as plain lines under the cell."""
    logger = logging.getLogger("harkit")
    logger.handlers = [logging.StreamHandler(sys.stdout)]
    logger.setLevel(logging.INFO)
    logger.propagate = False


def short(path: Path | str) -> str:
    """A path as a lesson prints it: from the course's folder or the home folder on; elsewhere its last two parts."""
    path = Path(path)
    for folder, prefix in ((course_folder(), ""), (Path.home(), "~/")):
        if path.is_relative_to(folder):
            return prefix + path.relative_to(folder).as_posix()
    return "…/" + "/".join(path.parts[-2:])


def device() -> str:
    """The fastest device here, as torch names it: HARKIT_DEVICE, else cuda, mps or cpu."""
    if os.environ.get("HARKIT_DEVICE"):
        return _there(os.environ["HARKIT_DEVICE"])
    if not _gpu_driver():
        return "cpu"  # lesson 1 gets here without importing torch, which takes seconds
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _there(device: str) -> str:
    if device.partition(":")[0] not in DEVICES:
        raise InputError(f"HARKIT_DEVICE is '{device}': set it to one of {', '.join(DEVICES)}.")
    if device != "cpu":
        import torch

        if not (torch.backends.mps if device == "mps" else torch.cuda).is_available():
            raise InputError(f"HARKIT_DEVICE is '{device}', and torch finds none here: unset it, or set it to cpu.")
    return device


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processes() -> tuple[int, int]:
    """This process's number and how many train together, as torchrun says (RANK, WORLD_SIZE): (0, 1) for one alone."""
    world = int(os.environ.get("WORLD_SIZE") or 1)
    return (int(os.environ.get("RANK") or 0), world) if world > 1 else (0, 1)


def local_rank() -> int:
    """This process's number among those on this machine, as torchrun says (LOCAL_RANK)."""
    return int(os.environ.get("LOCAL_RANK") or 0)


def _gpu_driver() -> bool:
    import platform
    import shutil

    return bool(shutil.which("nvidia-smi")) or Path("/dev/nvidia0").exists() or platform.system() == "Darwin"


def _absolute(source: str | None) -> str | None:
    """A source of pictures as every folder understands it."""
    if not source or source in ("drawn", "kaggle"):
        return source
    return str(Path(source).expanduser().resolve())


def _sources(profile: str) -> tuple[str, str]:
    """Where the pictures come from. `reduced` draws them; the others take the real ones where they are given."""
    har, falls, photos = (_absolute(os.environ.get(name)) for name in SOURCES)
    if photos and profile != "reduced":
        folder = Path(photos)
        if not folder.is_dir():
            raise InputError(f"HARKIT_PHOTOS names {folder}, which is not a folder: set it to the one with the zips.")
        found = [str(folder / name) if (folder / name).exists() else None for name in (HAR_ZIP, FALLS_ZIP)]
        if not any(found):
            raise InputError(f"HARKIT_PHOTOS names {folder}, which lacks both {HAR_ZIP} and {FALLS_ZIP}: rename yours.")
        har, falls = har or found[0], falls or found[1]
    return har or ("kaggle" if profile == "full" else "drawn"), falls or "drawn"
