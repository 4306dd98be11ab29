"""Reading: pictures a second against the published loader, and the memory of an epoch on ten times the pictures."""

import gc
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import sides
from torchvision import transforms

from harkit import augment, settings
from harkit import pictures as decoded
from harkit.pictures import Batches, PictureSet

FALLS = [
    transforms.RandomHorizontalFlip(),
    transforms.RandomRotation(10),
    transforms.ColorJitter(**augment.PUBLISHED),
]
SMALL_SIDE = 64  # of the profile `reduced`
FEW, MANY = 7_000, 70_000  # pictures of SMALL_SIDE in the comparison of memory


def rate(batches) -> float:
    """Pictures a second of an iterable of batches: whole epochs, the start of each included, for a second at least."""
    seen, started = 0, time.perf_counter()
    while (seconds := time.perf_counter() - started) < 1:
        seen += sum(len(images) for images, _ in batches)
    return seen / seconds


def reading() -> list[dict]:
    """The memory-mapped array against a folder of JPEG files, as they are and with changes drawn for each picture."""
    catalogue, folder = sides.pictures()
    rows = []
    for what, side, change, changes, asked in (
        ("reading", SMALL_SIDE, None, (), "≥ 50"),
        ("reading", sides.SIDE, None, (), "≥ 50"),
        ("reading, published fall transforms", sides.SIDE, augment.published_falls, FALLS, "≥ 5"),
    ):
        ours = Batches(sides.our_pictures(catalogue, side), sides.BATCH, settings.device(), 0, change)
        loader = sides.published_loader(folder, changes, side)
        both = partial(rate, ours), partial(rate, loader)
        rows.append(sides.compare(f"{what}, {side} px", "pictures/s", *both, asked))
    return rows


def memory() -> list[dict]:
    """Peak memory of an epoch of batches, 70,000 pictures against 7,000, each in a process of its own.

    What counts is the anonymous part of the resident memory (RssAnon): it can't be taken back. Pages of the mapped
    file (RssFile) are resident as well, as many as there is room for, but the system drops them when others need it.
    """
    if not Path("/proc/self/status").exists():
        return [sides.row("memory of an epoch: left out, for it is read from Linux's /proc")]
    for pictures in (FEW, MANY):  # the first time it writes the array, which is not part of what is measured
        _epoch(pictures)
    of_files = {FEW: 0.0, MANY: 0.0}

    def peak(pictures: int) -> float:
        found = _epoch(pictures)
        of_files[pictures] = max(of_files[pictures], found["RssFile"])
        return found["RssAnon"]

    what = f"memory of an epoch, {MANY:,} against {FEW:,} pictures"
    measured = sides.compare(what, "MB", partial(peak, MANY), partial(peak, FEW), "≤ 1.10", 3)
    shown = (f"{of_files[pictures]:,.1f} MB" for pictures in (MANY, FEW))
    return [measured, sides.row("… pages of files beside it, which the system may drop", *shown)]


def _epoch(pictures: int) -> dict[str, float]:
    """Peak megabytes, by kind, of a fresh process that reads an epoch."""
    answer, _ = sides.begin("reading.py", pictures).communicate()
    kinds = (pair.split("=") for pair in answer.split())
    return {kind: float(size) for kind, size in kinds}


def _read_an_epoch(pictures: int) -> None:
    """Batches of so many pictures, all black: there are no files, for decoding is not what is measured."""
    decoded.decode = lambda path, side: np.zeros((side, side, 3), np.uint8)
    names = [f"Image_{i}.jpg" for i in range(pictures)]
    catalogue = pd.DataFrame({
        "path": [f"/a/folder/of/pictures/train/{name}" for name in names], "name": names, "group": names,
        "subject": "", "label": [f"class {i % 15}" for i in range(pictures)], "status": "labelled", "split": "train",
        "digest": [f"{i:064x}" for i in range(pictures)],
    })  # fmt: skip
    read = PictureSet(catalogue, SMALL_SIDE, sides.OUT / "decoded", sorted(set(catalogue.label)))
    batches = Batches(read, sides.BATCH, seed=0)
    del catalogue
    gc.collect()
    peak = {}
    for number, _ in enumerate(batches):
        if number % 20 == 0:
            peak = {kind: max(size, peak.get(kind, 0)) for kind, size in _resident().items()}
    print(*(f"{kind}={size / 1024}" for kind, size in peak.items()))


def _resident() -> dict[str, int]:
    """Kilobytes of this process, by kind."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith(("RssAnon", "RssFile"))}


if __name__ == "__main__":
    _read_an_epoch(int(sys.argv[1]))
