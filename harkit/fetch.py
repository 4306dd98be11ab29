"""Where pictures come from: drawn here, a folder, a zip, or Kaggle. Whatever the source, the result is a folder."""

import errno
import hashlib
import logging
import os
import shutil
import stat
import tempfile
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from filelock import FileLock, Timeout

from harkit.layouts import require
from harkit.settings import InputError, offline, short

log = logging.getLogger(__name__)

KAGGLE_HANDLE = "meetnagadia/human-action-recognition-har-dataset/versions/1"  # pinned: works from the cache, offline
KINDS = ("har", "falls")
LARGEST_ZIP = 40 * 2**30  # bytes unpacked; the real set holds 0.3 GB
UNFINISHED = ".unfinished"  # how the name of a file or folder ends that is still being written
LARGEST_RATIO = 200  # unpacked over packed; JPEG files hardly shrink


def fetch(kind: str, source: str = "drawn", to: Path | str = "data", count: int | None = None, seed: int = 0) -> Path:
    """Bring the pictures of `kind` ("har" or "falls") into a folder below `to` and return it.

    `source` is "drawn", "kaggle" (har only), a folder (returned as it is) or a zip. `count` is the number of drawn
    pictures (har) or of drawn subjects (falls). What is there already is not made again, nothing is left half-done.
    Raises InputError for a source that does not exist, can't be read or is not of this kind.
    """
    if kind not in KINDS:
        raise InputError(f"There is no data set '{kind}': choose har or falls.")
    if source == "drawn":
        return _draw(kind, Path(to), count, seed)
    folder = _kaggle(kind) if source == "kaggle" else unpack(source, to)
    require(kind, folder)
    return folder


def unpack(source: Path | str, to: Path | str = "data") -> Path:
    """A folder of pictures: `source` itself if it is one, else the zip `source`, extracted below `to`."""
    source = Path(source).expanduser()
    if source.is_dir():
        return source
    if not source.is_file():
        raise InputError(f"{source} does not exist: give a folder of pictures or a zip.")
    folder = Path(to) / f"{source.stem}-{_fingerprint(source)}"
    if not folder.is_dir():
        with alone(folder):
            if not folder.is_dir():
                with new_folder(folder) as unfinished:
                    _extract(source, unfinished)
    return folder


@contextmanager
def alone(path: Path):
    """A block in which no other process makes `path`.

    It waits for one that does, so look again whether `path` is there. What a killed process left of it is removed.
    Raises InputError where nothing can be written.
    """
    # the system lets go of it when a process dies
    lock = FileLock(path.with_name(f".{path.name}.lock"), mode=0o666)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            log.info("Another notebook or command is making %s: waiting for it.", short(path))
            lock.acquire()
    except OSError as error:
        raise InputError(f"{path.parent} can't be written ({error.strerror}): choose another folder.") from error
    try:
        for left in path.parent.glob(f".{path.name}[-.]*{UNFINISHED}"):
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
        yield
    finally:
        with suppress(OSError):  # Windows removes it by itself
            Path(lock.lock_file).unlink()
        lock.release()


@contextmanager
def new_folder(folder: Path):
    """A temporary folder that becomes `folder` when the block ends well, and disappears when it does not."""
    folder = Path(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", suffix=UNFINISHED, dir=folder.parent))
    except OSError as error:
        raise InputError(f"{folder.parent} can't be written ({error.strerror}): choose another folder.") from error
    try:
        yield unfinished
        unfinished.chmod(0o755)
        try:
            unfinished.rename(folder)
        except OSError:  # somebody else finished it first: theirs is as good as ours
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def new_file(path: Path | str):
    """A temporary path that becomes `path` when the block ends well, and disappears when it does not."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}{UNFINISHED}")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _draw(kind: str, to: Path, count: int | None, seed: int) -> Path:
    from harkit import drawn

    count = count or (1500 if kind == "har" else 10)
    if kind == "har" and count < 60:
        raise InputError(
            f"{count} pictures are too few for {len(drawn.ACTIONS)} actions: ask for 60 or more (--count)."
        )
    if kind == "falls" and count < 2:
        raise InputError("The falls need two subjects or more (--count): one to train on, one to validate.")
    folder = to / f"drawn-{kind}-{count}-seed{seed}-v{drawn.VERSION}"
    if not folder.is_dir():
        with alone(folder):
            if not folder.is_dir():
                log.info("Drawing the %s pictures into %s", kind, short(folder))
                with new_folder(folder) as unfinished:
                    draw = drawn.draw_har if kind == "har" else drawn.draw_falls
                    draw(unfinished, count, seed)
    return folder


def kaggle_cache() -> Path:
    """Where kagglehub keeps the action pictures, once it has them."""
    from kagglehub.config import get_cache_folder

    return Path(get_cache_folder()) / "datasets" / KAGGLE_HANDLE


def _kaggle(kind: str) -> Path:
    if kind != "har":
        raise InputError(
            "The falls are a Kaggle competition: log in there, accept its rules, download the zip and give its path."
        )
    import kagglehub

    if offline() and not kaggle_cache().is_dir():
        raise InputError(
            f"HARKIT_OFFLINE is set, and Kaggle's cache does not hold {KAGGLE_HANDLE}: set HARKIT_HAR to a zip or a "
            "folder of the pictures, or to 'drawn'."
        )
    try:
        return Path(kagglehub.dataset_download(KAGGLE_HANDLE))
    except Exception as error:  # kagglehub raises many kinds: no network, no such version, refused
        raise InputError(
            f"Kaggle could not be reached and its cache does not hold {KAGGLE_HANDLE} ({type(error).__name__}): "
            "download the zip by hand and give its path, or use the drawn pictures."
        ) from error


def _extract(source: Path, folder: Path) -> None:
    """Extract a zip into `folder`; refuse one that is broken, locked, too large, or that climbs out of the folder."""
    try:
        with zipfile.ZipFile(source) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            _check_members(source, members)
            for member in members:
                _extract_member(source, archive, member, folder)
    except InputError:
        raise
    except Exception as error:  # zipfile and its decompressors raise many kinds on broken files
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise InputError(f"{source} could not be unpacked into {folder.parent}: {error.strerror}.") from error
        reason = str(error).rstrip(".") or type(error).__name__
        raise InputError(f"{source} is not a whole zip file ({reason}): download it again.") from error


def _extract_member(source: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
    name = _name(member)
    target = folder / PurePosixPath(name)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch(exist_ok=False)
    except (FileExistsError, NotADirectoryError) as error:  # as the file system sees it, which may not tell a from A
        raise InputError(f"{source} holds {name!r} twice, or as file and folder: mend it and zip it again.") from error
    with archive.open(member) as packed, open(target, "wb") as unpacked:
        shutil.copyfileobj(packed, unpacked)


def _name(member: zipfile.ZipInfo) -> str:
    """The name of a member, with forward slashes. Some programs write UTF-8 and don't say so."""
    return (_utf8(member) or member.filename).replace("\\", "/")


def _utf8(member: zipfile.ZipInfo) -> str | None:
    """A name that zipfile took for cp437, because it is not marked as UTF-8, and that is UTF-8 all the same."""
    try:
        return None if member.flag_bits & 0x800 else member.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return None


def _check_members(source: Path, members: list[zipfile.ZipInfo]) -> None:
    if not members:
        raise InputError(f"{source} is an empty zip: download it again.")
    for member in members:
        name = _name(member)
        if name.startswith("/") or ":" in name.split("/")[0] or ".." in PurePosixPath(name).parts or "\0" in name:
            raise InputError(f"{source} holds a path that climbs out of its folder ({name!r}): don't use this zip.")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise InputError(f"{source} holds a link ({name!r}), which a set of pictures does not need: don't use it.")
        if member.flag_bits & 1:
            raise InputError(f"{source} is locked with a password: unpack it yourself and give the folder.")
    unclear = [m.filename for m in members if not m.filename.isascii() and not m.flag_bits & 0x800 and not _utf8(m)]
    if unclear:
        log.warning("%s does not say how its names are encoded: look whether %r is right.", source, unclear[0])
    unpacked = sum(member.file_size for member in members)
    if unpacked > LARGEST_ZIP or unpacked > LARGEST_RATIO * max(1_000_000, source.stat().st_size):
        raise InputError(f"{source} would unpack to {unpacked / 2**30:.1f} GB, which no such data set needs.")


def _fingerprint(source: Path) -> str:
    """Eight characters that change when the zip does: from its size, its first and its last bytes."""
    size = source.stat().st_size
    with open(source, "rb") as file:
        first = file.read(2**16)
        file.seek(max(0, size - 2**16), os.SEEK_SET)
        last = file.read()
    return hashlib.sha256(str(size).encode() + first + last).hexdigest()[:8]
