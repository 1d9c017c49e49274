"""A page in Chinese has the sections, the pictures and the commands of its page in English."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted(path.name.removesuffix(".zh-CN.md") for path in DOCS.glob("*.zh-CN.md"))


def outline(page: Path) -> tuple[list[str], list[str], list[str]]:
    text = page.read_text("utf-8")
    code = re.findall(r"^```\w*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    plain = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    commands = [line.partition(" #")[0].rstrip() for block in code for line in block.splitlines() if "yinji" in line]
    commands = [re.sub(r"</yinji-label>.*|YOUR-27-CHARACTER-CODE|你的27位编码", "", command) for command in commands]
    pictures = [name.replace(".zh.", ".").replace(".en.", ".") for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", plain)]
    return re.findall(r"^(#+) ", plain, re.MULTILINE), pictures, commands


@pytest.mark.parametrize("name", PAGES)
def test_both_languages_have_the_same_outline(name: str) -> None:
    assert outline(DOCS / f"{name}.md") == outline(DOCS / f"{name}.zh-CN.md")
    assert f"({name}.zh-CN.md)" in (DOCS / f"{name}.md").read_text("utf-8")
