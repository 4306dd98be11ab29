"""Checks of lesson 4: convolution, receptive field, cost of a layer, batch normalisation."""

import torch
from torch import nn

from harkit.exercises.checking import Wrong, ask, exercise, number, tensor


@exercise("4.1", "A convolution by hand", level=2, minutes=12)
def check_4_1(convolve):
    """`convolve(image, kernels, bias)`: (C, H, W), (O, C, 3, 3), (O,) to (O, H, W), with one row of zeros around."""
    random = torch.Generator().manual_seed(0)
    for channels, kernels, side in ((1, 1, 5), (3, 2, 6)):
        image = torch.randn(channels, side, side + 1, generator=random)
        weights = torch.randn(kernels, channels, 3, 3, generator=random)
        bias = torch.randn(kernels, generator=random)
        right = nn.functional.conv2d(image[None], weights, bias, padding=1)[0]
        found = ask(convolve, image, weights, bias)
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
    stacks = [([3], [1]), ([3, 3], [1, 1]), ([3, 3, 3], [1, 1, 1]), ([7, 3], [2, 2]), ([3, 2, 3], [1, 2, 1])]
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
        raise Wrong(call + "Does a stride widen the steps of its own layer, or only of those above it?")
    return "each layer adds (kernel − 1) × the product of all strides below it."


@exercise("4.3", "What does a layer cost?", level=1, minutes=8)
def check_4_3(cost):
    """`cost(in_channels, out_channels, kernel, side)`: parameters and multiply–adds at stride 1, same side."""
    for case in ((3, 8, 3, 16), (8, 8, 3, 8), (4, 6, 1, 10), (2, 5, 5, 12)):
        answer = ask(cost, *case)
        if not isinstance(answer, list | tuple) or len(answer) != 2:
            raise Wrong("Give two numbers: `return parameters, multiply_adds`.")
        parameters, work = number(answer[0], "the parameters"), number(answer[1], "the multiply–adds")
        layer, counted = _counted(*case)
        _, outputs, kernel, side = case
        call = f"cost{case}: the layer has {counted} parameters and you gave {parameters:g}. "
        if parameters == counted - outputs:
            raise Wrong(call + "Which number does each output channel add at the end?")
        if parameters == kernel * kernel * outputs + outputs:
            raise Wrong(call + "A kernel looks at all channels below it. How many weights does it have?")
        if parameters != counted:
            raise Wrong(call + "Weights of one kernel × number of kernels, and the biases.")
        if work == layer:
            continue
        call = f"cost{case}: the layer does {layer} multiply–adds and you gave {work:g}. "
        if work == layer // side:
            raise Wrong(call + "A map has height and width: is every pixel counted?")
        if work == layer // side**2:
            raise Wrong(call + "That is the work for one pixel. For how many pixels is it done?")
        if work == counted * side**2:
            raise Wrong(call + "A bias is added, not multiplied: leave it out of the work.")
        raise Wrong(call + "Each number of the output map costs as many products as one kernel has weights.")
    return "few parameters can mean much work: the same weights are used at every pixel."


@exercise("4.4", "Batch normalisation by hand", level=3, minutes=15)
def check_4_4(batch_norm):
    """`batch_norm(x, mean, variance, training)`: (N, C, H, W), by the batch's or the remembered numbers."""
    random = torch.Generator().manual_seed(0)
    x = 3 + 2 * torch.randn(4, 3, 2, 2, generator=random) * torch.tensor([1.0, 5.0, 0.1]).view(1, 3, 1, 1)
    mean, variance = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([4.0, 0.25, 9.0])
    norm = nn.BatchNorm2d(3)
    norm.running_mean, norm.running_var = mean.clone(), variance.clone()
    found = tensor(ask(batch_norm, x, mean, variance, False), x.shape)
    remembered = norm.eval()(x).detach()
    batch = norm.train()(x).detach()
    if _same(found, batch):
        raise Wrong("In evaluation mode you still use the numbers of this batch. Whose mean should be taken there?")
    if _same(found, (x - mean.view(1, 3, 1, 1)) / variance.view(1, 3, 1, 1)):
        raise Wrong("You divide by the variance. Which root of it is in the units of the numbers?")
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
    if not _same(found, batch):
        raise Wrong("Training mode: mean and variance over pictures, height and width, one of each for every channel.")
    return "two modes, two sources of mean and variance. This is what `model.eval()` switches."


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


def _counted(inputs, outputs, kernel, side) -> tuple[int, int]:
    """Multiply–adds and parameters of a real layer."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    out = layer(torch.zeros(1, inputs, side, side))
    return out[0].numel() * layer.weight[0].numel(), sum(p.numel() for p in layer.parameters())
