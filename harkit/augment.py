"""Random changes to pictures: on the device for each picture anew, or once as files beside the originals."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.transforms import v2

from harkit import catalogue as catalogues
from harkit import fetch

PUBLISHED = dict(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1)  # both notebooks jitter colours by these
GREY = (0.2989, 0.5870, 0.1140)  # weights of R, G and B in a grey picture


def none(images: Tensor, generator: torch.Generator) -> Tensor:
    """No change."""
    return images


def mild(images: Tensor, generator: torch.Generator) -> Tensor:
    """Flip, turn by up to 10°, zoom by up to 15 %, jitter brightness, contrast and saturation: (N, 3, H, W) in 0…1."""
    images = turn_and_flip(images, generator, degrees=10, zoom=0.15)
    return jitter(images, generator, brightness=0.2, contrast=0.2, saturation=0.2)


def published_falls(images: Tensor, generator: torch.Generator) -> Tensor:
    """Notebook B's training transforms, for each picture anew: flip, turn by up to 10°, jitter colours."""
    return jitter(turn_and_flip(images, generator, degrees=10), generator, **PUBLISHED)


def crops(images: Tensor, generator: torch.Generator, side: int | None = None) -> Tensor:
    """A random part of each picture (35 to 100 % of its area, 3:4 to 4:3), as `side` × `side` (Szegedy et al., 2015).

    Mirrored with probability 0.5, turned by up to 10°, colours jittered: (N, 3, H, W) in 0…1 to (N, 3, side, side).
    """
    side = side or images.shape[-1]
    if images.shape[-1] >= 2 * side:
        images = F.avg_pool2d(images, 2)  # sampling alone would skip pixels
    n = len(images)
    area = 0.35 + 0.65 * torch.rand(n, generator=generator)
    stretch = torch.exp(_uniform(n, math.log(4 / 3), generator))
    width, height = (area * stretch).sqrt().clamp(max=1), (area / stretch).sqrt().clamp(max=1)
    middle = _uniform(n, 1, generator) * (1 - width), _uniform(n, 1, generator) * (1 - height)
    angle = _uniform(n, 10, generator) * math.pi / 180
    images = _sample(images, width, height, angle, 0.5, generator, middle, (side, side), "reflection")
    return jitter(images, generator, brightness=0.3, contrast=0.3, saturation=0.3)


ON_THE_FLY = {"none": none, "mild": mild, "published_falls": published_falls, "crops": crops}


def resize(images: Tensor, side: int) -> Tensor:
    """Images (N, 3, H, W) as (N, 3, side, side), each new pixel a mean over the old ones that it covers."""
    if images.shape[2:] == (side, side):
        return images
    return F.interpolate(images, (side, side), mode="bilinear", antialias=True, align_corners=False)


def turn_and_flip(images: Tensor, generator, degrees: float = 0, zoom: float = 0, flip: float = 0.5) -> Tensor:
    """Turn by ±`degrees`, zoom by ±`zoom`, mirror with probability `flip`: (N, 3, H, W), each by its own draw."""
    n = len(images)
    angle = _uniform(n, degrees, generator) * math.pi / 180
    scale = 1 / (1 + _uniform(n, zoom, generator))
    middle = torch.zeros(n), torch.zeros(n)
    return _sample(images, scale, scale, angle, flip, generator, middle, images.shape[2:], "zeros")


def _sample(images: Tensor, width, height, angle, flip, generator, middle, size: tuple, outside: str) -> Tensor:
    """The part of each picture (shares `width`, `height` around `middle`), turned and mirrored, as size (H, W)."""
    n = len(images)
    sign = 1 - 2 * (torch.rand(n, generator=generator) < flip).float()
    cos, sin = torch.cos(angle), torch.sin(angle)
    across = torch.stack([cos * width * sign, -sin * height, middle[0]], 1)
    down = torch.stack([sin * width * sign, cos * height, middle[1]], 1)
    matrices = torch.stack([across, down], 1).to(images.device)  # (N, 2, 3)
    grid = F.affine_grid(matrices, [n, images.shape[1], *size], align_corners=False)  # (N, H, W, 2)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode=outside, align_corners=False)


def jitter(images: Tensor, generator, brightness=0.0, contrast=0.0, saturation=0.0, hue=0.0) -> Tensor:
    """Change the colours of each picture (N, 3, H, W) in 0…1 by factors drawn from 1 ± the given amounts.

    `hue` is a share of the colour circle. The same formulas as torchvision's `ColorJitter`, one draw a picture.
    """
    steps = [(blend_black, brightness), (blend_mean, contrast), (blend_grey, saturation)]
    for change, amount in steps:
        if amount:
            images = change(images, 1 + _uniform(len(images), amount, generator).to(images.device))
    if hue:
        images = turn_hue(images, _uniform(len(images), hue, generator).to(images.device))
    return images


def blend_black(images: Tensor, factor: Tensor) -> Tensor:
    """Brightness: images (N, 3, H, W) times factor (N,), kept in 0…1."""
    return (images * _column(factor)).clamp(0, 1)


def blend_mean(images: Tensor, factor: Tensor) -> Tensor:
    """Contrast: mean grey + (images − mean grey) × factor, kept in 0…1."""
    mean = to_grey(images).mean((1, 2, 3), keepdim=True)
    return (mean + (images - mean) * _column(factor)).clamp(0, 1)


def blend_grey(images: Tensor, factor: Tensor) -> Tensor:
    """Saturation: grey + (images − grey) × factor, kept in 0…1."""
    grey = to_grey(images)
    return (grey + (images - grey) * _column(factor)).clamp(0, 1)


def turn_hue(images: Tensor, turn: Tensor) -> Tensor:
    """Move every colour by `turn` (N,) of the colour circle, in HSV: hue, saturation, value."""
    value, _ = images.max(1)
    chroma = value - images.min(1).values
    red, green, blue = images.unbind(1)
    safe = chroma.clamp_min(1e-8)
    hue = torch.where(value == green, 2 + (blue - red) / safe, 4 + (red - green) / safe)
    hue = torch.where(value == red, (green - blue) / safe, hue) + 6 * turn.view(-1, 1, 1)
    # channel = value − chroma × clamp(min(k, 4 − k), 0, 1) with k = (n + hue) mod 6 and n = 5, 3, 1 for R, G, B
    channels = []
    for n in (5, 3, 1):
        k = (n + hue) % 6
        channels.append(value - chroma * torch.minimum(k, 4 - k).clamp(0, 1))
    return torch.stack(channels, 1)


def to_grey(images: Tensor) -> Tensor:
    """(N, 3, H, W) to (N, 1, H, W): 0.2989 R + 0.5870 G + 0.1140 B."""
    return (images * torch.tensor(GREY, device=images.device).view(1, 3, 1, 1)).sum(1, keepdim=True)


class Mixing(nn.Module):
    """A network that is trained on mixed pictures: a share of the batches, half of them by mixup (Zhang et al., 2017),
    half by CutMix (Yun et al., 2019).

    `forward` mixes each image with another one of its batch, in training only; `loss` then weighs the losses against
    the labels of both. Draws from torch's global generator.
    """

    def __init__(self, model: nn.Module, loss_function, share: float):
        super().__init__()
        self.model, self.loss_function, self.share = model, loss_function, share
        self.partner, self.weight = None, 1.0  # of the last batch: who is mixed in, and what remains of the first

    def forward(self, images: Tensor) -> Tensor:
        self.partner = None
        if self.training and torch.rand(()) < self.share:
            images = self._mix(images)
        return self.model(images)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss of the last batch, given the labels (N,) before mixing."""
        loss = self.loss_function(logits, labels)
        if self.partner is None:
            return loss
        return self.weight * loss + (1 - self.weight) * self.loss_function(logits, labels[self.partner])

    def _mix(self, images: Tensor) -> Tensor:
        self.partner = torch.randperm(len(images))
        others = images[self.partner]
        if torch.rand(()) < 0.5:
            self.weight = torch.distributions.Beta(0.4, 0.4).sample().item()
            return self.weight * images + (1 - self.weight) * others
        side = images.shape[-1]
        length = round(side * math.sqrt(torch.rand(()).item()))  # of the square that comes from the other picture
        top, left = torch.randint(0, side - length + 1, (2,)).tolist()
        images = images.clone()
        images[:, :, top : top + length, left : left + length] = others[..., top : top + length, left : left + length]
        self.weight = 1 - (length / side) ** 2
        return images


def published_copy() -> v2.Compose:
    """Notebook A's transform for one PIL picture: turn by up to 15°, flip, jitter colours."""
    return v2.Compose([v2.RandomRotation(15), v2.RandomHorizontalFlip(0.5), v2.ColorJitter(**PUBLISHED)])


def write_copies(catalogue: pd.DataFrame, data: Path, per_class: int, seed: int = 0) -> pd.DataFrame:
    """Offline augmentation as published: changed copies of `per_class` training pictures a class, saved as files.

    They are written as `<name>_augmented.jpg` into a folder below `data` that belongs to this split, and kept. Gives
    the catalogue with a row a copy added: status "augmented", in the training split, in the group of its original.
    """
    split = catalogues.fingerprint(catalogue[catalogue.split != ""], "split")
    folder = Path(data) / f"copies-{split}-{per_class}-seed{seed}"
    if not (folder / "copies.csv").exists():
        with fetch.new_folder(folder) as unfinished:
            _write_copies(catalogue, unfinished, per_class, seed)
    return pd.concat([catalogue, catalogues.load(folder / "copies.csv", folder)], ignore_index=True)


def _write_copies(catalogue: pd.DataFrame, folder: Path, per_class: int, seed: int) -> None:
    train = catalogue[catalogue.split == "train"].drop_duplicates("path")
    rng = np.random.default_rng(seed)
    originals = pd.concat(
        [rows.iloc[rng.permutation(len(rows))[:per_class]] for _, rows in train.groupby("label")], ignore_index=True
    )
    change, names, digests = published_copy(), [], []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # torchvision's transforms draw from torch's global generator
        for path, name in zip(originals.path, originals.name, strict=True):
            names.append(Path(name).with_suffix("").as_posix().replace("/", "_") + "_augmented.jpg")
            with Image.open(path) as image:
                change(image.convert("RGB")).save(folder / names[-1], quality=95)
            digests.append(catalogues.digest(folder / names[-1]))
    copies = originals.assign(path=[str(folder / n) for n in names], name=names, digest=digests, status="augmented")
    catalogues.save(copies, folder / "copies.csv", folder)


def _uniform(n: int, amount: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(n, generator=generator) * 2 - 1) * amount


def _column(factor: Tensor) -> Tensor:
    return factor.view(-1, 1, 1, 1)
