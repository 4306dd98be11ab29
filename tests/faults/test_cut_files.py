"""What harkit wrote itself, cut at any byte or changed in one bit: made anew, refused in a sentence, or harmless."""

import json
import pickle
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st
from trying import Code, paint, refusal, try_many

from harkit import catalogue, fetch, runs, settings, splits, training
from harkit.__main__ import main
from harkit.pictures import PictureSet

MANY = [10, pytest.param(120, marks=pytest.mark.slow)]
CHANGES = st.tuples(st.sampled_from(["cut", "flipped"]), st.floats(0, 1, exclude_max=True), st.integers(0, 7))


def changed(content: bytes, change: tuple) -> bytes:
    """The content cut at this share of its length, or with one bit of the byte there flipped."""
    how, where, bit = change
    at = int(where * len(content))
    if how == "cut":
        return content[:at]
    return content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :]


@pytest.fixture(scope="module")
def falls(tmp_path_factory):
    """The falls in small: 4 subjects, and pictures without a label."""
    top = tmp_path_factory.mktemp("falls")
    for seed in range(32):
        label = ("fall", "non_fall")[seed % 2]
        paint(top / "train" / f"s{seed % 8 // 2}" / label / f"s{seed % 8 // 2}_{label}" / f"{seed}.jpg", seed)
    for seed in range(4):
        paint(top / "test" / f"{seed}.jpg", 100 + seed)
    return top


def fit(falls, out, cache, **more):
    divided = splits.by_subject(catalogue.read(falls))
    small = dict(side=32, width=4, epochs=2, device="cpu")
    return training.fit(divided, out, "resnet", "improved", split="subject", cache=cache, **small, **more)


@pytest.fixture(scope="module")
def run(falls, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return fit(falls, folder / "run", folder / "decoded")


def said_of(run, falls, tmp_path, capsys) -> tuple:
    """What `evaluate` and `predict` say of a run: figures, table, or a sentence and exit code 2."""
    capsys.readouterr()
    codes = [main(["evaluate", str(run), "--data", str(falls), "--json"])]
    printed = capsys.readouterr()
    figures = json.loads(printed.out) if not codes[0] else {}
    figures.pop("seconds", None)
    target = tmp_path / "results" / "submission.csv"
    codes.append(main(["predict", str(run), "--data", str(falls), "--csv", str(target)]))
    sentences = (printed.err + capsys.readouterr().err).strip().splitlines()
    assert len([line for line in sentences if line.startswith("harkit: ")]) == codes.count(2)
    assert set(codes) <= {0, 2} and not any("Traceback" in line for line in sentences)
    answers = target.read_text() if target.exists() else ""
    target.unlink(missing_ok=True)
    return codes, figures, answers


NAMES = ["settings.json", "split.csv", "validation.csv", "history.csv", "weights.safetensors", "environment.json"]


@pytest.mark.parametrize("examples", MANY)
def test_a_run_that_was_cut_or_changed_gives_the_same_figures_or_none(examples, run, falls, tmp_path, capsys, count):
    whole = said_of(run, falls, tmp_path, capsys)
    assert whole[0] == [0, 0]

    def check(value):
        name, change = value
        if name == "settings.json":
            change = ("cut", *change[1:])
        broken = tmp_path / "broken"
        shutil.rmtree(broken, ignore_errors=True)
        shutil.copytree(run, broken)
        content = (run / name).read_bytes()
        (broken / name).write_bytes(changed(content, change))
        codes, figures, answers = said_of(broken, falls, tmp_path, capsys)
        assert codes[0] or figures == whole[1]
        assert codes[1] or answers == whole[2]
        if name == "history.csv":
            assert refusal(runs.history, broken)[1]
        harmless = name == "settings.json" and changed(content, change) == content.rstrip()  # its last line's end
        assert codes[0] == 2 or harmless or name not in ("split.csv", "weights.safetensors", "settings.json")
        assert codes[1] == 2 or harmless or name not in ("validation.csv", "weights.safetensors", "settings.json")
        count(f"run folder: {name} {change[0]}", "refused" if 2 in codes or name == "history.csv" else "right")

    try_many(st.tuples(st.sampled_from(NAMES), CHANGES), check, examples)


@pytest.fixture(scope="module")
def unfinished(falls, tmp_path_factory):
    """A run that was interrupted after its first epoch, and the decoded pictures."""
    folder = tmp_path_factory.mktemp("unfinished")
    save = runs.save_checkpoint

    def save_and_stop(*arguments, **more):
        save(*arguments, **more)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(runs, "save_checkpoint", save_and_stop)
        fit(falls, folder / "run", folder / "decoded", precision="fp32")
    return folder


@pytest.mark.parametrize("examples", MANY)
def test_a_checkpoint_that_was_cut_is_refused_or_goes_on_as_if_whole(examples, unfinished, falls, tmp_path, count):
    goes_on = tmp_path / "whole"
    shutil.copytree(unfinished / "run", goes_on)
    fit(falls, goes_on, unfinished / "decoded", resume=True)
    weights = (goes_on / "weights.safetensors").read_bytes()

    def check(value):
        name, change = value
        broken = tmp_path / "broken"
        shutil.rmtree(broken, ignore_errors=True)
        shutil.copytree(unfinished / "run", broken)
        (broken / name).write_bytes(changed((broken / name).read_bytes(), ("cut", *change[1:])))
        _, sentence = refusal(fit, falls, broken, unfinished / "decoded", resume=True)
        if sentence:
            assert name in sentence
        else:
            assert (broken / "weights.safetensors").read_bytes() == weights
        count(f"unfinished run: {name} cut", "refused" if sentence else "right")

    names = ["checkpoint.pt", "best.safetensors", "settings.json", "split.csv", "history.csv"]
    try_many(st.tuples(st.sampled_from(names), CHANGES), check, examples)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("name", ["checkpoint.pt", "best.safetensors", "weights.safetensors"])
@pytest.mark.parametrize("written", ["pickle", "torch"])
def test_code_in_a_run_is_not_run_and_the_file_is_named(name, written, unfinished, run, falls, tmp_path, count):
    import torch

    broken = tmp_path / "broken"
    shutil.copytree(run if name == "weights.safetensors" else unfinished / "run", broken)
    with open(broken / name, "wb") as file:
        (pickle.dump if written == "pickle" else torch.save)({"model": Code(tmp_path / "ran")}, file)
    if name == "weights.safetensors":
        _, sentence = refusal(runs.load, broken)
    else:
        (broken / "checkpoint.pt").unlink() if name == "best.safetensors" else None
        _, sentence = refusal(runs.load_best if name == "best.safetensors" else _go_on, broken, None)
    assert name in sentence and not (tmp_path / "ran").exists()
    count("weights: a pickle with code in it", "refused")


def _go_on(run, _):
    return runs.load_checkpoint(run, {}, "cpu")


@pytest.mark.parametrize("examples", MANY)
def test_decoded_pictures_that_were_cut_are_decoded_again(examples, falls, tmp_path, count):
    table = catalogue.read(falls).query("status == 'labelled'")
    whole = np.array(PictureSet(table, 32, tmp_path / "whole").pixels)
    (path,) = (tmp_path / "whole").iterdir()
    content = path.read_bytes()
    cache = tmp_path / "data"
    cache.mkdir()

    def check(change):
        if change[0] == "flipped":  # in the header; a pixel can't be known
            change = (change[0], change[1] * 128 / len(content), change[2])
        (cache / path.name).write_bytes(changed(content, change))
        found = PictureSet(table, 32, cache).pixels
        assert found.dtype == np.uint8 and np.array_equal(found, whole)
        assert [left.name for left in cache.iterdir()] == [path.name]
        count(f"decoded pictures: {change[0]}", "made anew")
        del found

    try_many(CHANGES, check, examples)


@pytest.mark.parametrize("examples", MANY)
def test_what_was_kept_of_the_pictures_is_looked_at_again_when_damaged(examples, falls, tmp_path, count):
    whole = catalogue.read(falls, tmp_path / "cache")
    (path,) = (tmp_path / "cache").iterdir()
    content = path.read_bytes()

    def check(change):
        path.write_bytes(changed(content, change))
        pd.testing.assert_frame_equal(catalogue.read(falls, path.parent), whole)
        assert [left.name for left in path.parent.iterdir()] == [path.name]
        count(f"hashes of pictures: {change[0]}", "right" if path.read_bytes() != content else "made anew")

    try_many(CHANGES, check, examples)


@pytest.mark.parametrize("examples", MANY)
def test_a_split_that_was_cut_is_made_anew(examples, tmp_path, count):
    for seed in range(24):
        paint(tmp_path / "set" / "train" / f"{seed}.jpg", seed)
    rows = [f"{seed}.jpg,{('calling', 'running')[seed % 2]}" for seed in range(24)]
    (tmp_path / "set" / "Training_set.csv").write_text("\n".join(["filename,label", *rows]))
    config = replace(settings.load("reduced"), har=str(tmp_path / "set"))
    whole = splits.prepare("har", config)
    path = config.results / "har_split.csv"
    content = path.read_bytes()

    def check(change):
        path.write_bytes(changed(content, ("cut", *change[1:])))
        found = splits.prepare("har", config)
        columns = ["name", "label", "digest", "split"]
        pd.testing.assert_frame_equal(found[columns], whole[columns])
        assert path.read_bytes() == content
        count("split of the lessons: cut", "made anew")

    try_many(CHANGES, check, examples)


def test_a_folder_of_copies_that_lost_its_table_is_made_anew(tmp_path, count):
    from harkit import augment

    for seed in range(24):
        paint(tmp_path / "set" / ("calling", "running")[seed % 2] / f"{seed}.jpg", seed)
    divided = splits.honest(catalogue.read(tmp_path / "set"), (16, 4, 4))
    whole = augment.write_copies(divided, tmp_path / "data", 3)
    (table,) = (tmp_path / "data").glob("copies-*/copies.csv")
    table.unlink()
    again = augment.write_copies(divided, tmp_path / "data", 3)
    pd.testing.assert_frame_equal(again, whole)
    assert not [path for path in (tmp_path / "data").iterdir() if path.name.endswith(fetch.UNFINISHED)]
    count("changed copies: no table", "made anew")
