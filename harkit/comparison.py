"""One table for every figure: as published, as recorded on photographs, and of this run."""

from pathlib import Path

import numpy as np
import pandas as pd

from harkit import evaluation, pretrained, published, recorded, runs, splits
from harkit.settings import Settings

NETWORKS = ("vgg16", "resnet", *pretrained.NETWORKS)
PHOTOGRAPHS = "Kaggle HAR photographs"


def results(config: Settings, networks: tuple[str, ...] = NETWORKS) -> pd.DataFrame:
    """As published, recorded and this run, one below the other: network, what, pictures, side (px), epochs, scored_on,
    accuracy, low, high, macro_f1, n.

    What was recorded is on pictures that no run has seen; this run's figures are on its honest test, a fall detector's
    at the threshold that validation chose. Where the falls have too few subjects for a test, the row says so.
    """
    rows = [
        _row(row.network, "as published", row.picture_set, row.side, row.epochs, "leaky test", row.test_accuracy)
        for row in published.summary().itertuples()
    ]
    falls = published.load()["falls"]
    where = ("Dataslayer falls", falls["side"], falls["epochs"], "leaky validation")
    rows.append(_row("resnet50", "as published (a sibling)", *where, falls["sibling_validation_accuracy"]))
    for row in pd.concat([recorded.honest(), recorded.honest("full_size"), recorded.best()]).itertuples():
        where = f"{PHOTOGRAPHS}, {row.train_size} to train on", row.side, row.epochs, "clean test"
        figures = row.accuracy, row.low, row.high, row.macro_f1, row.n
        form = f", {row.core_hours:.1f} core-hours" if row.study == "best" else _form(row.recipe)
        rows.append(_row(row.network, f"recorded, {row.recipe} recipe{form}", *where, *figures))
    for network in networks:
        for recipe in ("published", "improved"):
            run = config.results / "runs" / f"{network}-{recipe}"
            if runs.finished(run):
                rows.append(_of_run(run, network, recipe, config))
    table = pd.DataFrame(rows).fillna({"low": np.nan})
    return table[table.network.isin(networks)].reset_index(drop=True)


def _of_run(run: Path, network: str, recipe: str, config: Settings) -> dict:
    plan = runs.settings(run)
    kind, source = ("falls", config.falls) if network in pretrained.NETWORKS else ("har", config.har)
    catalogue = splits.prepare(kind, config)
    part = "test" if (catalogue.split == "test").any() else "validation"
    predictions = evaluation.predict(run, splits.part(catalogue, part), config.data / "decoded")
    if kind == "falls":
        predictions = evaluation.at_threshold(predictions, evaluation.chosen_threshold(run))
    found = evaluation.score(predictions)
    pictures = "drawn" if source == "drawn" else Path(source).stem
    sizes = int((catalogue.split == "train").sum())
    what = f"this run, {recipe} recipe{_form(recipe, config.short)}"
    return _row(
        network, what, f"{pictures}, {sizes} to train on", plan["side"], plan["epochs"],
        f"honest {part}", found["accuracy"], found["low"], found["high"], found["macro_f1"], found["n"],
    )  # fmt: skip


def _form(recipe: str, short: bool = True) -> str:
    """What tells the improved recipe for a few minutes from the one for an hour (recipes.SHORT)."""
    return ", short form" if short and recipe == "improved" else ""


def _row(network, what, pictures, side, epochs, scored_on, accuracy, low=None, high=None, macro_f1=None, n=None):
    return dict(
        network=network, what=what, pictures=pictures, side=side, epochs=epochs, scored_on=scored_on,
        accuracy=accuracy, low=low, high=high, macro_f1=macro_f1, n=n,
    )  # fmt: skip
