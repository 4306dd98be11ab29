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


def test_a_pie_has_a_slice_a_class():
    assert len(plots.class_pie(published.class_counts().train, "t").patches) == 15


def test_live_curves_leave_one_figure_in_a_notebook(tmp_path):
    code = (
        "from harkit import plots\nlive = plots.LiveCurves('t', 2, seconds=0)\n"
        "for step in range(1, 7):\n    live.add(step / 3, train_loss=3 - step / 3, train_accuracy=step / 10)\n"
        "live.add(2, validation_accuracy=0.5)\nlive.close()"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = notebook.cells[0].outputs
    assert [output.output_type for output in outputs] == ["display_data"]
    assert "image/png" in outputs[0].data


def test_live_curves_draw_nothing_outside_a_notebook():
    live = plots.LiveCurves("t", 1)
    live.add(0.5, train_loss=1.0)
    live.close()
    assert live.handle is None and not plt.get_fignums()
