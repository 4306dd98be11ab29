"""Bodies: build, proportions, skin, hair and clothes; everything that stays the same when a person moves."""

from dataclasses import dataclass, replace

from harkit.drawn.canvas import Colour, mix, shade

SKINS = [
    (250, 214, 188), (241, 194, 160), (229, 172, 133), (212, 150, 108), (191, 126, 86), (160, 101, 66),
    (128, 78, 52), (96, 60, 44),
]  # fmt: skip
HAIR_COLOURS = {
    (38, 28, 30): 5, (62, 40, 32): 4, (96, 58, 38): 3, (140, 86, 48): 2, (204, 150, 84): 2, (232, 196, 132): 1,
    (176, 74, 42): 1.5,
}  # fmt: skip
GREYS = [(168, 164, 166), (208, 206, 206), (132, 130, 136), (236, 232, 226)]
CLOTHES = [
    (222, 88, 70), (240, 142, 84), (247, 190, 84), (236, 214, 172), (250, 244, 232), (120, 160, 108), (62, 118, 98),
    (44, 90, 108), (86, 152, 170), (150, 196, 206), (60, 74, 122), (112, 96, 160), (196, 128, 160), (236, 168, 164),
    (158, 62, 74), (64, 56, 72), (126, 112, 104),
]  # fmt: skip
TROUSERS = [
    (52, 68, 104), (74, 98, 140), (44, 44, 58), (96, 84, 78), (178, 148, 112), (62, 84, 74), (132, 60, 66),
    (214, 196, 166), (88, 78, 112), (118, 130, 142),
]  # fmt: skip
SHOES = [(44, 38, 44), (248, 244, 236), (122, 74, 52), (206, 82, 66), (84, 110, 130), (236, 186, 80)]

# Hair and headgear, with how likely each is for a (woman, man, child).
HAIR = {
    "short": (1.5, 6, 3), "buzz": (0.3, 2.5, 1), "bald": (0.05, 1.5, 0), "bob": (4, 0.2, 2), "long": (4, 0.5, 2),
    "bun": (2.5, 0.5, 1), "ponytail": (2.5, 0.3, 2), "afro": (1.5, 1, 1), "curly": (2, 1.5, 1.5),
    "hijab": (2, 0, 0.5), "cap": (0.4, 1.5, 1.5), "beanie": (0.5, 0.8, 0.6), "turban": (0, 0.8, 0), "quiff": (0, 2, 1),
}  # fmt: skip
HIDING = ("hijab", "cap", "beanie", "turban")  # headgear with a colour of its own
TOPS = {"tee": 5, "shirt": 4, "jumper": 4, "jacket": 3, "vest": 1, "hoodie": 2, "dress": 1.5, "stripes": 2}
SLEEVES = {"tee": 0.5, "vest": 0.0, "dress": 0.4, "stripes": 0.9}  # of the arm; 1 (long) where not named
BOTTOMS = {"trousers": 7, "jeans": 4, "shorts": 2, "skirt": 1.5}


@dataclass(frozen=True)
class Body:
    """One person, dressed. Lengths in metres; `width` is 1 for an average build."""

    height: float
    width: float
    head: float  # radius of the skull
    age: str  # "child", "adult" or "old"
    skin: Colour
    hair: str
    hair_colour: Colour
    beard: str  # "", "beard", "stubble" or "moustache"
    glasses: bool
    top: str
    top_colour: Colour
    under_colour: Colour  # of what shows under a jacket, of stripes
    bottom: str
    bottom_colour: Colour
    shoes: Colour
    covering: Colour  # of headgear

    def __post_init__(self):
        h = self.height
        lengths = dict(
            torso=0.29, neck=0.05, upper_arm=0.165, forearm=0.15, thigh=0.238, shin=0.225, foot=0.085,
        )  # fmt: skip
        for name, part in lengths.items():
            object.__setattr__(self, name, part * h)
        broad = 0.6 + 0.4 * self.width
        object.__setattr__(self, "shoulders", 0.093 * h * broad)
        object.__setattr__(self, "hips", 0.05 * h * broad)

    def thick(self, part: float) -> float:
        """A radius as a part of the height, wider for a broad build."""
        return part * self.height * self.width

    def radius(self, name: str) -> float:
        """How thick the body is around a point of its skeleton."""
        parts = {"pelvis": 0.07, "waist": 0.062, "chest": 0.068, "neck": 0.03, "shoulder": 0.03, "elbow": 0.024,
                 "hand": 0.022, "hip": 0.05, "knee": 0.034, "ankle": 0.03, "toe": 0.016}  # fmt: skip
        name = name.split("_")[0]
        return self.head if name == "head" else self.thick(parts[name])

    @property
    def sleeve(self) -> float:
        """How much of the arm is covered: 0, 0.5 to the elbow, 1."""
        return SLEEVES.get(self.top, 1.0)

    @property
    def lips(self) -> Colour:
        return mix(shade(self.skin, 0.72), (196, 70, 72), 0.45)


def anybody(luck, age: str | None = None) -> Body:
    """A person by chance: any age, build, skin, hair and clothes."""
    age = age or luck.pick({"adult": 8, "old": 1.6, "child": 1.6})
    woman = luck.chance(0.5)
    column = 2 if age == "child" else 0 if woman else 1
    hair = luck.pick({name: weights[column] for name, weights in HAIR.items()})
    height = luck.between(1.05, 1.4) if age == "child" else luck.around(1.65 if woman else 1.76, 0.07)
    skin = luck.tint(luck.pick(SKINS), 5)
    colours = HAIR_COLOURS if sum(skin) > 420 or luck.chance(0.1) else {c: w for c, w in HAIR_COLOURS.items() if w > 3}
    hair_colour = luck.pick(GREYS) if age == "old" else luck.tint(luck.pick(colours), 6)
    beards = {"": 5, "beard": 2, "stubble": 1.5, "moustache": 0.7}
    body = Body(
        height=height,
        width=luck.around(1.0, 0.13) + (0.1 if age == "old" else 0) + (0.3 if luck.chance(0.12) else 0),
        head=(0.122 if age == "child" else 0.126 * (height / 1.7) ** 0.5) * luck.around(1, 0.04),
        age=age, skin=skin, hair=hair, hair_colour=hair_colour,
        beard="" if woman or age == "child" else luck.pick(beards),
        glasses=luck.chance(0.3 if age == "old" else 0.14),
        top="tee", top_colour=(0, 0, 0), under_colour=(0, 0, 0), bottom="trousers", bottom_colour=(0, 0, 0),
        shoes=(0, 0, 0), covering=(0, 0, 0),
    )  # fmt: skip
    return dressed(body, luck, skirts=woman)


def dressed(body: Body, luck, skirts: bool = False) -> Body:
    """The same person in other clothes."""
    tops = {name: weight for name, weight in TOPS.items() if skirts or name != "dress"}
    bottoms = {name: weight for name, weight in BOTTOMS.items() if skirts or name != "skirt"}
    top = luck.pick(tops)
    return replace(
        body, top=top, top_colour=luck.tint(luck.pick(CLOTHES), 8), under_colour=luck.pick(CLOTHES),
        bottom="dress" if top == "dress" else luck.pick(bottoms), bottom_colour=luck.tint(luck.pick(TROUSERS), 8),
        shoes=luck.pick(SHOES), covering=luck.tint(luck.pick(CLOTHES), 8),
    )  # fmt: skip
