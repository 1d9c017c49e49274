"""Every page of every role, in both languages, at two widths, in both schemes: without a fault that axe can find."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from browser import opened, violations
from fastapi import FastAPI
from live import MAX_UPLOAD, Site, serve
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Browser, Page, expect

import samples
from yinji.errors import StorageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.cases.model import Why
from yinji.platform.errors import TooManyAttempts
from yinji.platform.model import Item, Role
from yinji.server.access import ROUTES, Open

LANGUAGES = ("zh-CN", "en")
PHONE, DESK, SMALLEST = 390, 1280, 320
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
BROKEN = {"/broken": ZeroDivisionError("secret detail"), "/full": StorageError("disk-full")}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of its own, with something on every page, and two addresses at which it fails."""

    def fails(app: FastAPI) -> None:
        for address in BROKEN:

            def endpoint(error: Exception = BROKEN[address]) -> None:
                raise error

            app.add_api_route(address, lambda raised=endpoint: raised(), methods=["GET"])

    with pytest.MonkeyPatch.context() as patched:
        for address in BROKEN:
            patched.setitem(ROUTES, ("GET", address), Open.ANYBODY)
        with serve(tmp_path_factory.mktemp("pages"), prepare=fails) as site:
            yield site


def posted(site: Site, data: bytes, name: str, declared: Declared, title: str) -> Item:
    author = site.accounts[Role.CREATOR]
    with site.platform.upload(author) as upload:
        upload.write(data)
        draft = upload.finish(name)
    return site.platform.publish(author, title=title, text="说明", declaration=Declaration(declared), draft_id=draft.id)


@pytest.fixture(scope="module")
def pages(place: Site, labelled_png: Path) -> dict[Role | None, list[str]]:
    """The addresses of every page, by who looks at it."""
    door, author, reviewer = place.platform, place.accounts[Role.CREATOR], place.accounts[Role.REVIEWER]
    traces, file = PngInfo(), BytesIO()
    traces.add_text("parameters", "cat\nSteps: 28, Sampler: Euler, CFG scale: 6.5, Seed: 7, Model: v1-5")
    samples.picture(size=(420, 316)).save(file, "PNG", pnginfo=traces)
    traced = posted(place, file.getvalue(), "橘猫.png", Declared.UNDECLARED, "掌柜")
    labelled = posted(place, labelled_png.read_bytes(), labelled_png.name, Declared.AI_EDITED, "一张")
    film = posted(place, samples.video("webm").read_bytes(), "a.webm", Declared.AI_GENERATED, "短片")
    waiting = door.publish(author, title="等着的一篇", text="字", declaration=Declaration(Declared.NOT_AI))
    opened_case = door.cases.report(place.accounts[Role.READER], waiting.id, Why.UNLABELLED).case_id
    claimed = next(job.id for job in door.cases.jobs(reviewer).rows if job.item_id == traced.id)
    door.cases.claim(reviewer, claimed)
    own = [f"/items/{labelled.id}{end}" for end in ("", "/unmarked", "/withdraw", "/appeal")]
    door.unmarked.make(author, labelled.id, accept=door.agreements.in_force("unmarked").version)
    return {
        None: [
            "/sign-in",
            "/join",
            "/verify",
            "/agreements/terms",
            "/statistics",
            f"/items/{waiting.id}",
            "/search-for-nothing",
        ],
        Role.READER: ["/", "/?q=nothing-like-this", f"/items/{traced.id}", "/reports"],
        Role.CREATOR: [*own, f"/items/{film.id}", "/publish", "/preview", "/cases", f"/cases/{claimed}", "/account"],
        Role.REVIEWER: ["/review", f"/review/{claimed}", f"/review/{opened_case}", "/review?view=done"],
        Role.AUDITOR: ["/audit", "/audit?event=nothing", "/audit/entries/2", f"/review/{opened_case}"],
        Role.ADMIN: ["/admin", "/statistics/report", "/account/erase"],
    }


@pytest.mark.parametrize("role", [None, *(role for role in Role if role is not Role.SERVICE)])
@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_accessible_in_both_schemes(
    place: Site, browser: Browser, pages: dict[Role | None, list[str]], language: str, width: int, role: Role | None
) -> None:
    """Checked whole in the one scheme, and in the other for contrast alone: between them, only colours change."""
    who: dict[str, Any] = {"token": place.token(role)} if role else {"refused": True}
    with opened(browser, place.base, language=language, width=width, bypass_csp=True, **who) as page:
        for address in pages[role]:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme="light", reduced_motion="reduce")
            page.goto(address)
            assert page.locator("html").get_attribute("lang") == language
            everything_open(page)
            assert violations(page) == [], address
            page.emulate_media(color_scheme="dark", reduced_motion="reduce")
            assert violations(page, ["color-contrast"]) == [], f"{address} dark"
            if width == PHONE:
                page.set_viewport_size({"width": SMALLEST, "height": 640})
                assert not page.evaluate(TOO_WIDE), f"{address} scrolls sideways"


def everything_open(page: Page) -> None:
    """Unfolds what is folded, and raises the sheet for a report, where there is one."""
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    if page.locator("[popovertarget=report]").count():
        page.locator("[popovertarget=report]").first.click()
        page.locator("#report").evaluate("e => Promise.all(e.getAnimations().map(a => a.finished)).then(() => true)")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_says_what_happened_and_what_to_do(place: Site, browser: Browser, language: str) -> None:
    """403, 404, 413, 429, 500 and 507 as a person meets them."""
    heading = {
        "zh-CN": {403: "没有权限", 404: "没有找到", 413: "太大了", 429: "请稍候", 500: "本站出错了", 507: "本站出错了"},
        "en": {403: "permission", 404: "Not found", 413: "Too large", 429: "wait", 500: "our side", 507: "our side"},
    }[language]
    token = place.token(Role.CREATOR)
    too_large = {"name": "a.bin", "mimeType": "application/octet-stream", "buffer": bytes(MAX_UPLOAD + (2 << 20))}

    def look(page: Page, status: int) -> None:
        expect(page.locator("h1")).to_contain_text(heading[status])
        assert page.locator("html").get_attribute("lang") == language
        expect(page.locator("main .note-bad")).to_be_visible()
        expect(page.locator("main")).not_to_contain_text("secret")
        assert violations(page) == [], status

    with opened(
        browser, place.base, language=language, width=PHONE, token=token, bypass_csp=True, refused=True
    ) as page:
        for address, status in (("/admin", 403), ("/nothing", 404), ("/broken", 500), ("/full", 507)):
            answer = page.goto(address)
            assert answer is not None and answer.status == status
            look(page, status)
    with opened(
        browser, place.base, language=language, width=PHONE, script=False, bypass_csp=True, refused=True
    ) as page:
        page.goto("/verify")
        page.set_input_files("#f", too_large)
        page.click("form.drop button.btn-ink")
        expect(page.locator("h1")).to_contain_text(heading[413])
        last = reported_by_visitors(place)
        page.goto(f"/items/{last}")
        page.click("[popovertarget=report]")
        page.click("#report button[value=unlabelled]")
        expect(page.locator("h1")).to_contain_text(heading[429])


def reported_by_visitors(site: Site) -> str:
    """Uses up what one address may report in a day, and returns a post that it has not reported."""
    author, said = site.accounts[Role.CREATOR], Declaration(Declared.NOT_AI)
    posts = [site.platform.publish(author, title="", text=f"{n}", declaration=said) for n in range(9)]
    with suppress(TooManyAttempts):
        for post in posts[:-1]:
            site.platform.cases.report_as_visitor(None, "127.0.0.1", post.id, Why.UNLABELLED)
    return posts[-1].id
