"""The label on JPEG: where it is, how it looks, and that nothing else changes."""

import ctypes
import io
import struct
import subprocess
import sys

import pytest
from PIL import Image, ImageChops, ImageOps

from yinji.errors import LimitExceeded, Malformed, Truncated, UnreadableInput, UnsupportedFormat, UsageError
from yinji.marks.base import Drawn, MarkRequest, PerceptibleMark
from yinji.marks.image import ImageMark
from yinji.marks.jpeg import coefficients, library, pool, scan

WORDS = "人工智能生成"


def picture(width: int, height: int, mode: str = "RGB") -> Image.Image:
    ramp = Image.linear_gradient("L").resize((width, height))
    round_ = Image.radial_gradient("L").resize((width, height))
    return Image.merge("RGB", (ramp, round_, ImageChops.invert(ramp))).convert(mode)


def jpeg(image: Image.Image, **options) -> bytes:
    output = io.BytesIO()
    image.save(output, "JPEG", **options)
    return output.getvalue()


def draw(data: bytes, words: str = WORDS, place: str = "", share: float = 0.05, **more) -> tuple[bytes, Drawn]:
    output = io.BytesIO()
    request = MarkRequest(words, place, min_height=share, media_type="image/jpeg", **more)
    drawn = ImageMark().draw(io.BytesIO(data), output, request)
    return output.getvalue(), drawn


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def difference(one: Image.Image, other: Image.Image) -> tuple[int, int, int, int] | None:
    """Enclosing box of all pixels that differ in any band."""
    total = Image.new("L", one.size)
    for band in ImageChops.difference(one, other).split():
        total = ImageChops.lighter(total, band)
    return total.point([0] + [255] * 255).getbbox()


def segments(data: bytes) -> list[tuple[int, bytes]]:
    """A walker of its own: (marker, payload) up to the first scan."""
    found, at = [], 2
    while data[at + 1] != 0xDA:
        assert data[at] == 0xFF
        length = struct.unpack_from(">H", data, at + 2)[0]
        found.append((data[at + 1], data[at + 4 : at + 2 + length]))
        at += 2 + length
    return found


def metadata(data: bytes) -> list[tuple[int, bytes]]:
    return [(marker, payload) for marker, payload in segments(data) if marker >= 0xE0]


KINDS = {
    "420": {"quality": 88},
    "422": {"quality": 75, "subsampling": 1},
    "444": {"quality": 92, "subsampling": 0},
    "progressive": {"quality": 80, "progressive": True},
    "restarts": {"quality": 85, "restart_marker_blocks": 5},
    "own tables": {"quality": 70, "optimize": True},
    "coarse": {"quality": 8},
}


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("size", [(401, 299), (160, 120), (97, 643)])
@pytest.mark.parametrize("kind", KINDS)
def test_only_the_blocks_under_the_label_change(kind: str, mode: str, size: tuple[int, int]) -> None:
    data = jpeg(picture(*size, mode), **KINDS[kind])
    marked, drawn = draw(data)
    before, after = opened(data), opened(marked)
    assert after.mode == before.mode
    assert after.size == before.size
    assert bool(after.info.get("progressive")) is bool(before.info.get("progressive"))
    assert drawn.ink_height >= drawn.needed_height == -(-min(size) // 20)
    assert drawn.contrast >= 4.5
    if mode != "CMYK" or "subsampling" not in KINDS[kind] or KINDS[kind]["subsampling"] == 0:
        assert drawn.method == "coefficients"
    if drawn.method == "coefficients":
        box = difference(before, after)
        changed = drawn.detail["changed"]
        assert box is not None
        assert changed[0] <= box[0] < box[2] <= changed[2]
        assert changed[1] <= box[1] < box[3] <= changed[3]
        unit = 17
        assert changed[0] >= drawn.box[0] - unit
        assert changed[1] >= drawn.box[1] - unit


def whole_way(monkeypatch: pytest.MonkeyPatch, data: bytes, place: str) -> Image.Image:
    """What comes out where all of the scan is coded again."""
    with monkeypatch.context() as patch:
        patch.setattr(scan.Scan, "part", lambda *_: None)
        return opened(draw(data, place=place)[0])


@pytest.mark.parametrize("place", ["bottom-right", "top-left", "bottom"])
@pytest.mark.parametrize(
    ("size", "mode", "options"),
    [
        ((413, 287), "RGB", {"quality": 92}),
        ((413, 287), "CMYK", {"quality": 75, "subsampling": 0}),
        ((413, 77), "RGB", {"quality": 60, "subsampling": 1}),
        ((203, 645), "L", {"quality": 85}),
        ((413, 287), "RGB", {"quality": 80, "restart_marker_rows": 2}),
        ((413, 287), "L", {"quality": 80, "restart_marker_blocks": 13}),
    ],
)
def test_only_the_rows_of_the_label_are_coded_again(
    size: tuple[int, int], mode: str, options: dict[str, int], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = jpeg(picture(*size, mode), **options)
    # Blocks beyond the edge that hold something: other encoders put there what they like, and predictors run on.
    frame = data.index(b"\xff\xc0")
    data = data[: frame + 5] + struct.pack(">HH", size[1] - 2, size[0] - 2) + data[frame + 9 :]
    marked, drawn = draw(data, place=place, max_pixels=1000)  # so that nothing may be decoded whole
    assert drawn.method == "coefficients"
    start = data.index(b"\xff\xda")
    assert marked[:start] == data[:start]
    assert opened(marked).tobytes() == whole_way(monkeypatch, data, place).tobytes()
    again = ImageMark().find(io.BytesIO(marked), MarkRequest(WORDS, place, max_pixels=60_000))
    assert again is not None
    assert again.box == drawn.box


def test_a_picture_too_large_to_be_decoded_says_so_where_its_rows_cannot_be_reached() -> None:
    for options in ({"progressive": True}, {"restart_marker_blocks": 97}):
        with pytest.raises(LimitExceeded) as caught:
            draw(jpeg(picture(413, 287), **options), max_pixels=1000)
        assert caught.value.code == "too-many-pixels"


def test_tables_of_the_file_are_used_where_they_suffice() -> None:
    flat = Image.new("L", (640, 480), 90)
    bearing = opened(draw(jpeg(flat, quality=90))[0])
    flat.paste(bearing.crop((320, 400, 640, 480)), (320, 160))  # the symbols that the label needs occur in it
    data = jpeg(flat, quality=90, optimize=True)
    marked, drawn = draw(data, max_pixels=1000)
    assert drawn.method == "coefficients"
    assert segments(marked) == segments(data)


def test_ink_is_as_high_as_said_in_the_finished_pixels() -> None:
    for size in ((1200, 800), (640, 640), (300, 900)):
        data = jpeg(Image.new("RGB", size, (30, 30, 30)), quality=95, subsampling=0)
        marked, drawn = draw(data, "生成")
        light = opened(marked).convert("L").point([0] * 150 + [255] * 106)
        box = light.getbbox()
        assert box is not None
        assert box[3] - box[1] >= drawn.needed_height == min(size) // 20
        assert box[2] <= drawn.box[2]
        assert box[1] >= drawn.box[1]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_label_reads_upright_in_every_orientation(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.new("RGB", (480, 320), (40, 44, 52))
    data = jpeg(stored, quality=95, subsampling=0, exif=exif)
    marked, drawn = draw(data)
    after = opened(marked)
    assert after.getexif()[0x0112] == orientation
    upright = ImageOps.exif_transpose(after).convert("L")
    width, height = (320, 480) if orientation >= 5 else (480, 320)
    assert upright.size == (width, height)
    box = ImageChops.difference(upright, Image.new("L", upright.size, 44)).point([0] * 60 + [255] * 196).getbbox()
    assert box is not None
    assert drawn.box[0] <= box[0] < box[2] <= drawn.box[2]
    assert drawn.box[1] <= box[1] < box[3] <= drawn.box[3]
    assert drawn.box[2] > width * 0.95
    assert drawn.box[3] > height * 0.95
    # The same words on the same ground look the same, however the picture is stored.
    plain, _ = draw(jpeg(Image.new("RGB", (width, height), (40, 44, 52)), quality=95, subsampling=0))
    gap = ImageChops.difference(upright, opened(plain).convert("L")).getextrema()
    assert gap[1] <= 24


def mpf(first: int, second: int, offset: int) -> bytes:
    entries = struct.pack("<IIIHHIIIHH", 0x030000, first, 0, 0, 0, 0, second, offset, 0, 0)
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", 2)
    head += struct.pack("<HHI4s", 0xB000, 7, 4, b"0100") + struct.pack("<HHII", 0xB002, 7, 32, 8 + 2 + 24 + 4)
    return b"MPF\0" + head + struct.pack("<I", 0) + entries


def segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(payload) + 2) + payload


@pytest.mark.parametrize("library", ["blocks", "again"])
def test_metadata_and_trailing_data_stay_byte_for_byte(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if library == "again":
        monkeypatch.setattr(pool, "library_path", lambda: "")
        pool.POOL.close()
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a description"
    base = jpeg(picture(320, 200), quality=85, exif=exif, comment=b"said before")
    extra = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>") + segment(0xEB, b"JP\0\1" + bytes(range(50)))
    second = jpeg(picture(40, 30))
    at = base.index(b"\xff\xdb")
    placed = len(base) + len(extra) + len(segment(0xE2, mpf(0, 0, 0)))
    index_at = at + len(extra) + 8
    index = segment(0xE2, mpf(placed, len(second), placed - index_at))
    data = base[:at] + extra + index + base[at:] + second + b"motion photo film"
    marked, drawn = draw(data)
    assert drawn.method == {"blocks": "coefficients", "again": "re-encoded"}[library]
    assert marked.endswith(second + b"motion photo film")
    assert drawn.detail["trailing_bytes"] == len(second) + 17
    old, new = metadata(data), metadata(marked)
    assert [m for m, _ in old] == [m for m, _ in new]
    for (_, one), (_, other) in zip(old, new, strict=True):
        if not one.startswith(b"MPF\0"):
            assert one == other
    place = marked.index(b"MPF\0") + 4
    first, offset = struct.unpack_from("<I", marked, place + 42)[0], struct.unpack_from("<I", marked, place + 62)[0]
    assert marked[place + offset :].startswith(second)
    assert first == len(marked) - len(second) - 17


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_without_the_library_the_picture_is_encoded_again(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "library_path", lambda: "")
    pool.POOL.close()
    data = jpeg(picture(400, 300, mode), quality=90)
    marked, drawn = draw(data)
    assert drawn.method == "re-encoded"
    before, after = opened(data), opened(marked)
    assert before.quantization == after.quantization
    assert before.mode == after.mode
    outside = Image.new("L", before.size, 255)
    outside.paste(0, tuple(v + d for v, d in zip(drawn.box, (-16, -16, 16, 16), strict=True)))
    gaps = [ImageChops.multiply(b, outside).getextrema()[1] for b in ImageChops.difference(before, after).split()]
    assert max(gaps) <= 12
    assert drawn.contrast >= 4.5
    assert drawn.ink_height >= drawn.needed_height


def test_colours_kept_as_rgb_stay_rgb() -> None:
    data = jpeg(picture(200, 160), keep_rgb=True, quality=90)
    marked, drawn = draw(data)
    assert drawn.method == "coefficients"
    box = difference(opened(data), opened(marked))
    assert box is not None
    assert box[0] >= drawn.detail["changed"][0]


def test_ycck_is_understood() -> None:
    data = bytearray(jpeg(picture(240, 180, "CMYK"), quality=90))
    at = data.index(b"Adobe")
    data[at + 11] = 2
    marked, drawn = draw(bytes(data))
    assert drawn.method == "coefficients"
    assert drawn.contrast >= 4.5
    assert marked[marked.index(b"Adobe") + 11] == 2
    box = difference(opened(bytes(data)), opened(marked))
    assert box is not None
    assert box[0] >= drawn.detail["changed"][0]


def test_arithmetic_coding_is_read() -> None:
    source = jpeg(picture(160, 120), quality=85)
    jpeglib = library.load(pool.library_path())
    opened_ = coefficients.Picture(jpeglib, source, (160, 120, 0, 1, 2, 2, 2, 1, 1, 3, 1, 1))
    writer = library.Writer(jpeglib)
    jpeglib.jpeg_copy_critical_parameters(ctypes.byref(opened_.info), ctypes.byref(writer.info))
    writer.info.arith_code = 1
    jpeglib.jpeg_write_coefficients(ctypes.byref(writer.info), opened_.arrays)
    data = writer.finish()
    opened_.close()
    assert b"\xff\xc9" in data
    marked, drawn = draw(data)
    assert drawn.method == "coefficients"
    box = difference(opened(data), opened(marked))
    assert box is not None
    assert box[0] >= drawn.detail["changed"][0]


def with_thumbnail(size: tuple[int, int], quality: int) -> tuple[bytes, bytes]:
    small = jpeg(picture(*size), quality=quality)
    second = struct.pack("<H", 3) + struct.pack("<HHII", 0x0103, 3, 1, 6)
    second += struct.pack("<HHII", 0x0201, 4, 1, 14 + 2 + 36 + 4) + struct.pack("<HHII", 0x0202, 4, 1, len(small))
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<HI", 0, 14) + second + bytes(4) + small
    return jpeg(picture(640, 480), exif=b"Exif\0\0" + tiff), small


@pytest.mark.parametrize("quality", [60, 95])
def test_the_thumbnail_bears_the_label_too(quality: int) -> None:
    data, small = with_thumbnail((160, 120), quality)
    out, drawn = draw(data)
    assert drawn.detail["thumbnails"] == 1
    start = data.index(small)
    new = out[start : start + len(small)]
    assert new != small
    assert data[:start] == out[:start]
    find = ImageMark().find(io.BytesIO(new), MarkRequest(WORDS))
    assert find is not None
    assert find.contrast >= 3
    assert metadata(data)[-1][0] == metadata(out)[-1][0]


def test_a_thumbnail_without_room_is_pointed_out() -> None:
    data, small = with_thumbnail((3, 2), 50)
    out, drawn = draw(data)
    assert drawn.detail["thumbnails_without_label"] == 1
    assert small in out


@pytest.mark.parametrize("place", ImageMark.places)
def test_places_touch_edge_or_corner(place: str) -> None:
    _, drawn = draw(jpeg(picture(600, 400)), place=place)
    left, top, right, bottom = drawn.box
    assert drawn.place == place
    near = {"bottom": 400 - bottom, "top": top}[place.partition("-")[0]]
    assert 0 <= near <= 12
    if "-" in place:
        assert 0 <= (600 - right if place.endswith("right") else left) <= 12


@pytest.mark.parametrize("size", [(32, 32), (32, 3000), (3000, 32), (33, 40)])
@pytest.mark.parametrize("words", ["AI生成", WORDS, "AI-generated"])
def test_tiny_and_extreme_pictures(size: tuple[int, int], words: str) -> None:
    _, drawn = draw(jpeg(picture(*size)), words)
    assert drawn.ink_height >= drawn.needed_height
    assert drawn.contrast >= 4.5
    assert 0 <= drawn.box[0] < drawn.box[2] <= size[0]
    assert 0 <= drawn.box[1] < drawn.box[3] <= size[1]


def test_truncated_files_are_said_to_be() -> None:
    data = jpeg(picture(200, 200), quality=95)
    for length in (2, 3, 20, len(data) // 4, len(data) // 2, len(data) - 2, len(data) - 1):
        with pytest.raises(Truncated):
            draw(data[:length])


def test_a_scan_that_ends_early_is_not_labelled_as_if_whole() -> None:
    data = jpeg(picture(400, 400), quality=95)
    start = data.index(b"\xff\xda") + 14
    cut = data[: start + (len(data) - start) // 3] + b"\xff\xd9"
    marked, drawn = draw(cut)
    # The decoder fills what is missing; no block is taken over blindly.
    assert drawn.method == "re-encoded"
    assert opened(marked).size == (400, 400)


@pytest.mark.parametrize("seed", range(40))
def test_broken_bytes_raise_our_errors_or_give_a_picture(seed: int) -> None:
    import random

    random_ = random.Random(seed)
    data = bytearray(jpeg(picture(120, 90), progressive=bool(seed % 2)))
    for _ in range(1 + seed % 7):
        data[random_.randrange(2, len(data))] = random_.randrange(256)
    try:
        marked, _ = draw(bytes(data), max_pixels=1 << 22)
    except (UnreadableInput, UnsupportedFormat) as error:
        assert error.text.zh
    except UsageError as error:
        # The words of the label may not fit when the frame header now says another size.
        assert error.code == "label-does-not-fit"
    else:
        assert opened(marked).size


def test_impossible_frames() -> None:
    data = bytearray(jpeg(picture(64, 64)))
    frame = data.index(b"\xff\xc0")
    for change, error, code in (
        ({5: 255, 6: 255, 7: 255, 8: 255}, LimitExceeded, "too-many-pixels"),
        ({7: 0, 8: 0}, Malformed, "mark-not-decodable"),
        ({5: 0, 6: 0}, UnsupportedFormat, "mark-variant"),
        ({4: 12}, UnsupportedFormat, "mark-variant"),
        ({1: 0xC3}, UnsupportedFormat, "mark-variant"),
        ({9: 2}, Malformed, "mark-not-decodable"),
        ({11: 0}, Malformed, "mark-not-decodable"),
    ):
        broken = bytearray(data)
        for offset, value in change.items():
            broken[frame + offset] = value
        with pytest.raises(error) as caught:
            draw(bytes(broken), max_pixels=100_000_000)
        assert caught.value.code == code
        assert "{" not in caught.value.text.zh + caught.value.advice.en


def test_a_worker_that_dies_costs_nothing_but_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    data = jpeg(picture(200, 150))
    assert draw(data)[1].method == "coefficients"
    for started in pool.POOL.idle():  # ended while nobody used it
        started.process.kill()
        started.process.wait()
    assert draw(data)[1].method == "coefficients"
    pool.POOL.close()
    monkeypatch.setattr(pool, "SECONDS", 0.0)  # the next is ended over this file
    assert draw(data)[1].method == "re-encoded"
    monkeypatch.undo()
    pool.POOL.close()
    assert draw(data)[1].method == "coefficients"


def test_the_worker_needs_nothing_but_the_standard_library() -> None:
    code = "import sys; import yinji.marks.jpeg.worker; sys.exit(any(m in sys.modules for m in ('PIL', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_examples_are_labelled_and_the_protocol_holds() -> None:
    mark = ImageMark()
    assert isinstance(mark, PerceptibleMark)
    for example in mark.examples():
        output = io.BytesIO()
        drawn = mark.draw(io.BytesIO(example.data), output, MarkRequest("AI生成", media_type=example.media_type))
        assert drawn.ink_height >= drawn.needed_height
        assert drawn.to_dict()["box"] == list(drawn.box)
        assert output.getvalue()[:4] == example.data[:4]


def test_other_bytes_are_unsupported() -> None:
    with pytest.raises(UnsupportedFormat) as caught:
        draw(b"\xff\x0b" + bytes(40))
    assert caught.value.code == "no-mark"


@pytest.mark.parametrize("stray", [b"\0\1", b"\xff\0 left behind", b"\x5a" * 900])
def test_stray_bytes_between_segments_stay(stray):
    clean = jpeg(picture(640, 480), quality=90, comment=b"kept")
    data = clean[:20] + stray + clean[20:]
    drawn, told = draw(data)
    expected, _ = draw(clean)
    assert told.method == "coefficients"
    assert drawn[20:].startswith(stray)
    assert opened(data).tobytes() == opened(clean).tobytes()
    assert difference(opened(drawn), opened(expected)) is None
