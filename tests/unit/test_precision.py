import pytest
import torch
from torch import nn

from harkit import models
from harkit.precision import Computing


@pytest.fixture
def network():
    torch.manual_seed(0)
    return models.build("resnet", 15, 32, 8)


def test_fp32_gives_what_the_network_gives(network):
    images = torch.randn(4, 3, 32, 32)
    assert torch.equal(Computing(network).eval()(images), network.eval()(images))


def test_bf16_computes_in_bfloat16_and_answers_close_by_in_float32(network):
    images, seen = torch.randn(4, 3, 32, 32), []
    exact = network.eval()(images)
    layer = next(module for module in network.modules() if isinstance(module, nn.Conv2d))
    layer.register_forward_hook(lambda _, inputs, output: seen.append((inputs[0], output.dtype)))
    logits = Computing(network, "bf16").eval()(images)
    assert seen[0][1] == torch.bfloat16 and logits.dtype == torch.float32
    assert seen[0][0].is_contiguous(memory_format=torch.channels_last)
    assert 0 < (logits - exact).abs().max() < 0.05 * exact.abs().max()
    assert all(weight.dtype == torch.float32 for weight in network.parameters())


def test_another_precision_is_refused(network):
    with pytest.raises(ValueError, match="no precision 'fp8'"):
        Computing(network, "fp8")
