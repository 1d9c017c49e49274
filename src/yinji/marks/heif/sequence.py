"""Moving AVIF (``avis``): every frame bears the label, and all are encoded again, since each builds on those before it.

Pixels, times, transparency, Exif, XMP and the colour profile stay, and so do boxes of others at the top of the file.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from yinji.errors import Malformed, UnsupportedFormat
from yinji.marks.animation import Sticker, check_size
from yinji.marks.boxes import top_boxes
from yinji.marks.exif import read_exif
from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay
from yinji.marks.picture import Change, Frame, Single, Still

if TYPE_CHECKING:
    from PIL.AvifImagePlugin import AvifImageFile

_QUALITIES: Final = (80, 66, 52)
_LARGER: Final = 1.15
_LABEL: Final = 16_384
"""Bytes that the label itself may cost."""
_MORE_BITS: Final = 0x60
_COLOURS: Final = re.compile(rb"colrnclx(....)", re.DOTALL)
_KEPT: Final = frozenset({b"uuid", b"free", b"skip"})


class AvifSequence(Single):
    """One moving AVIF; see :class:`yinji.marks.picture.Picture`."""

    def __init__(self, data: bytes, max_pixels: int, name: str) -> None:
        self._data = data
        self._name = name
        described = data.find(b"av1C")
        self._coding = data[described + 4 : described + 8] if described > 0 else b""
        if len(self._coding) < 4:
            raise self.unsupported("a sequence of HEVC pictures")
        if self._coding[2] & _MORE_BITS:
            raise self.unsupported("a sequence of more than 8 bits")
        with self._opened() as picture:
            self.size = picture.size
            self._count = picture.n_frames
            self.orientation = read_exif(picture.info.get("exif", b"").removeprefix(b"Exif\0\0")).orientation
            if picture.has_transparency_data:
                raise self.unsupported("a sequence with opacity")
        self.area = Box(0, 0, *self.size)
        if self.orientation != 1:
            raise self.unsupported("a sequence that is turned")  # libavif 1.4 ends the process on writing one
        check_size(self.size, [Box(0, 0, *self.size)] * min(self._count, 1 << 16), max_pixels, name)

    def unsupported(self, variant: str) -> UnsupportedFormat:
        """The error that a variant cannot be labelled."""
        return UnsupportedFormat("mark-variant", path=self._name, kind="HEIF", variant=variant)

    @contextmanager
    def _opened(self, data: bytes = b"") -> Iterator[AvifImageFile]:
        from PIL.AvifImagePlugin import AvifImageFile

        try:
            with AvifImageFile(io.BytesIO(data or self._data)) as picture:
                yield picture
        except (OSError, ValueError, SyntaxError, RuntimeError, EOFError) as error:
            raise Malformed("mark-not-decodable", path=self._name, kind="AVIF", reason=str(error)) from error

    def frames(self) -> Iterator[Frame]:
        with self._opened() as picture:
            for number in range(self._count):
                picture.seek(number)
                picture.load()
                yield Still(picture.copy())

    def draw(self, box: Box, overlay: Overlay) -> Change:
        sticker = Sticker.of(next(self.frames()), box, overlay)
        for quality in _QUALITIES:
            data = self._encoded(box, sticker, quality)
            if len(data) <= _LARGER * len(self._data) + _LABEL * self._count:
                break
        with self._opened(data) as again:
            again.load()
            shown = again.convert("RGB").crop(box)
        detail: dict[str, Any] = {"frames": self._count, "frames_changed": self._count, "quality": quality}
        return sticker.change(data, "re-encoded", overlay, shown, changed=[0, 0, *self.size], **detail)

    def _encoded(self, box: Box, sticker: Sticker, quality: int) -> bytes:
        from PIL import Image
        from PIL.AvifImagePlugin import AvifImageFile

        class Labelled(AvifImageFile):
            """Frames that bear the label as soon as they are decoded."""

            def load(self) -> Any:
                fresh = bool(self.tile)
                access = super().load()
                if fresh:
                    self.im.paste(Image.merge("RGB", [sticker.grey] * 3).convert(self.mode).im, box, sticker.mask.im)
                return access

        output = io.BytesIO()
        with self._opened() as plain:
            times = []
            for number in range(self._count):
                plain.seek(number)
                plain.load()
                times.append(int(plain.info["duration"]))
            info = plain.info
        try:
            with Labelled(io.BytesIO(self._data)) as picture:
                kept = {name: info.get(name, b"") for name in ("exif", "xmp", "icc_profile")}
                form = {"subsampling": sampling(self._coding), "speed": 7, "quality": quality}
                picture.save(output, "AVIF", save_all=True, duration=times, **form, **kept)
        except (OSError, ValueError, RuntimeError) as error:
            raise Malformed("mark-not-decodable", path=self._name, kind="AVIF", reason=str(error)) from error
        return self._with_colours(output.getvalue()) + b"".join(self._others())

    def _with_colours(self, data: bytes) -> bytes:
        """The old primaries and transfer, since no colour was converted by them."""
        was = _COLOURS.search(self._data)
        return _COLOURS.sub(lambda _: b"colrnclx" + was[1], data) if was else data

    def _others(self) -> Iterator[bytes]:
        """Boxes at the top of the file that no picture needs."""
        return (self._data[b.start : b.stop] for b in top_boxes(self._data) if b.kind in _KEPT)


def is_sequence(data: bytes) -> bool:
    """Whether a HEIF file holds a track of pictures."""
    return any(box.kind == b"moov" for box in top_boxes(data))


def sampling(av1c: bytes) -> str:
    """The subsampling that an ``av1C`` names, as Pillow calls it."""
    if av1c[2] & 0x10:
        return "4:0:0"
    return {0: "4:4:4", 8: "4:2:2", 12: "4:2:0"}.get(av1c[2] & 12, "4:4:4")
