"""A camera that looks at the drawn world: metres in, pixels out.

The world: x to the right, y up, z towards a camera with yaw 0. All angles are in degrees, all lengths in metres.
"""

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np

NEAR = 0.35  # metres; what comes closer to the lens than this is drawn as if it were this far away


def turn(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """The rotation (3, 3) about the upright axis, then about z (leaning back), then about x; innermost last."""
    a, b, c = radians(yaw), radians(pitch), radians(roll)
    cy, sy, cz, sz, cx, sx = cos(a), sin(a), cos(b), sin(b), cos(c), sin(c)
    return np.array([
        [cy * cz, sy * sx - cy * sz * cx, sy * cx + cy * sz * sx],
        [sz, cz * cx, -cz * sx],
        [-sy * cz, cy * sx + sy * sz * cx, cy * cx - sy * sz * sx],
    ])  # fmt: skip


@dataclass
class Camera:
    """Where it stands, and what it shows."""

    width: int  # pixels of the drawing
    height: int
    target: tuple[float, float, float]  # this point is in the middle of the picture
    view: float  # metres of the world that fit into the height of the picture, at the target
    distance: float = 4.0  # metres from the target; small numbers give strong perspective
    yaw: float = 0.0  # degrees around the target
    pitch: float = 8.0  # degrees; positive looks down
    roll: float = 0.0  # degrees of tilt
    mirror: bool = False

    def __post_init__(self):
        pitch, roll = radians(self.pitch), radians(self.roll)
        about_x = np.array([[1, 0, 0], [0, cos(pitch), -sin(pitch)], [0, sin(pitch), cos(pitch)]])
        about_z = np.array([[cos(roll), -sin(roll), 0], [sin(roll), cos(roll), 0], [0, 0, 1]])
        rotation = about_z @ about_x @ turn(-self.yaw)
        self.target = tuple(float(v) for v in self.target)
        moved = np.column_stack([rotation, -rotation @ np.array(self.target)])  # (3, 4): turned, then moved
        self._rows = tuple(map(tuple, moved.tolist()))
        self._focal = self.height / self.view * self.distance
        self._middle, self._level = self.width / 2, self.height / 2
        self._sign = -1 if self.mirror else 1
        self.forward = self._rows[2][:3]  # from the target to the camera
        self.right = tuple(self._sign * v for v in self._rows[0][:3])  # in the picture
        self.eye = np.array([t + f * self.distance for t, f in zip(self.target, self.forward, strict=True)])

    def see(self, point) -> tuple[float, float, float, float]:
        """Pixel x, pixel y, pixels a metre there, and how near it is (metres towards the camera, 0 at the target)."""
        x, y, z = point.tolist() if isinstance(point, np.ndarray) else point  # plain floats are faster one by one
        (a, b, c, p), (d, e, f, q), (g, h, i, r) = self._rows
        near = g * x + h * y + i * z + r
        away = self.distance - near
        scale = self._focal / (away if away > NEAR else NEAR)
        right, up = a * x + b * y + c * z + p, d * x + e * y + f * z + q
        return self._middle + self._sign * right * scale, self._level - up * scale, scale, near

    def nearness(self, direction) -> float:
        """How far a direction points towards the camera: 1 straight at it, -1 away."""
        if isinstance(direction, np.ndarray):
            direction = direction.tolist()
        return direction[0] * self.forward[0] + direction[1] * self.forward[1] + direction[2] * self.forward[2]
