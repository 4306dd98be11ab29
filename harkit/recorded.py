"""Recorded runs: trained once on photographs (`harkit.recording`), kept as small files, shown by the lessons.

A run is a folder below `results/recorded/<study>/`: settings.json, environment.json, history.csv and predictions.csv
(part, name, label, predicted, confidence of each picture that was asked about; no picture); of a tested run also
clean_test.csv, with all probabilities. The parts are: validation; own test, the test of the run's own split, leaky or
honest; clean test, pictures that no run of any split has seen. Torch is not needed here.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from harkit import evaluation, published, uncertainty
from harkit.settings import InputError

HERE = Path(__file__).parents[1] / "results" / "recorded"  # in a copy of the course
SHIPPED = Path(__file__).parent / "recorded_runs"  # in an installed package (setup.py)
SIZES = (5000, 1000, 1000)  # training, validation, test: as published, but honest; the test stays closed
SIDE, WIDTH, SEEDS = 64, 16, (0, 1)
_PLAIN = dict(averaging=0.0, growing=(), mirror=False)
BEFORE = {"vgg16": _PLAIN, "resnet": _PLAIN | {"initialisation": "he"}}  # the short recipe when these were recorded
SGD = dict(optimizer="sgd", learning_rate=0.1, batch_size=32)  # what the improved ResNet learned by before Muon
NAMES = {"vgg16": "VGG16", "resnet": "ResNet", "efficientnet_lite0": "EfficientNet-Lite0"}


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
    side: int = SIDE
    width: int = WIDTH
    seeds: tuple[int, ...] = SEEDS
    precision: str = "fp32"
    short: bool = True  # the improved recipe as for a few minutes (recipes.SHORT)
    tested: bool = False  # asked about its own and the clean test, not about its validation pictures
    device: str = "cpu"


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
    # what each ingredient of the hour-long recipe is worth: one changed at a time
    "ingredients": [
        Plan(name, 2500, 30, changes=changes, short=False)
        for name, changes in {
            "every ingredient": {},
            "SGD, not Muon": SGD,
            "no momentum, no schedule": {"momentum": 0.0, "schedule": "constant"},
            "dropout after the addition": {"dropout": 0.5},
            "no crops, turns, colours": {"augmentation": "none"},
            "half of the batches mixed": {"mixing": 0.5},
            "default initialisation": {"initialisation": "default"},
            "no label smoothing": {"label_smoothing": 0.0},
            "no averaged weights": {"averaging": 0.0},
            "no growing pictures": {"growing": ()},
            "asked at the training size": {"zoom": 1.0},
            "asked without the mirror": {"mirror": False},
        }.items()
    ],
    # the published recipe at the published size: five minutes of a GPU each
    "full_size": [
        Plan(
            f"resnet, published, {split}", epochs=50, recipe="published", split=split, side=224, width=64, seeds=(0,),
            precision="bf16, compiled", tested=True, device="cuda",
        )
        for split in ("leaky", "honest")
    ],
    "optimizer": [
        Plan("Muon", epochs=30, short=False),
        Plan("SGD", epochs=30, changes=SGD, short=False),
    ],
    "precision": [Plan("float32"), Plan("bfloat16", precision="bf16")],
    # as good as it gets in an hour of two cores: most validation pictures are trained on too, for nothing is chosen
    "best": [
        Plan(
            "EfficientNet-Lite0, fine-tuned, with bfloat16", 5800, 32, network="efficientnet_lite0", side=256, width=64,
            seeds=(0,), precision="bf16", short=False, tested=True,
        ),
        Plan(
            "EfficientNet-Lite0, fine-tuned, without bfloat16", 5800, 9, network="efficientnet_lite0", side=256,
            width=64, seeds=(0,), precision="fp32 channels last", short=False, tested=True,
        ),
        Plan(
            "ResNet, from scratch, without bfloat16", 5800, 86, side=160, width=16, seeds=(0,),
            precision="fp32 channels last", short=False, tested=True,
        ),
        Plan(
            "ResNet, from scratch, with bfloat16", 5800, 110, side=160, width=32, seeds=(0,),
            precision="bf16", short=False, tested=True,
        ),
        Plan(
            "VGG16, from scratch, with bfloat16", 5800, 52, network="vgg16", side=128, width=24, seeds=(0,),
            precision="bf16", short=False, tested=True,
        ),
    ],
}  # fmt: skip


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
    order = [plan.name for plan in plans(study)]
    table = pd.DataFrame(rows)
    return table.sort_values(["name", "seed"], key=lambda c: c.map(order.index) if c.name == "name" else c,
                             ignore_index=True)  # fmt: skip


def histories(study: str) -> pd.DataFrame:
    """One row an epoch of each recorded run: name, seed, and the columns of its history (`harkit.runs.history`)."""
    kept = [(settings(folder), pd.read_csv(folder / "history.csv")) for folder in folders(study)]
    return pd.concat([rows.assign(name=plan["name"], seed=plan["seed"]) for plan, rows in kept], ignore_index=True)


def plans(study: str) -> list[Plan]:
    """What a study consists of. Raises InputError where it is unknown."""
    if study not in STUDIES:
        raise InputError(f"There is no study '{study}': choose one of {', '.join(STUDIES)}.")
    return STUDIES[study]


def folders(study: str) -> list[Path]:
    """The folders of a study's recorded runs. Raises InputError where it is unknown or was not recorded."""
    plans(study)
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


def worth(study: str = "ingredients") -> pd.DataFrame:
    """What each change of a study did to the validation accuracy, in points against its first plan: one row a change.

    Columns: name, runs, accuracy (mean over the seeds), difference (mean, in points), lowest, highest (over the seeds),
    core_hours (mean).
    """
    table = load(study)
    whole = table[table.name == plans(study)[0].name].set_index("seed").accuracy
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
    """The table of README.md of the study "best", in Markdown."""
    lines = _head("network", "trained on", "side", "core-hours", "accuracy on 1,000 others", "95 % interval")
    for row in best().itertuples():
        shares = f"{100 * row.accuracy:.1f} % | {100 * row.low:.1f}–{100 * row.high:.1f} %"
        trained = f"{row.train_size:,} photographs | {row.side} px | {row.core_hours:.1f}"
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
