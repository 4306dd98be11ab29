"""Checks of lesson 4: convolution, receptive field, batch normalisation, a step of training."""

import functools
import math

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from harkit.exercises.answers import Wrong, ask, number, tensor
from harkit.exercises.checking import exercise


@exercise("4.1", "A convolution by hand", level=2, minutes=12)
def check_4_1(convolve):
    """`convolve(image, kernels, bias)`: (C, H, W), (O, C, 3, 3), (O,) to (O, H, W), with one row of zeros around."""
    random = torch.Generator().manual_seed(0)
    for channels, kernels, side in ((1, 1, 5), (3, 2, 6)):
        image = torch.randn(channels, side, side + 1, generator=random)
        weights = torch.randn(kernels, channels, 3, 3, generator=random)
        bias = torch.randn(kernels, generator=random)
        right = nn.functional.conv2d(image[None], weights, bias, padding=1)[0]
        with _Calls() as calls:
            found = ask(convolve, image, weights, bias)
        if any(name.startswith("conv") for name in calls.names):
            raise Wrong("That is torch's own convolution. Here, write it yourself: windows, products, a sum.")
        if isinstance(found, torch.Tensor) and found.shape == right[:, 1:-1, 1:-1].shape:
            raise Wrong("Your map is smaller than the picture. What should stand around it, so that none is lost?")
        found = tensor(found, right.shape, "the map")
        if _same(found, right):
            continue
        if _same(found, right - bias.view(-1, 1, 1)):
            raise Wrong("Every number is off by the same amount in its map. What is added once for each kernel?")
        turned = nn.functional.conv2d(image[None], weights.flip(2, 3), bias, padding=1)[0]
        if _same(found, turned):
            raise Wrong("You turned the kernel round, as mathematics does. A network lays it on as it is.")
        if channels > 1:
            raise Wrong("One channel is right, three are not. How many numbers does one kernel multiply?")
        raise Wrong("Lay the kernel on the top left pixel: which nine numbers lie under it? What is their sum?")
    return "nine products for each channel, added up, plus one bias: the same numbers as torch's conv2d."


@exercise("4.2", "How far does it see?", level=2, minutes=10)
def check_4_2(receptive_field):
    """`receptive_field(kernels, strides)`: width in pixels of what one output number can see."""
    stacks = [
        ([3], [1]), ([3, 3], [1, 1]), ([3, 3, 3], [1, 1, 1]), ([7, 3], [2, 2]), ([3, 2, 3], [1, 2, 1]),
        ([3, 2, 2, 5], [1, 2, 2, 1]), ([11, 3], [4, 1]),
    ]  # fmt: skip
    for kernels, strides in stacks:
        found, right = number(ask(receptive_field, kernels, strides)), _receptive_field(kernels, strides)
        if found == right:
            continue
        call = f"receptive_field({kernels}, {strides}) gave {found:g}, and it sees {right} pixels. "
        if found == sum(kernels):
            raise Wrong(call + "You added the kernels. Two windows overlap: a second 3×3 adds only 2 pixels.")
        if max(strides) == 1:
            raise Wrong(call + "Start at 1 pixel. What does a kernel of k add?")
        if found == 1 + sum(kernel - 1 for kernel in kernels):
            raise Wrong(call + "Right without strides. After a stride of 2, how far apart are two neighbours?")
        if max(strides) > 2:
            raise Wrong(call + "Right for strides of 1 and 2. How far apart are two neighbours after any other?")
        if strides.count(2) == 2 and strides[-1] == 1:
            raise Wrong(call + "Two strides of 2, one on the other: how far apart are two neighbours then?")
        raise Wrong(call + "Does a stride widen the steps of its own layer, or only of those above it?")
    return "each layer adds (kernel − 1) × the product of all strides below it."


@exercise("4.3", "Batch normalisation by hand", level=3, minutes=15)
def check_4_3(batch_norm):
    """`batch_norm(x, mean, variance, training)`: (N, C, H, W), by the batch's or the remembered numbers."""
    random = torch.Generator().manual_seed(0)
    x = 3 + 2 * torch.randn(4, 3, 2, 2, generator=random) * torch.tensor([1.0, 5.0, 0.01]).view(1, 3, 1, 1)
    mean, variance = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([4.0, 0.25, 0.0001])
    norm = nn.BatchNorm2d(3)
    norm.running_mean, norm.running_var = mean.clone(), variance.clone()
    found = tensor(ask(batch_norm, x, mean, variance, False), x.shape)
    remembered = norm.eval()(x).detach()
    batch = norm.train()(x).detach()
    if _same(found, batch):
        raise Wrong("In evaluation mode you still use the numbers of this batch. Whose mean should be taken there?")
    if _same(found, (x - mean.view(1, 3, 1, 1)) / variance.view(1, 3, 1, 1)):
        raise Wrong("You divide by the variance. Which root of it is in the units of the numbers?")
    if any(_same(found, way) for way in _flat(x, mean, variance)):
        raise Wrong("Nearly. Where do the 1e-5 belong: to the variance or to its root? A flat channel needs them.")
    if not _same(found, remembered):
        raise Wrong("Evaluation mode: subtract the remembered mean of each channel, divide by its standard deviation.")
    found = tensor(ask(batch_norm, x, mean, variance, True), x.shape)
    if _same(found, remembered):
        raise Wrong("In training mode you use the remembered numbers too. There, the batch itself is measured.")
    whole = (x - x.mean()) / (x.var(unbiased=False) + norm.eps).sqrt()
    if _same(found, whole):
        raise Wrong("You take one mean for all channels. Over which three dimensions does one channel reach?")
    alone = nn.functional.instance_norm(x)
    if _same(found, alone):
        raise Wrong("You normalise each picture by itself. The batch belongs together: which dimension is missing?")
    unbiased = (x - x.mean((0, 2, 3), keepdim=True)) / (x.var((0, 2, 3), keepdim=True) + norm.eps).sqrt()
    if _same(found, unbiased):
        raise Wrong("Nearly. torch's `var` divides by n − 1 unless you say otherwise; this layer divides by n.")
    if any(_same(found, way) for way in _flat(x, x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False))):
        raise Wrong("Nearly: in training mode the 1e-5 belong to the variance too, before its root is taken.")
    if not _same(found, batch):
        raise Wrong("Training mode: mean and variance over pictures, height and width, one of each for every channel.")
    return "two modes, two sources of mean and variance. This is what `model.eval()` switches."


@exercise("4.4", "One step of training", level=2, minutes=12)
def check_4_4(step):
    """`step(model, images, labels, optimizer)`: one step by cross-entropy, in training mode; the loss before it."""
    for momentum in (0.0, 0.9):
        model, optimizer = _learner(momentum)
        shadows = {way: (*_learner(momentum), way) for way in ("", *_STRAYED)}
        for images, labels in _two_batches():
            model.eval()  # as somebody left it after a validation
            before = [p.detach().clone() for p in model.parameters()]
            loss = ask(functools.partial(step, model, images, labels, optimizer))  # on this network, not on a copy
            loss = number(loss, "the loss")
            losses = {way: _step(*shadow, images, labels) for way, shadow in shadows.items()}
            if all(torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True)):
                raise Wrong("No weight has moved. A step needs gradients: which call makes them? Is it first?")
            for way, hint in _STRAYED.items():
                if _equal(model, shadows[way][0]) and not _equal(model, shadows[""][0]):
                    raise Wrong(hint)
            if not _equal(model, shadows[""][0], weights_only=True):
                raise Wrong("The weights moved, but not as the lesson's five steps move them. Compare line by line.")
            if not _equal(model, shadows[""][0]):
                raise Wrong("The weights are right, but the batch went through more than once: batch norm counted.")
            if not math.isclose(loss, losses[""], rel_tol=1e-4):
                if math.isclose(loss, losses[""] * len(labels), rel_tol=1e-4):
                    raise Wrong("The weights are right; your loss is the sum over the batch. Which is the mean?")
                said = f"The weights are right. The loss before the step is {losses['']:.4f}; you gave {loss:.4f}."
                raise Wrong(said)
    return "the same weights as the lesson's loop, after every step. Around it only two loops are missing."


_STRAYED = {
    "no zero_grad": "The first step is right, the second is not: the old gradients are still in it. Who clears them?",
    "evaluation": "You learn in evaluation mode: batch normalisation ignores the batch. Which call comes first?",
    "softmax": "Cross-entropy wants logits and takes the softmax itself. You gave it probabilities.",
    "uphill": "The loss goes up: each weight moved the wrong way. Who should take the step, you or the optimizer?",
}


class _Calls(TorchFunctionMode):
    """Notes the names of torch's functions that are called."""

    def __init__(self):
        super().__init__()
        self.names = set()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.names.add(getattr(func, "__name__", ""))
        return func(*args, **(kwargs or {}))


def _flat(x, mean, variance) -> list[torch.Tensor]:
    """`x` normalised without the 1e-5, and with them beside the root."""
    mean, spread = mean.view(1, -1, 1, 1), variance.sqrt().view(1, -1, 1, 1)
    return [(x - mean) / spread, (x - mean) / (spread + 1e-5)]


def _learner(momentum: float) -> tuple[nn.Module, torch.optim.Optimizer]:
    """A small network with batch normalisation, always the same, and its optimizer."""
    torch.manual_seed(0)  # the fence puts the generator's state back
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3))
    return model, torch.optim.SGD(model.parameters(), lr=0.2, momentum=momentum)


def _two_batches() -> list[tuple[torch.Tensor, torch.Tensor]]:
    random = torch.Generator().manual_seed(1)
    return [(torch.randn(n, 1, 6, 6, generator=random), torch.arange(n) % 3) for n in (8, 5)]


def _step(model, optimizer, way: str, images, labels) -> float:
    """One step as the lesson takes it, or with one mistake. Gives the loss."""
    model.train(way != "evaluation")
    with torch.enable_grad():
        logits = model(images)
        loss = nn.functional.cross_entropy(logits.softmax(1) if way == "softmax" else logits, labels)
        if way != "no zero_grad":
            optimizer.zero_grad()
        (-loss if way == "uphill" else loss).backward()
    optimizer.step()
    return loss.item()


def _equal(a: nn.Module, b: nn.Module, weights_only: bool = False) -> bool:
    ours, theirs = (dict(m.named_parameters()) if weights_only else m.state_dict() for m in (a, b))
    return all(torch.allclose(ours[name].float(), theirs[name].float(), atol=1e-5) for name in theirs)


def _same(found: torch.Tensor, right: torch.Tensor) -> bool:
    return found.shape == right.shape and torch.allclose(found.float(), right.float(), atol=1e-4)


def _receptive_field(kernels, strides) -> int:
    """Measured on a network of ones: the pixels whose gradient is not 0."""
    layers = [nn.Conv1d(1, 1, k, s, bias=False) for k, s in zip(kernels, strides, strict=True)]
    for layer in layers:
        nn.init.ones_(layer.weight)
    row = torch.zeros(1, 1, 63, requires_grad=True)
    with torch.enable_grad():
        nn.Sequential(*layers)(row)[0, 0, 0].backward()
    return int((row.grad != 0).sum())
