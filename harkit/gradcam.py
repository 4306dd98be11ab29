"""Where a network looked: Grad-CAM, as lesson 5 writes it."""

import matplotlib
import numpy as np
import torch
from torch import Tensor, nn

from harkit import runs


@torch.enable_grad()
def grad_cam(model: nn.Module, layer: nn.Module, images: Tensor, wanted: Tensor | None = None) -> Tensor:
    """How much each place of `layer`'s feature maps speaks for a class: (N, H, W) in 0…1, H and W as the images have.

    `images` (N, 3, H, W) as the network reads them; `wanted` (N,) class numbers, by default the network's own answers.
    Selvaraju et al. (2017), section 3. The network's mode and gradients stay as they were.
    """
    kept, was_training = [], model.training
    hook = layer.register_forward_hook(lambda module, inputs, maps: kept.append(maps))
    logits = model.eval()(images.detach().requires_grad_(True))  # (N, classes); weights may be frozen
    hook.remove()
    model.train(was_training)
    wanted = logits.argmax(dim=1) if wanted is None else wanted
    score = logits.gather(1, wanted[:, None]).sum()  # each picture's own logit
    (slope,) = torch.autograd.grad(score, kept[0])  # (N, C, h, w)
    weights = slope.mean(dim=(2, 3), keepdim=True)  # (N, C, 1, 1): how much each map speaks for the class
    cam = torch.relu((weights * kept[0]).sum(dim=1, keepdim=True)).detach()  # (N, 1, h, w)
    cam = nn.functional.interpolate(cam, images.shape[2:], mode="bilinear", align_corners=False)[:, 0]
    return cam / cam.amax(dim=(1, 2), keepdim=True).clamp_min(1e-12)


def last_maps(model: nn.Module) -> nn.Module:
    """The layer whose feature maps are the last that still have places: of VGG16, of ResNet, of ResNet50."""
    for name in ("features", "body", "layer4"):
        if hasattr(model, name):
            return getattr(model, name)
    raise ValueError(f"{type(model).__name__} has no layer that is known to hold the last feature maps.")


def explain(model: nn.Module, plan: dict, pixels: np.ndarray) -> tuple[Tensor, np.ndarray]:
    """What the network of a run says of pictures (N, H, W, 3) uint8, and what speaks for it, laid over them.

    Gives probabilities (N, classes) and pictures (N, H, W, 3) uint8: grey, and bright where the map is high.
    """
    images = runs.images(model, plan, pixels)
    answers = runs.ask(model, plan, images)
    wanted = answers.argmax(dim=1).to(images.device)  # of all views together
    cams = grad_cam(model, last_maps(model), images, wanted).cpu().numpy()
    heat = matplotlib.colormaps["inferno"](cams)[..., :3]
    grey = pixels.mean(axis=3, keepdims=True) / 255
    return answers, (255 * (0.45 * grey + 0.55 * heat)).astype(np.uint8)
