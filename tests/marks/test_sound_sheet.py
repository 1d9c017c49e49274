"""The spectrograms in the documentation show the labels of sound as they are made now."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageChops, ImageStat

from marks import moving_sheet as sheet


def test_the_spectrograms_in_the_documentation_are_current(tmp_path: Path) -> None:
    drawn = sheet.in_sound(tmp_path)
    with Image.open(sheet.FOLDER / "labels-in-sound.png") as kept:
        assert kept.size == drawn.size
        gap = ImageChops.difference(kept.convert("RGB"), drawn)
    # The kept picture has 64 colours; a tone that is a dot longer, or at another pitch, differs by far more.
    assert max(ImageStat.Stat(gap).mean) < 2
    assert max(ImageStat.Stat(gap.crop((34, 14, 250, 14 + sheet.TALL))).mean) < 2
