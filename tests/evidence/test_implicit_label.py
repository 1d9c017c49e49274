"""The GB 45438 label as evidence: what it says, how well it is protected, and what could not be read."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from yinji.containers.model import Found, Kind, Reading, Scheme, State
from yinji.containers.source import Source
from yinji.evidence.base import Basis, Evidence, Inspected, Integrity, Says, Strength
from yinji.evidence.implicit_label import ImplicitLabel
from yinji.labels.aigc import AigcLabel
from yinji.labels.decode import decode
from yinji.labels.problem import Problem, Severity

# The real StepFun label of the reference: SM3withSM2 over the SM3 digest of the message.
SPKI = (
    "3059301306072A8648CE3D020106082A811CCF5501822D034200045728F08C58D9C72150A705693EF7337859F8FF216E802630041AFAE5C0"
    "36F0A67CB1FDF8C57F5F8B623284AE09E4E545464B7140B26BBDA51BAE965F854C57AA"
)
SIGNATURE = (
    "3046022100AE6B84B3342128AE301A597596FCD9EECF3EA0FC2DB6C250BAF234E167298E9002210097223ABB647B786A90D0A1B93CB9382E"
    "A879563B2C7F025FA006BE16AE926C14"
)
OID = "1.2.156.10197.1.501"
PROTECTION = json.dumps(
    {
        "SecurityData": {
            "Type": "TC260PG",
            "Version": 1,
            "PubSD": [
                {"Type": "DS", "AlgID": OID, "TBSData": {"Type": "LabelMataData"}, "Signature": SIGNATURE},
                {"Type": "PubKey", "AlgID": OID, "KeyValue": SPKI},
            ],
        }
    }
)
SIGNED = AigcLabel.first("001191310104MACE0YX63918020", "142569260085903360", reserved1=PROTECTION)
PLAIN = AigcLabel.first("001191110000MA0TE5T00Q10001", "20261122-7f3a9c")


def evidence_of(
    label: AigcLabel | None,
    *,
    problems: tuple[Problem, ...] = (),
    pinned: dict[str, str] | None = None,
    state: State = State.LABELLED,
    told: tuple[Problem, ...] = (),
) -> list[Evidence]:
    found = Found(Scheme.GB45438, label, label.to_json() if label else "{", "mdta", "bare", 100, 400, problems)
    reading = Reading("mp4", "video/mp4", Kind.VIDEO, state, (found,), problems=told)
    return list(ImplicitLabel().detect(Inspected(Source.open(b"x"), reading, None, pinned or {})))


@pytest.mark.parametrize("value", ["1", "2", "3"])
def test_a_label_states_what_it_states(value: str) -> None:
    (item,) = evidence_of(replace(PLAIN, label=value))
    assert (item.says, item.basis, item.strength) == (Says.AI, Basis.METADATA_LABEL, Strength.STATED)
    assert item.integrity is Integrity.NONE
    assert item.detail["label"] == value
    assert item.detail["fields"] == dict(replace(PLAIN, label=value).items())
    assert item.where == {"carrier": "mdta", "offset": 100, "length": 300}
    assert value in item.summary.zh and value in item.summary.en


def test_a_label_of_another_value_is_broken_and_says_so() -> None:
    (item,) = evidence_of(replace(PLAIN, label="AIGC"))
    assert (item.says, item.basis) == (Says.UNKNOWN, Basis.METADATA_LABEL)
    assert "AIGC" in item.summary.zh and "AIGC" in item.summary.en


def test_a_value_nobody_understands_is_broken_and_says_why() -> None:
    decoded = decode('{"Label":"1","Label":"2","ContentProducer":"x","ProduceID":"y"}')
    (item,) = evidence_of(decoded.label, problems=decoded.problems, state=State.MALFORMED)
    assert (item.says, item.basis) == (Says.UNKNOWN, Basis.METADATA_LABEL)
    assert decoded.problems[0].text.en in item.summary.en
    assert item.detail["label"] == "" and item.detail["problems"]


def test_a_good_signature_is_integrity_and_no_more() -> None:
    (item,) = evidence_of(SIGNED)
    assert item.integrity is Integrity.INTACT
    assert [(c["slot"], c["result"], c["identity"]) for c in item.detail["signatures"]] == [
        (1, "valid", "unpinned"),
        (2, "absent", "unpinned"),
    ]


def test_a_pinned_key_says_who() -> None:
    (first,) = evidence_of(SIGNED)
    fingerprint = first.detail["signatures"][0]["fingerprint"]
    (item,) = evidence_of(SIGNED, pinned={fingerprint: "StepFun"})
    assert item.integrity is Integrity.PINNED
    assert item.detail["signatures"][0]["owner"] == "StepFun"


@pytest.mark.parametrize(
    "changed",
    [
        replace(SIGNED, label="2"),
        replace(SIGNED, produce_id="142569260085903361"),
        replace(SIGNED, producer="001191310104MACE0YX63918021"),
    ],
    ids=["label", "produce-id", "producer"],
)
def test_any_change_after_signing_breaks_it(changed: AigcLabel) -> None:
    (item,) = evidence_of(changed)
    assert item.integrity is Integrity.BROKEN


def test_propagation_does_not_break_the_producers_signature() -> None:
    (item,) = evidence_of(SIGNED.propagated("001191110000MA0TE5T00Q20001", "post-42"))
    assert item.integrity is Integrity.INTACT


def test_an_opaque_reserved_field_is_unverifiable_and_not_invalid() -> None:
    (item,) = evidence_of(replace(PLAIN, reserved1="0f8fad5b-d9cb-469f-a165-70867728950e"))
    assert (item.integrity, item.says) == (Integrity.UNVERIFIABLE, Says.AI)


def test_every_label_gives_its_own_evidence() -> None:
    found = tuple(
        Found(Scheme.GB45438, replace(PLAIN, label=value), "", "xmp", "element", start, start + 9)
        for value, start in (("1", 0), ("3", 50))
    )
    reading = Reading("png", "image/png", Kind.IMAGE, State.LABELLED, found)
    items = list(ImplicitLabel().detect(Inspected(Source.open(b"x"), reading)))
    assert [item.detail["label"] for item in items] == ["1", "3"]


@pytest.mark.parametrize("state", [State.MALFORMED, State.UNREADABLE, State.UNSUPPORTED])
def test_a_file_that_cannot_be_looked_at_is_never_silent(state: State) -> None:
    damage = Problem("id3-inflate", Severity.ERROR, "R62", {"offset": 7, "limit": 9})
    for problems in ((), (damage,)):
        reading = Reading("png", "image/png", Kind.IMAGE, state, problems=problems)
        (item,) = ImplicitLabel().detect(Inspected(Source.open(b"x"), reading))
        assert (item.says, item.basis) == (Says.UNKNOWN, Basis.FAILURE)
        assert item.detail == {"code": f"file_{state}", "format": "png"}


def test_damage_behind_a_broken_label_is_said_as_well() -> None:
    damage = Problem("id3-inflate", Severity.ERROR, "R62", {"offset": 7, "limit": 9})
    bases = [item.basis for item in evidence_of(None, state=State.MALFORMED, told=(damage,))]
    assert bases == [Basis.METADATA_LABEL, Basis.FAILURE]
    assert [item.basis for item in evidence_of(None, state=State.MALFORMED)] == [Basis.METADATA_LABEL]
