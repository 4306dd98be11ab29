"""Training on mixed pictures: mixup and CutMix."""

import math

import torch
from torch import Tensor, nn


class Mixing(nn.Module):
    """A network that is trained on mixed pictures: a share of the batches, half of them by mixup (Zhang et al., 2017),
    half by CutMix (Yun et al., 2019).

    `forward` mixes each image with another one of its batch, in training only; `loss` then weighs the losses against
    the labels of both. Draws from torch's global generator.
    """

    def __init__(self, model: nn.Module, loss_function, share: float):
        super().__init__()
        self.model, self.loss_function, self.share = model, loss_function, share
        self.partner, self.weight = None, 1.0  # of the last batch: who is mixed in, and what remains of the first

    def forward(self, images: Tensor) -> Tensor:
        self.partner = None
        if self.training and torch.rand(()) < self.share:
            images = self._mix(images)
        return self.model(images)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss of the last batch, given the labels (N,) before mixing."""
        loss = self.loss_function(logits, labels)
        if self.partner is None:
            return loss
        return self.weight * loss + (1 - self.weight) * self.loss_function(logits, labels[self.partner])

    def _mix(self, images: Tensor) -> Tensor:
        self.partner = torch.randperm(len(images))
        others = images[self.partner]
        if torch.rand(()) < 0.5:
            self.weight = torch.distributions.Beta(0.4, 0.4).sample().item()
            return self.weight * images + (1 - self.weight) * others
        side = images.shape[-1]
        length = round(side * math.sqrt(torch.rand(()).item()))  # of the square that comes from the other picture
        top, left = torch.randint(0, side - length + 1, (2,)).tolist()
        images = images.clone()
        images[:, :, top : top + length, left : left + length] = others[..., top : top + length, left : left + length]
        self.weight = 1 - (length / side) ** 2
        return images
