"""JPEG XL as a picture that a label can be put on and looked for in.

A JPEG that was packed losslessly is unpacked, labelled by its coefficients and packed again; what was coded without
loss stays so; the rest is encoded again. Boxes of others keep their bytes and their order.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from yinji.errors import LimitExceeded, Malformed, MissingExtra, UnsupportedFormat
from yinji.marks.boxes import boxed, top_boxes
from yinji.marks.codecs import calls
from yinji.marks.jpeg.picture import JpegPicture
from yinji.marks.jxl.header import Head, read_head
from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay
from yinji.marks.paint import Painted, legibility, paint
from yinji.marks.picture import Change, Frame, Single, Still
from yinji.marks.spaces import Space

if TYPE_CHECKING:
    from PIL import Image

SIGNATURE: Final = b"\0\0\0\x0cJXL \r\n\x87\n"
_PICTURE: Final = frozenset({b"jxlc", b"jxlp", b"jbrd", b"jxli"})
_DISTANCES: Final = (0.8, 1.2, 2.0)
"""Just noticeable differences that are tried in turn until the picture is hardly larger than it was."""
_LARGER: Final = 1.15
_LABEL: Final = 4096
_EFFORT: Final = 5
_KIND: Final = "JPEG XL"


class JxlPicture(Single):
    """One JPEG XL; see :class:`yinji.marks.picture.Picture`. Pixels are taken upright, and written so."""

    orientation = 1

    def __init__(self, data: bytes, head: Head, max_pixels: int, name: str) -> None:
        self._data = data
        self._head = head
        self._most = max_pixels
        self._name = name
        turned = head.orientation >= 5
        self.size = (head.height, head.width) if turned else (head.width, head.height)

    @classmethod
    def of(cls, data: bytes, max_pixels: int, name: str) -> JxlPicture | PackedJpeg:
        """Takes a file apart.

        Raises:
            Malformed: It breaks the rules.
            LimitExceeded: Too many pixels.
            UnsupportedFormat: An animation, or samples that cannot be written again as they are.
            MissingExtra: imagecodecs is not installed.
        """
        if find_spec("imagecodecs") is None:
            raise MissingExtra("missing-extra", extra="jxl", names="imagecodecs")
        try:
            head = read_head(codestream(data))
        except ValueError as error:
            raise Malformed("mark-not-decodable", path=name, kind=_KIND, reason=str(error)) from error
        if head.width * head.height > max_pixels:
            raise LimitExceeded("too-many-pixels", path=name, width=head.width, height=head.height, limit=max_pixels)
        if any(box.kind == b"jbrd" for box in top_boxes(data)):
            with suppress(Malformed):
                return PackedJpeg(data, max_pixels, name)
            # Where its metadata have changed since, no JPEG comes back; its pixels lost something long ago.
            head = replace(head, lossy=True)
        variant = _variant(head)
        if variant:
            raise UnsupportedFormat("mark-variant", path=name, kind=_KIND, variant=variant)
        return cls(data, head, max_pixels, name)

    @cached_property
    def _samples(self) -> Any:
        return _decoded(self._data, self._name)

    @cached_property
    def _shown(self) -> Image.Image:
        return _image(self._samples)

    @property
    def area(self) -> Box:
        return Still(self._shown).area

    def frames(self) -> Iterator[Frame]:
        yield Still(self._shown)

    def draw(self, box: Box, overlay: Overlay) -> Change:
        import numpy as np

        samples = self._samples.copy()
        tile = self._shown.crop(box)
        names = {"L": Space("grey"), "LA": Space("grey", alpha=True)}
        space = names.get(tile.mode, Space("rgb", alpha=tile.mode == "RGBA"))
        painted = paint(tile.split(), space, overlay)
        new = np.dstack([np.asarray(p, samples.dtype) for p in painted.planes])
        covered = np.asarray(overlay.body) > 0
        part = samples[box.top : box.bottom, box.left : box.right]
        part[covered] = new.reshape(part.shape)[covered]
        coded = self._encoded(samples)
        again = _decoded(coded, self._name)
        as_it_was = self._head.lossy or np.array_equal(again, samples)
        if not as_it_was or not read_head(coded).usual:
            raise UnsupportedFormat("mark-variant", path=self._name, kind=_KIND, variant="samples of an odd kind")
        planes = _image(again).crop(box).split()
        rgb, contrast = legibility(planes, space, overlay)
        shown = Painted(tuple(planes), rgb, contrast, painted.tone)
        method = "re-encoded" if self._head.lossy else "lossless"
        changed = [0, 0, *self.size] if self._head.lossy else list(box)
        return Change(_with_codestream(self._data, boxed(b"jxlc", coded)), method, shown, rgb, {"changed": changed})

    def _encoded(self, samples: Any) -> bytes:
        how: dict[str, Any] = {"effort": _EFFORT, "numthreads": 1}
        if not self._head.lossy:
            return codestream(calls.coded("jpegxl_encode", samples, self._name, _KIND, lossless=True, **how))
        for distance in _DISTANCES:
            coded = calls.coded("jpegxl_encode", samples, self._name, _KIND, distance=distance, **how)
            if len(coded) <= _LARGER * len(self._data) + _LABEL:
                break
        return codestream(coded)


class PackedJpeg(JpegPicture):
    """A JPEG XL from which a JPEG comes back byte for byte."""

    def __init__(self, data: bytes, max_pixels: int, name: str) -> None:
        from yinji.marks.jpeg.segments import parse

        self._packed = data
        self._name = name
        whole = calls.coded("jpegxl_decode_jpeg", data, name, _KIND, numthreads=1)
        super().__init__(parse(whole, name=name), max_pixels, name)

    further = ()
    """The thumbnail is packed with the metadata, which stay."""

    def draw(self, box: Box, overlay: Overlay) -> Change:
        change = super().draw(box, overlay)
        packed = calls.coded("jpegxl_encode_jpeg", bytes(change.data), self._name, _KIND, usecontainer=True)
        coded = b"".join(packed[b.start : b.stop] for b in top_boxes(packed) if b.kind in _PICTURE)
        self.change = replace(change, data=_with_codestream(self._packed, coded))
        return self.change


def _variant(head: Head) -> str:
    """What of a picture cannot be written again as it is; "" for nothing."""
    if head.moves:
        return "an animation"
    if head.bits != 8:  # the encoder at hand takes 16 bits for linear light
        return f"{head.bits} bits" if head.bits else "floating point"
    if head.alphas > 1 or head.others or head.associated:
        return "further channels"
    return "" if head.usual else "colours other than sRGB"


def codestream(data: bytes) -> bytes:
    """The coded picture, out of its boxes if it lies in some."""
    if not data.startswith(SIGNATURE):
        return data
    boxes = [b for b in top_boxes(data) if b.kind in (b"jxlc", b"jxlp")]
    return b"".join(data[b.body + (4 if b.kind == b"jxlp" else 0) : b.stop] for b in boxes)


def _with_codestream(data: bytes, coded: bytes) -> bytes:
    """The file with other boxes in the place of those of its picture; a bare codestream stays bare."""
    if not data.startswith(SIGNATURE):
        return b"".join(coded[b.body : b.stop] for b in top_boxes(coded))
    out, done = [], False
    for box in top_boxes(data):
        if box.kind not in _PICTURE:
            out.append(data[box.start : box.stop])
        elif not done:
            out.append(coded)
            done = True
    return b"".join(out)


def _decoded(data: bytes, name: str) -> Any:
    return calls.samples("jpegxl_decode", data, name, _KIND, numthreads=1)


def _image(samples: Any) -> Image.Image:
    from PIL import Image

    return Image.fromarray(samples)
