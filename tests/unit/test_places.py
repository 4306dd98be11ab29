"""Where a course may lie: odd and long folder names, a home and a data folder that nobody may write to, files that come
from other systems."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from harkit import catalogue, fetch, splits
from harkit.__main__ import main
from harkit.settings import InputError

ROOT = Path(__file__).parents[2]
NAMES = ["My Pictures (2)", "Übung für Größen", "long-" + 195 * "x"]
TINY = ["--model", "resnet", "--recipe", "improved", "--size", "32", "--width", "4", "--epochs", "1"]


def harkit(*arguments, cwd=ROOT, closed=None, **variables) -> subprocess.CompletedProcess:
    """The command in a process of its own; `closed` is a folder that it can't write to, even as root."""
    command = [sys.executable, "-m", "harkit", *map(str, arguments)]
    if closed and os.geteuid() == 0:  # root writes where it likes, but not on a file system that is mounted read-only
        mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", mount, closed, *command]
    elif closed:
        subprocess.run(["chmod", "-R", "a-w", closed], check=True)
    try:
        environment = os.environ | {"PYTHONPATH": str(ROOT)} | {name: str(value) for name, value in variables.items()}
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, errors="replace")
    finally:
        if closed and os.geteuid() != 0:
            subprocess.run(["chmod", "-R", "u+w", closed], check=True)


def may_mount() -> bool:
    done = subprocess.run(["unshare", "--mount", "true"], capture_output=True) if os.geteuid() == 0 else None
    return done is None or done.returncode == 0


read_only = pytest.mark.skipif(
    os.name != "posix" or not may_mount(), reason="this machine lets nobody mount a folder read-only"
)


@pytest.mark.parametrize("name", NAMES, ids=["spaces", "umlauts", "200 characters"])
def test_the_name_of_a_folder_may_be_odd_or_long(name, class_folders, tmp_path, monkeypatch, capsys):
    place = tmp_path / name
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("HARKIT_DATA", str(place / "data"))
    with zipfile.ZipFile(place / "my set.zip", "w") as archive:
        for path in class_folders.rglob("*.jpg"):
            archive.write(path, path.relative_to(class_folders))
    assert main(["train", "--data", "my set.zip", *TINY, "--out", f"{name} run"]) == 0
    assert main(["evaluate", f"{name} run", "--data", "my set.zip", "--all"]) == 0
    picture = next((place / "data").rglob("*.jpg"))
    assert main(["predict", f"{name} run", str(picture)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith(str(picture))


@read_only
def test_pictures_that_somebody_decoded_serve_others_who_may_only_read(class_folders, tmp_path, monkeypatch):
    data = tmp_path / "data"
    monkeypatch.setenv("HARKIT_DATA", str(data))
    command = ["train", "--data", str(class_folders), *TINY, "--out"]
    assert main([*command, str(tmp_path / "first")]) == 0
    before = sorted((path, path.stat().st_mtime_ns) for path in data.rglob("*"))
    done = harkit(*command, tmp_path / "second", closed=data)
    assert done.returncode == 0, done.stderr
    assert sorted((path, path.stat().st_mtime_ns) for path in data.rglob("*")) == before
    other = harkit(*command, tmp_path / "third", "--size", "72", closed=data)  # nobody has decoded these
    assert other.returncode == 2 and "another folder" in other.stderr
    assert "Traceback" not in other.stderr and not list(tmp_path.glob("third/*.safetensors"))


@pytest.mark.slow
@read_only
def test_a_results_folder_that_is_read_only_is_named_in_one_sentence(class_folders, tmp_path):
    results = tmp_path / "results"
    results.mkdir()
    done = harkit("train", "--data", class_folders, *TINY, "--out", results / "run", closed=results)
    assert done.returncode == 2 and str(results) in done.stderr and "Traceback" not in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("harkit: ")


@pytest.mark.slow
@read_only
@pytest.mark.parametrize("name", NAMES, ids=["spaces", "umlauts", "200 characters"])
def test_a_lesson_runs_with_a_home_that_can_not_be_written_and_an_odd_name(name, tmp_path):
    """As on a machine where the home is a full or read-only network drive."""
    home = tmp_path / "home"
    home.mkdir()
    for part in ("notebooks", "harkit", "results"):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / part).symlink_to(ROOT / part, target_is_directory=True)
    mine = {"HARKIT_RESULTS": tmp_path / name / "mine", "HARKIT_DATA": os.environ["HARKIT_DATA"]}
    done = harkit("course", "--only", "01", cwd=tmp_path / name, closed=home, HOME=home, **mine)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / name / "mine" / "reduced" / "har_split.csv").exists()


def test_a_split_that_another_system_wrote_is_the_same_split(har_folder, tmp_path):
    """Windows ends lines with two characters, and some editors begin a file with a mark."""
    table = splits.honest(catalogue.read(har_folder), (30, 10, 10))
    catalogue.save(table, tmp_path / "split.csv", har_folder)
    text = (tmp_path / "split.csv").read_bytes()
    (tmp_path / "windows.csv").write_bytes(text.replace(b"\n", b"\r\n"))
    again = catalogue.load(tmp_path / "windows.csv", har_folder)
    pd.testing.assert_frame_equal(again, catalogue.load(tmp_path / "split.csv", har_folder))


def test_a_submission_with_line_ends_of_windows_is_understood(falls_folder):
    before = catalogue.read(falls_folder)
    path = falls_folder / "sample_submission.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    pd.testing.assert_frame_equal(catalogue.read(falls_folder), before)


def test_a_list_need_not_agree_with_capital_letters(har_folder):
    """Windows and macOS open Image_1.JPG as Image_1.jpg: who made the list there never noticed."""
    top = har_folder / "Human Action Recognition"
    before = catalogue.problems(catalogue.read(har_folder)).files.tolist()
    (top / "train" / "Image_2.jpg").rename(top / "train" / "IMAGE_2.JPG")
    (top / "test" / "Image_2.jpg").rename(top / "test" / "image_2.jpg")
    assert catalogue.problems(catalogue.read(har_folder)).files.tolist() == before


def test_two_files_that_differ_in_capital_letters_stay_two(har_folder):
    top = har_folder / "Human Action Recognition"
    other = (top / "train" / "Image_6.jpg").read_bytes()
    (top / "train" / "image_2.JPG").write_bytes(other)
    if (top / "train" / "Image_2.jpg").read_bytes() == other:
        pytest.skip("this file system takes both names for one file")
    status = catalogue.read(har_folder).set_index("name").status
    assert status["train/Image_2.jpg"] == "labelled" and status["train/image_2.JPG"] == "unlisted"


def test_a_name_in_two_spellings_of_unicode_is_one_name(har_folder):
    top = har_folder / "Human Action Recognition"
    (top / "train" / "Image_2.jpg").rename(top / "train" / "U\u0308bung.jpg")
    text = (top / "Training_set.csv").read_text(encoding="utf-8").replace("Image_2.jpg", "\u00dcbung.jpg")
    (top / "Training_set.csv").write_text(text, encoding="utf-8")
    assert (catalogue.read(har_folder).status == "labelled").sum() == 60


@pytest.mark.parametrize("suffix", [".JPG", ".Jpeg", ".PNG"])
def test_a_suffix_in_capital_letters_is_a_picture(class_folders, suffix):
    for path in class_folders.rglob("*.jpg"):
        path.rename(path.with_suffix(suffix))
    assert (catalogue.read(class_folders).status == "labelled").sum() == 40


def test_a_data_folder_below_a_file_is_named_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="can't be written"):
        fetch.fetch("har", "drawn", tmp_path / "file" / "data", 60)
