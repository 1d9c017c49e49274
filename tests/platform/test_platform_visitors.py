"""Reports of people who are not signed in, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from yinji.errors import Refused, UsageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform import instants
from yinji.platform.cases import rules
from yinji.platform.cases.deciding import Said
from yinji.platform.cases.model import CaseFile, Outcome, Why
from yinji.platform.errors import TooManyAttempts
from yinji.platform.instants import to_text
from yinji.platform.model import Account, Item, Role
from yinji.platform.policy import Policy
from yinji.platform.service import Platform

PASSWORD = "正确 horse battery"


@pytest.fixture
def items(platform: Platform, author: Account) -> list[Item]:
    said = Declaration(Declared.NOT_AI)
    return [platform.publish(author, title=f"湖边 {n}", text="湖边的清晨", declaration=said) for n in range(6)]


@pytest.fixture
def reviewer(platform: Platform) -> Account:
    return platform.create_account("r1", PASSWORD, Role.REVIEWER)


def the_case(platform: Platform, reviewer: Account, item: Item) -> CaseFile:
    (job,) = (job for job in platform.cases.jobs(reviewer, limit=100).rows if job.item_id == item.id)
    return platform.cases.job(reviewer, job.id)


def test_an_address_counts_once_a_household_is_one_and_all_weigh_as_one(
    platform: Platform, reviewer: Account, items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell = platform.cases.report_as_visitor
    for address in ("203.0.113.7", "203.0.113.7", "2001:db8::1", "2001:db8::ffff", "::ffff:203.0.113.7"):
        tell(None, address, items[0].id, Why.UNLABELLED)
    tell(None, "203.0.113.7", items[0].id, Why.WRONGLY_LABELLED)
    file = the_case(platform, reviewer, items[0])
    assert (file.visitors, file.case.reports) == (2, 2)
    assert file.counts == {Why.UNLABELLED: 1, Why.WRONGLY_LABELLED: 1}
    for n in range(25):
        tell(None, f"198.51.100.{n}", items[0].id, Why.UNLABELLED)
    assert the_case(platform, reviewer, items[0]).case.queue == "unlabelled", "twenty people would make it urgent"
    assert {entry.actor for entry in platform.audit_entries(limit=100).rows if entry.event == "case.reported"} == {
        "visitor"
    }


def test_the_day_has_an_end_and_so_has_the_hour(
    platform: Platform, items: list[Item], raw: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for item in items[:5]:
        platform.cases.report_as_visitor(None, "203.0.113.7", item.id, Why.UNLABELLED)
    with pytest.raises(TooManyAttempts) as caught:
        platform.cases.report_as_visitor(None, "203.0.113.7", items[5].id, Why.UNLABELLED)
    assert caught.value.code == "too-many-visitor-reports"
    platform.cases.report_as_visitor(None, "203.0.113.8", items[5].id, Why.UNLABELLED)
    few = replace(rules.limits(), visitors_per_hour=6)
    monkeypatch.setattr(rules, "limits", lambda: few)
    with pytest.raises(TooManyAttempts) as caught:
        platform.cases.report_as_visitor(None, "203.0.113.9", items[5].id, Why.UNLABELLED)
    assert caught.value.code == "too-many-visitors"
    with raw.begin() as connection:  # a day later
        at = to_text(instants.now() - timedelta(hours=25))
        connection.execute(text("update visitor_reports set at = :at"), {"at": at})
    platform.cases.report_as_visitor(None, "203.0.113.9", items[5].id, Why.UNLABELLED)


def test_no_address_is_kept_and_its_key_is_gone_after_two_days(
    platform: Platform, items: list[Item], raw: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.cases.report_as_visitor(None, "203.0.113.7", items[0].id, Why.UNLABELLED)
    with raw.begin() as connection:
        (kept,) = connection.execute(text("select * from visitor_reports")).mappings()
        assert "203.0.113.7" not in str(dict(kept)) and len(kept["visitor"]) == 64
        past = (instants.now().date() - timedelta(days=2)).isoformat()
        connection.execute(text("update visitor_keys set day = :past"), {"past": past})
    platform.tidy()
    with raw.begin() as connection:
        assert connection.execute(text("select count(*) from visitor_keys")).scalar() == 0


def test_bad_faith_strikes_nobody_whom_there_is_not(platform: Platform, reviewer: Account, items: list[Item]) -> None:
    reader = platform.create_account("reader", PASSWORD, Role.READER)
    platform.cases.report_as_visitor(None, "203.0.113.7", items[0].id, Why.UNLABELLED)
    platform.cases.report(reader, items[0].id, Why.UNLABELLED)
    file = the_case(platform, reviewer, items[0])
    platform.cases.claim(reviewer, file.case.id)
    said = Said(Outcome.FALSE_REPORT, "report-unfounded", "没有依据。", bad_faith=True)
    platform.cases.decide(reviewer, file.case.id, said)
    assert len(platform.cases.standing(reader).strikes) == 1


def test_who_is_signed_in_reports_in_their_own_name_and_the_operator_can_close_the_door(
    platform: Platform, author: Account, items: list[Item]
) -> None:
    with pytest.raises(Refused):
        platform.cases.report_as_visitor(author, "203.0.113.7", items[0].id, Why.UNLABELLED)
    with pytest.raises(UsageError):
        platform.cases.report_as_visitor(None, "203.0.113.7", items[0].id, Why.REMOVAL)
    admin = platform.create_account("admin", PASSWORD, Role.ADMIN)
    platform.policy.set(admin, Policy(visitor_reports=False))
    assert not platform.cases.visitors_may_report()
    with pytest.raises(Refused) as caught:
        platform.cases.report_as_visitor(None, "203.0.113.7", items[0].id, Why.UNLABELLED)
    assert caught.value.code == "visitor-reports-closed"
