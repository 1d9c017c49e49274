"""Whole paths in a real browser, in both languages: every kind of post, the operator's day, the auditor's."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import opened
from live import PASSWORD, Site, serve
from notices import IS, MAY_BE
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

import documents
import samples
import scene_files
import yinji
from yinji.labels.declaration import Declaration, Declared
from yinji.platform import relabelling
from yinji.platform.model import Role
from yinji.platform.schema import decisions

LANGUAGES = ("zh-CN", "en")
LABEL = yinji.AigcLabel.first(producer="001191110000MA0TE5T00Q10001", produce_id="20261127-5c1d")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of its own: these paths change the policy and count what is there."""
    with serve(tmp_path_factory.mktemp("paths")) as site:
        yield site


def files(folder: Path) -> dict[str, tuple[Path, str, str]]:
    """One file of each kind, and the element that it is shown in; picture, sound and document are labelled."""
    made = {
        "picture": (samples.png("rgb"), ".mount .media img", True),
        "sound": (samples.audio("mp3"), ".mount audio", True),
        "film": (samples.video("webm"), ".mount video", False),
        "document": (folder / "一封信.docx", ".mount .paper", True),
        "scene": (folder / "印章.glb", ".mount .paper", False),
    }
    made["document"][0].write_bytes(documents.office("docx"))
    made["scene"][0].write_bytes(scene_files.glb(scene_files.box()))
    found = {}
    for kind, (path, element, labelled) in made.items():
        if labelled:
            yinji.label(path, LABEL, output=folder / f"with label{path.suffix}", metadata_only=True)
            path = folder / f"with label{path.suffix}"
        found[kind] = (path, element, "is" if labelled else "may")
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_author_publishes_every_kind_and_sees_what_each_bears(
    place: Site, browser: Browser, tmp_path: Path, language: str
) -> None:
    say = {"is": IS[language], "may": MAY_BE[language]}
    posted: list[str] = []
    with opened(browser, place.base, language=language, width=390, token=place.token(Role.CREATOR)) as page:
        page.goto("/publish")
        page.fill("#text", f"由模型写成的几个字 {language}")
        page.check("input[value=ai_generated]")
        with page.expect_navigation():
            page.click("form.declare button.btn-ink")
        expect(page.locator(".mount .words")).to_contain_text("由模型写成")
        expect(page.locator(".mount .say")).to_have_text(say["may"])
        posted.append(page.url)
        for kind, (path, element, notice) in files(tmp_path).items():
            page.goto("/publish")
            page.fill("#title", kind)
            page.set_input_files("#file", path)
            page.wait_for_selector("#s3")
            if notice == "is":
                expect(page.locator(".mount .say:visible")).to_have_text(say["is"])
                expect(page.locator("input[value=not_ai]")).to_be_disabled()
            page.check("input[value=ai_generated]")
            expect(page.locator(".mount .say:visible")).to_have_text(say[notice])
            with page.expect_navigation():
                page.click("form.declare button.btn-ink")
            expect(page.locator(element)).to_be_visible()
            expect(page.locator(".mount .say")).to_have_text(say[notice])
            expect(page.locator("#visible button.btn-ink")).to_be_visible()
            posted.append(page.url)
            with page.expect_download() as download:
                page.click("#origin a[download]")
            download.value.save_as(served := tmp_path / f"served{path.suffix}")
            label = yinji.read(served).label
            assert label is not None and label.propagate_id == page.url.partition("?")[0].rpartition("/")[2], kind
        page.goto("/")
        assert page.locator(".post .notice").count() >= len(posted)
        for address in posted:
            path_ = address.removeprefix(place.base).partition("?")[0]
            expect(page.locator(f".post a[href^='{path_}']").first).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_an_author_typed_is_sent_once_and_never_lost(place: Site, browser: Browser, language: str) -> None:
    """Two clicks, a rule that is broken, a session that ends while somebody writes."""
    author, words = place.accounts[Role.CREATOR], f"写了很久的一段话 {language}"
    with opened(browser, place.base, language=language, token=place.token(Role.CREATOR), refused=True) as page:

        def write(title: str) -> None:
            page.goto("/publish")
            page.fill("#title", title)
            page.fill("#text", words)
            page.check("input[value=ai_generated]")

        write(f"两下 {language}")
        page.dblclick("form.declare button.btn-ink")
        page.wait_for_url("**/items/*")
        posted = [item for item in place.platform.feed(limit=50).rows if item.title == f"两下 {language}"]
        assert len(posted) == 1
        write("长")
        page.evaluate("document.querySelector('#title').removeAttribute('maxlength')")
        page.fill("#title", "长" * 121)
        page.click("form.declare button.btn-ink")
        expect(page.locator(".note-bad")).to_contain_text("120")
        expect(page.locator("#text")).to_have_value(words)
        expect(page.locator("input[value=ai_generated]")).to_be_checked()

        write(f"过期 {language}")
        page.context.clear_cookies(name="yinji-session")
        page.set_input_files("#file", samples.png("rgb"))
        expect(page.locator("[data-status] a")).to_be_visible()
        expect(page.locator("#text")).to_have_value(words)
        page.set_input_files("#file", [])
        page.click("form.declare button.btn-ink")
        expect(page.locator("#main textarea").last).to_have_value(words)
        with page.context.expect_page() as opened_tab:
            page.click("#main a.btn-ink")
        tab = opened_tab.value
        tab.fill("#name", author.name)
        tab.fill("#password", PASSWORD)
        with tab.expect_navigation():
            tab.click("main button.btn-ink")
        tab.close()
        page.click("#main form button")
        page.wait_for_url("**/items/*")
        expect(page.locator("h1")).to_have_text(f"过期 {language}")
        expect(page.locator(".mount .words")).to_contain_text(words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_operator_sets_relabels_tells_opens_and_proves(
    place: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    door, author = place.platform, place.accounts[Role.CREATOR]
    said = {"zh-CN": ("进行中", "已暂停", "已完成", "1 条级别上升"), "en": ("Running", "Paused", "Done", "1 raised")}
    running, paused, done, raised = said[language]
    for number in range(3):
        door.publish(author, title="新文", text=f"新 {number}", declaration=Declaration(Declared.NOT_AI))
    old = door.publish(author, title="旧文", text=f"旧 {language}", declaration=Declaration(Declared.AI_GENERATED))
    verdict = dict(old.verdict) | {"tier": "none", "basis": [], "obligations": []}
    with door._database.write() as connection:  # as rules would have judged it that saw nothing in it
        mine = decisions.c.item_id == old.id
        connection.execute(update(decisions).where(mine).values(tier="none", verdict=verdict))
    steps, real = threading.Semaphore(1), relabelling.Relabellings._one

    def stepwise(self: relabelling.Relabellings, item_id: str, number: str) -> bool:
        steps.acquire(timeout=30)
        return real(self, item_id, number)

    monkeypatch.setattr(relabelling, "BATCH", 1)
    monkeypatch.setattr(relabelling.Relabellings, "_one", stepwise)
    total = len(door.feed(limit=100).rows)
    with opened(browser, place.base, language=language, token=place.token(Role.ADMIN)) as page:
        page.goto("/admin")
        before = door.policy.get().number
        page.locator("[name=suspected-explicit]").set_checked(language == "zh-CN")
        with page.expect_navigation():
            page.click("#policy button")
        assert door.policy.get().number == before + 1
        expect(page.locator("[name=suspected-explicit]")).to_be_checked(checked=language == "zh-CN")

        with page.expect_navigation():
            page.click("#catalogue button")
        last, bar = page.locator("#catalogue li").first, page.locator("#catalogue progress").first
        expect(last).to_contain_text(running)
        expect(bar).to_have_attribute("value", "1")  # it moves on the page that is open
        expect(bar).to_have_attribute("max", str(total))
        with page.expect_navigation():
            last.locator("button").click()
        expect(last).to_contain_text(paused)
        steps.release(total)
        with page.expect_navigation():
            last.locator("button").click()
        expect(last).to_contain_text(done)
        expect(last).to_contain_text(raised)

        page.fill("#url", "https://receiver.example/hook")
        page.click("#webhooks form:has(#url) button")
        secret = page.locator("#webhooks .note-ok .code")
        expect(secret).to_contain_text("whsec_")
        first = secret.inner_text()
        page.click("#webhooks button[value=rotated]")
        expect(secret).not_to_have_text(first)
        page.fill("#replay-1", "3")
        with page.expect_navigation():
            page.click("#webhooks form[action$=replay] button")
        with page.expect_navigation():
            page.click("#webhooks button[value=removed]")
        expect(page.locator("#webhooks li")).to_have_count(0)
        for words in (IS["zh-CN"], IS["en"], "184"):
            expect(page.locator("main")).to_contain_text(words)

        page.click("#accounts summary")
        page.fill("#accounts [name=name]", name := f"reviewer-{language.lower()}")
        page.fill("#accounts [name=password]", "正确 horse battery")
        page.select_option("#accounts [name=role]", "reviewer")
        with page.expect_navigation():
            page.click("#accounts form button")
        expect(page.locator("#accounts li", has_text=name)).to_be_visible()
        for address, check in (("/v1/audit/pack", zipfile.is_zipfile), ("/v1/export", _ends)):
            with page.expect_download() as download:
                page.click(f"a[href='{address}']")
            assert check(download.value.path())
        page.click("a[href='/statistics/report']")
        expect(page.locator("article h1")).to_be_visible()
        assert page.locator("html").get_attribute("lang") == language
    told = [entry.event for entry in door.audit_export()]
    assert {"policy.changed", "relabelling.done", "webhook.rotated", "webhook.replayed", "webhook.removed"} <= {*told}


def _ends(path: Path) -> bool:
    return Path(path).read_text("utf-8").splitlines()[-1] == '{"type":"end"}'


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_auditor_reads_everything_changes_nothing_and_needs_nothing_of_ours(
    place: Site, browser: Browser, tmp_path: Path, language: str
) -> None:
    token = place.token(Role.AUDITOR)
    with opened(browser, place.base, language=language, token=token) as page:
        page.goto("/audit")
        page.click("form[data-verify] button")
        expect(page.locator("#found .note-ok")).to_be_visible()
        key = page.input_value("#vkey")
        with page.expect_download() as download:
            page.click("a[href='/v1/audit/checkpoint']")
        download.value.save_as(kept := tmp_path / "checkpoint.txt")
        page.select_option("#event", "account")
        with page.expect_navigation():
            page.click("form.narrowing button")
        with page.expect_navigation():
            page.locator(".entries h2 a").last.click()
        expect(page.locator(".ladder .end")).to_have_count(2)
        for address in ("/admin", "/review", "/review?view=done", "/statistics", "/statistics/report"):
            page.goto(address)
            expect(page.locator("h1")).to_be_visible()
            assert page.locator("main form[method=post] button").count() == 0, "there is nothing to press"
        page.goto("/audit")
        with page.expect_download() as download:
            page.click("a[href='/v1/export']")
        assert _ends(download.value.path())
        _places_lead_somewhere(page)
    command = [sys.executable, "-m", "yinji", "audit", "verify", "--url", f"{place.base}/v1/audit", "--vkey", key]
    found = subprocess.run(
        [*command, "--older", kept], env=os.environ | {"YINJI_TOKEN": token}, capture_output=True, text=True, timeout=60
    )
    assert found.returncode == 0, found.stderr


def _places_lead_somewhere(page: Page) -> None:
    """Everything that the bar offers opens for whoever sees it."""
    for address in page.locator(".nav a").evaluate_all("links => links.map(a => a.href)"):
        answer = page.goto(address)
        assert answer is not None and answer.ok, address
