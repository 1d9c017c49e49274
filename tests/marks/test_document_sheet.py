"""The picture in the documentation shows the label on pages, texts, slides and sheets as it is drawn now."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from marks import document_sheet as sheet


@pytest.mark.parametrize(("number", "row"), [(0, sheet.pdf_row), (1, sheet.office_row)], ids=("pages", "office"))
def test_the_pages_in_the_documentation_are_current(
    tmp_path: Path, number: int, row: Callable[[Path], list[Image.Image]]
) -> None:
    drawn = sheet.joined(row(tmp_path))
    with Image.open(sheet.OUTPUT) as kept:
        shown = kept.convert("RGB").crop((0, number * drawn.height, drawn.width, (number + 1) * drawn.height))
        gap = ImageChops.difference(shown, drawn)
    # The kept picture has few colours; more than that would be another look.
    assert max(ImageStat.Stat(gap).mean) < 4
    assert sheet.OUTPUT.stat().st_size < 200_000
