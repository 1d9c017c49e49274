"""The short way through a GIF: sub-blocks of 255 bytes, as encoders write them, are counted in one slice each stretch.

A picture of 200 KB has 800 of them; the walk takes a loop's turn for each.
"""

from __future__ import annotations

from typing import Final

from yinji.containers.candidate import shows_sign
from yinji.containers.gif.blocks import (
    APPLICATION,
    C2PA,
    COMMENT,
    IMAGE,
    LOOPS,
    MAGIC_TRAILER,
    PROFILES,
    SIGNATURES,
    WHOLE,
    XMP,
    table_size,
)
from yinji.containers.model import Block
from yinji.containers.packets import packet_block
from yinji.containers.source import Source
from yinji.containers.trailer import shows_nothing_behind
from yinji.limits import KIB

_PLAIN: Final = (*LOOPS, *PROFILES)
_PARTS_MAX: Final = 2048
_STEPS_MAX: Final = 8192
_STRETCH: Final = 64 * KIB
_FULL: Final = b"\xff"


class _Bytes:
    """The stretch of the file in hand: ``data``, which stands at ``base``."""

    __slots__ = ("base", "data", "source", "steps")

    def __init__(self, source: Source) -> None:
        self.source, self.data, self.base, self.steps = source, source.head, 0, _STEPS_MAX

    def show(self, at: int, length: int) -> int:
        """Returns where ``at`` is in ``data``, with ``length`` bytes there, or as many as the file has: one or more.

        Raises:
            LookupError: The file ends there.
        """
        offset = at - self.base
        if offset + length > len(self.data):
            self.data, self.base, offset = self.source.look(at, max(length, _STRETCH)), at, 0
            if not self.data:
                raise LookupError
        return offset

    def past(self, at: int) -> int:
        """Returns where the sub-blocks that begin at ``at`` are over."""
        while True:
            offset = self.show(at, 1)
            data = self.data
            sizes = data[offset::256]
            offset += len(sizes) - len(sizes.lstrip(_FULL)) << 8
            while offset < len(data):
                if not (size := data[offset]):
                    return self.base + offset + 1
                offset += size + 1
                self.steps -= 1
            if self.steps < 0:
                raise LookupError
            at = self.base + offset


def glance(source: Source) -> list[Block] | None:
    """Settles pictures up to 1 MiB, longer ones as far as a label in front of the first image."""
    head, size = source.head, source.size
    if head[:6] not in SIGNATURES:
        return None
    here = _Bytes(source)
    at = 13 + table_size(head[10])
    blocks: list[Block] = []
    is_settled = False
    for _ in range(_PARTS_MAX):
        offset = here.show(at, 1)
        kind = here.data[offset]
        if kind == IMAGE:
            if is_settled:
                return blocks
            if size > WHOLE:
                return None
            offset = here.show(at, 10)
            at = here.past(at + 11 + table_size(here.data[offset + 9]))
        elif kind == 0x3B:
            return blocks if shows_nothing_behind(source, at + 1) else None
        elif kind != 0x21:
            return None
        else:
            offset = here.show(at, 14)
            data, label = here.data, here.data[offset + 1]
            if label == APPLICATION:
                if data[offset + 2] != 11:
                    return None
                stop = here.past(at + 14)
                if data.startswith(XMP, offset + 3):
                    offset = here.show(at, stop - at) if here.base <= at else -1
                    raw = here.data[offset + 14 : offset + stop - at]
                    if offset < 0 or not raw.endswith(MAGIC_TRAILER):
                        return None
                    blocks.append(packet_block(raw[: -len(MAGIC_TRAILER)], at, stop))
                    is_settled = is_settled or b"AIGC" in raw
                elif data.startswith(C2PA, offset + 3):
                    blocks.append(Block("c2pa", "C2PA_GIF", b"", at, stop))
                elif not data.startswith(_PLAIN, offset + 3):
                    return None
                at = stop
            else:
                start, at = at, here.past(at + 2)
                first, last = start - here.base, at - here.base
                if label == COMMENT and (first < 0 or last - first > 256 or shows_sign(here.data[first:last])):
                    return None
    return None
