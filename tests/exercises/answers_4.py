"""Answers to the exercises of lesson 4: right ones written in another way, and typical wrong ones with their hint."""

import math

import torch
from torch import nn


def unfold(image, kernels, bias):
    """All windows as columns, one matrix product."""
    columns = nn.functional.unfold(image[None], 3, padding=1)[0]  # (9 C, H W)
    return (kernels.flatten(1) @ columns + bias[:, None]).view(-1, *image.shape[1:])


def first_channel_only(image, kernels, bias):
    return unfold(image[:1], kernels[:, :1], bias)


def without_zeros(image, kernels, bias):
    return unfold(image, kernels, bias)[:, 1:-1, 1:-1]


def by_a_layer(image, kernels, bias):
    layer = nn.Conv2d(kernels.shape[1], kernels.shape[0], 3, padding=1)
    layer.weight.data, layer.bias.data = kernels, bias
    return layer(image)


def field_from_the_top(kernels, strides):
    """From the last layer down: size = (size − 1) × stride + kernel."""
    size = 1
    for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
        size = (size - 1) * stride + kernel
    return size


def field_with_the_last_stride(kernels, strides):
    """The stride below stands for all of them."""
    width, step = 1, 1
    for kernel, stride in zip(kernels, strides, strict=True):
        width, step = width + (kernel - 1) * step, stride
    return width


def field_with_own_stride(kernels, strides):
    size, jump = 1, 1
    for kernel, stride in zip(kernels, strides, strict=True):
        jump *= stride
        size += (kernel - 1) * jump
    return size


def norm_by_torch(x, mean, variance, training):
    norm = nn.BatchNorm2d(x.shape[1], affine=False)
    norm.running_mean, norm.running_var = mean.clone(), variance.clone()
    return norm.train(training)(x)


def _per_channel(numbers):
    return numbers.view(1, -1, 1, 1)


def normalise(x, mean, variance):
    return (x - _per_channel(mean)) / (_per_channel(variance) + 1e-5).sqrt()


def norm_with(own):
    """Right in evaluation mode; `own(x)` in training mode."""
    return lambda x, mean, variance, training: own(x) if training else normalise(x, mean, variance)


def step_by_autograd(model, images, labels, optimizer):
    """Gradients asked for one by one, then put where the optimizer looks for them."""
    model.train()
    loss = nn.NLLLoss()(model(images).log_softmax(1), labels)
    parameters = list(model.parameters())
    for parameter, slope in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = slope
    optimizer.step()
    return loss


def step_with(clear=True, mode=True, soft=False, first_step=False, sign=1, reduction="mean", twice=False):
    """The lesson's step, with one mistake."""

    def step(model, images, labels, optimizer):
        model.train(mode)
        if twice:
            model(images)
        logits = model(images)
        loss = nn.functional.cross_entropy(logits.softmax(1) if soft else logits, labels)
        if clear:
            optimizer.zero_grad()
        if first_step:
            optimizer.step()
        (sign * loss).backward()
        if not first_step:
            optimizer.step()
        return loss.item() * (len(labels) if reduction == "sum" else 1)

    return step


RIGHT = {
    "4.1": [unfold],
    "4.2": [field_from_the_top],
    "4.3": [norm_by_torch],
    "4.4": [step_by_autograd],
}
WRONG = {
    "4.1": [
        (without_zeros, "smaller than the picture"),
        (lambda i, k, b: unfold(i, k, 0 * b), "off by the same amount"),
        (lambda i, k, b: unfold(i, k.flip(2, 3), b), "turned the kernel round"),
        (first_channel_only, "One channel is right"),
        (lambda i, k, b: nn.functional.conv2d(i[None], k, b, padding=1)[0], "torch's own convolution"),
    ],
    "4.2": [
        (lambda kernels, strides: sum(kernels), "You added the kernels"),
        (lambda kernels, strides: 1 + sum(k - 1 for k in kernels), "Right without strides"),
        (field_with_own_stride, "its own layer"),
        (field_with_the_last_stride, "one on the other"),
        (lambda kernels, strides: math.prod(kernels), "Start at 1 pixel"),
        (lambda kernels, strides: field_from_the_top(kernels, [min(s, 2) for s in strides]), "strides of 1 and 2"),
    ],
    "4.3": [
        (lambda x, m, v, training: norm_by_torch(x, m, v, True), "still use the numbers of this batch"),
        (lambda x, m, v, training: (x - m.view(1, -1, 1, 1)) / v.view(1, -1, 1, 1), "divide by the variance"),
        (lambda x, m, v, training: normalise(x, m, v), "use the remembered numbers too"),
        (norm_with(lambda x: (x - x.mean()) / (x.var(unbiased=False) + 1e-5).sqrt()), "one mean for all channels"),
        (norm_with(nn.functional.instance_norm), "each picture by itself"),
        (norm_with(lambda x: normalise(x, x.mean((0, 2, 3)), x.var((0, 2, 3)))), "divides by n − 1"),
        (lambda x, m, v, training: normalise(x, m, v - 1e-5), "A flat channel needs them"),
        (
            norm_with(lambda x: normalise(x, x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False) - 1e-5)),
            "in training mode the 1e-5",
        ),
    ],
    "4.4": [
        (step_with(clear=False), "Who clears them?"),
        (step_with(mode=False), "learn in evaluation mode"),
        (step_with(soft=True), "You gave it probabilities"),
        (step_with(first_step=True), "No weight has moved"),
        (step_with(sign=-1), "The loss goes up"),
        (step_with(reduction="sum"), "sum over the batch"),
        (step_with(twice=True), "more than once: batch"),
    ],
}
# Other wrong ones, whose hint another one above has too.
ALSO_WRONG = {
    "4.1": [by_a_layer],
    "4.3": [lambda x, m, v, training: (x - _per_channel(m)) / (_per_channel(v).sqrt() + 1e-5)],
}
