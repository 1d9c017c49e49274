"""Makes the parts of the documentation that come from the running program: pictures of the pages, and docs/formats.md.

make docs
"""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from yinji.containers.registry import containers
from yinji.containers.room import keeps_room
from yinji.errors import UnsupportedFormat
from yinji.marks.registry import mark_for

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def photograph(url: str) -> None:
    """Saves the feed in both languages, in few colours, as a small PNG."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for tag, name in (("zh-CN", "feed.zh.png"), ("en", "feed.en.png")):
            page = browser.new_context(locale=tag, viewport=SIZE).new_page()
            page.goto(f"{url}/?lang={tag}")
            page.wait_for_load_state("networkidle")
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            picture.quantize(256, kmeans=2, dither=Image.Dither.NONE).save(PICTURES / name, optimize=True)
        browser.close()


def wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    """Returns once the server answers: it plays its month first, which takes as long as the machine takes.

    Raises:
        RuntimeError: It ended instead.
    """
    while server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise RuntimeError(f"yinji demo ended with {server.returncode}")


def feed_pictures() -> None:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "YINJI_DATA_DIR": folder}
        command = [sys.executable, "-m", "yinji", "demo", "--port", str(port)]
        server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        try:
            wait_for(server, port)
            photograph(f"http://127.0.0.1:{port}")
        finally:
            server.terminate()
            server.wait()


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
            container.carrier or "–",
            "✓" if container.writable else "–",
            "✓" if keeps_room(container) else "–",
            draws(container.media_type) or "–",
            container.clause or ("our own placement 自定位置" if container.carrier else "no official place 无官方位置"),
        )
        lines.append("| " + " | ".join(cells) + " |")
    (ROOT / "docs" / "formats.md").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    formats_page()
    feed_pictures()
    print("docs/formats.md and docs/pictures/ are up to date.")
