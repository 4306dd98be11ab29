"""The head as a round thing: places on it, patches of colour, strokes.

Places on the surface are two angles in degrees: `side` (positive to the person's right) and `up`. Features are painted
in their `order`: 0 the jaw, 1 the skull, 3 the face, 4 ears, 5 to 8 features, 9 glasses, 10 headgear, 12 headphones.
"""

from math import atan2, cos, hypot, pi, radians, sin


class Skull:
    """A skull on the canvas, with a painter for patches on its surface."""

    def __init__(self, canvas, skeleton):
        self.canvas, self.body = canvas, skeleton.body
        self.centre, self.frame, self.radius = skeleton.at["head"], skeleton.frames["head"], skeleton.body.head
        self._near = canvas.camera.see(self.centre)[3] + 0.06
        view = canvas.camera.eye - self.centre
        self._view = tuple((view / hypot(*view)).tolist())
        u, v, w = self._view
        flat = hypot(u, w) or 1.0
        self._axes = (w / flat, 0.0, -u / flat), (-u * v / flat, flat, -w * v / flat)  # of the rim: right, up
        self._rows, self._place = self.frame.tolist(), self.centre.tolist()

    def at(self, forward: float, up: float, side: float):
        """A point, in radii of the skull from its centre."""
        return self.centre + self.frame @ (forward * self.radius, up * self.radius, side * self.radius)

    def on(self, side: float, up: float, out: float = 1.0) -> tuple[float, float, float]:
        """A point on the skull; one on the far side is moved to the outline."""
        direction = self._direction(side, up)
        facing = self._facing(direction)
        if facing < 0:
            flat = [d - facing * v for d, v in zip(direction, self._view, strict=True)]
            length = hypot(*flat) or 1.0
            direction = [d / length for d in flat]
        return self._point(direction, out)

    def _point(self, direction, out: float) -> tuple[float, float, float]:
        r, (a, b, c) = self.radius * out, self._place
        return a + direction[0] * r, b + direction[1] * r, c + direction[2] * r

    def _facing(self, direction) -> float:
        u, v, w = self._view
        return direction[0] * u + direction[1] * v + direction[2] * w

    def facing(self, side: float, up: float) -> float:
        """How far a place on the skull is turned to the camera: 1 straight at it, negative on the far side."""
        return self._facing(self._direction(side, up))

    def _direction(self, side: float, up: float) -> list[float]:
        a, b = radians(side), radians(up)
        flat = cos(b)
        forward, upward, right = flat * cos(a), sin(b), flat * sin(a)
        return [row[0] * forward + row[1] * upward + row[2] * right for row in self._rows]

    def level(self, order: float) -> float:
        """How near a feature counts: all of one head lie close together, so that two heads never mix."""
        return self._near + 0.001 * order

    def patch(self, outline, colour, order: float, out: float = 1.0):
        """A shape on the surface through (side, up) angles: the part of it that the camera sees."""
        directions = [self._direction(side, up) for side, up in outline]
        seen = [self._facing(direction) > 0 for direction in directions]
        if not any(seen):
            return
        if not all(seen):
            directions = self._visible(directions, seen)
        self.canvas.polygon([self._point(direction, out) for direction in directions], colour, self.level(order))

    def _visible(self, directions: list, seen: list[bool]) -> list:
        """The outline with each hidden stretch replaced by a way along the skull's rim, past the patch's middle."""
        middle = [sum(values) for values in zip(*directions, strict=True)]
        first = next(k for k in range(len(seen)) if seen[k] and not seen[k - 1])
        directions, seen = directions[first:] + directions[:first], seen[first:] + seen[:first]
        shown, hidden = [], []
        for direction, visible in zip([*directions, directions[0]], [*seen, True], strict=True):
            if not visible:
                hidden.append(direction)
                continue
            if hidden:
                shown += self._rim((shown[-1], hidden[0]), middle, (hidden[-1], direction))
                hidden = []
            shown.append(direction)
        return shown[:-1]

    def _rim(self, leaving, middle, coming) -> list:
        """Directions along the rim: from where one edge leaves it, past `middle`, to where another comes back."""
        start, end = (self._angle(self._crossing(*edge)) for edge in (leaving, coming))
        way = self._angle(middle)
        first, second = (way - start + pi) % (2 * pi) - pi, (end - way + pi) % (2 * pi) - pi
        angles = [start + first * k / 4 for k in range(4)] + [way + second * k / 4 for k in range(5)]
        return [[a * cos(angle) + b * sin(angle) for a, b in zip(*self._axes, strict=True)] for angle in angles]

    def _crossing(self, one, other) -> list:
        f, g = self._facing(one), self._facing(other)
        return [a + (b - a) * f / (f - g) for a, b in zip(one, other, strict=True)]

    def _angle(self, direction) -> float:
        right, up = (sum(d * a for d, a in zip(direction, axis, strict=True)) for axis in self._axes)
        return atan2(up, right)

    def oval(self, side, up, wide, tall, colour, order):
        """An ellipse on the surface; `wide` and `tall` are its half-axes in degrees."""
        outline = [(side + wide * cos(k * 0.6283), up + tall * sin(k * 0.6283)) for k in range(10)]
        self.patch(outline, colour, order)

    def stroke(self, outline, width, colour, order):
        """A line on the surface; `width` in radii of the skull."""
        points = [self.on(side, up) for side, up in outline]
        self.canvas.line(points, width * self.radius, colour, near=self.level(order))

    def ball(self, forward, up, side, radius, colour, order):
        """A ball that belongs to the head, in radii of the skull."""
        self.canvas.ball(self.at(forward, up, side), radius * self.radius, colour, near=self.level(order))

    def bubble(self, forward, up, side, radius, colour):
        """A ball that lies behind or before the head by its own depth."""
        self.canvas.ball(self.at(forward, up, side), radius * self.radius, colour)
