from __future__ import annotations

import os
import re
import time
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import httpx
import pytest
from browser import opened, violations
from live import Site
from playwright.sync_api import Browser, expect

import samples
import yinji
from yinji.platform.model import Role


@pytest.fixture
def author(site: Site) -> Iterator[httpx.Client]:
    with site.client(Role.CREATOR) as client:
        yield client


@pytest.fixture(scope="module")
def jpeg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("preview") / "照片.jpg"
    samples.picture(size=(480, 320)).save(path)
    return path


def tried(author: httpx.Client, name: str, data: bytes) -> str:
    answer = author.post("/preview", files={"file": (name, data)})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


@pytest.mark.parametrize(("language", "words"), [("zh-CN", "AI生成"), ("en", "AI-generated")])
def test_see_the_label_on_ones_own_picture_and_draw_it_again(
    site: Site, browser: Browser, jpeg: Path, language: str, words: str
) -> None:
    with opened(browser, site.base, language=language, token=site.token(Role.CREATOR), bypass_csp=True) as page:
        page.goto("/preview")
        assert violations(page) == []
        page.set_input_files("#f", jpeg)
        page.click("form.drop button")
        page.wait_for_url(re.compile(r"/preview/[0-9a-f-]+$"))
        expect(page.locator("dl.facts dd").first).to_contain_text(words)
        assert page.locator(".media img").evaluate("i => i.complete && i.naturalWidth") == 480
        assert violations(page) == []
        page.select_option("#place", "top-left")
        with page.expect_navigation():
            page.click("form button:has-text('重新生成'), form button:has-text('Draw again')")
        expect(page.locator("#place")).to_have_value("top-left")
        expect(page.locator("dl.facts dd").nth(1)).to_have_text("左上角" if language == "zh-CN" else "Top left")


def test_nothing_of_it_is_published_or_seen_by_others(site: Site, author: httpx.Client, jpeg: Path) -> None:
    before = author.get("/v1/items").json()["items"]
    address = tried(author, jpeg.name, jpeg.read_bytes())
    assert author.get("/v1/items").json()["items"] == before
    labelled = author.get(f"{address}/file")
    assert labelled.headers["content-type"] == "image/jpeg" and "sandbox" in labelled.headers["content-security-policy"]
    assert yinji.read(labelled.content).label is not None
    with site.client(Role.ADMIN) as other:
        for path in (address, f"{address}/file", f"{address}.json"):
            assert other.get(path).status_code == 404
    with site.client() as visitor:
        assert visitor.get(f"{address}/file").status_code == 401


def test_a_text_shows_what_was_written_where(author: httpx.Client) -> None:
    address = tried(author, "文章.md", "# 题\n\n一段话。\n".encode())
    facts = author.get(f"{address}.json").json()
    (drawn,) = (step for step in facts["written"]["steps"] if step["step"] == "perceptible")
    assert drawn["words"] in author.get(f"{address}/file").text
    read = author.get(address).text.partition('<pre class="written">')[2].partition("</pre>")[0]
    assert drawn["words"] in read and "一段话。" in read
    again = author.post(address, data={"language": "en", "place": "end"})
    assert again.status_code == 303
    long = tried(author, "长.txt", b"<b>x</b> " * 2000 + "尾".encode())
    shown = author.get(long).text
    assert "&lt;b&gt;" in shown and "<b>x</b>" not in shown and "尾</pre>" in shown
    assert author.get(f"{address}.json").json()["wish"] == {"language": "en", "place": "end", "style": ""}


@pytest.mark.parametrize(("name", "data"), [("x.jpg", b"\xff\xd8\xff"), ("x.bin", bytes(range(256))), ("x.png", b"")])
def test_a_file_that_cannot_be_labelled_is_answered_in_words(author: httpx.Client, name: str, data: bytes) -> None:
    answer = author.post("/preview", files={"file": (name, data)})
    assert 400 <= answer.status_code < 500
    assert "note-bad" in answer.text


def test_a_wish_that_is_not_offered_changes_nothing(author: httpx.Client, jpeg: Path) -> None:
    address = tried(author, jpeg.name, jpeg.read_bytes())
    before = author.get(f"{address}.json").json()
    for wish in ({"language": "fr"}, {"place": "../x"}, {"style": "song"}, {"place": "end"}):
        assert 400 <= author.post(address, data=wish).status_code < 500
    assert author.get(f"{address}.json").json() == before


def test_previews_give_way_and_end(site: Site, author: httpx.Client, jpeg: Path) -> None:
    first = tried(author, jpeg.name, jpeg.read_bytes())
    later = [tried(author, jpeg.name, jpeg.read_bytes()) for _ in range(5)]
    assert author.get(f"{first}.json").status_code == 404
    assert author.get(f"{later[0]}.json").status_code == 200
    folder = site.platform.settings.data_dir / "previews"
    for entry in folder.iterdir():
        os.utime(entry, (time.time() - 7200,) * 2)
    site.platform.previews.expire()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("language", "says"),
    [("zh-CN", ("节奏（短长 短短）", "接入声音")), ("en", ("Rhythm: short-long short-short", "Spliced in"))],
)
def test_what_was_done_is_said_in_the_language_of_the_page(
    author: httpx.Client, sample_dir: Path, language: str, says: tuple[str, str]
) -> None:
    sound = samples.audio("wav")
    address = tried(author, sound.name, sound.read_bytes())
    shown = author.get(address, headers={"Accept-Language": language}).text
    assert all(words in shown for words in says)


METHODS = (
    *("coefficients", "lossless", "widened", "few-colours", "re-encoded", "smart-render", "full re-encode"),
    *("spliced", "lossless re-encode", "added", "text", "parts", "incremental", "found"),
)
"""How marks say that they kept the rest of a file."""


def test_every_method_has_words() -> None:
    words = tomllib.loads((files("yinji") / "server/words/preview.toml").read_text("utf-8"))["preview"]
    for method in METHODS:
        text = words[f"method_{method.replace('-', '_').replace(' ', '_')}"]
        assert text["zh"] and text["en"]
