from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import live
from browser import launch
from playwright.sync_api import Browser, sync_playwright

import samples
import yinji

LABEL = yinji.AigcLabel.first(producer="001191110000MA0TE5T00Q10001", produce_id="20261122-7f3a9c")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[live.Site]:
    with live.serve(tmp_path_factory.mktemp("site")) as site:
        yield site


_WIDTHS = itertools.count(410)


@pytest.fixture
def plain_png(tmp_path: Path) -> Path:
    """A picture that no other test has: the site is shared, and knows media again that it has seen with a label."""
    path = tmp_path / "街景.png"
    samples.picture(size=(next(_WIDTHS), 290)).save(path)
    return path


@pytest.fixture(scope="session")
def labelled_png(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labelled")
    samples.picture(size=(400, 292)).save(folder / "plain.png")
    yinji.label(folder / "plain.png", LABEL, output=folder / "青绿山水.png", metadata_only=True)
    return folder / "青绿山水.png"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()
