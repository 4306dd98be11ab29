"""The widgets, driven as a hand would: by setting values and pressing buttons."""

import io
from pathlib import Path

import ipywidgets as widgets
import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from harkit import catalogue as catalogues
from harkit import evaluation, explore, splits, training

PNG = b"\x89PNG"


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    assert plt.get_fignums() == []


def find(box, kind) -> list:
    """All widgets of a kind inside a box, in order."""
    found = [box] if isinstance(box, kind) else []
    for child in getattr(box, "children", ()):
        found += find(child, kind)
    return found


@pytest.fixture
def pictures(class_folders):
    return splits.honest(catalogues.read(class_folders), (24, 8, 8))


@pytest.fixture
def predictions(pictures):
    rows = splits.part(pictures, "train")
    predicted = np.where(np.arange(len(rows)) % 3 == 0, "running", rows.label)
    p = np.linspace(0.5, 1, len(rows))
    return rows[["path", "name", "label"]].assign(
        predicted=predicted, p_calling=np.where(predicted == "calling", p, 1 - p),
        p_running=np.where(predicted == "running", p, 1 - p),
    )  # fmt: skip


def test_the_browser_shows_the_class_and_part_that_are_chosen(pictures):
    box = explore.browse(pictures)
    label, part = find(box, widgets.SelectionSlider)
    said, picture = find(box, widgets.HTML)[0], find(box, widgets.Image)[0]
    before = picture.value
    assert bytes(before).startswith(PNG)
    label.value, part.value = "running", "validation"
    expected = ((pictures.label == "running") & (pictures.split == "validation")).sum()
    assert said.value.startswith(f"{expected} pictures") and picture.value != before


def test_the_browser_turns_pages(pictures):
    box = explore.browse(pictures)
    page, picture = find(box, widgets.BoundedIntText)[0], find(box, widgets.Image)[0]
    before = picture.value
    assert page.max == 2  # 20 pictures
    page.value = 2
    assert picture.value != before
    find(box, widgets.SelectionSlider)[0].value = "running"
    assert page.value == 1


def test_each_augmentation_slider_changes_the_picture_and_reset_brings_it_back(pictures):
    box = explore.augmentation(pictures.path[0])
    picture = find(box, widgets.Image)[0]
    reset, draw = find(box, widgets.Button)
    plain = picture.value
    for slider in find(box, widgets.FloatSlider):
        slider.value = slider.max
        assert picture.value != plain, slider.description
        reset.click()
        assert picture.value == plain, slider.description
    find(box, widgets.Checkbox)[0].value = True
    assert picture.value != plain
    draw.click()
    assert bytes(picture.value).startswith(PNG)


def test_a_cell_of_the_matrix_shows_its_pictures_by_button_and_by_slider(predictions):
    box = explore.confusion(predictions)
    said = find(box, widgets.HTML)[-1]
    count = ((predictions.label == "calling") & (predictions.predicted == "running")).sum()
    assert said.value.startswith(f"{count} of"), "it opens on the largest mistake"
    button = next(b for b in find(box, widgets.Button) if b.tooltip.startswith("running, called running"))
    button.click()
    truth, answer = find(box, widgets.SelectionSlider)
    assert (truth.value, answer.value) == ("running", "running")
    by_button = find(box, widgets.Image)[0].value
    truth.value = "calling"
    truth.value = "running"
    assert find(box, widgets.Image)[0].value == by_button
    answer.value = "calling"
    assert said.value.startswith("0 of") and bytes(find(box, widgets.Image)[0].value) == b""


def test_the_threshold_shows_what_the_sweep_computes():
    rng = np.random.default_rng(0)
    label = np.where(rng.random(60) < 0.4, "fall", "non_fall")
    p = np.clip(0.3 * (label == "fall") + 0.7 * rng.random(60), 0, 1)
    predictions = pd.DataFrame({"label": label, "p_fall": p, "p_non_fall": 1 - p})
    box = explore.threshold(predictions, frames_per_second=10)
    slider, said = find(box, widgets.FloatSlider)[0], find(box, widgets.HTML)[0]
    for value in (0.0, 0.35, 0.8, 1.0):
        slider.value = value
        now = evaluation.sweep(predictions, thresholds=[value]).iloc[0]
        assert f"precision {now.precision:.2f} · recall {now.recall:.2f} · F1 {now.f1:.2f}" in said.value
    assert "0 of" in said.value and "0 false rings" in said.value


def as_version(version: int, name: str, content: bytes):
    """What FileUpload holds after an upload, in ipywidgets 7 and 8."""
    if version == 7:
        return {name: {"metadata": {"name": name}, "content": content}}
    return ({"name": name, "type": "image/jpeg", "size": len(content), "content": memoryview(content)},)


@pytest.fixture
def run(pictures, config, tmp_path):
    return training.fit(
        pictures, tmp_path / "run", "resnet", "improved", side=32, width=4, epochs=1, cache=config.data / "decoded"
    )


@pytest.mark.parametrize("version", [7, 8])
def test_an_uploaded_picture_gets_the_answer_that_evaluate_gives(version, run, pictures, config):
    path = pictures.path[5]
    content = Path(path).read_bytes()
    ((name, given),) = explore._uploaded(as_version(version, "mine.jpg", content))
    table, picture = explore._answer(run, name, given)
    expected = evaluation.predict(run, catalogues.single_files([path]), config.data / "decoded").iloc[0]
    assert table.startswith(f"<table><tr><td>{expected.predicted}</td>") and picture.startswith(PNG)
    assert f"{100 * expected[f'p_{expected.predicted}']:.1f} %" in table


@pytest.mark.parametrize("content", [b"", b"some text", b"\xff\xd8\xff\xe0 broken off"])
def test_what_is_no_picture_gets_a_sentence(run, content):
    box = explore.try_picture(run)
    with pytest.raises(explore.InputError, match=r"mine\.jpg can't be read as a picture"):
        explore._answer(run, "mine.jpg", content)
    assert "stays on this machine" in find(box, widgets.HTML)[0].value


def test_a_picture_that_is_far_too_large_is_refused_before_it_is_decoded(run):
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, format="PNG")
    with pytest.raises(explore.InputError, match="more than 50 million pixels"):
        explore._answer(run, "bomb.png", out.getvalue())
