"""The acted falls as files: subjects, sequences, frames, in the layout of the competition."""

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from harkit.drawn.acting import FALLS, OTHERS, Performance
from harkit.drawn.backdrop import draw_backdrop
from harkit.drawn.body import anybody, dressed
from harkit.drawn.camera import Camera, turn
from harkit.drawn.canvas import Canvas, Layer
from harkit.drawn.figure import draw_figure
from harkit.drawn.furniture import draw_furniture
from harkit.drawn.luck import Luck
from harkit.drawn.photograph import SUPERSAMPLE, Photograph, jpeg, take
from harkit.drawn.scenes import PALETTES, SCENES
from harkit.drawn.skeleton import Skeleton
from harkit.drawn.workers import for_each

SIZE = (320, 240)  # pixels
RATE = 10  # frames a second
DAY = datetime(2026, 1, 1, 10)  # subjects act on days of their own after this one, a sequence a minute
TEST_SUBJECTS, TEST_PICTURES = 2, 60
ACTS_OF_OTHERS = 4
SUBJECT, ROOM, ACT, FRAME, NAMES = 11, 12, 13, 14, 15  # what a stream of chance is for
CHAIRS = {"chair": 2, "stool": 1, "office_chair": 1}
ROOMS = ("living_room", "bedroom", "kitchen", "office", "gym")


@dataclass(frozen=True)
class Shot:
    """One frame of one sequence."""

    subject: int
    act: int  # the number of the sequence of this subject
    name: str  # of SEQUENCES
    time: float  # seconds since it began
    number: int  # of the frame


def draw_falls(folder: Path | str, subjects: int = 10, seed: int = 0, processes: int | None = None, frames: int = 8):
    """Draw the acted falls of some subjects into an empty folder: 4 falls and 4 other sequences each.

    `frames` is the number of frames a sequence, taken 10 a second and then thinned. The test folder holds frames of two
    further subjects. Frames before the loss of balance go to a folder under non_fall that ends in _before.
    """
    top = Path(folder) / "falls"
    (top / "test").mkdir(parents=True, exist_ok=True)
    jobs = []
    for subject in range(1, subjects + 1):
        for shot in _shots(seed, subject, frames):
            path = top / "train" / _place(shot, seed)
            path.parent.mkdir(parents=True, exist_ok=True)
            jobs.append((str(path), shot, seed))
    hidden = [
        shot for subject in range(subjects + 1, subjects + TEST_SUBJECTS + 1) for shot in _shots(seed, subject, frames)
    ]
    luck = Luck(seed, NAMES)
    luck.rng.shuffle(hidden)
    names = sorted(f"{luck.rng.integers(16**12):012x}.jpg" for _ in hidden[:TEST_PICTURES])
    jobs += [(str(top / "test" / name), shot, seed) for name, shot in zip(names, hidden, strict=False)]
    with (top / "sample_submission.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("id", "label"), *((name, 0) for name in names)])
    for_each(_write, jobs, processes)


def draw_film(name: str, seed: int, step: int = 1) -> tuple[list[bytes], float | None]:
    """One acted sequence (a key of SEQUENCES): its frames as JPEG bytes, every `step`-th of 10 a second.

    Gives the second at which balance is lost too, None where it is not. Another seed is another person in another room.
    """
    performance = _performance(Shot(1, 0, name, 0.0, 0), seed)
    numbers = range(0, round(performance.length * RATE), step)
    return [_jpeg(Shot(1, 0, name, number / RATE, number), seed) for number in numbers], performance.lost


def _place(shot: Shot, seed: int) -> Path:
    """Where a frame belongs, below train/."""
    subject = f"subject_{shot.subject:02d}"
    lost = _performance(shot, seed).lost
    falls = lost is not None and shot.time >= lost
    before = "_before" if lost is not None and not falls else ""
    name = f"{subject}_{shot.name}"
    return Path(subject, "fall" if falls else "non_fall", name + before, f"{name}_{shot.number:03d}.jpg")


def _shots(seed: int, subject: int, frames: int):
    """All frames of a subject: each kind of fall, and some other sequences, in any order."""
    luck = Luck(seed, SUBJECT, subject, 1)
    falls, others = list(FALLS), list(OTHERS)
    luck.rng.shuffle(others)
    acts = [*falls, *others[:ACTS_OF_OTHERS]]
    luck.rng.shuffle(acts)  # so that no room and no hour is for falls
    shots = []
    for act, name in enumerate(acts):
        length = _performance(Shot(subject, act, name, 0.0, 0), seed).length
        numbers = sorted({round(k * (length * RATE - 1) / max(1, frames - 1)) for k in range(frames)})
        shots += [Shot(subject, act, name, number / RATE, number) for number in numbers]
    return shots


def _performance(shot: Shot, seed: int) -> Performance:
    return Performance(shot.name, Luck(seed, ACT, shot.subject, shot.act))


def _write(path: str, shot: Shot, seed: int):
    Path(path).write_bytes(_jpeg(shot, seed))


def _jpeg(shot: Shot, seed: int) -> bytes:
    luck = Luck(seed, FRAME, shot.subject, shot.act, shot.number)
    room, photograph = _room(shot, seed)
    taken = DAY + timedelta(days=shot.subject, minutes=shot.act, seconds=shot.time)
    return jpeg(take(_frame(shot, seed, room), photograph, luck), photograph.quality, taken)


@dataclass(frozen=True)
class _Room:
    """A place with a camera that never moves."""

    scene: str
    palette: int
    sky: str
    height: float  # metres, of the camera
    yaw: float
    number: int


def _room(shot: Shot, seed: int) -> tuple[_Room, Photograph]:
    """The room of a sequence (a subject has one or two) and how its camera takes pictures."""
    number = shot.act % Luck(seed, ROOM, shot.subject).pick((1, 2))
    luck = Luck(seed, ROOM, shot.subject, number)
    dim = luck.chance(0.2)
    room = _Room(luck.pick(ROOMS), int(luck.between(0, len(PALETTES))), luck.pick(("noon", "evening", "grey", "night")),
                 luck.pick((0.7, 1.2, 1.7, 2.4)), luck.around(0, 16), number)  # fmt: skip
    photograph = Photograph(
        size=SIZE,
        brightness=luck.between(0.5, 0.68) if dim else luck.between(0.85, 1.1),
        contrast=luck.around(1, 0.08),
        warmth=luck.around(0, 0.06),
        saturation=luck.between(0.6, 1.05),
        side_light=luck.around(0, 0.12),
        vignette=luck.between(0.0, 0.2),
        noise=luck.between(4, 8) if dim else luck.between(1, 4),
        quality=int(luck.between(70, 90)),
    )
    return room, photograph


def _frame(shot: Shot, seed: int, room: _Room):
    """The drawing of one frame."""
    performer, act = Luck(seed, SUBJECT, shot.subject), Luck(seed, ACT, shot.subject, shot.act, 1)
    body = anybody(performer, performer.pick({"adult": 2, "old": 2}))
    body = dressed(body, Luck(seed, SUBJECT, shot.subject, 2 + act.pick((0, 1))))
    performance = _performance(shot, seed)
    yaw, start = act.pick((0, 180)) + act.around(0, 30), (act.around(0, 0.35), 0.0, act.around(-0.1, 0.25))
    backdrop, camera, light = _empty(room, shot.subject, seed)
    canvas, palette = Canvas(camera, (0, 0, 0), light), PALETTES[room.palette]
    if performance.sequence.chair:
        sitting = _stand(body, performance, 1.4 if shot.name == "sit_down_fast" else 0.0, yaw, start)
        seat = sitting.at["pelvis"][1] - body.thick(0.055)
        kind, floor = act.pick(CHAIRS), sitting.at["pelvis"] * (1, 0, 1)
        draw_furniture(kind, canvas, floor, yaw, seat, palette.accents[0], palette.wood)
    canvas.layer = Layer.PEOPLE
    falling = performance.lost is not None and performance.lost < shot.time < performance.lost + 0.8
    draw_figure(canvas, _stand(body, performance, shot.time, yaw, start), "afraid" if falling else "calm")
    return canvas.paint(backdrop.copy())


@lru_cache(maxsize=4)
def _empty(room: _Room, subject: int, seed: int):
    """The room without anybody, its camera and its light: the same for all frames, so painted once."""
    luck, palette = Luck(seed, ROOM, subject, room.number, 1), PALETTES[room.palette]
    canvas = Canvas(_camera(room), palette.floor, (luck.side() * 0.5, 1.0, 0.3))
    draw_backdrop(canvas, luck, SCENES[room.scene], palette, room.sky)
    return canvas.paint(), canvas.camera, canvas.light


def _stand(body, performance: Performance, time: float, yaw: float, start) -> Skeleton:
    angles, ahead = performance.at(time)
    place = start + turn(yaw) @ (ahead - performance.middle, 0, 0)
    return Skeleton(body, angles | {"yaw": angles["yaw"] + yaw}, place).rest(0.0)


def _camera(room: _Room) -> Camera:
    distance = 5.0
    pitch = {0.7: 2, 1.2: 7, 1.7: 14, 2.4: 24}[room.height]
    return Camera(SIZE[0] * SUPERSAMPLE, SIZE[1] * SUPERSAMPLE, (0.0, 0.8, -0.1), 2.2, distance, room.yaw, pitch)
