from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, text

from yinji.errors import UsageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform import instants
from yinji.platform.cases.deciding import Said
from yinji.platform.cases.model import Outcome, Why
from yinji.platform.model import Account, Role
from yinji.platform.service import Platform
from yinji.platform.statistics.model import Span

PASSWORD = "正确 horse battery"
FIRST, LAST = date(2026, 11, 20), date(2026, 11, 22)


def publish(platform: Platform, author: Account, raw: Engine, choice: Declared, at: str) -> str:
    item = platform.publish(author, title="", text=f"{choice} {at}", declaration=Declaration(choice))
    with raw.begin() as connection:
        connection.execute(text("UPDATE items SET published_at = :at WHERE id = :id"), {"at": at, "id": item.id})
    return item.id


def test_posts_count_on_their_day_in_the_zone_of_the_site(platform: Platform, author: Account, raw: Engine) -> None:
    publish(platform, author, raw, Declared.AI_GENERATED, "2026-11-19T15:59:59.999999Z")
    publish(platform, author, raw, Declared.AI_GENERATED, "2026-11-19T16:00:00.000000Z")
    publish(platform, author, raw, Declared.AI_EDITED, "2026-11-22T15:59:59.999999Z")
    publish(platform, author, raw, Declared.NOT_AI, "2026-11-22T15:00:00.000000Z")
    publish(platform, author, raw, Declared.NOT_AI, "2026-11-22T16:00:00.000000Z")
    figures = platform.statistics.figures(Span(FIRST, LAST))
    assert [(day.day, day.noticed, day.total) for day in figures.days] == [
        (date(2026, 11, 20), 1, 1),
        (date(2026, 11, 21), 0, 0),
        (date(2026, 11, 22), 1, 2),
    ]
    assert figures.tiers == {"confirmed": 0, "possible": 2, "suspected": 0, "none": 1}
    assert figures.declarations == {"ai_edited": 1, "ai_generated": 1, "not_ai": 1}
    assert figures.kinds == {"text": 3}
    assert sum(figures.propagation.values()) == figures.total == 3
    in_utc = platform.statistics.figures(Span(FIRST, LAST, timedelta(0)))
    assert [day.total for day in in_utc.days] == [0, 0, 3]


def test_a_post_counts_by_the_notice_it_bears_now(platform: Platform, author: Account) -> None:
    item = platform.publish(author, title="", text="一句话", declaration=Declaration(Declared.NOT_AI))
    day = (item.published_at + timedelta(hours=8)).date()
    span = Span(day, day)
    assert platform.statistics.figures(span).tiers["none"] == 1
    platform.declare(author, item.id, Declaration(Declared.AI_EDITED))
    figures = platform.statistics.figures(span)
    assert (figures.tiers["none"], figures.tiers["possible"]) == (0, 1)
    assert (figures.corrections, figures.verdict_changes) == (1, 1)


def test_what_became_of_reports(platform: Platform, author: Account) -> None:
    reader, first, second = (
        platform.create_account(name, PASSWORD, role)
        for name, role in (("reader", Role.READER), ("r1", Role.REVIEWER), ("r2", Role.REVIEWER))
    )
    item = platform.publish(author, title="", text="湖边的清晨", declaration=Declaration(Declared.NOT_AI))
    report = platform.cases.report(reader, item.id, Why.UNLABELLED)
    platform.cases.claim(first, report.case_id)
    decision = platform.cases.decide(first, report.case_id, Said(Outcome.SUSPECT, "traces", "看过了，理由写在这里。"))
    appeal = platform.cases.appeal(author, decision.id, "是我自己写的，有草稿可以证明。")
    platform.cases.claim(second, appeal.case.id)
    judged = Said(Outcome.OVERTURN, "not-enough-evidence", "草稿可信，证据不足。")
    platform.cases.decide(second, appeal.case.id, judged)
    today = (item.published_at + timedelta(hours=8)).date()
    figures = platform.statistics.figures(Span(today - timedelta(days=1), today + timedelta(days=1))).cases
    assert (figures.reports, figures.opened, figures.appeals, figures.overturned) == (1, 1, 1, 1)
    assert figures.decided == 2 and figures.changed == 2
    assert figures.median_minutes is not None and figures.median_minutes >= 0
    assert figures.daily_minutes[0] is None and figures.daily_minutes[1:].count(None) == 1


def test_videos_count_by_the_mandatory_label(platform: Platform, author: Account, raw: Engine) -> None:
    for choice, statement in ((Declared.AI_GENERATED, ""), (Declared.NOT_AI, "marketing"), (Declared.NOT_AI, "")):
        platform.publish(author, title="", text=f"{choice}{statement}", declaration=Declaration(choice, "", statement))
    with raw.begin() as connection:
        connection.execute(text("UPDATE items SET kind = 'video'"))
    day = (instants.now() + timedelta(hours=8)).date()
    counted = platform.statistics.figures(Span(day - timedelta(days=1), day)).short_video
    assert {name: count for name, count in counted.items() if count} == {
        "ai_generated": 1,
        "marketing": 1,
        "none_needed": 1,
    }


@pytest.mark.parametrize("last", [date(2026, 11, 19), date(2027, 11, 22)])
def test_days_that_cannot_be_counted_are_refused(platform: Platform, last: date) -> None:
    with pytest.raises(UsageError):
        platform.statistics.figures(Span(FIRST, last))
