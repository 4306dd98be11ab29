"""Muon: what it does to the weights of convolutions, and to all others."""

import copy

import pytest
import torch
from torch import nn

from harkit.muon import COEFFICIENTS, STEPS, Muon, orthogonal


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 1), nn.Flatten(), nn.Linear(16, 2)
    )


def descend(network: nn.Module, optimizer, steps: int, scale: float = 1.0) -> None:
    generator = torch.Generator().manual_seed(1)
    for _ in range(steps):
        optimizer.zero_grad()
        (scale * network(torch.rand(6, 3, 4, 4, generator=generator)).square().sum()).backward()
        optimizer.step()


@pytest.mark.parametrize("shape", [(8, 40), (40, 8), (16, 16)])
def test_every_direction_counts_alike_and_stays_where_it_was(shape):
    left, _, right = torch.linalg.svd(torch.randn(shape, generator=torch.Generator().manual_seed(0)), False)
    made = orthogonal(left @ torch.diag(torch.logspace(0, -1.5, min(shape))) @ right)
    seen = left.T @ made @ right.T  # in the directions of the matrix: a diagonal of about 1
    assert seen.diagonal().min() > 0.6 and seen.diagonal().max() < 1.25
    assert (seen - torch.diag(seen.diagonal())).abs().max() < 1e-4


@pytest.mark.parametrize("shape", [(8, 72), (72, 8), (16, 16), (64, 576)])
@pytest.mark.parametrize("rank", [3, 64])
def test_the_short_cut_gives_what_the_iterations_give(shape, rank):
    generator = torch.Generator().manual_seed(0)
    rows, columns = shape
    matrix = torch.randn(rows, rank, generator=generator) @ torch.randn(rank, columns, generator=generator)
    found = (matrix / matrix.norm()).double()
    for _ in range(STEPS):
        products, (a, b, c) = found @ found.T, COEFFICIENTS
        found = a * found + (b * products + c * products @ products) @ found
    assert torch.allclose(orthogonal(matrix), found.float(), atol=2e-5)


def test_a_step_is_a_share_of_the_weights_whatever_the_gradient_and_keeps_their_length(network):
    first, steps = network[0].weight, []
    for scale in (1.0, 1000.0):
        twin = copy.deepcopy(network)
        descend(twin, Muon(twin.parameters(), lr=0.01), 1, scale)
        steps.append(twin[0].weight - first)
        assert twin[0].weight.norm().item() == pytest.approx(first.norm().item(), rel=1e-5)
    assert steps[0].norm().item() == pytest.approx(0.01 * first.norm().item(), rel=0.02)
    assert torch.allclose(*steps, atol=1e-6)


def test_other_weights_are_changed_as_by_sgd(network):
    for layer in (network[0], network[3]):
        layer.weight.requires_grad_(False)  # without a gradient, a weight stays
    before, twin = copy.deepcopy(network[0].weight), copy.deepcopy(network)
    settings = dict(momentum=0.9, weight_decay=0.01)
    descend(network, Muon(network.parameters(), lr=0.002, others=3, **settings), 5)
    descend(twin, torch.optim.SGD(twin.parameters(), lr=3 * 0.002, **settings), 5)
    for ours, theirs in zip(network.parameters(), twin.parameters(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-6)
    assert torch.equal(network[0].weight, before) and not torch.equal(network[1].weight, torch.ones(8))


def test_without_a_slope_nothing_moves():
    layer = nn.Conv2d(2, 2, 1)
    nn.init.zeros_(layer.weight[:1])
    before = copy.deepcopy(layer.weight)
    layer.weight.grad = torch.zeros_like(layer.weight)
    Muon(layer.parameters(), lr=0.1).step()
    assert torch.equal(layer.weight, before)
    nn.init.zeros_(layer.weight)
    layer.weight.grad = torch.ones_like(layer.weight)
    Muon(layer.parameters(), lr=0.1).step()
    assert torch.isfinite(layer.weight).all()


def test_it_goes_on_from_its_state_and_in_either_layout(network):
    twin = copy.deepcopy(network).to(memory_format=torch.channels_last)
    optimizer = Muon(network.parameters(), lr=0.02)
    descend(network, optimizer, 2)
    again = Muon(twin.parameters(), lr=0.5)
    again.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    twin.load_state_dict(network.state_dict())
    descend(network, optimizer, 2)
    descend(twin, again, 2)
    assert torch.allclose(network[0].weight, twin[0].weight, atol=1e-6)
