"""Thumbnail, share card, web version: each carries the label of what it was made from (R94)."""

from __future__ import annotations

import io
import subprocess
from itertools import count
from pathlib import Path

import pytest
from PIL import Image

import samples
import yinji
from noise import noise
from yinji.evidence.base import Basis, Evidence, Says, Strength
from yinji.labels.declaration import Declaration, Declared
from yinji.marks.face import check_words
from yinji.platform.errors import NotFound
from yinji.platform.model import Account, Item
from yinji.platform.service import Platform
from yinji.regimes.base import Tier
from yinji.regimes.registry import regime
from yinji.texts import Text

LABEL = yinji.AigcLabel.first("001191110000MA0TE5T00Q10001", "made-1")
UNDECLARED = Declaration(Declared.UNDECLARED)
GENERATED = Declaration(Declared.AI_GENERATED)
NOT_AI = Declaration(Declared.NOT_AI)


def publish(
    platform: Platform, author: Account, data: bytes, said: Declaration, name: str, title: str = "由AI生成"
) -> Item:
    with platform.upload(author) as upload:
        upload.write(data)
        draft = upload.finish(name)
    return platform.publish(author, title=title, text="", declaration=said, draft_id=draft.id)


_SEEDS = count()
"""Every picture is one of its own, and the same in every run."""


def picture(size: tuple[int, int] = (1600, 900)) -> bytes:
    file = io.BytesIO()
    noise(size, 40, next(_SEEDS)).convert("RGB").save(file, "JPEG")
    return file.getvalue()


def label_of(platform: Platform, item: Item, kind: str) -> yinji.AigcLabel | None:
    made = platform.derivatives.get(item.id, kind)
    assert made is not None
    return yinji.read(made.path, filename=made.filename).label


def test_a_thumbnail_carries_the_label(platform: Platform, author: Account, tmp_path: Path) -> None:
    yinji.label(picture(), LABEL, output=tmp_path / "x.jpg", metadata_only=True, filename="x.jpg")
    item = publish(platform, author, (tmp_path / "x.jpg").read_bytes(), UNDECLARED, "x.jpg")
    made = platform.derivatives.get(item.id, "thumbnail")
    assert made is not None
    with Image.open(made.path) as small:
        assert (small.format, small.size) == ("JPEG", (640, 360))
    label = label_of(platform, item, "thumbnail")
    assert label is not None
    assert (label.producer, label.produce_id, label.propagate_id) == (LABEL.producer, "made-1", item.id)
    again = platform.derivatives.get(item.id, "thumbnail")
    assert again == made
    platform.tidy(thorough=True)
    assert made.path.exists()


def test_the_thumbnail_of_a_pdf_is_its_first_page_with_the_label(platform: Platform, author: Account) -> None:
    pages = [Image.new("RGB", (210, 297), colour) for colour in ("red", "blue")]
    file = io.BytesIO()
    pages[0].save(file, "PDF", save_all=True, append_images=pages[1:])
    item = publish(platform, author, file.getvalue(), GENERATED, "海报.pdf")
    made = platform.derivatives.get(item.id, "thumbnail")
    assert made is not None
    with Image.open(made.path) as image:
        assert max(image.size) == 640
        red, _, blue = image.getpixel((100, 100))
        assert red > 200 > 60 > blue
    label = label_of(platform, item, "thumbnail")
    assert label is not None and label.propagate_id == item.id


def test_it_is_made_anew_when_the_served_file_changes(platform: Platform, author: Account) -> None:
    item = publish(platform, author, picture((300, 200)), NOT_AI, "x.jpg")
    before = platform.derivatives.get(item.id, "thumbnail")
    assert before is not None
    assert label_of(platform, item, "thumbnail") is None
    platform.declare(author, item.id, GENERATED)
    label = label_of(platform, item, "thumbnail")
    assert label is not None
    assert label.label == "2"
    platform.tidy(thorough=True)
    assert platform.derivatives.get(item.id, "thumbnail") != before


def test_a_card_shows_the_notice_and_carries_the_label(platform: Platform, author: Account) -> None:
    item = publish(platform, author, picture((300, 200)), GENERATED, "x.jpg")
    made = platform.derivatives.get(item.id, "card")
    assert made is not None
    with Image.open(made.path) as card:
        assert (card.format, card.size) == ("PNG", (1200, 630))
        plate = card.convert("L").crop((112, 420, 1000, 480))
        assert min(plate.tobytes()) < 60 < 200 < max(plate.tobytes()), "the words of the notice on their plate"
    label = label_of(platform, item, "card")
    assert label is not None
    assert label.propagate_id == item.id
    plain = publish(platform, author, picture((301, 200)), NOT_AI, "y.jpg")
    assert label_of(platform, plain, "card") is None
    text = platform.publish(author, title="t", text="words", declaration=GENERATED)
    assert label_of(platform, text, "card") is not None


def test_the_font_draws_every_notice() -> None:
    for tier in (Tier.CONFIRMED, Tier.POSSIBLE, Tier.SUSPECTED):
        said = Evidence("x", "1", Says.AI, Basis.REVIEW, Strength.STATED, Text("", ""), detail={"tier": str(tier)})
        notice = regime("cn").decide([said]).notice
        check_words(notice.zh)
        check_words(notice.en)


def test_video_and_audio_for_the_web_carry_the_label(platform: Platform, author: Account, sample_dir: Path) -> None:
    film = publish(platform, author, samples.video("mkv").read_bytes(), GENERATED, "x.mkv")
    sound = publish(platform, author, samples.audio("flac").read_bytes(), GENERATED, "x.flac")
    for item, codecs in ((film, {"h264", "aac"}), (sound, {"aac"})):
        assert platform.derivatives.get(item.id, "web") is None
        assert platform.derivatives.get(item.id, "web") is None
        platform.work.pool(1).drain()
        made = platform.derivatives.get(item.id, "web")
        assert made is not None
        found = subprocess.run(
            ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", str(made.path)],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert set(found.stdout.split()) == codecs
        label = label_of(platform, item, "web")
        assert label is not None
        assert (label.label, label.propagate_id) == ("2", item.id)
    label = label_of(platform, film, "thumbnail")
    assert label is not None
    assert label.propagate_id == film.id


def test_what_has_none_and_what_is_broken(platform: Platform, author: Account) -> None:
    text = platform.publish(author, title="t", text="words", declaration=NOT_AI)
    picture_item = publish(platform, author, picture((300, 200)), NOT_AI, "x.jpg")
    broken = publish(platform, author, picture((310, 200))[:900], NOT_AI, "z.jpg")
    for item, kind in ((text, "thumbnail"), (picture_item, "web"), (picture_item, "poster"), (broken, "thumbnail")):
        with pytest.raises(NotFound):
            platform.derivatives.get(item.id, kind)
