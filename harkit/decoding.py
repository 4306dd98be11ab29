"""Pictures as bytes of colour: one file, or all of a catalogue once, kept in a memory-mapped array."""

import hashlib
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from harkit import fetch
from harkit.catalogue import as_seen, open_picture
from harkit.settings import InputError, cores

log = logging.getLogger(__name__)


def decode(path: str | Path, side: int) -> np.ndarray:
    """One picture as (side, side, 3) uint8, squeezed to a square as published. Raises InputError if it is broken."""
    try:
        with open_picture(path) as image:
            image.draft("RGB", (side, side))  # a JPEG decodes faster when asked for a half or a quarter of its size
            return np.asarray(as_seen(image).resize((side, side), Image.Resampling.BILINEAR))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist.") from error
    except InputError:
        raise
    except Exception as error:  # Pillow raises many kinds on broken files
        raise InputError(f"{path} can't be read as a picture ({type(error).__name__}): leave it out.") from error


def decode_upload(file, name: str, side: int) -> np.ndarray:
    """A picture that somebody uploads, a path or an open file, decoded as in training. Raises InputError for what is
    no picture or too large; its message speaks of `name`."""
    try:
        return decode(file, side)
    except InputError as error:
        raise InputError(str(error).replace(str(file), name).replace("leave it out", "choose another")) from error


def array(unique: pd.DataFrame, side: int, cache: Path, blank: bool) -> np.ndarray:
    """The array of these pictures, (M, side, side, 3) uint8: opened from the cache, else decoded into it under a
    temporary name. `blank` puts a black picture, with a warning, where one can't be read; else that raises
    InputError, as a cache that can't be written does."""
    if side < 1 or not len(unique):
        raise InputError("There are no pictures to decode." if side > 0 else f"A side of {side} pixels is too small.")
    key = hashlib.sha256("".join(unique.digest).encode()).hexdigest()[:16]
    path, shape = cache / f"{key}-{side}.npy", (len(unique), side, side, 3)
    if (pixels := _open(path, shape)) is not None:
        return pixels
    with fetch.alone(path):
        if (pixels := _open(path, shape)) is not None:  # another process decoded them while this one waited
            return pixels
        if path.exists():
            log.warning("%s is damaged: decoding the pictures again.", path)
        unfinished = path.with_name(f".{path.name}{fetch.UNFINISHED}")
        try:
            if _decode(unique.path, side, shape, unfinished, blank):
                return np.load(unfinished)  # not kept in the cache: the next call must say it again
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        return _open(path, shape)


def _open(path: Path, shape: tuple) -> np.ndarray | None:
    """A decoded array from the cache, None where there is none that is whole."""
    try:
        pixels = np.lib.format.open_memmap(path, mode="r")
    except Exception:  # NumPy parses the header, and raises many kinds on a damaged one
        return None
    whole = pixels.shape == shape and pixels.dtype == np.uint8 and pixels.flags.c_contiguous
    return pixels if whole else None


def _decode(paths, side: int, shape: tuple, target: Path, blank: bool) -> int:
    """Write the pictures as an array into `target`, one after the other; gives how many of them are blank.

    Not through memory: on a full disk, writing to a mapped file ends the process.
    """
    broken = 0
    try:
        with ThreadPoolExecutor(cores()) as pool, open(target, "wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            for image in pool.map(lambda p: _decode_or_none(p, side, blank), paths):
                file.write(np.zeros(shape[1:], np.uint8) if image is None else image)
                broken += image is None
    except OSError as error:
        reason = f"{target.parent} can't be written ({error.strerror})"
        raise InputError(f"{reason}: make room, or set HARKIT_DATA to another folder.") from error
    return broken


def _decode_or_none(path: str, side: int, blank: bool) -> np.ndarray | None:
    try:
        return decode(path, side)
    except InputError:
        if not blank:
            raise
        log.warning(
            "%s can't be read: a blank picture takes its place, so that every id keeps its row.", Path(path).name
        )
        return None
