"""Vendors' own records are recognised, and never taken for the label."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yinji.containers.model import Scheme
from yinji.labels import other
from yinji.labels.aigc import AigcLabel
from yinji.labels.decode import decode, looks_like_label
from yinji.labels.other import recognise

BYTEDANCE = [
    {"product": "doubao", "exportType": "generation", "aigc_info": {"aigc_label_type": 1, "source_info": "x"}},
    {"aigc_info": {"aigc_label_type": 0}},
    {"product": "aweme", "aigc_type": 1},
    {"product": "dreamina_oversea", "exportType": "generation"},
    {"product": "lv", "aigc_info": {}},
    {"aigc_label_type": 2},
]
TENCENT = {"ServiceProvider": "腾讯云", "ServiceUser": "100", "Time": "2026-11-22", "ContentId": "abc"}


def test_scheme_names_are_the_containers_own() -> None:
    assert Scheme(other.BYTEDANCE) is Scheme.BYTEDANCE
    assert Scheme(other.TENCENT_CLOUD) is Scheme.TENCENT_CLOUD


@pytest.mark.parametrize("record", BYTEDANCE)
def test_bytedance(record: dict[str, object]) -> None:
    found = recognise(json.dumps(record))
    assert found is not None
    assert (found.scheme, found.fields) == ("bytedance", record)


def test_tencent_cloud() -> None:
    found = recognise("\ufeff" + json.dumps(TENCENT, ensure_ascii=False) + "\0")
    assert found is not None
    assert (found.scheme, found.fields) == ("tencent_cloud", TENCENT)


@pytest.mark.parametrize("record", [*BYTEDANCE, TENCENT])
def test_no_label_in_them(record: dict[str, object]) -> None:
    text = json.dumps(record)
    assert decode(text).label is None
    assert not looks_like_label(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "doubao",
        '{"product":"doubao"}',
        '{"exportType":"generation"}',
        '{"ServiceProvider":"x"}',
        '{"ServiceProvider":1,"Time":2}',
        '{"product":["doubao"],"aigc_info":{}}',
        '{"aigc_info":' + "[" * 1000,
        '{"aigc_info":{"aigc_label_type":1}' + " " * 100_000 + "}",
        AigcLabel.first("doubao", "1").to_json(),
        AigcLabel.first("doubao", "1").to_json(wrapped=True),
    ],
)
def test_not_theirs(text: str) -> None:
    assert recognise(text) is None


@given(st.text(max_size=60))
def test_any_text_is_judged(text: str) -> None:
    for around in (text, '{"aigc_type":1,"product":"aweme",' + text, '{"ServiceProvider":"x","Time":' + text + "}"):
        found = recognise(around)
        assert found is None or found.scheme in list(Scheme)


def test_number_too_long_for_the_interpreter() -> None:
    found = recognise('{"aigc_label_type":' + "1" * 5000 + "}")
    assert found is not None
    assert found.fields == {"aigc_label_type": "1" * 5000}
