"""How people stand together: alone, beside each other, in each other's arms, against each other.

A group is a function (action, luck, cast) → list of actors. A new one is one function and one line in GROUPS.
"""

from dataclasses import replace

from harkit.drawn.actor import Actor, Support, pose_actor
from harkit.drawn.camera import turn
from harkit.drawn.poses import FAMILY
from harkit.drawn.scenes import BED_HEIGHTS, INDOOR_BEDS, OUTDOOR_BEDS, Palette, Scene
from harkit.drawn.skeleton import SIDES

SHARED = ("sofa", "bench", "step", "bed")  # more than one person sits on these
EASY = ("sofa", "armchair", "bench", "step", "bed")  # rarely have a table before them
WORN = {"headphones": 6, "earphones": 2}
HEADPHONES = ((222, 88, 70), (44, 40, 48), (248, 244, 236), (86, 152, 170), (236, 186, 80))


class Cast:
    """What a group needs to know of the place, and how single people are made."""

    def __init__(self, luck, scene: Scene, palette: Palette, anybody):
        self.luck, self.scene, self.palette, self.anybody = luck, scene, palette, anybody

    def support(self, action, pose_name: str) -> Support:
        """What carries somebody in this pose here: a seat with or without a table, a bed, a bicycle, the ground."""
        luck, scene, family = self.luck, self.scene, FAMILY[pose_name]
        support = Support("", 0.0, luck.tint(luck.pick(self.palette.accents), 14), self.palette.wood)
        if family == "seated":
            support.kind = luck.pick(scene.seats)
            rarely = 0.3 if support.kind in EASY else 1.0
            if luck.chance(scene.table * action.table * rarely) or pose_name == "slump":
                support.table = scene.table_kind if luck.chance(0.8) else luck.pick(("desk", "round"))
                support.kind = "chair" if support.kind in EASY else support.kind
        elif family == "floor":
            support.kind = "floor" if luck.chance(0.6) else ""
        elif family == "lying":
            support.kind = luck.pick(OUTDOOR_BEDS if scene.outdoor else INDOOR_BEDS)
            support.height = BED_HEIGHTS[support.kind]
        elif family == "riding":
            support.kind, support.crank = "bicycle", luck.between(0, 360)
        return support

    def person(self, action, place=(0.0, 0.0), yaw: float | None = None, like: Actor | None = None) -> Actor:
        """Somebody who does the action, on the same kind of seat as `like` where there is one."""
        luck = self.luck
        pose_name, gesture, mood = luck.pick(action.poses), luck.pick(action.gestures), luck.pick(action.moods)
        if like and FAMILY[pose_name] != like.family:
            pose_name = like.pose_name
        support = self.support(action, pose_name)
        if like:
            support = replace(like.support, shared=like.support.kind in SHARED, crank=luck.between(0, 360))
        yaw = self.facing(action, pose_name) if yaw is None else yaw + luck.around(0, 8)
        actor = pose_actor(luck, self.anybody(luck), pose_name, gesture, mood, yaw, support, place)
        if luck.chance(action.headphones):
            actor.worn = luck.pick(WORN), luck.pick(HEADPHONES)
        if support.kind == "lying_bed" and luck.chance(0.6):
            actor.blanket = luck.tint(luck.pick(self.palette.accents), 14)
        return actor

    def extra(self, action, pose_name: str, yaw: float, place, age: str | None = None) -> Actor:
        """Somebody in a given pose at a place (x, y, z), on their own feet; `age` None for any."""
        luck = self.luck
        gesture, mood, body = luck.pick(action.gestures), luck.pick(action.moods), self.anybody(luck, age)
        return pose_actor(luck, body, pose_name, gesture, mood, yaw, Support(""), (place[0], place[2]))

    def facing(self, action, pose_name: str) -> float:
        """Degrees: towards the camera, up to `action.facing` to either side; lying people lie across the picture."""
        if FAMILY[pose_name] == "lying":
            return self.luck.around(0, 20)
        spread = action.facing
        return -90 + (
            self.luck.around(0, spread / 2) if spread < 90 else self.luck.side() * self.luck.between(25, spread)
        )


def _alone(action, luck, cast):
    return [cast.person(action)]


def _row(action, luck, cast, count=3):
    first = cast.person(action)
    if first.family == "lying":
        return [first]
    yaw = first.skeleton.pose["yaw"]
    gap = {"riding": 1.5}.get(first.family, 0.66)
    gap = max(gap, 1.1) if first.support.table or first.support.kind == "armchair" else gap
    actors = [first]
    for number in range(1, count):
        sign = (1, -1)[number % 2]
        along = turn(-90 if first.support.kind not in SHARED else yaw) @ (0, 0, sign * gap * luck.between(0.95, 1.25))
        back = 0.0 if first.support.kind in SHARED else luck.around(0, 0.15)
        actors.append(cast.person(action, (along[0], along[2] + back), yaw, like=first))
    return actors


def _beside(action, luck, cast):
    return _row(action, luck, cast, 2)


def _facing_pair(action, luck, cast, distance, poses=(None, None), aside=0.0, around=42.0, age=None):
    """Two who look at each other, mostly seen from the side; `age` None for any."""
    turned = luck.around(0, around) + (180 if luck.chance(0.5) else 0)
    actors = []
    for number, sign in enumerate((-1, 1)):
        yaw = turned if sign < 0 else turned + 180
        middle = turn(turned) @ (sign * distance / 2, 0, 0) + turn(yaw) @ (0, 0, -aside)
        pose_name = poses[number] or luck.pick(action.poses)
        actors.append(cast.extra(action, pose_name, yaw, middle, age))
    return actors


def _embrace(action, luck, cast):
    actors = _facing_pair(action, luck, cast, luck.between(0.26, 0.33), aside=0.055, around=20)
    for number, (one, other) in enumerate((actors, actors[::-1])):
        high = 0.0 if number else -0.09
        h = other.skeleton.body.height
        for side, sign in SIDES.items():
            target = other.skeleton.spot("chest", (-0.07 * h, high * h - 0.02 * sign, -sign * 0.055 * h))
            one.skeleton.reach(side, target, flare=1.2)
    return actors


def _embrace_from_behind(action, luck, cast):
    first = cast.person(action)
    yaw = first.skeleton.pose["yaw"]
    behind = turn(yaw) @ (-0.26, 0, 0.09 * luck.side())
    second = cast.extra(action, luck.pick(("bow", "stand")), yaw, behind)
    h = first.skeleton.body.height
    for side, sign in SIDES.items():
        second.skeleton.reach(side, first.skeleton.spot("chest", (0.1 * h, -0.05 * h, -sign * 0.01)), flare=0.9)
        first.skeleton.reach(side, first.skeleton.spot("chest", (0.11 * h, -0.1 * h, sign * 0.03)), flare=0.5)
    return [first, second]


def _side_hug(action, luck, cast):
    first = cast.person(action)
    yaw = first.skeleton.pose["yaw"]
    step = turn(yaw) @ (0, 0, 0.3)
    second = cast.extra(action, "stand_hip_shot", yaw, step)
    pairs = ((first, second, "right"), (second, first, "left"))
    for one, other, inner in pairs:
        sign = SIDES[inner]
        one.skeleton.reach(
            inner, other.skeleton.spot("chest", (-0.03, 0.02, sign * other.skeleton.body.shoulders)), flare=0.3
        )
        outer = "left" if inner == "right" else "right"
        one.skeleton.reach(outer, other.skeleton.spot("chest", (0.13, -0.12, -sign * 0.05)), flare=0.6)
    return [second, first]


def _duel(action, luck, cast):
    attack = luck.pick(action.poses)
    far = {"high_kick": 1.15, "punch": 0.95, "hook": 0.86, "shove": 0.9}.get(attack, 1.0)
    answer = luck.pick({"reel": 3, "guard": 4, "crouch": 2, "punch": 1})
    attacker, victim = actors = _facing_pair(
        action, luck, cast, far * luck.between(0.92, 1.12), (attack, answer), around=24, age="adult"
    )
    if answer == "reel":
        victim.mood = luck.pick(("afraid", "strain"))
    if attack in ("punch", "hook"):
        attacker.skeleton.reach(
            "right", victim.skeleton.spot("head", (victim.skeleton.body.head, -0.04, 0.0)), flare=0.9
        )
    elif attack == "shove":
        for side, sign in SIDES.items():
            attacker.skeleton.reach(side, victim.skeleton.spot("chest", (0.1, 0, -sign * 0.09)), flare=0.6)
    return actors


def _brawl(action, luck, cast):
    actors = _duel(action, luck, cast)
    place = (luck.side() * luck.between(1.0, 1.25), 0, -0.3)
    third = cast.extra(action, luck.pick(("guard", "shove", "crouch")), luck.between(-180, 0), place, "adult")
    return [*actors, third]


def _waltz(action, luck, cast):
    steps = luck.pick((("stand", "stand_hip_shot"), ("stand_hip_shot", "stand"), ("walk", "lean_back")))
    actors = _facing_pair(action, luck, cast, luck.between(0.4, 0.48), steps, aside=0.05, around=70)
    one, other = (actor.skeleton for actor in actors)
    h = (one.body.height + other.body.height) / 2
    meeting = (one.at["chest"] + other.at["chest"]) / 2 + one.frames["hips"] @ (0, 0.06 * h, -0.27 * h)
    one.reach("left", meeting, flare=0.6)
    other.reach("right", meeting, flare=0.6)
    one.reach("right", other.spot("chest", (-0.06 * h, -0.07 * h, -0.03 * h)), flare=1.0)
    other.reach("left", one.spot("chest", (0.0, 0.035 * h, one.body.shoulders)), flare=0.8)
    return actors


GROUPS = {
    "alone": _alone, "beside": _beside, "row": _row, "embrace": _embrace, "embrace from behind": _embrace_from_behind,
    "side hug": _side_hug, "duel": _duel, "brawl": _brawl, "waltz": _waltz,
}  # fmt: skip
