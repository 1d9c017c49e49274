"""The label on BMP: colours are changed where they stand, palettes are widened."""

import contextlib
import io
import struct

import pytest
from PIL import Image, ImageChops

from noise import noise
from yinji.errors import LimitExceeded, Truncated, UnreadableInput
from yinji.marks import bmp
from yinji.marks.base import Drawn, MarkRequest
from yinji.marks.image import ImageMark

WORDS = "AI生成"


def clouds(mode: str) -> Image.Image:
    coarse = [noise((20, 15), 100, seed).resize((201, 150), Image.Resampling.BICUBIC) for seed in range(3)]
    picture = Image.merge("RGB", coarse)
    return picture.quantize(200) if mode == "P" else picture.convert(mode)


def encoded(mode: str) -> bytes:
    output = io.BytesIO()
    clouds(mode).save(output, "BMP", dpi=(200, 200))
    return output.getvalue()


def sixteen(masks: tuple[int, int, int] | None, *, downwards: bool = False) -> bytes:
    """Pixels of 16 bits, which no encoder at hand writes."""
    width, height = 150, 100
    rows = bytes(v & 255 for i in range(width * height) for v in (i * 7, i // width * 3))
    extra = struct.pack("<3I", *masks) if masks else b""
    info = struct.pack(
        "<IiiHHIIiiII", 40, width, -height if downwards else height, 1, 16, 3 if masks else 0, len(rows), 0, 0, 0, 0
    )
    start = 14 + len(info) + len(extra)
    return struct.pack("<2sIHHI", b"BM", start + len(rows), 0, 0, start) + info + extra + rows


def draw(data: bytes, **more) -> tuple[bytes, Drawn]:
    output = io.BytesIO()
    drawn = ImageMark().draw(io.BytesIO(data), output, MarkRequest(WORDS, **more))
    return output.getvalue(), drawn


def checked(data: bytes, method: str) -> tuple[bytes, Drawn]:
    out, drawn = draw(data)
    assert drawn.method == method
    one, other = (Image.open(io.BytesIO(d)).convert("RGB") for d in (data, out))
    gap = ImageChops.difference(one, other)
    assert gap.crop(drawn.box).getbbox() is not None
    gap.paste(0, drawn.box)
    assert gap.getbbox() is None
    assert drawn.ink_height >= drawn.needed_height
    assert drawn.contrast >= 4.5
    found = ImageMark().find(io.BytesIO(out), MarkRequest(WORDS))
    assert found is not None
    assert found.box == drawn.box
    return out, drawn


def test_colours_are_changed_where_they_stand() -> None:
    data = encoded("RGB")
    out, drawn = checked(data, "lossless")
    assert len(out) == len(data)
    row = (201 * 3 + 3) // 4 * 4
    changed = [i for i, (a, b) in enumerate(zip(data, out, strict=True)) if a != b]
    assert changed[0] >= 54
    assert changed[-1] < 54 + (150 - drawn.box[1]) * row


@pytest.mark.parametrize("masks", [None, (0xF800, 0x07E0, 0x001F)])
@pytest.mark.parametrize("downwards", [False, True])
def test_sixteen_bits(masks: tuple[int, int, int] | None, downwards: bool) -> None:
    checked(sixteen(masks, downwards=downwards), "lossless")


@pytest.mark.parametrize("mode", ["P", "L", "1"])
def test_palettes_are_widened(mode: str) -> None:
    data = encoded(mode)
    out, _ = checked(data, "widened")
    assert out[38:46] == data[38:46]


def test_cut_and_broken_files_are_said_to_be() -> None:
    data = encoded("RGB")
    with pytest.raises(Truncated):
        draw(data[:-200])
    with pytest.raises(LimitExceeded):
        draw(data, max_pixels=100)
    for at in range(2, 54):
        with contextlib.suppress(UnreadableInput):
            draw(data[:at] + bytes((data[at] ^ 0x5A,)) + data[at + 1 :])


def test_only_rows_are_held_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bmp, "_PIECE", 1000)
    for mode in ("RGB", "P", "L"):
        out, drawn = draw(encoded(mode), max_pixels=201 * 60)
        assert out == draw(encoded(mode))[0]
        found = ImageMark().find(io.BytesIO(out), MarkRequest(WORDS, max_pixels=201 * 60))
        assert found is not None
        assert found.box == drawn.box
