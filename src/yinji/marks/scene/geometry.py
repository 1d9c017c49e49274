"""Points, boxes and 4 x 4 matrices: as much as placing a plate in a scene takes. Column vectors, row-major tuples."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Final, NamedTuple

Vector = tuple[float, float, float]
Matrix = tuple[float, ...]
"""Sixteen numbers, row by row."""

IDENTITY: Final[Matrix] = (1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1)
_FLAT: Final = 1e-300


class Bounds(NamedTuple):
    """A box along the axes: its lowest and its highest corner."""

    low: Vector
    high: Vector

    @property
    def corners(self) -> list[Vector]:
        return [(x, y, z) for x, y, z in product(*zip(self.low, self.high, strict=True))]

    @property
    def centre(self) -> Vector:
        x, y, z = ((a + b) / 2 for a, b in zip(self.low, self.high, strict=True))
        return x, y, z

    @property
    def radius(self) -> float:
        """Half of its diagonal."""
        return math.dist(self.low, self.high) / 2


def bounds_of(points: Iterable[Vector]) -> Bounds | None:
    """Returns the box of finite points, or None where there are none."""
    kept = [p for p in points if all(map(math.isfinite, p))]
    if not kept:
        return None
    low, high = zip(*((min(axis), max(axis)) for axis in zip(*kept, strict=True)), strict=True)
    return Bounds((low[0], low[1], low[2]), (high[0], high[1], high[2]))


def product_of(one: Matrix, other: Matrix) -> Matrix:
    """Returns ``one @ other``."""
    columns = [other[column::4] for column in range(4)]
    return tuple(
        sum(a * b for a, b in zip(one[4 * row : 4 * row + 4], column, strict=True))
        for row in range(4)
        for column in columns
    )


def transposed(matrix: Sequence[float]) -> Matrix:
    """Returns the matrix with rows and columns exchanged: glTF writes column by column."""
    return tuple(float(matrix[4 * column + row]) for row in range(4) for column in range(4))


def moved(matrix: Matrix, point: Vector) -> Vector:
    """Returns where a matrix takes a point."""
    x, y, z = (
        sum(a * b for a, b in zip(matrix[4 * row : 4 * row + 4], (*point, 1.0), strict=True)) for row in range(3)
    )
    return x, y, z


def composed(translation: Sequence[float], rotation: Sequence[float], scale: Sequence[float]) -> Matrix:
    """Returns translation x rotation (a quaternion, real part last) x scale."""
    x, y, z, w = rotation
    turned = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    )
    rows = [
        (*(value * factor for value, factor in zip(row, scale, strict=True)), shift)
        for row, shift in zip(turned, translation, strict=True)
    ]
    return (*rows[0], *rows[1], *rows[2], 0.0, 0.0, 0.0, 1.0)


def inverse(matrix: Matrix) -> Matrix | None:
    """Returns the inverse, or None of a matrix that has none (a scale of zero)."""
    rows = [list(matrix[4 * r : 4 * r + 4]) + [float(r == c) for c in range(4)] for r in range(4)]
    for column in range(4):
        pivot = max(range(column, 4), key=lambda r: abs(rows[r][column]))
        if not abs(rows[pivot][column]) > _FLAT:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        lead = rows[column][column]
        rows[column] = [value / lead for value in rows[column]]
        for other in range(4):
            factor = rows[other][column]
            if other != column and factor:
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[column], strict=True)]
    return tuple(value for row in rows for value in row[4:])
