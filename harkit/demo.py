"""The demo in a browser: a picture gets an action, a film gets the moments at which a fall alarm would ring.

The only module that imports gradio (the extra [demo]). It asks no other machine for anything, and listens on this one.
"""

import html
import logging
import os
import random
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from harkit import alarms, drawn, evaluation, gradcam, plots, pretrained, runs, training
from harkit.decoding import decode_upload
from harkit.drawn.acting import FALLS, OTHERS
from harkit.drawn.falls import RATE
from harkit.settings import InputError, Settings

log = logging.getLogger(__name__)

LARGEST_UPLOAD, MOST_FRAMES, SHOWN = "20mb", 600, 320  # the last in pixels
RULES = {"1 of 1": (1, 1), "2 of 3": (2, 3), "3 of 3": (3, 3)}
WARNING = "**Not a safety device.** Acted falls, few people, single frames: never rely on it for a person."


def serve(actions: Path | None, falls: Path | None, config: Settings, host: str, port: int) -> None:
    """Show the demo in a browser until somebody stops it. Raises InputError where gradio or a run is missing."""
    gradio = _gradio()
    page = build(find_run(actions, "actions", config), find_run(falls, "falls", config))
    try:
        page.launch(
            server_name=host, server_port=port, share=False, quiet=True, max_file_size=LARGEST_UPLOAD,
            footer_links=[], prevent_thread_lock=True, theme=_theme(gradio), show_error=True,
            enable_monitoring=False, ssr_mode=False,
        )  # fmt: skip
    except OSError as error:
        raise InputError(f"Port {port} of {host} is taken or not allowed: choose another (--port).") from error
    print(f"The demo is at http://{host}:{port} (Ctrl+C ends it).", flush=True)
    page.block_thread()


def find_run(run: Path | None, kind: str, config: Settings) -> Path:
    """The run to ask: the given one, else the one that lesson 5 (actions) or 6 (falls) left, else one trained now."""
    if run is None:
        network = "resnet" if kind == "actions" else pretrained.at_hand(config.download)
        run = config.results / "runs" / f"{network}-improved"
        if not runs.finished(run):
            print(f"No run for the {kind} yet: training one on {config.har} pictures, some minutes, once.", flush=True)
            run = training.ensure(network, "improved", config)
    classes = runs.load(run)[1]["classes"]
    if kind == "falls" and evaluation.FALL not in classes:
        raise InputError(f"{run} tells no falls (its classes: {', '.join(classes[:4])} …): give another (--falls).")
    return run


def build(actions: Path, falls: Path):
    """The page, as gradio Blocks: one tab for a picture, one for a film."""
    gradio = _gradio()

    model, plan = runs.load(actions)
    detector, falls_plan = runs.load(falls)
    chosen = evaluation.best_threshold(evaluation.exact_sweep(evaluation.validation_predictions(falls)))

    def speaking(answer, nothing):
        """The same function, whose InputError becomes a sentence on the page, beside `nothing` for an answer."""

        def call(*inputs):
            try:
                return answer(*inputs)
            except InputError as error:
                gradio.Warning(html.escape(str(error)), duration=None, title="Another file, please")
                return nothing

        return call

    def name_action(path):
        if not path:
            return None, None
        pixels = decode_upload(path, Path(path).name, runs.side(plan))
        probabilities, (overlay,) = gradcam.explain(model, plan, pixels[None])
        return dict(zip(plan["classes"], probabilities[0].tolist(), strict=True)), _enlarged(overlay)

    def draw_one():
        picture = drawn.draw_picture(random.choice(drawn.ACTIONS), seed=random.randrange(10**6, 10**9))
        path = Path(tempfile.mkdtemp(prefix="harkit-")) / "drawn.jpg"
        picture.save(path, quality=90)
        return str(path)

    def watch(files):
        if not files:
            return None, []
        frames, where = _frames(detector, falls_plan, files), sorted(files, key=lambda path: Path(path).name)
        return frames, where

    def act(kind):
        name = random.choice(FALLS if kind == "fall" else OTHERS)
        frames, _ = drawn.draw_film(name, seed=random.randrange(10**6, 10**9))
        folder = Path(tempfile.mkdtemp(prefix="harkit-"))
        for number, frame in enumerate(frames):
            (folder / f"{name}_{number:03d}.jpg").write_bytes(frame)
        return [str(path) for path in sorted(folder.iterdir())]

    def show_alarm(film, threshold, rule):
        return (
            (None, "") if film is None else (timeline(film, threshold, *RULES[rule]), _in_words(film, threshold, rule))
        )

    with gradio.Blocks(title="harkit: what is this person doing?", analytics_enabled=False) as page:
        gradio.Markdown("# What is this person doing?\nPictures stay on this machine.")
        with gradio.Tab("A picture"), gradio.Row():
            with gradio.Column():
                picture = gradio.Image(label="A picture of one person", sources=["upload", "webcam"], type="filepath")
                # An upload is handed on as it came: the course's own check says whether it is a picture.
                picture.preprocess = lambda payload: payload.path if payload else None
                draw = gradio.Button("Draw one")
            with gradio.Column():
                answer = gradio.Label(label="What the network says", num_top_classes=5)
                where = gradio.Image(label="Bright: what speaks for it (Grad-CAM)", interactive=False, buttons=[])
        with gradio.Tab("A film"):
            gradio.Markdown(WARNING)
            film = gradio.State()
            files = gradio.File(
                label=f"Frames of one film, {RATE} a second, in the order of their names",
                file_count="multiple",
                height=170,
            )
            with gradio.Row():
                fall = gradio.Button("Act a fall")
                other = gradio.Button("Act something else")
            with gradio.Row():
                threshold = gradio.Slider(0, 1, value=round(chosen, 2), step=0.01, label="ring above this probability")
                rule = gradio.Radio(
                    list(RULES), value="2 of 3", label="ring while so many of the last frames are falls"
                )
            said = gradio.Markdown()
            plot = gradio.Plot(label="The alarm")
            gallery = gradio.Gallery(label="The frames", columns=6, height=260, interactive=False)

        picture.change(speaking(name_action, (None, None)), picture, [answer, where])
        draw.click(draw_one, None, picture)
        files.change(speaking(watch, (None, [])), files, [film, gallery]).then(
            show_alarm, [film, threshold, rule], [plot, said]
        )
        fall.click(lambda: act("fall"), None, files)
        other.click(lambda: act("other"), None, files)
        for control in (threshold, rule):
            control.change(show_alarm, [film, threshold, rule], [plot, said])
    return page


def timeline(film: pd.DataFrame, threshold: float, k: int, n: int) -> Figure:
    """Probability of a fall against time, the threshold, and where the alarm rings with k of the last n frames."""
    figure = Figure(figsize=(8, 3), layout="constrained")
    ax = figure.subplots()
    ringing = film.second[alarms.rings(film, threshold, k, n)]
    ax.vlines(ringing, 0, 1, color=plots.BLUE, alpha=0.25, linewidth=6)
    ax.plot(film.second, film.p_fall, "o-", color=plots.ORANGE, markersize=4, linewidth=1)
    ax.axhline(threshold, color="black", linestyle=":")
    ax.set(xlabel="second of the film", ylabel="probability of a fall", ylim=(0, 1))
    ax.set_title(f"{k} of {n}: blue where it rings")
    return figure


def _in_words(film: pd.DataFrame, threshold: float, rule: str) -> str:
    ringing = film.second[alarms.rings(film, threshold, *RULES[rule])]
    above = int((film.p_fall > threshold).sum())
    when = f"The alarm first rings at {ringing.iloc[0]:.1f} s." if len(ringing) else "The alarm does not ring."
    return f"{when} {above} of {len(film)} frames are above the threshold."


def _frames(detector, plan: dict, files: list[str]) -> pd.DataFrame:
    """A film table (see `harkit.alarms`) of these pictures, in the order of their names."""
    if len(files) > MOST_FRAMES:
        raise InputError(f"{len(files)} frames are too many: give {MOST_FRAMES} at most, which is a minute.")
    paths = sorted(map(Path, files), key=lambda path: path.name)
    pixels = np.stack([decode_upload(path, path.name, runs.side(plan)) for path in paths])
    batches = [pixels[i : i + 64] for i in range(0, len(pixels), 64)]
    answers = [runs.ask(detector, plan, runs.images(detector, plan, batch)).numpy() for batch in batches]
    p_fall = np.concatenate(answers)[:, plan["classes"].index(evaluation.FALL)]
    return pd.DataFrame({"sequence": "film", "second": np.arange(len(paths)) / RATE, "label": "", "p_fall": p_fall})


def _enlarged(pixels: np.ndarray) -> Image.Image:
    """Small pictures of the network as large as a person can look at, each of its pixels a square."""
    return Image.fromarray(pixels).resize((SHOWN, SHOWN), Image.Resampling.NEAREST)


def _theme(gradio):
    """Fonts of this machine: the usual theme fetches them from another."""
    return gradio.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])


def _gradio():
    os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}  # before its import: ask nobody
    try:
        import gradio
    except ImportError as error:
        raise InputError('The demo needs gradio: pip install -c constraints.txt -e ".[demo]".') from error
    return gradio
