"""Killed at any moment, as by a power failure: the next run goes on and ends with the same bytes as an unbroken one."""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from trying import paint

from harkit import catalogue

# Small pieces, a checkpoint after each, slow decoding: there is much to be killed in. Plain precision everywhere.
SCRIPT = """
import sys, time
from pathlib import Path
from harkit import catalogue, decoding, pictures, precision, training
from harkit.__main__ import main
training.PIECE, training.CHECKPOINT_SECONDS = 2, 0
precision.WORTH = dict.fromkeys(precision.WORTH, 1e9)

def build(folder, cache):
    decode = decoding.decode
    decoding.decode = lambda *which: time.sleep(0.01) or decode(*which)
    pictures.PictureSet(catalogue.read(Path(folder)), 32, Path(cache))

print("begin", flush=True)
sys.exit(build(*sys.argv[2:]) if sys.argv[1] == "build" else main(sys.argv[1:]))
"""
DRAWN = Path(os.environ.get("HARKIT_DATA", "nowhere"))  # of all tests: the course's own pictures


def command(what: str, pictures: Path, folder: Path) -> list:
    if what == "fetch":
        return ["fetch", "har", "--count", "60"]
    if what == "unpack":
        return ["fetch", "har", "--from", pictures.with_suffix(".zip")]
    if what == "cache":
        return ["build", pictures, folder / "data" / "decoded"]
    if what == "course":
        return ["course", "--profile", "reduced", "--only", "01,04"]
    train = ["train", "--data", pictures, "--model", "resnet", "--recipe", "improved", "--size", "32", "--epochs", "2"]
    begun = (folder / "run" / "split.csv").exists()
    return [*train, "--out", folder / "run", *(["--resume"] if begun else [])]


def start(what: str, pictures: Path, folder: Path) -> subprocess.Popen:
    own = {"HARKIT_DATA": str(folder / "data"), "HARKIT_RESULTS": str(folder / "results"), "OMP_NUM_THREADS": "1"}
    arguments = [sys.executable, "-c", SCRIPT, *map(str, command(what, pictures, folder))]
    with open(folder.with_suffix(".log"), "w") as log:
        process = subprocess.Popen(
            arguments, env=os.environ | own, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert process.stdout.readline() == "begin\n", folder.with_suffix(".log").read_text()
    return process


def end(process: subprocess.Popen, folder: Path) -> None:
    process.stdout.read()
    assert process.wait() == 0, folder.with_suffix(".log").read_text()


def kill(process: subprocess.Popen, all_at_once: bool) -> bool:
    """Whether it was still at work. All processes at once, as by a power failure; or the first, and the rest follow."""
    try:
        others = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        others = []
    process.kill()
    for other in others if all_at_once else []:
        other.kill()
    working = process.wait() < 0
    _, left = psutil.wait_procs(others, timeout=300)
    assert not left, f"{left} go on without the process that started them"
    return working


def state(what: str, folder: Path) -> dict[str, str]:
    """Every file that is left, with its digest where it holds no times and no machine's speed."""
    timed = {"history.csv", "settings.json", "results.csv"} | {path.name for path in folder.rglob("executed/*")}
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {
        path.relative_to(folder).as_posix(): "" if path.name in timed else catalogue.digest(path)
        for path in files if "drawn-" not in path.as_posix() or what != "course"
    }  # fmt: skip


@pytest.fixture
def pictures(tmp_path):
    """Forty pictures in two classes, as a folder and as a zip."""
    for seed in range(40):
        paint(tmp_path / "pictures" / ("calling", "running")[seed % 2] / f"{seed}.jpg", seed)
    shutil.make_archive(str(tmp_path / "pictures"), "zip", tmp_path / "pictures")
    return tmp_path / "pictures"


def prepare(what: str, folder: Path) -> None:
    """An empty folder; for the course, with the pictures of all tests, once drawn."""
    (folder / "data").mkdir(parents=True)
    for drawn in DRAWN.glob("drawn-*") if what == "course" else []:
        (folder / "data" / drawn.name).symlink_to(drawn)


@pytest.mark.parametrize(
    ("what", "kills"),
    [
        ("fetch", 1), ("cache", 2), ("train", 2),
        *(pytest.param(*case, marks=pytest.mark.slow)
          for case in (("fetch", 11), ("unpack", 9), ("cache", 11), ("train", 12), ("course", 7))),
    ],
)  # fmt: skip
def test_what_is_killed_again_and_again_ends_with_the_same_bytes(what, kills, pictures, tmp_path, count):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    prepare(what, whole)
    process, began = start(what, pictures, whole), time.monotonic()
    end(process, whole)
    needed, luck, hit = time.monotonic() - began, random.Random(kills), 0
    prepare(what, broken)
    for _ in range(4 * kills):  # who comes too late does not count
        process = start(what, pictures, broken)
        time.sleep(luck.uniform(0, 1) * needed)
        working = kill(process, luck.random() < 0.5)
        count(f"kill -9: {what}", "killed at work" if working else "done before")
        hit += working
        if hit == kills:
            break
        if not working or (what in ("fetch", "unpack", "cache") and state(what, broken) == state(what, whole)):
            assert state(what, broken) == state(what, whole)
            shutil.rmtree(broken)  # it had ended: begin again
            prepare(what, broken)
    assert hit == kills
    end(start(what, pictures, broken), broken)
    assert state(what, broken) == state(what, whole)
