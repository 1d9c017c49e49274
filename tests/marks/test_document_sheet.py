"""The picture of documents in the documentation shows the label on PDF pages as it is drawn now."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageChops, ImageStat

from marks import document_sheet as sheet


def test_the_pages_in_the_documentation_are_current(tmp_path: Path) -> None:
    drawn = sheet.joined(sheet.pdf_row(tmp_path))
    with Image.open(sheet.OUTPUT) as kept:
        shown = kept.convert("RGB").crop((0, 0, *drawn.size))
        gap = ImageChops.difference(shown, drawn)
    # The kept picture has few colours; more than that would be another look.
    assert max(ImageStat.Stat(gap).mean) < 4
    assert sheet.OUTPUT.stat().st_size < 200_000
