"""Addresses and encodings of C2SP tlog-tiles (https://c2sp.org/tlog-tiles). Pure.

A tile of level L holds up to 256 nodes of tree level 8 L; tile N begins with node 256 N. Full tiles never change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from yinji.platform.audit.tree import HASH_BYTES, Nodes, perfect

HEIGHT: Final = 8
WIDTH: Final = 256
"""Hashes of a full tile."""

MAX_ENTRY: Final = 65_535
"""Bytes of one entry: they are counted in 16 bits."""

ENTRIES: Final = -1
"""The level, in a :class:`Tile`, that stands for the entries themselves."""

_ADDRESS: Final = re.compile(r"([0-9]{1,2}|entries)/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
_MAX_LEVEL: Final = 63
_CACHED_TILES: Final = 64

Hashes = Callable[[int, int, int], Sequence[bytes]]
"""Looks up so many hashes of a tile level, from an index on."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile.

    Attributes:
        level: 0 to 63, or :data:`ENTRIES`.
        index: Its number within the level.
        width: 1 to 256 hashes or entries.
    """

    level: int
    index: int
    width: int = WIDTH

    @property
    def start(self) -> int:
        """Index of the first hash, or entry, within the level."""
        return self.index * WIDTH

    @property
    def address(self) -> str:
        """The path below ``tile/``: ``0/x001/234.p/56``."""
        digits = f"{self.index:03}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        number = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        level = "entries" if self.level == ENTRIES else str(self.level)
        return f"{level}/{number}" + (f".p/{self.width}" if self.width < WIDTH else "")

    @classmethod
    def parse(cls, address: str) -> Tile | None:
        """Reads the path below ``tile/``; None if it is none, or another way to write one."""
        match = _ADDRESS.fullmatch(address)
        if match is None:
            return None
        level = ENTRIES if match[1] == "entries" else int(match[1])
        tile = cls(level, int(match[2].replace("x", "").replace("/", "")), int(match[3] or WIDTH))
        return tile if tile.address == address and level <= _MAX_LEVEL else None


def tiles_of(size: int) -> Iterator[Tile]:
    """Yields all tiles of a tree, hashes level by level, then the entries."""
    level, count = 0, size
    while count:
        yield from _row(level, count)
        level, count = level + 1, count >> HEIGHT
    yield from _row(ENTRIES, size)


def tile_at(level: int, index: int, size: int) -> Tile | None:
    """Returns a tile as wide as a tree of this size has it, or None where it has none."""
    width = min(WIDTH, (size >> HEIGHT * max(level, 0)) - index * WIDTH)
    return Tile(level, index, width) if width > 0 else None


def _row(level: int, count: int) -> Iterator[Tile]:
    full, rest = divmod(count, WIDTH)
    yield from (Tile(level, index) for index in range(full))
    if rest:
        yield Tile(level, full, rest)


def nodes_from(hashes: Hashes) -> Nodes:
    """Makes every node of the tree from the hashes of its tiles."""

    @lru_cache(maxsize=_CACHED_TILES * WIDTH)
    def node(level: int, index: int) -> bytes:
        tile_level, within = divmod(level, HEIGHT)
        count = 1 << within
        found = hashes(tile_level, index * count, count)
        if len(found) != count:
            raise LookupError(f"node {level}/{index}")
        return perfect(found)

    return node


def pack_entries(entries: Sequence[bytes]) -> bytes:
    """Encodes a bundle: each entry after its length in 16 bits, big-endian."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unpack_entries(bundle: bytes) -> tuple[bytes, ...]:
    """Decodes a bundle.

    Raises:
        ValueError: It ends within an entry.
    """
    entries, at = [], 0
    while at < len(bundle):
        start = at + 2
        at = start + int.from_bytes(bundle[at:start], "big")
        if at > len(bundle) or start > len(bundle):
            raise ValueError("the bundle ends within an entry")
        entries.append(bundle[start:at])
    return tuple(entries)


def unpack_hashes(tile: bytes) -> tuple[bytes, ...]:
    """Decodes a tile of hashes.

    Raises:
        ValueError: It is no whole number of hashes.
    """
    if len(tile) % HASH_BYTES:
        raise ValueError("the tile ends within a hash")
    return tuple(tile[i : i + HASH_BYTES] for i in range(0, len(tile), HASH_BYTES))
