"""The label on a picture (GB 45438-2025 5.2): words on an edge or corner, legible, of the height ruled."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Final

from yinji.errors import LimitExceeded, UnsupportedFormat
from yinji.marks.base import Drawn, MarkExample, MarkRequest
from yinji.marks.exif import STORED, UPRIGHT, displayed_size, stored_box
from yinji.marks.face import check_words, require_pillow
from yinji.marks.jpeg import draw as jpeg
from yinji.marks.jpeg.segments import parse
from yinji.marks.layout import PLACES, Box, Layout
from yinji.marks.overlay import Overlay, build
from yinji.marks.paint import Painted, ink_height
from yinji.marks.png import draw as png

if TYPE_CHECKING:
    from PIL import Image

_MOST_BYTES: Final = 1 << 30


class ImageMark:
    """Draws the label into JPEG and PNG; no pixel outside it changes, except in a JPEG that must be re-encoded."""

    name: ClassVar[str] = "image"
    media_types: ClassVar[frozenset[str]] = frozenset({"image/jpeg", "image/png"})
    places: ClassVar[tuple[str, ...]] = PLACES

    def draw(self, original: BinaryIO, marked: BinaryIO, request: MarkRequest) -> Drawn:
        """See :meth:`yinji.marks.base.PerceptibleMark.draw`.

        Raises:
            MissingExtra: Pillow is not installed.
        """
        require_pillow()
        check_words(request.words)
        name = str(getattr(original, "name", "") or "")
        data = original.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise LimitExceeded("too-many-bytes", path=name, limit=_MOST_BYTES)
        if data.startswith(b"\xff\xd8"):
            return _draw_jpeg(data, marked, request, name)
        if data.startswith(png.SIGNATURE):
            return _draw_png(data, marked, request, name)
        raise UnsupportedFormat("no-mark", path=name, media_type=request.media_type or "?")

    @classmethod
    def examples(cls) -> Iterable[MarkExample]:
        require_pillow()
        from PIL import Image

        picture = Image.linear_gradient("L").resize((160, 120)).convert("RGB")
        for kind, media_type in (("JPEG", "image/jpeg"), ("PNG", "image/png")):
            output = io.BytesIO()
            picture.save(output, kind)
            yield MarkExample(kind.lower(), output.getvalue(), media_type)


def _draw_jpeg(data: bytes, marked: BinaryIO, request: MarkRequest, name: str) -> Drawn:
    picture = parse(data, max_pixels=request.max_pixels, name=name)
    size, orientation = (picture.width, picture.height), picture.exif.orientation
    area = Box(0, 0, *displayed_size(size, orientation))
    layout, upright = build(area, request.words, request.min_height, request.place)
    box = Box(*stored_box(layout.box, size, orientation))
    change = jpeg.draw(picture, box, _turned(upright, STORED[orientation]), name)
    marked.write(change.data)
    detail: dict[str, Any] = {"changed": list(change.tile)}
    if picture.exif.thumbnail:
        detail["exif_thumbnail"] = True
    if picture.trailer:
        detail["trailing_bytes"] = len(picture.trailer)
    shown = _upright(change.rgb, orientation)
    return _drawn(request, layout, upright, shown, change.method, change.painted, detail)


def _draw_png(data: bytes, marked: BinaryIO, request: MarkRequest, name: str) -> Drawn:
    picture = png.parse(data, max_pixels=request.max_pixels, name=name)
    size, orientation = (picture.width, picture.height), picture.orientation
    opaque = png.opaque_box(picture)
    area = _shown_box(opaque, size, orientation)
    layout, upright = build(area, request.words, request.min_height, request.place)
    box = Box(*stored_box(layout.box, size, orientation))
    change = png.draw(picture, box, _turned(upright, STORED[orientation]))
    marked.write(change.data)
    detail: dict[str, Any] = {"changed": list(box), "colour_type": change.colour_type}
    shown = _upright(change.rgb, orientation)
    return _drawn(request, layout, upright, shown, change.method, change.painted, detail)


def _shown_box(box: Box, size: tuple[int, int], orientation: int) -> Box:
    """Maps stored to displayed pixels: the way of :func:`stored_box` backwards."""
    back = {6: 8, 8: 6}.get(orientation, orientation)
    return Box(*stored_box(box, displayed_size(size, orientation), back))


def _turned(overlay: Overlay, methods: Iterable[int]) -> Overlay:
    for method in methods:
        overlay = overlay.transposed(method)
    return overlay


def _upright(picture: Image.Image, orientation: int) -> Image.Image:
    from PIL import Image

    for method in UPRIGHT[orientation]:
        picture = picture.transpose(Image.Transpose(method))
    return picture


def _drawn(
    request: MarkRequest,
    layout: Layout,
    overlay: Overlay,
    shown: Image.Image,
    method: str,
    painted: Painted,
    detail: dict[str, Any],
) -> Drawn:
    from PIL import Image

    tone = painted.tone
    reading = shown.transpose(Image.Transpose.ROTATE_90) if layout.turned else shown
    detail |= {"lines": layout.lines, "turned": layout.turned, "ink": "light" if tone.ink > tone.body else "dark"}
    return Drawn(
        mark=ImageMark.name,
        words=request.words,
        place=request.place or PLACES[0],
        method=method,
        ink_height=ink_height(reading, overlay, tone),
        needed_height=layout.needed,
        box=tuple(layout.box),
        contrast=painted.contrast,
        detail=detail,
    )
