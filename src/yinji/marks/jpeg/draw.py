"""Draws a label into a JPEG.

Three ways. The first two change only the coefficients of the blocks under the label, so that everything else decodes to
the same samples: of a sequential scan only the rows of the label are coded again; of other files, such as progressive
ones, everything is. Where the library for it is missing, or the file is odd, the whole picture is decoded and encoded
again with its own quantisation tables and subsampling. Metadata and trailing data stay byte for byte in every way.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from yinji.errors import LimitExceeded, Malformed, Truncated
from yinji.marks.colour import AA
from yinji.marks.jpeg.coefficients import Rectangle
from yinji.marks.jpeg.pool import POOL, BlocksUnavailable, numbers
from yinji.marks.jpeg.scan import Part, Scan
from yinji.marks.jpeg.segments import Jpeg, graft, with_scan
from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay
from yinji.marks.paint import paint
from yinji.marks.picture import Change
from yinji.marks.spaces import CMYK, GREY, RGB, YCC, YCCK, Planes, Space

if TYPE_CHECKING:
    from PIL import Image
    from PIL.JpegImagePlugin import JpegImageFile

_SPACES: Final = {s.name: s for s in (GREY, RGB, YCC, YCCK, Space("cmyk-inverted"))}
_PILLOW: Final = {"L": GREY, "RGB": RGB, "CMYK": CMYK}
_TABLE_MOST: Final = 255


def draw(jpeg: Jpeg, box: Box, overlay: Overlay, name: str, max_pixels: int) -> Change:
    """Draws the overlay at ``box`` (stored pixels), by blocks if it can be done.

    Raises:
        LimitExceeded: The picture has more pixels than ``max_pixels``, and all of it would have to be decoded.
        Malformed, Truncated: The picture does not decode.
    """
    tile = _aligned(jpeg, box)
    try:
        for way in _ways(jpeg, tile, name, max_pixels):
            change = _by_blocks(jpeg, tile, box, overlay, way)
            if change:
                return change
    except BlocksUnavailable:
        pass
    return _again(jpeg, box, overlay, name, max_pixels)


class _Way(NamedTuple):
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


def _ways(jpeg: Jpeg, tile: Box, name: str, max_pixels: int) -> Iterator[_Way]:
    high = jpeg.unit[1]
    scan = Scan.of(jpeg)
    part = scan.part(tile.top // high, tile.bottom // high - 1) if scan else None
    if scan and part:
        joined = partial(_joined, jpeg, scan, part)
        yield _Way(part.data, part.height, (part.first, part.last), part.above * high, joined)
    check_pixels(jpeg, max_pixels, name)
    yield _Way(jpeg.picture, jpeg.height, (0, -1), 0, lambda answer: graft(jpeg, answer[0]))


def _joined(jpeg: Jpeg, scan: Scan, part: Part, answer: list[bytes]) -> bytes:
    return with_scan(jpeg, scan.start, scan.stop, part.finish(answer[0], struct.unpack("<6q", answer[1])))


def _by_blocks(jpeg: Jpeg, tile: Box, box: Box, overlay: Overlay, way: _Way) -> Change | None:
    """None where this way cannot be gone."""
    space = _SPACES[jpeg.colours]
    rectangles = _rectangles(jpeg, tile, way.above)
    facts = [jpeg.width, way.height, int(jpeg.progressive)]
    facts += [v for p in jpeg.components for v in (p.identifier, p.h, p.v)]
    with POOL.lent() as worker:
        cuts = worker.ask([way.data, numbers(not jpeg.usual_tables, way.rows, facts, rectangles)])
        if not cuts:
            return None
        tables, planes = zip(*(_grey(cut) for cut in cuts), strict=True)
        real = [_real(jpeg, tile, i) for i in range(len(planes))]
        placed = overlay.placed((tile.width, tile.height), (box.left - tile.left, box.top - tile.top))
        beneath = [_extended(p, size) for p, size in zip(planes, real, strict=True)]
        coded: list[bytes] = []

        def stored(painted_planes: Planes) -> Planes:
            coded[:] = [_coded(plane, table) for plane, table in zip(painted_planes, tables, strict=True)]
            return [_grey(data)[1] for data in coded]

        painted = paint(beneath, space, placed, stored)
        if painted.contrast < AA:
            raise BlocksUnavailable  # such as a black plane of half resolution: encode it again at full resolution
        masks = [_touched(placed, plane.size) for plane in painted.planes]
        result = worker.ask([part for pair in zip(coded, masks, strict=True) for part in pair])
    if not result:
        return None
    rgb = painted.rgb.crop(_within(box, tile))
    # Decoders smooth subsampled colours across the edge of a block: one pixel more may differ.
    reach = Box(tile.left - 1, tile.top - 1, min(jpeg.width, tile.right + 1), min(jpeg.height, tile.bottom + 1))
    changed = Box(max(0, reach.left), max(0, reach.top), reach.right, reach.bottom)
    return Change(way.finish(result), "coefficients", painted, rgb, {"changed": list(changed)})


def _again(jpeg: Jpeg, box: Box, overlay: Overlay, name: str, max_pixels: int) -> Change:
    from PIL import Image
    from PIL.JpegImagePlugin import JpegImageFile, get_sampling

    picture = decoded(jpeg, name, max_pixels)
    space = _PILLOW[picture.mode]
    sampling = get_sampling(picture)
    tables = [*picture.quantization.values()]
    canvas = picture.copy()
    output = io.BytesIO()

    def stored(planes: Planes) -> Planes:
        canvas.paste(Image.merge(canvas.mode, planes) if len(planes) > 1 else planes[0], box[:2])
        output.seek(0)
        output.truncate()
        canvas.save(
            output,
            "JPEG",
            qtables={n: [min(v, _TABLE_MOST) for v in t] for n, t in enumerate(tables)},
            subsampling=max(sampling, 0),
            progressive=jpeg.progressive,
            optimize=not jpeg.usual_tables,
            keep_rgb=jpeg.colours == "rgb",
        )
        with JpegImageFile(io.BytesIO(output.getvalue())) as again:
            return again.crop(box).split()

    painted = paint(canvas.crop(box).split(), space, overlay, stored)
    transform = 0 if len(jpeg.components) == 4 else None
    data = graft(jpeg, output.getvalue(), adobe_transform=transform)
    return Change(data, "re-encoded", painted, painted.rgb, {"changed": [0, 0, jpeg.width, jpeg.height]})


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


def _aligned(jpeg: Jpeg, box: Box) -> Box:
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


def _grey(data: bytes) -> tuple[list[int], Image.Image]:
    from PIL.JpegImagePlugin import JpegImageFile

    with JpegImageFile(io.BytesIO(data)) as picture:
        picture.load()
        return list(picture.quantization[0]), picture.copy()


def _coded(plane: Image.Image, table: list[int]) -> bytes:
    output = io.BytesIO()
    plane.save(output, "JPEG", qtables=[table])
    return output.getvalue()


def _touched(overlay: Overlay, size: tuple[int, int]) -> bytes:
    """One byte a block: whether the label covers any sample of it, however faintly."""
    covered = overlay.scaled(size).body.point([0] + [255] * 255)
    return covered.reduce(8).point([0] + [1] * 255).tobytes()


def _within(box: Box, tile: Box) -> Box:
    return Box(box.left - tile.left, box.top - tile.top, box.right - tile.left, box.bottom - tile.top)
