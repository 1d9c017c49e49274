"""Agreements, copies without the explicit label, withdrawing and erasing: over HTTP and in a browser."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from browser import opened
from live import PASSWORD, Site, serve
from playwright.sync_api import Browser, expect

import yinji
from yinji.labels.declaration import Declaration, Declared
from yinji.platform import instants
from yinji.platform.model import Item, Role

VERSION = "2025-09-01"


@pytest.fixture
def item(site: Site, labelled_png: Path) -> Item:
    author = site.accounts[Role.CREATOR]
    with site.platform.upload(author) as upload:
        upload.write(labelled_png.read_bytes())
        draft = upload.finish(labelled_png.name)
    declared = Declaration(Declared.AI_GENERATED)
    return site.platform.publish(author, title="青绿山水", text="", declaration=declared, draft_id=draft.id)


def test_a_copy_without_the_explicit_label_over_http(site: Site, item: Item, tmp_path: Path) -> None:
    with site.client(Role.CREATOR) as author, site.client(Role.ADMIN) as other:
        address = f"/v1/items/{item.id}/unmarked"
        assert author.post(address, json={"accept": ""}).json()["code"] == "agreement-missing"
        made = author.post(address, json={"accept": VERSION})
        assert made.status_code == 201
        file = author.get(made.json()["href"])
        assert file.headers["content-disposition"].startswith("attachment")
        (tmp_path / "copy.png").write_bytes(file.content)
        (found,) = yinji.read(tmp_path / "copy.png").found
        assert dict(found.label.items()) == made.json()["label"]
        assert other.get(made.json()["href"]).status_code == 403
        withdrawn = author.delete(f"/v1/items/{item.id}")
        assert withdrawn.json()["withdrawn"] is True
        gone = author.get(f"/v1/items/{item.id}")
        assert (gone.status_code, gone.json()["code"]) == (404, "item-withdrawn")


def test_an_account_is_erased_at_request(site: Site) -> None:
    person = site.platform.create_account("to-be-erased", PASSWORD, Role.CREATOR, "某人")
    with site.client(Role.CREATOR) as creator, site.client(Role.ADMIN) as admin:
        assert creator.delete(f"/v1/accounts/{person.id}").status_code == 403
        assert admin.delete(f"/v1/accounts/{person.id}").status_code == 204
    assert site.platform.account_named("to-be-erased") is None


def test_agreements_are_read_by_anybody_and_accepted_by_oneself(site: Site) -> None:
    with site.client() as visitor, site.client(Role.READER) as reader:
        terms = visitor.get("/v1/agreements/terms").json()
        assert terms["version"] == VERSION
        assert visitor.get("/v1/agreements/nothing").status_code == 404
        assert visitor.post("/v1/agreements/terms", json={"accept": VERSION}).status_code == 401
        assert reader.post("/v1/agreements/terms", json={"accept": "2020-01-01"}).status_code == 409
        assert reader.post("/v1/agreements/terms", json={"accept": VERSION}).status_code == 200


def test_who_joined_under_an_older_version_is_asked_again(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "own" / "terms"
    folder.mkdir(parents=True)
    words = 'section = []\ntitle = {{ zh = "协议{0}", en = "Terms {0}" }}\n'
    (folder / "2026-01-01.toml").write_text(words.format(1))
    soon = (instants.now() + timedelta(days=2)).date().isoformat()
    (folder / f"{soon}.toml").write_text(words.format(2))
    with serve(tmp_path / "site", agreed=False) as site:
        object.__setattr__(site.platform.settings, "agreements", str(folder.parent))
        account = site.accounts[Role.CREATOR]
        site.platform.agreements.accept(account, "terms", "2026-01-01")
        real = instants.now
        monkeypatch.setattr(instants, "now", lambda: real() + timedelta(days=3))
        token = site.token(Role.CREATOR)
        client = httpx.Client(base_url=site.base, headers={"Authorization": f"Bearer {token}"})
        refused = client.post("/v1/items", data={"declaration": "not_ai", "text": "x"})
        assert (refused.status_code, refused.json()["code"]) == (403, "agreement-required")
        with opened(browser, site.base, token=token) as page:
            page.goto("/publish")
            expect(page.locator("h1")).to_have_text("协议2")
            page.click("text=我已阅读并同意")
            page.wait_for_url("**/publish")
        assert client.post("/v1/items", data={"declaration": "not_ai", "text": "x"}).status_code == 201
        client.close()


def test_a_person_gets_a_copy_withdraws_and_leaves(site: Site, browser: Browser, labelled_png: Path) -> None:
    person = site.platform.create_account("leaver", PASSWORD, Role.CREATOR, "要离开的人")
    with site.platform.upload(person) as upload:
        upload.write(labelled_png.read_bytes())
        draft = upload.finish(labelled_png.name)
    declared = Declaration(Declared.AI_GENERATED)
    item = site.platform.publish(person, title="远山", text="", declaration=declared, draft_id=draft.id)
    with opened(browser, site.base, token=site.platform.sign_in("leaver", PASSWORD)) as page:
        page.goto(f"/items/{item.id}")
        page.click("text=取得不含显式标识的副本")
        page.check("input[name=accept]")
        page.click("text=同意并取得副本")
        with page.expect_download() as download:
            page.click("main a[download]")
        (found,) = yinji.read(download.value.path()).found
        assert found.label.propagate_id == item.id
        page.click("text=返回内容")
        page.click("text=撤下这条内容")
        page.check("input[name=confirm]")
        page.click("form button.btn-ink")
        page.wait_for_url(site.base + "/")
        expect(page.locator("text=远山")).to_have_count(0)
        page.goto("/account")
        page.click("text=注销账号")
        page.fill("#password", PASSWORD)
        page.click("form button.btn-ink")
        page.wait_for_url(site.base + "/")
        page.goto("/account")
        assert "/sign-in" in page.url
