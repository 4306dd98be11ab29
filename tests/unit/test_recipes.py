"""What a recipe says of sizes, layers and weights."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from harkit import models, pretrained, recipes
from harkit.muon import Muon
from harkit.settings import InputError

PLAIN = recipes.Recipe(epochs=10, learning_rate=0.1)


@pytest.fixture
def lite0():
    return models.build("efficientnet_lite0", 3, 32)


def test_pictures_grow_by_shares_of_the_epochs():
    growing = replace(PLAIN, growing=((0.3, 0.5), (0.4, 0.75)))
    assert [recipes.side_at(growing, 128, epoch) for epoch in range(10)] == [64] * 3 + [96] * 4 + [128] * 3
    assert [recipes.side_at(PLAIN, 100, epoch) for epoch in (0, 9)] == [100, 100]
    assert recipes.side_at(growing, 40, 0) == 32  # never smaller


def test_first_the_head_learns_then_all_but_the_frozen_parts(lite0):
    recipe, parts = replace(PLAIN, head_first=0.2, frozen=6), pretrained.stages(lite0)

    def learn(part):
        return {parameter.requires_grad for parameter in part.parameters()}

    held = recipes.learning(recipe, lite0, epoch=1)
    assert len(held) == len(parts) - 1 and learn(parts[-1]) == {True} and learn(parts[-2]) == {False}
    held = recipes.learning(recipe, lite0, epoch=2)
    assert len(held) == 6 and learn(parts[5]) == {False} and learn(parts[6]) == learn(parts[-1]) == {True}


def test_every_weight_belongs_to_one_part(lite0):
    for model in (lite0, models.build("resnet50", 3, 32)):
        inside = [id(p) for part in pretrained.stages(model) for p in part.parameters()]
        assert len(inside) == len(set(inside)) and set(inside) == {id(p) for p in model.parameters()}


def test_the_learning_rate_falls_from_the_last_layer_to_the_first(lite0):
    optimizer, _ = recipes.make_optimizer(replace(PLAIN, layer_decay=0.5), lite0, 5)
    rates = [group["lr"] for group in optimizer.param_groups]
    assert rates == [0.1 * 0.5**i for i in range(len(pretrained.stages(lite0)))]
    assert optimizer.param_groups[0]["params"][0] is lite0.fc.weight


def test_the_momentum_of_muon_stays_as_it_is(lite0):
    recipe = recipes.get("resnet", "improved")
    optimizer, scheduler = recipes.make_optimizer(replace(recipe, epochs=4), lite0, 1)
    assert isinstance(optimizer, Muon)
    seen = []
    for _ in range(4):
        optimizer.step()
        seen.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["momentum"]))
        scheduler.step()
    assert {momentum for _, momentum in seen} == {recipe.momentum}
    assert max(rate for rate, _ in seen) == pytest.approx(recipe.learning_rate, rel=0.1)


def test_a_network_from_scratch_has_no_pretrained_part():
    with pytest.raises(InputError, match="no pretrained part"):
        recipes.learning(replace(PLAIN, frozen=2), models.build("resnet", 3, 32, 4), 0)


def test_the_kept_weights_are_a_running_mean():
    layer = nn.Linear(1, 1, bias=False)
    averaged = recipes.average(replace(PLAIN, averaging=0.9), layer)
    expected = None
    for step in range(200):
        nn.init.constant_(layer.weight, float(step))
        averaged.update_parameters(layer)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = float(step) if expected is None else decay * expected + (1 - decay) * step
    assert averaged.module.weight.item() == pytest.approx(expected, rel=1e-4)
    assert recipes.average(PLAIN, layer) is None


def test_every_change_gives_pictures_of_the_side_asked_for():
    images, generator = torch.rand(2, 3, 40, 40), torch.Generator().manual_seed(0)
    assert torch.equal(recipes.change(PLAIN, 40)(images, generator), images)
    for name in ("none", "mild", "published_falls", "crops"):
        assert recipes.change(replace(PLAIN, augmentation=name), 32)(images, generator).shape == (2, 3, 32, 32)


def test_a_network_is_asked_at_the_size_it_knows_and_at_one_that_it_halves_without_a_rest():
    asked = {(1.25, 128): (128, 160), (1.25, 96): (96, 128), (1.25, 64): (64, 96), (8 / 7, 224): (224, 256)}
    assert all(recipes.asked(*given) == sides for given, sides in asked.items())
    assert recipes.asked(1.0, 50) == (50,)


def test_the_short_form_is_the_improved_recipe_without_what_pays_in_an_hour():
    for name in ("resnet", "vgg16", "efficientnet_lite0"):
        short, long = recipes.get(name, "improved", short=True), recipes.get(name, "improved")
        assert short == replace(long, **recipes.SHORT | recipes.SHORT_OF.get(name, {})) != long
        assert not short.mixing and short.zoom == 1
    assert recipes.get("resnet", "published", short=True) == recipes.get("resnet", "published")
