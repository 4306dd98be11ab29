"""The training loop as lesson 4 writes it, and `fit`, which runs it by a recipe into a run folder."""

import logging
import math
import time
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
import safetensors.torch
import torch
from sklearn.metrics import f1_score
from torch import Tensor, nn
from tqdm import tqdm

from harkit import augment, models, recipes, runs, splits
from harkit import catalogue as catalogues
from harkit import precision as precisions
from harkit import settings as profiles
from harkit.pictures import NORMALISATION, Batches, PictureSet
from harkit.precision import Computing
from harkit.settings import InputError, Settings

log = logging.getLogger(__name__)

PIECE = 50  # batches after which a long epoch can be gone on with
CHECKPOINT_SECONDS = 60  # between two checkpoints within an epoch


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

    VGG16 and ResNet learn the actions on the honest split, ResNet50 the falls on the split by subject.
    """
    out = config.results / "runs" / f"{network}-{recipe}"
    kind = "falls" if network == "resnet50" else "har"
    epochs = (config.epochs if recipe == "published" else config.improved_epochs)[network]
    plan = dict(
        network=network, recipe=recipe, split="honest" if kind == "har" else "subject", side=config.side,
        epochs=epochs, width=config.width, seed=config.seed,
        copies_per_class=config.copies_per_class if recipes.get(network, recipe).copies_per_class else 0,
    )  # fmt: skip
    catalogue = splits.prepare(kind, config)
    plan["split_hash"] = catalogues.fingerprint(splits.used(catalogue), "split")
    if runs.finished(out):
        made = runs.settings(out)
        if all(made.get(key) == value for key, value in plan.items()):
            if watch:  # draw the curves that the run left
                for row in runs.history(out).itertuples():
                    watch(row.epoch, train_loss=row.train_loss, train_accuracy=row.train_accuracy)
                    watch(row.epoch, validation_accuracy=row.validation_accuracy)
            return out
        log.warning("%s was trained with other settings or pictures: training it anew.", out.name)
    log.info("Training %s by the %s recipe, %s epochs, into %s", network, recipe, epochs, profiles.short(out))
    plan.pop("split_hash")
    return fit(catalogue, out, cache=config.data / "decoded", watch=watch, download=config.download, anew=True, **plan)


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
    precision: str | None = None,
    watch=None,
) -> Path:
    """Train a network on the training pictures of `catalogue` and leave a run folder at `out`.

    `catalogue` has its splits; `split` is only their name, for the record. `epochs` and `copies_per_class` replace
    the recipe's; `minutes` fits the epochs into a time budget; `start` is a run of the same network on the same
    classes whose weights this one begins with, instead of ImageNet's. For an ablation, `without` takes a part out
    of the network (`models.build`) and `changes` replaces fields of the recipe. `precision` is one of
    `precision.PRECISIONS`, None the one that a short measurement finds fastest here; the last validation figures
    are computed in fp32 anyway. `watch(epoch, **series)` is called with train loss and accuracy five times an epoch
    and with validation accuracy after it. Raises InputError where `out` holds a run already, unless `resume` goes
    on with it or `anew` replaces it.
    """
    out, chosen = Path(out), recipes.get(network, recipe)
    chosen = replace(chosen, epochs=epochs or chosen.epochs, **changes or {})
    if copies_per_class is not None and chosen.copies_per_class:
        chosen = replace(chosen, copies_per_class=copies_per_class)
    runs.check_free(out, resume, anew)
    if resume and runs.finished(out):
        log.info("%s is finished: nothing to go on with.", out)
        return out
    device = device or profiles.device()
    classes = catalogues.classes(catalogue)
    model = _make_model(network, chosen, len(classes), side, width, seed, without)
    plan = dict(
        network=network, recipe=recipe, split=split, side=side, width=width, without=without, seed=seed,
        classes=classes, copies_per_class=chosen.copies_per_class, device=device, threads=torch.get_num_threads(),
        data_hash=catalogues.fingerprint(catalogue), split_hash=catalogues.fingerprint(splits.used(catalogue), "split"),
    )  # fmt: skip
    for name in ("train", "validation"):
        if not (catalogue.split == name).any():
            raise InputError(f"The split has no {name} pictures: give more pictures.")
    for leak in splits.leaks(catalogue).itertuples():
        if leak.validation or leak.test:
            log.warning(
                "This split leaks (%s): %s validation and %s test pictures have their like in training, such as %s.",
                leak.leak, leak.validation, leak.test, leak.example,
            )  # fmt: skip
    if chosen.copies_per_class:
        catalogue = augment.write_copies(catalogue, cache.parent, chosen.copies_per_class, seed)
    pictures = PictureSet(splits.used(catalogue), side, cache, classes)
    normalisation = NORMALISATION[chosen.normalisation]
    change = augment.ON_THE_FLY[chosen.augmentation] if chosen.augmentation != "none" else None
    train = Batches(pictures.part("train"), chosen.batch_size, device, seed, change, normalisation)
    validation = Batches(pictures.part("validation"), 4 * chosen.batch_size, device, normalisation=normalisation)
    if start:
        plan["start"] = _begin_with(model, Path(start))
    plan["pretrained"] = chosen.pretrained and not start and models.load_imagenet(model, download)
    model.to(device)
    resume = resume and (out / "settings.json").exists()
    if resume:
        plan = runs.check_same(out, plan)
        chosen = recipes.Recipe(**plan["hyperparameters"])
        torch.set_num_threads(plan["threads"])
    else:
        plan |= {"precision": precision} if precision else _fastest(model, train)
        if minutes:
            computing = Computing(model, plan["precision"])
            chosen = replace(chosen, epochs=_fit_epochs(computing, train, chosen, minutes))
        plan |= dict(epochs=chosen.epochs, hyperparameters=asdict(chosen))
        runs.begin(out, plan, catalogue)
    _run_epochs(Computing(model, plan["precision"]), train, validation, chosen, out, seed, resume, watch)
    safetensors.torch.load_model(model, out / "best.safetensors")
    _record_validation(model, validation, classes, out / "validation.csv")
    (out / "best.safetensors").replace(out / "weights.safetensors")
    (out / "checkpoint.pt").unlink(missing_ok=True)
    return out


def _fastest(model: nn.Module, train: Batches) -> dict:
    """The precision for this machine, and the pictures a second that it was chosen by."""
    precision, speed = precisions.choose(model, *next(iter(train)))
    return {"precision": precision, "measured": {name: round(rate, 1) for name, rate in speed.items()}}


def _run_epochs(computing, train, validation, recipe, out, seed, resume, watch) -> None:
    model = computing.network
    optimizer, scheduler = _make_optimizer(model, recipe, len(train))
    loss_function = nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing)
    done = runs.load_checkpoint(out, model, optimizer, scheduler, train.device) if resume else {}
    rows, best, parts = done.get("rows", []), done.get("best", -math.inf), done.get("parts", [])
    saved = time.perf_counter()
    for epoch in tqdm(range(len(rows), recipe.epochs), desc="epochs", leave=False, disable=None):
        train.epoch, started = epoch, time.perf_counter()
        pieces = train.pieces(PIECE)
        for number in range(len(parts), len(pieces)):
            torch.manual_seed((seed * 1_000_003 + epoch) * 1_009 + number)  # dropout: the same in a resumed run
            after = _Progress(scheduler, watch, epoch, parts, len(train))
            part = train_one_epoch(computing, pieces[number], optimizer, loss_function, after)
            part |= {"seen": after.seen, "seconds": time.perf_counter() - started}
            started = time.perf_counter()
            parts.append(part)
            _check_loss(part["train_loss"], epoch)
            if number + 1 < len(pieces) and time.perf_counter() - saved > CHECKPOINT_SECONDS:
                runs.save_checkpoint(out, model, optimizer, scheduler, rows=rows, best=best, parts=parts)
                saved = time.perf_counter()
        row = {"epoch": epoch + 1, **_together(parts), **_validate(computing, validation)}
        row["seconds"] = sum(part["seconds"] for part in parts) + time.perf_counter() - started
        rows.append(row)
        if watch:
            watch(epoch + 1, validation_accuracy=row["validation_accuracy"])
        value = row[f"validation_{recipe.keep}"] if recipe.keep != "last" else epoch
        if value > best:
            best = value
            runs.keep_best(out, model)
        parts = []
        runs.save_checkpoint(out, model, optimizer, scheduler, rows=rows, best=best, parts=parts)
        saved = time.perf_counter()


class _Progress:
    """Called after each batch of a piece: moves the learning rate on, and draws the live curve five times an epoch."""

    def __init__(self, scheduler, watch, epoch, parts, batches):
        self.scheduler, self.watch, self.epoch, self.parts = scheduler, watch, epoch, list(parts)
        self.batches, self.seen, self.batch = batches, 0, len(parts) * PIECE

    def __call__(self, seen, loss, accuracy) -> None:
        self.seen, self.batch = seen, self.batch + 1
        self.scheduler.step()
        if self.watch and self.batch % max(1, self.batches // 5) == 0:
            so_far = _together([*self.parts, {"train_loss": loss, "train_accuracy": accuracy, "seen": seen}])
            self.watch(self.epoch + self.batch / self.batches, **so_far)


def _together(parts: list[dict]) -> dict:
    """The figures of an epoch from those of its pieces: means over pictures, speeds over seconds."""
    seen = sum(part["seen"] for part in parts)
    means = {name: sum(part[name] * part["seen"] for part in parts) / seen for name in ("train_loss", "train_accuracy")}
    if "seconds" not in parts[-1]:
        return means
    busy = sum(part["seen"] / part["examples_per_second"] for part in parts)
    seconds = sum(part["seconds"] for part in parts)
    return means | {"examples_per_second": seen / busy, "pictures_per_second": seen / seconds}


def _check_loss(loss: float, epoch: int) -> None:
    if not math.isfinite(loss):
        raise InputError(f"The training loss became {loss} in epoch {epoch + 1}: lower the learning rate.")


def _validate(model, batches) -> dict:
    logits, labels = predict_logits(model, batches)
    predicted = logits.argmax(dim=1)
    return {
        "validation_loss": nn.functional.cross_entropy(logits, labels).item(),
        "validation_accuracy": (predicted == labels).float().mean().item(),
        "validation_f1": float(f1_score(labels.cpu(), predicted.cpu(), average="weighted")),
    }


def _record_validation(model, batches, classes, path: Path) -> None:
    """What the kept weights say of each validation picture: a threshold is chosen on these, never on the test."""
    logits, _ = predict_logits(model, batches)
    table = answer_table(logits, batches.pictures.catalogue, classes)
    catalogues.write_table(table.drop(columns="path"), path)  # a run folder names no folder of this machine


def answer_table(logits: Tensor, catalogue: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Logits (N, classes) as a table: path, name, label, predicted, and one probability a class (`p_<class>`)."""
    probabilities = logits.float().softmax(dim=1).cpu().numpy()
    table = catalogue[["path", "name", "label"]].reset_index(drop=True)
    table["predicted"] = [classes[i] for i in probabilities.argmax(axis=1)]
    columns = pd.DataFrame(probabilities, columns=[f"p_{name}" for name in classes])
    return pd.concat([table, columns], axis=1)


def _make_model(network, recipe, classes, side, width, seed, without) -> nn.Module:
    torch.manual_seed(seed)
    model = models.build(network, classes, side, width, recipe.dropout, without)
    models.initialise(model, recipe.initialisation)
    return model


def _begin_with(model: nn.Module, run: Path) -> str:
    """Give the model the weights of a run, and tell their digest."""
    try:
        model.load_state_dict(runs.load(run)[0].state_dict())
    except RuntimeError as error:
        raise InputError(f"{run} can't be begun with: it is of another network, width or number of classes.") from error
    return catalogues.digest(run / "weights.safetensors")


def _make_optimizer(model, recipe, batches):
    kinds = {
        "sgd": lambda p: torch.optim.SGD(p, recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay),
        "adam": lambda p: torch.optim.Adam(p, recipe.learning_rate, weight_decay=recipe.weight_decay),
        "adamw": lambda p: torch.optim.AdamW(p, recipe.learning_rate, weight_decay=recipe.weight_decay),
    }
    optimizer = kinds[recipe.optimizer](model.parameters())
    steps = recipe.epochs * batches
    if recipe.schedule == "one_cycle":
        # one step more than there are: the last call comes after the last batch
        return optimizer, torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.learning_rate, total_steps=steps + 1)
    return optimizer, torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)


def _fit_epochs(model, train, recipe, minutes: float) -> int:
    """How many epochs fit into the time: from a few steps on a copy of the network, a tenth kept back for the rest."""
    import copy

    trial = copy.deepcopy(model)
    optimizer, _ = _make_optimizer(trial, recipe, len(train))
    times = []
    for i, (images, labels) in enumerate(train):
        started = time.perf_counter()
        optimizer.zero_grad()
        nn.functional.cross_entropy(trial(images), labels).backward()
        optimizer.step()
        times.append(time.perf_counter() - started)
        if i == 7:
            break
    epoch = 1.2 * sorted(times)[len(times) // 2] * len(train)
    return max(1, int(0.9 * minutes * 60 / epoch))
