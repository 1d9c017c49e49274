"""The values that other people's tools wrote into the shared fixtures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from yinji.labels.aigc import AigcLabel
from yinji.labels.decode import decode, looks_like_label

PEERS = Path(__file__).parent.parent / "fixtures" / "peers"
VALUE = re.compile(rb"\{(?:&quot;|[\"'])Label(?:&quot;|[\"'])[^{}]*\}")

EXPECTED = {
    "cntc260": {"non-string-value", "json-spaces"},
    "metatoolkit": {"json-spaces", "characters", "key-spelling"},
    "npm-image-aigc-metadata": {"empty-field"},
}


def values(name: str) -> list[str]:
    return [match[0].decode("utf-8") for match in VALUE.finditer((PEERS / name).read_bytes())]


@pytest.mark.parametrize("name", sorted(p.name for p in PEERS.iterdir() if p.suffix != ".md"))
def test_value_is_read_and_its_deviations_are_named(name: str) -> None:
    (text,) = set(values(name))
    assert looks_like_label(text)
    decoded = decode(text)
    assert isinstance(decoded.label, AigcLabel)
    assert (decoded.label.label, decoded.label.producer) == ("1", "001191110000MA00000000T00001")
    tool = next(tool for tool in EXPECTED if name.startswith(tool))
    codes = {p.code for p in decoded.problems}
    assert codes >= EXPECTED[tool]
    assert ("python-repr" in codes) == (name == "metatoolkit-0.1.1.png")
    assert ("html-escaped" in codes) == ("&quot;" in text)


def test_python_hash_in_a_reserved_code_keeps_its_digits() -> None:
    label = decode(values("cntc260-0.0.2.webp")[0]).label
    assert label is not None
    assert label.reserved1 == "2959571300926213102"
