"""IPTC source types in XMP, and vendors' private records."""

from __future__ import annotations

import pytest

from yinji.containers.model import Block, Found, Kind, Reading, Scheme, State
from yinji.containers.source import Source
from yinji.evidence.base import Basis, Evidence, Inspected, Says, Strength
from yinji.evidence.digital_source_type import NOT_AI
from yinji.evidence.registry import gather
from yinji.labels.iptc import vocabulary

BASE = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def packet(inside: str) -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        f' xmlns:other="http://example.com/">{inside}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


def detect(xmp: bytes) -> list[Evidence]:
    reading = Reading("jpeg", "image/jpeg", Kind.IMAGE, State.UNLABELLED, blocks=(Block("xmp", "", xmp, 2, 900),))
    return list(gather(Inspected(Source.open(b"x"), reading)))


def of_type(value: str) -> list[Evidence]:
    return detect(packet(f"<Iptc4xmpExt:DigitalSourceType>{value}</Iptc4xmpExt:DigitalSourceType>"))


@pytest.mark.parametrize("term", vocabulary(), ids=lambda term: term.name)
def test_every_term_of_the_vocabulary(term: object) -> None:
    (item,) = of_type(term.uri)  # type: ignore[attr-defined]
    name = term.name  # type: ignore[attr-defined]
    expected = Says.AI if term.says_ai else (Says.NOT_AI if name in NOT_AI else Says.UNKNOWN)  # type: ignore[attr-defined]
    assert (item.says, item.basis, item.strength) == (expected, Basis.TRACE, Strength.STATED)
    assert name in item.summary.zh and name in item.summary.en


def test_terms_are_known_to_the_vocabulary() -> None:
    assert {term.name for term in vocabulary()} >= NOT_AI


def test_rules_without_a_trained_model_are_not_ai_generation() -> None:
    (item,) = of_type(BASE + "algorithmicMedia")
    assert item.says is Says.UNKNOWN


@pytest.mark.parametrize(
    "value", ["https://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia", "trainedAlgorithmicMedia"]
)
def test_other_spellings_of_the_address(value: str) -> None:
    assert [item.says for item in of_type(value)] == [Says.AI]


def test_a_packet_full_of_terms_is_bounded() -> None:
    assert len(of_type(" ".join(f"x{number}" for number in range(5000)))) == 8
    assert len(of_type(" ".join([BASE + "digitalCapture"] * 5000))) == 1


def test_an_unknown_term_says_nothing() -> None:
    assert [item.says for item in of_type(BASE + "somethingElse")] == [Says.UNKNOWN]


def test_the_ai_fields_of_2025_1() -> None:
    (item,) = detect(
        packet(
            "<Iptc4xmpExt:AISystemUsed>Model X</Iptc4xmpExt:AISystemUsed>"
            "<Iptc4xmpExt:AISystemVersionUsed>3</Iptc4xmpExt:AISystemVersionUsed>"
        )
    )
    assert item.says is Says.AI and item.detail == {"AISystemUsed": "Model X", "AISystemVersionUsed": "3"}
    assert "Model X" in item.summary.zh
    (prompt,) = detect(packet("<Iptc4xmpExt:AIPromptInformation>a cat</Iptc4xmpExt:AIPromptInformation>"))
    assert prompt.says is Says.AI and "AIPromptInformation" in prompt.summary.en


def test_empty_fields_and_other_namespaces_say_nothing() -> None:
    assert detect(packet("<Iptc4xmpExt:AISystemUsed> </Iptc4xmpExt:AISystemUsed>")) == []
    assert detect(packet("<other:DigitalSourceType>trainedAlgorithmicMedia</other:DigitalSourceType>")) == []
    assert detect(b"no packet at all") == []


@pytest.mark.parametrize(
    ("scheme", "fields", "says", "strength"),
    [
        (Scheme.BYTEDANCE, {"aigc_info": {"aigc_label_type": 1}}, Says.AI, Strength.STRONG),
        (Scheme.BYTEDANCE, {"aigc_info": '{"aigc_label_type": 2}'}, Says.AI, Strength.STRONG),
        (Scheme.BYTEDANCE, {"aigc_info": {"aigc_label_type": 0}, "product": "lv"}, Says.UNKNOWN, Strength.WEAK),
        (Scheme.BYTEDANCE, {"product": "dreamina", "exportType": "generation"}, Says.AI, Strength.STRONG),
        (Scheme.BYTEDANCE, {"product": "aweme", "aigc_type": 1}, Says.AI, Strength.STRONG),
        (Scheme.BYTEDANCE, {"product": "lv", "exportType": "edit", "aigc_info": "{"}, Says.UNKNOWN, Strength.WEAK),
        (Scheme.TENCENT_CLOUD, {"ServiceProvider": "腾讯云", "ContentId": "x"}, Says.AI, Strength.STRONG),
    ],
)
def test_private_records_are_traces_and_never_the_label(
    scheme: Scheme, fields: dict[str, object], says: Says, strength: Strength
) -> None:
    found = Found(scheme, None, "{}", "exif", "ImageDescription", 5, 50, fields=dict(fields))
    reading = Reading("jpeg", "image/jpeg", Kind.IMAGE, State.UNLABELLED, other=(found,))
    (item,) = gather(Inspected(Source.open(b"x"), reading))
    assert (item.says, item.basis, item.strength) == (says, Basis.TRACE, strength)
    assert "label" not in item.detail and item.detail["fields"] == fields
    assert "国家标准" in item.summary.zh or says is Says.UNKNOWN
