"""From a drawing to a photograph: its size, light, colour cast, blur, noise and JPEG quality, as in the real set."""

import io
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from math import exp

import numpy as np
from PIL import ExifTags, Image, ImageFilter

DENSITY, DENSITIES = 0.14, 0.1  # bytes a pixel at quality 80: the middle, and how far sizes spread (of its logarithm)
MOST_NOISE, MOST_BLUR = 8.0, 1.1  # grey levels, pixels
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
    quality: int  # of the JPEG
    blur: float = 0.0  # radius, pixels
    noise: float = 0.3  # standard deviation, grey levels


def any_photograph(luck) -> Photograph:
    """By chance, the same for every action."""
    return Photograph(
        size=any_size(luck),
        brightness=luck.around(1.0, 0.1) - (0.16 if luck.chance(0.04) else 0),
        contrast=luck.around(1.02, 0.15),
        warmth=luck.around(0.02, 0.09),
        saturation=0.0 if luck.chance(0.02) else luck.between(0.72, 1.25),
        side_light=luck.around(0.0, 0.08),
        vignette=luck.between(0.0, 0.14),
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
    lit = _light(drawing.reduce(SUPERSAMPLE), photograph)
    return _expose(lit, photograph.noise * _noise(luck, *lit.shape[:2]))


def _light(image: Image.Image, photograph: Photograph) -> np.ndarray:
    """Blur, colours and light: (H, W, 3) int16, around 0…255, not yet cut off at either end."""
    if photograph.blur:
        image = image.filter(ImageFilter.BoxBlur(photograph.blur))
    pixels = np.array(image.convert("RGB", _colour_matrix(photograph)), np.float32)
    height, width, _ = pixels.shape
    across = np.linspace(-1, 1, width, dtype=np.float32)
    down = np.linspace(-1, 1, height, dtype=np.float32)
    light = (1 - photograph.vignette * down**2)[:, None]
    light = light * (1 + photograph.side_light * across - photograph.vignette * across**2)[None]
    flat = pixels.ravel()
    flat *= _a_channel(light)
    return pixels.astype(np.int16)


def _expose(pixels: np.ndarray, noise: np.ndarray) -> Image.Image:
    """Lit pixels (H, W, 3) with noise (H, W) as a picture."""
    noisy = _a_channel(noise.round().astype(np.int16))
    noisy += pixels.ravel()
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8).reshape(pixels.shape))


def _a_channel(values: np.ndarray) -> np.ndarray:
    """One number a pixel, (H, W), as three in a row, (H × W × 3,): arithmetic with flat pixels is twice as fast."""
    return np.repeat(values.ravel(), 3)


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


def develop(drawing: Image.Image, photograph: Photograph, luck) -> bytes:
    """The photograph as a JPEG file whose size tells nothing of what it shows.

    A size is drawn by chance; more noise fills a plain picture up to it, blur brings a busy one down.
    """
    image = drawing.reduce(SUPERSAMPLE)
    coarseness = (100 - photograph.quality) / 20  # of the JPEG's steps: 1 at quality 80
    wanted = DENSITY * exp(luck.around(0, DENSITIES)) * coarseness**-0.65 * image.width * image.height
    sharp, grain = _light(image, photograph), _noise(luck, image.height, image.width)

    def expose(change: float) -> bytes:
        """With `change` more noise, or, where it is negative, with so much more blur."""
        lit = sharp if change >= 0 else _light(image, replace(photograph, blur=photograph.blur - change))
        return jpeg(_expose(lit, (photograph.noise + max(0.0, change)) * grain), photograph.quality)

    plain = len(expose(0.0))
    step = 3.0 if plain < wanted else -0.6
    gained = len(expose(step)) - plain
    change = step * (wanted - plain) / gained if gained * step > 0 else 0.0
    return expose(min(MOST_NOISE, max(-MOST_BLUR, change)))


def jpeg(image: Image.Image, quality: int, taken: datetime | None = None) -> bytes:
    """The picture as the bytes of a JPEG file, with the camera's time stamp where one is given."""
    buffer, options = io.BytesIO(), {}
    if taken:
        options["exif"] = Image.Exif()
        details = options["exif"].get_ifd(ExifTags.IFD.Exif)
        details[ExifTags.Base.DateTimeOriginal] = f"{taken:%Y:%m:%d %H:%M:%S}"
        details[ExifTags.Base.SubsecTimeOriginal] = f"{taken.microsecond // 1000:03d}"
    image.save(buffer, "JPEG", quality=quality, **options)
    return buffer.getvalue()
