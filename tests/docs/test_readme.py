"""Every command in the READMEs is run as it stands there, and prints what stands there.

In an expected output, `…` stands for any text within a line, and a line that is only `…` for any lines.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.zh-CN.md")
NOT_RUN = ("git ", "make ", "pip ")


def blocks(readme: str) -> list[tuple[str, str]]:
    """Returns (language, text) of every fenced block."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / readme).read_text("utf-8"), re.DOTALL | re.MULTILINE)


def commands(readme: str) -> list[tuple[str, list[str]]]:
    """Returns (command, expected lines) of every console block, in order."""
    found: list[tuple[str, list[str]]] = []
    for language, text in blocks(readme):
        if language != "console":
            continue
        for line in text.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def pattern(lines: list[str]) -> str:
    parts = [r"(?:.*\n)*?" if line.strip() == "…" else re.escape(line).replace("…", ".*") + r"\n" for line in lines]
    return "".join(parts)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    picture = Image.radial_gradient("L").resize((1200, 800)).convert("RGB")
    picture.save(tmp_path / "photo.jpg", quality=90)
    picture.save(tmp_path / "upload.png")
    picture.resize((300, 200)).save(tmp_path / "thumbnail.jpg")
    (tmp_path / "essay.md").write_text("# Tea\n\nWater first.\n", "utf-8")
    return tmp_path


@pytest.mark.parametrize("readme", READMES)
def test_commands(readme: str, folder: Path) -> None:
    language = "zh-CN" if "zh" in readme else "en"
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "YINJI_LANG": language,
        "PYTHONIOENCODING": "utf-8",
        "PYTHONWARNINGS": "error",
        "COLUMNS": "100",
    }
    ran = 0
    for command, expected in commands(readme):
        if command.startswith(NOT_RUN):
            continue
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        output = "".join(f"{line.rstrip()}\n" for line in (done.stdout + done.stderr).splitlines())
        assert re.fullmatch(pattern(expected), output), f"{readme}: $ {command}\n{output}"
        ran += 1
    assert ran >= 8


@pytest.mark.parametrize("readme", READMES)
def test_python(readme: str, folder: Path) -> None:
    scripts = [text for language, text in blocks(readme) if language == "python"]
    assert scripts
    for script in scripts:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", script], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_both_languages_show_the_same_commands() -> None:
    english, chinese = (
        [re.sub(r"--lang \S+ ?", "", command).split("#")[0].strip() for command, _ in commands(readme)]
        for readme in READMES
    )
    assert english == chinese
    headings = [len(re.findall(r"^##+ ", (ROOT / readme).read_text("utf-8"), re.MULTILINE)) for readme in READMES]
    assert headings[0] == headings[1]


def test_links_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for target, anchor in re.findall(r"\]\((?!https?://)([^)#]*)#?([^)]*)\)", page.read_text("utf-8")):
            there = page.parent / target if target else page
            assert there.exists(), f"{page.name}: {target}"
            assert not anchor or anchor in anchors(there), f"{page.name}: {target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """Returns what links can name in a page: its headings, in lower case, with hyphens and without other signs."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_setting_is_listed_in_both_languages() -> None:
    setting = re.compile(r"YINJI_[A-Z0-9_]*[A-Z0-9]\b")
    known = {name for path in (ROOT / "src").rglob("*.py") for name in setting.findall(path.read_text("utf-8"))}
    for page in ("docs/operating.md", "docs/operating.zh-CN.md"):
        assert set(setting.findall((ROOT / page).read_text("utf-8"))) == known, page
