"""Copies without their label: recognised by their media, labelled again, logged. The stripping happens in here only."""

from __future__ import annotations

import io
import tempfile
from itertools import count
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import update

import yinji
from noise import noise
from yinji.errors import InvalidLabel, Refused, UsageError
from yinji.labels.aigc import AigcLabel
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.database import Database
from yinji.platform.deciding import decide
from yinji.platform.model import Account, Item, Role
from yinji.platform.schema import decisions
from yinji.platform.service import Platform
from yinji.regimes.base import Tier

LABEL = AigcLabel.first("001191110000MA0TE5T00Q10001", "made-1")
UNDECLARED = Declaration(Declared.UNDECLARED)
NOT_AI = Declaration(Declared.NOT_AI)
GENERATED = Declaration(Declared.AI_GENERATED)

_SEEDS = count()
"""Every picture is one of its own, and the same in every run."""


def picture() -> bytes:
    file = io.BytesIO()
    noise((64, 64), 90, next(_SEEDS)).convert("RGB").save(file, "PNG")
    return file.getvalue()


def labelled(data: bytes, label: AigcLabel = LABEL) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.png"
        yinji.label(data, label, output=path, metadata_only=True, filename="x.png")
        return path.read_bytes()


def publish(platform: Platform, author: Account, data: bytes, said: Declaration = UNDECLARED) -> Item:
    with platform.upload(author) as upload:
        upload.write(data)
        draft = upload.finish("x.png")
    return platform.publish(author, title="t", text="", declaration=said, draft_id=draft.id)


def basis(item: Item) -> list[str]:
    return list(item.verdict["basis"])


def test_a_copy_without_its_label_is_recognised_labelled_again_and_logged(platform: Platform, author: Account) -> None:
    plain = picture()
    first = publish(platform, author, labelled(plain))
    assert first.verdict["tier"] == "confirmed"

    copy = publish(platform, author, plain, NOT_AI)
    assert (copy.verdict["tier"], basis(copy)) == ("suspected", ["known_content"])
    assert any(reason["rule"] == "R95" for reason in copy.verdict["reasons"])
    read = yinji.read(platform.served_file(copy.id).path, filename="x.png")
    assert read.label is not None
    assert (read.label.label, read.label.propagate_id) == ("3", copy.id)
    found = {"media_digest": yinji.media_digest(plain), "item": first.id, "origin": "upload", "missing": True}
    events = {entry.event: entry for entry in platform.audit_export() if entry.subject == copy.id}
    assert "item.copy_recognised" in events
    (change,) = [step for step in copy.history if step.event == "item.copy_recognised"]
    assert change.detail == found
    assert not any(step.event == "item.copy_recognised" for step in first.history)


def test_the_label_written_here_counts_too(platform: Platform, author: Account) -> None:
    plain = picture()
    first = publish(platform, author, plain, GENERATED)
    assert first.propagation["state"] == "written"
    copy = publish(platform, author, plain)
    assert basis(copy) == ["known_content"]
    assert copy.report["evidence"][0]["detail"]["origin"] == "site"


def test_the_same_labelled_file_again_is_no_attempt(platform: Platform, author: Account) -> None:
    data = labelled(picture())
    publish(platform, author, data)
    again = publish(platform, author, data)
    assert basis(again) == ["metadata_label"]
    served = platform.served_file(again.id).path.read_bytes()
    passed_on = publish(platform, author, served)  # the propagator's half differs, lawfully
    assert basis(passed_on) == ["metadata_label"]


def test_another_label_on_known_media_is_an_attempt(platform: Platform, author: Account) -> None:
    plain = picture()
    publish(platform, author, labelled(plain))
    other = publish(
        platform, author, labelled(plain, AigcLabel.first("001191110000MA0TE5T00Q10001", "another", label="2"))
    )
    assert set(basis(other)) == {"metadata_label", "known_content"}
    (change,) = [step for step in other.history if step.event == "item.copy_recognised"]
    assert change.detail["missing"] is False


def test_other_media_and_too_little_media_are_not_recognised(platform: Platform, author: Account) -> None:
    publish(platform, author, labelled(picture()))
    assert basis(publish(platform, author, picture())) == []
    tiny = io.BytesIO()
    Image.new("RGB", (2, 2)).save(tiny, "PNG")
    publish(platform, author, labelled(tiny.getvalue()))
    assert basis(publish(platform, author, tiny.getvalue())) == []


def test_registered_from_elsewhere(platform: Platform, author: Account) -> None:
    admin = platform.create_account("admin", "correct horse battery", Role.ADMIN)
    plain = picture()
    with pytest.raises(Refused):
        platform.copies.register(author, yinji.media_digest(plain), LABEL)
    with pytest.raises(UsageError):
        platform.copies.register(admin, "A" * 64, LABEL)
    with pytest.raises(InvalidLabel):
        platform.copies.register(admin, yinji.media_digest(plain), AigcLabel("9", "", "", "", "", "", ""))
    platform.copies.register(admin, yinji.media_digest(plain), LABEL)
    copy = publish(platform, author, plain)
    assert basis(copy) == ["known_content"]
    assert copy.report["evidence"][0]["detail"]["origin"] == "registry"


def test_what_was_overruled_is_not_held_against_others(platform: Platform, author: Account, database: Database) -> None:
    plain = picture()
    first = publish(platform, author, plain, GENERATED)
    with database.write() as connection:
        connection.execute(update(decisions).where(decisions.c.item_id == first.id).values(tier="none"))
    assert basis(publish(platform, author, plain)) == []
    third = publish(platform, author, plain, GENERATED)
    assert basis(third) == ["declaration"]
    known = platform.copies.known(yinji.media_digest(plain))
    assert known is not None
    assert known.item == third.id


def test_stored_evidence_decides_alike_again(platform: Platform, author: Account) -> None:
    plain = picture()
    publish(platform, author, labelled(plain))
    copy = publish(platform, author, plain)
    assert decide(copy.report, UNDECLARED, "cn").tier is Tier.SUSPECTED
