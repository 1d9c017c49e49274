"""The pictures in the documentation show the label as it is drawn now."""

import importlib.util
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

SCRIPT = Path(__file__).with_name("sheet.py")


def test_the_sheets_in_the_documentation_are_current() -> None:
    spec = importlib.util.spec_from_file_location("label_sheet", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    sheet = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sheet)
    for output, draw in sheet.SHEETS.items():
        drawn = draw()
        with Image.open(output) as kept:
            assert kept.size == drawn.size
            gap = ImageChops.difference(kept.convert("RGB"), drawn)
        # The kept picture has few colours; more than that would be another look.
        assert max(ImageStat.Stat(gap).mean) < 4
        assert output.stat().st_size < 200_000
