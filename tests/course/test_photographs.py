"""The course on real photographs, where HARKIT_PHOTOS names a folder with the two zips."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from harkit import catalogue, fetch, settings, splits
from harkit.__main__ import main

PHOTOS = Path(os.environ.get("HARKIT_PHOTOS") or "nowhere")

pytestmark = pytest.mark.skipif(
    not (PHOTOS / settings.HAR_ZIP).exists(), reason="HARKIT_PHOTOS names no folder with the photographs"
)


@pytest.fixture(scope="module")
def har(tmp_path_factory):
    return catalogue.read(fetch.unpack(PHOTOS / settings.HAR_ZIP, tmp_path_factory.mktemp("har")))


def test_every_photograph_is_counted(har):
    assert har.status.value_counts().to_dict() == {"labelled": 7000, "unlabelled": 60, "unlisted": 2}
    assert set(har.name[har.status == "unlisted"]) == {"train/Image_10169(1).jpg", "test/Image_188(1).jpg"}
    assert len(catalogue.classes(har)) == 15


def test_copies_are_found_and_strangers_are_not_grouped(har):
    labelled = har[har.status == "labelled"]
    assert labelled.duplicated("digest", keep=False).sum() == 76
    sizes = labelled.groupby("group").size()
    assert (sizes > 1).sum() == pytest.approx(58, abs=3) and sizes.max() <= 4
    assert labelled.groupby("group").label.nunique().max() == 1


def test_the_honest_split_holds_on_photographs(har):
    divided = splits.honest(har, (5000, 1000, 1000))
    used = splits.used(divided)
    assert used.groupby("group").split.nunique().max() == 1
    assert abs((used.split == "train").sum() - 5000) <= 2 and abs((used.split == "test").sum() - 1000) <= 2


def test_five_runs_leak_as_published(har):
    table = splits.leaky(har, (5000, 1000, 1000))
    tested = table[table.split == "test"]
    assert tested.path.isin(table.path[table.split == "train"]).mean() == pytest.approx(0.885, abs=0.02)


def test_two_subjects_give_a_run_and_a_whole_submission(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HARKIT_DATA", str(tmp_path / "data"))
    source, out = str(PHOTOS / settings.FALLS_ZIP), str(tmp_path / "run")
    options = ["--model", "resnet50", "--size", "32", "--epochs", "1", "--out", out]
    assert main(["train", "--data", source, *options]) == 0
    assert "too few subjects for a test part" in capsys.readouterr().out
    assert main(["predict", out, "--data", source, "--csv", str(tmp_path / "submission.csv")]) == 0
    wanted = pd.read_csv(fetch.unpack(source, tmp_path / "data") / "urfall" / "sample_submission.csv")
    made = pd.read_csv(tmp_path / "submission.csv")
    assert made.id.tolist() == wanted.id.tolist() and set(made.label) <= {0, 1}


@pytest.mark.slow
@pytest.mark.parametrize(("profile", "only"), [("photos", ["01", "02", "03"]), ("reduced", ["04", "05", "06", "07"])])
def test_the_lessons_run_on_photographs(tmp_path, profile, only):
    """The trainings with the few epochs of `reduced`; the falls have two subjects, so nobody is left for a test."""
    done = subprocess.run(
        [sys.executable, "-m", "harkit", "course", "--profile", profile, "--only", ",".join(only)],
        cwd=Path(__file__).parents[2],
        env=os.environ | {
            "HARKIT_HAR": str(PHOTOS / settings.HAR_ZIP), "HARKIT_FALLS": str(PHOTOS / settings.FALLS_ZIP),
            "HARKIT_DATA": str(tmp_path / "data"), "HARKIT_RESULTS": str(tmp_path / "results"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2400,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    executed = (tmp_path / "results" / profile / "executed").glob("*.ipynb")
    assert sorted(path.name[:2] for path in executed) == only
