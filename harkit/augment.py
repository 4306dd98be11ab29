"""Random changes to pictures: on the device for each picture anew, or once as files beside the originals."""

import math
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional as F

from harkit import catalogue as catalogues
from harkit import fetch
from harkit.pictures import as_images

PUBLISHED = dict(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1)  # both notebooks jitter colours by these
GREY = (0.2989, 0.5870, 0.1140)  # weights of R, G and B in a grey picture


def none(images: Tensor, generator: torch.Generator) -> Tensor:
    """No change."""
    return as_images(images)


def mild(images: Tensor, generator: torch.Generator) -> Tensor:
    """Flip, turn by up to 10°, zoom by up to 15 %, jitter brightness, contrast and saturation: (N, 3, H, W) in 0…1."""
    images = turn_and_flip(images, generator, degrees=10, zoom=0.15)
    return jitter(images, generator, brightness=0.2, contrast=0.2, saturation=0.2)


def published_falls(images: Tensor, generator: torch.Generator) -> Tensor:
    """Notebook B's training transforms, for each picture anew: flip, turn by up to 10°, jitter colours.

    As in torchvision's `RandomRotation`, each pixel of a turned picture is the nearest one of the old picture.
    """
    return jitter(turn_and_flip(images, generator, degrees=10, mode="nearest"), generator, **PUBLISHED)


def crops(images: Tensor, generator: torch.Generator, side: int | None = None) -> Tensor:
    """A random part of each picture (35 to 100 % of its area, 3:4 to 4:3), as `side` × `side` (Szegedy et al., 2015).

    Mirrored with probability 0.5, turned by up to 10°, colours jittered: (N, 3, H, W) in 0…1 to (N, 3, side, side).
    """
    side = side or images.shape[-1]
    images = as_images(images)
    if images.shape[-1] >= 2 * side:
        images = F.avg_pool2d(images, 2)  # sampling alone would skip pixels
    n = len(images)
    area = 0.35 + 0.65 * torch.rand(n, generator=generator)
    stretch = torch.exp(_uniform(n, math.log(4 / 3), generator))
    width, height = (area * stretch).sqrt().clamp(max=1), (area / stretch).sqrt().clamp(max=1)
    middle = _uniform(n, 1, generator) * (1 - width), _uniform(n, 1, generator) * (1 - height)
    angle = _uniform(n, 10, generator) * math.pi / 180
    matrices = _matrices(angle, width, height, 0.5, middle, generator)
    images = _sample(images, matrices, size=(side, side), outside="reflection")
    return jitter(images, generator, brightness=0.3, contrast=0.3, saturation=0.3)


ON_THE_FLY = {"none": none, "mild": mild, "published_falls": published_falls, "crops": crops}


def resize(images: Tensor, side: int) -> Tensor:
    """Images (N, 3, H, W) as (N, 3, side, side), each new pixel a mean over the old ones that it covers."""
    if images.shape[2:] == (side, side):
        return images
    return F.interpolate(as_images(images), (side, side), mode="bilinear", antialias=True, align_corners=False)


def turn_and_flip(
    images: Tensor, generator, degrees: float = 0, zoom: float = 0, flip: float = 0.5, mode: str = "bilinear"
) -> Tensor:
    """Turn by ±`degrees`, zoom by ±`zoom`, mirror with probability `flip`: (N, 3, H, W), each by its own draw.

    `mode` is "bilinear" or "nearest".
    """
    n = len(images)
    angle = _uniform(n, degrees, generator) * math.pi / 180
    scale = 1 / (1 + _uniform(n, zoom, generator))
    matrices = _matrices(angle, scale, scale, flip, (torch.zeros(n), torch.zeros(n)), generator)
    return _sample(as_images(images), matrices, size=images.shape[2:], outside="zeros", mode=mode)


def jitter(images: Tensor, generator, brightness=0.0, contrast=0.0, saturation=0.0, hue=0.0) -> Tensor:
    """Change the colours of each picture (N, 3, H, W) in 0…1 by factors drawn from 1 ± the given amounts.

    `hue` is a share of the colour circle. The same formulas as torchvision's `ColorJitter`, one draw a picture.
    """
    images, own = as_images(images), None  # what it made itself it may write over
    for blend, amount in ((blend_black, brightness), (blend_mean, contrast), (blend_grey, saturation)):
        if amount:
            images = own = blend(images, _uniform(len(images), amount, generator, around=1), out=own)
    return turn_hue(images, _uniform(len(images), hue, generator)) if hue else images


def blend_black(images: Tensor, factor: Tensor, out: Tensor | None = None) -> Tensor:
    """Brightness: images (N, 3, H, W) times factor (N,), kept in 0…1; into `out`, if given, which may be `images`."""
    return torch.mul(images, _column(factor, images), out=out).clamp_(0, 1)


def blend_mean(images: Tensor, factor: Tensor, out: Tensor | None = None) -> Tensor:
    """Contrast: mean grey + (images − mean grey) × factor, kept in 0…1."""
    mean = to_grey(images.mean((2, 3), keepdim=True))  # the grey of the mean is the mean of the grey
    factor = _column(factor, images)
    rest = mean * (1 - factor)
    return torch.mul(images, factor, out=out).add_(rest).clamp_(0, 1)  # `torch.lerp` is slow with a number a picture


def blend_grey(images: Tensor, factor: Tensor, out: Tensor | None = None) -> Tensor:
    """Saturation: grey + (images − grey) × factor, kept in 0…1."""
    return torch.lerp(to_grey(images), images, _column(factor, images), out=out).clamp_(0, 1)


def turn_hue(images: Tensor, turn: Tensor) -> Tensor:
    """Move every colour by `turn` (N,) of the colour circle, in HSV: hue, saturation, value.

    A third of the circle only renames the channels. For what remains, a sixth at most, each new channel is a straight
    line in the old one, kept between the least and the greatest channel of its pixel.
    """
    thirds = (3 * turn).round()
    if thirds.any():
        old = (torch.arange(3, device=turn.device) - thirds.view(-1, 1)).long() % 3
        images = images.gather(1, old.to(images.device).view(-1, 3, 1, 1).expand_as(images))
    channels = red, green, blue = images.split(1, dim=1)
    low, high = torch.minimum(red, green), torch.maximum(red, green)
    middle = torch.maximum(low, torch.minimum(high, blue))
    low, high = torch.minimum(low, blue), torch.maximum(high, blue)
    way = (high - low).mul_(_column(6 * turn - 2 * thirds, images))
    turned = torch.empty_like(images)
    for channel, line in enumerate(turned.split(1, dim=1)):
        torch.sub(channels[channel - 1], channels[channel - 2], out=line)
    turned.sign_().mul_(way).sub_(middle).add_(images, alpha=2)  # 2 own − middle − way × sign(next − one before)
    return torch.clamp(turned, low, high, out=turned)


def to_grey(images: Tensor) -> Tensor:
    """(N, 3, H, W) to (N, 1, H, W): 0.2989 R + 0.5870 G + 0.1140 B."""
    red, green, blue = images.split(1, dim=1)
    return (GREY[0] * red).add_(green, alpha=GREY[1]).add_(blue, alpha=GREY[2])


def published_copy():
    """Notebook A's transform for one PIL picture: turn by up to 15°, flip, jitter colours."""
    from torchvision.transforms import v2

    return v2.Compose([v2.RandomRotation(15), v2.RandomHorizontalFlip(0.5), v2.ColorJitter(**PUBLISHED)])


def write_copies(catalogue: pd.DataFrame, data: Path, per_class: int, seed: int = 0) -> pd.DataFrame:
    """Offline augmentation as published: changed copies of `per_class` training pictures a class, saved as files.

    They are written as `<name>_augmented.jpg` into a folder below `data` that belongs to this split, and kept. Gives
    the catalogue with a row a copy added: status "augmented", in the training split, in the group of its original.
    """
    split = catalogues.fingerprint(catalogue[catalogue.split != ""], "split")
    folder = Path(data) / f"copies-{split}-{per_class}-seed{seed}"
    if not (folder / "copies.csv").exists():
        with fetch.alone(folder):
            if not (folder / "copies.csv").exists():
                shutil.rmtree(folder, ignore_errors=True)  # one that lost its table
                with fetch.new_folder(folder) as unfinished:
                    _write_copies(catalogue, unfinished, per_class, seed)
    return pd.concat([catalogue, catalogues.load(folder / "copies.csv", folder)], ignore_index=True)


def _write_copies(catalogue: pd.DataFrame, folder: Path, per_class: int, seed: int) -> None:
    train = catalogue[catalogue.split == "train"].drop_duplicates("path")
    rng = np.random.default_rng(seed)
    originals = pd.concat(
        [rows.iloc[rng.permutation(len(rows))[:per_class]] for _, rows in train.groupby("label")], ignore_index=True
    )
    change, names, taken, digests = published_copy(), [], set(), []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # torchvision's transforms draw from torch's global generator
        for path, name in zip(originals.path, originals.name, strict=True):
            names.append(_new_name(Path(name).with_suffix("").as_posix().replace("/", "_"), taken))
            with catalogues.open_picture(path) as image:
                change(catalogues.as_seen(image)).save(folder / names[-1], quality=95)
            digests.append(catalogues.digest(folder / names[-1]))
    copies = originals.assign(path=[str(folder / n) for n in names], name=names, digest=digests, status="augmented")
    catalogues.save(copies, folder / "copies.csv", folder)


def _new_name(stem: str, taken: set[str]) -> str:
    """The file of a changed copy: `<stem>_augmented.jpg`, with a number where that name is taken; now it is, too."""
    name, number = f"{stem}_augmented.jpg", 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem}_{number}_augmented.jpg"
    taken.add(name.casefold())
    return name


def _matrices(angle: Tensor, width: Tensor, height: Tensor, flip: float, middle: tuple, generator) -> Tensor:
    """Where the pixels of each new picture come from, (N, 2, 3): a part of `width` × `height` around `middle`, turned,
    and mirrored with probability `flip`; the old picture reaches from −1 to 1."""
    width = torch.where(torch.rand(len(angle), generator=generator) < flip, -width, width)
    cos, sin = torch.cos(angle), torch.sin(angle)
    numbers = [cos * width, -sin * height, middle[0], sin * width, cos * height, middle[1]]
    return torch.stack(numbers, 1).view(-1, 2, 3)


def _sample(images: Tensor, matrices: Tensor, size: tuple[int, int], outside: str, mode: str = "bilinear") -> Tensor:
    """What each matrix (N, 2, 3) makes of its picture, as (N, 3, *size)."""
    (height, width), device = size, images.device
    matrices = matrices.to(device)
    x, y = (torch.linspace(1 / n - 1, 1 - 1 / n, n, device=device) for n in (width, height))
    grid = torch.empty(len(images), 2, height, width, device=device)  # as `F.affine_grid`, but quicker
    for axis, (by_x, by_y, by_one) in enumerate(matrices.permute(1, 2, 0)[..., None, None]):
        torch.add(by_x * x, by_y * y.view(-1, 1) + by_one, out=grid[:, axis])
    return F.grid_sample(images, grid.permute(0, 2, 3, 1), mode=mode, padding_mode=outside, align_corners=False)


def _uniform(n: int, amount: float, generator: torch.Generator, around: float = 0) -> Tensor:
    return torch.empty(n).uniform_(around - amount, around + amount, generator=generator)


def _column(factor: Tensor, images: Tensor) -> Tensor:
    """A number a picture, (N,), for arithmetic with images (N, 3, H, W)."""
    return factor.to(images.device).view(-1, 1, 1, 1)
