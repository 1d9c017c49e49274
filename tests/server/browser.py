"""A real browser for the page tests: what every page must do without a complaint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Browser, Page, Playwright

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = "rules => axe.run({runOnly: rules, resultTypes: ['violations'], preload: false})"
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(SWITCHES))


@contextmanager
def opened(
    browser: Browser,
    base: str,
    *,
    language: str = "zh-CN",
    width: int = 1280,
    dark: bool = False,
    script: bool = True,
    token: str = "",
    bypass_csp: bool = False,
    refused: bool = False,
) -> Iterator[Page]:
    """Opens a page and, in the end, demands that the console stayed silent (policy violations are told there too).

    With ``refused`` it may say that an answer was an error: a browser notes there what the page says better.
    """
    context = browser.new_context(
        base_url=base,
        locale=language,
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        java_script_enabled=script,
        bypass_csp=bypass_csp,
    )
    if token:
        context.add_cookies([{"name": "yinji-session", "value": token, "url": base}])
    complaints: list[str] = []
    refusal = "Failed to load resource: the server responded with a status of "
    page = context.new_page()
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert [text for text in complaints if not (refused and text.startswith(refusal))] == []


def violations(page: Page, rules: Sequence[str] = TAGS) -> list[dict[str, Any]]:
    """Runs axe on the page; needs a context without the policy, since axe itself is a script of ours and no page's."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate(_RUN, rules)
    return [{"rule": v["id"], "where": [n["target"] for n in v["nodes"]]} for v in found["violations"]]
