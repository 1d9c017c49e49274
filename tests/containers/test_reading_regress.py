"""Files that once broke a container: ``tests/regress/NAME/*`` are replayed through the same checks as fuzzing."""

from __future__ import annotations

from pathlib import Path

import pytest

from yinji.containers.registry import by_name
from yinji.testing import survives

REGRESS = Path(__file__).parent.parent / "regress"
FILES = sorted(path for path in REGRESS.glob("*/*") if path.is_file() and path.name != "README.md")


def test_there_is_a_folder_to_put_them_in() -> None:
    assert {"jpeg", "png"} <= {path.name for path in REGRESS.iterdir()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_replayed(path: Path) -> None:
    survives(by_name(path.parent.name), path.read_bytes())
