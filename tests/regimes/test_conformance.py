"""What conform says of labels, places, codes and signatures (R23 to R79)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from yinji.containers.model import Found, Kind, Reading, Scheme, State
from yinji.containers.source import Source
from yinji.evidence.base import Inspected
from yinji.evidence.registry import gather
from yinji.labels.aigc import AigcLabel
from yinji.labels.decode import decode
from yinji.labels.problem import Problem, Severity
from yinji.regimes.base import Finding, Outcome
from yinji.regimes.registry import regime

CODE = "001191110000MA0TE5T00Q10001"
LABEL = AigcLabel.first(CODE, "20261122-7f3a9c")
PASS, FAIL, WARN, OPEN, NONE = (
    Outcome.PASS,
    Outcome.FAIL,
    Outcome.WARN,
    Outcome.CANNOT_TELL,
    Outcome.NOT_APPLICABLE,
)
BARE = LABEL.to_json()


def found(text: str = BARE, *, carrier: str = "mdta", start: int = 100, problems: tuple[Problem, ...] = ()) -> Found:
    decoded = decode(text)
    told = (*decoded.problems, *problems)
    return Found(Scheme.GB45438, decoded.label, text, carrier, decoded.shape, start, start + 300, told)


def of_label(label: AigcLabel) -> Found:
    return found(label.to_json())


def conform(
    *labels: Found,
    format: str = "mp4",
    state: State = State.LABELLED,
    problems: tuple[Problem, ...] = (),
    pinned: dict[str, str] | None = None,
) -> tuple[Finding, ...]:
    reading = Reading(format, "", Kind.VIDEO, state, labels, problems=problems)
    evidence = gather(Inspected(Source.open(b"x"), reading, None, pinned or {}))
    return regime().conform(reading, evidence)


def outcomes(findings: tuple[Finding, ...]) -> dict[str, Outcome]:
    return {finding.rule: finding.outcome for finding in findings}


def text_of(findings: tuple[Finding, ...], rule: str, outcome: Outcome) -> str:
    (finding,) = [f for f in findings if f.rule == rule and f.outcome is outcome]
    return finding.text.zh + "\n" + finding.text.en


def test_a_conforming_file_fails_nothing() -> None:
    findings = conform(found())
    assert {f.outcome for f in findings} <= {PASS, OPEN, NONE}
    assert outcomes(findings) == {
        "R34": PASS, "R35": PASS, "R23": PASS, "R24": PASS, "R25": PASS, "R26": PASS, "R27": PASS, "R28": OPEN,
        "R29": OPEN, "R30": PASS, "R31": PASS, "R32": PASS, "R33": PASS, "R37": PASS, "R38": PASS, "R39": PASS,
        "R50": PASS, "R64": PASS, "R65": PASS, "R66": PASS, "R67": PASS, "R69": PASS, "R71": OPEN, "R72": NONE,
    }  # fmt: skip


def test_every_finding_cites_its_clause_in_both_languages() -> None:
    articles = {rule.id: rule.article for rule in regime().rules()}
    for finding in (*conform(found()), *conform(found("{"), state=State.MALFORMED), *conform(found(), found())):
        assert finding.article == articles[finding.rule]
        assert finding.text.zh and finding.text.en
        assert "{" not in finding.text.zh.replace('{"', "") and "{" not in finding.text.en.replace('{"', "")


def without(key: str) -> str:
    import json

    return json.dumps({k: v for k, v in json.loads(BARE).items() if k != key}, separators=(",", ":"))


@pytest.mark.parametrize(
    ("text", "rule", "outcome", "shown"),
    [
        ('{"aigc":' + BARE + "}", "R23", FAIL, "aigc"),
        (without("ReservedCode2"), "R24", FAIL, "ReservedCode2"),
        (BARE[:-1] + ',"Timestamp":"1"}', "R24", FAIL, "Timestamp"),
        (BARE.replace('"ProduceID"', '"produceId"'), "R24", FAIL, "produceId"),
        (BARE.replace('"ReservedCode1":""', '"ReservedCode1":{"a":1}'), "R25", FAIL, "ReservedCode1"),
        (BARE.replace('"Label":"1"', '"Label":1'), "R26", FAIL, "1"),
        (BARE.replace('"Label":"1"', '"Label":"AIGC"'), "R26", FAIL, "AIGC"),
        (BARE.replace("20261122-7f3a9c", "", 1), "R27", FAIL, "ProduceID"),
        (BARE.replace(f'"ContentProducer":"{CODE}"', '"ContentProducer":"某某科技"'), "R32", WARN, "ContentProducer"),
        ("AIGC" + BARE, "R38", WARN, "AIGC"),
        (BARE[:-1] + ',"Label":"2"}', "R64", FAIL, "Label"),
    ],
)
def test_deviations_are_named_with_their_value(text: str, rule: str, outcome: Outcome, shown: str) -> None:
    findings = conform(found(text))
    assert outcomes(findings)[rule] is outcome
    assert shown in text_of(findings, rule, outcome)


def test_a_value_nobody_understands_passes_nothing() -> None:
    findings = conform(found('{"Label":"1"'), state=State.MALFORMED)
    result = outcomes(findings)
    assert result["R64"] is FAIL
    assert all(result[rule] in (OPEN, FAIL) for rule in ("R24", "R25", "R26", "R27"))
    assert not {"R32", "R33", "R65", "R71", "R72"} & result.keys()


def test_repropagation_never_fails() -> None:
    findings = conform(of_label(LABEL.propagated("另一平台", "post-42")))
    result = outcomes(findings)
    assert (result["R30"], result["R31"]) == (NONE, PASS)
    assert "post-42" in text_of(findings, "R30", NONE)
    assert FAIL not in result.values()


def test_an_empty_propagator_is_only_warned_about() -> None:
    assert outcomes(conform(of_label(replace(LABEL, propagator="", propagate_id=""))))["R30"] is WARN


@pytest.mark.parametrize("length", [4096, 100_000])
def test_length_never_fails(length: int) -> None:
    findings = conform(of_label(replace(LABEL, reserved1="x" * length)))
    assert outcomes(findings)["R33"] is PASS
    assert str(length) in text_of(findings, "R33", PASS)


def test_characters_never_fail() -> None:
    problem = Problem("characters", Severity.ERROR, "R32", {"key": "Label", "character": "U+4E00", "index": 1})
    assert outcomes(conform(found(problems=(problem,))))["R32"] is WARN


def test_several_labels_fail_with_positions_and_differences() -> None:
    other = found(replace(LABEL, label="3", produce_id="zz").to_json(), carrier="xmp", start=9000)
    findings = conform(found(), other)
    assert outcomes(findings[:2]) == {"R34": FAIL, "R35": FAIL}
    said = text_of(findings[:2], "R35", FAIL)
    assert "mdta @100" in said and "xmp @9000" in said
    assert "Label, ProduceID" in said and "ContentProducer" not in said
    assert all(f.text.en.startswith(("Label 1: ", "Label 2: ")) for f in findings[2:])
    assert all(f.text.zh.startswith(("标识 1：", "标识 2：")) for f in findings[2:])


def test_the_same_label_twice_is_still_one_too_many() -> None:
    assert outcomes(conform(found(), found(start=900))[:2]) == {"R34": FAIL, "R35": FAIL}


# --- files without a label, or not read -------------------------------------------------------------------------------


def test_no_label_is_no_proof() -> None:
    (finding,) = conform(state=State.UNLABELLED)
    assert (finding.rule, finding.outcome) == ("R34", OPEN)
    assert "没有标识，不能证明由人创作" in finding.text.zh


DAMAGE = Problem("crc", Severity.ERROR, "R62", {"offset": 77, "chunk": "iTXt"})


@pytest.mark.parametrize("state", [State.MALFORMED, State.UNREADABLE])
def test_what_was_not_read_is_not_called_unlabelled(state: State) -> None:
    (finding,) = conform(state=state, problems=(DAMAGE,))
    assert (finding.rule, finding.outcome) == ("R62", OPEN)
    assert "77" in finding.text.zh and "77" in finding.text.en


def test_an_unsupported_format_is_said_to_be_one() -> None:
    (finding,) = conform(format="dwg", state=State.UNSUPPORTED, problems=(DAMAGE,))
    assert (finding.rule, finding.outcome) == ("R61", OPEN)
    assert "dwg" in finding.text.en


def test_one_label_in_a_damaged_file_may_not_be_the_only_one() -> None:
    result = outcomes(conform(found(), problems=(DAMAGE,)))
    assert (result["R34"], result["R62"]) == (OPEN, OPEN)
    assert "R35" not in result


# --- places -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format", "carrier", "rule"),
    [("jpeg", "xmp", "R42"), ("mp4", "mdta", "R50"), ("m4a", "mdta", "R50"), ("mp3", "id3-txxx", "R52"),
     ("pdf", "pdf-info", "R59")],
)  # fmt: skip
def test_the_guides_place(format: str, carrier: str, rule: str) -> None:
    findings = conform(found(carrier=carrier), format=format)
    assert outcomes(findings)[rule] is PASS
    assert carrier in text_of(findings, rule, PASS) and "TC260-PG" in text_of(findings, rule, PASS)


@pytest.mark.parametrize(
    ("format", "carrier", "rule", "also"), [("jpeg", "exif", "R42", "R48"), ("mp4", "ilst", "R50", "R51")]
)
def test_another_place_is_a_warning_that_names_the_right_one(format: str, carrier: str, rule: str, also: str) -> None:
    findings = conform(found(LABEL.to_json(wrapped=True), carrier=carrier), format=format)
    assert outcomes(findings)[rule] is WARN
    assert outcomes(findings)[also] is PASS
    assert carrier in text_of(findings, rule, WARN)
    assert FAIL not in outcomes(findings).values()


def test_the_readers_word_on_the_place_is_not_repeated() -> None:
    place = Problem("place", Severity.WARNING, "R48", {"carrier": "ilst", "expected": "mdta"})
    findings = conform(found(carrier="ilst", problems=(place,)))
    assert [f.outcome for f in findings if f.rule in ("R48", "R50")] == [WARN]


def test_a_format_without_a_prescribed_place() -> None:
    findings = conform(found(carrier="front-matter"), format="text")
    assert outcomes(findings)["R61"] is NONE


def test_shapes() -> None:
    assert outcomes(conform(found(LABEL.to_json(wrapped=True))))["R38"] is WARN
    assert outcomes(conform(found(LABEL.to_json(wrapped=True), carrier="exif"), format="jpeg"))["R38"] is PASS
    assert outcomes(conform(found(carrier="png-text"), format="jpeg"))["R38"] is WARN


def test_deviations_under_any_other_rule_are_not_lost() -> None:
    problems = (
        Problem("late-chunk", Severity.WARNING, "R51", {"offset": 5}),
        Problem("xmp-attribute", Severity.WARNING, "R49"),
    )
    findings = conform(found(carrier="xmp", problems=problems), format="jpeg")
    assert outcomes(findings)["R51"] is WARN and outcomes(findings)["R49"] is WARN


# --- codes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("producer", "rule", "outcome"),
    [
        (CODE[:-1], "R65", FAIL),
        ("003191110000MA0TE5T00Q10001", "R66", FAIL),
        ("001191110000MA0TE5T00X10001", "R67", FAIL),
        ("001191110000MA0TE5T00Q30001", "R69", FAIL),
        ("MiniMax", "R70", PASS),
        ("豆包", "R70", PASS),
    ],
)
def test_codes(producer: str, rule: str, outcome: Outcome) -> None:
    findings = conform(of_label(AigcLabel.first(producer, "x")))
    assert outcomes(findings)[rule] is outcome
    assert producer in text_of(findings, rule, outcome)


def test_an_identity_number_is_warned_about_and_never_repeated() -> None:
    number = "11010519491231002X"
    findings = conform(of_label(AigcLabel.first(f"0021{number}10001", "x")))
    assert outcomes(findings)["R68"] is WARN
    said = [f.text.zh + f.text.en for f in findings if int(f.rule[1:]) >= 65]
    assert said and not any(number in text for text in said)


def test_both_providers_are_judged() -> None:
    findings = conform(of_label(LABEL.propagated("001191110000MA0TE5T00X20001", "post")))
    assert [(f.outcome, "ContentPropagator" in f.text.en) for f in findings if f.rule == "R67"] == [
        (PASS, False),
        (FAIL, True),
    ]


def test_a_good_code_proves_nobody() -> None:
    findings = conform(found())
    assert outcomes(findings)["R71"] is OPEN
    assert "自称" in text_of(findings, "R71", OPEN)


# --- signatures -------------------------------------------------------------------------------------------------------


def test_opaque_protection_is_legal() -> None:
    findings = conform(of_label(replace(LABEL, reserved1="a" * 32)))
    assert outcomes(findings)["R72"] is OPEN
    assert FAIL not in outcomes(findings).values()


@pytest.fixture(scope="module")
def signed() -> AigcLabel:
    from yinji.labels.keys import generate
    from yinji.labels.security import protect

    return protect(LABEL, generate("ed25519"))


def test_integrity_and_identity_are_two_findings(signed: AigcLabel) -> None:
    findings = conform(of_label(signed))
    result = outcomes(findings)
    assert (result["R76"], result["R77"], result["R78"], result["R71"]) == (PASS, PASS, OPEN, OPEN)
    fingerprint = gather(
        Inspected(Source.open(b"x"), Reading("mp4", "", Kind.VIDEO, State.LABELLED, (of_label(signed),)))
    )[0].detail["signatures"][0]["fingerprint"]
    pinned = conform(of_label(signed), pinned={fingerprint: "青禾科技"})
    assert (outcomes(pinned)["R78"], outcomes(pinned)["R71"]) == (PASS, PASS)
    assert "青禾科技" in text_of(pinned, "R71", PASS)


def test_a_changed_label_fails(signed: AigcLabel) -> None:
    findings = conform(of_label(replace(signed, label="3")))
    assert outcomes(findings)["R77"] is FAIL
    assert "R78" not in outcomes(findings)


def test_without_evidence_the_signature_is_still_checked(signed: AigcLabel) -> None:
    reading = Reading("mp4", "", Kind.VIDEO, State.LABELLED, (of_label(signed),))
    result = outcomes(regime().conform(reading, ()))
    assert (result["R77"], result["R78"]) == (PASS, OPEN)
