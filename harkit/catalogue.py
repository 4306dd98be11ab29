"""What pictures there are: one DataFrame a set, one row a file, and which part of the experiment each belongs to.

Columns: path, name (below the set's folder), label, subject, sequence, status, why, digest, width, height, bytes,
taken, group, split. `taken` is the camera's time stamp, "" where the file carries none. `status` is labelled,
unlabelled (a test picture without an answer), unlisted (no CSV names it, no class holds it), unreadable or missing.
Only labelled rows take part in a split; the others are counted and named by `problems`.
"""

import hashlib
import io
import logging
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import imagehash
import numpy as np
import pandas as pd
import PIL
from PIL import ExifTags, Image, ImageOps
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from harkit import fetch
from harkit.layouts import FORMATS, find_top, list_files
from harkit.settings import InputError, cores, short

log = logging.getLogger(__name__)

TEXT = ["path", "name", "label", "subject", "sequence", "status", "why", "digest", "taken", "split"]  # columns
LARGEST_PICTURE = 50_000_000  # pixels
KEPT = {  # of a look, what follows from the bytes
    "digest": str, "width": int, "height": int, "taken": str, "hash": np.uint64, "mirror": np.uint64,
    "thumbnail": np.uint8,
}  # fmt: skip
warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # of Pillow, which warns at more
NEAR_HASH, NEAR_THUMBNAIL = 10, 0.9  # bits of 64 that may differ; correlation of 16×16 grey thumbnails


def read(folder: Path | str, cache: Path | str | None = None) -> pd.DataFrame:
    """Every picture below `folder`: the Kaggle layout, the falls layout or one folder a class, recognised by itself.

    `cache`, the folder of the decoded arrays, keeps sizes and hashes too: the next reader, perhaps somebody else of
    the same class, decodes no picture that it knows by its bytes. Where it can't be written, nothing is kept. Raises
    InputError where the folder is missing, empty or of no layout known here.
    """
    top = find_top(Path(folder))
    rows = list_files(top)
    catalogue = pd.DataFrame(rows, columns=["name", "label", "subject", "sequence", "status"])
    catalogue.insert(0, "path", [str(top / name) for name in catalogue.name])
    looks = _look_at_all(catalogue, Path(cache) if cache else None)
    for column in ("why", "digest", "width", "height", "bytes", "taken"):
        catalogue[column] = [look[column] for look in looks]
    broken = (catalogue.why != "") & (catalogue.status != "unlisted")
    catalogue.loc[broken, "status"] = [
        "missing" if why == "no such file" else "unreadable" for why in catalogue.why[broken]
    ]
    catalogue["group"] = _group(catalogue, looks)
    catalogue["split"] = ""
    _check_labels(catalogue, top)
    return catalogue


def single_files(paths: list[str]) -> pd.DataFrame:
    """A catalogue of pictures without labels, given by their paths. Raises InputError for one that is not there."""
    missing = [path for path in paths if not Path(path).is_file()]
    if missing:
        found = "is a folder: give its pictures" if Path(missing[0]).is_dir() else "does not exist"
        raise InputError(f"{missing[0]} {found}.")
    table = pd.DataFrame({"path": paths, "name": [Path(path).name for path in paths], "label": ""})
    return table.assign(digest=[digest(path) for path in paths])


def classes(catalogue: pd.DataFrame) -> list[str]:
    """The labels in alphabetical order; a network's output i belongs to the i-th."""
    return sorted(catalogue.loc[catalogue.status == "labelled", "label"].unique())


def problems(catalogue: pd.DataFrame) -> pd.DataFrame:
    """What does not take part, counted and named: one row a kind of problem."""
    rows = []
    for status in ("unreadable", "missing", "unlisted", "unlabelled"):
        names = catalogue.loc[catalogue.status == status, "name"]
        rows.append((f"{status} files", len(names), names))
    labelled = catalogue[catalogue.status == "labelled"]
    copies = labelled[labelled.duplicated("digest", keep=False)]
    near = labelled[labelled.duplicated("group", keep=False) & ~labelled.index.isin(copies.index)]
    unlabelled = catalogue[catalogue.status == "unlabelled"]
    leaked = labelled[labelled.digest.isin(unlabelled.digest)]
    rows += [
        ("labelled files with a byte-identical copy", len(copies), copies.name),
        ("labelled files with a near-duplicate", len(near), near.name),
        ("labelled files that also stand in the test folder", len(leaked), leaked.name),
    ]
    return pd.DataFrame(
        [(kind, count, ", ".join(names.head(3)) + (" …" if count > 3 else "")) for kind, count, names in rows],
        columns=["problem", "files", "for example"],
    )


def save(catalogue: pd.DataFrame, path: Path | str, folder: Path | str) -> None:
    """Write the catalogue as CSV, its paths relative to `folder`, so that both may be moved or shared."""
    top = find_top(Path(folder))
    table = catalogue.assign(path=[os.path.relpath(p, top) for p in catalogue.path])
    write_table(table, path)


def write_table(table: pd.DataFrame, path: Path | str) -> None:
    """Write a CSV file under a temporary name, then rename."""
    with fetch.new_file(path) as unfinished:
        table.to_csv(unfinished, index=False, lineterminator="\n")


def load(path: Path | str, folder: Path | str) -> pd.DataFrame:
    """Read a catalogue that `save` wrote; its pictures lie below `folder`. Raises InputError where the file is cut."""
    top = find_top(Path(folder))
    try:
        content = Path(path).read_bytes()
        if not content.endswith(b"\n"):
            raise ValueError("its last line is cut")
        catalogue = pd.read_csv(io.BytesIO(content), dtype=dict.fromkeys(TEXT, str), keep_default_na=False)
        if missing := [column for column in TEXT if column not in catalogue]:
            raise ValueError(f"it has no column '{missing[0]}'")
    except (ValueError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{path} is damaged ({reason}): delete it, and what made it makes it again.") from error
    return catalogue.assign(path=[os.path.normpath(top / p) for p in catalogue.path])


def fingerprint(catalogue: pd.DataFrame, column: str = "digest") -> str:
    """12 characters that change when the pictures do (column "digest"), or when split or labels do ("split")."""
    text = catalogue.digest if column == "digest" else catalogue.digest + catalogue.split + catalogue.label
    return hashlib.sha256("\n".join(sorted(text)).encode()).hexdigest()[:12]


def digest(path: Path | str) -> str:
    """16 hexadecimal characters of SHA-256: the same for files with the same bytes."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]


def open_picture(file) -> Image.Image:
    """An opened picture, not yet decoded. Raises InputError where it has more than LARGEST_PICTURE pixels, and what
    Pillow raises where it is none of layouts.FORMATS."""
    try:
        image = Image.open(file, formats=FORMATS)
    except Image.DecompressionBombError:
        image = None
    if image is None or image.width * image.height > LARGEST_PICTURE:
        limit = LARGEST_PICTURE // 1_000_000
        raise InputError(f"{file} has more than {limit} million pixels: make it smaller, or leave it out.")
    return image


def as_seen(image: Image.Image, mode: str = "RGB") -> Image.Image:
    """An opened picture as people see it: turned as its EXIF data say, of 8 bits a channel; of many, the first."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # grey of 16 bits, which Pillow would make white
        image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
    return image.convert(mode)


def _look_at_all(catalogue: pd.DataFrame, cache: Path | None) -> list[dict]:
    """A look at each file, from the cache where one was had before."""
    known, file = {}, None
    if cache:
        key = hashlib.sha256("\n".join([PIL.__version__, imagehash.__version__, *catalogue.name]).encode()).hexdigest()
        file = cache / f"{key[:16]}-looks.npz"
        known = _looks_before(file)
    with ThreadPoolExecutor(cores()) as pool:
        looks = list(pool.map(partial(_look_at, known=known), catalogue.path, chunksize=32))
    new = {look["digest"]: look for look in looks if not look["why"]}
    if file and not new.keys() <= known.keys():
        try:
            with fetch.new_file(file) as unfinished, open(unfinished, "wb") as out:
                np.savez(out, **{name: np.array([look[name] for look in new.values()], KEPT[name]) for name in KEPT})
        except OSError:  # a class shares the folder, read-only
            log.debug("%s can't be written: the next reader looks again.", file)
    return looks


def _looks_before(file: Path) -> dict[str, dict]:
    try:
        with np.load(file) as kept:
            columns = [list(kept[name]) if name == "thumbnail" else kept[name].tolist() for name in KEPT]
        return {row[0]: dict(zip(KEPT, row, strict=True)) for row in zip(*columns, strict=True)}
    except FileNotFoundError:
        return {}
    except Exception:  # NumPy and zipfile raise many kinds on a damaged file
        log.warning("%s is damaged: looking at the pictures again.", file)
        return {}


def _look_at(path: str, known: dict[str, dict]) -> dict:
    """Size, hash of the bytes, perceptual hashes of the picture and its mirror; `why` says why it can't be read."""
    look = dict(why="", digest="", width=0, height=0, bytes=0, taken="", hash=0, mirror=0, thumbnail=None)
    try:
        look["bytes"], look["digest"] = os.path.getsize(path), digest(path)
        if look["digest"] in known:
            return look | known[look["digest"]]
        with open_picture(path) as image:
            look["width"], look["height"] = image.size
            image.draft("L", (128, 128))  # a JPEG decodes faster when asked for a half or a quarter of its size
            grey = as_seen(image, "L")
            look["taken"] = _taken(image)  # after decoding: a PNG is decoded for it, and a fault would be lost there
    except FileNotFoundError:
        return look | {"why": "no such file"}
    except Exception as error:  # Pillow raises many kinds on broken files: OSError, SyntaxError, struct.error …
        return look | {"why": str(error).replace(path, Path(path).name) or type(error).__name__}
    look["hash"] = np.uint64(int(str(imagehash.phash(grey)), 16))
    look["mirror"] = np.uint64(int(str(imagehash.phash(ImageOps.mirror(grey))), 16))
    look["thumbnail"] = np.asarray(grey.resize((16, 16), Image.Resampling.BOX))
    return look


def _taken(image: Image.Image) -> str:
    """When the camera took a picture, as "2026-01-31 10:20:30.400", from its EXIF data; "" where they don't say."""
    try:
        details = image.getexif().get_ifd(ExifTags.IFD.Exif)
        texts = [details.get(tag, "") for tag in (ExifTags.Base.DateTimeOriginal, ExifTags.Base.SubsecTimeOriginal)]
        day, clock = texts[0].split()
    except Exception:  # cameras write all kinds of things there, and a picture is worth as much without them
        return ""
    return f"{day.replace(':', '-')} {clock}.{texts[1] or 0}".rstrip("\0")


def _group(catalogue: pd.DataFrame, looks: list[dict]) -> np.ndarray:
    """One number for each set of equal or nearly equal pictures, (N,). Frames of one sequence are left apart."""
    readable = np.flatnonzero(catalogue.why == "")
    hashes = np.array([looks[i]["hash"] for i in readable], dtype=np.uint64)
    mirrors = np.array([looks[i]["mirror"] for i in readable], dtype=np.uint64)
    thumbnails = np.array([looks[i]["thumbnail"] for i in readable], dtype=float).reshape(-1, 16, 16)
    thumbnails = thumbnails - thumbnails.mean((1, 2), keepdims=True)
    thumbnails /= np.sqrt((thumbnails**2).mean((1, 2), keepdims=True)) + 1e-6
    pairs = []
    if not (catalogue.sequence != "").any():
        for i in range(len(readable)):
            bits = np.minimum(
                np.bitwise_count(hashes[i] ^ hashes[i + 1 :]), np.bitwise_count(hashes[i] ^ mirrors[i + 1 :])
            )
            for j in i + 1 + np.flatnonzero(bits <= NEAR_HASH):
                alike = (thumbnails[i] * thumbnails[j]).mean()
                mirrored = (thumbnails[i] * thumbnails[j][:, ::-1]).mean()
                if max(alike, mirrored) >= NEAR_THUMBNAIL:
                    pairs.append((readable[i], readable[j]))
    by_digest = catalogue.iloc[readable].groupby("digest").indices.values()
    pairs += [(readable[same[0]], readable[other]) for same in by_digest for other in same[1:]]
    rows, columns = np.array(pairs, dtype=int).reshape(-1, 2).T
    links = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(catalogue), len(catalogue)))
    return connected_components(links, directed=False)[1]


def _check_labels(catalogue: pd.DataFrame, top: Path) -> None:
    named = catalogue[catalogue.label != ""]
    empty = sorted(set(named.label) - set(named.label[named.status == "labelled"]))
    if empty:
        raise InputError(f"No picture labelled '{empty[0]}' can be read in {top}: all of them are missing or broken.")
    if named.empty:
        raise InputError(f"{top} holds no labelled picture: fill in its table, or give another folder.")
    for label, count in named.label.value_counts().items():
        if count == 1:
            log.warning("Only one picture in %s is labelled '%s': look whether that is meant.", short(top), label)
