"""JPEG: the harness over real files, every placement met in the wild, and what other programs read."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from test_exif import tiff

import oracles
import samples
import yinji
from yinji.containers import exif
from yinji.containers.jpeg.container import Jpeg
from yinji.containers.jpeg.segments import EXTENDED_XMP, XMP, segments
from yinji.containers.model import Reading, State
from yinji.containers.source import Source
from yinji.errors import UnsupportedFormat
from yinji.labels.aigc import AigcLabel
from yinji.testing import (
    LABEL,
    PROPAGATED,
    Sample,
    applied,
    check_container,
    labelled,
    reading_of,
    survives,
)

JPEG = Jpeg()
BARE, WRAPPED = LABEL.to_json(), LABEL.to_json(wrapped=True)
ELEMENT = BARE.replace('"', "&quot;")
ORIGINAL = next(iter(Jpeg.examples())).data
RDF = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
PACKET = (
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/">{RDF}<rdf:Description rdf:about=""'
    f' xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"><TC260:AIGC>{ELEMENT}</TC260:AIGC>'
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def segment(marker: int, payload: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload


def inserted(*parts: bytes, at: int = 20, data: bytes = ORIGINAL) -> bytes:
    """Puts segments behind the JFIF segment."""
    return data[:at] + b"".join(parts) + data[at:]


def with_comment(order: str, value: bytes) -> bytes:
    return inserted(segment(0xE1, b"Exif\0\0" + tiff(order, {0x010F: (2, b"maker\0")}, {0x9286: (7, value)})))


def between_scans() -> bytes:
    """A progressive file with a comment between two of its scans."""
    data = samples.jpeg("progressive").read_bytes()
    with Source.open(data) as source:
        scans = [s.start for s in segments(source, whole=True) if s.marker == 0xDA]
    return data[: scans[2]] + segment(0xFE, b"AIGC" + BARE.encode()) + data[scans[2] :]


PLACES = {
    "xmp": (inserted(segment(0xE1, XMP + PACKET.encode())), "xmp", "element"),
    "xmp utf-16": (inserted(segment(0xE1, XMP + PACKET.encode("utf-16-le"))), "xmp", "element"),
    "exif ascii": (with_comment("<", b"ASCII\0\0\0" + WRAPPED.encode()), "exif", "wrapped"),
    "exif bare": (with_comment(">", b"ASCII\0\0\0" + BARE.encode()), "exif", "bare"),
    "exif unicode": (with_comment(">", b"UNICODE\0" + WRAPPED.encode("utf-16-be")), "exif", "wrapped"),
    "exif undefined": (with_comment("<", bytes(8) + WRAPPED.encode()), "exif", "wrapped"),
    "exif description": (
        inserted(segment(0xE1, b"Exif\0\0" + tiff("<", {0x010E: (2, WRAPPED.encode() + b"\0")}))),
        "exif",
        "wrapped",
    ),
    "app11": (inserted(segment(0xEB, b"AIGC" + BARE.encode())), "jpeg-app", "bare"),
    "app11 before jfif": (inserted(segment(0xEB, b"AIGC" + BARE.encode()), at=2), "jpeg-app", "bare"),
    "app4": (inserted(segment(0xE4, b"AIGC\0" + WRAPPED.encode() + b"\0\0")), "jpeg-app", "wrapped"),
    "glued to jfif": (
        b"\xff\xd8" + segment(0xE0, ORIGINAL[6:20] + b"AIGC" + BARE.encode()) + ORIGINAL[20:],
        "jpeg-app",
        "bare",
    ),
    "comment": (inserted(segment(0xFE, WRAPPED.encode())), "jpeg-com", "wrapped"),
    "comment bare": (inserted(segment(0xFE, b"AIGC=" + BARE.encode())), "jpeg-com", "bare"),
    "between scans": (between_scans(), "jpeg-com", "bare"),
    "trailer": (ORIGINAL + WRAPPED.encode(), "jpeg-trailer", "wrapped"),
    "trailer named": (ORIGINAL + b"\0\0AIGC" + BARE.encode() + b"\n", "jpeg-trailer", "bare"),
    "trailer then zeros": (ORIGINAL + BARE.encode() + bytes(9000), "jpeg-trailer", "bare"),
}


def read(data: bytes, *, thorough: bool = False) -> Reading:
    return reading_of(JPEG, Sample("x.jpg", data), thorough=thorough)


def test_harness(sample_dir: Path) -> None:
    elsewhere = ("glued to jfif", "app11 before jfif", "between scans")
    packet = segment(0xE1, XMP + PACKET.encode())
    doubled = [(f"{n}.jpg", inserted(packet, data=data)) for n, (data, *_) in PLACES.items() if n not in elsewhere]
    check_container(JPEG, [(path.name, path.read_bytes()) for path in samples.jpegs()], doubled=doubled, mutations=40)


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("thorough", [False, True])
def test_every_place_is_read(name: str, thorough: bool) -> None:
    data, carrier, shape = PLACES[name]
    reading = read(data, thorough=thorough)
    assert reading.state is State.LABELLED
    (found,) = reading.found
    assert (found.label, found.carrier, found.shape) == (LABEL, carrier, shape)
    assert 0 < found.start < found.stop <= len(data)


@pytest.mark.parametrize("name", PLACES)
def test_every_place_is_replaced_by_the_one(name: str) -> None:
    data, *_ = PLACES[name]
    written = labelled(JPEG, Sample("x.jpg", data), PROPAGATED)
    reading = read(written.data, thorough=True)
    assert [found.label for found in reading.found] == [PROPAGATED]
    assert reading.found[0].carrier == "xmp"
    assert LABEL.to_json().encode() not in written.data
    assert written.data.replace(b"\0", b"").count(b"ContentProducer") == 1


@pytest.mark.parametrize("kind", samples.JPEGS)
def test_other_programs(kind: str, sample_dir: Path, tmp_path: Path) -> None:
    before = samples.jpeg(kind)
    after = tmp_path / "after.jpg"
    after.write_bytes(labelled(JPEG, Sample(before.name, before.read_bytes())).data)
    assert oracles.exiftool_label(after) == dict(LABEL.items())
    assert oracles.exiftool_warnings(after) == oracles.exiftool_warnings(before)
    assert oracles.pillow_hash(after) == oracles.pillow_hash(before)


def test_segment_order(sample_dir: Path) -> None:
    written = labelled(JPEG, Sample("camera.jpg", samples.jpeg("camera").read_bytes()))
    with Source.open(written.data) as source:
        walked = list(segments(source, whole=False))
        starts = [source.read(s.data, 5) for s in walked[:3]]
    assert starts == [b"JFIF\0", b"Exif\0", b"http:"]


def test_multi_picture_index_still_points(sample_dir: Path, tmp_path: Path) -> None:
    from PIL import Image

    before = samples.jpeg("mpf")
    after = tmp_path / "after.jpg"
    after.write_bytes(labelled(JPEG, Sample("mpf.jpg", before.read_bytes())).data)
    sizes = {}
    for path in (before, after):
        with Image.open(path) as image:
            assert image.n_frames == 2
            entries = image.mpinfo[0xB002]
            image.seek(1)
            image.load()
            sizes[path] = [(e["Size"], e["DataOffset"]) for e in entries]
    growth = after.stat().st_size - before.stat().st_size
    (first_before, second_before), (first_after, second_after) = sizes[before], sizes[after]
    assert first_after == (first_before[0] + growth, 0)
    assert second_after == second_before


@pytest.mark.parametrize("in_place", [False, True])
def test_the_film_of_a_motion_photo_is_where_exiftool_says(in_place: bool, sample_dir: Path, tmp_path: Path) -> None:
    """Its place is counted from the end of the file, in the packet that the label goes into (Motion Photo 1.0)."""
    film = samples.video("mp4").read_bytes()
    names = 'GCamera="http://ns.google.com/photos/1.0/camera/"'
    says = f'GCamera:MotionPhoto="1" GCamera:MicroVideo="1" GCamera:MicroVideoOffset="{len(film)}"'
    packet = f'<x:xmpmeta xmlns:x="adobe:ns:meta/">{RDF}<rdf:Description xmlns:{names} {says}/></rdf:RDF></x:xmpmeta>'
    picture = samples.jpeg("baseline").read_bytes()
    path, out = tmp_path / "motion.jpg", tmp_path / "labelled.jpg"
    path.write_bytes(picture[:2] + segment(0xE1, XMP + packet.encode()) + picture[2:] + film)
    if in_place:
        out.write_bytes(path.read_bytes())
        yinji.label(out, LABEL, in_place=True, metadata_only=True)
    else:
        yinji.label(path, LABEL, output=out, metadata_only=True)
    assert oracles.exiftool_label(out) == dict(LABEL.items())
    offset = int(oracles.exiftool(out)["XMP-GCamera:MicroVideoOffset"])
    assert out.read_bytes()[-offset:] == film


def test_offsets_of_further_images_follow_removed_segments(sample_dir: Path) -> None:
    data = samples.jpeg("mpf").read_bytes()
    with Source.open(data) as source:
        mpf = next(s for s in segments(source, whole=False) if s.marker == 0xE2)
    comment = segment(0xFE, b"AIGC" + BARE.encode())
    grown = bytearray(data[: mpf.stop] + comment + data[mpf.stop :])
    clean = labelled(JPEG, Sample("a.jpg", data)).data
    cleaned = labelled(JPEG, Sample("b.jpg", bytes(grown))).data
    difference = [i for i in range(len(clean)) if clean[i] != cleaned[i]]
    assert len(clean) == len(cleaned)
    assert difference and max(difference) - min(difference) < 32


def test_propagation_moves_nothing() -> None:
    written = labelled(JPEG, Sample("x.jpg", ORIGINAL))
    with Source.open(written.data) as source:
        reading = reading_of(JPEG, written)
        splice = JPEG.write(source, PROPAGATED, reading, in_place=True)
    assert splice.moves_nothing
    assert sum(len(edit.data) for edit in splice.edits) < 400
    assert applied(splice, written.data).count(b"http://ns.adobe.com/xap/1.0/") == 1


def test_extended_xmp_is_read_kept_and_its_label_refused() -> None:
    guid, foreign = b"0123456789ABCDEF0123456789ABCDEF", f"{RDF}<rdf:Description/></rdf:RDF>".encode()

    def dealt(packet: bytes) -> list[bytes]:
        half = len(packet) // 2
        portions = ((0, packet[:half]), (half, packet[half:]))
        front = EXTENDED_XMP + guid + struct.pack(">I", len(packet))
        return [segment(0xE1, front + struct.pack(">I", at) + part) for at, part in portions]

    reading = read(inserted(*dealt(PACKET.encode())))
    assert (reading.label, len(reading.found)) == (LABEL, 1)
    reading = read(inserted(*reversed(dealt(PACKET.encode()))))
    assert reading.label == LABEL
    with pytest.raises(UnsupportedFormat) as caught:
        labelled(JPEG, Sample("x.jpg", inserted(*dealt(PACKET.encode()))))
    assert caught.value.code == "xmp-extended-label"
    written = labelled(JPEG, Sample("x.jpg", inserted(*dealt(foreign))))
    assert all(part in written.data for part in dealt(foreign))
    assert read(inserted(dealt(PACKET.encode())[0])).state is State.MALFORMED


def test_a_packet_too_large_for_a_segment() -> None:
    filler = f"<rdf:Description><d:x xmlns:d='d'>{'y' * 62_000}</d:x></rdf:Description>"
    big = PACKET.replace("</rdf:RDF>", f"{filler}</rdf:RDF>")
    sample = Sample("x.jpg", inserted(segment(0xE1, XMP + big.encode())))
    assert reading_of(JPEG, labelled(JPEG, sample)).label == LABEL
    long = AigcLabel.first(LABEL.producer, LABEL.produce_id, reserved1="r" * 1500)
    assert reading_of(JPEG, labelled(JPEG, sample, long)).label == long
    longer = AigcLabel.first(LABEL.producer, LABEL.produce_id, reserved1="r" * 4000)
    with pytest.raises(UnsupportedFormat) as caught:
        labelled(JPEG, sample, longer)
    assert caught.value.code == "xmp-too-large"


def test_credentials_are_noticed_and_left_alone() -> None:
    jumbf = segment(0xEB, b"JP\0\1\0\0\0\1\0\0\0\x20jumb" + bytes(20) + BARE.encode())
    reading = read(inserted(jumbf, jumbf), thorough=True)
    assert [block.carrier for block in reading.blocks] == ["c2pa"]
    assert reading.state is State.UNLABELLED
    assert jumbf + jumbf in labelled(JPEG, Sample("x.jpg", inserted(jumbf, jumbf))).data


def test_the_rest_of_exif_survives(sample_dir: Path, tmp_path: Path) -> None:
    sample = Sample("x.jpg", with_comment("<", b"ASCII\0\0\0" + WRAPPED.encode()))
    written = labelled(JPEG, sample)
    (block,) = (b for b in reading_of(JPEG, written).blocks if b.carrier == "exif")
    assert isinstance(block.value, bytes)
    assert {f.name: f.text for f in exif.fields(block.value)} == {"Make": "maker", "UserComment": ""}
    path = tmp_path / "x.jpg"
    path.write_bytes(written.data)
    assert oracles.exiftool(path)["IFD0:Make"] == "maker"
    assert oracles.exiftool_label(path) == dict(LABEL.items())


def test_too_many_segments() -> None:
    assert read(inserted(*[segment(0xE3, b"")] * 102_000)).state is State.UNREADABLE


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (b"", State.MALFORMED),
        (b"\xff\xd8", State.MALFORMED),
        (b"\xff\xd8\xff\xd9", State.MALFORMED),
        (bytes(5000), State.MALFORMED),
        (ORIGINAL[:-1], State.MALFORMED),
        (ORIGINAL[:60], State.MALFORMED),
        (inserted(b"\xff\xe1\xff\xff"), State.MALFORMED),
        (inserted(b"garbage"), State.UNLABELLED),
        (inserted(b"garbage" * 600), State.MALFORMED),
        (inserted(segment(0xE1, XMP + b"<AIGC")), State.MALFORMED),
        (
            inserted(segment(0xE1, XMP + PACKET.replace("&quot;", "").encode())),
            State.MALFORMED,
        ),
        (inserted(segment(0xE1, b"Exif\0\0" + bytes(20))), State.MALFORMED),
        (inserted(segment(0xE1, XMP + PACKET.encode()))[:-30], State.LABELLED),
        (inserted(b"\xff" * 300), State.UNLABELLED),
        (ORIGINAL + b"a film or anything", State.UNLABELLED),
    ],
)
def test_states(data: bytes, state: State) -> None:
    assert survives(JPEG, data).state is state
    assert read(data).state is state


STRAY = {
    "two zeros": b"\0\0",
    "stuffed": b"\xff\0\xff\0junk",
    "filled": b"junk\xff\xff",
    "long": b"\x5a" * 4000,
}


@pytest.mark.parametrize("name", STRAY)
@pytest.mark.parametrize("at", ["behind jfif", "between scans"])
def test_stray_bytes_are_skipped_told_and_kept(name: str, at: str, tmp_path: Path) -> None:
    if at == "behind jfif":
        data = inserted(STRAY[name])
    else:
        data = between_scans().replace(segment(0xFE, b"AIGC" + BARE.encode()), segment(0xFE, b"x") + STRAY[name])
    reading = read(data, thorough=True)
    assert reading.state is State.UNLABELLED
    (problem,) = reading.problems
    size = len(STRAY[name].rstrip(b"\xff"))
    assert (problem.code, problem.values["size"]) == ("jpeg-stray-bytes", size)
    assert "jpeg-stray-bytes" in {problem.code for problem in read(data).problems} or at == "between scans"
    written = labelled(JPEG, Sample("x.jpg", data), PROPAGATED)
    assert STRAY[name] in written.data
    assert read(written.data, thorough=True).label == PROPAGATED
    before, after = tmp_path / "before.jpg", tmp_path / "after.jpg"
    before.write_bytes(data)
    after.write_bytes(written.data)
    assert oracles.pillow_hash(before) == oracles.pillow_hash(after)
    assert "JPEG" in oracles.exiftool(after)["File:FileType"]


@pytest.mark.parametrize("text", [BARE, "AIGC" + BARE, WRAPPED])
def test_a_label_among_stray_bytes_is_found_and_replaced(text: str) -> None:
    data = inserted(b"\0\1" + text.encode() + b"\2")
    reading = read(data, thorough=True)
    (found,) = reading.found
    assert (found.label, found.carrier, reading.state) == (LABEL, "jpeg-stray", State.LABELLED)
    written = labelled(JPEG, Sample("x.jpg", data), PROPAGATED)
    assert b"\0\1\2" in written.data
    assert [item.label for item in read(written.data, thorough=True).found] == [PROPAGATED]


@pytest.mark.parametrize(
    "gone",
    [
        pytest.param(b"\0\0" + segment(0xE1, XMP + PACKET.encode())[2:], id="marker"),
        pytest.param(bytes(len(XMP + PACKET.encode()) + 4), id="segment zeroed"),
        pytest.param(b" " * (len(XMP + PACKET.encode()) + 4), id="segment blanked"),
        pytest.param(b"\x5a" * 5000, id="too much"),
    ],
)
def test_a_wiped_segment_is_never_taken_for_stray_bytes(gone: bytes) -> None:
    reading = read(inserted(gone))
    assert (reading.state, reading.found) == (State.MALFORMED, ())


def test_stray_bytes_in_many_places_are_told_once() -> None:
    reading = read(inserted(*[b"junk" + segment(0xFE, b"x")] * 50))
    (problem,) = reading.problems
    assert (problem.code, problem.values["offset"], reading.state) == ("jpeg-stray-bytes", 20, State.UNLABELLED)
