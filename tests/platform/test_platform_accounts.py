"""Accounts, passwords, sessions, throttling."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, text

from yinji.errors import Refused, UsageError
from yinji.platform.accounts import Accounts
from yinji.platform.audit import AuditLog
from yinji.platform.database import Database
from yinji.platform.errors import Conflict, NotSignedIn, TooManyAttempts
from yinji.platform.instants import now, to_text
from yinji.platform.model import Account, Role
from yinji.platform.passwords import Passwords
from yinji.platform.service import Platform
from yinji.platform.settings import Settings
from yinji.platform.throttle import FREE, wait_after

PASSWORD = "正确 horse battery"


def events(platform: Platform) -> list[tuple[str, str, str]]:
    return [(entry.event, entry.actor, entry.subject) for entry in platform.audit_export()]


def test_an_account_can_sign_in_and_out(platform: Platform, author: Account) -> None:
    assert (author.name, author.display_name, author.role) == ("qinghe", "青禾画室", Role.CREATOR)
    token = platform.sign_in(" QingHe ", PASSWORD)
    assert platform.account_of(token) == author
    platform.sign_out(token)
    assert platform.account_of(token) is None
    platform.sign_out(token)
    assert events(platform) == [
        ("account.created", "system", author.id),
        ("session.opened", author.id, author.id),
        ("session.closed", author.id, author.id),
    ]


def test_neither_password_nor_token_is_kept(platform: Platform, author: Account, raw: Engine) -> None:
    token = platform.sign_in("qinghe", PASSWORD)
    with raw.connect() as connection:
        kept = [
            str(tuple(row))
            for table in ("accounts", "sessions", "audit_entries", "sign_in_attempts")
            for row in connection.execute(text(f"SELECT * FROM {table}"))
        ]
        stored = connection.execute(text("SELECT password_hash FROM accounts")).scalar_one()
    assert not any(token in row or PASSWORD in row for row in kept)
    assert stored.startswith("$argon2id$v=19$")


def test_the_parameters_are_those_that_rfc_9106_recommends() -> None:
    passwords = Passwords()
    stored = passwords.hash(PASSWORD)
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.matches(stored, PASSWORD)
    assert not passwords.matches(stored, PASSWORD + "x")
    assert not passwords.matches(None, PASSWORD)
    assert not passwords.matches("no hash", PASSWORD)
    assert not passwords.is_outdated(stored)


@pytest.mark.parametrize("token", ["", "x", "字", "a" * 500, "\ud800"])
def test_other_tokens_open_nothing(platform: Platform, token: str) -> None:
    assert platform.account_of(token) is None
    platform.sign_out(token)


def test_wrong_name_and_wrong_password_look_the_same(platform: Platform, author: Account) -> None:
    for name, password in (
        ("qinghe", "wrong password"),
        ("nobody", PASSWORD),
        ("x" * 5000, "y" * 5000),
        ("\ud800", ""),
    ):
        with pytest.raises(NotSignedIn) as caught:
            platform.sign_in(name, password)
        assert (caught.value.code, caught.value.details, caught.value.http_status) == ("sign-in-failed", {}, 401)
    assert events(platform)[1:] == [
        ("session.failed", "system", author.id),
        ("session.failed", "system", ""),
        ("session.failed", "system", ""),
        ("session.failed", "system", ""),
    ]


def test_unknown_names_cost_a_hash_too(database: Database, settings: Settings) -> None:
    class Counting(PasswordHasher):
        compared = 0

        def verify(self, hash: str | bytes, password: str | bytes) -> bool:
            self.compared += 1
            return super().verify(hash, password)

    hasher = Counting(time_cost=1, memory_cost=64, parallelism=1)
    accounts = Accounts(database, AuditLog(database), settings, Passwords(hasher))
    accounts.create("known", PASSWORD, Role.READER, "", actor="system")
    for number, name in enumerate(("known", "unknown"), start=1):
        with pytest.raises(NotSignedIn):
            accounts.sign_in(name, "wrong password")
        assert hasher.compared == number


def test_hashes_are_renewed_when_the_parameters_change(database: Database, settings: Settings, raw: Engine) -> None:
    def stored() -> str:
        with raw.connect() as connection:
            return str(connection.execute(text("SELECT password_hash FROM accounts")).scalar_one())

    log = AuditLog(database)
    weak = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    Accounts(database, log, settings, weak).create("known", PASSWORD, Role.READER, "", actor="system")
    before = stored()
    strong = Accounts(database, log, settings, Passwords(PasswordHasher(time_cost=2, memory_cost=128, parallelism=1)))
    strong.sign_in("known", PASSWORD)
    after = stored()
    assert "m=64,t=1" in before
    assert "m=128,t=2" in after
    strong.sign_in("known", PASSWORD)
    assert stored() == after


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025, "字" * 400])
def test_passwords_have_a_length(platform: Platform, password: str) -> None:
    with pytest.raises(UsageError) as caught:
        platform.create_account("a", password, Role.READER)
    assert caught.value.code == "password-rule"


@pytest.mark.parametrize("name", ["qinghe", "QINGHE", "ｑｉｎｇｈｅ"])
def test_names_that_read_the_same_are_taken(platform: Platform, author: Account, name: str) -> None:
    with pytest.raises(Conflict) as caught:
        platform.create_account(name, PASSWORD, Role.READER)
    assert caught.value.code == "name-taken"
    assert platform.audit_verify()[0] == 1


def test_only_administrators_and_the_operator_create_accounts(platform: Platform, author: Account) -> None:
    with pytest.raises(Refused):
        platform.create_account("b", PASSWORD, Role.READER, actor=author)
    admin = platform.create_first_admin("admin", PASSWORD)
    made = platform.create_account("b", PASSWORD, Role.READER, actor=admin)
    assert events(platform)[-1] == ("account.created", admin.id, made.id)


def test_there_is_one_first_administrator(platform: Platform, opened: Callable[[], Platform]) -> None:
    assert not platform.has_admin()
    results: list[str] = []

    def work(site: Platform, name: str) -> None:
        try:
            results.append(site.create_first_admin(name, PASSWORD).name)
        except Conflict as error:
            results.append(error.code)

    threads = [threading.Thread(target=work, args=(opened(), f"admin{number}")) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert platform.has_admin()
    assert len(results) == 3
    assert results.count("admin-exists") == 2
    with pytest.raises(Conflict):
        platform.create_first_admin("late", PASSWORD)


def age(raw: Engine, statement: str, by: timedelta) -> None:
    with raw.begin() as connection:
        connection.execute(text(statement), {"at": to_text(now() - by)})


def test_idle_sessions_end(platform: Platform, author: Account, raw: Engine) -> None:
    token = platform.sign_in("qinghe", PASSWORD)
    age(raw, "UPDATE sessions SET seen_at = :at", timedelta(hours=11))
    assert platform.account_of(token) == author, "used in time, and so marked as used"
    with raw.connect() as connection:
        assert connection.execute(text("SELECT seen_at FROM sessions")).scalar_one() > to_text(
            now() - timedelta(hours=1)
        )
    age(raw, "UPDATE sessions SET seen_at = :at", timedelta(hours=13))
    assert platform.account_of(token) is None


def test_sessions_end_even_if_used(platform: Platform, author: Account, raw: Engine) -> None:
    token = platform.sign_in("qinghe", PASSWORD)
    age(raw, "UPDATE sessions SET expires_at = :at", timedelta(seconds=1))
    assert platform.account_of(token) is None
    platform.tidy()
    with raw.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM sessions")).scalar_one() == 0


def fail(platform: Platform, times: int, name: str = "qinghe") -> None:
    for _ in range(times):
        with pytest.raises(NotSignedIn):
            platform.sign_in(name, "wrong password")


@pytest.mark.parametrize("name", ["qinghe", "nobody"])
def test_guessing_is_throttled_also_after_a_restart(
    platform: Platform, author: Account, opened: Callable[[], Platform], raw: Engine, name: str
) -> None:
    fail(platform, FREE, name)
    for site in (platform, opened()):
        with pytest.raises(TooManyAttempts) as caught:
            site.sign_in(name, PASSWORD)
        assert 0 < int(str(caught.value.details["seconds"])) <= 30
        assert caught.value.http_status == 429
    age(raw, "UPDATE sign_in_attempts SET next_at = :at", timedelta(seconds=1))
    fail(platform, 1, name)
    with pytest.raises(TooManyAttempts) as caught:
        platform.sign_in(name, PASSWORD)
    assert 30 < int(str(caught.value.details["seconds"])) <= 60


def test_the_right_password_forgives(platform: Platform, author: Account) -> None:
    fail(platform, FREE - 1)
    platform.sign_in("qinghe", PASSWORD)
    fail(platform, FREE - 1)
    assert platform.sign_in("qinghe", PASSWORD)


def test_other_names_are_not_throttled(platform: Platform, author: Account) -> None:
    fail(platform, FREE, "nobody")
    assert platform.sign_in("qinghe", PASSWORD)


def test_guesses_at_the_same_moment_all_count(platform: Platform, author: Account) -> None:
    outcomes: list[str] = []

    def guess() -> None:
        try:
            platform.sign_in("qinghe", "wrong password")
        except Refused as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("sign-in-failed") == FREE
    assert outcomes.count("too-many-attempts") == 12 - FREE


def test_waits_double_and_are_bounded() -> None:
    assert [wait_after(n).total_seconds() for n in range(1, 13)] == [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]
    assert wait_after(10**6).total_seconds() == 900


def test_old_attempts_are_forgotten(platform: Platform, author: Account, raw: Engine) -> None:
    fail(platform, FREE)
    age(raw, "UPDATE sign_in_attempts SET last_at = :at, next_at = :at", timedelta(hours=25))
    platform.tidy()
    with raw.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM sign_in_attempts")).scalar_one() == 0


def test_display_names_are_one_bounded_line(platform: Platform) -> None:
    assert platform.create_account("a", PASSWORD, Role.READER, " 城南\n食记 ").display_name == "城南 食记"
    assert platform.create_account("b", PASSWORD, Role.READER).display_name == "b"
    with pytest.raises(UsageError):
        platform.create_account("c", PASSWORD, Role.READER, "字" * 41)


def test_roles_are_kept(platform: Platform) -> None:
    for role in Role:
        made = platform.create_account(f"a-{role}", PASSWORD, role)
        assert platform.account_of(platform.sign_in(f"a-{role}", PASSWORD)) == replace(made, role=role)
