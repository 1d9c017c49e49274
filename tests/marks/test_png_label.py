"""The label on PNG: every colour type, nothing lost outside it."""

import io
import random
import struct
import zlib

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageOps

from yinji.errors import LimitExceeded, Malformed, Truncated, UnreadableInput, UnsupportedFormat, UsageError
from yinji.marks.base import Drawn, MarkRequest
from yinji.marks.image import ImageMark
from yinji.marks.png import chunks as chunks_of_png
from yinji.marks.png import picture

WORDS = "人工智能生成"
SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def chunk(type: bytes, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload)) + type + payload + struct.pack(">I", zlib.crc32(type + payload))


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 8
    while at < len(data):
        length, type = struct.unpack_from(">I4s", data, at)
        found.append((type, data[at : at + 12 + length]))
        at += 12 + length
        if type == b"IEND":
            break
    return found


def png(width: int, height: int, depth: int, colour_type: int, rows: bytes, *more: bytes, interlace: int = 0) -> bytes:
    """A file from unfiltered rows; ``more`` chunks go in front of the picture."""
    bits = CHANNELS[colour_type] * depth
    stride = (width * bits + 7) // 8
    plain = b"".join(b"\0" + rows[i * stride : (i + 1) * stride] for i in range(height))
    head = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlace)
    return SIGNATURE + chunk(b"IHDR", head) + b"".join(more) + chunk(b"IDAT", zlib.compress(plain)) + chunk(b"IEND")


def unfiltered(data: bytes) -> tuple[tuple[int, ...], bytes]:
    """A decoder of its own for what is not interlaced: (IHDR, rows)."""
    found = chunks(data)
    head = struct.unpack(">IIBBBBB", found[0][1][8:-4])
    width, height, depth, colour_type = head[:4]
    stream = zlib.decompress(b"".join(raw[8:-4] for type, raw in found if type == b"IDAT"))
    stride, step = (width * CHANNELS[colour_type] * depth + 7) // 8, max(1, CHANNELS[colour_type] * depth // 8)
    above, rows = bytearray(stride), bytearray()
    for number in range(height):
        kind, line = stream[number * (stride + 1)], bytearray(stream[number * (stride + 1) + 1 :][:stride])
        for i in range(stride):
            left = line[i - step] if i >= step else 0
            corner = above[i - step] if i >= step else 0
            guess = left + above[i] - corner
            nearest = min((left, above[i], corner), key=lambda v: abs(guess - v))
            line[i] = (line[i] + (0, left, above[i], (left + above[i]) // 2, nearest)[kind]) & 255
        rows += line
        above = line
    return head, bytes(rows)


def draw(data: bytes, words: str = WORDS, **more) -> tuple[bytes, Drawn]:
    output = io.BytesIO()
    drawn = ImageMark().draw(io.BytesIO(data), output, MarkRequest(words, media_type="image/png", **more))
    return output.getvalue(), drawn


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def difference(one: bytes, other: bytes) -> tuple[int, int, int, int]:
    total: Image.Image | None = None
    pair = [opened(data).convert("RGBA") for data in (one, other)]
    for band in ImageChops.difference(*pair).split():
        total = band if total is None else ImageChops.lighter(total, band)
    assert total is not None
    box = total.getbbox()
    assert box is not None
    return box


def inside(box: tuple[int, ...], outer: tuple[int, ...]) -> bool:
    return outer[0] <= box[0] and outer[1] <= box[1] and box[2] <= outer[2] and box[3] <= outer[3]


def ramp(width: int, height: int) -> Image.Image:
    return Image.linear_gradient("L").resize((width, height))


def saved(image: Image.Image, **options) -> bytes:
    output = io.BytesIO()
    image.save(output, "PNG", **options)
    return output.getvalue()


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("colour_type", [0, 2, 4, 6])
def test_samples_outside_the_label_stay_to_the_bit(colour_type: int, depth: int) -> None:
    width, height = 180, 130
    step = CHANNELS[colour_type] * depth // 8
    rows = bytearray(random.Random(colour_type).randbytes(width * height * step))
    if colour_type in (4, 6):  # opaque
        for i in range(len(rows)):
            if i % step >= step - depth // 8:
                rows[i] = 255
    data = png(width, height, depth, colour_type, bytes(rows))
    marked, drawn = draw(data)
    head, after = unfiltered(marked)
    assert head[2:4] == (depth, colour_type)
    assert drawn.method == "lossless"
    for y in range(height):
        for x in range(width):
            at = (y * width + x) * step
            if not (drawn.box[0] <= x < drawn.box[2] and drawn.box[1] <= y < drawn.box[3]):
                assert after[at : at + step] == rows[at : at + step], (x, y)
    assert after != rows
    assert drawn.contrast >= 4.5
    assert drawn.ink_height >= drawn.needed_height == 7


@pytest.mark.parametrize("mode", ["RGB", "L", "LA", "RGBA", "P", "1", "I;16"])
def test_what_pillow_writes_with_its_own_filters(mode: str) -> None:
    image = Image.merge(
        "RGB", (ramp(240, 160), ramp(240, 160).rotate(180), Image.radial_gradient("L").resize((240, 160)))
    )
    image = image.convert("L").convert(mode) if mode == "I;16" else image.convert(mode)
    data = saved(image)
    marked, drawn = draw(data)
    assert inside(difference(data, marked), drawn.box) or mode == "I;16"
    assert drawn.contrast >= 4.5
    assert drawn.ink_height >= drawn.needed_height == 8


@pytest.mark.parametrize(
    ("depth", "colour_type"), [(1, 0), (4, 0), (8, 0), (16, 0), (8, 2), (16, 2), (2, 3), (8, 3), (8, 4), (16, 6)]
)
def test_some_rows_at_a_time_are_as_good_as_all(depth: int, colour_type: int, monkeypatch: pytest.MonkeyPatch) -> None:
    palette = [chunk(b"PLTE", bytes(range(12)) if depth == 2 else random.Random(2).randbytes(768))]
    stride = (133 * depth * CHANNELS[colour_type] + 7) // 8
    rows = random.Random(1).randbytes(stride * 90)
    data = png(133, 90, depth, colour_type, rows, *(palette if colour_type == 3 else ()))
    whole, _ = draw(data)
    monkeypatch.setattr(chunks_of_png, "_PIECE", 7 * stride)
    some, drawn = draw(data, max_pixels=133 * 40)
    assert unfiltered(some) == unfiltered(whole)
    monkeypatch.setattr(picture, "_SMALL", 0)
    found = ImageMark().find(io.BytesIO(some), MarkRequest(WORDS, max_pixels=133 * 40))
    assert found is not None
    assert found.box == drawn.box


def test_rows_too_wide_to_be_held_are_refused() -> None:
    data = png(133, 90, 8, 2, bytes(133 * 90 * 3))
    with pytest.raises(LimitExceeded) as caught:
        draw(data, max_pixels=133)
    assert caught.value.code == "too-many-pixels"


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_of_grey_are_widened(bits: int) -> None:
    stride = (200 * bits + 7) // 8
    rows = random.Random(bits).randbytes(stride * 100)
    data = png(200, 100, bits, 0, rows, chunk(b"tRNS", b"\0\0"), chunk(b"bKGD", b"\0\1"))
    marked, drawn = draw(data)
    head, _ = unfiltered(marked)
    assert head[2:4] == (8, 0)
    factor = 255 // (2**bits - 1)
    found = dict(chunks(marked))
    assert found[b"tRNS"][8:-4] == b"\0\0"
    assert found[b"bKGD"][8:-4] == struct.pack(">H", factor)
    assert inside(difference(data, marked), drawn.box)
    # The one transparent grey does not occur in the label.
    alpha = opened(marked).convert("RGBA").getchannel("A").crop(drawn.box)
    covered = opened(data).convert("RGBA").getchannel("A").crop(drawn.box)
    assert sum(alpha.histogram()[255:]) > sum(covered.histogram()[255:])


@pytest.mark.parametrize("colours", [1, 2, 16, 100, 230, 256])
def test_palettes(colours: int) -> None:
    image = Image.merge(
        "RGB", (ramp(240, 160), Image.radial_gradient("L").resize((240, 160)), ramp(240, 160))
    ).quantize(colours)
    data = saved(image)
    marked, drawn = draw(data)
    assert drawn.contrast >= 4.5
    assert inside(difference(data, marked), drawn.box)
    head, _ = unfiltered(marked)
    used = len(image.getcolors())
    assert head[3] == (3 if used <= 256 - 24 else 2)


def test_transparent_palettes_keep_their_transparency() -> None:
    palette = bytes(range(48))
    opacity = bytes((0, 80, 255, 200))
    rows = random.Random(5).randbytes(120 * 90)
    rows = bytes(v % 16 for v in rows)
    data = png(120, 90, 8, 3, rows, chunk(b"PLTE", palette), chunk(b"tRNS", opacity), chunk(b"bKGD", b"\x05"))
    marked, drawn = draw(data)
    assert inside(difference(data, marked), drawn.box)
    found = dict(chunks(marked))
    assert found[b"PLTE"][8:-4].startswith(palette)
    assert found[b"tRNS"][8:-4].startswith(opacity)
    assert found[b"bKGD"][8:-4] == b"\x05"


def test_a_full_palette_is_widened_with_its_background() -> None:
    palette = bytes(v for i in range(256) for v in (i, 255 - i, i // 2))
    rows = bytes((x + y) % 256 for y in range(90) for x in range(256))
    data = png(
        256,
        90,
        8,
        3,
        rows,
        chunk(b"sBIT", b"\5\6\7"),
        chunk(b"PLTE", palette),
        chunk(b"tRNS", b"\x80"),
        chunk(b"bKGD", b"\2"),
    )
    marked, drawn = draw(data)
    assert drawn.method == "widened"
    found = dict(chunks(marked))
    assert found[b"bKGD"][8:-4] == struct.pack(">3H", 2, 253, 1)
    assert found[b"sBIT"][8:-4] == b"\5\6\7\x08"
    assert b"tRNS" not in found
    assert found[b"PLTE"][8:-4] == palette
    assert inside(difference(data, marked), drawn.box)


@pytest.mark.parametrize(("depth", "colour_type"), [(8, 2), (16, 2), (8, 3), (16, 6), (16, 0), (1, 0)])
def test_interlaced(depth: int, colour_type: int) -> None:
    width, height = 90, 70
    bits = CHANNELS[colour_type] * depth
    stream = bytearray()
    random_ = random.Random(depth)
    full = [random_.randbytes((width * bits + 7) // 8) for _ in range(height)] if bits >= 8 else []
    for left, top, across, down in (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):
        for y in range(top, height, down):
            if full:
                step = bits // 8
                line = b"".join(full[y][x * step : (x + 1) * step] for x in range(left, width, across))
            else:
                line = random_.randbytes((len(range(left, width, across)) * bits + 7) // 8)
            stream += b"\0" + line
    head = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 1)
    palette = chunk(b"PLTE", random_.randbytes(768)) if colour_type == 3 else b""
    data = SIGNATURE + chunk(b"IHDR", head) + palette + chunk(b"IDAT", zlib.compress(stream)) + chunk(b"IEND")
    marked, drawn = draw(data, "AI生成")
    after, rows = unfiltered(marked)
    assert after[6] == 0
    if full and after[3] == colour_type:
        step = bits // 8
        for y in range(height):
            for x in range(width):
                if not (drawn.box[0] <= x < drawn.box[2] and drawn.box[1] <= y < drawn.box[3]):
                    at = (y * width + x) * step
                    assert rows[at : at + step] == full[y][x * step : (x + 1) * step]
    if depth < 16:
        assert inside(difference(data, marked), drawn.box)


def test_other_chunks_stay_byte_for_byte_and_in_place() -> None:
    image = ramp(200, 150).convert("RGB")
    parts = chunks(saved(image))
    extra = [
        chunk(b"pHYs", struct.pack(">IIB", 3000, 3000, 1)),
        chunk(b"tEXt", b"AIGC\0{}"),
        chunk(b"prVt", bytes(range(30))),
    ]
    late = [chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x/>"), chunk(b"tIME", bytes(7))]
    data = SIGNATURE + parts[0][1] + b"".join(extra) + b"".join(raw for t, raw in parts[1:-1]) + b"".join(late)
    data += parts[-1][1] + b"behind the end"
    marked, _ = draw(data)
    assert marked.endswith(b"behind the end")

    def others(file: bytes) -> list[bytes]:
        """All chunks but the pixels; one empty entry where the pixels are."""
        listed = [b"" if t == b"IDAT" else raw for t, raw in chunks(file)]
        return [raw for i, raw in enumerate(listed) if raw or i == 0 or listed[i - 1]]

    assert others(data) == others(marked)
    assert all(zlib.crc32(raw[4:-4]) == struct.unpack(">I", raw[-4:])[0] for _, raw in chunks(marked))


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_orientation_is_honoured(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(Image.new("RGB", (300, 200), (40, 44, 52)), exif=exif)
    marked, drawn = draw(data)
    upright = ImageOps.exif_transpose(opened(marked)).convert("L")
    plain, _ = draw(saved(Image.new("RGB", upright.size, (40, 44, 52))))
    assert ImageChops.difference(upright, opened(plain).convert("L")).getextrema()[1] <= 2
    assert drawn.box[2] > upright.width * 0.95


def test_shapes_are_measured_by_their_enclosing_rectangle() -> None:
    image = Image.new("RGBA", (500, 400))
    ImageDraw.Draw(image).ellipse((100, 50, 299, 349), fill=(200, 60, 60, 255))
    data = saved(image)
    marked, drawn = draw(data)
    assert drawn.needed_height == 10
    assert inside(drawn.box, (100, 50, 300, 350))
    assert drawn.box[2] >= 290
    assert drawn.box[3] >= 340
    label = opened(marked).crop(drawn.box)
    for ground in ("white", "black"):
        page = Image.new("RGBA", label.size, ground)
        page.alpha_composite(label)
        assert len(set(page.convert("L").tobytes())) > 20
    assert drawn.contrast >= 4.5
    assert label.getchannel("A").getpixel((label.width // 2, label.height // 2)) > 100


def test_wholly_transparent_pictures_get_a_visible_label() -> None:
    marked, drawn = draw(saved(Image.new("RGBA", (200, 200), (9, 9, 9, 0))))
    assert drawn.contrast >= 4.5
    assert opened(marked).getchannel("A").getbbox() is not None


def test_keyed_colour_never_occurs_in_the_label() -> None:
    data = saved(Image.new("RGB", (200, 100), "black"), transparency=(255, 255, 255))
    marked, drawn = draw(data)
    assert opened(marked).convert("RGBA").getchannel("A").crop(drawn.box).getextrema() == (255, 255)


def test_hostile_files() -> None:
    good = saved(ramp(100, 80).convert("RGB"))
    for length in (8, 20, 33, 40, len(good) - 20, len(good) - 1):
        with pytest.raises(Truncated):
            draw(good[:length])
    huge = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = SIGNATURE + chunk(b"IHDR", huge) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND")
    with pytest.raises(LimitExceeded) as caught:
        draw(bomb)
    assert caught.value.code == "too-many-pixels"
    short = png(100, 100, 8, 2, b"")
    with pytest.raises(Truncated):
        draw(short)
    inflating = SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", 40, 40, 8, 0, 0, 0, 0))
    inflating += chunk(b"IDAT", zlib.compress(bytes(50_000_000))) + chunk(b"IEND")
    assert len(draw(inflating, "AI生成")[0]) < 10_000
    for head in (
        (0, 5, 8, 2, 0, 0, 0),
        (5, 0, 8, 2, 0, 0, 0),
        (5, 5, 3, 2, 0, 0, 0),
        (5, 5, 8, 5, 0, 0, 0),
        (5, 5, 8, 2, 1, 0, 0),
        (5, 5, 8, 2, 0, 0, 2),
    ):
        with pytest.raises(Malformed):
            draw(SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", *head)) + chunk(b"IDAT", b"") + chunk(b"IEND"))
    with pytest.raises(Malformed):
        draw(good.replace(b"IDAT", b"JDAT"))
    wrong_filter = SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", 40, 40, 8, 0, 0, 0, 0))
    with pytest.raises(Malformed):
        draw(wrong_filter + chunk(b"IDAT", zlib.compress(b"\x09" * 41 * 40)) + chunk(b"IEND"), "AI生成")
    with pytest.raises(Malformed):
        draw(wrong_filter + chunk(b"IDAT", b"not deflated") + chunk(b"IEND"), "AI生成")
    alone, drawn = draw(good[:33] + chunk(b"acTL", struct.pack(">II", 2, 0)) + good[33:])
    assert drawn.detail["frames"] == 0  # only the picture that stands in for an animation
    assert difference(alone, good) == drawn.box


@pytest.mark.parametrize("seed", range(40))
def test_broken_bytes_raise_our_errors_or_give_a_picture(seed: int) -> None:
    random_ = random.Random(seed)
    image = ramp(60, 50).quantize(8) if seed % 3 == 0 else ramp(60, 50).convert("RGBA")
    data = bytearray(saved(image))
    for _ in range(1 + seed % 5):
        data[random_.randrange(8, len(data))] = random_.randrange(256)
    fixed = bytearray(SIGNATURE)
    for _, raw in _loose(bytes(data)):  # right checksums, so that the damage reaches what lies behind them
        fixed += raw[:-4] + struct.pack(">I", zlib.crc32(raw[4:-4]))
    try:
        marked, _ = draw(bytes(fixed), "AI生成", max_pixels=1 << 20)
    except (UnreadableInput, UnsupportedFormat) as error:
        assert error.text.zh
    except UsageError as error:
        assert error.code == "label-does-not-fit"
    else:
        assert opened(marked).size


def _loose(data: bytes) -> list[tuple[bytes, bytes]]:
    try:
        return chunks(data)
    except struct.error:
        return []


@pytest.mark.parametrize(("transfer", "white"), [(16, 148), (18, 191), (13, 255)])
@pytest.mark.parametrize("colour_type", [2, 6])
def test_in_high_dynamic_range_white_words_are_no_brighter_than_paper(
    transfer: int, white: int, colour_type: int
) -> None:
    rows = bytes((10, 20, 30, 128)[: CHANNELS[colour_type]]) * 200 * 120
    data = png(200, 120, 8, colour_type, rows, chunk(b"cICP", bytes((9, transfer, 0, 1))))
    out, drawn = draw(data, style="black")
    brightest = max(high for _, high in opened(out).convert("RGB").getextrema())
    assert white - 2 <= brightest <= white
    assert drawn.contrast >= 4.5
    found = ImageMark().find(io.BytesIO(out), MarkRequest(WORDS))
    assert found is not None
    assert found.ink_height == drawn.ink_height
