"""Every figure that the lessons show. Draws only, computes nothing; the lesson calls plt.show()."""

import time

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython import get_ipython
from IPython.core.pylabtools import print_figure
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from harkit.catalogue import as_seen, open_picture

# Okabe and Ito (2008): eight colours that the colour-blind can tell apart.
BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#8A8A8A"
PART = {"train": BLUE, "validation": ORANGE, "test": GREEN}
KIND = {"baseline": GREY, "published": ORANGE, "this run": BLUE, "reference": PURPLE}
NETWORK = {"vgg16": "#D55E00", "resnet": "#56B4E9", "resnet50": PURPLE, "efficientnet_lite0": GREEN}


def class_counts(counts: pd.DataFrame, title: str, ax: Axes | None = None) -> Axes:
    """Bars of pictures a class, one colour a split: rows labels, columns train, validation, test."""
    ax = ax or _axes((9, 4.6))
    table = counts.drop(index="all", errors="ignore")
    table.plot.bar(ax=ax, color=[PART.get(c, GREY) for c in table], width=0.8)
    ax.set(xlabel="class", ylabel="pictures", title=title)
    names, many = [name.replace("_", " ") for name in table.index], len(table) > 4
    ax.set_xticks(range(len(table)), names, rotation=45 if many else 0, ha="right" if many else "center")
    ax.legend(frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.08))
    return _tidy(ax, grid="y")


def class_pie(counts: pd.Series, title: str, ax: Axes | None = None) -> Axes:
    """The published pie chart: one slice a class."""
    from seaborn import color_palette  # here: the first figure of a lesson does not wait for it

    ax = ax or _axes((7, 5.5))
    ax.pie(counts, labels=counts.index.str.replace("_", " "), autopct="%.1f%%", pctdistance=0.82, textprops={"size": 9},
           colors=color_palette("husl", len(counts)), wedgeprops={"edgecolor": "white"})  # fmt: skip
    ax.set_title(title)
    return ax


def picture_sizes(catalogue: pd.DataFrame, title: str, ax: Axes | None = None) -> Axes:
    """One circle for each width × height, as large as the number of pictures that have it."""
    ax = ax or _axes((7, 4.5))
    sizes = catalogue.groupby(["width", "height"]).size().rename("n").reset_index()
    ax.scatter(sizes.width, sizes.height, s=12 + 900 * sizes.n / sizes.n.max(), alpha=0.5, color=BLUE)
    most = sizes.loc[sizes.n.idxmax()]
    right, high = most.width > sizes.width.max() / 1.3, most.height > sizes.height.max() / 1.3
    ax.annotate(f"{most.width}×{most.height}: {most.n} pictures", (most.width, most.height), textcoords="offset points",
                xytext=(-25 if right else 25, -35 if high else 35), ha="right" if right else "left",
                arrowprops={"arrowstyle": "-"}, bbox={"facecolor": "white", "edgecolor": "none"})  # fmt: skip
    ax.margins(0.12)  # no circle is cut off
    ax.set(xlabel="width (pixels)", ylabel="height (pixels)", title=title)
    return _tidy(ax, grid="both")


def picture_grid(pictures, captions=None, title: str = "", columns: int = 5, side: float = 1.6, colours=None) -> Figure:
    """Pictures in rows: paths, PIL images or (H, W, 3) uint8 arrays, captions above, marked by `colours`."""
    pictures = [_pixels(picture) for picture in pictures]
    columns = max(1, min(columns, len(pictures)))
    rows = -(-len(pictures) // columns)
    tallest = min(1.0, max(picture.shape[0] / picture.shape[1] for picture in pictures))
    lines = 0 if captions is None else 1 + max(str(caption).count("\n") for caption in captions)
    size = (columns * side, rows * (side * tallest + 0.17 * lines + 0.06) + (0.35 if title else 0.05))
    figure = plt.figure(figsize=size, FigureClass=PictureFigure, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for i, ax in enumerate(axes.flat):
        ax.set_axis_off()
        ax.set_anchor("N")  # the captions of a row stand on one line
        if i < len(pictures):
            ax.imshow(pictures[i])
            if captions is not None:
                caption = ax.set_title(captions[i], fontsize=9)
                if colours is not None and colours[i] != "black":  # behind the letters, which stay readable
                    caption.set_bbox({"facecolor": colours[i], "alpha": 0.45, "edgecolor": "none", "pad": 2})
    figure.suptitle(title)
    _store_as_jpeg()
    return figure


def jitter_steps(pictures, factors, title: str) -> Figure:
    """One picture changed by several factors, side by side, the factor above each."""
    return picture_grid(pictures, [f"× {factor:g}" for factor in factors], title, columns=len(factors), side=1.8)


class PictureFigure(Figure):
    """A figure full of pictures. A notebook stores it as JPEG, in a tenth of the bytes of a PNG."""


class LiveCurves:
    """A plot that grows while a network learns: `add(epoch, **series)` as often as you like, `close()` at the end.

    Series with "loss" in their name go to the left panel, the others (shares, 0…1) to the right one.
    """

    def __init__(self, title: str, epochs: int, seconds: float = 2.0):
        self.title, self.epochs, self.seconds = title, epochs, seconds
        self.points: dict[str, list[tuple[float, float]]] = {}
        self.handle, self.next = None, 0.0

    def add(self, epoch: float, **series: float) -> None:
        """New points at `epoch` (a fraction inside an epoch); redraws at most every `seconds`, on a slow machine less
        often: a tenth of the time for drawing, the rest is for learning."""
        for name, value in series.items():
            self.points.setdefault(name, []).append((epoch, value))
        if time.monotonic() > self.next:
            self._draw()

    def close(self) -> None:
        """Draw the last points."""
        self._draw()

    def _draw(self) -> None:
        if get_ipython() is None or not self.points:
            return
        started, figure = time.monotonic(), self._figure()
        if self.handle is None:
            self.handle = display(figure, display_id=True)
        else:
            self.handle.update(figure)
        plt.close(figure)
        ended = time.monotonic()
        self.next = ended + max(self.seconds, 10 * (ended - started))

    def _figure(self) -> Figure:
        figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), subplot_kw={"xlim": (0, 1.03 * self.epochs)})
        for name, points in self.points.items():
            ax = axes[0 if "loss" in name else 1]
            style = {"marker": "o", "linestyle": "--"} if "validation" in name else {"marker": "."}
            style["color"] = PART.get(name.split("_")[0], GREEN)
            ax.plot(*zip(*points, strict=True), label=name.replace("_", " "), **style)
        return _against_epochs(figure, self.title)


def learning_curves(history: pd.DataFrame, title: str) -> Figure:
    """Loss and accuracy (and F1, where the history has it) by epoch, training and validation."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.6))
    size = 6 if len(history) <= 20 else 3
    for ax, measure in zip(axes, ("loss", "accuracy"), strict=True):
        for part, style in (("train", "-o"), ("validation", "--s")):
            ax.plot(history.epoch, history[f"{part}_{measure}"], style, color=PART[part], label=part, ms=size)
    if "validation_f1" in history:
        axes[1].plot(history.epoch, history.validation_f1, ":^", color=PURPLE, label="validation, weighted F1", ms=size)
    return _against_epochs(figure, title)


def _against_epochs(figure: Figure, title: str) -> Figure:
    figure.axes[0].set(xlabel="epoch", ylabel="loss (nats)", title="loss")
    figure.axes[1].set(xlabel="epoch", ylabel="share (0 to 1)", title="accuracy", ylim=(0, 1))
    for ax in figure.axes:
        ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        if ax.lines:
            ax.legend(frameon=False)
        _tidy(ax, grid="y")
    figure.suptitle(title)
    figure.tight_layout()
    return figure


def confusion(matrix: pd.DataFrame, title: str, cmap: str = "PuBu", ax: Axes | None = None) -> Axes:
    """A row-normalised confusion matrix in per cent: rows the true class, columns the predicted one."""
    from seaborn import heatmap

    large = len(matrix) > 5
    ax = ax or _axes((9, 7.6) if large else (4.6, 4))
    percent = 100 * matrix
    labels = percent.map(lambda value: f"{value:.0f}" if value >= 1 or not large else "")
    names = [name.replace("_", " ") for name in matrix.index]
    heatmap(percent, annot=labels, fmt="", cmap=cmap, vmin=0, vmax=100, square=True, ax=ax, xticklabels=names,
            yticklabels=names, linewidths=0.5, cbar_kws={"label": "share of the true class (%)", "shrink": 0.8},
            annot_kws={"fontsize": 10 if large else 14})  # fmt: skip
    ax.set(xlabel="predicted class", ylabel="true class", title=title)
    ax.tick_params(axis="y", rotation=0)
    ax.set_xticks(ax.get_xticks(), names, rotation=45 if large else 0, ha="right" if large else "center")
    return ax


def accuracy_bars(table: pd.DataFrame, title: str, ax: Axes | None = None) -> Axes:
    """Accuracies with their intervals: columns name, accuracy, low, high, kind (see KIND); the first row on top."""
    ax = ax or _axes((8.5, 0.45 * len(table) + 1.6))
    rows = table.iloc[::-1].reset_index(drop=True).reindex(columns=["name", "accuracy", "low", "high", "kind"])
    rows = rows.astype({"accuracy": float, "low": float, "high": float, "kind": object}).fillna({"kind": "this run"})
    for kind, part in rows[::-1].groupby("kind", sort=False):
        ax.barh(part.index, 100 * part.accuracy, height=0.65, color=KIND.get(kind, BLUE), label=kind)
    ax.hlines(rows.index, 100 * rows.low, 100 * rows.high, color="black", linewidth=2)
    box = dict(facecolor="white", edgecolor="none", pad=0.5)  # over a line that the lesson draws through all bars
    for i, end in rows[["accuracy", "high"]].max(axis=1).items():
        ax.text(100 * end + 1, i, f"{100 * rows.accuracy[i]:.1f}", va="center", bbox=box)
    ax.set_yticks(range(len(rows)), rows.name)
    note = "; black line: 95 % interval" if rows.high.notna().any() else ""
    ax.set(xlabel="accuracy (% of pictures)" + note, title=title, xlim=(0, 105))
    if rows.kind.nunique() > 1:
        ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return _tidy(ax, grid="x")


def class_scores(scores: pd.DataFrame, title: str, ax: Axes | None = None, xlabel: str = "F1") -> Axes:
    """One row a class, sorted by mean; one marker a column, in the colour of the network before its comma."""
    ax = ax or _axes((8, 0.32 * len(scores) + 1.6))
    rows = scores.loc[scores.mean(axis=1).sort_values().index]
    ax.hlines(range(len(rows)), rows.min(axis=1), rows.max(axis=1), color="lightgrey", linewidth=2, zorder=1)
    for i, name in enumerate(rows):  # markers shrink, so that none hides another
        colour = NETWORK.get(name.split(",")[0].lower(), [BLUE, ORANGE, GREEN, PURPLE, GREY][i % 5])
        ax.scatter(rows[name], range(len(rows)), s=130 / (1 + 0.4 * i), label=name, marker="os^Dv"[i % 5],
                   color=colour, edgecolor="white", linewidth=0.6, zorder=2)  # fmt: skip
    ax.set_yticks(range(len(rows)), [str(name).replace("_", " ") for name in rows.index])
    ax.set(xlabel=xlabel, ylabel="class", title=title, xlim=(-0.02, 1.02))
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return _tidy(ax, grid="x")


def threshold_sweep(sweep: pd.DataFrame, chosen: float, title: str, ax: Axes | None = None) -> Axes:
    """Precision, recall and F1 against the threshold; a line at the chosen one."""
    ax = ax or _axes((7.5, 4.2))
    for name, colour, style in (("precision", BLUE, "--"), ("recall", ORANGE, ":"), ("f1", GREEN, "-")):
        ax.plot(sweep.threshold, sweep[name], style, color=colour, linewidth=2, label="F1" if name == "f1" else name)
    ax.axvline(chosen, color="black", linewidth=1, label=f"chosen: {chosen:.2f}")
    ax.set(xlabel="threshold on the probability of a fall", ylabel="score", title=title, ylim=(0, 1.02))
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return _tidy(ax, grid="both")


def histogram(values, title: str, xlabel: str, ylabel: str = "pictures", ax: Axes | None = None, bins=40) -> Axes:
    """How often each value occurs."""
    ax = ax or _axes((7, 3.6))
    ax.hist(np.asarray(values).ravel(), bins=bins, color=BLUE)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    return _tidy(ax, grid="y")


def _store_as_jpeg() -> None:
    if get_ipython() is not None:
        formatters, options = get_ipython().display_formatter.formatters, {"quality": 85, "optimize": True}
        formatters["image/png"].for_type(PictureFigure, lambda figure: None)
        formatters["image/jpeg"].for_type(PictureFigure, lambda f: print_figure(f, "jpeg", pil_kwargs=options))


def _axes(size: tuple[float, float]) -> Axes:
    return plt.subplots(figsize=size, layout="constrained")[1]


def _tidy(ax: Axes, grid: str) -> Axes:
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis=grid, alpha=0.3)
    ax.set_axisbelow(True)
    return ax


def _pixels(picture) -> np.ndarray:
    if isinstance(picture, np.ndarray | Image.Image):
        return np.asarray(picture)
    with open_picture(picture) as image:
        return np.asarray(as_seen(image))
