"""The strict side: what a first write and a propagation may carry."""

from __future__ import annotations

from dataclasses import replace

import pytest

from yinji.errors import InvalidLabel
from yinji.labels.aigc import AigcLabel, require_conforming, require_producer, require_propagation, shown
from yinji.labels.decode import decode

FIRST = AigcLabel.first("001191110000MA0TE5T00Q10001", "20261122-7f3a9c")


def test_reference_label_conforms() -> None:
    require_conforming(FIRST)
    require_conforming(replace(FIRST, label="3", reserved1='{"SecurityData":{}}'))


@pytest.mark.parametrize(
    ("label", "codes"),
    [
        (replace(FIRST, label="0"), ["label-value"]),
        (replace(FIRST, label=""), ["label-value"]),
        (replace(FIRST, label="1 "), ["label-value", "characters"]),
        (AigcLabel.first("", "x"), ["empty-field", "empty-field"]),
        (AigcLabel.first("x", " "), ["empty-field", "empty-field", "characters", "characters"]),
        (AigcLabel.first("小厂", "x"), ["characters", "characters"]),
        (AigcLabel.first('a"b', "x"), ["characters", "characters"]),
        (AigcLabel.first("a\\b", "x"), ["characters", "characters"]),
        (AigcLabel.first("a\x7f", "x"), ["characters", "characters"]),
        (AigcLabel.first("a\n", "x"), ["characters", "characters"]),
        (replace(FIRST, reserved1="a b"), ["characters"]),
        (replace(FIRST, reserved2="签"), ["characters"]),
        (replace(FIRST, propagator="other"), ["first-write-differs"]),
        (replace(FIRST, propagate_id="other"), ["first-write-differs"]),
        (replace(FIRST, propagator=""), ["empty-field"]),
    ],
)
def test_first_write_refuses(label: AigcLabel, codes: list[str]) -> None:
    with pytest.raises(InvalidLabel) as caught:
        require_conforming(label)
    assert list(caught.value.details["problems"]) == codes  # type: ignore[call-overload]
    assert caught.value.text.zh
    assert caught.value.advice.en
    assert all(p.text.zh != p.code for p in caught.value.details["found"])  # type: ignore[attr-defined]


def test_propagator_answers_for_its_own_half_only() -> None:
    foreign = AigcLabel("AIGC", "小厂 有限公司", "", "a b", "old", "old", "old")
    passed = foreign.propagated("001191110000MA0TE5T00Q20001", "post-42")
    require_propagation(passed)
    assert list(passed.items())[:4] == list(foreign.items())[:4]
    with pytest.raises(InvalidLabel):
        require_propagation(passed.propagated("001191110000MA0TE5T00Q20001", ""))
    with pytest.raises(InvalidLabel):
        require_propagation(passed.propagated("小厂", "1"))
    with pytest.raises(InvalidLabel):
        require_propagation(passed.propagated("x", "1", reserved2="a b"))
    with pytest.raises(InvalidLabel):
        require_producer(passed)


def test_producers_half_survives_a_propagation_through_text() -> None:
    source = '{"Label":"1","ContentProducer":"\\u5c0f\\/厂","ProduceID":"a\\"b","ReservedCode1":{"a" : 1}}'
    before = decode(source).label
    assert before is not None
    after = decode(before.propagated("x", "1").to_json()).label
    assert after is not None
    assert (after.producer, after.produce_id, after.reserved1) == ("小/厂", 'a"b', '{"a" : 1}')


def test_shown_is_short_and_printable() -> None:
    assert shown("a\x00b\u202ec") == "a\\u0000b\\u202ec"
    assert len(shown("x" * 1000)) == 60
