"""Recorded runs: trained once on photographs by one command, kept as small files, shown by the lessons.

A run is a folder below `results/recorded/<study>/`: settings.json, environment.json, history.csv and predictions.csv
(name, label, predicted, confidence of each validation picture; no picture).
"""

import json
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from sklearn.model_selection import train_test_split

from harkit import catalogue as catalogues
from harkit import evaluation, fetch, runs, splits, training
from harkit.settings import InputError, Settings

log = logging.getLogger(__name__)

HERE = Path(__file__).parents[1] / "results" / "recorded"  # in a copy of the course
SHIPPED = Path(__file__).parent / "recorded_runs"  # in an installed package (setup.py)
SIZES = (5000, 1000, 1000)  # training, validation, test: as published, but honest; the test stays closed
SIDE, WIDTH, SEEDS = 64, 16, (0, 1)


@dataclass(frozen=True)
class Plan:
    """One kind of run in a study; it is made once for each seed."""

    name: str
    train_size: int = SIZES[0]
    epochs: int = 15
    without: str = ""
    changes: dict = field(default_factory=dict)  # of the recipe


STUDIES = {
    # fewer pictures are seen more often, or they would only be trained too briefly
    "learning_curve": [
        Plan("500 pictures", 500, 60), Plan("1,250 pictures", 1250, 60), Plan("2,500 pictures", 2500, 30),
        Plan("5,000 pictures"),
    ],
    "ablation": [
        Plan("as it is"),
        Plan("no shortcut", without="shortcut"),
        Plan("no batch norm", without="batch norm"),
        Plan("no batch norm, slower", without="batch norm", changes={"learning_rate": 0.02}),  # a fifth of the recipe's
        Plan("no augmentation", changes={"augmentation": "none"}),
    ],
}  # fmt: skip


def load(study: str) -> pd.DataFrame:
    """One row a recorded run: name, sizes, settings, and the accuracy on its validation part with a 95 % interval.

    Columns: study, name, train_size, seed, epochs, side, width, learning_rate, accuracy, low, high, macro_f1, n,
    train_accuracy (running mean of the last epoch). Raises InputError where the study was not recorded.
    """
    rows = []
    for folder in _folders(study):
        plan, last = runs.settings(folder), runs.history(folder).iloc[-1]
        columns = {key: plan[key] for key in ("name", "train_size", "seed", "epochs", "side", "width")}
        found = evaluation.score(predictions(folder))
        rate = plan["hyperparameters"]["learning_rate"]
        rows.append({"study": study, **columns, "learning_rate": rate, **found, "train_accuracy": last.train_accuracy})
    order = [plan.name for plan in STUDIES[study]]
    table = pd.DataFrame(rows)
    return table.sort_values(["name", "seed"], key=lambda c: c.map(order.index) if c.name == "name" else c,
                             ignore_index=True)  # fmt: skip


def histories(study: str) -> pd.DataFrame:
    """One row an epoch of each recorded run: name, seed, and the columns of its history (`harkit.runs.history`)."""
    kept = [(runs.settings(folder), runs.history(folder)) for folder in _folders(study)]
    return pd.concat([rows.assign(name=plan["name"], seed=plan["seed"]) for plan, rows in kept], ignore_index=True)


def predictions(folder: Path) -> pd.DataFrame:
    """What a recorded run said of each validation picture: name, label, predicted, confidence."""
    return pd.read_csv(folder / "predictions.csv", keep_default_na=False)


def record(data: Path, config: Settings, studies: list[str] | None = None, out: Path = HERE) -> Iterator[Path]:
    """Make the runs that are not recorded yet, one after the other, on the photographs at `data`; gives each folder.

    A run that was broken off goes on where it stopped. Raises InputError for an unknown study.
    """
    for study in studies or STUDIES:
        if study not in STUDIES:
            raise InputError(f"There is no study '{study}': choose one of {', '.join(STUDIES)}.")
        for seed in SEEDS:
            for plan in STUDIES[study]:
                target = out / study / f"{plan.name.replace(' ', '-').replace(',', '')}-seed{seed}"
                if not (target / "predictions.csv").exists():
                    _keep(_train(plan, seed, data, config), plan, target)
                    yield target


def _train(plan: Plan, seed: int, data: Path, config: Settings) -> Path:
    catalogue = splits.honest(catalogues.read(fetch.unpack(data, config.data)), SIZES)
    train = catalogue[catalogue.split == "train"]
    if plan.train_size < len(train):
        _, left_out = train_test_split(train, train_size=plan.train_size, stratify=train.label, random_state=seed)
        catalogue.loc[left_out.index, "split"] = ""
    key = f"{plan.train_size}-{plan.epochs}-{plan.without}-{'-'.join(map(str, plan.changes.values()))}-seed{seed}"
    out = config.results / "recording" / key.replace(" ", "_")  # plans that are equal share one training
    if runs.finished(out):
        return out
    return training.fit(
        catalogue, out, "resnet", "improved", side=SIDE, width=WIDTH, epochs=plan.epochs, seed=seed, device="cpu",
        cache=config.data / "decoded", without=plan.without, changes={"keep": "last", **plan.changes},
        resume=(out / "settings.json").exists(),
    )  # fmt: skip


def _keep(run: Path, plan: Plan, target: Path) -> None:
    answers = pd.read_csv(run / "validation.csv", keep_default_na=False)
    answers["confidence"] = answers.filter(like="p_").max(axis=1).round(4)
    with fetch.new_folder(target) as unfinished:
        for name in ("environment.json", "history.csv"):
            shutil.copy(run / name, unfinished / name)
        made = runs.settings(run) | {"name": plan.name, "train_size": plan.train_size}
        (unfinished / "settings.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
        catalogues.write_table(answers[["name", "label", "predicted", "confidence"]], unfinished / "predictions.csv")


def _folders(study: str) -> list[Path]:
    if study not in STUDIES:
        raise InputError(f"There is no study '{study}': choose one of {', '.join(STUDIES)}.")
    folder = HERE if HERE.is_dir() else SHIPPED
    found = [path.parent for path in folder.glob(f"{study}/*/predictions.csv")]
    if not found:
        raise InputError(f"The study '{study}' was not recorded: make record, where the photographs are.")
    return found
