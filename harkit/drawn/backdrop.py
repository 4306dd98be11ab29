"""What is behind the people: wall or sky, floor, and before them the pieces that a scene names."""

from harkit.drawn.canvas import Layer, mix, shade
from harkit.drawn.outdoors import OUTDOOR_PIECES
from harkit.drawn.rooms import ROOM_PIECES, WIDE
from harkit.drawn.scenes import SKIES, WALL, Palette, Scene

PIECES = ROOM_PIECES | OUTDOOR_PIECES
NIGHT = ("night", "dusk")
# The colours of the air between the people and what is behind them.
AIR = {
    (246, 236, 222): 5, (222, 234, 242): 2.5, (244, 220, 212): 2, (216, 228, 208): 2, (222, 202, 176): 2,
    (238, 204, 178): 1.5, (216, 218, 220): 1.5, (190, 196, 212): 1.4, (130, 134, 154): 1.2, (88, 112, 120): 0.9,
}  # fmt: skip
PLACES = (-1.9, -0.95, 0.1, 1.1, 2.0)  # metres along the wall
GROUNDS = {"asphalt": (150, 146, 146), "grass": (138, 166, 92), "sand": (232, 204, 152), "paving": (196, 186, 174)}


class Backdrop:
    """The far wall of one picture, on which pieces are painted."""

    def __init__(self, canvas, luck, palette: Palette, sky: str):
        self.canvas, self.luck, self.palette, self.sky = canvas, luck, palette, SKIES[sky]
        self.wall = palette.wall
        self.dark = sky in NIGHT

    def rectangle(self, x: float, y: float, width: float, height: float, colour, out: float = 0.0):
        """A flat rectangle on the wall; x is its middle, y its foot, `out` how far it stands before the wall."""
        z = WALL + out
        left, right = x - width / 2, x + width / 2
        self.canvas.polygon([(left, y, z), (right, y, z), (right, y + height, z), (left, y + height, z)], colour)

    def block(self, x, y, width, height, depth, colour):
        """A box that stands against the wall."""
        self.canvas.box((x, y + height / 2, WALL + depth / 2), (width, height, depth), colour)

    def ball(self, x, y, radius, colour, out: float = 0.1):
        self.canvas.ball((x, y, WALL + out), radius, colour)

    def line(self, points, radius, colour, out: float = 0.05):
        self.canvas.line([(x, y, WALL + out) for x, y in points], radius, colour)

    def shape(self, points, colour, out: float = 0.02):
        self.canvas.polygon([(x, y, WALL + out) for x, y in points], colour)

    def accent(self):
        return self.luck.pick(self.palette.accents)


def draw_backdrop(canvas, luck, scene: Scene, palette: Palette, sky: str):
    """Paint wall or sky, floor, and the pieces of a scene, each at a place of its own along the wall."""
    canvas.layer = Layer.BACKDROP
    canvas.haze = luck.tint(luck.pick(AIR), 12)
    canvas.far = luck.between(0.2, 0.35) if scene.outdoor and sky in NIGHT else luck.between(0.5, 0.74)
    drop = Backdrop(canvas, luck, palette, sky)
    paint = _outdoors if scene.outdoor else _room
    paint(drop, scene)
    places = list(PLACES)
    luck.rng.shuffle(places)
    for number, (piece, chance) in enumerate(scene.wall.items()):
        if luck.chance(chance):
            PIECES[piece](drop, places[number % len(places)] + luck.between(-0.25, 0.25))


def _room(drop, scene):
    palette, canvas = drop.palette, drop.canvas
    drop.rectangle(0, 0, 2 * WIDE, 5, palette.wall)
    if scene.floor == "seamless":
        canvas.background = shade(palette.wall, 0.95)
        return
    canvas.background = palette.floor
    _floor(drop, scene.floor, palette.floor)
    if drop.luck.chance(0.3):
        drop.rectangle(0, 0, 2 * WIDE, 0.95, shade(palette.wall, 0.93))
    drop.rectangle(0, 0, 2 * WIDE, 0.1, palette.trim)
    if drop.luck.chance(0.3):
        _sunlight(drop)
    if drop.luck.chance(0.3):
        _rug(drop)


def _sunlight(drop):
    """A window's light on the wall."""
    x, lean, light = drop.luck.between(-2, 1.2), 0.45 * drop.luck.side(), mix(drop.wall, (255, 240, 200), 0.35)
    for k in range(2):
        for level in range(2):
            left, low = x + k * 0.62, 0.75 + level * 0.72
            drop.shape([(left + lean * level, low), (left + 0.54 + lean * level, low),
                        (left + 0.54 + lean * (level + 0.9), low + 0.64), (left + lean * (level + 0.9), low + 0.64)],
                        light)  # fmt: skip


def _rug(drop):
    x, z, colour = drop.luck.between(-0.8, 0.8), drop.luck.between(-0.4, 0.2), drop.accent()
    for size, tone in ((1.0, mix(colour, drop.palette.trim, 0.35)), (0.86, colour), (0.6, shade(colour, 1.12))):
        drop.canvas.disc((x, 0.0, z), (1.5 * size, 0, 0), (0, 0, 0.85 * size), tone)


def _floor(drop, kind: str, colour):
    line = shade(colour, 0.93)
    if kind in ("planks", "tiles", "paving"):
        step = 0.45 if kind == "planks" else 0.7
        for k in range(-9, 10):
            x = k * step
            drop.canvas.polygon([(x, 0, WALL), (x + 0.02, 0, WALL), (x * 1.0 + 0.02, 0, 2.2), (x, 0, 2.2)], line)
    if kind in ("tiles", "paving"):
        for k in range(7):
            z = WALL + k * 0.65
            drop.canvas.polygon([(-WIDE, 0, z), (WIDE, 0, z), (WIDE, 0, z + 0.02), (-WIDE, 0, z + 0.02)], line)


def _outdoors(drop, scene):
    high, low = drop.sky
    canvas, far = drop.canvas, -9.0
    for k in range(8):
        y = k * 0.7
        colour = mix(low, high, min(1.0, k / 6))
        canvas.polygon([(-30, y, far), (30, y, far), (30, y + 12, far), (-30, y + 12, far)], colour)
    ground = mix(GROUNDS[scene.floor], drop.palette.floor, 0.22)
    canvas.background = mix(ground, (38, 42, 70), 0.45) if drop.dark else ground
    canvas.polygon([(-30, 0, far), (30, 0, far), (30, -3, far), (-30, -3, far)], canvas.background)
    _floor(drop, scene.floor, canvas.background)
