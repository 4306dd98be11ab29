"""Worse pictures: shapes and ranges stay, the first level changes nothing, and a run is asked about each."""

import pytest
import torch

from harkit import catalogue, evaluation, robustness, splits, training


@pytest.fixture
def images():
    torch.manual_seed(0)
    coarse = torch.rand(4, 3, 9, 8)
    return torch.nn.functional.interpolate(coarse, (72, 64), mode="bilinear")


@pytest.mark.parametrize("kind", robustness.LEVELS)
def test_shape_and_range_stay_and_each_level_is_further_from_the_picture(images, kind):
    distances = []
    for level in robustness.LEVELS[kind]:
        out = robustness.worsen(images, kind, level)
        assert out.shape == images.shape and out.dtype == images.dtype
        assert out.min() >= 0 and out.max() <= 1
        distances.append((out - images).abs().mean().item())
    assert distances[0] < 0.01
    assert distances == sorted(distances) and distances[-1] > 0.01


def test_a_mirror_image_of_a_mirror_image_is_the_picture(images):
    assert torch.equal(robustness.worsen(robustness.worsen(images, "mirror", 1), "mirror", 1), images)


def test_a_crop_keeps_the_middle(images):
    out = robustness.worsen(images, "crop", 0.5)
    assert torch.allclose(out.mean((2, 3)), images[:, :, 18:54, 16:48].mean((2, 3)), atol=0.02)


def test_blur_is_the_same_share_of_a_larger_picture(images):
    large = torch.nn.functional.interpolate(images, scale_factor=2, mode="bilinear")
    small = robustness.worsen(images, "blur", 2.0)
    halved = torch.nn.functional.avg_pool2d(robustness.worsen(large, "blur", 2.0), 2)
    assert (small - halved).abs().mean() < 0.01


def test_an_unknown_kind_is_refused(images):
    with pytest.raises(KeyError):
        robustness.worsen(images, "fog", 1)


def test_curves_begin_at_the_plain_accuracy(har_folder, tmp_path):
    table = splits.honest(catalogue.read(har_folder), (40, 10, 10))
    cache = tmp_path / "decoded"
    run = training.fit(table, tmp_path / "run", "resnet", "improved", side=32, width=4, epochs=2, cache=cache)
    rows = splits.part(table, "test")
    found = robustness.curves(run, rows, cache, ("dark", "mirror"))
    assert list(found.kind) == ["dark"] * 5 + ["mirror"] * 2
    plain = evaluation.score(evaluation.predict(run, rows, cache))
    assert found.accuracy[0] == plain["accuracy"] and (found.n == plain["n"]).all()
    black = evaluation.predict(run, rows, cache, change=lambda images, _: images * 0)
    assert black.predicted.nunique() == 1, "what changes the images reaches the network"
