"""What is written under which name: an ending that says something else than the content is refused beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import samples
import writable
import yinji
from yinji.cli.app import group
from yinji.containers.registry import by_name
from yinji.errors import UsageError

PRODUCER, PLATFORM = "001191110000MA0TE5T00Q10001", "001191110000MA0TE5T00Q20001"
LABEL = yinji.AigcLabel.first(PRODUCER, "1")
SAID = ("--producer", PRODUCER, "--id", "1", "--metadata-only")


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(group, ["--lang", "en", *map(str, arguments)], standalone_mode=False)
    return result.return_value, result.output


@pytest.fixture
def photo(sample_dir: Path, tmp_path: Path) -> Path:
    path = tmp_path / "x.jpg"
    path.write_bytes(samples.jpeg("baseline").read_bytes())
    return path


def test_another_formats_ending_is_refused_by_every_verb_that_writes(photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "y.png"
    labelled = tmp_path / "labelled.jpg"
    yinji.label(photo, LABEL, metadata_only=True, output=labelled)
    for arguments in (
        ("label", photo, "-o", out, *SAID),
        ("propagate", labelled, "-o", out, "--propagator", PLATFORM, "--id", "p"),
        ("carry", labelled, photo, "-o", out),
    ):
        code, words = run(*arguments)
        assert (arguments[0], code, out.exists()) == (arguments[0], 2, False)
        assert "JPEG" in words
        assert ".jpg" in words


@pytest.mark.parametrize("name", ["y.jpeg", "y.jfif", "y.JPG", "y", "y.labelled", "y.bin", "out/"])
def test_names_that_fit_or_say_nothing_are_taken(name: str, photo: Path, tmp_path: Path) -> None:
    out = f"{tmp_path}/{name}"
    assert run("label", photo, "-o", out, *SAID)[0] == 0
    made = Path(out) / photo.name if name.endswith("/") else Path(out)
    assert yinji.read(made, thorough=True).label == LABEL


def test_relatives_are_taken_and_a_wrong_name_may_stay_wrong(photo: Path, tmp_path: Path) -> None:
    film = writable.place(by_name("m4v"), tmp_path)
    assert run("label", film, "-o", tmp_path / "y.mp4", *SAID)[0] == 0
    misnamed = tmp_path / "really-a-jpeg.png"
    misnamed.write_bytes(photo.read_bytes())
    assert run("label", misnamed, "-o", tmp_path / "still.png", *SAID)[0] == 0


def test_a_style_says_what_it_is_for(photo: Path, tmp_path: Path) -> None:
    sound, page = (writable.place(by_name(name), tmp_path) for name in ("wav", "html"))
    for path, style in ((photo, "rhythm"), (photo, "speech"), (sound, "black"), (page, "white-50"), (page, "rhythm")):
        out = tmp_path / f"out{path.suffix}"
        code, words = run("label", path, "-o", out, "--producer", PRODUCER, "--id", "1", "--style", style)
        assert (path.name, style, code, out.exists()) == (path.name, style, 2, False)
        assert "pictures and video take" in words
    with pytest.raises(UsageError) as refused:
        yinji.label(photo, LABEL, output=tmp_path / "z.jpg", style="rhythm")
    assert refused.value.code == "style-not-for-kind"
