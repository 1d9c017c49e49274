from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from browser import opened, violations
from live import Site
from playwright.sync_api import Browser, expect

from yinji.labels.declaration import Declaration, Declared
from yinji.platform.model import Item, Role


@pytest.fixture(scope="module")
def item(site: Site) -> Item:
    author = site.accounts[Role.CREATOR]
    return site.platform.publish(
        author, title="印与<信>", text="由模型写成", declaration=Declaration(Declared.AI_GENERATED)
    )


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture(scope="module")
def elsewhere(site: Site, item: Item, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another site that frames the item."""
    folder = tmp_path_factory.mktemp("elsewhere")
    frame = f'<iframe src="{site.base}/embed/items/{item.id}" title="frame" width="640" height="560"></iframe>'
    (folder / "index.html").write_text(f'<!doctype html><html lang="en"><link rel="icon" href="data:,">{frame}</html>')
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_notice_travels_into_somebody_elses_page(browser: Browser, elsewhere: str) -> None:
    with opened(browser, elsewhere) as page:
        page.goto("/")
        expect(page.frame_locator("iframe").locator(".notice .say")).to_contain_text("可能为人工智能生成合成内容")


def test_other_pages_cannot_be_framed(site: Site, item: Item) -> None:
    with site.client() as client:
        assert "frame-ancestors *" in client.get(f"/embed/items/{item.id}").headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in client.get(f"/items/{item.id}").headers["Content-Security-Policy"]


@pytest.mark.parametrize(("language", "width"), [("zh-CN", 640), ("en", 320)])
def test_the_frame_is_accessible_and_fits(site: Site, browser: Browser, item: Item, language: str, width: int) -> None:
    with opened(browser, site.base, language=language, width=width, bypass_csp=True) as page:
        page.goto(f"/embed/items/{item.id}")
        assert [v for v in violations(page) if v["rule"] != "page-has-heading-one"] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_oembed_says_the_notice_in_its_title_and_escapes_what_people_wrote(site: Site, item: Item) -> None:
    with site.client(**{"Accept-Language": "en"}) as client:
        answer = client.get("/oembed", params={"url": f"{site.base}/items/{item.id}"}).json()
        assert answer["type"] == "rich" and answer["title"] == "印与<信> · May be AI-generated"
        assert "&lt;信&gt;" in answer["html"] and "<信>" not in answer["html"]
        for wrong in ("", "https://example.org/", f"{site.base}/items/../{item.id}", "x" * 5000):
            assert client.get("/oembed", params={"url": wrong}).status_code == 404


def test_a_shared_link_tells_the_notice(site: Site, item: Item) -> None:
    with site.client(**{"Accept-Language": "zh-CN"}) as client:
        html = client.get(f"/items/{item.id}").text
    assert '<meta property="og:description" content="该内容可能为人工智能生成合成内容（作者声明）">' in html


def test_what_nobody_flagged_bears_the_quiet_reminder(site: Site) -> None:
    author = site.accounts[Role.CREATOR]
    plain = site.platform.publish(author, title="", text="自己写的", declaration=Declaration(Declared.NOT_AI))
    with site.client(**{"Accept-Language": "zh-CN"}) as client:
        for address in (f"/items/{plain.id}", f"/embed/items/{plain.id}", "/?q=自己写的"):
            assert "请结合来源自行判断" in client.get(address).text
