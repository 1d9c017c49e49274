"""What the pages weigh and when they first show something: a phone whose processor is four times slower, on slow 3G.

    python benchmarks/pages.py

The site is the demo, on this machine. Slow 3G is 400 kbit/s down and up and 400 ms a round trip, as browsers' own tools
set it. Bytes are as transferred, each page in a browser that has nothing kept; a second line is for one that has
everything kept but the page itself. A shift of the layout under 0.1 counts as good (web.dev/cls).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "server"))

from browser import launch
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from demo_site import running

PHONE = {"width": 390, "height": 844}
SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
WATCH = """
window.shift = 0;
const add = list => { for (const one of list.getEntries()) if (!one.hadRecentInput) window.shift += one.value; };
new PerformanceObserver(add).observe({ type: 'layout-shift', buffered: true });
"""
TOLD = """() => [
  performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
  performance.getEntriesByType('navigation')[0].loadEventEnd,
  window.shift,
]"""


def measure(context: BrowserContext, url: str) -> dict[str, Any]:
    """Opens a page once and returns its requests, bytes, times in ms, and how far its layout shifted."""
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", SLOW_3G)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.add_init_script(WATCH)
    sent: list[float] = []
    devtools.on("Network.loadingFinished", lambda event: sent.append(event["encodedDataLength"]))
    page.goto(url, wait_until="load", timeout=120_000)
    page.wait_for_timeout(1500)
    first, loaded, shift = page.evaluate(TOLD)
    page.close()
    return {"requests": len(sent), "bytes": sum(sent), "first": first, "loaded": loaded, "shift": shift}


def told(name: str, found: dict[str, Any]) -> str:
    size = f"{found['bytes'] / 1000:8.1f} kB"
    times = f"{found['first'] / 1000:6.1f} s{found['loaded'] / 1000:8.1f} s"
    return f"{name:<22}{found['requests']:>9}{size}{times}{found['shift']:>8.3f}"


def pages(browser: Browser, base: str) -> None:
    print(f"{'page':<22}{'requests':>9}{'bytes':>11}{'paint':>8}{'load':>10}{'shift':>8}")
    warm = browser.new_context(viewport=PHONE, device_scale_factor=2, is_mobile=True)
    prepared = warm.new_page()
    prepared.goto(base, wait_until="networkidle")
    address = prepared.locator(".post .headline a").first.get_attribute("href")
    prepared.close()
    for name, path in (
        ("feed", "/"),
        ("item", str(address)),
        ("verify", "/verify"),
        ("statistics", "/statistics?range=30"),
        ("sign in", "/sign-in"),
    ):
        cold = browser.new_context(viewport=PHONE, device_scale_factor=2, is_mobile=True)
        print(told(name, measure(cold, base + path)), flush=True)
        cold.close()
        print(told("  with assets kept", measure(warm, base + path)), flush=True)
    warm.close()


def main() -> None:
    with running() as base, sync_playwright() as playwright:
        browser = launch(playwright)
        pages(browser, base)
        browser.close()


if __name__ == "__main__":
    main()
