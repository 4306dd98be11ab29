"""A person on the canvas: limbs as tapered capsules in their clothes, the far ones darker."""

import numpy as np

from harkit.drawn.canvas import shade
from harkit.drawn.face import draw_head
from harkit.drawn.skeleton import SIDES

FAR = 0.87  # brightness of an arm or leg on the far side


def draw_figure(canvas, skeleton, mood: str = "calm", worn=None, upper=None):
    """Draw a whole person and cast their shadow.

    `worn` is None, or what is on the ears: a name in hair.WORN and a colour. `upper` is the layer of arms and head
    where it is not that of the rest: a person at a table, which is painted between.
    """
    lower = canvas.layer
    _shadow(canvas, skeleton)
    for side in SIDES:
        _leg(canvas, skeleton, side)
    _torso(canvas, skeleton)
    canvas.layer = lower if upper is None else upper
    for side in SIDES:
        _arm(canvas, skeleton, side)
    draw_head(canvas, skeleton, mood, worn)
    canvas.layer = lower


def _shadow(canvas, skeleton):
    at, body = skeleton.at, skeleton.body
    canvas.shadow(at["pelvis"], at["chest"], body.thick(0.075))
    canvas.shadow(at["head"], at["head"], body.head)
    for side in SIDES:
        canvas.shadow(at[f"hip_{side}"], at[f"knee_{side}"], body.thick(0.045))
        canvas.shadow(at[f"knee_{side}"], at[f"toe_{side}"], body.thick(0.035))
        canvas.shadow(at[f"shoulder_{side}"], at[f"hand_{side}"], body.thick(0.025))


def _depth_tone(canvas, skeleton, name: str) -> float:
    """Darker for a joint that lies behind the middle of the body."""
    behind = canvas.camera.see(skeleton.at[name])[3] - canvas.camera.see(skeleton.at["waist"])[3]
    return FAR if behind < -0.05 * skeleton.body.height else 1.0


def _leg(canvas, skeleton, side: str):
    body, at = skeleton.body, skeleton.at
    hip, knee, ankle, toe = (at[f"{name}_{side}"] for name in ("hip", "knee", "ankle", "toe"))
    tone = _depth_tone(canvas, skeleton, f"hip_{side}")
    cloth, skin = shade(body.bottom_colour, tone), shade(body.skin, tone)
    if body.bottom == "dress":
        cloth = shade(body.top_colour, tone * 0.97)
    long = body.bottom in ("trousers", "jeans")
    thigh, middle, thin = body.thick(0.051), body.thick(0.038), body.thick(0.024)
    nearer = 0.02 * body.height
    canvas.limb(ankle, toe, body.thick(0.027), body.thick(0.019), shade(body.shoes, tone), lift=0.01)
    if long:
        canvas.limb(knee, ankle, middle, body.thick(0.031), cloth, lift=0.012)
        canvas.limb(hip, knee, thigh, middle, cloth, lift=nearer)
        return
    canvas.limb(knee, ankle, middle * 0.86, thin, skin)
    canvas.limb(hip, knee, thigh * 0.9, middle * 0.86, skin, lift=0.01)
    reach = 0.62 if body.bottom == "shorts" else 0.8
    canvas.limb(hip, hip + (knee - hip) * reach, thigh * 1.06, middle * (1.25 if body.bottom == "shorts" else 1.5),
                cloth, lift=nearer)  # fmt: skip


def _torso(canvas, skeleton):
    body, at = skeleton.body, skeleton.at
    chest = skeleton.frames["chest"]
    top, t = body.top_colour, body.thick
    bottom = top if body.bottom == "dress" else body.bottom_colour
    hips = [(at["hip_right"], t(0.05)), (at["hip_left"], t(0.05)), (at["pelvis"], t(0.058))]
    canvas.blob(hips, bottom, lift=-0.005)
    if body.bottom in ("skirt", "dress"):
        knees = [at[f"hip_{s}"] + (at[f"knee_{s}"] - at[f"hip_{s}"]) * 0.72 for s in SIDES]
        canvas.blob([*hips, *((knee, t(0.055)) for knee in knees)], bottom, lift=0.04)
    round_shoulder = t(0.036 if body.sleeve else 0.028)
    shoulders = [(at[f"shoulder_{s}"] - chest @ (0, t(0.012), 0), round_shoulder) for s in SIDES]
    ribs = [(at["chest"] - chest @ (0, t(0.03), 0), t(0.062))]
    waist = [(at["waist"] + skeleton.frames["hips"] @ (0, 0, s * body.hips * 0.6), t(0.052)) for s in (-1, 1)]
    hem = at["pelvis"] + skeleton.frames["hips"] @ (0, 0.012, 0)
    seat = [(hem + skeleton.frames["hips"] @ (0, 0, s * body.hips), t(0.05)) for s in (-1, 1)]
    canvas.blob(shoulders + ribs + waist + seat, top, lift=0.03)
    away = -canvas.sunny * np.array(canvas.camera.right)  # the side of the body that the light doesn't reach
    dim = [(point + away * radius * 0.5, radius * 0.46) for point, radius in (*shoulders, *waist, *seat)]
    sides = [float((point - at["waist"]) @ away) for point, _ in dim]
    outer = [circle for circle, side in zip(dim, sides, strict=True) if side > 0.25 * max(sides)]
    canvas.blob(outer, shade(top, 0.92), lift=0.031)
    _clothing_details(canvas, skeleton)
    neck = t(0.028) if body.age != "child" else t(0.024)
    below = at["neck"] - chest @ (0, t(0.018), 0)
    if body.hair != "hijab":
        canvas.limb(
            below, at["neck"] + 0.5 * (at["head"] - at["neck"]), neck, neck * 0.95, shade(body.skin, 0.86), lift=0.035
        )


def _clothing_details(canvas, skeleton):
    """What shows on the front: the shirt under a jacket, stripes, a hood, a collar."""
    body, at, chest, t = skeleton.body, skeleton.at, skeleton.frames["chest"], skeleton.body.thick
    facing = canvas.camera.nearness(chest[:, 0])
    front = at["chest"] + chest @ (t(0.05), 0, 0)
    if body.top == "stripes":
        for k in range(3):
            level = at["chest"] + (at["waist"] - at["chest"]) * (k * 0.55 - 0.1)
            across = chest @ (0, 0, body.shoulders * (0.95 - 0.12 * k))
            swell = chest @ (t(0.045), 0, 0)
            canvas.line([level - across, level + swell, level + across], t(0.009), body.under_colour, lift=0.04)
    if body.top == "hoodie":
        canvas.blob([(at["neck"] + chest @ (-t(0.03), -t(0.012), s * t(0.035)), t(0.03)) for s in (-1, 1)],
                    shade(body.top_colour, 0.86), lift=0.032)  # fmt: skip
    if facing < 0.15:
        return
    hem = at["pelvis"] + skeleton.frames["hips"] @ (t(0.06), 0.02, 0)
    across = chest @ (0, 0, 1)
    if body.top == "jacket":
        collar = front + chest @ (0, t(0.045), 0)
        opening = [collar + across * t(0.03), collar - across * t(0.03), hem - across * t(0.02), hem + across * t(0.02)]
        canvas.polygon(opening, body.under_colour, canvas.camera.see(at["chest"])[3] + 0.045)
    if body.top in ("shirt", "jacket", "tee", "vest", "dress"):
        depth = 0.036 if body.top != "jacket" else 0.05
        opening = [front + chest @ (0, t(0.058), t(0.028)), front + chest @ (0, t(0.058), -t(0.028)),
                   front + chest @ (0, t(0.058) - body.height * depth, 0)]  # fmt: skip
        canvas.polygon(opening, shade(body.skin, 0.93), canvas.camera.see(at["chest"])[3] + 0.048)
    if body.top == "shirt":
        low = front + (hem - front) * 0.85
        canvas.line([front + chest @ (0, t(0.02), 0), low], t(0.004), shade(body.top_colour, 0.84), lift=0.06)


def _arm(canvas, skeleton, side: str):
    body, at = skeleton.body, skeleton.at
    shoulder, elbow, hand = (at[f"{name}_{side}"] for name in ("shoulder", "elbow", "hand"))
    tone = _depth_tone(canvas, skeleton, f"shoulder_{side}")
    skin, cloth = shade(body.skin, tone), shade(body.top_colour, tone * 0.95)
    upper, middle, wrist = body.thick(0.031), body.thick(0.026), body.thick(0.019)
    sleeve = body.sleeve
    onto = 0.05 if canvas.camera.see(hand)[3] > canvas.camera.see(at["waist"])[3] - 0.12 * body.height else 0.0
    _hand(canvas, skeleton, side, skin, onto)
    if sleeve >= 0.9:
        canvas.limb(elbow, elbow + (hand - elbow) * 0.93, middle, wrist * 1.12, cloth, lift=onto + 0.01)
        canvas.limb(shoulder, elbow, upper * 1.05, middle, cloth, lift=onto)
        return
    canvas.limb(elbow, hand, middle * 0.88, wrist * 0.9, skin, lift=onto + 0.005)
    canvas.limb(shoulder, elbow, upper * 0.9, middle * 0.88, skin, lift=onto)
    if sleeve:
        end = shoulder + (elbow - shoulder) * min(1.0, 0.35 + sleeve * 0.6)
        canvas.limb(shoulder, end, upper * 1.05, middle * 1.12, cloth, lift=onto + 0.003)


def _hand(canvas, skeleton, side: str, skin, lift: float):
    """A palm and a thumb; a fist where it holds something."""
    body, hand = skeleton.body, skeleton.at[f"hand_{side}"]
    along = skeleton.fingers.get(side)
    along = hand - skeleton.at[f"elbow_{side}"] if along is None else along
    along = along / max(1e-6, float(np.linalg.norm(along)))
    r = body.thick(0.025)
    if side in skeleton.grips:
        canvas.limb(hand, hand + along * r * 0.8, r * 1.05, r * 1.05, skin, lift=lift + 0.012)
        return
    chest = skeleton.frames["chest"]
    inner = chest @ (0.45, 0.55, -0.5 * SIDES[side])
    palm = hand + along * r * 1.5
    canvas.limb(hand, palm, r, r * 0.78, skin, lift=lift + 0.012)
    canvas.limb(
        hand + along * r * 0.4, hand + along * r * 1.2 + inner * r * 1.1, r * 0.42, r * 0.36, skin, lift=lift + 0.013
    )
