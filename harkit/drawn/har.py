"""The action pictures as files: the layout of the Kaggle set, with its dirt in its proportions."""

import csv
import io
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from harkit.drawn.actions import TABLE
from harkit.drawn.luck import Luck
from harkit.drawn.picture import describe, draw_bytes
from harkit.drawn.workers import for_each

TOP = "Human Action Recognition"
PLAN = 2**31 - 1  # the stream of the numbering; pictures count up from 0, so no picture has it
TEST_SHARE = 0.04  # unlabelled pictures for each labelled one

# Dirt a labelled picture, as counted in the real set of 12,600.
COPIES = 110 / 12600  # groups of byte-identical pictures
NEAR_COPIES = 130 / 12600  # groups that differ by compression, a mirror, a few per cent of crop
IN_TEST = 100 / 12600  # labelled pictures that also stand in the test folder
STRAYS = 1 / 1000  # files in train/ that no CSV lists


@dataclass(frozen=True)
class Job:
    """One file to write: drawn anew, or made from a picture that is drawn too."""

    path: str  # below the top folder
    action: str
    index: int  # of the picture's stream
    how: str = "drawn"  # or "recompressed", "mirrored", "cropped", "cut short"


def draw_har(folder: Path | str, count: int, seed: int = 0, processes: int | None = None):
    """Draw `count` labelled pictures and their test folder into an empty folder, in the layout of the Kaggle set.

    Dirt is within the count: copies, near-copies, labelled pictures in the test folder, one file cut short; strays that
    no CSV lists come on top. Raises ValueError for fewer than 60 pictures.
    """
    if count < 60:
        raise ValueError(f"{count} pictures are too few for {len(TABLE)} actions and their dirt: ask for 60 or more.")
    top = Path(folder) / TOP
    for name in ("train", "test"):
        (top / name).mkdir(parents=True, exist_ok=True)
    labelled, test, strays = _plan(count, seed)
    _write_table(top / "Training_set.csv", ("filename", "label"), [(Path(j.path).name, j.action) for j in labelled])
    _write_table(top / "Testing_set.csv", ("filename",), [(Path(j.path).name,) for j in test])
    jobs = [(str(top), job, seed) for job in [*labelled, *test, *strays]]
    for_each(_write, jobs, processes)


def describe_har(count: int, seed: int = 0, names: Collection[str] | None = None) -> list[dict]:
    """What each labelled picture of `draw_har` was drawn with: name and the fields of `picture.Attributes`.

    `names` (as "train/Image_1.jpg") keeps only these.
    """
    labelled, _, _ = _plan(count, seed)
    chosen = [job for job in labelled if names is None or job.path in names]
    return [{"name": job.path, **asdict(describe(job.action, seed, job.index))} for job in chosen]


def _plan(count: int, seed: int) -> tuple[list[Job], list[Job], list[Job]]:
    """Which file holds which picture: labelled, test and stray files, in the order of their numbers."""
    rng = np.random.default_rng([seed, PLAN])
    names = sorted(TABLE)
    actions = [names[k % len(names)] for k in range(count)]
    rng.shuffle(actions)
    copy_of, how = _dirt(actions, rng)
    labelled = [
        Job(f"train/Image_{k + 1}.jpg", action, copy_of.get(k, k), how.get(k, "drawn"))
        for k, action in enumerate(actions)
    ]
    plain = [k for k in range(count) if k not in how and k not in copy_of]
    leaked = list(rng.choice(plain, max(1, round(count * IN_TEST)), replace=False))
    size = max(4, round(count * TEST_SHARE), 2 * len(leaked))
    sources = [(labelled[k].action, labelled[k].index) for k in leaked]
    sources += [(names[int(rng.integers(len(names)))], count + k) for k in range(size - len(leaked))]
    rng.shuffle(sources)
    test = [Job(f"test/Image_{k + 1}.jpg", str(action), int(index)) for k, (action, index) in enumerate(sources)]
    strays = [_stray(labelled[k]) for k in rng.choice(plain, max(2, round(count * STRAYS)), replace=False)]
    strays += [_stray(test[int(rng.integers(size))])]
    return labelled, test, strays


def _dirt(actions: list[str], rng) -> tuple[dict[int, int], dict[int, str]]:
    """For some pictures the one of the same action that they copy, and how; for one, that it is cut short."""
    count = len(actions)
    exact, near = max(1, round(count * COPIES)), max(3, round(count * NEAR_COPIES))
    order = list(rng.permutation(count))
    waiting: dict[str, int] = {}
    copy_of, how = {}, {}
    kinds = ["drawn"] * exact + [("recompressed", "mirrored", "cropped")[k % 3] for k in range(near)]
    for k in map(int, order):
        if len(copy_of) == len(kinds):
            how[k] = "cut short"
            break
        if actions[k] not in waiting:
            waiting[actions[k]] = k
            continue
        original = waiting.pop(actions[k])
        how[k] = kinds[len(copy_of)]
        copy_of[k] = original
        how.setdefault(original, "drawn")
    return copy_of, how


def _stray(job: Job) -> Job:
    return Job(job.path.replace(".jpg", "(1).jpg"), job.action, job.index, job.how)


def _write(top: str, job: Job, seed: int):
    data = draw_bytes(job.action, seed, job.index)
    if job.how != "drawn":
        data = _spoil(data, job.how, Luck(seed, job.index, 1))
    (Path(top) / job.path).write_bytes(data)


def _spoil(data: bytes, how: str, luck) -> bytes:
    """A near-copy of a picture, or a file that ends too early."""
    if how == "cut short":
        return data[: len(data) * 2 // 5]
    image = Image.open(io.BytesIO(data)).convert("RGB")
    if how == "mirrored":
        image = ImageOps.mirror(image)
    elif how == "cropped":
        dx, dy = (max(2, int(side * luck.between(0.015, 0.035))) for side in image.size)
        image = image.crop((dx, dy, image.width - dx // 2, image.height - dy // 2))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=int(luck.between(55, 90)))
    return buffer.getvalue()


def _write_table(path: Path, header: tuple, rows: list[tuple]):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
