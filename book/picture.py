"""The picture of README.md: the fifteen actions and one fall, as the course draws them. `python book/picture.py`"""

import io
from pathlib import Path

import matplotlib.pyplot as plt
from PIL import Image, ImageOps

from harkit import drawn, plots

FILE = Path(__file__).with_name("actions.jpg")
SEEDS = {"drinking": 10, "eating": 2, "sleeping": 4}  # where the usual one, three times the place, shows too little
FALL, SIDE, COLUMNS = ("fall_backward", 8), 220, 7  # a film and its seed; pixels


def main() -> None:
    """Draw the picture again."""
    figure = contact_sheet()
    figure.savefig(FILE, dpi=100, pil_kwargs={"quality": 80, "optimize": True})
    plt.close(figure)


def contact_sheet() -> plt.Figure:
    """Each action once, then six moments of a fall."""
    pictures = [drawn.draw_picture(action, SEEDS.get(action, 3 * i)) for i, action in enumerate(drawn.ACTIONS)]
    captions = [action.replace("_", " ") for action in drawn.ACTIONS]
    frames, lost = drawn.draw_film(*FALL)
    chosen = [round(k * 0.6 * (len(frames) - 1) / 5) for k in range(6)]  # the rest of the film lies still
    pictures += [Image.open(io.BytesIO(frames[number])) for number in chosen]
    captions += [f"{number / 10:.1f} s{', falling' if number / 10 > lost else ''}" for number in chosen]
    squares = [ImageOps.fit(picture.convert("RGB"), (SIDE, SIDE)) for picture in pictures]
    return plots.picture_grid(squares, captions, "", columns=COLUMNS, side=1.55)


if __name__ == "__main__":
    main()
