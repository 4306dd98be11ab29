"""Faces: eyes, brows, nose and mouth show a mood."""

from math import cos, sin

from harkit.drawn.canvas import mix, shade
from harkit.drawn.hair import WORN, draw_back_hair, draw_headgear, draw_skull
from harkit.drawn.skull import Skull

# Mood: (eyes, mouth, tilt of the brows in degrees). Eyes: open, shut, happy, squeezed, down. Mouths: see _mouth.
MOODS = {
    "calm": ("open", "straight", 4),
    "smile": ("open", "smile", 4),
    "beam": ("happy", "grin", 8),
    "laugh": ("happy", "laugh", 12),
    "roar": ("squeezed", "laugh", 16),
    "talk": ("open", "open", 4),
    "enjoy": ("shut", "smile", 6),
    "asleep": ("shut", "small", 0),
    "angry": ("open", "teeth", -22),
    "strain": ("open", "open", -10),
    "chew": ("open", "small", 2),
    "sip": ("down", "small", 4),
    "read": ("down", "straight", 8),
    "amused": ("down", "smile", 4),
    "afraid": ("open", "round", 18),
    "sad": ("down", "frown", 16),
}
DARK = (46, 30, 36)


def draw_head(canvas, skeleton, mood: str = "calm", worn=None):
    """Draw the head of a skeleton. `worn` is None, or a name in WORN and a colour."""
    head = Skull(canvas, skeleton)
    draw_back_hair(head)
    draw_skull(head)
    _face(head, *MOODS[mood])
    draw_headgear(head)
    if worn:
        kind, colour = worn
        WORN[kind](head, colour)


def _face(head, eyes: str, mouth: str, brow: float):
    body = head.body
    blush = mix(body.skin, (226, 92, 76), 0.18 if mouth in ("straight", "frown") else 0.28)
    for sign in (-1, 1):
        if head.facing(sign * 44, -20) > 0.1:
            head.oval(sign * 42, -20, 11, 8, blush, 5)
    for sign in (-1, 1):
        if head.facing(sign * 26, 5) > 0.12:
            _eye(head, sign, eyes, brow)
    if head.facing(0, -8) > -0.25:
        tip = head.at(1.12, -0.2, 0)
        root = head.at(0.95, 0.02, 0)
        head.canvas.limb(root, tip, 0.07 * head.radius, 0.13 * head.radius, shade(body.skin, 0.9), near=head.level(5))
    if body.beard and head.facing(0, -40) > -0.2:
        _beard(head)
    if head.facing(0, -40) > 0.02:
        _mouth(head, mouth)
    if body.glasses:
        for sign in (-1, 1):
            if head.facing(sign * 26, 5) > 0.1:
                loops = [[(sign * 26 + wide * cos(k * 0.5236), 5 + 0.9 * wide * sin(k * 0.5236)) for k in range(13)]
                         for wide in (18, 14.5)]  # fmt: skip
                head.patch(loops[0] + loops[1][::-1], (58, 46, 52), 10)
        if head.facing(0, 10) > 0:
            head.stroke([(-10, 7), (10, 7)], 0.03, (58, 46, 52), 10)


def _eye(head, sign: int, eyes: str, brow: float):
    side = sign * 26
    if eyes == "open":
        head.oval(side, 6, 7.5, 9.5, DARK, 6)
    elif eyes == "down":
        head.stroke([(side - 8, 3), (side, 0), (side + 8, 3)], 0.05, DARK, 6)
        head.oval(side, -2, 5, 5, DARK, 6)
    elif eyes == "shut":
        head.stroke([(side - 10, 4), (side - 4, -1), (side + 4, -1), (side + 10, 4)], 0.05, DARK, 6)
    elif eyes == "happy":
        head.stroke([(side - 10, 1), (side - 4, 8), (side + 4, 8), (side + 10, 1)], 0.055, DARK, 6)
    else:
        head.stroke([(side + sign * 10, 10), (side - sign * 8, 4), (side + sign * 10, -1)], 0.05, DARK, 6)
    slope = brow * 0.35
    colour = shade(head.body.hair_colour, 0.8) if head.body.hair_colour[0] < 150 else shade(head.body.hair_colour, 0.75)
    head.stroke([(sign * 16, 25 + slope), (sign * 36, 25 - slope)], 0.05, colour, 6)


def _beard(head):
    colour = head.body.hair_colour
    if head.body.beard == "moustache":
        head.stroke([(-16, -27), (0, -23), (16, -27)], 0.1, colour, 7)
        return
    if head.body.beard == "stubble":
        colour = mix(colour, head.body.skin, 0.62)
    outline = [(-68, -2), (-58, -30), (-30, -26), (0, -20), (30, -26), (58, -30), (68, -2), (66, -60), (30, -84),
               (-30, -84),
               (-66, -60)]  # fmt: skip
    head.patch(outline, colour, 7, 1.06)


def _mouth(head, mouth: str):
    lips, up = head.body.lips, -42
    if mouth == "straight":
        head.stroke([(-11, up + 1), (0, up), (11, up + 1)], 0.05, lips, 8)
    elif mouth == "smile":
        head.stroke([(-19, up + 5), (-9, up - 2), (9, up - 2), (19, up + 5)], 0.055, lips, 8)
    elif mouth == "frown":
        head.stroke([(-14, up - 4), (0, up + 2), (14, up - 4)], 0.055, lips, 8)
    elif mouth == "small":
        head.oval(0, up, 7, 4, lips, 8)
    elif mouth in ("open", "round"):
        head.oval(0, up - 2, 10 if mouth == "open" else 8, 9 if mouth == "open" else 12, (110, 38, 44), 8)
    elif mouth == "teeth":
        head.patch([(-18, up + 3), (18, up + 3), (16, up - 8), (-16, up - 8)], (250, 246, 238), 8)
        head.stroke([(-18, up + 3), (18, up + 3), (16, up - 8), (-16, up - 8), (-18, up + 3)], 0.03, lips, 9)
    else:
        deep = 36 if mouth == "laugh" else 16
        wide = 31 if mouth == "laugh" else 24
        outline = [(-wide, up + 8), (wide, up + 8), (wide * 0.8, up - deep * 0.4), (wide * 0.35, up - deep * 0.8),
                   (-wide * 0.35, up - deep * 0.8), (-wide * 0.8, up - deep * 0.4)]  # fmt: skip
        head.patch(outline, mix(shade(head.body.skin, 0.42), (112, 40, 46), 0.45), 8)
        head.patch([(-wide * 0.9, up + 8), (wide * 0.9, up + 8), (wide * 0.78, up + 1), (-wide * 0.78, up + 1)],
                   (252, 248, 242), 9)  # fmt: skip
