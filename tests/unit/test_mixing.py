import pytest
import torch

from harkit.mixing import Mixing


class Echo(torch.nn.Module):
    """Answers each image by its mean colour: (N, 3, H, W) to (N, 3)."""

    def forward(self, images):
        return images.mean((2, 3))


@pytest.fixture
def colours():
    """Three pictures, each of one pure colour: its class."""
    return torch.eye(3)[:, :, None, None].expand(3, 3, 20, 20), torch.arange(3)


def test_mixed_pictures_have_as_much_of_each_label_as_of_each_picture(colours):
    images, labels = colours
    mixing = Mixing(Echo(), lambda logits, labels: -logits[torch.arange(3), labels].mean(), 1.0)
    torch.manual_seed(0)
    weights = []
    for _ in range(40):
        logits = mixing(images)  # the shares of the colours
        expected = mixing.weight * torch.eye(3) + (1 - mixing.weight) * torch.eye(3)[mixing.partner]
        assert torch.allclose(logits, expected, atol=1e-5)
        assert mixing.loss(logits, labels) == pytest.approx(-(logits * expected).sum(1).mean().item(), abs=1e-5)
        weights.append(mixing.weight)
    assert min(weights) < 0.3 and max(weights) > 0.7


def test_a_share_of_the_batches_is_mixed_and_none_in_evaluation(colours):
    images, labels = colours
    mixing = Mixing(Echo(), torch.nn.CrossEntropyLoss(), 0.25)
    torch.manual_seed(0)
    mixed = 0
    for _ in range(200):
        mixing(images)
        mixed += mixing.partner is not None
    assert 30 < mixed < 70
    mixing.share = 1.0
    logits = mixing.eval()(images)
    assert torch.equal(logits, Echo()(images))
    assert torch.equal(mixing.loss(logits, labels), torch.nn.functional.cross_entropy(logits, labels))
