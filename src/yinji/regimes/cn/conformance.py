"""What a file carries, against every rule that the file alone can answer (checklist R23 to R79).

Rules on the act of writing (R36, R40, R41) say nothing of a file by itself; they are tested where Yinji writes. What
one file cannot show is reported as "cannot tell", never as passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from yinji.containers.model import Found, Reading
from yinji.evidence.base import Basis, Evidence
from yinji.regimes.base import Finding
from yinji.regimes.cn import carrier_checks, label_checks, provider_checks, signature_checks
from yinji.regimes.cn.problems import judged, problems_of
from yinji.texts import Text

_PLACE = "place"
"""The readers' word for another place than the guide's, which :mod:`carrier_checks` says with its clause."""

_COUNTED = frozenset(("R34", "R35"))
"""Rules that :mod:`carrier_checks` answers itself for the whole file."""


def conform(reading: Reading, evidence: Sequence[Evidence]) -> tuple[Finding, ...]:
    """Returns the findings on the file, then those on each label in the order of the rules.

    Args:
        reading: A thorough reading, so that all labels are counted.
        evidence: What the detectors found; the signatures of a label are taken from its evidence.
    """
    findings = [*carrier_checks.check_count(reading)]
    for number, found in enumerate(reading.found, 1):
        mine = sorted(_of_label(reading, found, _evidence_of(found, evidence)), key=lambda f: int(f.rule[1:]))
        findings += mine if len(reading.found) == 1 else [_numbered(number, finding) for finding in mine]
    return tuple(findings)


def _of_label(reading: Reading, found: Found, evidence: Evidence | None) -> Iterator[Finding]:
    problems = [problem for problem in problems_of(found) if problem.code != _PLACE]
    own = [*label_checks.check(found, problems), *carrier_checks.check_place(reading, found, problems)]
    if found.label is not None:
        own += [*provider_checks.check(found.label, evidence), *signature_checks.check(found.label, evidence)]
    yield from own
    said = {finding.rule for finding in own} | _COUNTED
    rest = dict.fromkeys(problem.rule for problem in problems if problem.rule and problem.rule not in said)
    yield from filter(None, (judged(rule, problems) for rule in rest))


def _evidence_of(found: Found, evidence: Sequence[Evidence]) -> Evidence | None:
    """Returns the evidence that was made from this label."""
    place = {"carrier": found.carrier, "offset": found.start, "length": found.stop - found.start}
    mine = (e for e in evidence if e.basis is Basis.METADATA_LABEL and e.where == place)
    return next(mine, None)


def _numbered(number: int, finding: Finding) -> Finding:
    text = Text(f"标识 {number}：{finding.text.zh}", f"Label {number}: {finding.text.en}")
    return replace(finding, text=text)
