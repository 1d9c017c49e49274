"""AVIF of 10 and 12 bits in any sampling, by way of 16-bit RGB, for what the encoder of films does not write."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from yinji.errors import MissingExtra
from yinji.marks.codecs.calls import coded, samples
from yinji.marks.heif.items import Heif
from yinji.marks.layout import Box
from yinji.marks.spaces import GREY, RGB, Space

if TYPE_CHECKING:
    from PIL import Image

_SPEED: Final = 7


class Deep:
    """A decoded picture.

    Args:
        heif: The file.
        coding: Its ``av1C``.

    Raises:
        Malformed: It does not decode.
        MissingExtra: imagecodecs is not installed.
    """

    def __init__(self, heif: Heif, coding: bytes) -> None:
        if find_spec("imagecodecs") is None:
            raise MissingExtra("missing-extra", extra="avif", names="imagecodecs")
        self._name = heif.name
        self.bits = 12 if coding[2] & 0x20 else 10
        self._form = _form(coding)
        found = samples("avif_decode", heif.data, heif.name, "AVIF", numthreads=1)
        self.samples: Any = found[..., 0] if self._form == "400" and found.ndim == 3 else found
        self.space: Space = GREY if self.samples.ndim == 2 else RGB

    def planes(self, box: Box) -> list[Image.Image]:
        """Planes of 8 bits within a box."""
        from PIL import Image

        part = (self.samples[box.top : box.bottom, box.left : box.right] >> (self.bits - 8)).astype("uint8")
        return [Image.fromarray(part if part.ndim == 2 else part[..., i]) for i in range(1 if part.ndim == 2 else 3)]

    def put(self, box: Box, planes: Sequence[Image.Image], mask: Image.Image) -> None:
        """Puts planes of 8 bits into a box, where the mask is not 0."""
        import numpy as np

        new = np.dstack([np.asarray(p, np.uint32) for p in planes]) * ((1 << self.bits) - 1) // 255
        covered = np.asarray(mask) > 0
        part = self.samples[box.top : box.bottom, box.left : box.right]
        part[covered] = (new[..., 0] if part.ndim == 2 else new)[covered]

    def encoded(self, quality: int, colours: tuple[int, int, int]) -> bytes:
        """Returns an AVIF of its own.

        Args:
            quality: 0 to 100.
            colours: Primaries, transfer and matrix (ITU-T H.273).
        """
        primaries, transfer, matrix = colours
        return coded(
            "avif_encode", self.samples, self._name, "AVIF",
            level=quality, speed=_SPEED, bitspersample=self.bits, pixelformat=self._form,
            codec="aom", primaries=primaries, transfer=transfer, matrix=matrix, numthreads=1,
        )  # fmt: skip


def _form(coding: bytes) -> str:
    if coding[2] & 0x10:
        return "400"
    return {0: "444", 8: "422", 12: "420"}.get(coding[2] & 12, "444")
