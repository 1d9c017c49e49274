"""XMind: the harness over both kinds, and JSON that stays as it was around the label."""

from __future__ import annotations

import json

import pytest

import documents
from yinji.containers.model import State
from yinji.containers.xmind import XMind
from yinji.testing import LABEL, PROPAGATED, Sample, check_container, labelled, reading_of

XMIND = XMind()
MAP = next(iter(XMIND.examples())).data
VALUE = LABEL.to_json()


def with_metadata(text: str) -> bytes:
    return documents.repacked(MAP, {"metadata.json": text.encode()})


def test_harness() -> None:
    two = with_metadata('{"a":1,"AIGC":' + VALUE + ' , "aigc" : ' + json.dumps(VALUE) + ',"b":[1,{"c":"}"}]}')
    check_container(XMIND, doubled=[("two.xmind", two)], mutations=60)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        ' {\n  "creator": {"name": "a,b}"},\n  "list": [1, 2, {"x": "]"}], "last": "\\"" \n}\n',
        '\ufeff{"名": "值"}',
        '{"AIGC":' + VALUE + ',"creator":{}}',
        '{"first":null,"AIGC":' + json.dumps(VALUE) + "}",
    ],
)
def test_other_members_stay(text: str) -> None:
    written = documents.part(labelled(XMIND, Sample("x.xmind", with_metadata(text)), PROPAGATED).data, "metadata.json")
    before, after = (json.loads(t.lstrip("\ufeff")) for t in (text, written.decode()))
    assert after.pop("AIGC") == dict(PROPAGATED.items())
    before.pop("AIGC", None)
    assert after == before


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a":1} {"AIGC":{}}', '{"a":' + "[" * 5000])
def test_what_is_no_object_is_not_called_unlabelled(text: str) -> None:
    reading = reading_of(XMIND, Sample("x.xmind", with_metadata(text)))
    assert reading.state in (State.MALFORMED, State.UNREADABLE)
