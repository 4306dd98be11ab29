"""Trainings: pictures a second end to end, time to the published accuracy, and two trainings on the same cores."""

import os
import sys
import time
from functools import partial
from itertools import count

if {"without", "theirs"} & set(sys.argv):  # a process as it would be without harkit's setting for OpenMP
    import torch

from harkit import catalogue as catalogues  # isort: skip
from harkit import fetch, models, precision, recipes, runs, settings, splits
from harkit.pictures import Batches
from harkit.training import fit, train_one_epoch

import sides  # isort: skip
import torch
from torch import nn

ASKED = "≥ 1.3; ≥ 2 with AVX512-BF16, ≥ 3 with AMX, ≥ 5 on a GPU"
SECONDS = 4  # of training in a measurement, in whole batches
WARM = 2  # batches before the first, at least: later ones find the memory that these asked for
LONG = 1_000_000  # pictures that harkit is to choose for: a long training, where compiling for a GPU can pay
EPOCHS = {"published": 50, "improved": 10}  # of the two recipes on the way to the target, on drawn pictures
EPOCHS_PHOTOGRAPHS = {"published": 20, "improved": 6}
SMALL = dict(side=64, width=16)
OPENMP = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")  # what harkit sets
CROWD_SECONDS = {"harkit": 40, "setting": 8, "without": 8}  # how a process trains, and how long


def training(names=("resnet", "vgg16")) -> list[dict]:
    """From file to updated weights: as harkit trains, against JPEG files and float32, each in a process of its own.

    So neither has what only the other one sets for its process: how OpenMP waits, and that freed memory is kept. The
    published loader works ahead in `sides.WORKERS` processes, also while the other side has its turn: a few batches
    are ready when the clock starts, which favours it.
    """
    rows = []
    for name in names:
        begin = partial(sides.begin, "trainings.py", environment=_plain())
        with begin("ours", name) as ours:
            way = ours.stdout.readline().strip()  # it is warm, and waits
            with begin("theirs", name) as theirs:
                theirs.stdout.readline()
                what, both, most = f"training {name}, 224 px, {way}", (ours, theirs), 5 if name == "resnet" else 2
                rows.append(sides.compare(what, "pictures/s", *(partial(_turn, one) for one in both), ASKED, most))
    return rows


def _turn(process) -> float:
    """Let a waiting training go on for a while: its pictures a second."""
    _go(process)
    return float(process.stdout.readline())


def _go(process) -> None:
    process.stdin.write("go\n")
    process.stdin.flush()


def _train_in_turns(side: str, name: str) -> None:
    """Warm up, say in which precision, then train on some batches for each line that comes, and print the rate."""
    torch.manual_seed(0)
    catalogue, folder = sides.pictures()
    if side == "ours":
        precision.keep_memory()
        network = models.build(name, 15, sides.SIDE, 64).to(settings.device())
        batches = Batches(sides.our_pictures(catalogue), sides.BATCH, settings.device(), seed=0)
        way = precision.choose(network, *next(iter(batches)), LONG)[0]  # on all threads, as the other side
    else:
        network = {"resnet": models.ResNet, "vgg16": models.VGG16}[name]().to(settings.device())
        batches, way = sides.published_loader(folder), "fp32"
    optimizer, _ = recipes.make_optimizer(recipes.get(name, "published"), network, len(batches))
    epochs = (batch for _ in count() for batch in batches)
    computing = precision.Computing(network, way, sides.BATCH)
    trained(computing, optimizer, epochs, WARM)
    print(way, flush=True)
    for _ in sys.stdin:
        print(trained(computing, optimizer, epochs), flush=True)


def trained(network: nn.Module, optimizer, batches, least: int = 1) -> float:
    """Pictures a second from file to updated weights, over SECONDS of batches, but so many of them at least."""
    device, seen, started = settings.device(), 0, time.perf_counter()

    def on_device():
        nonlocal seen
        for number, (images, labels) in enumerate(batches, start=1):
            seen += len(labels)
            yield images.to(device), labels.to(device)
            if number >= least and time.perf_counter() - started > SECONDS:
                return

    train_one_epoch(network, on_device(), optimizer, nn.CrossEntropyLoss())
    return seen / (time.perf_counter() - started)


def target() -> list[dict]:
    """Time of ResNet, width 16 at 64 px, until it first reaches the accuracy that the published recipe ends with.

    Same pictures, same honest split, same validation pictures, same reading; the published recipe in float32, the
    improved one in what is fastest here. Seconds of epochs, validation included (history.csv); one run of each.
    """
    photographs = settings.load("photos").har
    drawn = photographs in ("drawn", "kaggle")
    config = settings.load("reduced" if drawn else "photos", data=sides.OUT / "target")
    epochs = EPOCHS if drawn else EPOCHS_PHOTOGRAPHS
    folder = fetch.fetch("har", config.har, config.data, config.drawn_count, config.seed)
    catalogue = splits.honest(catalogues.read(folder), config.split_sizes, config.seed)
    found = {}
    for recipe in ("published", "improved"):
        run = fit(
            catalogue, sides.OUT / f"target-{recipe}", "resnet", recipe, **SMALL, cache=config.data / "decoded",
            epochs=epochs[recipe], copies_per_class=config.copies_per_class, seed=config.seed, anew=True,
            precision="fp32" if recipe == "published" else None,
        )  # fmt: skip
        found[recipe] = runs.history(run)
    goal = found["published"].validation_accuracy.iloc[-1]
    reached = {recipe: _first(history, goal) for recipe, history in found.items()}
    pictures = "drawn pictures" if drawn else "photographs"
    what = f"time to {goal:.1%} of {len(catalogue[catalogue.split == 'validation'])} validation {pictures}, ResNet"
    (ours, at), (theirs, theirs_at) = reached["improved"], reached["published"]
    best = found["improved"].validation_accuracy.max()
    if ours is None:
        return [sides.row(what, f"not reached ({best:.1%})", f"{theirs:.0f} s", asked="≤ 0.20")]
    return [
        sides.row(what, f"{ours:.1f} s", f"{theirs:.1f} s", f"{ours / theirs:.2f}", "one run each", "≤ 0.20"),
        sides.row("… in epoch, of", f"{at} of {epochs['improved']}", f"{theirs_at} of {epochs['published']}"),
        sides.row("… all epochs", *(f"{found[r].seconds.sum():.1f} s" for r in ("improved", "published"))),
        sides.row("… highest", *(f"{found[r].validation_accuracy.max():.1%}" for r in ("improved", "published"))),
    ]


def _first(history, goal: float) -> tuple[float | None, int]:
    """Seconds until the end of the first epoch that reaches `goal`, and which that is."""
    there = history.validation_accuracy >= goal
    if not there.any():
        return None, 0
    return float(history.seconds[: there.idxmax() + 1].sum()), int(there.idxmax()) + 1


def crowd() -> list[dict]:
    """Two trainings at once on the same cores, against one alone: as harkit trains, and as torch does by itself.

    As harkit trains: its setting for OpenMP, the precision and threads that it chooses, and its watch over these.
    """
    harkit, setting, without = (partial(_rates, how=how) for how in CROWD_SECONDS)
    return [
        sides.compare(f"two trainings at once, sum, against one alone, ResNet, {SMALL['side']} px", "pictures/s",
                      partial(harkit, 2), partial(harkit, 1), "≥ 0.80", 3),
        sides.compare("… float32, without setting and watch", "pictures/s",
                      partial(without, 2), partial(without, 1), most=3),
        sides.compare("one alone, float32, with the setting against without", "pictures/s",
                      partial(setting, 1), partial(without, 1), "≥ 0.95", 3),
    ]  # fmt: skip


def _rates(processes: int, how: str) -> float:
    """Pictures a second of all `processes` together, which begin at the same time, but get ready one by one."""
    started = []
    for _ in range(processes):
        started.append(sides.begin("trainings.py", how, environment=_plain()))
        started[-1].stdout.readline()  # it is warm, and waits
    for process in started:
        _go(process)
    return sum(float(process.communicate()[0]) for process in started)


def _plain() -> dict[str, str]:
    """The environment without harkit's setting for OpenMP, which this process has already made."""
    return {name: value for name, value in os.environ.items() if name not in OPENMP}


def _train_in_a_crowd(how: str) -> None:
    """Warm up, say so, wait for a line, then train for CROWD_SECONDS and print pictures a second."""
    torch.manual_seed(0)
    network, way, measured = models.build("resnet", 15, **SMALL), "fp32", None
    images, labels = torch.rand(sides.BATCH, 3, SMALL["side"], SMALL["side"]), torch.arange(sides.BATCH) % 15
    if how == "harkit":
        precision.keep_memory()
        way, threads, speed = precision.choose(network, images, labels)
        torch.set_num_threads(threads)
        measured = speed[way]
    computing, optimizer = precision.Computing(network, way), torch.optim.SGD(network.parameters(), 0.01)
    loss_function, watch = nn.CrossEntropyLoss(), precision.ThreadWatch(measured)
    train_one_epoch(computing, [(images, labels)] * 3, optimizer, loss_function)
    print("ready", flush=True)
    sys.stdin.readline()
    started, seen = time.perf_counter(), 0
    while time.perf_counter() - started < CROWD_SECONDS[how]:
        train_one_epoch(computing, [(images, labels)], optimizer, loss_function, lambda *_: watch(len(images)))
        seen += len(images)
    print(seen / (time.perf_counter() - started))


if __name__ == "__main__":
    train = _train_in_a_crowd if sys.argv[1] in CROWD_SECONDS else _train_in_turns
    train(*sys.argv[1:])
