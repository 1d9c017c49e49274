"""WebP: the harness over real files, every placement met in the wild, and what other programs read."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracles
import pictures
import samples
from pictures import BARE, PACKET, WRAPPED
from yinji.containers.model import Reading, State
from yinji.containers.reading import read as read_source
from yinji.containers.riff import make
from yinji.containers.source import Source
from yinji.containers.webp.container import WebP
from yinji.errors import Malformed
from yinji.testing import LABEL, PROPAGATED, Sample, applied, check_container, labelled, reading_of, survives

WEBP = WebP()
EXAMPLES = {example.name: example.data for example in WebP.examples()}
SIMPLE = EXAMPLES["lossy.webp"]
EXTENDED = EXAMPLES["alpha.webp"]
CHUNK = make(b"XMP ", PACKET.encode())


def naive(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """A second walker, as the container specification puts it."""
    assert (data[:4], data[8:12]) == (b"RIFF", b"WEBP")
    stop = 8 + struct.unpack_from("<I", data, 4)[0]
    at = 12
    while at < stop:
        id, size = struct.unpack_from("<4sI", data, at)
        yield id, data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    assert at == stop


def extended(*parts: bytes, flags: int = 0x14, data: bytes = EXTENDED) -> bytes:
    """The example with chunks appended and other flags."""
    body = data[12:] + b"".join(parts)
    return make(b"RIFF", b"WEBP" + body[:8] + bytes((flags,)) + body[9:])


def exif(value: bytes, tag: int = 0x9286) -> bytes:
    head = b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", tag, 7 if tag == 0x9286 else 2, len(value), 26)
    return make(b"EXIF", head + bytes(4) + value)


PLACES = {
    "xmp": (extended(CHUNK), "xmp", "element"),
    "xmp unannounced": (extended(CHUNK, flags=0x10), "xmp", "element"),
    "xmp in a simple file": (make(b"RIFF", SIMPLE[8:] + CHUNK), "xmp", "element"),
    "user comment": (extended(exif(b"ASCII\0\0\0" + WRAPPED.encode()), flags=0x18), "exif", "wrapped"),
    "user comment bare": (extended(exif(b"ASCII\0\0\0" + BARE.encode()), flags=0x18), "exif", "bare"),
    "description": (extended(exif(WRAPPED.encode() + b"\0", 0x010E), flags=0x18), "exif", "wrapped"),
    "chunk": (extended(make(b"AIGC", BARE.encode()), flags=0x10), "riff-chunk", "bare"),
    "chunk of another name": (extended(make(b"junk", b"AIGC" + BARE.encode()), flags=0x10), "riff-chunk", "bare"),
    "trailer": (EXTENDED + b"\n" + WRAPPED.encode(), "riff-trailer", "wrapped"),
}


def read(data: bytes, *, thorough: bool = False) -> Reading:
    return reading_of(WEBP, Sample("x.webp", data), thorough=thorough)


def write(data: bytes) -> bytes:
    return labelled(WEBP, Sample("x.webp", data)).data


def test_harness() -> None:
    real = [(f"{kind}.webp", pictures.webp(kind)) for kind in pictures.WEBPS]
    exif_chunk = exif(b"ASCII\0\0\0" + WRAPPED.encode())
    doubled = [
        ("packets.webp", extended(CHUNK, CHUNK)),
        ("comment.webp", extended(exif_chunk, CHUNK, flags=0x1C)),
        ("chunk.webp", extended(CHUNK, make(b"AIGC", BARE.encode()))),
        ("without-packet.webp", extended(exif_chunk, make(b"AIGC", BARE.encode()))),
        ("trailer.webp", extended(CHUNK) + WRAPPED.encode()),
    ]
    check_container(WEBP, real, doubled=doubled, mutations=30)


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("thorough", [False, True])
def test_every_place_is_read(name: str, thorough: bool) -> None:
    data, carrier, shape = PLACES[name]
    reading = read(data, thorough=thorough)
    assert reading.state is State.LABELLED
    (found,) = reading.found
    assert (found.label, found.carrier, found.shape) == (LABEL, carrier, shape)


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("xmp", set()),
        ("xmp unannounced", {"webp-flag"}),
        ("xmp in a simple file", {"webp-flag"}),
        ("user comment", set()),
        ("user comment bare", {"no-key"}),
        ("chunk", {"place"}),
        ("trailer", {"no-key", "place", "after-end"}),
    ],
)
def test_departures_are_named(name: str, codes: set[str]) -> None:
    (found,) = read(PLACES[name][0]).found
    assert {problem.code for problem in found.problems} == codes


@pytest.mark.parametrize("name", PLACES)
def test_every_place_is_replaced_by_the_one(name: str) -> None:
    written = labelled(WEBP, Sample("x.webp", PLACES[name][0]), PROPAGATED).data
    reading = read(written, thorough=True)
    assert [(found.label, found.carrier, found.problems) for found in reading.found] == [(PROPAGATED, "xmp", ())]
    assert written.count(b"ContentProducer") == 1
    assert [id for id, _ in naive(written)].count(b"XMP ") == 1


@pytest.mark.parametrize("kind", pictures.WEBPS)
def test_other_programs(kind: str, tmp_path: Path) -> None:
    before, after = tmp_path / "before.webp", tmp_path / "after.webp"
    before.write_bytes(pictures.webp(kind))
    after.write_bytes(write(pictures.webp(kind)))
    assert oracles.exiftool_label(after) == dict(LABEL.items())
    assert oracles.exiftool_warnings(after) == oracles.exiftool_warnings(before)
    assert oracles.pillow_hash(after) == oracles.pillow_hash(before)
    if kind not in ("animated", "everything", "ffmpeg"):  # which this ffmpeg does not decode
        assert oracles.decoded_hash(after) == oracles.decoded_hash(before)
    if kind in ("xmp", "everything"):
        assert oracles.exiftool(after)["XMP-dc:Rights"] == "© 测试"


@pytest.mark.parametrize("kind", pictures.WEBPS)
def test_the_canvas_and_the_flags_are_right(kind: str, tmp_path: Path) -> None:
    before, after = list(naive(pictures.webp(kind))), list(naive(write(pictures.webp(kind))))
    assert [c for c in after if c[0] not in (b"VP8X", b"XMP ")] == [c for c in before if c[0] not in (b"VP8X", b"XMP ")]
    id, extended_data = after[0]
    assert (id, len(extended_data)) == (b"VP8X", 10)
    assert extended_data[4:] == (159).to_bytes(3, "little") + (119).to_bytes(3, "little")
    ids = {id for id, _ in after}
    expected = 0x04 | 0x20 * (b"ICCP" in ids) | 0x08 * (b"EXIF" in ids) | 0x02 * (b"ANIM" in ids)
    assert extended_data[0] & 0x2E == expected
    if "alpha" in kind:
        assert extended_data[0] & 0x10


def test_only_the_end_grows_in_an_extended_file() -> None:
    for data in (pictures.webp("exif"), pictures.webp("animated")):
        with Source.open(data) as source:
            splice = WEBP.write(source, LABEL, reading_of(WEBP, Sample("x.webp", data)), in_place=True)
        assert [edit.start for edit in splice.edits if edit.growth] == [len(data)]


def test_a_missing_last_padding_is_made_up_for() -> None:
    body = SIMPLE[8:] + make(b"odd ", b"odd")[:-1]
    data = b"RIFF" + struct.pack("<I", len(body)) + body
    assert read(data).state is State.UNLABELLED
    assert [id for id, _ in naive(write(data))] == [b"VP8X", b"VP8 ", b"odd ", b"XMP "]


def test_of_two_packets_the_second_keeps_only_what_is_its_own() -> None:
    rights = make(b"XMP ", samples.XMP)
    assert [id for id, _ in naive(write(extended(CHUNK, CHUNK)))].count(b"XMP ") == 1
    assert [id for id, _ in naive(write(extended(rights, CHUNK)))].count(b"XMP ") == 1
    kept = write(extended(CHUNK, rights))
    assert "© 测试".encode() in kept
    assert len(read(kept, thorough=True).found) == 1


def test_propagation_is_one_small_edit_in_place() -> None:
    for kind in ("lossy", "everything"):
        written = labelled(WEBP, Sample("x.webp", pictures.webp(kind)))
        with Source.open(written.data) as source:
            splice = WEBP.write(source, PROPAGATED, reading_of(WEBP, written), in_place=True)
        assert splice.moves_nothing
        assert sum(len(edit.data) for edit in splice.edits) < 400
        assert read(applied(splice, written.data)).found[0].problems == ()


def test_credentials_are_noticed_and_left_alone() -> None:
    manifest = make(b"C2PA", b"\0\0\0\x20jumb" + BARE.encode())
    data = extended(manifest, flags=0x10)
    reading = read(data)
    assert [block.carrier for block in reading.blocks] == ["c2pa"]
    assert reading.state is State.UNLABELLED
    assert manifest in write(data)


def test_blanked_packets_are_told() -> None:
    for filler in (b" ", b"\0"):
        (block,) = read(extended(make(b"XMP ", filler * len(PACKET)))).blocks
        assert [problem.code for problem in block.problems] == ["xmp-blank"]


def test_reads_are_few() -> None:
    for kind in pictures.WEBPS:
        for data, state in ((pictures.webp(kind), State.UNLABELLED), (write(pictures.webp(kind)), State.LABELLED)):
            with Source.open(data, name="x.webp") as source:
                assert read_source(source).state is state
                assert source.reads <= (9 if kind == "everything" else 4)  # metadata announced: frames are walked
                assert source.bytes_read < 20_000


def test_long_animations_are_read_from_their_end() -> None:
    front, frame = EXAMPLES["animated.webp"][12:], make(b"ANMF", bytes(40_000))
    data = make(b"RIFF", b"WEBP" + front + frame * 60)
    for file, label in ((data, None), (write(data), LABEL)):
        with Source.open(file, name="x.webp") as source:
            assert read_source(source).label == label
            assert source.reads == 2
    assert read(make(b"RIFF", write(data)[8:] + frame)).label == LABEL


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (b"", State.MALFORMED),
        (b"RIFF\x04\0\0\0WEBP", State.MALFORMED),
        (SIMPLE[:-1], State.MALFORMED),
        (b"RIFF\xff\xff\xff\xff" + SIMPLE[8:], State.MALFORMED),
        (SIMPLE[:16] + b"\xff\xff\xff\xff" + SIMPLE[20:], State.MALFORMED),
        (make(b"RIFF", b"WEBP" + make(b"abcd", b"x")), State.MALFORMED),
        (b"RIFF" + SIMPLE[4:8] + b"WAVE" + SIMPLE[12:], State.MALFORMED),
        (extended(make(b"XMP ", b"<not xml AIGC")), State.MALFORMED),
        (extended(make(b"XMP ", b"<!DOCTYPE x [<!ENTITY a 'AIGC'>]><x/>")), State.MALFORMED),
        (extended(make(b"EXIF", b"AIGC")), State.MALFORMED),
        (SIMPLE + b"\0garbage", State.UNLABELLED),
        (EXAMPLES["animated.webp"][:-4], State.MALFORMED),
    ],
)
def test_states(data: bytes, state: State) -> None:
    assert survives(WEBP, data).state is state
    assert read(data).state is state


def test_a_label_behind_damaged_chunks_is_read_and_not_rewritten() -> None:
    data = extended(CHUNK)
    broken = data[:30] + b"\x3e\x6d\x34\x94" + data[34:]
    reading = read(broken)
    assert (reading.state, reading.label) == (State.LABELLED, LABEL)
    assert [problem.code for problem in reading.problems] == ["riff-chunk-id"]
    with pytest.raises(Malformed):
        write(broken)


@pytest.mark.parametrize("stream", [b"", b"\x30\1\0\x9d\1\x2b\1\0\1\0", b"\x30\1\0\x9d\1\x2a\0\0\0\0"])
def test_a_bitstream_without_a_size_cannot_be_extended(stream: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        write(make(b"RIFF", b"WEBP" + make(b"VP8 ", stream)))
    assert caught.value.code == "webp-bitstream"


@given(data=st.binary(max_size=300), extra=st.integers(0, 3))
def test_anything_inside_is_met_with_our_errors_alone(data: bytes, extra: int) -> None:
    survives(WEBP, make(b"RIFF", SIMPLE[8:] + data)[: len(SIMPLE) + len(data) - extra])
