"""Files that once broke a container: ``tests/regress/NAME/*`` are replayed through the same checks as fuzzing."""

from __future__ import annotations

from pathlib import Path

import pytest

from yinji.containers.registry import by_name
from yinji.errors import Malformed, YinjiError
from yinji.testing import Sample, labelled, survives

REGRESS = Path(__file__).parent.parent / "regress"
FILES = sorted(path for path in REGRESS.glob("*/*") if path.is_file() and path.name != "README.md")


def test_there_is_a_folder_to_put_them_in() -> None:
    assert {"jpeg", "png"} <= {path.name for path in REGRESS.iterdir()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_replayed(path: Path) -> None:
    survives(by_name(path.parent.name), path.read_bytes())


WRITING = {
    "avi/labels-in-two-lists.avi": "",
    "avif/stray-bytes-behind-item-entries.avif": "",
    "dng/directory-over-the-header": "truncated",
    "flac/no-frames-behind-the-label.flac": "flac-no-audio",
    "flv/label-between-tags.flv": "",
    "flv/no-tag-and-labels-in-labels.flv": "flv-tag",
    "html/declares-utf-16-in-ascii.html": "",
    "html/odd-byte-behind-utf-16.html": "",
    "jpeg/stray-bytes-with-a-label-in-pieces.jpg": "jpeg-stray-label",
    "jpeg/value-over-its-own-entry.jpg": "exif-broken",
    "markdown/rules-around-what-is-no-label": "markdown-second",
    "rf64/description-shorter-than-its-field.wav": "",
    "svg/packet-inside-an-aigc-element.svg": "svg-label-place",
    "tiff/strip-beyond-the-end": "truncated",
    "usd/field-set-that-begins-inside-another.usdc": "usd-crate-damaged",
    "wav/label-inside-filler-behind-a-cut-one.wav": "",
}
"""How writing ends: with the label in, or with the code of the refusal."""


@pytest.mark.parametrize("name", WRITING)
def test_is_written_right_or_refused_with_a_reason(name: str) -> None:
    path = REGRESS / name
    container, code = by_name(path.parent.name), ""
    try:
        labelled(container, Sample(f"input.{container.extensions[0]}", path.read_bytes()))
    except YinjiError as error:
        code = error.code
    assert code == WRITING[name]


def test_a_directory_over_the_header_is_refused_in_a_file_that_is_not_cut_off_too() -> None:
    data = (REGRESS / "dng/directory-over-the-header").read_bytes()
    with pytest.raises(Malformed) as caught:
        labelled(by_name("dng"), Sample("input.dng", data + bytes(2 << 20)))
    assert caught.value.code == "tiff-overlap"
