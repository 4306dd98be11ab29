"""Answers to the exercises of lesson 4: right ones written in another way, and typical wrong ones with their hint."""

import math


def field_from_the_top(kernels, strides):
    """From the last layer down: size = (size − 1) × stride + kernel."""
    size = 1
    for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
        size = (size - 1) * stride + kernel
    return size


def field_with_own_stride(kernels, strides):
    size, jump = 1, 1
    for kernel, stride in zip(kernels, strides, strict=True):
        jump *= stride
        size += (kernel - 1) * jump
    return size


RIGHT = {"4.1": [field_from_the_top]}
WRONG = {
    "4.1": [
        (lambda kernels, strides: sum(kernels), "You added the kernels"),
        (lambda kernels, strides: 1 + sum(k - 1 for k in kernels), "Right without strides"),
        (field_with_own_stride, "its own layer"),
        (lambda kernels, strides: math.prod(kernels), "Start at 1 pixel"),
    ],
}
