"""Matroska and WebM: the harness over real files, every placement, and what other programs read."""

from __future__ import annotations

import subprocess
from pathlib import Path

import matroska_files
import pytest

import oracles
from yinji.containers.matroska import ebml
from yinji.containers.matroska.container import Matroska, WebM
from yinji.containers.matroska.ebml import make, make_number
from yinji.containers.matroska.elements import CLUSTER, INFO, SEGMENT, TAGS
from yinji.containers.matroska.samples import clip
from yinji.containers.matroska.tags import SIMPLE_TAG, TAG, TAG_BINARY, TAG_NAME, TAG_STRING, TARGETS
from yinji.containers.model import Reading, State
from yinji.containers.reading import read as read_source
from yinji.containers.source import Source
from yinji.limits import Limits
from yinji.testing import LABEL, PROPAGATED, Sample, applied, check_container, labelled, media_hash, reading_of

MKV, WEBM = Matroska(), WebM()
JSON = LABEL.to_json()
ORIGINAL = clip("matroska")
LIVE = clip("matroska", live=True)


def container(name: str) -> Matroska:
    return WEBM if name.endswith("webm") else MKV


def simple(name: str, value: str | bytes, *more: bytes) -> bytes:
    kind = TAG_STRING if isinstance(value, str) else TAG_BINARY
    raw = value.encode() if isinstance(value, str) else value
    return make(SIMPLE_TAG, make(TAG_NAME, name.encode()) + make(kind, raw) + b"".join(more))


def tag(*members: bytes, targets: bytes = b"") -> bytes:
    return make(TAG, make(TARGETS, targets) + b"".join(members))


def tags(*members: bytes, checksum: bool = False) -> bytes:
    data = b"".join(members)
    return make(TAGS, ebml.with_checksum(data) if checksum else data)


def resized(data: bytes, growth: int) -> bytes:
    """Corrects the size of a Segment that has eight bytes for it."""
    at = data.index(SEGMENT.to_bytes(4, "big")) + 4
    size = int.from_bytes(data[at + 1 : at + 8], "big") + growth
    return data[:at] + ebml.size_field(size, 8) + data[at + 8 :]


def appended(*elements: bytes, data: bytes = ORIGINAL) -> bytes:
    more = b"".join(elements)
    return resized(data, len(more)) + more


def before_media(*elements: bytes, data: bytes = LIVE) -> bytes:
    more = b"".join(elements)
    at = data.index(CLUSTER.to_bytes(4, "big"))
    return data[:at] + more + data[at:]


AIGC = simple("AIGC", JSON)
PLACES = {
    "tail": (appended(tags(tag(AIGC))), set()),
    "tail with checksum": (appended(tags(tag(simple("FOO", "bar")), tag(AIGC), checksum=True)), set()),
    "second tags": (appended(tags(tag(simple("FOO", "bar"))), tags(tag(AIGC))), set()),
    "live": (before_media(tags(tag(AIGC))), set()),
    "between clusters": (LIVE + tags(tag(AIGC)) + LIVE[LIVE.index(CLUSTER.to_bytes(4, "big")) :], set()),
    "wrapped": (appended(tags(tag(simple("AIGC", '{"AIGC":' + JSON + "}")))), set()),
    "lower case": (appended(tags(tag(simple("aigc", JSON)))), {"key-case"}),
    "other name": (appended(tags(tag(simple("COMMENT", JSON)))), {"key-name"}),
    "track": (appended(tags(tag(AIGC, targets=make_number(0x63C5, 1)))), {"matroska-target"}),
    "nested": (appended(tags(tag(simple("ORIGINAL", "x", AIGC)))), {"matroska-nested"}),
    "binary": (appended(tags(tag(simple("AIGC", JSON.encode())))), {"matroska-binary"}),
    "padded": (appended(tags(tag(simple("AIGC", JSON + "\0\0\0")))), set()),
    "behind the end": (ORIGINAL + b"\n" + JSON.encode(), {"no-key", "place", "after-end"}),
    "title": (appended(make(INFO, make(0x7BA9, JSON.encode()))), {"key-name", "place"}),
    "second segment": (ORIGINAL + appended(tags(tag(AIGC))), set()),
    "second live stream": (LIVE + before_media(tags(tag(AIGC))), set()),
}


def read(data: bytes, *, thorough: bool = False) -> Reading:
    return reading_of(MKV, Sample("x.mkv", data), thorough=thorough)


def test_harness() -> None:
    samples = [(n, matroska_files.data(n)) for n in ("cues-first.mkv", "merged-tags.mkv")]
    more = tags(tag(AIGC))
    doubled = [
        (f"{name}.mkv", ebml_doubled)
        for name, (data, _) in PLACES.items()
        if "live" not in name and "clusters" not in name and "behind" not in name
        for ebml_doubled in [before_second(data, more)]
    ]
    check_container(MKV, samples, doubled=doubled, mutations=12)
    check_container(WEBM, [("plain.webm", matroska_files.data("plain.webm"))], mutations=12)
    check_container(MKV, [("piped.mkv", matroska_files.data("piped.mkv"))], ends_itself=False, mutations=10)


def before_second(data: bytes, more: bytes) -> bytes:
    """Adds an element at the end of the first Segment."""
    at = data.index(SEGMENT.to_bytes(4, "big")) + 4
    stop = at + 8 + int.from_bytes(data[at + 1 : at + 8], "big")
    return resized(data, len(more))[:stop] + more + data[stop:]


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("thorough", [False, True])
def test_every_place_is_read(name: str, thorough: bool) -> None:
    data, codes = PLACES[name]
    reading = read(data, thorough=thorough)
    assert reading.state is State.LABELLED
    (found,) = reading.found
    assert found.label == LABEL
    assert {problem.code for problem in found.problems} == codes


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("name", PLACES)
def test_every_place_is_replaced_by_the_one(name: str, in_place: bool) -> None:
    data = PLACES[name][0]
    written = labelled(MKV, Sample("x.mkv", data), PROPAGATED, in_place=in_place)
    (found,) = read(written.data, thorough=True).found
    assert (found.label, found.carrier) == (PROPAGATED, "matroska-tag")
    assert {p.code for p in found.problems} == set()
    assert written.data.count(b"ContentProducer") == 1
    assert written.data.count(b"FOO") == data.count(b"FOO")
    assert media_hash(MKV, written.data) == media_hash(MKV, data)


@pytest.mark.parametrize(
    ("name", "in_place"),
    [
        *((name, False) for name in ("tagged.mkv", "cues-first.mkv", "sound.mka", "piped.webm", "merged-tags.mkv")),
        *((name, True) for name in ("tagged.mkv", "index-space.mkv", "plain.webm", "merged-no-cues.mkv")),
    ],
)
def test_other_programs(name: str, in_place: bool, tmp_path: Path) -> None:
    before, after = matroska_files.path(name), tmp_path / name
    sample = Sample(name, before.read_bytes())
    after.write_bytes(labelled(container(name), sample, in_place=in_place).data)
    told = oracles.ffprobe(after)
    old = oracles.ffprobe(before)
    assert oracles.ffprobe_label(after) == dict(LABEL.items())
    assert {k: v for k, v in told["format"]["tags"].items() if k != "AIGC"} == old["format"].get("tags", {})
    assert [stream.get("tags") for stream in told["streams"]] == [stream.get("tags") for stream in old["streams"]]
    if not in_place:
        assert oracles.exiftool_label(after) == dict(LABEL.items())
    assert seeking(after) == seeking(before)


@pytest.mark.parametrize("name", ["tagged.mkv", "merged.mkv", "live.webm"])
def test_media_is_the_same(name: str, tmp_path: Path) -> None:
    before, after = matroska_files.path(name), tmp_path / name
    after.write_bytes(labelled(container(name), Sample(name, before.read_bytes())).data)
    assert oracles.stream_hash(after) == oracles.stream_hash(before)
    assert oracles.decoded_hash(after) == oracles.decoded_hash(before)


def seeking(path: Path) -> list[str]:
    """What ffmpeg decodes from the third second on; the index leads it there."""
    out = oracles.run("ffmpeg", "-v", "error", "-ss", "2.6", "-i", path, "-map", "0:0", "-f", "framemd5", "-")
    return [line for line in out.decode().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(
    ("name", "in_place"),
    [("tagged.mkv", True), ("cues-first.mkv", False), ("merged-tags.mkv", True), ("dash.webm", False)],
)
def test_mkvtoolnix_agrees(name: str, in_place: bool, tmp_path: Path) -> None:
    before, after = matroska_files.path(name), tmp_path / name
    after.write_bytes(labelled(container(name), Sample(name, before.read_bytes()), in_place=in_place).data)
    old, new = (oracles.run("mkvextract", path, "tags", "-").decode("utf-8-sig") for path in (before, after))
    assert new.count("<Name>AIGC</Name>") == 1
    assert "91110000MA0TE5T00Q10001" in new
    assert all(line in new for line in old.splitlines() if "<Name>" in line or "<String>" in line)
    listed = oracles.run("mkvmerge", "--identify", "--identification-format", "json", after)
    assert b'"errors": []' in listed
    assert b'"warnings": []' in listed
    merged = tmp_path / f"again-{name}"
    oracles.run("mkvmerge", "-q", "-o", merged, after)
    with Source.open(merged) as source:
        assert read_source(source).label == LABEL


def test_mkvpropedit_in_between(tmp_path: Path) -> None:
    """Another editor rewrites the head; the label stays, and is updated where that editor put it."""
    path = tmp_path / "x.mkv"
    path.write_bytes(labelled(MKV, Sample("x.mkv", matroska_files.data("merged.mkv"))).data)
    oracles.run("mkvpropedit", "-q", path, "--edit", "info", "--set", "title=another title")
    written = labelled(MKV, Sample("x.mkv", path.read_bytes()), PROPAGATED, in_place=True)
    assert read(written.data, thorough=True).label == PROPAGATED
    path.write_bytes(written.data)
    assert oracles.ffprobe(path)["format"]["tags"]["title"] == "another title"
    assert oracles.ffprobe_label(path) == dict(PROPAGATED.items())


@pytest.mark.parametrize("name", ["plain.mkv", "merged.mkv", "live.mkv", "plain.webm"])
def test_propagation_moves_nothing(name: str) -> None:
    written = labelled(container(name), Sample(name, matroska_files.data(name)), in_place=True)
    with Source.open(written.data) as source:
        splice = container(name).write(source, PROPAGATED, reading_of(container(name), written), in_place=True)
    assert splice.moves_nothing
    assert sum(len(edit.data) for edit in splice.edits) < 600
    assert read(applied(splice, written.data)).label == PROPAGATED


@pytest.mark.parametrize("name", matroska_files.NAMES)
def test_few_reads(name: str) -> None:
    data = matroska_files.data(name)
    for with_label in (False, True):
        content = labelled(container(name), Sample(name, data)).data if with_label else data
        with Source.open(content, name=name) as source:
            assert (read_source(source).label == LABEL) == with_label
            assert source.reads <= 4


def test_in_place_moves_no_media() -> None:
    for name in ("plain.mkv", "merged.mkv", "cues-first.mkv", "plain.webm"):
        data = matroska_files.data(name)
        with Source.open(data, name=name) as source:
            splice = container(name).write(source, LABEL, read_source(source, thorough=True), in_place=True)
        assert all(edit.growth == 0 for edit in splice.edits if edit.start < len(data))


def test_peers_file_is_read_and_updated() -> None:
    path = Path(__file__).parent.parent / "fixtures" / "peers" / "metatoolkit-0.1.1.mkv"
    reading = reading_of(MKV, Sample("x.mkv", path.read_bytes()))
    (found,) = reading.found
    assert found.carrier == "matroska-tag"
    assert {"json-spaces", "key-spelling", "characters"} <= {problem.code for problem in found.problems}
    written = labelled(MKV, Sample("x.mkv", path.read_bytes()))
    assert [f.label for f in reading_of(MKV, written).found] == [LABEL]


def test_remuxing_keeps_the_label(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(labelled(MKV, Sample("a.mkv", matroska_files.data("plain.mkv"))).data)
    again = tmp_path / "b.mkv"
    subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-map", "0", "-c", "copy", again], check=True)
    with Source.open(again) as source:
        assert read_source(source).label == LABEL


def test_each_cluster_is_looked_into_once_however_often_positions_settle() -> None:
    block = make(0xA3, b"\x81\0\0\x80" + b"\xf8\xff\xfe")
    cluster = make(CLUSTER, make_number(0xE7, 0) + make_number(0xA7, 1, 4) + block)
    count = 300
    info = make(INFO, make(0x4D80, b"test"))
    data = ORIGINAL[: ORIGINAL.index(SEGMENT.to_bytes(4, "big"))] + make(SEGMENT, info + cluster * count)
    with Source.open(data, name="many.mkv", limits=Limits(elements=6 * count)) as source:
        splice = MKV.write(source, LABEL, read_source(source, thorough=True), in_place=False)
    new = applied(splice, data)
    at = new.index(SEGMENT.to_bytes(4, "big"))
    body = at + ebml.header(new, at).length  # type: ignore[union-attr]
    found = new.index(CLUSTER.to_bytes(4, "big"))
    assert make_number(0xA7, found - body, 4) in new[found : found + len(cluster)]
