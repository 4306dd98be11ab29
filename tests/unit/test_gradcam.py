"""Grad-CAM points at what the network uses, and leaves the network as it was."""

import numpy as np
import pytest
import torch
from torch import nn

from harkit import gradcam, models, runs


class Corner(nn.Module):
    """Class 1 is the brightness of the left half of one map, class 0 that of the right half."""

    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(3, 1, 1, bias=False)
        nn.init.ones_(self.body.weight)

    def forward(self, images):
        maps = self.body(images)
        left, right = maps.chunk(2, dim=3)
        return torch.stack([right.sum((1, 2, 3)), left.sum((1, 2, 3))], dim=1)


def test_the_bright_place_speaks_for_its_class():
    images = torch.zeros(2, 3, 8, 8)
    images[0, :, 2, 1] = 1.0  # left: class 1
    images[1, :, 5, 6] = 1.0  # right: class 0
    model = Corner()
    cams = gradcam.grad_cam(model, model.body, images)
    assert cams.shape == (2, 8, 8)
    assert divmod(int(cams[0].argmax()), 8) == (2, 1)
    assert divmod(int(cams[1].argmax()), 8) == (5, 6)
    assert cams.min() >= 0 and cams.amax(dim=(1, 2)).tolist() == [1.0, 1.0]


def test_what_speaks_against_a_class_is_dark():
    model = Corner()
    nn.init.constant_(model.body.weight, -1.0)  # brightness speaks against both classes
    assert gradcam.grad_cam(model, model.body, torch.rand(1, 3, 8, 8)).max() == 0


def test_another_class_than_the_predicted_one_can_be_asked_for():
    model = Corner()
    model.forward = lambda images: model.body(images).mean((1, 2, 3))[:, None] * torch.tensor([1.0, -1.0])
    images = torch.rand(3, 3, 8, 8)
    first, second = (gradcam.grad_cam(model, model.body, images, torch.full((3,), wanted)) for wanted in (0, 1))
    assert first.amax(dim=(1, 2)).tolist() == [1.0, 1.0, 1.0], "brightness speaks for class 0"
    assert second.max() == 0, "and against class 1"


def test_each_picture_is_asked_by_itself():
    torch.manual_seed(0)
    model = models.build("resnet", 5, 64, width=8)
    images = torch.rand(3, 3, 64, 64)
    together = gradcam.grad_cam(model, model.body, images)
    alone = torch.cat([gradcam.grad_cam(model, model.body, image[None]) for image in images])
    assert torch.allclose(together, alone, atol=1e-4)


@pytest.mark.parametrize("frozen", [True, False])
def test_the_network_stays_as_it_was(frozen):
    model = models.build("resnet", 5, 64, width=8).train().requires_grad_(not frozen)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():  # as in a cell that only looks
        gradcam.grad_cam(model, gradcam.last_maps(model), torch.rand(2, 3, 64, 64))
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not model.body._forward_hooks


@pytest.mark.parametrize(("network", "side"), [("vgg16", 2), ("resnet", 2), ("resnet50", 2)])
def test_the_last_maps_still_have_places(network, side):
    model, seen = models.build(network, 5, 64, width=8).eval(), []
    gradcam.last_maps(model).register_forward_hook(lambda module, inputs, maps: seen.append(maps.shape))
    model(torch.rand(1, 3, 64, 64))
    assert seen[0][2:] == (side, side)


def test_a_network_without_such_a_layer_is_refused():
    with pytest.raises(ValueError, match="Linear"):
        gradcam.last_maps(nn.Linear(2, 2))


def test_what_is_explained_is_the_answer_of_all_views_together(monkeypatch):
    asked = []
    monkeypatch.setattr(runs, "ask", lambda *_: torch.tensor([[0.6, 0.4], [0.3, 0.7]]))
    monkeypatch.setattr(gradcam, "grad_cam", lambda *given: asked.append(given[-1].tolist()) or torch.zeros(2, 8, 8))
    plan = {"hyperparameters": {"normalisation": "half"}}
    probabilities, overlays = gradcam.explain(Corner(), plan, np.zeros((2, 8, 8, 3), np.uint8))
    assert asked == [[0, 1]] and overlays.shape == (2, 8, 8, 3)
    assert probabilities.argmax(1).tolist() == [0, 1]
