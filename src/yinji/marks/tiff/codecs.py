"""Decodes and encodes single strips and tiles. What Pillow's libtiff knows, it does, on files made for the purpose."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Final

from yinji.errors import Malformed, Truncated

if TYPE_CHECKING:
    from PIL import Image
    from PIL.JpegImagePlugin import JpegImageFile

NONE, FAX, FAX_4, LZW, JPEG, DEFLATE, OLD_DEFLATE, PACKBITS = 1, 3, 4, 5, 7, 8, 32946, 32773
_NAMES: Final = {LZW: "tiff_lzw", PACKBITS: "packbits", FAX: "group3", FAX_4: "group4"}
CODECS: Final = frozenset({NONE, LZW, DEFLATE, OLD_DEFLATE, PACKBITS, FAX, FAX_4, JPEG})
_ONE_STRIP: Final = 1 << 30


def inflate(data: bytes, compression: int, row_bits: int, rows: int, name: str) -> bytearray:
    """Returns the rows of a strip or tile, whatever their samples mean, each beginning with a new byte.

    Raises:
        Malformed, Truncated: It does not decode, or is too short.
    """
    size = (row_bits + 7) // 8 * rows
    if compression == NONE:
        found = data[:size]
    elif compression in (DEFLATE, OLD_DEFLATE):
        try:
            found = zlib.decompressobj().decompress(data, size)
        except zlib.error as error:
            raise _malformed(name, error) from error
    else:
        found = _by_libtiff(data, compression, row_bits, rows, name)
    if len(found) < size:
        raise Truncated("mark-truncated", path=name, kind="TIFF", size=len(data))
    return bytearray(found)


def deflate(rows: bytes, compression: int, row_bits: int, count: int) -> bytes:
    """Codes rows as :func:`inflate` takes them."""
    if compression == NONE:
        return rows
    if compression in (DEFLATE, OLD_DEFLATE):
        return zlib.compress(rows)
    from PIL import Image

    fax = compression in (FAX, FAX_4)
    picture = Image.frombytes("1" if fax else "L", (row_bits if fax else (row_bits + 7) // 8, count), rows)
    output = io.BytesIO()
    picture.save(output, "TIFF", compression=_NAMES[compression], strip_size=_ONE_STRIP)
    with Image.open(output) as written:
        tags = written.tag_v2  # type: ignore[attr-defined]
        offsets, lengths = tags[273], tags[279]
    return output.getvalue()[offsets[0] : offsets[0] + lengths[0]]


def _by_libtiff(data: bytes, compression: int, row_bits: int, rows: int, name: str) -> bytes:
    """Decodes a file of one strip: grey bytes, or single bits for the codes of facsimile."""
    from PIL import Image

    fax = compression in (FAX, FAX_4)
    width = row_bits if fax else (row_bits + 7) // 8
    fields = [
        (256, 4, width), (257, 4, rows), (258, 3, 1 if fax else 8), (259, 3, compression),
        (262, 3, 1), (273, 4, 8), (277, 3, 1), (278, 4, rows), (279, 4, len(data)),
    ]  # fmt: skip
    padded = data + b"\0" * (len(data) & 1)
    table = struct.pack("<H", len(fields))
    for tag, kind, value in fields:
        table += struct.pack("<HHI", tag, kind, 1) + struct.pack("<I" if kind == 4 else "<Hxx", value)
    file = struct.pack("<2sHI", b"II", 42, 8 + len(padded)) + padded + table + bytes(4)
    try:
        with Image.open(io.BytesIO(file), formats=["TIFF"]) as picture:
            return picture.tobytes()
    except (OSError, ValueError, SyntaxError) as error:
        raise _malformed(name, error) from error


def _malformed(name: str, error: Exception) -> Malformed:
    return Malformed("mark-not-decodable", path=name, kind="TIFF", reason=str(error))


def jpeg(data: bytes, tables: bytes, photometric: int, name: str) -> JpegImageFile:
    """Decodes a strip or tile that is a JPEG, whose tables may stand elsewhere (TIFF Technical Note 2).

    Raises:
        Malformed, Truncated: It does not decode.
    """
    from PIL.JpegImagePlugin import JpegImageFile

    # What the components are says TIFF, not JPEG; the marker of Adobe tells the decoder.
    transform = {2: 0, 5: 0}.get(photometric, 1)
    adobe = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes((transform,))
    whole = b"\xff\xd8" + adobe + (tables[2:-2] if len(tables) > 4 else b"") + data[2:]
    try:
        picture = JpegImageFile(io.BytesIO(whole))
        picture.load()
    except (OSError, ValueError, SyntaxError) as error:
        if "truncated" in str(error):
            raise Truncated("mark-truncated", path=name, kind="TIFF", size=len(data)) from error
        raise _malformed(name, error) from error
    return picture


def to_jpeg(picture: Image.Image, like: JpegImageFile, *, keep_rgb: bool) -> bytes:
    """Codes a strip or tile again with the tables and the subsampling that it had, without metadata."""
    from PIL.JpegImagePlugin import get_sampling

    output = io.BytesIO()
    tables = {n: [min(v, 255) for v in t] for n, t in like.quantization.items()}
    picture.save(output, "JPEG", qtables=tables, subsampling=max(get_sampling(like), 0), keep_rgb=keep_rgb)
    data, at, out = output.getvalue(), 2, bytearray(b"\xff\xd8")
    while data[at + 1] != 0xDA:
        stop = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if not 0xE0 <= data[at + 1] <= 0xEF:
            out += data[at:stop]
        at = stop
    return bytes(out + data[at:])
