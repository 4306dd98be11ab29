"""Where shapes are collected, sorted from far to near, and painted: round-ended, flat, without outlines."""

from enum import IntEnum
from itertools import pairwise
from math import acos, atan2, cos, hypot, pi, sin

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
HAZE = (246, 236, 222)
SHADOW = (46, 30, 44)
SHADOW_DEPTH = 88  # of 255
SHADOW_SCALE = 4  # the mask of shadows is this many times smaller than the drawing
DIRECTIONS = np.array([(cos(k * pi / 28), sin(k * pi / 28)) for k in range(56)])
CIRCLES = {n: [(cos(k * 2 * pi / n), sin(k * 2 * pi / n)) for k in range(n)] for n in (8, 12, 16, 24, 40)}


class Layer(IntEnum):
    """What is painted first; within a layer the far is painted before the near, except for the first."""

    BACKDROP = 0  # in the order of drawing
    FAR = 1
    FURNITURE = 2
    PEOPLE = 3
    TABLE = 4
    OVER = 5
    FRONT = 6


def shade(colour: Colour, factor: float) -> Colour:
    """Darker (below 1) or lighter (above 1), warm in the dark: red falls more slowly than blue."""
    if factor >= 1:
        return tuple(int(min(255, c + (255 - c) * (factor - 1))) for c in colour)
    r, g, b = colour
    return int(r * (0.12 + 0.88 * factor)), int(g * factor), int(b * (0.04 + 0.96 * factor))


def mix(one: Colour, other: Colour, part: float) -> Colour:
    """A colour between two; `part` of the second."""
    return tuple(int(a + (b - a) * part) for a, b in zip(one, other, strict=True))


class Canvas:
    """Shapes in metres, seen by a camera. `layer` is where the next shapes go.

    Within a layer shapes are painted from far to near. Of a single one, `lift` brings it nearer (metres) and `near`
    says how near it counts, whatever its place. The backdrop is mixed with the colour `haze` by `far`
    (0 to 1), so that the people stand out.
    """

    def __init__(self, camera, background: Colour, light=(0.4, 1.0, 0.5)):
        self.camera, self.background, self.light = camera, background, light
        self.layer, self.haze, self.far = Layer.BACKDROP, HAZE, 0.34
        right = sum(a * b for a, b in zip(light, camera.right, strict=True))
        self.sunny = 1 if right > 0 else -1  # 1: light comes from the right of the picture
        self._eye = camera.eye.tolist()
        self._shapes = []
        self._shadows = []

    def polygon(self, points, colour: Colour, near: float | None = None):
        """A flat shape through points of the world."""
        seen = [self.camera.see(p) for p in points]
        depth = sum(p[3] for p in seen) / len(seen) if near is None else near
        self._add([(p[0], p[1]) for p in seen], colour, depth)

    def limb(self, start, end, start_radius: float, end_radius: float, colour: Colour, lift=0.0, near=None):
        """A tapered capsule."""
        x, y, s, one = self.camera.see(start)
        u, v, t, other = self.camera.see(end)
        depth = (one + other) / 2 + lift if near is None else near
        self._add(_capsule(x, y, start_radius * s, u, v, end_radius * t), colour, depth)

    def line(self, points, radius: float, colour: Colour, lift=0.0, near=None):
        """A round-ended stroke through points."""
        for start, end in pairwise(points):
            self.limb(start, end, radius, radius, colour, lift, near)

    def ball(self, centre, radius: float, colour: Colour, lift=0.0, near=None):
        """A disc, whatever it is seen from."""
        x, y, s, depth = self.camera.see(centre)
        self._add(_circle(x, y, radius * s), colour, depth + lift if near is None else near)

    def blob(self, circles, colour: Colour, lift: float = 0.0):
        """The hull around (centre, radius) circles: torsos, skirts, cushions."""
        seen = [(*self.camera.see(centre), radius) for centre, radius in circles]
        outline = _hull([(x, y, radius * scale) for x, y, scale, _, radius in seen])
        self._add(outline, colour, sum(place[3] for place in seen) / len(seen) + lift)

    def hull(self, points, colour: Colour, near: float):
        """The flat hull of points."""
        seen = [self.camera.see(p) for p in points]
        self._add(_hull([(p[0], p[1], 0.0) for p in seen]), colour, near)

    def disc(self, centre, along, across, colour: Colour, lift=0.0, near=None):
        """An ellipse in the plane of two half-axes (vectors, metres): plates, wheels, rugs."""
        points = [[centre[i] + along[i] * c + across[i] * s for i in range(3)] for c, s in CIRCLES[24]]
        self.polygon(points, colour, self.camera.see(centre)[3] + lift if near is None else near)

    def ring(self, centre, along, across, thickness: float, colour: Colour, lift: float = 0.0):
        """A circle's line, `thickness` as a part of its radius: a wheel, a lens."""
        loops = []
        for size in (1 + thickness / 2, 1 - thickness / 2):
            turned = [(cos(k * pi / 14) * size, sin(k * pi / 14) * size) for k in range(29)]
            loops.append([[centre[i] + along[i] * c + across[i] * s for i in range(3)] for c, s in turned])
        self.polygon(loops[0] + loops[1][::-1], colour, self.camera.see(centre)[3] + lift)

    def box(self, centre, size, colour: Colour, frame=None, lift: float = 0.0):
        """A block: its visible sides, the top light, the others by the light's direction. `frame` (3, 3) turns it."""
        axes = [(1, 0, 0), (0, 1, 0), (0, 0, 1)] if frame is None else [tuple(frame[:, i]) for i in range(3)]
        near = self.camera.see(centre)[3] + lift
        faces = []
        for k in range(3):
            for sign in (-1, 1):
                normal = [sign * v for v in axes[k]]
                middle = [centre[i] + normal[i] * size[k] / 2 for i in range(3)]
                if not self._faces(normal, middle):
                    continue
                one, two = axes[(k + 1) % 3], axes[(k + 2) % 3]
                a, b = size[(k + 1) % 3] / 2, size[(k + 2) % 3] / 2
                corners = [
                    [middle[i] + u * a * one[i] + v * b * two[i] for i in range(3)]
                    for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))
                ]
                toward = sum(n * c for n, c in zip(normal, self.light, strict=True))
                faces.append((corners, shade(colour, 0.84 + 0.16 * max(-0.4, min(1.5, toward)))))
        for corners, tone in faces:
            self.polygon(corners, tone, near)

    def _faces(self, normal, middle) -> bool:
        return sum(n * (e - m) for n, e, m in zip(normal, self._eye, middle, strict=True)) > 0

    def shadow(self, start, end, radius: float):
        """The soft shadow on the ground of a limb from `start` to `end`."""
        fallen = []
        for x, y, z in (start, end):
            reach = max(0.0, y) * 0.45
            fallen.append(self.camera.see((x - self.light[0] * reach, 0.0, z - self.light[2] * reach)))
        (x, y, s, _), (u, v, t, _) = fallen
        k = SHADOW_SCALE
        self._shadows.append(_capsule(x / k, y / k, radius * s / k, u / k, v / k, radius * t / k))

    def paint(self, onto: Image.Image | None = None, softness: int = 1) -> Image.Image:
        """All shapes on the background, or on a picture of it; the shadows lie on the backdrop.

        The backdrop is out of focus where `softness` is above 1: painted so many times smaller, then enlarged.
        """
        size, shapes = (self.camera.width, self.camera.height), sorted(self._shapes, key=lambda shape: shape[:2])
        behind = [shape for shape in shapes if shape[0] == Layer.BACKDROP]
        if onto is None:
            small = [max(1, side // softness) for side in size]
            onto = Image.new("RGB", small, mix(self.background, self.haze, self.far))
            self._fill(onto, behind, [one / other for one, other in zip(small, size, strict=True)])
            if softness > 1:
                onto = onto.filter(ImageFilter.BoxBlur(0.8)).resize(size, Image.Resampling.BILINEAR)
        elif behind:
            self._fill(onto, behind)
        self._paint_shadows(onto)
        self._fill(onto, shapes[len(behind) :])
        return onto

    @staticmethod
    def _fill(image: Image.Image, shapes, scale=(1.0, 1.0)):
        draw, (across, down) = ImageDraw.Draw(image), scale
        for _, _, points, colour in shapes:
            draw.polygon(points if across == 1 else [(x * across, y * down) for x, y in points], fill=colour)

    def _paint_shadows(self, image: Image.Image):
        if not self._shadows:
            return
        k = SHADOW_SCALE
        mask = Image.new("L", (image.width // k, image.height // k))
        draw = ImageDraw.Draw(mask)
        for points in self._shadows:
            draw.polygon(points, fill=SHADOW_DEPTH)
        box = mask.getbbox()
        if box is None:
            return
        soft = mask.height / 45
        edge = int(3 * soft) + 1
        box = (
            max(0, box[0] - edge),
            max(0, box[1] - edge),
            min(mask.width, box[2] + edge),
            min(mask.height, box[3] + edge),
        )
        mask = mask.crop(box).filter(ImageFilter.GaussianBlur(soft))
        mask = mask.resize((mask.width * k, mask.height * k), Image.Resampling.BILINEAR)
        image.paste(SHADOW, (box[0] * k, box[1] * k), mask)

    def _add(self, points, colour, depth):
        if self.layer == Layer.BACKDROP:
            depth, colour = len(self._shapes), mix(colour, self.haze, self.far)
        self._shapes.append((self.layer, depth, points, colour))


def _circle(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    corners = 8 if radius < 4 else 12 if radius < 12 else 16 if radius < 30 else 24 if radius < 80 else 40
    return [(x + radius * c, y + radius * s) for c, s in CIRCLES[corners]]


def _arc(x: float, y: float, radius: float, start: float, end: float) -> list[tuple[float, float]]:
    steps = max(2, min(20, int((1.5 + 0.9 * radius**0.5) * (end - start) / 3.0)))
    step = (end - start) / steps
    return [(x + radius * cos(start + k * step), y + radius * sin(start + k * step)) for k in range(steps + 1)]


def _capsule(x, y, r, u, v, s) -> list[tuple[float, float]]:
    length = hypot(u - x, v - y)
    if length <= abs(r - s) + 1e-6:
        return _circle(x, y, r) if r >= s else _circle(u, v, s)
    direction, opening = atan2(v - y, u - x), acos((r - s) / length)
    return _arc(x, y, r, direction + opening, direction + 2 * pi - opening) + _arc(
        u, v, s, direction - opening, direction + opening
    )


def _hull(circles: list[tuple[float, float, float]]) -> list[tuple[float, float]]:
    """The outline around circles (x, y, radius): in each direction the point that lies furthest out."""
    found = np.array(circles)
    furthest = (DIRECTIONS @ found[:, :2].T + found[:, 2]).argmax(1)
    outline = found[furthest, :2] + found[furthest, 2:] * DIRECTIONS
    return [tuple(point) for point in outline.tolist()]
