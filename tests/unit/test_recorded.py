"""Recorded runs: made once, read by the lessons; what stands in the repository is whole and names no machine."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from harkit import catalogue as catalogues
from harkit import evaluation, models, recipes, recorded, recording, runs, splits, studies
from harkit.settings import InputError

STUDIES = [study for study in studies.STUDIES if (recorded.HERE / study).is_dir()]


@pytest.mark.parametrize("study", STUDIES)
def test_every_planned_run_is_recorded_on_the_same_pictures(study):
    table = recorded.load(study)
    planned = {(plan.name, seed) for plan in studies.STUDIES[study] for seed in plan.seeds}
    assert set(zip(table.name, table.seed, strict=True)) == planned
    tables = [recorded.predictions(folder) for folder in recorded.folders(study)]
    if studies.plans(study)[0].folds:
        names = pd.concat(tables).name
        assert len(names) == len(set(names)) == sum(studies.SIZES[:2]), "each open picture is asked about once"
        return
    if studies.plans(study)[0].split == "subject":
        for _, rows in pd.concat(tables, keys=map(_seed, recorded.folders(study))).groupby(level=0):
            assert set(rows.groupby("name").size()) == {len(studies.plans(study))}, "all are judged by the same people"
            people = _people(rows)
            assert not people["validation"] & people["own test"], "who helped to choose does not judge"
        return
    asked = {tuple(rows.name[rows.part.isin(["validation", "clean test"])]) for rows in tables}
    assert len(asked) == 1, "the runs of one study are scored on the same pictures"
    assert len(asked.pop()) == 1000


def _seed(folder):
    return recorded.settings(folder)["seed"]


def _people(answers):
    """Of each part, who was asked about."""
    return answers.groupby("part").name.agg(lambda names: set(names.str.extract(r"(subject_\d+)")[0]))


@pytest.mark.parametrize("study", STUDIES)
def test_what_was_recorded_is_what_is_planned_by_the_recipe_of_today(study):
    plans = {plan.name: plan for plan in studies.plans(study)}
    for folder in recorded.folders(study):
        made = recorded.settings(folder)
        plan = plans[made["name"]]
        recipe = recipes.get(plan.network, plan.recipe, plan.short)
        recipe = replace(recipe, epochs=plan.epochs, **recording.changes(plan))
        # a field that came later had its default then
        then = asdict(recipes.Recipe(**made["hyperparameters"]))
        assert json.loads(json.dumps(then)) == json.loads(json.dumps(asdict(recipe))), folder.name
        for field in ("network", "recipe", "split", "side", "width", "without", "precision"):
            assert made[field] == getattr(plan, field), f"{folder.name}: {field}"


@pytest.mark.parametrize("study", STUDIES)
def test_histories_have_one_row_an_epoch_of_each_run(study):
    rows = recorded.histories(study)
    counted = rows.groupby(["name", "seed"]).size()
    assert counted.to_dict() == recorded.load(study).set_index(["name", "seed"]).epochs.to_dict()
    assert {"train_loss", "validation_loss", "validation_accuracy"} <= set(rows)
    assert rows.train_loss.notna().all()


@pytest.mark.parametrize("study", STUDIES)
def test_a_recorded_run_is_small_and_names_no_folder(study):
    folders = [str(folder) for folder in Path(__file__).parents[2].parents if folder.name]  # of this machine
    for folder in recorded.folders(study):
        files = {"environment.json", "history.csv", "predictions.csv", "settings.json"}
        assert {path.name for path in folder.iterdir()} - {"clean_test.csv"} == files
        for path in folder.iterdir():
            assert path.stat().st_size < 200_000
            assert not any(word in path.read_text() for word in (*folders, "/home", "/root", "/tmp"))
        json.loads((folder / "environment.json").read_text())


def test_plans_that_share_a_training_train_alike():
    alike = {}
    for plan in (plan for plans in studies.STUDIES.values() for plan in plans):
        recipe = replace(recipes.get(plan.network, plan.recipe, plan.short), **recording.changes(plan))
        said = (recipe, plan.split, plan.side, plan.width, plan.train_size, plan.epochs, plan.precision, plan.folds)
        assert alike.setdefault(recording.key(plan, 0), said) == said, plan.name
    assert len(alike) > 30


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Two short plans in a folder of the test's own."""
    size = dict(side=32, width=4)
    plans = [studies.Plan("as it is", 20, 1, **size), studies.Plan("no shortcut", 10, 1, without="shortcut", **size)]
    monkeypatch.setattr(studies, "STUDIES", {"ablation": plans})
    monkeypatch.setattr(studies, "SIZES", (30, 12, 12))
    monkeypatch.setattr(recorded, "HERE", tmp_path / "recorded")
    return plans


def test_recording_makes_what_is_missing_and_a_second_call_nothing(small, har_folder, config):
    made = list(recording.record(har_folder, config, out=recorded.HERE))
    assert len(made) == 2 * len(studies.SEEDS)
    assert list(recording.record(har_folder, config, out=recorded.HERE)) == []
    table = recorded.load("ablation")
    assert list(table.name) == ["as it is"] * 2 + ["no shortcut"] * 2
    answers = [recorded.predictions(folder) for folder in made]
    right = [np.mean(answer.label == answer.predicted) for answer in answers]
    assert sorted(table.accuracy) == pytest.approx(sorted(right))
    assert {runs.settings(folder)["without"] for folder in made} == {"", "shortcut"}


def test_the_clean_test_is_seen_by_neither_split(small, monkeypatch, har_folder, config):
    plans = [studies.Plan(split, 30, 1, split=split, seeds=(0,), tested=True) for split in ("leaky", "honest")]
    monkeypatch.setattr(studies, "STUDIES", {"leak": plans})
    leaky, honest = (recorded.predictions(folder) for folder in recording.record(har_folder, config, out=recorded.HERE))
    clean = [set(rows.name[rows.part == "clean test"]) for rows in (leaky, honest)]
    assert clean[0] == clean[1] and clean[0]
    assert set(honest.name[honest.part == "own test"]) == clean[0]
    trained = {}
    for path in (config.results / "recording").iterdir():
        rows = pd.read_csv(path / "split.csv", keep_default_na=False)
        trained[runs.settings(path)["split"]] = rows[rows.split.isin(["train", "validation"])]
    clean_digests = set(catalogues.read(har_folder).set_index("name").digest[list(clean[0])])
    for rows in trained.values():
        assert not clean_digests & set(rows.digest)
    seen = set(trained["leaky"].name[trained["leaky"].split == "train"])
    assert seen & set(leaky.name[leaky.part == "own test"]), "the leaky test was trained on"
    assert set(recorded.load("leak").part) == {"own test", "clean test"}


def test_each_open_picture_is_asked_about_in_one_fold_by_a_run_that_has_seen_nothing_like_it(
    small, monkeypatch, har_folder, config
):
    plan = studies.Plan("as it is", 24, 1, side=32, width=4, seeds=(0, 1, 2), folds=3)
    monkeypatch.setattr(studies, "STUDIES", {"cross_validation": [plan]})
    made = list(recording.record(har_folder, config, out=recorded.HERE))
    catalogue = splits.honest(catalogues.read(har_folder), studies.SIZES)
    asked = pd.concat([recorded.predictions(folder) for folder in made])
    assert sorted(asked.name) == sorted(catalogue.name[catalogue.split.isin(["train", "validation"])])
    assert set(asked.part) == {"own test"} and not list(recorded.HERE.rglob("clean_test.csv"))
    for folder in (config.results / "recording").iterdir():
        used = pd.read_csv(folder / "split.csv", keep_default_na=False)
        parts = catalogue.name.map(used.set_index("name").split).fillna("")
        assert not splits.leaks(catalogue.assign(split=parts))[["validation", "test"]].to_numpy().any()
        assert (used.split == "train").sum() == 24 and (used.split == "validation").any()
        assert not set(used.name) & set(catalogue.name[catalogue.split == "test"]), "the clean test stays closed"
    table = recorded.cross_validated()
    assert list(table.name) == ["fold 1", "fold 2", "fold 3", "all"]
    assert table.accuracy.iloc[-1] == pytest.approx((asked.label == asked.predicted).mean())
    assert table.n.iloc[-1] == table.n[:3].sum() == len(asked)


def test_falls_are_judged_at_the_threshold_that_other_people_chose(small, monkeypatch, har_folder, config):
    plan = studies.Plan("short", 0, 1, network="efficientnet_lite0", split="subject", side=32, seeds=(3,))
    monkeypatch.setattr(studies, "STUDIES", {"falls": [plan]})
    monkeypatch.setattr(studies, "FALLING", 3)
    (made,) = recording.record(har_folder, config, out=recorded.HERE)
    asked = recorded.predictions(made)
    people = _people(asked)
    assert people["validation"] and people["own test"] and not people["validation"] & people["own test"]
    (run,) = (config.results / "recording").iterdir()
    sure = evaluation.validation_predictions(run)
    threshold = evaluation.best_threshold(evaluation.sweep(sure))
    chosen = asked[asked.part == "validation"].set_index("name").predicted[sure.name]
    assert list(chosen == "fall") == list(sure.p_fall > threshold)
    judged = asked[asked.part == "own test"]
    found = ((judged.label == "fall") & (judged.predicted == "fall")).sum()
    share = (judged.label == "fall").mean()
    called = (judged.predicted == "fall").sum()
    row = recorded.falls().loc[3]
    assert row["short"] == pytest.approx(2 * found / ((judged.label == "fall").sum() + called))
    assert row["always fall"] == pytest.approx(2 * share / (1 + share))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_what_needs_a_gpu_is_left_out_without_one_and_said(small, monkeypatch, har_folder, config, caplog):
    plans = [*small, studies.Plan("large", 20, 1, side=224, seeds=(0,), device="cuda")]
    monkeypatch.setattr(studies, "STUDIES", {"ablation": plans})
    made = list(recording.record(har_folder, config, out=recorded.HERE))
    assert len(made) == 2 * len(studies.SEEDS) and "'large' at 224 px needs a GPU: left out." in caplog.text


def test_an_unknown_study_is_refused(small, har_folder, config):
    with pytest.raises(InputError, match="no study 'x'"):
        list(recording.record(har_folder, config, ["x"]))
    with pytest.raises(InputError, match="no study 'x'"):
        recorded.load("x")


def test_a_study_that_was_not_recorded_says_so(small):
    with pytest.raises(InputError, match="was not recorded"):
        recorded.load("ablation")


def test_a_network_without_shortcuts_is_its_two_convolutions_alone():
    torch.manual_seed(0)
    x = torch.rand(2, 8, 8, 8)
    plain = models.build("resnet", 3, 32, width=8, dropout=0.0, without="shortcut").eval()
    block = plain.body[0].block1
    expected = torch.relu(block.bn2(block.conv2(torch.relu(block.bn1(block.conv1(x))))))
    assert torch.equal(block(x), expected)
    assert not [name for name, _ in plain.named_parameters() if "shortcut" in name]


def test_a_network_without_batch_norm_has_none():
    plain = models.build("resnet", 3, 32, width=8, without="batch norm")
    assert not [layer for layer in plain.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    assert plain(torch.rand(2, 3, 32, 32)).shape == (2, 3)


def test_a_run_without_a_part_is_loaded_without_it(small, har_folder, config):
    folder = list(recording.record(har_folder, config, out=recorded.HERE))[-1]
    assert runs.settings(folder)["without"] == "shortcut"
    trained = next(path for path in (config.results / "recording").iterdir() if "shortcut" in path.name)
    network, _ = runs.load(trained)
    assert isinstance(network.body[0].block1.shortcut, models.Nothing)


def test_only_known_parts_can_be_left_out():
    with pytest.raises(InputError, match="without 'colour'"):
        models.build("resnet", 3, 32, without="colour")


def test_a_table_reads_in_the_order_of_the_plans():
    for study in STUDIES:
        names = pd.unique(recorded.load(study).name)
        assert list(names) == [plan.name for plan in studies.STUDIES[study]]
