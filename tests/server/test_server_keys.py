from __future__ import annotations

import pytest
from browser import opened, violations
from live import Site
from playwright.sync_api import Browser, expect

from yinji.platform.model import Role


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_another_system_publishes_with_a_key(site: Site, header: str) -> None:
    with site.client(Role.SERVICE) as client:
        made = client.post("/v1/keys", json={"name": "pipeline", "days": 30})
        assert made.status_code == 201 and made.headers["Cache-Control"] == "no-store"
        key = made.json()
        assert "key" not in client.get("/v1/keys").json()["keys"][0]
        value = f"Bearer {key['key']}" if header == "Authorization" else key["key"]
        with site.client(**{header: value}) as other:
            posted = other.post("/v1/items", data={"declaration": "ai_generated", "text": "由模型写成"})
            assert posted.status_code == 201
            assert posted.json()["author"]["name"] == "the-service"
            assert client.delete(f"/v1/keys/{key['id']}").status_code == 204
            assert other.get("/v1/keys").status_code == 401


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_person_makes_and_ends_a_key_on_the_account_page(site: Site, browser: Browser, language: str) -> None:
    token = site.token(Role.CREATOR)
    with opened(browser, site.base, language=language, token=token, bypass_csp=True) as page:
        page.goto("/account")
        page.fill("#key_name", f"图床 {language}")
        page.click("#keys button:has-text('生成密钥'), #keys button:has-text('Make a key')")
        secret = page.locator("#keys .note .code").inner_text()
        assert violations(page) == []
        with site.client(Authorization=f"Bearer {secret}") as client:
            assert client.get("/account.json").json()["keys"][0]["name"] == f"图床 {language}"
            page.goto("/account")
            expect(page.locator(f"text={secret}")).to_have_count(0)
            page.click(f"#keys li:has-text('图床 {language}') button")
            expect(page.locator(f"#keys li:has-text('图床 {language}')")).to_have_count(0)
            assert client.get("/account.json").status_code == 401
