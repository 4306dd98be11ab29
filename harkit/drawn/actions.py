"""The table of actions: what the body does, what the hands do, how people stand together, where it usually happens.

Every number is a weight, never a rule: what is not named can still come with every action (see picture.py).
A sixteenth action is one more entry in TABLE.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Action:
    """One action. Keys of `poses`, `gestures`, `groups` and `scenes` are names in the tables of those modules."""

    poses: dict[str, float]
    gestures: dict[str, float]
    moods: dict[str, float]
    scenes: dict[str, float] = field(default_factory=dict)  # on top of a small weight for every scene
    groups: dict[str, float] = field(default_factory=lambda: {"alone": 12, "beside": 1})
    framing: dict[str, float] = field(default_factory=lambda: {"full": 0.8, "half": 4.5, "close": 4})
    facing: float = 42.0  # degrees; how far to the side a person may look, seen from the camera
    headphones: float = 0.03  # the chance of wearing them
    table: float = 1.0  # times the chance that the scene gives a table to a seat


STAND = {"stand": 3, "stand_hip_shot": 3, "lean_back": 1}
SIT = {"sit": 4, "sit_forward": 2, "sit_legs_crossed": 2, "lounge": 2, "sit_knees_together": 1, "cross_legged": 0.8,
       "knees_up": 0.5}  # fmt: skip
HOME, OUT = ("kitchen", "living_room", "bedroom"), ("street", "park", "seaside", "city")


def _poses(stand: float = 0, sit: float = 0, **more: float) -> dict[str, float]:
    """Weights: `stand` and `sit` shared out over their families, the others by name."""
    shared = {name: weight * stand / sum(STAND.values()) for name, weight in STAND.items() if stand}
    shared |= {name: weight * sit / sum(SIT.values()) for name, weight in SIT.items() if sit}
    return shared | more


def _scenes(places: tuple[str, ...], weight: float, **more: float) -> dict[str, float]:
    return dict.fromkeys(places, weight) | more


TABLE: dict[str, Action] = {
    "calling": Action(
        poses=_poses(stand=5, sit=4, walk=1.5, on_back=0.3),
        gestures={"phone at the ear": 8, "phone at the ear, waving": 3, "phone at the ear, busy": 1.5},
        moods={"talk": 5, "smile": 3, "beam": 1, "calm": 1, "angry": 0.4},
        scenes={"office": 3, "street": 3, "living_room": 1, "cafe": 1, "city": 1.5},
    ),
    "clapping": Action(
        poses=_poses(stand=6, sit=3, bow=0.5),
        gestures={"clap": 5, "clap wide": 4, "clap high": 0.8},
        moods={"beam": 4, "smile": 4, "laugh": 1, "calm": 0.6},
        scenes={"stage": 3, "office": 1.5, "gym": 1, "park": 0.6},
        groups={"alone": 8, "beside": 2, "row": 1},
        framing={"full": 1, "half": 6, "close": 1},
        table=0.3,
    ),
    "cycling": Action(
        poses={"ride": 8, "ride_upright": 4, "ride_low": 2},
        gestures={"ride": 1},
        moods={"calm": 3, "smile": 4, "strain": 1, "beam": 1},
        scenes={"street": 4, "park": 5, "seaside": 2, "city": 3},
        groups={"alone": 11, "beside": 1},
        framing={"full": 10, "half": 3},
        facing=98,
    ),
    "dancing": Action(
        poses={"disco": 2, "arms_up": 2, "kick": 1.5, "leap": 1.5, "arabesque": 1.5, "twirl": 2, "groove": 2,
               "hips": 2},
        gestures={"dance": 1},
        moods={"beam": 3, "smile": 4, "enjoy": 2, "laugh": 1, "calm": 1},
        scenes={"stage": 5, "studio": 2, "gym": 2, "living_room": 1, "street": 0.7},
        groups={"alone": 9, "waltz": 1.5, "beside": 1.5, "row": 1},
        framing={"full": 10, "half": 2},
        facing=60,
    ),
    "drinking": Action(
        poses=_poses(stand=4, sit=5, walk=0.4),
        gestures={"drink": 4, "drink with both hands": 1.5, "drink from a bottle": 4, "drink up": 2.5},
        moods={"sip": 6, "enjoy": 3, "calm": 1},
        scenes={"cafe": 3, "kitchen": 2.5, "living_room": 1, "gym": 1.2, "park": 0.7},
        table=1.1,
    ),
    "eating": Action(
        poses=_poses(stand=1.5, sit=8),
        gestures={"eat with a fork": 6, "eat with a spoon": 3, "eat a sandwich": 2, "eat pizza": 2,
                  "eat an apple": 1},
        moods={"chew": 4, "talk": 3, "smile": 1.5, "enjoy": 1},
        scenes={"kitchen": 4, "cafe": 4, "park": 1.2},
        groups={"alone": 9, "beside": 1},
        framing={"full": 0.6, "half": 7, "close": 1},
        table=2.2,
    ),
    "fighting": Action(
        poses={"punch": 4, "hook": 2, "high_kick": 2, "guard": 2, "shove": 1},
        gestures={"fight": 1},
        moods={"angry": 8, "strain": 2},
        scenes={"street": 3.5, "gym": 4, "stage": 1, "city": 1},
        groups={"duel": 12, "brawl": 1},
        framing={"full": 9, "half": 3},
    ),
    "hugging": Action(
        poses={"stand": 6, "lean_back": 1, "bow": 2, "walk": 0.6},
        gestures={"hug": 1},
        moods={"enjoy": 6, "smile": 3, "beam": 1, "sad": 0.6},
        scenes={"park": 2, "living_room": 1.5, "street": 1.5, "seaside": 1},
        groups={"embrace": 8, "embrace from behind": 1.5, "side hug": 1.5},
        framing={"full": 1, "half": 8, "close": 2},
    ),
    "laughing": Action(
        poses=_poses(stand=5, sit=4, bow=1.2, lounge=0.6),
        gestures={"laugh, hand on the belly": 3, "laugh, hand at the mouth": 2, "laugh": 4, "slap the knee": 1,
                  "cheer": 0.8},
        moods={"laugh": 6, "roar": 5},
        scenes={"living_room": 1.5, "park": 1.5, "cafe": 1, "studio": 1.5},
        groups={"alone": 9, "beside": 2, "row": 0.5},
        facing=55,
        table=0.5,
    ),
    "listening_to_music": Action(
        poses=_poses(stand=4, sit=5, walk=1, on_back=0.7, on_side=0.2),
        gestures={"hold the headphones": 4, "hold one headphone": 3, "player": 4, "rest": 2.5, "sway": 1},
        moods={"enjoy": 6, "smile": 3, "calm": 1, "beam": 0.7, "amused": 1},
        scenes={"street": 1.5, "park": 1.5, "living_room": 2, "bedroom": 2},
        headphones=0.94,
    ),
    "running": Action(
        poses={"run_flight": 3, "run_push": 3, "run_land": 2, "sprint": 2},
        gestures={"run": 1},
        moods={"strain": 3, "calm": 3, "smile": 2, "beam": 0.6},
        scenes={"park": 5, "street": 3.5, "seaside": 2.5, "city": 2, "gym": 1.2},
        groups={"alone": 10, "beside": 1.5, "row": 0.4},
        framing={"full": 10, "half": 2},
        facing=95,
    ),
    "sitting": Action(
        poses=_poses(sit=9, legs_out=0.8),
        gestures={"rest": 5, "arms crossed": 2, "hands on the knees": 3, "chin on the hand": 1.5, "read": 0.8},
        moods={"calm": 6, "smile": 4, "talk": 0.8, "sad": 0.5},
        scenes={"living_room": 2, "park": 1.5, "office": 1.2, "studio": 1},
        groups={"alone": 9, "beside": 1.5, "row": 0.5},
        framing={"full": 10, "half": 1.5},
        table=0.5,
    ),
    "sleeping": Action(
        poses={"on_side": 4, "on_back": 4, "curled": 2.5, "on_belly": 2, "slump": 1.5, "doze": 1.5},
        gestures={"sleep": 1},
        moods={"asleep": 1},
        scenes={"bedroom": 7, "living_room": 2, "park": 0.7},
        groups={"alone": 9},
        framing={"full": 7, "half": 3, "close": 1},
        facing=80,
    ),
    "texting": Action(
        poses=_poses(stand=5, sit=5, walk=0.8, on_back=0.4),
        gestures={"text with both thumbs": 5, "text with one hand": 4, "text, cup in hand": 1},
        moods={"read": 6, "amused": 4, "calm": 0.5},
        scenes={"street": 2, "living_room": 1.5, "cafe": 1.5, "bedroom": 1, "city": 1},
        table=0.5,
    ),
    "using_laptop": Action(
        poses=_poses(sit=9, stand=0.3),
        gestures={"type": 6, "type, chin on the hand": 1.2, "type and drink": 0.7},
        moods={"read": 4, "calm": 3, "smile": 1.5, "amused": 1},
        scenes={"office": 4, "living_room": 2, "cafe": 2, "kitchen": 1, "bedroom": 1},
        framing={"full": 3, "half": 6},
        table=1.5,
    ),
}  # fmt: skip
