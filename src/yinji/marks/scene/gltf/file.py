"""Where the JSON and the buffer of a glTF file stand: the whole file, or the chunks of a binary one."""

from __future__ import annotations

import base64
import binascii
import shutil
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from yinji.errors import LimitExceeded, Malformed, Truncated, UnsupportedFormat

MAGIC: Final = b"glTF"
_JSON: Final = 0x4E4F534A
_BIN: Final = 0x004E4942
_BOM: Final = b"\xef\xbb\xbf"
_LONGEST: Final = 64 << 20
_MOST_CONTENT: Final = 4 << 20
_MOST_CHUNKS: Final = 1024
_LARGEST: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class GltfFile:
    """A file, opened.

    Attributes:
        file: Where it is read from.
        name: For messages.
        text: Its JSON.
        bom: A byte order mark in front of the JSON of a text file.
        binary: Whether it is a GLB.
        buffer: Start and length of the BIN chunk's payload; length -1 without one.
        behind: Where the chunks behind JSON and BIN begin.
        total: Where the last of them ends.
    """

    file: BinaryIO
    name: str
    text: str
    bom: bytes
    binary: bool
    buffer: tuple[int, int]
    behind: int
    total: int

    def content(self, document: dict[str, Any], number: int) -> bytes:
        """Returns what a buffer view holds, up to 4 MiB; nothing where its buffer is another file."""
        view = document["bufferViews"][number]
        start, length = int(view.get("byteOffset", 0)), min(int(view["byteLength"]), _MOST_CONTENT)
        uri = str(document["buffers"][view["buffer"]].get("uri", ""))
        if start < 0:
            return b""
        if uri.startswith("data:"):
            try:
                return base64.b64decode(uri.partition(",")[2], validate=True)[start : start + length]
            except binascii.Error:
                return b""
        room = max(0, self.buffer[1] - start)
        if uri or not room:
            return b""
        self.file.seek(self.buffer[0] + start)
        return self.file.read(min(length, room))

    def write(self, target: BinaryIO, text: str, added: bytes) -> None:
        """Writes the file with another JSON text, and with bytes added to the end of the BIN chunk.

        Raises:
            UnsupportedFormat: It would be longer than a GLB can be.
        """
        new = text.encode()
        if not self.binary:
            target.write(self.bom + new)
            return
        new += b" " * (-len(new) % 4)
        start, length = self.buffer
        size = max(0, length) + len(added)
        has_buffer = length >= 0 or bool(added)
        total = 20 + len(new) + (8 + size if has_buffer else 0) + self.total - self.behind
        if total > _LARGEST:
            raise UnsupportedFormat("scene-too-large", path=self.name)
        target.write(struct.pack("<4s4I", MAGIC, 2, total, len(new), _JSON) + new)
        if has_buffer:
            target.write(struct.pack("<II", size, _BIN))
            if length > 0:
                _copy(self.file, start, length, target)
            target.write(added)
        _copy(self.file, self.behind, self.total - self.behind, target)
        self.file.seek(self.total)
        shutil.copyfileobj(self.file, target, 1 << 20)


def opened(file: BinaryIO, name: str) -> GltfFile:
    """Reads the JSON and finds the buffer.

    Raises:
        Malformed, Truncated, LimitExceeded: The file cannot be read.
        UnsupportedFormat: glTF 1.0.
    """
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(20)
    if head[:4] != MAGIC:
        file.seek(0)
        data = _read(file, size, name)
        bom = _BOM if data.startswith(_BOM) else b""
        return GltfFile(file, name, _decoded(data[len(bom) :], name), bom, False, (0, -1), size, size)
    if len(head) < 20:
        raise Truncated("mark-truncated", path=name, kind="GLB", size=size)
    _, version, total, length, kind = struct.unpack("<4s4I", head)
    if version == 1:
        raise UnsupportedFormat("scene-version", path=name, version="1.0")
    if version != 2 or kind != _JSON or 20 + length > total:
        raise Malformed("scene-broken", path=name, reason="GLB header")
    if total > size:
        raise Truncated("mark-truncated", path=name, kind="GLB", size=size)
    text = _decoded(_read(file, length, name), name)
    at = 20 + length
    _check_chunks(file, at, total, name)
    buffer = (at, -1)
    if total - at >= 8:
        file.seek(at)
        long, kind = struct.unpack("<II", file.read(8))
        if kind == _BIN:
            buffer = (at + 8, long)
            at += 8 + long
    return GltfFile(file, name, text, b"", True, buffer, at, total)


def _check_chunks(file: BinaryIO, at: int, total: int, name: str) -> None:
    for _ in range(_MOST_CHUNKS):
        if at >= total:
            break
        file.seek(at)
        header = file.read(8)
        if len(header) < 8 or at + 8 > total:
            break
        at += 8 + int.from_bytes(header[:4], "little")
    if at != total:
        raise Malformed("scene-broken", path=name, reason="GLB chunks")


def _read(file: BinaryIO, length: int, name: str) -> bytes:
    if length > _LONGEST:
        raise LimitExceeded("too-many-bytes", path=name, limit=_LONGEST)
    return file.read(length)


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.rstrip(b"\0").decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("scene-broken", path=name, reason="UTF-8") from None


def _copy(file: BinaryIO, start: int, length: int, target: BinaryIO) -> None:
    file.seek(start)
    while length:
        piece = file.read(min(length, 1 << 20))
        if not piece:
            raise Truncated("mark-truncated", kind="GLB", size=start)
        target.write(piece)
        length -= len(piece)
