"""How an accuracy falls when pictures get worse: blurred, dark, compressed, cut, mirrored (after Hendrycks and
Dietterich, 2019, with fewer kinds)."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2 import functional

from harkit import evaluation
from harkit.pictures import as_images

LEVELS = {  # from harmless to hard; the first leaves the picture as it is, or nearly
    "blur": (0.0, 0.5, 1.0, 2.0, 4.0),  # standard deviation, pixels at 64 px a side; wider pictures blur in proportion
    "dark": (1.0, 0.7, 0.5, 0.3, 0.15),  # factor on every value
    "JPEG": (100, 50, 20, 10, 5),  # quality
    "crop": (1.0, 0.9, 0.8, 0.65, 0.5),  # share of the side that is left, stretched to the whole
    "mirror": (0, 1),
}


def worsen(images: Tensor, kind: str, level: float) -> Tensor:
    """Images (N, 3, H, W), uint8 or in 0…1, all changed alike: the same shape, in 0…1. Raises KeyError for an unknown
    kind."""
    images, side = as_images(images), images.shape[-1]
    if kind == "blur":
        sigma = level * side / 64
        return functional.gaussian_blur(images, 2 * int(3 * sigma) + 1, [sigma, sigma]) if sigma else images
    if kind == "dark":
        return images * level
    if kind == "JPEG":
        pixels = (255 * images).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
        saved = np.stack([_jpeg(picture, int(level)) for picture in pixels])
        return torch.from_numpy(saved).permute(0, 3, 1, 2).to(images) / 255
    if kind == "crop":
        small = functional.center_crop(images, [round(level * images.shape[-2]), round(level * side)])
        return functional.resize(small, list(images.shape[-2:]), antialias=True)
    if kind == "mirror":
        return images.flip(3) if level else images
    raise KeyError(kind)


def _jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    """A picture (H, W, 3) uint8, saved as JPEG and read again."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def curves(run: Path | str, catalogue: pd.DataFrame, cache: Path, kinds=tuple(LEVELS)) -> pd.DataFrame:
    """Accuracy of a run on ever worse pictures: one row a kind and level, with the columns of `evaluation.score`."""
    rows = []
    for kind in kinds:
        for level in LEVELS[kind]:
            answers = evaluation.predict(
                run, catalogue, cache, change=lambda images, _, kind=kind, level=level: worsen(images, kind, level)
            )
            rows.append({"kind": kind, "level": level, **evaluation.score(answers)})
    return pd.DataFrame(rows)
