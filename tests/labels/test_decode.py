"""The tolerant reader: each deviation by name, and nothing but an answer for any text."""

from __future__ import annotations

import base64
import html
import json
import pickle
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yinji.labels import decode as module
from yinji.labels.aigc import KEYS, AigcLabel
from yinji.labels.decode import MAX_CHARACTERS, decode, decode_mapping, looks_like_label
from yinji.labels.problem import Severity

FIRST = AigcLabel.first("001191110000MA0TE5T00Q10001", "20261122-7f3a9c")
BARE = FIRST.to_json()
WRAPPED = FIRST.to_json(wrapped=True)


def codes(text: str) -> list[str]:
    return [p.code for p in decode(text).problems]


def changed(**values: object) -> str:
    return json.dumps(dict(FIRST.items()) | values, ensure_ascii=False, separators=(",", ":"))


def renamed(old: str, new: str) -> str:
    return BARE.replace(f'"{old}"', f'"{new}"')


def test_reference_values_read_without_a_problem() -> None:
    assert len(BARE.encode()) == 211
    for text, shape in ((BARE, "bare"), (WRAPPED, "wrapped")):
        decoded = decode(text)
        assert (decoded.label, decoded.shape, decoded.problems) == (FIRST, shape, ())
        assert decoded.fields == dict(FIRST.items())
        assert looks_like_label(text)


SAME_MEANING = {
    "json-spaces": json.dumps(dict(FIRST.items())),
    "outer-space": f"\n {BARE}\t",
    "nul-padding": BARE + "\0\0",
    "byte-order-mark": "\ufeff" + BARE,
    "key-in-value": "AIGC" + BARE,
    "html-escaped": html.escape(BARE),
    "double-encoded": json.dumps(BARE),
    "base64": base64.b64encode(BARE.encode()).decode(),
    "python-repr": repr(dict(FIRST.items())),
    "label-in-list": f"[{BARE}]",
    "wrapper-key": f'{{"aigc":{BARE}}}',
    "wrapped-twice": f'{{"AIGC":{WRAPPED}}}',
    "trailing-comma": BARE[:-1] + ",}",
    "trailing-text": BARE + " end",
    "numeric-label": changed(Label=1),
    "key-order": json.dumps(dict(reversed(list(FIRST.items()))), separators=(",", ":")),
    "extra-key": changed(Timestamp="2026-11-22"),
    "key-spelling": renamed("ContentPropagator", "Propagator"),
}


@pytest.mark.parametrize("code", SAME_MEANING)
def test_deviation_is_named_and_the_label_is_read(code: str) -> None:
    decoded = decode(SAME_MEANING[code])
    assert decoded.label == FIRST
    assert code in [p.code for p in decoded.problems]


@pytest.mark.parametrize("code", [c for c in SAME_MEANING if c not in ("json-spaces", "python-repr")])
def test_deviation_brings_no_other_problem(code: str) -> None:
    assert set(codes(SAME_MEANING[code])) == {code}


@pytest.mark.parametrize(
    ("spelt", "key"),
    [
        ("label", "Label"),
        ("contentProducer", "ContentProducer"),
        ("content_producer", "ContentProducer"),
        ("content-producer", "ContentProducer"),
        ("ContentProvider".replace("Provider", "Productor"), "ContentProducer"),
        ("AIGC_ContentProducer", "ContentProducer"),
        ("produceId", "ProduceID"),
        ("ProduceId", "ProduceID"),
        ("produce_id", "ProduceID"),
        ("ProducerID", "ProduceID"),
        ("ReserveCode1", "ReservedCode1"),
        ("reservedCode1", "ReservedCode1"),
        ("Propagator", "ContentPropagator"),
        ("contentPropagator", "ContentPropagator"),
        ("PropatorID", "PropagateID"),
        ("PropagatorID", "PropagateID"),
        ("propagate_id", "PropagateID"),
        ("ReserveCode2", "ReservedCode2"),
    ],
)
def test_spelling_met_in_the_wild(spelt: str, key: str) -> None:
    decoded = decode(renamed(key, spelt))
    assert decoded.label == FIRST
    (problem,) = decoded.problems
    assert (problem.code, problem.rule, problem.values) == ("key-spelling", "R24", {"key": spelt, "means": key})
    assert decoded.fields[spelt] == dict(FIRST.items())[key]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "json-syntax"),
        ("AIGC", "json-syntax"),
        ("{", "json-syntax"),
        (BARE[:-1], "json-syntax"),
        (BARE[:40], "json-syntax"),
        (BARE.replace(":", "=", 1), "json-syntax"),
        ('{"Label":"1","x":[1,}', "json-syntax"),
        ('{"Label":"1","x":[1,,2]}', "json-syntax"),
        ('{"Label":"1","x":{"a"}}', "json-syntax"),
        (r'{"Label":"\x41"}', "json-syntax"),
        ('{"Label":"1","x":nan}', "json-syntax"),
        ("{}", "not-a-label"),
        ('{"AIGC":{}}', "not-a-label"),
        ('{"ServiceProvider":"腾讯云","ContentId":"1"}', "not-a-label"),
        (BARE + BARE, "labels-in-one-value"),
        (f"[{BARE},{BARE}]", "labels-in-one-value"),
        (f'{{"AIGC":{BARE},"Label":"3"}}', "labels-in-one-value"),
        (f'{{"AIGC":{BARE},"aigc":{BARE}}}', "labels-in-one-value"),
        (BARE[:-1] + ',"Label":"1"}', "duplicate-key"),
        (BARE[:-1] + ',"Label":"3"}', "duplicate-key"),
        (BARE[:-1] + ',"label":"3"}', "duplicate-key"),
        (BARE[:-1] + ',"x":1,"x":1}', "duplicate-key"),
        ("{'Label': '1', 'Label': '2'}", "duplicate-key"),
        ('{"Label":"1","x":' + "[" * 40 + "]" * 40 + "}", "json-depth"),
        ('{"Label":' + "[" * 500_000, "json-depth"),
        ('{"Label":"1",' + ",".join(f'"k{i}":1' for i in range(300)) + "}", "json-members"),
        ("{" * 900_000, "json-syntax"),
        ('{"AIGC":' * 20 + BARE + "}" * 20, "not-a-label"),
        ('{"Label":"' + "1" * MAX_CHARACTERS + '"}', "value-too-long"),
    ],
)
def test_value_that_is_refused(text: str, code: str) -> None:
    decoded = decode(text)
    assert decoded.label is None
    assert code in [p.code for p in decoded.problems]


def test_numeric_label_is_repairable_and_stays_an_error() -> None:
    (problem,) = decode(changed(Label=2)).problems
    assert (problem.code, problem.severity, problem.rule) == ("numeric-label", Severity.ERROR, "R26")
    assert codes(changed(Label=4)) == ["non-string-value", "label-value"]
    assert codes(changed(Label="AIGC")) == ["label-value"]
    assert codes(changed(Label=True)) == ["non-string-value", "label-value"]


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("2959571300926213102", "2959571300926213102"),
        ("-1.50e3", "-1.50e3"),
        ("true", "true"),
        ("null", ""),
        ('{"a" : [1,\t"\\u4e00"]}', '{"a" : [1,\t"\\u4e00"]}'),
        ("[ 1, {} ]", "[ 1, {} ]"),
    ],
)
def test_value_of_another_type_keeps_its_source_text(source: str, kept: str) -> None:
    decoded = decode(BARE.replace('"ReservedCode1":""', f'"ReservedCode1":{source}'))
    assert decoded.label is not None
    assert decoded.label.reserved1 == kept
    assert "non-string-value" in [p.code for p in decoded.problems]


def test_missing_keys_are_named_once() -> None:
    decoded = decode('{"Label":"1"}')
    assert decoded.label == AigcLabel("1", "", "")
    assert [(p.code, p.values["key"]) for p in decoded.problems] == [("missing-key", key) for key in KEYS[1:]]


def test_characters_outside_appendix_e() -> None:
    (problem,) = decode(changed(ContentProducer="小厂", ContentPropagator="p")).problems
    assert (problem.code, problem.severity) == ("characters", Severity.WARNING)
    assert problem.values == {"key": "ContentProducer", "character": "U+5C0F", "index": 1}
    assert codes(changed(ProduceID="a b", PropagateID='a"b')) == ["characters", "characters"]
    assert codes(changed(ReservedCode1='{"a":1}')) == []


def test_long_values_are_read() -> None:
    assert decode(changed(ReservedCode1="k" * 100_000)).label is not None


def test_hint_of_a_small_tool_is_recognised() -> None:
    decoded = decode('{"AIGC":true,"label":"人工智能生成","generated_by":"AI"}')
    assert decoded.label == AigcLabel("人工智能生成", "", "")
    assert {"extra-key", "key-spelling", "label-value", "missing-key"} <= {p.code for p in decoded.problems}


def test_repr_with_escapes_and_nested_values() -> None:
    value = dict(FIRST.items()) | {"ProduceID": "P-测'\"\\\n\x7f\U0001f600", "ReservedCode1": {"a": ["]", '"']}}
    decoded = decode(repr({"AIGC": value}))
    assert (decoded.shape, decoded.label) == (
        "repr",
        AigcLabel(
            "1", FIRST.producer, value["ProduceID"], repr(value["ReservedCode1"]), FIRST.producer, FIRST.produce_id
        ),
    )


def test_stacked_layers() -> None:
    text = "\ufeff AIGC=" + html.escape(json.dumps(WRAPPED)) + "\0\n"
    decoded = decode(text.replace("AIGC=&quot;", "&quot;"))
    assert (decoded.label, decoded.shape) == (FIRST, "wrapped")
    backslashed = BARE.replace('"', r"\"")
    assert decode(backslashed).label == FIRST
    assert codes(backslashed) == ["double-encoded"]
    assert codes(json.dumps({"AIGC": BARE})) == ["json-spaces", "double-encoded"]


def test_mapping_of_front_matter() -> None:
    decoded = decode_mapping(FIRST.items())
    assert (decoded.label, decoded.shape, decoded.problems) == (FIRST, "yaml", ())
    assert decode_mapping([("AIGC", dict(FIRST.items()))]).label == FIRST
    alphabetical = decode_mapping(sorted(FIRST.items()))
    assert (alphabetical.label, alphabetical.problems) == (FIRST, ())
    minimax = decode_mapping([("Label", "AIGC"), ("ContentProducer", "Minimax Agent AI"), ("ProduceID", 0)])
    assert minimax.label == AigcLabel("AIGC", "Minimax Agent AI", "0")
    assert {"label-value", "characters", "non-string-value"} <= {p.code for p in minimax.problems}
    assert [p.code for p in decode_mapping([*FIRST.items(), ("Label", "2")]).problems] == ["duplicate-key"]
    assert [p.code for p in decode_mapping([("Label", 1), *list(FIRST.items())[1:]]).problems] == ["numeric-label"]
    assert decode_mapping((str(i), i) for i in range(10_000)).label is None
    loop: list[object] = []
    loop.append(loop)
    assert decode_mapping([("Label", "1"), ("x", loop), ("y", None), ("z", {1})]).label is not None
    assert decode_mapping([("ProduceID", "x" * MAX_CHARACTERS)]).label is None


@pytest.mark.parametrize(
    "text",
    [
        BARE,
        WRAPPED,
        html.escape(BARE),
        BARE.replace('"', r"\""),
        repr(dict(FIRST.items())),
        '{"Label":"1"}',
        '{"Label": 2}',
        '{"AIGC":{"Label":"3","x":1}}',
        '{"contentProducer":"x"}',
        '{"content_producer":"x"}',
        '{"PropatorID":"x"}',
    ],
)
def test_worth_decoding(text: str) -> None:
    assert looks_like_label(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AIGC",
        "Label: 1",
        '{"Label":"cat"}',
        '{"Label":12}',
        '{"label":"1"}',
        '{"AIGC":{"product":"x"}}',
        '{"aigc_info":{"aigc_label_type":1},"product":"doubao"}',
        '{"ServiceProvider":"腾讯云","ContentId":"1"}',
        "a photograph of a man, steps: 20",
        '"ContentProducer":' + " " * MAX_CHARACTERS,
    ],
)
def test_not_worth_decoding(text: str) -> None:
    assert not looks_like_label(text)


VALUES = st.text(max_size=40)
LABELS = st.builds(AigcLabel, VALUES, VALUES, VALUES, VALUES, VALUES, VALUES, VALUES)
ANY_TEXT = st.text(alphabet=st.characters(codec=None, categories=None))


@given(LABELS, st.booleans())
def test_encode_then_decode_is_identity(label: AigcLabel, wrapped: bool) -> None:
    decoded = decode(label.to_json(wrapped=wrapped))
    assert decoded.label == label
    assert decoded.shape == ("wrapped" if wrapped else "bare")
    assert decoded.problems == label.problems()


@given(st.builds(AigcLabel, ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT))
def test_lone_surrogates_travel_as_escapes(label: AigcLabel) -> None:
    text = label.to_json()
    decoded = decode(text.encode("utf-8").decode("utf-8"))
    assert decoded.label is not None
    pairs = zip(decoded.label.items(), label.items(), strict=True)
    assert all(
        mine[1].encode("utf-16", "surrogatepass") == its[1].encode("utf-16", "surrogatepass") for mine, its in pairs
    )


IDENTITY = st.text(alphabet=[c for c in map(chr, range(0x21, 0x7F)) if c not in '"\\'], min_size=1, max_size=30)
RESERVED = st.text(alphabet=[c for c in map(chr, range(0x21, 0x7F)) if c != "\\"], max_size=30)


@given(st.builds(AigcLabel, st.sampled_from("123"), IDENTITY, IDENTITY, RESERVED, IDENTITY, IDENTITY, RESERVED))
def test_short_way_and_long_way_agree(label: AigcLabel) -> None:
    for text in (label.to_json(), label.to_json(wrapped=True)):
        assert decode(text) == module._tolerated(text)
        assert decode(text).fields == module._tolerated(text).fields
        assert not decode(text).problems


@given(st.text())
def test_any_text_gets_an_answer(text: str) -> None:
    decoded = decode(text)
    assert decoded.label is not None or decoded.problems
    assert all(p.text.zh and p.text.en for p in decoded.problems)
    looks_like_label(text)


PIECES = st.sampled_from(
    [*'{}[]:,"\\ \n\0', "'", "1", "null", "True", "AIGC", "\ufeff", "&quot;", "\\u4e00", "\\", BARE]
    + [f'"{key}":' for key in KEYS]
    + [f"'{key}': '1'," for key in KEYS[:3]]
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_near_label_gets_an_answer(text: str) -> None:
    decoded = decode(text)
    assert decoded.label is not None or decoded.problems
    pickle.loads(pickle.dumps(decoded))


@given(st.binary(max_size=200))
def test_any_bytes_get_an_answer(data: bytes) -> None:
    for encoding in ("utf-8", "latin-1", "utf-16-le", "gb18030"):
        decoded = decode(data.decode(encoding, "replace"))
        assert decoded.label is not None or decoded.problems


@given(st.integers(0, len(WRAPPED) - 1), st.sampled_from(string.printable))
def test_one_changed_character_never_passes_unseen(at: int, character: str) -> None:
    text = WRAPPED[:at] + character + WRAPPED[at + 1 :]
    decoded = decode(text)
    if text == WRAPPED:
        assert decoded.label == FIRST
    else:
        assert decoded.label != FIRST or decoded.problems


RECURSIVE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(RECURSIVE)
def test_nested_reserved_code_is_kept_to_the_letter(value: object) -> None:
    source = json.dumps(value)
    decoded = decode(BARE.replace('"ReservedCode1":""', f'"ReservedCode1": {source} '))
    assert decoded.label is not None
    assert decoded.label.reserved1 == (value if isinstance(value, str) else "" if value is None else source)
