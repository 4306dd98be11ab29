"""One person of a picture: posed, with what the hands hold and what the body rests on, ready to be drawn."""

from dataclasses import dataclass, field

import numpy as np

from harkit.drawn.camera import turn
from harkit.drawn.canvas import Layer, mix
from harkit.drawn.figure import draw_figure
from harkit.drawn.furniture import bicycle_places, draw_bicycle, draw_furniture, draw_lying_bed, draw_table
from harkit.drawn.gestures import GESTURES, Gesture
from harkit.drawn.hands import place_hands
from harkit.drawn.poses import FAMILY, POSES
from harkit.drawn.props import Held
from harkit.drawn.skeleton import SIDES, Skeleton, jitter

IN_THE_AIR = {"leap": (0.1, 0.35), "run_flight": (0.02, 0.08), "sprint": (0.02, 0.06)}  # metres above the ground


@dataclass
class Support:
    """What a person sits, lies or rides on."""

    kind: str  # a name in FURNITURE, "lying_bed", "bicycle" or ""
    height: float = 0.0
    colour: tuple = (160, 120, 90)
    wood: tuple = (120, 84, 60)
    table: str = ""  # "desk" or "round": stands before the seat
    crank: float = 0.0  # degrees, of a bicycle
    shared: bool = False  # somebody else draws it


@dataclass
class Actor:
    """A person in a pose."""

    skeleton: Skeleton
    pose_name: str
    mood: str
    support: Support
    gesture: Gesture
    hand: str = "right"  # the one that acts
    worn: tuple | None = None  # on the ears: a name in hair.WORN, a colour
    blanket: tuple | None = None
    props: list[Held] = field(default_factory=list)
    keys: np.ndarray | None = None  # of a laptop

    @property
    def family(self) -> str:
        """The family of the pose."""
        return FAMILY[self.pose_name]

    @property
    def floor(self) -> np.ndarray:
        """The point of the floor below the pelvis."""
        pelvis = self.skeleton.at["pelvis"]
        return np.array([pelvis[0], 0.0, pelvis[2]])

    @property
    def table_height(self) -> float:
        """Metres; of a table that fits seat and body."""
        return self.support.height + 0.155 * self.skeleton.body.height

    def draw(self, canvas):
        """Furniture, body, props, from what is below to what is above."""
        support = self.support
        if not support.shared:
            self._draw_support(canvas)
        if self.family == "lying" and support.kind in ("lying_bed", "sofa"):
            self._draw_pillow(canvas)
        over = Layer.PEOPLE
        if support.table:
            over = Layer.OVER
            draw_table(canvas, self.floor, self._yaw, self.table_height, support.wood, support.table)
        canvas.layer = Layer.PEOPLE
        draw_figure(canvas, self.skeleton, self.mood, self.worn, over)
        canvas.layer = over
        for held in self.props:
            held.draw(canvas)
        if self.blanket:
            canvas.layer = Layer.OVER
            self._draw_blanket(canvas)

    @property
    def _yaw(self) -> float:
        return self.skeleton.pose["yaw"]

    def _draw_support(self, canvas):
        support, body = self.support, self.skeleton.body
        colours = support.colour, support.wood
        if support.kind == "lying_bed":
            headwards = self._yaw + (180 if self.skeleton.pose["pitch"] < 0 else 0)
            draw_lying_bed(canvas, self.floor, headwards, support.height, body.height, *colours)
        elif support.kind == "bicycle":
            canvas.layer = Layer.PEOPLE
            draw_bicycle(canvas, _below_bicycle(self), self._yaw, _bicycle_size(body), support.colour, support.crank)
        elif support.kind == "sofa" and self.family == "lying":
            draw_furniture("couch", canvas, self.floor, self._yaw - 90, support.height, *colours)
        else:
            draw_furniture(support.kind, canvas, self.floor, self._yaw, support.height, *colours)

    def _draw_pillow(self, canvas):
        canvas.layer = Layer.FURNITURE
        at, r = self.skeleton.at, self.skeleton.body.head
        down = np.array([0.0, r * 0.62, 0.0])
        across = turn(self._yaw) @ (0, 0, 1)
        cotton = mix((252, 248, 240), self.support.colour, 0.3)
        canvas.blob([(at["head"] - down + across * s * r * 1.9, r * 0.62) for s in (-1, 1)], cotton, lift=0.4)

    def _draw_blanket(self, canvas):
        """A blanket from the waist to the feet."""
        at, body = self.skeleton.at, self.skeleton.body
        points = [(at["waist"], body.thick(0.075)), (at["pelvis"], body.thick(0.085))]
        points += [(at[f"{name}_{side}"], body.thick(0.06)) for name in ("knee", "ankle") for side in SIDES]
        canvas.blob(points, self.blanket)


def _bicycle_size(body) -> float:
    return body.height / 1.72


def _below_bicycle(actor: Actor) -> np.ndarray:
    """The point of the floor below the middle of the bicycle: the rider sits behind it."""
    return actor.floor + turn(actor.skeleton.pose["yaw"]) @ (0.2 * _bicycle_size(actor.skeleton.body), 0, 0)


def pose_actor(
    luck, body, pose_name: str, gesture_name: str, mood: str, yaw: float, support: Support, place=(0.0, 0.0)
) -> Actor:
    """Pose a body at a place of the floor (x, z), put hands and props where the gesture wants them."""
    gesture = GESTURES[gesture_name]
    angles = jitter(POSES[pose_name], luck, 4.0) | {"yaw": POSES[pose_name]["yaw"] + yaw}
    hand = luck.pick(("right", "left"))
    angles["nod"] += gesture.nod * luck.between(0.75, 1.2)
    angles["gaze"] += gesture.gaze * (1 if hand == "left" else -1) - _towards_camera(yaw) * luck.between(0.2, 0.9)
    skeleton = Skeleton(body, angles, (place[0], 0.0, place[1]))
    actor = Actor(skeleton, pose_name, mood, support, gesture, hand)
    _settle(actor, luck)
    if gesture.hands != ("", ""):
        place_hands(actor, luck)
    return actor


def _towards_camera(yaw: float) -> float:
    """Degrees that a head turns back when its body looks further aside than a face can be seen from."""
    aside = (yaw + 270) % 360 - 180
    return max(0.0, abs(aside) - 55) * (1 if aside > 0 else -1) if abs(aside) < 120 else 0.0


def _settle(actor: Actor, luck):
    """Bring the body onto what supports it, or the support under the body."""
    skeleton, support = actor.skeleton, actor.support
    if actor.family == "riding":
        _mount(actor)
    elif actor.family == "seated":
        skeleton.rest(0.0)  # the feet on the floor: the seat is as high as the body needs it
        bottom = skeleton.at["pelvis"][1] - skeleton.body.thick(0.055)
        if support.shared:
            skeleton.move((0, support.height - bottom, 0))
        else:
            support.height = bottom
    elif actor.family == "lying":
        skeleton.rest(support.height)
    else:
        low, high = IN_THE_AIR.get(actor.pose_name, (0.0, 0.0))
        skeleton.rest(luck.between(low, high))


def _mount(actor: Actor):
    """Onto the saddle, hands on the bar, feet on the pedals."""
    skeleton, yaw, size = actor.skeleton, actor.skeleton.pose["yaw"], _bicycle_size(actor.skeleton.body)
    places = bicycle_places(_below_bicycle(actor), yaw, size, actor.support.crank)
    skeleton.move(places["saddle"] + (0, skeleton.body.thick(0.03), 0) - skeleton.at["pelvis"])
    for side in SIDES:
        skeleton.step(side, places[f"foot_{side}"] + (0, 0.05, 0))
        skeleton.reach(side, places[f"hand_{side}"], flare=0.6)
