import numpy as np
import pandas as pd
import pytest
import torch
from painting import paint
from PIL import Image
from torchvision.transforms.v2 import functional as F

from harkit import augment, catalogue, splits


@pytest.fixture
def images():
    return torch.rand(6, 3, 20, 24, generator=torch.Generator().manual_seed(0))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (augment.blend_black, F.adjust_brightness),
        (augment.blend_mean, F.adjust_contrast),
        (augment.blend_grey, F.adjust_saturation),
    ],
)
@pytest.mark.parametrize("factor", [0.0, 0.8, 1.0, 1.2])
def test_jitter_follows_torchvision(images, ours, theirs, factor):
    assert torch.allclose(ours(images, torch.full((6,), factor)), theirs(images, factor), atol=1e-5)


@pytest.mark.parametrize("turn", [-0.5, -1 / 3, -0.1, 0.0, 0.1, 1 / 6, 0.3, 0.4])
@pytest.mark.parametrize("levels", [2, 4, 1000])  # of each channel: with few, many pixels are grey or on an edge
def test_hue_follows_torchvision(images, turn, levels):
    images = (images * levels).round() / levels
    assert torch.allclose(augment.turn_hue(images, torch.full((6,), turn)), F.adjust_hue(images, turn), atol=1e-5)


def test_each_picture_gets_its_own_turn_of_the_hue(images):
    turns = torch.tensor([-0.4, -0.1, 0.0, 0.1, 0.25, 0.5])
    expected = torch.cat([F.adjust_hue(image[None], turn) for image, turn in zip(images, turns.tolist(), strict=True)])
    assert torch.allclose(augment.turn_hue(images, turns), expected, atol=1e-5)


@pytest.mark.parametrize("name", augment.ON_THE_FLY)
def test_bytes_become_what_images_become_and_stay_as_they_are(images, name):
    pixels = (255 * images).to(torch.uint8).permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)  # as they are kept
    before, change = pixels.clone(), augment.ON_THE_FLY[name]
    changed = change(pixels, generator(2))
    assert changed.dtype == torch.float32 and changed.min() >= 0 and changed.max() <= 1 + 1e-6
    assert torch.allclose(changed, change(pixels.float() / 255, generator(2)), atol=1e-6)
    assert torch.equal(pixels, before)


def test_the_published_turn_takes_the_nearest_pixel(monkeypatch):
    monkeypatch.setattr(augment, "PUBLISHED", {})  # no jitter
    two_tones = (torch.rand(4, 3, 16, 16, generator=generator()) > 0.5).float()
    turned = augment.published_falls(two_tones, generator())
    assert set(turned.unique().tolist()) == {0.0, 1.0} and not torch.equal(turned, two_tones)


def test_each_picture_has_its_own_draw():
    same = torch.rand(1, 3, 16, 16, generator=generator()).repeat(8, 1, 1, 1)
    for change in (augment.mild, augment.published_falls):
        changed = change(same, generator(1))
        assert len({tuple(picture.flatten().tolist()) for picture in changed}) == 8


def test_the_same_generator_gives_the_same_change(images):
    assert torch.equal(augment.mild(images, generator(4)), augment.mild(images, generator(4)))


def test_a_flip_alone_mirrors(images):
    flipped = augment.turn_and_flip(images, generator(), flip=1.0)
    assert torch.allclose(flipped, images.flip(-1), atol=1e-5)


def test_no_turn_and_no_flip_change_nothing(images):
    assert torch.allclose(augment.turn_and_flip(images, generator(), flip=0.0), images, atol=1e-5)


def test_a_square_turned_by_90_degrees_is_turned_and_not_sheared(monkeypatch):
    square = torch.rand(1, 3, 16, 16, generator=generator())
    monkeypatch.setattr(augment, "_uniform", lambda n, amount, *_: torch.full((n,), float(amount)))
    turned = augment.turn_and_flip(square, generator(), degrees=90, flip=0.0)
    assert any(torch.allclose(turned, square.rot90(k, (2, 3)), atol=1e-4) for k in (1, 3))


def test_originals_of_one_name_get_a_copy_each(tmp_path):
    names = ["a/b_1.jpg", "a_b/1.jpg", "a/B_1.png", "c/1.jpg"]
    paths = [str(paint(tmp_path / name, number)) for number, name in enumerate(names)]
    table = pd.DataFrame({"path": paths, "name": names, "label": ["a", "b", "a", "c"], "split": "train", "group": 0})
    digests = [catalogue.digest(path) for path in paths]
    table = table.assign(status="labelled", digest=digests, subject="", sequence="", why="", taken="")
    added = augment.write_copies(table, tmp_path / "data", 2)
    copies = added[added.status == "augmented"]
    assert copies.path.nunique() == 4
    assert [catalogue.digest(path) for path in copies.path] == copies.digest.tolist()


def test_copies_go_into_the_training_split_only(har_folder, tmp_path):
    table = splits.honest(catalogue.read(har_folder), (40, 10, 10))
    added = augment.write_copies(table, tmp_path / "data", 4)
    copies = added[added.status == "augmented"]
    assert copies.groupby("label").size().eq(4).all() and (copies.split == "train").all()
    assert copies.name.str.endswith("_augmented.jpg").all()
    originals = table[table.split == "train"]
    assert set(copies.group) <= set(originals.group)
    assert not set(copies.group) & set(table.group[table.split.isin(["validation", "test"])])
    assert added[: len(table)].path.tolist() == table.path.tolist()


def test_copies_differ_from_their_originals_and_repeat(har_folder, tmp_path):
    table = splits.honest(catalogue.read(har_folder), (40, 10, 10))
    first = augment.write_copies(table, tmp_path / "a", 4, seed=1)
    again = augment.write_copies(table, tmp_path / "b", 4, seed=1)
    assert first.digest.tolist() == again.digest.tolist()
    copy = first[first.status == "augmented"].iloc[0]
    original = table[(table.group == copy.group) & (table.split == "train")].iloc[0]
    with Image.open(copy.path) as a, Image.open(original.path) as b:
        assert a.size == b.size and not np.array_equal(np.asarray(a), np.asarray(b))


def test_crops_come_out_at_the_side_asked_for_and_stay_in_range(images):
    for side in (8, 16, 24):
        changed = augment.crops(images, generator(), side)
        assert changed.shape == (6, 3, side, side) and changed.min() >= 0 and changed.max() <= 1
    assert torch.equal(augment.crops(images, generator(3), 16), augment.crops(images, generator(3), 16))
    assert not torch.equal(augment.crops(images, generator(3), 16), augment.crops(images, generator(4), 16))


def test_a_crop_is_a_part_of_the_picture():
    ramp = torch.linspace(0, 1, 64).expand(1, 3, 64, 64).repeat(50, 1, 1, 1)  # grey from left to right
    changed = augment.crops(ramp, generator(), 32).mean((1, 2))  # (50, 32)
    spans = (changed[:, -1] - changed[:, 0]).abs()
    assert 0.3 < spans.min() < 0.6 and spans.max() < 1.3 and spans.std() > 0.05
    rising = (changed[:, -1] > changed[:, 0]).float().mean()
    assert 0.25 < rising < 0.75  # half are mirrored


def test_no_pictures_are_changed_to_none(images):
    for name, change in augment.ON_THE_FLY.items():
        assert change(images[:0, :, :, :20], generator()).shape == (0, 3, 20, 20), name  # crops are squares
