"""The plate: the words as a picture, laid out in the frame of the start view as on a photograph."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from yinji.marks.colour import LIGHT_INK, contrast, luminance
from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay, build
from yinji.marks.paint import ink_height

if TYPE_CHECKING:
    from PIL import Image

FRAME: Final = 1000
"""The short side of the start view in the pixels of which results are told."""
_SIDE: Final = 2000
"""The height of the start view in the pixels in which the plate is drawn."""
NARROW: Final = 0.6
"""A plate at the middle of an edge is seen in every window at least this wide for its height."""
_EDGE: Final = 90
MARGIN: Final = 1.1
"""How much higher than ruled the ink is: sampling the picture from afar may cost a row at either end."""


@dataclass(frozen=True, slots=True)
class Plate:
    """A plate, in shares of the height of the start view.

    Attributes:
        left, bottom: Its lower left corner from the middle of the view.
        width, height: Its size.
        ink: Height of the glyphs' ink, measured in the drawn pixels.
        needed: What the rule asks for.
        contrast: WCAG contrast of the words on the plate.
        picture: RGBA.
        words: As drawn.
        place: Where in the frame.
        asked: The share of the short side that was asked for.
        overlay: The masks of which it was made.
    """

    left: float
    bottom: float
    width: float
    height: float
    ink: float
    needed: float
    contrast: float
    picture: Image.Image
    words: str
    place: str
    asked: float
    overlay: Overlay

    def png(self) -> bytes:
        """Returns the picture as a PNG file."""
        file = io.BytesIO()
        self.picture.save(file, "PNG", optimize=True)
        return file.getvalue()


def make(words: str, share: float, place: str, *, aspect: float) -> Plate:
    """Draws the plate for a start view.

    Args:
        words: The words.
        share: Ink height as a share of the view's short side.
        place: One of :data:`yinji.marks.layout.PLACES`. In the middle of an edge (``bottom``, ``top``) the plate is
            seen in every window from 3:5 up; in a corner, in windows of the given shape.
        aspect: Width of the view by its height.

    Raises:
        UsageError: As :func:`yinji.marks.layout.plan`.
    """
    if place in ("bottom", "top"):
        width, asked = min(aspect, NARROW), share * min(1.0, aspect)
    else:
        width, asked = aspect, share * min(1.0, aspect)
    area = Box(0, 0, round(width * _SIDE), _SIDE)
    layout, overlay = build(area, words, asked * MARGIN / min(1.0, width), place)
    picture = _picture(overlay)
    upright = picture.convert("RGB")
    return Plate(
        left=(layout.box.left - area.width / 2) / _SIDE,
        bottom=0.5 - layout.box.bottom / _SIDE,
        width=layout.box.width / _SIDE,
        height=layout.box.height / _SIDE,
        ink=ink_height(_reading(upright, turned=layout.turned), overlay, LIGHT_INK) / _SIDE,
        needed=asked,
        contrast=contrast(*(luminance((v, v, v)) for v in (LIGHT_INK.ink, LIGHT_INK.body))),
        picture=picture,
        words=words,
        place=place,
        asked=share,
        overlay=overlay,
    )


def _reading(picture: Image.Image, *, turned: bool) -> Image.Image:
    from PIL import Image

    return picture.transpose(Image.Transpose.ROTATE_90) if turned else picture


def _picture(overlay: Overlay) -> Image.Image:
    """Returns light words on an opaque dark plate with a hairline, so that it is seen on light and on dark scenes."""
    from PIL import Image

    grey = Image.new("L", overlay.size, LIGHT_INK.body)
    grey.paste(_EDGE, (0, 0, *overlay.size), overlay.edge)
    grey.paste(LIGHT_INK.ink, (0, 0, *overlay.size), overlay.ink)
    return Image.merge("RGBA", (grey, grey, grey, overlay.body))
