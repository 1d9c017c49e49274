"""The label on TIFF: every kind of samples and compression, strips and tiles, every page, nothing lost outside it."""

import contextlib
import io
import random
import struct
import zlib

import pytest
from PIL import Image, ImageChops

from noise import noise
from yinji.errors import LimitExceeded, Truncated, UnreadableInput, UnsupportedFormat
from yinji.marks.base import Drawn, MarkRequest
from yinji.marks.image import ImageMark

WORDS = "AI生成"
SIZE = (300, 220)


def clouds(mode: str, size: tuple[int, int] = SIZE) -> Image.Image:
    coarse = [noise((30, 22), 100, seed).resize(size, Image.Resampling.BICUBIC) for seed in range(3)]
    picture = Image.merge("RGB", coarse)
    if mode == "P":
        return picture.quantize(48)
    if mode in ("LA", "RGBA"):
        picture = picture.convert(mode)
        picture.putalpha(Image.new("L", size, 255))
        return picture
    return picture.convert(mode)


def encoded(picture: Image.Image, compression: str | None = None, **options: object) -> bytes:
    output = io.BytesIO()
    picture.save(output, "TIFF", compression=compression, **options)
    return output.getvalue()


def draw(data: bytes, words: str = WORDS, **more) -> tuple[bytes, Drawn]:
    output = io.BytesIO()
    drawn = ImageMark().draw(io.BytesIO(data), output, MarkRequest(words, **more))
    return output.getvalue(), drawn


def gap(one: bytes, other: bytes, page: int = 0) -> tuple[int, int, int, int] | None:
    pictures = []
    for data in (one, other):
        picture = Image.open(io.BytesIO(data))
        picture.seek(page)
        pictures.append(picture.convert("RGBA"))
    return ImageChops.difference(*pictures).getbbox(alpha_only=False)


def within(inner: tuple[int, ...] | None, outer: tuple[int, ...]) -> bool:
    assert inner is not None
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "group4"])
def test_only_the_strips_under_the_label_change(mode: str, compression: str | None) -> None:
    if (compression == "jpeg" and mode not in ("L", "RGB", "CMYK")) or (compression == "group4") > (mode == "1"):
        compression = None
    data = encoded(clouds(mode), compression)
    out, drawn = draw(data)
    assert drawn.method == ("re-encoded" if compression == "jpeg" else "lossless")
    assert within(gap(data, out), tuple(drawn.detail["changed"]))
    assert drawn.ink_height >= drawn.needed_height == 11
    assert drawn.contrast >= 4.5
    found = ImageMark().find(io.BytesIO(out), MarkRequest(WORDS))
    assert found is not None
    assert found.box == drawn.box


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate"])
def test_differences_are_undone_and_made_again(mode: str, compression: str) -> None:
    data = encoded(clouds(mode), compression, tiffinfo={317: 2})
    out, drawn = draw(data)
    assert within(gap(data, out), drawn.box)


def tiff(order: str, fields: dict[int, tuple[int, list[int]]], segments: list[bytes], *, tiled: bool) -> bytes:
    """A classic TIFF from its fields (type, values) and its strips or tiles."""
    body, offsets = bytearray(), []
    for segment in segments:
        offsets.append(8 + len(body))
        body += segment + b"\0" * (len(segment) & 1)
    fields = fields | {
        324 if tiled else 273: (4, offsets),
        325 if tiled else 279: (4, [len(s) for s in segments]),
    }
    at = 8 + len(body)
    table, more = bytearray(struct.pack(order + "H", len(fields))), bytearray()
    behind = at + 2 + 12 * len(fields) + 4
    for tag, (kind, values) in sorted(fields.items()):
        packed = struct.pack(f"{order}{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(packed) > 4:
            place = struct.pack(order + "I", behind + len(more))
            more += packed + b"\0" * (len(packed) & 1)
        else:
            place = packed.ljust(4, b"\0")
        table += struct.pack(order + "HHI", tag, kind, len(values)) + place
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, at)
    return head + bytes(body) + bytes(table) + bytes(4) + bytes(more)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("planar", [1, 2])
@pytest.mark.parametrize("tiled", [False, True])
@pytest.mark.parametrize("deflated", [False, True])
def test_sixteen_bits_tiles_and_separate_planes(order: str, planar: int, tiled: bool, deflated: bool) -> None:
    width, height = 200, 160
    wide, high = (64, 64) if tiled else (width, 50)
    values = random.Random(3).choices(range(65536), k=width * height * 3)

    def sample(x: int, y: int, c: int) -> int:
        return values[(y * width + x) * 3 + c] if x < width and y < height else 0

    segments = []
    for channels in [(0, 1, 2)] if planar == 1 else [(0,), (1,), (2,)]:
        for top in range(0, height, high):
            rows = range(top, top + high) if tiled else range(top, min(height, top + high))
            for left in range(0, width, wide):
                some = [sample(x, y, c) for y in rows for x in range(left, left + wide) for c in channels]
                raw = struct.pack(f"{order}{len(some)}H", *some)
                segments.append(zlib.compress(raw) if deflated else raw)
    fields = {
        256: (4, [width]), 257: (4, [height]), 258: (3, [16, 16, 16]), 259: (3, [8 if deflated else 1]), 262: (3, [2]),
        277: (3, [3]), 284: (3, [planar]),
    }  # fmt: skip
    fields |= {322: (3, [wide]), 323: (3, [high])} if tiled else {278: (3, [high])}
    data = tiff(order, fields, segments, tiled=tiled)
    out, drawn = draw(data)
    assert drawn.method == "lossless"
    assert ImageMark().find(io.BytesIO(out), MarkRequest(WORDS)) is not None
    # Read the samples back by the fields of the new file, with a reader of its own.
    (at,) = struct.unpack_from(order + "I", out, 4)
    table = {}
    for i in range(struct.unpack_from(order + "H", out, at)[0]):
        tag, kind, count = struct.unpack_from(order + "HHI", out, at + 2 + 12 * i)
        code, size = ("H", 2) if kind == 3 else ("I", 4)
        place = at + 10 + 12 * i if count * size <= 4 else struct.unpack_from(order + "I", out, at + 10 + 12 * i)[0]
        table[tag] = struct.unpack_from(f"{order}{count}{code}", out, place)
    starts, lengths = (table[324], table[325]) if tiled else (table[273], table[279])
    across = -(-width // wide)
    down = -(-height // high)
    left, top, right, bottom = drawn.box
    changed = 0
    for number, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        raw = zlib.decompress(out[start : start + length]) if deflated else out[start : start + length]
        plane, rest = divmod(number, across * down)
        row, column = divmod(rest, across)
        step = 1 if planar == 2 else 3
        read = struct.unpack(f"{order}{len(raw) // 2}H", raw)
        for i, value in enumerate(read):
            x, y = column * wide + i // step % wide, row * high + i // step // wide
            was = sample(x, y, plane if planar == 2 else i % 3)
            if value != was:
                assert left <= x < right
                assert top <= y < bottom
                changed += 1
    assert changed > 1000


def test_every_page_bears_the_label() -> None:
    pages = [clouds("RGB"), clouds("L", (180, 400)), clouds("1", (500, 120))]
    data = encoded(pages[0], "tiff_lzw", save_all=True, append_images=pages[1:])
    out, drawn = draw(data)
    assert drawn.detail["pages"] == 3
    for number in range(3):
        assert gap(data, out, number) is not None
    assert ImageMark().find(io.BytesIO(out), MarkRequest(WORDS)) is not None
    assert ImageMark().find(io.BytesIO(data), MarkRequest(WORDS)) is None
    again, drawn = draw(out)
    assert (again, drawn.detail["already"]) == (out, True)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_label_reads_upright_in_every_orientation(orientation: int) -> None:
    data = encoded(clouds("RGB"), tiffinfo={274: orientation})
    out, drawn = draw(data)
    width, height = (220, 300) if orientation >= 5 else SIZE
    assert drawn.box[2] > width - 30
    assert drawn.box[3] > height - 30
    assert ImageMark().find(io.BytesIO(out), MarkRequest(WORDS)) is not None


def test_a_page_of_many_pixels_needs_only_its_last_strips() -> None:
    width, height, rows = 30_000, 4_000, 16
    strip = zlib.compress(bytes(width * rows))
    fields = {256: (4, [width]), 257: (4, [height]), 258: (3, [8]), 259: (3, [8]), 262: (3, [1]), 277: (3, [1])}
    data = tiff("<", fields | {278: (3, [rows])}, [strip] * (height // rows), tiled=False)
    out, drawn = draw(data, max_pixels=4_000_000)
    assert drawn.ink_height >= 200
    assert len(out) > len(data)
    found = ImageMark().find(io.BytesIO(out), MarkRequest(WORDS, max_pixels=4_000_000))
    assert found is not None
    with pytest.raises(LimitExceeded):
        draw(data, max_pixels=100_000)


def test_what_cannot_be_kept_is_refused() -> None:
    fields = {
        256: (4, [64]),
        257: (4, [64]),
        258: (3, [32]),
        259: (3, [1]),
        262: (3, [1]),
        277: (3, [1]),
        278: (3, [64]),
    }
    with pytest.raises(UnsupportedFormat):
        draw(tiff("<", fields | {339: (3, [3])}, [bytes(64 * 64 * 4)], tiled=False))


def test_cut_and_broken_files_are_said_to_be() -> None:
    data = encoded(clouds("RGB"), "tiff_lzw")
    with pytest.raises(Truncated):
        draw(data[: len(data) // 2])
    for at in range(4, len(data), 9973):
        with contextlib.suppress(UnreadableInput, UnsupportedFormat):
            draw(data[:at] + bytes((data[at] ^ 0xA5,)) + data[at + 1 :])
    for at in range(len(data) - 300, len(data), 23):
        with contextlib.suppress(UnreadableInput, UnsupportedFormat):
            draw(data[:at] + bytes((data[at] ^ 0xA5,)) + data[at + 1 :])
