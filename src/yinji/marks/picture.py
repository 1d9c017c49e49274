"""What a picture of any format lets a label do: be put on it, and be looked for in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay
from yinji.marks.paint import Painted
from yinji.marks.spaces import CMYK, GREY, RGB, Planes, Space

if TYPE_CHECKING:
    from PIL import Image

MOST_IN_ROWS: Final = 1 << 30
"""Pixels of a picture of which only some rows are in memory at a time: a bound on time, where memory needs none."""
RGBA: Final = Space("rgb", alpha=True)
_SPACES: Final = {"L": GREY, "LA": Space("grey", alpha=True), "RGB": RGB, "RGBA": RGBA, "CMYK": CMYK}
_WIDE: Final = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I"})


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to a picture.

    Attributes:
        data: The finished file, or the middle of it.
        method: How everything else was kept; see :class:`yinji.marks.base.Drawn`.
        painted: The label on its tile, as it decodes again.
        rgb: The label's own box as it decodes, over white where transparent; stored orientation.
        detail: What else there is to say, JSON values only.
        before: What stays as it is before ``data``, where a copy of it would be large.
        behind: The same behind it.
    """

    data: bytes | bytearray
    method: str
    painted: Painted
    rgb: Image.Image
    detail: Mapping[str, Any] = field(default_factory=dict, hash=False)
    before: bytes | memoryview = b""
    behind: bytes | memoryview = b""


class Frame(Protocol):
    """One picture as it is seen, in stored orientation: the only one, a page, or one moment of an animation."""

    @property
    def area(self) -> Box:
        """The enclosing rectangle of what is opaque (GB 45438-2025 5.2 e), or all of it."""
        ...

    def crop(self, box: Box) -> tuple[Planes, Space]:
        """Planes of 8 bits within a box, and what they mean."""
        ...


class Picture(Protocol):
    """A picture taken apart.

    Attributes:
        size: Width and height as stored.
        orientation: As EXIF says, 1 to 8.
        further: Other pages of the same file, each of which is to bear the label. Drawing on one changes the file of
            all, and the last ``Change`` holds it.
        optional: Whether it is a smaller version of another page, on which a label may not fit.
    """

    @property
    def size(self) -> tuple[int, int]: ...

    @property
    def orientation(self) -> int: ...

    @property
    def further(self) -> Sequence[Picture]: ...

    @property
    def optional(self) -> bool: ...

    @property
    def area(self) -> Box:
        """Where a label may stand: the enclosing rectangle of what is opaque, over all frames."""
        ...

    def frames(self) -> Iterator[Frame]:
        """Yields what is seen, in order.

        Raises:
            Malformed, Truncated: It does not decode.
        """
        ...

    def draw(self, box: Box, overlay: Overlay) -> Change:
        """Puts a label at ``box`` (stored pixels).

        Raises:
            Occupied: A label of ours stands there already.
            Malformed, Truncated: It does not decode.
            UnsupportedFormat: This variant cannot be written.
        """
        ...


class Single:
    """What pictures of one page have in common."""

    further: Sequence[Picture] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Still:
    """A frame that Pillow holds."""

    image: Image.Image

    @property
    def area(self) -> Box:
        return opaque_box(self.image)

    def crop(self, box: Box) -> tuple[Planes, Space]:
        tile = plain(self.image.crop(box))
        return tile.split(), _SPACES[tile.mode]


def opaque_box(image: Image.Image) -> Box:
    """The enclosing rectangle of what is not wholly transparent; all of it if nothing is."""
    whole = Box(0, 0, *image.size)
    if not image.has_transparency_data:
        return whole
    found = image.convert("RGBA").getchannel("A").point([0] + [255] * 255).getbbox()
    return Box(*found) if found else whole


def plain(image: Image.Image) -> Image.Image:
    """The same picture with 8 bits a plane, in a mode whose planes a label can be laid over."""
    if image.mode in _SPACES:
        return image
    if image.mode in _WIDE:
        return image.convert("I").point(lambda v: v / 256).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "F") else "RGB")
