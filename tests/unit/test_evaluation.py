from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from harkit import alarms, catalogue, evaluation, splits, training, uncertainty
from harkit.layouts import find_top
from harkit.pictures import PictureSet
from harkit.settings import InputError

CLASSES = ["calling", "cycling", "running"]


def answers(n=400, seed=0, classes=CLASSES):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(len(classes)), n)
    table = pd.DataFrame(probabilities, columns=[f"p_{name}" for name in classes])
    table.insert(0, "predicted", [classes[i] for i in probabilities.argmax(1)])
    table.insert(0, "label", rng.choice(classes, n))
    return table


@pytest.fixture
def har_run(har_folder, tmp_path):
    table = splits.honest(catalogue.read(har_folder), (40, 10, 10))
    run = training.fit(table, tmp_path / "run", "resnet", "improved", side=32, width=4, epochs=1, cache=tmp_path / "c")
    return run, table


@pytest.fixture
def falls_run(falls_folder, tmp_path):
    table = splits.by_subject(catalogue.read(falls_folder))
    return training.fit(table, tmp_path / "run", "resnet50", side=32, epochs=1, cache=tmp_path / "c"), table


def test_scores_equal_scikit_learns():
    table = answers()
    found = evaluation.score(table)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(table.label, table.predicted))
    assert found["macro_f1"] == pytest.approx(metrics.f1_score(table.label, table.predicted, average="macro"))
    assert found["low"] < found["accuracy"] < found["high"] and found["n"] == 400


def test_an_interval_covers_at_its_rate():
    rng = np.random.default_rng(0)
    bounds = np.array([evaluation.interval(right, 200) for right in range(201)])
    right = rng.binomial(200, 0.6, 4000)
    covered = (bounds[right, 0] <= 0.6) & (bounds[right, 1] >= 0.6)
    assert covered.mean() == pytest.approx(0.95, abs=0.02)


def test_rows_of_a_confusion_matrix_sum_to_one():
    table = answers()
    matrix = evaluation.confusion(table)
    assert list(matrix.index) == list(matrix.columns) == CLASSES
    assert np.allclose(matrix.sum(axis=1), 1)
    own = table[table.label == "cycling"]
    assert matrix.loc["cycling", "running"] == pytest.approx((own.predicted == "running").mean())


def test_a_class_nobody_tested_has_an_empty_row():
    table = answers()
    matrix = evaluation.confusion(table[table.label != "cycling"])
    assert matrix.loc["cycling"].sum() == 0


def test_worst_mistakes_are_wrong_and_sorted():
    worst = evaluation.worst_mistakes(answers(), 7)
    assert len(worst) == 7 and (worst.label != worst.predicted).all()
    assert worst.confidence.is_monotonic_decreasing


def test_the_sweep_is_the_published_one():
    table = answers(classes=["fall", "non_fall"])
    swept = evaluation.sweep(table)
    assert len(swept) == 50 and (swept.threshold.iloc[0], swept.threshold.iloc[-1]) == (0.1, 0.9)
    for row in swept.iloc[[0, 20, 49]].itertuples():
        said = table.p_fall > row.threshold
        assert row.f1 == pytest.approx(metrics.f1_score(table.label == "fall", said, zero_division=0))
    best = evaluation.best_threshold(swept)
    assert swept.f1.max() == swept.f1[swept.threshold == best].iloc[0]
    assert best == swept.threshold[swept.f1 == swept.f1.max()].min()


def test_evaluation_leaves_out_what_the_run_saw(har_run):
    run, table = har_run
    rest = evaluation.unseen(run, table)
    seen = table[table.split.isin(["train", "validation"])]
    assert not set(rest.digest) & set(seen.digest)
    assert set(rest.name) == set(table.name[table.split == "test"])


def test_a_renamed_copy_of_a_training_picture_is_left_out_too(har_run, tmp_path):
    run, table = har_run
    taken = splits.part(table, "train").iloc[0]
    other = tmp_path / "other" / "Human" / "train"
    other.mkdir(parents=True)
    (other / "new.jpg").write_bytes(Path(taken.path).read_bytes())
    fresh = splits.part(table, "test").groupby("label").first().path
    rows = [("new.jpg", taken.label)]
    for number, (label, path) in enumerate(fresh.items()):
        (other / f"{number}.jpg").write_bytes(Path(path).read_bytes())
        rows.append((f"{number}.jpg", label))
    pd.DataFrame(rows, columns=["filename", "label"]).to_csv(other.parent / "Training_set.csv", index=False)
    rest = evaluation.unseen(run, catalogue.read(tmp_path / "other"))
    assert sorted(rest.name) == ["train/0.jpg", "train/1.jpg", "train/2.jpg"]


def test_predictions_are_the_same_twice_and_probabilities_sum_to_one(har_run, tmp_path):
    run, table = har_run
    rows = splits.part(table, "test")
    first, again = (evaluation.predict(run, rows, tmp_path / "c") for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    assert np.allclose(first.filter(like="p_").sum(axis=1), 1, atol=1e-5)
    assert first.label.tolist() == rows.label.tolist()


def test_baselines_beat_chance_where_colour_tells(har_folder, tmp_path):
    table = splits.used(splits.honest(catalogue.read(har_folder), (40, 10, 10)))
    found = evaluation.baselines(PictureSet(table, 32, tmp_path, CLASSES)).set_index("name").accuracy
    assert found["majority"] <= 0.5
    assert found["nearest neighbour, 16×16"] >= 0.6 and found["linear model, 16×16"] >= 0.6


def test_a_submission_has_a_row_for_every_id(falls_run, falls_folder, tmp_path, caplog):
    run, _ = falls_run
    wanted = pd.read_csv(falls_folder / "sample_submission.csv").id.tolist()
    (falls_folder / "test" / wanted[1]).write_bytes(b"broken")
    (falls_folder / "test" / wanted[2]).unlink()
    table = evaluation.submission(run, catalogue.read(falls_folder), tmp_path / "c")
    assert table.id.tolist() == wanted and set(table.label) <= {0, 1}
    assert wanted[1] in caplog.text and wanted[2] in caplog.text


def test_a_submission_is_of_the_listed_test_pictures(har_run, har_folder, tmp_path):
    top = find_top(har_folder)
    wanted = pd.read_csv(top / "Testing_set.csv").filename.tolist()
    (top / "test" / wanted[1]).unlink()
    for part in ("train", "test"):
        (top / part / "notes.jpg").write_text("not a picture, and no table names it")
    rows = catalogue.read(har_folder)
    assert evaluation.submission(har_run[0], rows, tmp_path / "c").filename.tolist() == wanted
    assert catalogue.problems(rows).set_index("problem").files["missing files"] == 1
    (top / "Testing_set.csv").unlink()
    there = sorted(path.name for path in (top / "test").iterdir())
    assert evaluation.submission(har_run[0], catalogue.read(har_folder), tmp_path / "c").filename.tolist() == there


def test_a_fall_is_a_one_in_the_submission(falls_run, falls_folder, tmp_path, monkeypatch):
    run, _ = falls_run
    table = catalogue.read(falls_folder)
    sure = pd.DataFrame({"name": ["test/a.jpg", "test/b.jpg"], "p_fall": [0.99, 0.01], "p_non_fall": [0.01, 0.99]})
    monkeypatch.setattr(evaluation, "predict", lambda *_, **__: sure)
    assert evaluation.submission(run, table, tmp_path).label.tolist() == [1, 0]


def test_a_set_without_test_pictures_has_no_submission(har_run, class_folders, tmp_path):
    with pytest.raises(InputError, match="no test pictures"):
        evaluation.submission(har_run[0], catalogue.read(class_folders), tmp_path)


def test_the_same_predictions_give_the_same_report_after_a_round_trip(tmp_path):
    table = answers(classes=["calling", "NA", "running"]).assign(name=[f"00{i}" for i in range(400)])
    catalogue.write_table(table, tmp_path / "answers.csv")
    again = evaluation.load_predictions(tmp_path / "answers.csv")
    pd.testing.assert_frame_equal(table, again, check_exact=True)
    for figure in (evaluation.report, evaluation.confusion, uncertainty.calibration, evaluation.worst_mistakes):
        pd.testing.assert_frame_equal(figure(table), figure(again), check_exact=True)
    for figure in (evaluation.score, uncertainty.calibration_error, uncertainty.temperature):
        assert figure(table) == figure(again)


def test_a_threshold_never_sees_a_test_label(falls_folder, tmp_path):
    """The test part is poisoned: every label turned round. What is trained and chosen stays as it was, bit for bit."""
    table = splits.by_subject(catalogue.read(falls_folder))
    tested = table.split == "test"
    turned = table.label.where(~tested, table.label.map({"fall": "non_fall", "non_fall": "fall"}))
    chosen, kept = [], []
    for name, rows in (("clean", table), ("poisoned", table.assign(label=turned))):
        run = training.fit(
            rows, tmp_path / name, "resnet", "improved", side=32, width=4, epochs=2, cache=tmp_path / "c",
            precision="fp32",
        )  # fmt: skip
        validation = evaluation.validation_predictions(run)
        films = validation.merge(rows[["name", "sequence"]], on="name").assign(second=range(len(validation)))
        published, cheapest = evaluation.best_threshold(evaluation.sweep(validation)), alarms.cheapest(films, 10)[0]
        answer = evaluation.submission(run, rows, tmp_path / "c")
        chosen.append((published, cheapest, uncertainty.temperature(validation), answer.label.tolist()))
        kept.append((run / "weights.safetensors").read_bytes())
    assert tested.sum() and chosen[0] == chosen[1] and kept[0] == kept[1]
