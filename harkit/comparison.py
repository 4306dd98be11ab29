"""One table for every figure: as published, as recorded on photographs, and of this run."""

from pathlib import Path

import numpy as np
import pandas as pd

from harkit import evaluation, published, recorded, runs, splits, uncertainty
from harkit.settings import Settings

NAMES = {"vgg16": "VGG16", "resnet": "ResNet", "resnet50": "ResNet50"}
PHOTOGRAPHS = "Kaggle HAR photographs"


def results(config: Settings, networks: tuple[str, ...] = tuple(NAMES)) -> pd.DataFrame:
    """As published, recorded and this run, one below the other: network, what, pictures, side (px), epochs, scored_on,
    accuracy, low, high, macro_f1, n.

    What was recorded is on pictures that no run has seen; this run's figures are on its honest test. Where the falls
    have too few subjects for a test, the row says so.
    """
    rows = [
        _row(row.network, "as published", row.picture_set, row.side, row.epochs, "leaky test", row.test_accuracy)
        for row in published.summary().itertuples()
    ]
    falls = published.load()["falls"]
    where = ("Dataslayer falls", falls["side"], falls["epochs"], "leaky validation")
    rows.append(_row("resnet50", "as published (a sibling)", *where, falls["sibling_validation_accuracy"]))
    for row in _recorded("clean test", "honest").itertuples():
        where = f"{PHOTOGRAPHS}, {row.train_size} to train on", row.side, row.epochs, "clean test"
        figures = row.accuracy, row.low, row.high, row.macro_f1, row.n
        rows.append(_row(row.network, f"recorded, {row.recipe} recipe", *where, *figures))
    for network in networks:
        for recipe in ("published", "improved"):
            run = config.results / "runs" / f"{network}-{recipe}"
            if runs.finished(run):
                rows.append(_of_run(run, network, recipe, config))
    table = pd.DataFrame(rows).fillna({"low": np.nan})
    return table[table.network.isin(networks)].reset_index(drop=True)


def claimed_and_clean() -> pd.DataFrame:
    """How much of an accuracy is memory, from the recorded runs: one row a network and recipe, on a leaky split.

    Columns: name, n_claimed, claimed (on its own test), n_clean, clean (on pictures that it never saw), difference with
    its 95 % interval low, high (Newcombe, 1998), and honest: the clean test's figure for a training without the leak.
    """
    rows, folders = [], {tuple(runs.settings(f)[k] for k in ("network", "recipe", "split", "seed")): f
                         for f in recorded.folders("leak")}  # fmt: skip
    for (network, recipe, split, seed), folder in folders.items():
        if split == "leaky" and (network, recipe, "honest", seed) in folders:
            answers = dict(list(recorded.predictions(folder).groupby("part")))
            own, clean = answers["own test"], answers["clean test"]
            gap, low, high = uncertainty.difference(own, clean)
            honest = recorded.predictions(folders[network, recipe, "honest", seed]).query("part == 'clean test'")
            rows.append({
                "name": f"{NAMES[network]}, {recipe} recipe",
                "n_claimed": len(own), "claimed": uncertainty.accuracy(own),
                "n_clean": len(clean), "clean": uncertainty.accuracy(clean),
                "difference": gap, "low": low, "high": high, "honest": uncertainty.accuracy(honest),
            })  # fmt: skip
    return pd.DataFrame(rows).sort_values("claimed", ascending=False, ignore_index=True)


def recorded_line(networks: tuple[str, ...] = ("vgg16", "resnet")) -> str:
    """What was recorded of these networks, as the sentence of a run card."""
    rows = _recorded("clean test", "honest")
    rows = rows[rows.network.isin(networks)].sort_values("accuracy", ascending=False)
    shares = ", ".join(f"{NAMES[row.network]} {row.recipe} {100 * row.accuracy:.1f} %" for row in rows.itertuples())
    return (
        f"**Recorded** on real photographs ({rows.side.iloc[0]} px, width {rows.width.iloc[0]}, {rows.n.iloc[0]:,} "
        f"test pictures that no run has seen): {shares}."
    )


def readme_table() -> str:
    """The table of README.md, in Markdown: published, recorded with a leak, on a clean test, and without the leak."""
    published_accuracy = published.summary().set_index("network").test_accuracy
    heads = "network", "as published", "leaky split, own test", "leaky split, clean test", "honest split, clean test"
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in claimed_and_clean().itertuples():
        name, recipe = row.name.split(", ")
        claim = published_accuracy[name.lower()] if recipe == "published recipe" else None
        shares = [claim, row.claimed, row.clean, row.honest]
        lines.append(f"| {row.name} | " + " | ".join("" if s is None else f"{100 * s:.1f} %" for s in shares) + " |")
    return "\n".join(lines)


def _recorded(part: str, split: str) -> pd.DataFrame:
    table = recorded.load("leak")
    return table[(table.part == part) & (table.split == split) & (table.seed == 0)]


def _of_run(run: Path, network: str, recipe: str, config: Settings) -> dict:
    plan = runs.settings(run)
    kind, source = ("falls", config.falls) if network == "resnet50" else ("har", config.har)
    catalogue = splits.prepare(kind, config)
    part = "test" if (catalogue.split == "test").any() else "validation"
    predictions = evaluation.predict(run, splits.part(catalogue, part), config.data / "decoded")
    found = evaluation.score(predictions)
    pictures = "drawn" if source == "drawn" else Path(source).stem
    sizes = int((catalogue.split == "train").sum())
    return _row(
        network, f"this run, {recipe} recipe", f"{pictures}, {sizes} to train on", plan["side"], plan["epochs"],
        f"honest {part}", found["accuracy"], found["low"], found["high"], found["macro_f1"], found["n"],
    )  # fmt: skip


def _row(network, what, pictures, side, epochs, scored_on, accuracy, low=None, high=None, macro_f1=None, n=None):
    return dict(
        network=network, what=what, pictures=pictures, side=side, epochs=epochs, scored_on=scored_on,
        accuracy=accuracy, low=low, high=high, macro_f1=macro_f1, n=n,
    )  # fmt: skip
