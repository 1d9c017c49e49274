"""The label on HEIC and AVIF: metadata and other items stay, tiles without it keep every bit, other readers agree."""

import contextlib
import io
import struct
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image, ImageChops, ImageStat

from noise import noise
from video_clips import ffmpeg
from yinji.errors import LimitExceeded, Truncated, UnreadableInput, UnsupportedFormat
from yinji.marks.base import Drawn, MarkRequest
from yinji.marks.heif.items import Heif
from yinji.marks.image import ImageMark

WORDS = "AI生成"
EXIF = b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x0e\0\2\0\0\0\4abc\0\0\0\0\0"
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"


def clouds(size: tuple[int, int] = (256, 192)) -> Image.Image:
    coarse = [noise((16, 12), 90, seed).resize(size, Image.Resampling.BICUBIC) for seed in range(3)]
    return Image.merge("RGB", coarse)


def heic(*pictures: Image.Image, **options: object) -> bytes:
    file = pillow_heif.from_pillow(pictures[0])
    for picture in pictures[1:]:
        file.add_from_pillow(picture)
    output = io.BytesIO()
    file.save(output, quality=70, **options)
    return output.getvalue()


def avif(picture: Image.Image, **options: object) -> bytes:
    output = io.BytesIO()
    picture.save(output, "AVIF", quality=70, speed=9, **options)
    return output.getvalue()


def decoded(data: bytes) -> Image.Image:
    return pillow_heif.open_heif(io.BytesIO(data)).to_pillow()


def draw(data: bytes, words: str = WORDS, **more) -> tuple[bytes, Drawn]:
    output = io.BytesIO()
    drawn = ImageMark().draw(io.BytesIO(data), output, MarkRequest(words, **more))
    return output.getvalue(), drawn


def find(data: bytes) -> Drawn | None:
    return ImageMark().find(io.BytesIO(data), MarkRequest(WORDS))


def box(type: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), type) + body


def grid(columns: int, rows: int, side: int = 128, turn: int = 0, kind: bytes = b"hvc1") -> bytes:
    """A picture of tiles as phones write it, from tiles coded one by one."""
    code, described, brand = (heic, b"hvcC", b"heic") if kind == b"hvc1" else (avif, b"av1C", b"avif")
    whole = clouds((columns * side, rows * side))
    corners = [(c * side, r * side) for r in range(rows) for c in range(columns)]
    tiles = [Heif.of(code(whole.crop((x, y, x + side, y + side))), "") for x, y in corners]
    count, first = len(tiles), tiles[0]
    config = next(first.data[p.start : p.stop] for p in first.properties if p.type == described)
    coded = [t.item(t.primary) for t in tiles]
    primary = count + 1
    infe = [box(b"infe", struct.pack(">IHH4sx", 0x02000000, i + 1, 0, kind)) for i in range(count)]
    infe.append(box(b"infe", struct.pack(">IHH4sx", 0x02000000, primary, 0, b"grid")))
    size = lambda w, h: box(b"ispe", struct.pack(">III", 0, w, h))  # noqa: E731
    ipco = box(b"ipco", config, size(side, side), size(columns * side, rows * side), box(b"irot", bytes((turn,))))
    owners = b"".join(struct.pack(">HBBB", i + 1, 2, 0x81, 2) for i in range(count))
    owners += struct.pack(">HBBB", primary, 2, 3, 0x84)
    iprp = box(b"iprp", ipco, box(b"ipma", struct.pack(">II", 0, count + 1), owners))
    targets = b"".join(struct.pack(">H", i + 1) for i in range(count))
    iref = box(b"iref", bytes(4), box(b"dimg", struct.pack(">HH", primary, count), targets))
    idat = box(b"idat", struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, columns * side, rows * side))

    def meta(start: int) -> bytes:
        places, at = b"", start
        for number, data in enumerate(coded):
            places += struct.pack(">HHHHII", number + 1, 0, 0, 1, at, len(data))
            at += len(data)
        places += struct.pack(">HHHHII", primary, 1, 0, 1, 0, 8)
        iloc = box(b"iloc", b"\1\0\0\0\x44\0", struct.pack(">H", count + 1), places)
        hdlr = box(b"hdlr", struct.pack(">II4s12xx", 0, 0, b"pict"))
        iinf = box(b"iinf", struct.pack(">IH", 0, count + 1), *infe)
        return box(b"meta", bytes(4), hdlr, box(b"pitm", struct.pack(">IH", 0, primary)), iinf, iloc, iprp, iref, idat)

    head = box(b"ftyp", brand, b"\0\0\0\0mif1", brand)
    start = len(head) + len(meta(0)) + 8
    return head + meta(start) + box(b"mdat", *coded)


@pytest.mark.parametrize("chroma", [420, 444])
def test_heic_keeps_its_metadata_and_says_that_it_was_encoded_again(chroma: int) -> None:
    data = heic(clouds(), exif=EXIF, xmp=XMP, chroma=chroma)
    out, drawn = draw(data)
    assert drawn.method == "re-encoded"
    one, other = pillow_heif.open_heif(io.BytesIO(data)), pillow_heif.open_heif(io.BytesIO(out))
    assert one.info["exif"] == other.info["exif"]
    assert one.info["xmp"] == other.info["xmp"]
    gap = ImageChops.difference(decoded(data), decoded(out))
    gap.paste(0, drawn.box)
    assert max(ImageStat.Stat(gap).mean) < 1.5
    assert drawn.ink_height >= drawn.needed_height
    assert drawn.contrast >= 4.5
    found = find(out)
    assert found is not None
    assert found.box == drawn.box
    assert find(data) is None


@pytest.mark.parametrize("turn", [0, 3])
def test_only_the_tiles_under_the_label_change(turn: int) -> None:
    data = grid(3, 2, turn=turn)
    out, drawn = draw(data)
    assert drawn.detail["tiles"] == 6
    assert drawn.detail["tiles_changed"] == 1
    width, height = (256, 384) if turn % 2 else (384, 256)
    assert drawn.box[2] > width - 20
    assert drawn.box[3] > height - 20
    before, after = Heif.of(data, ""), Heif.of(out, "")
    changed = [i for i in range(1, 7) if before.item(i) != after.item(i)]
    assert len(changed) == 1
    one, other = decoded(data), decoded(out)
    assert one.size == other.size == (width, height)
    gap = ImageChops.difference(one, other).getbbox()
    assert gap is not None
    assert gap[2] - gap[0] <= 128
    assert gap[3] - gap[1] <= 128
    assert find(out) is not None


def test_only_the_tiles_of_an_avif_under_the_label_change() -> None:
    data = grid(3, 2, kind=b"av01")
    out, drawn = draw(data)
    assert (drawn.detail["tiles"], drawn.detail["tiles_changed"]) == (6, 1)
    before, after = Heif.of(data, ""), Heif.of(out, "")
    assert [i for i in range(1, 7) if before.item(i) != after.item(i)] == [6]
    one, other = (Image.open(io.BytesIO(file)).convert("RGB") for file in (data, out))
    assert one.size == other.size == (384, 256)
    gap = ImageChops.difference(one, other).getbbox()
    assert gap is not None and gap[0] >= 255 and gap[1] >= 127  # chroma is smoothed across
    assert find(out) is not None


def deep(sampling: str, folder: Path) -> bytes:
    """An AVIF of 10 bits, by ffmpeg."""
    clouds().save(folder / "in.png")
    coding = ("-c:v", "libaom-av1", "-still-picture", "1", "-cpu-used", "8", "-crf", "20", "-pix_fmt", sampling)
    ffmpeg("-i", folder / "in.png", *coding, folder / "out.avif")
    return (folder / "out.avif").read_bytes()


def test_avif_of_ten_bits_keeps_them(tmp_path: Path) -> None:
    data = deep("yuv420p10le", tmp_path)
    out, drawn = draw(data)
    before, after = Heif.of(data, ""), Heif.of(out, "")
    flags = [file.property(file.primary, b"av1C")[2] & 0x7C for file in (before, after)]
    assert flags[0] == flags[1] == 0x4C
    gap = ImageChops.difference(*(Image.open(io.BytesIO(file)).convert("RGB") for file in (data, out)))
    gap.paste(0, drawn.box)
    assert max(ImageStat.Stat(gap).mean) < 2
    assert drawn.ink_height >= drawn.needed_height and drawn.contrast >= 4.5
    assert find(out) is not None


@pytest.mark.parametrize(
    ("sampling", "flags"), [("yuv444p10le", 0x40), ("yuv422p10le", 0x48), ("yuv420p12le", 0x6C), ("gray10le", 0x5C)]
)
def test_avif_of_many_bits_keeps_them_in_any_sampling(sampling: str, flags: int, tmp_path: Path) -> None:
    data = deep(sampling, tmp_path)
    out, drawn = draw(data)
    assert drawn.method == "re-encoded"
    before, after = Heif.of(data, ""), Heif.of(out, "")
    assert [file.property(file.primary, b"av1C")[2] & 0x7C for file in (before, after)] == [flags] * 2
    one, other = (Image.open(io.BytesIO(file)).convert("RGB") for file in (data, out))
    gap = ImageChops.difference(one, other)
    gap.paste(0, drawn.box)
    assert max(ImageStat.Stat(gap).mean) < 3
    assert drawn.ink_height >= drawn.needed_height
    assert drawn.contrast >= 4.5
    assert find(out) is not None


@pytest.mark.parametrize("sampling", ["4:2:0", "4:4:4"])
def test_avif_keeps_its_metadata_and_its_sampling(sampling: str) -> None:
    data = avif(clouds(), subsampling=sampling, exif=EXIF, xmp=XMP)
    out, drawn = draw(data)
    assert drawn.method == "re-encoded"
    one, other = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(out))
    assert (one.info["exif"], one.info["xmp"]) == (other.info["exif"], other.info["xmp"])
    before, after = Heif.of(data, ""), Heif.of(out, "")
    assert before.property(before.primary, b"av1C")[2] & 12 == after.property(after.primary, b"av1C")[2] & 12
    gap = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    gap.paste(0, drawn.box)
    assert max(ImageStat.Stat(gap).mean) < 2
    assert find(out) is not None


def test_avif_with_opacity_keeps_it() -> None:
    picture = clouds().convert("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 80, 60))
    data = avif(picture)
    out, _ = draw(data)
    alpha = [Image.open(io.BytesIO(d)).getchannel("A").tobytes() for d in (data, out)]
    assert alpha[0] == alpha[1]
    with pytest.raises(UnsupportedFormat):
        draw(data, place="top-left")


def test_every_frame_of_a_moving_avif_bears_the_label() -> None:
    frames = [clouds((160, 120)).rotate(90 * n) for n in range(3)]
    times = [90, 120, 300]
    more = {"exif": EXIF, "xmp": XMP, "subsampling": "4:4:4"}
    data = avif(frames[0], save_all=True, append_images=frames[1:], duration=times, **more)
    data += box(b"uuid", bytes(range(16)), b"somebody else's")
    data = data.replace(b"colrnclx\0\1\0\r", b"colrnclx\0\x0c\0\r")  # Display P3
    out, drawn = draw(data)
    assert drawn.method == "re-encoded"
    assert drawn.detail["frames"] == 3
    assert drawn.contrast >= 4.5
    assert out.endswith(data[data.rindex(b"uuid") - 4 :])
    assert out.count(b"colrnclx\0\x0c\0\r") == data.count(b"colrnclx\0\x0c\0\r") > 0
    with Image.open(io.BytesIO(data)) as before, Image.open(io.BytesIO(out)) as after:
        assert before.info["xmp"] == after.info["xmp"]
        assert dict(before.getexif()) == dict(after.getexif())
        assert after.n_frames == 3
        for number, time in enumerate(times):
            before.seek(number)
            after.seek(number)
            gap = ImageChops.difference(before.convert("RGB"), after.convert("RGB"))
            assert after.info["duration"] == time
            assert max(ImageStat.Stat(gap.crop(drawn.box)).mean) > 10
            gap.paste(0, drawn.box)
            assert max(ImageStat.Stat(gap).mean) < 4
    found = ImageMark().find(io.BytesIO(out), MarkRequest(WORDS))
    assert found is not None
    assert found.box == drawn.box


def test_what_is_made_otherwise_is_refused() -> None:
    frames = [clouds((64, 64)).convert("RGBA") for _ in range(2)]
    for frame in frames:
        frame.putalpha(90)
    with pytest.raises(UnsupportedFormat):
        draw(avif(frames[0], save_all=True, append_images=frames[1:]))
    with pytest.raises(LimitExceeded):
        draw(heic(clouds()), max_pixels=100)


def test_cut_and_broken_files_are_said_to_be() -> None:
    data = heic(clouds((64, 64)))
    with pytest.raises(Truncated):
        draw(data[: len(data) - 40])
    small = avif(clouds((64, 64)))
    for at in range(4, len(small), 61):
        with contextlib.suppress(UnreadableInput, UnsupportedFormat):
            draw(small[:at] + bytes((small[at] ^ 0x81,)) + small[at + 1 :])
