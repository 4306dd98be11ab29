"""How hard the drawn world is, and for what reasons: one table of what was asked and what was found.

    python bench/drawn_world.py                          everything: about an hour, by the sum of its parts
    python bench/drawn_world.py shortcuts minute         parts of it
    HARKIT_PHOTOS=folder python bench/drawn_world.py photographs

Parts: drawing, shortcuts, background, minute, network, curve, falls, photographs. Accuracies are measured at 64 px on
pictures of a seed that nothing was tuned on; pictures and runs are kept in build/drawn_world, and finished runs are
not made again.
"""

import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.ensemble import RandomForestClassifier

from harkit import catalogue as catalogues
from harkit import drawn, evaluation, fetch, recipes, runs, settings, splits, training
from harkit.drawn.picture import draw_bytes
from harkit.pictures import PictureSet

OUT = Path(__file__).parent.parent / "build" / "drawn_world"
SEED = 2026  # of the measured pictures
SIDE, WIDTH, EPOCHS = 64, 32, 15  # of the large run; the others are half as wide
SIZES = (6000, 1000, 1000)  # training, validation, test
SEEDS, FEWER = (0, 1, 2), (0, 1)  # fewer where a run takes minutes
CURVE = {500: 60, 1500: 30, 6000: 15}  # training pictures: epochs; fewer pictures are seen more often
FALL_SUBJECTS, FALL_EPOCHS, PHOTO_EPOCHS = 24, 20, 30
FAMILIES = (
    {"sitting", "texting", "calling", "listening_to_music", "using_laptop", "eating", "drinking", "sleeping"},
    {"calling", "drinking", "listening_to_music", "texting", "clapping", "eating", "laughing"},
    {"hugging", "fighting", "dancing", "laughing"},
    {"running", "cycling", "dancing"},
)  # of poses: pictures are confused inside these


@dataclass
class Row:
    """One line of the table."""

    what: str
    asked: str
    found: str


def drawing() -> list[Row]:
    """Speed and memory, each in a process of its own."""
    rows = []
    code = (
        "import sys, time, tempfile, resource; from harkit import drawn\n"
        "with tempfile.TemporaryDirectory() as folder:\n"
        "    start = time.perf_counter(); drawn.draw_har(folder, int(sys.argv[1]), seed=int(sys.argv[2]))\n"
        "    print(time.perf_counter() - start, *(resource.getrusage(who).ru_maxrss / 1024 for who in\n"
        "        (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))\n"
    )
    memory = {}
    for count in (500, 5000):
        command = [sys.executable, "-c", code, str(count), str(SEED)]
        seconds, *memory[count] = map(float, subprocess.run(command, check=True, capture_output=True).stdout.split())
    rows.append(Row("drawing, pictures a second, all processes", "≥ 100", f"{5000 / seconds:.0f}"))
    grown = [f"{small:.0f} → {large:.0f}" for small, large in zip(memory[500], memory[5000], strict=True)]
    rows.append(Row("peak memory, 500 → 5,000 pictures, MB: first process, workers", "flat", ", ".join(grown)))
    reduced = settings.PROFILES["reduced"]
    start = time.perf_counter()
    folder = _fresh(OUT / "reduced")
    drawn.draw_har(folder, reduced["drawn_count"], SEED)
    drawn.draw_falls(folder, reduced["drawn_subjects"], SEED)
    rows.append(Row("drawing the reduced set, seconds", "≤ 10", f"{time.perf_counter() - start:.1f}"))
    return rows


def shortcuts() -> list[Row]:
    """What tells the action without looking at it: colours, thumbnails, the file."""
    catalogue = _pictures()
    pictures = PictureSet(splits.used(catalogue), SIDE, OUT / "decoded", catalogues.classes(catalogue))
    parts = [pictures.part(name) for name in ("train", "test")]
    labels = [part.labels for part in parts]
    known = evaluation.baselines(pictures).set_index("name").T
    rows = [Row("nearest neighbour, 16×16 thumbnails, %", "≤ 30", _percent(known["nearest neighbour, 16×16"]))]
    chance = 100 / len(drawn.ACTIONS)
    for what, asked, see in (
        ("random forest, colour histogram (4×4×4)", "≤ 20", _histograms),
        ("random forest, file size, width, height, JPEG tables", f"{chance:.1f} (chance)", _file_facts),
    ):
        x_train, x_test = (see(part) for part in parts)
        rows.append(Row(f"{what}, %", asked, _share(_forest().fit(x_train, labels[0]).predict(x_test) == labels[1])))
    return [*rows, Row("linear model, 16×16 thumbnails, %", "", _percent(known["linear model, 16×16"]))]


def background() -> list[Row]:
    """The same pictures without figures and props: a network and a forest trained on them alone."""
    folder = _made(f"background-v{drawn.VERSION}", _draw_backgrounds)
    catalogue = splits.honest(catalogues.read(folder), (SIZES[0] - 500, 500, SIZES[2]))
    run = _train("background", catalogue, width=WIDTH // 2, epochs=EPOCHS)
    rows = [Row("background alone, ResNet, %", "≤ 30", _accuracy(run, catalogue))]
    pictures = PictureSet(splits.used(catalogue), SIDE, OUT / "decoded", catalogues.classes(catalogue))
    train, test = pictures.part("train"), pictures.part("test")
    forest = _forest().fit(evaluation.thumbnails(train), train.labels)
    right = forest.predict(evaluation.thumbnails(test)) == test.labels
    return [*rows, Row("background alone, random forest on thumbnails, %", "≤ 30", _share(right))]


def minute() -> list[Row]:
    """The reduced course's own ResNet, by the improved recipe, on drawn sets of three seeds."""
    config = settings.PROFILES["reduced"]
    found, seconds = [], []
    for seed in SEEDS:
        catalogue = _pictures(config["drawn_count"], SEED + 1 + seed, config["split_sizes"])
        run = _train(
            f"minute-{seed}", catalogue, width=config["width"], epochs=config["improved_epochs"]["resnet"], seed=seed
        )
        found.append(_score(run, catalogue)["accuracy"])
        seconds.append(runs.history(run).seconds.sum())
    return [
        Row("ResNet improved, reduced course, %, three sets", "≥ 45", _spread(found)),
        Row("its training, seconds", "≤ 60", f"{np.median(seconds):.0f}"),
    ]


def network() -> list[Row]:
    """ResNet (improved) on 6,000 pictures for 15 epochs: accuracy, confusions, the easiest classes."""
    catalogue = _pictures()
    run = _train("network", catalogue, epochs=EPOCHS)
    predictions = evaluation.predict(run, splits.part(catalogue, "test"), OUT / "decoded")
    wrong = predictions[predictions.label != predictions.predicted]
    pairs = wrong.groupby([wrong[["label", "predicted"]].min(axis=1), wrong[["label", "predicted"]].max(axis=1)]).size()
    worst = pairs.nlargest(5)
    inside = sum(any({*pair} <= family for family in FAMILIES) for pair in worst.index)
    named = "; ".join(f"{one} – {other} {n}" for (one, other), n in worst.items())
    recall = (predictions.label == predictions.predicted).groupby(predictions.label).mean().sort_values()
    easiest = ", ".join(f"{name} {100 * value:.0f}" for name, value in recall[::-1].items())
    return [
        Row(f"ResNet improved, width {WIDTH}, 6,000 pictures, 15 epochs, %", "70–90", _accuracy(run, catalogue)),
        Row("of its five largest confusions inside a pose family", "5", f"{inside} ({named})"),
        Row("recall by class, %", "cycling, running easy", easiest),
    ]


def curve() -> list[Row]:
    """Accuracy over the number of training pictures, several seeds each, on one test part."""
    full = _pictures()
    rows, before = [], None
    for count, epochs in CURVE.items():
        found = []
        for seed in FEWER:
            catalogue = full.copy()
            if count < SIZES[0]:
                train = catalogue[catalogue.split == "train"]
                chosen = train.groupby("label").sample(count // len(drawn.ACTIONS), random_state=seed).index
                catalogue.loc[train.index.difference(chosen), "split"] = ""
            run = _train(f"curve-{count}-{seed}", catalogue, width=WIDTH // 2, epochs=epochs, seed=seed)
            found.append(_score(run, catalogue)["accuracy"])
        rise = "" if before is None else f"; {100 * (np.mean(found) - before):+.1f}"
        before = np.mean(found)
        what = f"ResNet improved, width {WIDTH // 2}, {count:,} pictures, {epochs} epochs, %"
        rows.append(Row(what, "about +8 each", _spread(found) + rise))
    return rows


def falls() -> list[Row]:
    """The same network on a split by frame and on one by subject, and the answer "fall" for every frame."""
    found = {"frame": [], "subject": [], "always": []}
    for seed in SEEDS:
        name = f"falls-v{drawn.VERSION}-{FALL_SUBJECTS}-{SEED + seed}"
        catalogue = catalogues.read(_made(name, partial(drawn.draw_falls, subjects=FALL_SUBJECTS, seed=SEED + seed)))
        by_subject = splits.by_subject(catalogue, seed)
        by_subject["split"] = by_subject.split.replace({"validation": "train", "test": "validation"})
        for way, divided in (("frame", splits.by_frame(catalogue, seed)), ("subject", by_subject)):
            run = _train(f"falls-{way}-{seed}", divided, width=WIDTH // 2, seed=seed, epochs=FALL_EPOCHS, keep="last")
            predictions = evaluation.predict(run, splits.part(divided, "validation"), OUT / "decoded")
            found[way].append(_f1(predictions))
        found["always"].append(_f1(predictions.assign(predicted=evaluation.FALL)))
    gap = [one - other for one, other in zip(found["frame"], found["subject"], strict=True)]
    return [
        Row("falls, ResNet improved, F1 by frame, %", "", _spread(found["frame"])),
        Row("falls, the same by subject, %", "", _spread(found["subject"])),
        Row("falls, always “fall”, same subjects, %", "well below", _spread(found["always"])),
        Row("falls, by frame minus by subject", "about +10", _spread(gap)),
    ]


def photographs() -> list[Row]:
    """Trained on drawn pictures first, then on 1,000 photographs, against photographs alone."""
    config = settings.load("photos")
    if config.har == "kaggle":
        return [Row("drawn first, then 1,000 photographs", "reported", "not measured: HARKIT_PHOTOS names no folder")]
    folder = fetch.fetch("har", config.har, OUT / "photographs")
    catalogue = splits.honest(catalogues.read(folder), (1000, 1000, 2000))
    first = _train("curve-6000-0", _pictures(), width=WIDTH // 2, epochs=CURVE[6000])
    alone, after = [], []
    for seed in FEWER:
        run = _train(f"photographs-{seed}", catalogue, width=WIDTH // 2, epochs=PHOTO_EPOCHS, seed=seed)
        alone.append(_score(run, catalogue)["accuracy"])
        run = _train(
            f"photographs-after-{seed}", catalogue, width=WIDTH // 2, epochs=PHOTO_EPOCHS, seed=seed, start=first
        )
        after.append(_score(run, catalogue)["accuracy"])
    return [
        Row(f"1,000 photographs alone, {PHOTO_EPOCHS} epochs, %", "", _spread(alone)),
        Row("drawn first, then the same, %", "reported", _spread(after)),
        Row("difference", "reported", _spread([b - a for a, b in zip(alone, after, strict=True)])),
    ]


def _pictures(count: int = sum(SIZES), seed: int = SEED, sizes: tuple = SIZES) -> pd.DataFrame:
    """The catalogue of a drawn set with its honest split."""
    folder = _made(f"har-v{drawn.VERSION}-{count}-{seed}", partial(drawn.draw_har, count=count, seed=seed))
    return splits.honest(catalogues.read(folder), sizes)


def _made(name: str, draw) -> Path:
    """The folder of this name; `draw(folder)` fills it where it is not there yet."""
    folder = OUT / name
    if not folder.exists():
        unfinished = _fresh(OUT / f".{name}")
        draw(unfinished)
        unfinished.rename(folder)
    return folder


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _draw_backgrounds(folder: Path):
    for name in drawn.ACTIONS:
        (folder / name).mkdir()
    for index in range(SIZES[0] + SIZES[2]):
        name = drawn.ACTIONS[index % len(drawn.ACTIONS)]
        (folder / name / f"{index}.jpg").write_bytes(draw_bytes(name, SEED, index, people=False))


def _train(name: str, catalogue: pd.DataFrame, *, width=WIDTH, epochs, seed=0, keep=None, start=None) -> Path:
    """The run of this name: the one that is there, if it is of the same pictures, recipe and start, else made now."""
    out, usual = OUT / "runs" / name, recipes.RECIPES["resnet", "improved"]
    recipe = replace(usual, keep=keep or usual.keep)
    plan = dict(width=width, seed=seed, hyperparameters=asdict(replace(recipe, epochs=epochs)))
    plan["split_hash"] = catalogues.fingerprint(splits.used(catalogue), "split")
    plan["start"] = catalogues.digest(start / "weights.safetensors") if start else None
    if runs.finished(out):
        made = runs.settings(out)
        if all(made.get(key) == value for key, value in plan.items()):
            return out
    recipes.RECIPES["resnet", "improved"] = recipe
    try:
        training.fit(
            catalogue, out, "resnet", "improved", side=SIDE, width=width, epochs=epochs, seed=seed,
            cache=OUT / "decoded", anew=True, start=start,
        )  # fmt: skip
    finally:
        recipes.RECIPES["resnet", "improved"] = usual
    print(f"{name}: {runs.history(out).seconds.sum():.0f} s", file=sys.stderr)
    return out


def _score(run: Path, catalogue: pd.DataFrame) -> dict:
    return evaluation.score(evaluation.predict(run, splits.part(catalogue, "test"), OUT / "decoded"))


def _f1(predictions: pd.DataFrame) -> float:
    return evaluation.report(predictions).loc[evaluation.FALL, "f1-score"]


def _share(right: np.ndarray) -> str:
    low, high = evaluation.interval(int(right.sum()), len(right))
    return _percent({"accuracy": right.mean(), "low": low, "high": high})


def _accuracy(run: Path, catalogue: pd.DataFrame) -> str:
    return _percent(_score(run, catalogue))


def _percent(found) -> str:
    return f"{100 * found['accuracy']:.1f} ({100 * found['low']:.1f}–{100 * found['high']:.1f})"


def _spread(values: list[float]) -> str:
    return f"{100 * np.mean(values):.1f} ({', '.join(f'{100 * v:.1f}' for v in values)})"


def _forest() -> RandomForestClassifier:
    return RandomForestClassifier(300, min_samples_leaf=2, n_jobs=-1, random_state=0)


def _histograms(pictures: PictureSet) -> np.ndarray:
    """(N, 64): the share of each of 4 × 4 × 4 colours."""
    colours = [(pictures[i] // 64).reshape(-1, 3) @ (16, 4, 1) for i in range(len(pictures))]
    return np.stack([np.bincount(c, minlength=64) for c in colours]) / SIDE**2


def _file_facts(pictures: PictureSet) -> np.ndarray:
    """(N, 5): bytes, width, height, the sum of either quantisation table."""
    facts = []
    for path in map(Path, pictures.catalogue.path):
        with Image.open(path) as image:
            tables = [sum(table) for table in image.quantization.values()]
            facts.append((path.stat().st_size, *image.size, tables[0], tables[-1]))
    return np.array(facts)


def main(names: list[str]):
    """Measure the named parts, or all, and print the table as each part comes."""
    parts = {part.__name__: part for part in (drawing, shortcuts, background, minute, network, curve, falls,
                                              photographs)}  # fmt: skip
    unknown = set(names) - set(parts)
    if unknown:
        sys.exit(f"There is no part {', '.join(sorted(unknown))}: choose from {', '.join(parts)}.")
    print("| what | asked | found |\n|---|---|---|", flush=True)
    for name in names or parts:
        for row in parts[name]():
            print(f"| {row.what} | {row.asked} | {row.found} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
