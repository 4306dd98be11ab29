"""Answers to the exercises of lesson 3: right ones written in another way, and typical wrong ones with their hint."""

import random

import numpy as np
import torch
from torchvision.transforms.v2 import functional as F

from harkit import augment


def by_package(images, factor):
    return augment.blend_mean(images, torch.full((len(images),), factor))


def mix(plain_of, clamp=True):
    def contrast(images, factor):
        plain = plain_of(images)
        out = plain + (images - plain) * factor
        return out.clamp(0, 1) if clamp else out

    return contrast


def picture_by_picture(images, generator):
    return torch.stack([image.flip(-1) if torch.rand((), generator=generator) < 0.5 else image for image in images])


def where(images, generator, draws=None, axis=3):
    draws = torch.rand(len(images), generator=generator) if draws is None else draws
    return torch.where((draws < 0.5).view(-1, 1, 1, 1), images.flip(axis), images)


def from_its_seed(images, generator):
    return where(images, torch.Generator().manual_seed(generator.initial_seed()))


def numpy_order(n, epoch, seed):
    return np.random.default_rng([seed, epoch]).permutation(n)


def torch_order(n, seed):
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()


def in_place(images, generator):
    mirrored = torch.rand(len(images), generator=generator) < 0.5
    images[mirrored] = images[mirrored].flip(3)
    return images


def copied_first(images, generator):
    return in_place(images.clone(), generator)


def shared_order(n, epoch, seed):
    torch.manual_seed(1_000_003 * seed + epoch)
    return torch.randperm(n)


def python_order(n, epoch, seed):
    numbers = list(range(n))
    random.Random(f"{seed} {epoch}").shuffle(numbers)
    return numbers


RIGHT = {"3.1": [by_package], "3.2": [picture_by_picture, copied_first], "3.3": [numpy_order, python_order]}
WRONG = {
    "3.1": [
        (mix(lambda images: F.rgb_to_grayscale(images).mean()), "one grey for the whole batch"),
        (mix(lambda images: images.mean((2, 3), keepdim=True)), "each channel with its own mean"),
        (mix(lambda images: images.mean((1, 2, 3), keepdim=True)), "weighs the three colours alike"),
        (mix(F.rgb_to_grayscale), "that is saturation"),
        (mix(lambda images: F.rgb_to_grayscale(images).mean((1, 2, 3), keepdim=True), clamp=False), "outside of 0…1"),
    ],
    "3.2": [
        (lambda images, g: images.flip(3) if torch.rand((), generator=g) < 0.5 else images, "share one draw"),
        (lambda images, g: where(images, g, axis=2), "stand on their heads"),
        (lambda images, g: where(images, g, torch.rand(len(images))), "different flips"),
        (lambda images, g: images.flip(3), "Every picture is mirrored"),
        (lambda images, g: images, "No picture is mirrored"),
        (lambda x, g: where(x, g, torch.rand(len(x), generator=g) - 0.3), "of the pictures are mirrored"),
        (lambda x, g: where(x, g, torch.rand(8, generator=g).repeat(8)), "always mirrored together"),
        (from_its_seed, "Let the generator go on"),
        (in_place, "changes the batch it was given"),
    ],
    "3.3": [
        (lambda n, epoch, seed: list(range(n)), "nothing is shuffled"),
        (lambda n, epoch, seed: torch.randperm(n), "gave another order"),
        (lambda n, epoch, seed: torch_order(n, seed), "Epoch 1 has the order"),
        (lambda n, epoch, seed: torch_order(n, epoch), "Seed 1 gives the order"),
        (lambda n, epoch, seed: torch_order(n, seed + epoch), "would not be independent"),
        (shared_order, "that everybody shares"),
    ],
}
# Other wrong ones, whose hint another one above has too.
ALSO_WRONG = {
    "3.3": [
        lambda n, epoch, seed: torch_order(n, int(f"{seed}{epoch}")),
        lambda n, epoch, seed: torch_order(n, 10 * seed + epoch),
        lambda n, epoch, seed: torch_order(n, 100 + seed - epoch),
    ],
}
