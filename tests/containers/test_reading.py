"""The five states, several labels, and other people's records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_exif import tiff
from test_jpeg import PACKET, inserted, segment

from yinji.containers.jpeg.segments import XMP
from yinji.containers.model import Reading, Scheme, State
from yinji.containers.reading import read
from yinji.containers.source import Source
from yinji.testing import LABEL, PROPAGATED

PRESENT = segment(0xE1, XMP + PACKET.encode())
OTHER = segment(0xFE, b"AIGC" + PROPAGATED.to_json().encode())


def reading(data: bytes, name: str = "x.jpg", *, thorough: bool = False) -> Reading:
    return read(Source.open(data, name=name), thorough=thorough)


def test_several_labels_name_places_and_differences() -> None:
    result = reading(inserted(PRESENT, OTHER))
    (problem,) = result.problems
    assert (problem.code, problem.rule) == ("several-labels", "R35")
    assert problem.values["differing"] == "ContentPropagator, PropagateID"
    assert problem.values["offsets"] == [found.start for found in result.found] == [20, 20 + len(PRESENT)]
    assert all(word in problem.text.en for word in ("xmp @20", "jpeg-com", "PropagateID"))
    assert result.label == LABEL


def test_a_label_before_damage_counts_and_the_damage_is_told() -> None:
    result = reading(inserted(PRESENT, b"garbage" * 600))
    assert (result.state, result.label) == (State.LABELLED, LABEL)
    assert [problem.code for problem in result.problems] == ["jpeg-marker"]
    assert all(text for text in result.problems[0].text)


def test_damage_before_any_label_is_never_unlabelled() -> None:
    assert reading(inserted(b"garbage" * 600, PRESENT)).state is State.MALFORMED


def test_a_value_that_cannot_be_understood_is_malformed() -> None:
    result = reading(inserted(segment(0xEB, b'AIGC{"Label":"1","Label":"2","ContentProducer":"x"}')))
    assert result.state is State.MALFORMED
    assert result.found[0].label is None
    assert "duplicate-key" in [problem.code for problem in result.found[0].problems]


@pytest.mark.parametrize(
    ("record", "scheme"),
    [
        ({"ServiceProvider": "p", "ServiceUser": "u", "Time": "t", "ContentId": "c"}, Scheme.TENCENT_CLOUD),
        (
            {"product": "doubao", "exportType": "generation", "aigc_info": {"aigc_label_type": 1}},
            Scheme.BYTEDANCE,
        ),
    ],
)
def test_records_of_other_schemes_are_kept_apart(record: dict[str, object], scheme: Scheme) -> None:
    exif = tiff("<", {0x010E: (2, json.dumps(record).encode() + b"\0")})
    result = reading(inserted(segment(0xE1, b"Exif\0\0" + exif)))
    assert (result.state, result.found) == (State.UNLABELLED, ())
    assert [other.scheme for other in result.other] == [scheme]


def test_an_xmp_packet_without_label_does_not_end_the_search() -> None:
    foreign = PACKET.replace("TC260:AIGC", "TC260:Note").replace("AIGC/1.0", "AIGC/1.0")
    data = inserted(segment(0xE1, XMP + foreign.encode())) + b"AIGC" + LABEL.to_json().encode()
    assert reading(data).label == LABEL


def test_to_dict_is_json_in_both_languages() -> None:
    shown = json.loads(json.dumps(reading(inserted(PRESENT, OTHER)).to_dict()))
    assert shown["state"] == "labelled"
    assert shown["labels"][0]["ContentProducer"] == LABEL.producer
    assert shown["problems"][0]["zh"] and shown["problems"][0]["en"]
    (unread,) = reading(inserted(segment(0xE1, XMP + b"<!DOCTYPE x><x/>"))).problems
    assert "文档类型声明" in unread.text.zh  # the reason too


def test_unsupported_is_a_state_not_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.psd"
    path.write_bytes(b"8BPS\0\1" + bytes(60))
    with Source.open(path) as source:
        result = read(source)
    assert (result.state, result.format) == (State.UNSUPPORTED, "psd")
    assert result.media_type == "image/vnd.adobe.photoshop"
    assert "Photoshop" in result.problems[0].text.zh
