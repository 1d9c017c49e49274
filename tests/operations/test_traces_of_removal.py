"""A label that was blanked in place is "cannot tell", never "no label", in every format; and it is said where."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import samples
import writable
import yinji
from yinji.cli.app import group
from yinji.cli.steps import described
from yinji.containers import xmp
from yinji.containers.base import Container
from yinji.containers.model import Reading, State
from yinji.containers.registry import by_name
from yinji.errors import Malformed
from yinji.labels.aigc import AigcLabel
from yinji.regimes.base import Tier
from yinji.testing import LABEL, Sample, labelled, reading_of

EMPTIED = {"label-emptied", "values-emptied"}
WIPED = {"packet-wiped"}
EVERY = pytest.mark.parametrize("container", writable.CONTAINERS, ids=writable.NAMES)
PACKED = frozenset(
    (
        *("svg", "svgz", "wmv", "wma", "asf", "glb", "vrm", "gltf", "ogg", "opus", "theora"),
        *("docx", "xlsx", "pptx", "odt", "ods", "odp", "odg", "epub", "ofd", "xmind", "usdz"),
    )
)
"""Formats whose value does not stand in the file as one run of plain bytes: packed, checked, UTF-16 or nested."""
OPEN = [container for container in writable.CONTAINERS if container.name not in PACKED]
PLAINLY = pytest.mark.parametrize("container", OPEN, ids=[container.name for container in OPEN])


def carried(container: Container) -> Iterator[tuple[str, bytes, int, int]]:
    """(name, bytes, start, stop) of every labelled example; the range is that of the value as it stands."""
    yielded = False
    for name, data in writable.examples(container):
        whole = labelled(container, Sample(name, data)).data
        found = reading_of(container, Sample(name, whole)).found[0]
        piece = whole[found.start : found.stop]
        for opening, closing in ((b"{&quot;", b"&quot;}"), (b'{"', b'"}'), (b"Label", b"ReservedCode2: ''")):
            start, stop = piece.find(opening), piece.rfind(closing) + len(closing)
            if 0 <= start < stop:
                yielded = True
                yield name, whole, found.start + start, found.start + stop
                break
    assert yielded, f"{container.name}: in which example does the value stand plainly?"


def codes(reading: Reading) -> set[str]:
    return {problem.code for problem in (*reading.problems, *(p for f in reading.found for p in f.problems))}


def expect_trace(container: Container, name: str, data: bytes, wanted: set[str] = EMPTIED) -> None:
    """A field named AIGC is a trace of generation; a packet wiped whole may have held anything."""
    for thorough in (False, True):
        reading = reading_of(container, Sample(name, data), thorough=thorough)
        assert reading.state is State.MALFORMED, name
        assert reading.label is None
        assert codes(reading) & wanted, (name, codes(reading))
        assert all(problem.text.zh and problem.text.en for problem in reading.problems)
    report = yinji.check(data, filename=name)
    assert report.verdict.tier is (Tier.NONE if wanted is WIPED else Tier.SUSPECTED)
    told = [evidence for evidence in report.evidence if evidence.detector == "implicit-label"]
    assert len(told) == 1
    assert told[0].says == "unknown"
    assert "抹去" in told[0].summary.zh
    assert "blanked" in told[0].summary.en


@PLAINLY
def test_a_value_of_spaces_is_a_trace(container: Container) -> None:
    for name, data, start, stop in carried(container):
        expect_trace(container, name, data[:start] + b" " * (stop - start) + data[stop:])


@EVERY
def test_emptied_fields_are_a_trace(container: Container) -> None:
    """The keys stay, every value goes: what a careful eraser leaves."""
    empty = AigcLabel("", "", "")
    for name, data in writable.examples(container):
        expect_trace(container, name, labelled(container, Sample(name, data), empty).data)


@PLAINLY
def test_a_blanked_file_can_be_labelled_again(container: Container) -> None:
    for name, data, start, stop in carried(container):
        blanked = Sample(name, data[:start] + b" " * (stop - start) + data[stop:])
        again = reading_of(container, labelled(container, blanked))
        assert [found.label for found in again.found] == [LABEL]
        assert again.state is State.LABELLED


JSON = LABEL.to_json()
PACKET = xmp.with_label(None, JSON)


@pytest.mark.parametrize(
    "wiped",
    [
        bytes(500),
        b" " * 500,
        b"\n" * 3 + b" " * 497,
        PACKET[: PACKET.index(b"<x:")] + b" " * 400 + b'<?xpacket end="w"?>',
        PACKET.decode().replace(JSON.replace('"', "&quot;"), "").encode(),
        PACKET.decode().replace(JSON.replace('"', "&quot;"), " " * 300).encode(),
        PACKET.decode().replace(JSON.replace('"', "&quot;"), "").encode("utf-16-le"),
        PACKET[: PACKET.index(b"><TC260:AIGC")] + b" TC260:AIGC=''/></rdf:RDF></x:xmpmeta>",
    ],
    ids=["zeros", "spaces", "lines", "wrapper", "empty element", "blank element", "utf-16", "empty attribute"],
)
@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_a_wiped_packet_is_a_trace(wiped: bytes, ending: str, sample_dir: Path) -> None:

    source = samples.jpeg("baseline") if ending == "jpg" else samples.png("rgb")
    data, container = source.read_bytes(), by_name("jpeg" if ending == "jpg" else "png")
    expect_trace(
        container, source.name, with_packet(data, wiped), EMPTIED if b"R\0D\0F" in wiped or b"RDF" in wiped else WIPED
    )


def with_packet(data: bytes, packet: bytes) -> bytes:
    """The file with a packet in the place where the guide puts it."""
    if data[:2] == b"\xff\xd8":
        body = b"http://ns.adobe.com/xap/1.0/\0" + packet
        return data[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + data[2:]
    from yinji.containers.png.chunks import make_xmp

    return data[:33] + make_xmp(packet) + data[33:]


def test_a_segment_or_chunk_zeroed_with_its_name_is_a_trace(sample_dir: Path) -> None:

    for path, container in ((samples.jpeg("baseline"), by_name("jpeg")), (samples.png("rgb"), by_name("png"))):
        data = with_packet(path.read_bytes(), PACKET)
        found = reading_of(container, Sample(path.name, data)).found[0]
        start, stop = (found.start + 4, found.stop) if container.name == "jpeg" else (found.start + 8, found.stop - 4)
        for fill in (b"\0", b" "):
            expect_trace(container, path.name, data[:start] + fill * (stop - start) + data[stop:], WIPED)


def test_an_ordinary_packet_is_no_trace(sample_dir: Path) -> None:

    empty = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></x:xmpmeta>'
    for packet in (empty, samples.XMP):
        data = with_packet(samples.jpeg("baseline").read_bytes(), packet)
        assert reading_of(by_name("jpeg"), Sample("a.jpg", data)).state is State.UNLABELLED
    assert reading_of(by_name("jpeg"), Sample("a.jpg", samples.jpeg("camera").read_bytes())).state is State.UNLABELLED


def test_a_trace_beside_a_label_is_told_and_does_not_hide_it() -> None:
    from yinji.containers.png.chunks import make

    name, data = writable.examples(by_name("png"))[0]
    data = labelled(by_name("png"), Sample(name, data)).data
    data = data[:33] + make(b"tEXt", b"AIGC\0   ") + data[33:]
    reading = reading_of(by_name("png"), Sample(name, data))
    assert (reading.state, reading.label) == (State.LABELLED, LABEL)
    emptied = reading.found[0]
    assert (emptied.label, emptied.start, emptied.carrier) == (None, 33, "png-text")
    assert [problem.code for problem in emptied.problems] == ["label-emptied"]
    assert reading.problems == ()


def test_a_platform_may_mark_what_was_blanked_and_cannot_pass_it_on_unseen(tmp_path: Path) -> None:
    container = next(c for c in writable.CONTAINERS if c.name == "jpeg")
    name, data, start, stop = next(carried(container))
    blanked = data[:start] + b" " * (stop - start) + data[stop:]
    platform = "001191110000MA0TE5T00Q20001"
    with pytest.raises(Malformed) as refused:
        yinji.propagate(blanked, propagator=platform, propagate_id="p", output=tmp_path / "no.jpg", filename=name)
    assert refused.value.code == "label-not-understood"
    out = tmp_path / "suspected.jpg"
    yinji.propagate(blanked, propagator=platform, propagate_id="p", label="3", output=out, filename=name)
    assert yinji.read(out).label == AigcLabel("3", platform, "p", "", platform, "p", "")
    with pytest.raises(yinji.YinjiError):
        yinji.carry(tmp_path / "gone.jpg", out)


def blanked_film(how: str) -> tuple[str, bytes]:
    """A labelled MP4 whose label was blanked in place, as careful erasers do it."""
    container = by_name("mp4")
    name, data = writable.examples(container)[-1]
    data = labelled(container, Sample(name, data)).data
    found = reading_of(container, Sample(name, data)).found[0]
    value = data.index(b'{"Label"', found.start)
    meta = data.rindex(b"meta", 0, found.start) - 4
    size = int.from_bytes(data[meta : meta + 4], "big")
    key = data.rindex(b"AIGC", 0, found.start)
    match how:
        case "key renamed":
            return name, data[: key - 4] + b"free" + data[key:]
        case "key and value":
            return name, data[: key - 4] + b"free    " + data[key + 4 : value] + b" " * (found.stop - value) + data[
                found.stop :
            ]
        case "space value":
            return name, data[:value] + b" " * (found.stop - value) + data[found.stop :]
    return name, data[: meta + 4] + b"free" + data[meta + 8 : meta + size] + data[meta + size :]


@pytest.mark.parametrize("how", ["key renamed", "key and value", "space value", "meta box renamed"])
def test_a_generator_labels_its_own_work_over_a_blanked_label(how: str, tmp_path: Path) -> None:
    """A trace stops nobody who may say what the content is; it is told to them, and to whoever may not it is an end."""
    name, data = blanked_film(how)
    reading = yinji.read(data, filename=name)
    if reading.label is None:
        assert reading.state is State.MALFORMED
    result = yinji.label(data, LABEL, metadata_only=True, output=tmp_path / name, filename=name)
    assert yinji.read(tmp_path / name).label == LABEL
    if reading.label is None:
        assert [step.name for step in result.steps] == ["blanked", "metadata"]
        assert "blanked in the file before" in described(result.steps[0])
        platform = "001191110000MA0TE5T00Q20001"
        with pytest.raises(Malformed):
            yinji.propagate(data, propagator=platform, propagate_id="p", output=tmp_path / "no.mp4", filename=name)
        with pytest.raises(Malformed):
            yinji.carry(data, tmp_path / name, filename=name)
        out = tmp_path / "suspected.mp4"
        yinji.propagate(data, propagator=platform, propagate_id="p", label="3", output=out, filename=name)
        assert yinji.read(out).label == AigcLabel("3", platform, "p", "", platform, "p", "")
        made = tmp_path / "made.mp4"
        made.write_bytes(data)
        yinji.carry(tmp_path / name, made)
        assert yinji.read(made).label == LABEL


def test_the_command_line_says_that_it_cannot_tell(tmp_path: Path) -> None:
    container = next(c for c in writable.CONTAINERS if c.name == "png")
    name, data, start, stop = next(carried(container))
    path = tmp_path / name
    path.write_bytes(data[:start] + b" " * (stop - start) + data[stop:])
    result = CliRunner().invoke(group, ["read", "--json", str(path)], standalone_mode=False)
    told = json.loads(result.output)
    assert result.return_value == 4
    assert told["state"] == "malformed"
    assert told["labels"][0]["problems"][0]["code"] == "label-emptied"
