from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from live import MAX_UPLOAD, PASSWORD, Site, serve

from yinji.platform.model import Role
from yinji.server.access import ROUTES, Open
from yinji.server.options import ServerOptions

PROTECTION = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


@pytest.mark.parametrize("address", ["/", "/verify", "/nothing", "/v1/items", "/v1/nothing", "/healthz", "/sign-in"])
def test_every_answer_is_protected(site: Site, address: str) -> None:
    with site.client(Accept="text/html") as client:
        headers = client.get(address).headers
    assert {name: headers.get(name) for name in PROTECTION} == PROTECTION
    assert "server" not in headers


def test_a_fault_of_ours_says_nothing_of_its_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ZeroDivisionError("secret detail")

    def breaks(app: FastAPI) -> None:
        monkeypatch.setitem(ROUTES, ("GET", "/broken"), Open.ANYBODY)
        app.add_api_route("/broken", broken, methods=["GET"])

    with serve(tmp_path, prepare=breaks) as site, site.client() as client:
        answer = client.get("/broken")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "secret" not in answer.text and "ZeroDivision" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def sign_in(client: httpx.Client, **headers: str) -> httpx.Response:
    form = {"name": "the-creator", "password": PASSWORD, "next": "/publish"}
    return client.post("/sign-in", data=form, headers=headers)


def test_cookie_on_loopback(site: Site) -> None:
    with site.client() as client:
        answer = sign_in(client)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/publish"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("yinji-session=")
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    assert "Secure" not in cookie


def test_cookie_and_hsts_when_served_securely(tmp_path: Path) -> None:
    with serve(tmp_path, ServerOptions(secure=True)) as site, site.client() as client:
        answer = sign_in(client)
        client.headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]
        assert answer.headers["set-cookie"].startswith("__Host-yinji-session=")
        assert "Secure" in answer.headers["set-cookie"]
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert client.get("/account.json").json()["name"] == "the-creator"
        assert client.post("/sign-out").status_code == 303
        assert client.get("/account.json").status_code == 401


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "https://elsewhere.example"}, False),
        ({"Origin": "null"}, False),
        ({}, True),
    ],
)
def test_other_sites_cannot_act_for_a_reader(site: Site, headers: dict[str, str], passes: bool) -> None:
    with site.client() as client:
        answer = sign_in(client, **headers)
    assert (answer.status_code != 403) is passes


def test_own_origin_passes_and_a_token_needs_no_origin(site: Site) -> None:
    with site.client() as client:
        assert sign_in(client, Origin=site.base).status_code == 303
    with site.client(Role.CREATOR, Origin="https://elsewhere.example") as client:
        assert client.post("/v1/items", data={"declaration": "not_ai", "text": "by token"}).status_code == 201


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "\\evil", "", "/a\r\nX: y", "javascript:1"]
)
def test_sign_in_sends_nobody_elsewhere(site: Site, target: str) -> None:
    with site.client() as client:
        form = {"name": "the-creator", "password": PASSWORD, "next": target}
        assert client.post("/sign-in", data=form).headers["location"] == "/"


def published(client: httpx.Client, name: str, data: bytes) -> str:
    answer = client.post("/v1/items", data={"declaration": "not_ai"}, files={"file": (name, data)})
    assert answer.status_code == 201, answer.text
    return f"/items/{answer.json()['id']}/file"


def test_pictures_are_shown_in_place_and_can_run_nothing(site: Site, plain_png: Path) -> None:
    with site.client(Role.CREATOR) as client:
        address = published(client, "街景 1.png", plain_png.read_bytes())
        answer = client.get(address)
        whole = answer.content
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["content-disposition"].startswith('inline; filename="')
        assert "filename*=UTF-8''%E8%A1%97%E6%99%AF%201.png" in answer.headers["content-disposition"]
        assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        part = client.get(address, headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, whole[10:20])
        assert client.get(address, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
        saved = client.get(address, params={"download": 1})
        assert saved.headers["content-disposition"].startswith("attachment")
        assert saved.headers["content-type"] == "application/octet-stream"


def test_markup_is_never_shown_in_place(site: Site) -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    page = b"<!doctype html><script>alert(1)</script>"
    with site.client(Role.CREATOR) as client:
        for name, data in (("x.svg", svg), ("x.html", page), ("x.png", svg)):
            upload = client.post("/v1/items", data={"declaration": "not_ai"}, files={"file": (name, data)})
            if upload.status_code != 201:
                assert upload.status_code == 415
                continue
            answer = client.get(f"/items/{upload.json()['id']}/file")
            assert answer.headers["content-disposition"].startswith("attachment")
            assert answer.headers["content-type"] == "application/octet-stream"


def test_words_of_people_are_escaped(site: Site) -> None:
    sharp = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    with site.client(Role.CREATOR) as client:
        form = {"declaration": "not_ai", "text": sharp, "title": sharp, "note": sharp}
        item = client.post("/v1/items", data=form).json()
        for address in ("/", f"/items/{item['id']}", f"/?q={sharp}"):
            html = client.get(address, headers={"Accept": "text/html"}).text
            assert "<script>alert" not in html
            assert "<img src=x" not in html


def test_static_files_are_immutable_and_addressed_by_content(site: Site) -> None:
    with site.client() as client:
        html = client.get("/").text
        address = html.partition('rel="stylesheet" href="')[2].partition('"')[0]
        answer = client.get(address)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-encoding"] == "gzip"
        assert client.get(address.replace(address.split("/")[2], "0" * 16)).status_code == 404
        assert "style=" not in html and "<style" not in html
        assert "<script>" not in html


def test_upload_limit_is_what_the_site_says(site: Site) -> None:
    with site.client() as client:
        assert client.get("/.well-known/yinji.json").json()["max_upload_bytes"] == MAX_UPLOAD
