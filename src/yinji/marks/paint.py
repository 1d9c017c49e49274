"""Lays an overlay over the pixels of a picture, in whatever planes the picture keeps them, and measures the result.

The ground is what lies beneath, blurred and tinted, so that the label stays calm on noise; on transparent pixels
there is nothing to blur, and a plain translucent ground is laid over them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from yinji.marks.colour import AA, Pixel, Tone, measured, toned
from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay
from yinji.marks.recognise import refuse_to_cover
from yinji.marks.spaces import Planes, Space, flattened, is_opaque

if TYPE_CHECKING:
    from PIL import Image

_BLUR: Final = 0.4
_MORE: Final = 0.12
_ROWS: Final = 20
_COLUMNS: Final = 300
"""A label is measured on at least this many rows and columns of pixels, where it has as many."""


@dataclass(frozen=True, slots=True)
class Painted:
    """A painted tile.

    Attributes:
        planes: The planes given, with the label on them.
        rgb: How they look when they are read again, over white where transparent.
        contrast: WCAG contrast of the words on that.
        tone: The tones chosen.
    """

    planes: tuple[Image.Image, ...]
    rgb: Image.Image
    contrast: float
    tone: Tone


def _as_painted(planes: Planes) -> Planes:
    return planes


def paint(planes: Planes, space: Space, overlay: Overlay, stored: Callable[[Planes], Planes] = _as_painted) -> Painted:
    """Paints the label on the planes of a tile, on a ground as opaque as legibility needs.

    Args:
        planes: One ``L`` picture a component; subsampled ones may be smaller. A last ``alpha`` plane if the space
            has one.
        space: What the planes mean.
        overlay: Masks of the size of the largest plane.
        stored: Stores the planes and reads them again, where storing loses something.

    Raises:
        Occupied: A label of ours stands there already.
    """
    refuse_to_cover(planes, space, overlay)
    clear = space.alpha and not is_opaque(planes[-1])
    frosted = planes if clear else frost(planes, space, overlay)
    tone, cover = toned(overlay.style, beneath(frosted, space, overlay))
    while True:
        if clear:
            painted = tuple(_laid_over(planes, space, overlay, tone, cover))
        else:
            painted = tuple(composed(planes, frosted, space, overlay, tone, cover))
        rgb, reached = legibility(stored(painted), space, overlay)
        if reached >= AA or cover >= 1:
            return Painted(painted, rgb, reached, tone)
        cover = min(1.0, cover + _MORE)


def legibility(planes: Planes, space: Space, overlay: Overlay) -> tuple[Image.Image, float]:
    """Returns finished planes as ``RGB`` and their contrast, the worse of white and black ground if transparent."""
    shown = flattened(planes, space, overlay.size)
    return shown[0], min(_measure(flat, overlay) for flat in shown)


def ink_height(upright: Image.Image, overlay: Overlay, tone: Tone) -> int:
    """Measures the height of the reference glyph in finished pixels.

    Args:
        upright: The label's box as ``RGB``, turned so that its words read from left to right.
        overlay: The label.
        tone: Its tones.
    """
    grey = upright.convert("L").crop(overlay.probe)
    values = grey.tobytes()
    ground = min(values) if tone.ink > tone.body else max(values)
    middle = (tone.ink + ground) // 2
    table = [255 if (v >= middle) == (tone.ink > middle) else 0 for v in range(256)]
    box = grey.point(table).getbbox()
    return box[3] - box[1] if box else 0


def frost(planes: Planes, space: Space, overlay: Overlay) -> Planes:
    """Returns the planes blurred as the ground of the label; opacity stays as it is."""
    return [_blurred(p, overlay, i, space) for i, p in enumerate(planes)]


def _blurred(plane: Image.Image, overlay: Overlay, number: int, space: Space) -> Image.Image:
    from PIL import ImageFilter

    if space.alpha and number == len(space.grey(0)) - 1:
        return plane
    radius = _BLUR * overlay.em * plane.width / overlay.size[0]
    return plane.filter(ImageFilter.GaussianBlur(radius))


def composed(
    planes: Planes, frosted: Planes, space: Space, overlay: Overlay, tone: Tone, cover: float
) -> list[Image.Image]:
    """Lays the label over opaque planes, on a ground as opaque as ``cover`` says (0 to 1)."""
    from PIL import Image

    result = []
    sizes: dict[tuple[int, int], Overlay] = {}
    for plane, ground, ink, body, edge in zip(
        planes, frosted, space.grey(tone.ink), space.grey(tone.body), space.grey(tone.edge), strict=True
    ):
        masks = sizes.setdefault(plane.size, sizes.get(plane.size) or overlay.scaled(plane.size))
        tinted = Image.blend(ground, Image.new("L", plane.size, body), cover)
        out = plane.copy()
        out.paste(tinted, mask=masks.body)
        out.paste(edge, (0, 0, *plane.size), masks.edge.point(_share(tone.edge_alpha)))
        out.paste(ink, (0, 0, *plane.size), masks.ink)
        result.append(out)
    return result


def _laid_over(planes: Planes, space: Space, overlay: Overlay, tone: Tone, cover: float) -> list[Image.Image]:
    """Lays plain tones over pixels of which some are transparent (source over destination)."""
    from PIL import Image

    alpha = planes[-1]
    tile = Image.merge("RGBA", (*replace(space, white=1.0).to_rgb(planes, alpha.size).split(), alpha))
    body, edge, ink = (space.grey(value)[0] for value in (tone.body, tone.edge, tone.ink))
    layers = (
        (body, overlay.body.point(_share(cover))),
        (edge, overlay.edge.point(_share(tone.edge_alpha))),
        (ink, overlay.ink),
    )
    for grey, mask in layers:
        layer = Image.new("RGBA", tile.size, (grey, grey, grey, 0))
        layer.putalpha(mask)
        tile.alpha_composite(layer)
    red, green, blue, opacity = tile.split()
    covered = overlay.body.point([0] + [255] * 255)
    colours = (red, green, blue) if len(planes) == 4 else (green,)
    new = [*colours, opacity]
    # alpha_composite rounds what it does not cover; keep those pixels as they were, colour under alpha 0 included.
    return [Image.composite(n, p, covered) for n, p in zip(new, planes, strict=True)]


def _share(alpha: float) -> list[int]:
    return [round(v * alpha) for v in range(256)]


def beneath(planes: Planes, space: Space, overlay: Overlay) -> list[Pixel]:
    """A coarse sample of what lies under the label, from planes blurred as its ground will be."""
    from PIL import Image

    left, top, right, bottom = overlay.body.getbbox() or (0, 0, *overlay.size)
    size = min(20, right - left), min(10, bottom - top)
    small = []
    for plane in planes:
        across, down = plane.width / overlay.size[0], plane.height / overlay.size[1]
        box = (left * across, top * down, right * across, bottom * down)
        small.append(plane.resize(size, Image.Resampling.BOX, box))
    return [p for flat in flattened(small, space, size) for p in _pixels(flat.tobytes())]


def _pixels(data: bytes, step: int = 1) -> list[Pixel]:
    return list(zip(data[:: 3 * step], data[1 :: 3 * step], data[2 :: 3 * step], strict=True))


def _measure(rgb: Image.Image, overlay: Overlay) -> float:
    """Contrast of the ink against the ring around it, on a bounded number of rows."""
    from PIL import ImageChops, ImageFilter

    box: Box | tuple[int, int, int, int] = overlay.ink.getbbox() or (0, 0, 1, 1)
    ink_mask = overlay.ink.crop(box)
    reach = max(1, min(3, round(overlay.em * 0.06)))
    ring = ink_mask.filter(ImageFilter.BoxBlur(reach)).point([0] * 6 + [255] * 250)
    ring = ImageChops.subtract(ring, ink_mask.point([0] + [255] * 255))
    words, ground = ink_mask.tobytes(), ring.tobytes()
    solid = min(250, max(v for v, count in enumerate(ink_mask.histogram()) if count))
    width, data = ink_mask.width, rgb.crop(box).tobytes()
    inks: list[Pixel] = []
    around: list[Pixel] = []
    step = max(1, width // _COLUMNS)
    for row in range(0, ink_mask.height, max(1, ink_mask.height // _ROWS)):
        start, stop = row * width, (row + 1) * width
        pixels = _pixels(data[3 * start : 3 * stop], step)
        for pixel, covered, near in zip(pixels, words[start:stop:step], ground[start:stop:step], strict=True):
            if covered >= solid:
                inks.append(pixel)
            elif near >= 250:
                around.append(pixel)
    return measured(inks, around)
