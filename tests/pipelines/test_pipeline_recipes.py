"""The recipes of docs/pipelines.md run as they stand, and say the same in both languages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import samples
import yinji
from yinji.containers.model import State

DOCS = Path(__file__).parents[2] / "docs"
LABEL = yinji.AigcLabel.first("001191110000MA0TE5T00Q10001", "20261122-7f3a9c")
_BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def blocks(name: str) -> list[tuple[str, str]]:
    return _BLOCK.findall((DOCS / name).read_text("utf-8"))


RUN = [pytest.param(*block, id=f"{number}-{block[0]}") for number, block in enumerate(blocks("pipelines.md"))
       if block[0] in ("python", "sh")]  # fmt: skip


def test_both_languages_show_the_same_commands() -> None:
    assert blocks("pipelines.md") == blocks("pipelines.zh-CN.md")
    assert len(RUN) >= 7


@pytest.mark.parametrize(("language", "code"), RUN)
def test_recipe(language: str, code: str, sample_dir: Path, tmp_path: Path) -> None:
    yinji.label(samples.png("rgb"), LABEL, output=tmp_path / "upload.png", metadata_only=True)
    yinji.label(samples.video("mp4"), LABEL, output=tmp_path / "upload.mp4", metadata_only=True)
    before = set(tmp_path.iterdir())
    command = [sys.executable, "-c", code] if language == "python" else ["sh", "-e", "-c", code]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=100, env=os.environ | {"PATH": path})
    assert done.returncode == 0, done.stderr.decode()
    made = set(tmp_path.iterdir()) - before
    assert made
    for file in made:
        reading = yinji.read(file, thorough=True)
        assert (reading.state, [found.label for found in reading.found]) == (State.LABELLED, [LABEL]), file.name
