"""Checks of lesson 3: contrast, a flip for each picture, an order for each epoch."""

import itertools

import torch
from torchvision.transforms.v2 import functional as torchvision

from harkit.exercises.answers import Wrong, ask, kind, shared_states, tensor
from harkit.exercises.checking import exercise


@exercise("3.1", "Contrast by hand", level=2, minutes=10)
def check_3_1(contrast):
    """`contrast(images, factor)`: (N, 3, H, W) in 0…1, mixed with the mean grey of each picture."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(4, 3, 5, 6, generator=generator) * torch.tensor([1.0, 0.6, 0.3, 0.9]).view(4, 1, 1, 1)
    images[:, 0] *= 0.3  # little red: grey is no plain mean of the channels
    grey = torchvision.rgb_to_grayscale(images)  # (N, 1, H, W)
    for factor in (0.5, 1.6):
        right = torchvision.adjust_contrast(images, factor)
        found = tensor(ask(contrast, images, factor), images.shape)

        def mixed(plain, factor=factor):
            return plain + (images - plain) * factor

        if _same(found, right):
            continue
        if _same(found, mixed(grey.mean()).clamp(0, 1)):
            raise Wrong("You mix with one grey for the whole batch. A dark picture has its own mean grey.")
        if _same(found, mixed(images.mean((2, 3), keepdim=True)).clamp(0, 1)):
            raise Wrong("You mix each channel with its own mean: that changes colours. *Plain* is one grey a picture.")
        if _same(found, mixed(images.mean((1, 2, 3), keepdim=True)).clamp(0, 1)):
            raise Wrong("Your grey weighs the three colours alike. Which weights does section 5 use?")
        if _same(found, mixed(grey).clamp(0, 1)):
            raise Wrong("You mixed each pixel with its own grey: that is saturation. Contrast takes the mean grey.")
        if _same(found, mixed(grey.mean((1, 2, 3), keepdim=True))):
            raise Wrong("Some values lie outside of 0…1. What does a screen do with 1.3?")
        raise Wrong("plain + (picture − plain) × factor. What is *plain* for contrast, and for which pixels?")
    return "the same numbers as torchvision, for each picture of the batch."


@exercise("3.2", "Each picture its own draw", level=2, minutes=12)
def check_3_2(flip_some):
    """`flip_some(images, generator)`: (N, C, H, W), about half of them mirrored left to right."""
    images = torch.rand(64, 3, 4, 5, generator=_generator(0))
    kept = images.clone()

    def mirrored(generator: torch.Generator) -> torch.Tensor:
        """(N,): which pictures of the batch are mirrored."""
        out = tensor(ask(lambda given: flip_some(given, generator), images), images.shape)
        plain, turned = (out == kept).flatten(1).all(1), (out == kept.flip(3)).flatten(1).all(1)
        if (out == kept.flip(2)).flatten(1).all(1).any():
            raise Wrong("Some pictures stand on their heads. Width is the last dimension.")
        if not (plain | turned).all():
            raise Wrong("Some pictures are neither as they were nor mirrored left to right.")
        return turned

    torch.manual_seed(1)
    flips = torch.stack([mirrored(_generator(seed)) for seed in range(8)])  # (8, N)
    share = flips.float().mean()
    if share in (0, 1):
        raise Wrong(f"{'Every' if share else 'No'} picture is mirrored. About half of them should be.")
    if (flips == flips[:, :1]).all():
        raise Wrong("All pictures of a batch share one draw. How many random numbers does a batch of N need?")
    torch.manual_seed(2)
    if not torch.equal(flips[5], mirrored(_generator(5))):
        raise Wrong("Two generators with one seed gave different flips. Do you draw from the generator you were given?")
    if (flips == flips[:1]).all():
        raise Wrong("Every generator gives the same flips. Is it drawn from, or is the choice fixed?")
    if not 0.35 < share < 0.65:
        raise Wrong(f"{share:.0%} of the pictures are mirrored; about half should be.")
    if len(flips.T.unique(dim=0)) < 10:
        raise Wrong("Many pictures are always mirrored together. Draw for each of the N, and not for some of them.")
    generator = _generator(0)
    if torch.equal(mirrored(generator), mirrored(generator)):
        raise Wrong("Two batches in a row got the same flips. Let the generator go on, and seed no other from it.")
    given = images.clone()
    ask(lambda: flip_some(given, _generator(0)))
    if not torch.equal(given, images):
        raise Wrong("Your function changes the batch it was given. In the next epoch, what would be the original?")
    return "N draws for N pictures, from a generator that somebody else controls."


@exercise("3.3", "A new order for each epoch", level=1, minutes=8)
def check_3_3(order):
    """`order(n, epoch, seed)`: the numbers 0…n−1 in an order that epoch and seed decide together."""
    first = _order(ask(order, 50, 0, 0), 50)
    if first == sorted(first):
        raise Wrong("The order is 0, 1, 2, …: nothing is shuffled.")
    states = shared_states(123)
    if _order(ask(order, 50, 0, 0), 50) != first:
        raise Wrong("The same epoch and seed gave another order. Make a generator inside, and seed it.")
    if shared_states() != states:
        raise Wrong("Right numbers, but you seed the generator that everybody shares: dropout draws from it, too.")
    if _order(ask(order, 50, 1, 0), 50) == first:
        raise Wrong("Epoch 1 has the order of epoch 0. What should the generator be seeded with?")
    if _order(ask(order, 50, 0, 1), 50) == first:
        raise Wrong("Seed 1 gives the order of seed 0. A second run should see other orders.")
    known = {}
    for seed, epoch in itertools.product(range(12), range(25)):
        here = f"seed {seed} in epoch {epoch}"
        there = known.setdefault(tuple(_order(ask(order, 50, epoch, seed), 50)), here)
        if there != here:
            raise Wrong(f"The order of {here} is that of {there}: two runs would not be independent.")
    return "repeatable, new in each epoch, and two seeds never walk in step."


def _same(found: torch.Tensor, right: torch.Tensor) -> bool:
    return found.shape == right.shape and torch.allclose(found.float(), right, atol=1e-4)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _order(answer, n: int) -> list[int]:
    try:
        numbers = [int(value) for value in answer]
    except (TypeError, ValueError):
        raise Wrong(f"I expected {n} numbers, and got {kind(answer)}.") from None
    if sorted(numbers) != list(range(n)):
        raise Wrong(f"Each of 0…{n - 1} should come once. Some are missing or come twice.")
    return numbers
