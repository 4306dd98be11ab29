"""Hair in its cuts, headgear, headphones: what is on a head, behind and above the face."""

from math import cos, radians, sin

from harkit.drawn.canvas import mix, shade

# How far the face reaches to the sides and up to the hairline, in degrees; (66, 42) where not named.
FRONT = {
    "hijab": (62, 42), "cap": (72, 34), "beanie": (74, 30), "turban": (72, 34), "buzz": (70, 48), "afro": (68, 36),
    "long": (60, 46), "bob": (58, 40), "quiff": (72, 46),
}  # fmt: skip


def _colours(body):
    hair = body.covering if body.hair in ("hijab", "turban") else body.hair_colour
    return hair, shade(hair, 0.85)


def draw_back_hair(head):
    """What hangs or stands behind the skull."""
    hair, dark = _colours(head.body)
    style, canvas, r = head.body.hair, head.canvas, head.radius
    if style in ("long", "bob"):
        length = -1.75 if style == "long" else -0.72
        circles = [(head.at(-0.18, 0.1, s * 0.62), 0.52 * r) for s in (-1, 1)]
        circles += [(head.at(-0.45, length, s * 0.5), 0.42 * r) for s in (-1, 1)]
        canvas.blob(circles, dark, lift=-0.01)
    elif style == "bun":
        head.bubble(-0.75, 0.95, 0, 0.46, dark)
    elif style == "ponytail":
        canvas.limb(head.at(-0.95, 0.45, 0), head.at(-1.35, -0.9, 0), 0.34 * r, 0.16 * r, dark)
    elif style == "afro":
        head.bubble(-0.12, 0.28, 0, 1.48, hair)
    elif style == "curly":
        for forward, up, side in ((-0.5, 0.6, 0.7), (-0.5, 0.6, -0.7), (-0.7, 0, 0.75), (-0.7, 0, -0.75), (-0.3, 1, 0)):
            head.bubble(forward, up, side, 0.62, dark)
    elif style == "hijab":
        canvas.blob([(head.at(-0.1, -0.1, 0), 1.12 * r), (head.at(0.0, -1.25, 0.55), 0.5 * r),
                     (head.at(0.0, -1.25, -0.55), 0.5 * r)], dark, lift=0.05)  # fmt: skip


def draw_skull(head):
    """Jaw, skull in the colour of the hair, ears, and the face as a patch of skin on its front."""
    body, skin = head.body, head.body.skin
    hair, _ = _colours(body)
    style = body.hair
    bare = style == "bald"
    head.ball(0.16, -0.42, 0, 0.80, skin, 0)
    head.ball(-0.05, 0.08, 0, 1.04, skin if bare else mix(hair, skin, 0.35) if style == "buzz" else hair, 1)
    if not bare:
        _front(head, *FRONT.get(style, (66, 42)))
    if style == "hijab":
        return
    for sign in (-1, 1):
        if style not in ("long", "bob", "afro") and head.facing(sign * 90, 0) > -0.25:
            order = 4 if head.facing(sign * 90, 0) > 0.1 else -1
            head.ball(-0.08, -0.12, sign * 1.0, 0.22, shade(skin, 0.92), order)


def _front(head, sides: float, top: float):
    """The face as a patch of skin that leaves the hair free."""
    half = [(sides * 0.35, top), (sides * 0.8, top * 0.72), (sides, 5), (sides + 4, -30), (sides, -78)]
    head.patch(half + [(-side, up) for side, up in reversed(half)], head.body.skin, 3)
    if head.facing(0, 0) > 0:
        head.ball(0.2, -0.42, 0, 0.74, head.body.skin, 2)


def draw_headgear(head):
    """What is worn on top; nothing for plain hair."""
    body, r = head.body, head.radius
    style, colour = body.hair, body.covering
    if style == "quiff":
        head.canvas.limb(head.at(0.75, 0.85, -0.35), head.at(0.5, 0.95, 0.4), 0.3 * r, 0.24 * r, body.hair_colour,
                         near=head.level(10))  # fmt: skip
    elif style == "cap":
        brim = [(-50, 36), (-25, 30), (0, 28), (25, 30), (50, 36)]
        points = [head.on(s, u, 1.05) for s, u in brim] + [head.on(s * 0.8, u - 14, 1.5) for s, u in brim[::-1]]
        dome = [(s, 34 + 4 * cos(radians(s))) for s in range(-180, 180, 20)]
        if head.facing(0, 90) > -0.6:
            _dome(head, dome, colour)
        if head.facing(0, 20) > -0.35:
            head.canvas.polygon(points, shade(colour, 0.8), head.level(11))
    elif style == "beanie":
        _dome(head, [(s, 30) for s in range(-180, 180, 20)], colour)
        head.stroke([(s, 32) for s in range(-90, 91, 30)], 0.13, shade(colour, 0.85), 11)
    elif style == "turban":
        _dome(head, [(s, 34 - 6 * abs(s) / 180) for s in range(-180, 180, 20)], colour)
        for slope in (-1, 1):
            head.stroke([(slope * -50, 34), (0, 52), (slope * 45, 74)], 0.1, shade(colour, 0.86), 11)


def _dome(head, rim, colour):
    """Headgear: everything above a rim."""
    points = [head.on(side, up, 1.1) for side, up in rim]
    points += [head.on(side, up, 1.16) for side in range(-180, 180, 30) for up in (45, 70, 88)]
    head.canvas.hull(points, colour, head.level(10))


def draw_headphones(head, colour):
    """A band over the head and a cup on each ear."""
    r = head.radius
    band = [head.at(-0.05, 1.2 * sin(radians(a)), 1.13 * cos(radians(a))) for a in range(0, 181, 20)]
    head.canvas.line(band, 0.11 * r, colour, near=head.level(12))
    for sign in (-1, 1):
        seen = head.facing(sign * 90, 0)
        cup, inner = head.at(-0.02, -0.05, sign * 1.06), head.at(-0.02, -0.05, sign * 0.95)
        near = head.level(13 if seen > -0.3 else -2)
        head.canvas.limb(inner, cup, 0.36 * r, 0.4 * r, shade(colour, 0.8), near=near)
        if seen > 0.1:
            across, upward = head.frame @ (0.42 * r, 0, 0), head.frame @ (0, 0.5 * r, 0)
            head.canvas.disc(cup, across, upward, shade(colour, 1.12), near=head.level(14))


def draw_earphones(head, colour):
    """A bud in each ear, and a cable that hangs down."""
    knot = head.at(0.75, -2.3, 0.0)
    for sign in (-1, 1):
        if head.facing(sign * 90, 0) > -0.35:
            near = head.level(13)
            bend = head.at(0.35, -1.5, sign * 0.8)
            head.canvas.line([head.at(0.02, -0.3, sign * 1.05), bend, knot], 0.05 * head.radius, colour, near=near)
            head.canvas.ball(head.at(0.02, -0.15, sign * 1.05), 0.15 * head.radius, colour, near=near)
    head.canvas.line([knot, head.at(0.6, -4.0, 0.3)], 0.05 * head.radius, colour, near=head.level(13))


WORN = {"headphones": draw_headphones, "earphones": draw_earphones}
