"""The training loop as lesson 4 writes it, and `fit`, which runs it by a recipe into a run folder."""

import logging
import math
import time
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
import torch
from sklearn.metrics import f1_score
from torch import Tensor, nn
from tqdm import tqdm

from harkit import augment, fetch, models, pretrained, recipes, runs, several, splits
from harkit import catalogue as catalogues
from harkit import precision as precisions
from harkit import settings as profiles
from harkit.mixing import Mixing
from harkit.pictures import NORMALISATION, Batches, PictureSet
from harkit.precision import Computing, ThreadWatch
from harkit.settings import InputError, Settings

log = logging.getLogger(__name__)

PIECE = 50  # batches after which a long epoch can be gone on with
CHECKPOINT_SECONDS = 60  # between two checkpoints within an epoch
NOTHING_YET = {"pieces": 0, "seen": 0, "loss": 0.0, "right": 0.0, "busy": 0.0, "seconds": 0.0}  # sums of an epoch


def train_one_epoch(model, batches, optimizer, loss_function, after_batch=None) -> dict:
    """Show the network every training picture once. Gives mean loss, running accuracy and examples per second."""
    model.train()
    loss_sum, correct, seen, busy = 0.0, 0, 0, 0.0
    for images, labels in batches:
        started = time.perf_counter()  # after loading, as in the published notebook
        logits = model(images)  # (N, classes)
        loss = loss_function(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(labels)
        correct += (logits.argmax(dim=1) == labels).sum().item()
        seen += len(labels)
        busy += time.perf_counter() - started
        if after_batch:
            after_batch(seen, loss_sum / seen, correct / seen)
    return {"train_loss": loss_sum / seen, "train_accuracy": correct / seen, "examples_per_second": seen / busy}


@torch.no_grad()
def predict_logits(model, batches) -> tuple[Tensor, Tensor]:
    """The network's answers in evaluation mode: logits (N, classes) and labels (N,). Leaves its mode as it was."""
    was_training = model.training
    model.eval()
    answers = [(model(images), labels) for images, labels in batches]
    model.train(was_training)
    return torch.cat([logits for logits, _ in answers]), torch.cat([labels for _, labels in answers])


def ensure(network: str, recipe: str, config: Settings, watch=None) -> Path:
    """The run of this network and recipe in the results folder: the one that is there, else trained now, saying so.

    VGG16 and ResNet learn the actions on the honest split, the pretrained networks the falls on the split by subject.
    """
    out = config.results / "runs" / f"{network}-{recipe}"
    kind = "falls" if network in pretrained.NETWORKS else "har"
    epochs = (config.epochs if recipe == "published" else config.improved_epochs)[network]
    plan = dict(
        network=network, recipe=recipe, split="honest" if kind == "har" else "subject", side=config.side,
        epochs=epochs, width=config.width, seed=config.seed,
        copies_per_class=config.copies_per_class if recipes.get(network, recipe).copies_per_class else 0,
    )  # fmt: skip
    catalogue = splits.prepare(kind, config)
    plan["split_hash"] = catalogues.fingerprint(splits.used(catalogue), "split")
    if not _as_planned(out, plan):
        with fetch.alone(out):
            if not _as_planned(out, plan):
                return _train_as_planned(catalogue, out, plan, config, watch)
    if watch:  # draw the curves that the run left
        for row in runs.history(out).itertuples():
            watch(row.epoch, train_loss=row.train_loss, train_accuracy=row.train_accuracy)
            watch(row.epoch, validation_accuracy=row.validation_accuracy)
    return out


def _as_planned(out: Path, plan: dict) -> bool:
    """Whether a finished run lies at `out` and was trained like this."""
    made = runs.settings(out) if runs.finished(out) else {}
    return all(made.get(key) == value for key, value in plan.items())


def _train_as_planned(catalogue, out: Path, plan: dict, config: Settings, watch) -> Path:
    if runs.finished(out):
        log.warning("%s was trained with other settings or pictures: training it anew.", out.name)
    what = "Training %s by the %s recipe, %s epochs, into %s"
    log.info(what, plan["network"], plan["recipe"], plan["epochs"], profiles.short(out))
    known = {key: value for key, value in plan.items() if key != "split_hash"}
    more = dict(watch=watch, download=config.download, short=config.short, anew=True)
    return fit(catalogue, out, cache=config.data / "decoded", **more, **known)


@precisions.threads_restored()
def fit(
    catalogue: pd.DataFrame,
    out: Path,
    network: str,
    recipe: str = "published",
    *,
    side: int,
    cache: Path,
    split: str = "honest",
    epochs: int | None = None,
    minutes: float | None = None,
    width: int = 64,
    copies_per_class: int | None = None,
    seed: int = 0,
    device: str | None = None,
    download: bool = False,
    resume: bool = False,
    anew: bool = False,
    start: Path | None = None,
    without: str = "",
    changes: dict | None = None,
    short: bool = False,
    precision: str | None = None,
    watch=None,
) -> Path:
    """Train a network on the training pictures of `catalogue` and leave a run folder at `out`.

    `catalogue` has its splits; `split` is only their name, for the record. `epochs` and `copies_per_class` replace the
    recipe's; `minutes` fits the epochs into a time budget, from this call on, pretrained weights no more than the
    recipe has; `start` is a run of the same network on the same classes whose weights this one begins with, instead of
    ImageNet's. For an ablation, `without` takes a part out of the network (`models.build`) and `changes` replaces
    fields of the recipe, of which `short` takes the form for a few minutes. `precision` is as for
    `precision.Computing`, None the one that a short measurement finds fastest here, and on how many threads; the last
    validation figures are computed in fp32 anyway. `watch(epoch, **series)` is called with train loss and accuracy five
    times an epoch and with validation accuracy after it. Raises InputError where `out` holds a run already, unless
    `resume` goes on with it or `anew` replaces it.
    """
    began, out, chosen = time.perf_counter(), Path(out), recipes.get(network, recipe, short)
    chosen = replace(chosen, epochs=epochs or chosen.epochs, **changes or {})
    if copies_per_class is not None and chosen.copies_per_class:
        chosen = replace(chosen, copies_per_class=copies_per_class)
    goes_on = several.once(runs.check_free, out, resume, anew)
    if resume and runs.finished(out):
        log.info("%s is finished: nothing to go on with.", out)
        return out
    device = several.device(device or profiles.device())
    classes = catalogues.classes(catalogue)
    torch.manual_seed(seed)
    model = models.build(network, len(classes), side, width, chosen.dropout, without)
    models.initialise(model, chosen.initialisation)
    plan = dict(
        network=network, recipe=recipe, split=split, side=side, width=width, without=without, seed=seed,
        classes=classes, copies_per_class=chosen.copies_per_class, device=device, threads=torch.get_num_threads(),
        data_hash=catalogues.fingerprint(catalogue), split_hash=catalogues.fingerprint(splits.used(catalogue), "split"),
    )  # fmt: skip
    splits.check(catalogue)
    precisions.keep_memory()
    if chosen.copies_per_class:
        catalogue = several.once(augment.write_copies, catalogue, cache.parent, chosen.copies_per_class, seed)
    pictures = several.ahead(PictureSet, splits.used(catalogue), recipes.asked(chosen.zoom, side)[-1], cache, classes)
    normalisation = NORMALISATION[chosen.normalisation]
    change, share = recipes.change(chosen, side), several.share()
    train = Batches(pictures.part("train"), chosen.batch_size, device, seed, change, normalisation, share)
    asked = chosen.batch_size * (1 if device == "cpu" else 4)  # more would take a CPU longer, and gigabytes of memory
    validation = Batches(pictures.part("validation"), asked, device, normalisation=normalisation)
    if start:
        plan["start"] = runs.begin_with(model, Path(start))
    plan["pretrained"] = chosen.pretrained and not start and several.ahead(pretrained.load_imagenet, model, download)
    model.to(device)
    if goes_on:
        plan = runs.check_same(out, plan)
        if minutes or epochs not in (None, plan["epochs"]):
            log.warning("%s goes on with the %s epochs that it was begun with.", out.name, plan["epochs"])
        chosen = recipes.Recipe(**plan["hyperparameters"])
        several.go_on(train, plan)
    else:
        recipes.learning(chosen, model, chosen.epochs)
        if precision:
            plan["precision"] = precision
        else:
            shown = chosen.epochs * len(train.pictures) // (1 + len(chosen.growing))  # at one size: each is compiled
            found = several.once(precisions.choose, model, *next(iter(train)), shown if share[1] == 1 else 0)
            plan["precision"], plan["threads"], plan["measured"] = found
            torch.set_num_threads(plan["threads"])
        if minutes:
            computing = Computing(model, plan["precision"])

            def fitting() -> int:
                seconds = precisions.seconds_an_epoch(computing, train, len(validation.pictures), chosen, side)
                fit_in = max(1, int((60 * minutes - (time.perf_counter() - began)) / seconds))
                # longer than its recipe says brought EfficientNet-Lite0 nothing; from scratch, longer was better
                return min(fit_in, chosen.epochs) if plan["pretrained"] else fit_in

            chosen = replace(chosen, epochs=several.once(fitting))
        plan |= dict(epochs=chosen.epochs, hyperparameters=asdict(chosen), processes=train.share[1])
        runs.begin(out, plan, catalogue)
    computing = Computing(model, plan["precision"], train.batch_size)
    _run_epochs(computing, train, validation, chosen, out, plan, goes_on, watch)
    return several.once(_finish, model, validation, plan, out)


def _run_epochs(computing, train, validation, recipe, out, plan, goes_on, watch) -> None:
    model, seed = computing.network, plan["seed"]
    optimizer, scheduler = recipes.make_optimizer(recipe, model, len(train))
    computing.watch_over(optimizer)
    averaged = recipes.average(recipe, model)
    kept = averaged.module if averaged else model  # the weights that are validated and kept
    # steps alone are compiled; about each picture once: all that a recipe asks would cost up to a quarter of the time
    asked = models.Views(Computing(kept, computing.kind), (plan["side"],))
    loss_function, mixing = nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing), None
    parts = dict(model=model, optimizer=optimizer, scheduler=scheduler) | ({"averaged": averaged} if averaged else {})
    parts |= {"scaler": computing.scaler} if computing.scaler else {}
    done = runs.load_checkpoint(out, parts, train.device) if goes_on else {}
    rows, best, sums = done.get("rows", []), done.get("best", -math.inf), done.get("sums", NOTHING_YET)
    crowded = ThreadWatch(plan.get("measured", {}).get(computing.precision) if train.device == "cpu" else None)
    every, saved, hidden = max(1, len(train) // 5), time.perf_counter(), None if several.first() else True
    for epoch in tqdm(range(len(rows), recipe.epochs), desc="epochs", leave=False, disable=hidden):
        train.epoch, train.augment = epoch, recipes.change(recipe, recipes.side_at(recipe, plan["side"], epoch))
        resting = recipes.learning(recipe, model, epoch)
        if not mixing or resting != computing.resting:  # several processes are to know which weights learn
            computing.resting = resting
            mixing = Mixing(several.spread(computing), loss_function, recipe.mixing)
        for number, piece in list(enumerate(train.pieces(PIECE)))[sums["pieces"] :]:
            batch, before, started = number * PIECE, sums, time.perf_counter()

            def after_batch(seen, loss, accuracy, epoch=epoch, before=before):
                nonlocal batch, sums
                batch += 1
                crowded(train.batch_size)
                scheduler.step()
                if averaged:
                    averaged.update_parameters(model)
                sums = _add(before, seen, loss, accuracy)
                if watch and batch % every == 0:
                    watch(epoch + batch / len(train), **_means(sums))

            # dropout and mixing draw the same when resumed
            torch.manual_seed(several.own_seed((seed * 1_000_003 + epoch) * 1_009 + number))
            found = train_one_epoch(mixing, piece, optimizer, mixing.loss, after_batch)
            sums["busy"] += (sums["seen"] - before["seen"]) / found["examples_per_second"]
            sums["seconds"] += time.perf_counter() - started
            sums = several.total(before, sums)
            if not math.isfinite(loss := _means(sums)["train_loss"]):
                raise InputError(f"The training loss became {loss} in epoch {epoch + 1}: lower the learning rate.")
            if batch < len(train) and time.perf_counter() - saved > CHECKPOINT_SECONDS:
                runs.save_checkpoint(out, parts, rows=rows, best=best, sums=sums)
                saved = time.perf_counter()
        started = time.perf_counter()
        row = {"epoch": epoch + 1, **_means(sums), "examples_per_second": sums["seen"] / sums["busy"]}
        row |= {"pictures_per_second": sums["seen"] / sums["seconds"], **several.once(_validate, asked, validation)}
        row["seconds"] = sums["seconds"] + time.perf_counter() - started
        rows.append(row)
        if watch:
            watch(epoch + 1, validation_accuracy=row["validation_accuracy"])
        value = row[f"validation_{recipe.keep}"] if recipe.keep != "last" else epoch
        if value > best:
            best = value
            runs.keep_best(out, kept)
        sums = NOTHING_YET
        runs.save_checkpoint(out, parts, rows=rows, best=best, sums=sums)
        saved = time.perf_counter()


def _add(sums: dict, seen: int, loss: float, accuracy: float) -> dict:
    """The sums of an epoch so far, with those of the piece that is being trained."""
    more = {"pieces": 1, "seen": seen, "loss": seen * loss, "right": seen * accuracy}
    return sums | {name: sums[name] + value for name, value in more.items()}


def _means(sums: dict) -> dict:
    return {"train_loss": sums["loss"] / sums["seen"], "train_accuracy": sums["right"] / sums["seen"]}


def _validate(model, batches) -> dict:
    logits, labels = predict_logits(model, batches)
    predicted = logits.argmax(dim=1)
    return {
        "validation_loss": nn.functional.cross_entropy(logits, labels).item(),
        "validation_accuracy": (predicted == labels).float().mean().item(),
        "validation_f1": float(f1_score(labels.cpu(), predicted.cpu(), average="weighted")),
    }


def _finish(model, validation, plan: dict, out: Path) -> Path:
    """What the kept weights say of each validation picture: a threshold is chosen on these, never on the test."""
    runs.load_best(out, model)
    logits, _ = predict_logits(runs.answering(model, plan), validation)
    table = runs.answer_table(logits, validation.pictures.catalogue, plan["classes"])
    catalogues.write_table(table.drop(columns="path"), out / "validation.csv")  # names no folder of this machine
    runs.seal(out, plan)
    (out / "best.safetensors").replace(out / "weights.safetensors")
    (out / "checkpoint.pt").unlink(missing_ok=True)
    return out
