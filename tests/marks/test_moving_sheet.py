"""The spectrograms and the frames of film in the documentation show the labels as they are made now."""

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


def test_the_frames_of_film_in_the_documentation_are_current(tmp_path: Path) -> None:
    drawn = sheet.on_video(tmp_path)
    with Image.open(sheet.FOLDER / "labels-on-video.png") as kept:
        assert kept.size == drawn.size
        gap = ImageChops.difference(kept.convert("RGB"), drawn)
    # Few colours, and what another release of an encoder does to soft edges; a label moved or gone differs by far more.
    assert max(ImageStat.Stat(gap).mean) < 4
    left = sheet.GAP
    for shown, marked in ((300, True), (300, True), (300, False)):
        label = (left + shown - 50, sheet.GAP + sheet.SIZE[1] - 24, left + shown - 2, sheet.GAP + sheet.SIZE[1] - 2)
        assert max(ImageStat.Stat(gap.crop(label)).mean) < 8
        assert (drawn.crop(label).convert("L").getextrema()[1] > 200) is marked
        left += shown + sheet.GAP
