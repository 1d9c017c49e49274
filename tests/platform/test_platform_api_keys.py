from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from yinji.errors import Refused, UsageError
from yinji.platform import instants
from yinji.platform.api_keys import MAX_KEYS, PREFIX
from yinji.platform.errors import NotFound
from yinji.platform.model import Account, Role
from yinji.platform.service import Platform


def test_a_key_acts_for_its_account_and_its_secret_is_kept_nowhere(
    platform: Platform, author: Account, raw: Engine
) -> None:
    key, secret = platform.keys.create(author, "图床上传")
    assert secret.startswith(PREFIX) and secret.endswith(key.ends_with)
    assert platform.account_of(secret) == author
    with raw.connect() as connection:
        stored = connection.execute(text("SELECT * FROM api_keys")).one()
    assert secret not in map(str, stored)
    assert all(secret not in entry.body for entry in platform.audit_export())
    (listed,) = platform.keys.of(author)
    assert listed.used_at is not None and listed.name == "图床上传"


def test_a_revoked_key_is_nobody(platform: Platform, author: Account) -> None:
    key, secret = platform.keys.create(author, "x")
    platform.keys.revoke(author, key.id)
    assert platform.account_of(secret) is None
    assert platform.keys.of(author) == ()
    with pytest.raises(NotFound):
        platform.keys.revoke(author, key.id)


def test_a_key_ends_by_itself(platform: Platform, author: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    _, secret = platform.keys.create(author, "x", days=2)
    assert platform.account_of(secret) == author
    later = datetime.now(UTC) + timedelta(days=2, seconds=1)
    monkeypatch.setattr(instants, "now", lambda: later)
    assert platform.account_of(secret) is None


def test_nobody_ends_the_key_of_somebody_else(platform: Platform, author: Account) -> None:
    key, secret = platform.keys.create(author, "x")
    other = platform.create_account("other", "正确 horse battery", Role.CREATOR)
    with pytest.raises(NotFound):
        platform.keys.revoke(other, key.id)
    assert platform.account_of(secret) == author


@pytest.mark.parametrize("secret", [PREFIX, PREFIX + "x" * 43, PREFIX + "\udc80", "", "yk"])
def test_what_is_no_key_is_nobody(platform: Platform, author: Account, secret: str) -> None:
    platform.keys.create(author, "x")
    assert platform.account_of(secret) is None


def test_keys_are_bounded_and_named(platform: Platform, author: Account) -> None:
    for name in ("", " \t", "x" * 61):
        with pytest.raises(UsageError):
            platform.keys.create(author, name)
    for days in (0, -1, 3651):
        with pytest.raises(UsageError):
            platform.keys.create(author, "x", days=days)
    for number in range(MAX_KEYS):
        platform.keys.create(author, f"key {number}")
    with pytest.raises(Refused) as caught:
        platform.keys.create(author, "one more")
    assert caught.value.code == "too-many-api-keys"
