"""Where the labels of uploads are seen and heard: boxes on the picture, seconds on the time line."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

import samples
import yinji
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.model import Account, Item
from yinji.platform.service import Platform
from yinji.server.present_cases import marks, spans, with_sightings

LABEL = yinji.AigcLabel.first(producer="001191110000MA0TE5T00Q10001", produce_id="20261122-7f3a9c")


def posted(platform: Platform, author: Account, data: bytes, name: str) -> Item:
    with platform.upload(author) as upload:
        upload.write(data)
        draft = upload.finish(name)
    declared = Declaration(Declared.AI_GENERATED)
    return platform.publish(author, title=name, text="", declaration=declared, draft_id=draft.id)


def seen(platform: Platform, item: Item) -> dict[str, object]:
    assert platform.sightings.of(item.id, item.kind) is None, "a worker looks"
    assert platform.sightings.of(item.id, item.kind) is None
    platform.work.pool(1).drain()
    found = platform.sightings.of(item.id, item.kind)
    assert found is not None
    return with_sightings({"evidence": []}, found)


@pytest.fixture(scope="module")
def sideways(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture that cameras store lying on its side, labelled."""
    folder, exif = tmp_path_factory.mktemp("sideways"), Image.Exif()
    exif[0x0112] = 6
    samples.picture(size=(600, 400)).save(folder / "plain.jpg", exif=exif, quality=92)
    yinji.label(folder / "plain.jpg", LABEL, output=folder / "x.jpg")
    return folder / "x.jpg"


def test_the_box_of_a_label_stands_where_readers_see_it(platform: Platform, author: Account, sideways: Path) -> None:
    (mark,) = marks(seen(platform, posted(platform, author, sideways.read_bytes(), "x.jpg")))
    assert mark.number == 1
    assert mark.left > 40 and mark.top > 80, "the lower right corner of the picture as displayed"
    assert mark.left + mark.width <= 100 and mark.top + mark.height <= 100


def test_film_and_sound_have_their_seconds(platform: Platform, author: Account, tmp_path: Path) -> None:
    film, sound = tmp_path / "film.mp4", tmp_path / "sound.wav"
    yinji.label(samples.video("mp4"), LABEL, output=film)
    yinji.label(samples.audio("wav"), LABEL, output=sound)
    shown = seen(platform, posted(platform, author, film.read_bytes(), "film.mp4"))
    assert len(marks(shown)) == 1
    (span, *_) = spans(shown)
    assert span.start == 0 and 0 < span.width <= 100
    heard = seen(platform, posted(platform, author, sound.read_bytes(), "sound.wav"))
    assert marks(heard) == () and spans(heard)


def test_where_there_is_none_none_is_seen(platform: Platform, author: Account) -> None:
    file = BytesIO()
    samples.picture(size=(64, 48)).save(file, "PNG")
    assert seen(platform, posted(platform, author, file.getvalue(), "plain.png"))["evidence"] == []
    words = platform.publish(author, title="字", text="只有字", declaration=Declaration(Declared.NOT_AI))
    assert platform.sightings.of(words.id, "") == ()
