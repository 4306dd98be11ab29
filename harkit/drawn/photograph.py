"""From a drawing to a photograph: its size, light, colour cast, blur, noise and JPEG quality, as in the real set."""

import io
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageFilter

SUPERSAMPLE = 2  # a drawing is this many times larger than its photograph
GRAIN = 800  # pixels; the side of the piece of noise from which every picture takes a part
USUAL = (275, 183)  # pixels; the most frequent size of the real set


@dataclass(frozen=True)
class Photograph:
    """How one picture is taken."""

    size: tuple[int, int]
    brightness: float
    contrast: float
    warmth: float  # red over blue
    saturation: float
    side_light: float  # from left to right
    vignette: float
    blur: float  # radius, pixels
    noise: float  # standard deviation, grey levels
    quality: int  # of the JPEG


def any_photograph(luck, dark: bool = False) -> Photograph:
    """By chance, the same for every action."""
    return Photograph(
        size=any_size(luck),
        brightness=luck.around(0.9 if dark else 0.98, 0.06) - (0.18 if luck.chance(0.04) else 0),
        contrast=luck.around(1.0, 0.1),
        warmth=luck.around(0.0, 0.06),
        saturation=0.0 if luck.chance(0.015) else luck.around(1.0, 0.12),
        side_light=luck.around(0.0, 0.08),
        vignette=luck.between(0.0, 0.14),
        blur=luck.between(0.3, 0.8) if luck.chance(0.2) else 0.0,
        noise=luck.between(0.3, 2.0) if luck.chance(0.8) else luck.between(2.0, 6.0),
        quality=int(luck.between(68, 95)),
    )


def any_size(luck) -> tuple[int, int]:
    """Width and height in pixels: mostly 275 × 183, some wider, square or upright."""
    kind = luck.pick({"usual": 66, "wide": 20, "square": 5, "upright": 7, "large": 2})
    if kind == "usual":
        return USUAL
    if kind == "wide":
        return int(luck.between(240, 340)), int(luck.between(148, 190))
    if kind == "square":
        return 225, int(luck.between(218, 226))
    if kind == "upright":
        return int(luck.between(150, 200)), int(luck.between(240, 290))
    return int(luck.between(84, 478)), int(luck.between(160, 200))


def take(drawing: Image.Image, photograph: Photograph, luck) -> Image.Image:
    """The photograph of a drawing."""
    image = drawing.reduce(SUPERSAMPLE)
    if photograph.blur:
        image = image.filter(ImageFilter.GaussianBlur(photograph.blur))
    image = image.convert("RGB", _colour_matrix(photograph))
    pixels = np.array(image, np.float32)
    height, width, _ = pixels.shape
    across = np.linspace(-1, 1, width, dtype=np.float32)
    down = np.linspace(-1, 1, height, dtype=np.float32)
    light = (1 - photograph.vignette * down**2)[:, None]
    light = light * (1 + photograph.side_light * across - photograph.vignette * across**2)[None]
    noise = _noise(luck, height, width) * np.float32(photograph.noise)
    pixels *= light[..., None]
    pixels += noise[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255, out=pixels).astype(np.uint8))


def _noise(luck, height: int, width: int) -> np.ndarray:
    """Grain (H, W) with standard deviation 1: a part of one large piece, which is faster than drawing it anew."""
    y, x = (int(luck.between(0, GRAIN - side)) for side in (height, width))
    return _grain()[y : y + height, x : x + width]


@cache
def _grain() -> np.ndarray:
    return np.random.default_rng(GRAIN).standard_normal((GRAIN, GRAIN), np.float32)


def _colour_matrix(photograph: Photograph) -> list[float]:
    """Saturation, then colour cast, brightness and contrast around the middle grey, as Pillow's 3 × 4 matrix."""
    grey, keep = np.array([0.2989, 0.587, 0.114]), photograph.saturation
    matrix = np.eye(3) * keep + (1 - keep) * grey
    cast = np.array([1 + photograph.warmth, 1.0, 1 - photograph.warmth]) * photograph.brightness * photograph.contrast
    offset = np.full((3, 1), 128 * (1 - photograph.contrast))
    return np.hstack([matrix * cast[:, None], offset]).ravel().tolist()


def jpeg(image: Image.Image, quality: int) -> bytes:
    """The picture as the bytes of a JPEG file."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
