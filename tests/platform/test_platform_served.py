"""What is done to served files: the visible label on a tap or by policy, the back catalogue, short-video labels."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from sqlalchemy import update

import samples
import yinji
from noise import noise
from yinji.errors import Refused, UsageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform import relabelling
from yinji.platform.database import Database
from yinji.platform.errors import Conflict, NotFound
from yinji.platform.model import Account, Item, Role
from yinji.platform.policy import Additions, Policy
from yinji.platform.schema import decisions
from yinji.platform.service import Platform
from yinji.regimes.base import Tier

UNDECLARED = Declaration(Declared.UNDECLARED)
NOT_AI = Declaration(Declared.NOT_AI)
EDITED = Declaration(Declared.AI_EDITED)
GENERATED = Declaration(Declared.AI_GENERATED)
LABEL = yinji.AigcLabel.first("001191110000MA0TE5T00Q10001", "made-1")


@pytest.fixture
def admin(platform: Platform) -> Account:
    return platform.create_account("admin", "correct horse battery", Role.ADMIN)


_SEEDS = count()
"""Every picture is one of its own, and the same in every run."""


def picture(size: tuple[int, int] = (320, 240)) -> bytes:
    file = io.BytesIO()
    noise(size, 40, next(_SEEDS)).convert("RGB").save(file, "PNG")
    return file.getvalue()


def labelled(data: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.png"
        yinji.label(data, LABEL, output=path, metadata_only=True, filename="x.png")
        return path.read_bytes()


def publish(
    platform: Platform, author: Account, data: bytes, said: Declaration, name: str = "x.png", annotation: str = ""
) -> Item:
    with platform.upload(author) as upload:
        upload.write(data)
        draft = upload.finish(name)
    return platform.publish(author, title="t", text="", declaration=said, draft_id=draft.id, annotation=annotation)


def work(platform: Platform) -> int:
    return platform.work.pool(1).drain()


def changed(before: bytes, after: bytes) -> tuple[int, int, int, int] | None:
    one, two = (Image.open(io.BytesIO(data)).convert("RGB") for data in (before, after))
    return ImageChops.difference(one, two).getbbox()


def served(platform: Platform, item: Item) -> bytes:
    return platform.served_file(item.id).path.read_bytes()


def test_one_tap_draws_the_label_and_keeps_the_one_for_machines(platform: Platform, author: Account) -> None:
    data = labelled(picture())
    item = publish(platform, author, data, GENERATED)
    assert platform.marking.of(item.id) is None
    assert platform.marking.ask(author, item.id).state == "waiting"
    assert platform.marking.ask(author, item.id).state == "waiting"
    assert changed(data, served(platform, item)) is None
    assert work(platform) == 1
    done = platform.marking.of(item.id)
    assert done is not None
    assert done.state == "done"
    assert done.drawn is not None
    after = served(platform, item)
    box = changed(data, after)
    assert box is not None
    assert box[2] - box[0] < 320
    read = yinji.read(after, filename="x.png").label
    assert read is not None
    assert (read.producer, read.produce_id, read.propagate_id) == (LABEL.producer, LABEL.produce_id, item.id)
    assert platform.marking.ask(author, item.id).state == "done"
    assert work(platform) == 0
    accepted = platform.agreements.in_force("unmarked").version
    copy = platform.unmarked.make(author, item.id, accept=accepted)
    assert changed(data, platform.unmarked.file(author, item.id, copy.id).path.read_bytes()) is None, "Art. 9"
    assert [step.event for step in platform.item(item.id).history][:2] == ["item.propagated", "item.marked"]
    platform.tidy(thorough=True)
    assert served(platform, item) == after

    copy = publish(platform, author, _without_metadata(after), NOT_AI)
    assert copy.verdict["basis"] == ["known_content"], "the marked picture is known too"


def _without_metadata(data: bytes) -> bytes:
    """Drops every chunk but the picture's, byte for byte: what a careless or an evil tool does."""
    kept, at = data[:8], 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4])
        if data[at + 4 : at + 8] in (b"IHDR", b"IDAT", b"IEND"):
            kept += data[at : at + 12 + length]
        at += 12 + length
    return kept


def test_the_mark_stays_when_the_declaration_rises(platform: Platform, author: Account) -> None:
    data = picture()
    item = publish(platform, author, data, EDITED)
    platform.marking.ask(author, item.id)
    work(platform)
    assert changed(data, served(platform, item)) is not None
    marked = served(platform, item)
    platform.declare(author, item.id, GENERATED)
    assert changed(marked, served(platform, item)) is None


def test_who_may_ask_and_for_what(platform: Platform, author: Account, admin: Account) -> None:
    other = platform.create_account("other", "correct horse battery", Role.CREATOR)
    plain = publish(platform, author, picture(), NOT_AI)
    with pytest.raises(Refused) as caught:
        platform.marking.ask(author, plain.id)
    assert caught.value.code == "nothing-to-mark"
    said = publish(platform, author, picture(), GENERATED)
    with pytest.raises(Refused):
        platform.marking.ask(other, said.id)
    assert platform.marking.ask(admin, said.id).state == "waiting"


def test_what_cannot_be_marked_says_why(platform: Platform, author: Account) -> None:
    item = publish(platform, author, b'{"a": "' + b"x" * 2000 + b'"}', GENERATED, "x.json")
    before = served(platform, item)
    platform.marking.ask(author, item.id)
    assert work(platform) == 1
    found = platform.marking.of(item.id)
    assert found is not None
    assert found.state == "unsupported"
    assert found.reason is not None
    assert served(platform, item) == before


def test_the_policy_has_a_floor_and_a_history(platform: Platform, author: Account, admin: Account) -> None:
    assert platform.policy.get() == Policy()
    low = Policy({**Policy().additions, Tier.POSSIBLE: Additions(notice=False)})
    for refused in (low, Policy({**Policy().additions, Tier.SUSPECTED: Additions(propagation=False)})):
        with pytest.raises(UsageError) as caught:
            platform.policy.set(admin, refused)
        assert caught.value.code == "policy-below-law"
    with pytest.raises(Refused):
        platform.policy.set(author, Policy())
    more = Policy({**Policy().additions, Tier.SUSPECTED: Additions(explicit=True)}, short_video_labels=True)
    first = platform.policy.set(admin, more, replacing=0)
    with pytest.raises(Conflict):
        platform.policy.set(admin, Policy(), replacing=0)
    platform.policy.set(admin, Policy(), replacing=1)
    assert [version.number for version in platform.policy.history(admin)] == [2, 1]
    assert platform.policy.history(admin)[1] == first
    assert Policy.from_dict(first.to_dict()).additions == more.additions
    for wrong in (None, [], {"x": 1}, {"additions": {"none": {}}}, {"additions": {"possible": {"explicit": 1}}}):
        with pytest.raises(UsageError):
            Policy.from_dict(wrong)


def test_the_policy_marks_what_nobody_declared(platform: Platform, author: Account, admin: Account) -> None:
    platform.policy.set(admin, Policy({**Policy().additions, Tier.CONFIRMED: Additions(explicit=True)}))
    data = labelled(picture())
    undeclared = publish(platform, author, data, UNDECLARED)
    declared = publish(platform, author, labelled(picture()), GENERATED)
    possible = publish(platform, author, picture(), GENERATED)
    assert work(platform) == 1
    assert changed(data, served(platform, undeclared)) is not None
    found = platform.marking.of(undeclared.id)
    assert found is not None
    assert (found.state, found.asked_by) == ("done", "system")
    assert platform.marking.of(declared.id) is platform.marking.of(possible.id) is None


def test_short_video_needs_exactly_one_label(
    platform: Platform, author: Account, admin: Account, sample_dir: Path
) -> None:
    clip = samples.video("mp4").read_bytes()
    platform.policy.set(admin, Policy(short_video_labels=True))
    assert [choice.id for choice in platform.policy.short_video_choices()][-1] == "none_needed"
    for code, annotation in (("annotation-missing", ""), ("annotation-unknown", "anything")):
        with pytest.raises(UsageError) as caught:
            publish(platform, author, clip, NOT_AI, "clip.mp4", annotation)
        assert caught.value.code == code
    with pytest.raises(UsageError) as caught:
        publish(platform, author, clip, NOT_AI, "clip.mp4", "ai_generated")
    assert caught.value.code == "annotation-contradicts"
    assert publish(platform, author, clip, NOT_AI, "clip.mp4", "opinion").annotation == "opinion"
    said = publish(platform, author, clip, UNDECLARED, "clip.mp4", "ai_generated")
    assert said.verdict["tier"] == "possible"
    assert publish(platform, author, clip, GENERATED, "clip.mp4").annotation == "ai_generated", "said in other words"
    stated = Declaration(Declared.NOT_AI, "", "marketing")
    assert publish(platform, author, clip, stated, "clip.mp4").annotation == "marketing"
    publish(platform, author, picture(), NOT_AI)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(relabelling, "BATCH", 2)
    yield


def lower(database: Database, item: Item) -> None:
    """Makes an item look as if it had been judged by rules that saw nothing in it."""
    verdict = dict(item.verdict) | {"tier": "none", "basis": [], "obligations": []}
    with database.write() as connection:
        connection.execute(update(decisions).where(decisions.c.item_id == item.id).values(tier="none", verdict=verdict))


@pytest.mark.usefixtures("small_batches")
def test_the_back_catalogue_in_steps(platform: Platform, author: Account, admin: Account, database: Database) -> None:
    platform.policy.set(admin, Policy({**Policy().additions, Tier.CONFIRMED: Additions(explicit=True)}))
    old = [publish(platform, author, labelled(picture((64, 64))), NOT_AI) for _ in range(2)]
    undeclared = publish(platform, author, labelled(picture()), UNDECLARED)
    work(platform)
    same = [publish(platform, author, picture(), GENERATED) for _ in range(2)]
    for item in (*old, undeclared):
        lower(database, item)
    with pytest.raises(Refused):
        platform.relabelling.start(author)
    started = platform.relabelling.start(admin)
    assert (started.state, started.total, started.checked) == ("running", 5, 0)
    with pytest.raises(Conflict):
        platform.relabelling.start(admin)
    platform.relabelling.pause(admin, started.id)
    with pytest.raises(UsageError):
        platform.relabelling.pause(admin, started.id)
    work(platform)
    assert platform.relabelling.get(admin, started.id).checked == 0
    platform.relabelling.resume(admin, started.id)
    work(platform)
    done = platform.relabelling.get(admin, started.id)
    assert (done.state, done.checked, done.raised, done.failed) == ("done", 5, 3, 0)
    assert platform.relabelling.list(admin) == (done,)
    for item in old:
        again = platform.item(item.id)
        assert again.verdict["tier"] == "confirmed"
        assert item.id.encode() in served(platform, item)
        assert [step.event for step in again.history][:3] == ["item.propagated", "item.decided", "item.relabelled"]
    for item in same:
        assert len(platform.item(item.id).history) == len(item.history)
    with pytest.raises(NotFound):
        platform.relabelling.get(admin, "x")
    length, _ = platform.audit_verify()
    assert length > 20
    assert platform.relabelling.start(admin).state == "running"
    work(platform)
    assert platform.relabelling.list(admin)[0].raised == 0


@pytest.mark.usefixtures("small_batches")
def test_a_file_that_cannot_be_read_is_counted_and_the_rest_goes_on(
    platform: Platform, author: Account, admin: Account
) -> None:
    broken = publish(platform, author, picture(), NOT_AI)
    publish(platform, author, picture(), NOT_AI)
    platform.served_file(broken.id).path.unlink()
    started = platform.relabelling.start(admin)
    work(platform)
    done = platform.relabelling.get(admin, started.id)
    assert (done.state, done.checked, done.failed) == ("done", 2, 1)
