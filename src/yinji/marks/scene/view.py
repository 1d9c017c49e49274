"""The start view of a scene, and where in it a plate stands.

With a camera the start view is the camera's. Without one it is what viewers show: the content's box, seen from its
front, fitted into a view of 45 degrees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from yinji.marks.scene.geometry import Bounds, Vector, bounds_of
from yinji.marks.scene.plate import Plate, make

_HALF: Final = math.tan(math.radians(22.5))
_SINE: Final = math.sin(math.radians(22.5))
_LOOSE: Final = 1.25
"""Viewers leave room around the content; a plate is measured with this much of it."""
_ATTEMPTS: Final = 12
_GROWTH: Final = 1.12
_GAP: Final = 0.01
_UNIT: Final = Bounds((-0.5, -0.5, -0.5), (0.5, 0.5, 0.5))


@dataclass(frozen=True, slots=True)
class Camera:
    """What a camera sees; it looks along its own -Z.

    Attributes:
        half_height: Of the view: at distance 1 of a perspective, anywhere of a parallel projection.
        aspect: Width of the view by its height; 0 where the window decides.
        near, far: Distances between which things are drawn.
        perspective: Whether things grow smaller with distance.
    """

    half_height: float
    aspect: float
    near: float
    far: float
    perspective: bool

    @property
    def distance(self) -> float:
        """Where the plate stands: just behind the nearest distance, in front of all else."""
        if not self.perspective:
            return self.near + (self.far - self.near) * _GAP
        return min(self.near * 1.2, (self.near + self.far) / 2)

    def height(self, distance: float) -> float:
        """Height of the view at a distance."""
        return 2 * self.half_height * (distance if self.perspective else 1.0)


@dataclass(frozen=True, slots=True)
class Standing:
    """A plate in the scene.

    Attributes:
        plate: What it shows.
        centre: Of its face, in the camera's own axes, or along right, up and towards the viewer.
        size: Width and height in the units of the scene.
        share: Ink height as a share of the start view's short side.
    """

    plate: Plate
    centre: Vector
    size: tuple[float, float]
    share: float


def before(camera: Camera, words: str, share: float, place: str) -> Standing:
    """Returns the plate that moves with a camera.

    Raises:
        UsageError: As :func:`yinji.marks.layout.plan`.
    """
    plate = make(words, share, place, aspect=camera.aspect or 1.0)
    distance = camera.distance
    height = camera.height(distance)
    centre = ((plate.left + plate.width / 2) * height, (plate.bottom + plate.height / 2) * height, -distance)
    size = (plate.width * height, plate.height * height)
    return Standing(plate, centre, size, plate.ink / min(1.0, camera.aspect or 1.0))


def beside(content: Bounds | None, words: str, share: float, place: str) -> Standing:
    """Returns the plate that stands in front of the content, at its edge.

    Args:
        content: Box of the content along right, up and towards the viewer; None where there is none.
        words: The words.
        share: Ink height as a share of the start view's short side.
        place: Edge or corner.

    Raises:
        UsageError: As :func:`yinji.marks.layout.plan`.
    """
    box = content if content is not None and content.radius > 0 else _UNIT
    plate = make(words, share, place, aspect=1.0)
    scale = share * 2 * box.radius / math.cos(math.radians(22.5)) / plate.ink
    for _ in range(_ATTEMPTS):
        size = (plate.width * scale, plate.height * scale)
        centre = _at_edge(box, size, place)
        reached = _seen(box, centre, size) * plate.ink / plate.height
        if reached >= share * 1.02:
            break
        scale *= _GROWTH
    return Standing(plate, centre, size, reached)


def share_before(camera: Camera, low: Vector, high: Vector) -> float:
    """Returns the height of an upright box in front of a camera as a share of the view's short side; 0 if not seen."""
    distance = -(low[2] + high[2]) / 2
    if not camera.near <= distance <= camera.far:
        return 0.0
    height = camera.height(distance)
    aspect = camera.aspect or 1.0
    inside = max(abs(low[1]), abs(high[1])) <= height / 2 * 1.001
    inside = inside and max(abs(low[0]), abs(high[0])) <= height / 2 * aspect * 1.001
    return (high[1] - low[1]) / height / min(1.0, aspect) if inside else 0.0


def share_beside(content: Bounds | None, low: Vector, high: Vector) -> float:
    """Returns the same of a box in front of the content; 0 where something of the content is nearer than it."""
    box = content if content is not None and content.radius > 0 else _UNIT
    if low[2] < box.high[2]:
        return 0.0
    centre = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, (low[2] + high[2]) / 2)
    return _seen(box, centre, (high[0] - low[0], high[1] - low[1]))


def _at_edge(box: Bounds, size: tuple[float, float], place: str) -> Vector:
    x, y = box.centre[0], box.low[1] + size[1] / 2
    if place.startswith("top"):
        y = box.high[1] - size[1] / 2
    if place.endswith("left"):
        x = box.low[0] + size[0] / 2
    if place.endswith("right"):
        x = box.high[0] - size[0] / 2
    return x, y, box.high[2] + box.radius * _GAP


def _seen(box: Bounds, centre: Vector, size: tuple[float, float]) -> float:
    """Returns the plate's height as a share of a view fitted to the content and the plate."""
    across, up = size[0] / 2, size[1] / 2
    corners = [(centre[0] + x, centre[1] + y, centre[2]) for x in (-across, across) for y in (-up, up)]
    whole = bounds_of([*box.corners, *corners]) or box
    eye = whole.centre[2] + _LOOSE * whole.radius / _SINE
    return size[1] / (2 * _HALF * (eye - centre[2]))
