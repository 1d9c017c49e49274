"""R65 to R71: the provider codes of a label (TC260-PG-20252A)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from yinji.evidence.base import Evidence, Integrity
from yinji.labels.aigc import AigcLabel, shown
from yinji.labels.codes import CodeCheck, check_code
from yinji.regimes.base import Finding, Outcome
from yinji.regimes.cn import words
from yinji.regimes.cn.problems import judged

_FORM: Final = ("R65", "R66", "R67", "R68", "R69")


def check(label: AigcLabel, evidence: Evidence | None) -> Iterator[Finding]:
    """Yields the findings on the producer, then on the propagator where it is another one."""
    yield from _provider("ContentProducer", label.producer)
    if label.propagator != label.producer:
        yield from _provider("ContentPropagator", label.propagator)
    yield _identity(evidence)


def _provider(key: str, value: str) -> Iterator[Finding]:
    if not value.strip():
        return
    checked = check_code(value)
    if checked.kind == "name":
        yield words.finding("R70", Outcome.PASS, key=key, value=shown(value))
        return
    told = {rule: judged(rule, checked.problems) for rule in _FORM}
    for rule in _FORM:
        if (finding := told[rule]) is not None:
            yield _of(finding, key, _public(value, checked))
        elif _applies(rule, checked):
            yield words.finding(rule, Outcome.PASS, key=key, value=_public(value, checked), **_parts(checked))


def _of(finding: Finding, key: str, value: str) -> Finding:
    """Puts the field and its value in front of what is wrong with it."""
    return words.finding(
        finding.rule, finding.outcome, words="code", variant="fail", key=key, value=value, why=finding.text
    )


def _public(value: str, checked: CodeCheck) -> str:
    """Returns the value as it may be shown: an individual's code holds an identity number, which is left out (R68)."""
    return f"{value[:4]}…{value[22:27]}" if checked.kind == "individual" else shown(value)


def _applies(rule: str, checked: CodeCheck) -> bool:
    """A rule passes only where the code could be taken apart, and the check digit's rule follows the subject."""
    if not checked.parts:
        return False
    return {"R67": "organisation", "R68": "individual"}.get(rule, checked.kind) == checked.kind


def _parts(checked: CodeCheck) -> dict[str, str]:
    """Returns what may be shown; an identity number is not repeated."""
    parts = checked.parts
    return {
        "subject": parts["subject"],
        "binding": parts["binding"],
        "subject_code": parts["subject_code"] if checked.kind == "organisation" else "…",
        "extension": parts["service"] + parts["model"],
    }


def _identity(evidence: Evidence | None) -> Finding:
    if evidence is not None and evidence.integrity is Integrity.PINNED:
        owners = [str(check.get("owner") or "") for check in evidence.detail.get("signatures", ())]
        return words.finding("R71", Outcome.PASS, owner=next(filter(None, owners), ""))
    return words.finding("R71", Outcome.CANNOT_TELL)
