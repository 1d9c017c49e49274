"""The vocabulary of digital source types."""

from __future__ import annotations

import pytest

from yinji.labels.iptc import normalise, says_ai, vocabulary

IPTC = "cv.iptc.org/newscodes/digitalsourcetype/"
AI = {
    "trainedAlgorithmicMedia",
    "compositeWithTrainedAlgorithmicMedia",
    "compositeSynthetic",
    "trainedAlgorithmicData",
}


def test_which_terms_say_ai() -> None:
    assert {t.name for t in vocabulary() if t.says_ai} == AI
    assert not says_ai("algorithmicMedia")
    assert not says_ai("algorithmicallyEnhanced")
    assert not says_ai("nonsense")


def test_every_term_normalises_from_every_form() -> None:
    assert len(vocabulary()) == 22
    for term in vocabulary():
        assert term.meaning.zh
        assert term.meaning.en
        for form in (term.name, term.uri, term.uri.replace("http:", "https:"), f" {term.uri}/ ", term.name.lower()):
            assert normalise(form) is term
        assert normalise(f"digsrctype:{term.name}") is term
        assert normalise(f"https://schema.org/{term.name[0].upper()}{term.name[1:]}DigitalSource") is term


@pytest.mark.parametrize(
    "value",
    [
        f"http://{IPTC}trainedAlgorithmicMedia",
        f"https://{IPTC}trainedAlgorithmicMedia",
        "TRAINED_ALGORITHMIC_MEDIA",
        "https://schema.org/TrainedAlgorithmicMediaDigitalSource",
    ],
)
def test_forms_of_the_commonest_term(value: str) -> None:
    term = normalise(value)
    assert term is not None
    assert term.uri == "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def test_bases_and_retired_terms() -> None:
    empty, minor, art = normalise("empty"), normalise("minorHumanEdits"), normalise("digitalArt")
    assert empty is not None
    assert empty.uri == "http://c2pa.org/digitalsourcetype/empty"
    assert minor is not None
    assert (minor.retired, minor.now) == ("2024-09", "humanEdits")
    assert art is not None
    assert normalise(art.now) in vocabulary()


@pytest.mark.parametrize(
    "value",
    ["", "http://example.org/trainedAlgorithmicMedia", f"ftp://{IPTC}composite", "x" * 1000, f"http://{IPTC}"],
)
def test_foreign_values(value: str) -> None:
    assert normalise(value) is None
