"""The blocks of a GIF: taking a file apart and putting it together (GIF89a specification, 18 to 27)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from yinji.errors import Malformed, Truncated
from yinji.marks.animation import Disposal
from yinji.marks.layout import Box

if TYPE_CHECKING:
    from PIL import Image

_EXTENSION: Final = 0x21
_IMAGE: Final = 0x2C
_TRAILER: Final = 0x3B
_CONTROL: Final = 0xF9
_HEADER: Final = 13


@dataclass(frozen=True, slots=True)
class GifFrame:
    """An image with the extension that governs it.

    Attributes:
        start, stop: From its graphic control extension, or its descriptor if there is none, to behind its data.
        control: Flags, delay (two bytes) and transparent index of the extension; empty without one.
        between: Bytes between that extension and the descriptor.
        box: Where it stands on the canvas.
        interlaced: Whether its rows are.
        table: Its own colours, three bytes each; empty if it has none.
        code: Smallest code size.
        data: The sub-blocks, with the empty one that ends them.
    """

    start: int
    stop: int
    control: bytes
    between: bytes
    box: Box
    interlaced: bool
    table: bytes
    code: int
    data: bytes

    @property
    def transparent(self) -> int:
        """The transparent index, or -1."""
        return self.control[3] if self.control and self.control[0] & 1 else -1

    @property
    def disposal(self) -> Disposal:
        how = self.control[0] >> 2 & 7 if self.control else 0
        return {2: Disposal.CLEAR, 3: Disposal.RESTORE}.get(how, Disposal.KEEP)

    def indices(self, name: str) -> Image.Image:
        """The colour numbers as an ``L`` picture.

        Raises:
            Truncated, Malformed: Too little data, or none that can be understood.
        """
        from PIL import Image

        plane = Image.new("P", (self.box.width, self.box.height))
        try:
            plane.frombytes(self.data, "gif", self.code, int(self.interlaced), -1)
        except ValueError as error:
            raise Truncated("mark-truncated", path=name, kind="GIF", size=self.stop) from error
        except OSError as error:
            raise Malformed("mark-not-decodable", path=name, kind="GIF", reason=str(error)) from error
        return Image.frombytes("L", plane.size, plane.tobytes())


@dataclass(frozen=True, slots=True)
class Gif:
    """A GIF taken apart.

    Attributes:
        data: The whole file.
        size: Of the canvas.
        table: Global colours, three bytes each.
        frames: In order.
        name: For messages.
    """

    data: bytes
    size: tuple[int, int]
    table: bytes
    frames: tuple[GifFrame, ...]
    name: str


def parse(data: bytes, name: str = "") -> Gif:
    """Takes a GIF apart.

    Raises:
        Malformed, Truncated: It breaks the rules or ends too early.
    """
    if len(data) < _HEADER:
        raise Truncated("mark-truncated", path=name, kind="GIF", size=len(data))
    size = int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    table, at = _table(data, _HEADER, data[10], name)
    frames = tuple(_frames(data, at, name))
    if not frames or not size[0] or not size[1]:
        raise Malformed("mark-not-decodable", path=name, kind="GIF", reason="no picture in it")
    return Gif(data, size, table, frames, name)


def _table(data: bytes, at: int, flags: int, name: str) -> tuple[bytes, int]:
    stop = at + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    if stop > len(data):
        raise Truncated("mark-truncated", path=name, kind="GIF", size=len(data))
    return data[at:stop], stop


def _frames(data: bytes, at: int, name: str) -> Iterator[GifFrame]:
    control: tuple[int, int] | None = None
    while at < len(data) and data[at] != _TRAILER:
        if data[at] == _EXTENSION:
            stop = _skip(data, at + 2, name)
            if data[at + 1] == _CONTROL and stop - at == 8:
                control = (at, stop)
            at = stop
        elif data[at] == _IMAGE:
            frame = _frame(data, at, control, name)
            yield frame
            at, control = frame.stop, None
        else:
            raise Malformed("mark-not-decodable", path=name, kind="GIF", reason=f"byte {data[at]:#04x} at {at}")
    if at >= len(data):
        raise Truncated("mark-truncated", path=name, kind="GIF", size=len(data))


def _skip(data: bytes, at: int, name: str) -> int:
    """Returns the position behind a chain of sub-blocks."""
    while at < len(data) and data[at]:
        at += data[at] + 1
    if at >= len(data):
        raise Truncated("mark-truncated", path=name, kind="GIF", size=len(data))
    return at + 1


def _frame(data: bytes, at: int, control: tuple[int, int] | None, name: str) -> GifFrame:
    if at + 10 > len(data):
        raise Truncated("mark-truncated", path=name, kind="GIF", size=len(data))
    left, top, width, height = (int.from_bytes(data[at + i : at + i + 2], "little") for i in (1, 3, 5, 7))
    flags = data[at + 9]
    table, code_at = _table(data, at + 10, flags, name)
    stop = _skip(data, code_at + 1, name)
    if not width or not height or not 1 <= data[code_at] <= 11:
        raise Malformed("mark-not-decodable", path=name, kind="GIF", reason=f"impossible image at {at}")
    return GifFrame(
        control[0] if control else at,
        stop,
        data[control[0] + 3 : control[0] + 7] if control else b"",
        data[control[1] : at] if control else b"",
        Box(left, top, left + width, top + height),
        bool(flags & 0x40),
        table,
        data[code_at],
        data[code_at + 1 : stop],
    )


def frame_bytes(frame: GifFrame, indices: Image.Image, box: Box, table: bytes, transparent: int) -> bytes:
    """Writes a frame with other pixels and colours of its own; disposal and delay stay.

    Args:
        frame: As it was.
        indices: New colour numbers.
        box: New place on the canvas.
        table: New local colours, 256 of three bytes.
        transparent: Transparent index, or -1.
    """
    out = bytearray()
    if frame.control or transparent >= 0:
        flags = (frame.control[0] if frame.control else 0) & 0xFE | (transparent >= 0)
        delay = frame.control[1:3] if frame.control else b"\0\0"
        out += bytes((_EXTENSION, _CONTROL, 4, flags)) + delay + bytes((max(transparent, 0), 0))
    out += frame.between
    out += bytes((_IMAGE,))
    for value in (box.left, box.top, box.width, box.height):
        out += value.to_bytes(2, "little")
    out += bytes((0x80 | (0x40 if frame.interlaced else 0) | 7,)) + table + b"\x08"
    return bytes(out) + indices.tobytes("gif", "L", 8, int(frame.interlaced)) + b"\0"
