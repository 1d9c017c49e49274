"""Some rows of a sequential JPEG: everything is decoded once, but only they are kept, and only they are coded again.

The library's memory manager is asked for each row of coded units as it is decoded. It is made to answer with the same
few bytes again and again, except where a row is wanted, so that memory does not grow with the picture; and when it asks
for the row behind, the decoder stands exactly between two rows, which tells where the bits of a row begin and end.
"""

from __future__ import annotations

import ctypes as c
from array import array
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from yinji.marks.jpeg.library import (
    BLOCK,
    Bits,
    Compress,
    Decompress,
    Huffman,
    Memory,
    Reader,
    Source,
    Writer,
)
from yinji.marks.jpeg.tables import are_complete, own, segments, suffice, written

_REQUESTED = c.CFUNCTYPE(c.c_void_p, c.c_void_p, c.c_int, c.c_int, c.c_uint, c.c_uint, c.c_uint)
ACCESSED = c.CFUNCTYPE(c.c_void_p, c.c_void_p, c.c_void_p, c.c_uint, c.c_uint, c.c_int)
_ENTROPY: Final = 6
"""Which of the decoder's modules it is."""


class State(NamedTuple):
    """Where a decoder stands: bytes left of the file, bits of those before that are not used yet, and predictors."""

    bytes_left: int
    bits_left: int
    predictors: tuple[int, ...]


class Plane:
    """The rows of one component that are kept, and room for one coded row of any other."""

    def __init__(self, blocks: int, deep: int, first: int, last: int) -> None:
        self.deep, self.first, self.last = deep, first, last
        self.row_bytes = blocks * BLOCK
        self.count = (last - first + 1) * deep
        self.kept = c.create_string_buffer(self.count * self.row_bytes) if self.count else None
        self.scratch = c.create_string_buffer(deep * self.row_bytes)
        self.start = c.addressof(self.kept) if self.kept else 0
        self._wanted = self._pointers(self.start, self.count)
        self._others = self._pointers(c.addressof(self.scratch), deep)

    def _pointers(self, at: int, count: int) -> c.Array[c.c_void_p]:
        return (c.c_void_p * max(1, count))(*(at + i * self.row_bytes for i in range(count)))

    def access(self, start: int) -> int:
        """Address of pointers to a coded row's rows of blocks, all zero at first."""
        if self.first * self.deep <= start < self.first * self.deep + self.count:
            return c.addressof(self._wanted) + (start - self.first * self.deep) * c.sizeof(c.c_void_p)
        c.memset(self.scratch, 0, c.sizeof(self.scratch))
        return c.addressof(self._others)


class Rows(Reader):
    """A sequential JPEG of one scan of which the coded rows from ``first`` to ``last`` are kept.

    Args:
        library, data, expected: See :class:`yinji.marks.jpeg.library.Reader`.
        first, last: Coded rows; none are kept where ``last`` is smaller.
        bits_at: Where the decoder keeps its bits, as :func:`yinji.marks.jpeg.trial.bits_at` finds it.

    Attributes:
        begin, behind, end: Where the decoder stood before the rows that are kept, behind them, and at the very end.
    """

    def __init__(
        self, library: c.CDLL, data: bytes, expected: tuple[int, ...], first: int, last: int, bits_at: int
    ) -> None:
        super().__init__(library, data, expected)
        self.bits_at = bits_at
        self.planes: list[Plane] = []
        self.first, self.last = first, last
        self._states: dict[int, State] = {}
        # The library keeps these addresses until the picture is closed.
        self._hooks = _REQUESTED(self._request), ACCESSED(self._access)
        hook(self.info, "request_virt_barray", self._hooks[0])
        hook(self.info, "access_virt_barray", self._hooks[1])
        library.jpeg_read_coefficients(c.byref(self.info))
        self.end = self._state()
        self.begin = self._states.get(first, self.end)
        self.behind = self._states.get(last + 1, self.end)

    def row(self, component: int, number: int, *, writable: bool = False) -> int:
        """Address of a row of blocks among those that are kept."""
        plane = self.planes[component]
        if not plane.kept or not 0 <= number - self.first * plane.deep < plane.count:
            raise IndexError(number)
        return plane.start + (number - self.first * plane.deep) * plane.row_bytes

    def _request(self, _info: int, _pool: int, _zero: int, blocks: int, _rows: int, deep: int) -> int:
        self.planes.append(Plane(blocks, deep, self.first, self.last))
        return len(self.planes)

    def _access(self, _info: int, handle: int, start: int, _count: int, _writable: int) -> int:
        plane = self.planes[handle - 1]
        row = start // plane.deep
        if handle == 1 and row in (self.first, self.last + 1):
            self._states[row] = self._state()
        return plane.access(start)

    def _state(self) -> State:
        entropy = Bits.from_address(self.info.modules[_ENTROPY] + self.bits_at)
        left = Source.from_address(self.info.src).bytes_in_buffer
        return State(left, entropy.bits_left, tuple(entropy.last_dc_val[: len(self.components)]))

    @property
    def sampling(self) -> tuple[int, ...]:
        return self.facts()[3:]


def hook(info: Decompress | Compress, name: str, function: Callable[..., Any]) -> None:
    """Lets the memory manager call a function in place of one of its own."""
    at = info.mem + getattr(Memory, name).offset
    c.c_void_p.from_address(at).value = c.cast(function, c.c_void_p).value  # type: ignore[arg-type]


class Coded(NamedTuple):
    """Rows coded again: entropy-coded bytes, how many bits at their end are padding, and the last predictors."""

    data: bytes
    spare: int
    predictors: tuple[int, ...]


def coded(library: c.CDLL, rows: Rows) -> Coded | None:
    """Codes the rows that are kept as they continue those above them; None where the file's tables lack a symbol."""
    for plane, predictor in zip(rows.planes, rows.begin.predictors, strict=True):
        if predictor and plane.kept:
            first = memoryview(plane.kept).cast("B").cast("h")[::64]
            first[:] = memoryview(array("h", [v - predictor for v in first]))
    tables = own(rows.info, rows.components)
    if not are_complete(tables) and not suffice(tables, written(_encoded(library, rows, optimise=True))):
        return None
    picture = _encoded(library, rows)
    size = _size(rows)
    again = Rows(library, picture, (*size, 0, *rows.sampling), 0, -1, rows.bits_at)
    start = segments(picture)[-1][2]
    predictors = tuple(a + b for a, b in zip(again.end.predictors, rows.begin.predictors, strict=True))
    result = Coded(picture[start:-2], again.end.bits_left, predictors)
    is_whole = not again.warnings
    again.close()
    return result if is_whole else None


def _size(rows: Rows) -> tuple[int, int]:
    """Width and height of the rows that are kept, in whole coded units."""
    across, down = (8 * max(getattr(part, way) for part in rows.components) for way in "hv")
    return -(-rows.info.image_width // across) * across, (rows.last - rows.first + 1) * down


def _encoded(library: c.CDLL, rows: Rows, *, optimise: bool = False) -> bytes:
    """The rows that are kept as a JPEG of their own, with the tables of the file, or the best for them."""
    writer = Writer(library)
    info = writer.info
    library.jpeg_copy_critical_parameters(c.byref(rows.info), c.byref(info))
    info.image_width, info.image_height = _size(rows)
    info.restart_interval = rows.info.restart_interval
    info.optimize_coding = int(optimise)
    for number, part in enumerate(rows.components):
        new = info.comp_info[number]
        new.dc_tbl_no, new.ac_tbl_no = part.dc_tbl_no, part.ac_tbl_no
        for all_, given, which in (
            (info.dc_huff_tbl_ptrs, rows.info.dc_huff_tbl_ptrs, part.dc_tbl_no),
            (info.ac_huff_tbl_ptrs, rows.info.ac_huff_tbl_ptrs, part.ac_tbl_no),
        ):
            all_[which] = all_[which] or library.jpeg_alloc_huff_table(c.byref(info))
            c.memmove(all_[which], given[which], Huffman.sent.offset)

    def access(_info: int, handle: int, start: int, _count: int, _writable: int) -> int:
        plane = rows.planes[handle - 1]
        return plane.access(start + plane.first * plane.deep)

    instead = ACCESSED(access)
    hook(info, "access_virt_barray", instead)
    arrays = (c.c_void_p * len(rows.planes))(*range(1, len(rows.planes) + 1))
    library.jpeg_write_coefficients(c.byref(info), arrays)
    return writer.finish()
