"""How to train: the published recipes, exactly, and the course's own. One table for the loop and the lessons."""

from dataclasses import dataclass, replace

import torch
from torch import nn

from harkit.settings import InputError


@dataclass(frozen=True)
class Recipe:
    """Every number of one training."""

    epochs: int
    learning_rate: float
    optimizer: str = "sgd"  # sgd, adam, adamw
    momentum: float = 0.0
    weight_decay: float = 0.0
    batch_size: int = 32
    schedule: str = "constant"  # or one_cycle (Smith and Topin, 2019): warm up, then down to zero
    label_smoothing: float = 0.0
    initialisation: str = "default"  # default (torch's own), xavier, he
    dropout: float | None = None  # None: as the network's class has it
    copies_per_class: int = 0  # offline augmentation: changed copies as files
    augmentation: str = "none"  # on the fly: a name in augment.ON_THE_FLY
    normalisation: str = "half"  # a name in pictures.NORMALISATION
    keep: str = "last"  # which epoch's weights: last, or the best validation "accuracy" or "f1" (weighted)
    pretrained: bool = False  # ImageNet weights, where they can be had


_NOTEBOOK_A = Recipe(
    epochs=40, learning_rate=0.025, weight_decay=0.001, initialisation="xavier", copies_per_class=70
)  # fmt: skip
_FROM_SCRATCH = Recipe(
    epochs=40, learning_rate=0.05, momentum=0.9, weight_decay=5e-4, schedule="one_cycle", label_smoothing=0.1,
    initialisation="he", augmentation="mild", keep="accuracy",
)  # fmt: skip

RECIPES = {
    ("vgg16", "published"): _NOTEBOOK_A,
    ("resnet", "published"): replace(_NOTEBOOK_A, epochs=50, learning_rate=0.05),
    ("resnet50", "published"): Recipe(
        epochs=20, learning_rate=2e-5, optimizer="adam", batch_size=16, augmentation="published_falls", keep="f1",
        pretrained=True,
    ),
    ("vgg16", "improved"): replace(_FROM_SCRATCH, learning_rate=0.02, dropout=0.2, initialisation="default"),
    ("resnet", "improved"): replace(_FROM_SCRATCH, learning_rate=0.1, dropout=0.0),
    ("resnet50", "improved"): Recipe(
        epochs=20, learning_rate=3e-4, optimizer="adamw", weight_decay=0.01, batch_size=16, schedule="one_cycle",
        augmentation="published_falls", normalisation="imagenet", keep="f1", pretrained=True,
    ),
}  # fmt: skip


def get(network: str, recipe: str) -> Recipe:
    """The recipe of a network by name. Raises InputError where there is none."""
    if (network, recipe) not in RECIPES:
        known = ", ".join(sorted({f"{name} {way}" for name, way in RECIPES}))
        raise InputError(f"There is no recipe '{recipe}' for '{network}': choose one of {known}.")
    return RECIPES[network, recipe]


def make_optimizer(recipe: Recipe, model: nn.Module, batches: int):
    """The optimizer of a recipe and its learning rate scheduler, which is called after each of `batches` an epoch."""
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
