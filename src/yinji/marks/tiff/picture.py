"""TIFF as a picture, or several, that a label can be put on and looked for in.

Only the strips or tiles under the label are coded anew, in their own compression, and put behind the file; all else
stays where it is, so that pages of any size can be labelled in the memory that a few strips need.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from yinji.errors import LimitExceeded, Malformed, UnsupportedFormat
from yinji.marks.animation import Sticker
from yinji.marks.colour import AA
from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay
from yinji.marks.paint import Painted, legibility, paint
from yinji.marks.picture import Change, Frame
from yinji.marks.spaces import Planes, Space
from yinji.marks.tiff import directories as tags
from yinji.marks.tiff.codecs import JPEG
from yinji.marks.tiff.directories import directories
from yinji.marks.tiff.page import PALETTE, WHITE_IS_ZERO, Samples

if TYPE_CHECKING:
    from PIL import Image

_MASK: Final = 4
_SMALLER: Final = 1


class TiffPicture:
    """One page; see :class:`yinji.marks.picture.Picture`.

    Attributes:
        further: The other pages of the file, for the first one.
    """

    def __init__(self, samples: Samples, max_pixels: int, further: tuple[TiffPicture, ...] = ()) -> None:
        self._samples = samples
        self._most = max_pixels
        self.further = further
        self.size = (samples.width, samples.height)
        orientation = samples.directory.value(tags.ORIENTATION, 1)
        self.orientation = orientation if 1 <= orientation <= 8 else 1

    @classmethod
    def of(cls, data: bytes, max_pixels: int, name: str) -> TiffPicture:
        """Takes a file apart.

        Raises:
            Malformed, Truncated: It breaks the rules or ends too early.
            LimitExceeded: Too many pages or fields.
            UnsupportedFormat: A page whose samples cannot be written.
        """
        found = directories(bytearray(data), name)
        pages = [d for d in found if not d.value(tags.SUBFILE, 0) & _MASK and tags.WIDTH in d.entries]
        if not pages:
            raise Malformed("mark-not-decodable", path=name, kind="TIFF", reason="no picture in it")
        pictures = [cls(Samples(d, max_pixels), max_pixels) for d in pages]
        pictures[0].further = tuple(pictures[1:])
        return pictures[0]

    @property
    def optional(self) -> bool:
        """Whether the page is a smaller version of another, on which the label may not fit."""
        return bool(self._samples.directory.value(tags.SUBFILE, 0) & _SMALLER)

    @cached_property
    def area(self) -> Box:
        whole = Box(0, 0, *self.size)
        if not self._samples.alpha:
            return whole
        if self.size[0] * self.size[1] > self._most:
            raise LimitExceeded(
                "too-many-pixels", path=self._samples.directory.name, width=self.size[0], height=self.size[1],
                limit=self._most,
            )  # fmt: skip
        found = self._samples.read(whole)[-1].point([0] + [255] * 255).getbbox()
        return Box(*found) if found else whole

    def frames(self) -> Iterator[Frame]:
        yield _Page(self)

    def crop(self, box: Box) -> tuple[Planes, Space]:
        """Planes within a box as a label is laid over them."""
        samples = self._samples
        planes = samples.read(box)
        if samples.photometric == PALETTE:
            colours = samples.directory.values(tags.COLOUR_MAP)
            step = len(colours) // 3
            tables = [[v >> 8 for v in colours[c * step : (c + 1) * step]] for c in range(3)]
            return [planes[0].point((t + [0] * 256)[:256]) for t in tables], samples.space
        if samples.photometric == WHITE_IS_ZERO:
            return [_inverted(planes[0]), *planes[1:]], samples.space
        return planes, samples.space

    def draw(self, box: Box, overlay: Overlay) -> Change:
        samples = self._samples
        planes, space = self.crop(box)
        detail: dict[str, Any] = {"changed": list(box)}
        if samples.bits == 1 or samples.photometric == PALETTE:
            return self._draw_few(box, overlay, detail)
        painted = paint(planes, space, overlay)
        stored = list(painted.planes)
        if samples.photometric == WHITE_IS_ZERO:
            stored[0] = _inverted(stored[0])
        samples.write(box, stored, overlay.body.point([0] + [255] * 255))
        again, space = TiffPicture(Samples(samples.directory, self._most), self._most).crop(box)
        rgb, contrast = legibility(again, space, overlay)
        method = "lossless"
        if samples.compression == JPEG:
            method, parts = "re-encoded", [at for _, at in samples.directory.segments(box, 0)]
            edges = [*zip(*parts, strict=True)]
            detail["changed"] = [min(edges[0]), min(edges[1]), max(edges[2]), max(edges[3])]
        return Change(samples.directory.data, method, Painted(tuple(again), rgb, contrast, painted.tone), rgb, detail)

    def _draw_few(self, box: Box, overlay: Overlay, detail: dict[str, Any]) -> Change:
        """Black on white or white on black, for single bits and palettes."""
        samples = self._samples
        sticker = Sticker.of(_Page(self), box, overlay)
        grey = sticker.grey
        if samples.bits == 1:
            plane = _inverted(grey) if samples.photometric == WHITE_IS_ZERO else grey
        else:
            plane = grey.point(self._numbers(sticker))
        samples.write(box, [plane], sticker.mask)
        planes, space = TiffPicture(Samples(samples.directory, self._most), self._most).crop(box)
        rgb, contrast = legibility(planes, space, overlay)
        if contrast < AA:
            variant = "a palette without light and dark"
            raise UnsupportedFormat("mark-variant", path=samples.directory.name, kind="TIFF", variant=variant)
        painted = Painted((rgb.getchannel("G"),), rgb, contrast, sticker.tone)
        return Change(samples.directory.data, "lossless", painted, rgb, detail)

    def _numbers(self, sticker: Sticker) -> list[int]:
        """The palette's number for each tone: the nearest of the colours, which all stay."""
        colours = self._samples.directory.values(tags.COLOUR_MAP)
        step = len(colours) // 3
        if not step:
            raise Malformed("mark-not-decodable", path=self._samples.directory.name, kind="TIFF", reason="no palette")
        table = [(colours[i] >> 8, colours[step + i] >> 8, colours[2 * step + i] >> 8) for i in range(min(step, 256))]
        used = sticker.grey.histogram()
        return [_nearest(table, tone) if used[tone] else 0 for tone in range(256)]


@dataclass(frozen=True, slots=True)
class _Page:
    picture: TiffPicture

    @property
    def area(self) -> Box:
        return self.picture.area

    def crop(self, box: Box) -> tuple[Planes, Space]:
        return self.picture.crop(box)


def _inverted(plane: Image.Image) -> Image.Image:
    from PIL import ImageChops

    return ImageChops.invert(plane)


def _nearest(table: Sequence[tuple[int, int, int]], tone: int) -> int:
    return min(range(len(table)), key=lambda i: sum((c - tone) ** 2 for c in table[i]))
