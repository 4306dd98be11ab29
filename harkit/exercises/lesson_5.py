"""Checks of lesson 5: the residual block, the name of a network, an honest training accuracy, Grad-CAM."""

import torch
import torchvision
from torch import nn

from harkit import gradcam, training
from harkit.exercises.answers import Wrong, ask, kind, number, tensor
from harkit.exercises.checking import exercise


@exercise("5.1", "A residual block, proved", level=3, minutes=15)
def check_5_1(Block):
    """`Block(in_channels, out_channels, stride)`, with torchvision's weights, gives what torchvision's block gives."""
    for inputs, outputs, stride in ((4, 4, 1), (4, 6, 2), (4, 6, 1), (4, 4, 2)):
        block, reference = ask(Block, inputs, outputs, stride), _reference(inputs, outputs, stride)
        if not isinstance(block, nn.Module):
            raise Wrong(f"Block({inputs}, {outputs}, {stride}) should give an nn.Module, and gives {kind(block)}.")
        _load(block, reference)
        x = torch.randn(2, inputs, 8, 8, generator=torch.Generator().manual_seed(1))
        shape = (2, outputs, 8 // stride, 8 // stride)
        found = tensor(ask(block.eval(), x), shape, f"what Block({inputs}, {outputs}, {stride}) gives")
        with torch.no_grad():
            if _same(found, reference(x)):
                if not torch.equal(block.train()(x), block(x)):
                    raise Wrong("In training mode two answers to the same input differ: there is dropout somewhere.")
                continue
            first = torch.relu(reference.bn1(reference.conv1(x)))
            path = reference.bn2(reference.conv2(first))
            around = x if reference.downsample is None else reference.downsample(x)
        if _same(found, torch.relu(path)):
            raise Wrong("The two convolutions are right, but the input does not come through. Where is the plus sign?")
        if _same(found, torch.relu(path) + around):
            raise Wrong("You cut off negative numbers before the addition. Then F(x) could only ever add. Add first.")
        if _same(found, path + around):
            raise Wrong("The sum is right. What stands after the addition?")
        if reference.downsample is not None and _same(found, torch.relu(path + reference.downsample[0](x))):
            raise Wrong("The projection is added without batch normalisation: one way is scaled, the other is not.")
        strides = {layer.weight.shape: layer.stride[0] for layer in block.modules() if isinstance(layer, nn.Conv2d)}
        if inputs != outputs and strides[reference.conv1.weight.shape] != stride:
            raise Wrong("The stride stands in the wrong convolution: the first one makes the picture smaller.")
        raise Wrong("With torchvision's weights your block gives other numbers. Is its order that of the lesson?")
    return "with torchvision's weights, your block and torchvision's give the same numbers."


@exercise("5.2", "What is its name?", level=1, minutes=5)
def check_5_2(depth):
    """`depth(blocks, convolutions)`: the number in a residual network's name."""
    networks = (("resnet34", [3, 4, 6, 3], 2), ("resnet18", [2, 2, 2, 2], 2), ("resnet50", [3, 4, 6, 3], 3))
    for name, blocks, convolutions in networks:
        found, right = number(ask(depth, blocks, convolutions)), _layers(name)
        call = f"depth({blocks}, {convolutions}) gave {found:g}; count {name}: "
        if found == right:
            continue
        if found == right - 2:
            raise Wrong(call + "what stands before the first and after the last module?")
        if found == right - 1:
            raise Wrong(call + "nearly. The stem has a convolution, and the head a linear layer.")
        if found == right + _layers(name, projections=True):
            raise Wrong(call + "projections are left out, as they belong to the shortcut.")
        if found == sum(blocks) + 2:
            raise Wrong(call + "a block is more than one layer.")
        raise Wrong(call + "convolutions on the main way, and linear layers.")
    return "stem + blocks × convolutions + linear layer. So the published 'ResNet50' is one of 18."


@exercise("5.3", "A training accuracy that you can compare", level=2, minutes=10)
def check_5_3(accuracy):
    """`accuracy(model, batches)`: share of right answers in evaluation mode; the model stays as it was."""
    torch.manual_seed(0)
    network = [nn.Flatten(), nn.Linear(12, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.8), nn.Linear(32, 3)]
    model = nn.Sequential(*network)
    with torch.no_grad():
        for _ in range(30):
            model(torch.randn(64, 3, 2, 2))  # batch normalisation remembers something
    x = torch.randn(90, 3, 2, 2)
    labels = model.eval()(x).argmax(dim=1)
    labels[::4] = (labels[::4] + 1) % 3
    batches = [(x[:64], labels[:64]), (x[64:88], labels[64:88]), (x[88:], (labels[88:] + 1) % 3)]  # the last is small
    logits, truth = training.predict_logits(model, batches)
    hits = logits.argmax(dim=1) == truth
    right = hits.float().mean().item()
    shares = [part.float().mean().item() for part in hits.split([64, 24, 2])]
    model.train()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    found = _in_place(accuracy, model, batches)
    if any(not torch.equal(value, state[name]) for name, value in model.state_dict().items()):
        raise Wrong("Measuring changed the network: batch normalisation went on remembering. Which mode was it in?")
    if model.training and not all(layer.training for layer in model.modules()):
        raise Wrong("Only the outermost module has its mode back; `model.train(…)` tells those inside, too.")
    if not model.training:
        raise Wrong("You left the network in evaluation mode. The next epoch would train without dropout: put it back.")
    if abs(found - sum(shares) / 3) < 1e-4:
        raise Wrong("You averaged the accuracies of the batches. The last batch is small: does it count as much?")
    if abs(found - 100 * right) < 1e-2:
        raise Wrong("That is per cent. Give a share between 0 and 1.")
    if abs(found - hits.sum().item()) < 1e-4:
        raise Wrong("You counted the right answers. What share of all pictures is that?")
    if abs(found - right) > 1e-4:
        raise Wrong(f"You found {found:.3f}; in evaluation mode {right:.3f} of these answers are right.")
    model.eval()
    _in_place(accuracy, model, batches)
    if model.training:
        raise Wrong("A network that came in evaluation mode was left in training mode. Put back what was there.")
    return "same weights, evaluation mode, every picture counted once: this may stand beside a validation accuracy."


@exercise("5.4", "The last step of Grad-CAM", level=2, minutes=10)
def check_5_4(class_map):
    """`class_map(maps, slope)`: (C, h, w) and (C, h, w) to (h, w) in 0…1."""
    torch.manual_seed(3)
    layer = nn.Conv2d(3, 6, 3, padding=1)
    model = nn.Sequential(layer, nn.AdaptiveAvgPool2d((2, 2)), nn.Flatten(), nn.Linear(24, 4))
    images = torch.randn(3, 3, 6, 7)
    references = gradcam.grad_cam(model, layer, images)  # the maps are as large as the pictures: nothing is resized
    for image, right in zip(images, references, strict=True):
        maps = layer(image[None])
        (slope,) = torch.autograd.grad(model[1:](maps).max(), maps)
        maps, slope = maps[0].detach(), slope[0]
        weights = slope.mean(dim=(1, 2), keepdim=True)
        cam = (weights * maps).sum(dim=0)
        found = tensor(ask(class_map, maps, slope), right.shape, "the map")
        if _same(found, right):
            continue
        if _same(found, torch.relu(cam)):
            raise Wrong("Right up to a factor. The largest value should be 1.")
        if found.min() < -1e-6:
            raise Wrong("Your map has negative places: they speak against the class. Keep what speaks for it.")
        product = torch.relu((slope * maps).sum(dim=0))
        if _same(found, product / product.max()):
            raise Wrong("You multiplied place by place. Grad-CAM gives each map one weight: its mean slope.")
        plain = torch.relu(maps.sum(dim=0))
        if _same(found, plain / plain.max()):
            raise Wrong("You added the maps without weights. That shows where something is, not what it says.")
        raise Wrong("One weight a map (the mean of its slope), the weighted sum of the maps, no negatives, largest 1.")
    silent = tensor(ask(class_map, torch.rand(6, 4, 5), torch.full((6, 4, 5), -1.0)), (4, 5), "the map")
    if not silent.eq(0).all():
        raise Wrong("Where no place speaks for the class, the map is 0 everywhere. Do you divide by 0?")
    return "the mean slope says how much a map matters; the weighted sum says where."


def _in_place(accuracy, model, batches) -> float:
    """Ask about this very model, not about a copy: what is done to it counts."""
    return number(ask(lambda given: accuracy(model, given), batches), "the accuracy")


def _same(found: torch.Tensor, right: torch.Tensor) -> bool:
    return found.shape == right.shape and torch.allclose(found, right, atol=1e-4)


def _reference(inputs: int, outputs: int, stride: int) -> nn.Module:
    """torchvision's block; its normalisations are alike, so that their order in a learner's block does not matter."""
    torch.manual_seed(0)
    projection = None
    if stride != 1 or inputs != outputs:
        projection = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
    block = torchvision.models.resnet.BasicBlock(inputs, outputs, stride, projection)
    scale, shift, mean, variance = (torch.rand(outputs) + 0.5 for _ in range(4))
    for layer in block.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.weight.data, layer.bias.data = scale, shift
            layer.running_mean, layer.running_var = mean, variance
    if inputs == outputs:
        block.conv2.load_state_dict(block.conv1.state_dict())
    return block.eval()


def _load(block: nn.Module, reference: nn.Module) -> None:
    """Give a learner's block the reference's weights: convolutions by shape, all normalisations alike."""
    layers = [layer for layer in reference.modules() if isinstance(layer, nn.Conv2d)]
    weights = {tuple(layer.weight.shape): layer.weight for layer in layers}
    own = [layer for layer in block.modules() if isinstance(layer, nn.Conv2d)]
    small = [layer for layer in own if layer.kernel_size == (1, 1)]
    large = [layer for layer in own if layer not in small]
    if reference.downsample is not None and not small:
        raise Wrong("Stride or channels change, and there is no 1×1 convolution. What brings the input into shape?")
    if len(large) != 2:
        raise Wrong(f"Your block has {len(large)} convolutions of 3×3. Two are needed, kept as `self.…`.")
    if any(isinstance(layer, nn.Dropout | nn.Dropout2d) and layer.p > 0 for layer in block.modules()):
        raise Wrong("There is dropout in your block. The paper has none.")
    norms, needed = (sum(isinstance(m, nn.BatchNorm2d) for m in b.modules()) for b in (block, reference))
    if norms < needed:
        raise Wrong(f"{norms} batch normalisations, and it takes {needed}: one a convolution, the 1×1 too, none twice.")
    for layer in large if reference.downsample is None else own:  # a spare projection may be there
        if tuple(layer.weight.shape) not in weights:
            raise Wrong(f"A convolution of your block has weights {tuple(layer.weight.shape)}, and none should have.")
        layer.weight.data = weights[tuple(layer.weight.shape)].data.clone()
        if layer.bias is not None:
            layer.bias.data.zero_()
    for layer in block.modules():
        if isinstance(layer, nn.BatchNorm2d) and layer.num_features == reference.bn1.num_features:
            layer.load_state_dict(reference.bn1.state_dict())


def _layers(name: str, projections: bool = False) -> int:
    """Layers of torchvision's network that count for its name; or its projections."""
    found = 0
    for place, layer in getattr(torchvision.models, name)(weights=None).named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            found += ("downsample" in place) == projections
    return found
