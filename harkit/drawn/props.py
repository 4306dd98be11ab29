"""Things that are held, worn or lie about. Each is drawn from its grip point, in a frame: forward, up, right.

A new prop is one function and one line in PROPS.
"""

from typing import NamedTuple

import numpy as np

from harkit.drawn.canvas import Colour, mix, shade

INK = (48, 42, 54)
SILVER = (206, 208, 214)
FOOD = [(226, 150, 70), (206, 84, 62), (122, 160, 84), (240, 206, 120), (170, 104, 70)]


class Grip:
    """A place and a direction in which to draw something."""

    def __init__(self, canvas, point, frame=None, lift: float = 0.0, size: float = 1.0):
        self.canvas, self.point, self.lift, self.size = canvas, np.asarray(point, float), lift, size
        self.frame = np.eye(3) if frame is None else frame  # without the size

    def at(self, forward: float = 0.0, up: float = 0.0, right: float = 0.0) -> np.ndarray:
        return self.point + self.size * (self.frame @ (forward, up, right))

    def shows(self, forward: float, up: float = 0.0, right: float = 0.0) -> bool:
        """Whether a side that looks in this direction is turned to the camera."""
        return self.canvas.camera.nearness(self.frame @ (forward, up, right)) > 0.05

    def box(self, centre, size, colour, lift: float = 0.0):
        size = [self.size * side for side in size]
        self.canvas.box(self.at(*centre), size, colour, self.frame, self.lift + lift)

    def limb(self, start, end, start_radius, end_radius, colour, lift: float = 0.0):
        radii = self.size * start_radius, self.size * end_radius
        self.canvas.limb(self.at(*start), self.at(*end), *radii, colour, self.lift + lift)

    def ball(self, centre, radius, colour, lift: float = 0.0):
        self.canvas.ball(self.at(*centre), self.size * radius, colour, self.lift + lift)

    def blob(self, circles, colour, lift: float = 0.0):
        self.canvas.blob([(self.at(*at), self.size * radius) for at, radius in circles], colour, self.lift + lift)

    def disc(self, centre, along, across, colour, lift: float = 0.0):
        frame = self.frame * self.size
        self.canvas.disc(self.at(*centre), frame @ along, frame @ across, colour, self.lift + lift)

    def ring(self, centre, along, across, thickness, colour, lift: float = 0.0):
        frame = self.frame * self.size
        self.canvas.ring(self.at(*centre), frame @ along, frame @ across, thickness, colour, self.lift + lift)


HELD = 1.3  # small things are drawn this much larger than they are, so that they can be named in a small picture
# The point of a held prop that touches the mouth, from its grip: forward, up, right (metres, before HELD).
MOUTH_END = {
    "cup": (-0.035, 0.066, 0), "glass": (-0.035, 0.07, 0), "takeaway": (-0.035, 0.09, 0), "bottle": (0, 0.165, 0),
    "bowl": (-0.07, 0.07, 0), "fork": (-0.1, 0.06, 0), "spoon": (-0.1, 0.05, 0), "sandwich": (-0.02, 0, 0),
    "pizza": (-0.13, 0.03, 0), "apple": (-0.03, 0.02, 0),
}  # fmt: skip
WIDE = {"bowl": 0.085, "sandwich": 0.07, "fork": 0.0, "spoon": 0.0, "pizza": 0.02}  # to the hand's side; else 0.045


class Held(NamedTuple):
    """A prop in a hand or before a person."""

    name: str
    point: np.ndarray  # of its grip
    frame: np.ndarray
    colour: tuple
    lift: float  # metres towards the camera, so that it is painted over the hand

    def draw(self, canvas):
        """Draw it on the layer of the canvas."""
        draw_prop(self.name, canvas, self.point, self.frame, self.colour, self.lift)


def draw_prop(
    name: str, canvas, point, frame=None, colour: Colour = (222, 88, 70), lift: float = 0.0, size: float = HELD
):
    """Draw a prop of PROPS so that its grip is at `point`."""
    PROPS[name](Grip(canvas, point, frame, lift, 1.0 if name in LARGE else size), colour)


def _phone(g, colour):
    g.box((0, 0.045, 0), (0.016, 0.165, 0.08), (232, 230, 226) if sum(colour) % 3 == 0 else mix(INK, colour, 0.3))
    if g.shows(-1):
        g.box((-0.009, 0.045, 0), (0.004, 0.145, 0.068), (176, 220, 232), lift=0.004)
    else:
        g.ball((0.009, 0.105, 0.022), 0.011, (190, 190, 196), lift=0.004)


def _vessel(g, foot: float, rim: float, narrow: float, wide: float, colour, lift: float = 0.0):
    """What holds a drink: a round thing from `foot` to `rim` (up), with radii `narrow` below and `wide` above."""
    corner = 0.01
    g.blob([((x * (radius - corner), up, z * (radius - corner)), corner)
            for up, radius in ((foot + corner, narrow), (rim - corner, wide))
            for x, z in ((1, 0), (-1, 0), (0, 1), (0, -1))], colour, lift)  # fmt: skip


def _cup(g, colour):
    g.ring((0.052, 0.0, 0.02), (0.03, 0, 0), (0, 0.032, 0), 0.5, shade(colour, 0.85), lift=-0.01)
    _vessel(g, -0.062, 0.066, 0.034, 0.046, colour)
    g.disc((0, 0.062, 0), (0.04, 0, 0), (0, 0, 0.04), (92, 58, 44), lift=0.006)


def _glass(g, colour):
    _vessel(g, -0.075, 0.075, 0.03, 0.042, (214, 232, 236))
    _vessel(g, -0.068, 0.035, 0.026, 0.035, colour, lift=0.004)


def _bottle(g, colour):
    g.limb((0, -0.1, 0), (0, 0.08, 0), 0.036, 0.034, colour)
    g.limb((0, 0.08, 0), (0, 0.16, 0), 0.026, 0.014, shade(colour, 1.25), lift=0.002)
    g.limb((0, -0.02, 0), (0, 0.03, 0), 0.037, 0.036, (248, 242, 228), lift=0.004)


def _takeaway(g, colour):
    _vessel(g, -0.085, 0.07, 0.03, 0.044, (248, 242, 230))
    _vessel(g, -0.03, 0.025, 0.036, 0.041, colour, lift=0.003)
    _vessel(g, 0.064, 0.092, 0.048, 0.044, shade(colour, 0.7), lift=0.004)


def _fork(g, colour):
    g.limb((0.03, -0.05, 0), (-0.06, 0.028, 0), 0.007, 0.006, (176, 178, 188))
    for right in (-0.014, 0.0, 0.014):
        g.limb((-0.06, 0.028, 0), (-0.085, 0.045, right), 0.005, 0.004, (176, 178, 188))
        g.limb((-0.085, 0.045, right), (-0.115, 0.068, right), 0.004, 0.004, (190, 192, 200))
    g.ball((-0.105, 0.064, 0), 0.022, mix(colour, FOOD[0], 0.6), lift=0.01)


def _spoon(g, colour):
    g.limb((0.03, -0.05, 0), (-0.07, 0.035, 0), 0.006, 0.006, (176, 178, 188))
    g.limb((-0.07, 0.035, 0), (-0.1, 0.05, 0), 0.02, 0.022, mix((200, 202, 208), colour, 0.35))


def _sandwich(g, colour):
    g.limb((0, 0.022, -0.05), (0, 0.022, 0.05), 0.034, 0.034, mix(FOOD[0], colour, 0.4))
    g.limb((0.005, 0.0, -0.05), (0.005, 0.0, 0.05), 0.028, 0.028, (116, 160, 74), lift=0.002)
    g.limb((0, -0.022, -0.05), (0, -0.022, 0.05), 0.03, 0.03, mix(FOOD[4], colour, 0.4), lift=0.003)


def _pizza(g, colour):
    tip, left, right = g.at(-0.13, 0.03, 0), g.at(0.04, 0.0, -0.06), g.at(0.04, 0.0, 0.06)
    near = g.canvas.camera.see(g.point)[3] + g.lift
    g.canvas.polygon([tip, left, right], mix(FOOD[3], colour, 0.3), near)
    g.limb((0.04, 0.0, -0.06), (0.04, 0.0, 0.06), 0.018, 0.018, mix(FOOD[4], colour, 0.3), lift=0.003)
    g.ball((-0.02, 0.02, 0.01), 0.018, (206, 70, 56), lift=0.006)


def _apple(g, colour):
    g.ball((0, 0.02, 0), 0.044, (206, 66, 58) if sum(colour) % 2 else (142, 178, 76))
    g.limb((0, 0.06, 0), (0.01, 0.085, 0), 0.006, 0.005, (90, 60, 44), lift=0.002)


def _plate(g, colour):
    g.disc((0, 0.008, 0), (0.13, 0, 0), (0, 0, 0.13), shade(SILVER, 0.9))
    g.disc((0, 0.014, 0), (0.125, 0, 0), (0, 0, 0.125), mix((252, 248, 240), colour, 0.25), lift=0.002)
    for k, (x, z) in enumerate(((-0.03, 0.03), (0.04, 0.01), (0.0, -0.045))):
        g.ball((x, 0.03, z), 0.036, FOOD[(sum(colour) + k * 2) % len(FOOD)], lift=0.004 + 0.001 * k)


def _bowl(g, colour):
    g.blob([((0, 0.02, 0), 0.045), ((0, 0.06, 0.06), 0.025), ((0, 0.06, -0.06), 0.025)], colour)
    g.disc((0, 0.075, 0), (0.075, 0, 0), (0, 0, 0.08), shade(colour, 1.3), lift=0.004)
    g.disc((0, 0.077, 0), (0.06, 0, 0), (0, 0, 0.066), FOOD[sum(colour) % len(FOOD)], lift=0.006)


def _laptop(g, colour):
    body = mix(SILVER, INK, 0.72) if sum(colour) % 3 == 0 else SILVER
    g.box((0, 0.01, 0), (0.24, 0.018, 0.34), shade(body, 0.92), lift=-0.03)
    g.box((-0.01, 0.02, 0), (0.13, 0.004, 0.29), shade(INK, 1.2), lift=-0.02)
    leaning = _lean(-17)
    screen = Grip(g.canvas, g.at(0.12, 0.02, 0), g.frame @ leaning, g.lift, g.size)
    screen.box((0, 0.115, 0), (0.012, 0.23, 0.34), body, lift=0.02)
    if screen.shows(-1):
        screen.box((-0.008, 0.118, 0), (0.004, 0.2, 0.31), (176, 214, 226), lift=0.024)
        screen.box((-0.011, 0.14, 0.04), (0.002, 0.1, 0.18), (248, 244, 232), lift=0.028)
    else:
        screen.disc((0.008, 0.12, 0), (0, 0.025, 0), (0, 0, 0.025), mix(body, colour, 0.6), lift=0.021)


def _laptop_shut(g, colour):
    g.box((0, 0.012, 0), (0.24, 0.022, 0.34), SILVER)


def _player(g, colour):
    g.box((0, 0.02, 0), (0.014, 0.105, 0.062), shade(colour, 1.1))
    if g.shows(-1):
        g.box((-0.008, 0.045, 0), (0.004, 0.04, 0.048), (216, 232, 226), lift=0.003)
        g.disc((-0.01, 0.0, 0), (0, 0.02, 0), (0, 0, 0.02), (250, 246, 238), lift=0.004)


def _headphones(g, colour):
    band = [g.at(0.085 * np.sin(a), 0.02, 0.085 * np.cos(a)) for a in np.linspace(-0.2, 3.34, 9)]
    g.canvas.line(band, 0.012 * g.size, colour, g.lift)
    for end in (band[0], band[-1]):
        g.canvas.ball(end, 0.036 * g.size, shade(colour, 0.8), g.lift + 0.004)


def _book(g, colour):
    g.box((0, 0.02, 0), (0.15, 0.035, 0.21), colour)
    g.box((0.005, 0.02, 0.003), (0.15, 0.022, 0.21), (246, 240, 226), lift=0.002)


def _vase(g, colour):
    for k, (x, z) in enumerate(((-0.05, 0.04), (0.05, 0.03), (0.0, -0.06), (0.02, 0.0))):
        g.limb((0, 0.14, 0), (x, 0.27 + 0.03 * k, z), 0.008, 0.008, (90, 130, 84))
        g.ball((x, 0.28 + 0.03 * k, z), 0.035, FOOD[(k + sum(colour)) % 4], lift=0.005)
    g.limb((0, 0.05, 0), (0, 0.14, 0), 0.05, 0.028, colour, lift=0.008)


def _bag(g, colour):
    g.ring((0, 0.26, 0), (0.0, 0.09, 0), (0, 0, 0.08), 0.2, shade(colour, 0.75), lift=-0.01)
    g.box((0, 0.13, 0), (0.12, 0.24, 0.3), colour)


def _ball(g, colour):
    g.ball((0, 0.11, 0), 0.11, colour)
    g.ring((0, 0.11, 0), (0.07, 0.05, 0), (0, 0.06, 0.07), 0.14, shade(colour, 1.5), lift=0.12)


def _lean(degrees: float) -> np.ndarray:
    a = np.radians(degrees)
    return np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])


LARGE = ("laptop", "laptop_shut", "bag", "ball", "vase", "plate")  # drawn as large as they are
PROPS = {
    "phone": _phone, "cup": _cup, "glass": _glass, "bottle": _bottle, "takeaway": _takeaway, "fork": _fork,
    "spoon": _spoon, "sandwich": _sandwich, "pizza": _pizza, "apple": _apple, "plate": _plate, "bowl": _bowl,
    "laptop": _laptop, "laptop_shut": _laptop_shut, "player": _player, "headphones": _headphones, "book": _book,
    "vase": _vase, "bag": _bag, "ball": _ball,
}  # fmt: skip
