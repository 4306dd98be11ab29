"""Widgets for the lessons: browse, augment, look into a confusion matrix, move a threshold, try a picture of your own.

The only module that imports ipywidgets; what is shown comes from the other modules. Works with ipywidgets 7.7.1 and 8.
Every control can be reached by Tab and moved by the arrow keys. There are no drop-down lists: JupyterLab takes their
arrow keys for itself and goes on to the next cell.
"""

import html
import io
from pathlib import Path

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from PIL import Image

from harkit import augment, evaluation, gradcam, plots, runs
from harkit.catalogue import as_seen, open_picture
from harkit.decoding import decode_upload
from harkit.settings import InputError

PAGE = 10  # pictures shown at once
WIDE = {"description_width": "initial"}


def browse(catalogue: pd.DataFrame) -> widgets.Widget:
    """Page through the labelled pictures of a class, and of a part where there is a split."""
    rows = catalogue[catalogue.status == "labelled"]
    label = widgets.SelectionSlider(options=sorted(rows.label.unique()), description="class", style=WIDE)
    parts = [part for part in ("train", "validation", "test") if (rows.split == part).any()] if "split" in rows else []
    part = widgets.SelectionSlider(options=["all", *parts], description="part", style=WIDE)
    page = widgets.BoundedIntText(value=1, min=1, max=1, description="page", style=WIDE)
    picture, said = widgets.Image(format="png"), widgets.HTML()

    def show(*_) -> None:
        chosen = rows[(rows.label == label.value) & (True if part.value == "all" else rows.split == part.value)]
        page.max = max(1, -(-len(chosen) // PAGE))
        here = chosen.iloc[(page.value - 1) * PAGE : page.value * PAGE]
        said.value = f"{len(chosen)} pictures, page {page.value} of {page.max}"
        if here.empty:
            return _put(picture, b"")
        captions = [f"{Path(row.path).name}\n{row.width} × {row.height}" for row in here.itertuples()]
        _put(picture, _png(plots.picture_grid(list(here.path), captions, f"{label.value}, {part.value}", side=1.7)))

    def first_page(*_) -> None:
        page.value = 1
        show()

    label.observe(first_page, "value")
    part.observe(first_page, "value")
    page.observe(show, "value")
    show()
    return widgets.VBox([widgets.HBox([label, part, page]), said, picture])


def augmentation(picture: Path | str | Image.Image) -> widgets.Widget:
    """Sliders for brightness, contrast, saturation, hue, turn and mirror; the changed picture beside the original."""
    from torchvision.transforms.v2 import functional

    image = as_seen(picture if isinstance(picture, Image.Image) else open_picture(picture))
    image.thumbnail((256, 256))
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255  # (1, 3, H, W)
    sliders = {
        name: widgets.FloatSlider(value=value, min=low, max=high, step=step, description=name, style=WIDE)
        for name, value, low, high, step in (
            ("brightness", 1, 0, 2, 0.1), ("contrast", 1, 0, 2, 0.1), ("saturation", 1, 0, 2, 0.1),
            ("hue", 0, -0.5, 0.5, 0.05), ("turn, degrees", 0, -45, 45, 5),
        )
    }  # fmt: skip
    mirror = widgets.Checkbox(value=False, description="mirror", style=WIDE)
    reset = widgets.Button(description="as it was")
    draw = widgets.Button(description="draw by the recipe", tooltip="the published recipe for the falls")
    shown = widgets.Image(format="png")

    def show(*_) -> None:
        out = pixels
        changes = (augment.blend_black, augment.blend_mean, augment.blend_grey, augment.turn_hue)
        for change, slider in zip(changes, sliders.values(), strict=False):
            out = change(out, torch.tensor([slider.value]))
        out = functional.rotate(out, sliders["turn, degrees"].value)
        shown.value = _pair(out.flip(3) if mirror.value else out)

    def _pair(out: torch.Tensor) -> bytes:
        both = [(255 * i[0].permute(1, 2, 0)).round().byte().numpy() for i in (pixels, out)]
        return _png(plots.picture_grid(both, ["original", "changed"], "Would you still give the same label?", side=3))

    def put_back(*_) -> None:
        for name, slider in sliders.items():
            slider.value = 0 if name in ("hue", "turn, degrees") else 1
        mirror.value = False
        show()

    def by_recipe(*_) -> None:
        shown.value = _pair(augment.published_falls(pixels, torch.Generator().manual_seed(torch.seed() % 2**31)))

    for control in (*sliders.values(), mirror):
        control.observe(show, "value")
    reset.on_click(put_back)
    draw.on_click(by_recipe)
    show()
    return widgets.HBox([widgets.VBox([*sliders.values(), mirror, widgets.HBox([reset, draw])]), shown])


def confusion(predictions: pd.DataFrame) -> widgets.Widget:
    """A confusion matrix whose cell shows its pictures: press a cell, or choose the two classes by the sliders."""
    classes = [column[2:] for column in predictions if column.startswith("p_")]
    counts = pd.crosstab(predictions.label, predictions.predicted).reindex(index=classes, columns=classes, fill_value=0)
    wrong = counts.where(~np.eye(len(classes), dtype=bool), 0).stack()
    start = wrong.idxmax() if wrong.max() else (classes[0], classes[0])
    truth = widgets.SelectionSlider(options=classes, value=start[0], description="truth", style=WIDE)
    answer = widgets.SelectionSlider(options=classes, value=start[1], description="answer", style=WIDE)
    said, picture = widgets.HTML(), widgets.Image(format="png")

    def show(*_) -> None:
        here = predictions[(predictions.label == truth.value) & (predictions.predicted == answer.value)]
        of = int((predictions.label == truth.value).sum())
        said.value = f"{len(here)} of {of} pictures of <b>{truth.value}</b> were called <b>{answer.value}</b>"
        if here.empty:
            return _put(picture, b"")
        here = here.assign(p=here[f"p_{answer.value}"]).nlargest(PAGE, "p")
        captions = [f"{100 * p:.0f} %" for p in here.p]
        title = f"{truth.value}, called {answer.value}: the surest first"
        _put(picture, _png(plots.picture_grid(list(here.path), captions, title, side=1.6)))

    def cell(row: str, column: str) -> widgets.Widget:
        number = int(counts.loc[row, column])
        button = widgets.Button(description=str(number or ""), tooltip=f"{row}, called {column}: {number}")
        button.layout = widgets.Layout(width="32px", height="26px", margin="1px", padding="0px")
        share = number / max(1, counts.loc[row].sum())
        button.style.button_color = plt.matplotlib.colors.to_hex(plt.colormaps["PuBu"](0.7 * share))

        def press(*_) -> None:
            truth.value, answer.value = row, column
            show()

        button.on_click(press)
        return button

    truth.observe(show, "value")
    answer.observe(show, "value")
    rows = [
        widgets.HBox([widgets.Label(row, layout=widgets.Layout(width="130px")), *(cell(row, c) for c in classes)])
        for row in classes
    ]
    upright = "writing-mode:vertical-rl; transform:rotate(180deg); white-space:nowrap; line-height:1; margin-left:9px"
    corner = widgets.HTML("true class ↓<br>answer →", layout=widgets.Layout(width="130px", margin="auto 0 0 0"))
    columns = [
        widgets.HTML(f'<div style="{upright}">{c}</div>', layout=widgets.Layout(width="32px", margin="auto 1px 0 1px"))
        for c in classes
    ]
    show()
    return widgets.VBox([widgets.HBox([corner, *columns]), *rows, widgets.HBox([truth, answer]), said, picture])


def threshold(predictions: pd.DataFrame, frames_per_second: float) -> widgets.Widget:
    """A slider for the threshold on the probability of a fall, and what it means for falls, frames and quiet hours."""
    slider = widgets.FloatSlider(
        value=0.5, min=0, max=1, step=0.01, description="ring above", style=WIDE, layout=widgets.Layout(width="60%")
    )
    said, picture = widgets.HTML(), widgets.Image(format="png")
    curve = evaluation.sweep(predictions, thresholds=np.linspace(0, 1, 51))
    falling = predictions.label == evaluation.FALL
    probability = predictions[f"p_{evaluation.FALL}"]

    def show(*_) -> None:
        now = evaluation.sweep(predictions, thresholds=[slider.value]).iloc[0]
        rings = probability > slider.value
        missed, quiet = int((falling & ~rings).sum()), int((~falling).sum())
        false = int((rings & ~falling).sum())
        hourly = 3600 * frames_per_second * false / max(quiet, 1)
        said.value = (
            f"<b>precision {now.precision:.2f} · recall {now.recall:.2f} · F1 {now.f1:.2f}</b><br>"
            f"{missed} of {int(falling.sum())} falling frames are missed. {false} of {quiet} quiet frames ring: at "
            f"{frames_per_second:g} frames a second that would be {hourly:,.0f} false rings in a quiet hour."
        )
        picture.value = _png(plots.threshold_sweep(curve, slider.value, "Move the line").figure)

    slider.observe(show, "value")
    show()
    return widgets.VBox([slider, said, picture])


def try_picture(run: Path) -> widgets.Widget:
    """Upload a picture: the five likeliest classes of a run, and by Grad-CAM where the first of them came from."""
    upload = widgets.FileUpload(
        accept="image/*", multiple=False, description="choose a picture", layout=widgets.Layout(width="180px")
    )
    said, picture = widgets.HTML("A JPEG or PNG of one person. It stays on this machine."), widgets.Image(format="png")

    def show(*_) -> None:
        _put(picture, b"")
        try:
            for name, content in _uploaded(upload.value):
                said.value, png = _answer(run, name, content)
                _put(picture, png)
        except InputError as error:
            said.value = html.escape(str(error))

    _put(picture, b"")
    upload.observe(show, "value")
    return widgets.VBox([upload, said, picture])


def _answer(run: Path, name: str, content: bytes) -> tuple[str, bytes]:
    """A table of the five likeliest classes, and a picture with the map beside it."""
    model, plan = runs.load(run)
    pixels = decode_upload(io.BytesIO(content), name, runs.side(plan))
    probabilities, (overlay,) = gradcam.explain(model, plan, pixels[None])
    values, numbers = probabilities[0].topk(min(5, probabilities.shape[1]))
    rows = "".join(
        f"<tr><td>{html.escape(plan['classes'][i])}</td><td>{100 * p:.1f} %</td><td>{'█' * round(20 * p)}</td></tr>"
        for p, i in zip(values.tolist(), numbers.tolist(), strict=True)
    )
    best = plan["classes"][int(numbers[0])]
    captions = ["as the network sees it", f"what speaks for {best}"]
    return f"<table>{rows}</table>", _png(plots.picture_grid([pixels, overlay], captions, best, side=2.6))


def _uploaded(value) -> list[tuple[str, bytes]]:
    """Names and contents of what FileUpload holds: a dict by name in ipywidgets 7, a tuple of dicts in 8."""
    if isinstance(value, dict):
        return [(name, bytes(file["content"])) for name, file in value.items()]
    return [(file["name"], bytes(file["content"])) for file in value]


def _put(picture: widgets.Image, png: bytes) -> None:
    """Show a picture; without one, no sign of a broken picture."""
    picture.value, picture.layout.display = png, "block" if png else "none"
    picture.layout.align_self = "flex-start"  # a box would stretch it


def _png(figure) -> bytes:
    """A figure as PNG bytes; the figure is closed, or the notebook would show it again below the cell."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=80, bbox_inches="tight")
    plt.close(figure)
    return out.getvalue()
