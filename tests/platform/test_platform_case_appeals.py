"""Appeals, and strikes with what follows from them, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from case_desk import GENERATED, NOT_AI, PASSWORD, UNSAID, decided, later, posted, refusing, said, tier, traced_png
from yinji.errors import Refused, UsageError
from yinji.labels.declaration import Declared
from yinji.platform import instants
from yinji.platform.cases.model import Case, State, Why
from yinji.platform.errors import Conflict, NotFound, TooManyAttempts
from yinji.platform.instants import to_text
from yinji.platform.model import Account, Role
from yinji.platform.service import Platform


# --- appeals
def test_an_appeal_is_judged_by_somebody_else(
    platform: Platform, author: Account, people: dict[str, Account], case: Case, confirmed: str
) -> None:
    assert [strike.kind for strike in platform.cases.standing(author).strikes] == ["undeclared"]
    file = platform.cases.appeal(author, confirmed, "原图和草稿都在")
    assert (file.case.state, file.case.queue) == (State.APPEALED, "appeals")
    with refusing("case-same-reviewer", Refused):
        platform.cases.claim(people["r1"], case.id)
    assert platform.cases.next_up(people["r1"]) is None
    judged = decided(platform, people["r2"], case.id, "overturn")
    assert tier(platform, platform.item(case.item_id)) == "none"
    assert platform.cases.standing(author).strikes == ()
    with refusing("appeal-final", Refused):
        platform.cases.appeal(author, judged, "再来一次")


def test_the_database_transaction_holds_the_first_reviewer_off(
    platform: Platform, author: Account, people: dict[str, Account], case: Case, confirmed: str, raw: Engine
) -> None:
    """Even with a claim put there past all our code."""
    platform.cases.appeal(author, confirmed, "不对")
    until = to_text(instants.now() + timedelta(hours=1))
    with raw.begin() as connection:
        connection.execute(
            text("UPDATE cases SET state = 'judging', claimed_by = :who, claimed_until = :until WHERE id = :id"),
            {"who": people["r1"].id, "until": until, "id": case.id},
        )
    with refusing("case-same-reviewer", Refused):
        platform.cases.decide(people["r1"], case.id, said("uphold"))


def test_an_appeal_is_upheld_once_and_for_all(
    platform: Platform, author: Account, people: dict[str, Account], case: Case, confirmed: str
) -> None:
    platform.cases.appeal(author, confirmed, "不对")
    assert platform.cases.appeal(author, confirmed, "不对").case.id == case.id, "sent twice, it is one"
    with refusing("appeal-there", Conflict):
        platform.cases.appeal(author, confirmed, "还是不对")
    decided(platform, people["r2"], case.id, "uphold")
    assert tier(platform, platform.item(case.item_id)) == "confirmed"
    assert platform.cases.own_case(author, case.id).case.state is State.UPHELD
    assert len(platform.cases.standing(author).strikes) == 1


def test_who_may_appeal_and_until_when(
    platform: Platform,
    author: Account,
    people: dict[str, Account],
    case: Case,
    confirmed: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = platform.create_account("another", PASSWORD, Role.CREATOR)
    with refusing("not-the-author", Refused):
        platform.cases.appeal(other, confirmed, "不是我的")
    with refusing("not-the-author", Refused):
        platform.cases.own_case(other, case.id)
    with refusing("appeal-reason-missing", UsageError):
        platform.cases.appeal(author, confirmed, "  ")
    with refusing("decision-not-found", NotFound):
        platform.cases.appeal(author, "0", "理由")
    with later(monkeypatch, timedelta(days=31)):
        with refusing("appeal-over", Refused):
            platform.cases.appeal(author, confirmed, "晚了")
        platform.tidy()
        assert platform.cases.own_case(author, case.id).case.state is State.CLOSED


def test_an_author_sees_reasons_and_nobody_behind_them(
    platform: Platform, author: Account, people: dict[str, Account], case: Case, confirmed: str
) -> None:
    platform.cases.report(people["other"], case.item_id, Why.WRONGLY_LABELLED, "别人的话")
    file = platform.cases.own_case(author, case.id)
    assert file.decisions[0].reason and file.decisions[0].policy == "undeclared-ai"
    shown = repr(file)
    assert not any(account.id in shown for name, account in people.items() if name != "admin")
    assert "别人的话" not in shown


def test_a_declaration_is_corrected_downward_by_appeal_alone(
    platform: Platform, author: Account, people: dict[str, Account]
) -> None:
    item = platform.publish(author, title="", text="误选了", declaration=GENERATED)
    with refusing("declaration-lowers", Refused):
        platform.declare(author, item.id, NOT_AI)
    with refusing("appeal-declaration", UsageError):
        platform.cases.appeal_notice(author, item.id, "误选")
    with refusing("appeal-wants", UsageError):
        platform.cases.appeal_notice(author, item.id, "误选", "ai_generated")
    case = platform.cases.appeal_notice(author, item.id, "误选", "not_ai").case
    with refusing("appeal-there", Conflict):
        platform.cases.appeal_notice(author, item.id, "又一次", "not_ai")
    decided(platform, people["r1"], case.id, "overturn", policy="declared-by-mistake")
    after = platform.item(item.id)
    assert (after.declaration.choice, after.verdict["tier"]) == (Declared.NOT_AI, "none")


def test_a_notice_that_nobody_decided_is_appealed(
    platform: Platform, author: Account, people: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    item = posted(platform, author, traced_png())
    with refusing("appeal-undecided", Conflict):
        platform.cases.appeal_notice(author, item.id, "这是我画的")
    job = platform.cases.next_up(people["r1"])
    assert job is not None
    platform.cases.decide(people["r1"], job.case.id, said("false_report"))
    file = platform.cases.appeal_notice(author, item.id, "这是我画的")
    assert file.case.id == job.case.id, "the decision is what is appealed"
    decided(platform, people["r2"], job.case.id, "overturn")
    assert tier(platform, item) == "suspected", "an unfounded report was no ground of the notice"
    words = platform.publish(author, title="", text="没有提示", declaration=NOT_AI)
    with refusing("appeal-nothing", UsageError):
        platform.cases.appeal_notice(author, words.id, "没什么")


# --- strikes
def test_repeated_silence_costs_and_expires(
    platform: Platform, author: Account, people: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        item = posted(platform, author, traced_png())
        job = platform.cases.next_up(people["r1"])
        assert job is not None and job.case.item_id == item.id
        platform.cases.decide(people["r1"], job.case.id, said("confirm"))
    standing = platform.cases.standing(author)
    assert (len(standing.strikes), [c.id for c in standing.consequences]) == (2, ["declare-to-publish"])
    with refusing("declare-to-publish", Refused):
        platform.publish(author, title="", text="没有声明", declaration=UNSAID)
    item = platform.publish(author, title="", text="声明了", declaration=NOT_AI)
    assert item.id in [job.item_id for job in platform.cases.jobs(people["r1"]).rows], "new posts are looked at"
    with later(monkeypatch, timedelta(days=181)):
        assert platform.cases.standing(author).consequences == ()
        platform.publish(author, title="", text="没有声明", declaration=UNSAID)


def test_reports_in_bad_faith_are_limited(platform: Platform, author: Account, people: dict[str, Account]) -> None:
    for n in range(3):
        item = platform.publish(author, title="", text=f"第 {n} 篇", declaration=NOT_AI)
        case_id = platform.cases.report(people["reader"], item.id, Why.UNLABELLED).case_id
        decided(platform, people["r1"], case_id, "false_report", bad_faith=True)
    standing = platform.cases.standing(people["reader"])
    assert [(c.id, c.per_day) for c in standing.consequences] == [("reports-limited", 1)]
    item = platform.publish(author, title="", text="又一篇", declaration=NOT_AI)
    with refusing("too-many-reports", TooManyAttempts):
        platform.cases.report(people["reader"], item.id, Why.UNLABELLED)


def test_listings_page_through(platform: Platform, author: Account, people: dict[str, Account]) -> None:
    for n in range(3):
        item = platform.publish(author, title="", text=f"第 {n} 篇", declaration=NOT_AI)
        platform.cases.report(people["reader"], item.id, Why.UNLABELLED)
    for listing in (
        lambda cursor: platform.cases.jobs(people["r1"], cursor=cursor, limit=2),
        lambda cursor: platform.cases.reports(people["reader"], cursor=cursor, limit=2),
        lambda cursor: platform.cases.own(author, cursor=cursor, limit=2),
    ):
        first = listing(None)
        second = listing(first.next_cursor)
        assert (len(first.rows), len(second.rows), second.next_cursor) == (2, 1, None)
    while job := platform.cases.next_up(people["r1"]):
        platform.cases.decide(people["r1"], job.case.id, said("false_report"))
    done = platform.cases.jobs(people["r1"], view="done", limit=2)
    assert len(platform.cases.jobs(people["r1"], view="done", cursor=done.next_cursor, limit=2).rows) == 1


def test_withdrawing_a_post_closes_its_cases(platform: Platform, author: Account, people: dict[str, Account]) -> None:
    item = platform.publish(author, title="雾", text="雾里看湖", declaration=NOT_AI)
    report = platform.cases.report(people["reader"], item.id, Why.UNLABELLED)
    platform.cases.claim(people["r1"], report.case_id)
    platform.withdrawing.withdraw(author, item.id)
    file = platform.cases.job(people["r1"], report.case_id)
    assert file.case.state is State.CLOSED
    assert platform.cases.jobs(people["r2"]).rows == ()
    with refusing("item-withdrawn", NotFound):
        platform.cases.decide(people["r1"], report.case_id, said("suspect"))
    (outcome,) = platform.cases.reports(people["reader"]).rows
    assert outcome.case_id == report.case_id
