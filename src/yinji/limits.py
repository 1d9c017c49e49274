"""Bounds on everything that is read from a file (design, rule 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one reading may cost.

    Attributes:
        total_bytes: Bytes read from the source in one reading, media payload excluded (it is never read).
        one_read: Bytes of one allocation.
        elements: Structures (boxes, chunks, segments, objects, frames) visited.
        depth: Nesting of structures.
        inflated: Bytes that one compressed value may expand to.
        seconds: Wall clock of one reading.
        pixels: Width x height that a mark may decode (Pillow's own bound).
    """

    total_bytes: int = 64 * MIB
    one_read: int = 16 * MIB
    elements: int = 100_000
    depth: int = 32
    inflated: int = 16 * MIB
    seconds: float = 10.0
    pixels: int = 178_956_970


DEFAULT: Final = Limits()
