"""Decisions: evidence, notices, authors who are asked, copies, on both databases."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

import samples
import yinji
from case_desk import GENERATED, LABEL, PASSWORD, decided, later, posted, refusing, said, tier, together, traced_png
from yinji.errors import Refused, UsageError, YinjiError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.cases.deciding import Said
from yinji.platform.cases.model import Case, State, Why
from yinji.platform.errors import Conflict
from yinji.platform.model import Account, Role
from yinji.platform.service import Platform


# --- decisions
@pytest.mark.parametrize(
    ("outcome", "became", "state"),
    [
        ("confirm", "confirmed", State.DECIDED),
        ("suspect", "suspected", State.DECIDED),
        ("no_ai", "none", State.DECIDED),
        ("needs_label", "suspected", State.AWAITING),
        ("false_report", "suspected", State.DECIDED),
    ],
)
def test_a_decision_becomes_evidence_and_all_follows(
    platform: Platform, author: Account, people: dict[str, Account], outcome: str, became: str, state: State
) -> None:
    item = posted(platform, author, traced_png())
    job = platform.cases.next_up(people["r1"])
    assert job is not None and job.case.item_id == item.id
    decision = platform.cases.decide(people["r1"], job.case.id, said(outcome, version=job.case.version))
    after = platform.item(item.id)
    assert (after.verdict["tier"], platform.cases.job(people["r1"], job.case.id).case.state) == (became, state)
    assert (decision.tier_before, decision.tier_after) == ("suspected", became)
    reviews = [e for e in after.report["evidence"] if e["basis"] == "review"]
    assert [e["detail"]["decision"] for e in reviews] == (
        [decision.id] if outcome in ("confirm", "suspect", "no_ai") else []
    )
    assert "item.reviewed" in [change.event for change in after.history]
    assert people["r1"].name not in str(after.history), "readers do not learn who decided"
    label = after.propagation["label"]
    assert (label["Label"] if label else "") == {"confirmed": "1", "suspected": "3", "none": ""}[became]
    served = yinji.read(BytesIO(platform.served_file(item.id).path.read_bytes()))
    assert [found.label.label for found in served.found if found.label] == ([label["Label"]] if label else [])
    assert platform.audit_verify()


def test_no_reviewer_takes_a_label_out_of_force(
    platform: Platform, author: Account, people: dict[str, Account], tmp_path: Path
) -> None:
    plain, labelled = tmp_path / "a.png", tmp_path / "b.png"
    samples.picture(size=(64, 48)).save(plain, "PNG")
    yinji.label(plain, LABEL, output=labelled, metadata_only=True)
    item = posted(platform, author, labelled.read_bytes(), GENERATED)
    case_id = platform.cases.report(people["reader"], item.id, Why.WRONGLY_LABELLED).case_id
    decided(platform, people["r1"], case_id, "no_ai")
    assert tier(platform, item) == "confirmed"
    with refusing("appeal-locked", Refused):
        platform.cases.appeal_notice(author, posted(platform, author, labelled.read_bytes(), GENERATED).id, "不是", "")


def test_the_same_decision_twice_counts_once(platform: Platform, people: dict[str, Account], case: Case) -> None:
    platform.cases.claim(people["r1"], case.id)
    got = together([lambda: platform.cases.decide(people["r1"], case.id, said("confirm"))] * 3)
    ids = {one.id for one in got if not isinstance(one, YinjiError)}  # type: ignore[union-attr]
    assert len(ids) == 1
    assert platform.cases.decide(people["r1"], case.id, said("confirm")).id in ids
    with refusing("case-not-claimed", Conflict):
        platform.cases.decide(people["r1"], case.id, said("no_ai"))
    assert len(platform.cases.job(people["r1"], case.id).decisions) == 1


def test_a_decision_on_what_has_changed_is_not_taken(
    platform: Platform, author: Account, people: dict[str, Account], case: Case
) -> None:
    seen = platform.cases.claim(people["r1"], case.id).case.version
    platform.declare(author, case.item_id, Declaration(Declared.AI_EDITED))
    for outcome in ("confirm", "false_report"):
        with refusing("changed-meanwhile", Conflict):
            platform.cases.decide(people["r1"], case.id, said(outcome, version=seen))
    new = platform.cases.claim(people["r1"], case.id).case.version
    platform.cases.decide(people["r1"], case.id, said("confirm", version=new))


@pytest.mark.parametrize(
    ("what", "code"),
    [
        (said("confirm", reason=" \n"), "decision-reason-missing"),
        (said("confirm", reason="长" * 2001), "decision-reason-rule"),
        (said("confirm", policy="no-such"), "decision-policy"),
        (said("confirm", policy="report-unfounded"), "decision-policy"),
    ],
)
def test_a_decision_needs_policy_and_reason(
    platform: Platform, people: dict[str, Account], case: Case, what: Said, code: str
) -> None:
    platform.cases.claim(people["r1"], case.id)
    with refusing(code, UsageError):
        platform.cases.decide(people["r1"], case.id, what)


def test_nobody_decides_without_a_claim_or_permission(
    platform: Platform, people: dict[str, Account], author: Account, case: Case
) -> None:
    with refusing("case-not-claimed", Conflict):
        platform.cases.decide(people["r1"], case.id, said("confirm"))
    for account in (author, people["reader"], people["auditor"]):
        with refusing("not-permitted", Refused):
            platform.cases.decide(account, case.id, said("confirm"))
    platform.cases.claim(people["r1"], case.id)
    with refusing("case-move", Conflict):
        platform.cases.decide(people["r1"], case.id, said("uphold"))


# --- asking the author
def test_an_author_who_is_asked_answers(
    platform: Platform, author: Account, people: dict[str, Account], case: Case
) -> None:
    decided(platform, people["r1"], case.id, "needs_label")
    platform.declare(author, case.item_id, GENERATED)
    assert platform.cases.own_case(author, case.id).case.state is State.CLOSED
    assert platform.cases.standing(author).strikes == ()


def test_an_author_who_does_not_answer_gets_a_strike(
    platform: Platform, author: Account, people: dict[str, Account], case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(platform, people["r1"], case.id, "needs_label")
    with later(monkeypatch, timedelta(hours=73)):
        platform.tidy()
        platform.tidy()
        assert [strike.kind for strike in platform.cases.standing(author).strikes] == ["unanswered"]
    assert platform.cases.job(people["r1"], case.id).case.state is State.OPEN


# --- copies
def test_all_copies_are_decided_alike_and_fall_together(
    platform: Platform, author: Account, people: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    second = platform.create_account("second", PASSWORD, Role.CREATOR)
    item, copy, declared = (
        posted(platform, author, traced_png()),
        posted(platform, second, traced_png()),
        posted(platform, second, traced_png(), GENERATED),
    )
    (case_id,) = (job.id for job in platform.cases.jobs(people["r1"]).rows if job.item_id == item.id)
    assert platform.cases.job(people["r1"], case_id).copy_count == 2
    monkeypatch.setattr("yinji.platform.cases.copies.BATCH", 1)
    decided(platform, people["r1"], case_id, "no_ai", copies=True)
    platform.work.pool(1).drain()
    assert [tier(platform, one) for one in (item, copy, declared)] == ["none", "none", "possible"]
    assert len(platform.cases.own(second).rows) == 2
    again = platform.cases.report(people["reader"], item.id, Why.UNLABELLED).case_id
    decided(platform, people["r1"], again, "confirm", copies=True)
    platform.work.pool(1).drain()
    assert [tier(platform, one) for one in (item, copy, declared)] == ["confirmed", "confirmed", "confirmed"]
    assert len(platform.cases.standing(second).strikes) == 1, "one of the two was declared"
    file = platform.cases.own(author).rows[0]
    platform.cases.appeal(author, platform.cases.own_case(author, file.id).decisions[0].id, "是我画的")
    decided(platform, people["r2"], file.id, "overturn")
    platform.work.pool(1).drain()
    assert [tier(platform, one) for one in (item, copy, declared)] == ["none", "none", "possible"]
    assert platform.cases.standing(second).strikes == platform.cases.standing(author).strikes == ()
    assert platform.audit_verify()
