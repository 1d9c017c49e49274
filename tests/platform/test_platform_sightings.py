"""Where the labels of uploads are seen and heard: boxes on the picture, seconds on the time line."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import samples
import yinji
from case_desk import decided
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.cases.model import Why
from yinji.platform.model import Account, Item
from yinji.platform.service import Platform
from yinji.server.present_cases import marks, spans, with_sightings

LABEL = yinji.AigcLabel.first(producer="001191110000MA0TE5T00Q10001", produce_id="20261122-7f3a9c")


def posted(
    platform: Platform, author: Account, data: bytes, name: str, choice: Declared = Declared.AI_GENERATED
) -> Item:
    with platform.upload(author) as upload:
        upload.write(data)
        draft = upload.finish(name)
    declared = Declaration(choice)
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


def labelled_picture(folder: Path, width: int) -> bytes:
    """A picture that bears our label and, as after a screenshot, no metadata: made anew by the encoder."""
    samples.picture(size=(width, 400)).save(folder / "plain.png")
    yinji.label(folder / "plain.png", LABEL, output=folder / "labelled.png")
    file = BytesIO()
    with Image.open(folder / "labelled.png") as image:
        Image.fromarray(np.asarray(image)).save(file, "PNG")
    return file.getvalue()


def test_a_label_in_the_picture_alone_makes_it_suspected_and_somebody_looks(
    platform: Platform, author: Account, people: dict[str, Account], tmp_path: Path
) -> None:
    item = posted(platform, author, labelled_picture(tmp_path, 600), "截图.png", Declared.UNDECLARED)
    assert item.verdict["tier"] == "none", "the metadata says nothing"
    platform.work.pool(1).drain()
    seen = platform.item(item.id)
    assert seen.verdict["tier"] == "suspected" and seen.verdict["basis"] == ["explicit_label"]
    assert [reason["rule"] for reason in seen.verdict["reasons"]] == ["R83"]
    assert seen.propagation["state"] == "written" and seen.propagation["label"]["Label"] == "3"
    assert [step.event for step in seen.history][:3] == ["item.propagated", "item.decided", "item.sighted"]
    (job,) = platform.cases.jobs(people["r1"]).rows
    assert (job.item_id, job.why, job.tier) == (item.id, Why.SUSPECTED, "suspected")
    shown = with_sightings(seen.report, platform.sightings.of(item.id, item.kind) or ())
    assert len(marks(shown)) == 1, "shown once"
    assert platform.work.pool(1).drain() == 0, "nobody looks twice"
    platform.declare(author, item.id, Declaration(Declared.AI_GENERATED))
    declared = platform.item(item.id)
    assert declared.verdict["tier"] == "possible" and "explicit_label" in declared.verdict["basis"]


def test_a_decision_of_a_reviewer_stands_when_the_label_is_seen_later(
    platform: Platform, author: Account, people: dict[str, Account], tmp_path: Path
) -> None:
    item = posted(platform, author, labelled_picture(tmp_path, 610), "截图.png", Declared.NOT_AI)
    case_id = platform.cases.report(people["reader"], item.id, Why.UNLABELLED).case_id
    decided(platform, people["r1"], case_id, "no_ai")
    platform.work.pool(1).drain()
    seen = platform.item(item.id)
    assert seen.verdict["tier"] == "none"
    assert "visible-label" in [entry["detector"] for entry in seen.report["evidence"]]
    assert platform.cases.jobs(people["r2"]).rows == ()


def test_a_contradiction_goes_to_the_case_that_is_open(
    platform: Platform, author: Account, people: dict[str, Account], tmp_path: Path
) -> None:
    item = posted(platform, author, labelled_picture(tmp_path, 620), "截图.png", Declared.NOT_AI)
    reported = platform.cases.report(people["reader"], item.id, Why.UNLABELLED).case_id
    platform.work.pool(1).drain()
    assert platform.item(item.id).verdict["tier"] == "suspected"
    assert [job.id for job in platform.cases.jobs(people["r1"]).rows] == [reported]


def test_a_label_in_the_words_of_a_document_is_seen(platform: Platform, author: Account, tmp_path: Path) -> None:
    plain, said = tmp_path / "plain.md", tmp_path / "said.md"
    plain.write_text("一篇文章。\n" * 30)
    yinji.label(plain, LABEL, output=tmp_path / "labelled.md")
    said.write_text((tmp_path / "labelled.md").read_text().split("---\n", 2)[2])
    items = [posted(platform, author, path.read_bytes(), path.name, Declared.UNDECLARED) for path in (plain, said)]
    platform.work.pool(1).drain()
    assert [platform.item(item.id).verdict["tier"] for item in items] == ["none", "suspected"]
    (seen,) = platform.sightings.of(items[1].id, "text") or ()
    assert seen["en"].startswith("A visible label stands in the text")
