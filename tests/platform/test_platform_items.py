"""Uploading, publishing, declaring, listing: on both databases, with real files."""

from __future__ import annotations

import hashlib
import io
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import Engine, text

import yinji
from yinji.errors import LimitExceeded, Refused, UsageError
from yinji.labels.aigc import AigcLabel
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.errors import Conflict, NotFound
from yinji.platform.instants import now, to_text
from yinji.platform.model import Account, Draft, Item, Role
from yinji.platform.service import Platform
from yinji.platform.settings import Settings

PASSWORD = "正确 horse battery"
PRODUCER = "001191110000MA0TE5T00Q10001"
SAID_NOTHING = Declaration(Declared.UNDECLARED)
NOT_AI = Declaration(Declared.NOT_AI)
EDITED = Declaration(Declared.AI_EDITED)
GENERATED = Declaration(Declared.AI_GENERATED)


def png(colour: str = "red", **chunks: str) -> bytes:
    info = PngInfo()
    for key, value in chunks.items():
        info.add_text(key, value)
    file = io.BytesIO()
    Image.new("RGB", (48, 48), colour).save(file, "PNG", pnginfo=info)
    return file.getvalue()


def traced() -> bytes:
    return png(parameters="a cat\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model: sd15")


def labelled(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    output = tmp_path_factory.mktemp("made") / "x.png"
    first = AigcLabel.first(PRODUCER, "made-1", reserved1="opaque")
    yinji.label(png(), first, output=output, metadata_only=True, filename="x.png")
    return output.read_bytes()


@pytest.fixture
def with_label(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return labelled(tmp_path_factory)


def uploaded(platform: Platform, author: Account, data: bytes, name: str = "图.png") -> Draft:
    with platform.upload(author) as upload:
        for start in range(0, len(data), 100):
            upload.write(data[start : start + 100])
        return upload.finish(name)


def published(platform: Platform, author: Account, data: bytes, declaration: Declaration, name: str = "图.png") -> Item:
    draft = uploaded(platform, author, data, name)
    return platform.publish(author, title="标题", text="", declaration=declaration, draft_id=draft.id)


def posted(platform: Platform, author: Account, words: str, declaration: Declaration = NOT_AI, **more: str) -> Item:
    return platform.publish(author, title=more.pop("title", ""), text=words, declaration=declaration, **more)


def served(platform: Platform, item: Item) -> bytes:
    file = platform.served_file(item.id)
    data = file.path.read_bytes()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (file.size, file.sha256)
    return data


def events(platform: Platform, subject: str) -> list[str]:
    return [entry.event for entry in platform.audit_export() if entry.subject == subject]


# --- drafts
def test_an_upload_is_looked_at_and_kept(platform: Platform, author: Account) -> None:
    data = traced()
    draft = uploaded(platform, author, data, "../猫\u202e.png")
    assert (draft.filename, draft.media_type, draft.kind, draft.size) == ("猫.png", "image/png", "image", len(data))
    assert draft.sha256 == hashlib.sha256(data).hexdigest()
    assert draft.report["verdict"]["tier"] == "suspected"
    assert platform.draft(author, draft.id) == draft
    assert events(platform, draft.id) == ["draft.checked"]


def test_a_preview_follows_the_declaration_and_reads_no_file(
    platform: Platform, author: Account, settings: Settings
) -> None:
    draft = uploaded(platform, author, traced())
    platform._blobs.remove(draft.sha256)
    tiers = {
        str(d.choice): platform.preview(draft, d)["verdict"]["tier"] for d in (SAID_NOTHING, NOT_AI, EDITED, GENERATED)
    }
    assert tiers == {
        "undeclared": "suspected",
        "not_ai": "suspected",
        "ai_edited": "possible",
        "ai_generated": "possible",
    }
    assert platform.preview(draft, SAID_NOTHING) == draft.report


def test_over_the_limit_nothing_is_kept(settings: Settings) -> None:
    with Platform.open(replace(settings, max_upload_bytes=1000)) as platform:
        author = platform.create_account("a", PASSWORD, Role.CREATOR)
        with pytest.raises(LimitExceeded), platform.upload(author) as upload:
            for _ in range(11):
                upload.write(b"x" * 100)
        assert [p for p in (settings.data_dir / "blobs").rglob("*") if p.is_file()] == []


def test_an_empty_upload_is_refused(platform: Platform, author: Account) -> None:
    with pytest.raises(UsageError) as caught:
        uploaded(platform, author, b"")
    assert caught.value.code == "upload-empty"


def test_files_that_cannot_be_read_are_still_taken(platform: Platform, author: Account) -> None:
    broken = published(platform, author, png()[:60], GENERATED)
    assert broken.report["state"] in ("malformed", "unreadable")
    assert broken.verdict["tier"] == "possible"
    assert broken.propagation["state"] in ("failed", "unsupported")
    assert broken.propagation["reason"]["zh"]
    assert served(platform, broken) == png()[:60]


def test_drafts_belong_to_their_author(platform: Platform, author: Account) -> None:
    draft = uploaded(platform, author, png())
    other = platform.create_account("other", PASSWORD, Role.CREATOR)
    for draft_id in (draft.id, "", "x", "\x00", "\ud800", "0" * 500):
        with pytest.raises(NotFound):
            platform.draft(other, draft_id)
        with pytest.raises(NotFound):
            platform.publish(other, title="", text="", declaration=NOT_AI, draft_id=draft_id)


def test_only_authors_upload_and_publish(platform: Platform) -> None:
    reader = platform.create_account("reader", PASSWORD, Role.READER)
    with pytest.raises(Refused), platform.upload(reader):
        pass
    with pytest.raises(Refused):
        posted(platform, reader, "x")


def test_expired_drafts_go_with_their_files_unless_these_are_needed(
    platform: Platform, author: Account, raw: Engine
) -> None:
    alone, shared = uploaded(platform, author, png("blue")), uploaded(platform, author, png("green"))
    item = published(platform, author, png("green"), NOT_AI)
    with raw.begin() as connection:
        connection.execute(text("UPDATE drafts SET expires_at = :at"), {"at": to_text(now() - timedelta(seconds=1))})
    with pytest.raises(NotFound):
        platform.draft(author, alone.id)
    platform.tidy()
    assert events(platform, alone.id) == ["draft.checked", "draft.expired"]
    assert events(platform, shared.id) == ["draft.checked", "draft.expired"]
    kept = {p.name for p in (platform.settings.data_dir / "blobs").rglob("*") if p.is_file()}
    assert kept == {item.sha256}
    with raw.connect() as connection:
        left = connection.execute(text("SELECT item_id FROM drafts")).scalars().all()
    assert left == [item.id]  # known a while longer, for whoever repeats the request


def test_one_account_holds_so_many_drafts(settings: Settings) -> None:
    with Platform.open(replace(settings, max_open_drafts=2)) as platform:
        author = platform.create_account("a", PASSWORD, Role.CREATOR)
        first = uploaded(platform, author, png())
        uploaded(platform, author, png())
        with pytest.raises(Refused) as caught:
            uploaded(platform, author, png())
        assert caught.value.code == "too-many-drafts"
        platform.publish(author, title="", text="", declaration=NOT_AI, draft_id=first.id)
        uploaded(platform, author, png())


def test_anybody_may_ask_about_a_file_and_nothing_is_kept(platform: Platform) -> None:
    report = platform.check(io.BytesIO(traced()), "a/b.png")
    assert (report["path"], report["verdict"]["tier"]) == ("b.png", "suspected")
    assert platform.audit_verify()[0] == 0
    assert [p for p in (platform.settings.data_dir / "blobs").rglob("*") if p.is_file()] == []


# --- publishing and what is served
def test_a_labelled_file_keeps_its_producers_half(platform: Platform, author: Account, with_label: bytes) -> None:
    item = published(platform, author, with_label, SAID_NOTHING)
    assert (item.verdict["tier"], item.propagation["state"]) == ("confirmed", "written")
    (found,) = yinji.read(served(platform, item), filename="x.png", thorough=True).found
    (uploaded_label,) = yinji.read(with_label, filename="x.png").found
    assert found.label is not None
    assert uploaded_label.label is not None
    assert found.label == uploaded_label.label.propagated(platform.settings.propagator, item.id)
    assert item.propagation["label"] == dict(found.label.items())
    original = platform._blobs.path(item.sha256).read_bytes()
    assert original == with_label
    assert Image.open(io.BytesIO(served(platform, item))).tobytes() == Image.open(io.BytesIO(with_label)).tobytes()


@pytest.mark.parametrize(("declaration", "value"), [(GENERATED, "2"), (NOT_AI, "3")])
def test_a_file_without_a_label_gets_ours(
    platform: Platform, author: Account, declaration: Declaration, value: str
) -> None:
    item = published(platform, author, traced(), declaration)
    (found,) = yinji.read(served(platform, item), filename="x.png", thorough=True).found
    own = platform.settings.propagator
    assert found.label == AigcLabel(value, own, item.id, "", own, item.id, "")


def test_without_a_tier_the_file_is_served_as_it_came(platform: Platform, author: Account) -> None:
    item = published(platform, author, png(), NOT_AI)
    assert item.propagation == {"state": "not_needed", "label": None, "reason": None}
    assert served(platform, item) == png()
    assert platform.notice(item) is None


def test_a_format_without_a_place_says_so(platform: Platform, author: Account) -> None:
    item = published(platform, author, b"no format that anybody knows", GENERATED, "x.bin")
    assert (item.verdict["tier"], item.propagation["state"], item.propagation["label"]) == (
        "possible",
        "unsupported",
        None,
    )
    assert item.propagation["reason"]["zh"]
    assert item.propagation["reason"]["en"]
    assert served(platform, item) == b"no format that anybody knows"


def test_a_text_post_is_served_as_markdown(platform: Platform, author: Account) -> None:
    item = posted(platform, author, "第一行\r\n第二行\x00\n", GENERATED, title="读书\n会")
    assert (item.title, item.text, item.kind) == ("读书 会", "第一行\n第二行", "text")
    assert (item.filename, item.media_type, item.size, item.sha256) == ("", "", 0, "")
    file = platform.served_file(item.id)
    assert (file.filename, file.media_type) == (f"{item.id}.md", "text/markdown")
    words = served(platform, item).decode()
    assert words.startswith("---\nAIGC:\n  Label: '2'\n")
    assert words.endswith("---\n第一行\n第二行\n")
    plain = posted(platform, author, "只有字")
    assert served(platform, plain).decode() == "只有字\n"


def test_a_label_pasted_with_a_text_is_found(platform: Platform, author: Account) -> None:
    made = posted(platform, author, "模型写的", GENERATED)
    again = posted(platform, author, served(platform, made).decode().replace("Label: '2'", "Label: '1'"), NOT_AI)
    assert again.verdict["tier"] == "confirmed"
    (found,) = yinji.read(served(platform, again), filename="x.md", thorough=True).found
    assert found.label is not None
    assert (found.label.produce_id, found.label.propagate_id) == (made.id, again.id)


def test_notices_are_the_regimes_words(platform: Platform, author: Account, with_label: bytes) -> None:
    wanted = {"confirmed": with_label, "suspected": traced()}
    for tier, data in wanted.items():
        item = published(platform, author, data, NOT_AI)
        notice = platform.notice(item)
        assert notice is not None
        assert (notice.tier, notice.says.zh) == (tier, item.verdict["notice"]["zh"])
        assert "生成" in notice.says.zh
        assert notice.because
        assert notice.regime_version == item.verdict["regime_version"]


def test_history_and_log_tell_the_same(platform: Platform, author: Account) -> None:
    item = published(platform, author, traced(), NOT_AI)
    told = [change.event for change in item.history]
    assert told == ["item.propagated", "item.decided", "item.published"]
    assert {change.actor for change in item.history} == {"青禾画室"}
    assert events(platform, item.id) == told[::-1]


def test_no_words_of_people_are_in_the_log(platform: Platform, author: Account) -> None:
    draft = uploaded(platform, author, png(), "很私密的文件名.png")
    declaration = Declaration(Declared.AI_EDITED, "很私密的说明")
    platform.publish(author, title="很私密的标题", text="很私密的正文", declaration=declaration, draft_id=draft.id)
    assert not [entry for entry in platform.audit_export() if "私密" in entry.body or "qinghe" in entry.body]


def test_the_verdict_is_stored_with_its_evidence_and_rules(platform: Platform, author: Account, raw: Engine) -> None:
    item = published(platform, author, traced(), GENERATED)
    with raw.connect() as connection:
        row = connection.execute(text("SELECT * FROM decisions")).one()
    assert json.loads(row.evidence) == item.report["evidence"]
    assert (row.tier, row.regime, row.regime_version) == ("possible", "cn", item.verdict["regime_version"])


# --- idempotency
def test_the_same_key_publishes_once(platform: Platform, author: Account) -> None:
    draft = uploaded(platform, author, png())
    items = [
        platform.publish(author, title="a", text="", declaration=NOT_AI, draft_id=draft.id, idempotency_key="k1")
        for _ in range(3)
    ]
    assert len({item.id for item in items}) == 1
    with pytest.raises(Conflict) as caught:
        posted(platform, author, "another post", idempotency_key="k1")
    assert caught.value.code == "idempotency-key-reused"
    other = platform.create_account("other", PASSWORD, Role.CREATOR)
    assert posted(platform, other, "b", idempotency_key="k1").id != items[0].id


def test_the_same_key_at_the_same_moment_publishes_once(
    platform: Platform, author: Account, opened: Callable[[], Platform]
) -> None:
    ids: list[str] = []
    sites = (platform, opened())
    threads = [
        threading.Thread(
            target=lambda site: ids.append(posted(site, author, "一次", GENERATED, idempotency_key="k").id),
            args=(sites[n % 2],),
        )
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 6
    assert len(set(ids)) == 1
    assert len(platform.feed().rows) == 1
    platform.audit_verify()


def test_a_draft_is_published_once(platform: Platform, author: Account) -> None:
    draft = uploaded(platform, author, png())
    outcomes: list[str] = []

    def publish() -> None:
        try:
            platform.publish(author, title="", text="", declaration=NOT_AI, draft_id=draft.id)
            outcomes.append("published")
        except Conflict as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=publish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["draft-published"] * 3 + ["published"]
    (item,) = platform.feed().rows
    with pytest.raises(Conflict) as caught:
        platform.publish(author, title="", text="", declaration=NOT_AI, draft_id=draft.id)
    assert caught.value.details["item_id"] == item.id


@pytest.mark.parametrize("key", ["", " ", "a b", "键", "x" * 256, "a\x00"])
def test_keys_have_a_form(platform: Platform, author: Account, key: str) -> None:
    with pytest.raises(UsageError) as caught:
        posted(platform, author, "x", idempotency_key=key)
    assert caught.value.code == "idempotency-key-rule"


@pytest.mark.parametrize(
    ("title", "words", "note", "code"),
    [("", "", "", "text-missing"), ("", " \n\x00", "", "text-missing"), ("字" * 121, "x", "", "title-rule"),
     ("", "字" * 20_001, "", "text-rule"), ("", "x", "字" * 501, "note-rule")],
)  # fmt: skip
def test_posts_have_bounds(platform: Platform, author: Account, title: str, words: str, note: str, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        platform.publish(author, title=title, text=words, declaration=Declaration(Declared.NOT_AI, note))
    assert caught.value.code == code
    assert platform.feed().rows == ()


# --- declaring later
def test_declaring_upward_raises_the_tier_and_remakes_the_file(platform: Platform, author: Account) -> None:
    item = published(platform, author, png(), SAID_NOTHING)
    assert (item.verdict["tier"], item.propagation["state"]) == ("none", "not_needed")
    item = platform.declare(author, item.id, EDITED)
    assert (item.verdict["tier"], item.propagation["state"]) == ("possible", "written")
    assert item.declaration == EDITED
    (found,) = yinji.read(served(platform, item), filename="x.png").found
    assert found.label is not None
    assert found.label.label == "2"
    before = platform.served_file(item.id)
    item = platform.declare(author, item.id, GENERATED)
    assert platform.served_file(item.id) == before, "the tier did not change"
    assert [change.event for change in item.history][:2] == ["item.decided", "item.declared"]
    assert item.updated_at > item.published_at


def test_declaring_the_same_again_changes_nothing(platform: Platform, author: Account) -> None:
    item = published(platform, author, png(), GENERATED)
    log = platform.audit_verify()
    assert platform.declare(author, item.id, GENERATED) == item
    assert platform.audit_verify() == log


@pytest.mark.parametrize(("first", "then"), [(GENERATED, NOT_AI), (GENERATED, EDITED), (EDITED, NOT_AI)])
def test_declaring_downward_is_refused_and_logged(
    platform: Platform, author: Account, first: Declaration, then: Declaration
) -> None:
    item = published(platform, author, png(), first)
    with pytest.raises(Refused) as caught:
        platform.declare(author, item.id, then)
    assert caught.value.code == "declaration-lowers"
    assert "申诉" in caught.value.advice.zh
    assert platform.item(item.id) == item
    assert events(platform, item.id)[-1] == "item.declaration_refused"


def test_a_label_in_the_file_cannot_be_declared_away(platform: Platform, author: Account, with_label: bytes) -> None:
    item = published(platform, author, with_label, SAID_NOTHING)
    item = platform.declare(author, item.id, NOT_AI)
    assert item.declaration == NOT_AI
    assert (item.verdict["tier"], item.verdict["locked"]) == ("confirmed", True)
    assert any(entry["basis"] == "declaration" for entry in item.report["evidence"])


def test_only_the_author_declares(platform: Platform, author: Account) -> None:
    item = published(platform, author, png(), NOT_AI)
    admin = platform.create_first_admin("admin", PASSWORD)
    with pytest.raises(Refused) as caught:
        platform.declare(admin, item.id, GENERATED)
    assert caught.value.code == "not-the-author"
    with pytest.raises(UsageError) as empty:
        platform.declare(author, item.id, SAID_NOTHING)
    assert empty.value.code == "declaration-empty"


def test_declaring_at_the_same_moment_loses_nothing(platform: Platform, author: Account, raw: Engine) -> None:
    item = published(platform, author, png(), NOT_AI)
    notes = [Declaration(Declared.AI_GENERATED, f"说明 {number}") for number in range(3)]
    threads = [threading.Thread(target=platform.declare, args=(author, item.id, note)) for note in notes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert platform.item(item.id).declaration in notes
    with raw.connect() as connection:
        numbers = connection.execute(text("SELECT number FROM decisions ORDER BY number")).scalars().all()
    assert list(numbers) == [0, 1, 2, 3]
    platform.audit_verify()


def test_files_that_a_newer_one_replaced_are_collected(platform: Platform, author: Account, raw: Engine) -> None:
    item = published(platform, author, traced(), NOT_AI)
    old = platform.served_file(item.id).path
    item = platform.declare(author, item.id, GENERATED)
    platform.tidy()
    assert old.exists()
    orphan = platform.settings.data_dir / "blobs" / "00" / ("00" * 32)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"left by a process that died")
    platform.tidy(thorough=True)
    assert old.exists()  # somebody may be about to open it
    with raw.begin() as connection:
        connection.execute(text("UPDATE items SET updated_at = :at"), {"at": to_text(now() - timedelta(hours=2))})
    platform.tidy(thorough=True)
    assert not old.exists()
    assert not orphan.exists()
    assert served(platform, item)
    assert platform._blobs.path(item.sha256).exists()


# --- reading
def test_the_feed_turns_pages_from_new_to_old(platform: Platform, author: Account) -> None:
    ids = [posted(platform, author, f"第 {number} 条").id for number in range(7)]
    seen, cursor = [], None
    while True:
        page = platform.feed(cursor=cursor, limit=3)
        seen.append([item.id for item in page.rows])
        if cursor is None:
            posted(platform, author, "后来的不打乱翻页")
        if (cursor := page.next_cursor) is None:
            break
    ids.reverse()
    assert seen == [ids[:3], ids[3:6], ids[6:]]


@pytest.mark.parametrize("cursor", ["", "x", "YXVkaXQ6MQ", "ZmVlZDox", "\x00", "字"])
def test_foreign_cursors_are_refused(platform: Platform, cursor: str) -> None:
    with pytest.raises(UsageError) as caught:
        platform.feed(cursor=cursor)
    assert caught.value.code == "cursor"


def test_searching(platform: Platform, author: Account) -> None:
    landscape = posted(platform, author, "石青石绿的山水", title="Green MOUNTAINS 50%_off")
    noodles = posted(platform, author, "巷口的面馆")

    def found(query: str) -> set[str]:
        return {item.id for item in platform.feed(query=query).rows}

    both = {landscape.id, noodles.id}
    assert found("") == found("  ") == both
    assert (
        found("山水") == found("mountains") == found("ＭＯＵＮＴＡＩＮＳ green") == found("50%_off") == {landscape.id}
    )
    assert found("山水 面馆") == found("%") - {landscape.id} == found("0_o") == set()
    assert found(noodles.id) == found(noodles.id.upper()) == {noodles.id}
    assert found("'; DROP TABLE items; --") == found("\\") == set()
    assert found("\x00") == both
    assert found("面" * 500) == set()


def test_the_feed_of_one_author(platform: Platform, author: Account) -> None:
    other = platform.create_account("other", PASSWORD, Role.CREATOR)
    mine, theirs = posted(platform, author, "我的"), posted(platform, other, "别人的")
    assert [item.id for item in platform.feed(author_id=author.id).rows] == [mine.id]
    assert [item.id for item in platform.feed(author_id=other.id).rows] == [theirs.id]
    assert platform.feed(author_id="\x00").rows == ()


@pytest.mark.parametrize("item_id", ["", "x", "\x00", "\ud800", "0" * 36, "../../etc/passwd"])
def test_there_is_no_such_item(platform: Platform, author: Account, item_id: str) -> None:
    for ask in (platform.item, platform.served_file, lambda i: platform.declare(author, i, GENERATED)):
        with pytest.raises(NotFound) as caught:
            ask(item_id)
        assert caught.value.http_status == 404


def test_everything_is_there_after_a_restart(
    platform: Platform, author: Account, opened: Callable[[], Platform]
) -> None:
    item = published(platform, author, traced(), GENERATED)
    again = opened()
    assert again.item(item.id) == item
    assert again.served_file(item.id) == platform.served_file(item.id)
    assert again.audit_verify() == platform.audit_verify()
    assert again.healthy()


def test_a_file_sent_again_with_its_key_is_the_same_post(platform: Platform, author: Account) -> None:
    """A client whose answer was lost sends everything again; the second upload is let go."""

    def send(data: bytes) -> Item:
        with platform.upload(author) as upload:
            upload.write(data)
            draft = upload.finish("x.png")
        return platform.publish(
            author, title="t", text="", declaration=NOT_AI, draft_id=draft.id, idempotency_key="once"
        )

    first = send(png("red"))
    assert send(png("red")).id == first.id
    with pytest.raises(Conflict):
        send(png("blue"))
    assert len(platform.feed().rows) == 1
    platform.tidy()
    assert [entry.event for entry in platform.audit_export()].count("draft.expired") == 1
