"""How fast this machine reads, trains and starts, against the published way: both sides in one go, in turns.

    make bench                                  everything: about 20 minutes on 2 cores
    python bench/speed.py reading training      parts of it

Parts: reading, training, peak, two, start, memory. The pictures are drawn, and kept in build/bench. Each comparison is
made ROUNDS times, the two sides one after the other, and ends as one row: what, ours, theirs, the ratio (median) and
the lowest and highest ratio seen. The table goes to build/bench/speed.md.
"""

import subprocess
import sys
import time
from collections.abc import Callable
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

OUT = Path(__file__).parent.parent / "build" / "bench"
ROUNDS = 5
PICTURES, SIDE, BATCH = 1500, 224, 32  # as published: 224 px, batches of 32
WORKERS = 4  # of the published DataLoader, whatever the machine has
AS_PUBLISHED = transforms.Compose(
    [transforms.Resize((SIDE, SIDE)), transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)]
)
FALLS_AS_PUBLISHED = transforms.Compose([
    transforms.Resize((SIDE, SIDE)),
    transforms.RandomHorizontalFlip(),
    transforms.RandomRotation(10),
    transforms.ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1),
    transforms.ToTensor(),
    transforms.Normalize([0.5] * 3, [0.5] * 3),
])  # fmt: skip


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


def published_loader(folder: Path, change=AS_PUBLISHED) -> DataLoader:
    return DataLoader(datasets.ImageFolder(str(folder), change), BATCH, shuffle=True, num_workers=WORKERS)


def rate(batches, stop: int | None = None) -> float:
    """Pictures a second of an iterable of batches, its start included, as an epoch has it."""
    started, seen = time.perf_counter(), 0
    for images, _ in batches:
        seen += len(images)
        if stop and seen >= stop:
            break
    return seen / (time.perf_counter() - started)


def reading() -> list[dict]:
    catalogue, folder = pictures()
    ours = PictureSet(catalogue, SIDE, OUT / "decoded", catalogues.classes(catalogue)).part("train")
    plain = Batches(ours, BATCH, settings.device(), seed=0)
    changed = Batches(ours, BATCH, settings.device(), 0, augment.published_falls)
    return [
        compare("reading", "pictures/s", lambda: rate(plain), lambda: rate(published_loader(folder)), "≥ 50"),
        compare("reading, published fall transforms", "pictures/s", lambda: rate(changed),
                lambda: rate(published_loader(folder, FALLS_AS_PUBLISHED)), "≥ 5"),
    ]  # fmt: skip


def published_step(network: nn.Module, optimizer, images, labels) -> None:
    loss = nn.functional.cross_entropy(network(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def training(names=("vgg16", "resnet"), shown: int = 6 * BATCH) -> list[dict]:
    """Pictures a second from file to updated weights, over the first `shown` pictures of an epoch after a warm-up."""
    from harkit.training import train_one_epoch

    catalogue, folder = pictures()
    device = settings.device()
    ours = PictureSet(catalogue, SIDE, OUT / "decoded", catalogues.classes(catalogue)).part("train")
    rows = []
    for name in names:
        recipe = recipes.get(name, "published")

        def make(name=name, recipe=recipe):
            torch.manual_seed(0)
            network = models.build(name, 15, SIDE, 64).to(device)
            return network, torch.optim.SGD(network.parameters(), recipe.learning_rate, weight_decay=0.001)

        network, optimizer = make()
        images, labels = next(iter(Batches(ours, BATCH, device, seed=0)))
        chosen = precision.choose(network, images, labels)[0]
        computing = precision.Computing(network, chosen)
        batches = Batches(ours, BATCH, device, seed=0, normalisation=HALF)

        def mine(computing=computing, optimizer=optimizer, batches=batches) -> float:
            few, started = [], time.perf_counter()
            for i, batch in enumerate(batches):
                few.append(batch)
                train_one_epoch(computing, few[-1:], optimizer, nn.CrossEntropyLoss())
                if (i + 1) * BATCH >= shown:
                    break
            return shown / (time.perf_counter() - started)

        theirs, their_optimizer = make()

        def published(theirs=theirs, optimizer=their_optimizer) -> float:
            loader = iter(published_loader(folder))
            images, labels = next(loader)  # the workers have started
            published_step(theirs.train(), optimizer, images.to(device), labels.to(device))
            started = time.perf_counter()
            for _ in range(shown // BATCH):
                images, labels = next(loader)
                published_step(theirs, optimizer, images.to(device), labels.to(device))
            return shown / (time.perf_counter() - started)

        rows.append(
            compare(f"training {name}, {chosen}", "pictures/s", mine, published, "≥ 2 (AVX512-BF16), ≥ 5 (GPU)")
        )
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
