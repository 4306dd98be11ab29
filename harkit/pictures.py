"""The decoded pictures of a catalogue, and batches of them on the device."""

import math
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from harkit import decoding
from harkit.settings import InputError

HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))  # mean and standard deviation a channel, as both published notebooks use
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # what torchvision's pretrained weights expect
NORMALISATION = {"half": HALF, "imagenet": IMAGENET}
GPU_SHARE = 0.25  # of the free memory of a GPU: pixels that fit in are kept there
AT_ONCE = 2**18  # pixels that are changed together on a CPU: what one step hands to the next then stays in its cache


class PictureSet:
    """The decoded pictures of a catalogue, one a row.

    `pixels` is (M, side, side, 3) uint8 on disk, `index` (N,) says which of them is row i, `labels` (N,) holds the
    number of each row's class, -1 where it has none. Pictures with the same bytes are decoded once.
    """

    def __init__(self, catalogue: pd.DataFrame, side: int, cache: Path, classes: list[str] = (), blank: bool = False):
        """`cache` is the folder of the decoded arrays. `blank` puts a black picture, with a warning, where one can't
        be read; else that raises InputError."""
        unique = catalogue.drop_duplicates("digest").sort_values("digest")
        place = {digest: i for i, digest in enumerate(unique.digest)}
        number = {name: i for i, name in enumerate(classes)}
        self.catalogue = catalogue.reset_index(drop=True)
        self.pixels = np.asarray(decoding.array(unique, side, Path(cache), blank))  # a plain array is indexed faster
        self.index = np.array([place[digest] for digest in catalogue.digest], dtype=int)
        self.labels = np.array([number.get(label, -1) for label in catalogue.label], dtype=int)

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, i: int) -> np.ndarray:
        """The picture of row `i`, (side, side, 3) uint8."""
        return self.pixels[self.index[i]]

    def part(self, split: str) -> "PictureSet":
        """The rows of one split, on the same pixels."""
        rows = np.flatnonzero(self.catalogue.split == split)
        return self._of(self.catalogue.iloc[rows], self.pixels, self.index[rows], self.labels[rows])

    @classmethod
    def _of(cls, catalogue: pd.DataFrame, pixels: np.ndarray, index: np.ndarray, labels: np.ndarray) -> "PictureSet":
        made = cls.__new__(cls)
        made.catalogue, made.pixels = catalogue.reset_index(drop=True), pixels
        made.index, made.labels = index, labels
        return made


def noise(count: int, side: int) -> PictureSet:
    """`count` pictures of chance, of one class: something to measure on before anything is decoded."""
    pixels = np.random.default_rng(0).integers(0, 256, (128, side, side, 3), dtype=np.uint8)  # so many in memory
    index = np.arange(count)
    return PictureSet._of(pd.DataFrame(index=index), pixels, index % len(pixels), np.zeros(count, dtype=int))


class Batches:
    """Batches of a PictureSet: images (N, 3, H, W) float32, normalised, and labels (N,) int64, on the device.

    With a `seed` the order is new each `epoch` (set it before iterating) and the same for the same seed and epoch;
    without one it is the order of the catalogue. `augment` takes pixels (N, 3, H, W) uint8 and a generator, and gives
    images in 0…1 that nobody else holds; on a CPU it may get parts of a batch, in threads. `pieces(n)` gives an epoch
    in pieces of n batches, each of which can be had alone. Each picture comes exactly once; a last batch of one picture
    joins the one before it, because batch normalisation needs two.

    With `share` (rank, world) these are the slices of process `rank` out of `world`: all of them together make the
    batches of `batch_size`, in the same order whatever the world. Slices differ by one picture at most, and each
    holds two or more: a last batch of fewer than `smallest` pictures joins the one before it.

    On a GPU with room for them (GPU_SHARE) the pixels are copied there once, not batch by batch.
    """

    def __init__(
        self, pictures, batch_size=32, device="cpu", seed=None, augment=None, normalisation=HALF, share=(0, 1)
    ):
        self.pictures, self.batch_size, self.device = pictures, batch_size, device
        self.seed, self.augment, self.epoch = seed, augment, 0
        self.share, self.smallest = share, 2 * share[1]
        if share[1] > 1 and (shared := min(batch_size, len(pictures))) < self.smallest:
            raise InputError(
                f"A batch of {shared} pictures is too small for {share[1]} processes: start {shared // 2} at most, so "
                "that each has two pictures for batch normalisation."
            )
        mean, std = (torch.tensor(v, device=device).view(3, 1, 1) for v in normalisation)
        self.factor, self.offset = 1 / std, -mean / std  # (x − mean) / std in one step
        size = math.prod(pictures.pixels.shape[1:])
        self.near = _copied(pictures, device) if len(pictures) * size <= _room(device) else None
        self.of_a_picture = [part.flatten().repeat(size // 3) for part in (self.factor / 255, self.offset)]
        self.few = max(1, 3 * AT_ONCE // size if torch.device(device).type == "cpu" else len(pictures))

    def __len__(self) -> int:
        full, rest = divmod(len(self.pictures), self.batch_size)
        return full + (rest >= self.smallest or (rest > 0 and full == 0))

    def __iter__(self):
        return self._between(0, len(self))

    def pieces(self, n: int) -> list:
        """The batches of this epoch, `n` at a time: a list of iterables. What a piece holds depends on no other one."""
        ends = [*range(n, len(self), n), len(self)]
        return [self._between(start, end) for start, end in zip([0, *ends], ends, strict=False)]

    def _between(self, start: int, end: int):
        rows, generator, (rank, world) = torch.arange(len(self.pictures)), torch.Generator(), self.share
        if self.seed is not None:
            generator.manual_seed(self.seed * 1_000_003 + self.epoch)
            rows = rows[torch.randperm(len(rows), generator=generator)]
            if start or rank:  # an order drawn as for the first piece and process, then changes of its own
                generator.manual_seed((self.seed * 1_000_003 + self.epoch) * 1_009 + start + (rank << 40))
        with _beside_each_other(self._parts(self.batch_size)) as pool:
            for i in range(start, end):
                last = i == len(self) - 1
                batch = rows[i * self.batch_size : None if last else (i + 1) * self.batch_size].numpy()
                batch = np.array_split(batch, world)[rank]
                pixels, labels = self._rows(batch)
                if self.augment:
                    yield self._changed(pixels.permute(0, 3, 1, 2), generator, pool), labels
                else:
                    yield to_float(pixels, *self.of_a_picture, self.few), labels

    def _changed(self, pixels: Tensor, generator: torch.Generator, pool: ThreadPoolExecutor) -> Tensor:
        """What `augment` makes of pixels (N, 3, H, W) uint8, normalised: images (N, 3, height, width)."""
        parts = self._parts(len(pixels))
        if parts == 1:
            return as_images(self.augment(pixels, generator)).mul_(self.factor).add_(self.offset)
        seeds = torch.randint(2**62, (parts,), generator=generator).tolist()
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        images, alone = [], Lock()  # made once a part is ready, which knows how large they are

        def change(part: int, pixels_of_it: Tensor, generator: torch.Generator) -> None:
            changed = as_images(self.augment(pixels_of_it, generator))
            with alone:
                if not images:
                    images.append(torch.empty(len(pixels), *changed.shape[1:]))
            torch.addcmul(self.offset, changed, self.factor, out=images[0].tensor_split(parts)[part])

        list(pool.map(change, range(parts), pixels.tensor_split(parts), generators))
        return images[0]

    def _parts(self, pictures: int) -> int:
        """In how many parts a batch of so many is changed: one, or an even number that a CPU's cache holds."""
        return 1 if pictures <= self.few else 2 * math.ceil(pictures / (2 * self.few))

    def _rows(self, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        """Pixels (N, side, side, 3) uint8 and labels (N,) of these rows, on the device."""
        if self.near:
            at = torch.from_numpy(rows).to(self.device)
            return self.near[0][at], self.near[1][at]
        pixels, labels = self.pictures.pixels[self.pictures.index[rows]], self.pictures.labels[rows]
        return torch.from_numpy(pixels).to(self.device), torch.from_numpy(labels).to(self.device)


@contextmanager
def _beside_each_other(parts: int):
    """A pool for so many parts of a batch, each on threads of its own, as many as torch has in all.

    All threads on one part after the other would be little faster than one: they wait for each other after each step.
    """
    threads = torch.get_num_threads()
    each = max(1, threads // parts)
    try:
        with ThreadPoolExecutor(min(threads, parts), initializer=torch.set_num_threads, initargs=(each,)) as pool:
            yield pool
    finally:
        torch.set_num_threads(torch.get_num_threads())  # what one thread sets for itself, threads to come begin with


def as_images(pixels: Tensor) -> Tensor:
    """Pixels (N, 3, H, W) uint8 as float32 in 0…1, in the order of memory that they have; images stay as they are."""
    return pixels.float().div_(255) if pixels.dtype == torch.uint8 else pixels


def to_float(pixels: Tensor, factor: Tensor, offset: Tensor, few: int) -> Tensor:
    """Pixels (N, H, W, 3) uint8 times `factor` plus `offset`, (H × W × 3,) each: images (N, 3, H, W) float32.

    They lie pixel by pixel in memory (channels last), as the pixels do. So `few` are turned at a time that a CPU's
    cache holds them for both steps: five times as fast at 224 px.
    """
    rows = pixels.flatten(1)
    images = torch.empty(rows.shape, device=rows.device)
    for part, row in zip(images.split(few), rows.split(few), strict=True):
        torch.addcmul(offset, part.copy_(row), factor, out=part)
    return images.view(pixels.shape).permute(0, 3, 1, 2)


def _room(device: str) -> float:
    """Bytes of a GPU that pixels may have; none of another device, whose memory is the computer's own."""
    return GPU_SHARE * torch.cuda.mem_get_info(device)[0] if torch.device(device).type == "cuda" else 0


def _copied(pictures: PictureSet, device: str) -> tuple[Tensor, Tensor]:
    """Pixels and labels of all rows on the device, without a second copy in the computer's memory on the way."""
    pixels = torch.empty((len(pictures), *pictures.pixels.shape[1:]), dtype=torch.uint8, device=device)
    for part, rows in zip(pixels.split(256), torch.from_numpy(pictures.index).split(256), strict=True):
        part.copy_(torch.from_numpy(pictures.pixels[rows.numpy()]))
    return pixels, torch.from_numpy(pictures.labels).to(device)
