"""Rows of a PNG as samples, some at a time, so that memory does not grow with the picture (W3C PNG, 7 and 9)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from yinji.errors import LimitExceeded, Malformed
from yinji.marks.png.chunks import COLOUR, COLOUR_ALPHA, GREY, GREY_ALPHA, PALETTE, Png

if TYPE_CHECKING:
    from PIL import Image

_RAW: Final[dict[tuple[int, int], tuple[tuple[str, str], ...]]] = {
    (GREY, 1): (("1", "1"),),
    (GREY, 2): (("L", "L;2"),),
    (GREY, 4): (("L", "L;4"),),
    (GREY, 8): (("L", "L"),),
    (GREY, 16): (("LA", "LA"),),
    (COLOUR, 8): (("RGB", "RGB"),),
    (COLOUR, 16): (("RGB", "RGB;16B"), ("RGB", "RGB;16L")),
    (PALETTE, 1): (("P", "P;1"),),
    (PALETTE, 2): (("P", "P;2"),),
    (PALETTE, 4): (("P", "P;4"),),
    (PALETTE, 8): (("P", "P"),),
    (GREY_ALPHA, 8): (("LA", "LA"),),
    (GREY_ALPHA, 16): (("RGBA", "RGBA"),),
    (COLOUR_ALPHA, 8): (("RGBA", "RGBA"),),
    (COLOUR_ALPHA, 16): (("RGBA", "RGBA;16B"), ("RGBA", "RGBA;16L")),
}
"""How Pillow unpacks rows without losing a bit. Two passes over 16-bit colours give the high and the low bytes."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Planes of samples: high bytes, and low bytes where there are 16 bits."""

    high: tuple[Image.Image, ...]
    low: tuple[Image.Image, ...] = ()

    @property
    def height(self) -> int:
        return self.high[0].height

    @property
    def both(self) -> tuple[tuple[Image.Image, ...], tuple[Image.Image, ...]]:
        return self.high, self.low

    def copy(self) -> Samples:
        """The same samples, to be changed."""
        return Samples(*(tuple(p.copy() for p in planes) for planes in self.both))

    def paste(self, other: Samples, at: tuple[int, int]) -> None:
        """Puts others in their place; what lies beyond the edges is cut off."""
        for planes, others in zip(self.both, other.both, strict=True):
            for plane, new in zip(planes, others, strict=True):
                plane.paste(new, at)

    def rows(self, top: int, bottom: int) -> bytes:
        """Unfiltered bytes of some rows."""
        planes = [p for pair in zip(self.high, self.low, strict=True) for p in pair] if self.low else list(self.high)
        width = planes[0].width
        out = bytearray(width * (bottom - top) * len(planes))
        for number, plane in enumerate(planes):
            out[number :: len(planes)] = plane.crop((0, top, width, bottom)).tobytes()
        return bytes(out)


def bands(png: Png, stop: int | None = None) -> Iterator[tuple[int, Samples]]:
    """Yields all samples from the first row to ``stop``, some rows at a time behind the number of the first.

    Raises:
        Malformed, Truncated: The picture does not decode.
    """
    top, above = 0, b""
    stop = png.height if stop is None else stop
    for rows in png.filtered():
        height = png.height if png.interlaced else len(rows) // (1 + png.row_bytes(png.width))
        samples, above = _samples(png, rows, height, above)
        yield top, samples
        top += height
        if top >= stop:
            return


def strip(png: Png, top: int, bottom: int, most: int) -> Samples:
    """Returns the samples of some rows.

    Raises:
        LimitExceeded: They have more pixels than ``most``.
        Malformed, Truncated: The picture does not decode.
    """
    from PIL import Image

    if png.width * (bottom - top) > most:
        raise LimitExceeded("too-many-pixels", path=png.name, width=png.width, height=bottom - top, limit=most)
    found: Samples | None = None
    for at, samples in bands(png, bottom):
        if at + samples.height > top:
            found = found or Samples(
                *(tuple(Image.new(p.mode, (png.width, bottom - top)) for p in planes) for planes in samples.both)
            )
            found.paste(samples, (0, at - top))
    if found is None:
        raise Malformed("mark-not-decodable", path=png.name, kind="PNG", reason="no rows")
    return found


def with_strip(png: Png, top: int, painted: Samples, wide: Callable[[Samples], Samples]) -> Iterator[Samples]:
    """Yields all samples, widened, with others in place of those from the row ``top``."""
    for at, samples in bands(png):
        out = wide(samples)
        if at < top + painted.height and top < at + out.height:
            out = out.copy()
            out.paste(painted, (0, top - at))
        yield out


def _samples(png: Png, rows: bytes, height: int, above: bytes) -> tuple[Samples, bytes]:
    """Unfilters rows below a row of plain bytes; returns their samples, and the last row as plain bytes."""
    from PIL import Image

    packed = png.depth < 8
    if not png.interlaced:
        rows = b"\0" + (above or bytes(png.row_bytes(png.width))) + rows
    stored = zlib.compress(rows, 0)
    pictures = []
    width = png.row_bytes(png.width) if packed and not png.interlaced else png.width
    for mode, raw in (("L", "L"),) if packed and not png.interlaced else _RAW[png.colour_type, png.depth]:
        picture = Image.new(mode, (width, height if png.interlaced else height + 1))
        try:
            picture.frombytes(stored, "zip", raw, int(png.interlaced))
        except (ValueError, OSError) as error:
            raise Malformed("mark-not-decodable", path=png.name, kind="PNG", reason=str(error)) from error
        pictures.append(picture if png.interlaced else picture.crop((0, 1, width, height + 1)))
    if packed and not png.interlaced:
        above = pictures[0].crop((0, height - 1, width, height)).tobytes()
        ((mode, raw),) = _RAW[png.colour_type, png.depth]
        pictures = [Image.frombytes(mode, (png.width, height), pictures[0].tobytes(), "raw", raw)]
    # A palette number is a number here, and a bit is black or white.
    pictures = [Image.frombytes("L", p.size, p.tobytes()) if p.mode == "P" else p for p in pictures]
    planes = [(p.convert("L") if p.mode == "1" else p).split() for p in pictures]
    if png.depth < 16:
        samples = Samples(planes[0])
    elif len(planes) == 2:
        samples = Samples(planes[0], planes[1])
    else:
        samples = Samples(planes[0][::2], planes[0][1::2])
    return samples, above if packed or png.interlaced else samples.rows(height - 1, height)


def filtered(samples: Samples, top: int = 0, bottom: int | None = None) -> bytes:
    """Rows of samples, each behind the number of its filter."""
    depth = 2 if samples.low else 1
    rows = samples.rows(top, samples.height if bottom is None else bottom)
    return _filter(rows, samples.high[0].width * len(samples.high) * depth, len(samples.high) * depth)


def _filter(rows: bytes, row_bytes: int, pixel_bytes: int) -> bytes:
    """Applies the Sub filter to rows and puts its number (1) before each."""
    from PIL import Image, ImageChops

    height = len(rows) // row_bytes
    plain = Image.frombytes("L", (row_bytes, height), rows)
    shifted = Image.new("L", plain.size)
    shifted.paste(plain, (pixel_bytes, 0))
    out = Image.new("L", (row_bytes + 1, height), 1)
    out.paste(ImageChops.subtract_modulo(plain, shifted), (1, 0))
    return out.tobytes()
