"""Draws a label into a PNG without loss.

Rows that the label does not touch are taken over as they are filtered, so that 16-bit samples need no decoding to
8 bits. Palettes get the tones of the label in unused entries; where too few are free, and for fewer than 8 bits a
sample, the picture is widened, which changes no colour.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

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
    Png,
    rebuild,
)
from yinji.marks.png.rows import Samples, bands, filtered, strip, with_strip
from yinji.marks.spaces import WHITE, Space

if TYPE_CHECKING:
    from PIL import Image

_ENOUGH: Final = 24
"""Free palette entries below which a label would look rough."""
_SPACES: Final = {
    GREY: Space("grey"),
    COLOUR: Space("rgb"),
    GREY_ALPHA: Space("grey", alpha=True),
    COLOUR_ALPHA: Space("rgb", alpha=True),
}


def opaque_box(png: Png) -> Box:
    """The enclosing rectangle of what is not wholly transparent (GB 45438-2025 5.2 e); all of it if nothing is."""
    from PIL import ImageChops

    if png.colour_type in (GREY_ALPHA, COLOUR_ALPHA):
        clear = [0] + [255] * 255
    elif png.colour_type == PALETTE and png.first(b"tRNS"):
        clear = [255 if a else 0 for a in opacity_of(png)]
    else:
        return Box(0, 0, png.width, png.height)
    boxes = []
    for top, samples in bands(png):
        alpha = samples.high[-1].point(clear)
        if samples.low and png.colour_type != PALETTE:
            alpha = ImageChops.lighter(alpha, samples.low[-1].point(clear))
        found = alpha.getbbox()
        if found:
            boxes.append((found[0], found[1] + top, found[2], found[3] + top))
    if not boxes:
        return Box(0, 0, png.width, png.height)
    left, upper, right, lower = zip(*boxes, strict=True)
    return Box(min(left), min(upper), max(right), max(lower))


def samples_of(png: Png) -> Samples:
    """All samples; colours in place of palette numbers, and 8 bits in place of fewer."""
    samples = strip(png, 0, png.height, png.width * png.height)
    return in_colour(png, samples) if png.colour_type == PALETTE else samples


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


def planes(png: Png, top: int, bottom: int, most: int) -> tuple[tuple[Image.Image, ...], Space]:
    """Some rows as planes of 8 bits, with opacity where something is transparent.

    Raises:
        LimitExceeded: They have more pixels than ``most``.
    """
    samples = strip(png, top, bottom, most)
    if png.colour_type == PALETTE:
        wide = in_colour(png, samples)
        return wide.high, _space(png, COLOUR_ALPHA if len(wide.high) == 4 else COLOUR)
    return samples.high, _space(png, png.colour_type)


def draw(png: Png, box: Box, overlay: Overlay, most: int) -> Change:
    """Draws the overlay at ``box`` (stored pixels).

    Raises:
        LimitExceeded: The rows of the label have more pixels than ``most``.
        Malformed, Truncated: The picture does not decode.
    """
    if png.colour_type == PALETTE:
        return _on_palette(png, box, overlay, most)
    if png.depth < 8:
        return _on_few_bits(png, box, overlay, most)
    space, bottom = _space(png, png.colour_type), min(png.height, box.bottom + 1)
    painted, changed = _painted(strip(png, box.top, bottom, most), _down(box), overlay, space, key_of(png))
    rows = _mended(png, box.top, bottom, filtered(changed))
    if png.interlaced:
        rows = map(filtered, with_strip(png, box.top, changed, lambda samples: samples))
    data = rebuild(png, (png.depth, png.colour_type), rows, {})
    return Change(data, "lossless", painted, painted.rgb, {"changed": list(box), "colour_type": png.colour_type})


def _down(box: Box) -> Box:
    """A box as it lies in the rows from its own top."""
    return Box(box.left, 0, box.right, box.height)


def _mended(png: Png, top: int, bottom: int, new: bytes) -> Iterator[bytes]:
    """The rows as they are filtered, with others from ``top`` to ``bottom``."""
    stride, at = 1 + png.row_bytes(png.width), 0
    for rows in png.filtered():
        end = at + len(rows) // stride
        first, last = min(max(top, at), end), min(max(bottom, at), end)
        yield rows[: (first - at) * stride]
        yield new[(first - top) * stride : (last - top) * stride] if last > first else b""
        yield rows[(last - at) * stride :]
        at = end


def _space(png: Png, colour_type: int) -> Space:
    """What samples of a colour type mean in this file; its transfer is the second number of ``cICP``."""
    return replace(_SPACES[colour_type], white=WHITE.get(int.from_bytes(png.first(b"cICP")[1:2], "big"), 1.0))


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


def _on_few_bits(png: Png, box: Box, overlay: Overlay, most: int) -> Change:
    """Widens a grey picture of 1, 2 or 4 bits to 8."""
    changed = _widened_values(png)
    key = (changed[b"tRNS"][1],) if b"tRNS" in changed else ()
    painted, new = _painted(strip(png, box.top, box.bottom, most), _down(box), overlay, _space(png, GREY), key)
    rows = map(filtered, with_strip(png, box.top, new, lambda samples: samples))
    data = rebuild(png, (8, GREY), rows, changed)
    return Change(data, "lossless", painted, painted.rgb, {"changed": list(box), "colour_type": GREY})


def opacity_of(png: Png) -> list[int]:
    """Opacity of each of 256 palette entries."""
    values = list(png.first(b"tRNS")[:256])
    return values + [255] * (256 - len(values))


def _colours(png: Png) -> list[tuple[int, int, int]]:
    values = png.first(b"PLTE")
    colours = [(values[i], values[i + 1], values[i + 2]) for i in range(0, len(values) - 2, 3)]
    return colours + [(0, 0, 0)] * (256 - len(colours))


def in_colour(png: Png, numbers: Samples) -> Samples:
    """Looks palette numbers up: three planes, and a fourth where something may be transparent."""
    tables = list(zip(*_colours(png), strict=True))
    tables += [tuple(opacity_of(png))] if png.first(b"tRNS") else []
    return Samples(tuple(numbers.high[0].point(list(t)) for t in tables))


def _on_palette(png: Png, box: Box, overlay: Overlay, most: int) -> Change:
    colour_type = COLOUR_ALPHA if png.first(b"tRNS") else COLOUR
    space = _space(png, colour_type)
    numbers = strip(png, box.top, box.bottom, most)
    painted, new = _painted(in_colour(png, numbers), _down(box), overlay, space, ())
    few = _with_entries(png, numbers, box, overlay, painted, space)
    if few is not None:
        return few
    rows = map(filtered, with_strip(png, box.top, new, partial(in_colour, png)))
    head, changed = widened(png)
    data = rebuild(png, head, rows, changed)
    return Change(data, "widened", painted, painted.rgb, {"changed": list(box), "colour_type": colour_type})


def _counts(png: Png) -> list[int]:
    """How many pixels have each palette number."""
    histograms = (samples.high[0].histogram() for _, samples in bands(png))
    return [sum(counts) for counts in zip(*histograms, strict=True)]


def _with_entries(
    png: Png, numbers: Samples, box: Box, overlay: Overlay, painted: Painted, space: Space
) -> Change | None:
    """Keeps the palette and puts the label's colours into entries that no pixel uses; None if it would look rough."""
    from PIL import Image

    entries = len(png.first(b"PLTE")) // 3
    background = png.first(b"bKGD")[:1]
    counts = _counts(png)
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
    colours, opacity = _colours(png), opacity_of(png)
    slots = free[: len(table) // step]
    for number, slot in enumerate(slots):
        entry = table[number * step : number * step + step]
        colours[slot] = (entry[0], entry[1], entry[2])
        opacity[slot] = entry[3] if space.alpha else 255
    tile = Image.frombytes("L", few.size, few.tobytes()).point((slots + [0] * 256)[:256])
    canvas = numbers.high[0].copy()
    canvas.paste(tile, (box.left, 0), overlay.body.point([0] + [255] * 255))
    size = max(entries, 1 + max(slots))
    changed = {b"PLTE": bytes(v for c in colours[:size] for v in c)}
    if space.alpha:
        changed[b"tRNS"] = bytes(opacity[:size])
    rows = map(_plain, with_strip(png, box.top, Samples((canvas,)), lambda samples: samples))
    data = rebuild(png, (8, PALETTE), rows, changed)
    final = Painted(used.split(), rgb, reached, painted.tone)
    return Change(data, "lossless", final, rgb, {"changed": list(box), "colour_type": PALETTE})


def _plain(numbers: Samples) -> bytes:
    """Rows of palette numbers behind a filter that does nothing: numbers are not the closer for being neighbours."""
    from PIL import Image

    (plane,) = numbers.high
    rows = Image.new("L", (plane.width + 1, plane.height))
    rows.paste(plane, (1, 0))
    return rows.tobytes()
