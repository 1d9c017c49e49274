"""JPEG XL: the harness over real files, packed boxes, rebuilding JPEGs, and what other programs read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jxl_files as files
import oracles
import samples
from heif_files import boxes
from pictures import BARE, PACKET, WRAPPED
from yinji.containers.bmff.boxes import make_box
from yinji.containers.bmff.movie import XMP_UUID
from yinji.containers.jpeg.container import Jpeg
from yinji.containers.jxl.boxes import HEADER
from yinji.containers.jxl.container import Jxl
from yinji.containers.model import Reading, State
from yinji.containers.reading import read as read_source
from yinji.containers.source import Source
from yinji.errors import MissingExtra
from yinji.testing import (
    LABEL,
    PROPAGATED,
    Sample,
    applied,
    check_container,
    labelled,
    media_hash,
    reading_of,
    survives,
)

JXL = Jxl()
CODE = next(iter(Jxl.examples())).data
PICTURE = make_box(b"jxlc", CODE)
OWN = PACKET.encode()
OTHER = samples.XMP


def packed(kind: bytes, content: bytes) -> bytes:
    return make_box(b"brob", kind, brotli.compress(content))


def comment(text: bytes) -> bytes:
    """An Exif box with a UserComment."""
    from heif_files import exif_item

    return exif_item(text)[1]


PLACES = {
    "in front": (HEADER + make_box(b"xml ", OWN) + PICTURE, "xmp", "element"),
    "behind": (HEADER + PICTURE + make_box(b"xml ", OWN), "xmp", "element"),
    "packed": (HEADER + packed(b"xml ", OWN) + PICTURE, "xmp", "element"),
    "packed behind": (HEADER + PICTURE + packed(b"xml ", OWN), "xmp", "element"),
    "exif": (HEADER + make_box(b"Exif", comment(WRAPPED.encode())) + PICTURE, "exif", "wrapped"),
    "packed exif": (HEADER + packed(b"Exif", comment(WRAPPED.encode())) + PICTURE, "exif", "wrapped"),
    "uuid": (HEADER + make_box(b"uuid", XMP_UUID, OWN) + PICTURE, "xmp", "element"),
    "bare": (CODE + bytes(40) + b"AIGC" + BARE.encode(), "jxl-trailer", "bare"),
}


def read(data: bytes, *, thorough: bool = True) -> Reading:
    return reading_of(JXL, Sample("x.jxl", data), thorough=thorough)


def write(data: bytes, label: object = LABEL) -> bytes:
    return labelled(JXL, Sample("x.jxl", data), label).data  # type: ignore[arg-type]


def test_harness() -> None:
    real = [(f"{kind}.jxl", files.jxl(kind)) for kind in files.JXLS]
    made = {
        "unended": HEADER + bytes(4) + PICTURE[4:],
        "last": HEADER + PICTURE + bytes(4) + make_box(b"xml ", OTHER)[4:],
        "packed": HEADER + packed(b"xml ", OTHER) + PICTURE,
        "index": HEADER + make_box(b"jxli", bytes(20)) + PICTURE,
    }
    doubled = {
        "two": HEADER + make_box(b"xml ", OWN) + PICTURE + make_box(b"xml ", OWN),
        "packed too": HEADER + make_box(b"xml ", OWN) + packed(b"xml ", OWN) + PICTURE,
        "exif too": HEADER + make_box(b"xml ", OWN) + packed(b"Exif", comment(WRAPPED.encode())) + PICTURE,
        "uuid too": HEADER + make_box(b"xml ", OWN) + make_box(b"uuid", XMP_UUID, OWN) + PICTURE,
    }
    check_container(
        JXL,
        [*real, *((f"{name}.jxl", data) for name, data in made.items())],
        doubled=[(f"{name}.jxl", data) for name, data in doubled.items()],
        mutations=20,
    )


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("thorough", [False, True])
def test_every_place_is_read(name: str, thorough: bool) -> None:
    data, carrier, shape = PLACES[name]
    reading = read(data, thorough=thorough)
    assert reading.state is State.LABELLED
    (found,) = reading.found
    assert (found.label, found.carrier, found.shape) == (LABEL, carrier, shape)
    told = {problem.code for problem in found.problems}
    assert ("compressed" in told) == name.startswith("packed")
    assert ("after-end" in told) == (name == "bare")


@pytest.mark.parametrize("name", PLACES)
def test_every_place_is_replaced_by_the_one(name: str) -> None:
    data = PLACES[name][0]
    written = write(data, PROPAGATED)
    assert [(found.label, found.carrier) for found in read(written).found] == [(PROPAGATED, "xmp")]
    assert written.count(b"ContentProducer") == 1
    assert media_hash(JXL, written) == media_hash(JXL, data)


@pytest.mark.parametrize("kind", files.JXLS)
def test_other_programs(kind: str, tmp_path: Path) -> None:
    before, after = tmp_path / "before.jxl", tmp_path / "after.jxl"
    data, written = files.jxl(kind), write(files.jxl(kind))
    before.write_bytes(data)
    after.write_bytes(written)
    assert oracles.exiftool_label(after) == dict(LABEL.items())
    assert oracles.exiftool_warnings(after) == oracles.exiftool_warnings(before)
    assert files.decoded(written) == files.decoded(data)
    if kind == "metadata":
        assert oracles.exiftool(after)["XMP-dc:Rights"] == "© 测试"
        assert oracles.exiftool(after)["IFD0:Artist"] == "someone"


@pytest.mark.parametrize("kind", ["jpeg", "jpeg-xmp"])
def test_the_jpeg_can_still_be_rebuilt(kind: str) -> None:
    original = samples.jpeg("xmp" if kind == "jpeg-xmp" else "camera").read_bytes()
    assert files.rebuilt(files.jxl(kind)) == original
    assert files.rebuilt(write(files.jxl(kind))) == original


@pytest.mark.parametrize("pack", [bytes, files.packed], ids=["plain", "packed"])
def test_the_label_of_a_jpeg_goes_with_it_and_comes_back(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    before, packed = tmp_path / "before.jpg", tmp_path / "packed.jxl"
    before.write_bytes(labelled(Jpeg(), Sample("x.jpg", samples.jpeg("camera").read_bytes())).data)
    oracles.run("cjxl", before, packed, "--quiet", "--lossless_jpeg=1")
    data = pack(packed.read_bytes())
    assert read(data).found[0].label == LABEL
    again = files.rebuilt(labelled(JXL, Sample("x.jxl", data), PROPAGATED).data)
    with Source.open(again) as source:
        assert [found.label for found in read_source(source).found] == [PROPAGATED]
    assert media_hash(Jpeg(), again) == media_hash(Jpeg(), before.read_bytes())


def test_a_bare_codestream_and_its_container_have_the_same_media() -> None:
    bare = files.jxl("bare")
    written = write(bare)
    assert written.endswith(bare)
    assert [kind for kind, *_ in boxes(written)] == [b"JXL ", b"ftyp", b"xml ", b"jxlc"]
    assert media_hash(JXL, written) == media_hash(JXL, bare)


def test_in_place_nothing_moves() -> None:
    data = files.jxl("container")
    with Source.open(data, name="x.jxl") as source:
        splice = JXL.write(source, LABEL, read(data), in_place=True)
    assert [(edit.start, edit.stop) for edit in splice.edits] == [(len(data), len(data))]
    written = applied(splice, data)
    with Source.open(written) as source:
        again = JXL.write(source, PROPAGATED, read(written), in_place=True)
    assert again.moves_nothing
    assert sum(len(edit.data) for edit in again.edits) < 400


def test_the_parts_of_a_picture_keep_their_order() -> None:
    data = files.jxl("jpeg")
    parts = [(kind, data[start:stop]) for kind, start, stop in boxes(data)]
    after = write(data)
    assert [p for p in ((k, after[a:b]) for k, a, b in boxes(after)) if p[0] != b"xml "] == parts


def test_without_brotli_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "brotli", None)
    reading = read(PLACES["packed"][0])
    assert reading.state is State.UNREADABLE
    assert [problem.code for problem in reading.problems] == ["jxl-packed"]
    assert read(HEADER + make_box(b"xml ", OWN) + packed(b"Exif", b"") + PICTURE).label == LABEL
    with pytest.raises(MissingExtra, match="brotli"):
        write(PLACES["packed"][0])
    assert read(files.jxl("container")).state is State.UNLABELLED


def test_bombs_are_not_unpacked() -> None:
    bomb = brotli.compress(bytes(1 << 26), quality=1)
    assert len(bomb) < 20000
    data = HEADER + make_box(b"brob", b"xml ", bomb) * 3 + PICTURE
    reading = read(data)
    assert reading.state is State.UNREADABLE
    assert [problem.code for problem in reading.problems] == ["inflates-too-far"]


def test_credentials_are_noticed_and_left_alone() -> None:
    store = make_box(b"jumb", make_box(b"jumd", b"c2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\3c2pa\0"), b"AIGC" * 9)
    data = HEADER + store + PICTURE
    assert [block.carrier for block in read(data).blocks] == ["c2pa"]
    assert read(data).state is State.UNLABELLED
    assert store in write(data)


@pytest.mark.parametrize(
    ("data", "state", "code"),
    [
        (HEADER, State.MALFORMED, "jxl-no-picture"),
        (HEADER + make_box(b"xml ", OTHER), State.MALFORMED, "jxl-no-picture"),
        (b"\0\0\0\x0cJXL \r\n\x87\r" + HEADER, State.MALFORMED, "jxl-no-picture"),
        (HEADER + make_box(b"jxlp", bytes(4), CODE), State.MALFORMED, "truncated"),
        (HEADER + PICTURE[:-3], State.MALFORMED, "truncated"),
        (HEADER + PICTURE + b"\0\0\0\7abcd", State.MALFORMED, "bmff-box-size"),
        (HEADER + make_box(b"brob", b"xml ", b"no brotli") + PICTURE, State.MALFORMED, "bad-compression"),
        (HEADER + make_box(b"brob", b"xml ", brotli.compress(OWN)[:-9]) + PICTURE, State.MALFORMED, "bad-compression"),
        (HEADER + make_box(b"brob", b"jxlc", b"") + PICTURE, State.MALFORMED, "jxl-packed-kind"),
        (HEADER + make_box(b"brob", b"x") + PICTURE, State.MALFORMED, "bmff-box-size"),
        (HEADER + make_box(b"xml ", b"<not xml AIGC") + PICTURE, State.MALFORMED, "block-unreadable"),
        (HEADER + make_box(b"xml ", bytes(900)) + PICTURE, State.MALFORMED, "packet-wiped"),
        (HEADER + make_box(b"Exif", b"\0\0\0\0nothing") + PICTURE, State.MALFORMED, "block-unreadable"),
        (HEADER + make_box(b"free", XMP_UUID + bytes(60)) + PICTURE, State.MALFORMED, "bmff-blanked"),
    ],
)
def test_states(data: bytes, state: State, code: str) -> None:
    reading = survives(JXL, data)
    assert (reading.state, [problem.code for problem in reading.problems]) == (state, [code])


def test_long_files_cost_few_small_reads() -> None:
    long = HEADER + make_box(b"jxlc", CODE + bytes(3_000_000)) + make_box(b"xml ", OTHER)
    for data in (long, write(long)):
        with Source.open(data, name="x.jxl") as source:
            read_source(source)
            assert source.reads <= 3
            assert source.bytes_read < 16384


@settings(max_examples=60)
@given(junk=st.binary(max_size=200), at=st.integers(0, 400))
def test_anything_inside_is_met_with_our_errors_alone(junk: bytes, at: int) -> None:
    data = HEADER + make_box(b"xml ", OWN) + packed(b"Exif", comment(WRAPPED.encode())) + PICTURE
    survives(JXL, data[:at] + junk + data[at:])
