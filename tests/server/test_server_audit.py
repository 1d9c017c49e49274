"""The audit page in a browser: the list, the check with its progress, one entry with the picture of its proof."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browser import opened
from live import Site, serve
from playwright.sync_api import Browser, expect
from sqlalchemy import create_engine, text

from audit_logs import unguard
from yinji.platform.audit.notes import Checkpoint, Verifier
from yinji.platform.model import Role
from yinji.server.pages import audit


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_an_auditor_checks_the_whole_log(site: Site, browser: Browser, script: bool) -> None:
    with opened(browser, site.base, token=site.token(Role.AUDITOR), script=script) as page:
        page.goto("/audit")
        page.click("text=从头核对全部记录")
        expect(page.locator("#found .note-ok")).to_contain_text("没有被改动")
        expect(page.locator("[data-progress]")).to_be_hidden()


def test_the_list_pages_narrows_and_leads_to_an_entry(
    tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_PAGE", 4)  # on a site of its own: its log is the six accounts and one sign-in
    with (
        serve(tmp_path, agreed=False) as site,
        opened(browser, site.base, language="en", token=site.token(Role.AUDITOR)) as page,
    ):

        def turned(to: str) -> list[str]:
            with page.expect_navigation():
                page.click(f".pager a[rel={to}]")
            return page.locator(".entries .num").all_inner_texts()

        page.goto("/audit")
        assert turned("next") == ["No. 2", "No. 1", "No. 0"]
        assert page.locator(".pager a").count() == 2
        assert turned("prev") == ["No. 6", "No. 5", "No. 4", "No. 3"]
        assert turned("last") == ["No. 3", "No. 2", "No. 1", "No. 0"]
        assert turned("first")[0] == "No. 6"
        monkeypatch.setattr(audit, "_PAGE", 50)
        page.select_option("#event", "account")
        with page.expect_navigation():
            page.click("text=Filter")
        assert set(page.locator(".entries h2").all_inner_texts()) == {"Account opened"}
        page.locator(".entries h2 a").last.click()
        expect(page.locator("h1")).to_have_text("Entry 0")
        steps = page.locator(".ladder .beside").count()
        expect(page.locator(".ladder")).to_have_attribute("aria-label", re.compile(f"{steps} steps"))
        expect(page.locator(".ladder .end")).to_have_count(2)
        page.goto("/audit?subject=nothing")
        expect(page.locator(".empty")).to_be_visible()


def test_entries_that_are_not_there_are_no_page(site: Site) -> None:
    with site.client(Role.AUDITOR) as auditor:
        for number in ("99999999", "-1", "x", "9" * 30, "٣"):
            assert auditor.get(f"/audit/entries/{number}").status_code == 404
        twin = auditor.get("/audit/entries/0.json").json()
        assert twin["entry"]["leaf_hash"] == twin["proof"]["leaf_hash"]
        listed = auditor.get("/audit.json").json()
        assert Checkpoint.opened(listed["checkpoint"], Verifier.parse(listed["vkey"])).size > 0


def test_a_log_that_was_changed_is_said_on_the_page(tmp_path: Path, browser: Browser) -> None:
    with serve(tmp_path) as site:
        token = site.token(Role.AUDITOR)
        site.platform.audit.checkpoints.remember()
        engine = create_engine(site.platform.settings.sqlalchemy_url)
        unguard(engine, "audit_entries")
        with engine.begin() as connection:
            connection.execute(text("UPDATE audit_entries SET body = replace(body, 'v', 'w') WHERE position = 2"))
        engine.dispose()
        with opened(browser, site.base, token=token) as page:
            page.goto("/audit")
            page.click("text=从头核对全部记录")
            expect(page.locator("#found .note-bad")).to_contain_text("第 2 条被改动过")
        with site.client() as client:
            plain = client.post("/audit", headers={"Authorization": f"Bearer {token}", "Accept": "text/html"})
            assert plain.status_code == 500
            assert "第 2 条被改动过" in plain.text
