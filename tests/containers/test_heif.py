"""HEIF, HEIC and AVIF: the harness over real files, every structure of the standard, what other programs read."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import heif_files as files
import oracles
import samples
from bmff import mdta_meta
from heif_files import PICTURE, PIXELS, XMP_INFO, exif_item, made
from pictures import BARE, PACKET, WRAPPED
from yinji.containers.bmff.boxes import make_box
from yinji.containers.bmff.container import Mp4
from yinji.containers.bmff.movie import C2PA_UUID, XMP_UUID
from yinji.containers.heif.container import Avif, Heic, Heif
from yinji.containers.model import Reading, State
from yinji.containers.reading import read as read_source
from yinji.containers.registry import sniff
from yinji.containers.source import Source
from yinji.limits import Limits
from yinji.testing import (
    LABEL,
    PROPAGATED,
    Sample,
    applied,
    check_container,
    check_propagated,
    labelled,
    media_hash,
    reading_of,
    survives,
)

HEIC = Heic()
OWN = PACKET.encode()
OTHER = samples.XMP
CDSC = ((b"cdsc", 2, (1,)),)
XMP = (XMP_INFO, OWN)


def read(data: bytes, *, thorough: bool = True) -> Reading:
    return reading_of(HEIC, Sample("x.heic", data), thorough=thorough)


def write(data: bytes, label: object = LABEL, *, in_place: bool = False) -> bytes:
    return labelled(HEIC, Sample("x.heic", data), label, in_place=in_place).data  # type: ignore[arg-type]


REAL = [("heic", kind) for kind in files.HEICS] + [("avif", kind) for kind in files.AVIFS]
CONTAINERS = {"heic": HEIC, "avif": Avif()}


def real(ending: str, kind: str) -> bytes:
    return files.heic(kind) if ending == "heic" else files.avif(kind)


MP4_LABEL = mdta_meta({b"AIGC": BARE.encode()})
PLACES = {
    "xmp": (made(PICTURE, XMP, references=CDSC), "xmp", "element"),
    "xmp of nothing": (made(PICTURE, XMP), "xmp", "element"),
    "xmp with the signature of JPEG": (
        made(PICTURE, (XMP_INFO, b"http://ns.adobe.com/xap/1.0/\0" + OWN), references=CDSC),
        "xmp",
        "element",
    ),
    "xmp in idat": (made(PICTURE, XMP, methods=(0, 1), references=CDSC), "xmp", "element"),
    "all in idat": (made(PICTURE, XMP, methods=(1, 1), references=CDSC), "xmp", "element"),
    "xmp in halves": (made(PICTURE, XMP, split=True, references=CDSC), "xmp", "element"),
    "base offsets": (made(PICTURE, XMP, widths=(0, 4, 8, 0), base=True, references=CDSC), "xmp", "element"),
    "iloc 0": (made(PICTURE, XMP, version=0, references=CDSC), "xmp", "element"),
    "iloc 2": (made(PICTURE, XMP, version=2, widths=(8, 8, 0, 4), references=CDSC), "xmp", "element"),
    "numbers of 32 bits": (
        made(PICTURE, XMP, version=2, wide=True, first=70000, references=((b"cdsc", 70001, (70000,)),)),
        "xmp",
        "element",
    ),
    "deflated": (
        made(PICTURE, (XMP_INFO + b"deflate\0", zlib.compress(OWN)), references=CDSC),
        "xmp",
        "element",
    ),
    "user comment": (made(PICTURE, exif_item(WRAPPED.encode())), "exif", "wrapped"),
    "bare user comment": (made(PICTURE, exif_item(BARE.encode())), "exif", "bare"),
    "json item": (made(PICTURE, (b"mime\0application/json\0", WRAPPED.encode())), "heif-item", "wrapped"),
    "named item": (made(PICTURE, (b"mimeAIGC\0text/plain\0", b" " + BARE.encode())), "heif-item", "bare"),
    "uuid": (made(PICTURE, behind=make_box(b"uuid", XMP_UUID, OWN)), "xmp", "element"),
}


def test_harness_over_real_files() -> None:
    for ending, container in CONTAINERS.items():
        kinds = files.HEICS if ending == "heic" else files.AVIFS
        check_container(container, [(f"{kind}.{ending}", real(ending, kind)) for kind in kinds], mutations=12)


def test_harness_over_every_structure() -> None:
    plain = {
        "idat": made(PICTURE, (b"grid\0", b"\0\0\0\0\0\1\0\1"), methods=(0, 1)),
        "two pictures": made(PICTURE, PICTURE, references=((b"thmb", 2, (1,)),)),
        "unended": made(PICTURE, unended=True),
        "last": made(PICTURE, (XMP_INFO, OTHER), references=CDSC, unended=True),
        "wide": made(PICTURE, version=2, wide=True, first=70000),
        "full numbers": made(PICTURE, first=65535),
        "free": made(PICTURE, behind=make_box(b"free", bytes(32))),
        "film": made(PICTURE, behind=make_box(b"mpvd", b"film" * 99)),
        "base": made(PICTURE, PICTURE, widths=(0, 4, 8, 0), base=True),
        "halves": made(PICTURE, PICTURE, split=True, version=1),
        "other packet": made(PICTURE, (XMP_INFO, OTHER), references=CDSC),
        "other packet in halves": made(PICTURE, (XMP_INFO, OTHER), split=True, references=CDSC),
        "other packet inside": made(PICTURE, (XMP_INFO, OTHER), PICTURE, methods=(0, 1, 1), references=CDSC),
        "gain map": made(PICTURE, PICTURE, (XMP_INFO, OTHER), references=((b"auxl", 2, (1,)), (b"cdsc", 3, (2,)))),
    }
    second = (XMP_INFO, OWN.replace(b"Label&quot;:&quot;1", b"Label&quot;:&quot;2"))
    doubled = [
        ("two packets.heic", made(PICTURE, XMP, second, references=(*CDSC, (b"cdsc", 3, (1,))))),
        ("two and a comment.heic", made(PICTURE, XMP, exif_item(WRAPPED.encode()), references=CDSC)),
        ("json too.heic", made(PICTURE, XMP, (b"mime\0text/plain\0", b"AIGC" + BARE.encode()), references=CDSC)),
        ("uuid too.heic", made(PICTURE, XMP, references=CDSC, behind=make_box(b"uuid", XMP_UUID, OWN))),
        ("key too.heic", made(PICTURE, XMP, references=CDSC, behind=make_box(b"moov", make_box(b"udta", MP4_LABEL)))),
    ]
    check_container(HEIC, [(f"{name}.heic", data) for name, data in plain.items()], doubled=doubled, mutations=12)


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("thorough", [False, True])
def test_every_place_is_read(name: str, thorough: bool) -> None:
    data, carrier, shape = PLACES[name]
    reading = read(data, thorough=thorough)
    assert reading.state is State.LABELLED
    (found,) = reading.found
    assert (found.label, found.carrier, found.shape) == (LABEL, carrier, shape)


@pytest.mark.parametrize("name", [name for name in PLACES if name != "deflated"])
@pytest.mark.parametrize("in_place", [False, True])
def test_every_place_is_replaced_by_the_one(name: str, in_place: bool) -> None:
    data = PLACES[name][0]
    for label in (PROPAGATED, LABEL.propagated(PROPAGATED.propagator, "post-" + "4" * 4000)):
        written = write(data, label, in_place=in_place)
        reading = read(written)
        assert [(found.label, found.carrier) for found in reading.found] == [(label, "xmp")]
        assert written.count(b"ContentProducer") == 1
        assert media_hash(HEIC, written) == media_hash(HEIC, data)
        assert PIXELS in written


def test_a_packet_that_cannot_be_rewritten_is_said_to_be_so() -> None:
    reading = read(PLACES["deflated"][0])
    assert "compressed" in {problem.code for problem in reading.found[0].problems}
    survives(HEIC, PLACES["deflated"][0])


@pytest.mark.parametrize(("ending", "kind"), REAL)
def test_other_programs(ending: str, kind: str, tmp_path: Path) -> None:
    data, container = real(ending, kind), CONTAINERS[ending]
    before, after = tmp_path / f"before.{ending}", tmp_path / f"after.{ending}"
    before.write_bytes(data)
    written = labelled(container, Sample(f"x.{ending}", data)).data
    after.write_bytes(written)
    assert oracles.exiftool_label(after) == dict(LABEL.items())
    assert oracles.exiftool_warnings(after) == oracles.exiftool_warnings(before)
    if kind != "film":  # other programs want a still picture
        assert files.decoded(written, ending) == files.decoded(data, ending)
    kept = [kind for kind, *_ in files.boxes(written) if kind != b"uuid"]  # a film's packet stands in one of its own
    assert kept[: len(files.boxes(data))] == [kind for kind, *_ in files.boxes(data)]


@pytest.mark.parametrize(("ending", "kind"), [("heic", "exiftool"), ("heic", "metadata"), ("avif", "metadata")])
def test_foreign_metadata_stays(ending: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.{ending}"
    data = real(ending, kind)
    path.write_bytes(data)
    before = oracles.exiftool(path)
    path.write_bytes(labelled(CONTAINERS[ending], Sample(path.name, data)).data)
    after = oracles.exiftool(path)
    own = {key for key in after if key.startswith(("System:", "XMP-TC260")) or "DataOffset" in key or "Size" in key}
    assert {k: v for k, v in after.items() if k not in own} == {k: v for k, v in before.items() if k not in own}
    assert "© 测试" in str(after)


@pytest.mark.parametrize(("ending", "kind"), [("heic", "plain"), ("avif", "animated"), ("avif", "film")])
def test_propagation_is_one_small_edit_in_place(ending: str, kind: str) -> None:
    container = CONTAINERS[ending]
    written = labelled(container, Sample(f"x.{ending}", real(ending, kind)))
    with Source.open(written.data) as source:
        splice = container.write(source, PROPAGATED, reading_of(container, written), in_place=True)
    assert splice.moves_nothing
    assert len(splice.edits) == 1
    assert sum(len(edit.data) for edit in splice.edits) < 400
    assert applied(splice, written.data) != written.data


@pytest.mark.parametrize("padding", [0, 4000])
def test_a_sequence_whose_picture_and_track_share_a_packet(padding: int) -> None:
    packet = samples.XMP.replace(b"<?xpacket end", b" " * padding + b"<?xpacket end")
    sample = Sample("x.heic", files.sequence(packet))
    assert [block.carrier for block in reading_of(HEIC, sample).blocks] == ["xmp"]
    written = labelled(HEIC, sample)
    reading = reading_of(HEIC, written)
    assert [found.label for found in reading.found] == [LABEL]
    assert media_hash(HEIC, written.data) == media_hash(HEIC, sample.data)
    assert written.data.count(b"TC260:AIGC>") == 2
    assert (packet in written.data) == (padding == 0)  # without room, the track keeps the packet that it had
    check_propagated(HEIC, sample)


def test_a_free_box_behind_the_tables_gives_the_room() -> None:
    spacious = next(e.data for e in Heic.examples() if e.name.startswith("spacious"))
    written = write(spacious)
    kinds = files.boxes(written)
    assert [kind for kind, *_ in kinds] == [b"ftyp", b"meta", b"free", b"mdat", b"mdat"]
    assert spacious.index(bytes(range(64))) == written.index(bytes(range(64)))


def test_the_film_of_a_motion_photo_stays_last() -> None:
    data = made(PICTURE, behind=make_box(b"mpvd", b"film" * 99))
    assert [kind for kind, *_ in files.boxes(write(data))] == [b"ftyp", b"meta", b"mdat", b"mdat", b"mpvd"]
    assert write(data).endswith(b"film" * 99)


def test_a_packet_grows_where_it_stands() -> None:
    data = made(PICTURE, (XMP_INFO, OTHER), (b"hvc1\0", PIXELS[::-1]), references=CDSC)
    written = write(data)
    assert [kind for kind, *_ in files.boxes(written)] == [b"ftyp", b"meta", b"mdat"]
    assert written.count(b"<dc:rights>") == 1
    assert written.endswith(PIXELS[::-1])
    assert media_hash(HEIC, written) == media_hash(HEIC, data)


def test_a_packet_of_another_picture_is_told_apart() -> None:
    gain_map = made(PICTURE, PICTURE, XMP, references=((b"auxl", 2, (1,)), (b"cdsc", 3, (2,))))
    assert "heif-not-primary" in {problem.code for problem in read(gain_map).found[0].problems}
    written = read(write(gain_map))
    assert [found.label for found in written.found] == [LABEL]
    assert written.found[0].problems == ()


def test_credentials_are_noticed_and_left_alone() -> None:
    manifest = make_box(b"uuid", C2PA_UUID, bytes(4), b"manifest\0", bytes(8), make_box(b"jumb", b"AIGC" * 9))
    data = made(PICTURE, behind=manifest)
    assert [block.carrier for block in read(data).blocks] == ["c2pa"]
    assert read(data).state is State.UNLABELLED
    assert manifest in write(data)


@pytest.mark.parametrize(
    ("data", "state", "code"),
    [
        (b"", State.MALFORMED, "file-empty"),
        (make_box(b"ftyp", b"heic", bytes(4)), State.MALFORMED, "heif-no-picture"),
        (made(PICTURE)[:-10], State.MALFORMED, "truncated"),
        (made(PICTURE, (XMP_INFO, bytes(900)), references=CDSC), State.MALFORMED, "bmff-blanked"),
        (made(PICTURE, (XMP_INFO, b" " * 900), references=CDSC), State.MALFORMED, "bmff-blanked"),
        (made(PICTURE, XMP, protected=(2,)), State.UNREADABLE, "heif-protected-item"),
        (made(PICTURE, (XMP_INFO + b"br\0", OWN)), State.UNREADABLE, "heif-item-encoding"),
        (made(PICTURE, (XMP_INFO, b"<not xml AIGC")), State.MALFORMED, "block-unreadable"),
        (made(PICTURE, (XMP_INFO, b"<!DOCTYPE x []><x AIGC=''/>")), State.MALFORMED, "block-unreadable"),
        (made(PICTURE, (b"Exif\0", b"\0\0\0\0nothing")), State.MALFORMED, "block-unreadable"),
        (made(PICTURE, methods=(2,)), State.UNLABELLED, ""),
        (made(PICTURE, XMP, methods=(0, 2)), State.MALFORMED, "heif-item-outside"),
        (made(PICTURE, XMP, methods=(0, 9)), State.MALFORMED, "heif-item-outside"),
        (
            made(PICTURE, behind=make_box(b"free", bytes(4), make_box(b"hdlr", bytes(60)))),
            State.MALFORMED,
            "bmff-blanked",
        ),
    ],
)
def test_states(data: bytes, state: State, code: str) -> None:
    reading = survives(HEIC, data)
    assert reading.state is state
    assert code in {problem.code for problem in reading.problems} | {""}


def test_items_made_of_another_item_are_read() -> None:
    whole = b"\xee" * 40 + OWN + b"\xee" * 40
    data = bytearray(made(PICTURE, (b"mime\0x/y\0", whole), (XMP_INFO, b""), version=1, methods=(0, 0, 2),
                          widths=(4, 4, 0, 4), references=((b"iloc", 3, (2,)), (b"cdsc", 3, (1,)))))  # fmt: skip
    empty = (3).to_bytes(2, "big") + (2).to_bytes(2, "big") + bytes(2) + (1).to_bytes(2, "big")
    at = data.index(empty) + len(empty)
    data[at : at + 12] = (1).to_bytes(4, "big") + (40).to_bytes(4, "big") + len(OWN).to_bytes(4, "big")
    found = read(bytes(data)).found
    assert LABEL in [item.label for item in found]
    survives(HEIC, bytes(data))


def test_tables_cannot_make_a_reading_endless() -> None:
    data = made(PICTURE, XMP, references=CDSC)
    iloc = data.index(b"iloc")
    liar = data[: iloc + 10] + b"\xff\xff" + data[iloc + 12 :]
    assert read(liar).state is State.MALFORMED
    many = made(*[PICTURE] * 300)
    with Source.open(many, name="x.heic", limits=Limits(elements=200)) as source:
        assert [p.code for p in read_source(source).problems] == ["too-many-elements"]


def test_films_and_stills_are_told_apart() -> None:
    for brand, name in (
        (b"heic", "heic"), (b"hevc", "heic"), (b"avif", "avif"), (b"avis", "avif"), (b"mif1", "heif"),
        (b"msf1", "heif"), (b"heim", "heif"), (b"isom", "mp4"), (b"qt  ", "mov"), (b"M4A ", "m4a"),
    ):  # fmt: skip
        head = make_box(b"ftyp", brand, bytes(4), b"mif1") + bytes(40)
        scores = {c.name: c.score(head[:64], "") for c in (Heif(), Heic(), Avif(), Mp4())}
        with Source.open(head) as source:
            assert sniff(source).name == name
        assert [n for n, score in scores.items() if score] == ([name] if name in scores else [])
    for ending in ("heif", "heic", "avif"):
        with Source.open(make_box(b"ftyp", b"mif1", bytes(4), b"mif1"), name=f"x.{ending}") as source:
            assert (sniff(source).name, sniff(source).mismatch) == (ending, False)


def test_long_files_cost_few_small_reads() -> None:
    data = made((b"hvc1\0", bytes(3_000_000)), exif_item(b"hand-held"))
    for each in (data, write(data)):
        with Source.open(each, name="x.heic") as source:
            read_source(source)
            assert source.reads <= 4
            assert source.bytes_read < 16384


@settings(max_examples=60)
@given(junk=st.binary(max_size=200), at=st.integers(0, 500))
def test_anything_inside_is_met_with_our_errors_alone(junk: bytes, at: int) -> None:
    data = made(PICTURE, XMP, exif_item(WRAPPED.encode()), references=CDSC)
    survives(HEIC, data[:at] + junk + data[at:])
    survives(HEIC, data[:at] + junk + data[at + len(junk) :])
