"""PNG and APNG: the harness over real files, every placement met in the wild, and what other programs read."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from test_exif import tiff
from test_jpeg import BARE, PACKET, WRAPPED

import oracles
import samples
from yinji.containers.model import Reading, State
from yinji.containers.png.chunks import chunks, make, make_xmp
from yinji.containers.png.container import Png
from yinji.containers.reading import read as read_source
from yinji.containers.source import Source
from yinji.errors import LimitExceeded, UnsupportedFormat
from yinji.testing import LABEL, PROPAGATED, Sample, applied, check_container, labelled, reading_of, survives

PNG = Png()
ORIGINAL = next(iter(Png.examples())).data
AFTER_HEADER = 33
BEFORE_END = len(ORIGINAL) - 12


def inserted(*parts: bytes, at: int = AFTER_HEADER, data: bytes = ORIGINAL) -> bytes:
    return data[:at] + b"".join(parts) + data[at:]


def compressed_xmp(packet: str) -> bytes:
    return make(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(packet.encode()))


def raw_profile(kind: str, data: bytes) -> bytes:
    lines = data.hex()
    text = f"\n{kind}\n{len(data):8}\n" + "\n".join(lines[i : i + 72] for i in range(0, len(lines), 72)) + "\n"
    return make(b"zTXt", f"Raw profile type {kind}".encode() + b"\0\0" + zlib.compress(text.encode()))


XMP_CHUNK = make_xmp(PACKET.encode())
EXIF = tiff(">", {0x010F: (2, b"maker\0")}, {0x9286: (7, b"ASCII\0\0\0" + WRAPPED.encode())})
PLACES = {
    "xmp": (inserted(XMP_CHUNK), "xmp", "element"),
    "xmp compressed": (inserted(compressed_xmp(PACKET)), "xmp", "element"),
    "xmp after idat": (inserted(XMP_CHUNK, at=BEFORE_END), "xmp", "element"),
    "text wrapped": (inserted(make(b"tEXt", b"AIGC\0" + WRAPPED.encode())), "png-text", "wrapped"),
    "text bare": (inserted(make(b"tEXt", b"AIGC\0" + BARE.encode())), "png-text", "bare"),
    "text late": (inserted(make(b"tEXt", b"AIGC\0" + BARE.encode()), at=BEFORE_END), "png-text", "bare"),
    "text lower case": (inserted(make(b"tEXt", b"aigc\0" + BARE.encode())), "png-text", "bare"),
    "text other key": (inserted(make(b"tEXt", b"Comment\0" + WRAPPED.encode())), "png-text", "wrapped"),
    "ztext": (inserted(make(b"zTXt", b"AIGC\0\0" + zlib.compress(BARE.encode()))), "png-text", "bare"),
    "itext": (inserted(make(b"iTXt", b"AIGC\0\0\0zh\0\0" + BARE.encode())), "png-text", "bare"),
    "itext compressed": (
        inserted(make(b"iTXt", b"AIGC\0\1\0\0\0" + zlib.compress(WRAPPED.encode()))),
        "png-text",
        "wrapped",
    ),
    "exif": (inserted(make(b"eXIf", EXIF)), "exif", "wrapped"),
    "private chunk": (inserted(make(b"aIGC", BARE.encode())), "png-chunk", "bare"),
    "private chunk of another name": (inserted(make(b"laBl", b"AIGC" + BARE.encode())), "png-chunk", "bare"),
    "trailer": (ORIGINAL + b"\n" + WRAPPED.encode(), "png-trailer", "wrapped"),
}


def read(data: bytes, *, thorough: bool = False) -> Reading:
    return reading_of(PNG, Sample("x.png", data), thorough=thorough)


def test_harness(sample_dir: Path) -> None:
    doubled = [(f"{name}.png", inserted(XMP_CHUNK, data=data)) for name, (data, *_) in PLACES.items()]
    check_container(PNG, [(path.name, path.read_bytes()) for path in samples.pngs()], doubled=doubled, mutations=40)


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
        ("xmp compressed", {"compressed"}),
        ("xmp after idat", {"late-chunk"}),
        ("text wrapped", set()),
        ("text bare", {"place"}),
        ("text lower case", {"key-case", "place"}),
        ("text other key", {"key-name", "place"}),
        ("exif", set()),
        ("private chunk", {"key-case", "place"}),
        ("trailer", {"no-key", "place", "after-end"}),
    ],
)
def test_departures_are_named(name: str, codes: set[str]) -> None:
    (found,) = read(PLACES[name][0]).found
    assert {problem.code for problem in found.problems} == codes


@pytest.mark.parametrize("name", PLACES)
def test_every_place_is_replaced_by_the_one(name: str) -> None:
    written = labelled(PNG, Sample("x.png", PLACES[name][0]), PROPAGATED)
    reading = read(written.data, thorough=True)
    assert [found.label for found in reading.found] == [PROPAGATED]
    assert reading.found[0].carrier == "xmp"
    assert reading.found[0].start == AFTER_HEADER
    assert written.data.count(b"ContentProducer") == 1


@pytest.mark.parametrize("kind", samples.PNGS)
def test_other_programs(kind: str, sample_dir: Path, tmp_path: Path) -> None:
    before = samples.png(kind)
    after = tmp_path / "after.png"
    after.write_bytes(labelled(PNG, Sample(before.name, before.read_bytes())).data)
    assert oracles.exiftool_label(after) == dict(LABEL.items())
    assert oracles.exiftool_warnings(after) == oracles.exiftool_warnings(before)
    assert oracles.pillow_hash(after) == oracles.pillow_hash(before)
    assert oracles.decoded_hash(after) == oracles.decoded_hash(before)


def test_propagation_changes_the_value_and_the_checksum_only() -> None:
    written = labelled(PNG, Sample("x.png", ORIGINAL))
    with Source.open(written.data) as source:
        splice = PNG.write(source, PROPAGATED, reading_of(PNG, written), in_place=True)
        chunk = next(c for c in chunks(source) if c.type == b"iTXt")
    assert splice.moves_nothing
    value, checksum = splice.edits
    assert chunk.start < value.start < value.stop < chunk.stop - 4
    assert (checksum.start, checksum.stop) == (chunk.stop - 4, chunk.stop)
    assert sum(len(edit.data) for edit in splice.edits) < 400
    reading = read(applied(splice, written.data), thorough=True)
    assert [problem.code for problem in reading.found[0].problems] == []


def test_a_propagator_s_edit_stays_in_place_when_the_room_was_left_by_others(sample_dir: Path) -> None:
    packet = samples.XMP.replace(b"<?xpacket end", b" " * 1500 + b"<?xpacket end")
    sample = Sample("x.png", inserted(make_xmp(packet)))
    with Source.open(sample.data) as source:
        assert PNG.write(source, LABEL, reading_of(PNG, sample), in_place=True).growth == 0


def test_wrong_checksums_are_reported() -> None:
    broken = bytearray(inserted(XMP_CHUNK))
    broken[AFTER_HEADER + len(XMP_CHUNK) - 1] ^= 1
    (found,) = read(bytes(broken)).found
    assert [problem.code for problem in found.problems] == ["crc"]
    assert found.label == LABEL


@pytest.mark.parametrize("chunk", ["zTXt", "iTXt", "xmp"])
def test_text_bombs_end_at_once(chunk: str) -> None:
    engine = zlib.compressobj(9)
    first, again = (engine.compress(bytes(1 << 20)) + engine.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    bomb = first + again * 1023 + engine.flush()
    front = {"zTXt": b"AIGC\0\0", "iTXt": b"AIGC\0\1\0\0\0", "xmp": b"XML:com.adobe.xmp\0\1\0\0\0"}[chunk]
    data = inserted(make(b"zTXt" if chunk == "zTXt" else b"iTXt", front + bomb))
    assert len(data) < 2_000_000
    reading = read(data)
    assert reading.state is State.UNREADABLE
    assert [problem.code for problem in reading.problems] == ["inflates-too-far"]
    with pytest.raises(LimitExceeded):
        labelled(PNG, Sample("x.png", data))
    reading = read(inserted(XMP_CHUNK, data=data))
    assert (reading.state, reading.label) == (State.LABELLED, LABEL)
    assert [problem.code for problem in reading.problems] == ["inflates-too-far"]


def test_too_many_chunks() -> None:
    assert read(inserted(*[make(b"tIME", bytes(7))] * 100_001)).state is State.UNREADABLE


def test_many_small_bombs_share_one_bound() -> None:
    small = make(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1 << 20)))
    assert read(inserted(*[small] * 40)).state is State.UNREADABLE


def test_raw_profiles_are_read_and_not_rewritten() -> None:
    for kind, payload in (("xmp", PACKET.encode()), ("exif", b"Exif\0\0" + EXIF), ("APP1", b"Exif\0\0" + EXIF)):
        data = inserted(raw_profile(kind, payload))
        assert read(data).label == LABEL
        with pytest.raises(UnsupportedFormat) as caught:
            labelled(PNG, Sample("x.png", data))
        assert caught.value.code == "png-raw-profile"


def test_credentials_are_noticed_and_left_alone() -> None:
    manifest = make(b"caBX", b"\0\0\0\x20jumb" + BARE.encode())
    reading = read(inserted(manifest))
    assert [block.carrier for block in reading.blocks] == ["c2pa"]
    assert reading.state is State.UNLABELLED
    assert manifest in labelled(PNG, Sample("x.png", inserted(manifest))).data


def test_reading_stops_at_the_image_once_a_label_was_seen(sample_dir: Path) -> None:
    written = labelled(PNG, Sample("x.png", samples.png("rgb").read_bytes()))
    with Source.open(written.data, name="x.png") as source:
        assert read_source(source).label == LABEL
        assert (source.reads, source.bytes_read) == (1, 4096)


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (b"", State.MALFORMED),
        (ORIGINAL[:8], State.MALFORMED),
        (ORIGINAL[:-1], State.MALFORMED),
        (bytes(5000), State.MALFORMED),
        (ORIGINAL[:8] + make(b"tEXt", b"Title\0x") + ORIGINAL[8:], State.MALFORMED),
        (inserted(b"\x7f\xff\xff\xf0IDAT"), State.MALFORMED),
        (inserted(b"\0\0\0\0\xff\xff\xff\xff\0\0\0\0"), State.MALFORMED),
        (inserted(make(b"tEXt", b"no keyword here" * 20)), State.MALFORMED),
        (inserted(make(b"zTXt", b"AIGC\0\0not deflate")), State.MALFORMED),
        (inserted(make(b"tEXt", b"AIGC\0not a label")), State.MALFORMED),
        (inserted(make(b"tEXt", b"AIGC\0")), State.MALFORMED),
        (inserted(XMP_CHUNK)[:-20], State.LABELLED),
        (inserted(make(b"IHDR", struct.pack(">2I5B", 60_000, 60_000, 8, 6, 0, 0, 0))), State.UNLABELLED),
    ],
)
def test_states(data: bytes, state: State) -> None:
    assert survives(PNG, data).state is state
    assert read(data).state is state
