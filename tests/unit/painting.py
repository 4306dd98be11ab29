"""A picture for a test."""

import numpy as np
from PIL import Image


def paint(path, seed, colour=(128, 128, 128), size=(48, 40)):
    """A picture of smooth noise around a colour: no two seeds look alike."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(0, 60, (6, 7, 3)) + np.array(colour)
    image = Image.fromarray(coarse.clip(0, 255).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, quality=90)
    return path
