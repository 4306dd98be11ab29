"""What people sit, lie and ride on. Each piece stands on the floor below a person and looks where they look.

A piece is drawn in a frame: forward, up, right of the person, from the point of the floor below their pelvis. `seat` is
its height in metres, so that it always meets the body. A new piece is one function and one line in FURNITURE.
"""

import numpy as np

from harkit.drawn.camera import turn
from harkit.drawn.canvas import Colour, Layer, mix, shade
from harkit.drawn.props import INK, Grip


def draw_furniture(name: str, canvas, floor, yaw: float, seat: float, colour: Colour, wood: Colour):
    """Draw one piece of FURNITURE and its shadow; `yaw` is where the person looks."""
    place = Grip(canvas, floor, turn(yaw))
    before = canvas.layer
    canvas.layer = Layer.FURNITURE
    FURNITURE[name](place, seat, colour, wood)
    canvas.layer = before


def _ground(g, length: float, width: float, forward: float = 0.0):
    g.canvas.shadow(g.at(forward, 0, -width / 2), g.at(forward, 0, width / 2), length / 2)


def _legs(g, length, width, height, colour, forward=0.0, radius=0.018):
    for x in (-length / 2, length / 2):
        for z in (-width / 2, width / 2):
            g.limb((forward + x, height, z), (forward + x * 1.05, 0.01, z * 1.05), radius, radius * 0.7, colour)


def _chair(g, seat, colour, wood):
    _ground(g, 0.4, 0.35)
    _legs(g, 0.38, 0.36, seat - 0.03, shade(wood, 0.85))
    g.box((0, seat - 0.03, 0), (0.44, 0.05, 0.42), colour, lift=0.1)
    g.box((-0.22, seat + 0.32, 0), (0.04, 0.34, 0.4), colour, lift=-0.25)
    for z in (-0.17, 0.17):
        g.limb((-0.22, seat, z), (-0.23, seat + 0.45, z), 0.018, 0.018, shade(wood, 0.85), lift=-0.3)


def _stool(g, seat, colour, wood):
    _ground(g, 0.35, 0.2)
    _legs(g, 0.24, 0.24, seat - 0.03, shade(wood, 0.85))
    g.disc((0, seat - 0.035, 0), (0.2, 0, 0), (0, 0, 0.2), shade(colour, 0.8), lift=0.1)
    g.disc((0, seat - 0.005, 0), (0.2, 0, 0), (0, 0, 0.2), colour, lift=0.11)


def _office_chair(g, seat, colour, wood):
    _ground(g, 0.5, 0.2)
    for a in range(0, 360, 72):
        x, z = 0.26 * np.cos(np.radians(a)), 0.26 * np.sin(np.radians(a))
        g.limb((0, 0.09, 0), (x, 0.05, z), 0.022, 0.018, INK)
        g.canvas.ball(g.at(x, 0.035, z), 0.034, INK)
    g.limb((0, 0.08, 0), (0, seat - 0.05, 0), 0.03, 0.03, (120, 120, 130))
    g.box((0, seat - 0.045, 0), (0.46, 0.08, 0.46), colour, lift=0.1)
    g.box((-0.25, seat + 0.34, 0), (0.06, 0.5, 0.42), shade(colour, 0.92), lift=-0.2)


def _armchair(g, seat, colour, wood):
    _couch(g, seat, colour, 0.34)


def _sofa(g, seat, colour, wood):
    _couch(g, seat, colour, 0.85)
    for z, tint in ((-0.6, 1.2), (0.62, 0.8)):
        g.box((-0.24, seat + 0.16, z), (0.12, 0.32, 0.34), mix(shade(colour, tint), wood, 0.25), lift=0.02)


def _long_sofa(g, seat, colour, wood):
    """To lie on: its length is across the direction it looks."""
    _couch(g, seat, colour, 1.05)


def _couch(g, seat, colour, half):
    """A soft seat, `half` as wide; the arm nearer to the camera is painted over the person."""
    _ground(g, 0.8, 2 * half)
    g.box((-0.42, (seat + 0.45) / 2 + 0.05, 0), (0.2, seat + 0.35, 2 * half + 0.1), shade(colour, 0.88), lift=-0.3)
    g.box((0.02, seat / 2, 0), (0.74, seat - 0.06, 2 * half), shade(colour, 0.93), lift=-0.1)
    g.box((0.04, seat - 0.05, 0), (0.72, 0.1, 2 * half - 0.04), colour, lift=-0.05)
    for z in (-half - 0.07, half + 0.07):
        near = g.canvas.camera.see(g.at(0, seat, z))[3] - g.canvas.camera.see(g.at(0, seat, 0))[3]
        g.canvas.layer = Layer.OVER if near > 0.3 else Layer.FURNITURE
        lift = 0.0 if near > 0.3 else -0.08
        g.box((0, (seat + 0.17) / 2, z), (0.8, seat + 0.15, 0.16), shade(colour, 0.97), lift=lift)
    g.canvas.layer = Layer.FURNITURE


def _bench(g, seat, colour, wood):
    _ground(g, 0.45, 1.4)
    for z in (-0.62, 0.62):
        g.box((0, seat / 2 - 0.02, z), (0.38, seat - 0.04, 0.06), (70, 66, 74))
        g.limb((-0.22, seat - 0.05, z), (-0.3, seat + 0.42, z), 0.025, 0.025, (70, 66, 74), lift=-0.3)
    for x in (-0.14, 0.0, 0.14):
        g.box((x, seat - 0.02, 0), (0.11, 0.035, 1.5), wood, lift=0.1)
    for up in (0.18, 0.34):
        g.box((-0.25 - 0.06 * up, seat + up, 0), (0.03, 0.1, 1.5), shade(wood, 0.94), lift=-0.2)


def _bed(g, seat, colour, wood):
    """A bed along the person's forward direction, its head behind them; for sitting and lying."""
    _mattress(g, seat, colour, wood, -0.75, 1.3, 0.5)


def _mattress(g, seat, colour, wood, head, foot, half):
    middle, length = (head + foot) / 2, foot - head
    _ground(g, length * 0.8, half * 2, middle)
    g.box((head - 0.05, (seat + 0.45) / 2, 0), (0.07, seat + 0.45, 2 * half + 0.1), wood, lift=-0.9)
    g.box((middle, seat / 2 - 0.09, 0), (length, seat - 0.2, 2 * half + 0.04), shade(wood, 0.9), lift=-0.3)
    g.box((middle, seat - 0.1, 0), (length, 0.2, 2 * half), (248, 242, 232), lift=-0.25)
    g.box((middle + length * 0.2, seat - 0.1, 0), (length * 0.6, 0.205, 2 * half + 0.02), colour, lift=-0.2)


def _step(g, seat, colour, wood):
    _ground(g, 0.6, 2.0)
    g.box((-0.15, seat / 2, 0), (0.8, seat, 2.6), mix(wood, (190, 184, 178), 0.7))


def _floor(g, seat, colour, wood):
    """Nothing but a rug or a blanket."""
    g.canvas.layer = Layer.FAR
    g.disc((0.2, 0.004, 0), (0.95, 0, 0), (0, 0, 0.95), mix(colour, (244, 234, 214), 0.3), lift=-1.0)
    g.disc((0.2, 0.006, 0), (0.78, 0, 0), (0, 0, 0.78), colour, lift=-0.99)


def _nothing(g, seat, colour, wood):
    pass


FURNITURE = {
    "chair": _chair, "stool": _stool, "office_chair": _office_chair, "armchair": _armchair, "sofa": _sofa,
    "bench": _bench, "bed": _bed, "step": _step, "floor": _floor, "couch": _long_sofa, "": _nothing,
}  # fmt: skip


def draw_table(canvas, floor, yaw: float, height: float, colour: Colour, kind: str = "desk", forward: float = 0.52):
    """A table before a sitting person, painted between their body and their arms; "round" or "desk"."""
    g = Grip(canvas, floor, turn(yaw))
    before = canvas.layer
    canvas.layer = Layer.TABLE
    if kind == "round":
        _ground(g, 0.6, 0.3, forward)
        g.limb((forward, height - 0.03, 0), (forward, 0.03, 0), 0.035, 0.035, shade(colour, 0.7))
        g.disc((forward, 0.015, 0), (0.24, 0, 0), (0, 0, 0.24), shade(colour, 0.7))
        g.disc((forward, height - 0.035, 0), (0.42, 0, 0), (0, 0, 0.5), shade(colour, 0.8), lift=0.3)
        g.disc((forward, height - 0.005, 0), (0.42, 0, 0), (0, 0, 0.5), colour, lift=0.31)
    else:
        _ground(g, 0.6, 1.2, forward)
        _legs(g, 0.5, 1.15, height - 0.03, shade(colour, 0.75), forward, 0.025)
        g.box((forward, height - 0.025, 0), (0.66, 0.045, 1.35), colour, lift=0.3)
    canvas.layer = before


def draw_lying_bed(canvas, floor, yaw: float, height: float, length: float, colour: Colour, wood: Colour):
    """A bed under a lying person whose head points away from `yaw` (degrees); `floor` is below the pelvis."""
    g = Grip(canvas, floor, turn(yaw))
    before = canvas.layer
    canvas.layer = Layer.FURNITURE
    _mattress(g, height, colour, wood, -length * 0.62, length * 0.6, 0.5)
    canvas.layer = before


TYRES = (INK, INK, (104, 72, 56), (62, 74, 104), (172, 130, 94))


def draw_bicycle(canvas, floor, yaw: float, size: float, colour: Colour, crank: float = 0.0):
    """A bicycle below a rider; gives the points to hold on to: saddle, hands and pedals.

    `size` is 1 for an adult's; `crank` is the angle of the right pedal in degrees.
    """
    g = Grip(canvas, floor, turn(yaw))
    places = bicycle_places(floor, yaw, size, crank)
    tube, wheel, tyre = 0.018 * size, 0.34 * size, TYRES[sum(colour) % len(TYRES)]
    hubs = [(-0.5 * size, wheel, 0.0), (0.56 * size, wheel, 0.0)]
    low, seat, head = (-0.06 * size, 0.3 * size, 0), (-0.2 * size, 0.86 * size, 0), (0.42 * size, 0.84 * size, 0)
    for hub in hubs:
        g.canvas.shadow(g.at(hub[0] - 0.2, 0, 0), g.at(hub[0] + 0.2, 0, 0), 0.05)
        axes = g.frame @ (wheel, 0, 0), g.frame @ (0, wheel, 0)
        for a in range(0, 180, 45):
            x, y = wheel * np.cos(np.radians(a + crank)), wheel * np.sin(np.radians(a + crank))
            ends = (hub[0] - x, hub[1] - y, 0), (hub[0] + x, hub[1] + y, 0)
            g.limb(*ends, 0.004, 0.004, mix(tyre, colour, 0.5), lift=-0.03)
        g.canvas.ring(g.at(*hub), *axes, 0.13, tyre, -0.02)
    fork = (0.45 * size, 0.92 * size, 0)
    for start, end in ((low, seat), (low, head), ((-0.17 * size, 0.78 * size, 0), head), (low, hubs[0]),
                       ((-0.17 * size, 0.78 * size, 0), hubs[0]), (fork, hubs[1])):  # fmt: skip
        g.limb(start, end, tube, tube, colour)
    g.limb((-0.3 * size, 0.9 * size, 0), (-0.1 * size, 0.9 * size, 0), 0.045 * size, 0.022 * size, INK, lift=0.01)
    g.limb(fork, (0.42 * size, 1.0 * size, 0), tube, tube, (150, 150, 158))
    g.canvas.line([places["hand_left"], g.at(0.44 * size, 1.0 * size, 0), places["hand_right"]], tube, (120, 120, 128))
    for side in ("left", "right"):
        g.canvas.limb(g.at(*low) + g.frame @ (0, 0, 0.05 if side == "right" else -0.05), places[f"foot_{side}"], 0.013,
                      0.013, (110, 110, 118))  # fmt: skip
    g.canvas.ball(g.at(*low), 0.07 * size, (90, 90, 98), 0.01)


def bicycle_places(floor, yaw: float, size: float, crank: float) -> dict[str, np.ndarray]:
    """Where a rider's pelvis, hands and ankles belong."""
    g = Grip(None, floor, turn(yaw))
    places = {"saddle": g.at(-0.2 * size, 0.94 * size, 0)}
    for side, sign, turned in (("right", 1, 0), ("left", -1, 180)):
        a = np.radians(crank + turned)
        foot = (-0.06 * size + 0.16 * size * np.cos(a), 0.3 * size + 0.16 * size * np.sin(a), sign * 0.1 * size)
        places[f"foot_{side}"] = g.at(*foot)
        places[f"hand_{side}"] = g.at(0.4 * size, 1.02 * size, sign * 0.22 * size)
    return places
