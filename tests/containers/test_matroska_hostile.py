"""Matroska: blanked labels, checksums, widths, limits, damage, and positions that outgrow their bytes."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_matroska import AIGC, JSON, LIVE, MKV, ORIGINAL, appended, before_media, read, resized, simple, tag, tags

from yinji.containers import readback
from yinji.containers.matroska import ebml
from yinji.containers.matroska.ebml import make, make_number
from yinji.containers.matroska.elements import CLUSTER, CUES, SEEK_HEAD, SEGMENT, TAGS, segments, top
from yinji.containers.matroska.seek import entries
from yinji.containers.model import State
from yinji.containers.reading import read as read_source
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.window import Window
from yinji.errors import Malformed, YinjiError
from yinji.limits import Limits
from yinji.testing import LABEL, Sample, labelled, media_hash, reading_of, survives


def codes(data: bytes) -> set[str]:
    reading = read(data, thorough=True)
    return {p.code for p in reading.problems} | {p.code for f in reading.found for p in f.problems}


@pytest.mark.parametrize("value", ["", "   ", "\0" * 200])
def test_emptied_labels(value: str) -> None:
    data = appended(tags(tag(simple("AIGC", value))))
    assert read(data).state is read(data, thorough=True).state is State.MALFORMED
    assert "label-emptied" in codes(data)
    assert labelled(MKV, Sample("x.mkv", data)).data.count(b"AIGC") == 1


def test_a_void_over_a_label() -> None:
    whole = tags(tag(AIGC))
    hidden = make(ebml.VOID, whole[6:], 5)
    for data in (appended(hidden), before_media(hidden)):
        for thorough in (False, True):
            assert read(data, thorough=thorough).state is State.MALFORMED
        assert codes(data) == {"matroska-blanked"}
        assert read(labelled(MKV, Sample("x.mkv", data)).data).label == LABEL
    beside = appended(hidden, whole)
    assert read(beside).state is State.LABELLED
    assert read(appended(make(ebml.VOID, bytes(200)))).state is State.UNLABELLED


def test_checksums_stay_right() -> None:
    for data in (appended(tags(tag(simple("A", "b")), checksum=True)), appended(tags(tag(AIGC), checksum=True))):
        written = labelled(MKV, Sample("x.mkv", data)).data
        with Source.open(written) as source:
            window = Window(source)
            (element,) = (e for e in top(window, next(segments(window))) if e.id == TAGS)
            content = ebml.content(source, element)
        assert content[:2] == b"\xbf\x84"
        assert int.from_bytes(content[2:6], "little") == zlib.crc32(content[6:])


def test_an_inner_checksum_becomes_void() -> None:
    inner = make(0x7373, ebml.with_checksum(make(0x63C0, b"") + AIGC + simple("FOO", "bar")))
    written = labelled(MKV, Sample("x.mkv", appended(make(TAGS, inner)))).data
    assert read(written).label == LABEL
    assert b"\xbf\x84" not in written


def test_positions_outgrow_their_bytes() -> None:
    """All positions are written in as few bytes as they take; the label pushes them over 256 and 65,536."""
    for filling in (0, 64_300):
        data = tight(filling)
        written = labelled(MKV, Sample("x.mkv", data)).data
        assert read(written, thorough=True).label == LABEL
        assert media_hash(MKV, written) == media_hash(MKV, data)
        with Source.open(written) as source:
            window = Window(source)
            segment = next(segments(window))
            found = list(top(window, segment))
            (head,) = (e for e in found if e.id == SEEK_HEAD)
            for entry in entries(source, head, ebml.content(source, head)):
                assert entry.id in {e.id for e in found if e.start == segment.body + entry.position}
            (cues,) = (e for e in found if e.id == CUES)
            (cluster,) = (e for e in found if e.id == CLUSTER)
            position = cluster.start - segment.body
            assert make_number(0xF1, position) in ebml.content(source, cues)
            assert make_number(0xE7, 0) + ebml.void(4 if filling else 3) in ebml.content(source, cluster)


def tight(filling: int) -> bytes:
    """A file without any room: no Void, positions and sizes as short as can be, Cues in front."""
    info = make(0x1549A966, make_number(0x2AD7B1, 1_000_000) + make(0x4D80, b"m") + make(0x7BA9, b"t" * filling))
    frames = make(0xA3, b"\x81\0\0\x80\xf8\xff\xfe")

    def built(cues_at: int, cluster_at: int) -> tuple[bytes, int, int]:
        seek = make(0x4DBB, make(0x53AB, CUES.to_bytes(4, "big")) + make_number(0x53AC, cues_at))
        head = make(SEEK_HEAD, seek)
        cue = make(0xBB, make_number(0xB3, 0) + make(0xB7, make_number(0xF7, 1) + make_number(0xF1, cluster_at)))
        cues = make(CUES, cue)
        cluster = make(CLUSTER, make_number(0xE7, 0) + make_number(0xA7, cluster_at) + frames)
        return head + info + cues + cluster, len(head + info), len(head + info + cues)

    at = (0, 0)
    for _ in range(5):
        body, *positions = built(*at)
        at = (positions[0], positions[1])
    return ORIGINAL[: ORIGINAL.index(SEGMENT.to_bytes(4, "big"))] + make(SEGMENT, body)


def test_a_cluster_with_checksum_and_position_is_corrected() -> None:
    for width in (2, 8):
        position = make(0xA7, (300).to_bytes(width, "big"))
        media = make_number(0xE7, 0) + position + make(0xA3, b"\x81\0\0\x80\xf8\xff\xfe")
        data = LIVE[: LIVE.index(CLUSTER.to_bytes(4, "big"))] + make(CLUSTER, ebml.with_checksum(media))
        written = labelled(MKV, Sample("x.mkv", data)).data
        with Source.open(written) as source:
            window = Window(source)
            (cluster,) = (e for e in top(window, next(segments(window))) if e.id == CLUSTER)
            content = ebml.content(source, cluster)
        assert int.from_bytes(content[2:6], "little") == zlib.crc32(content[6:])
        assert media_hash(MKV, written) == media_hash(MKV, data)


def header(**values: int) -> bytes:
    ids = {"read": 0x42F7, "id": 0x42F2, "size": 0x42F3}
    numbers = b"".join(make_number(ids[name], value) for name, value in values.items())
    return make(0x1A45DFA3, numbers + make(0x4282, b"matroska")) + ORIGINAL[ORIGINAL.index(b"\x18\x53\x80\x67") :]


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (b"", State.MALFORMED),
        (b"\x1aE\xdf\xa3", State.MALFORMED),
        (b"\x1aE\xdf\xa3" + b"\xff" * 20, State.MALFORMED),
        (header(read=1, id=4, size=8), State.UNLABELLED),
        (header(read=2), State.UNSUPPORTED),
        (header(id=5), State.UNSUPPORTED),
        (header(size=9), State.UNSUPPORTED),
        (ORIGINAL.replace(b"matroska", b"different"[:8]), State.UNSUPPORTED),
        (ORIGINAL[:-1], State.MALFORMED),
        (ORIGINAL + b"garbage", State.UNLABELLED),
        (appended(b"\0\0\0\0"), State.MALFORMED),
        (appended(make(TAGS, b"\0\1\2")), State.MALFORMED),
        (appended(make(TAGS, b"")), State.UNLABELLED),
        (appended(TAGS.to_bytes(4, "big") + b"\x01" + b"\xff" * 7), State.MALFORMED),
        (appended(tags(tag(simple("AIGC", "no label at all")))), State.MALFORMED),
        (LIVE[: LIVE.index(CLUSTER.to_bytes(4, "big"))], State.MALFORMED),
        (LIVE[:-3], State.MALFORMED),
        (resized(ORIGINAL, 1), State.MALFORMED),
    ],
)
def test_states(data: bytes, state: State) -> None:
    assert survives(MKV, data, "x.mkv").state is state
    assert read(data).state is state


def test_seek_heads_that_lead_astray() -> None:
    at = ORIGINAL.index(b"\x53\xac")
    for position in (0, 1, 20, 1 << 40):
        data = ORIGINAL[: at + 3] + position.to_bytes(8, "big") + ORIGINAL[at + 11 :]
        assert survives(MKV, data).state is State.UNLABELLED


def test_damage_in_front_does_not_hide_the_tail() -> None:
    written = labelled(MKV, Sample("x.mkv", appended(make(ebml.VOID, bytes(30)))), in_place=True).data
    assert written.index(b"AIGC") > written.index(CLUSTER.to_bytes(4, "big"))
    at = written.index(CLUSTER.to_bytes(4, "big"))
    broken = written[:at] + b"\0" * 5 + written[at + 5 :]
    for thorough in (False, True):
        assert read(broken, thorough=thorough).label == LABEL


def test_nesting_and_counts_are_bounded() -> None:
    inner = AIGC
    for _ in range(40):
        inner = simple("A", "b", inner)
    deep = read(appended(tags(tag(inner))))
    assert (deep.state, [p.code for p in deep.problems]) == (State.UNREADABLE, ["too-deep"])
    many = appended(make(TAGS, make(0x7373, simple("A", "b")) * 400))
    with Source.open(many, limits=Limits(elements=300)) as source:
        assert read_source(source).state is State.UNREADABLE


def test_large_live_streams_are_walked_without_counting_their_blocks() -> None:
    data = LIVE + make(0xA3, b"\x81\0\0\x80" + bytes(60)) * 30_000
    with Source.open(data, limits=Limits(elements=2000)) as source:
        assert read_source(source, thorough=True).state is State.UNLABELLED
    with Source.open(data) as source:
        assert read_source(source).state is State.UNLABELLED
        assert source.reads <= 3


def test_thousands_of_clusters_stay_where_they_are() -> None:
    cluster = make(CLUSTER, make_number(0xE7, 0) + make(0xA3, bytes(40)))
    start = ORIGINAL.index(CLUSTER.to_bytes(4, "big"))
    tagged = tags(tag(simple("ENCODER", "x")))
    data = resized(ORIGINAL[:start] + tagged + cluster * 3000 + ORIGINAL[start:], len(tagged) + len(cluster) * 3000)
    limits = Limits(elements=1000)
    with Source.open(data, name="x.mkv", limits=limits) as source:
        reading = read_source(source, thorough=True)
        splice = MKV.write(source, LABEL, reading, in_place=False)
        assert source.reads < 4000  # one short read for each, once
    assert len(splice.edits) < 6
    written = splice.applied(data)
    assert written.index(cluster * 3000) == data.index(cluster * 3000)
    assert [found.label for found in reading_of(MKV, Sample("x.mkv", written)).found] == [LABEL]
    assert media_hash(MKV, written) == media_hash(MKV, data)
    assert read_source(Source.open(data[:-100_000], name="x.mkv")).state is State.MALFORMED


def test_reading_back_goes_over_rows_of_clusters_that_stand_as_they_stood() -> None:
    clusters = [make(CLUSTER, make_number(0xE7, n) + make(0xA3, b"\x81\0\0\x80media")) for n in range(60)]
    data = appended(*clusters)
    with Source.open(data, name="x.mkv") as source:
        reading = read_source(source, thorough=True)
        splice = MKV.write(source, LABEL, reading, in_place=True)
        runs = readback.moved(source.runs, splice)
    new = splice.applied(data)
    (run,) = runs.values()
    assert new[run.start : run.stop] == b"".join(clusters[1:])
    with Source.open(new, name="x.mkv") as copy:
        readback.check(copy, LABEL, reading, len(new), runs=runs)
        assert copy.reads < 20
    misplaced = new[: run.last - 1] + new[run.last :]
    with Source.open(misplaced, name="x.mkv") as copy, pytest.raises(YinjiError):
        readback.check(copy, LABEL, reading, len(new), runs=runs)
    assert readback.moved(runs, Splice.of([Edit(run.start + 40, run.start + 41, b"?")])) == {}


def test_other_segments_keep_their_places() -> None:
    data = ORIGINAL + appended(tags(tag(AIGC), tag(simple("FOO", "bar"))))
    written = labelled(MKV, Sample("x.mkv", data)).data
    second = written.rindex(SEGMENT.to_bytes(4, "big"))
    assert written[second:].count(b"FOO") == 1
    assert written[second:].count(b"Producer") == 0
    assert len(written[second:]) == len(data[data.rindex(SEGMENT.to_bytes(4, "big")) :])


def test_an_empty_segment_cannot_settle_media_that_is_not_there() -> None:
    data = ORIGINAL[: ORIGINAL.index(SEGMENT.to_bytes(4, "big"))] + make(SEGMENT, b"", 1)
    assert read(labelled(MKV, Sample("x.mkv", data)).data).label == LABEL


def test_a_void_of_one_byte_is_no_void() -> None:
    with pytest.raises(ValueError, match="one byte"):
        ebml.void(1)
    for room in range(2, 300):
        assert len(ebml.void(room)) == room
        made = ebml.filled(TAGS, b"x", room)
        assert (made is None) == (room < 6)
        assert made is None or len(made) == room


@given(st.integers(0, (1 << 56) - 2), st.integers(0, 8))
def test_sizes_round_trip(size: int, width: int) -> None:
    found = ebml.header(b"\xec" + ebml.size_field(size, width))
    assert found is not None
    assert found.size == size


@settings(max_examples=60)
@given(data=st.binary(max_size=200), at=st.integers(0, len(ORIGINAL)))
def test_anything_inside_is_met_with_our_errors_alone(data: bytes, at: int) -> None:
    survives(MKV, ORIGINAL[:at] + data + ORIGINAL[at:])


def test_reading_of_a_tag_longer_than_allowed() -> None:
    with Source.open(appended(tags(tag(simple("A", "b" * 5000)))), limits=Limits(one_read=4096)) as source:
        assert read_source(source).state is State.UNREADABLE


def test_malformed_is_refused_by_the_writer() -> None:
    data = appended(make(TAGS, b"\0\1\2"))
    with pytest.raises(Malformed):
        labelled(MKV, Sample("x.mkv", data))
    assert reading_of(MKV, Sample("x.mkv", data)).state is State.MALFORMED
    assert JSON.encode() not in data
