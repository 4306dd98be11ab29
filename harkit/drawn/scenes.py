"""The places: a table of rooms and outdoor places, and the palettes they are painted in. Any palette fits any place.

A scene is what stands at the far wall (or on the horizon), the floor, and what people sit on there. A new scene is one
entry in SCENES.
"""

from dataclasses import dataclass, field

from harkit.drawn.canvas import Colour

WALL = -1.7  # metres; the far wall stands this far behind the people


@dataclass(frozen=True)
class Palette:
    """The colours of a place."""

    wall: Colour
    trim: Colour
    floor: Colour
    wood: Colour
    accents: tuple[Colour, ...]


def _palette(colours: str) -> Palette:
    wall, trim, floor, wood, *accents = (tuple(bytes.fromhex(colour)) for colour in colours.split())
    return Palette(wall, trim, floor, wood, tuple(accents))


# The colours of wall, trim, floor, wood, then accents.
PALETTES = [
    _palette("f4debe fcf2e0 cea074 a46844 d26048 4a7470 e8b05a"),
    _palette("ccdcd4 f0f4ea d8be9c 967052 e28464 40646e f0c878"),
    _palette("ecc8b8 fae8dc b2826e 7a4e42 546e86 c45654 f4ce96"),
    _palette("78989e cededa c4a684 705242 eeac5c de6854 f2e6ce"),
    _palette("f8f0e2 e8dac4 decab0 be9264 709680 e27854 525c7c"),
    _palette("5c6480 a4a8ba 7a686a 584242 f0b46c c6605e 96babe"),
    _palette("e2cc80 faeec4 ba8c60 825a3e 467882 c85440 f8f0de"),
    _palette("bca4ba e8dae4 be988a 7c5656 5e8096 eca682 f6e4c4"),
    _palette("9cb490 e2ead2 c6a076 866042 e89460 f8e2b4 56605c"),
    _palette("c66c54 f0c4a4 966854 624036 f6d696 5c8c8e faf0de"),
]


@dataclass(frozen=True)
class Scene:
    """One place. `wall` names pieces of rooms.py and outdoors.py with the chance of each, `seats` have weights."""

    outdoor: bool = False
    wall: dict[str, float] = field(default_factory=dict)
    floor: str = "planks"
    seats: dict[str, float] = field(default_factory=dict)
    table: float = 0.3  # the chance of a table before a seat
    table_kind: str = "desk"
    crowd: float = 0.08  # the chance of other people further away


INDOOR_SEATS = {
    "chair": 3, "stool": 1, "sofa": 1, "armchair": 1, "office_chair": 1, "bench": 0.3, "bed": 0.2, "step": 0.1,
}  # fmt: skip
OUTDOOR_SEATS = {
    "bench": 4, "step": 2, "chair": 1, "stool": 0.5, "sofa": 0.1, "armchair": 0.1, "bed": 0.1, "office_chair": 0.1,
}  # fmt: skip
INDOOR_BEDS = {"lying_bed": 6, "sofa": 3, "floor": 1}
OUTDOOR_BEDS = {"lying_bed": 1, "sofa": 0.4, "floor": 4}
BED_HEIGHTS = {"lying_bed": 0.5, "sofa": 0.45, "floor": 0.01}  # metres

SCENES: dict[str, Scene] = {
    "kitchen": Scene(wall={"counter": 0.95, "cupboards": 0.7, "window": 0.4, "fridge": 0.5, "pendant": 0.5},
                     floor="tiles", seats=INDOOR_SEATS | {"chair": 5, "stool": 3}, table=0.65),
    "living_room": Scene(wall={"window": 0.7, "pictures": 0.7, "shelf": 0.5, "floor_lamp": 0.6, "plant": 0.7,
                               "back_sofa": 0.3},
                         seats=INDOOR_SEATS | {"sofa": 6, "armchair": 3}, table=0.12),
    "bedroom": Scene(wall={"window": 0.7, "pictures": 0.5, "wardrobe": 0.5, "floor_lamp": 0.4, "plant": 0.4,
                           "panel": 0.3},
                     seats=INDOOR_SEATS | {"bed": 6, "armchair": 1.5}, table=0.12),
    "office": Scene(wall={"window": 0.6, "shelf": 0.6, "board": 0.5, "plant": 0.5, "back_desk": 0.5, "clock": 0.5},
                    floor="carpet", seats=INDOOR_SEATS | {"office_chair": 6}, table=0.7, crowd=0.15),
    "cafe": Scene(wall={"window": 0.6, "board": 0.6, "pendant": 0.8, "counter": 0.4, "plant": 0.4, "panel": 0.5},
                  seats=INDOOR_SEATS | {"chair": 6, "stool": 2}, table=0.7, table_kind="round", crowd=0.35),
    "stage": Scene(wall={"curtains": 0.9, "spots": 0.8, "speakers": 0.5}, floor="planks",
                   seats=INDOOR_SEATS | {"stool": 4}, table=0.08, crowd=0.2),
    "gym": Scene(wall={"window": 0.6, "bars": 0.6, "mirror": 0.5, "balls": 0.5, "clock": 0.4}, floor="planks",
                 seats=INDOOR_SEATS | {"bench": 4}, table=0.05, crowd=0.15),
    "studio": Scene(wall={}, floor="seamless", seats=INDOOR_SEATS | {"stool": 3}, table=0.25, crowd=0.02),
    "street": Scene(outdoor=True, wall={"houses": 0.95, "street_lamp": 0.5, "car": 0.35, "street_tree": 0.5,
                                        "kerb": 0.9},
                    floor="asphalt", seats=OUTDOOR_SEATS | {"step": 3}, table=0.12, table_kind="round", crowd=0.35),
    "park": Scene(outdoor=True, wall={"hills": 0.7, "trees": 0.95, "clouds": 0.7, "path": 0.6, "bushes": 0.6,
                                      "far_bench": 0.3},
                  floor="grass", seats=OUTDOOR_SEATS, table=0.08, crowd=0.15),
    "seaside": Scene(outdoor=True, wall={"sea": 1.0, "clouds": 0.7, "sail": 0.5, "palm": 0.4, "sun": 0.4}, floor="sand",
                     seats=OUTDOOR_SEATS, table=0.08, table_kind="round", crowd=0.12),
    "city": Scene(outdoor=True, wall={"skyline": 0.95, "clouds": 0.6, "street_tree": 0.4, "railing": 0.6, "sun": 0.3},
                  floor="paving", seats=OUTDOOR_SEATS, table=0.12, table_kind="round", crowd=0.25),
}  # fmt: skip

# Time of day: the sky above, the sky at the horizon.
SKIES = {
    "noon": ((126, 186, 214), (214, 232, 226)),
    "morning": ((168, 204, 214), (250, 228, 196)),
    "evening": ((236, 158, 110), (252, 212, 150)),
    "dusk": ((82, 84, 126), (222, 142, 122)),
    "grey": ((184, 194, 198), (222, 222, 216)),
    "night": ((34, 42, 74), (70, 78, 112)),
}
