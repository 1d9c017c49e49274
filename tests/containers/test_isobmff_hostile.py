"""ISO base media files that lie about their sizes, counts and nesting."""

from __future__ import annotations

import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bmff
from yinji.containers.bmff.container import Mp4
from yinji.containers.model import Reading, State
from yinji.containers.reading import read
from yinji.containers.source import Source
from yinji.errors import Malformed, UnsupportedFormat, YinjiError
from yinji.limits import Limits
from yinji.testing import LABEL, applied

BASE = next(e.data for e in Mp4.examples() if "last" in e.name)
FIRST = next(e.data for e in Mp4.examples() if "first" in e.name)
FTYP = bmff.box(b"ftyp", b"isom", bytes(4), b"isom")


def reading_of(content: bytes, **limits: int) -> Reading:
    with Source.open(content, name="a.mp4", limits=Limits(**limits)) as source:
        return read(source, thorough=True)


def attempt(content: bytes) -> Reading:
    """Reads and writes; only the package's own errors may come out of the write."""
    reading = reading_of(content)
    with Source.open(content, name="a.mp4") as source:
        try:
            splice = Mp4().write(source, LABEL, reading, in_place=False)
        except YinjiError:
            return reading
    assert reading_of(applied(splice, content)).label == LABEL
    return reading


def labelled(content: bytes) -> bytes:
    with Source.open(content, name="a.mp4") as source:
        return applied(Mp4().write(source, LABEL, read(source, thorough=True), in_place=False), content)


def codes(reading: Reading) -> set[str]:
    return {problem.code for problem in reading.problems}


def test_twenty_thousand_nested_movies() -> None:
    depth = 20_000
    content = b"".join(struct.pack(">I4s", 8 * (depth - n), b"moov") for n in range(depth))
    assert attempt(FTYP + content).state is State.UNLABELLED
    tracks = b"".join(struct.pack(">I4s", 8 * (depth - n), b"trak") for n in range(depth))
    assert attempt(FTYP + bmff.box(b"moov", tracks)).state is State.UNLABELLED


@pytest.mark.parametrize("count", [1, 2, 0x7FFFFFFF, 0xFFFFFFFF])
def test_count_of_keys_beyond_the_box(count: int) -> None:
    keys = bmff.box(b"keys", struct.pack(">II", 0, count))
    content = bmff.with_udta(BASE, bmff.box(b"meta", bytes(4), bmff.hdlr(b"mdta"), keys, bmff.box(b"ilst")))
    reading = attempt(content)
    assert reading.state is State.MALFORMED and "bmff-count" in codes(reading)


@pytest.mark.parametrize("size", [0, 4, 7, 9, 0x7FFFFFFF, 0xFFFFFFFF])
def test_size_of_a_key(size: int) -> None:
    keys = bmff.box(b"keys", struct.pack(">IIII", 0, 1, size, 0))
    content = bmff.with_udta(BASE, bmff.box(b"meta", bytes(4), bmff.hdlr(b"mdta"), keys, bmff.box(b"ilst")))
    assert attempt(content).state is (State.MALFORMED)


@pytest.mark.parametrize("size", [0, 1, 4, 7, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("path", ["moov", "moov/trak", "moov/udta", "moov/udta/meta", "moov/udta/meta/ilst", "mdat"])
def test_impossible_sizes(size: int, path: str) -> None:
    content = labelled(BASE)
    start = next(at for name, at, _, _ in bmff.walk(content) if name == path)
    broken = content[:start] + struct.pack(">I", size) + content[start + 4 :]
    reading = attempt(broken)
    if reading.state is State.LABELLED:
        assert reading.label == LABEL and (size == 0 or path == "moov/trak")
    else:
        assert reading.state is State.MALFORMED, reading


@pytest.mark.parametrize("size", [0, 8, 15, (1 << 63) - 1, (1 << 64) - 1])
def test_impossible_large_sizes(size: int) -> None:
    for content in (BASE, bmff.with_udta(BASE)):
        broken = content + struct.pack(">I4sQ", 1, b"free", size)
        assert attempt(broken).state is State.MALFORMED
    inside = bmff.with_in_moov(BASE, struct.pack(">I4sQ", 1, b"udta", size))
    assert attempt(inside).state is State.MALFORMED


def test_cut_at_every_byte() -> None:
    for content in (labelled(BASE), labelled(FIRST)):
        label_ends = content.rindex(b"}") + 1
        for cut in range(8, len(content)):
            reading = reading_of(content[:cut])
            assert reading.state is not State.UNLABELLED, cut
            assert reading.state is not State.LABELLED or (cut >= label_ends and reading.label == LABEL)


def test_zeros_behind_the_last_box_are_tolerated() -> None:
    for length in range(1, 8):
        assert reading_of(BASE + bytes(length)).state is State.UNLABELLED
        assert reading_of(BASE + b"x" * length).state is State.MALFORMED


def test_segment_without_a_header() -> None:
    segment = bmff.box(b"styp", b"msdh", bytes(4)) + bmff.box(b"moof", bmff.box(b"mfhd", bytes(8))) + bmff.box(b"mdat")
    reading = reading_of(segment)
    assert reading.state is State.UNREADABLE and "bmff-media-segment" in codes(reading)
    with Source.open(segment) as source, pytest.raises(UnsupportedFormat):
        Mp4().write(source, LABEL, reading, in_place=False)


def test_compressed_header_says_what_to_do() -> None:
    content = FTYP + bmff.box(b"moov", bmff.box(b"cmov", bmff.box(b"dcom", b"zlib"), bmff.box(b"cmvd", bytes(64))))
    reading = reading_of(content)
    assert reading.state is State.MALFORMED and "bmff-compressed-movie" in codes(reading)
    with Source.open(content) as source, pytest.raises(Malformed) as caught:
        Mp4().write(source, LABEL, reading, in_place=False)
    assert "ffmpeg" in caught.value.advice.en and "ffmpeg" in caught.value.advice.zh


def test_two_headers_are_not_edited() -> None:
    content = BASE + BASE[next(at for name, at, _, _ in bmff.walk(BASE) if name == "moov") :]
    with Source.open(content) as source, pytest.raises(Malformed, match="two movie headers"):
        Mp4().write(source, LABEL, reading_of(content), in_place=False)


def test_bounds() -> None:
    many = FTYP + bmff.box(b"free") * 2000 + BASE[len(FTYP) :]
    assert "too-many-elements" in codes(reading_of(many, elements=1000))
    large = bmff.with_udta(BASE, bmff.mdta_meta({b"AIGC": b"x" * 5000}))
    assert "too-large-read" in codes(reading_of(large, one_read=4096))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6),
    st.booleans(),
)
def test_damage_raises_only_our_errors(damage: list[tuple[float, bytes]], first: bool) -> None:
    content = bytearray(labelled(FIRST if first else BASE))
    for where, replacement in damage:
        at = int(where * len(content))
        content[at : at + len(replacement)] = replacement
    attempt(bytes(content))


KINDS = [b"meta", b"udta", b"keys", b"ilst", b"data", b"trak", b"uuid", b"XMP_", b"----", b"\xa9cmt"]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=100), st.lists(st.sampled_from(KINDS), max_size=5))
def test_random_boxes(payload: bytes, kinds: list[bytes]) -> None:
    for kind in kinds:
        payload = bmff.box(kind, payload) + payload[:20]
    attempt(bmff.with_in_moov(BASE, payload))
