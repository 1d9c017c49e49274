"""Where the media end that an ISO base media file tells of: by its tables of chunks, by its indexes of fragments."""

from __future__ import annotations

import struct
from typing import Final

from yinji.containers.bmff.boxes import Box
from yinji.containers.bmff.offsets import offset_tables
from yinji.containers.window import Window
from yinji.errors import UnsupportedFormat

_TABLES: Final = {b"stco": 4, b"co64": 8}
_REFERENCE: Final = struct.Struct(">I8x")
_SIZE: Final = 0x7FFFFFFF
"""Of the first word of a reference; the bit above says whether it leads to another index."""


def media_stop(window: Window, top: list[Box]) -> int:
    """Returns how far a file must reach at least: behind the first byte of each track's last chunk, and of the last
    fragment that an index lists; 0 where nothing is told.

    Args:
        window: The file.
        top: Its ``moov`` and ``sidx`` boxes.

    Raises:
        Malformed, Truncated, LimitExceeded: Sizes do not fit.
    """
    stop = 0
    for box in top:
        if box.kind == b"sidx":
            stop = max(stop, indexed_stop(window.peek(box.body, box.stop - box.body), box.stop))
    try:
        for table in offset_tables(window, [box for box in top if box.kind == b"moov"]):
            if width := _TABLES.get(table.box.kind):
                stop = max(stop, _last_chunk(window, table.box, width))
    except UnsupportedFormat:
        pass  # a track that draws on other files too
    return stop


def _last_chunk(window: Window, box: Box, width: int) -> int:
    """Returns where the last chunk of a table begins, and a byte more; 0 of an empty table."""
    if box.stop - box.body < 8:
        return 0
    count = min(window.number(box.body + 4), (box.stop - box.body - 8) // width)
    return window.number(box.body + 8 + (count - 1) * width, width) + 1 if count else 0


def indexed_stop(index: bytes, at: int) -> int:
    """Returns where the last fragment ends that a segment index lists (ISO/IEC 14496-12, 8.16.3); 0 of an empty one.

    Args:
        index: The body of the ``sidx`` box.
        at: Where the box ends, which is what its offsets count from.
    """
    wide = 8 if index[:1] != b"\0" else 4
    front = 12 + 2 * wide
    count = int.from_bytes(index[front + 2 : front + 4], "big")
    entries = index[front + 4 : front + 4 + count * _REFERENCE.size]
    if not count or len(entries) != count * _REFERENCE.size:
        return 0
    first = int.from_bytes(index[12 + wide : front], "big")
    sizes: list[int] = [word & _SIZE for (word,) in _REFERENCE.iter_unpack(entries)]
    return at + first + sum(sizes)
