"""Draws a label into a JPEG.

Two ways. The first changes only the coefficients of the blocks under the label: everything else decodes to the same
samples, and it costs less than decoding. Where the library for it is missing, or the file is odd, the whole picture is
decoded and encoded again with its own quantisation tables and subsampling. Metadata and trailing data stay byte for
byte either way.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from yinji.errors import Malformed, Truncated
from yinji.marks.colour import AA
from yinji.marks.jpeg.pool import POOL, BlocksUnavailable, numbers
from yinji.marks.jpeg.segments import Jpeg, graft
from yinji.marks.jpeg.worker import Rectangle
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


def draw(jpeg: Jpeg, box: Box, overlay: Overlay, name: str) -> Change:
    """Draws the overlay at ``box`` (stored pixels), by blocks if it can be done.

    Raises:
        Malformed, Truncated: The picture does not decode.
    """
    try:
        return _by_blocks(jpeg, box, overlay)
    except BlocksUnavailable:
        return _again(jpeg, box, overlay, name)


def _by_blocks(jpeg: Jpeg, box: Box, overlay: Overlay) -> Change:
    tile = _aligned(jpeg, box)
    space = _SPACES[jpeg.colours]
    rectangles = _rectangles(jpeg, tile)
    facts = [jpeg.width, jpeg.height, int(jpeg.progressive)]
    facts += [v for p in jpeg.components for v in (p.identifier, p.h, p.v)]
    with POOL.lent() as worker:
        cuts = worker.ask([jpeg.picture, numbers(not jpeg.usual_tables, facts, rectangles)])
        if len(cuts) != len(rectangles):
            raise BlocksUnavailable
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
        answer = [part for pair in zip(coded, masks, strict=True) for part in pair]
        result = worker.ask(answer)
    if len(result) != 1:
        raise BlocksUnavailable
    rgb = painted.rgb.crop(_within(box, tile))
    # Decoders smooth subsampled colours across the edge of a block: one pixel more may differ.
    reach = Box(tile.left - 1, tile.top - 1, min(jpeg.width, tile.right + 1), min(jpeg.height, tile.bottom + 1))
    changed = Box(max(0, reach.left), max(0, reach.top), reach.right, reach.bottom)
    return Change(graft(jpeg, result[0]), "coefficients", painted, rgb, {"changed": list(changed)})


def _again(jpeg: Jpeg, box: Box, overlay: Overlay, name: str) -> Change:
    from PIL import Image
    from PIL.JpegImagePlugin import JpegImageFile, get_sampling

    picture = decoded(jpeg, name)
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


def decoded(jpeg: Jpeg, name: str) -> JpegImageFile:
    """Decodes the first picture whole.

    Raises:
        Malformed, Truncated: It does not decode.
    """
    from PIL.JpegImagePlugin import JpegImageFile

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


def _rectangles(jpeg: Jpeg, tile: Box) -> list[Rectangle]:
    """The tile in blocks of each component: left, top, width, height."""
    wide, high = jpeg.unit
    return [
        (
            tile.left // wide * part.h,
            tile.top // high * part.v,
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
