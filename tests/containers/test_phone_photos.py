"""Ultra HDR and motion photos: the label goes in, and phones and exiftool find map and film where they were."""

from __future__ import annotations

from pathlib import Path

import pytest

import oracles
import phone_photos
import yinji
from yinji.containers.heif.container import Heic
from yinji.containers.jpeg.container import Jpeg
from yinji.testing import LABEL, check_container

PHOTOS = {
    "gain map.jpg": lambda: phone_photos.jpeg(),
    "film.jpg": lambda: phone_photos.jpeg(with_map=False, with_film=True),
    "both.jpg": lambda: phone_photos.jpeg(with_film=True),
    "film.heic": lambda: phone_photos.heic(),
}


def test_harness(sample_dir: Path) -> None:
    made = [(name, make()) for name, make in PHOTOS.items()]
    check_container(Jpeg(), [photo for photo in made if photo[0].endswith("jpg")], mutations=6)
    check_container(Heic(), [photo for photo in made if photo[0].endswith("heic")], mutations=6)


@pytest.mark.parametrize("name", PHOTOS)
def test_everything_is_where_it_is_said_to_be(name: str, sample_dir: Path, tmp_path: Path) -> None:
    before, after = tmp_path / name, tmp_path / f"labelled {name}"
    before.write_bytes(PHOTOS[name]())
    yinji.label(before, LABEL, output=after, metadata_only=True)
    yinji.propagate(after, propagator="001191110000MA0TE5T00Q20001", propagate_id="post-42", in_place=True)
    label = yinji.read(after, thorough=True).found[0].label
    assert label is not None
    assert oracles.exiftool_label(after) == dict(label.items())
    assert yinji.media_digest(after) == yinji.media_digest(before)
    assert oracles.exiftool_warnings(after) == oracles.exiftool_warnings(before)
    lengths = _lengths(before)
    assert lengths == _lengths(after)
    assert after.read_bytes()[-sum(lengths) :] == before.read_bytes()[-sum(lengths) :]
    if "film" in name or "both" in name:
        assert after.read_bytes().endswith(phone_photos.film())
    if name.endswith("heic"):
        assert oracles.run("exiftool", "-b", "-MotionPhotoVideo", after) == phone_photos.film()
    elif name != "film.jpg":
        assert oracles.run("exiftool", "-b", "-MPImage2", after) == phone_photos.gain_map()


def _lengths(path: Path) -> list[int]:
    """Returns how long the pictures and films behind the first are, as the directory in the packet says."""
    return [int(row["Item"]["Length"]) for row in oracles.exiftool(path)["XMP-Container:Directory"]]
