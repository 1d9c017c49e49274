"""FLV: the harness over real files, every placement, what other programs read, and positions that must follow."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles
import samples
from yinji.containers import xmp
from yinji.containers.flv.amf import Amf, make_key, make_string
from yinji.containers.flv.container import Flv
from yinji.containers.flv.tags import SCRIPT, Walk, padding, script
from yinji.containers.model import Reading, State
from yinji.containers.reading import read as read_source
from yinji.containers.source import Source
from yinji.errors import LimitExceeded, Malformed
from yinji.limits import Limits
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

FLV = Flv()
JSON = LABEL.to_json()
INDEXED, OBJECT, BARE = (example.data for example in Flv.examples())
AIGC = make_key("AIGC") + make_string(JSON.encode())
LONG = make_key("AIGC") + b"\x0c" + len(JSON).to_bytes(4, "big") + JSON.encode()
AS_OBJECT = (
    make_key("AIGC") + b"\3" + b"".join(make_key(k) + make_string(v.encode()) for k, v in LABEL.items()) + b"\0\0\x09"
)


@pytest.fixture(scope="session")
def indexed(sample_dir: Path) -> Path:
    """A film with an index of its key frames, as ffmpeg writes it."""
    path = samples.directory() / "indexed.flv"
    video = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10:duration=4", "-c:v", "flv1", "-g", "5")
    oracles.run(
        "ffmpeg", "-v", "error", "-y", *video, "-metadata", "title=一部影片", "-flvflags", "add_keyframe_index", path
    )
    return path


def tag(name: str, *properties: bytes, opening: bytes = b"\x08\0\0\0\1", prefix: bytes = b"") -> bytes:
    data = prefix + make_string(name.encode()) + opening + b"".join(properties) + b"\0\0\x09"
    return bytes((SCRIPT,)) + len(data).to_bytes(3, "big") + bytes(7) + data + (len(data) + 11).to_bytes(4, "big")


def front(*tags: bytes) -> bytes:
    return BARE[:13] + b"".join(tags) + BARE[13:]


PACKET = xmp.with_label(None, JSON)
PLACES = {
    "array": (front(tag("onMetaData", AIGC)), set()),
    "object": (front(tag("onMetaData", AIGC, opening=b"\3")), set()),
    "long string": (front(tag("onMetaData", LONG)), set()),
    "set data frame": (front(tag("onMetaData", AIGC, prefix=make_string(b"@setDataFrame"))), set()),
    "second script": (front(tag("onMetaData", make_key("a") + b"\x05"), tag("onMetaData", AIGC)), set()),
    "behind the media": (BARE + tag("onMetaData", AIGC), set()),
    "other script": (front(tag("onCuePoint", AIGC)), {"flv-script-name"}),
    "nested": (front(tag("onMetaData", make_key("more") + b"\3" + AIGC + b"\0\0\x09")), {"flv-nested"}),
    "as an object": (front(tag("onMetaData", AS_OBJECT)), {"flv-value-type"}),
    "lower case": (front(tag("onMetaData", make_key("aigc") + AIGC[6:])), {"key-case"}),
    "comment": (front(tag("onMetaData", make_key("comment") + AIGC[6:])), {"key-name"}),
    "xmp": (front(tag("onXMPData", make_key("liveXML") + make_string(PACKET))), {"place"}),
    "behind the end": (BARE + b"\n" + JSON.encode(), {"no-key", "place", "after-end"}),
}


def read(data: bytes, *, thorough: bool = False) -> Reading:
    return reading_of(FLV, Sample("x.flv", data), thorough=thorough)


def test_harness(indexed: Path) -> None:
    doubled = [(f"{name}.flv", data[:13] + tag("onMetaData", AIGC) + data[13:]) for name, (data, _) in PLACES.items()]
    real = [("indexed.flv", indexed.read_bytes()), ("sound.flv", samples.video("flv").read_bytes())]
    check_container(FLV, real, doubled=doubled, mutations=40)


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("thorough", [False, True])
def test_every_place_is_read(name: str, thorough: bool) -> None:
    data, codes = PLACES[name]
    (found,) = read(data, thorough=thorough).found
    assert found.label == LABEL
    assert {problem.code for problem in found.problems} == codes


@pytest.mark.parametrize("name", PLACES)
def test_every_place_is_replaced_by_the_one(name: str) -> None:
    data = PLACES[name][0]
    written = labelled(FLV, Sample("x.flv", data), PROPAGATED)
    (found,) = read(written.data, thorough=True).found
    assert (found.label, found.carrier, found.problems) == (PROPAGATED, "flv-script", ())
    assert written.data.count(b"ContentProducer") == 1
    assert media_hash(FLV, written.data) == media_hash(FLV, data)
    assert sizes_agree(written.data)


def sizes_agree(data: bytes) -> bool:
    """Walks the tags naively, and back again by the sizes behind them."""
    at, starts = 13, []
    while at + 11 <= len(data) and data[at] in (8, 9, 18):
        starts.append(at)
        at += 11 + int.from_bytes(data[at + 1 : at + 4], "big") + 4
    back = []
    while at > 13:
        at -= int.from_bytes(data[at - 4 : at], "big") + 4
        back.append(at)
    return starts == back[::-1]


def test_other_programs(indexed: Path, tmp_path: Path) -> None:
    for path in (indexed, samples.video("flv")):
        after = tmp_path / path.name
        after.write_bytes(labelled(FLV, Sample(path.name, path.read_bytes())).data)
        assert oracles.ffprobe_label(after) == oracles.exiftool_label(after) == dict(LABEL.items())
        tags, old = (oracles.ffprobe(each)["format"].get("tags", {}) for each in (after, path))
        moved = {"AIGC", "lastkeyframelocation"}
        assert {k: v for k, v in tags.items() if k not in moved} == {k: v for k, v in old.items() if k not in moved}
        assert oracles.exiftool_warnings(after) == oracles.exiftool_warnings(path)
        assert oracles.stream_hash(after) == oracles.stream_hash(path)
        assert oracles.decoded_hash(after) == oracles.decoded_hash(path)
        assert sizes_agree(after.read_bytes())
    assert seeking(tmp_path / indexed.name) == seeking(indexed)


def seeking(path: Path) -> list[str]:
    out = oracles.run("ffmpeg", "-v", "error", "-ss", "2.6", "-i", path, "-map", "0:v", "-f", "framemd5", "-")
    return [line for line in out.decode().splitlines() if not line.startswith("#")]


def positions(data: bytes) -> list[int]:
    with Source.open(data) as source:
        said = script(source, next(Walk(source).tags()))
        keyframes = next(item for item in said.amf.properties(said.value) if item.key == "keyframes")
        places = next(item for item in said.amf.properties(keyframes.value) if item.key == "filepositions")
        return [int(said.amf.number(at)) for at in said.amf.numbers(places.value)]


def test_the_index_leads_to_the_same_frames(indexed: Path) -> None:
    for data in (indexed.read_bytes(), INDEXED):
        written = labelled(FLV, Sample("x.flv", data)).data
        old, new = positions(data), positions(written)
        assert len(old) == len(new) > 3
        assert all(new[n] - old[n] == len(written) - len(data) for n in range(len(old)))
        assert all(data[a : a + 30] == written[b : b + 30] for a, b in zip(old, new, strict=True))
        at = written.index(b"filesize") + 9
        assert struct.unpack_from(">d", written, at)[0] == len(written)


def test_propagation_moves_nothing(indexed: Path) -> None:
    for data in (indexed.read_bytes(), OBJECT, BARE):
        written = labelled(FLV, Sample("x.flv", data))
        with Source.open(written.data) as source:
            splice = FLV.write(source, PROPAGATED, reading_of(FLV, written), in_place=True)
        assert splice.moves_nothing
        assert sum(len(edit.data) for edit in splice.edits) < 600
        assert read(applied(splice, written.data)).label == PROPAGATED


def test_few_reads(indexed: Path) -> None:
    data = indexed.read_bytes()
    for with_label, most in ((False, 2), (True, 1)):
        content = labelled(FLV, Sample("x.flv", data)).data if with_label else data
        with Source.open(content, name="x.flv") as source:
            assert (read_source(source).label == LABEL) == with_label
            assert source.reads <= most


def test_scripts_that_stand_last_are_found_quickly(indexed: Path) -> None:
    assert read(indexed.read_bytes() + tag("onMetaData", AIGC)).label == LABEL
    assert read(indexed.read_bytes()[:-3]).state is State.MALFORMED


def test_values_longer_than_a_short_string() -> None:
    long = LABEL.propagated("001191110000MA0TE5T00Q20001", "post-42", reserved2="S" * 70_000)
    written = labelled(FLV, Sample("x.flv", INDEXED), long).data
    assert read(written, thorough=True).label == long
    assert sizes_agree(written)


@pytest.mark.parametrize("value", [b"\2\0\0", make_string(b"    "), make_string(bytes(60)), b"\5"])
def test_emptied_labels(value: bytes) -> None:
    data = front(tag("onMetaData", make_key("AIGC") + value))
    for thorough in (False, True):
        reading = read(data, thorough=thorough)
        assert reading.state is State.MALFORMED
        assert "label-emptied" in {p.code for f in reading.found for p in f.problems}
    assert read(labelled(FLV, Sample("x.flv", data)).data, thorough=True).found[0].label == LABEL


def test_foreign_padding_stays() -> None:
    others = make_key("padding") + make_string(b"mine") + padding(20)
    written = labelled(FLV, Sample("x.flv", front(tag("onMetaData", others)))).data
    assert others in written


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (b"", State.MALFORMED),
        (b"FLV\x01", State.MALFORMED),
        (BARE[:13], State.MALFORMED),
        (BARE[:-1], State.MALFORMED),
        (BARE + b"garbage behind the end", State.MALFORMED),
        (BARE[:5] + b"\0\0\0\2" + BARE[9:], State.MALFORMED),
        (BARE[:5] + b"\xff\0\0\2" + BARE[9:], State.MALFORMED),
        (front(tag("onMetaData", make_key("a") + b"\x11")), State.MALFORMED),
        (front(tag("onMetaData", make_key("a") + b"\x0a\xff\xff\xff\xff")), State.MALFORMED),
        (front(tag("onMetaData", make_key("AIGC") + make_string(b"no label"))), State.MALFORMED),
        (front(tag("onMetaData", make_key("a") + b"\x0a\0\0\0\2\5\2\0\1x")), State.UNLABELLED),
        (front(tag("onMetaData", make_key("a") + b"\x10\0\1n" + make_key("b") + b"\1\1\0\0\x09")), State.UNLABELLED),
        (front(tag("onXMPData", make_key("liveXML") + make_string(b"<!DOCTYPE x []><x AIGC=''/>"))), State.MALFORMED),
    ],
)
def test_states(data: bytes, state: State) -> None:
    assert survives(FLV, data, "x.flv").state is state
    assert read(data).state is state


def test_nesting_is_bounded() -> None:
    for opening in (make_key("a") + b"\3", b"\0\1a\x0a\0\0\0\1"):
        deep = opening + (opening if opening[-1] == 3 else b"\x0a\0\0\0\1") * 2000
        assert read(front(tag("onMetaData", deep))).state in (State.UNREADABLE, State.MALFORMED)
    with Source.open(b"", limits=Limits(depth=4)) as source, pytest.raises(LimitExceeded):
        Amf(source, (b"\3\0\1a") * 10 + b"\5", 0).skip(0)
    with Source.open(b"") as source, pytest.raises(Malformed):
        Amf(source, b"\2\0\\9ab", 0).skip(0)


@settings(max_examples=60)
@given(data=st.binary(max_size=200), at=st.integers(0, len(INDEXED)))
def test_anything_inside_is_met_with_our_errors_alone(data: bytes, at: int) -> None:
    survives(FLV, INDEXED[:at] + data + INDEXED[at:])
