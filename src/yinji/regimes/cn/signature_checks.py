"""R72 to R79: the security data of a label (TC260-PG-202511A), which is optional."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from yinji.evidence.base import Evidence
from yinji.labels.aigc import AigcLabel
from yinji.regimes.base import Finding, Outcome
from yinji.regimes.cn import words
from yinji.regimes.cn.problems import joined
from yinji.texts import Text

_SLOTS = {1: "ReservedCode1", 2: "ReservedCode2"}


def check(label: AigcLabel, evidence: Evidence | None) -> Iterator[Finding]:
    """Yields the findings on both reserved fields. Integrity and identity are two findings (R78)."""
    if not (label.reserved1.strip() or label.reserved2.strip()):
        yield words.finding("R72", Outcome.NOT_APPLICABLE)
        return
    for signature in _signatures(label, evidence):
        yield from _judged(signature)


def _signatures(label: AigcLabel, evidence: Evidence | None) -> Sequence[Mapping[str, Any]]:
    """Takes the checks from the label's evidence, which knows the pinned keys; without it, checks here."""
    if evidence is not None:
        signatures: Sequence[Mapping[str, Any]] = evidence.detail["signatures"]
        return signatures
    from yinji.labels import security

    return [made.to_dict() for made in security.verify(label)]


def _judged(signature: Mapping[str, Any]) -> Iterator[Finding]:
    slot = _SLOTS[signature["slot"]]
    match signature["result"]:
        case "valid":
            yield words.finding("R76", Outcome.PASS, slot=slot, algorithm=signature["algorithm"])
            yield from _intact(signature)
        case "invalid":
            yield words.told("R77", Outcome.FAIL, _why(signature))
        case "unverifiable":
            rule = next((p["rule"] for p in signature["problems"] if p["rule"]), "R72")
            yield words.told(rule, Outcome.CANNOT_TELL, _why(signature))


def _intact(signature: Mapping[str, Any]) -> Iterator[Finding]:
    """A signature over the bindings protects the content's digest, not the label's words."""
    if "Label" not in signature["covers"]:
        return
    yield words.finding("R77", Outcome.PASS, fields=", ".join(signature["covers"]))
    pinned = signature["identity"] == "pinned"
    yield words.finding(
        "R78", Outcome.PASS if pinned else Outcome.CANNOT_TELL, owner=signature["owner"], key=signature["fingerprint"]
    )


def _why(signature: Mapping[str, Any]) -> Text:
    return joined(Text(problem["zh"], problem["en"]) for problem in signature["problems"])
