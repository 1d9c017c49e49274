"""Draws a label into a PNG without loss.

Rows that the label does not touch are taken over as they are filtered, so that 16-bit samples need no decoding to
8 bits. Palettes get the tones of the label in unused entries; where too few are free, and for fewer than 8 bits a
sample, the picture is widened, which changes no colour.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from yinji.errors import Malformed
from yinji.marks.colour import AA
from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay
from yinji.marks.paint import Painted, legibility, paint
from yinji.marks.picture import Change
from yinji.marks.png.chunks import (
    COLOUR,
    COLOUR_ALPHA,
    GREY,
    GREY_ALPHA,
    PALETTE,
    SIGNATURE,
    Png,
    parse,
    rebuild,
)
from yinji.marks.spaces import Space

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["SIGNATURE", "draw", "opaque_box", "parse", "planes"]

_ENOUGH: Final = 24
"""Free palette entries below which a label would look rough."""
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
_SPACES: Final = {
    GREY: Space("grey"),
    COLOUR: Space("rgb"),
    GREY_ALPHA: Space("grey", alpha=True),
    COLOUR_ALPHA: Space("rgb", alpha=True),
}


@dataclass(frozen=True, slots=True)
class Samples:
    """Planes of samples: high bytes, and low bytes where there are 16 bits."""

    high: tuple[Image.Image, ...]
    low: tuple[Image.Image, ...] = ()

    def rows(self, top: int, bottom: int) -> bytes:
        """Unfiltered bytes of some rows."""
        planes = [p for pair in zip(self.high, self.low, strict=True) for p in pair] if self.low else list(self.high)
        width = planes[0].width
        out = bytearray(width * (bottom - top) * len(planes))
        for number, plane in enumerate(planes):
            out[number :: len(planes)] = plane.crop((0, top, width, bottom)).tobytes()
        return bytes(out)


def opaque_box(png: Png) -> Box:
    """The enclosing rectangle of what is not wholly transparent (GB 45438-2025 5.2 e); all of it if nothing is."""
    whole = Box(0, 0, png.width, png.height)
    if png.colour_type in (GREY_ALPHA, COLOUR_ALPHA):
        samples = _samples(png, png.filtered(), png.height)
        alpha = samples.high[-1].point([0] + [255] * 255)
    elif png.colour_type == PALETTE and png.first(b"tRNS"):
        opacity = _opacity(png)
        alpha = _samples(png, png.filtered(), png.height).high[0].point([255 if a else 0 for a in opacity])
    else:
        return whole
    found = alpha.getbbox()
    return Box(*found) if found else whole


def samples_of(png: Png) -> Samples:
    """All samples; colours in place of palette numbers, and 8 bits in place of fewer."""
    samples = _samples(png, png.filtered(), png.height)
    return _wide(png, _indices(png)) if png.colour_type == PALETTE else samples


def filtered_rows(samples: Samples, top: int, bottom: int) -> bytes:
    """Rows of samples, each behind the number of its filter."""
    depth = 2 if samples.low else 1
    return _filter(
        samples.rows(top, bottom), samples.high[0].width * len(samples.high) * depth, len(samples.high) * depth
    )


def widened(png: Png) -> tuple[tuple[int, int], dict[bytes, bytes]]:
    """Depth and colour type without a palette and with 8 bits, and the chunks that change with them; empty to drop."""
    if png.colour_type != PALETTE:
        return (8, GREY), _widened_values(png)
    colour_type = COLOUR_ALPHA if png.first(b"tRNS") else COLOUR
    changed = {b"tRNS": b""}
    background, significant = png.first(b"bKGD"), png.first(b"sBIT")
    if background:
        changed[b"bKGD"] = struct.pack(">3H", *_colours(png)[background[0]])
    if significant and colour_type == COLOUR_ALPHA:
        changed[b"sBIT"] = significant[:3] + b"\x08"
    return (8, colour_type), changed


def _widened_values(png: Png) -> dict[bytes, bytes]:
    """The grey values that chunks give, for 8 bits instead of 1, 2 or 4."""
    factor = 255 // ((1 << png.depth) - 1)
    values = {type: png.first(type) for type in (b"tRNS", b"bKGD")}
    return {
        type: struct.pack(">H", (int.from_bytes(value[:2], "big") * factor) & 0xFF)
        for type, value in values.items()
        if len(value) >= 2
    }


def planes(png: Png) -> tuple[tuple[Image.Image, ...], Space]:
    """The whole picture as planes of 8 bits, with opacity where something is transparent."""
    samples = _samples(png, png.filtered(), png.height)
    if png.colour_type == PALETTE:
        wide = _wide(png, _indices(png))
        return wide.high, _SPACES[COLOUR_ALPHA if len(wide.high) == 4 else COLOUR]
    return samples.high, _SPACES[png.colour_type]


def draw(png: Png, box: Box, overlay: Overlay) -> Change:
    """Draws the overlay at ``box`` (stored pixels).

    Raises:
        Malformed, Truncated: The picture does not decode.
    """
    if png.colour_type == PALETTE:
        return _on_palette(png, box, overlay)
    if png.depth < 8:
        return _on_few_bits(png, box, overlay)
    stream = png.filtered()
    bottom = png.height if png.interlaced else min(png.height, box.bottom + 1)
    samples = _samples(png, stream, bottom)
    painted, changed = _painted(samples, box, overlay, _SPACES[png.colour_type], key_of(png))
    if png.interlaced:
        new = _filter(changed.rows(0, png.height), png.row_bytes(png.width), png.pixel_bytes)
    else:
        stride = 1 + png.row_bytes(png.width)
        rows = _filter(changed.rows(box.top, bottom), png.row_bytes(png.width), png.pixel_bytes)
        new = stream[: box.top * stride] + rows + stream[bottom * stride :]
    data = rebuild(png, (png.depth, png.colour_type), zlib.compress(new), {})
    return Change(data, "lossless", painted, painted.rgb, {"changed": list(box), "colour_type": png.colour_type})


def _samples(png: Png, stream: bytes, bottom: int) -> Samples:
    """Unfilters the rows from the first to ``bottom``."""
    from PIL import Image

    rows = stream if png.interlaced else stream[: bottom * (1 + png.row_bytes(png.width))]
    height = png.height if png.interlaced else bottom
    stored = zlib.compress(rows, 0)
    pictures = []
    for mode, raw in _RAW[png.colour_type, png.depth]:
        picture = Image.new(mode, (png.width, height))
        try:
            picture.frombytes(stored, "zip", raw, int(png.interlaced))
        except (ValueError, OSError) as error:
            raise Malformed("mark-not-decodable", path=png.name, kind="PNG", reason=str(error)) from error
        pictures.append(picture.convert("L") if mode == "1" else picture)
    planes = [p.split() for p in pictures]
    if png.depth < 16:
        return Samples(planes[0])
    if len(planes) == 2:
        return Samples(planes[0], planes[1])
    return Samples(planes[0][::2], planes[0][1::2])


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


def key_of(png: Png) -> tuple[int, ...]:
    """The one transparent colour of a grey or colour picture without alpha, as samples; empty if none."""
    values = png.first(b"tRNS")
    count = {GREY: 1, COLOUR: 3}.get(png.colour_type, 0)
    return struct.unpack_from(f">{count}H", values) if count and len(values) >= 2 * count else ()


def _painted(
    samples: Samples, box: Box, overlay: Overlay, space: Space, key: tuple[int, ...]
) -> tuple[Painted, Samples]:
    """Paints the label; low bytes under it repeat the high ones."""
    from PIL import ImageChops

    painted = paint([p.crop(box) for p in samples.high], space, overlay)
    covered = overlay.body.point([0] + [255] * 255)
    planes = list(painted.planes)
    if key:
        # No pixel of the label may take the one colour that counts as transparent.
        hit = covered
        for plane, value in zip(planes, key, strict=True):
            wanted = value >> 8 if samples.low else value
            hit = ImageChops.multiply(hit, plane.point([255 if v == wanted else 0 for v in range(256)]))
        planes[0].paste(planes[0].point([v ^ 1 for v in range(256)]), mask=hit)
    high, low = [p.copy() for p in samples.high], [p.copy() for p in samples.low]
    for number, plane in enumerate(planes):
        high[number].paste(plane, box[:2], covered)
        if low:
            low[number].paste(plane, box[:2], covered)
    return painted, Samples(tuple(high), tuple(low))


def _on_few_bits(png: Png, box: Box, overlay: Overlay) -> Change:
    """Widens a grey picture of 1, 2 or 4 bits to 8."""
    changed = _widened_values(png)
    key = (changed[b"tRNS"][1],) if b"tRNS" in changed else ()
    samples = _samples(png, png.filtered(), png.height)
    painted, new = _painted(samples, box, overlay, _SPACES[GREY], key)
    rows = _filter(new.rows(0, png.height), png.width, 1)
    data = rebuild(png, (8, GREY), zlib.compress(rows), changed)
    return Change(data, "lossless", painted, painted.rgb, {"changed": list(box), "colour_type": GREY})


def _opacity(png: Png) -> list[int]:
    values = list(png.first(b"tRNS")[:256])
    return values + [255] * (256 - len(values))


def _colours(png: Png) -> list[tuple[int, int, int]]:
    values = png.first(b"PLTE")
    colours = [(values[i], values[i + 1], values[i + 2]) for i in range(0, len(values) - 2, 3)]
    return colours + [(0, 0, 0)] * (256 - len(colours))


def _wide(png: Png, indices: Image.Image) -> Samples:
    """Looks the palette up: three planes, and a fourth where something may be transparent."""
    tables = list(zip(*_colours(png), strict=True))
    tables += [tuple(_opacity(png))] if png.first(b"tRNS") else []
    return Samples(tuple(indices.point(list(t)) for t in tables))


def _on_palette(png: Png, box: Box, overlay: Overlay) -> Change:
    indices = _indices(png)
    colour_type = COLOUR_ALPHA if png.first(b"tRNS") else COLOUR
    space = _SPACES[colour_type]
    tile = _wide(png, indices.crop(box))
    painted, _ = _painted(tile, Box(0, 0, *overlay.size), overlay, space, ())
    few = _with_entries(png, indices, box, overlay, painted, space)
    if few is not None:
        return few
    painted, new = _painted(_wide(png, indices), box, overlay, space, ())
    channels = len(new.high)
    rows = _filter(new.rows(0, png.height), png.width * channels, channels)
    head, changed = widened(png)
    data = rebuild(png, head, zlib.compress(rows), changed)
    return Change(data, "widened", painted, painted.rgb, {"changed": list(box), "colour_type": colour_type})


def _indices(png: Png) -> Image.Image:
    """The palette indices as an ``L`` picture."""
    from PIL import Image

    (plane,) = _samples(png, png.filtered(), png.height).high
    return Image.frombytes("L", plane.size, plane.tobytes())


def _with_entries(
    png: Png, indices: Image.Image, box: Box, overlay: Overlay, painted: Painted, space: Space
) -> Change | None:
    """Keeps the palette and puts the label's colours into entries that no pixel uses; None if it would look rough."""
    from PIL import Image

    entries = len(png.first(b"PLTE")) // 3
    background = png.first(b"bKGD")[:1]
    counts = indices.histogram()
    last = entries if png.first(b"hIST") else 256
    free = [i for i in range(last) if not counts[i] and bytes((i,)) != background]
    if len(free) < _ENOUGH:
        return None
    merged = Image.merge("RGBA" if space.alpha else "RGB", painted.planes)
    method = Image.Quantize.FASTOCTREE if space.alpha else Image.Quantize.MEDIANCUT
    few = merged.quantize(len(free), method=method, dither=Image.Dither.NONE)
    used = few.convert(merged.mode)
    rgb, reached = legibility(used.split(), space, overlay)
    if reached < AA:
        return None
    table = few.getpalette(merged.mode) or []
    step = len(merged.mode)
    colours, opacity = _colours(png), _opacity(png)
    slots = free[: len(table) // step]
    for number, slot in enumerate(slots):
        entry = table[number * step : number * step + step]
        colours[slot] = (entry[0], entry[1], entry[2])
        opacity[slot] = entry[3] if space.alpha else 255
    tile = Image.frombytes("L", few.size, few.tobytes()).point((slots + [0] * 256)[:256])
    canvas = indices.copy()
    canvas.paste(tile, box[:2], overlay.body.point([0] + [255] * 255))
    size = max(entries, 1 + max(slots))
    changed = {b"PLTE": bytes(v for c in colours[:size] for v in c)}
    if space.alpha:
        changed[b"tRNS"] = bytes(opacity[:size])
    rows = Image.new("L", (png.width + 1, png.height))
    rows.paste(canvas, (1, 0))
    data = rebuild(png, (8, PALETTE), zlib.compress(rows.tobytes()), changed)
    final = Painted(used.split(), rgb, reached, painted.tone)
    return Change(data, "lossless", final, rgb, {"changed": list(box), "colour_type": PALETTE})
