"""Geometry of plots that the server draws as SVG: x in percent, so that they fit any width, y in pixels.

Templates turn these values into marks; classes and words stay with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Final

TOP: Final = 22.0
BASE: Final = 196.0
HEIGHT: Final = 230
_LEFT: Final = 8.0
_STEPS: Final = 4
_ROUND: Final = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5, 10.0)
_GAP: Final = 0.4
_MOST_LABELS: Final = 7


@dataclass(frozen=True, slots=True)
class Grid:
    """One horizontal line and the number it stands for."""

    y: float
    value: float


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a column: which series, and where."""

    series: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """One column of stacked parts.

    Attributes:
        index: Its position in the data.
        x, width, middle: Percent of the plot's width.
        named: Whether the axis has room for its name.
    """

    index: int
    x: float
    width: float
    middle: float
    named: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Dot:
    """One point of a line; ``x`` in percent, ``at`` in the stretched picture's thousandths."""

    index: int
    x: float
    at: float
    y: float
    named: bool


@dataclass(frozen=True, slots=True)
class Stacked:
    """A plot of stacked columns."""

    grid: tuple[Grid, ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A plot of one line, with gaps where a value is missing.

    Attributes:
        strokes: The line's pieces as SVG points in a picture of 1000 by :data:`HEIGHT`.
        goal: Height of the promised value, if it lies in the plot.
    """

    grid: tuple[Grid, ...]
    dots: tuple[Dot, ...]
    strokes: tuple[str, ...]
    goal: float | None


def ceiling(most: float) -> float:
    """Returns a number at or above ``most`` of which a quarter is round and whole: 4, 8, 20, 80, 1,000."""
    quarter = max(ceil(most / _STEPS), 1)
    unit: int = 10 ** floor(log10(quarter))
    return next(unit * step * _STEPS for step in _ROUND if unit * step >= quarter and (unit * step).is_integer())


def grid_of(top: float) -> tuple[Grid, ...]:
    """Returns the lines from zero to ``top``."""
    return tuple(Grid(_height(top * n / _STEPS, top), top * n / _STEPS) for n in range(_STEPS + 1))


def stacked(rows: Sequence[Sequence[int]]) -> Stacked:
    """Lays out one column a row, its parts one upon the other in the order given."""
    top = ceiling(max((sum(row) for row in rows), default=0))
    slot = (100 - _LEFT) / max(len(rows), 1)
    width = slot * 0.6
    every = _label_step(len(rows))
    columns = []
    for index, row in enumerate(rows):
        x = _LEFT + slot * index + (slot - width) / 2
        middle = x + width / 2
        columns.append(Column(index, x, width, middle, _is_named(index, len(rows), every), _parts(row, top)))
    return Stacked(grid_of(top), tuple(columns))


def _parts(row: Sequence[int], top: float) -> tuple[Part, ...]:
    parts, below = [], 0
    for series, value in enumerate(row):
        if value:
            upper, lower = _height(below + value, top), _height(below, top)
            parts.append(Part(series, upper, max(lower - upper - (_GAP if below else 0), 0.5)))
        below += value
    return tuple(parts)


def line(values: Sequence[float | None], goal: float | None = None) -> Line:
    """Lays out one point a value; None leaves a gap."""
    top = ceiling(max([value for value in values if value is not None] + ([goal] if goal else []), default=0))
    every = _label_step(len(values))
    dots = []
    for index, value in enumerate(values):
        if value is not None:
            share = index / max(len(values) - 1, 1)
            named = _is_named(index, len(values), every)
            dots.append(Dot(index, _LEFT + (98 - _LEFT) * share, 1000 * share, _height(value, top), named))
    return Line(grid_of(top), tuple(dots), _strokes(dots), None if goal is None else _height(goal, top))


def _strokes(dots: Sequence[Dot]) -> tuple[str, ...]:
    runs: list[list[Dot]] = []
    for dot in dots:
        if not runs or dot.index != runs[-1][-1].index + 1:
            runs.append([])
        runs[-1].append(dot)
    return tuple(" ".join(f"{dot.at:.1f},{dot.y:.1f}" for dot in run) for run in runs)


def shares(values: Sequence[int]) -> tuple[float, ...]:
    """Returns the lengths of horizontal bars in percent of the longest."""
    most = max(values, default=0)
    return tuple(100 * value / most if most else 0.0 for value in values)


def _height(value: float, top: float) -> float:
    return BASE - (BASE - TOP) * value / top


def _label_step(count: int) -> int:
    return max(1, -(-count // _MOST_LABELS))


def _is_named(index: int, count: int, every: int) -> bool:
    """Names every so many, counted back from the newest."""
    return (count - 1 - index) % every == 0
