"""The skeleton: a pose is joint angles in degrees, forward kinematics gives points in metres.

A figure at rest looks along x, stands along y, and has its right side at positive z. Angles are 0 for a body that
stands straight with hanging arms. A name without a side ("hip") sets both sides, "hip_right" and "hip_left" one.
"""

import numpy as np

from harkit.drawn.camera import turn

SIDES = {"right": 1, "left": -1}

# What each joint can do, in degrees; noise and mixtures of poses are held within.
LIMITS = {
    "lean": (-40, 110),  # the back forward
    "bend": (-35, 35),  # the back to the right
    "twist": (-50, 50),  # the shoulders to the left
    "nod": (-45, 60),  # the head down
    "gaze": (-75, 75),  # the head to the left
    "tilt": (-40, 40),  # the head to the right
    "shoulder": (-60, 185),  # the upper arm forward and up
    "out": (-45, 175),  # the upper arm sideways
    "inward": (-70, 100),  # the forearm towards the other side
    "elbow": (0, 150),
    "hip": (-35, 135),  # the thigh forward and up
    "spread": (-25, 70),  # the thigh sideways
    "cross": (-60, 80),  # the shin towards the other side
    "knee": (0, 150),
    "ankle": (-50, 35),  # the toes up
    "pitch": (-200, 200),  # the whole body: 90 on its back, -90 on its belly
    "spin": (-200, 200),  # the whole body about its own length
    "yaw": (-720, 720),  # the whole body about the upright axis: 90 looks away, -90 at a camera with yaw 0
}
SIDED = ("shoulder", "out", "inward", "elbow", "hip", "spread", "cross", "knee", "ankle")
Pose = dict[str, float]


def pose(**angles: float) -> Pose:
    """A whole pose from the angles that are not 0. Raises KeyError for a joint that does not exist."""
    whole = {name: 0.0 for name in LIMITS if name not in SIDED}
    whole |= {f"{name}_{side}": 0.0 for name in SIDED for side in SIDES}
    for name, angle in sorted(angles.items(), key=lambda item: item[0].count("_")):  # one side last: it wins
        for key in [f"{name}_{side}" for side in SIDES] if name in SIDED else [name]:
            if key not in whole:
                raise KeyError(f"There is no joint '{name}': choose from {', '.join(LIMITS)}.")
            whole[key] = angle
    return whole


def limit(angles: Pose) -> Pose:
    """The pose with every joint held within what it can do."""
    held = {}
    for name, angle in angles.items():
        low, high = LIMITS[name.split("_")[0]]
        held[name] = min(high, max(low, angle))
    return held


def blend(one: Pose, other: Pose, part: float) -> Pose:
    """The pose `part` of the way from one to the other."""
    return {name: angle + (other[name] - angle) * part for name, angle in one.items()}


def jitter(angles: Pose, luck, spread: float = 5.0) -> Pose:
    """The pose with every joint moved a little; the body as a whole stays where it was."""
    fixed = ("pitch", "spin", "yaw")
    return limit({n: a if n in fixed else luck.around(a, spread) for n, a in angles.items()})


class Skeleton:
    """The points of one body in one pose. `at["hand_right"]` is a point (3,); `frames` are rotations (3, 3)."""

    def __init__(self, body, angles: Pose, position=(0.0, 0.0, 0.0)):
        self.body, self.pose = body, angles
        self.at, self.frames = {}, {}
        self.fingers, self.grips = (
            {},
            set(),
        )  # where fingers point, if not along the forearm; the hands that hold something
        self._spine(np.asarray(position, float))
        for side, sign in SIDES.items():
            self._arm(side, sign)
            self._leg(side, sign)

    def _spine(self, position):
        b, p = self.body, self.pose
        hips = turn(p["yaw"], p["pitch"]) @ turn(p["spin"])
        half = turn(p["twist"] / 2, -p["lean"] * 0.55, p["bend"] / 2)
        waist = hips @ half
        chest = waist @ turn(p["twist"] / 2, -p["lean"] * 0.45, p["bend"] / 2)
        head = chest @ turn(p["gaze"], -p["nod"], p["tilt"])
        at = self.at
        at["pelvis"] = position
        at["waist"] = position + waist @ (0, b.torso * 0.42, 0)
        at["chest"] = at["waist"] + chest @ (0, b.torso * 0.5, 0)
        at["neck"] = at["chest"] + chest @ (0, b.torso * 0.12, 0)
        at["head"] = at["neck"] + 0.4 * chest @ (0.02, b.neck, 0) + head @ (0.02, b.neck * 0.6 + b.head * 0.85, 0)
        self.frames |= {"hips": hips, "chest": chest, "head": head}

    def _arm(self, side, sign):
        b, p, chest = self.body, self.pose, self.frames["chest"]
        upper = chest @ turn(roll=-sign * p[f"out_{side}"]) @ turn(pitch=p[f"shoulder_{side}"])
        fore = upper @ turn(sign * p[f"inward_{side}"], p[f"elbow_{side}"])
        self.at[f"shoulder_{side}"] = self.at["chest"] + chest @ (0, 0.01, sign * b.shoulders)
        self.at[f"elbow_{side}"] = self.at[f"shoulder_{side}"] + upper @ (0, -b.upper_arm, 0)
        self.at[f"hand_{side}"] = self.at[f"elbow_{side}"] + fore @ (0, -b.forearm, 0)

    def _leg(self, side, sign):
        b, p, hips = self.body, self.pose, self.frames["hips"]
        thigh = hips @ turn(roll=-sign * p[f"spread_{side}"]) @ turn(pitch=p[f"hip_{side}"])
        shin = thigh @ turn(-sign * p[f"cross_{side}"], -p[f"knee_{side}"])
        self.at[f"hip_{side}"] = self.at["pelvis"] + hips @ (0, -0.02, sign * b.hips)
        self.at[f"knee_{side}"] = self.at[f"hip_{side}"] + thigh @ (0, -b.thigh, 0)
        self.at[f"ankle_{side}"] = self.at[f"knee_{side}"] + shin @ (0, -b.shin, 0)
        self.at[f"toe_{side}"] = self.at[f"ankle_{side}"] + shin @ turn(pitch=p[f"ankle_{side}"]) @ (b.foot, -0.03, 0)

    def rest(self, height: float = 0.0, on: tuple[str, ...] | None = None) -> "Skeleton":
        """Move the body up or down until its lowest point (or the lowest of those named) touches this height."""
        lowest = min(self.at[name][1] - self.body.radius(name) for name in on or self.at)
        return self.move((0, height - lowest, 0))

    def move(self, by) -> "Skeleton":
        """Move the whole body (metres)."""
        by = np.asarray(by, float)
        for name in self.at:
            self.at[name] = self.at[name] + by
        return self

    def reach(self, side: str, target, flare: float = 0.5):
        """Bring a hand to a point, the elbow hanging down and `flare` outwards; as near as the arm can come."""
        sign, chest, b = SIDES[side], self.frames["chest"], self.body
        pole = chest @ (-0.35, -1.0, sign * flare)
        shoulder = self.at[f"shoulder_{side}"]
        self.at[f"elbow_{side}"], self.at[f"hand_{side}"] = _two_bones(shoulder, target, b.upper_arm, b.forearm, pole)

    def step(self, side: str, target, toes=(1.0, -0.2, 0.0)):
        """Bring an ankle to a point, the knee forward; the foot points along `toes` in the frame of the hips."""
        hips, b = self.frames["hips"], self.body
        pole = hips @ (1.0, 0.35, SIDES[side] * 0.12)
        hip = self.at[f"hip_{side}"]
        self.at[f"knee_{side}"], self.at[f"ankle_{side}"] = _two_bones(hip, target, b.thigh, b.shin, pole)
        direction = hips @ np.asarray(toes)
        self.at[f"toe_{side}"] = self.at[f"ankle_{side}"] + direction / np.linalg.norm(direction) * b.foot

    def spot(self, part: str, offset) -> np.ndarray:
        """A point beside a part ("head", "chest", "pelvis"): `offset` forward, up, right in metres of its frame."""
        return self.at[part] + self.frames["hips" if part == "pelvis" else part] @ np.asarray(offset, float)


def _two_bones(start, target, first: float, second: float, pole) -> tuple[np.ndarray, np.ndarray]:
    """The middle and the end joint of a limb that reaches from `start` for a target, bent towards `pole`."""
    way = np.asarray(target, float) - start
    length = float(np.linalg.norm(way)) or 1e-6
    way = way / length
    length = min(max(length, abs(first - second) + 0.02), (first + second) * 0.995)
    along = (first**2 - second**2 + length**2) / (2 * length)
    across = pole - way * float(pole @ way)
    across = across / (float(np.linalg.norm(across)) or 1.0)
    middle = start + way * along + across * max(0.0, first**2 - along**2) ** 0.5
    return middle, start + way * length
