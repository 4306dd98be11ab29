"""Checks of lesson 4: convolution, receptive field, the network."""

from torch import nn

from harkit.exercises.checking import Wrong, ask, exercise, number


@exercise("4.1", "How far does it see?", level=2, minutes=10)
def check_4_1(receptive_field):
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


def _receptive_field(kernels, strides) -> int:
    """Measured on a network of ones: the pixels whose gradient is not 0."""
    import torch

    side = 63
    layers = [nn.Conv1d(1, 1, k, s, bias=False) for k, s in zip(kernels, strides, strict=True)]
    for layer in layers:
        nn.init.ones_(layer.weight)
    row = torch.zeros(1, 1, side, requires_grad=True)
    with torch.enable_grad():
        nn.Sequential(*layers)(row)[0, 0, 0].backward()
    return int((row.grad != 0).sum())
