"""The demo feed: one item of each tier, each for the reason it claims, and made only once."""

from __future__ import annotations

import os
from datetime import timedelta

import yinji
from yinji.platform import instants
from yinji.platform.demo import PRODUCER, seed
from yinji.platform.model import Role
from yinji.platform.service import Platform
from yinji.platform.statistics.model import Span
from yinji.regimes.base import Tier


def test_the_demo_feed(platform: Platform) -> None:
    accounts = seed(platform)
    rows = platform.feed().rows
    still = [
        item
        for item in rows
        if item.filename.endswith(("png", "jpg")) or item.declaration.note == "由模型整理，人工校对"
    ]
    items = {item.verdict["tier"]: item for item in reversed(still)}
    assert set(items) == {"confirmed", "possible", "suspected", "none"}
    kinds = {item.filename.rpartition(".")[2] for item in rows}
    assert kinds == {"", "png", "jpg", "wav", "mp4", "glb"}, "content of every kind"
    assert len(rows) == 20 and len(platform.feed(limit=100).rows) == 23

    confirmed = items["confirmed"]
    assert "metadata_label" in confirmed.verdict["basis"]
    with platform.served_file(confirmed.id).path.open("rb") as file:
        (found,) = yinji.read(file).found
    assert found.label is not None
    assert (found.label.producer, found.label.produce_id) == (PRODUCER, "demo-20261122-7f3a9c")
    assert (found.label.propagator, found.label.propagate_id) == (platform.settings.propagator, confirmed.id)

    suspected = items["suspected"]
    assert suspected.verdict["basis"] == ["trace"]
    assert "parameters" in str(suspected.report["evidence"])
    assert items["possible"].verdict["basis"] == ["declaration"]
    assert items["none"].propagation["state"] == "not_needed"
    assert all(item.propagation["state"] == "written" for tier, item in items.items() if tier != "none")

    for account in accounts:
        signed_in = platform.account_of(platform.sign_in(account.name, account.password))
        assert signed_in is not None
        assert signed_in.role is account.role
    assert {Role.ADMIN, Role.AUDITOR, Role.CREATOR} <= {account.role for account in accounts}

    judge = platform.account_named("demo-reviewer-2")
    assert judge is not None
    waiting = platform.cases.jobs(judge).rows
    assert {str(case.state) for case in waiting} == {"open", "appealed"}
    assert len(waiting) == 3, "a report, a suspicion and an appeal wait"

    today = instants.now().date() + timedelta(days=1)
    figures = platform.statistics.figures(Span(today - timedelta(days=30), today))
    assert sum(any(day.tiers[tier] for tier in Tier) for day in figures.days) > 15, "a month, not a day"
    assert min(figures.tiers.values()) >= 2 and figures.cases.overturned == 1 and figures.corrections == 1

    entries = list(platform.audit_export())
    assert entries[0].event == "demo.played", "the log says that its clock is a played one"
    assert [e.at for e in entries] == sorted(e.at for e in entries), "order and times agree"
    assert entries[0].at < entries[-1].at - timedelta(days=29) and entries[-1].at < instants.now()

    log = platform.audit_verify()[0]
    assert seed(platform) == accounts
    assert platform.audit_verify()[0] == log
    place = platform.settings.data_dir / "demo-accounts.json"
    assert os.stat(place).st_mode & 0o777 == 0o600
