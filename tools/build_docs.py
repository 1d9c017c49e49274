"""Makes the parts of the documentation that come from the running program: pictures of the pages, and docs/formats.md.

make docs
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "server"))

from browser import launch
from PIL import Image
from playwright.sync_api import sync_playwright

from demo_site import running
from yinji.containers.registry import containers
from yinji.containers.room import keeps_room
from yinji.errors import UnsupportedFormat
from yinji.marks.registry import mark_for

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
SIZE = {"width": 1280, "height": 860}
HEADINGS = (
    "format 格式",
    "endings 扩展名",
    "metadata label in 元数据标识的位置",
    "written 写入",
    "passed on in place 就地续写",
    "visible label 显式标识",
    "clause 依据",
)


def photograph(url: str) -> None:
    """Saves the feed in both languages, in few colours, as a small PNG."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for tag, name in (("zh-CN", "feed.zh.png"), ("en", "feed.en.png")):
            page = browser.new_context(locale=tag, viewport=SIZE).new_page()
            page.goto(f"{url}/?lang={tag}")
            page.wait_for_load_state("networkidle")
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            picture.quantize(256, kmeans=2, dither=Image.Dither.NONE).save(PICTURES / name, optimize=True)
        browser.close()


def draws(media_type: str) -> str:
    try:
        return mark_for(media_type).name
    except UnsupportedFormat:
        return ""


def formats_page() -> None:
    """Writes the table of formats from what the containers say of themselves."""
    lines = [
        "# Formats · 格式",
        "",
        "Made by `make docs` from the containers' own words; `yinji formats` prints the same.",
        "由 `make docs` 根据各格式模块自己的说明生成；`yinji formats` 输出同样的内容。",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "|" + " --- |" * len(HEADINGS),
    ]
    for container in containers():
        cells = (
            container.name,
            " ".join(container.extensions),
            container.carrier or "sidecar 旁注文件 (`--sidecar`)",
            "✓" if container.writable else "–",
            "✓" if keeps_room(container) else "–",
            draws(container.media_type) or "–",
            container.clause or ("our own placement 自定位置" if container.carrier else "no official place 无官方位置"),
        )
        lines.append("| " + " | ".join(cells) + " |")
    (ROOT / "docs" / "formats.md").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    formats_page()
    with running() as url:
        photograph(url)
    print("docs/formats.md and docs/pictures/ are up to date.")
