"""The hostile files that hung, crashed or fooled other libraries: each gets its answer, and none a label."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Final

import pytest

import yinji
from yinji.containers.registry import by_name
from yinji.errors import UnreadableInput
from yinji.limits import MIB

BOMB: Final = zlib.compress(bytes(32 * MIB), 1)
"""More than a reading may inflate."""


def example(name: str) -> bytes:
    return next(iter(by_name(name).examples())).data


def chunk(kind: bytes, data: bytes, length: int | None = None) -> bytes:
    size = len(data) if length is None else length
    return struct.pack(">I", size) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*chunks: bytes) -> bytes:
    data = example("png")
    return data[:33] + b"".join(chunks) + data[33:]


def box(kind: bytes, data: bytes = b"", size: int | None = None) -> bytes:
    return struct.pack(">I", 8 + len(data) if size is None else size) + kind + data


def nested(depth: int) -> bytes:
    """Boxes in boxes, each of a size that is right."""
    return b"".join(struct.pack(">I", 8 * (depth - n)) + b"moov" for n in range(depth))


def bloated(part: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(example("docx"))) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            if item.filename != part:
                new.writestr(item, old.read(item.filename))
        new.writestr(part, bytes(32 * MIB), compresslevel=1)
    return out.getvalue()


FTYP: Final = box(b"ftyp", b"isom\0\0\0\0isom")
KEYS: Final = box(b"keys", struct.pack(">II", 0, 0xFFFFFFFF) + box(b"mdta", b"AIGC"))
META: Final = box(b"meta", bytes(4) + box(b"hdlr", bytes(8) + b"mdta" + bytes(13)) + KEYS + box(b"ilst"))

FILES: Final[dict[str, tuple[str, Callable[[], bytes]]]] = {
    "zTXt that inflates for ever": ("png", lambda: png(chunk(b"zTXt", b"AIGC\0\0" + BOMB))),
    "iTXt that inflates for ever": ("png", lambda: png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + BOMB))),
    "a chunk of two gigabytes": ("png", lambda: png(chunk(b"tEXt", b"AIGC\0{}", 0x7FFFFFF0))),
    "a box smaller than its header": ("mp4", lambda: FTYP + box(b"moov", bytes(64), 4)),
    "a box of 2^63 - 1": ("mp4", lambda: FTYP + struct.pack(">I4sQ", 1, b"moov", (1 << 63) - 1) + bytes(64)),
    "a truncated moov": ("mp4", lambda: FTYP + box(b"moov", bytes(64), 5000)),
    "four billion keys": ("mp4", lambda: FTYP + box(b"moov", box(b"udta", META))),
    "a RIFF chunk of four gigabytes": ("webp", lambda: example("webp")[:16] + b"\xff" * 4 + example("webp")[20:]),
    "an ID3 tag longer than the file": ("mp3", lambda: b"ID3\4\0\0\x7f\x7f\x7f\x7f" + example("mp3")),
    "a part that inflates for ever": ("docx", lambda: bloated("docProps/custom.xml")),
    "a PDF that was cut": ("pdf", lambda: example("pdf")[:-200]),
}


@pytest.mark.parametrize("what", FILES)
def test_answers(what: str) -> None:
    name, make = FILES[what]
    data = make()
    for thorough in (False, True):
        reading = yinji.read(data, filename=f"x.{name}", thorough=thorough)
        assert reading.state in ("malformed", "unreadable"), reading.problems
        assert not any(found.label for found in reading.found)
        assert reading.bytes_read < MIB


@pytest.mark.parametrize("what", FILES)
def test_are_not_written(what: str, tmp_path: object) -> None:
    name, make = FILES[what]
    label = yinji.AigcLabel.first("001191110000MA0TE5T00Q10001", "1")
    with pytest.raises(UnreadableInput):
        yinji.label(make(), label, output=f"{tmp_path}/x.{name}", metadata_only=True, filename=f"x.{name}")


@pytest.mark.parametrize("movie", [nested(20_000), box(b"moov", b"", 0)], ids=["20,000 boxes in boxes", "to the end"])
def test_strange_but_whole(movie: bytes) -> None:
    assert yinji.read(FTYP + movie, filename="x.mp4").state == "unlabelled"


def test_a_header_of_sixty_thousand_squared_is_only_a_number() -> None:
    data = example("png")
    header = struct.pack(">II", 60_000, 60_000) + data[24:29]
    assert yinji.read(data[:8] + chunk(b"IHDR", header) + data[33:], filename="x.png").state == "unlabelled"
