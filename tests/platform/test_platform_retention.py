"""Agreements, copies without the explicit label, withdrawing, clearing, erasing: and the log stays whole."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

import samples
import yinji
from audit_logs import everything
from yinji.errors import Refused, UsageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform import instants
from yinji.platform.agreements import texts
from yinji.platform.agreements.door import AgreementRequired
from yinji.platform.errors import Conflict, NotFound, NotSignedIn
from yinji.platform.model import Account, Item, Role
from yinji.platform.retention import RetentionNotOver, rules
from yinji.platform.service import Platform
from yinji.platform.settings import Settings

PASSWORD = "正确 horse battery"
VERSION = "2025-09-01"


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Moves the platform's clock, from a past on: what has to be kept, the database keeps by a clock of its own."""
    true = instants.now
    monkeypatch.setattr(instants, "now", lambda: true() - timedelta(days=300))

    def move(days: int) -> None:
        now = instants.now() + timedelta(days=days)
        monkeypatch.setattr(instants, "now", lambda: now)

    return move


def published(platform: Platform, author: Account, declared: Declared = Declared.AI_GENERATED) -> Item:
    file = io.BytesIO()
    samples.picture(size=(64, 48)).save(file, "PNG")
    with platform.upload(author) as upload:
        upload.write(file.getvalue())
        draft = upload.finish("机密山水.png")
    declaration = Declaration(declared, "私密说明")
    return platform.publish(author, title="私密标题", text="私密文字", declaration=declaration, draft_id=draft.id)


def events(platform: Platform) -> list[str]:
    return [entry.event for entry in platform.audit_export()]


# --- agreements
def test_an_agreement_is_accepted_once_and_logged(platform: Platform, author: Account) -> None:
    agreement = platform.agreements.accept(author, "terms", VERSION)
    platform.agreements.accept(author, "terms", VERSION)
    assert [(a.name, a.version, a.sha256) for a in platform.agreements.acceptances(author)] == [
        ("terms", VERSION, agreement.sha256)
    ]
    assert events(platform).count("agreement.accepted") == 1


def test_an_old_version_cannot_be_accepted(platform: Platform, author: Account) -> None:
    with pytest.raises(Conflict) as caught:
        platform.agreements.accept(author, "terms", "2020-01-01")
    assert caught.value.code == "agreement-changed"
    for name in ("other", "../terms"):
        with pytest.raises(NotFound):
            platform.agreements.in_force(name)


def test_a_new_version_is_asked_for_when_it_takes_effect(
    settings: Settings, opened: Callable[[], Platform], tmp_path: Path, later: Callable[[int], None]
) -> None:
    folder = tmp_path / "own" / "terms"
    folder.mkdir(parents=True)
    words = 'title = { zh = "协议", en = "Terms" }\n[[section]]\ntitle = { zh = "一", en = "1" }\nparagraphs = []\n'
    (folder / "2026-01-01.toml").write_text(words)
    tomorrow = (instants.now() + timedelta(days=2)).date()
    (folder / f"{tomorrow}.toml").write_text(words.replace("协议", "新协议"))
    object.__setattr__(settings, "agreements", str(folder.parent))
    platform = opened()
    roles = {"joined": Role.CREATOR, "made": Role.ADMIN, "robot": Role.SERVICE}
    joined, made, robot = (platform.create_account(name, PASSWORD, role) for name, role in roles.items())
    with pytest.raises(AgreementRequired):
        platform.agreements.require_current(made)
    platform.agreements.accept(joined, "terms", "2026-01-01")
    platform.agreements.require_current(joined)
    later(3)
    with pytest.raises(AgreementRequired) as caught:
        platform.agreements.require_current(joined)
    assert caught.value.details["version"] == tomorrow.isoformat()
    platform.agreements.require_current(robot)
    platform.agreements.accept(joined, "terms", tomorrow.isoformat())
    platform.agreements.require_current(joined)
    assert platform.agreements.in_force("unmarked").version == VERSION, "what the operator has not replaced is ours"


@pytest.mark.parametrize("words", ["", "title = 1", "[[section]]", "\x00"])
def test_an_agreement_that_cannot_be_read_is_named(tmp_path: Path, words: str) -> None:
    (tmp_path / "terms").mkdir()
    (tmp_path / "terms" / "2026-01-01.toml").write_text(words)
    with pytest.raises(UsageError) as caught:
        texts.in_force("terms", str(tmp_path), date(2026, 2, 1))
    assert caught.value.code == "agreement-file"


# --- copies without the explicit label
def test_a_copy_keeps_the_implicit_label_and_its_recipient(
    platform: Platform, author: Account, tmp_path: Path, later: Callable[[int], None]
) -> None:
    item = published(platform, author)
    with pytest.raises(Refused) as caught:
        platform.unmarked.make(author, item.id, accept="")
    assert caught.value.code == "agreement-missing"
    with pytest.raises(Conflict):
        platform.unmarked.make(author, item.id, accept="2020-01-01")
    copy = platform.unmarked.make(author, item.id, accept=VERSION)
    file = platform.unmarked.file(author, item.id, copy.id)
    out = tmp_path / "copy.png"
    out.write_bytes(file.path.read_bytes())
    (found,) = yinji.read(out).found
    assert found.label is not None
    assert dict(found.label.items()) == copy.label
    assert (found.label.label, found.label.propagate_id) == ("2", item.id)
    assert copy.keep_until - copy.at == timedelta(days=184)
    assert events(platform)[-2:] == ["agreement.accepted", "copy.unmarked"]
    admin = platform.create_account("admin", PASSWORD, Role.ADMIN)
    later(183)
    with pytest.raises(RetentionNotOver) as refused:
        platform.unmarked.forget(admin, copy.id)
    assert "Art. 9" in str(refused.value.details["clause"])
    platform.tidy(thorough=True)
    assert platform.unmarked.recipients(author, item.id) == (copy,)
    assert file.path.exists()
    later(2)
    platform.tidy(thorough=True)
    assert platform.unmarked.recipients(author, item.id) == ()
    platform.audit_verify()


def test_copies_are_the_authors_alone(platform: Platform, author: Account) -> None:
    item = published(platform, author)
    copy = platform.unmarked.make(author, item.id, accept=VERSION)
    other = platform.create_account("other", PASSWORD, Role.CREATOR)
    with pytest.raises(Refused):
        platform.unmarked.make(other, item.id, accept=VERSION)
    with pytest.raises(Refused):
        platform.unmarked.file(other, item.id, copy.id)
    assert platform.unmarked.recipients(other, item.id) == ()
    auditor = platform.create_account("auditor", PASSWORD, Role.AUDITOR)
    assert platform.unmarked.recipients(auditor, item.id) == (copy,)
    for wrong in ("x", instants.uuid7()):
        with pytest.raises(NotFound):
            platform.unmarked.file(author, item.id, wrong)


def test_no_copy_without_an_implicit_label(platform: Platform, author: Account) -> None:
    item = published(platform, author, Declared.NOT_AI)
    with pytest.raises(Refused) as caught:
        platform.unmarked.make(author, item.id, accept=VERSION)
    assert (caught.value.code, caught.value.details["count"]) == ("copy-without-label", 0)
    assert "copy.unmarked" not in events(platform)


# --- withdrawing
def test_a_withdrawn_item_is_gone_for_readers_and_kept_as_evidence(
    platform: Platform, author: Account, raw: Engine, later: Callable[[int], None]
) -> None:
    item = published(platform, author)
    upload, served = platform._blobs.path(item.sha256), platform.served_file(item.id).path
    admin = platform.create_account("admin", PASSWORD, Role.ADMIN)
    other = platform.create_account("other", PASSWORD, Role.CREATOR)
    with pytest.raises(Refused):
        platform.withdrawing.withdraw(other, item.id)
    until = platform.withdrawing.withdraw(author, item.id)
    assert platform.withdrawing.withdraw(author, item.id) == until
    assert platform.feed().rows == ()
    for refused in (
        lambda: platform.item(item.id),
        lambda: platform.served_file(item.id),
        lambda: platform.declare(author, item.id, Declaration(Declared.AI_GENERATED)),
        lambda: platform.unmarked.make(author, item.id, accept=VERSION),
    ):
        with pytest.raises(NotFound) as caught:
            refused()
        assert caught.value.code == "item-withdrawn"
    later(183)
    with pytest.raises(RetentionNotOver) as early:
        platform.withdrawing.purge(admin, item.id)
    assert early.value.details["clause"] == rules()["withdrawn"].clause
    platform.tidy(thorough=True)
    assert "私密标题" in everything(raw)
    assert served.exists()
    later(2)
    platform.tidy()
    platform.tidy(thorough=True)
    left = everything(raw)
    assert not [word for word in ("私密标题", "私密文字", "私密说明", "机密山水") if word in left]
    assert not served.exists()
    assert not upload.exists()
    assert events(platform).count("item.withdrawn") == events(platform).count("item.purged") == 1
    platform.audit_verify()


# --- what the database itself keeps
KEPT = {
    "agreement_acceptances": ("at", "account_id"),
    "unmarked_copies": ("size", "id"),
    "withdrawals": ("keep_until", "item_id"),
}


@pytest.mark.parametrize("table", KEPT)
def test_the_database_itself_keeps_what_has_to_be_kept(
    platform: Platform, author: Account, raw: Engine, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    """Past all our code: nothing is changed, replaced or deleted before its time, and after it the rows may go."""
    true = instants.now
    column, key = KEPT[table]
    for days, name in ((185, "old"), (183, "new")):
        monkeypatch.setattr(instants, "now", lambda by=days: true() - timedelta(days=by))
        person = platform.create_account(name, PASSWORD, Role.CREATOR)
        item = published(platform, person)
        platform.unmarked.make(person, item.id, accept=VERSION)
        platform.withdrawing.withdraw(person, item.id)
    attempts = [f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}, {key} = 'x'"]
    if table == "withdrawals":
        attempts += [f"UPDATE {table} SET keep_until = '2026-01-01'", f"UPDATE {table} SET purged_at = at"]
    if raw.dialect.name == "postgresql":
        attempts.append(f"TRUNCATE {table}")
    else:
        attempts.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    for attempt in attempts:
        with pytest.raises(DBAPIError, match="is kept"), raw.begin() as connection:
            connection.execute(text(attempt))
    monkeypatch.setattr(instants, "now", true)
    with raw.begin() as connection:
        assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 2
        oldest = f"SELECT min(at) FROM {table}"
        assert connection.execute(text(f"DELETE FROM {table} WHERE at = ({oldest})")).rowcount == 1


def test_a_servers_clock_ahead_of_the_databases_shortens_nothing(
    platform: Platform, author: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the database would refuse is refused in words, and clearing by itself passes it over."""
    true, admin = instants.now, platform.create_account("admin", PASSWORD, Role.ADMIN)
    item = published(platform, author)
    copy = platform.unmarked.make(author, item.id, accept=VERSION)
    platform.withdrawing.withdraw(author, item.id)
    monkeypatch.setattr(instants, "now", lambda: true() + timedelta(days=185))
    for clear, number in ((platform.withdrawing.purge, item.id), (platform.unmarked.forget, copy.id)):
        with pytest.raises(RetentionNotOver):
            clear(admin, number)
    platform.withdrawing.expire()
    platform.unmarked.expire()
    monkeypatch.setattr(instants, "now", true)
    assert platform.unmarked.recipients(author, item.id) == (copy,)
    assert "item.purged" not in events(platform)


# --- erasing
def test_an_erased_account_leaves_its_number_and_a_log_that_verifies(
    platform: Platform, raw: Engine, later: Callable[[int], None]
) -> None:
    person = platform.create_account("zhangsan", PASSWORD, Role.CREATOR, "张三本人")
    platform.agreements.accept(person, "terms", VERSION)
    token = platform.sign_in("zhangsan", PASSWORD)
    item = published(platform, person)
    platform.keys.create(person, "私人密钥名")
    with pytest.raises(NotSignedIn):
        platform.erasing.erase_own(person, "wrong password")
    platform.erasing.erase_own(person, PASSWORD)
    assert platform.account_of(token) is None
    assert platform.account_named("zhangsan") is None
    with pytest.raises(NotSignedIn):
        platform.sign_in("zhangsan", PASSWORD)
    with pytest.raises(NotSignedIn):
        platform.sign_in(f"erased-{person.id}", "")
    with pytest.raises(NotFound):
        platform.item(item.id)
    left = everything(raw)
    assert not [word for word in ("zhangsan", "张三本人", "私人密钥名", "argon2") if word in left]
    assert person.id in left
    later(185)
    platform.tidy()
    platform.tidy()
    assert "私密" not in everything(raw)
    assert platform.audit.examine().size == len(events(platform))
    assert events(platform).count("account.erased") == 1


def test_administrators_erase_at_request_but_never_the_last_of_them(platform: Platform, author: Account) -> None:
    admin = platform.create_account("admin", PASSWORD, Role.ADMIN)
    with pytest.raises(Refused):
        platform.erasing.erase(author, admin.id)
    with pytest.raises(Refused) as caught:
        platform.erasing.erase(admin, admin.id)
    assert caught.value.code == "last-admin"
    with pytest.raises(NotFound):
        platform.erasing.erase(admin, instants.uuid7())
    platform.erasing.erase(admin, author.id)
    platform.erasing.erase(admin, author.id)
    assert events(platform).count("account.erased") == 1
    second = platform.create_account("second", PASSWORD, Role.ADMIN)
    platform.erasing.erase(second, admin.id)
    with pytest.raises(Refused):
        platform.erasing.erase(second, second.id)


# --- rules
def test_nobody_sets_a_shorter_time() -> None:
    with pytest.raises(RetentionNotOver) as caught:
        Settings.from_environment({"YINJI_RETENTION": "183d"})
    assert "第九条" in caught.value.text.zh
    assert Settings.from_environment({"YINJI_RETENTION": "365d"}).retention == timedelta(days=365)
    assert all(rule.days == 0 or rule.days >= 184 for rule in rules().values())


def test_words_of_people_are_never_in_the_log(platform: Platform, author: Account, raw: Engine) -> None:
    item = published(platform, author)
    platform.unmarked.make(author, item.id, accept=VERSION)
    platform.withdrawing.withdraw(author, item.id)
    with raw.connect() as connection:
        bodies = "\n".join(connection.execute(text("SELECT body FROM audit_entries")).scalars())
    assert not [word for word in ("私密", "机密", "qinghe", "青禾") if word in bodies]
