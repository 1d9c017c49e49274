from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import launch, opened, violations
from live import Site
from playwright.sync_api import Browser, expect, sync_playwright

from yinji.platform.model import Role


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


def test_an_operator_decides_what_is_added_and_every_version_is_kept(site: Site, browser: Browser) -> None:
    with opened(browser, site.base, token=site.token(Role.ADMIN)) as page, site.client(Role.ADMIN) as client:
        before = client.get("/v1/policy").json()["policy"]["number"]
        page.goto("/admin")
        page.check("[name=suspected-explicit]")
        page.click("#policy button")
        page.wait_for_url("**/admin#policy")
        expect(page.locator("[name=suspected-explicit]")).to_be_checked()
        told = client.get("/v1/policy").json()
        assert told["policy"]["number"] == before + 1
        assert told["policy"]["additions"]["suspected"] == {"notice": True, "propagation": True, "explicit": True}
        assert told["history"][0] == told["policy"]
        late = client.put("/v1/policy", json={"additions": {}, "replacing": before})
        assert late.status_code == 409
        below = client.put("/v1/policy", json={"additions": {"confirmed": {"notice": False}}})
        assert below.status_code == 400 and below.json()["code"] == "policy-below-law"
        assert client.put("/v1/policy", json={"replacing": before + 1}).status_code == 200


@pytest.mark.parametrize(("language", "width", "dark"), [("zh-CN", 1280, False), ("en", 390, True)])
def test_the_page_is_accessible_and_fits(site: Site, browser: Browser, language: str, width: int, dark: bool) -> None:
    token = site.token(Role.ADMIN)
    with opened(browser, site.base, language=language, width=width, dark=dark, token=token, bypass_csp=True) as page:
        page.goto("/admin")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_an_auditor_looks_and_changes_nothing(site: Site, browser: Browser) -> None:
    with opened(browser, site.base, token=site.token(Role.AUDITOR)) as page:
        page.goto("/admin")
        expect(page.locator("h1")).to_be_visible()
        assert page.locator("main form button").count() == 0
    with site.client(Role.AUDITOR) as client:
        assert client.get("/v1/policy").status_code == client.get("/v1/work").status_code == 200
        assert client.put("/v1/policy", json={}).status_code == 403


def test_a_pass_over_the_catalogue_is_started_and_listed(site: Site) -> None:
    with site.client(Role.ADMIN) as client:
        made = client.post("/v1/relabellings")
        assert made.status_code == 201
        number = made.json()["id"]
        assert number in {one["id"] for one in client.get("/v1/relabellings").json()["relabellings"]}
        assert client.post(f"/v1/relabellings/{number}/nonsense").status_code == 404
        assert "catalogue" in client.get("/admin").text


def test_accounts_are_opened_and_listed(site: Site, browser: Browser) -> None:
    with opened(browser, site.base, token=site.token(Role.ADMIN)) as page:
        page.goto("/admin")
        page.click("#accounts summary")
        page.fill("#accounts [name=name]", "new-reviewer")
        page.fill("#accounts [name=password]", "正确 horse battery")
        page.select_option("#accounts [name=role]", "reviewer")
        page.click("#accounts form button")
        page.wait_for_url("**/admin#accounts")
        expect(page.locator("#accounts li", has_text="new-reviewer")).to_be_visible()
    with site.client(Role.ADMIN) as client:
        again = client.post("/v1/accounts", json={"name": "new-reviewer", "password": "正确 horse", "role": "reader"})
        assert again.status_code == 409
        first = client.get("/v1/accounts", params={"limit": 1}).json()
        assert first["next_cursor"] and len(first["accounts"]) == 1


def test_what_cannot_be_done_is_said_beside_its_form(site: Site) -> None:
    with site.client(Role.ADMIN) as client:
        for address, form in (
            ("/admin/webhooks", {"url": "ftp://example.org/", "events": "item.*"}),
            ("/admin/accounts", {"name": "x y z", "password": "short", "role": "reader"}),
            ("/admin/policy", {"replacing": "no number"}),
        ):
            answer = client.post(address, data=form)
            assert 400 <= answer.status_code < 500
            assert "note-bad" in answer.text
        assert client.post("/admin/work/0/retry").status_code == 404


def test_an_operator_looks_up_the_rules_and_has_messages_sent_again(site: Site, browser: Browser) -> None:
    with opened(browser, site.base, language="en", token=site.token(Role.ADMIN)) as page:
        page.goto("/admin")
        for words in ("该内容属于人工智能生成合成内容", "accepted by", "184 days", "for good", "from 5 strikes"):
            expect(page.locator("main")).to_contain_text(words)
        page.fill("#url", "https://receiver.example/hook")
        page.click("#webhooks form:has(#url) button")
        expect(page.locator("#webhooks .note-ok")).to_contain_text("whsec_")
        page.fill("#replay-1", "3")
        page.click("#webhooks form[action$=replay] button")
        page.wait_for_url("**/admin#webhooks")
        page.click("#webhooks button[value=removed]")
        expect(page.locator("#webhooks li")).to_have_count(0)
    sent = [entry for entry in site.platform.audit_export() if entry.event == "webhook.replayed"]
    assert len(sent) == 1 and '"index":3' in sent[0].body
