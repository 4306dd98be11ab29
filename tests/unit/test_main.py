"""Bad input ends in one clear sentence, exit code 2, and nothing half-written."""

import json
import zipfile

import pandas as pd
import pytest
from painting import paint

from harkit import recipes, runs
from harkit.__main__ import main


@pytest.fixture
def top(har_folder):
    return har_folder / "Human Action Recognition"


@pytest.fixture
def run(har_folder, tmp_path):
    out = tmp_path / "run"
    arguments = ["--model", "resnet", "--recipe", "improved", "--size", "32", "--epochs", "1", "--out", str(out)]
    assert main(["train", "--data", str(har_folder), *arguments]) == 0
    return out


def missing_folder(tmp_path, top):
    return tmp_path / "nowhere"


def empty_folder(tmp_path, top):
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


def csv_without_the_column(tmp_path, top):
    (top / "Training_set.csv").write_text("picture,label\nImage_1.jpg,calling\n")
    return top


def label_without_pictures(tmp_path, top):
    with open(top / "Training_set.csv", "a") as file:
        file.write("Image_900.jpg,swimming\n")
    return top


def one_class_only(tmp_path, top):
    table = pd.read_csv(top / "Training_set.csv")
    table[table.label == "calling"].to_csv(top / "Training_set.csv", index=False)
    return top


def zip_that_climbs_out(tmp_path, top):
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../../evil.jpg", b"x")
    return tmp_path / "evil.zip"


def text_named_zip(tmp_path, top):
    (tmp_path / "text.zip").write_text("not a zip")
    return tmp_path / "text.zip"


def only_text_named_jpg(tmp_path, top):
    for label in ("calling", "running"):
        (tmp_path / "text" / label).mkdir(parents=True)
        (tmp_path / "text" / label / "1.jpg").write_text("not a picture")
    return tmp_path / "text"


def only_truncated_pictures(tmp_path, top):
    for path in (top / "train").iterdir():
        path.write_bytes(path.read_bytes()[:400])
    return top


CAUSES = [
    missing_folder, empty_folder, csv_without_the_column, label_without_pictures, one_class_only, zip_that_climbs_out,
    text_named_zip, only_text_named_jpg, only_truncated_pictures,
]  # fmt: skip


def one_sentence(capsys):
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("harkit: ") and lines[0].endswith(".")
    return lines[0]


@pytest.mark.parametrize("cause", CAUSES)
def test_bad_pictures_end_in_one_sentence(tmp_path, top, capsys, cause):
    source, out = cause(tmp_path, top), tmp_path / "out"
    assert main(["train", "--data", str(source), "--model", "resnet", "--size", "32", "--out", str(out)]) == 2
    one_sentence(capsys)
    assert not out.exists()
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith((".unfinished", ".text", ".evil"))]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--model", "alexnet"], "alexnet"),
        (["--recipe", "secret"], "secret"),
        (["--size", "20"], "20 px"),
        (["--model", "vgg16", "--size", "50"], "multiple of 32"),
        (["--split", "subject"], "falls layout"),
        (["--resume"], "no run to go on with"),
    ],
)
def test_bad_options_end_in_one_sentence(tmp_path, har_folder, capsys, arguments, says):
    common = ["train", "--data", str(har_folder), "--model", "resnet", "--size", "32", "--out", str(tmp_path / "out")]
    assert main([*common, *arguments]) == 2
    assert says in one_sentence(capsys)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--seed", "-1"], "from 0 to 4294967295"),
        (["--seed", "99999999999"], "from 0 to 4294967295"),
        (["--minutes", "0"], "minutes above zero"),
        (["--minutes", "nan"], "minutes above zero"),
        (["--minutes", "soon"], "minutes above zero"),
        (["--epochs", "two"], "two is not a whole number"),
        (["--epochs", "2", "--minutes", "5"], "not allowed with"),
    ],
)
def test_numbers_that_are_none_are_named(tmp_path, capsys, arguments, says):
    with pytest.raises(SystemExit) as ended:
        main(["train", "--data", "there", "--model", "resnet", "--out", str(tmp_path / "out"), *arguments])
    assert ended.value.code == 2 and says in capsys.readouterr().err


def test_a_run_is_judged_on_pictures_of_one_class_too(run, tmp_path, capsys):
    for number in range(3):
        paint(tmp_path / "others" / "running" / f"{number}.jpg", 500 + number)
    assert main(["evaluate", str(run), "--data", str(tmp_path / "others"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 3


def test_truncated_and_text_pictures_are_left_out_and_named(har_folder, top, tmp_path, capsys):
    (top / "train" / "Image_6.jpg").write_bytes((top / "train" / "Image_6.jpg").read_bytes()[:400])
    (top / "train" / "Image_10.jpg").write_text("not a picture")
    common = ["--model", "resnet", "--size", "32", "--epochs", "1", "--out", str(tmp_path / "run")]
    assert main(["train", "--data", str(har_folder), *common]) == 0
    printed = capsys.readouterr().out
    assert "Image_6.jpg" in printed and "Image_10.jpg" in printed
    assert "Image_6.jpg" not in (tmp_path / "run" / "split.csv").read_text()


def test_evaluate_gives_the_object_of_the_contract(run, har_folder, capsys):
    capsys.readouterr()
    assert main(["evaluate", str(run), "--data", str(har_folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"accuracy", "macro_f1", "n", "classes", "seconds", "left_out"} <= set(found)
    assert 0 < found["n"] <= 10 and found["n"] + found["left_out"] == 60


def test_evaluate_all_keeps_what_was_trained_on(run, har_folder, capsys):
    capsys.readouterr()
    assert main(["evaluate", str(run), "--data", str(har_folder), "--json", "--all"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 60


def test_evaluating_unknown_labels_is_refused(run, falls_folder, capsys):
    capsys.readouterr()
    assert main(["evaluate", str(run), "--data", str(falls_folder)]) == 2
    assert "'fall'" in one_sentence(capsys)


def test_evaluating_nothing_unseen_is_refused(falls_folder, tmp_path, capsys):
    for subject in ("s2", "s3", "s4"):
        (falls_folder / "train" / subject).rename(tmp_path / subject)
    out = str(tmp_path / "run")
    assert main(["train", "--data", str(falls_folder), "--model", "resnet50", "--size", "32", "--epochs", "1",
                 "--out", out]) == 0  # fmt: skip
    assert "too few subjects" in capsys.readouterr().out
    assert main(["evaluate", out, "--data", str(falls_folder)]) == 2
    assert "no honest figure" in one_sentence(capsys)
    assert main(["predict", out, "--data", str(falls_folder), "--csv", str(tmp_path / "s.csv")]) == 0
    assert (
        pd.read_csv(tmp_path / "s.csv").id.tolist() == pd.read_csv(falls_folder / "sample_submission.csv").id.tolist()
    )


def test_predict_names_the_action(run, top, capsys):
    capsys.readouterr()
    assert main(["predict", str(run), str(top / "train" / "Image_2.jpg")]) == 0
    _, label, probability = capsys.readouterr().out.split("\t")
    assert label in ("calling", "cycling", "running") and 0 < float(probability) <= 1


@pytest.mark.parametrize("content", [None, b"", b"text", b"\xff\xd8\xff cut"])
def test_predicting_what_is_not_a_picture_is_refused(run, tmp_path, capsys, content):
    if content is not None:
        (tmp_path / "bad.jpg").write_bytes(content)
    capsys.readouterr()
    assert main(["predict", str(run), str(tmp_path / "bad.jpg")]) == 2
    assert "bad.jpg" in one_sentence(capsys)


def test_a_folder_that_is_no_run_is_refused(tmp_path, har_folder, capsys):
    assert main(["evaluate", str(tmp_path), "--data", str(har_folder)]) == 2
    assert "settings.json" in one_sentence(capsys)


def test_a_folder_that_can_not_be_written_is_named(har_folder, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    out = str(tmp_path / "file" / "run")
    assert main(["train", "--data", str(har_folder), "--model", "resnet", "--size", "32", "--out", out]) == 2
    one_sentence(capsys)


def test_kaggle_layout_submissions_are_named_by_file(run, har_folder, tmp_path):
    assert main(["predict", str(run), "--data", str(har_folder), "--csv", str(tmp_path / "s.csv")]) == 0
    table = pd.read_csv(tmp_path / "s.csv")
    assert table.columns.tolist() == ["filename", "label"] and len(table) == 5


def test_minutes_choose_the_size_too(class_folders, tmp_path, monkeypatch, caplog):
    given = ["--data", str(class_folders), "--model", "resnet", "--recipe", "improved", "--minutes", "0.0001"]
    for least, chosen in ((40, (32, 4)), (0, (48, 8))):
        monkeypatch.setitem(recipes.HOUR, "resnet", ((48, 8, least), (32, 4, 0)))
        assert main(["train", *given, "--split", "all", "--out", str(tmp_path / str(least))]) == 0
        plan = runs.settings(tmp_path / str(least))
        assert (plan["side"], plan["width"]) == chosen
    assert "Pictures of 48 px" in caplog.text


def test_with_a_width_of_ones_own_each_size_is_measured_once(class_folders, tmp_path, monkeypatch, caplog):
    monkeypatch.setitem(recipes.HOUR, "resnet", ((48, 8, 60), (48, 6, 40), (32, 4, 0)))
    given = ["--data", str(class_folders), "--model", "resnet", "--recipe", "improved", "--split", "all"]
    assert main(["train", *given, "--minutes", "0.0001", "--width", "4", "--out", str(tmp_path / "run")]) == 0
    assert caplog.text.count("Pictures of 48 px in width 4") == 1
    plan = runs.settings(tmp_path / "run")
    assert (plan["side"], plan["width"]) == (32, 4)


def test_all_pictures_can_be_trained_on_and_the_width_be_chosen(class_folders, tmp_path, capsys):
    out = tmp_path / "all"
    assert main([
        "train", "--data", str(class_folders), "--model", "resnet", "--recipe", "improved", "--size", "32",
        "--width", "4", "--epochs", "1", "--split", "all", "--out", str(out),
    ]) == 0  # fmt: skip
    assert "A split of all pictures has no test part" in capsys.readouterr().out
    plan = runs.settings(out)
    assert (plan["width"], plan["side"], plan["split"]) == (4, 32, "all")
    assert set(pd.read_csv(out / "split.csv").split) == {"train", "validation"}
