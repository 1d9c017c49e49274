"""AVI: the harness over real files, every placement, what ffmpeg reads, OpenDML offsets, and blanked labels."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles
import samples
from yinji.containers import xmp
from yinji.containers.avi import index as avi_index
from yinji.containers.avi.container import Avi
from yinji.containers.avi.places import INFO, MEDIA
from yinji.containers.model import Reading, State
from yinji.containers.reading import read as read_source
from yinji.containers.riff import chunks, forms, make, make_list
from yinji.containers.source import Source
from yinji.containers.window import Window
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

AVI = Avi()
JSON = LABEL.to_json()
BARE, NAMED, LONG = (example.data for example in Avi.examples())
LABELLED = make_list(INFO, make(b"AIGC", JSON.encode() + b"\0"))
PACKET = xmp.with_label(None, JSON)


@pytest.fixture(scope="session")
def real(sample_dir: Path) -> Path:
    """A film with a title, as ffmpeg writes it."""
    path = samples.directory() / "titled.avi"
    video = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10:duration=4", "-c:v", "mpeg4", "-g", "5")
    sound = ("-f", "lavfi", "-i", "sine=frequency=440:duration=4")
    oracles.run("ffmpeg", "-v", "error", "-y", *sound, *video, "-metadata", "title=一部影片", path)
    return path


def grown(data: bytes, *more: bytes, media_first: bool = True) -> bytes:
    """Adds chunks at the end of the first RIFF, or in front of its media."""
    size = struct.unpack_from("<I", data, 4)[0]
    at = 8 + size if media_first else data.index(b"movi") - 8
    added = b"".join(more)
    return data[:4] + struct.pack("<I", size + len(added)) + data[8:at] + added + data[at:]


def in_headers(data: bytes, more: bytes) -> bytes:
    at = data.index(b"hdrl")
    size = struct.unpack_from("<I", data, at - 4)[0]
    longer = data[: at - 4] + struct.pack("<I", size + len(more)) + data[at : at + size] + more + data[at + size :]
    return longer[:4] + struct.pack("<I", len(longer) - 8) + longer[8:]


PLACES = {
    "tail": (grown(BARE, LABELLED), "riff-info", set()),
    "front": (grown(BARE, LABELLED, media_first=False), "riff-info", set()),
    "second list": (grown(NAMED, LABELLED), "riff-info", set()),
    "no nul": (grown(BARE, make_list(INFO, make(b"AIGC", JSON.encode()))), "riff-info", set()),
    "comment": (grown(BARE, make_list(INFO, make(b"ICMT", JSON.encode() + b"\0"))), "riff-info", {"key-name"}),
    "lower case": (grown(BARE, make_list(INFO, make(b"aigc", JSON.encode()))), "riff-info", {"key-case"}),
    "bare chunk": (grown(BARE, make(b"AIGC", JSON.encode())), "riff-chunk", {"place"}),
    "xmp": (grown(BARE, make(b"_PMX", PACKET)), "xmp", {"place"}),
    "headers": (in_headers(BARE, LABELLED), "riff-info", {"avi-place"}),
    "later riff": (LONG + make_list(b"AVIX", LABELLED, id=b"RIFF"), "riff-info", {"avi-place"}),
    "behind the end": (BARE + b"\n" + JSON.encode(), "riff-trailer", {"no-key", "place", "after-end"}),
}


def read(data: bytes, *, thorough: bool = False) -> Reading:
    return reading_of(AVI, Sample("x.avi", data), thorough=thorough)


def test_harness(real: Path) -> None:
    doubled = [(f"{name}.avi", grown(data, LABELLED)) for name, (data, *_) in PLACES.items()]
    check_container(AVI, [("titled.avi", real.read_bytes())], doubled=doubled, mutations=40)


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("thorough", [False, True])
def test_every_place_is_read(name: str, thorough: bool) -> None:
    data, carrier, codes = PLACES[name]
    (found,) = read(data, thorough=thorough).found
    assert (found.label, found.carrier) == (LABEL, carrier)
    assert {problem.code for problem in found.problems} == codes


@pytest.mark.parametrize("name", PLACES)
def test_every_place_is_replaced_by_the_one(name: str) -> None:
    data = PLACES[name][0]
    written = labelled(AVI, Sample("x.avi", data), PROPAGATED)
    (found,) = read(written.data, thorough=True).found
    assert (found.label, found.carrier, found.problems) == (PROPAGATED, "riff-info", ())
    assert written.data.count(b"ContentProducer") == 1
    assert written.data.count(b"ISFT") == data.count(b"ISFT")
    assert media_hash(AVI, written.data) == media_hash(AVI, data)


def test_other_programs(real: Path, tmp_path: Path) -> None:
    for path in (real, samples.video("avi")):
        after = tmp_path / path.name
        after.write_bytes(labelled(AVI, Sample(path.name, path.read_bytes())).data)
        assert after.stat().st_size == path.stat().st_size
        assert oracles.ffprobe_label(after) == dict(LABEL.items())
        tags = oracles.ffprobe(after)["format"]["tags"]
        assert {k: v for k, v in tags.items() if k != "AIGC"} == oracles.ffprobe(path)["format"].get("tags", {})
        assert oracles.exiftool_warnings(after) == oracles.exiftool_warnings(path)
        assert oracles.stream_hash(after) == oracles.stream_hash(path)
        assert oracles.decoded_hash(after) == oracles.decoded_hash(path)
    assert seeking(tmp_path / real.name) == seeking(real)
    told = oracles.exiftool(tmp_path / real.name, "-u", "-a")
    assert f"{len(JSON)} bytes" in told["RIFF:Unknown_AIGC"]


def seeking(path: Path) -> list[str]:
    out = oracles.run("ffmpeg", "-v", "error", "-ss", "2.6", "-i", path, "-map", "0:v", "-f", "framemd5", "-")
    return [line for line in out.decode().splitlines() if not line.startswith("#")]


def test_a_tail_list_is_read_by_ffmpeg(tmp_path: Path) -> None:
    path = tmp_path / "x.avi"
    path.write_bytes(labelled(AVI, Sample("x.avi", BARE)).data)
    assert oracles.ffprobe_label(path) == dict(LABEL.items())
    assert seeking(path)[:1] == []
    assert len(oracles.stream_hash(path)) > 10


def test_offsets_of_later_riffs_are_corrected(tmp_path: Path) -> None:
    written = labelled(AVI, Sample("x.avi", LONG)).data
    assert len(written) > len(LONG)
    old, new = naive_frames(LONG), naive_frames(written)
    assert old == new
    assert len(new) == 16
    path, before = tmp_path / "x.avi", tmp_path / "y.avi"
    path.write_bytes(written)
    before.write_bytes(LONG)
    assert oracles.stream_hash(path) == oracles.stream_hash(before)


def naive_frames(data: bytes) -> list[bytes]:
    """Follows the OpenDML indexes from the headers to every frame."""
    at = data.index(b"indx") + 8
    count = struct.unpack_from("<I", data, at + 4)[0]
    frames = []
    for n in range(count):
        offset, size = struct.unpack_from("<QI", data, at + 24 + 16 * n)
        assert data[offset : offset + 4] == b"ix00"
        assert struct.unpack_from("<I", data, offset + 4)[0] + 8 == size
        entries, base = struct.unpack_from("<I", data, offset + 12)[0], struct.unpack_from("<Q", data, offset + 20)[0]
        assert data[base : base + 4] == b"movi"
        for m in range(entries):
            first, length = struct.unpack_from("<II", data, offset + 32 + 8 * m)
            assert data[base + first - 8 : base + first - 4] == b"00db"
            frames.append(data[base + first : base + first + length])
    return frames


def test_propagation_moves_nothing(real: Path) -> None:
    for data in (real.read_bytes(), BARE, LONG):
        written = labelled(AVI, Sample("x.avi", data))
        with Source.open(written.data) as source:
            splice = AVI.write(source, PROPAGATED, reading_of(AVI, written), in_place=True)
        assert splice.moves_nothing
        assert sum(len(edit.data) for edit in splice.edits) < 400
        assert read(applied(splice, written.data)).label == PROPAGATED


def test_few_reads(real: Path) -> None:
    data = real.read_bytes()
    for with_label in (False, True):
        content = labelled(AVI, Sample("x.avi", data)).data if with_label else data
        with Source.open(content, name="x.avi") as source:
            assert (read_source(source).label == LABEL) == with_label
            assert source.reads <= (2 if with_label else 4)


def test_room_is_filled_to_the_byte() -> None:
    """Whatever the JUNK has left, the lists and the file stay whole: too little for a chunk becomes NULs."""
    size = len(LABELLED)
    for spare in range(0, 24, 2):
        data = grown(BARE, LABELLED, make(b"JUNK", bytes(spare)), media_first=False)
        longer = PROPAGATED.propagated("001191110000MA0TE5T00Q20001", "post-42" + "x" * (spare // 2))
        written = labelled(AVI, Sample("x.avi", data), longer).data
        assert read(written, thorough=True).label == longer
        assert media_hash(AVI, written) == media_hash(AVI, data)
        with Source.open(written) as source:
            window = Window(source)
            assert [c.type for c in chunks(window, next(forms(window)))].count(MEDIA) == 1
    assert size % 2 == 0


@pytest.mark.parametrize("value", [b"", b"\0" * 40, b"    \0"])
def test_emptied_labels(value: bytes) -> None:
    data = grown(BARE, make_list(INFO, make(b"AIGC", value)))
    for thorough in (False, True):
        reading = read(data, thorough=thorough)
        assert reading.state is State.MALFORMED
        assert "label-emptied" in {p.code for f in reading.found for p in f.problems}
    assert read(labelled(AVI, Sample("x.avi", data)).data, thorough=True).found[0].label == LABEL


def test_junk_over_a_label() -> None:
    hidden = b"JUNK" + LABELLED[4:]
    data = grown(BARE, hidden, media_first=False)
    reading = read(data)
    assert (reading.state, [p.code for p in reading.problems]) == (State.MALFORMED, ["avi-blanked"])
    assert read(grown(data, LABELLED)).state is State.LABELLED
    assert read(grown(BARE, make(b"JUNK", b"a note of the encoder"), media_first=False)).state is State.UNLABELLED


def test_credentials_are_noticed_and_left_alone() -> None:
    manifest = make(b"C2PA", b"\0\0\0\x20jumb" + JSON.encode())
    data = grown(BARE, manifest)
    assert [block.carrier for block in read(data).blocks] == ["c2pa"]
    assert read(data).state is State.UNLABELLED
    assert manifest in labelled(AVI, Sample("x.avi", data)).data


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (b"", State.MALFORMED),
        (b"RIFF\x04\0\0\0AVI ", State.MALFORMED),
        (b"RIFF\x04\0\0\0WAVE", State.MALFORMED),
        (BARE[:-1], State.MALFORMED),
        (BARE + b"garbage", State.UNLABELLED),
        (BARE[:4] + b"\0\0\0\0" + BARE[8:], State.UNLABELLED),
        (BARE[:4] + b"\xff\xff\xff\xff" + BARE[8:], State.UNLABELLED),
        (make(b"RIFF", b"AVI " + make(b"JUNK", b"")), State.MALFORMED),
        (grown(BARE, make_list(INFO, b"\0\1\2\3\4\5\6\7")), State.MALFORMED),
        (grown(BARE, make_list(INFO, make(b"AIGC", b"no label\0"))), State.MALFORMED),
        (grown(BARE, make(b"_PMX", b"<!DOCTYPE x []><x AIGC=''/>")), State.MALFORMED),
    ],
)
def test_states(data: bytes, state: State) -> None:
    assert survives(AVI, data, "x.avi").state is state
    assert read(data).state is state


def test_streams_without_sizes_take_a_label() -> None:
    data = BARE[:4] + b"\0\0\0\0" + BARE[8:]
    written = labelled(AVI, Sample("x.avi", data)).data
    assert read(written, thorough=True).label == LABEL
    assert written[4:8] == b"\0\0\0\0"


def test_an_index_that_leads_astray_stops_the_write() -> None:
    with Source.open(LONG) as source:
        window = Window(source)
        entry = list(avi_index.super_entries(window, next(forms(window))))[1]
    for offset, state in ((4, State.UNLABELLED), (1 << 40, State.MALFORMED)):
        data = LONG[: entry.at] + struct.pack("<Q", offset) + LONG[entry.at + 8 :]
        assert survives(AVI, data, "x.avi").state is state


@settings(max_examples=60)
@given(data=st.binary(max_size=200), at=st.integers(0, len(NAMED)))
def test_anything_inside_is_met_with_our_errors_alone(data: bytes, at: int) -> None:
    survives(AVI, NAMED[:at] + data + NAMED[at:])
