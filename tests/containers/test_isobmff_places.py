"""Where labels stand in ISO base media files besides the guide's place, and what is left after one write: one label."""

from __future__ import annotations

from pathlib import Path

import pytest

import bmff
import oracles
from yinji.containers import xmp
from yinji.containers.bmff.container import Mov, Mp4
from yinji.containers.model import Reading, State
from yinji.containers.reading import read
from yinji.containers.source import Source
from yinji.labels.aigc import AigcLabel
from yinji.testing import LABEL, applied

OTHER = AigcLabel.first("001191110000MA0TE5T00Q10001", "older")
VALUE = OTHER.to_json().encode()
BASE = next(e.data for e in Mp4.examples() if "last" in e.name)
PACKET = xmp.with_label(None, OTHER.to_json())

PLACES = {
    "guide": ("mdta", bmff.with_udta(BASE, bmff.mdta_meta({b"AIGC": VALUE}))),
    "quicktime-meta": ("mdta", bmff.with_udta(BASE, bmff.mdta_meta({b"AIGC": VALUE}, full=False))),
    "moov-meta": ("mdta", bmff.with_in_moov(BASE, bmff.mdta_meta({b"AIGC": VALUE}))),
    "moov-meta-plain": ("mdta", bmff.with_in_moov(BASE, bmff.mdta_meta({b"AIGC": VALUE}, full=False))),
    "second-key": ("mdta", bmff.with_udta(BASE, bmff.mdta_meta({b"a": b"x", b"AIGC": VALUE, b"b": b"y"}))),
    "lower-case-key": ("mdta", bmff.with_udta(BASE, bmff.mdta_meta({b"aigc": VALUE, b"b": b"y"}))),
    "utf-16": ("mdta", bmff.with_udta(BASE, bmff.mdta_meta({b"AIGC": VALUE.decode().encode("utf-16-be")}, kind=2))),
    "reserved-type": ("mdta", bmff.with_udta(BASE, bmff.mdta_meta({b"AIGC": VALUE}, kind=0))),
    "keyless": ("ilst", bmff.with_udta(BASE, bmff.mdir_meta(bmff.box(b"\0\0\0\1", bmff.data(VALUE))))),
    "keyless-bare-data": ("ilst", bmff.with_udta(BASE, bmff.mdir_meta(bmff.data(VALUE)))),
    "keyless-comment": ("ilst", bmff.with_in_moov(BASE, bmff.mdir_meta(bmff.box(b"\xa9cmt", bmff.data(VALUE))))),
    "freeform": ("itunes-freeform", bmff.with_udta(BASE, bmff.mdir_meta(bmff.freeform(b"AIGC", VALUE)))),
    "xmp-top": ("xmp", BASE + bmff.box(b"uuid", bmff.XMP_UUID, PACKET)),
    "xmp-moov": ("xmp", bmff.with_in_moov(BASE, bmff.box(b"uuid", bmff.XMP_UUID, PACKET))),
    "xmp-quicktime": ("xmp", bmff.with_udta(BASE, bmff.box(b"XMP_", PACKET))),
    "large-size": (
        "mdta",
        bmff.box(b"free", bytes(20), large=True) + bmff.with_udta(BASE, bmff.mdta_meta({b"AIGC": VALUE})),
    ),
}


def reading_of(content: bytes, *, thorough: bool = True) -> Reading:
    with Source.open(content, name="a.mp4") as source:
        return read(source, thorough=thorough)


def relabelled(content: bytes, *, in_place: bool = False) -> bytes:
    with Source.open(content, name="a.mp4") as source:
        return applied(Mp4().write(source, LABEL, read(source, thorough=True), in_place=in_place), content)


@pytest.mark.parametrize("place", PLACES)
def test_found_and_replaced(place: str, tmp_path: Path) -> None:
    carrier, content = PLACES[place]
    for thorough in (False, True):
        reading = reading_of(content, thorough=thorough)
        assert reading.state is State.LABELLED and reading.label == OTHER
        assert [found.carrier for found in reading.found] == [carrier]
    for in_place in (False, True):
        out = relabelled(content, in_place=in_place)
        assert [(found.label, found.carrier) for found in reading_of(out).found] == [(LABEL, "mdta")]
        assert out.count(b"ContentProducer") == 1 and b"older" not in out
        assert len([name for name, *_ in bmff.walk(out) if name == "moov"]) == 1
    path = tmp_path / "out.mp4"
    path.write_bytes(out)
    assert oracles.exiftool_label(path) == dict(LABEL.items())


def test_every_place_at_once() -> None:
    udta = [
        bmff.mdta_meta({b"x": b"1", b"AIGC": VALUE, b"y": b"2", b"Aigc": VALUE}),
        bmff.mdir_meta(bmff.box(b"\xa9nam", bmff.data(b"title")), bmff.freeform(b"AIGC", VALUE)),
        bmff.box(b"XMP_", PACKET),
    ]
    content = bmff.with_in_moov(
        bmff.box(b"uuid", bmff.XMP_UUID, PACKET) + BASE,
        bmff.mdta_meta({b"AIGC": VALUE, b"z": b"3"}),
        bmff.box(b"udta", *udta),
    )
    assert len(reading_of(content).found) == 6
    out = relabelled(content)
    reading = reading_of(out)
    assert [f.label for f in reading.found] == [LABEL]
    kept = {(b.carrier, b.key): b.value for b in reading.blocks if isinstance(b.value, str) and b.key != "AIGC"}
    assert kept == {("mdta", "x"): "1", ("mdta", "y"): "2", ("mdta", "z"): "3", ("ilst", "©nam"): "title"}


def test_place_is_named_when_it_is_not_the_guides() -> None:
    def codes(place: str) -> set[str]:
        return {p.code for f in reading_of(PLACES[place][1]).found for p in f.problems}

    assert "bmff-place" in codes("moov-meta") and "bmff-place" not in codes("guide")
    assert "key-case" in codes("lower-case-key")
    assert "bmff-value-type" in codes("reserved-type")
    assert {"place", "no-key"} <= codes("keyless")


def test_generator_traces_are_blocks() -> None:
    text = b"Kling"
    content = bmff.with_udta(
        BASE,
        bmff.box(b"\xa9swr", len(text).to_bytes(2, "big"), b"\x55\xc4", text),
        bmff.box(b"\xa9fmt", (4).to_bytes(2, "big"), b"\0\0", "é中".encode()[:2] + b"\x8e\x9f"),
        bmff.mdir_meta(bmff.box(b"\xa9too", bmff.data(b"Google")), bmff.box(b"covr", bmff.data(b"\xff\xd8", 13))),
        bytes(4),
    )
    blocks = {(b.carrier, b.key): b.value for b in reading_of(content).blocks}
    assert blocks[("udta", "©swr")] == "Kling" and blocks[("ilst", "©too")] == "Google"
    assert ("ilst", "covr") not in blocks
    out = relabelled(content)
    assert {(b.carrier, b.key) for b in reading_of(out).blocks} == {*blocks, ("mdta", "AIGC")}


def test_label_goes_before_the_zero_that_ends_user_data() -> None:
    ended = bmff.with_udta(BASE, bmff.box(b"\xa9swr", b"\0\1\0\0", b"x"), bytes(4))
    assert relabelled(ended).endswith(bytes(1016 + 4))
    assert reading_of(relabelled(ended)).label == LABEL


def test_manifest_store_is_a_block() -> None:
    jumbf = bmff.box(b"jumb", b"c2pa" + bytes(40))
    content = BASE + bmff.box(b"uuid", bmff.C2PA_UUID, bytes(4), b"manifest\0", bytes(8), jumbf)
    (block,) = [b for b in reading_of(content).blocks if b.carrier == "c2pa"]
    assert (block.key, block.value) == ("manifest", jumbf)


def test_track_level_label_is_found() -> None:
    start, body, stop = next((s, b, e) for name, s, b, e in bmff.walk(BASE) if name == "moov/trak")
    trak = bmff.box(b"trak", BASE[body:stop], bmff.box(b"udta", bmff.mdta_meta({b"AIGC": VALUE})))
    moov = next((s, b) for name, s, b, _ in bmff.walk(BASE) if name == "moov")
    content = BASE[: moov[0]] + bmff.box(b"moov", BASE[moov[1] : start], trak, BASE[stop:])
    reading = reading_of(content)
    assert reading.label == OTHER and "bmff-place" in {p.code for p in reading.found[0].problems}
    out = relabelled(content)
    assert [f.label for f in reading_of(out).found] == [LABEL]
    assert reading_of(out).found[0].problems == ()


BLANKED = {
    "key": bmff.with_udta(BASE, bmff.mdta_meta({b"free": b" " * 200})),
    "namespace": bmff.with_udta(BASE, bmff.mdta_meta({b"AIGC": b" " * 200}).replace(b"mdtaAIGC", b"freeAIGC")),
    "value": bmff.with_udta(BASE, bmff.mdta_meta({b"AIGC": b" " * 200})),
    "zeros": bmff.with_udta(BASE, bmff.mdta_meta({b"AIGC": bytes(200)})),
    "meta-renamed": bmff.with_udta(BASE, bmff.box(b"free", bytes(4), bmff.hdlr(b"mdta"), bytes(300))),
    "xmp-renamed": BASE + bmff.box(b"free", bmff.XMP_UUID, bytes(3000)),
}


LABELLED_META = bmff.mdta_meta({b"AIGC": VALUE})
ITEM = LABELLED_META.rindex(b"\0\0\0\1", 0, LABELLED_META.rindex(b"data")) - 4
BLANKED["item"] = bmff.with_udta(BASE, LABELLED_META[: ITEM + 4] + b"free" + bytes(len(LABELLED_META) - ITEM - 8))
BLANKED["freeform"] = bmff.with_udta(
    BASE, bmff.box(b"meta", bytes(4), bmff.hdlr(b"mdir"), bmff.box(b"ilst", bmff.box(b"free", bytes(300))))
)


@pytest.mark.parametrize("case", BLANKED)
def test_blanked_in_place_is_not_called_unlabelled(case: str) -> None:
    reading = reading_of(BLANKED[case])
    assert reading.state is State.MALFORMED
    codes = {p.code for b in reading.blocks for p in b.problems}
    assert codes & {"bmff-key-blanked", "bmff-value-blank", "bmff-hole", "bmff-gap"}
    told = (*reading.problems, *(p for found in reading.found for p in found.problems))
    assert {"bmff-blanked", "label-emptied"} & {p.code for p in told}
    assert reading_of(relabelled(BLANKED[case])).label == LABEL


APPLE = bmff.mdta_meta({b"com.apple.quicktime.make": b"Apple", b"com.apple.quicktime.model": b"iPhone"}, full=False)
USER_DATA = bmff.box(b"udta", bmff.box(b"\xa9swr", bytes((0, 4, 0x55, 0xC4)), b"17.0"))
QUICKTIME_KEYS = {
    "alone": (APPLE,),
    "before-user-data": (APPLE, USER_DATA),
    "behind-user-data": (USER_DATA, APPLE),
    "label-without-them": (bmff.box(b"udta", bmff.mdta_meta({b"AIGC": VALUE})), APPLE),
    "label-before-user-data": (APPLE, bmff.box(b"udta", bmff.mdta_meta({b"AIGC": VALUE}))),
}


@pytest.mark.parametrize("case", QUICKTIME_KEYS)
def test_keys_of_quicktime_and_of_the_label_are_told_apart_by_others(case: str, tmp_path: Path) -> None:
    """A reader with one table of keys for the whole movie must neither lose the label nor call a model by its name."""
    path = tmp_path / "out.mov"
    content = bmff.with_in_moov(BASE, *QUICKTIME_KEYS[case])
    for in_place in (False, True):
        out = relabelled(content, in_place=in_place)
        path.write_bytes(out)
        tags = oracles.ffprobe(path)["format"]["tags"]
        assert (tags["com.apple.quicktime.make"], tags["com.apple.quicktime.model"]) == ("Apple", "iPhone")
        assert oracles.ffprobe_label(path) == oracles.exiftool_label(path) == dict(LABEL.items())
        assert APPLE in out and [found.label for found in reading_of(out).found] == [LABEL]


def test_zeroed_room_where_labels_stand_is_told_and_decides_nothing() -> None:
    """It may be what a writer reserved; where there is a label, it is."""
    told = reading_of(bmff.with_udta(BASE, bmff.box(b"free", bytes(len(LABELLED_META)))))
    assert (told.state, [p.code for p in told.problems]) == (State.UNLABELLED, ["bmff-zeroed"])
    assert not reading_of(relabelled(BASE)).problems


def test_ordinary_free_space_is_no_hole() -> None:
    for free in (bytes(5000), b"IsoMedia File Produced with GPAC".ljust(100)):
        assert reading_of(BASE + bmff.box(b"free", free)).state is State.UNLABELLED
    assert reading_of(relabelled(relabelled(BASE))).state is State.LABELLED


def test_quick_reading_stops_before_the_media() -> None:
    first = next(e.data for e in Mov.examples() if "first" in e.name)
    labelled = relabelled(first) + bmff.box(b"uuid", bmff.XMP_UUID, PACKET)
    with Source.open(labelled, name="a.mov") as source:
        quick = read(source)
    assert len(quick.found) == 1 and len(reading_of(labelled).found) == 2
