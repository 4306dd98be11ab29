"""Recorded runs: trained once (`harkit.recording`), kept as small files, shown by the lessons.

A run is a folder below `results/recorded/<study>/`: settings.json, environment.json, history.csv and predictions.csv
(part, name, label, predicted, confidence of each picture that was asked about; no picture); of a tested run also
clean_test.csv, with all probabilities. The parts are: validation; own test, the test of the run's own split, leaky,
honest or by subject, or its fold; clean test, pictures that no run of any split has seen. Torch is not needed here.
"""

import json
from pathlib import Path

import pandas as pd
from sklearn.metrics import f1_score

from harkit import evaluation, published, studies, uncertainty
from harkit.settings import InputError

HERE = Path(__file__).parents[1] / "results" / "recorded"  # in a copy of the course
SHIPPED = Path(__file__).parent / "recorded_runs"  # in an installed package (setup.py)
NAMES = {"vgg16": "VGG16", "resnet": "ResNet", "efficientnet_lite0": "EfficientNet-Lite0"}


def load(study: str) -> pd.DataFrame:
    """One row a recorded run and part: name, sizes, settings, and the accuracy on the part with a 95 % interval.

    Columns: study, name, network, recipe, split, train_size, seed, epochs, side, width, learning_rate, part, accuracy,
    low, high, macro_f1, n, train_accuracy (running mean of the last epoch), core_hours (of its epochs; other work on
    the same cores makes them longer). Raises InputError where the study was not recorded.
    """
    rows = []
    keys = ("name", "network", "recipe", "split", "train_size", "seed", "epochs", "side", "width")
    for folder in folders(study):
        plan, epochs = settings(folder), pd.read_csv(folder / "history.csv")
        row = {"study": study, **{key: plan[key] for key in keys}}
        row |= {
            "learning_rate": plan["hyperparameters"]["learning_rate"],
            "train_accuracy": epochs.train_accuracy.iloc[-1],
            "core_hours": epochs.seconds.sum() * plan["threads"] / 3600,
        }
        rows += [row | {"part": part} | evaluation.score(asked) for part, asked in predictions(folder).groupby("part")]
    order = [plan.name for plan in studies.plans(study)]
    table = pd.DataFrame(rows)
    return table.sort_values(["name", "seed"], key=lambda c: c.map(order.index) if c.name == "name" else c,
                             ignore_index=True)  # fmt: skip


def histories(study: str) -> pd.DataFrame:
    """One row an epoch of each recorded run: name, seed, and the columns of its history (`harkit.runs.history`)."""
    kept = [(settings(folder), pd.read_csv(folder / "history.csv")) for folder in folders(study)]
    return pd.concat([rows.assign(name=plan["name"], seed=plan["seed"]) for plan, rows in kept], ignore_index=True)


def folders(study: str) -> list[Path]:
    """The folders of a study's recorded runs. Raises InputError where it is unknown or was not recorded."""
    studies.plans(study)
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


def settings(folder: Path) -> dict:
    """What was trained, how and on what; `harkit.runs.settings` without torch."""
    return json.loads((folder / "settings.json").read_text(encoding="utf-8"))


def honest(study: str = "leak") -> pd.DataFrame:
    """The rows of a study that are honestly split and about the clean test, one a network and recipe."""
    table = load(study)
    return table[(table.part == "clean test") & (table.split == "honest")]


def best() -> pd.DataFrame:
    """The rows of the study "best" about the clean test: what a few core-hours give."""
    table = load("best")
    return table[table.part == "clean test"].sort_values("accuracy", ascending=False, ignore_index=True)


def cross_validated() -> pd.DataFrame:
    """The study "cross_validation": one row a fold, asked about by a training that saw the others, and the last, "all",
    of their answers together. Columns as those of `load`."""
    rows = load("cross_validation")
    rows["name"] = [f"fold {fold + 1}" for fold in rows.seed]
    answers = pd.concat([predictions(folder) for folder in folders("cross_validation")])
    together = rows.iloc[0].to_dict() | evaluation.score(answers)
    together |= {"name": "all", "train_accuracy": rows.train_accuracy.mean(), "core_hours": rows.core_hours.sum()}
    return pd.concat([rows, pd.DataFrame([together])], ignore_index=True)


def falls() -> pd.DataFrame:
    """The study "falls": F1 for fall on the people who judge, each recipe at the threshold of its own validation.

    One row a seed; columns: the recipes' names, and always fall.
    """
    rows = {}
    for folder in folders("falls"):
        plan, asked = settings(folder), predictions(folder)
        asked = asked[asked.part == "own test"].assign(**{"always fall": evaluation.FALL})
        for name, column in ((plan["name"], "predicted"), ("always fall", "always fall")):
            rows[plan["seed"], name] = f1_score(asked.label, asked[column], pos_label=evaluation.FALL)
    names = [*(plan.name for plan in studies.plans("falls")), "always fall"]
    return pd.Series(rows).unstack()[names].rename_axis("seed")


def worth(study: str = "ingredients") -> pd.DataFrame:
    """What each change of a study did to the validation accuracy, in points against its first plan: one row a change.

    Columns: name, runs, accuracy (mean over the seeds), difference (mean, in points), lowest, highest (over the seeds),
    core_hours (mean).
    """
    table = load(study)
    whole = table[table.name == studies.plans(study)[0].name].set_index("seed").accuracy
    table["points"] = 100 * (table.accuracy - table.seed.map(whole))
    return table.groupby("name", sort=False).agg(
        runs=("seed", "size"), accuracy=("accuracy", "mean"), difference=("points", "mean"), lowest=("points", "min"),
        highest=("points", "max"), core_hours=("core_hours", "mean"),
    ).reset_index()  # fmt: skip


def claimed_and_clean(study: str = "leak") -> pd.DataFrame:
    """How much of an accuracy is memory, from a study's runs: one row a network and recipe, on a leaky split.

    Columns: name, n_claimed, claimed (on its own test), n_clean, clean (on pictures that it never saw), difference with
    its 95 % interval low, high (Newcombe, 1998), and honest: the clean test's figure for a training without the leak.
    """
    rows, honestly = [], honest(study).set_index(["network", "recipe"]).accuracy
    for folder in folders(study):
        plan = settings(folder)
        if plan["split"] == "leaky":
            answers = dict(list(predictions(folder).groupby("part")))
            own, clean = answers["own test"], answers["clean test"]
            gap, low, high = uncertainty.difference(own, clean)
            rows.append({
                "name": f"{NAMES[plan['network']]}, {plan['recipe']} recipe",
                "n_claimed": len(own), "claimed": uncertainty.accuracy(own),
                "n_clean": len(clean), "clean": uncertainty.accuracy(clean),
                "difference": gap, "low": low, "high": high, "honest": honestly[plan["network"], plan["recipe"]],
            })  # fmt: skip
    return pd.DataFrame(rows).sort_values("claimed", ascending=False, ignore_index=True)


def run_card_line(networks: tuple[str, ...] = ("vgg16", "resnet")) -> str:
    """What was recorded of these networks, as the sentence of a run card."""
    rows = honest()
    rows = rows[rows.network.isin(networks)].sort_values("accuracy", ascending=False)
    shares = ", ".join(f"{NAMES[row.network]} {row.recipe} {100 * row.accuracy:.1f} %" for row in rows.itertuples())
    return (
        f"**Recorded** on real photographs ({rows.side.iloc[0]} px, width {rows.width.iloc[0]}, {rows.n.iloc[0]:,} "
        f"test pictures that no run has seen): {shares}."
    )


def summary_table() -> str:
    """The first table of README.md, in Markdown: each network as published, its recipe judged honestly, and of
    the trainings that were recorded of it the one on the largest pictures, then in the widest network, then of the most
    epochs. The last two are of pictures that no training has seen."""
    claims = published.summary().set_index("network").test_accuracy
    small, largest = honest().set_index(["network", "recipe"]), best().sort_values(["side", "width", "epochs"])
    largest = largest.drop_duplicates("network", keep="last").set_index("network")
    alike = pd.concat([honest(), honest("full_size")]).query("recipe == 'published'")
    alike = alike.drop_duplicates("network", keep="last").set_index("network")  # the larger one, where there are two
    lines = _head("network", "as published", "same recipe, honest test", "ours, honest test")
    for network in dict.fromkeys([*claims.index, *largest.index]):
        same = alike.loc[network] if network in claims else None
        ours = largest.loc[network] if network in largest.index else small.loc[(network, "improved")]
        shares = ["" if same is None else f"{100 * claims[network]:.1f} %", *map(_share_at_side, (same, ours))]
        lines.append(f"| {NAMES[network]} | " + " | ".join(shares) + " |")
    return "\n".join(lines)


def _head(*columns: str) -> list[str]:
    """The first two lines of a table in Markdown."""
    return [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]


def _share_at_side(row) -> str:
    return "" if row is None else f"{100 * row.accuracy:.1f} % ({row.side} px, {row.train_size:,} photographs)"


def best_table() -> str:
    """The table of README.md of the studies "best" and "cross_validation", in Markdown."""
    columns = "photographs to train on", "side (px)", "core-hours", "others asked about", "accuracy", "95 % interval"
    lines = _head("network", *columns)
    folds = cross_validated().assign(name=f"{studies.plans('cross_validation')[0].name}, cross-validated")
    for row in pd.concat([best(), folds.tail(1)]).itertuples():
        times = f"{len(folds) - 1} × " if row.study == "cross_validation" else ""
        trained = f"{times}{row.train_size:,} | {row.side} | {row.core_hours:.1f}"
        shares = f"{row.n:,} | {100 * row.accuracy:.1f} % | {100 * row.low:.1f}–{100 * row.high:.1f} %"
        lines.append(f"| {row.name} | {trained} | {shares} |")
    return "\n".join(lines)


def readme_table() -> str:
    """The table of README.md, in Markdown: published, recorded with a leak, on a clean test, and without the leak."""
    published_accuracy = published.summary().set_index("network").test_accuracy
    lines = _head(
        "network", "as published", "leaky split, own test", "leaky split, clean test", "honest split, clean test"
    )  # fmt: skip
    full = claimed_and_clean("full_size").assign(note=", 224 px")
    for row in pd.concat([claimed_and_clean().assign(note=""), full]).itertuples():
        name, recipe = row.name.split(", ")
        claim = published_accuracy[name.lower()] if recipe == "published recipe" else None
        shares = [claim, row.claimed, row.clean, row.honest]
        cells = ("" if share is None else f"{100 * share:.1f} %" for share in shares)
        lines.append(f"| {row.name}{row.note} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
