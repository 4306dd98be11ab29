"""What the tests of this folder share: many values of a Hypothesis strategy, refusals, small pictures."""

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from PIL import Image

from harkit.settings import InputError

COLOURS = np.array([[[200, 40, 40], [40, 200, 40]], [[40, 40, 200], [220, 220, 60]]], np.uint8)  # quarters of a picture


def try_many(strategy, check, examples: int) -> None:
    """`check` so many values of a Hypothesis strategy: the same ones each time."""

    @settings(
        max_examples=examples, derandomize=True, deadline=None, database=None, print_blob=False,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
    )  # fmt: skip
    @given(strategy)
    def run(value):
        check(value)

    run()


def refusal(call, *arguments, **more):
    """What `call` gives and None, or None and the sentence by which it refuses. Whatever else it raises is a fault."""
    try:
        return call(*arguments, **more), None
    except InputError as error:
        sentence = str(error)
        assert "\n" not in sentence and sentence.endswith(".") and len(sentence) > 20, sentence
        return None, sentence


def quarters(width: int = 64, height: int = 48) -> np.ndarray:
    """Four quarters in four colours, (height, width, 3): any turn, mirror or wrong colour shows."""
    return COLOURS.repeat(height // 2, axis=0).repeat(width // 2, axis=1)


def paint(path, seed: int):
    """A small picture of coarse noise; no two seeds look alike."""
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 7, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize((48, 40), Image.Resampling.BICUBIC).save(path, quality=90)
    return path


class Code:
    """Writes a file when it is unpickled: what weights from a stranger could do to anybody's machine."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return open, (str(self.target), "w")
