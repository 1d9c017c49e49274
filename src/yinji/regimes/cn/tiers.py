"""From evidence to the tier of Measures Art. 6 (checklist R80 to R88, R93).

Each piece of evidence argues for a tier by itself, and the highest one stands. So more evidence never lowers a tier
(R86), with one exception that is somebody's considered decision: a reviewer's.

Lines the Measures leave open, and how they are drawn here:

* "Is" (属于) is tied to the implicit label of the national standard, "may be" (可能为) to a declaration. Everything
  else, be it an unsigned IPTC source type, a valid C2PA credential or a watermark, is a trace: "suspected" (疑似).
* A label whose signature fails, or whose value says nothing definite, is still a trace.
* Media that is known with a label which the file lacks is a trace as well: the label is not "in the metadata of the
  file" (Art. 6(1)), and who registered the media first may have labelled it wrongly. A reviewer looks.
* Weak traces alone call for no notice, however many: false labels are improper labelling too (Art. 10). They only make
  the platform ask the author.
* A reviewer's decision replaces what detection argues for, a label included that was altered or states nothing
  definite. It cannot go below what stands in so many words: a definite implicit label in the file (the notice follows
  from it by law, Art. 6(1)), and the author's own declaration of AI use ("may be"). Whoever declared by mistake has the
  declaration corrected; whoever finds a label forged has the file replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from yinji.evidence.base import Basis, Evidence, Integrity, Says, Strength
from yinji.regimes.base import Reason, Tier, Verdict
from yinji.regimes.ruleset import Ruleset

SHOW_NOTICE: Final = "show_notice"
WRITE_PROPAGATION: Final = "write_propagation"
REMIND_TO_DECLARE: Final = "remind_to_declare"

_RANK: Final = {Tier.NONE: 0, Tier.SUSPECTED: 1, Tier.POSSIBLE: 2, Tier.CONFIRMED: 3}
_PRIORITY: Final = tuple(Basis(name) for name in ("review", "metadata_label", "declaration", "explicit_label"))
_BY_LABEL: Final = {
    "1": (Tier.CONFIRMED, "metadata-is"),
    "2": (Tier.POSSIBLE, "metadata-may-be"),
    "3": (Tier.SUSPECTED, "metadata-suspected"),
}
_DEFINITE: Final = frozenset(reason for _, reason in _BY_LABEL.values())
_DECLARED: Final = {"ai_edited": "declared-edited"}
_BY_DETECTION: Final = {
    Basis.EXPLICIT_LABEL: "explicit-label",
    Basis.CREDENTIAL: "credential",
    Basis.WATERMARK: "watermark",
    Basis.KNOWN_CONTENT: "known-content",
}


class Argument(NamedTuple):
    """What one piece of evidence argues for."""

    tier: Tier
    reason: str
    basis: Basis
    at: int


def decide(evidence: Sequence[Evidence], data: Ruleset) -> Verdict:
    """Concludes the tier, the reasons for it and what must now be done.

    Args:
        evidence: What the detectors found, the author's declaration and reviewers' decisions included.
        data: The version of the rules.

    Returns:
        The verdict. It depends on nothing but the two arguments.
    """
    arguments = [a for index, item in enumerate(evidence) if (a := _argument(item, index)) is not None]
    review = next((a for a in reversed(arguments) if a.basis is Basis.REVIEW), None)
    if review is not None:
        arguments = [review, *(a for a in arguments if _stands(a))]
    arguments.sort(key=_weight)
    tier = arguments[0].tier if arguments else Tier.NONE
    if review is not None and tier is Tier.NONE:
        arguments = [review]
    notice = data.notices[tier]
    return Verdict(
        tier,
        tuple(dict.fromkeys(str(a.basis) for a in arguments)),
        tuple(_reasons(arguments, review, evidence, tier, data)),
        notice.sentence,
        notice.short,
        tuple(_obligations(tier, evidence)),
        data.regime,
        data.version,
        locked=_locked(tier, arguments),
    )


def _argument(item: Evidence, index: int) -> Argument | None:
    if item.basis is Basis.REVIEW:
        return _reviewed(item, index)
    if item.basis is Basis.METADATA_LABEL:
        tier, reason = _labelled(item)
        return Argument(tier, reason, item.basis, index)
    if item.says is not Says.AI or item.basis is Basis.FAILURE:
        return None
    if item.basis is Basis.DECLARATION:
        return Argument(Tier.POSSIBLE, _DECLARED.get(str(item.detail.get("choice")), "declared"), item.basis, index)
    if item.strength is Strength.WEAK:
        return None
    if item.basis is Basis.TRACE:
        reason = "trace-stated" if item.strength is Strength.STATED else "trace"
        return Argument(Tier.SUSPECTED, reason, item.basis, index)
    return Argument(Tier.SUSPECTED, _BY_DETECTION[item.basis], item.basis, index)


def _labelled(item: Evidence) -> tuple[Tier, str]:
    """R81, R85; a label that was altered or is not formed right is still found in the file, so it is a trace (R83)."""
    if item.integrity is Integrity.BROKEN:
        return Tier.SUSPECTED, "metadata-altered"
    label = item.detail.get("label") if item.says is Says.AI else None
    return _BY_LABEL.get(str(label), (Tier.SUSPECTED, "metadata-malformed"))


def _stands(argument: Argument) -> bool:
    """Tells what no reviewer can lower: the author's own word, and a definite label in the file."""
    return argument.basis is Basis.DECLARATION or argument.reason in _DEFINITE


def _reviewed(item: Evidence, index: int) -> Argument | None:
    """A decision names its tier; without one, "ai" confirms and "not_ai" clears. "unknown" leaves all as it is."""
    decided = item.detail.get("tier")
    if decided in frozenset(map(str, Tier)):
        return Argument(Tier(decided), f"review-{decided}", item.basis, index)
    if item.says is Says.AI:
        return Argument(Tier.CONFIRMED, "review-confirmed", item.basis, index)
    if item.says is Says.NOT_AI:
        return Argument(Tier.NONE, "review-none", item.basis, index)
    return None


def _weight(argument: Argument) -> tuple[int, int, int]:
    """Orders arguments: higher tier, then metadata before declaration before detection (R86), then as found."""
    place = _PRIORITY.index(argument.basis) if argument.basis in _PRIORITY else len(_PRIORITY)
    return -_RANK[argument.tier], place, argument.at


def _reasons(
    arguments: Sequence[Argument],
    review: Argument | None,
    evidence: Sequence[Evidence],
    tier: Tier,
    data: Ruleset,
) -> Iterator[Reason]:
    for slug in dict.fromkeys(a.reason for a in arguments):
        yield data.reason(slug, *(a.at for a in arguments if a.reason == slug))
    if review is not None and arguments[0].tier is not review.tier:
        basis = arguments[0].basis
        kept = "review-declared" if basis is Basis.DECLARATION else "review-labelled"
        yield data.reason(kept, *(a.at for a in arguments if a.basis is basis))
    if tier is not Tier.NONE:
        yield from _contradictions(evidence, data)
        return
    yield from _shortfalls(evidence, decided=review is not None, data=data)


def _contradictions(evidence: Sequence[Evidence], data: Ruleset) -> Iterator[Reason]:
    """Names what speaks against the tier without lowering it (R86)."""
    contrary = [i for i, e in enumerate(evidence) if e.says is Says.NOT_AI and e.basis is not Basis.REVIEW]
    declared = [i for i in contrary if evidence[i].basis is Basis.DECLARATION]
    others = [i for i in contrary if evidence[i].basis is not Basis.DECLARATION]
    if declared:
        yield data.reason("declared-not-ai", *declared)
    if others:
        yield data.reason("contrary", *others)


def _shortfalls(evidence: Sequence[Evidence], *, decided: bool, data: Ruleset) -> Iterator[Reason]:
    """Says what was seen and why no notice follows, or that we could not look (R62, R84)."""
    failures = [i for i, e in enumerate(evidence) if e.basis is Basis.FAILURE]
    weak = [i for i, e in enumerate(evidence) if _is_weak(e)]
    unverified = [i for i, e in enumerate(evidence) if e.basis is Basis.CREDENTIAL and e.says is Says.UNKNOWN]
    if failures:
        yield data.reason("not-looked", *failures)
    if weak:
        yield data.reason("weak-traces", *weak)
    if unverified:
        yield data.reason("credential-present", *unverified)
    if not (failures or weak or decided):
        yield data.reason("nothing")


def _is_weak(item: Evidence) -> bool:
    return (
        item.says is Says.AI
        and item.strength is Strength.WEAK
        and item.basis in (Basis.TRACE, Basis.EXPLICIT_LABEL, Basis.CREDENTIAL, Basis.WATERMARK)
    )


def _obligations(tier: Tier, evidence: Sequence[Evidence]) -> Iterator[str]:
    """Art. 6(1) to (3): show it. Art. 6, last paragraph: write it. Art. 6(4): ask the author."""
    if tier is not Tier.NONE:
        yield SHOW_NOTICE
        yield WRITE_PROPAGATION
    declared = {e.says for e in evidence if e.basis is Basis.DECLARATION}
    doubtful = tier is not Tier.NONE or any(_is_weak(e) for e in evidence)
    if Says.AI not in declared and (doubtful or not declared):
        yield REMIND_TO_DECLARE


def _locked(tier: Tier, arguments: Sequence[Argument]) -> bool:
    """A file's own label and a reviewer's decision are not the author's to take back (R86)."""
    deciding = {a.basis for a in arguments if a.tier is tier}
    if Basis.REVIEW in deciding:
        return tier is not Tier.NONE
    return tier is Tier.CONFIRMED and Basis.METADATA_LABEL in deciding
