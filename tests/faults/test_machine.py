"""The machine at fault: a full disk, a folder that can't be written, a wrong clock, no network, several at once."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from trying import paint, refusal

from harkit import catalogue, decoding, fetch, precision, runs
from harkit.__main__ import main
from harkit.pictures import PictureSet

ROOT = Path(__file__).parents[2]
DRAWN = Path(os.environ.get("HARKIT_DATA", "nowhere"))  # of all tests: the course's own pictures
TRAIN = ["train", "--model", "resnet", "--recipe", "improved", "--size", "32", "--width", "8", "--epochs", "2"]


def tool(name: str, package: str) -> str:
    return shutil.which(name) or pytest.skip(f"no {name} on this machine: apt-get install {package}")


@contextlib.contextmanager
def mounted(folder: Path, *options: str):
    """A file system at `folder`, as only root may make one."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True) if has_root() else None
    if not done or done.returncode:
        pytest.skip("mounting needs root" if not done else f"no mount here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def has_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("mount") is not None


def small_disk(folder: Path, kilobytes: int):
    return mounted(folder, "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs")


@contextlib.contextmanager
def read_only(folder: Path):
    """The folder again, at a place where nobody may write, root neither."""
    with mounted(folder.with_name(f"{folder.name}-read-only"), "--bind", str(folder)) as place:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
        yield place


def one_sentence(capsys) -> str:
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("harkit: ")]
    assert len(lines) == 1 and lines[0].endswith("."), lines
    return lines[0]


@pytest.fixture
def folders(tmp_path):
    """Sixty pictures in two classes."""
    for seed in range(60):
        paint(tmp_path / "pictures" / ("calling", "running")[seed % 2] / f"{seed}.jpg", seed)
    return tmp_path / "pictures"


def test_a_full_disk_is_said_by_who_unpacks(tmp_path, capsys, count):
    shutil.make_archive(str(tmp_path / "set"), "zip", paint(tmp_path / "set" / "1.jpg", 1).parent)
    (tmp_path / "set" / "2.jpg").write_bytes(np.random.default_rng(0).bytes(300_000))
    shutil.make_archive(str(tmp_path / "set"), "zip", tmp_path / "set")
    with small_disk(tmp_path / "disk", 200) as disk:
        assert main(["fetch", "har", "--from", str(tmp_path / "set.zip"), "--to", str(disk)]) == 2
        assert "No space left" in one_sentence(capsys)
        assert not list(disk.iterdir())
    count("full disk: unpacking", "refused")


@pytest.mark.slow
def test_a_full_disk_is_said_by_who_draws(tmp_path, capsys, count):
    with small_disk(tmp_path / "disk", 300) as disk:
        assert main(["fetch", "har", "--count", "60", "--to", str(disk)]) == 2
        assert "No space left" in one_sentence(capsys)
        assert not list(disk.iterdir())
    count("full disk: drawing", "refused")


def test_a_full_disk_is_said_by_who_decodes(folders, tmp_path, count):
    with small_disk(tmp_path / "disk", 100) as disk:
        _, sentence = refusal(PictureSet, catalogue.read(folders), 32, disk / "decoded")
        assert "No space left" in sentence and "HARKIT_DATA" in sentence
        assert not list((disk / "decoded").iterdir())
    count("full disk: decoding", "refused")


@pytest.mark.parametrize("file", ["checkpoint.pt", "best.safetensors"])
def test_a_full_disk_keeps_the_last_checkpoint_and_the_run_goes_on(file, folders, tmp_path, capsys, monkeypatch, count):
    """The disk is full when the second epoch is done, for its checkpoint or already for its weights."""
    monkeypatch.setattr(precision, "WORTH", dict.fromkeys(precision.WORTH, 1e9))  # plain, whatever a measurement finds
    whole, kept = tmp_path / "whole", {}
    assert main([*TRAIN, "--data", str(folders), "--out", str(whole)]) == 0
    with small_disk(tmp_path / "disk", 20_000) as disk:
        save, run = runs.save_checkpoint if file == "checkpoint.pt" else runs.keep_best, disk / "run"

        def fill_and_save(out, *arguments, **more):
            if (out / "checkpoint.pt").exists():
                kept["checkpoint"] = (out / "checkpoint.pt").read_bytes()
                with contextlib.suppress(OSError), open(disk / "filler", "wb", buffering=0) as filler:
                    while True:
                        filler.write(bytes(4096))
            save(out, *arguments, **more)

        with monkeypatch.context() as patch:
            patch.setattr(runs, save.__name__, fill_and_save)
            capsys.readouterr()
            assert main([*TRAIN, "--data", str(folders), "--out", str(run)]) == 2
        assert re.search("No space left|disk seems to be full", one_sentence(capsys))
        assert (run / "checkpoint.pt").read_bytes() == kept["checkpoint"]
        assert not [path for path in run.iterdir() if path.name.startswith(".")]
        (disk / "filler").unlink()
        assert main([*TRAIN, "--data", str(folders), "--out", str(run), "--resume"]) == 0
        weights = [(folder / "weights.safetensors").read_bytes() for folder in (run, whole)]
        assert weights[0] == weights[1]
    count(f"full disk: {file}", "right")


def test_decoded_pictures_in_a_read_only_place_serve_and_missing_ones_are_one_sentence(folders, tmp_path, count):
    table = catalogue.read(folders)
    whole = PictureSet(table, 32, tmp_path / "shared" / "decoded").pixels
    with read_only(tmp_path / "shared") as shared:
        assert np.array_equal(PictureSet(table, 32, shared / "decoded").pixels, whole)
        _, sentence = refusal(PictureSet, table, 48, shared / "decoded")
        assert "can't be written (Read-only file system)" in sentence
        _, sentence = refusal(fetch.fetch, "har", "drawn", shared / "deep", 60)
        assert "can't be written (Read-only file system)" in sentence
    count("read-only: decoded pictures", "right")
    count("read-only: decoded pictures", "refused")


def test_a_read_only_folder_is_named_by_who_trains_and_predicts(folders, tmp_path, capsys, count):
    run = tmp_path / "runs" / "run"
    assert main([*TRAIN, "--data", str(folders), "--out", str(run)]) == 0
    with read_only(tmp_path / "runs") as place:
        capsys.readouterr()
        assert main([*TRAIN, "--data", str(folders), "--out", str(place / "other")]) == 2
        assert "Read-only file system" in one_sentence(capsys)
        picture = str(next(folders.rglob("*.jpg")))
        assert main(["predict", str(place / "run"), picture]) == 0, "a run that may only be read answers"
        assert main(["evaluate", str(place / "run"), "--data", str(folders), "--all"]) == 0
    count("read-only: training", "refused")
    count("read-only: a run that is asked", "right")


def test_files_from_the_future_are_used_like_any(folders, tmp_path, monkeypatch, count):
    """As after a clock was set back: nothing is made again, because nothing asks for times."""
    table = catalogue.read(folders)
    whole = np.array(PictureSet(table, 32, tmp_path / "data").pixels)
    shutil.make_archive(str(tmp_path / "set"), "zip", folders)
    folder = fetch.unpack(tmp_path / "set.zip", tmp_path / "data")
    for path in [*(tmp_path / "data").rglob("*"), *folders.rglob("*"), tmp_path / "set.zip"]:
        os.utime(path, (4e9, 4e9))
    monkeypatch.setattr(decoding, "decode", lambda *_: pytest.fail("decoded again"))
    assert np.array_equal(PictureSet(catalogue.read(folders), 32, tmp_path / "data").pixels, whole)
    assert fetch.unpack(tmp_path / "set.zip", tmp_path / "data") == folder and folder.stat().st_mtime == 4e9
    count("clock set back", "right")


@pytest.mark.slow
def test_a_clock_that_is_set_back_between_two_steps_changes_nothing(folders, tmp_path, count):
    faketime, digests = tool("faketime", "faketime"), set()
    for name, clocks in (("whole", ["2030-01-01", "2030-01-02"]), ("back", ["2030-01-01", "1999-12-31"])):
        out = tmp_path / name
        for clock, more in zip(clocks, (["--epochs", "2"], ["--resume"]), strict=True):
            stop = "runs.keep_best = None" if clock == clocks[0] else ""  # the first step ends with an error
            code = "import sys; from harkit import runs, precision\n"
            code += f"precision.WORTH = dict.fromkeys(precision.WORTH, 1e9); {stop}\n"
            code += "from harkit.__main__ import main; sys.exit(main(sys.argv[1:]))"
            arguments = [sys.executable, "-c", code, *TRAIN, *more, "--data", str(folders), "--out", str(out)]
            done = subprocess.run([faketime, "-f", f"@{clock} 10:00:00", *arguments], capture_output=True, text=True)
            assert (done.returncode == 0) == (not stop), done.stderr
        digests.add(catalogue.digest(out / "weights.safetensors"))
    assert len(digests) == 1
    count("clock set back", "right")


TOGETHER = """
import logging, sys, time
from pathlib import Path
from harkit import catalogue, decoding, fetch, pictures
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
what, source, data = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
if what == "unpack":
    extract = fetch._extract
    fetch._extract = lambda *which: (print("makes", flush=True), time.sleep(1), extract(*which))
    print("result", catalogue.fingerprint(catalogue.read(fetch.unpack(source, data))))
elif what == "draw":
    folder = fetch.fetch("har", "drawn", data, 60)
    print("result", catalogue.fingerprint(catalogue.read(folder)))
else:
    decode = decoding.decode
    decoding.decode = lambda *which: (time.sleep(0.02), decode(*which))[1]
    write = decoding._decode
    decoding._decode = lambda *which: (print("makes", flush=True), write(*which))[1]
    print("result", pictures.PictureSet(catalogue.read(source), 32, data).pixels.sum())
"""


@pytest.mark.parametrize("what", ["decode", "unpack", pytest.param("draw", marks=pytest.mark.slow)])
def test_of_processes_that_make_the_same_at_once_one_makes_it_and_all_end_right(what, folders, tmp_path, count):
    source = folders
    if what == "unpack":
        source = Path(shutil.make_archive(str(tmp_path / "set"), "zip", folders))
    arguments = [sys.executable, "-c", TOGETHER, what, str(source), str(tmp_path / "data")]
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    processes = [subprocess.Popen(arguments, **pipes) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate()[0] for process in processes]
    makers = sum(len(re.findall(r"^(?:makes|Drawing .*)$", text, flags=re.MULTILINE)) for text in said)
    assert makers == 1 and all(process.returncode == 0 for process in processes), said
    assert len({re.search(r"^result (.+)$", text, flags=re.MULTILINE).group(1) for text in said}) == 1
    assert len(list((tmp_path / "data").iterdir())) == 1, "nothing else is left behind"
    count(f"at once: {what}", "right")


def test_names_that_the_file_system_takes_for_one_are_refused(tmp_path, monkeypatch, count):
    """macOS and Windows don't tell A.jpg from a.jpg; here a `touch` that does not either stands in for them."""
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name in ("set/A.jpg", "set/a.jpg"):
            archive.writestr(name, name)
    touch = Path.touch
    monkeypatch.setattr(Path, "touch", lambda path, **more: touch(path.with_name(path.name.lower()), **more))
    _, sentence = refusal(fetch.unpack, tmp_path / "set.zip", tmp_path / "data")
    assert "'set/a.jpg' twice" in sentence and not list((tmp_path / "data").iterdir())
    count("zip: names that differ in case, where that is nothing", "refused")


@pytest.mark.slow
def test_the_whole_course_runs_without_a_network_and_asks_for_none(tmp_path, count):
    for name, package in (("unshare", "util-linux"), ("ip", "iproute2"), ("strace", "strace")):
        tool(name, package)
    if not has_root():
        pytest.skip("a network namespace of one's own needs root")
    (tmp_path / "data").mkdir()
    for drawn in DRAWN.glob("drawn-*"):
        (tmp_path / "data" / drawn.name).symlink_to(drawn)
    log = tmp_path / "connects.txt"
    course = f'"{sys.executable}" -m harkit course --profile reduced'
    trace = f'strace -f -qq --seccomp-bpf -e trace=connect,sendto,sendmsg -e signal=none -o "{log}"'
    own = {name: value for name, value in os.environ.items() if name != "HARKIT_OFFLINE"}  # it goes without being told
    command = ["unshare", "-n", "sh", "-c", f"ip link set lo up && {trace} {course}"]
    done = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "[7/7]" in done.stdout
    asked = [line for line in log.read_text(errors="replace").splitlines() if "AF_INET" in line]
    assert [line for line in asked if "127.0.0.1" in line], "the kernels are spoken to on this machine: the trace works"
    strangers = [line for line in asked if not re.search(r'inet_addr\("127\.|"::1"', line)]
    assert not strangers
    count("no network: the whole course", "right")
