"""The networks: VGG16 and ResNet from scratch as lessons 4 and 5 write them, and the pretrained ones, by name."""

import pandas as pd
import torch
from torch import Tensor, nn

from harkit.augment import resize
from harkit.pretrained import EfficientNetLite0
from harkit.settings import InputError


def vgg_block(convolutions: int, in_channels: int, out_channels: int) -> nn.Sequential:
    """`convolutions` times 3×3 convolution, batch normalisation, ReLU; then halve height and width."""
    layers = []
    for _ in range(convolutions):
        layers += [
            nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        ]
        in_channels = out_channels
    return nn.Sequential(*layers, nn.MaxPool2d(kernel_size=2))


class VGG16(nn.Module):
    """VGG16 with batch normalisation (Simonyan and Zisserman, 2014; Ioffe and Szegedy, 2015).

    Takes (N, 3, side, side), gives logits (N, classes). `side` is a multiple of 32; `width` is 64 in the paper.
    Pictures of another size fit as well: of theirs, the last maps are averaged to as many places.
    """

    def __init__(self, classes: int = 15, side: int = 224, width: int = 64, dropout: float = 0.65):
        super().__init__()
        hidden = 64 * width  # 4096 in the paper
        self.features = nn.Sequential(
            vgg_block(2, 3, width),
            vgg_block(2, width, 2 * width),
            vgg_block(3, 2 * width, 4 * width),
            vgg_block(3, 4 * width, 8 * width),
            vgg_block(3, 8 * width, 8 * width),
        )  # (N, 8 × width, side / 32, side / 32)
        self.pool = nn.AdaptiveAvgPool2d(side // 32)  # at that size, it changes nothing
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(8 * width * (side // 32) ** 2, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(self.pool(self.features(images)))


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut around them (He, Zhang, Ren and Sun, 2015, figure 2).

    `dropout` stands where the published notebook has it: between the convolutions and after the addition.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1, dropout: float = 0.5):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, kernel_size=3, stride=stride, padding=1)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU()
        self.dropout_between, self.dropout_after = nn.Dropout(dropout), nn.Dropout(dropout)
        self.shortcut = nn.Identity()
        if stride != 1 or in_channels != out_channels:  # only equal shapes can be added
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, x: Tensor) -> Tensor:
        out = self.dropout_between(self.relu(self.bn1(self.conv1(x))))
        out = self.bn2(self.conv2(out))
        out = self.relu(out + self.shortcut(x))
        return self.dropout_after(out)


class ResNetModule(nn.Module):
    """Two residual blocks; the second has the stride, as in the published notebook."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1, dropout: float = 0.5):
        super().__init__()
        self.block1 = ResidualBlock(in_channels, out_channels, stride=1, dropout=dropout)
        self.block2 = ResidualBlock(out_channels, out_channels, stride=stride, dropout=dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.block2(self.block1(x))


class ResNet(nn.Module):
    """An 18-layer residual network: stem, four modules of two blocks, average pool, linear layer.

    Takes (N, 3, H, W), gives logits (N, classes). `width` is 64 in the paper.
    """

    def __init__(self, classes: int = 15, width: int = 64, dropout: float = 0.5):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, width, kernel_size=7, stride=2, padding=3),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
        )  # (N, width, H / 4, W / 4)
        self.body = nn.Sequential(
            ResNetModule(width, width, stride=1, dropout=dropout),
            ResNetModule(width, 2 * width, stride=2, dropout=dropout),
            ResNetModule(2 * width, 4 * width, stride=2, dropout=dropout),
            ResNetModule(4 * width, 8 * width, stride=2, dropout=dropout),
        )  # (N, 8 × width, H / 32, W / 32)
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8 * width, classes))

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.body(self.stem(images)))


NETWORKS = ("vgg16", "resnet", "resnet50", "efficientnet_lite0")


def build(
    network: str, classes: int, side: int, width: int = 64, dropout: float | None = None, without: str = ""
) -> nn.Module:
    """A network by name, with random weights; `without` "shortcut" or "batch norm" takes these out, for an ablation.

    Raises InputError for an unknown name or a side that does not fit.
    """
    if network not in NETWORKS:
        raise InputError(f"There is no network '{network}': choose one of {', '.join(NETWORKS)}.")
    if side < 32 or (network == "vgg16" and side % 32):
        raise InputError(f"{network} can't take pictures of {side} px: give a multiple of 32 (--size).")
    chosen = {} if dropout is None else {"dropout": dropout}
    if network == "vgg16":
        model = VGG16(classes, side, width, **chosen)
        model.pool = Pool(model.pool.output_size)
    elif network == "resnet":
        model = ResNet(classes, width, **chosen)
    elif network == "efficientnet_lite0":
        model = EfficientNetLite0(classes, **chosen)
    else:
        from torchvision.models import resnet50  # here and elsewhere where it is used: its import takes two seconds

        model = resnet50(weights=None)
        model.fc = nn.Linear(model.fc.in_features, classes)
    if without:
        _take_out(model, without)
    _replace(model, lambda _, layer: Dropout(layer.p) if type(layer) is nn.Dropout else layer)
    return model


class Dropout(nn.Dropout):
    """`nn.Dropout`, drawn several times as fast on a CPU: 16 random bits a number, and four of these from one draw.

    torch draws a number of its own for each element, on one core, unless the processor is Intel's: a third of the
    training step of a ResNet that has dropout in each block. The share of zeros is `p` to 1/65,536.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Any shape and kind of float. `torch.manual_seed` repeats it, but it draws other numbers than `nn.Dropout`."""
        below = round(2**16 * self.p)  # of the 2¹⁶ values that a number can get
        elsewhere = x.device.type != "cpu" or torch.compiler.is_compiling()  # compiled code draws by itself
        if not self.training or elsewhere or not 0 < below < 2**16:
            return super().forward(x)
        draws = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None).view(torch.int16)
        draws = draws[: x.numel()].as_strided(x.shape, torch.empty_like(x, device="meta").stride())  # as x lies
        return x * (draws >= below - 2**15).to(x.dtype).mul_(2**16 / (2**16 - below))


class Pool(nn.AdaptiveAvgPool2d):
    """`nn.AdaptiveAvgPool2d` to `output_size` × `output_size` places, on Apple's GPU too.

    There, torch takes only sizes of which one divides the other (pytorch/pytorch#143864).
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, output_size, output_size)."""
        return self.by_products(x) if x.device.type == "mps" else super().forward(x)

    def by_products(self, x: Tensor) -> Tensor:
        """The same by two matrix products, of the means along each side."""
        down, across = (
            nn.functional.adaptive_avg_pool1d(torch.eye(length), self.output_size).T.to(x) for length in x.shape[2:]
        )
        return down @ x @ across.T


class Nothing(nn.Module):
    """Gives 0, whatever comes in: in the place of a shortcut, it leaves the two convolutions alone."""

    def forward(self, x: Tensor) -> int:
        return 0


def _take_out(model: nn.Module, part: str) -> None:
    if part not in ("shortcut", "batch norm"):
        raise InputError(f"A network can't be built without '{part}': choose shortcut or batch norm.")
    if part == "shortcut":
        _replace(model, lambda name, layer: Nothing() if name == "shortcut" else layer)
    else:
        _replace(model, lambda _, layer: nn.Identity() if isinstance(layer, nn.BatchNorm2d) else layer)


def _replace(model: nn.Module, change) -> None:
    """Put `change(name, layer)` in the place of each layer, wherever in the network it stands."""
    for parent in list(model.modules()):
        for name, layer in parent.named_children():
            setattr(parent, name, change(name, layer))


def multiply_adds(model: nn.Module, images: Tensor) -> pd.Series:
    """Products of a number and a weight that each convolution and linear layer does for one picture, by its name."""
    counted = {}

    def count(name):  # numbers made for one picture × weights for each of them
        return lambda layer, inputs, out: counted.update({name: out[0].numel() * layer.weight[0].numel()})

    layers = [(name, m) for name, m in model.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(count(name)) for name, layer in layers]
    with torch.no_grad():
        model(images)
    for hook in hooks:
        hook.remove()
    return pd.Series(counted)


def initialise(model: nn.Module, method: str) -> None:
    """Fill linear and convolutional layers: "xavier" (Glorot and Bengio, 2010), "he" (He et al., 2015), "default".

    "he, zero blocks": and each residual block begins as its shortcut alone (Goyal et al., 2017, section 5.1).
    """
    for layer in model.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            if method == "xavier":
                nn.init.xavier_uniform_(layer.weight)
            elif method.startswith("he"):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        elif method == "he, zero blocks" and isinstance(layer, ResidualBlock):
            nn.init.zeros_(layer.bn2.weight)


class Views(nn.Module):
    """A trained network that is asked several times about each picture: the mean of its answers.

    It is shown the picture at each of `sides` (pixels) and, with `mirror`, each of these mirrored too. Takes
    (N, 3, H, W), gives logits (N, classes) whose softmax is the mean of all softmaxes.
    """

    def __init__(self, model: nn.Module, sides: tuple[int, ...], mirror: bool = False):
        super().__init__()
        self.model, self.sides, self.mirror = model, sides, mirror

    def forward(self, images: Tensor) -> Tensor:
        shown = [resize(images, side) for side in self.sides]
        shown += [view.flip(3) for view in shown] if self.mirror else []
        answers = torch.stack([self.model(view) for view in shown]).float()
        return answers.softmax(dim=2).mean(dim=0).log()


def count_parameters(model: nn.Module) -> int:
    """Numbers that training changes."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
