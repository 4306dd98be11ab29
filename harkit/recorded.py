"""Recorded runs: trained once on photographs by one command, kept as small files, shown by the lessons.

A run is a folder below `results/recorded/<study>/`: settings.json, environment.json, history.csv and predictions.csv
(part, name, label, predicted, confidence of each picture that was asked about; no picture); of a tested run also
clean_test.csv, with all probabilities. The parts are: validation;
own test, the test of the run's own split, leaky or honest; clean test, pictures that no run of any split has seen.
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
    network: str = "resnet"
    recipe: str = "improved"
    split: str = "honest"
    width: int = WIDTH
    seeds: tuple[int, ...] = SEEDS
    precision: str = "fp32"
    tested: bool = False  # asked about its own and the clean test, not about its validation pictures


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
    # the same network and recipe on both splits, each asked about its own test and about one that neither has seen
    "leak": [
        Plan(
            f"{network}, {recipe}, {split}", epochs=50 if (network, recipe) == ("resnet", "published") else 40,
            network=network, recipe=recipe, split=split, seeds=(0,), tested=True,
            precision="bf16" if network == "vgg16" else "fp32",  # twice as fast on a CPU that has it
        )
        for network in ("resnet", "vgg16") for recipe in ("improved", "published") for split in ("leaky", "honest")
    ],
}  # fmt: skip


def load(study: str) -> pd.DataFrame:
    """One row a recorded run and part: name, sizes, settings, and the accuracy on the part with a 95 % interval.

    Columns: study, name, network, recipe, split, train_size, seed, epochs, side, width, learning_rate, part, accuracy,
    low, high, macro_f1, n, train_accuracy (running mean of the last epoch). Raises InputError where the study was not
    recorded.
    """
    rows = []
    keys = ("name", "network", "recipe", "split", "train_size", "seed", "epochs", "side", "width")
    for folder in folders(study):
        plan, last = runs.settings(folder), runs.history(folder).iloc[-1]
        row = {"study": study, **{key: plan[key] for key in keys}}
        row |= {"learning_rate": plan["hyperparameters"]["learning_rate"], "train_accuracy": last.train_accuracy}
        rows += [row | {"part": part} | evaluation.score(asked) for part, asked in predictions(folder).groupby("part")]
    order = [plan.name for plan in STUDIES[study]]
    table = pd.DataFrame(rows)
    return table.sort_values(["name", "seed"], key=lambda c: c.map(order.index) if c.name == "name" else c,
                             ignore_index=True)  # fmt: skip


def histories(study: str) -> pd.DataFrame:
    """One row an epoch of each recorded run: name, seed, and the columns of its history (`harkit.runs.history`)."""
    kept = [(runs.settings(folder), runs.history(folder)) for folder in folders(study)]
    return pd.concat([rows.assign(name=plan["name"], seed=plan["seed"]) for plan, rows in kept], ignore_index=True)


def folders(study: str) -> list[Path]:
    """The folders of a study's recorded runs. Raises InputError where it is unknown or was not recorded."""
    if study not in STUDIES:
        raise InputError(f"There is no study '{study}': choose one of {', '.join(STUDIES)}.")
    folder = HERE if HERE.is_dir() else SHIPPED
    found = [path.parent for path in folder.glob(f"{study}/*/predictions.csv")]
    if not found:
        raise InputError(f"The study '{study}' was not recorded: make record, where the photographs are.")
    return found


def predictions(folder: Path) -> pd.DataFrame:
    """What a recorded run said of each picture: part, name, label, predicted, confidence."""
    return evaluation.load_predictions(folder / "predictions.csv")


def probabilities(folder: Path) -> pd.DataFrame:
    """What a recorded run said of the clean test, with one probability a class (`p_<class>`, to 3 decimals)."""
    return evaluation.load_predictions(folder / "clean_test.csv")


def record(data: Path, config: Settings, studies: list[str] | None = None, out: Path = HERE) -> Iterator[Path]:
    """Make the runs that are not recorded yet, one after the other, on the photographs at `data`; gives each folder.

    A run that was broken off goes on where it stopped. Raises InputError for an unknown study.
    """
    for study in studies or STUDIES:
        if study not in STUDIES:
            raise InputError(f"There is no study '{study}': choose one of {', '.join(STUDIES)}.")
        for plan in STUDIES[study]:
            for seed in plan.seeds:
                target = out / study / f"{plan.name.replace(' ', '-').replace(',', '')}-seed{seed}"
                if not (target / "predictions.csv").exists():
                    _keep(*_train(plan, seed, data, config), plan, target)
                    yield target


def _train(plan: Plan, seed: int, data: Path, config: Settings) -> tuple[Path, pd.DataFrame]:
    """The run of a plan, and what it says of the pictures that the study asks about."""
    catalogue = splits.honest(catalogues.read(fetch.unpack(data, config.data)), SIZES)
    clean = splits.part(catalogue, "test")
    if plan.split == "leaky":  # drawn from the same pictures as the honest parts: the clean test stays out of reach
        catalogue = splits.leaky(catalogue[catalogue.split != "test"], SIZES, seed)
    train = catalogue[catalogue.split == "train"]
    if plan.train_size < len(train) and plan.split == "honest":
        _, left_out = train_test_split(train, train_size=plan.train_size, stratify=train.label, random_state=seed)
        catalogue.loc[left_out.index, "split"] = ""
    key = [plan.network, plan.recipe, plan.split, f"width{plan.width}", plan.train_size, plan.epochs, plan.without]
    key = "-".join(map(str, [*key, *plan.changes.values(), f"seed{seed}"]))  # plans that are equal share one training
    out = config.results / "recording" / key.replace(" ", "_")
    cache = config.data / "decoded"
    if not runs.finished(out):
        training.fit(
            catalogue, out, plan.network, plan.recipe, side=SIDE, width=plan.width, epochs=plan.epochs, seed=seed,
            device="cpu", split=plan.split, cache=cache, without=plan.without, changes={"keep": "last", **plan.changes},
            precision=plan.precision, resume=(out / "settings.json").exists(),
        )  # fmt: skip
    if not plan.tested:
        return out, evaluation.validation_predictions(out).assign(part="validation")
    tests = {"own test": splits.part(catalogue, "test"), "clean test": clean}
    return out, pd.concat([evaluation.predict(out, rows, cache).assign(part=part) for part, rows in tests.items()])


def _keep(run: Path, answers: pd.DataFrame, plan: Plan, target: Path) -> None:
    answers = answers.assign(confidence=answers.filter(like="p_").max(axis=1).round(4))
    with fetch.new_folder(target) as unfinished:
        for name in ("environment.json", "history.csv"):
            shutil.copy(run / name, unfinished / name)
        used = pd.read_csv(run / "split.csv", keep_default_na=False)
        trained = int(((used.split == "train") & ~used.name.str.contains("_augmented")).sum())  # without changed copies
        made = runs.settings(run) | {"name": plan.name, "train_size": trained}
        (unfinished / "settings.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
        columns = ["part", "name", "label", "predicted"]
        if plan.tested:
            scored = answers[answers.part == "clean test"].round(3)
            catalogues.write_table(scored[[*columns[1:], *scored.filter(like="p_")]], unfinished / "clean_test.csv")
        catalogues.write_table(answers[[*columns, "confidence"]], unfinished / "predictions.csv")
