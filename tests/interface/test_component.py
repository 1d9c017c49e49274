"""The interface label in a real browser: seen, read aloud, over a player in fullscreen, and hard to hide."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Browser, Page, Route, sync_playwright

from interface import sheet
from yinji.marks.interface import component
from yinji.marks.interface.words import ALL, TIERS, said
from yinji.regimes import ruleset
from yinji.regimes.base import Tier
from yinji.regimes.cn.wording import worded_label_ok

_spec = importlib.util.spec_from_file_location("page_browser", Path(__file__).parents[1] / "server/browser.py")
assert _spec is not None
assert _spec.loader is not None
browser_tools = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(browser_tools)

BASE = "http://label.test"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; media-src 'self'"
STRICT = "default-src 'none'; script-src 'self'; style-src 'self'"
OPEN = """const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (o) { return attach.call(this, { ...o, mode: 'open' }); };"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = browser_tools.launch(playwright)
        yield launched
        launched.close()


@contextmanager
def page_of(
    browser: Browser, body: str, *, policy: str = STRICT, open_trees: bool = True, **wishes: Any
) -> Iterator[Page]:
    """Opens a page with the component; in the end demands that nothing complained."""

    def answer(route: Route) -> None:
        headers = {"Content-Security-Policy": policy}
        if route.request.url.endswith(".js"):
            route.fulfill(body=component.script(), content_type=component.MEDIA_TYPE)
        elif route.request.url == f"{BASE}/":
            route.fulfill(body=body, content_type="text/html; charset=utf-8", headers=headers)
        else:
            route.fulfill(status=204)

    context = browser.new_context(viewport={"width": 900, "height": 640}, **wishes)
    complaints: list[str] = []
    page = context.new_page()
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route("**/*", answer)
    if open_trees:
        page.add_init_script(OPEN)
    page.goto(f"{BASE}/")
    page.wait_for_function("customElements.get('yinji-label') !== undefined")
    yield page
    context.close()
    assert complaints == []


def html(label: str, language: str = "zh-CN") -> str:
    head = '<meta charset="utf-8"><title>t</title><script type="module" src="/yinji-label.js"></script>'
    return (
        f'<!doctype html><html lang="{language}"><head>{head}</head><body><main><h1>h</h1>{label}</main></body></html>'
    )


def words(page: Page) -> str:
    return str(page.evaluate("document.querySelector('yinji-label').shadowRoot.querySelector('.says').textContent"))


def test_its_words_are_those_of_the_regime_and_hold_both_elements() -> None:
    script = component.script().decode()
    notices = ruleset.in_force("cn", date(2026, 11, 1)).notices
    for name, tier in (("is", Tier.CONFIRMED), ("may", Tier.POSSIBLE), ("suspected", Tier.SUSPECTED)):
        notice = notices[tier]
        assert TIERS[name] == notice.sentence
        for text in (*notice.sentence, *notice.short):
            assert f"'{text}'" in script
    for text in (ALL.zh, ALL.en):
        assert f"'{text}'" in script
    for text in (ALL, *TIERS.values()):
        assert all(worded_label_ok(said(text, language)) for language in ("zh", "en", "both"))


@pytest.mark.parametrize(("language", "variant"), [("zh-CN", "notice"), ("en", "badge"), ("de", "bar")])
def test_it_says_both_elements_in_the_language_of_the_page(browser: Browser, language: str, variant: str) -> None:
    with page_of(browser, html(f'<yinji-label variant="{variant}"></yinji-label>', language)) as page:
        assert worded_label_ok(words(page))
        assert words(page).startswith(("该", "本", "AI生成") if language == "zh-CN" else ("T", "AI-generated"))
        page.evaluate("document.querySelector('yinji-label').setAttribute('plain', '')")
        assert ("生成" in words(page)) == (language == "zh-CN")
        page.evaluate("document.querySelector('yinji-label').setAttribute('language', 'both')")
        assert worded_label_ok(words(page))
        assert "AI" in words(page).rpartition("·")[2]


def test_people_who_listen_hear_it(browser: Browser) -> None:
    with page_of(browser, html('<yinji-label href="/origin"></yinji-label>')) as page:
        told = page.locator("main").aria_snapshot()
        assert "note" in told
        assert "内容标识" in told
        assert "该内容属于人工智能生成合成内容" in told
        assert 'link "查看来历"' in told
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.shadowRoot.activeElement.href")
        assert focused == f"{BASE}/origin"
        outline = page.evaluate("getComputedStyle(document.activeElement.shadowRoot.activeElement).outlineWidth")
        assert outline == "3px"


def test_only_addresses_of_the_web_become_links(browser: Browser) -> None:
    with page_of(browser, html('<yinji-label href="javascript:alert(1)"></yinji-label>')) as page:
        assert page.evaluate("document.querySelector('yinji-label').shadowRoot.querySelector('a')") is None


HIDING = [
    "label.hidden = true",
    "label.setAttribute('aria-hidden', 'true')",
    "label.inert = true",
    "label.style.setProperty('display', 'none', 'important')",
    "label.style.setProperty('visibility', 'hidden', 'important')",
    "label.style.setProperty('opacity', '0', 'important')",
    "label.style.setProperty('clip-path', 'inset(50%)', 'important')",
    "label.style.setProperty('transform', 'scale(0)', 'important')",
    "label.style.setProperty('font-size', '0', 'important')",
    "label.style.setProperty('height', '0', 'important'); label.style.setProperty('overflow', 'hidden', 'important')",
    "label.popover = 'auto'",
    "label.setAttribute('role', 'presentation')",
    "label.setAttribute('tier', 'none'); label.setAttribute('variant', 'off'); label.setAttribute('language', '')",
    "label.textContent = ''; label.innerHTML = '<i></i>'",
]


def test_a_page_cannot_hide_it_by_its_attributes_or_styles(browser: Browser) -> None:
    with page_of(browser, html("<yinji-label></yinji-label>")) as page:
        for how in HIDING:
            page.evaluate("document.querySelector('yinji-label').replaceWith(document.createElement('yinji-label'))")
            page.evaluate(f"(() => {{ const label = document.querySelector('yinji-label'); {how} }})()")
            shown = page.evaluate(
                "(() => { const l = document.querySelector('yinji-label'); const b = l.shadowRoot"
                ".querySelector('.says').getBoundingClientRect(); return [b.width, b.height, l.checkVisibility("
                "{ opacityProperty: true, visibilityProperty: true }), getComputedStyle(l).fontSize] })()"
            )
            assert shown[0] > 100, how
            assert shown[1] >= 16, how
            assert shown[2] is True, how
            assert float(shown[3].removesuffix("px")) >= 12, how
            assert "note" in page.locator("main").aria_snapshot(), how
            assert worded_label_ok(words(page)), how


def test_it_has_no_way_of_its_own_to_go_away(browser: Browser) -> None:
    with page_of(browser, html("<yinji-label></yinji-label>"), open_trees=False) as page:
        assert page.evaluate("document.querySelector('yinji-label').shadowRoot") is None
        own = page.evaluate("Object.getOwnPropertyNames(customElements.get('yinji-label').prototype)")
        assert set(own) == {"constructor", "connectedCallback", "disconnectedCallback", "attributeChangedCallback"}


def test_colours_that_cannot_be_read_are_not_taken(browser: Browser) -> None:
    body = html('<yinji-label></yinji-label><link rel="stylesheet" href="data:text/css,">').replace(
        "<main>", "<main><style>yinji-label{--yinji-label-ink:#eee;--yinji-label-ground:#fff}</style>"
    )
    with page_of(browser, body.replace('<link rel="stylesheet" href="data:text/css,">', ""), policy=POLICY) as page:
        colour = "getComputedStyle(document.querySelector('yinji-label').shadowRoot.querySelector('.label')).color"
        assert page.evaluate(colour) == "rgb(33, 29, 24)"
        page.evaluate("document.querySelector('yinji-label').style.setProperty('--yinji-label-ink', '#003366')")
        page.evaluate("document.querySelector('yinji-label').setAttribute('variant', 'badge')")
        assert page.evaluate(colour) == "rgb(0, 51, 102)"


def test_it_stays_over_a_player_in_fullscreen(browser: Browser) -> None:
    with page_of(browser, html('<yinji-label variant="player"><video controls></video></yinji-label>')) as page:
        box = (
            "document.querySelector('yinji-label').shadowRoot.querySelector('.label').getBoundingClientRect().toJSON()"
        )
        video = page.locator("video").bounding_box()
        over = page.evaluate(box)
        assert video is not None
        assert over["left"] >= video["x"]
        assert over["bottom"] <= video["y"] + video["height"]
        page.evaluate("document.querySelector('video').requestFullscreen()")
        page.wait_for_function("document.fullscreenElement !== null")
        page.wait_for_function(
            "document.querySelector('yinji-label').shadowRoot.querySelector('.label').matches(':popover-open')"
        )
        picture = page.screenshot()
        seen = page.evaluate(
            "(() => { const r = document.querySelector('yinji-label').shadowRoot; const b ="
            " r.querySelector('.label').getBoundingClientRect(); return [b.width, b.height, b.left, b.top] })()"
        )
        assert seen[0] > 60
        assert seen[1] > 20
        assert len(_colours(picture, seen)) > 20, "nothing is drawn where the label should be"
        page.evaluate("document.exitFullscreen()")
        page.wait_for_function("document.fullscreenElement === null")
        page.wait_for_function(
            "!document.querySelector('yinji-label').shadowRoot.querySelector('.label').hasAttribute('popover')"
        )
        assert page.evaluate(box)["left"] == over["left"]


def _colours(picture: bytes, box: list[float]) -> set[Any]:
    import io

    width, height, left, top = map(int, box)
    with Image.open(io.BytesIO(picture)) as shown:
        piece = shown.convert("RGB").crop((left, top, left + width, top + height))
        return {colour for _, colour in piece.getcolors(1 << 20) or []}


def test_a_bar_stays_at_its_edge_while_the_page_moves(browser: Browser) -> None:
    for place in ("top", "bottom"):
        bar = f'<yinji-label variant="bar" place="{place}"></yinji-label>'
        lines = "<p>text</p>" * 200
        body = html(lines).replace("<body>", f"<body>{bar if place == 'top' else ''}")
        body = body.replace("</body>", f"{bar if place == 'bottom' else ''}</body>")
        with page_of(browser, body) as page:
            page.evaluate("window.scrollTo(0, 1500)")
            box = page.locator("yinji-label").bounding_box()
            assert box is not None
            assert 0 <= box["y"] <= 640 - box["height"] + 1


@pytest.mark.parametrize("wishes", [{}, {"color_scheme": "dark"}, {"contrast": "more"}, {"forced_colors": "active"}])
def test_nothing_of_it_fails_the_guidelines(browser: Browser, wishes: dict[str, Any]) -> None:
    labels = "".join(
        f'<p>x <yinji-label variant="{variant}" tier="{tier}" href="/o" language="{language}"></yinji-label></p>'
        for variant in ("notice", "badge", "bar")
        for tier, language in (("is", "zh"), ("may", "en"), ("suspected", "both"))
    )
    with page_of(browser, html(labels), policy="script-src 'self' 'unsafe-inline' 'unsafe-eval'", **wishes) as page:
        found = browser_tools.violations(page)
        # Pages of one's own have one label of a kind; here nine notes have one name.
        assert [f for f in found if f["rule"] != "landmark-unique"] == []


def test_the_demo_shows_every_kind(browser: Browser) -> None:
    with page_of(browser, component.demo().decode(), policy=POLICY) as page:
        assert page.locator("yinji-label").count() >= 10
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.set_viewport_size({"width": 320, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_picture_in_the_documentation_is_current(browser: Browser) -> None:
    """By what is left of both after averaging: browsers of another release set letters a little differently."""
    size = sheet.SIZE[0] // 10, 2 * sheet.SIZE[1] // 10
    with Image.open(sheet.OUTPUT) as kept:
        gap = ImageChops.difference(kept.convert("RGB").resize(size), sheet.drawn(browser).resize(size))
    assert max(ImageStat.Stat(gap).mean) < 3


def test_words_read_in_their_own_direction_and_have_room_beside_a_link(browser: Browser) -> None:
    body = html('<yinji-label tier="may" href="/from"></yinji-label>', "en").replace("<html ", '<html dir="rtl" ')
    with page_of(browser, body) as page:
        page.set_viewport_size({"width": 360, "height": 640})
        direction, wide, whole = page.evaluate(
            "() => {const l = document.querySelector('yinji-label'), s = l.shadowRoot.querySelector('.says');"
            "return [getComputedStyle(s).direction, s.offsetWidth, l.offsetWidth]}"
        )
        assert direction == "ltr"
        assert wide > 0.6 * whole
