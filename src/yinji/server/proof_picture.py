"""Geometry of the picture of an audit path: a ladder from an entry up to the root, drawn by the server as SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from yinji.platform.audit.door import Inclusion
from yinji.platform.audit.tree import climb

WIDTH: Final = 340
STEP: Final = 64
_TOP: Final = 30
_OWN: Final = 170
_SIDE: Final = {True: 62, False: 278}
_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Rung:
    """One step upward: a node of the path, and the sibling that it is combined with.

    Attributes:
        left: Whether the sibling stands on the left.
        x, y: Middle of the node; ``beside`` that of its sibling, ``above`` the height of the node over both.
        node, sibling, combined: Hashes, hex.
    """

    left: bool
    x: int
    y: int
    beside: int
    above: int
    node: str
    sibling: str
    combined: str


@dataclass(frozen=True, slots=True)
class Picture:
    """The whole ladder, the root at the top."""

    height: int
    width: int
    x: int
    top: int
    bottom: int
    rungs: tuple[Rung, ...]


def picture(proof: Inclusion) -> Picture:
    """Lays out an audit path."""
    steps = list(climb(proof.leaf, proof.index, proof.size, proof.path))
    bottom, node, rungs = _TOP + STEP * len(steps), proof.leaf, []
    for number, (left, sibling, combined) in enumerate(steps):
        y = bottom - STEP * number
        hashes = (node.hex(), sibling.hex(), combined.hex())
        rungs.append(Rung(left, _OWN, y, _SIDE[left], y - STEP, *hashes))
        node = combined
    return Picture(bottom + _TOP, WIDTH, _OWN, _TOP, bottom, tuple(rungs))


def short(value: str) -> str:
    """Returns the beginning of a hash, enough to compare by eye."""
    return value[:_SHOWN]
