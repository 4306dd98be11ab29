"""How fast this machine reads, trains and starts, against the published way: both sides in one go, in turns.

    make bench                                  everything: about 20 minutes on 2 cores
    python bench/speed.py reading training      parts of it

Parts: reading, training, start. The pictures are drawn, and kept in build/bench. Each comparison is
made ROUNDS times, the two sides one after the other, and ends as one row: what, ours, theirs, the ratio (median) and
the lowest and highest ratio seen. The table goes to build/bench/speed.md.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from harkit import augment, fetch, models, precision, recipes, settings
from harkit import catalogue as catalogues
from harkit.pictures import HALF, Batches, PictureSet
from harkit.training import train_one_epoch

OUT = Path(__file__).parent.parent / "build" / "bench"
ROUNDS = 5
PICTURES, SIDE, BATCH = 1500, 224, 32  # as published: 224 px, batches of 32
WORKERS = 4  # of the published DataLoader, whatever the machine has
FALLS = [
    transforms.RandomHorizontalFlip(),
    transforms.RandomRotation(10),
    transforms.ColorJitter(**augment.PUBLISHED),
]


def compare(what: str, unit: str, ours: Callable[[], float], theirs: Callable[[], float], asked: str = "") -> dict:
    """Both sides in turns, `ROUNDS` times; each gives a rate (more is better). One row of the table."""
    pairs = []
    for _ in range(ROUNDS):
        pairs.append((ours(), theirs()))
        print(f"  {what}: {pairs[-1][0]:,.1f} against {pairs[-1][1]:,.1f} {unit}", flush=True)
    mine, other = np.median(pairs, axis=0)
    ratios = [a / b for a, b in pairs]
    return {
        "what": what, "ours": f"{mine:,.1f} {unit}", "theirs": f"{other:,.1f} {unit}",
        "ratio": f"{np.median(ratios):.2f}", "lowest – highest": f"{min(ratios):.2f} – {max(ratios):.2f}",
        "asked": asked,
    }  # fmt: skip


def pictures() -> tuple[pd.DataFrame, Path]:
    """The catalogue of the drawn pictures, all in the training part, and a folder a class of the same files."""
    folder = fetch.fetch("har", "drawn", OUT, PICTURES)
    catalogue = catalogues.read(folder)
    catalogue = catalogue[catalogue.status == "labelled"].assign(split="train").reset_index(drop=True)
    by_class = OUT / "by_class"
    for row in catalogue.itertuples():
        link = by_class / row.label / Path(row.path).name
        if not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(row.path)
    return catalogue, by_class


def published_loader(folder: Path, changes=()) -> DataLoader:
    """As both notebooks read: a folder a class, Pillow, `changes` and normalisation for each picture on the CPU."""
    steps = [transforms.Resize((SIDE, SIDE)), *changes, transforms.ToTensor(), transforms.Normalize(*HALF)]
    pictures = datasets.ImageFolder(str(folder), transforms.Compose(steps))
    return DataLoader(pictures, BATCH, shuffle=True, num_workers=WORKERS)


def rate(batches) -> float:
    """Pictures a second of an iterable of batches, its start included, as an epoch has it."""
    started = time.perf_counter()
    seen = sum(len(images) for images, _ in batches)
    return seen / (time.perf_counter() - started)


def our_pictures(catalogue: pd.DataFrame) -> PictureSet:
    return PictureSet(catalogue, SIDE, OUT / "decoded", catalogues.classes(catalogue)).part("train")


def reading() -> list[dict]:
    catalogue, folder = pictures()
    ours, device = our_pictures(catalogue), settings.device()
    rows = []
    for what, change, changes, asked in (
        ("reading", None, (), "≥ 50"),
        ("reading, published fall transforms", augment.published_falls, FALLS, "≥ 5"),
    ):
        batches, loader = Batches(ours, BATCH, device, 0, change), published_loader(folder, changes)
        rows.append(compare(what, "pictures/s", partial(rate, batches), partial(rate, loader), asked))
    return rows


def trained(network: nn.Module, optimizer, batches, shown: int = 6) -> float:
    """Pictures a second from file to updated weights: the first `shown` batches of an epoch, after one to warm up."""
    device, loss_function = settings.device(), nn.CrossEntropyLoss()
    on_device = ((images.to(device), labels.to(device)) for images, labels in batches)
    train_one_epoch(network, islice(on_device, 1), optimizer, loss_function)
    started = time.perf_counter()
    train_one_epoch(network, islice(on_device, shown), optimizer, loss_function)
    return shown * BATCH / (time.perf_counter() - started)


def training(names=("vgg16", "resnet")) -> list[dict]:
    catalogue, folder = pictures()
    batches, loader = Batches(our_pictures(catalogue), BATCH, settings.device(), seed=0), published_loader(folder)
    rows = []
    for name in names:
        recipe, sides = recipes.get(name, "published"), []
        torch.manual_seed(0)
        networks = [models.build(name, 15, SIDE, 64).to(settings.device()) for _ in range(2)]
        chosen = precision.choose(networks[0], *next(iter(batches)))[0]
        for network, way, source in zip(networks, (chosen, "fp32"), (batches, loader), strict=True):
            optimizer, _ = recipes.make_optimizer(recipe, network, len(batches))
            sides.append(partial(trained, precision.Computing(network, way), optimizer, source))
        rows.append(compare(f"training {name}, {chosen}", "pictures/s", *sides, "≥ 2 (AVX512-BF16), ≥ 5 (GPU)"))
    return rows


def start() -> list[dict]:
    """Seconds of `harkit --help`."""
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "harkit", "--help"], check=True, capture_output=True)
        seconds.append(time.perf_counter() - began)
    return [{
        "what": "harkit --help", "ours": f"{np.median(seconds):.2f} s", "theirs": "", "ratio": "",
        "lowest – highest": f"{min(seconds):.2f} – {max(seconds):.2f} s", "asked": "≤ 0.5 s",
    }]  # fmt: skip


PARTS = {"reading": reading, "training": training, "start": start}


def main(parts: list[str]) -> None:
    unknown = set(parts) - set(PARTS)
    if unknown:
        sys.exit(f"There is no part '{unknown.pop()}': choose from {', '.join(PARTS)}.")
    rows = []
    for part in parts or PARTS:
        print(part, flush=True)
        rows += PARTS[part]()
    columns = ["what", "ours", "theirs", "ratio", "lowest – highest", "asked"]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    lines += [f"| {' | '.join(row[c] for c in columns)} |" for row in rows]
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "speed.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main(sys.argv[1:])
