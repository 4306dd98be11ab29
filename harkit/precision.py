"""How a network computes while it trains: plain float32, or 16 bits where torch holds that to be safe, compiled or not,
on how many threads; and which of these is fastest on this machine, which is measured and not guessed."""

import copy
import ctypes
import logging
import statistics
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from harkit import catalogue as catalogues
from harkit import models, recipes, runs, several
from harkit import settings as profiles
from harkit.pictures import Batches, noise
from harkit.recipes import Recipe

log = logging.getLogger(__name__)

PRECISIONS = ("fp32", "fp32 channels last", "bf16", "fp16")
IN_16_BITS = {"bf16": torch.bfloat16, "fp16": torch.float16}
COMPILED = ", compiled"  # after a precision: the training steps go through torch.compile
WORTH = {"fp32 channels last": 1.05, "bf16": 1.15, "fp16": 1.15}  # times as fast as fp32: for less, none is chosen
MARGIN = 1.15  # times the measured time of an epoch: averages, checkpoints, and that no machine is steady
CROWDED, BATCHES = 4, 8  # times as slow as measured, and so many batches in a row: the threads are in each other's way
STEPS, LONGEST = 4, 15  # of each kind in a measurement, after one to warm up; seconds after which none is begun
HOPELESS = 4  # times as slow as the fastest: not tried any further
LONG = 300  # seconds of training on a GPU from which on compiling is tried: it takes half a minute and more
FIRST_STEPS = 3  # of a compiled network: one compiles, one records what the GPU does, one shows that it is right


class Computing(nn.Module):
    """A network in another way of computing; the weights stay float32 and are the network's own.

    "fp32": images and feature maps channel by channel. "fp32 channels last": with the channels innermost. "bf16": so,
    and matrix products and convolutions in bfloat16 (`torch.autocast`), logits float32 again. "fp16": in half precision
    instead, which older GPUs are made for; small gradients would be rounded to nothing there, so they are scaled
    (Micikevicius et al., 2017), and `watch_over` the optimizer takes that back.

    With COMPILED behind it, training steps on batches of `whole` pictures are compiled for each size of pictures, and a
    GPU replays them as one recording (CUDA graphs) instead of hundreds of orders; other batches are computed as
    without. Parts of the network that are put into `resting` stay in evaluation mode. Raises ValueError for another
    precision.
    """

    def __init__(self, network: nn.Module, precision: str = "fp32", whole: int = 0):
        super().__init__()
        self.resting: tuple[nn.Module, ...] = ()
        if precision.removesuffix(COMPILED) not in PRECISIONS:
            raise ValueError(f"There is no precision '{precision}': choose one of {', '.join(PRECISIONS)}.")
        self.network, self.precision, self.kind = network, precision, precision.removesuffix(COMPILED)
        if self.kind != "fp32":
            network.to(memory_format=torch.channels_last)
        self.scaler = torch.amp.GradScaler(next(network.parameters()).device.type) if self.kind == "fp16" else None
        self.compiled, self.whole = None, whole
        if precision.endswith(COMPILED):
            torch.compiler.reset()  # it counts what was compiled before, and gives up at the ninth
            self.compiled = torch.compile(self._answer, mode="reduce-overhead", dynamic=False)

    def train(self, mode: bool = True) -> "Computing":
        super().train(mode)
        for part in self.resting:
            part.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) to logits (N, classes), float32."""
        step = self.compiled and len(images) == self.whole and self.training and torch.is_grad_enabled()
        logits = self.compiled(images) if step else self._answer(images)
        if self.scaler and logits.requires_grad:
            logits.register_hook(self.scaler.scale)
        return logits

    def watch_over(self, optimizer: torch.optim.Optimizer) -> None:
        """Before each of its steps, divide the gradients by their scale; a step with an overflow is left out."""

        def unscale(*_) -> None:
            before = self.scaler.get_scale()
            self.scaler.unscale_(optimizer)
            self.scaler.update()
            if self.scaler.get_scale() < before:
                optimizer.zero_grad()  # a weight without a gradient stays as it is

        if self.scaler:
            optimizer.register_step_pre_hook(unscale)

    def _answer(self, images: Tensor) -> Tensor:
        if self.kind == "fp32":
            return self.network(images.contiguous())
        images = images.contiguous(memory_format=torch.channels_last)
        short = IN_16_BITS.get(self.kind)
        with torch.autocast(images.device.type, short, enabled=short is not None):
            return self.network(images).float()


def keep_memory() -> None:
    """Let this process keep the memory that it frees, on Linux with glibc; elsewhere nothing happens.

    Else each step gives its feature maps back to the system and asks for them again, page by page: a quarter of the
    time of an EfficientNet-Lite0 (mallopt(3): M_MMAP_MAX, M_TRIM_THRESHOLD, M_TOP_PAD).
    """
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if hasattr(libc, "mallopt"):
        for option, value in ((-4, 0), (-1, 2**31 - 1), (-2, 64 * 2**20)):
            libc.mallopt(option, value)


def measure(network: nn.Module, images: Tensor, labels: Tensor, names=()) -> dict[str, float]:
    """Pictures a second of training steps in each precision, if not named, in those that suit the device: a few each,
    in turns, on copies of the network.

    Images (N, 3, H, W), labels (N,), on the network's device. Two pictures come first where there is a choice, and a
    precision that is hopelessly slow with these, or with its first batch, keeps the figure: a processor that can't
    compute in bfloat16 imitates it, and whole batches of large pictures would take minutes.
    """
    names = names or suitable(images.device.type)
    ways = {name: Computing(copy.deepcopy(network).train(), name, len(images)) for name in names}
    first = _speeds(ways, images[:2], labels[:2], 1) if len(ways) > 1 else dict.fromkeys(ways, 1.0)
    ways = {name: ways[name] for name in _promising(first)}
    for computing in ways.values():
        for _ in range(FIRST_STEPS if computing.compiled else 0):
            _step(computing, images, labels)
    return first | _speeds(ways, images, labels, STEPS)


def suitable(device: str) -> list[str]:
    """The precisions that are worth a measurement there: half precision only on a GPU that has to imitate bfloat16."""
    imitates = device == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False)
    return [name for name in PRECISIONS if name != ("bf16" if imitates else "fp16")]


def choose(network: nn.Module, images: Tensor, labels: Tensor, pictures: int = 0) -> tuple[str, int, dict[str, float]]:
    """The fastest precision and number of threads for training this network on batches like this one.

    Also gives pictures a second of all that was tried: each precision on the threads that there are, the chosen one on
    one thread too. A small network has so little to do that threads may cost more than they bring. `pictures` is how
    many the training is going to show; on a GPU, if that takes long, the chosen precision is tried compiled as well,
    and stays so where that wins back what compiling costs.
    """
    speed, threads = measure(network, images, labels), torch.get_num_threads()
    best = fastest(speed)
    if threads > 1 and images.device.type == "cpu":
        with threads_restored():
            torch.set_num_threads(1)
            speed[f"{best}, one thread"] = measure(network, images, labels, [best])[best]
        threads = 1 if speed[f"{best}, one thread"] > speed[best] else threads
    if images.device.type == "cuda" and pictures / speed[best] > LONG:
        best = _compiled_or_not(network, images, labels, pictures, best, speed)
    return best, threads, speed


def fastest(speed: dict[str, float]) -> str:
    """The precision that is chosen after these pictures a second: none for less than it is worth."""
    return max((way for way in speed if speed[way] >= WORTH.get(way, 1) * speed["fp32"]), key=speed.get)


@contextmanager
def threads_restored():
    """Leave torch's number of threads as it was before."""
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class ThreadWatch:
    """To be called after each batch of a training: goes on with one thread where several wait for each other.

    Threads that share their cores with another training's meet only when the system lets all of them run at once, and
    with bfloat16 that makes both trainings 20 times slower. `measured` is the pictures a second that were found before,
    None where there is nothing to compare with.
    """

    def __init__(self, measured: float | None):
        self.measured, self.slow, self.last = measured, 0, time.perf_counter()

    def __call__(self, pictures: int) -> None:
        """`pictures` is how many were in the batch."""
        seconds, self.last = time.perf_counter() - self.last, time.perf_counter()
        if not self.measured or torch.get_num_threads() == 1:
            return
        self.slow = self.slow + 1 if pictures / seconds < self.measured / CROWDED else 0
        if self.slow == BATCHES:
            log.warning("Other programs are using the cores: the training goes on with one thread.")
            torch.set_num_threads(1)


def size_within(minutes, sizes, catalogue, out: Path, network: str, recipe: str) -> tuple[int, int]:
    """The first of `sizes` (`recipes.HOUR`) of which that many minutes give the recipe enough epochs, else the last;
    measured, which takes some of them: side of the pictures in pixels, width of the network.

    The first without a limit (`minutes` None). A run that was begun at `out` keeps its size.
    """
    if (Path(out) / "settings.json").exists():
        begun = runs.settings(out)
        return begun["side"], begun["width"]
    if not minutes:
        return sizes[0][:2]
    began = time.perf_counter()
    chosen, classes, device = recipes.get(network, recipe), catalogues.classes(catalogue), profiles.device()
    parts = Counter(catalogue.split)
    keep_memory()
    for side, width, least in sizes[:-1]:
        model = models.build(network, len(classes), side, width, chosen.dropout).to(device)
        recipes.learning(chosen, model, chosen.epochs)  # what is frozen costs less
        shown, change = noise(parts["train"], recipes.asked(chosen.zoom, side)[-1]), recipes.change(chosen, side)
        train = Batches(shown, chosen.batch_size, device, 0, change, share=several.share())
        computing = Computing(model, fastest(measure(model, *next(iter(train)))))
        seconds = seconds_an_epoch(computing, train, parts["validation"], chosen, side)
        epochs = max(0, 60 * minutes - (time.perf_counter() - began)) / seconds
        if epochs >= least:
            return side, width
        log.info("Pictures of %s px in width %s: %.0f epochs only, trying a smaller size.", side, width, epochs)
    return sizes[-1][:2]


def seconds_an_epoch(computing: Computing, train: Batches, validation: int, recipe: Recipe, side: int) -> float:
    """How long a mean epoch of this recipe takes here, with `validation` pictures that are asked about after it: some
    batches of each size are made and computed."""
    seconds = len(train) * _optimizer_step(computing.network, recipe)
    sizes = Counter(recipes.side_at(recipe, side, epoch) for epoch in range(recipe.epochs))
    for pixels, epochs in sizes.items():
        train.augment = recipes.change(recipe, pixels)
        batch, made = _made(train)
        speed = measure(computing.network, *batch, [computing.precision])[computing.precision]
        seconds += epochs / recipe.epochs * (len(train.pictures) / train.share[1] / speed + len(train) * made)
    return MARGIN * (seconds + validation / (2 * speed))  # forward alone: between a half and a third of a step


def _made(train: Batches) -> tuple[tuple[Tensor, Tensor], float]:
    """The first batch, and the seconds that making one takes; the first ones have their memory to find as well."""
    first, seconds, batches = None, [], iter(train)
    for _ in range(min(1 + STEPS, len(train))):
        started = time.perf_counter()
        batch = next(batches)
        seconds.append(time.perf_counter() - started)
        first = first or batch
    return first, statistics.median(seconds)


def _optimizer_step(network: nn.Module, recipe: Recipe) -> float:
    """Seconds of the optimizer's part of a training step: little, but for Muon and a small batch."""
    twin = copy.deepcopy(network)
    learning = [weight for weight in twin.parameters() if weight.requires_grad]
    optimizer, _ = recipes.make_optimizer(recipe, twin, 1)
    for weight in learning:
        weight.grad = torch.ones_like(weight)
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        optimizer.step()
        if learning[0].is_cuda:
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def _compiled_or_not(network, images, labels, pictures: int, best: str, speed: dict[str, float]) -> str:
    """`best` with COMPILED behind it where that saves time; its speed is added to `speed`."""
    compiled, started = best + COMPILED, time.perf_counter()
    try:
        speed |= measure(network, images, labels, [compiled])
    except Exception as error:  # without Triton or a C compiler, and whatever else a compiler doesn't like
        log.info("torch.compile does not work here (%s): the training goes on without.", type(error).__name__)
        return best
    saved = pictures / speed[best] - pictures / speed[compiled]
    return compiled if saved > time.perf_counter() - started else best


def _speeds(ways: dict[str, Computing], images: Tensor, labels: Tensor, steps: int) -> dict[str, float]:
    """Pictures a second of each way: `steps` in turns, after one to warm up; a hopeless one drops out early."""
    times, found, started = {name: [] for name in ways}, dict.fromkeys(ways, 1.0), time.perf_counter()
    for step in range(steps + 1):
        if step > 1 and time.perf_counter() - started > LONGEST:
            break
        for name in _promising(found):
            times[name].append(_step(ways[name], images, labels))
        if step:
            found = {name: len(images) / statistics.median(seconds[1:]) for name, seconds in times.items()}
    return {name: round(speed, 3) for name, speed in found.items()}


def _promising(speeds: dict[str, float]) -> list[str]:
    """The ways that are not hopelessly slower than the fastest."""
    return [name for name, speed in speeds.items() if HOPELESS * speed >= max(speeds.values())]


def _step(computing: Computing, images: Tensor, labels: Tensor) -> float:
    """Seconds of one forward and backward pass; the optimizer's part is the same for all."""
    started = time.perf_counter()
    nn.functional.cross_entropy(computing(images), labels).backward()
    if images.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started
