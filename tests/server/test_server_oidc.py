"""Signing in with an account of another house: a real provider in a process of its own, a real browser, bad tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from browser import launch, opened, violations
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from live import PASSWORD, Site, serve
from playwright.sync_api import expect, sync_playwright

from yinji.errors import UsageError
from yinji.platform.errors import NotSignedIn
from yinji.platform.model import Role
from yinji.platform.oidc import provider as provider_module
from yinji.platform.oidc.settings import OidcSettings
from yinji.platform.oidc.tokens import Person
from yinji.texts import Text

CLIENT, SECRET, AUDIENCE = "yinji-site", "geheim & 秘密", "yinji-api"
ROLES = (("editors", Role.CREATOR), ("desk", Role.REVIEWER), ("pipeline", Role.SERVICE))


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    command = [sys.executable, str(Path(__file__).with_name("oidc_provider.py"))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture(scope="module")
def site(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    oidc = OidcSettings(
        provider, CLIENT, SECRET, AUDIENCE, "realm.groups", ROLES, name=Text("公司账号", "company account")
    )
    with serve(tmp_path_factory.mktemp("oidc"), oidc=oidc) as site:
        yield site


def ask(site: Site, client: httpx.Client, who: str, *, target: str = "/publish") -> str:
    """Goes to the provider as somebody, and returns the address that it sends the browser back to."""
    begun = client.get("/sign-in/oidc", params={"next": target})
    assert begun.status_code == 303
    answer = httpx.post(begun.headers["Location"], data={"who": who})
    assert answer.status_code == 302, answer.text
    return str(answer.headers["Location"])


def claims(provider: str, **others: Any) -> dict[str, Any]:
    now = int(time.time())
    fixed = {"iss": provider, "sub": "robot-1", "aud": AUDIENCE, "iat": now, "exp": now + 300}
    return fixed | {"realm": {"groups": ["pipeline"]}} | others


def signed(provider: str, said: dict[str, Any]) -> str:
    return httpx.post(f"{provider}/test/token", json=said).text


def test_signing_in_opens_an_account_linked_to_the_provider(site: Site) -> None:
    numbers = []
    for _ in range(2):
        with site.client() as client:
            back = client.get(ask(site, client, "qinghe"))
            assert (back.status_code, back.headers["Location"]) == (303, "/publish")
            account = client.get("/account.json").json()
            numbers.append(account["id"])
            assert (account["name"], account["display_name"], account["role"]) == ("qinghe", "青禾", "creator")
    assert len(set(numbers)) == 1, "the second time it is the same account"
    entries = [e for e in site.platform.audit_export() if numbers[0] in e.body]
    assert [e.event for e in entries] == ["account.created", "session.opened", "session.opened"]
    assert all('"issuer":"http://127.0.0.1:' in e.body for e in entries)


def test_an_answer_counts_once_and_in_the_browser_that_asked(site: Site, provider: str) -> None:
    with site.client() as client, site.client() as other:
        address = ask(site, client, "qinghe")
        kept = client.cookies["yinji-oidc"]
        assert other.get(address).status_code == 401, "another browser"
        assert "yinji-session" not in other.cookies
        assert client.get(address.replace("state=", "state=x")).status_code == 401, "another state"
        client.cookies.set("yinji-oidc", kept, domain="127.0.0.1")
        assert client.get(address).status_code == 303
        client.cookies.set("yinji-oidc", kept, domain="127.0.0.1")
        assert client.get(address).status_code == 401, "the same again"
    secret = kept.strip('"').partition(".")[0]
    assert site.platform.oidc is not None  # a second code to the same question: our own record says it was answered
    with pytest.raises(NotSignedIn):
        site.platform.oidc._people.enter(Person(provider, "id-qinghe", {}), Role.CREATOR, secret)


def test_whom_no_role_is_given_is_not_let_in(site: Site) -> None:
    with site.client() as client:
        back = client.get(ask(site, client, "stranger"), headers={"Accept": "text/html", "Accept-Language": "en"})
        assert back.status_code == 403 and "you have no role on this site" in back.text
        assert client.get("/account.json").status_code == 401
    assert site.platform.account_named("stranger") is None


def test_a_role_follows_the_provider(site: Site, provider: str) -> None:
    with site.client() as client:
        client.get(ask(site, client, "shenhe"))
        assert client.get("/account.json").json()["role"] == "reviewer"
        httpx.post(f"{provider}/test/groups/shenhe", json=["editors"])
        client.get(ask(site, client, "shenhe"))
        assert client.get("/account.json").json()["role"] == "creator"
    changed = [json.loads(e.body)["detail"] for e in site.platform.audit_export() if e.event == "account.role_changed"]
    assert changed == [{"before": "reviewer", "role": "creator"}]


def test_the_name_of_an_account_that_is_there_links_nothing(site: Site, provider: str) -> None:
    token = signed(provider, claims(provider, sub="evil", preferred_username="the-admin"))
    with site.client(Authorization=f"Bearer {token}") as client:
        account = client.get("/account.json").json()
        assert account["id"] != site.accounts[Role.ADMIN].id and account["role"] == "service"
        assert account["name"].startswith("the-admin-")


def test_a_program_uses_the_api_with_an_access_token(site: Site, provider: str) -> None:
    token = signed(provider, claims(provider))
    with site.client(Authorization=f"Bearer {token}") as client:
        posted = client.post("/v1/items", data={"declaration": "ai_generated", "text": "由模型写成"})
        assert posted.status_code == 201
        assert client.get("/v1/queues").status_code == 403
    desk = signed(provider, claims(provider, realm={"groups": ["desk"]}))
    with site.client(Authorization=f"Bearer {desk}") as client:
        assert client.get("/v1/queues").status_code == 200, "the role is that of the token"


def bad(provider: str, kind: str) -> str:
    now = int(time.time())
    key = rsa.generate_private_key(65537, 2048)
    good = claims(provider)
    published = jwt.PyJWK(httpx.get(f"{provider}/jwks").json()["keys"][0])
    pem = published.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    made = {
        "alg": lambda: jwt.encode(good, None, algorithm="none"),
        "signature": lambda: jwt.encode(good, key, algorithm="RS256", headers={"kid": published.key_id}),
        "key": lambda: jwt.encode(good, key, algorithm="RS256", headers={"kid": "unknown"}),
        "exp": lambda: signed(provider, claims(provider, iat=now - 900, exp=now - 300)),
        "nbf": lambda: signed(provider, claims(provider, nbf=now + 600)),
        "iss": lambda: signed(provider, claims(provider, iss="https://elsewhere.example")),
        "audience": lambda: signed(provider, claims(provider, aud=CLIENT)),
        "missing": lambda: signed(provider, {k: v for k, v in good.items() if k != "exp"}),
        "length": lambda: signed(provider, claims(provider, more="x" * 20_000)),
        "form": lambda: "a.b.c",
    }
    if kind == "confusion":  # the public key as the secret of HMAC

        def part(value: Any) -> str:
            raw = value if isinstance(value, bytes) else json.dumps(value).encode()
            return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

        head = part({"alg": "HS256", "kid": published.key_id}) + "." + part(good)
        return head + "." + part(hmac.new(pem, head.encode(), hashlib.sha256).digest())
    return made[kind]()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(k, k) for k in ("alg", "signature", "key", "exp", "nbf", "iss", "audience", "missing", "length", "form")]
    + [("confusion", "alg")],
)
def test_a_token_that_is_not_good_is_refused_and_told_why(site: Site, provider: str, kind: str, reason: str) -> None:
    with site.client(Authorization=f"Bearer {bad(provider, kind)}") as client:
        answer = client.get("/v1/items")
    assert answer.status_code == 401 and answer.json()["code"] == "oidc-token"
    assert f" {reason}." in answer.json()["en"]["detail"]
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_provider_that_does_not_answer(tmp_path: Path) -> None:
    oidc = OidcSettings("http://127.0.0.1:9", CLIENT, "", AUDIENCE, roles=(("*", Role.READER),))
    with serve(tmp_path, oidc=oidc) as site, site.client(Accept="text/html") as client:
        answer = client.get("/sign-in/oidc")
        assert answer.status_code == 503 and 'name="password"' in answer.text, "the other way still stands"
        assert client.get("/v1/items", headers={"Authorization": "Bearer a.b.c"}).status_code == 401


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_person_signs_in_and_erases_the_account(site: Site, provider: str, language: str) -> None:
    button = {"zh-CN": "用公司账号登录", "en": "Sign in with company account"}[language]
    with sync_playwright() as playwright:
        browser = launch(playwright)
        with opened(browser, site.base, language=language, bypass_csp=True) as page:
            page.goto("/sign-in?next=/reports")
            assert violations(page) == []
            page.get_by_role("link", name=button).click()
            page.wait_for_url(f"{provider}/authorize*")
            page.fill("input[name=who]", "qinghe")
            page.get_by_role("button").click()
            page.wait_for_url("**/reports")
            page.goto("/account/erase")
            page.fill("input[name=password]", "qinghe")
            with page.expect_navigation():
                page.locator("form[action='/account/erase'] button").click()
            expect(page).to_have_url(f"{site.base}/")
        browser.close()
    assert site.platform.account_named("qinghe") is None


def connect(site: Site, client: httpx.Client, who: str, password: str = PASSWORD) -> httpx.Response:
    """Connects somebody of the provider to the account that is signed in, as a browser would."""
    asked = client.post("/account/connection", data={"password": password}, headers={"Accept": "text/html"})
    if asked.status_code != 200:
        return asked
    onward = re.search(r'href="(http://[^"]*prompt=login)"', asked.text)
    assert onward is not None, asked.text
    answer = httpx.post(html.unescape(onward[1]), data={"who": who})
    return client.get(str(answer.headers["Location"]), headers={"Accept": "text/html"})


def test_an_account_with_a_password_is_connected_by_whoever_knows_it_and_keeps_its_role(site: Site) -> None:
    with site.client() as client, site.client() as other:
        client.post("/sign-in", data={"name": "the-auditor", "password": PASSWORD})
        assert connect(site, client, "jia", "falsch").status_code == 401
        assert connect(site, client, "jia").headers["Location"] == "/account?done=connected#connect"
        other.get(ask(site, other, "jia"))
        account = other.get("/account.json").json()
        assert (account["name"], account["role"]) == ("the-auditor", "auditor"), "not the provider's creator"
    assert site.platform.account_named("jia") is None, "no second account was made"
    (entry,) = [e for e in site.platform.audit_export() if e.event == "account.connected"]
    assert entry.actor == entry.subject == site.accounts[Role.AUDITOR].id


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_person_connects_an_identity_enters_with_it_and_parts_again(site: Site, provider: str, language: str) -> None:
    name = f"reviewer-{language.lower()}"
    site.platform.create_account(name, PASSWORD, Role.REVIEWER, "丙本人")
    there, role = {"zh-CN": ("公司账号", "审核员"), "en": ("company account", "Reviewer")}[language]
    with sync_playwright() as playwright:
        browser = launch(playwright)
        with opened(browser, site.base, language=language, width=390, bypass_csp=True, refused=True) as page:
            page.goto("/sign-in?next=/account")
            page.fill("#name", name)
            page.fill("#password", PASSWORD)
            with page.expect_navigation():
                page.locator("form[action='/sign-in'] button").click()
            page.fill("#connect-password", "not mine")
            page.locator("form[action='/account/connection'] button").click()
            expect(page.locator("#connect .note-bad")).to_be_visible()
            page.fill("#connect-password", PASSWORD)
            page.locator("form[action='/account/connection'] button").click()
            page.locator("#connect a.btn-ink").click()
            page.wait_for_url(f"{provider}/authorize*")
            page.fill("input[name=who]", "bing")
            page.get_by_role("button").click()
            page.wait_for_url("**/account?done=connected*")
            expect(page.locator("#connect .note-ok")).to_contain_text(there)
            assert violations(page) == []
            page.locator("form[action='/sign-out'] button").click()
            page.wait_for_url("**/sign-out/done")
            page.goto("/sign-in?next=/account")
            page.get_by_role("link", name=there).click()
            page.fill("input[name=who]", "bing")
            page.get_by_role("button").click()
            page.wait_for_url("**/account")
            expect(page.locator("dl.facts").first).to_contain_text(name)
            expect(page.locator("dl.facts").first).to_contain_text(role)
            page.locator("form[action='/account/connection/end'] button").click()
            expect(page.locator("#connect .note-ok")).to_be_visible()
            expect(page.locator("#connect-password")).to_be_visible()
        browser.close()
    assert site.platform.account_named("bing") is None, "no second account was made"


def test_who_is_connected_already_is_not_connected_to_another_account(site: Site) -> None:
    with site.client() as client:
        client.get(ask(site, client, "yi"))
        client.cookies.clear()
        client.post("/sign-in", data={"name": "the-reader", "password": PASSWORD})
        answer = connect(site, client, "yi")
        assert answer.status_code == 409 and "oidc-connected-elsewhere" not in answer.text
        assert "另一个账号" in answer.text
        assert client.post("/account/connection/end").status_code == 303, "nothing to end"


def test_an_answer_connects_only_the_account_that_asked(site: Site) -> None:
    with site.client() as client:
        client.post("/sign-in", data={"name": "the-reader", "password": PASSWORD})
        asked = client.post("/account/connection", data={"password": PASSWORD}, headers={"Accept": "text/html"})
        onward = re.search(r'href="(http://[^"]*prompt=login)"', asked.text)
        assert onward is not None
        back = httpx.post(html.unescape(onward[1]), data={"who": "shenhe"}).headers["Location"]
        kept = client.cookies["yinji-oidc-connect"]
        client.post("/sign-in", data={"name": "the-creator", "password": PASSWORD})
        assert client.get(back).status_code == 401
        client.cookies.delete("yinji-session")
        client.cookies.set("yinji-oidc-connect", kept, domain="127.0.0.1")
        assert client.get(back).status_code == 401, "signed out meanwhile"


def test_what_only_the_provider_opens_stays_connected(site: Site) -> None:
    with site.client() as client:
        client.get(ask(site, client, "qinghe"))
        assert "account/connection" not in client.get("/account", headers={"Accept": "text/html"}).text
        assert client.post("/account/connection/end").json()["code"] == "oidc-only-way-in"


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_signing_out_here_offers_to_sign_out_there(site: Site, provider: str, language: str) -> None:
    button = {"zh-CN": "同时退出公司账号", "en": "Sign out of company account as well"}[language]
    done = {"zh-CN": "您已退出本站。", "en": "You are signed out of this site."}[language]
    before = len(httpx.get(f"{provider}/test/ended").json())
    with sync_playwright() as playwright:
        browser = launch(playwright)
        with opened(browser, site.base, language=language, bypass_csp=True) as page:
            page.goto("/sign-in/oidc?next=/account")
            page.fill("input[name=who]", "shenhe")
            page.get_by_role("button").click()
            page.wait_for_url("**/account")
            page.locator("form[action='/sign-out'] button").click()
            page.wait_for_url("**/sign-out/done")
            assert violations(page) == []
            page.get_by_role("link", name=button).click()
            expect(page.get_by_text(done)).to_be_visible()
        browser.close()
    assert httpx.get(f"{provider}/test/ended").json()[before:] == ["id-shenhe"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("YINJI_OIDC_ISSUER", "http://login.example.cn"),
        ("YINJI_OIDC_CLIENT_ID", ""),
        ("YINJI_OIDC_AUDIENCE", "yinji"),
        ("YINJI_OIDC_ROLES", ""),
        ("YINJI_OIDC_ROLES", "desk=emperor"),
        ("YINJI_OIDC_SCOPES", "profile"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_by_name(name: str, value: str) -> None:
    good = {
        "YINJI_OIDC_ISSUER": "https://login.example.cn",
        "YINJI_OIDC_CLIENT_ID": "yinji",
        "YINJI_OIDC_ROLES": "editors=creator; cn=x,dc=y=reader",
    }
    with pytest.raises(UsageError) as caught:
        OidcSettings.from_environment(good | {name: value})
    assert caught.value.details["name"] == name


def test_settings_are_read_and_the_first_role_that_fits_counts() -> None:
    assert OidcSettings.from_environment({}) is None
    made = OidcSettings.from_environment(
        {
            "YINJI_OIDC_ISSUER": "https://login.example.cn",
            "YINJI_OIDC_CLIENT_ID": "yinji",
            "YINJI_OIDC_CLIENT_SECRET": "hidden",
            "YINJI_OIDC_ROLES": "desk=reviewer; editors=creator; *=reader",
        }
    )
    assert made is not None and "hidden" not in repr(made)
    assert made.role_of(frozenset({"editors", "desk"})) is Role.REVIEWER
    assert made.role_of(frozenset()) is Role.READER


def test_a_new_key_is_found_and_unknown_ones_ask_in_measure(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    asked: list[str] = []
    real = provider_module.fetch

    def counted(url: str) -> dict[str, Any]:
        asked.append(url)
        return real(url)

    monkeypatch.setattr(provider_module, "fetch", counted)
    known = provider_module.Provider(provider, clock=lambda: now)
    (first,) = known.keys("")
    httpx.post(f"{provider}/test/rotate")
    assert known.keys("k-nonsense") == () and len(asked) == 2, "just asked"
    now = 31.0
    new = httpx.get(f"{provider}/jwks").json()["keys"][0]["kid"]
    assert known.keys(new)[0]["kid"] == new != first["kid"]
    assert known.keys(first["kid"]) == () and len(asked) == 4
