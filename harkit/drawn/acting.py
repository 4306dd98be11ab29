"""The sequences that are acted for the camera: key poses in time, for falls and for what looks like a fall."""

from dataclasses import dataclass

from harkit.drawn.poses import POSES
from harkit.drawn.skeleton import Pose, blend, jitter, limit


@dataclass(frozen=True)
class Key:
    """A pose at a time (seconds), `ahead` metres in front of where the sequence is set."""

    time: float
    pose: str
    ahead: float = 0.0


@dataclass(frozen=True)
class Sequence:
    """Key poses, and the time at which balance is lost (None: no fall)."""

    keys: tuple[Key, ...]
    lost: float | None = None
    chair: bool = False


def _acted(*keys: tuple, lost: float | None = None, chair: bool = False) -> Sequence:
    return Sequence(tuple(Key(*key) for key in keys), lost, chair)


# Each key: seconds, pose, metres ahead (0 where not given).
SEQUENCES: dict[str, Sequence] = {
    "fall_forward": _acted(
        (0.0, "walk"), (0.5, "stand", 0.3), (0.8, "trip", 0.5), (1.15, "dive", 0.8), (1.45, "face_down", 1.0),
        (3.0, "face_down", 1.0), lost=0.62),
    "fall_backward": _acted(
        (0.0, "stand"), (0.5, "stand_hip_shot"), (0.8, "slip", -0.1), (1.15, "sit_back", -0.35),
        (1.5, "face_up", -0.55), (3.0, "face_up", -0.55), lost=0.62),
    "fall_sideways": _acted(
        (0.0, "walk"), (0.5, "stand", 0.2), (0.85, "topple", 0.25), (1.15, "side_hit", 0.3), (1.5, "side_down", 0.3),
        (3.0, "side_down", 0.3), lost=0.62),
    "fall_from_chair": _acted(
        (0.0, "sit"), (0.6, "sit_forward"), (0.95, "slide_off", 0.2), (1.3, "tumble", 0.45), (1.65, "rolled_side", 0.6),
        (3.0, "rolled_side", 0.6), lost=0.75, chair=True),
    "lie_down": _acted(
        (0.0, "stand"), (0.7, "on_knee", 0.1), (1.4, "sit_back", 0.1), (2.1, "face_up"), (3.0, "on_back")),
    "lie_on_side": _acted(
        (0.0, "stand"), (0.7, "on_knee", 0.1), (1.3, "all_fours", 0.25), (2.0, "rolled_side", 0.2),
        (3.0, "rolled_side", 0.2)),
    "sit_down_fast": _acted(
        (0.0, "stand", 0.4), (0.35, "squat", 0.3), (0.7, "sit"), (1.4, "lounge"), (3.0, "sit"), chair=True),
    "pick_up": _acted(
        (0.0, "walk"), (0.5, "stand", 0.2), (1.1, "pick_up", 0.25), (1.7, "squat", 0.25), (2.4, "stand", 0.3),
        (3.0, "walk", 0.5)),
    "tie_shoe": _acted(
        (0.0, "stand"), (0.6, "on_knee", 0.1), (1.2, "tie_shoe", 0.1), (2.2, "tie_shoe", 0.1), (3.0, "stand", 0.1)),
    "push_ups": _acted(
        (0.0, "all_fours"), (0.5, "push_up_high"), (1.1, "push_up_low"), (1.7, "push_up_high"), (2.3, "push_up_low"),
        (3.0, "face_down")),
    "sit_ups": _acted(
        (0.0, "face_up"), (0.5, "crunch_down"), (1.1, "sit_up"), (1.7, "crunch_down"), (2.3, "sit_up"),
        (3.0, "on_back")),
    "walk": _acted(
        (0.0, "walk", -0.6), (0.5, "stand", -0.3), (1.0, "walk"), (1.5, "stand", 0.3), (2.0, "walk", 0.6),
        (3.0, "stand", 0.9)),
}  # fmt: skip
FALLS = tuple(name for name, sequence in SEQUENCES.items() if sequence.lost is not None)
OTHERS = tuple(name for name in SEQUENCES if name not in FALLS)


class Performance:
    """One subject's way to act a sequence: how fast, how wide, in which poses."""

    def __init__(self, name: str, luck):
        self.sequence = SEQUENCES[name]
        self.pace = luck.between(0.85, 1.2)
        self.stride = luck.between(0.8, 1.2)
        self._poses = [jitter(POSES[key.pose], luck, 7.0) for key in self.sequence.keys]

    @property
    def lost(self) -> float | None:
        """Seconds until balance is lost."""
        return None if self.sequence.lost is None else self.sequence.lost * self.pace

    @property
    def middle(self) -> float:
        """Metres ahead, half-way: where the camera expects it."""
        return self.stride * (self.sequence.keys[0].ahead + self.sequence.keys[-1].ahead) / 2

    @property
    def length(self) -> float:
        """Seconds."""
        return self.sequence.keys[-1].time * self.pace

    def at(self, time: float) -> tuple[Pose, float]:
        """The pose and how many metres ahead it is, at a time in seconds."""
        time = min(max(time / self.pace, 0.0), self.sequence.keys[-1].time)
        keys = self.sequence.keys
        last = max(k for k, key in enumerate(keys[:-1]) if key.time <= time)
        one, other = keys[last], keys[last + 1]
        part = (time - one.time) / (other.time - one.time)
        part = part * part * (3 - 2 * part)
        angles = limit(blend(self._poses[last], self._poses[last + 1], part))
        return angles, (one.ahead + (other.ahead - one.ahead) * part) * self.stride
