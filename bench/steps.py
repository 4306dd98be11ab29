"""One training step: what share of the machine's matrix products it reaches, where the rest goes, and torch.compile."""

import shutil
import time
from collections import defaultdict
from collections.abc import Iterable
from functools import partial

import sides
import torch
from torch import nn
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile, record_function

from harkit import models, settings
from harkit.pictures import Batches
from harkit.precision import COMPILED, FIRST_STEPS, HOPELESS, Computing

SQUARE = 4096  # rows and columns of the matrices of the peak
NAMES = {"resnet": "ResNet", "vgg16": "VGG16"}
KINDS = (  # of operations, by a part of their name; the first that fits: aten::… and the nodes of autograd
    ("convolution backward", ("convolution_backward", "convolutionbackward")),
    ("convolution forward", ("conv",)),
    ("batch norm", ("batch_norm", "batchnorm")),
    ("linear layers", ("addmm", "aten::mm", "linear")),
    ("pooling", ("pool",)),
    ("ReLU, dropout", ("relu", "threshold", "dropout", "bernoulli")),
    ("copies, changes of layout and type", ("copy_", "reorder", "to_dense", "contiguous", "clone", "fill_", "zero_")),
)


class Step:
    """A network with its optimizer, and the one thing to do with it: a training step on the next batch."""

    def __init__(self, name: str, precision: str, pictures, side=sides.SIDE, width=64, compiled=False):
        torch.manual_seed(0)
        self.device = settings.device()
        self.network = models.build(name, 15, side, width).to(self.device)
        self.computing = Computing(self.network, precision + (COMPILED if compiled else ""), sides.BATCH)
        self.optimizer = torch.optim.SGD(self.network.parameters(), 0.01, weight_decay=0.001)
        self.batches = iter(Batches(pictures, sides.BATCH, self.device, seed=0))
        self.side = side

    def __call__(self) -> float:
        """Pictures a second of one step: loading, forward, backward, new weights."""
        started = time.perf_counter()
        with record_function("loading"):
            images, labels = next(self.batches)
            images = images[:, :, : self.side, : self.side]
        self.optimizer.zero_grad()
        nn.functional.cross_entropy(self.computing(images), labels).backward()
        with record_function("optimizer"):
            self.optimizer.step()
        wait(self.device)
        return len(images) / (time.perf_counter() - started)


def peak() -> list[dict]:
    """The peak, measured; the share of it that a step reaches; and the time of a step by kind of operation.

    The work of a step: multiply-adds of the convolutions and linear layers (`models.multiply_adds`) × 2 operations ×
    3, for the forward pass and the two products of the backward pass, for weights and for inputs. (The first layer
    needs no gradient of its input: below 1 % too much.) Batch norm, ReLU and pooling are not counted as work, only
    their time.
    """
    way, dtype = fast()
    measured = sides.compare(
        f"matrix product {SQUARE} × {SQUARE}, {str(dtype).removeprefix('torch.')} against float32", "GFLOP/s",
        partial(product, dtype), partial(product, torch.float32), most=3,
    )  # fmt: skip
    best = {way: _number(measured["ours"]), "fp32": _number(measured["theirs"])}
    pictures = sides.our_pictures(sides.pictures()[0])
    rows = [measured]
    for name, title in NAMES.items():
        steps = {precision: Step(name, precision, pictures) for precision in best}
        images = torch.zeros(1, 3, sides.SIDE, sides.SIDE, device=settings.device())
        work = 6e-9 * int(models.multiply_adds(steps["fp32"].network, images).sum())  # GFLOP a picture
        times = {precision: by_kind(step) for precision, step in steps.items()}  # also warms up
        reached = sides.compare(
            f"{title}, a step of 32 at 224 px, {way} against fp32", "GFLOP/s",
            partial(_reached, steps[way], work), partial(_reached, steps["fp32"], work),
            most=3 if name == "resnet" else 1,
        )  # fmt: skip
        shares = [f"{_number(reached[side]) / best[by]:.0%}" for side, by in (("ours", way), ("theirs", "fp32"))]
        rows += [reached, sides.row(f"… share of the measured peak ({work:.1f} GFLOP a picture)", *shares)]
        rows += [_profile_row(kind, times.values()) for kind in _by_size(times[way])]
    return rows


def fast() -> tuple[str, torch.dtype]:
    """What is held against float32: bfloat16, or only another layout on a processor that has to imitate bfloat16."""
    imitated = product(torch.bfloat16, 512) < product(torch.float32, 512) / HOPELESS
    return ("fp32 channels last", torch.float32) if imitated else ("bf16", torch.bfloat16)


def product(kind: torch.dtype, square: int = SQUARE) -> float:
    """GFLOP/s of a product of two square matrices, the best of eight: four as such, and four as a 1 × 1 convolution.

    On a CPU another library computes the second: on some processors it is twice as fast, on others slower.
    """
    shapes = (square, square), (square, square), (1, square, square // 64, 64), (square, square, 1, 1)
    a, b, image, kernels = (torch.rand(shape, device=settings.device()).to(kind) for shape in shapes)
    image = image.contiguous(memory_format=torch.channels_last)
    as_such, as_convolution = partial(torch.mm, a, b), partial(nn.functional.conv2d, image, kernels)
    seconds = []
    for multiply in 4 * [as_such] + 4 * [as_convolution]:
        started = time.perf_counter()
        multiply()
        wait(settings.device())
        seconds.append(time.perf_counter() - started)
    return 2e-9 * square**3 / min(seconds)


def by_kind(step: Step) -> dict[str, float]:
    """Seconds of one step by kind of operation, after one to warm up."""
    step()
    activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * (step.device == "cuda")
    with profile(activities=activities) as seen:
        step()
    seconds = defaultdict(float)
    for event in seen.events():
        if event.device_type != DeviceType.CPU:
            continue  # a kernel: its time is also that of the operation which began it
        time_of = event.self_device_time_total if step.device == "cuda" else event.self_cpu_time_total
        seconds[_kind(event)] += time_of / 1e6
    return dict(seconds)


def _reached(step: Step, work: float) -> float:
    """GFLOP/s of a step, with `work` in GFLOP a picture."""
    return work * step()


def _kind(event) -> str:
    """Loading and optimizer with all that is done in them; else by its own name, or that of what it is a part of."""
    names = []
    while event is not None:
        names.append(event.name.lower())
        event = event.cpu_parent
    for whole in ("loading", "optimizer"):
        if whole in names:
            return whole
    fits = (kind for name in names for kind, parts in KINDS if any(part in name for part in parts))
    return next(fits, "all else")


def _by_size(seconds: dict[str, float]) -> list[str]:
    return sorted(seconds, key=seconds.get, reverse=True)


def _profile_row(kind: str, times: Iterable[dict[str, float]]) -> dict:
    shown = []
    for found in times:
        seconds, total = found.get(kind, 0.0), sum(found.values())
        shown.append(f"{1000 * seconds:,.0f} ms ({seconds / total:.0%})")
    return sides.row(f"… {kind}", *shown)


def _number(shown: str) -> float:
    return float(shown.split()[0].replace(",", ""))


def compiling() -> list[dict]:
    """torch.compile against the network as it is, in the same precision: a few minutes of compiling for each."""
    if not any(shutil.which(name) for name in ("c++", "g++", "clang++", "cl")):
        return [sides.row("torch.compile: left out, for there is no C++ compiler here")]
    pictures, rows, (way, _) = sides.our_pictures(sides.pictures()[0]), [], fast()
    size = dict(side=96, width=32) if settings.device() == "cpu" else dict(side=sides.SIDE, width=64)
    for name, title in NAMES.items():
        compiled, plain = (Step(name, way, pictures, **size, compiled=c) for c in (True, False))
        started = time.perf_counter()
        compiled()
        seconds = time.perf_counter() - started
        for step in (compiled, plain) * FIRST_STEPS:
            step()
        what = f"{title}, width {size['width']}, {size['side']} px, compiled against as it is"
        rows.append(sides.compare(what, "pictures/s", compiled, plain))
        rows.append(sides.row("… its first step, with compiling", f"{seconds:.0f} s"))
    return rows


def wait(device: str) -> None:
    """Until the GPU has done what it was given."""
    if device == "cuda":
        torch.cuda.synchronize()
