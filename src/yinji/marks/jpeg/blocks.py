"""Blocks of a JPEG as the process that can reach them hands them out: what it is given of the file, and why."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from yinji.errors import LimitExceeded, Malformed, Truncated
from yinji.marks.helper import Helper, HelperGone
from yinji.marks.jpeg.coefficients import Rectangle
from yinji.marks.jpeg.pool import POOL, numbers
from yinji.marks.jpeg.scan import Part, Scan
from yinji.marks.jpeg.segments import Jpeg, graft, with_scan
from yinji.marks.jpeg.tables import are_complete, written
from yinji.marks.layout import Box
from yinji.marks.spaces import CMYK_INVERTED, GREY, RGB, YCC, YCCK, Planes, Space

if TYPE_CHECKING:
    from PIL import Image
    from PIL.JpegImagePlugin import JpegImageFile

_BILINEAR: Final = 2
SPACES: Final = {s.name: s for s in (GREY, RGB, YCC, YCCK, CMYK_INVERTED)}


class Way(NamedTuple):
    """What the process is asked.

    Attributes:
        data: A JPEG.
        height: Its height in pixels.
        rows: The first and the last of its coded rows that are coded again; where the last comes first, all are.
        above: How many rows of pixels it leaves out at the top of the file.
        finish: Makes the file of the answer.
    """

    data: bytes
    height: int
    rows: tuple[int, int]
    above: int
    finish: Callable[[list[bytes]], bytes]


def by_rows(jpeg: Jpeg, tile: Box) -> Way | None:
    """The way that codes the rows of a tile alone, and needs no more memory for a large picture; None if there is none.

    Args:
        jpeg: The file.
        tile: As :func:`aligned` returns it.
    """
    high = jpeg.unit[1]
    scan = Scan.of(jpeg)
    part = scan.part(tile.top // high, tile.bottom // high - 1) if scan else None
    if scan is None or part is None:
        return None
    joined = partial(_joined, jpeg, scan, part)
    return Way(part.data, part.height, (part.first, part.last), part.above * high, joined)


def ways(jpeg: Jpeg, tile: Box, name: str, max_pixels: int) -> Iterator[Way]:
    """Yields the ways to change single blocks, the best first.

    Raises:
        LimitExceeded: As :func:`check_pixels`.
    """
    rows = by_rows(jpeg, tile)
    # Tables made for a picture seldom have what a label needs; without them all must be coded again after all.
    if rows and (are_complete(written(rows.data)) or jpeg.width * jpeg.height > max_pixels):
        yield rows
    check_pixels(jpeg, max_pixels, name)
    yield Way(jpeg.picture, jpeg.height, (0, -1), 0, lambda answer: graft(jpeg, answer[0]))


def _joined(jpeg: Jpeg, scan: Scan, part: Part, answer: list[bytes]) -> bytes:
    return with_scan(jpeg, scan.start, scan.stop, part.finish(answer[0], struct.unpack("<6q", answer[1])))


def opened(jpeg: Jpeg, tile: Box, way: Way, worker: Helper) -> tuple[tuple[list[int], ...], Planes]:
    """Has a tile cut out: quantisation tables and planes, or empty where this way cannot be gone.

    Raises:
        BlocksUnavailable: The process ended.
    """
    facts = [jpeg.width, way.height, int(jpeg.progressive)]
    facts += [v for p in jpeg.components for v in (p.identifier, p.h, p.v)]
    rectangles = _rectangles(jpeg, tile, way.above)
    cuts = worker.ask([way.data, numbers(not jpeg.usual_tables, way.rows, facts, rectangles)])
    pairs = [grey(cut) for cut in cuts]
    planes = [_extended(plane, _real(jpeg, tile, i)) for i, (_, plane) in enumerate(pairs)]
    return tuple(table for table, _ in pairs), planes


def check_pixels(jpeg: Jpeg, max_pixels: int, name: str) -> None:
    """Makes sure that a picture may be decoded whole.

    Raises:
        LimitExceeded: It is too large for that.
    """
    if jpeg.width * jpeg.height > max_pixels:
        raise LimitExceeded("too-many-pixels", path=name, width=jpeg.width, height=jpeg.height, limit=max_pixels)


def decoded(jpeg: Jpeg, name: str, max_pixels: int) -> JpegImageFile:
    """Decodes the first picture whole.

    Raises:
        LimitExceeded: As :func:`check_pixels`.
        Malformed, Truncated: It does not decode.
    """
    from PIL.JpegImagePlugin import JpegImageFile

    check_pixels(jpeg, max_pixels, name)
    try:
        picture = JpegImageFile(io.BytesIO(jpeg.picture))
        picture.load()
    except (OSError, SyntaxError, ValueError) as error:
        if "truncated" in str(error):
            raise Truncated("mark-truncated", path=name, kind="JPEG", size=len(jpeg.data)) from error
        raise Malformed("mark-not-decodable", path=name, kind="JPEG", reason=str(error)) from error
    return picture


class Strips:
    """A picture too large to be decoded whole, of which rows are decoded as they are asked for.

    See :class:`yinji.marks.picture.Frame`.

    Args:
        jpeg: The file.
        max_pixels: Largest picture that is decoded whole.
        name: For messages.
    """

    def __init__(self, jpeg: Jpeg, max_pixels: int, name: str) -> None:
        self._jpeg, self._most, self._name = jpeg, max_pixels, name
        self._strips: dict[Box, Planes] = {}

    @property
    def area(self) -> Box:
        return Box(0, 0, self._jpeg.width, self._jpeg.height)

    def crop(self, box: Box) -> tuple[Planes, Space]:
        """See :meth:`yinji.marks.picture.Frame.crop`.

        Raises:
            LimitExceeded: The rows of this file cannot be decoded alone.
        """
        tile = aligned(self._jpeg, Box(0, box.top, self._jpeg.width, box.bottom))
        planes = self._strips.get(tile) or self._decoded(tile)
        self._strips[tile] = planes
        part = within(box, tile)
        return [p.crop(part) for p in planes], SPACES[self._jpeg.colours]

    def _decoded(self, tile: Box) -> Planes:
        size = tile.width, tile.height
        way = by_rows(self._jpeg, tile)
        if way and size[0] * size[1] <= self._most:
            with suppress(HelperGone), POOL.lent() as worker:
                planes = opened(self._jpeg, tile, way, worker)[1]
                if planes:
                    worker.tell([])
                    return [p if p.size == size else p.resize(size, _BILINEAR) for p in planes]
        return self._refused()

    def _refused(self) -> Planes:
        width, height = self._jpeg.width, self._jpeg.height
        raise LimitExceeded("too-many-pixels", path=self._name, width=width, height=height, limit=self._most)


def aligned(jpeg: Jpeg, box: Box) -> Box:
    """The coded units that the box touches; they may reach beyond the picture's right and lower edge."""
    wide, high = jpeg.unit
    left, top = box.left // wide * wide, box.top // high * high
    return Box(left, top, -(-box.right // wide) * wide, -(-box.bottom // high) * high)


def _rectangles(jpeg: Jpeg, tile: Box, above: int) -> list[Rectangle]:
    """The tile in blocks of each component below that row of pixels: left, top, width, height."""
    wide, high = jpeg.unit
    return [
        (
            tile.left // wide * part.h,
            (tile.top - above) // high * part.v,
            tile.width // wide * part.h,
            tile.height // high * part.v,
        )
        for part in jpeg.components
    ]


def _real(jpeg: Jpeg, tile: Box, number: int) -> tuple[int, int]:
    """How much of a component's tile lies inside the picture, in its own samples."""
    part = jpeg.components[number]
    wide, high = jpeg.unit
    right, bottom = min(tile.right, jpeg.width), min(tile.bottom, jpeg.height)
    return -(-(right - tile.left) * part.h * 8 // wide), -(-(bottom - tile.top) * part.v * 8 // high)


def _extended(plane: Image.Image, real: tuple[int, int]) -> Image.Image:
    """Repeats the last column and row over what lies beyond the picture, which may hold anything."""
    width, height = real
    out = plane.copy()
    if width < plane.width:
        out.paste(out.crop((width - 1, 0, width, plane.height)).resize((plane.width - width, plane.height)), (width, 0))
    if height < plane.height:
        row = out.crop((0, height - 1, plane.width, height))
        out.paste(row.resize((plane.width, plane.height - height)), (0, height))
    return out


def grey(data: bytes) -> tuple[list[int], Image.Image]:
    """Quantisation table and samples of a grey JPEG."""
    from PIL.JpegImagePlugin import JpegImageFile

    with JpegImageFile(io.BytesIO(data)) as picture:
        picture.load()
        return list(picture.quantization[0]), picture.copy()


def within(box: Box, tile: Box) -> Box:
    """A box as it lies in a tile."""
    return Box(box.left - tile.left, box.top - tile.top, box.right - tile.left, box.bottom - tile.top)
