"""Answers to the exercises of lesson 5: right ones written in another way, and typical wrong ones with their hint."""

import torch
from torch import nn

from harkit import models, training


class Other(nn.Module):
    """Right, with biases, the projection first, and functions in place of layers."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.same = stride == 1 and inputs == outputs
        if not self.same:
            self.match = nn.Conv2d(inputs, outputs, 1, stride)
            self.match_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.first = nn.Conv2d(inputs, outputs, 3, stride, padding=1)
        self.norms = nn.ModuleList([nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)])

    def path(self, x):
        return self.norms[1](self.second(nn.functional.relu(self.norms[0](self.first(x)))))

    def around(self, x):
        return x if self.same else self.match_norm(self.match(x))

    def forward(self, x):
        return (self.path(x) + self.around(x)).clamp(min=0)


class SpareProjection(Other):
    """Right: the projection is always there, and used only where shapes change."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__(inputs, outputs, stride)
        self.match = nn.Conv2d(inputs, outputs, 1, stride)
        self.match_norm = nn.BatchNorm2d(outputs)


class HiddenDropout(Other):
    def forward(self, x):
        return nn.functional.dropout(super().forward(x), 0.5, self.training)


class NoShortcut(Other):
    def forward(self, x):
        return torch.relu(self.path(x))


class ReluFirst(Other):
    def forward(self, x):
        return torch.relu(self.path(x)) + self.around(x)


class NoRelu(Other):
    def forward(self, x):
        return self.path(x) + self.around(x)


class BareProjection(Other):
    def around(self, x):
        return x if self.same else self.match(x)


class LateStride(Other):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__(inputs, outputs, stride)
        self.first.stride, self.second.stride = (1, 1), (stride, stride)


class OneNorm(Other):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__(inputs, outputs, stride)
        self.norms = nn.ModuleList([self.norms[0], self.norms[0]])


class OnlyForChannels(Other):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__(inputs, outputs, stride)
        self.same = inputs == outputs
        if self.same:
            self.match = None


class NoProjection(Other):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__(inputs, outputs, stride)
        self.match = None

    def around(self, x):
        return x if self.same else x.mean(1, keepdim=True)[..., :: self.first.stride[0], :: self.first.stride[0]]


class OneConvolution(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, padding=1)
        self.match = nn.Conv2d(inputs, outputs, 1, stride)

    def forward(self, x):
        return torch.relu(self.conv(x) + self.match(x))


def counted(model, batches):
    was = model.training
    model.eval()
    with torch.inference_mode():
        right = total = 0
        for images, labels in batches:
            right += int((model(images).argmax(1) == labels).sum())
            total += len(labels)
    model.train(was)
    return right / total


def only_outside(model, batches):
    was, found = model.training, counted(model.eval(), batches)
    model.training = was
    return found


def while_training(model, batches):
    with torch.no_grad():
        hits = torch.cat([model(images).argmax(1) == labels for images, labels in batches])
    return hits.float().mean()


def left_in_evaluation(model, batches):
    model.eval()
    return counted(model, batches)


def mean_of_means(model, batches):
    return sum(counted(model, [batch]) for batch in batches) / len(batches)


def back_to_training(model, batches):
    found = counted(model, batches)
    model.train()
    return found


def by_library(model, batches):
    logits, labels = training.predict_logits(model, batches)
    return (logits.argmax(1) == labels).double().mean()


def cam_by_einsum(maps, slope):
    cam = torch.einsum("c,chw->hw", slope.flatten(1).mean(1), maps).clamp(min=0)
    return cam / cam.max() if cam.any() else cam


def cam_with(maps, weights, cut=True, scale=True):
    cam = (weights * maps).sum(0)
    cam = torch.relu(cam) if cut else cam
    return cam / cam.max() if scale else cam


def dividing_by_nothing(maps, slope):
    cam = torch.relu((slope.mean((1, 2), keepdim=True) * maps).sum(0))
    return cam / cam.max()


RIGHT = {
    "5.1": [Other, SpareProjection],
    "5.2": [lambda blocks, convolutions: 1 + sum(n * convolutions for n in blocks) + 1],
    "5.3": [counted, by_library],
    "5.4": [cam_by_einsum],
}
WRONG = {
    "5.1": [
        (NoShortcut, "Where is the plus sign"),
        (ReluFirst, "before the addition"),
        (NoRelu, "What stands after the addition"),
        (BareProjection, "without batch normalisation"),
        (NoProjection, "there is no 1×1 convolution"),
        (LateStride, "the wrong convolution"),
        (OneNorm, "none twice"),
        (models.ResidualBlock, "There is dropout"),
        (HiddenDropout, "there is dropout somewhere"),
        (OneConvolution, "Two are needed"),
    ],
    "5.2": [
        (lambda blocks, convolutions: sum(blocks) * convolutions, "before the first and after the last"),
        (lambda blocks, convolutions: sum(blocks) * convolutions + 1, "The stem has a convolution"),
        (lambda blocks, convolutions: sum(blocks) * convolutions + 2 + 3, "projections are left out"),
        (lambda blocks, convolutions: sum(blocks) + 2, "more than one layer"),
    ],
    "5.3": [
        (while_training, "went on remembering"),
        (only_outside, "Only the outermost module"),
        (left_in_evaluation, "left the network in evaluation mode"),
        (mean_of_means, "averaged the accuracies of the batches"),
        (back_to_training, "came in evaluation mode"),
        (lambda model, batches: 100 * counted(model, batches), "That is per cent"),
    ],
    "5.4": [
        (lambda maps, slope: cam_with(maps, slope.mean((1, 2), keepdim=True), scale=False), "up to a factor"),
        (lambda maps, slope: cam_with(maps, slope.mean((1, 2), keepdim=True), cut=False), "negative places"),
        (lambda maps, slope: cam_with(maps, slope), "place by place"),
        (lambda maps, slope: cam_with(maps, torch.ones(len(maps), 1, 1)), "without weights"),
        (dividing_by_nothing, "Do you divide by 0"),
    ],
}
# Other wrong ones, whose hint another one above has too.
ALSO_WRONG = {"5.1": [OnlyForChannels]}
