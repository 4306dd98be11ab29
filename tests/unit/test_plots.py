import warnings
from types import SimpleNamespace

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
from nbclient import NotebookClient

from harkit import plots, published

LABELS = list(published.class_counts().index)


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def history():
    epochs = np.arange(1, 6)
    names = ["train_loss", "validation_loss", "train_accuracy", "validation_accuracy", "validation_f1"]
    return pd.DataFrame({"epoch": epochs} | dict.fromkeys(names, epochs / 10))


def draw(name):
    rng = np.random.default_rng(0)
    shares = pd.DataFrame(rng.dirichlet(np.ones(15), 15), LABELS, LABELS)
    sweep = pd.DataFrame({"threshold": [0.1, 0.5, 0.9], "precision": [0, 0.5, 1], "recall": [1, 0.5, 0], "f1": 0.5})
    bars = pd.DataFrame({"name": ["a", "b"], "accuracy": [0.4, 0.5], "low": [0.3, np.nan], "high": [0.5, np.nan]})
    return {
        "class_counts": lambda: plots.class_counts(published.class_counts(), "t"),
        "picture_sizes": lambda: plots.picture_sizes(pd.DataFrame({"width": [2, 3], "height": [3, 4]}), "t"),
        "confusion": lambda: plots.confusion(shares, "t"),
        "accuracy_bars": lambda: plots.accuracy_bars(bars.assign(kind=["baseline", "this run"]), "t"),
        "class_scores": lambda: plots.class_scores(published.report("vgg16"), "t"),
        "threshold_sweep": lambda: plots.threshold_sweep(sweep, 0.5, "t"),
        "histogram": lambda: plots.histogram(rng.normal(size=50), "t", "value"),
    }[name]()


@pytest.mark.parametrize(
    "name",
    ["class_counts", "picture_sizes", "confusion", "accuracy_bars", "class_scores", "threshold_sweep", "histogram"],
)
def test_a_figure_names_its_axes_and_its_finding(name):
    ax = draw(name)
    assert ax.get_title() == "t" and ax.get_xlabel()
    assert ax.get_ylabel() or name == "accuracy_bars"  # its rows name themselves


def test_class_names_come_from_the_data():
    ax = draw("confusion")
    assert [text.get_text().replace(" ", "_") for text in ax.get_xticklabels()] == LABELS


def test_learning_curves_show_both_parts():
    figure = plots.learning_curves(history(), "t")
    assert [len(ax.lines) for ax in figure.axes] == [2, 3]
    assert all(ax.get_xlabel() == "epoch" and ax.get_ylabel() for ax in figure.axes)


@pytest.mark.parametrize("count", [1, 4, 5, 11])
def test_a_grid_shows_every_picture_once(count):
    pictures = [np.full((8, 8, 3), i, np.uint8) for i in range(count)]
    figure = plots.picture_grid(pictures, [str(i) for i in range(count)], "t")
    shown = [int(ax.images[0].get_array().max()) for ax in figure.axes if ax.images]
    assert shown == list(range(count))


def test_a_caption_is_black_on_its_colour():
    pictures = [np.zeros((8, 8, 3), np.uint8)] * 2
    figure = plots.picture_grid(pictures, ["wrong", "right"], "t", colours=[plots.ORANGE, "black"])
    wrong, right = (ax.title for ax in figure.axes)
    assert wrong.get_color() == right.get_color() == "black"
    assert wrong.get_bbox_patch() is not None and right.get_bbox_patch() is None


def test_every_jitter_step_shows_its_factor():
    figure = plots.jitter_steps([np.zeros((8, 8, 3), np.uint8)] * 3, [0.5, 1, 1.5], "t")
    assert [ax.get_title() for ax in figure.axes] == ["× 0.5", "× 1", "× 1.5"]
    assert figure.get_suptitle() == "t"


def test_a_pie_has_a_slice_a_class():
    ax = plots.class_pie(published.class_counts().train, "t")
    assert len(ax.patches) == 15 and ax.get_title() == "t"


def test_class_counts_leave_the_sum_out():
    counts = published.class_counts()
    counts.loc["all"] = counts.sum()
    ax = plots.class_counts(counts, "t")
    assert [text.get_text().replace(" ", "_") for text in ax.get_xticklabels()] == LABELS
    assert max(bar.get_height() for bar in ax.patches) == 1001


def test_every_bar_carries_its_value_and_only_whole_intervals_are_drawn():
    bars = pd.DataFrame({"name": ["a", "b", "c"], "accuracy": [0.4, 0.5, 0.6]})
    bars["low"], bars["high"] = [0.3, 0.5, np.nan], [0.5, np.nan, np.nan]
    ax = plots.accuracy_bars(bars.assign(kind="reference"), "t")
    ax.figure.canvas.draw()
    assert [text.get_text() for text in ax.texts] == ["60.0", "50.0", "40.0"]
    assert all(np.isfinite(text.get_position()).all() for text in ax.texts)
    drawn = [segment for segment in ax.collections[0].get_segments() if np.isfinite(segment).all() and len(segment)]
    assert len(drawn) == 1


def test_bars_without_intervals_do_not_speak_of_them():
    ax = plots.accuracy_bars(pd.DataFrame({"name": ["a"], "accuracy": [0.4]}), "t")
    assert "interval" not in ax.get_xlabel()


def test_small_shares_are_left_out_of_a_large_matrix_but_not_of_a_small_one():
    shares = pd.DataFrame(0.005, LABELS, LABELS)
    shares.loc["calling", "calling"] = 0.93
    assert [text.get_text() for text in plots.confusion(shares, "t").texts if text.get_text()] == ["93"]
    two = pd.DataFrame([[0.996, 0.004], [0.2, 0.8]], ["non_fall", "fall"], ["non_fall", "fall"])
    assert [text.get_text() for text in plots.confusion(two, "t").texts] == ["100", "0", "20", "80"]


def test_a_network_keeps_its_colour():
    scores = pd.DataFrame({"resnet, as published": [0.5, 0.6], "ResNet, improved": [0.7, 0.8]}, ["a", "b"])
    colours = [tuple(points.get_facecolor()[0]) for points in plots.class_scores(scores, "t").collections[1:]]
    assert colours[0] == colours[1] == matplotlib.colors.to_rgba(plots.NETWORK["resnet"])


@pytest.mark.parametrize("size", [(275, 183), (183, 275), (64, 64)])
def test_the_note_on_the_commonest_size_stays_inside(size):
    sizes = pd.DataFrame([size] * 9 + [(183, 275), (275, 183), (150, 150)], columns=["width", "height"])
    ax = plots.picture_sizes(sizes, "t")
    ax.figure.canvas.draw()
    note, frame = ax.texts[0].get_window_extent(), ax.figure.bbox
    assert note.x0 >= frame.x0 and note.x1 <= frame.x1 and note.y1 <= frame.y1
    assert ax.get_position().width > 0.7  # a note that runs out makes the axes narrow


def test_one_epoch_has_a_whole_number():
    ax = plots.learning_curves(history().head(1), "t").axes[0]
    assert all(float(tick).is_integer() for tick in ax.get_xticks())


def test_live_curves_leave_one_figure_in_a_notebook(tmp_path):
    code = (
        "from harkit import plots\nlive = plots.LiveCurves('t', 2, seconds=0)\n"
        "for step in range(1, 7):\n    live.add(step / 3, train_loss=3 - step / 3, train_accuracy=step / 10)\n"
        "live.add(2, validation_accuracy=0.5)\nlive.close()\n"
        "import sys\nassert 'torch' not in sys.modules  # lesson 1 does without its 400 MB"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = notebook.cells[0].outputs
    assert [output.output_type for output in outputs] == ["display_data"]
    assert "image/png" in outputs[0].data


def test_the_first_point_is_seen_without_a_warning():
    live = plots.LiveCurves("t", 1)
    live.add(0.2, train_loss=2.7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        left, right = live._figure().axes
    assert left.lines[0].get_marker() == "." and not right.lines


@pytest.mark.parametrize(("drawing", "times"), [(0.1, [0, 3, 6, 9, 12]), (0.5, [0, 6, 12])])
def test_live_curves_leave_nine_tenths_of_the_time_to_learning(monkeypatch, drawing, times):
    now, drawn = 100.0, []

    def slow(figure, display_id):
        nonlocal now
        drawn.append(now - 100)
        now += drawing
        return SimpleNamespace(update=lambda figure: slow(figure, True))

    monkeypatch.setattr(plots, "get_ipython", lambda: "a notebook")
    monkeypatch.setattr(plots, "display", slow)
    monkeypatch.setattr(plots.time, "monotonic", lambda: now)
    live = plots.LiveCurves("t", 1)
    for second in range(15):
        now = max(now, 100.0 + second)
        live.add(second / 15, train_loss=1.0)
    assert drawn == times


def test_live_curves_draw_nothing_outside_a_notebook():
    live = plots.LiveCurves("t", 1)
    live.add(0.5, train_loss=1.0)
    live.close()
    assert live.handle is None and not plt.get_fignums()
