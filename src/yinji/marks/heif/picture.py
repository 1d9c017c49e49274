"""HEIC and AVIF as pictures that a label can be put on and looked for in.

Phones store a grid of tiles: only those under the label are encoded again, the others keep every bit. A picture in one
piece is encoded again whole. An overlay item (``iovl``), which would keep even that, is not used, since readers need
not know how to compose it.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from yinji.errors import LimitExceeded, Malformed
from yinji.marks.exif import UPRIGHT
from yinji.marks.heif import coding
from yinji.marks.heif.deep import Deep
from yinji.marks.heif.items import Heif, New, configuration
from yinji.marks.heif.sequence import AvifSequence, is_sequence, sampling
from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay
from yinji.marks.paint import Painted, legibility, paint
from yinji.marks.picture import Change, Frame, Single, Still
from yinji.marks.spaces import GREY, RGB, WHITE, YCC, Planes, Space

if TYPE_CHECKING:
    from PIL import Image

_FINE: Final = {b"hvc1": (14, 20, 26), b"av01": (12, 22, 32)}
"""Rate factors of x265 and SVT-AV1 that are tried in turn until the picture is hardly larger than it was."""
_MORE_BITS: Final = 0x60
"""Flags of ``av1C``: 10 bits, 12 bits."""
_TEN_BITS: Final = 0x40
_QUALITIES: Final = (90, 78, 62)
_LARGER: Final = 1.15
_LABEL: Final = 4096
"""Bytes that the label itself may cost."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A coded piece: its item and where it stands."""

    item: int
    box: Box


class HeifPicture(Single):
    """The picture that a HEIF file shows; see :class:`yinji.marks.picture.Picture`."""

    def __init__(self, heif: Heif, max_pixels: int) -> None:
        self._heif = heif
        self.size = self._size(heif.primary)
        if self.size[0] * self.size[1] > max_pixels:
            raise LimitExceeded(
                "too-many-pixels", path=heif.name, width=self.size[0], height=self.size[1], limit=max_pixels
            )
        if heif.has(heif.primary, b"clap"):
            raise heif.unsupported("a cropped picture")
        self.orientation = _orientation(heif.ordered(heif.primary, b"irot", b"imir"))
        self._tiles = self._pieces()
        kinds = {heif.types.get(t.item, b"") for t in self._tiles}
        if len(kinds) != 1 or not kinds <= {b"hvc1", b"av01"}:
            raise heif.unsupported(" ".join(sorted(k.decode("ascii", "replace") for k in kinds)))
        self._kind = kinds.pop()

    @classmethod
    def of(cls, data: bytes, max_pixels: int, name: str) -> HeifPicture | AvifSequence:
        """Takes a file apart, which may turn out to move.

        Raises:
            Malformed, Truncated, LimitExceeded: It breaks the rules, ends too early, or is too large.
            UnsupportedFormat: A sequence of HEVC, or a picture made in another way than of one piece or of tiles.
        """
        if is_sequence(data):
            return AvifSequence(data, max_pixels, name)
        return cls(Heif.of(data, name), max_pixels)

    def _size(self, item: int) -> tuple[int, int]:
        extents = self._heif.property(item, b"ispe")
        if len(extents) < 12:
            raise Malformed("mark-not-decodable", path=self._heif.name, kind="HEIF", reason="no size")
        width, height = struct.unpack_from(">II", extents, 4)
        return width, height

    def _pieces(self) -> list[Tile]:
        heif = self._heif
        if heif.types.get(heif.primary) != b"grid":
            return [Tile(heif.primary, Box(0, 0, *self.size))]
        head, items = heif.grid(heif.primary), heif.tiles.get(heif.primary, [])
        if len(head) < 8 or not items or (head[2] + 1) * (head[3] + 1) != len(items):
            raise Malformed("mark-not-decodable", path=heif.name, kind="HEIF", reason="impossible tiles")
        rows, columns = head[2] + 1, head[3] + 1
        wide, high = self._size(items[0])
        boxes = [Box(c * wide, r * high, (c + 1) * wide, (r + 1) * high) for r in range(rows) for c in range(columns)]
        return [Tile(item, box) for item, box in zip(items, boxes, strict=True)]

    @cached_property
    def area(self) -> Box:
        if not self._heif.auxiliary.get(self._heif.primary) or self._kind == b"hvc1":
            return Box(0, 0, *self.size)
        return Still(self._av1).area

    def frames(self) -> Iterator[Frame]:
        yield _Still(self._av1, self._white) if self._kind == b"av01" else self

    def crop(self, box: Box) -> tuple[Planes, Space]:
        """Planes of 8 bits within a box."""
        canvas, region, _, _ = self._read(box)
        inside = Box(*(v - (region.left, region.top)[i % 2] for i, v in enumerate(box)))
        if len(canvas) == 1:
            return [canvas[0].crop(inside)], replace(GREY, white=self._white)
        return YCC.to_rgb(canvas, canvas[0].size).crop(inside).split(), replace(RGB, white=self._white)

    def draw(self, box: Box, overlay: Overlay) -> Change:
        if self._kind == b"hvc1":
            if self._heif.auxiliary.get(self._heif.primary) and _opacity(self._heif):
                raise self._heif.unsupported("a picture with opacity")
            return self._draw_planes(box, overlay)
        if self._av1.mode == "RGBA" and min(self._av1.crop(box).getchannel("A").tobytes()) < 255:
            raise self._heif.unsupported("a picture that is transparent where the label goes")
        depth = self._heif.property(self._tiles[0].item, b"av1C")
        if len(self._tiles) > 1 or len(depth) < 3:
            return self._draw_planes(box, overlay)
        if depth[2] & _MORE_BITS:
            usual = depth[2] & _MORE_BITS == _TEN_BITS and sampling(depth) == "4:2:0"
            return self._draw_planes(box, overlay) if usual else self._draw_deep(box, overlay, depth)
        return self._draw_rgb(box, overlay)

    # --- as coded: HEVC, and AV1 in tiles or of more than 8 bits --------------------------------------------------

    def _full(self, coded: coding.Coded) -> bool:
        """Whether samples use the whole range: as the file says, else as the coded picture does."""
        for _, payload in self._heif.ordered(self._heif.primary, b"colr"):
            if payload[:4] == b"nclx" and len(payload) >= 11:
                return bool(payload[10] & 0x80)
        return coded.full

    @property
    def _white(self) -> float:
        """Signal of a white page, by the transfer that the file names."""
        for _, payload in self._heif.ordered(self._heif.primary, b"colr"):
            if payload[:4] == b"nclx" and len(payload) >= 8:
                return WHITE.get(int.from_bytes(payload[6:8], "big"), 1.0)
        return 1.0

    def _read(self, box: Box) -> tuple[list[Image.Image], Box, list[Tile], list[coding.Coded]]:
        """The tiles that meet a box, joined: planes, the box of all of them, and each."""
        from PIL import Image

        heif, described = self._heif, configuration(self._kind)
        tiles = [t for t in self._tiles if _meets(t.box, box)]
        pictures = [(heif.property(t.item, described), heif.item(t.item)) for t in tiles]
        coded = coding.decode(self._kind.decode(), pictures, heif.name)
        edges = [*zip(*(t.box for t in tiles), strict=True)]
        region = Box(min(edges[0]), min(edges[1]), max(edges[2]), max(edges[3]))
        canvas: list[Image.Image] = []
        for tile, picture in zip(tiles, coded, strict=True):
            for number, plane in enumerate(picture.shown(self._full(picture))):
                across, down = tile.box.width // plane.width, tile.box.height // plane.height
                if number == len(canvas):
                    size = -(-region.width // max(1, across)), -(-region.height // max(1, down))
                    canvas.append(Image.new("L", size))
                at = (tile.box.left - region.left) // max(1, across), (tile.box.top - region.top) // max(1, down)
                canvas[number].paste(plane, at)
        return canvas, region, tiles, coded

    def _draw_planes(self, box: Box, overlay: Overlay) -> Change:
        heif = self._heif
        canvas, region, tiles, coded = self._read(box)
        space = replace(YCC if len(canvas) > 1 else GREY, white=self._white)
        placed = overlay.placed(canvas[0].size, (box.left - region.left, box.top - region.top))
        painted = paint(canvas, space, placed)
        for tile, picture in zip(tiles, coded, strict=True):
            full = self._full(picture)
            for number, old in enumerate(picture.shown(full)):
                across, down = tile.box.width // old.width, tile.box.height // old.height
                left, top = (tile.box.left - region.left) // across, (tile.box.top - region.top) // down
                new = painted.planes[number].crop((left, top, left + old.width, top + old.height))
                picture.put(number, new, old, full)
        before = sum(len(heif.item(t.item)) for t in tiles)
        made: list[tuple[bytes, bytes]] = []
        for crf in _FINE[self._kind][: None if len(self._tiles) == 1 else 1]:
            made = coding.encode(coded, crf, heif.name)
            if sum(len(data) for _, data in made) <= _LARGER * before + _LABEL:
                break
        data = heif.rebuilt({t.item: New(m[1], [m[0]]) for t, m in zip(tiles, made, strict=True)})
        detail: dict[str, Any] = {"changed": list(region), "tiles_changed": len(tiles), "tiles": len(self._tiles)}
        return self._measured(data, box, overlay, painted, detail)

    # --- AV1 of 8 bits, by way of RGB ------------------------------------------------------------------------------

    @cached_property
    def _av1(self) -> Image.Image:
        """As Pillow decodes it, before it is turned."""
        from PIL import Image

        heif = self._heif
        try:
            with Image.open(io.BytesIO(heif.data), formats=["AVIF"]) as picture:
                picture.load()
                shown = picture.copy()
        except (OSError, ValueError, SyntaxError, RuntimeError) as error:
            raise Malformed("mark-not-decodable", path=heif.name, kind="AVIF", reason=str(error)) from error
        if shown.size != self.size:
            raise heif.unsupported("a picture of several layers")
        return shown

    def _draw_rgb(self, box: Box, overlay: Overlay) -> Change:
        from PIL import Image

        heif, item = self._heif, self._heif.primary
        depth = heif.property(item, b"av1C")
        picture = self._av1.convert("RGB")
        painted = paint(picture.crop(box).split(), replace(RGB, white=self._white), overlay)
        picture.paste(Image.merge("RGB", painted.planes), box[:2])

        def encoded(quality: int) -> bytes:
            output = io.BytesIO()
            picture.save(
                output, "AVIF", quality=quality, subsampling=sampling(depth), speed=7, icc_profile=b"", exif=b""
            )
            return output.getvalue()

        return self._replaced(encoded, box, overlay, painted)

    def _draw_deep(self, box: Box, overlay: Overlay, depth: bytes) -> Change:
        heif = self._heif
        if self._av1.mode == "RGBA":
            raise heif.unsupported("more than 8 bits with opacity")
        picture = Deep(heif, depth)
        painted = paint(picture.planes(box), replace(picture.space, white=self._white), overlay)
        picture.put(box, painted.planes, overlay.body)
        return self._replaced(lambda quality: picture.encoded(quality, self._colours), box, overlay, painted)

    def _replaced(self, encoded: Callable[[int], bytes], box: Box, overlay: Overlay, painted: Painted) -> Change:
        """Puts the picture in, coded anew: at the best quality that keeps about the size, else at the last."""
        heif, item = self._heif, self._heif.primary
        for quality in _QUALITIES:
            new = Heif.of(encoded(quality), heif.name)
            coded = new.item(new.primary)
            if len(coded) <= _LARGER * len(heif.item(item)) + _LABEL:
                break
        made = New(coded, [*_described(heif, new)])
        detail = {"changed": [0, 0, *self.size], "quality": quality}
        return self._measured(heif.rebuilt({item: made}), box, overlay, painted, detail)

    @property
    def _colours(self) -> tuple[int, int, int]:
        """Primaries, transfer and matrix that the file names, else those of sRGB."""
        for _, payload in self._heif.ordered(self._heif.primary, b"colr"):
            if payload[:4] == b"nclx" and len(payload) >= 10:
                return struct.unpack_from(">HHH", payload, 4)
        return 1, 13, 6

    def _measured(self, data: bytes, box: Box, overlay: Overlay, painted: Painted, detail: dict[str, Any]) -> Change:
        again = HeifPicture(Heif.of(data, self._heif.name), self.size[0] * self.size[1])
        planes, space = next(again.frames()).crop(box)
        rgb, contrast = legibility(planes, space, overlay)
        return Change(data, "re-encoded", Painted(tuple(planes), rgb, contrast, painted.tone), rgb, detail)


@dataclass(frozen=True, slots=True)
class _Still(Still):
    """A frame that Pillow holds, in which a white page has this signal."""

    white: float

    def crop(self, box: Box) -> tuple[Planes, Space]:
        planes, space = Still.crop(self, box)
        return planes, replace(space, white=self.white)


def _described(old: Heif, new: Heif) -> Iterator[bytes]:
    """The boxes of a new coding; the old primaries and transfer stay, since no colour was converted by them."""
    item = new.primary
    payload = new.property(item, b"av1C")
    yield struct.pack(">I4s", 8 + len(payload), b"av1C") + payload
    for type, now in new.ordered(item, b"colr"):
        was = next((p for _, p in old.ordered(old.primary, b"colr") if p[:4] == b"nclx"), now)
        if now[:4] == b"nclx" and len(now) >= 11:
            joined = was[:8] + now[8:11]
            yield struct.pack(">I4s", 8 + len(joined), type) + joined


def _meets(one: Box, other: Box) -> bool:
    across = min(one.right, other.right) - max(one.left, other.left)
    return across > 0 and min(one.bottom, other.bottom) > max(one.top, other.top)


def _opacity(heif: Heif) -> bool:
    names = (heif.property(item, b"auxC") for item in heif.auxiliary.get(heif.primary, ()))
    return any(b"alpha" in name or b"auxid:1" in name for name in names)


def _orientation(turns: Sequence[tuple[bytes, bytes]]) -> int:
    """The turns and mirrors of a picture as an orientation of EXIF."""
    from PIL import Image

    def turned(methods: Sequence[int]) -> bytes:
        picture = Image.frombytes("L", (2, 3), bytes(range(6)))
        for method in methods:
            picture = picture.transpose(Image.Transpose(method))
        return picture.tobytes() + bytes(picture.size)

    methods = []
    for type, payload in turns:
        value = payload[0] if payload else 0
        if type == b"irot":
            methods += {1: [2], 2: [3], 3: [4]}.get(value & 3, [])
        else:
            methods.append(0 if value & 1 else 1)
    wanted = turned(methods)
    return next(n for n, how in UPRIGHT.items() if turned(how) == wanted)
