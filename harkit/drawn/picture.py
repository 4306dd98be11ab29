"""A whole picture: an action by chance in a place, with light, camera and clutter, taken as a photograph."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from harkit.drawn import actions, groups
from harkit.drawn.backdrop import draw_backdrop
from harkit.drawn.body import anybody
from harkit.drawn.camera import Camera, turn
from harkit.drawn.canvas import Canvas, Layer, mix, shade
from harkit.drawn.figure import draw_figure
from harkit.drawn.furniture import draw_bicycle
from harkit.drawn.luck import Luck
from harkit.drawn.photograph import SUPERSAMPLE, any_photograph, develop
from harkit.drawn.poses import POSES
from harkit.drawn.props import draw_prop
from harkit.drawn.scenes import PALETTES, SCENES, SKIES, WALL
from harkit.drawn.skeleton import Skeleton, jitter

# Things that lie about, of all actions, with their weights.
CLUTTER = {
    "phone": 2, "cup": 2, "glass": 1, "bottle": 1, "plate": 1.5, "bowl": 0.7, "laptop": 0.8, "laptop_shut": 1,
    "player": 0.7, "headphones": 1.5, "book": 2, "vase": 1.5, "apple": 1,
}  # fmt: skip
ON_GROUND = {"bag": 3, "ball": 2, "vase": 1.5, "book": 1, "bottle": 1, "laptop_shut": 0.5, "headphones": 0.5}
EVERYWHERE = 0.5  # the weight of every scene for every action
DAY = {"noon": 4, "morning": 3, "evening": 1.6, "dusk": 0.7, "grey": 1.5, "night": 0.7}
FOCUS = {1: 4, 4: 3, 8: 3}  # how far the backdrop is out of focus: see Canvas.paint
MARGINS = {"full": (0.92, 1.06), "half": (0.78, 0.96), "close": (0.88, 1.0)}  # the view over what must be in it


def draw_picture(action: str, seed: int = 0, index: int = 0, people: bool = True) -> Image.Image:
    """One picture of an action; the same seed and index give the same one. Raises KeyError for an unknown action.

    Without `people` it is the same picture with neither them nor what they hold and rest on.
    """
    return Image.open(io.BytesIO(draw_bytes(action, seed, index, people)))


def draw_bytes(action: str, seed: int, index: int, people: bool = True) -> bytes:
    """The same picture as the bytes of a JPEG file."""
    luck = Luck(seed, index)
    photograph = any_photograph(luck)
    return develop(compose(actions.TABLE[action], luck, photograph.size, people), photograph, luck)


@dataclass(frozen=True)
class Attributes:
    """What a picture was drawn with, of its first person where there are several."""

    scene: str
    light: str  # a name in DAY
    view: str  # full, half or close
    people: int  # who do the action
    age: str  # child, adult or old
    build: str  # slim, average or broad
    skin: str  # light, medium or dark
    in_front: bool  # something near the camera hides a corner


def describe(action: str, seed: int, index: int) -> Attributes:
    """What the picture of this action, seed and index shows; nothing is painted."""
    luck = Luck(seed, index)
    return _arrange(actions.TABLE[action], luck, any_photograph(luck).size)[1]


def compose(action: actions.Action, luck, size: tuple[int, int], people: bool = True) -> Image.Image:
    """The drawing of an action, SUPERSAMPLE times as large as `size`."""
    return _arrange(action, luck, size, people)[0].paint(softness=luck.pick(FOCUS))


def _arrange(action: actions.Action, luck, size: tuple[int, int], people: bool = True) -> tuple[Canvas, Attributes]:
    """All that belongs into a picture, on a canvas that is still to be painted."""
    place = luck.pick({name: action.scenes.get(name, 0) + EVERYWHERE for name in SCENES})
    scene = SCENES[place]
    palette = luck.pick(PALETTES)
    sky = luck.pick(DAY)
    cast = groups.Cast(luck, scene, palette, anybody)
    actors = groups.GROUPS[luck.pick(action.groups)](action, luck, cast)
    framing = luck.pick(action.framing)
    camera = _aim(luck, actors, framing, size)
    canvas = Canvas(camera, SKIES[sky][1], (luck.side() * luck.between(0.2, 0.8), 1.0, luck.between(-0.2, 0.8)))
    draw_backdrop(canvas, luck, scene, palette, sky)
    _crowd(canvas, luck, scene)
    _clutter(canvas, luck, actors, palette, tables=people)
    for actor in actors if people else ():
        actor.draw(canvas)
    in_front = luck.chance(0.07)
    if in_front:
        _in_front(canvas, luck, palette)
    body = actors[0].skeleton.body
    build = "slim" if body.width < 0.95 else "broad" if body.width > 1.12 else "average"
    skin = "light" if sum(body.skin) > 560 else "dark" if sum(body.skin) < 380 else "medium"
    return canvas, Attributes(place, sky, framing, len(actors), body.age, build, skin, in_front)


def _aim(luck, actors, framing: str, size) -> Camera:
    """A camera that shows the whole body, half of it, or the face."""
    yaw, pitch, roll = luck.around(0, 10), luck.around(8, 6), luck.around(0, 1.8)
    points = np.array([point for actor in actors for point in _subject(actor, framing)])
    frame = turn(-yaw)
    seen = points @ frame.T
    low, high = seen.min(0), seen.max(0)
    width, height = high[0] - low[0], high[1] - low[1]
    view = max(height, width * size[1] / size[0], 0.5) * luck.between(*MARGINS[framing])
    middle = (low + high) / 2
    spare = np.array([max(0.0, view * size[0] / size[1] - width), max(0.0, view - height)])
    middle[:2] += spare * (luck.around(0, 0.12), luck.around(0, 0.08))
    target = frame.T @ middle
    return Camera(
        width=size[0] * SUPERSAMPLE,
        height=size[1] * SUPERSAMPLE,
        target=tuple(target),
        view=view,
        distance=max(2.4, view * luck.between(1.7, 2.8)),
        yaw=yaw,
        pitch=pitch,
        roll=roll if abs(roll) > 1 else 0.0,
        mirror=luck.chance(0.5),
    )


def _subject(actor, framing: str):
    """The points that must be in the picture."""
    skeleton = actor.skeleton
    at, head = skeleton.at, skeleton.body.head
    yield at["head"] + (0, head * 1.25, 0)
    for side in (-1, 1):
        yield at["head"] + (side * head * 1.2, 0, 0)
    lying = actor.family == "lying"
    if lying and framing != "full":
        yield from (
            at[name] for name in ("shoulder_right", "shoulder_left", "hand_right", "hand_left", "waist", "pelvis")
        )
        if framing == "half":
            yield from (at["knee_right"], at["knee_left"])
        return
    if framing == "full":
        yield from at.values()
        if actor.support.kind == "bicycle":
            forward = turn(skeleton.pose["yaw"]) @ (1, 0, 0)
            yield from (actor.floor + forward * reach + (0, 0.05, 0) for reach in (-0.65, 1.05))
        return
    yield at["shoulder_right"]
    yield at["shoulder_left"]
    lowest = at["waist"][1] if framing == "half" else at["chest"][1] - 0.1
    yield at["waist"] if framing == "half" else at["chest"] - (0, 0.06, 0)
    for side in ("right", "left"):
        if at[f"hand_{side}"][1] > lowest - (0.12 if framing == "half" else 0.0):
            yield at[f"hand_{side}"]
    if framing == "half":
        yield from (held.point for held in actor.props if held.name in ("laptop", "plate", "bowl"))
        if actor.support.kind in ("bicycle", "lying_bed"):
            yield at["knee_right"]


def _crowd(canvas, luck, scene):
    """People further away who stand, walk or sit, and belong to no action."""
    if not luck.chance(scene.crowd * 0.6):
        return
    canvas.layer = Layer.FAR
    for _ in range(luck.pick([1, 1, 2, 3])):
        pose_name = luck.pick(("stand", "walk", "stand_hip_shot"))
        angles = jitter(POSES[pose_name], luck, 5) | {"yaw": luck.between(-180, 180)}
        place = (luck.side() * luck.between(0.7, 2.4), 0, WALL + luck.between(0.1, 0.6))
        draw_figure(canvas, Skeleton(anybody(luck), angles, place).rest(), "calm")


def _clutter(canvas, luck, actors, palette, tables):
    """Things on the table and on the ground, whatever the action."""
    main = actors[0]
    frame = turn(main.skeleton.pose["yaw"])
    if main.support.table:
        canvas.layer = Layer.OVER
        for k in range(luck.pick([0, 1, 1, 2, 3])):
            x, z = luck.between(0.4, 0.62), luck.side() * luck.between(0.22, 0.46)
            point = main.floor + frame @ (x, main.table_height, z)
            point[1] += 0.05 if (name := luck.pick(CLUTTER)) in ("cup", "glass") else 0.09 if name == "bottle" else 0.0
            flat = frame @ turn(luck.between(-60, 60), 90 if name in ("phone", "player") else 0)
            colour = luck.pick(palette.accents)
            if tables:
                draw_prop(name, canvas, point, flat, colour, lift=-0.05 * k)
    canvas.layer = Layer.FAR
    for _ in range(luck.pick([0, 0, 0, 0, 1, 2])):
        point = (luck.side() * luck.between(0.5, 1.7), 0.0, luck.between(-1.3, -0.3))
        draw_prop(luck.pick(ON_GROUND), canvas, point, turn(luck.between(-180, 180)), luck.pick(palette.accents))
    if luck.chance(0.07):
        draw_bicycle(
            canvas,
            (luck.side() * luck.between(0.6, 1.6), 0.0, -1.2),
            luck.around(0, 15),
            0.95,
            luck.pick(palette.accents),
        )


def _in_front(canvas, luck, palette):
    """Something near the camera that hides a corner: leaves, a shoulder, the edge of a thing."""
    canvas.layer = Layer.FRONT
    camera, side = canvas.camera, luck.side()
    colour = luck.pick((shade((84, 124, 92), 0.8), mix(luck.pick(palette.accents), (60, 52, 60), 0.4)))
    reach = camera.view * camera.width / camera.height / 2
    for _ in range(luck.pick([1, 3, 4])):
        x, y = side * reach * luck.between(0.85, 1.15), -camera.view * luck.between(0.25, 0.6)
        right = turn(camera.yaw) @ (x, y, 0)
        canvas.ball(np.array(camera.target) + right, camera.view * luck.between(0.08, 0.2), luck.tint(colour, 8))
