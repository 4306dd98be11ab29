"""What stands against the wall of a room: windows, shelves, lamps, kitchens, stages.

A piece is a function of a Backdrop (see backdrop.py) and of `x`,
where along the wall it stands (metres). A new piece is
one function and one line in ROOM_PIECES; scenes.py says where it can be found.
"""

from harkit.drawn.canvas import mix, shade
from harkit.drawn.scenes import WALL

WIDE = 9.0  # metres; half of the width of a wall


def _window(drop, x):
    high, low = drop.sky
    w, h, y = drop.luck.between(0.9, 1.4), drop.luck.between(1.0, 1.3), 0.95
    drop.rectangle(x, y - 0.06, w + 0.14, h + 0.12, drop.palette.trim)
    drop.rectangle(x, y, w, h, mix(high, low, 0.4))
    drop.shape([(x - w / 2, y), (x + w / 2, y), (x + w / 2, y + 0.3), (x + w * 0.1, y + 0.42), (x - w / 2, y + 0.25)],
               mix((120, 158, 112), high, 0.35))  # fmt: skip
    drop.rectangle(x, y, 0.05, h, drop.palette.trim, 0.03)
    drop.rectangle(x, y + h * 0.5, w, 0.05, drop.palette.trim, 0.03)
    if drop.luck.chance(0.5):
        colour = mix(drop.accent(), drop.palette.trim, 0.35)
        for side in (-1, 1):
            drop.rectangle(x + side * (w / 2 + 0.08), y - 0.35, 0.3, h + 0.55, colour, 0.06)
        drop.line([(x - w / 2 - 0.3, y + h + 0.2), (x + w / 2 + 0.3, y + h + 0.2)], 0.02, drop.palette.wood, 0.08)


def _pictures(drop, x):
    for k in range(drop.luck.pick([1, 2, 3])):
        w, h = drop.luck.between(0.3, 0.55), drop.luck.between(0.35, 0.6)
        left, y = x + (k - 1) * 0.65, 1.35 + drop.luck.between(-0.1, 0.25)
        drop.rectangle(left, y, w, h, drop.palette.wood)
        drop.rectangle(left, y + 0.04, w - 0.08, h - 0.08, drop.palette.trim, 0.02)
        one, two = drop.accent(), drop.accent()
        drop.shape([(left - w * 0.35, y + 0.08), (left + w * 0.35, y + 0.08), (left + w * 0.35, y + h * 0.5),
                    (left, y + h * 0.7), (left - w * 0.35, y + h * 0.4)], one, 0.03)  # fmt: skip
        drop.ball(left + w * 0.15, y + h * 0.68, 0.06, two, 0.04)


def _shelf(drop, x):
    for level in range(drop.luck.pick([1, 2, 4])):
        y = 1.75 - level * 0.42
        drop.block(x, y, 1.1, 0.04, 0.22, drop.palette.wood)
        left = x - 0.5
        while left < x + 0.42:
            w, h = drop.luck.between(0.035, 0.09), drop.luck.between(0.17, 0.28)
            if drop.luck.chance(0.75):
                drop.rectangle(left + w / 2, y + 0.04, w, h, drop.luck.tint(drop.accent(), 20), 0.2)
            left += w + 0.008


def _floor_lamp(drop, x):
    drop.block(x, 0, 0.3, 0.03, 0.3, shade(drop.palette.wood, 0.8))
    drop.line([(x, 0), (x, 1.55)], 0.018, shade(drop.palette.wood, 0.8), 0.2)
    drop.shape([(x - 0.26, 1.45), (x + 0.26, 1.45), (x + 0.15, 1.85), (x - 0.15, 1.85)], (252, 226, 160), 0.22)


def _plant(drop, x):
    pot, leaf = drop.accent(), drop.luck.pick([(92, 134, 92), (70, 116, 96), (128, 150, 84)])
    tall = drop.luck.between(0.8, 1.5)
    for k in range(7):
        lean = (k - 3) * 0.13 * tall
        drop.canvas.line([(x, 0.3, WALL + 0.3), (x + lean * 0.5, tall * 0.62, WALL + 0.3)], 0.012, shade(leaf, 0.8))
        drop.canvas.limb((x + lean * 0.5, tall * 0.62, WALL + 0.3), (x + lean, tall * (1.0 - 0.05 * abs(k - 3)),
                                                                     WALL + 0.3), 0.07,
                         0.02, shade(leaf, 0.88 + 0.05 * (k % 3)))  # fmt: skip
    drop.shape([(x - 0.17, 0.36), (x + 0.17, 0.36), (x + 0.12, 0), (x - 0.12, 0)], pot, 0.32)


def _back_sofa(drop, x):
    colour = drop.accent()
    drop.block(x, 0.3, 1.7, 0.5, 0.25, shade(colour, 0.88))
    drop.block(x, 0.08, 1.7, 0.34, 0.7, colour)
    for side in (-1, 1):
        drop.block(x + side * 0.88, 0.08, 0.16, 0.5, 0.72, shade(colour, 0.95))


def _counter(drop, x):
    colour = mix(drop.accent(), drop.palette.trim, 0.35)
    drop.block(x * 0.5, 0, 3.2, 0.86, 0.55, colour)
    for k in range(5):
        left = x * 0.5 - 1.28 + k * 0.64
        drop.rectangle(left, 0.1, 0.58, 0.68, shade(colour, 1.12), 0.57)
        drop.rectangle(left + 0.2, 0.62, 0.05, 0.1, drop.palette.wood, 0.58)
    drop.block(x * 0.5, 0.86, 3.3, 0.05, 0.6, drop.palette.wood)
    for k in range(drop.luck.pick([1, 2, 3])):
        left = x * 0.5 + drop.luck.between(-1.3, 1.3)
        drop.line([(left, 0.95), (left, 1.08 + 0.06 * k)], 0.06, drop.accent(), 0.35)


def _cupboards(drop, x):
    colour = mix(drop.accent(), drop.palette.trim, 0.5)
    for k in range(3):
        drop.block(x * 0.5 + (k - 1) * 0.66, 1.55, 0.63, 0.62, 0.32, shade(colour, 0.95 + 0.05 * k))


def _fridge(drop, x):
    drop.block(x, 0, 0.66, 1.75, 0.6, (222, 226, 226))
    drop.rectangle(x, 1.1, 0.64, 0.02, (170, 176, 178), 0.61)
    drop.rectangle(x - 0.24, 0.8, 0.03, 0.24, (150, 156, 160), 0.62)


def _pendant(drop, x):
    for k in range(drop.luck.pick([1, 2, 3])):
        left = x + (k - 1) * 0.8
        drop.canvas.line([(left, 3.4, -0.8), (left, 2.2, -0.8)], 0.008, (70, 60, 60))
        drop.canvas.polygon([(left - 0.19, 2.05, -0.8), (left + 0.19, 2.05, -0.8), (left + 0.06, 2.26, -0.8),
                             (left - 0.06, 2.26, -0.8)],
                            drop.accent())  # fmt: skip
        drop.canvas.ball((left, 2.04, -0.8), 0.07, (255, 236, 180))


def _wardrobe(drop, x):
    drop.block(x, 0, 1.1, 2.0, 0.5, shade(drop.palette.wood, 1.08))
    for side in (-1, 1):
        drop.rectangle(x + side * 0.27, 0.08, 0.5, 1.84, shade(drop.palette.wood, 1.18), 0.51)
        drop.ball(x + side * 0.06, 1.0, 0.025, drop.palette.trim, 0.53)


def _panel(drop, x):
    for k in range(-12, 13):
        drop.rectangle(k * 0.3, 0.1, 0.02, 1.0, shade(drop.wall, 0.9))
    drop.rectangle(0, 1.1, 2 * WIDE, 0.05, drop.palette.trim)


def _board(drop, x):
    green = drop.luck.pick([(58, 76, 74), (246, 246, 240), (70, 70, 86)])
    drop.rectangle(x, 1.05, 1.5, 0.95, drop.palette.wood)
    drop.rectangle(x, 1.1, 1.4, 0.85, green, 0.02)
    chalk = shade(green, 0.6) if sum(green) > 500 else mix(green, (250, 246, 236), 0.75)
    for k in range(4):
        start = x - 0.55 + drop.luck.between(0, 0.2)
        drop.line([(start, 1.8 - k * 0.18), (start + drop.luck.between(0.3, 0.85), 1.8 - k * 0.18)], 0.016, chalk)


def _back_desk(drop, x):
    drop.block(x, 0.68, 1.3, 0.05, 0.55, drop.palette.wood)
    for side in (-1, 1):
        drop.block(x + side * 0.58, 0, 0.06, 0.68, 0.5, shade(drop.palette.wood, 0.85))
    drop.rectangle(x, 0.82, 0.6, 0.38, (60, 60, 70), 0.35)
    drop.rectangle(x, 0.84, 0.56, 0.33, (150, 188, 198), 0.36)
    drop.rectangle(x, 0.72, 0.08, 0.12, (60, 60, 70), 0.33)


def _clock(drop, x):
    drop.ball(x, 2.15, 0.17, drop.palette.wood, 0.03)
    drop.ball(x, 2.15, 0.145, (250, 246, 236), 0.04)
    drop.line([(x, 2.25), (x, 2.15), (x + 0.07, 2.11)], 0.012, (60, 50, 56))


def _curtains(drop, x):
    colour = drop.luck.pick([(156, 52, 60), (84, 62, 110), (60, 84, 110), drop.accent()])
    for k in range(-14, 15):
        drop.rectangle(k * 0.3, 0, 0.3, 4.2, shade(colour, 0.9 if k % 2 else 1.02))
    drop.rectangle(0, 2.6, 2 * WIDE, 0.3, shade(colour, 0.75), 0.05)


def _spots(drop, x):
    for k in (-1.5, 0.2, 1.7):
        glow = mix(drop.accent(), (255, 244, 214), 0.75)
        drop.canvas.limb((k, 3.0, WALL + 0.2), (k, 2.75, WALL + 0.3), 0.1, 0.13, (60, 54, 62))
        drop.ball(k, 2.7, 0.11, glow, 0.35)
        drop.canvas.disc((k * 0.6, 0.003, -0.2), (0.9, 0, 0), (0, 0, 0.55), mix(drop.canvas.background, glow, 0.3))


def _speakers(drop, x):
    for side in (-1, 1):
        drop.block(side * 1.9, 0, 0.5, 1.1, 0.4, (56, 52, 60))
        for y, r in ((0.35, 0.18), (0.8, 0.11)):
            drop.ball(side * 1.9, y, r, (92, 88, 98), 0.42)
            drop.ball(side * 1.9, y, r * 0.5, (40, 38, 46), 0.43)


def _bars(drop, x):
    for k in range(8):
        drop.line([(x - 0.5, 0.4 + k * 0.25), (x + 0.5, 0.4 + k * 0.25)], 0.02, drop.palette.wood)
    for side in (-0.5, 0.5):
        drop.line([(x + side, 0.1), (x + side, 2.4)], 0.035, shade(drop.palette.wood, 0.85))


def _mirror(drop, x):
    drop.rectangle(x, 0.3, 1.6, 1.8, drop.palette.trim)
    drop.rectangle(x, 0.35, 1.5, 1.7, mix(drop.wall, (226, 236, 238), 0.6), 0.01)
    drop.shape(
        [(x - 0.6, 0.35), (x - 0.2, 0.35), (x + 0.5, 2.05), (x + 0.1, 2.05)], mix(drop.wall, (240, 246, 246), 0.75)
    )


def _balls(drop, x):
    for k, r in enumerate((0.3, 0.2, 0.13)):
        drop.ball(x + (0, 0.42, -0.38)[k], r, r, drop.palette.accents[k % 3], 0.3)


ROOM_PIECES = {
    "window": _window, "pictures": _pictures, "shelf": _shelf, "floor_lamp": _floor_lamp, "plant": _plant,
    "back_sofa": _back_sofa, "counter": _counter, "cupboards": _cupboards, "fridge": _fridge, "pendant": _pendant,
    "wardrobe": _wardrobe, "panel": _panel, "board": _board, "back_desk": _back_desk, "clock": _clock,
    "curtains": _curtains, "spots": _spots, "speakers": _speakers, "bars": _bars, "mirror": _mirror, "balls": _balls,
}  # fmt: skip
