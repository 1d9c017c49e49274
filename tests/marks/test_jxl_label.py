"""The label on JPEG XL: coded by the reference encoder, decoded by the reference decoder."""

from __future__ import annotations

import contextlib
import io
import random
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

import jxl_files
import oracles
from marks.test_png_label import difference
from yinji.errors import LimitExceeded, Malformed, UnreadableInput, UnsupportedFormat, UsageError
from yinji.marks.base import Drawn, MarkRequest
from yinji.marks.codecs import calls
from yinji.marks.image import ImageMark
from yinji.marks.jxl.header import read_head
from yinji.marks.jxl.picture import codestream
from yinji.testing import mutated

WORDS = "AI生成"


def draw(data: bytes, **more) -> tuple[bytes, Drawn]:
    output = io.BytesIO()
    drawn = ImageMark().draw(io.BytesIO(data), output, MarkRequest(WORDS, **more))
    found = ImageMark().find(io.BytesIO(output.getvalue()), MarkRequest(WORDS))
    assert found is not None
    assert found.box == drawn.box
    assert drawn.ink_height >= drawn.needed_height
    assert drawn.contrast >= 4.5
    return output.getvalue(), drawn


def clouds(mode: str) -> Image.Image:
    ramp, round_ = (p.resize((170, 130)) for p in (Image.linear_gradient("L"), Image.radial_gradient("L")))
    if mode == "I;16":
        return Image.frombytes("I;16", ramp.size, b"".join(bytes((v * 7 % 256, v)) for v in round_.tobytes()))
    picture = Image.merge("RGBA", (ramp, round_, ImageChops.invert(ramp), round_.point([0] * 60 + [255] * 196)))
    return picture.convert(mode)


def coded(folder: Path, picture: Image.Image, *options: str) -> bytes:
    picture.save(folder / "in.png")
    oracles.run("cjxl", folder / "in.png", folder / "out.jxl", "--quiet", "-e", "3", "--num_threads=0", *options)
    return (folder / "out.jxl").read_bytes()


def decoded(folder: Path, data: bytes, ending: str = "png") -> bytes:
    (folder / "x.jxl").write_bytes(data)
    oracles.run("djxl", folder / "x.jxl", folder / f"x.{ending}", "--quiet", "--num_threads=0")
    return (folder / f"x.{ending}").read_bytes()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_what_is_coded_without_loss_stays_so(mode: str, tmp_path: Path) -> None:
    data = coded(tmp_path, clouds(mode), "-d", "0", "--container=1")
    out, drawn = draw(data)
    assert drawn.method == "lossless"
    assert read_head(codestream(out)).bits == 8
    changed = difference(decoded(tmp_path, data), decoded(tmp_path, out))
    left, top, right, bottom = drawn.box
    assert left <= changed[0] < changed[2] <= right
    assert top <= changed[1] < changed[3] <= bottom


def test_what_lost_something_is_encoded_again(tmp_path: Path) -> None:
    data = jxl_files.jxl("metadata")
    out, drawn = draw(data)
    assert drawn.method == "re-encoded"
    assert out.index(b"xml ") and out.index(b"Exif")
    one, other = (Image.open(io.BytesIO(decoded(tmp_path, d))).convert("RGB") for d in (data, out))
    gap = ImageChops.difference(one, other)
    gap.paste(0, drawn.box)
    assert max(ImageStat.Stat(gap).mean) < 5
    assert draw(jxl_files.jxl("bare"))[0].startswith(b"\xff\x0a")


@pytest.mark.parametrize("kind", ["jpeg", "jpeg-xmp"])
def test_a_packed_jpeg_comes_back_with_the_label(kind: str, tmp_path: Path) -> None:
    data = jxl_files.jxl(kind)
    out, drawn = draw(data)
    assert drawn.method == "coefficients"
    before, after = decoded(tmp_path, data, "jpg"), decoded(tmp_path, out, "jpg")
    assert ImageMark().find(io.BytesIO(after), MarkRequest(WORDS)) is not None
    assert after[: after.index(b"\xff\xda")] == before[: before.index(b"\xff\xda")]
    gap = ImageChops.difference(*(Image.open(io.BytesIO(d)).convert("RGB") for d in (before, after)))
    gap.paste(0, tuple(drawn.detail["changed"]))
    assert gap.getbbox() is None


def test_a_packed_jpeg_whose_metadata_changed_since_is_labelled_by_its_pixels() -> None:
    data = jxl_files.jxl("jpeg-xmp")
    at = data.index(b"xml ") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    out, drawn = draw(
        data[:at] + (size + 9).to_bytes(4, "big") + data[at + 4 : at + size] + bytes(9) + data[at + size :]
    )
    assert drawn.method == "re-encoded"
    assert b"jbrd" not in out


def test_a_turned_picture_is_labelled_as_it_is_seen(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = clouds("RGB")
    picture.save(tmp_path / "in.png", exif=exif)
    oracles.run("cjxl", tmp_path / "in.png", tmp_path / "out.jxl", "--quiet", "-d", "0", "--num_threads=0")
    data = (tmp_path / "out.jxl").read_bytes()
    out, drawn = draw(data)
    one, other = (decoded(tmp_path, d) for d in (data, out))
    assert Image.open(io.BytesIO(one)).size == Image.open(io.BytesIO(other)).size
    assert difference(one, other)[2] <= drawn.box[2]


def test_what_cannot_be_written_again_is_refused(tmp_path: Path) -> None:
    wide = coded(tmp_path, clouds("RGB"), "-d", "1", "-x", "color_space=RGB_D65_DCI_Per_SRG")
    ten = coded(tmp_path, clouds("RGB"), "-d", "0", "--override_bitdepth=10")
    sixteen = coded(tmp_path, clouds("I;16"), "-d", "0")
    for data in (jxl_files.jxl("animated"), wide, ten, sixteen):
        with pytest.raises(UnsupportedFormat):
            draw(data)
    with pytest.raises(LimitExceeded):
        draw(jxl_files.jxl("bare"), max_pixels=100)


@pytest.mark.parametrize("kind", ["bare", "jpeg-xmp"])
def test_damage_raises_nothing_but_our_own(kind: str) -> None:
    data = jxl_files.jxl(kind)
    chance = random.Random(7)
    for broken in (
        *(mutated(chance, data) for _ in range(40)),
        *(data[:n] for n in range(1, len(data), len(data) // 12)),
    ):
        with contextlib.suppress(UnreadableInput, UnsupportedFormat, UsageError):
            ImageMark().draw(io.BytesIO(broken), io.BytesIO(), MarkRequest(WORDS, max_pixels=1 << 20))


def test_a_codec_that_dies_costs_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = coded(tmp_path, clouds("RGB"), "-d", "1")
    draw(data)
    for waiting in calls.POOL.idle():  # ended while nobody used it: the next file does not notice
        waiting.process.kill()
        waiting.process.wait()
    draw(data)
    calls.POOL.close()
    monkeypatch.setattr(calls, "SECONDS", 0.0)
    with pytest.raises(Malformed) as error:
        draw(data)
    assert error.value.code == "mark-not-decodable"
    calls.POOL.close()
    monkeypatch.undo()
    draw(data)
