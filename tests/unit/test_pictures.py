import io
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from harkit import catalogue, decoding, pictures, precision, splits
from harkit.decoding import decode_upload
from harkit.pictures import Batches, PictureSet
from harkit.settings import InputError


@pytest.fixture
def table(har_folder):
    return splits.used(splits.honest(catalogue.read(har_folder), (40, 10, 10)))


@pytest.fixture
def chosen(table, tmp_path):
    return PictureSet(table, 32, tmp_path / "cache", ["calling", "cycling", "running"])


def test_rows_hold_their_own_picture_and_label(table, chosen):
    for i in (0, 17, 42):
        assert np.array_equal(chosen[i], decoding.decode(table.path[i], 32))
        assert ["calling", "cycling", "running"][chosen.labels[i]] == table.label[i]


def test_a_picture_is_decoded_once(table, tmp_path, monkeypatch):
    PictureSet(table, 32, tmp_path / "cache")
    monkeypatch.setattr(decoding, "decode", lambda *_: pytest.fail("decoded again"))
    assert len(PictureSet(table, 32, tmp_path / "cache")) == len(table)
    assert len(list((tmp_path / "cache").iterdir())) == 1


@pytest.mark.parametrize("keep", [0, 40, 0.7])
def test_a_cut_cache_is_made_anew(table, tmp_path, keep):
    whole = PictureSet(table, 32, tmp_path / "cache")
    pixels = np.array(whole.pixels)
    path = next((tmp_path / "cache").iterdir())
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: keep if isinstance(keep, int) else int(keep * len(content))])
    assert np.array_equal(PictureSet(table, 32, tmp_path / "cache").pixels, pixels)


def test_a_broken_picture_stops_training_but_not_a_submission(table, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8 cut")
    table.loc[3, ["path", "digest"]] = str(broken), catalogue.digest(broken)
    with pytest.raises(InputError, match=r"broken\.jpg"):
        PictureSet(table, 32, tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())
    blank = PictureSet(table, 32, tmp_path / "cache", blank=True)
    assert len(blank) == len(table) and not blank[3].any() and blank[4].any()


@pytest.mark.parametrize("few", [1, 32 * 32 * 5, 2**17])
def test_images_are_what_torchvision_makes_of_the_pixels(chosen, monkeypatch, few):
    monkeypatch.setattr(pictures, "AT_ONCE", few)
    plain = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(*pictures.IMAGENET)])
    expected = torch.stack([plain(np.array(chosen[i])) for i in range(len(chosen))])
    for change in (None, lambda images, generator: images):
        batches = Batches(chosen, 16, augment=change, normalisation=pictures.IMAGENET)
        assert torch.allclose(torch.cat([images for images, _ in batches]), expected, atol=1e-5)


def test_parts_share_pixels_and_keep_rows(table, chosen):
    part = chosen.part("test")
    assert len(part) == (table.split == "test").sum()
    assert part.pixels is chosen.pixels
    assert np.array_equal(part[0], decoding.decode(part.catalogue.path[0], 32))


@pytest.mark.parametrize("batch_size", [1, 7, 59, 60, 64])
def test_each_picture_comes_once_an_epoch(chosen, batch_size):
    batches = Batches(chosen, batch_size, seed=3)
    labels = [labels for _, labels in batches]
    assert len(labels) == len(batches)
    assert sorted(torch.cat(labels).tolist()) == sorted(chosen.labels.tolist())
    assert batch_size == 1 or min(map(len, labels)) > 1  # batch normalisation needs two


def test_order_is_new_each_epoch_and_the_same_again(chosen):
    def order(epoch, seed):
        batches = Batches(chosen, 16, seed=seed)
        batches.epoch = epoch
        return torch.cat([images.mean((1, 2, 3)) for images, _ in batches])

    assert torch.equal(order(2, 0), order(2, 0))
    assert not torch.equal(order(2, 0), order(3, 0))
    assert not torch.equal(order(2, 0), order(2, 1))


def test_without_a_seed_rows_keep_their_order(chosen):
    assert torch.cat([labels for _, labels in Batches(chosen, 16)]).tolist() == chosen.labels.tolist()


def test_pixels_are_normalised_as_published(chosen):
    images, _ = next(iter(Batches(chosen, 4)))
    by_hand = (chosen[0].astype(np.float32) / 255 - 0.5) / 0.5
    assert images.shape == (4, 3, 32, 32) and images.dtype == torch.float32
    assert np.allclose(images[0].permute(1, 2, 0), by_hand, atol=1e-5)


def test_no_pictures_are_refused(table, tmp_path):
    with pytest.raises(InputError, match="no pictures"):
        PictureSet(table[:0], 32, tmp_path)


@pytest.mark.parametrize("n", [1, 2, 5, 100])
def test_the_pieces_of_an_epoch_are_the_epoch(table, tmp_path, n):
    pictures = PictureSet(table, 16, tmp_path / "cache", ["calling", "cycling", "running"])
    batches = Batches(pictures, 8, seed=3)
    batches.epoch = 2
    whole = [labels for _, labels in batches]
    pieces = batches.pieces(n)
    assert len(pieces) == -(-len(batches) // n)
    last_first = [[labels for _, labels in piece] for piece in reversed(pieces)][::-1]  # each can be had alone
    again = [labels for piece in last_first for labels in piece]
    assert all(torch.equal(a, b) for a, b in zip(whole, again, strict=True))


@pytest.mark.parametrize(
    "content, sentence",
    [(b"no picture", "notes.jpg can't be read"), (b"", "notes.jpg can't be read"), (None, "50 million pixels")],
    ids=["text", "empty", "bomb"],
)
def test_an_upload_that_is_no_picture_or_a_bomb_gets_a_sentence_with_its_name(content, sentence):
    if content is None:
        out = io.BytesIO()
        Image.new("L", (8000, 8000)).save(out, "PNG")
        content = out.getvalue()
    with pytest.raises(InputError, match=sentence):
        decode_upload(io.BytesIO(content), "notes.jpg", 32)


def test_an_upload_is_decoded_as_in_training(tmp_path):
    Image.effect_noise((90, 60), 80).convert("RGB").save(tmp_path / "a.png")
    uploaded = decode_upload(io.BytesIO((tmp_path / "a.png").read_bytes()), "a.png", 32)
    assert (uploaded == decoding.decode(tmp_path / "a.png", 32)).all()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_parts_of_a_batch_are_changed_in_threads_and_each_picture_by_its_own_draw(chosen, monkeypatch, threads):
    def change(pixels, generator):
        seen.append((len(pixels), torch.get_num_threads(), threading.current_thread() is threading.main_thread()))
        return torch.rand(len(pixels), 3, 1, 1, generator=generator).expand(-1, 3, 16, 16).clone()

    def epoch():
        seen.clear()
        with precision.threads_restored():
            torch.set_num_threads(threads)
            batches = [images for images, _ in Batches(chosen, 16, seed=3, augment=change)]
            here, later = torch.get_num_threads(), ThreadPoolExecutor(1).submit(torch.get_num_threads).result()
        assert here == later == threads
        return torch.cat(batches)

    seen = []
    whole = epoch()
    assert {(count, main) for _, count, main in seen} == {(threads, True)}
    monkeypatch.setattr(pictures, "AT_ONCE", 32 * 32 * 5)
    parts = epoch()
    assert {(count, main) for _, count, main in seen} == {(1, False)}
    assert max(count for count, *_ in seen) == 4 and whole.shape == parts.shape == (len(chosen), 3, 16, 16)
    assert torch.equal(parts, epoch())
    for images in (whole, parts):
        assert len(images[:, :, 0, 0].unique(dim=0)) == len(chosen)


def test_what_goes_wrong_in_a_part_is_raised(chosen, monkeypatch):
    monkeypatch.setattr(pictures, "AT_ONCE", 32 * 32)
    with pytest.raises(ZeroDivisionError):
        next(iter(Batches(chosen, 16, augment=lambda pixels, generator: 1 / 0)))


@pytest.mark.parametrize("augment", [None, lambda pixels, generator: pixels / 255])
def test_pixels_that_lie_on_the_device_make_the_same_batches(chosen, monkeypatch, augment):
    train = chosen.part("train")
    far = list(Batches(train, 7, seed=3, augment=augment))
    monkeypatch.setattr(pictures, "_room", lambda device: len(train) * 32 * 32 * 3)
    near = Batches(train, 7, seed=3, augment=augment)
    monkeypatch.setattr(pictures, "_room", lambda device: len(train) * 32 * 32 * 3 - 1)
    assert near.near and not Batches(train, 7).near
    near.pictures.pixels = None  # it needs them no longer
    for (images, labels), (others, same) in zip(far, near, strict=True):
        assert torch.equal(images, others) and torch.equal(labels, same)
