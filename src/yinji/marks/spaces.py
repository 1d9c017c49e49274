"""What the planes of a picture mean: how a grey tone is written in them, and how they look as RGB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL import Image

Planes = Sequence["Image.Image"]


@dataclass(frozen=True, slots=True)
class Space:
    """A colour space of separate planes.

    Attributes:
        name: ``grey``, ``rgb``, ``ycc``, ``cmyk``, ``cmyk-inverted``, ``ycck``.
        alpha: Whether a last plane holds opacity.
        white: Signal of a white page, 0 to 1: in high dynamic range the whole signal would dazzle.
    """

    name: str
    alpha: bool = False
    white: float = 1.0

    def grey(self, value: int) -> tuple[int, ...]:
        """A neutral tone, opaque, in each plane. Print colours are laid in black alone."""
        opacity = (255,) if self.alpha else ()
        value = round(value * self.white)
        return {
            "grey": (value,),
            "rgb": (value, value, value),
            "ycc": (value, 128, 128),
            "cmyk": (0, 0, 0, 255 - value),
            "cmyk-inverted": (255, 255, 255, value),
            "ycck": (0, 128, 128, value),
        }[self.name] + opacity

    def to_rgb(self, planes: Sequence[Image.Image], size: tuple[int, int]) -> Image.Image:
        """The planes as an ``RGB`` picture of the given size, a white page as 255; opacity is left out."""
        rgb = self._signal(planes, size)
        return rgb if self.white == 1 else rgb.point([min(255, round(v / self.white)) for v in range(256)] * 3)

    def _signal(self, planes: Sequence[Image.Image], size: tuple[int, int]) -> Image.Image:
        from PIL import Image, ImageChops

        full = [p if p.size == size else p.resize(size, Image.Resampling.BILINEAR) for p in planes]
        if self.name == "grey":
            return Image.merge("RGB", (full[0],) * 3)
        if self.name == "rgb":
            return Image.merge("RGB", full[:3])
        if self.name == "ycc":
            return Image.merge("YCbCr", full[:3]).convert("RGB")
        if self.name == "cmyk":
            return Image.merge("CMYK", full[:4]).convert("RGB")
        black = ImageChops.invert(full[3])
        if self.name == "cmyk-inverted":
            return Image.merge("CMYK", (*(ImageChops.invert(p) for p in full[:3]), black)).convert("RGB")
        # The luma and chroma of YCCK hold cyan, magenta and yellow as if they were red, green and blue.
        colours = Image.merge("YCbCr", full[:3]).convert("RGB").split()
        return Image.merge("CMYK", (*colours, black)).convert("RGB")


WHITE: Final = {16: 0.58, 18: 0.75}
"""Signal of a white page in PQ and HLG, by the number of the transfer (Rep. ITU-R BT.2408 table 1; ITU-T H.273)."""
GREY: Final = Space("grey")
RGB: Final = Space("rgb")
YCC: Final = Space("ycc")
CMYK: Final = Space("cmyk")
CMYK_INVERTED: Final = Space("cmyk-inverted")
YCCK: Final = Space("ycck")


def flattened(planes: Planes, space: Space, size: tuple[int, int]) -> list[Image.Image]:
    """Returns planes as ``RGB`` pictures: one, or two over white and black where something is transparent."""
    from PIL import Image

    rgb = space.to_rgb(planes, size)
    if not space.alpha or is_opaque(planes[-1]):
        return [rgb]
    grounds = [Image.new("RGB", size, grey) for grey in ((255, 255, 255), (0, 0, 0))]
    return [Image.composite(rgb, ground, planes[-1]) for ground in grounds]


def is_opaque(plane: Image.Image) -> bool:
    """Whether a plane of opacity is full everywhere."""
    return plane.histogram()[255] == plane.width * plane.height
