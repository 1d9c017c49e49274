"""TIFF, BigTIFF and DNG: the harness over real files, every placement, and what other programs read."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracles
import pictures
from pictures import BARE, PACKET, WRAPPED
from yinji.containers.model import Reading, State
from yinji.containers.reading import read as read_source
from yinji.containers.registry import sniff
from yinji.containers.source import Source
from yinji.containers.tiff.container import Dng, Tiff
from yinji.containers.tiff.directories import FileView, directories
from yinji.errors import Malformed, Truncated, UnsupportedFormat
from yinji.labels.aigc import AigcLabel
from yinji.testing import LABEL, PROPAGATED, Sample, applied, check_container, labelled, reading_of, survives

TIFF = Tiff()
EXAMPLES = {example.name: example.data for example in Tiff.examples()}
XMP, DESCRIPTION, COMMENT, XP_COMMENT = 700, 270, 0x9286, 0x9C9C


def made(
    *pages: dict[int, tuple[int, bytes]], inner: dict[int, tuple[int, bytes]] | None = None, big: bool = False
) -> bytes:
    """A little-endian structure of pages with the given values of one-byte types; ``inner`` is page 0's EXIF."""
    width, entry = (8, "<HHQQ") if big else (4, "<HHII")
    front = "<Q" if big else "<H"
    data = b"II+\0\x08\0\0\0" + struct.pack("<Q", 16) if big else b"II*\0" + struct.pack("<I", 8)
    tables = [*pages, *([inner] if inner else [])]
    for number, page in enumerate(tables):
        pointed = {0x8769: (4, b"")} if inner and number == 0 else {}
        entries = sorted((page | pointed).items())
        start = len(data)
        stop = start + struct.calcsize(front) + struct.calcsize(entry) * len(entries) + width
        values = b""
        table = struct.pack(front, len(entries))
        for tag, (type, raw) in entries:
            at = stop + len(values)
            if tag == 0x8769:
                table += struct.pack(entry, tag, type, 1, 0xDEAD)
            elif len(raw) <= width:
                table += struct.pack(entry, tag, type, len(raw), 0)[:-width] + raw.ljust(width, b"\0")
            else:
                table += struct.pack(entry, tag, type, len(raw), at)
                values += raw
        values += b"\0" * (len(values) % 2)
        after = stop + len(values) if number < len(pages) - 1 else 0
        data += table + after.to_bytes(width, "little") + values
        if number == len(pages) - 1 and inner:
            data = data.replace((0xDEAD).to_bytes(width, "little"), len(data).to_bytes(width, "little"), 1)
    return data


def user_comment(text: str) -> dict[int, tuple[int, bytes]]:
    return {COMMENT: (7, b"ASCII\0\0\0" + text.encode())}


PLAIN = {DESCRIPTION: (2, b"a description\0")}
PLACES = {
    "type 7": (made(PLAIN | {XMP: (7, PACKET.encode())}), "xmp", "element"),
    "type 1": (made(PLAIN | {XMP: (1, PACKET.encode())}), "xmp", "element"),
    "big": (made(PLAIN | {XMP: (7, PACKET.encode())}, big=True), "xmp", "element"),
    "second page": (made(PLAIN, {XMP: (7, PACKET.encode())}), "xmp", "element"),
    "user comment": (made(PLAIN, inner=user_comment(WRAPPED)), "exif", "wrapped"),
    "user comment, big": (made(PLAIN, inner=user_comment(WRAPPED), big=True), "exif", "wrapped"),
    "description": (made({DESCRIPTION: (2, BARE.encode() + b"\0")}), "exif", "bare"),
    "description, big": (made({DESCRIPTION: (2, BARE.encode() + b"\0")}, big=True), "exif", "bare"),
    "description of page 2": (made({}, {DESCRIPTION: (2, BARE.encode() + b"\0")}), "exif", "bare"),
    "comment of Windows": (made({XP_COMMENT: (1, (WRAPPED + "\0").encode("utf-16-le"))}), "exif", "wrapped"),
    "trailer": (EXAMPLES["pixel.tiff"] + b"\n" + WRAPPED.encode(), "tiff-trailer", "wrapped"),
}


def read(data: bytes, *, thorough: bool = False) -> Reading:
    return reading_of(TIFF, Sample("x.tif", data), thorough=thorough)


def write(data: bytes) -> bytes:
    return labelled(TIFF, Sample("x.tif", data)).data


def test_harness() -> None:
    real = [(f"{kind}.tif", pictures.tiff(kind)) for kind in pictures.TIFFS]
    twice = PLAIN | {XMP: (7, PACKET.encode())}
    doubled = [
        ("pages.tif", made(twice, twice)),
        ("comment.tif", made(twice, inner=user_comment(WRAPPED))),
        ("description.tif", made({XMP: (1, PACKET.encode()), DESCRIPTION: (2, BARE.encode() + b"\0")})),
        ("without-packet.tif", made({DESCRIPTION: (2, BARE.encode() + b"\0")}, inner=user_comment(WRAPPED))),
        ("big.tif", made({DESCRIPTION: (2, BARE.encode() + b"\0")}, inner=user_comment(BARE), big=True)),
        ("trailer.tif", made(twice) + b" " + WRAPPED.encode()),
    ]
    check_container(TIFF, real, doubled=doubled, mutations=30)


def test_harness_dng() -> None:
    real = pictures.by_exiftool(pictures.tiff("raw"), "tiff", "-IFD0:DNGVersion=1 4 0 0", "-IFD0:Make=Yinji Optics")
    check_container(Dng(), [("camera.dng", real)], mutations=30)
    for name in ("camera.dng", "camera", "camera.tif"):
        with Source.open(write(real) if name == "camera" else real, name=name) as source:
            assert sniff(source).name == "dng"


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
        ("type 7", set()),
        ("type 1", set()),
        ("second page", {"tiff-page"}),
        ("user comment", set()),
        ("description", {"no-key"}),
        ("trailer", {"no-key", "place", "after-end"}),
    ],
)
def test_departures_are_named(name: str, codes: set[str]) -> None:
    (found,) = read(PLACES[name][0]).found
    assert {problem.code for problem in found.problems} == codes


@pytest.mark.parametrize("name", PLACES)
def test_every_place_is_replaced_by_the_one(name: str) -> None:
    data, *_ = PLACES[name]
    written = labelled(TIFF, Sample("x.tif", data), PROPAGATED).data
    reading = read(written, thorough=True)
    assert [(found.label, found.carrier, found.problems) for found in reading.found] == [(PROPAGATED, "xmp", ())]
    assert written.count(b"ContentProducer") == 1
    assert len(written) >= len(data)


@pytest.mark.parametrize("kind", pictures.TIFFS)
def test_other_programs(kind: str, tmp_path: Path) -> None:
    before, after = tmp_path / "before.tif", tmp_path / "after.tif"
    before.write_bytes(pictures.tiff(kind))
    after.write_bytes(write(pictures.tiff(kind)))
    assert oracles.exiftool_label(after) == dict(LABEL.items())
    told = set(oracles.exiftool_warnings(after)) - set(oracles.exiftool_warnings(before))
    assert told <= {"Non-standard format (undef) for IFD0 0x02bc ApplicationNotes"}  # the type that the guide asks for
    assert oracles.pillow_hash(after) == oracles.pillow_hash(before)
    if kind not in ("big", "jpeg"):  # which ffmpeg does not decode
        assert oracles.decoded_hash(after) == oracles.decoded_hash(before)
    if kind == "exiftool":
        one, other = oracles.exiftool(before), oracles.exiftool(after)
        for key in ("XMP-dc:Rights", "IFD0:Artist", "ExifIFD:UserComment"):
            assert one[key] == other[key]


@pytest.mark.parametrize("kind", pictures.TIFFS)
def test_nothing_moves(kind: str) -> None:
    data = pictures.tiff(kind)
    written = write(data)
    with Source.open(data) as source:
        splice = TIFF.write(source, LABEL, reading_of(TIFF, Sample("x.tif", data)), in_place=True)
    assert all(edit.growth == 0 for edit in splice.edits if edit.start < len(data))
    with Source.open(written) as source:
        first = next(directories(source, FileView(source)))
    assert sorted(entry.tag for entry in first.entries) == [entry.tag for entry in first.entries]
    assert [entry.type for entry in first.entries if entry.tag == XMP] == [7]
    assert first.start % 2 == 0
    assert all(entry.start % 2 == 0 for entry in first.entries if entry.tag == XMP)


def test_odd_files_get_an_even_directory() -> None:
    data = EXAMPLES["pixel.tiff"] + b"x"
    assert read(write(data)).label == LABEL
    with Source.open(write(data)) as source:
        assert next(directories(source, FileView(source))).start % 2 == 0


def test_the_type_that_the_guide_asks_for_is_written_over_another() -> None:
    written = write(PLACES["type 1"][0])
    with Source.open(written) as source:
        (entry,) = [e for e in next(directories(source, FileView(source))).entries if e.tag == XMP]
    assert entry.type == 7


def test_a_packet_with_room_is_written_over() -> None:
    packet = PACKET.encode() + b" " * 1000
    data = made({XMP: (7, packet)}) + bytes(100)
    with Source.open(data) as source:
        splice = TIFF.write(source, PROPAGATED, reading_of(TIFF, Sample("x.tif", data)), in_place=True)
    assert splice.moves_nothing
    assert sum(len(edit.data) for edit in splice.edits) < 1200


def test_a_packet_without_room_goes_to_the_end_and_leaves_zeros() -> None:
    data = made({XMP: (7, PACKET.encode())}, PLAIN)
    longer = AigcLabel("1", "producer", "id", "S" * 3000, "", "", "")
    written = labelled(TIFF, Sample("x.tif", data), longer).data
    assert read(written, thorough=True).label == longer
    at = data.index(b"<x:xmpmeta")
    assert written[at : at + len(PACKET)] == bytes(len(PACKET))


def test_a_shared_packet_is_left_to_the_other_page() -> None:
    data = bytearray(made({XMP: (7, PACKET.encode())}, {XMP: (7, b"<shared>")}))
    with Source.open(bytes(data)) as source:
        one, other = (page.entries[0] for page in directories(source, FileView(source)))
    data[other.at + 4 : other.at + 12] = data[one.at + 4 : one.at + 12]
    written = write(bytes(data))
    assert read(written).label == LABEL


def test_propagation_is_one_small_edit_in_place() -> None:
    for data in (pictures.tiff("pages"), pictures.tiff("big"), pictures.tiff("exiftool")):
        written = labelled(TIFF, Sample("x.tif", data))
        with Source.open(written.data) as source:
            splice = TIFF.write(source, PROPAGATED, reading_of(TIFF, written), in_place=True)
        assert splice.moves_nothing
        assert len(splice.edits) == 1
        assert sum(len(edit.data) for edit in splice.edits) < 1000
        assert read(applied(splice, written.data)).found[0].problems == ()


def test_credentials_are_noticed_and_left_alone() -> None:
    manifest = b"\0\0\0\x20jumb" + BARE.encode()
    data = made({0xCD41: (7, manifest)})
    reading = read(data)
    assert [block.carrier for block in reading.blocks] == ["c2pa"]
    assert reading.state is State.UNLABELLED
    assert manifest in write(data)


def test_texts_are_evidence() -> None:
    data = made({0x0131: (2, b"NovelAI\0"), 0x013B: (2, "画师".encode() + b"\0")})
    reading = read(data, thorough=True)
    (block,) = reading.blocks
    assert block.carrier == "exif"
    assert isinstance(block.value, bytes)
    assert b"NovelAI" in block.value


def test_reads_are_few() -> None:
    for kind in ("raw", "lzw", "ffmpeg"):
        for data, state in ((pictures.tiff(kind), State.UNLABELLED), (write(pictures.tiff(kind)), State.LABELLED)):
            with Source.open(data, name="x.tif") as source:
                assert read_source(source).state is state
                assert source.reads <= 4


def test_files_at_the_limit_of_four_gigabytes_are_refused() -> None:
    size = 0xFFFFFF00
    front = bytearray(EXAMPLES["pixel.tiff"])
    at = front.index(struct.pack("<HHII", 279, 4, 1, 1))
    front[at + 8 : at + 12] = struct.pack("<I", size - len(front) + 2)  # the strip reaches to the end

    class Sparse:
        """The pixel, then zeros up to the limit."""

        def __init__(self) -> None:
            self.size = size

        def read_range(self, start: int, length: int) -> bytes:
            return bytes(front[start : start + length]).ljust(length, b"\0")

    with Source.open(Sparse(), name="x.tif") as source:
        reading = read_source(source)
        assert (reading.state, source.reads) == (State.UNLABELLED, 1)
        with pytest.raises(UnsupportedFormat) as caught:
            TIFF.write(source, LABEL, reading, in_place=True)
    assert caught.value.code == "tiff-full"


def test_loops_end() -> None:
    data = bytearray(EXAMPLES["pages.tif"])
    with Source.open(bytes(data)) as source:
        first, second = directories(source, FileView(source))
    data[second.stop - 4 : second.stop] = struct.pack("<I", first.start)
    reading = read(bytes(data))
    assert (reading.state, [p.code for p in reading.problems]) == (State.MALFORMED, ["tiff-loop"])
    with pytest.raises(Malformed):
        write(bytes(data))


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (b"", State.MALFORMED),
        (b"II*\0\0\0\0\0", State.MALFORMED),
        (b"II*\0\x08\0\0\0\xff\xff", State.MALFORMED),
        (b"II+\0\x04\0\0\0" + struct.pack("<Q", 16) + bytes(16), State.MALFORMED),
        (b"II+\0\x08\0\0\0" + struct.pack("<Q", 16) + b"\xff" * 8 + bytes(400), State.MALFORMED),
        (b"II*\0\xff\xff\xff\xff" + bytes(100), State.MALFORMED),
        (made({XMP: (7, b"<not xml AIGC")}), State.MALFORMED),
        (made({XMP: (7, PACKET.encode())})[:-40], State.MALFORMED),
        (made({0x014A: (4, bytes(40_000))}), State.UNREADABLE),
        (made({DESCRIPTION: (2, b"\xff" * 9)}), State.UNLABELLED),
        (EXAMPLES["pixel-big.tif"], State.UNLABELLED),
        (EXAMPLES["pixel.tiff"] + bytes(5000), State.UNLABELLED),
    ],
)
def test_states(data: bytes, state: State) -> None:
    assert survives(TIFF, data).state is state
    assert read(data).state is state


@given(data=st.binary(max_size=300), big=st.booleans())
def test_any_directory_is_met_with_our_errors_alone(data: bytes, big: bool) -> None:
    survives(TIFF, (b"II+\0\x08\0\0\0" + struct.pack("<Q", 16) if big else b"II*\0\x08\0\0\0") + data)


@pytest.mark.parametrize("kind", ["lzw", "jpeg", "big", "pages", "exiftool", "motorola"])
def test_what_directories_point_to_is_missed(kind: str) -> None:
    """Strips and values are promised by an offset and a length: without them nobody can tell."""
    data = pictures.tiff(kind)
    for kept in (len(data) // 10, len(data) // 2, len(data) - 20):
        for thorough in (False, True):
            reading = reading_of(TIFF, Sample("cut.tif", data[:kept]), thorough=thorough)
            assert (kept, reading.state, reading.problems[-1].code) == (kept, State.MALFORMED, "truncated")
        with pytest.raises(Truncated):
            labelled(TIFF, Sample("cut.tif", data[:kept]))


def test_the_label_of_a_picture_cut_short_is_read_still() -> None:
    """A value of a tag that nobody knows is missing behind it."""
    data = made({XMP: (7, PACKET.encode())}, {40_000: (7, bytes(900))})[:-100]
    quick, thorough = (reading_of(TIFF, Sample("cut.tif", data), thorough=each) for each in (False, True))
    assert (quick.state, thorough.state) == (State.LABELLED, State.LABELLED)
    assert thorough.problems[-1].code == "truncated"
