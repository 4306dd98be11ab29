"""What `harkit.recording` trains for the lessons, once: studies of plans (torch is not needed here).

All learn from photographs, but "falls" from drawn frames. `harkit.recorded` reads what came out.
"""

from dataclasses import dataclass, field

from harkit.settings import InputError

SIZES = (5000, 1000, 1000)  # training, validation, test: as published, but honest; the test stays closed
SIDE, WIDTH, SEEDS = 64, 16, (0, 1)
_PLAIN = dict(averaging=0.0, growing=(), mirror=False)
BEFORE = {"vgg16": _PLAIN, "resnet": _PLAIN | {"initialisation": "he"}}  # the short recipe when these were recorded
FALLING = 10  # drawn people of the study of falls, as in the reduced profile
SGD = dict(optimizer="sgd", learning_rate=0.1, batch_size=32)  # what the improved ResNet learned by before Muon


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
    folds: int = 0  # of a cross-validation without the clean test: a seed is the number of a fold, its own test
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
            "dropout in both places": {"dropout": 0.5},
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
    # lesson 6's comparison, on drawn frames: a seed also chooses the people to learn from, to choose on, and to judge
    "falls": [
        Plan(
            f"{recipe} recipe", epochs=6, network="efficientnet_lite0", recipe=recipe, split="subject",
            seeds=(0, 1, 2, 3, 4), precision="fp32 channels last", changes={"keep": keep},
        )
        for recipe, keep in (("published", "f1"), ("improved", "last"))
    ],
    # as good as it gets in an hour of two cores: most validation pictures are trained on too, for nothing is chosen
    "best": [
        Plan(
            "EfficientNet-Lite0, fine-tuned, with bfloat16", 5800, 18, network="efficientnet_lite0", side=256, width=64,
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
            "VGG16, from scratch, without bfloat16", 5800, 43, network="vgg16", side=128, width=16, seeds=(0,),
            precision="fp32 channels last", short=False, tested=True,
        ),
        Plan(
            "VGG16, from scratch, with bfloat16", 5800, 52, network="vgg16", side=128, width=24, seeds=(0,),
            precision="bf16", short=False, tested=True,
        ),
    ],
    # the ResNet of "best" once more, judged on six times as many: each photograph by a training that never saw it
    "cross_validation": [
        Plan(
            "ResNet, from scratch, with bfloat16", 3800, 110, side=160, width=32, seeds=(0, 1, 2), precision="bf16",
            short=False, folds=3,
        ),
    ],
}  # fmt: skip


def plans(study: str) -> list[Plan]:
    """What a study consists of. Raises InputError where it is unknown."""
    if study not in STUDIES:
        raise InputError(f"There is no study '{study}': choose one of {', '.join(STUDIES)}.")
    return STUDIES[study]
