"""From every format into every format: the label lands once, with all seven values byte-exact, whatever they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import writable
import yinji
from yinji.cli.app import group
from yinji.containers.base import Container
from yinji.containers.model import State
from yinji.containers.png.chunks import make
from yinji.containers.registry import by_name
from yinji.errors import Malformed, Refused, Truncated, UnsupportedFormat
from yinji.labels.aigc import AigcLabel
from yinji.labels.decode import decode
from yinji.testing import Sample, labelled

NESTED = (
    '{"SecurityData":{"Type":"TC260PG","PubSD":[{"Type":"DS","AlgID":"1.2.156.10197.1.501","TBSData":'
    '{"Type":"LabelMataData"},"Signature":"3045+/=="}],"Bindings":{"a":[1,2.50,null,true]}}}'
)
OWN = AigcLabel.first("001191110000MA0TE5T00Q10001", "20261122-7f3a9c", reserved1="c2lnbmF0dXJl+/==")
PRODUCERS = {
    "conforming": OWN,
    "passed on": OWN.propagated("001191110000MA0TE5T00Q20001", "post-42", reserved2="K-123"),
    "Chinese names": AigcLabel("1", "某某（北京）科技有限公司", "作品·一号", "", "另一家平台", "帖子#42", ""),
    "nested security data": AigcLabel("1", "001191110000MA0TE5T00Q10001", "1", NESTED, "x", "y", NESTED),
    "Label: AIGC": AigcLabel("AIGC", "Minimax Agent AI", "00000000000000000000", "3045" * 36, "", "", ""),
    "awkward": AigcLabel("2", "<&>\"']]>--><!--", "\\u0041\\\"\\n%00{}", "':#-? |>*&!%@`", " lead", "trail ", "~"),
    "null": AigcLabel("null", "true", "0x1F", "1e3", "2026-11-22", "~", "no"),
    "control codes": AigcLabel("1", "a\tb\nc\rd", "\x00\x01\x1f\x7f\x85", "\ufffe\uffff", "\u2028", "\ud83d", "𠮷🀄"),
    "long": AigcLabel("3", "P" * 300, "长" * 900, "S" * 9000, "q", "r", "=" * 600),
}  # fmt: skip
EVERY = pytest.mark.parametrize("container", writable.CONTAINERS, ids=writable.NAMES)


def carried_into(container: Container, source: bytes, name: str, folder: Path) -> yinji.AigcLabel | None:
    for ending, data in writable.examples(container):
        path = folder / f"{container.name}-{ending}"
        path.write_bytes(data)
        media = yinji.media_digest(path)
        yinji.carry(source, path, filename=name, durable=False)
        reading = yinji.read(path, thorough=True)
        assert (reading.state, len(reading.found)) == (State.LABELLED, 1)
        assert yinji.media_digest(path) == media
        again = path.read_bytes()
        result = yinji.carry(source, path, filename=name, durable=False)
        assert result.steps[-1].detail["already"] is True
        assert path.read_bytes() == again
    return reading.label


@EVERY
def test_every_format_into_this_one(container: Container, tmp_path: Path) -> None:
    """One row of the matrix: the conforming label out of every other format."""
    for other in writable.CONTAINERS:
        name, data = writable.examples(other)[0]
        source = labelled(other, Sample(name, data), OWN).data
        path = writable.place(container, tmp_path)
        result = yinji.carry(source, path, filename=name, durable=False)
        assert (result.label, result.format) == (OWN, container.name)
        reading = yinji.read(path, thorough=True)
        assert [found.label for found in reading.found] == [OWN], other.name
        assert reading.found[0].carrier == container.carrier


@pytest.mark.parametrize("kind", PRODUCERS)
@EVERY
def test_every_kind_of_label_into_every_format(container: Container, kind: str, tmp_path: Path) -> None:
    """Out of a PNG text, where any JSON may stand, into the format's own place, byte-exact."""
    label = PRODUCERS[kind]
    assert carried_into(container, png_with(label.to_json()), "a.png", tmp_path) == label


@pytest.mark.parametrize("kind", PRODUCERS)
@EVERY
def test_every_kind_of_label_out_of_every_format(container: Container, kind: str, tmp_path: Path) -> None:
    """Out of the format's own place, into another file of the format and into Markdown."""
    name, data = writable.examples(container)[0]
    source = labelled(container, Sample(name, data), PRODUCERS[kind]).data
    path = writable.place(by_name("markdown"), tmp_path)
    yinji.carry(source, path, filename=name, durable=False)
    assert [found.label for found in yinji.read(path, thorough=True).found] == [PRODUCERS[kind]]


def png_with(*values: str) -> bytes:
    _, data = writable.examples(by_name("png"))[0]
    return data[:33] + b"".join(make(b"iTXt", b"AIGC\0\0\0\0\0" + value.encode()) for value in values) + data[33:]


OUTSIDE = {
    "numeric Label": '{"Label":1,"ContentProducer":"p","ProduceID":"i"}',
    "nested objects": '{"Label":"1","ContentProducer":"p","ProduceID":"i","ReservedCode1":{"a" : [1, 2.50, null]}}',
    "other spellings": '{"AIGC":{"label":"1","contentProducer":"p","produceID":"i","reservedCode1":"x"}}',
    "double encoded": json.dumps({"AIGC": json.dumps({"Label": "1", "ContentProducer": "p", "ProduceID": "i"})}),
    "python": "{'Label': '1', 'ContentProducer': 'it\\'s', 'ProduceID': 'i'}",
}


@pytest.mark.parametrize("kind", OUTSIDE)
@EVERY
def test_values_that_stand_outside_the_rules(container: Container, kind: str, tmp_path: Path) -> None:
    expected = decode(OUTSIDE[kind]).label
    assert expected is not None
    assert carried_into(container, png_with(OUTSIDE[kind]), "a.png", tmp_path) == expected


def test_a_nested_object_keeps_its_own_text(tmp_path: Path) -> None:
    path = writable.place(by_name("jpeg"), tmp_path)
    yinji.carry(png_with(OUTSIDE["nested objects"]), path, filename="a.png")
    label = yinji.read(path).label
    assert label is not None
    assert label.reserved1 == '{"a" : [1, 2.50, null]}'


@pytest.mark.parametrize("name", ["jpeg", "mp4", "mp3", "pdf", "markdown", "gif"])
def test_any_text_at_all(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp(name)
    text = st.text(st.characters(), max_size=40)
    container = by_name(name)

    @given(st.builds(AigcLabel, *[text] * 7))
    def check(label: AigcLabel) -> None:
        if any(value.strip("\0 \t\r\n\u00a0\u3000\ufeff") for _, value in label.items()):
            source = png_with(label.to_json())
            path = writable.place(container, folder)
            yinji.carry(source, path, filename="a.png", durable=False)
            assert [found.label for found in yinji.read(path, thorough=True).found] == [label]

    check()


def test_of_several_the_first_understood_is_carried_and_the_result_says_so(tmp_path: Path) -> None:
    source = tmp_path / "several.png"
    source.write_bytes(png_with("not a label", OWN.to_json(), PRODUCERS["Chinese names"].to_json()))
    path = writable.place(by_name("jpeg"), tmp_path)
    result = yinji.carry(source, path)
    assert result.label == OWN
    step = result.to_dict()["steps"][0]
    assert (step["step"], step["count"], step["carrier"]) == ("several", 3, "png-text")
    assert [found.label for found in yinji.read(path, thorough=True).found] == [OWN]
    shown = CliRunner().invoke(group, ["--lang", "en", "carry", str(source), str(path)], standalone_mode=False)
    assert "The source holds 3 labels" in shown.output


def test_what_cannot_be_understood_is_not_carried(tmp_path: Path) -> None:
    path = writable.place(by_name("jpeg"), tmp_path)
    before = path.read_bytes()
    doubled = '{"Label":"1","Label":"2","ContentProducer":"p","ProduceID":"i"}'
    for source in (png_with("not a label"), png_with(doubled), png_with("   ")):
        with pytest.raises(Malformed) as refused:
            yinji.carry(source, path, filename="a.png")
        assert refused.value.code == "label-not-understood"
    with pytest.raises(Truncated) as cut:
        yinji.carry(png_with()[:-20], path, filename="a.png")
    assert cut.value.code == "png-chunk-length"
    with pytest.raises(Refused) as nothing:
        yinji.carry(png_with(), path, filename="a.png")
    assert nothing.value.code == "nothing-to-carry"
    with pytest.raises(UnsupportedFormat):
        yinji.carry(b"\x7fELF" + bytes(90), path)
    assert path.read_bytes() == before


def test_somebody_elses_label_stays(tmp_path: Path) -> None:
    path = tmp_path / "other.png"
    path.write_bytes(png_with(PRODUCERS["Chinese names"].to_json()))
    before = path.read_bytes()
    with pytest.raises(Refused) as refused:
        yinji.carry(png_with(OWN.to_json()), path, filename="a.png")
    assert refused.value.code == "other-label-present"
    assert path.read_bytes() == before


def test_a_format_without_a_place_says_so(tmp_path: Path) -> None:
    path = tmp_path / "plain.txt"
    path.write_text("words")
    with pytest.raises(UnsupportedFormat) as refused:
        yinji.carry(png_with(OWN.to_json()), path, filename="a.png")
    assert refused.value.code == "no-official-carrier"
    assert path.read_text() == "words"


def test_a_label_in_the_wrong_place_is_put_into_the_right_one(tmp_path: Path) -> None:
    path = tmp_path / "moved.png"
    path.write_bytes(png_with(OWN.to_json()))
    yinji.carry(png_with(OWN.to_json()), path, filename="a.png")
    assert [found.carrier for found in yinji.read(path, thorough=True).found] == ["xmp"]


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    path = writable.place(by_name("gif"), tmp_path)
    before = path.read_bytes()
    result = yinji.carry(png_with(OWN.to_json()), path, filename="a.png", dry_run=True)
    assert (result.dry_run, result.label, path.read_bytes()) == (True, OWN, before)
