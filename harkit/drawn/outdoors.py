"""What stands on the horizon: houses, trees, hills, the sea.

A piece is a function of a Backdrop (see backdrop.py) and of `x`,
where along the street it stands (metres). A new piece is
one function and one line in OUTDOOR_PIECES; scenes.py says where it can be found.
"""

from harkit.drawn.canvas import mix, shade
from harkit.drawn.scenes import WALL


def _houses(drop, x):
    left = -5.0
    while left < 5:
        w, h = drop.luck.between(1.2, 2.1), drop.luck.between(2.6, 4.5)
        colour = drop.luck.tint(drop.luck.pick([*drop.palette.accents, drop.palette.wall, drop.palette.trim]), 10)
        colour = mix(colour, (52, 52, 84), 0.45) if drop.dark else mix(colour, (236, 222, 204), 0.25)
        drop.rectangle(left + w / 2, 0, w, h, colour)
        glass = (250, 214, 130) if drop.dark else mix(colour, (110, 140, 158), 0.7)
        for row in range(1, int(h / 0.9) + 1):
            for column in range(3):
                drop.rectangle(left + w * (0.2 + 0.3 * column), row * 0.9 + 0.1, w * 0.16, 0.45, glass, 0.01)
        if drop.luck.chance(0.6):
            drop.rectangle(left + w * 0.5, 0, w * 0.8, 0.7, glass, 0.01)
            drop.rectangle(left + w * 0.5, 0.72, w * 0.9, 0.16, drop.accent(), 0.2)
        else:
            drop.rectangle(left + w * 0.3, 0, 0.4, 0.85, shade(colour, 0.7), 0.01)
        left += w


def _kerb(drop, x):
    colour = shade(drop.canvas.background, 1.2)
    drop.canvas.polygon([(-9, 0, WALL), (9, 0, WALL), (9, 0, WALL + 0.9), (-9, 0, WALL + 0.9)], colour)


def _street_lamp(drop, x):
    drop.line([(x, 0), (x, 2.9), (x + 0.3, 3.0)], 0.035, (70, 68, 78), 0.4)
    drop.ball(x + 0.35, 2.95, 0.1, (255, 232, 170) if drop.dark else (240, 236, 222), 0.4)


def _car(drop, x):
    colour = drop.accent()
    drop.canvas.blob([((x + k, 0.45, WALL + 0.6), 0.2) for k in (-0.85, 0.85)], colour)
    drop.canvas.blob([((x - 0.45, 0.62, WALL + 0.6), 0.1), ((x + 0.5, 0.62, WALL + 0.6), 0.1), ((x - 0.25, 0.92,
                                                                                                 WALL + 0.6), 0.1),
                      ((x + 0.25, 0.92, WALL + 0.6), 0.1)], mix(colour, (180, 206, 216), 0.75))  # fmt: skip
    for k in (-0.6, 0.6):
        drop.ball(x + k, 0.24, 0.2, (52, 48, 56), 0.65)
        drop.ball(x + k, 0.24, 0.09, (190, 188, 190), 0.66)


def _tree(drop, x, out=0.3, size=1.0):
    leaf = drop.luck.tint(
        drop.luck.pick([(104, 142, 82), (132, 156, 84), (84, 124, 96), (206, 140, 74), (178, 108, 66)]), 8
    )
    leaf = mix(leaf, (36, 44, 74), 0.5) if drop.dark else leaf
    drop.line([(x, 0), (x, 1.5 * size)], 0.07 * size, (108, 80, 64), out)
    for k, (dx, y, r) in enumerate(((0, 2.2, 0.62), (-0.42, 1.85, 0.45), (0.42, 1.9, 0.47), (0.1, 2.65, 0.42))):
        drop.ball(x + dx * size, y * size, r * size, shade(leaf, (0.95, 0.86, 0.9, 1.08)[k]), out)


def _trees(drop, x):
    for k in range(4):
        _tree(
            drop, -4 + k * 2.4 + drop.luck.between(-0.8, 0.8), drop.luck.between(-2.5, 0), drop.luck.between(0.8, 1.3)
        )


def _hills(drop, x):
    for k, height in enumerate((2.1, 1.35)):
        colour = mix((120, 152, 122), drop.sky[1], 0.55 - 0.25 * k)
        points = [(-14, -0.2)] + [(-14 + 4 * j, height * drop.luck.between(0.5, 1.1)) for j in range(8)] + [(14, -0.2)]
        drop.shape(points, colour, -5 + 2 * k)


def _clouds(drop, x):
    white = mix(drop.sky[1], (255, 252, 246), 0.15 if drop.dark else 0.7)
    for _ in range(3):
        left, y = drop.luck.between(-6, 6), drop.luck.between(2.8, 4.6)
        for k, r in enumerate((0.28, 0.4, 0.3)):
            drop.ball(left + (k - 1) * 0.45, y + (0.12 if k == 1 else 0), r, white, -6)
        drop.line([(left - 0.6, y - 0.12), (left + 0.6, y - 0.12)], 0.16, white, -6)


def _sun(drop, x):
    drop.ball(x * 2, 3.2, 0.45, (240, 236, 214) if drop.dark else (255, 236, 176), -7)


def _path(drop, x):
    colour = mix(drop.canvas.background, (236, 214, 176), 0.65)
    drop.canvas.polygon([(x - 0.4, 0, -6), (x + 0.4, 0, -6), (x * 0.4 + 1.6, 0, 1.5), (x * 0.4 - 1.6, 0, 1.5)], colour)


def _bushes(drop, x):
    leaf = mix(drop.canvas.background, (66, 104, 78), 0.6)
    for k in range(5):
        drop.ball(x + (k - 2) * 0.4, 0.15, drop.luck.between(0.25, 0.45), shade(leaf, 0.9 + 0.08 * (k % 3)), 0.2)


def _far_bench(drop, x):
    for y in (0.38, 0.58, 0.72):
        drop.line([(x - 0.6, y), (x + 0.6, y)], 0.035, drop.palette.wood, 0.4)
    for side in (-0.5, 0.5):
        drop.line([(x + side, 0), (x + side, 0.74)], 0.03, (72, 66, 72), 0.38)


def _sea(drop, x):
    colour = mix((84, 156, 176), drop.sky[0], 0.35)
    drop.canvas.polygon([(-30, -0.02, -9), (30, -0.02, -9), (30, -0.02, -2.2), (-30, -0.02, -2.2)], colour)
    drop.canvas.polygon([(-30, 0.9, -9), (30, 0.9, -9), (30, -0.05, -8.5), (-30, -0.05, -8.5)], shade(colour, 0.95))
    for k in range(5):
        z, left = -2.6 - k * 0.9, drop.luck.between(-3, 2)
        drop.canvas.line([(left, 0, z), (left + 1.4, 0, z)], 0.025, shade(colour, 1.35))


def _sail(drop, x):
    drop.shape([(x * 2 - 0.35, 1.05), (x * 2 + 0.4, 1.05), (x * 2 - 0.05, 2.2)], (252, 246, 234), -6)
    drop.shape([(x * 2 - 0.5, 0.98), (x * 2 + 0.5, 0.98), (x * 2 + 0.3, 0.72), (x * 2 - 0.3, 0.72)], drop.accent(), -6)


def _palm(drop, x):
    trunk = [(x, 0), (x + 0.12, 1.2), (x + 0.36, 2.4)]
    drop.line(trunk, 0.07, (146, 108, 78), 0.2)
    for a, b in ((-0.9, -0.1), (-0.75, 0.35), (-0.2, 0.55), (0.45, 0.5), (0.9, 0.15), (0.8, -0.25)):
        tip = (x + 0.36 + a, 2.4 + b, WALL + 0.2)
        drop.canvas.limb((x + 0.36, 2.4, WALL + 0.2), tip, 0.1, 0.03, shade((92, 140, 92), 0.9 + 0.1 * b))


def _railing(drop, x):
    for k in range(-16, 17):
        drop.line([(k * 0.3, 0), (k * 0.3, 0.85)], 0.012, (84, 82, 92), 0.3)
    drop.line([(-6, 0.88), (6, 0.88)], 0.03, (84, 82, 92), 0.3)


def _skyline(drop, x):
    left = -9.0
    base = mix(drop.sky[0], (74, 78, 108), 0.45)
    while left < 9:
        w, h = drop.luck.between(0.7, 1.8), drop.luck.between(1.2, 4.6)
        colour = shade(mix(base, drop.sky[1], drop.luck.between(0.1, 0.45)), 1)
        drop.rectangle(left + w / 2, -0.3, w, h, colour, -4)
        if h > 2:
            glass = (250, 214, 130) if drop.dark else shade(colour, 1.2)
            for row in range(2, int(h / 0.5)):
                drop.rectangle(left + w / 2, row * 0.5, w * 0.66, 0.14, glass, -3.98)
        left += w


OUTDOOR_PIECES = {
    "houses": _houses, "kerb": _kerb, "street_lamp": _street_lamp, "car": _car, "street_tree": _tree,
    "trees": _trees, "hills": _hills, "clouds": _clouds, "sun": _sun, "path": _path, "bushes": _bushes,
    "far_bench": _far_bench, "sea": _sea, "sail": _sail, "palm": _palm, "railing": _railing, "skyline": _skyline,
}  # fmt: skip
