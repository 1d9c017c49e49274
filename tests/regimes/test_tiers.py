"""The tiers of Measures Art. 6, case by case (R80 to R88, R93), and what must hold for any evidence at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yinji.evidence.base import Basis, Evidence, Integrity, Says, Strength
from yinji.regimes.base import Tier, Verdict
from yinji.regimes.registry import regime
from yinji.regimes.ruleset import load
from yinji.texts import Text

GOLDEN = Path(__file__).parent / "golden"
CN = regime()
RANK = {Tier.NONE: 0, Tier.SUSPECTED: 1, Tier.POSSIBLE: 2, Tier.CONFIRMED: 3}
SAID = Text("所见。", "What was seen.")


def make(
    basis: str,
    says: str = "ai",
    *,
    strength: str = "strong",
    integrity: str = "none",
    **detail: object,
) -> Evidence:
    return Evidence("d", "1", Says(says), Basis(basis), Strength(strength), SAID, Integrity(integrity), dict(detail))


IS = make("metadata_label", strength="stated", label="1")
MAY_BE = make("metadata_label", strength="stated", label="2")
SUSPECTED = make("metadata_label", strength="stated", label="3")
ALTERED = make("metadata_label", strength="stated", integrity="broken", label="1")
ALTERED_2 = make("metadata_label", strength="stated", integrity="broken", label="2")
MALFORMED = make("metadata_label", "unknown", strength="stated", label="")
PINNED = make("metadata_label", strength="stated", integrity="pinned", label="1")
OPAQUE = make("metadata_label", strength="stated", integrity="unverifiable", label="1")
DECLARED = make("declaration", strength="stated", choice="ai_generated")
DECLARED_NOT = make("declaration", "not_ai", strength="stated", choice="not_ai")
EXPLICIT = make("explicit_label")
TRACE = make("trace")
WEAK = make("trace", strength="weak")
SOURCE_TYPE = make("trace", strength="stated")
CAMERA = make("trace", "not_ai", strength="stated")
SILENT = make("trace", "unknown", strength="stated")
CREDENTIAL = make("credential", strength="stated", integrity="pinned")
CREDENTIAL_BROKEN = make("credential", strength="stated", integrity="broken")
UNVERIFIED = make("credential", "unknown", strength="weak", integrity="unverifiable")
WATERMARK = make("watermark")
FAILURE = make("failure", "unknown", strength="weak", code="detector_failed")
REVIEW_AI = make("review", strength="stated")
REVIEW_NOT = make("review", "not_ai", strength="stated")
REVIEW_SUSPECTED = make("review", strength="stated", tier="suspected")
REVIEW_OPEN = make("review", "unknown", strength="stated")

SHOW, WRITE, REMIND = "show_notice", "write_propagation", "remind_to_declare"

CASES: dict[str, tuple[list[Evidence], Tier, list[str], list[str], bool]] = {
    # name: evidence, tier, rules of the reasons, basis, locked
    "nothing": ([], Tier.NONE, ["R84"], [], False),
    "R81 metadata": ([IS], Tier.CONFIRMED, ["R81"], ["metadata_label"], True),
    "R81 pinned": ([PINNED], Tier.CONFIRMED, ["R81"], ["metadata_label"], True),
    "R81 opaque protection": ([OPAQUE], Tier.CONFIRMED, ["R81"], ["metadata_label"], True),
    "R82 declared": ([DECLARED], Tier.POSSIBLE, ["R82"], ["declaration"], False),
    "R83 explicit": ([EXPLICIT], Tier.SUSPECTED, ["R83"], ["explicit_label"], False),
    "R83 trace": ([TRACE], Tier.SUSPECTED, ["R83"], ["trace"], False),
    "R83 several traces": (
        [TRACE, EXPLICIT, TRACE],
        Tier.SUSPECTED,
        ["R83", "R83"],
        ["explicit_label", "trace"],
        False,
    ),
    "R84 weak": ([WEAK], Tier.NONE, ["R84"], [], False),
    "R84 many weak": ([WEAK, WEAK, WEAK], Tier.NONE, ["R84"], [], False),
    "R84 silent": ([SILENT], Tier.NONE, ["R84"], [], False),
    "R85 may be upstream": ([MAY_BE], Tier.POSSIBLE, ["R85"], ["metadata_label"], False),
    "R85 suspected upstream": ([SUSPECTED], Tier.SUSPECTED, ["R85"], ["metadata_label"], False),
    "R85 suspected upstream, declared here": (
        [SUSPECTED, DECLARED],
        Tier.POSSIBLE,
        ["R82", "R85"],
        ["declaration", "metadata_label"],
        False,
    ),
    "R85 may be upstream, denied here": (
        [MAY_BE, DECLARED_NOT],
        Tier.POSSIBLE,
        ["R85", "R86"],
        ["metadata_label"],
        False,
    ),
    "R86 metadata first": (
        [DECLARED, TRACE, IS],
        Tier.CONFIRMED,
        ["R81", "R82", "R83"],
        ["metadata_label", "declaration", "trace"],
        True,
    ),
    "R86 declaration over detection": (
        [TRACE, DECLARED],
        Tier.POSSIBLE,
        ["R82", "R83"],
        ["declaration", "trace"],
        False,
    ),
    "R86 denial does not lower": ([IS, DECLARED_NOT], Tier.CONFIRMED, ["R81", "R86"], ["metadata_label"], True),
    "R86 denial does not lower detection": ([TRACE, DECLARED_NOT], Tier.SUSPECTED, ["R83", "R86"], ["trace"], False),
    "R86 camera does not lower": ([IS, CAMERA], Tier.CONFIRMED, ["R81", "R86"], ["metadata_label"], True),
    "denied, nothing else": ([DECLARED_NOT], Tier.NONE, ["R84"], [], False),
    "camera alone": ([CAMERA], Tier.NONE, ["R84"], [], False),
    "R77 altered": ([ALTERED], Tier.SUSPECTED, ["R77"], ["metadata_label"], False),
    "R77 altered may be": ([ALTERED_2], Tier.SUSPECTED, ["R77"], ["metadata_label"], False),
    "R77 altered, declared": (
        [ALTERED, DECLARED],
        Tier.POSSIBLE,
        ["R82", "R77"],
        ["declaration", "metadata_label"],
        False,
    ),
    "R77 one altered, one good": ([ALTERED, IS], Tier.CONFIRMED, ["R81", "R77"], ["metadata_label"], True),
    "malformed label": ([MALFORMED], Tier.SUSPECTED, ["R83"], ["metadata_label"], False),
    "D7 unsigned source type": ([SOURCE_TYPE], Tier.SUSPECTED, ["R83"], ["trace"], False),
    "D7 valid credential": ([CREDENTIAL], Tier.SUSPECTED, ["R83"], ["credential"], False),
    "D7 broken credential": ([CREDENTIAL_BROKEN], Tier.SUSPECTED, ["R83"], ["credential"], False),
    "D7 watermark": ([WATERMARK], Tier.SUSPECTED, ["R83"], ["watermark"], False),
    "credential, not verified": ([UNVERIFIED], Tier.NONE, ["R84", "R84"], [], False),
    "R62 could not look": ([FAILURE], Tier.NONE, ["R62"], [], False),
    "R62 could not look, weak": ([FAILURE, WEAK], Tier.NONE, ["R62", "R84"], [], False),
    "failure beside a label": ([FAILURE, IS], Tier.CONFIRMED, ["R81"], ["metadata_label"], True),
    "R97 review confirms": ([TRACE, REVIEW_AI], Tier.CONFIRMED, ["R97"], ["review"], True),
    "R97 review keeps suspected": ([TRACE, REVIEW_SUSPECTED], Tier.SUSPECTED, ["R97"], ["review"], True),
    "R96 review clears": ([TRACE, REVIEW_NOT], Tier.NONE, ["R96"], ["review"], False),
    "R86 a label stands": ([IS, REVIEW_NOT], Tier.CONFIRMED, ["R81", "R96", "R86"], ["metadata_label", "review"], True),
    "R86 a pinned label stands": (
        [PINNED, REVIEW_SUSPECTED],
        Tier.CONFIRMED,
        ["R81", "R97", "R86"],
        ["metadata_label", "review"],
        True,
    ),
    "R85 may be upstream stands": (
        [MAY_BE, TRACE, REVIEW_NOT],
        Tier.POSSIBLE,
        ["R85", "R96", "R86"],
        ["metadata_label", "review"],
        False,
    ),
    "R85 suspected upstream stands": (
        [SUSPECTED, REVIEW_NOT],
        Tier.SUSPECTED,
        ["R85", "R96", "R86"],
        ["metadata_label", "review"],
        False,
    ),
    "R97 review confirms above a weaker label": (
        [SUSPECTED, REVIEW_AI],
        Tier.CONFIRMED,
        ["R97", "R85"],
        ["review", "metadata_label"],
        True,
    ),
    "R97 review agrees with the label": (
        [IS, REVIEW_AI],
        Tier.CONFIRMED,
        ["R97", "R81"],
        ["review", "metadata_label"],
        True,
    ),
    "R96 review clears an altered label": ([ALTERED, REVIEW_NOT], Tier.NONE, ["R96"], ["review"], False),
    "R96 review clears a malformed label": ([MALFORMED, REVIEW_NOT], Tier.NONE, ["R96"], ["review"], False),
    "R96 review clears every kind of detection": (
        [EXPLICIT, CREDENTIAL, WATERMARK, SOURCE_TYPE, REVIEW_NOT],
        Tier.NONE,
        ["R96"],
        ["review"],
        False,
    ),
    "review clears, author declares": (
        [TRACE, REVIEW_NOT, DECLARED],
        Tier.POSSIBLE,
        ["R82", "R96", "R82"],
        ["declaration", "review"],
        False,
    ),
    "review suspects, author declares": (
        [REVIEW_SUSPECTED, DECLARED],
        Tier.POSSIBLE,
        ["R82", "R97", "R82"],
        ["declaration", "review"],
        False,
    ),
    "review confirms, author denies": ([REVIEW_AI, DECLARED_NOT], Tier.CONFIRMED, ["R97", "R86"], ["review"], True),
    "the last review counts": ([REVIEW_AI, REVIEW_NOT], Tier.NONE, ["R96"], ["review"], False),
    "an open review changes nothing": ([TRACE, REVIEW_OPEN], Tier.SUSPECTED, ["R83"], ["trace"], False),
}


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    evidence, tier, rules, basis, locked = CASES[name]
    verdict = CN.decide(evidence)
    assert verdict.tier is tier
    assert [reason.rule for reason in verdict.reasons] == rules
    assert list(verdict.basis) == basis
    assert verdict.locked is locked
    assert (verdict.regime, verdict.regime_version) == ("cn", CN.version)


@pytest.mark.parametrize(
    ("evidence", "obligations"),
    [
        ([], [REMIND]),
        ([IS], [SHOW, WRITE, REMIND]),
        ([IS, DECLARED], [SHOW, WRITE]),
        ([IS, DECLARED_NOT], [SHOW, WRITE, REMIND]),
        ([DECLARED], [SHOW, WRITE]),
        ([DECLARED_NOT], []),
        ([DECLARED_NOT, WEAK], [REMIND]),
        ([TRACE, DECLARED_NOT], [SHOW, WRITE, REMIND]),
        ([WEAK], [REMIND]),
        ([TRACE, REVIEW_NOT, DECLARED_NOT], []),
    ],
)
def test_obligations(evidence: list[Evidence], obligations: list[str]) -> None:
    assert list(CN.decide(evidence).obligations) == obligations


def test_the_sentences_are_those_of_the_table() -> None:
    assert {
        str(tier): (CN.decide(e).notice, CN.decide(e).short)
        for tier, e in ((Tier.CONFIRMED, [IS]), (Tier.POSSIBLE, [DECLARED]), (Tier.SUSPECTED, [TRACE]), (Tier.NONE, []))
    } == {
        "confirmed": (("该内容属于人工智能生成合成内容", "This is AI-generated content"), ("AI生成", "AI-generated")),
        "possible": (
            (
                "该内容可能为人工智能生成合成内容（作者声明）",
                "This may be AI-generated content (declared by the author)",
            ),
            ("可能为AI生成", "May be AI-generated"),
        ),
        "suspected": (
            (
                "该内容疑似为人工智能生成合成内容，请谨慎甄别",
                "This is suspected to be AI-generated content. Judge with care.",
            ),
            ("疑似AI生成", "Suspected AI-generated"),
        ),
        "none": (("", ""), ("", "")),
    }


def test_no_notice_never_means_made_by_people() -> None:
    assert "没有标识，不能证明由人创作" in CN.decide([]).reasons[0].text.zh
    assert "no proof" in CN.decide([]).reasons[0].text.en
    assert "不能说没有标识" in CN.decide([FAILURE]).reasons[0].text.zh


def test_the_reason_repeats_what_the_author_chose() -> None:
    edited = make("declaration", strength="stated", choice="ai_edited")
    assert "修改" in CN.decide([edited]).reasons[0].text.zh
    assert "修改" not in CN.decide([DECLARED]).reasons[0].text.zh


def test_reasons_point_at_their_evidence() -> None:
    verdict = CN.decide([WEAK, TRACE, FAILURE, IS, TRACE, DECLARED_NOT])
    assert [(r.rule, r.article, r.evidence) for r in verdict.reasons] == [
        ("R81", "Measures Art. 6(1)", (3,)),
        ("R83", "Measures Art. 6(3)", (1, 4)),
        ("R86", "Measures Art. 6", (5,)),
    ]


def test_every_version_decides_every_case() -> None:
    for version in ("2025-09-01", "2026-05-12"):
        data = load("cn", version)
        for evidence, tier, *_ in CASES.values():
            verdict = type(CN)(data).decide(evidence)
            assert (verdict.tier, verdict.regime_version) == (tier, version)


@pytest.mark.parametrize("name", ["confirmed-denied", "possible-with-traces", "suspected-altered", "none-unread"])
def test_golden_verdicts(name: str) -> None:
    """A stored verdict must come out the same for ever, to the letter."""
    evidence = {
        "confirmed-denied": [IS, DECLARED_NOT],
        "possible-with-traces": [TRACE, SOURCE_TYPE, DECLARED],
        "suspected-altered": [ALTERED],
        "none-unread": [FAILURE, WEAK],
    }[name]
    golden = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
    verdict = type(CN)(load("cn", golden["regime_version"])).decide(evidence)
    assert verdict.to_dict() == golden


# --- any evidence at all ----------------------------------------------------------------------------------------------

evidences = st.builds(
    Evidence,
    st.just("d"),
    st.just("1"),
    st.sampled_from(Says),
    st.sampled_from([basis for basis in Basis if basis is not Basis.REVIEW]),
    st.sampled_from(Strength),
    st.just(SAID),
    st.sampled_from(Integrity),
    st.fixed_dictionaries({}, optional={"label": st.sampled_from(["1", "2", "3", "", "AIGC", "4"])}),
)
reviews = st.builds(
    Evidence,
    st.just("r"),
    st.just("1"),
    st.sampled_from(Says),
    st.just(Basis.REVIEW),
    st.just(Strength.STATED),
    st.just(SAID),
    st.just(Integrity.NONE),
    st.fixed_dictionaries({}, optional={"tier": st.sampled_from([*map(str, Tier), "nonsense"])}),
)


@given(st.lists(evidences, max_size=6), evidences, st.integers(0, 6))
def test_more_evidence_never_lowers_the_tier(evidence: list[Evidence], more: Evidence, at: int) -> None:
    before = CN.decide(evidence).tier
    after = CN.decide([*evidence[:at], more, *evidence[at:]]).tier
    assert RANK[after] >= RANK[before]


@given(st.lists(evidences | reviews, max_size=6), st.sampled_from([DECLARED, DECLARED_NOT]))
def test_no_declaration_ever_lowers_the_tier(evidence: list[Evidence], declaration: Evidence) -> None:
    assert RANK[CN.decide([*evidence, declaration]).tier] >= RANK[CN.decide(evidence).tier]


@given(st.lists(evidences, max_size=6), st.sampled_from([REVIEW_NOT, REVIEW_SUSPECTED]))
def test_a_review_lowers_to_what_stands_in_so_many_words_and_no_further(
    evidence: list[Evidence], review: Evidence
) -> None:
    """Definite labels that were not altered, and declarations of AI, stay; everything else gives way."""
    definite = [
        e
        for e in evidence
        if (e.basis is Basis.DECLARATION and e.says is Says.AI)
        or (
            e.basis is Basis.METADATA_LABEL
            and e.says is Says.AI
            and e.integrity is not Integrity.BROKEN
            and e.detail.get("label") in ("1", "2", "3")
        )
    ]
    said = Tier(review.detail.get("tier", "none"))
    floor = CN.decide(definite).tier
    assert CN.decide([*evidence, review]).tier is max(said, floor, key=RANK.__getitem__)


@given(st.lists(evidences, max_size=5), st.randoms())
def test_the_order_of_evidence_does_not_matter(evidence: list[Evidence], random: object) -> None:
    shuffled = list(evidence)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = CN.decide(evidence), CN.decide(shuffled)
    assert (one.tier, set(one.obligations), one.locked) == (other.tier, set(other.obligations), other.locked)


@given(st.lists(evidences | reviews, max_size=6))
def test_every_verdict_is_explained_and_repeatable(evidence: list[Evidence]) -> None:
    verdict = CN.decide(evidence)
    assert verdict == CN.decide([Evidence.from_dict(json.loads(json.dumps(e.to_dict()))) for e in evidence])
    assert_explained(verdict, evidence)


def assert_explained(verdict: Verdict, evidence: Sequence[Evidence]) -> None:
    known = {rule.id for rule in CN.rules()}
    assert verdict.reasons
    for reason in verdict.reasons:
        assert reason.rule in known and reason.article
        assert reason.text.zh.endswith("。") and reason.text.en.endswith(".")
        assert all(0 <= index < len(evidence) for index in reason.evidence)
    has_notice = verdict.tier is not Tier.NONE
    assert bool(verdict.notice.zh and verdict.notice.en and verdict.short.zh) is has_notice
    assert ("show_notice" in verdict.obligations) is ("write_propagation" in verdict.obligations) is has_notice
    if has_notice:
        assert verdict.basis and any(reason.evidence for reason in verdict.reasons)
