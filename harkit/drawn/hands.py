"""Hands: brought to where a gesture wants them, with what they hold turned the right way."""

import numpy as np

from harkit.drawn.camera import turn
from harkit.drawn.gestures import CUPS, IDLE, SPOTS
from harkit.drawn.props import HELD, MOUTH_END, WIDE, Held
from harkit.drawn.skeleton import SIDES

OTHER = {"right": "left", "left": "right"}
COLOURS = ((222, 88, 70), (250, 244, 232), (86, 152, 170), (247, 190, 84), (62, 118, 98))

# How a prop in the hand is turned: the part whose frame it follows, and angles in it (yaw, pitch).
WAYS = {"chest": ("hips", 0, 0), "ear": ("head", -62, 12), "sip": ("head", 0, 14), "tip": ("head", 0, 62),
        "head": ("head", 0, 0), "read": ("chest", 0, -34)}  # fmt: skip


def place_hands(actor, luck):
    """Bring both hands of an actor to their places, and give them their props."""
    gesture, skeleton = actor.gesture, actor.skeleton
    idle = IDLE.get("at a table" if actor.support.table else actor.family, {"": 1})
    props = {actor.hand: gesture.props, OTHER[actor.hand]: gesture.other}
    if gesture.laptop:
        _laptop(actor, luck)
    for side, spot in zip((actor.hand, OTHER[actor.hand]), gesture.hands, strict=True):
        name = luck.pick(props[side]) if props[side] else ""
        if spot == "?":
            spot = luck.pick(idle)
        if spot == "plate" and actor.support.table:
            spot = "table"
        if spot == "mouth":
            _to_the_mouth(actor, luck, name or actor.props[-1].name, side, new=bool(name))
        elif spot:
            close = spot in ("front", "lap")
            skeleton.reach(side, _spot(actor, spot, side), flare=0.25 if close else gesture.flare)
            if name:
                _hold(actor, luck, name, side)
        if gesture.fingers:
            forward, up, out = gesture.fingers
            skeleton.fingers[side] = skeleton.frames["chest"] @ (forward, up, SIDES[side] * out)
    if gesture.dish:
        _dish(actor, luck)


def _to_the_mouth(actor, luck, name: str, side: str, new: bool):
    """Hold a prop so that its mouth end touches the mouth; `new` is False for the second hand on the same prop."""
    skeleton, r = actor.skeleton, actor.skeleton.body.head
    level = "sip" if name in (*CUPS, "bowl") else "head"
    part, yaw, pitch = WAYS["tip" if actor.gesture.way == "tip" else level]
    frame = skeleton.frames[part] @ turn(yaw, pitch)
    mouth = skeleton.spot("head", (0.98 * r, -0.72 * r, 0.0))
    grip = mouth - HELD * (frame @ MOUTH_END[name])
    hand = grip + HELD * (frame @ (0.01, -0.01, SIDES[side] * WIDE.get(name, 0.045)))
    skeleton.reach(side, hand, flare=0.55)
    skeleton.grips.add(side)
    if new:
        actor.props.append(Held(name, grip, frame, _any_colour(luck), 0.06))


def _any_colour(luck):
    return luck.pick(COLOURS)


def _spot(actor, name: str, side: str) -> np.ndarray:
    """Where a hand goes."""
    skeleton, sign = actor.skeleton, SIDES[side]
    h, frame = skeleton.body.height, turn(skeleton.pose["yaw"])
    if name == "knee":
        return skeleton.at[f"knee_{side}"] + (0, skeleton.body.thick(0.045), 0) - frame @ (0.03 * h, 0, 0)
    if name == "table":
        return actor.floor + frame @ (0.21 * h, actor.table_height + 0.03, sign * 0.09 * h)
    if name == "keys":
        return actor.keys + frame @ (-0.06, 0.05, sign * 0.075)
    part, forward, up, out = SPOTS[name]
    unit = skeleton.body.head if part == "head" else h
    return skeleton.spot(part, (forward * unit, up * unit, sign * out * unit))


def _hold(actor, luck, name: str, side: str):
    """Hold a prop where the hand is."""
    skeleton, sign, way = actor.skeleton, SIDES[side], actor.gesture.way
    if actor.gesture.other and side != actor.hand:
        way = "chest"
    part, yaw, pitch = WAYS[way]
    frame = skeleton.frames[part] @ turn(yaw * sign if way == "ear" else yaw, pitch)
    fore = skeleton.at[f"hand_{side}"] - skeleton.at[f"elbow_{side}"]
    grip = skeleton.at[f"hand_{side}"] + fore * (0.025 / max(0.05, float(np.linalg.norm(fore))))
    if actor.gesture.hands[0] == actor.gesture.hands[1]:
        grip = (grip + skeleton.spot("chest", (0.2 * skeleton.body.height, -0.03 * skeleton.body.height, 0))) / 2
    skeleton.grips.add(side)
    actor.props.append(Held(name, grip, frame, _any_colour(luck), 0.057 if way == "ear" else 0.03))


def _dish(actor, luck):
    skeleton, frame = actor.skeleton, turn(actor.skeleton.pose["yaw"])
    colour = _any_colour(luck)
    if actor.support.table:
        point = actor.floor + frame @ (0.24 * skeleton.body.height, actor.table_height, 0)
    else:
        side = OTHER[actor.hand]
        skeleton.reach(side, _spot(actor, "plate", side))
        point = skeleton.at[f"hand_{side}"] + frame @ (0.05, 0.02, 0)
    actor.props.append(Held(actor.gesture.dish, point, frame, colour, 0.02))


def _laptop(actor, luck):
    """On the table, on the lap, or on one arm of somebody who stands."""
    skeleton, frame, h = actor.skeleton, turn(actor.skeleton.pose["yaw"]), actor.skeleton.body.height
    if actor.support.table:
        actor.keys = actor.floor + frame @ (0.235 * h, actor.table_height, 0)
    elif actor.family in ("seated", "floor"):
        pelvis, knees = skeleton.at["pelvis"], (skeleton.at["knee_right"] + skeleton.at["knee_left"]) / 2
        actor.keys = pelvis + (knees - pelvis) * 0.72
        flat = knees[1] - pelvis[1] < 0.2  # else the knees are drawn up, and the laptop stands before them
        actor.keys[1] = max(pelvis[1], knees[1] if flat else 0.0) + skeleton.body.thick(0.045)
    else:
        actor.keys = skeleton.spot("chest", (0.2 * h, -0.13 * h, 0))
    actor.props.append(Held("laptop", actor.keys, frame, luck.pick(COLOURS), 0.0))
