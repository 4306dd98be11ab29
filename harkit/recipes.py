"""How to train: the published recipes, exactly, and the course's own. One table for the loop and the lessons."""

import math
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from harkit import augment, pretrained
from harkit.muon import Muon
from harkit.settings import InputError


@dataclass(frozen=True)
class Recipe:
    """Every number of one training."""

    epochs: int
    learning_rate: float
    optimizer: str = "sgd"  # sgd, muon, adam, adamw
    others: float = 5.0  # Muon: learning rate of all that is no convolution, as a multiple of theirs
    momentum: float = 0.0
    weight_decay: float = 0.0
    batch_size: int = 32
    schedule: str = "constant"  # or one_cycle (Smith and Topin, 2019): warm up, then down to zero
    label_smoothing: float = 0.0
    initialisation: str = "default"  # default (torch's own), xavier, he; "he, zero blocks"
    dropout: float | None = None  # None: as the network's class has it
    copies_per_class: int = 0  # offline augmentation: changed copies as files
    augmentation: str = "none"  # on the fly: a name in augment.ON_THE_FLY
    normalisation: str = "half"  # a name in pictures.NORMALISATION
    keep: str = "last"  # which epoch's weights: last, or the best validation "accuracy" or "f1" (weighted)
    pretrained: bool = False  # ImageNet weights, where they can be had
    mixing: float = 0.0  # share of the batches that are mixed pictures (mixing.Mixing)
    averaging: float = 0.0  # what is kept is a running mean of the weights with this decay; 0: the weights themselves
    growing: tuple = ()  # progressive resizing: (share of the epochs, share of the side) of each stage but the last
    zoom: float = 1.0  # asked also about pictures this many times larger than it is trained on (`asked`)
    mirror: bool = False  # asked about each picture and its mirror image: the mean of both answers
    head_first: float = 0.0  # share of the epochs in which only the last layer of a pretrained network learns
    frozen: int = 0  # the first parts of a pretrained network (pretrained.stages) that never learn
    layer_decay: float = 1.0  # learning rate of each part of a pretrained network, as a share of the next one's


_NOTEBOOK_A = Recipe(
    epochs=40, learning_rate=0.025, weight_decay=0.001, initialisation="xavier", copies_per_class=70
)  # fmt: skip
_NOTEBOOK_B = Recipe(
    epochs=20, learning_rate=2e-5, optimizer="adam", batch_size=16, augmentation="published_falls", keep="f1",
    pretrained=True,
)  # fmt: skip
_FROM_SCRATCH = Recipe(
    epochs=40, learning_rate=0.02, optimizer="muon", momentum=0.9, weight_decay=5e-4, batch_size=64,
    schedule="one_cycle", label_smoothing=0.1, augmentation="crops", averaging=0.998, mirror=True, zoom=1.25,
    growing=((0.35, 0.5), (0.35, 0.75)),
)  # fmt: skip

RECIPES = {
    ("vgg16", "published"): _NOTEBOOK_A,
    ("resnet", "published"): replace(_NOTEBOOK_A, epochs=50, learning_rate=0.05),
    ("resnet50", "published"): _NOTEBOOK_B,
    ("efficientnet_lite0", "published"): _NOTEBOOK_B,  # on another network: for machines without ResNet50's weights
    # 16 minutes of one core with bfloat16, 5,000 photographs, width 16, 96 px, 1,000 others: 57.1 %, with others = 5
    # 54.6 %; with pictures of one size and asked at that only, 24 epochs, 51.2 %, and 49.4 % with others = 5; by SGD
    # (0.02, batches of 32, half of them mixed), of one size too, 43.0 %.
    ("vgg16", "improved"): replace(_FROM_SCRATCH, dropout=0.2, others=1.5),
    # 30 epochs of 5,000 photographs, width 16, 96 px, 1,000 others: 48.9 %, and 47.0 % with twice the step for
    # convolutions; by SGD (0.1, batches of 32) 42.6 %. With half of the batches mixed 47.6 %, after 45 epochs 50.5 %
    # for 52.0, in width 24 after 59 epochs 53.9 % for 57.0.
    ("resnet", "improved"): replace(_FROM_SCRATCH, dropout=0.0, initialisation="he, zero blocks"),
    # Its weights expect pictures normalised by 0.5 and 0.5 (in Google's code for it: mean 127, spread 128). Tried with
    # ImageNet's, before that was found: 5,000 photographs, 160 px, bfloat16, 1,000 others, seeds 0 and 1: 9 epochs (6
    # minutes of a core) 69.6 and 68.7 %, 18 epochs 72.2 and 70.8, 30 epochs 69.3 and 69.1; 9 epochs in float32 67.8.
    ("efficientnet_lite0", "improved"): Recipe(
        epochs=18, learning_rate=1e-3, optimizer="adamw", weight_decay=0.02, schedule="one_cycle", label_smoothing=0.1,
        augmentation="crops", keep="last", pretrained=True, mixing=0.5, averaging=0.99,
        mirror=True, zoom=8 / 7, growing=((0.35, 2 / 3), (0.3, 5 / 6)), frozen=6, layer_decay=0.9,
    ),
    ("resnet50", "improved"): Recipe(
        epochs=20, learning_rate=3e-4, optimizer="adamw", weight_decay=0.01, batch_size=16, schedule="one_cycle",
        augmentation="published_falls", normalisation="imagenet", keep="f1", pretrained=True, head_first=0.1,
        layer_decay=0.7,
    ),
}  # fmt: skip


# Where there are only minutes: without what pays in an hour, and before that costs more than it gives.
SHORT = dict(augmentation="mild", mixing=0.0, zoom=1.0, growing=())
SHORT_OF = {
    "vgg16": dict(optimizer="sgd", batch_size=32, others=Recipe.others),
    "resnet": dict(learning_rate=0.1, optimizer="sgd", batch_size=32, growing=((0.5, 0.75),)),
    "efficientnet_lite0": dict(learning_rate=4e-3),  # few steps: longer ones
}  # fmt: skip
# An hour with two cores: side of the pictures, channels of the first stage, and the epochs without which there is too
# little time for that; the best first. Larger pictures pay before a wider network does: 5,000 photographs, tried on
# 1,000 others, at equal arithmetic (10 to 13 minutes of one core with bfloat16): 160 px in width 16, 48 epochs, 59.3 %;
# 128 px in width 20, 48 epochs, 58.7 %; 96 px in width 24, 59 epochs, 55.9 %; 96 px in width 32, 34 epochs, 51.1 %. And
# epochs pay last: 64 px in width 32, 160 epochs, 33 minutes, 51.3 %. But a wide network wants its epochs: 160 px, 27 to
# 35 minutes of that core, asked larger and mirrored: width 16, 90 epochs, 62.7 % (with 0.3 of the batches mixed 63.0);
# width 24, 44 epochs, 60.9 %; width 32, 26 epochs, 58.4 %. By two cores, on 5,800 and other 1,000: 47 minutes with
# bfloat16, 160 px in width 32, 110 epochs, 68.3 %; without, 61 minutes, 160 px in width 16, 86 epochs, 64.9 %, or 51
# minutes, 96 px in width 32, 56 epochs, 60.0 %.
HOUR = {
    # 16 minutes of a core with bfloat16, width 16: 128 px, 24 epochs, 56.4 %; 96 px, 41 epochs, 57.1 %: no difference.
    # By two cores, on 5,800 and other 1,000: 47 minutes with bfloat16, 128 px in width 24, 52 epochs, 68.2 %; 50
    # minutes without, 128 px in width 16, 43 epochs, 64.4 %.
    "vgg16": ((128, 32, 60), (128, 24, 40), (128, 16, 30), (96, 16, 20), (64, 16, 0)),
    "resnet": ((160, 32, 90), (160, 24, 60), (160, 16, 40), (96, 16, 40), (64, 16, 0)),
    # 24 minutes of one core with bfloat16: 9 epochs of 256 px 75.6 %, 12 of 224 px 74.6 % (each alone wins about 50)
    # By two cores, on 5,800 and other 1,000: 27 minutes without bfloat16, 256 px, 9 epochs, 79.9 %; 42 minutes with it
    # and AMX, 18 epochs, 80.5 % (37 that only the first has right, 43 that only the second has: undecided). Before,
    # normalised as for other weights: 9 epochs without 79.5 % (40 that only it has right, 44 that only the new one
    # has), 18 epochs 78.9 % (36 and 52), and 32 epochs, 54 minutes, 77.3 %. Of 128 px, so normalised, the validation
    # figure of 21 epochs was after 16 of them already 2.5 points above that of 9.
    "efficientnet_lite0": ((256, 64, 8), (224, 64, 0)),
}  # fmt: skip


def get(network: str, recipe: str, short: bool = False) -> Recipe:
    """The recipe of a network by name; `short` gives the improved one as for a few minutes.

    Raises InputError where there is none.
    """
    if (network, recipe) not in RECIPES:
        known = ", ".join(sorted({f"{name} {way}" for name, way in RECIPES}))
        raise InputError(f"There is no recipe '{recipe}' for '{network}': choose one of {known}.")
    found = RECIPES[network, recipe]
    if not short or recipe != "improved":
        return found
    return replace(found, **SHORT | SHORT_OF.get(network, {}))


def change(recipe: Recipe, side: int):
    """The recipe's change of pictures on the fly, from the size that they have to side × side."""
    found = augment.ON_THE_FLY[recipe.augmentation]
    if found is augment.crops:
        return partial(found, side=side)
    return lambda images, generator: found(augment.resize(images, side), generator)


def asked(zoom: float, side: int) -> tuple[int, ...]:
    """Sides in pixels at which a network is asked about a picture: as it was trained, and a larger one if it zooms.

    In a random crop things look larger than in the whole picture, so a larger one is nearer to what was trained on
    (Touvron et al., 2019). It is a multiple of 32 px, because the network halves it five times: what is left over at
    the edge costs more than the size gains. Pictures are decoded at the largest side, so crops come from it too.
    """
    return (side,) if zoom <= 1 else (side, 32 * math.ceil(round(zoom * side) / 32))


def side_at(recipe: Recipe, side: int, epoch: int) -> int:
    """The side of the pictures in an epoch (from 0): smaller at first where the recipe grows it, by steps of 16 px."""
    end = 0.0
    for share, scale in recipe.growing:
        end += share
        if epoch < round(end * recipe.epochs):
            return 16 * max(2, round(scale * side / 16))
    return side


def learning(recipe: Recipe, model: nn.Module, epoch: int) -> list[nn.Module]:
    """Let the parts of the network learn that the recipe lets learn in this epoch (from 0); gives the others.

    What does not learn is to stay in evaluation mode, or its batch-norm statistics would move all the same.
    """
    if not (recipe.frozen or recipe.head_first):
        return []
    parts = pretrained.stages(model)
    held = len(parts) - 1 if epoch < round(recipe.head_first * recipe.epochs) else recipe.frozen
    for i, part in enumerate(parts):
        part.requires_grad_(i >= held)
    return parts[:held]


def make_optimizer(recipe: Recipe, model: nn.Module, batches: int):
    """The optimizer of a recipe and its learning rate scheduler, which is called after each of `batches` an epoch."""
    kinds = {
        "sgd": lambda p: torch.optim.SGD(p, recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay),
        "muon": lambda p: Muon(p, recipe.learning_rate, recipe.momentum, recipe.weight_decay, recipe.others),
        "adam": lambda p: torch.optim.Adam(p, recipe.learning_rate, weight_decay=recipe.weight_decay),
        "adamw": lambda p: torch.optim.AdamW(p, recipe.learning_rate, weight_decay=recipe.weight_decay),
    }
    groups = [{"params": list(model.parameters()), "lr": recipe.learning_rate}]
    if recipe.layer_decay < 1:  # the nearer to the picture, the more general, the less to change
        parts = pretrained.stages(model)[::-1]
        rates = [recipe.learning_rate * recipe.layer_decay**depth for depth in range(len(parts))]
        groups = [{"params": list(p.parameters()), "lr": rate} for p, rate in zip(parts, rates, strict=True)]
    optimizer = kinds[recipe.optimizer](groups)
    steps = recipe.epochs * batches
    if recipe.schedule == "one_cycle":
        # one step more than there are: the last call comes after the last batch
        rates, cycle = [group["lr"] for group in groups], recipe.optimizer != "muon"  # its momentum stays as it is
        scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, rates, total_steps=steps + 1, cycle_momentum=cycle)
        return optimizer, scheduler
    return optimizer, torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)


def average(recipe: Recipe, model: nn.Module) -> AveragedModel | None:
    """A running mean of the weights, for `update_parameters` after each step; over fewer steps while there are few."""
    if not recipe.averaging:
        return None

    def mean(kept, new, _) -> None:
        steps = int(averaged.n_averaged)  # a buffer that stays on the CPU: nothing waits for a GPU
        get_ema_multi_avg_fn(min(recipe.averaging, (1 + steps) / (10 + steps)))(kept, new, steps)

    averaged = AveragedModel(model, multi_avg_fn=mean, use_buffers=True)
    return averaged
