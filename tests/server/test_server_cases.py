"""Reports, review and appeals: over HTTP, and by people with a browser in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from browser import opened
from live import PASSWORD, Site, serve
from notices import IS, SUSPECTED
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Browser, expect

import samples
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.cases.model import Why
from yinji.platform.model import Account, Item, Role

LANGUAGES = ("zh-CN", "en")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of its own: queues are shared by everybody on a site."""
    with serve(tmp_path_factory.mktemp("desk")) as site:
        yield site


@pytest.fixture(scope="module")
def second(desk: Site) -> Account:
    return desk.platform.create_account("second-reviewer", PASSWORD, Role.REVIEWER, "复核 审核员")


def words(site: Site, text: str) -> Item:
    author = site.accounts[Role.CREATOR]
    return site.platform.publish(author, title=text[:8], text=text, declaration=Declaration(Declared.NOT_AI))


def traced(site: Site, seed: int) -> Item:
    traces, file, author = PngInfo(), BytesIO(), site.accounts[Role.CREATOR]
    traces.add_text("parameters", f"cat\nSteps: 28, Sampler: Euler, CFG scale: 6.5, Seed: {seed}, Model: v1-5")
    samples.picture(size=(400, 300 + seed)).save(file, "PNG", pnginfo=traces)
    with site.platform.upload(author) as upload:
        upload.write(file.getvalue())
        draft = upload.finish("橘猫.png")
    undeclared = Declaration(Declared.UNDECLARED)
    return site.platform.publish(author, title=f"掌柜 {seed}", text="", declaration=undeclared, draft_id=draft.id)


# --- over HTTP
def test_the_whole_way_over_http(desk: Site, second: Account) -> None:
    item = words(desk, "接口上走一遍")
    with (
        desk.client(Role.READER) as reader,
        desk.client(Role.REVIEWER) as reviewer,
        desk.client(Role.CREATOR) as author,
    ):
        made = reader.post(f"/v1/items/{item.id}/reports", json={"reason": "unlabelled", "note": "像生成的"})
        assert made.status_code == 201
        job_id = made.json()["job_id"]
        assert reader.post(f"/v1/items/{item.id}/reports", json={"reason": "nonsense"}).status_code == 422
        queues = {q["name"]: q for q in reviewer.get("/v1/queues").json()["queues"]}
        assert queues["unlabelled"]["waiting"] >= 1
        jobs = reviewer.get("/v1/queues/unlabelled/jobs").json()["jobs"]
        assert job_id in [job["id"] for job in jobs]
        assert reviewer.get("/v1/queues/nowhere/jobs").status_code == 404
        job = reviewer.post(f"/v1/jobs/{job_id}/claim").json()
        assert (job["state"], job["notes"][0]["note"]) == ("claimed", "像生成的")
        said = {"decision": "confirm", "policy": "undeclared-ai", "reason": "水印相符", "version": job["version"]}
        first = reviewer.post(f"/v1/jobs/{job_id}/decision", json=said)
        again = reviewer.post(f"/v1/jobs/{job_id}/decision", json=said)
        assert first.status_code == again.status_code == 201
        assert first.json() == again.json()
        assert reviewer.get(f"/v1/items/{item.id}").json()["report"]["verdict"]["tier"] == "confirmed"
        outcome = reader.get("/v1/reports").json()["reports"][0]["decision"]
        assert (outcome["decision"], outcome["reason"]) == ("confirm", "水印相符")
        assert "reviewer" not in outcome
        seen = author.get(f"/v1/cases/{job_id}").json()
        assert [strike["kind"] for strike in author.get("/v1/strikes").json()["strikes"]] == ["undeclared"]
        appeal = author.post(f"/v1/decisions/{seen['decisions'][0]['id']}/appeal", json={"reason": "是我写的"})
        assert (appeal.status_code, appeal.json()["state"]) == (201, "appealed")
        refused = reviewer.post(f"/v1/jobs/{job_id}/claim")
        assert (refused.status_code, refused.json()["code"]) == (403, "case-same-reviewer")
    token = desk.platform.sign_in(second.name, PASSWORD)
    with desk.client(Authorization=f"Bearer {token}") as judge:
        assert judge.post("/v1/queues/appeals/next").json()["id"] == job_id
        assert judge.delete(f"/v1/jobs/{job_id}/claim?skip=true").status_code == 204
        assert judge.post("/v1/queues/appeals/next").status_code == 204
        assert judge.post(f"/v1/jobs/{job_id}/claim").status_code == 200
        upheld = {"decision": "overturn", "policy": "not-enough-evidence", "reason": "草稿可信"}
        assert judge.post(f"/v1/jobs/{job_id}/decision", json=upheld).json()["tier_after"] == "none"
        policies = judge.get("/v1/policies").json()["policies"]
        assert all(policy["clause"] and policy["decisions"] for policy in policies)


def test_pages_have_twins(desk: Site) -> None:
    item = words(desk, "页面与数据")
    case_id = desk.platform.cases.report(desk.accounts[Role.READER], item.id, Why.UNLABELLED).case_id
    for role, address in (
        (Role.REVIEWER, "/review"),
        (Role.REVIEWER, f"/review/{case_id}"),
        (Role.READER, "/reports"),
        (Role.CREATOR, "/cases"),
        (Role.CREATOR, f"/cases/{case_id}"),
        (Role.CREATOR, f"/items/{item.id}/appeal"),
    ):
        with desk.client(role) as client:
            assert client.get(address, headers={"Accept": "text/html"}).status_code == 200
            assert case_id in client.get(f"{address}.json").text or item.id in client.get(f"{address}.json").text
    with desk.client(Role.CREATOR) as client:
        assert "the-reader" not in client.get(f"/cases/{case_id}.json").text
        assert "version" not in client.get("/cases.json").json()["cases"][0]


# --- with a browser
@pytest.mark.parametrize("language", LANGUAGES)
def test_reader_reviewer_author_and_judge(
    desk: Site, browser: Browser, second: Account, language: str, tmp_path: Path
) -> None:
    item = words(desk, f"湖边的清晨 {language}")
    with opened(browser, desk.base, language=language, token=desk.token(Role.READER)) as page:
        page.goto(f"/items/{item.id}")
        page.click("[popovertarget=report]")
        expect(page.locator("#report")).to_be_visible()
        page.fill("#report-note", "光影不对")
        page.click("#report button[value=unlabelled]")
        page.wait_for_url("**?done=reported")
        with page.expect_navigation():
            page.click(".note-ok a")
        expect(page.locator("article .chip")).to_have_count(len(page.locator("article").all()))
    case_id = desk.platform.cases.reports(desk.accounts[Role.READER]).rows[0].case_id
    with opened(browser, desk.base, language=language, token=desk.token(Role.REVIEWER)) as page:
        page.goto(f"/review/{case_id}")
        page.click("[data-claim] button")
        page.check("input[value=confirm]", force=True)
        page.select_option("#policy", "undeclared-ai")
        page.fill("#reason", "倒影与岸线对不上。")
        page.click("[data-decide] button.btn-wide")
        page.wait_for_url("**?done=*")
        expect(page.locator(".mount .say")).to_have_text(IS[language])
    with opened(browser, desk.base, language=language, token=desk.token(Role.CREATOR)) as page:
        page.goto("/cases")
        page.click(f"a[href='/cases/{case_id}']")
        expect(page.locator(".verdict").first).to_contain_text("倒影与岸线对不上。")
        page.fill("#reason", "有原始照片。")
        page.click("form button.btn-ink")
        page.wait_for_url("**?done=appealed")
        expect(page.locator("main")).to_contain_text("有原始照片。")
    with opened(browser, desk.base, language=language, token=desk.token(Role.REVIEWER)) as page:
        page.goto(f"/review/{case_id}")
        answer = page.request.post(f"/review/{case_id}/claim", headers={"Accept": "text/html"})
        assert answer.status == 403
    with opened(browser, desk.base, language=language, token=desk.platform.sign_in(second.name, PASSWORD)) as page:
        page.goto("/review?queue=appeals")
        page.click("[data-next] button")
        page.wait_for_url(f"**/review/{case_id}*")
        expect(page.locator(".case")).to_contain_text("有原始照片。")
        page.check("input[value=overturn]", force=True)
        page.select_option("#policy", "not-enough-evidence")
        page.fill("#reason", "原始照片可信。")
        page.click("[data-decide] button.btn-wide")
        page.wait_for_url("**?done=*")
        expect(page.locator(".mount .notice")).to_have_count(0)
    with opened(browser, desk.base, language=language, token=desk.token(Role.READER)) as page:
        page.goto("/reports")
        expect(page.locator(".verdict").first).to_contain_text("原始照片可信。")


def test_the_desk_by_keyboard_alone(desk: Site, browser: Browser) -> None:
    item = traced(desk, 1)
    with opened(browser, desk.base, token=desk.token(Role.REVIEWER)) as page:
        page.goto("/review")
        page.keyboard.press("j")
        expect(page.locator(".queue a").first).to_be_focused()
        row = page.locator(f".queue a:has(img[src='/items/{item.id}/derived/thumbnail'])")
        for _ in range(page.locator(".queue a").count()):
            if row.evaluate("a => a === document.activeElement"):
                break
            page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url("**/review/*")
        page.keyboard.press("b")
        assert "blur" in page.locator(".look img").evaluate("i => getComputedStyle(i).filter")
        page.keyboard.press("b")
        page.keyboard.press("n")
        expect(page.locator("[data-decide]")).to_be_visible()
        page.keyboard.press("2")
        expect(page.locator("input[value=suspect]")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        page.keyboard.type("3 号参数与常见工具一致，j 键在这里只是字。")
        page.keyboard.press("Control+Enter")
        page.wait_for_url("**?done=*")
        expect(page.locator(".mount .say")).to_have_text(SUSPECTED["zh-CN"])
        expect(page.locator(".verdict")).to_contain_text("j 键在这里只是字")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_short_video_label_is_corrected_and_its_author_reads_why(desk: Site, browser: Browser, language: str) -> None:
    author = desk.accounts[Role.CREATOR]
    with desk.platform.upload(author) as upload:
        upload.write(samples.video("mp4").read_bytes())
        draft = upload.finish("clip.mp4")
    declared = Declaration(Declared.NOT_AI)
    item = desk.platform.publish(
        author, title=f"好物 {language}", text="", declaration=declared, draft_id=draft.id, annotation="opinion"
    )
    case_id = desk.platform.cases.report(desk.accounts[Role.READER], item.id, Why.WRONGLY_LABELLED).case_id
    reason = {"zh-CN": "画面里有商品和价格。", "en": "It shows goods and their prices."}[language]
    with opened(browser, desk.base, language=language, token=desk.token(Role.REVIEWER)) as page:
        page.goto(f"/review/{case_id}")
        page.keyboard.press("n")
        page.wait_for_selector("[data-decide]")
        page.check("input[value=annotate]", force=True)
        page.select_option("[name=annotation]", "marketing")
        expect(page.locator("#policy")).to_have_value("short-video-label")
        page.fill("#reason", reason)
        with page.expect_navigation():
            page.keyboard.press("Control+Enter")
        expect(page.locator(".verdict")).to_contain_text(reason)
    assert desk.platform.item(item.id).annotation == "marketing"
    with opened(browser, desk.base, language=language, width=390, token=desk.token(Role.CREATOR)) as page:
        page.goto(f"/cases/{case_id}")
        expect(page.locator(".verdict")).to_contain_text({"zh-CN": "营销", "en": "marketing"}[language])
        page.fill("textarea[name=reason]", "没有商品。")
        with page.expect_navigation():
            page.locator("form:has(textarea[name=reason]) button").click()
        expect(page.locator(".note-ok")).to_be_visible()
    with opened(browser, desk.base, language=language) as page:
        page.goto(f"/items/{item.id}")
        expect(page.locator("article > p .chip")).to_contain_text({"zh-CN": "营销", "en": "marketing"}[language])


def test_without_a_script_everything_works(desk: Site, browser: Browser) -> None:
    item = words(desk, "没有脚本也行")
    with opened(browser, desk.base, language="en", script=False, token=desk.token(Role.READER)) as page:
        page.goto(f"/items/{item.id}")
        page.click("[popovertarget=report]")
        page.click("#report button[value=wrongly_labelled]")
        expect(page.locator(".note-ok")).to_contain_text("received")
    case_id = desk.platform.cases.reports(desk.accounts[Role.READER]).rows[0].case_id
    with opened(browser, desk.base, language="en", script=False, token=desk.token(Role.REVIEWER)) as page:
        page.goto(f"/review/{case_id}")
        page.click("[data-claim] button")
        page.check("input[value=false_report]", force=True)
        page.select_option("#policy", "undeclared-ai")
        page.fill("#reason", "The notice is right.")
        answer = page.request.post(
            f"/review/{case_id}/decision",
            form={"decision": "false_report", "policy": "undeclared-ai", "reason": "kept words"},
            headers={"Accept": "text/html"},
        )
        assert answer.status == 400 and "kept words" in answer.text(), "nothing typed is lost"
        page.select_option("#policy", "report-unfounded")
        page.click("[data-decide] button.btn-wide")
        expect(page.locator(".note-ok")).to_contain_text("in the log")


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_a_visitor_reports_in_two_taps(desk: Site, browser: Browser, script: bool) -> None:
    item = words(desk, f"路人也看得到 {script}")
    with opened(browser, desk.base, width=390, script=script) as page:
        page.goto(f"/items/{item.id}")
        page.click("[popovertarget=report]")
        with page.expect_navigation():
            page.click("#report button[value=unlabelled]")
        expect(page.locator(".note-ok")).to_contain_text("已收到您的举报")
    jobs = desk.platform.cases.jobs(desk.accounts[Role.REVIEWER], limit=100).rows
    (job,) = (one for one in jobs if one.item_id == item.id)
    with opened(browser, desk.base, token=desk.token(Role.REVIEWER)) as page:
        page.goto(f"/review/{job.id}")
        expect(page.locator(".case")).to_contain_text("其中访客 1")
        expect(page.locator(".nav [aria-current]")).to_have_text("审核")
