"""What every part of the bench shares: the pictures, the published way of reading them, two sides in turns, a row."""

import platform
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from harkit import catalogue as catalogues
from harkit import fetch, settings
from harkit.pictures import HALF, PictureSet

HERE = Path(__file__).parent
OUT = HERE.parent / "build" / "bench"
COLUMNS = ("what", "ours", "theirs", "ratio", "lowest – highest", "asked")
PICTURES, SIDE, BATCH = 1500, 224, 32  # as published: 224 px, batches of 32
WORKERS = 4  # of the published DataLoader, whatever the machine has
rounds = 5  # of each comparison; `--rounds` sets another number


def row(what: str, ours: str = "", theirs: str = "", ratio: str = "", spread: str = "", asked: str = "") -> dict:
    """One row of the table."""
    return dict(zip(COLUMNS, (what, ours, theirs, ratio, spread, asked), strict=True))


def compare(
    what: str, unit: str, ours: Callable[[], float], theirs: Callable[[], float], asked: str = "", most: int = 99
) -> dict:
    """Both sides in turns, `rounds` times and at most `most` times; each gives a rate or an amount. One row."""
    pairs = []
    for _ in range(min(rounds, most)):
        pairs.append((ours(), theirs()))
        print(f"  {what}: {pairs[-1][0]:,.2f} against {pairs[-1][1]:,.2f} {unit}", flush=True)
    mine, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratios = [a / b for a, b in pairs]
    spread = f"{min(ratios):.2f} – {max(ratios):.2f}"
    return row(what, f"{mine:,.1f} {unit}", f"{other:,.1f} {unit}", f"{statistics.median(ratios):.2f}", spread, asked)


def seconds_of(what: str, measure: Callable[[], float], asked: str, most: int = 99) -> dict:
    """One row of a time that has no other side."""
    seconds = [measure() for _ in range(min(rounds, most))]
    print(f"  {what}: {statistics.median(seconds):.2f} s", flush=True)
    spread = f"{min(seconds):.2f} – {max(seconds):.2f} s"
    return row(what, f"{statistics.median(seconds):.2f} s", spread=spread, asked=asked)


def begin(script: str, *arguments, environment: dict | None = None) -> subprocess.Popen:
    """A file of this folder in a process of its own, which is spoken with over its input and output."""
    command = [sys.executable, "-W", "ignore", str(HERE / script), *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment, cwd=HERE.parent)


def pictures() -> tuple[pd.DataFrame, Path]:
    """The catalogue of the drawn pictures, all in the training part, and a folder a class of the same files."""
    folder = fetch.fetch("har", "drawn", OUT, PICTURES)
    catalogue = catalogues.read(folder)
    catalogue = catalogue[catalogue.status == "labelled"].assign(split="train").reset_index(drop=True)
    by_class = OUT / "by_class"
    for picture in catalogue.itertuples():
        link = by_class / picture.label / Path(picture.path).name
        if not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(picture.path)
    return catalogue, by_class


def our_pictures(catalogue: pd.DataFrame, side: int = SIDE) -> PictureSet:
    """The same pictures, decoded once."""
    return PictureSet(catalogue, side, OUT / "decoded", catalogues.classes(catalogue)).part("train")


def published_loader(folder: Path, changes=(), side: int = SIDE) -> DataLoader:
    """As both notebooks read: a folder a class, Pillow, `changes` and normalisation for each picture on the CPU."""
    steps = [transforms.Resize((side, side)), *changes, transforms.ToTensor(), transforms.Normalize(*HALF)]
    pictures = datasets.ImageFolder(str(folder), transforms.Compose(steps))
    return DataLoader(pictures, BATCH, shuffle=True, num_workers=WORKERS)


def machine() -> str:
    """What the table was measured on, in a line; a load above 0 says that other programs were at work."""
    import os

    gpu = f", {torch.cuda.get_device_name()}" if settings.device() == "cuda" else ""
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return (
        f"{_processor()}, {torch.backends.cpu.get_cpu_capability()}{gpu}, {settings.cores()} cores, "
        f"{torch.get_num_threads()} threads, torch {torch.__version__}, {rounds} rounds{load}"
    )


def _processor() -> str:
    """Its name, and with which of its instructions it computes in bfloat16."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    said = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    able = [name for name in ("avx512_bf16", "amx_bf16") if name in said.get("flags", "").split()]
    return ", ".join([said.get("model name", platform.machine()), *able])
