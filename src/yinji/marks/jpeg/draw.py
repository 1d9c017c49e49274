"""Draws a label into a JPEG.

Three ways. The first two change only the coefficients of the blocks under the label, so that everything else decodes to
the same samples: of a sequential scan only the rows of the label are coded again; of other files, such as progressive
ones, everything is. Where the library for it is missing, or the file is odd, the whole picture is decoded and encoded
again with its own quantisation tables and subsampling. Metadata and trailing data stay byte for byte in every way.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from yinji.marks.colour import AA
from yinji.marks.helper import HelperGone
from yinji.marks.jpeg.blocks import SPACES, Way, aligned, decoded, grey, opened, ways, within
from yinji.marks.jpeg.pool import POOL, BlocksUnavailable
from yinji.marks.jpeg.segments import Jpeg, graft
from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay
from yinji.marks.paint import paint
from yinji.marks.picture import Change
from yinji.marks.spaces import CMYK, GREY, RGB, Planes

if TYPE_CHECKING:
    from PIL import Image

_PILLOW: Final = {"L": GREY, "RGB": RGB, "CMYK": CMYK}
_TABLE_MOST: Final = 255


def draw(jpeg: Jpeg, box: Box, overlay: Overlay, name: str, max_pixels: int) -> Change:
    """Draws the overlay at ``box`` (stored pixels), by blocks if it can be done.

    Raises:
        LimitExceeded: The picture has more pixels than ``max_pixels``, and all of it would have to be decoded.
        Malformed, Truncated: The picture does not decode.
    """
    tile = aligned(jpeg, box)
    try:
        for way in ways(jpeg, tile, name, max_pixels):
            change = _by_blocks(jpeg, tile, box, overlay, way)
            if change:
                return change
    except HelperGone:
        pass
    return _again(jpeg, box, overlay, name, max_pixels)


def _by_blocks(jpeg: Jpeg, tile: Box, box: Box, overlay: Overlay, way: Way) -> Change | None:
    """None where this way cannot be gone."""
    with POOL.lent() as worker:
        tables, beneath = opened(jpeg, tile, way, worker)
        if not beneath:
            return None
        placed = overlay.placed((tile.width, tile.height), (box.left - tile.left, box.top - tile.top))
        coded: list[bytes] = []

        def stored(painted_planes: Planes) -> Planes:
            coded[:] = [_coded(plane, table) for plane, table in zip(painted_planes, tables, strict=True)]
            return [grey(data)[1] for data in coded]

        painted = paint(beneath, SPACES[jpeg.colours], placed, stored)
        if painted.contrast < AA:
            raise BlocksUnavailable  # such as a black plane of half resolution: encode it again at full resolution
        masks = [_touched(placed, plane.size) for plane in painted.planes]
        result = worker.ask([part for pair in zip(coded, masks, strict=True) for part in pair])
    if not result:
        return None
    rgb = painted.rgb.crop(within(box, tile))
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


def _coded(plane: Image.Image, table: list[int]) -> bytes:
    output = io.BytesIO()
    plane.save(output, "JPEG", qtables=[table])
    return output.getvalue()


def _touched(overlay: Overlay, size: tuple[int, int]) -> bytes:
    """One byte a block: whether the label covers any sample of it, however faintly."""
    covered = overlay.scaled(size).body.point([0] + [255] * 255)
    return covered.reduce(8).point([0] + [1] * 255).tobytes()
