"""What hands do: a table of where each hand goes, what it holds, and where the eyes look."""

from dataclasses import dataclass

# Where a hand can go: the part it is measured from, then forward, up and outwards (to the hand's own side). Lengths are
# in radii of the skull for the head, in parts of the body's height for the others.
SPOTS = {
    "ear": ("head", 0.12, -0.5, 1.42),
    "headphone": ("head", 0.05, -0.2, 1.6),
    "over the mouth": ("head", 1.2, -0.85, 0.3),
    "chin": ("head", 0.95, -1.35, 0.25),
    "front": ("chest", 0.2, -0.03, 0.03),
    "front_low": ("chest", 0.2, -0.09, 0.06),
    "clap": ("chest", 0.22, -0.01, 0.016),
    "clap_wide": ("chest", 0.21, 0.0, 0.048),
    "clap_high": ("head", 0.5, 1.55, 0.3),
    "wave": ("chest", 0.15, 0.02, 0.2),
    "belly": ("chest", 0.085, -0.13, 0.0),
    "hip": ("pelvis", 0.0, 0.055, 0.105),
    "pocket": ("pelvis", 0.035, -0.02, 0.075),
    "crossed": ("chest", 0.1, -0.06, -0.07),
    "crossed_low": ("chest", 0.1, -0.085, -0.07),
    "lap": ("pelvis", 0.13, 0.055, 0.015),
    "plate": ("chest", 0.19, -0.1, 0.05),
    "high": ("head", 0.4, 2.2, 1.6),
    "offered": ("chest", 0.2, -0.07, 0.1),
}  # and "mouth", "knee", "keys", "table", which depend on the prop or the pose, and "" for wherever the pose has it


@dataclass(frozen=True)
class Gesture:
    """`hands` is (the one that acts, the other); "?" lets chance choose something idle for the other."""

    hands: tuple[str, str] = ("", "")
    props: tuple[str, ...] = ()  # one of them is in the acting hand
    other: tuple[str, ...] = ()  # one of them is in the other hand
    dish: str = ""  # stands on the table, or is held in the other hand where there is no table
    way: str = "chest"  # how the prop is turned: see picture.WAYS
    nod: float = 0.0  # degrees; the head down
    gaze: float = 0.0  # degrees; the head to the acting side
    laptop: bool = False
    fingers: tuple[float, float, float] | None = (
        None  # where they point, in the frame of the chest; outwards is positive
    )
    flare: float = 0.55  # how far the elbows are held from the body


CUPS = ("cup", "cup", "takeaway", "glass")
GESTURES: dict[str, Gesture] = {
    "phone at the ear": Gesture(("ear", "?"), ("phone",), way="ear", nod=4, gaze=8),
    "phone at the ear, waving": Gesture(("ear", "wave"), ("phone",), way="ear", gaze=5),
    "phone at the ear, busy": Gesture(("ear", "offered"), ("phone",), ("cup", "book", "takeaway"), way="ear", nod=8),
    "clap": Gesture(("clap", "clap"), fingers=(0.3, 1.0, -0.25), flare=0.5),
    "clap wide": Gesture(("clap_wide", "clap_wide"), fingers=(0.3, 1.0, 0.1), flare=0.55),
    "clap high": Gesture(("clap_high", "clap_high"), fingers=(0.1, 1.0, -0.25), flare=0.9, nod=-6),
    "drink": Gesture(("mouth", "?"), CUPS, way="sip", nod=-8, flare=0.9),
    "drink up": Gesture(("mouth", "?"), ("glass", "cup"), way="tip", nod=-22, flare=1.0),
    "drink with both hands": Gesture(("mouth", "mouth"), ("cup", "cup", "bowl"), way="sip", nod=2),
    "drink from a bottle": Gesture(("mouth", "?"), ("bottle",), way="tip", nod=-22, flare=1.0),
    "eat with a fork": Gesture(("mouth", "plate"), ("fork",), dish="plate", way="head", nod=14),
    "eat with a spoon": Gesture(("mouth", "plate"), ("spoon",), dish="bowl", way="head", nod=16),
    "eat a sandwich": Gesture(("mouth", "mouth"), ("sandwich",), way="head", nod=4),
    "eat pizza": Gesture(("mouth", "?"), ("pizza",), dish="plate", way="head", nod=2),
    "eat an apple": Gesture(("mouth", "?"), ("apple",), way="head"),
    "laugh": Gesture(("?", "?"), nod=-22),
    "laugh, hand on the belly": Gesture(("belly", "?"), nod=-16),
    "laugh, hand at the mouth": Gesture(("over the mouth", "?"), nod=6),
    "slap the knee": Gesture(("knee", "belly"), nod=8),
    "cheer": Gesture(("high", "high"), nod=-12),
    "hold the headphones": Gesture(("headphone", "headphone"), nod=6),
    "hold one headphone": Gesture(("headphone", "?"), nod=4, gaze=-8),
    "player": Gesture(("front", "?"), ("player", "phone"), way="read", nod=12),
    "sway": Gesture(("high", "?"), nod=-8),
    "rest": Gesture(("?", "?")),
    "arms crossed": Gesture(("crossed", "crossed_low")),
    "hands on the knees": Gesture(("knee", "knee")),
    "chin on the hand": Gesture(("chin", "?"), nod=10),
    "read": Gesture(("front_low", "front_low"), ("book",), way="read", nod=24),
    "text with both thumbs": Gesture(("front", "front"), ("phone",), way="read", nod=32),
    "text with one hand": Gesture(("front", "?"), ("phone",), way="read", nod=30),
    "text, cup in hand": Gesture(("front", "offered"), ("phone",), ("cup", "takeaway"), way="read", nod=28),
    "type": Gesture(("keys", "keys"), nod=16, laptop=True),
    "type, chin on the hand": Gesture(("keys", "chin"), nod=16, laptop=True),
    "type and drink": Gesture(("keys", "mouth"), (), ("cup", "takeaway"), way="sip", nod=6, laptop=True),
    "sleep": Gesture(), "run": Gesture(), "ride": Gesture(), "dance": Gesture(), "fight": Gesture(), "hug": Gesture(),
}  # fmt: skip

# What an idle hand does, by the family of the pose.
IDLE = {
    "standing": {"": 4, "hip": 1.5, "pocket": 2, "belly": 0.3},
    "seated": {"knee": 4, "lap": 3, "": 1},
    "floor": {"knee": 4, "lap": 3, "": 1},
    "at a table": {"table": 1},
    "lying": {"": 3, "belly": 2},
}
