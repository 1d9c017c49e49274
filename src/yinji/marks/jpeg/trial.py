"""Tries on a small picture where the JPEG library keeps the state of its decoder, which no header of it promises."""

from __future__ import annotations

import ctypes as c
from array import array
from typing import Final

from yinji.marks.jpeg.bits import place, plain
from yinji.marks.jpeg.library import GREYSCALE, Writer
from yinji.marks.jpeg.rows import ACCESSED, Plane, Rows, hook
from yinji.marks.jpeg.tables import segments

_KNOWN: Final = (40, 24)
"""In releases from 3.0, and before."""
_SAMPLE: Final = 8
"""Blocks in a row of the picture."""


def bits_at(library: c.CDLL) -> int:
    """Where in the decoder :class:`yinji.marks.jpeg.library.Bits` stand, told by a picture; 0 if nowhere known."""
    return next((at for at in _KNOWN if _fits(library, at)), 0)


def _fits(library: c.CDLL, at: int) -> bool:
    one, both = (_sample(library, height) for height in (1, 2))
    rows = Rows(library, both, (8 * _SAMPLE, 16, 0, 1, 1, 1), 1, 1, at)
    scans = [data[segments(data)[-1][2] : -2] for data in (one, both)]
    byte, bit = place(scans[1], len(scans[1]) + 2 - rows.begin.bytes_left, rows.begin.bits_left)
    single = plain(scans[0])
    bits = 8 * len(plain(scans[1][:byte])) + bit
    spare = 8 * len(single) - bits
    first, second = (int.from_bytes(plain(scan), "big") for scan in scans)
    known = (
        0 <= spare < 8
        and first & (1 << spare) - 1 == (1 << spare) - 1
        and first >> spare == second >> 8 * len(plain(scans[1])) - bits
        and rows.begin.predictors == (_values(_SAMPLE - 1)[0],)
        and rows.end.predictors == (_values(2 * _SAMPLE - 1)[0],)
    )
    rows.close()
    return known


def _values(block: int) -> list[int]:
    return [(block * 37 + 11) % 401 - 200, *((block * 13 + i * i) % 7 - 3 for i in range(1, 64))]


def _sample(library: c.CDLL, height: int) -> bytes:
    """A grey picture of some rows of blocks with known coefficients."""
    writer = Writer(library)
    info = writer.info
    info.image_width, info.image_height = 8 * _SAMPLE, 8 * height
    info.input_components, info.in_color_space = 1, GREYSCALE
    library.jpeg_set_defaults(c.byref(info))
    plane = Plane(_SAMPLE, 1, 0, height - 1)
    values = array("h", [v for block in range(_SAMPLE * height) for v in _values(block)])
    c.memmove(plane.start, values.tobytes(), 2 * len(values))

    def access(_info: int, _handle: int, start: int, _count: int, _writable: int) -> int:
        return plane.access(start)

    instead = ACCESSED(access)
    hook(info, "access_virt_barray", instead)
    library.jpeg_write_coefficients(c.byref(info), (c.c_void_p * 1)(1))
    return writer.finish()
