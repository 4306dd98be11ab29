"""Make the recorded runs: train what `harkit.studies` plans, and keep what is small of it."""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from harkit import catalogue as catalogues
from harkit import evaluation, fetch, recorded, runs, splits, studies, training
from harkit import settings as profiles
from harkit.settings import Settings
from harkit.studies import Plan

log = logging.getLogger(__name__)


def record(data: Path, config: Settings, wanted: list[str] | None = None, out: Path = recorded.HERE) -> Iterator[Path]:
    """Make the runs that are not recorded yet, one after the other, on the photographs at `data`; gives each folder.

    The study "falls" draws its frames itself. A run that was broken off goes on where it stopped. Raises
    InputError for an unknown study.
    """
    for study in wanted or studies.STUDIES:
        for plan in studies.plans(study):
            for seed in plan.seeds:
                target = out / study / f"{plan.name.replace(' ', '-').replace(',', '')}-seed{seed}"
                if not (target / "predictions.csv").exists() and _has(plan):
                    _keep(*_train(plan, seed, data, config), plan, target)
                    yield target


def _has(plan: Plan) -> bool:
    """Whether this machine has the device that a plan needs."""
    if plan.device == "cpu" or profiles.device() == plan.device:
        return True
    log.warning("'%s' at %s px needs a GPU: left out.", plan.name, plan.side)
    return False


def _train(plan: Plan, seed: int, data: Path, config: Settings) -> tuple[Path, pd.DataFrame]:
    """The run of a plan, and what it says of the pictures that the study asks about."""
    cache = config.data / "decoded"
    if plan.split == "subject":
        falls = fetch.fetch("falls", "drawn", config.data, studies.FALLING)
        catalogue, clean = splits.by_subject(catalogues.read(falls, cache), seed), None
    else:
        catalogue = splits.honest(catalogues.read(fetch.unpack(data, config.data), cache), studies.SIZES)
        clean = splits.part(catalogue, "test")
        catalogue = _divide(catalogue, plan, seed)
    out = config.results / "recording" / key(plan, seed)
    if not runs.finished(out):
        training.fit(
            catalogue, out, plan.network, plan.recipe, side=plan.side, width=plan.width, epochs=plan.epochs,
            seed=seed, device=plan.device, split=plan.split, cache=cache, without=plan.without,
            precision=plan.precision, changes=changes(plan), short=plan.short, resume=(out / "settings.json").exists(),
        )  # fmt: skip
    if plan.split == "subject":
        return out, _falls(out, splits.part(catalogue, "test"), cache)
    if not (plan.tested or plan.folds):
        return out, evaluation.validation_predictions(out).assign(part="validation")
    tests = {"own test": splits.part(catalogue, "test")} | ({"clean test": clean} if plan.tested else {})
    return out, pd.concat([evaluation.predict(out, rows, cache).assign(part=part) for part, rows in tests.items()])


def key(plan: Plan, seed: int) -> str:
    """The name of a plan's training: plans that train alike share one."""
    parts = [plan.network, plan.recipe, "short" if plan.short else "long", plan.split, plan.side, f"width{plan.width}"]
    parts += [plan.train_size, plan.epochs, plan.precision, plan.without]
    parts += [*(f"{name}={value}" for name, value in changes(plan).items()), f"seed{seed}"]
    parts += [f"of{plan.folds}folds"] if plan.folds else []
    return "-".join(map(str, parts)).replace(" ", "_")


def _divide(catalogue: pd.DataFrame, plan: Plan, seed: int) -> pd.DataFrame:
    """An honest split as a plan wants it: its fold, its leak, its number of pictures to train on."""
    if plan.folds:
        catalogue = _fold(catalogue, seed, plan.folds)
    if plan.split == "leaky":  # drawn from the same pictures as the honest parts: the clean test stays out of reach
        catalogue = splits.leaky(catalogue[catalogue.split != "test"], studies.SIZES, seed)
    train = catalogue[catalogue.split == "train"]
    if plan.train_size < len(train) and plan.split == "honest":
        _, left_out = train_test_split(train, train_size=plan.train_size, stratify=train.label, random_state=seed)
        catalogue.loc[left_out.index, "split"] = ""
    if plan.train_size > len(train):
        catalogue = _train_on_more(catalogue, plan.train_size - len(train))
    return catalogue


def _falls(run: Path, test: pd.DataFrame, cache: Path) -> pd.DataFrame:
    """What a run says of its validation and test frames, at the threshold that its validation frames choose."""
    asked = {"validation": evaluation.validation_predictions(run), "own test": evaluation.predict(run, test, cache)}
    threshold = evaluation.best_threshold(evaluation.sweep(asked["validation"]))
    return pd.concat([evaluation.at_threshold(rows, threshold).assign(part=part) for part, rows in asked.items()])


def changes(plan: Plan) -> dict:
    """What a plan's trainings change of the recipe: the epoch to keep is the last, for nothing is chosen."""
    before = studies.BEFORE.get(plan.network, {}) if plan.short and plan.recipe == "improved" else {}
    return before | {"keep": "last"} | plan.changes


def _train_on_more(catalogue: pd.DataFrame, count: int) -> pd.DataFrame:
    """Move about so many validation pictures to training, in whole groups."""
    validation = catalogue[catalogue.split == "validation"]
    moved = validation.group.isin(validation.group.sort_values().iloc[:count])
    return catalogue.assign(split=catalogue.split.mask(catalogue.index.isin(validation.index[moved]), "train"))


def _fold(catalogue: pd.DataFrame, number: int, count: int) -> pd.DataFrame:
    """Make one fold of `count` of the training and validation pictures the test part, the others validation pictures;
    the clean test leaves the catalogue. Stratified by label, groups never divided."""
    rows = catalogue[catalogue.split.isin(["train", "validation"])]
    folds = StratifiedGroupKFold(count, shuffle=True, random_state=0).split(rows, rows.label, rows.group)
    rows = rows.assign(split="validation")
    rows.loc[rows.index[list(folds)[number][1]], "split"] = "test"
    return rows


def _keep(run: Path, answers: pd.DataFrame, plan: Plan, target: Path) -> None:
    answers = answers.assign(confidence=answers.filter(like="p_").max(axis=1).round(4))
    shutil.rmtree(target, ignore_errors=True)  # what is there has no predictions.csv: `record` has looked
    with fetch.new_folder(target) as unfinished:
        for name in ("environment.json", "history.csv"):
            shutil.copy(run / name, unfinished / name)
        used = pd.read_csv(run / "split.csv", keep_default_na=False)
        trained = int(((used.split == "train") & ~used.name.str.contains("_augmented")).sum())  # without changed copies
        made = runs.settings(run) | {"name": plan.name, "train_size": trained}
        runs.write_json(unfinished / "settings.json", made)
        columns = ["part", "name", "label", "predicted"]
        if plan.tested:
            scored = answers[answers.part == "clean test"].round(3)
            catalogues.write_table(scored[[*columns[1:], *scored.filter(like="p_")]], unfinished / "clean_test.csv")
        catalogues.write_table(answers[[*columns, "confidence"]], unfinished / "predictions.csv")
