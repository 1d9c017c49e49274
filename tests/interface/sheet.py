"""Draws ``docs/pictures/interface.png``: the demo page, light and dark. Run it after a change of the look."""

import io
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Route, sync_playwright

from yinji.marks.interface import component

OUTPUT = Path(__file__).parents[2] / "docs/pictures/interface.png"
SIZE = (1150, 690)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def answer(route: Route) -> None:
    if route.request.url.endswith(".js"):
        route.fulfill(body=component.script(), content_type=component.MEDIA_TYPE)
    else:
        route.fulfill(body=component.demo(), content_type="text/html; charset=utf-8")


def drawn(browser: Browser) -> Image.Image:
    """The demo page, light above dark."""
    result = Image.new("RGB", (SIZE[0], 2 * SIZE[1]))
    for number, scheme in enumerate(SCHEMES):
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, color_scheme=scheme, locale="zh-CN")
        page.route("**/*", answer)
        page.goto("http://label.test/")
        page.evaluate("customElements.whenDefined('yinji-label').then(() => document.fonts.ready)")
        page.wait_for_timeout(300)
        with Image.open(io.BytesIO(page.screenshot())) as shown:
            result.paste(shown.convert("RGB"), (0, number * SIZE[1]))
        page.close()
    return result


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        result = drawn(browser)
        browser.close()
    result.quantize(128, dither=Image.Dither.NONE).save(OUTPUT, optimize=True)
    print(f"{OUTPUT}: {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
