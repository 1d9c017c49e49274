"""The label on GIF, APNG and WebP: in every frame; times and loops stay, and frames where they can."""

import contextlib
import io
import struct

import pytest
from PIL import Image, ImageChops, ImageDraw

from noise import noise
from yinji.errors import LimitExceeded, Truncated, UnreadableInput
from yinji.marks.base import Drawn, MarkRequest
from yinji.marks.image import ImageMark

WORDS = "AI生成"
SIZE = (200, 150)
TIMES = [40, 60, 80, 120, 250]
KINDS = ["GIF", "WEBP", "WEBP-lossless", "PNG"]


def moving(*, clear: bool = False) -> list[Image.Image]:
    """A ball that rolls over the lower half, before a sky or before nothing."""
    frames = []
    for number in range(len(TIMES)):
        frame = Image.new("RGBA", SIZE, (0, 0, 0, 0) if clear else (120, 160, 210, 255))
        brush = ImageDraw.Draw(frame)
        brush.ellipse((number * 38, 60, number * 38 + 44, 140), fill=(200, 40, 40, 255))
        frames.append(frame)
    return frames


def encoded(kind: str, frames: list[Image.Image], **options: object) -> bytes:
    output = io.BytesIO()
    if kind == "WEBP-lossless":
        options["lossless"] = True
    if len(frames) > 1:
        options |= {"save_all": True, "append_images": frames[1:], "duration": TIMES, "loop": 3}
    frames[0].save(output, kind.partition("-")[0], **options)
    return output.getvalue()


def draw(data: bytes, words: str = WORDS, **more) -> tuple[bytes, Drawn]:
    output = io.BytesIO()
    drawn = ImageMark().draw(io.BytesIO(data), output, MarkRequest(words, **more))
    return output.getvalue(), drawn


def shown(data: bytes) -> list[tuple[int, Image.Image]]:
    with Image.open(io.BytesIO(data)) as image:
        frames = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append((image.info.get("duration", 0), image.convert("RGBA")))
        return frames


def difference(one: Image.Image, other: Image.Image) -> tuple[int, int, int, int] | None:
    return ImageChops.difference(one, other).getbbox(alpha_only=False)


def inside(inner: tuple[int, ...] | None, outer: tuple[int, ...]) -> bool:
    return inner is None or (
        inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]
    )


@pytest.mark.parametrize("clear", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("disposal", [0, 1, 2, 3])
def test_every_frame_bears_the_label_and_time_stays(kind: str, clear: bool, disposal: int) -> None:
    options = {"disposal": disposal} if kind == "GIF" else {}
    if kind == "PNG":
        options = {"disposal": (0, 0, 1, 2)[disposal], "blend": disposal % 2}
    data = encoded(kind, moving(clear=clear), **options)
    out, drawn = draw(data)
    before, after = shown(data), shown(out)
    assert [t for t, _ in after] == [t for t, _ in before]
    assert Image.open(io.BytesIO(out)).info["loop"] == Image.open(io.BytesIO(data)).info["loop"] == 3
    for (_, old), (_, new) in zip(before, after, strict=True):
        assert difference(old.crop(drawn.box), new.crop(drawn.box)) is not None
        if drawn.method == "lossless":
            assert inside(difference(old, new), drawn.box)
    found = ImageMark().find(io.BytesIO(out), MarkRequest(WORDS))
    assert found is not None
    assert found.ink_height >= found.needed_height
    assert found.contrast >= 7


@pytest.mark.parametrize("kind", KINDS)
def test_frames_that_do_not_reach_the_label_keep_their_bytes(kind: str) -> None:
    options = {"kmin": 50, "kmax": 100} if kind.startswith("WEBP") else {}
    data = encoded(kind, moving(), **options)
    out, drawn = draw(data, place="top-left")
    assert drawn.detail["frames"] == 5
    assert drawn.detail["frames_changed"] <= 2
    start = {"GIF": b"\x2c", "PNG": b"fcTL", "WEBP": b"ANMF", "WEBP-lossless": b"ANMF"}[kind]
    tail = data[data.rindex(start) :]
    assert out.endswith(tail)


def frames_of(data: bytes) -> list[dict[bytes, bytes]]:
    """The chunks inside each ANMF, by a reader of its own."""
    found, at = [], 12
    while at + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        if data[at : at + 4] == b"ANMF":
            inner, stop, parts = at + 24, at + 8 + length, {}
            while inner + 8 <= stop:
                (size,) = struct.unpack_from("<I", data, inner + 4)
                parts[data[inner : inner + 4]] = data[inner + 8 : inner + 8 + size]
                inner += 8 + size + (size & 1)
            found.append(parts)
        at += 8 + length + (length & 1)
    return found


@pytest.mark.parametrize("mode", ["P", "L", "RGB", "1"])
def test_apng_of_other_colours(mode: str) -> None:
    frames = [f.convert("RGB").convert(mode) for f in moving()]
    data = encoded("PNG", frames)
    out, drawn = draw(data)
    assert drawn.method == ("widened" if mode in ("P", "1") else "lossless")
    for (_, old), (_, new) in zip(shown(data), shown(out), strict=True):
        assert inside(difference(old, new), drawn.box)


def test_the_picture_that_stands_in_for_an_apng_bears_the_label_too() -> None:
    data = encoded("PNG", moving(), default_image=True)
    out, drawn = draw(data)
    assert drawn.detail["frames"] == 4
    pairs = zip(shown(data), shown(out), strict=True)
    assert all(difference(old.crop(drawn.box), new.crop(drawn.box)) for (_, old), (_, new) in pairs)


def test_lossy_frames_over_the_label_get_a_hole_and_keep_their_coded_colours() -> None:
    data = encoded("WEBP", moving(), quality=80)
    out, drawn = draw(data)
    assert drawn.method == "re-encoded"
    assert drawn.detail["frames_encoded_again"] == 1
    assert drawn.detail["frames_changed"] > 1
    before, after = frames_of(data), frames_of(out)
    assert [f[b"VP8 "] for f in after[1:]] == [f[b"VP8 "] for f in before[1:]]
    assert any(b"ALPH" in f for f in after[1:])


@pytest.mark.parametrize("quality", [30, 60, 75, 90])
def test_a_lossy_still_is_encoded_in_its_own_quality(quality: int) -> None:
    picture = noise((40, 30), 90).resize((320, 240), Image.Resampling.BICUBIC).convert("RGB")
    data = encoded(
        "WEBP", [picture], quality=quality, icc_profile=b"profile", xmp=b"<x/>", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0"
    )
    out, drawn = draw(data)
    assert drawn.method == "re-encoded"
    assert quality - 5 <= drawn.detail["quality"] <= quality + 30
    one, other = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(out))
    assert all(one.info[key] == other.info[key] for key in ("icc_profile", "xmp", "exif"))
    assert drawn.ink_height >= drawn.needed_height
    assert drawn.contrast >= 4.5


def test_lossless_stills_keep_every_other_pixel_and_hidden_colours() -> None:
    picture = moving(clear=True)[0]
    picture.paste((9, 8, 7, 0), (0, 0, 60, 40))
    data = encoded("WEBP-lossless", [picture], exact=True)
    out, drawn = draw(data)
    assert drawn.method == "lossless"
    assert inside(difference(shown(data)[0][1], shown(out)[0][1]), drawn.box)


def test_a_full_palette_gives_way_and_says_so() -> None:
    colours = Image.new("P", (160, 128))
    colours.putpalette([v for i in range(256) for v in (i, 255 - i, (i * 37) % 256)])
    colours.putdata([(x + 160 * y) * 7 % 256 for y in range(128) for x in range(160)])
    data = encoded("GIF", [colours])
    _, drawn = draw(data)
    assert drawn.method == "few-colours"
    assert 1 <= drawn.detail["merged_colours"] <= 8
    assert drawn.contrast >= 4.5
    free = Image.new("P", (160, 128))
    free.putpalette([v for i in range(8) for v in (i * 30, 90, 90)])
    assert draw(encoded("GIF", [free]))[1].method == "lossless"


@pytest.mark.parametrize("kind", KINDS)
def test_cut_and_broken_files_are_said_to_be(kind: str) -> None:
    data = encoded(kind, moving())
    with pytest.raises(Truncated):
        draw(data[: len(data) * 2 // 3])
    for at in range(12, len(data), 97):
        broken = data[:at] + bytes((data[at] ^ 0x5A,)) + data[at + 1 :]
        with contextlib.suppress(UnreadableInput):
            draw(broken)


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_are_bounded(kind: str) -> None:
    with pytest.raises(LimitExceeded):
        draw(encoded(kind, moving()), max_pixels=1000)
