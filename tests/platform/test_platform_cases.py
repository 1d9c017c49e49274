"""Reports, routing and queues, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

import samples
import yinji
from case_desk import (
    GENERATED,
    LABEL,
    NOT_AI,
    PASSWORD,
    decided,
    events,
    later,
    posted,
    refusing,
    said,
    together,
    traced_png,
)
from yinji.errors import Refused, UsageError, YinjiError
from yinji.platform.cases.model import Case, Outcome, State, Why
from yinji.platform.errors import Conflict, NotFound, TooManyAttempts
from yinji.platform.model import Account, Item, Role
from yinji.platform.service import Platform


# --- reports
def test_reports_make_one_case_and_one_person_counts_once(
    platform: Platform, people: dict[str, Account], words_item: Item
) -> None:
    first = platform.cases.report(people["reader"], words_item.id, Why.UNLABELLED, "像是生成的")
    again = platform.cases.report(people["reader"], words_item.id, Why.WRONGLY_LABELLED, "改一下")
    other = platform.cases.report(people["other"], words_item.id, Why.UNLABELLED)
    assert first.case_id == again.case_id == other.case_id
    file = platform.cases.job(people["r1"], first.case_id)
    assert file.case.reports == 2
    assert file.counts == {Why.UNLABELLED: 1, Why.WRONGLY_LABELLED: 1}
    assert file.notes == ((Why.WRONGLY_LABELLED, "改一下"),)
    assert events(platform, first.case_id) == ["case.opened", *["case.reported"] * 3]
    assert platform.audit_verify()


def test_who_reports_sees_what_came_of_it(platform: Platform, people: dict[str, Account], words_item: Item) -> None:
    case_id = platform.cases.report(people["reader"], words_item.id, Why.UNLABELLED).case_id
    assert platform.cases.reports(people["reader"]).rows[0].decision is None
    decided(platform, people["r1"], case_id, "confirm")
    report = platform.cases.reports(people["reader"]).rows[0]
    assert report.state is State.DECIDED
    assert report.decision is not None and report.decision.outcome is Outcome.CONFIRM
    assert report.decision.reviewer_id == ""
    assert platform.cases.reports(people["other"]).rows == ()


def test_what_cannot_be_reported(platform: Platform, author: Account, people: dict[str, Account]) -> None:
    item = platform.publish(author, title="", text="字", declaration=NOT_AI)
    with refusing("report-own", Refused):
        platform.cases.report(author, item.id, Why.UNLABELLED)
    with refusing("report-reason", UsageError):
        platform.cases.report(people["reader"], item.id, Why.REMOVAL)
    with refusing("report-note-rule", UsageError):
        platform.cases.report(people["reader"], item.id, Why.UNLABELLED, "长" * 501)
    with refusing("item-not-found", NotFound):
        platform.cases.report(people["reader"], "0", Why.UNLABELLED)
    with refusing("not-permitted", Refused):
        platform.cases.report(people["auditor"], item.id, Why.UNLABELLED)


def test_reports_of_one_person_are_limited(
    platform: Platform, author: Account, people: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    from yinji.platform.cases import rules

    items = [platform.publish(author, title="", text=f"第 {n} 篇", declaration=NOT_AI) for n in range(3)]
    few = replace(rules.limits(), reports_per_hour=2)
    monkeypatch.setattr(rules, "limits", lambda: few)
    for item in items[:2]:
        platform.cases.report(people["reader"], item.id, Why.UNLABELLED)
    with refusing("too-many-reports", TooManyAttempts):
        platform.cases.report(people["reader"], items[2].id, Why.UNLABELLED)
    with later(monkeypatch, timedelta(hours=2)):
        platform.cases.report(people["reader"], items[2].id, Why.UNLABELLED)


def test_many_reports_cost_the_same_each_and_move_the_case_up(
    platform: Platform, people: dict[str, Account], words_item: Item
) -> None:
    """A hundred thousand behave as these do: the number of statements does not grow."""
    readers = [platform.create_account(f"reader{n}", PASSWORD, Role.READER) for n in range(40)]
    counted: list[int] = []
    statements = 0

    def count(*_: object) -> None:
        nonlocal statements
        statements += 1

    event.listen(platform._database._engine, "before_cursor_execute", count)
    for reader in readers:
        before = statements
        platform.cases.report(reader, words_item.id, Why.UNLABELLED)
        counted.append(statements - before)
    event.remove(platform._database._engine, "before_cursor_execute", count)
    (job,) = platform.cases.jobs(people["r1"]).rows
    assert (job.reports, job.queue) == (40, "urgent")
    assert counted[1] == counted[10] == counted[30] == counted[39] == min(counted)
    assert [step.event for step in platform.cases.job(people["r1"], job.id).steps] == ["requeued", "opened"]


def test_first_reports_at_the_same_moment_make_one_case(
    platform: Platform, people: dict[str, Account], words_item: Item
) -> None:
    readers = [people["reader"], people["other"], people["r1"], people["r2"]]
    found = together([lambda r=r: platform.cases.report(r, words_item.id, Why.UNLABELLED).case_id for r in readers])
    assert len(set(found)) == 1 and isinstance(found[0], str)
    assert platform.cases.job(people["admin"], found[0]).case.reports == 4


# --- routing of new posts
def test_new_posts_are_routed_by_what_was_found(
    platform: Platform, author: Account, people: dict[str, Account]
) -> None:
    posted(platform, author, traced_png())
    posted(platform, author, traced_png(), NOT_AI)
    posted(platform, author, traced_png(), GENERATED)
    platform.publish(author, title="", text="写的字", declaration=NOT_AI)
    found = {(job.why, job.queue) for job in platform.cases.jobs(people["r1"]).rows}
    assert found == {(Why.SUSPECTED, "unlabelled"), (Why.CONTRADICTION, "contested")}
    queues = {queue.name: queue.waiting for queue in platform.cases.queues(people["auditor"])}
    assert queues == {"tampering": 0, "urgent": 0, "unlabelled": 1, "contested": 1, "appeals": 0}


def test_a_copy_without_its_label_is_looked_at(
    platform: Platform, author: Account, people: dict[str, Account], tmp_path: Path
) -> None:
    plain, labelled = tmp_path / "a.png", tmp_path / "b.png"
    samples.picture(size=(64, 48)).save(plain, "PNG")
    yinji.label(plain, LABEL, output=labelled, metadata_only=True)
    posted(platform, author, labelled.read_bytes(), GENERATED)
    stripped = posted(platform, author, plain.read_bytes(), NOT_AI)
    (job,) = (job for job in platform.cases.jobs(people["r1"]).rows if job.item_id == stripped.id)
    assert (job.why, job.queue) == (Why.REMOVAL, "tampering")
    assert platform.cases.job(people["r1"], job.id).copy_count == 1


# --- queues
def test_of_two_reviewers_exactly_one_gets_the_case(platform: Platform, people: dict[str, Account], case: Case) -> None:
    got = together([lambda r=r: platform.cases.claim(people[r], case.id) for r in ("r1", "r2", "admin")])
    assert sum(not isinstance(one, YinjiError) for one in got) == 1
    assert {one.code for one in got if isinstance(one, YinjiError)} == {"case-claimed"}


def test_next_up_gives_each_reviewer_another_case(
    platform: Platform, author: Account, people: dict[str, Account]
) -> None:
    for n in range(3):
        item = platform.publish(author, title="", text=f"第 {n} 篇", declaration=NOT_AI)
        platform.cases.report(people["reader"], item.id, Why.UNLABELLED)
    got = together([lambda r=r: platform.cases.next_up(people[r]) for r in ("r1", "r2", "admin")])
    assert len({file.case.id for file in got}) == 3  # type: ignore[attr-defined]
    assert platform.cases.next_up(people["r1"]) is None
    with refusing("queue-not-found", NotFound):
        platform.cases.next_up(people["r1"], "nowhere")


def test_a_claim_is_released_skipped_and_runs_out(
    platform: Platform, people: dict[str, Account], case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    r1, r2 = people["r1"], people["r2"]
    platform.cases.claim(r1, case.id)
    with refusing("case-claimed", Conflict):
        platform.cases.claim(r2, case.id)
    with refusing("case-not-claimed", Conflict):
        platform.cases.release(r2, case.id)
    platform.cases.release(r1, case.id)
    assert platform.cases.next_up(r1).case.id == case.id  # type: ignore[union-attr]
    platform.cases.release(r1, case.id, skip=True)
    assert platform.cases.next_up(r1) is None
    assert platform.cases.next_up(r2).case.id == case.id  # type: ignore[union-attr]
    with later(monkeypatch, timedelta(minutes=21)):
        assert platform.cases.jobs(r1).rows[0].id == case.id
        with refusing("case-not-claimed", Conflict):
            platform.cases.decide(r2, case.id, said("confirm"))
        assert platform.cases.claim(r1, case.id).case.claimed_by == r1.id
    names = [step.event for step in reversed(platform.cases.job(r1, case.id).steps)]
    assert names == ["opened", "claimed", "released", "claimed", "skipped", "claimed", "expired", "claimed"]
    assert platform.audit_verify()


def test_upkeep_returns_claims_that_ran_out(
    platform: Platform, people: dict[str, Account], case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.cases.claim(people["r1"], case.id)
    with later(monkeypatch, timedelta(minutes=21)):
        platform.tidy()
    assert platform.cases.job(people["r1"], case.id).case.state is State.OPEN


def test_nobody_judges_their_own_post_or_report(platform: Platform, people: dict[str, Account]) -> None:
    item = platform.publish(people["admin"], title="", text="管理员写的", declaration=NOT_AI)
    case_id = platform.cases.report(people["r1"], item.id, Why.UNLABELLED).case_id
    with refusing("case-own", Refused):
        platform.cases.claim(people["admin"], case_id)
    with refusing("case-reported", Refused):
        platform.cases.claim(people["r1"], case_id)
    assert platform.cases.next_up(people["admin"]) is None
    assert platform.cases.next_up(people["r1"]) is None
    assert platform.cases.next_up(people["r2"]) is not None
