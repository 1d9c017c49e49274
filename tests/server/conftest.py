from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import live

import samples
import yinji

LABEL = yinji.AigcLabel.first(producer="001191110000MA0TE5T00Q10001", produce_id="20261122-7f3a9c")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[live.Site]:
    with live.serve(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="session")
def plain_png(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "街景.png"
    samples.picture(size=(400, 300)).save(path)
    return path


@pytest.fixture(scope="session")
def labelled_png(plain_png: Path) -> Path:
    path = plain_png.with_name("青绿山水.png")
    other = plain_png.with_name("other.png")  # not the same media: that would make plain_png a copy without its label
    samples.picture(size=(400, 302)).save(other)
    yinji.label(other, LABEL, output=path, metadata_only=True)
    return path


@pytest.fixture(scope="session")
def labelled_jpeg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("jpeg")
    samples.picture(size=(400, 300)).save(folder / "plain.jpg")
    yinji.label(folder / "plain.jpg", LABEL, output=folder / "labelled.jpg", metadata_only=True)
    return folder / "labelled.jpg"
