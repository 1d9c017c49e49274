"""GIF: the harness over real files, every placement met in the wild, and what other programs read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracles
import pictures
from pictures import BARE, PACKET, WRAPPED
from yinji.containers.gif.blocks import (
    APPLICATION,
    COMMENT,
    IMAGE,
    LOOPS,
    MAGIC_TRAILER,
    XMP,
    Walk,
    make,
    make_xmp,
    packet,
)
from yinji.containers.gif.container import Gif
from yinji.containers.model import Reading, State
from yinji.containers.reading import read as read_source
from yinji.containers.source import Source
from yinji.limits import Limits
from yinji.testing import LABEL, PROPAGATED, Sample, applied, check_container, labelled, reading_of, survives

GIF = Gif()
ORIGINAL = next(iter(Gif.examples())).data
AFTER_SCREEN = 13 + 6
RAW = make_xmp(PACKET.encode())


def inserted(*parts: bytes, at: int = AFTER_SCREEN, data: bytes = ORIGINAL) -> bytes:
    return data[:at] + b"".join(parts) + data[at:]


PLACES = {
    "xmp": (inserted(RAW), "xmp", "element"),
    "xmp behind the image": (inserted(RAW, at=len(ORIGINAL) - 1), "xmp", "element"),
    "xmp in sub-blocks": (inserted(make(APPLICATION, XMP, PACKET.encode())), "xmp", "element"),
    "xmp with a short trailer": (
        inserted(b"\x21\xff\x0b" + XMP + PACKET.encode() + MAGIC_TRAILER[1:]),
        "xmp",
        "element",
    ),
    "comment bare": (inserted(make(COMMENT, b"", BARE.encode())), "gif-comment", "bare"),
    "comment named": (inserted(make(COMMENT, b"", b"AIGC" + WRAPPED.encode())), "gif-comment", "wrapped"),
    "comment with words": (inserted(make(COMMENT, b"", "作者 ".encode() + WRAPPED.encode())), "gif-comment", "wrapped"),
    "comment behind": (inserted(make(COMMENT, b"", BARE.encode()), at=len(ORIGINAL) - 1), "gif-comment", "bare"),
    "application": (inserted(make(APPLICATION, b"AIGC\0\0\0\0\0\0\0", BARE.encode())), "gif-application", "bare"),
    "trailer": (ORIGINAL + b"\n" + WRAPPED.encode(), "gif-trailer", "wrapped"),
}


def read(data: bytes, *, thorough: bool = False) -> Reading:
    return reading_of(GIF, Sample("x.gif", data), thorough=thorough)


def test_harness() -> None:
    real = [(f"{kind}.gif", pictures.gif(kind)) for kind in pictures.GIFS]
    doubled = [(f"{name}.gif", inserted(RAW, data=data)) for name, (data, *_) in PLACES.items() if "words" not in name]
    check_container(GIF, real, doubled=doubled, mutations=30)


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
        ("comment bare", {"no-key", "place"}),
        ("comment named", {"place"}),
        ("application", {"place"}),
        ("trailer", {"no-key", "place", "after-end"}),
    ],
)
def test_departures_are_named(name: str, codes: set[str]) -> None:
    (found,) = read(PLACES[name][0]).found
    assert {problem.code for problem in found.problems} == codes


@pytest.mark.parametrize("name", PLACES)
def test_every_place_is_replaced_by_the_one(name: str) -> None:
    written = labelled(GIF, Sample("x.gif", PLACES[name][0]), PROPAGATED)
    reading = read(written.data, thorough=True)
    assert [(found.label, found.carrier) for found in reading.found] == [(PROPAGATED, "xmp")]
    assert written.data.count(b"ContentProducer") == 1
    assert ("作者".encode() in written.data) == ("words" in name)


@pytest.mark.parametrize("kind", pictures.GIFS)
def test_other_programs(kind: str, tmp_path: Path) -> None:
    before, after = tmp_path / "before.gif", tmp_path / "after.gif"
    before.write_bytes(pictures.gif(kind))
    after.write_bytes(labelled(GIF, Sample("x.gif", pictures.gif(kind))).data)
    assert oracles.exiftool_label(after) == dict(LABEL.items())
    assert oracles.exiftool_warnings(after) == oracles.exiftool_warnings(before)
    assert oracles.pillow_hash(after) == oracles.pillow_hash(before)
    assert oracles.decoded_hash(after) == oracles.decoded_hash(before)


def test_foreign_properties_stay(tmp_path: Path) -> None:
    path = tmp_path / "x.gif"
    path.write_bytes(labelled(GIF, Sample("x.gif", pictures.gif("xmp"))).data)
    assert oracles.exiftool(path)["XMP-dc:Rights"] == "© 测试"
    assert pictures.gif("xmp").count(XMP) == path.read_bytes().count(XMP) == 1


def test_the_loop_count_stays_first_and_old_versions_are_raised() -> None:
    for kind in ("animated", "ffmpeg"):
        with Source.open(labelled(GIF, Sample("x.gif", pictures.gif(kind))).data) as source:
            names = [part.name for part in Walk(source).parts()]
        assert (names[0], names[1]) == (LOOPS[0], XMP)
    assert pictures.gif("still")[:6] == b"GIF87a"
    assert labelled(GIF, Sample("x.gif", pictures.gif("still"))).data[:6] == b"GIF89a"


def test_a_packet_ends_before_its_trailer() -> None:
    with Source.open(labelled(GIF, Sample("x.gif", pictures.gif("still"))).data) as source:
        walk = Walk(source)
        first = next(walk.parts())
        assert packet(source, first).endswith(b'<?xpacket end="w"?>')
        assert source.read(first.stop - 258, 258) == b"\1" + bytes(range(255, -1, -1)) + b"\0"
        assert len([part for part in walk.parts() if part.label == IMAGE]) == 1


def test_propagation_is_one_small_edit_in_place() -> None:
    written = labelled(GIF, Sample("x.gif", pictures.gif("animated")))
    with Source.open(written.data) as source:
        splice = GIF.write(source, PROPAGATED, reading_of(GIF, written), in_place=True)
    assert splice.moves_nothing
    assert len(splice.edits) == 1
    assert sum(len(edit.data) for edit in splice.edits) < 400
    assert read(applied(splice, written.data)).found[0].problems == ()


def test_plain_text_and_other_applications_stay() -> None:
    text = b"\x21\x01\x0c" + bytes(12) + b"\x02hi\0"
    profile = make(APPLICATION, b"ICCRGBG1012", bytes(700))
    written = labelled(GIF, Sample("x.gif", inserted(text, profile))).data
    assert text in written
    assert profile in written


def test_credentials_are_noticed_and_left_alone() -> None:
    manifest = make(APPLICATION, b"C2PA_GIF\1\0\0", b"\0\0\0\x20jumb" + BARE.encode() * 3)
    reading = read(inserted(manifest))
    assert [block.carrier for block in reading.blocks] == ["c2pa"]
    assert reading.state is State.UNLABELLED
    assert manifest in labelled(GIF, Sample("x.gif", inserted(manifest))).data


def test_labelled_files_are_read_from_their_head() -> None:
    written = labelled(GIF, Sample("x.gif", pictures.gif("animated"))).data
    with Source.open(written, name="x.gif") as source:
        assert read_source(source).label == LABEL
        assert source.reads <= 2


def test_long_files_cost_two_reads() -> None:
    image = ORIGINAL[AFTER_SCREEN:-1]
    frames = image[:11] + (b"\xff" + bytes(255)) * 8192 + b"\0"
    data = ORIGINAL[:-1] + frames + b";"
    with Source.open(data, name="x.gif") as source:
        assert read_source(source).state is State.UNLABELLED
        assert source.reads == 2
    hidden = data[:-1] + RAW + b";"
    assert read(hidden).label == read(hidden, thorough=True).label == LABEL
    between = ORIGINAL[:-1] + RAW + frames + b";"
    assert read(between, thorough=True).label == LABEL


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (b"", State.MALFORMED),
        (b"GIF89a", State.MALFORMED),
        (b"GIF90a" + ORIGINAL[6:], State.MALFORMED),
        (ORIGINAL[:-1], State.MALFORMED),
        (inserted(b"\x99"), State.MALFORMED),
        (inserted(b"\0\0"), State.UNLABELLED),
        (ORIGINAL + b"\n\0garbage", State.UNLABELLED),
        (inserted(RAW)[:-5], State.LABELLED),
        (inserted(make(COMMENT, b"", b"AIGC{not a label")), State.MALFORMED),
        (inserted(make_xmp(b"<not xml AIGC")), State.MALFORMED),
        (inserted(make_xmp(b"<!DOCTYPE x []><x AIGC=''/>")), State.MALFORMED),
    ],
)
def test_states(data: bytes, state: State) -> None:
    assert survives(GIF, data).state is state
    assert read(data).state is state


def test_blocks_are_counted() -> None:
    with Source.open(inserted(*[make(COMMENT, b"", b"x")] * 200), limits=Limits(elements=100)) as source:
        reading = read_source(source)
    assert (reading.state, [p.code for p in reading.problems]) == (State.UNREADABLE, ["too-many-elements"])


@given(data=st.binary(max_size=400), at=st.integers(0, len(ORIGINAL)))
def test_anything_inside_is_met_with_our_errors_alone(data: bytes, at: int) -> None:
    survives(GIF, inserted(data, at=at))
