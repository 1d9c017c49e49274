"""EXIF: the bounded walk, its charsets, and the one edit."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samples import camera_exif
from yinji.containers import exif
from yinji.errors import Malformed

LABEL = '{"AIGC":{"Label":"1","ContentProducer":"p","ProduceID":"i"}}'


def tiff(order: str, zeroth: dict[int, tuple[int, bytes]], inner: dict[int, tuple[int, bytes]] | None = None) -> bytes:
    """A TIFF structure with values of type 2, 7 or 3 in IFD0 and in the EXIF directory."""
    magic = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8)
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 7: 1}

    def directory(at: int, entries: dict[int, tuple[int, bytes]]) -> bytes:
        values_at, table, values = at + 6 + 12 * len(entries), b"", b""
        for tag, (type, raw) in sorted(entries.items()):
            field = raw.ljust(4, b"\0") if len(raw) <= 4 else struct.pack(order + "I", values_at + len(values))
            values += raw if len(raw) > 4 else b""
            table += struct.pack(order + "HHI", tag, type, len(raw) // sizes[type]) + field
        return struct.pack(order + "H", len(entries)) + table + bytes(4) + values

    if inner is None:
        return magic + directory(8, zeroth)
    length = len(directory(8, zeroth | {0x8769: (4, bytes(4))}))
    zeroth = zeroth | {0x8769: (4, struct.pack(order + "I", 8 + length))}
    return magic + directory(8, zeroth) + directory(8 + length, inner)


def comment(order: str, charset: str) -> bytes:
    encoding = {"<": "utf-16-le", ">": "utf-16-be"}[order]
    return {
        "ascii": b"ASCII\0\0\0" + LABEL.encode(),
        "undefined": bytes(8) + LABEL.encode(),
        "none": LABEL.encode(),
        "unicode": b"UNICODE\0" + LABEL.encode(encoding),
        "unicode-bom": b"UNICODE\0" + LABEL.encode("utf-16"),
        "unicode-other-order": b"UNICODE\0" + LABEL.encode("utf-16-be" if order == "<" else "utf-16-le"),
        "unicode-in-name-only": b"UNICODE\0" + LABEL.encode(),
        "jis": b"JIS\0\0\0\0\0" + LABEL.encode(),
    }[charset]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "charset",
    ["ascii", "undefined", "none", "unicode", "unicode-bom", "unicode-other-order", "unicode-in-name-only", "jis"],
)
def test_user_comment(order: str, charset: str) -> None:
    data = tiff(order, {0x010F: (2, b"maker\0")}, {0x9286: (7, comment(order, charset))})
    found = {field.name: field.text for field in exif.fields(data)}
    assert found == {"Make": "maker", "UserComment": LABEL}


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_field(order: str) -> None:
    texts = {tag: (2, f"{name} 值\0".encode()) for tag, name in exif.TAGS.items() if tag < 0x9000 and tag != 0x0112}
    data = tiff(
        order,
        texts
        | {0x0112: (3, struct.pack(order + "H", 6))}
        | {tag: (1, f"{name} 值\0".encode("utf-16-le")) for tag, name in exif.TAGS.items() if tag > 0x9C00},
        {0x9286: (7, b"ASCII\0\0\0hello")},
    )
    found = {field.name: field.text for field in exif.fields(data)}
    assert found.keys() == set(exif.TAGS.values())
    assert found["Orientation"] == "6"
    assert found["UserComment"] == "hello"
    assert found["XPComment"] == "XPComment 值"
    assert found["Artist"] == "Artist 值"


def test_camera_file_with_thumbnail() -> None:
    found = {field.name: field.text for field in exif.fields(camera_exif()[6:])}
    assert found == {
        "Make": "Yinji Optics",
        "Model": "YO-1",
        "Orientation": "6",
        "Software": "firmware 1.0",
        "UserComment": "hand-held",
    }


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("charset", ["ascii", "unicode", "undefined"])
def test_emptied_comment_keeps_its_place_and_charset(order: str, charset: str) -> None:
    value = comment(order, charset)
    data = tiff(order, {0x010F: (2, b"maker\0")}, {0x9286: (7, value)})
    (field,) = (f for f in exif.fields(data) if f.name == "UserComment")
    changed = bytearray(data)
    for at, new in exif.emptied(data, field):
        changed[at : at + len(new)] = new
    assert len(changed) == len(data)
    (again,) = (f for f in exif.fields(bytes(changed)) if f.name == "UserComment")
    assert (again.text, again.stop - again.start) == ("", 8)
    assert changed[again.start : again.stop] == value[:8]
    assert LABEL.encode() not in changed


@pytest.mark.parametrize("order", ["<", ">"])
def test_emptied_description(order: str) -> None:
    data = tiff(order, {0x010E: (2, LABEL.encode() + b"\0"), 0x010F: (2, b"maker\0")})
    changed = bytearray(data)
    for at, new in exif.emptied(data, exif.fields(data)[0]):
        changed[at : at + len(new)] = new
    assert len(changed) == len(data)
    assert {field.name: field.text for field in exif.fields(bytes(changed))} == {
        "ImageDescription": "",
        "Make": "maker",
    }


@pytest.mark.parametrize("data", [b"", b"II*\0", b"XX*\0\x08\0\0\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08"])
def test_what_is_no_tiff(data: bytes) -> None:
    with pytest.raises(Malformed):
        exif.fields(data)


def test_loops_and_wild_counts_end() -> None:
    loop = bytearray(tiff("<", {0x010F: (2, b"maker\0")}))
    loop[8 + 2 + 12 : 8 + 2 + 16] = struct.pack("<I", 8)
    assert len(exif.fields(bytes(loop))) == 1
    wild = bytearray(loop)
    wild[8:10] = b"\xff\xff"
    assert len(exif.fields(bytes(wild))) == 1
    wild[10 + 4 : 10 + 8] = b"\xff\xff\xff\xff"
    assert exif.fields(bytes(wild)) == ()


@given(st.binary(max_size=200), st.integers(0, 400))
def test_damage_raises_only_our_errors(noise: bytes, at: int) -> None:
    data = bytearray(camera_exif()[6:])
    data[at : at + len(noise)] = noise
    try:
        for field in exif.fields(bytes(data)):
            exif.emptied(bytes(data), field)
    except Malformed:
        pass
