from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, text

from yinji.errors import UsageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.model import Account
from yinji.platform.service import Platform
from yinji.platform.statistics.model import Span

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


@pytest.mark.parametrize("last", [date(2026, 11, 19), date(2027, 11, 22)])
def test_days_that_cannot_be_counted_are_refused(platform: Platform, last: date) -> None:
    with pytest.raises(UsageError):
        platform.statistics.figures(Span(FIRST, last))
