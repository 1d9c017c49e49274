from __future__ import annotations

import random
import re
from io import BytesIO
from pathlib import Path

import pytest
from browser import opened, violations
from live import PASSWORD, Site, serve
from notices import IS, MAY_BE
from PIL import Image
from playwright.sync_api import Browser, Page, expect

import yinji
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.model import Item, Role
from yinji.server.pages import feed


def sign_in(page: Page) -> None:
    page.goto("/sign-in")
    page.fill("#name", "the-creator")
    page.fill("#password", PASSWORD)
    page.click("main button.btn-ink")
    page.wait_for_url("**/")


@pytest.mark.parametrize(
    ("language", "width", "script"),
    [("zh-CN", 1280, True), ("zh-CN", 390, False), ("en", 1280, False), ("en", 390, True)],
)
def test_publish_a_labelled_picture_and_verify_what_comes_back(
    site: Site, browser: Browser, labelled_png: Path, tmp_path: Path, language: str, width: int, script: bool
) -> None:
    with opened(browser, site.base, language=language, width=width, script=script) as page:
        sign_in(page)
        page.goto("/publish")
        assert page.locator("html").get_attribute("lang") == language
        assert page.locator("input[name=declaration]:checked").count() == 0
        page.fill("#title", "青绿山水")
        page.set_input_files("#file", labelled_png)
        if not script:
            page.click("form.declare button.btn-ink")
        expect(page.locator("#s3")).to_be_visible()
        expect(page.locator("#title")).to_have_value("青绿山水")
        assert page.locator("input[value=not_ai]").is_disabled()
        assert page.locator("input[name=declaration]:checked").count() == 0
        expect(page.locator(".mount .say:visible")).to_have_text(IS[language])
        if script:
            expect(page.locator("[data-preview] img")).to_be_visible()
        page.check("input[value=ai_generated]")
        page.click("form.declare button.btn-ink")
        page.wait_for_url("**/items/*")
        expect(page.locator(".mount .notice .say")).to_have_text(IS[language])
        page.reload()
        expect(page.locator(".mount .notice .say")).to_have_text(IS[language])
        picture = page.locator(".mount img")
        assert picture.evaluate("i => i.complete && i.naturalWidth") == 400 if script else picture.is_visible()
        with page.expect_download() as download:
            page.click("#origin a[download]")
        kept = tmp_path / "served.png"
        download.value.save_as(kept)
        label = yinji.read(kept).label
        assert label is not None
        assert label.propagator == site.platform.settings.propagator
        assert label.producer == "001191110000MA0TE5T00Q10001"
        page.goto("/verify")
        page.set_input_files("#f", kept)
        page.click("form.drop button.btn-ink")
        expect(page.locator(".finding h3")).to_have_text(IS[language])
        expect(page.locator("table.fields")).to_contain_text(label.propagate_id)
        page.goto("/")
        expect(page.locator(".post .say").first).to_have_text(IS[language])


@pytest.mark.parametrize("script", [True, False])
def test_the_preview_follows_the_choice(site: Site, browser: Browser, plain_png: Path, script: bool) -> None:
    token = site.token(Role.CREATOR)
    with opened(browser, site.base, language="en", script=script, token=token) as page:
        page.goto("/publish")
        page.check("input[value=ai_edited]")
        page.set_input_files("#file", plain_png)
        if not script:
            page.click("form.declare button.btn-ink")
        expect(page.locator("#s3")).to_be_visible()
        assert page.locator("input[value=ai_edited]").is_checked(), "what was chosen is kept"
        expect(page.locator(".mount .say:visible")).to_have_text(MAY_BE["en"])
        page.check("input[value=not_ai]")
        expect(page.locator(".mount .say:visible")).to_have_count(0)
        expect(page.locator(".preview-not_ai:visible").last).to_contain_text("No label is no proof")


def test_a_missing_declaration_is_asked_for_and_nothing_is_lost(site: Site) -> None:
    with site.client(Role.CREATOR, Accept="text/html") as client:
        answer = client.post("/publish", data={"text": "还没有声明的几个字"})
    assert answer.status_code == 422
    assert "还没有声明的几个字" in answer.text
    assert "还差一步" in answer.text


def test_a_form_that_is_sent_twice_publishes_once(site: Site, plain_png: Path) -> None:
    author = site.accounts[Role.CREATOR]
    with site.platform.upload(author) as upload:
        upload.write(plain_png.read_bytes())
        draft = upload.finish("两次.png")
    with site.client(Role.CREATOR, Accept="text/html") as client:
        said = {"declaration": "not_ai", "text": "只此一次", "once": "k-1"}
        for address in ("/publish", f"/publish/{draft.id}"):
            first, again = (client.post(address, data=said).headers["location"] for _ in range(2))
            assert first == again
        changed = client.post("/publish", data=said | {"text": "回去改了几个字"}).headers["location"]
        assert changed.startswith("/items/") and changed != first
        gone = client.post("/publish/01990000-0000-7000-8000-000000000000", data=said)
        assert gone.status_code == 404 and "只此一次" in gone.text


def test_older_posts_come_without_a_new_page(tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "_PAGE", 2)
    with serve(tmp_path) as site:
        author = site.accounts[Role.CREATOR]
        for number in range(5):
            said = Declaration(Declared.NOT_AI)
            site.platform.publish(author, title=f"第 {number} 篇", text="字", declaration=said)
        for script in (True, False):
            with opened(browser, site.base, script=script) as page:
                page.goto("/")
                page.click(".older a")
                expect(page.locator(".post")).to_have_count(4 if script else 2)
                assert page.url == f"{site.base}/" or not script
                if script:
                    expect(page.locator(".post").nth(2).locator("a").first).to_be_focused()
                page.click(".older a")
                expect(page.locator(".post")).to_have_count(5 if script else 1)
                expect(page.locator(".older")).to_have_count(0)


def test_pages_ship_no_more_than_they_show_and_keep_its_room(site: Site, tmp_path: Path) -> None:
    author, exif = site.accounts[Role.CREATOR], Image.Exif()
    exif[0x0112] = 6
    noise = Image.frombytes("RGB", (1500, 900), random.Random(3).randbytes(1500 * 900 * 3))
    noise.save(tmp_path / "lying.jpg", exif=exif, quality=88)
    with site.platform.upload(author) as upload:
        upload.write((tmp_path / "lying.jpg").read_bytes())
        draft = upload.finish("lying.jpg")
    item = site.platform.publish(
        author, title="", text="", declaration=Declaration(Declared.AI_EDITED), draft_id=draft.id
    )
    text = site.platform.publish(author, title="", text="只有字", declaration=Declaration(Declared.NOT_AI))
    made = f"/items/{item.id}/derived/"
    with site.client() as client:
        page = client.get("/", headers={"Accept": "text/html"}).text
        (image,) = (tag for tag in re.findall("<img [^>]*>", page) if item.id in tag)
        assert f'src="{made}thumbnail?else=file"' in image and f"{made}display?else=file 1280w" in image
        assert 'width="900" height="1500"' in image, "as displayed"
        page = client.get(f"/items/{item.id}", headers={"Accept": "text/html"}).text
        (image,) = (tag for tag in re.findall("<img [^>]*>", page) if item.id in tag)
        assert f"{made}display?else=file 1280w" in image and "/file" not in image.replace("else=file", "")
        assert f'href="/items/{item.id}/file"' in page, "the original is a tap away"
        (card,) = re.findall('property="og:image" content="([^"]*)"', page)
        assert Image.open(BytesIO(client.get(card).content)).size == (1200, 630), "what others show of it"
        small, large = (client.get(f"{made}{kind}?else=file") for kind in ("thumbnail", "display"))
        assert len(small.content) < len(large.content) < item.size
        assert Image.open(BytesIO(large.content)).size == (768, 1280)
        found = yinji.read(large.content).found
        assert found[0].label is not None and found[0].label.label == "2", "with the label of the file"
        assert client.get(f"/items/{text.id}/derived/display").status_code == 404
        assert client.get(f"/items/{text.id}/derived/display?else=file").headers["Location"] == f"/items/{text.id}/file"


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_the_visible_label_is_added_while_one_looks_on(
    site: Site, browser: Browser, plain_png: Path, script: bool
) -> None:
    author = site.accounts[Role.CREATOR]
    with site.platform.upload(author) as upload:
        upload.write(plain_png.read_bytes())
        draft = upload.finish(f"{script}.png")
    declared = Declaration(Declared.AI_GENERATED)
    item = site.platform.publish(author, title="标识", text="", declaration=declared, draft_id=draft.id)
    with opened(browser, site.base, script=script, token=site.token(Role.CREATOR)) as page:
        page.goto(f"/items/{item.id}?done=published")
        page.click("#visible button")
        page.wait_for_selector("#visible :is(progress, [role=status])")
        if not script:
            while (found := site.platform.marking.of(item.id)) is None or found.state == "waiting":
                page.wait_for_timeout(50)
            page.goto(f"/items/{item.id}")
        expect(page.locator("#visible")).to_contain_text("读者看到的文件已带有显式标识")
        found = site.platform.marking.of(item.id)
        assert found is not None and (found.state, found.percent) == ("done", 100)


def test_all_by_keyboard(site: Site, browser: Browser) -> None:
    with opened(browser, site.base) as page:
        page.goto("/sign-in")
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(page.locator("#name")).to_be_focused()
        page.keyboard.type("the-creator")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/")
        page.goto("/publish")
        page.locator("#text").focus()
        page.keyboard.type("只用键盘写下的话")
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowDown")
        expect(page.locator("input[value=ai_edited]")).to_be_checked()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(page.locator("form.declare button.btn-ink")).to_be_focused()
        page.keyboard.press("Enter")
        page.wait_for_url("**/items/*")
        expect(page.locator(".mount .words")).to_contain_text("只用键盘写下的话")
        expect(page.locator(".mount .say")).to_have_text(MAY_BE["zh-CN"])


def test_join_raise_the_declaration_and_leave(site: Site, browser: Browser) -> None:
    with opened(browser, site.base, language="en") as page:
        page.goto("/join")
        page.fill("#name", "newcomer")
        page.fill("#display", "New Comer")
        page.fill("#password", "an unusual pass phrase 7")
        page.check("input[name=accept]")
        page.click("main button.btn-ink")
        page.wait_for_url("**/publish")
        page.fill("#text", "Words of a newcomer")
        page.check("input[value=not_ai]")
        page.click("form.declare button.btn-ink")
        page.wait_for_url("**/items/*")
        expect(page.locator(".mount .notice")).to_have_count(0)
        page.click("text=Add to your declaration")
        page.check("input[value=ai_edited]")
        page.click("text=Update declaration")
        page.wait_for_url("**/items/*?done=declared")
        expect(page.locator(".mount .say")).to_have_text(MAY_BE["en"])
        page.click("a[aria-label='Your account']")
        expect(page.locator("dl")).to_contain_text("newcomer")
        with page.expect_navigation():
            page.click("text=Sign out")
        page.goto("/account")
        assert page.url.endswith("/sign-in?next=/account")


def test_the_language_switch_stays(site: Site, browser: Browser) -> None:
    with opened(browser, site.base) as page:
        page.goto("/verify")
        page.click("a.lang")
        expect(page.locator("h1")).to_have_text("Where does this file come from?")
        page.goto("/")
        assert page.locator("html").get_attribute("lang") == "en"


def test_a_reader_may_dim_but_not_lose_the_notice(site: Site, browser: Browser, item: Item) -> None:
    with opened(browser, site.base, language="en") as page:
        page.goto("/?ai=dim")
        mount = page.locator(".mount.dim").first
        expect(mount.locator(".notice")).to_be_visible()
        assert mount.locator(".notice").evaluate("n => getComputedStyle(n).opacity") == "1"
        page.goto("/")
        expect(page.locator(".aside .segments [aria-current]")).to_have_text("Dim")


def test_four_answers_look_different(site: Site, browser: Browser, labelled_png: Path, plain_png: Path) -> None:
    cut = {"name": "cut.png", "mimeType": "image/png", "buffer": labelled_png.read_bytes()[:60]}
    odd = {"name": "odd.bin", "mimeType": "application/octet-stream", "buffer": b"\1\2\3" * 40}
    whole = {"name": "a.png", "mimeType": "image/png", "buffer": labelled_png.read_bytes()}
    none = {"name": "b.png", "mimeType": "image/png", "buffer": plain_png.read_bytes()}
    with opened(browser, site.base, language="en") as page:
        page.goto("/verify")
        page.set_input_files("#f", [whole, none, cut, odd])
        page.click("form.drop button.btn-ink")
        expect(page.locator(".results .seal-is")).to_have_count(1)
        expect(page.locator(".others .seal-none")).to_have_count(1)
        expect(page.locator(".others h3")).to_have_text(["No label found", "Cannot tell", "Format not supported"])
        expect(page.locator(".others .glyph")).to_have_count(2)
        expect(page.locator(".object .media img")).to_be_visible()
        assert "%" not in page.locator(".results").inner_text()


@pytest.fixture(scope="module")
def item(site: Site, labelled_png: Path) -> Item:
    author = site.accounts[Role.CREATOR]
    with site.platform.upload(author) as upload:
        upload.write(labelled_png.read_bytes())
        draft = upload.finish(labelled_png.name)
    declared = Declaration(Declared.AI_EDITED)
    return site.platform.publish(author, title="一张", text="说明", declaration=declared, draft_id=draft.id)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_draft_and_results_are_accessible(
    site: Site, browser: Browser, labelled_png: Path, plain_png: Path, dark: bool
) -> None:
    with opened(browser, site.base, dark=dark, token=site.token(Role.CREATOR), bypass_csp=True) as page:
        page.goto("/publish")
        page.set_input_files("#file", labelled_png)
        expect(page.locator("#s3")).to_be_visible()
        assert violations(page) == []
        page.goto("/verify")
        page.set_input_files("#f", [labelled_png, plain_png])
        page.click("form.drop button.btn-ink")
        expect(page.locator(".results")).to_be_visible()
        page.locator(".pressed").evaluate("e => Promise.all(e.getAnimations().map(a => a.finished)).then(() => true)")
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        assert violations(page) == []


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_drafts_and_results_do_not_scroll_sideways_on_the_smallest_phone(
    site: Site, browser: Browser, labelled_png: Path, language: str
) -> None:
    too_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    with opened(browser, site.base, language=language, width=320, token=site.token(Role.ADMIN)) as page:
        page.goto("/publish")
        page.set_input_files("#file", labelled_png)
        expect(page.locator("#s3")).to_be_visible()
        assert not page.evaluate(too_wide)
        page.goto("/verify")
        page.set_input_files("#f", labelled_png)
        page.click("form.drop button.btn-ink")
        expect(page.locator(".results")).to_be_visible()
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        assert not page.evaluate(too_wide)
