"""The log: gapless under concurrency, guarded by triggers, and honest about tampering."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from audit_logs import fill, unguard
from yinji.errors import LimitExceeded, UsageError
from yinji.platform.audit import GENESIS, AuditLog
from yinji.platform.audit.log import Verified
from yinji.platform.database import Database
from yinji.platform.errors import AuditBroken
from yinji.platform.settings import Settings


@pytest.fixture
def log(database: Database) -> AuditLog:
    return AuditLog(database)


def test_hashes_are_those_of_the_definition(database: Database, log: AuditLog) -> None:
    fill(database, log, 3)
    chain = bytes.fromhex(GENESIS)
    for index, entry in enumerate(log.export()):
        leaf = hashlib.sha256(b"\x00" + entry.body.encode()).digest()
        chain = hashlib.sha256(chain + leaf).digest()
        assert (entry.index, entry.leaf_hash, entry.chain_hash) == (index, leaf.hex(), chain.hex())
        salt = json.loads(entry.body)["salt"]
        assert re.fullmatch("[0-9a-f]{32}", salt)
        assert entry.body == (
            f'{{"actor":"system","at":"{entry.at:%Y-%m-%dT%H:%M:%S.%f}Z","detail":{{"n":{index}}},'
            f'"event":"test.happened","salt":"{salt}","subject":"s{index}","v":2}}'
        )
    leaves = [hashlib.sha256(b"\x00" + entry.body.encode()).digest() for entry in log.export()]
    pair = hashlib.sha256(b"\x01" + leaves[0] + leaves[1]).digest()
    root = hashlib.sha256(b"\x01" + pair + leaves[2]).digest()
    assert log.verify() == Verified(3, chain.hex(), root)


def test_an_empty_log_verifies(log: AuditLog) -> None:
    assert log.verify() == Verified(0, GENESIS, hashlib.sha256(b"").digest())


def test_equal_entries_have_different_hashes(database: Database, log: AuditLog) -> None:
    """Who knows what happened, and when, still cannot find it among the hashes that everybody may see."""
    with database.write() as connection:
        for _ in range(2):
            log.append(connection, "session.opened", actor="a", subject="a")
    first, second = log.export()
    assert json.loads(first.body)["salt"] != json.loads(second.body)["salt"]


def test_a_log_longer_than_a_batch_is_exported_and_verified_whole(database: Database, log: AuditLog) -> None:
    fill(database, log, 1203)
    assert [entry.index for entry in log.export()] == list(range(1203))
    assert log.verify().size == 1203


def test_threads_append_without_gaps(database: Database, log: AuditLog) -> None:
    failures: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for number in range(25):
                with database.write() as connection:
                    log.append(connection, "test.happened", actor="system", subject=f"{name}-{number}")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert log.verify().size == 200
    subjects = [entry.subject for entry in log.export()]
    assert sorted(subjects) == sorted(f"{a}-{b}" for a in range(8) for b in range(25))


def test_two_databases_objects_append_to_one_log(database: Database, settings: Settings, log: AuditLog) -> None:
    """Two processes share no lock but the database's."""
    other = Database.open(settings.sqlalchemy_url)
    logs = ((database, log), (other, AuditLog(other)))

    def work(base: Database, its: AuditLog) -> None:
        for _ in range(20):
            with base.write() as connection:
                its.append(connection, "test.happened", actor="system")

    threads = [threading.Thread(target=work, args=pair) for pair in logs for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert log.verify().size == 80


def test_an_entry_goes_with_its_transaction(database: Database, log: AuditLog) -> None:
    fill(database, log, 1)
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        log.append(connection, "test.happened", actor="system")
        raise ZeroDivisionError
    assert log.verify().size == 1


def test_an_entry_too_long_for_a_tile_is_refused(database: Database, log: AuditLog) -> None:
    with pytest.raises(LimitExceeded), database.write() as connection:
        log.append(connection, "test.happened", actor="system", detail={"x": "字" * 22_000})
    assert log.verify().size == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor = 'x' WHERE position = 1",
        "DELETE FROM audit_entries WHERE position = 2",
        "DELETE FROM audit_entries",
        "INSERT INTO audit_entries SELECT 7, at, actor, event, subject, body, leaf_hash, chain_hash"
        " FROM audit_entries WHERE position = 1",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET size = 1",
        "UPDATE audit_head SET chain_hash = 'x'",
    ],
)
def test_the_database_itself_refuses_to_rewrite(database: Database, log: AuditLog, raw: Engine, statement: str) -> None:
    fill(database, log, 3)
    with pytest.raises(DBAPIError), raw.begin() as connection:
        connection.execute(text(statement))
    assert log.verify().size == 3


def test_replace_and_truncate_are_refused_too(database: Database, log: AuditLog, raw: Engine) -> None:
    fill(database, log, 3)
    if raw.dialect.name == "postgresql":
        statements = ["TRUNCATE audit_entries", "TRUNCATE audit_head"]
    else:
        statements = [
            "INSERT OR REPLACE INTO audit_entries SELECT position, at, 'x', event, subject, body, leaf_hash,"
            " chain_hash FROM audit_entries WHERE position = 1",
            "INSERT OR REPLACE INTO audit_head VALUES (1, 0, 'x')",
        ]
    for statement in statements:
        with pytest.raises(DBAPIError), raw.begin() as connection:
            connection.execute(text(statement))
    assert log.verify().size == 3


def rehash(raw: Engine) -> None:
    """What a careful forger does: changes the body and its leaf hash, and leaves the chain."""
    with raw.begin() as connection:
        body = connection.execute(text("SELECT body FROM audit_entries WHERE position = 2")).scalar_one()
        forged = body.replace('"n":2', '"n":9')
        leaf = hashlib.sha256(b"\x00" + forged.encode()).hexdigest()
        connection.execute(
            text("UPDATE audit_entries SET body = :body, leaf_hash = :leaf WHERE position = 2"),
            {"body": forged, "leaf": leaf},
        )


def run(statement: str) -> Callable[[Engine], None]:
    def change(raw: Engine) -> None:
        with raw.begin() as connection:
            connection.execute(text(statement))

    return change


def swap(raw: Engine) -> None:
    """Exchanges what two entries say, and leaves their hashes."""
    with raw.begin() as connection:
        rows = connection.execute(text("SELECT position, body FROM audit_entries")).all()
        bodies = {row.position: row.body for row in rows}
        change = text("UPDATE audit_entries SET body = :body WHERE position = :position")
        connection.execute(change, {"body": bodies[3], "position": 1})
        connection.execute(change, {"body": bodies[1], "position": 3})


def put_in(raw: Engine) -> None:
    """Moves the later entries up and puts a copy of an earlier one into the gap."""
    with raw.begin() as connection:
        for position in (4, 3, 2):
            connection.execute(text(f"UPDATE audit_entries SET position = {position + 1} WHERE position = {position}"))
        connection.execute(
            text(
                "INSERT INTO audit_entries SELECT 2, at, actor, event, subject, body, leaf_hash, chain_hash"
                " FROM audit_entries WHERE position = 1"
            )
        )


TAMPERINGS = {
    "body": (run("UPDATE audit_entries SET body = replace(body, 's2', 's3') WHERE position = 2"), "audit-changed", 2),
    "column": (run("UPDATE audit_entries SET actor = 'somebody' WHERE position = 4"), "audit-changed", 4),
    "time": (run("UPDATE audit_entries SET at = '2026-01-01T00:00:00.000000Z' WHERE position = 1"), "audit-changed", 1),
    "rehashed": (rehash, "audit-chain", 2),
    "removed": (run("DELETE FROM audit_entries WHERE position = 3"), "audit-missing", 3),
    "first removed": (run("DELETE FROM audit_entries WHERE position = 0"), "audit-missing", 0),
    "last removed": (run("DELETE FROM audit_entries WHERE position = 4"), "audit-head", 4),
    "all removed": (run("DELETE FROM audit_entries"), "audit-head", 0),
    "head changed": (run("UPDATE audit_head SET chain_hash = 'x'"), "audit-head", 5),
    "head removed": (run("DELETE FROM audit_head"), "audit-head", 5),
    "edge changed": (run("UPDATE audit_head SET frontier = ''"), "audit-head", 5),
    "reordered": (swap, "audit-changed", 1),
    "put in": (put_in, "audit-chain", 2),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_past_the_triggers_is_named(database: Database, log: AuditLog, raw: Engine, name: str) -> None:
    change, code, index = TAMPERINGS[name]
    fill(database, log, 5)
    unguard(raw, "audit_entries")
    unguard(raw, "audit_head")
    change(raw)
    with pytest.raises(AuditBroken) as caught:
        log.verify()
    assert (caught.value.code, caught.value.details["index"]) == (code, index)
    assert str(index) in caught.value.text.zh


def test_listings_narrow_to_an_event_an_area_a_subject_or_an_actor(database: Database, log: AuditLog) -> None:
    with database.write() as connection:
        for event, actor, subject in (
            ("item.published", "a", "1"),
            ("item.declared", "b", "1"),
            ("items.odd", "b", "2"),
            ("session.opened", "b", "b"),
        ):
            log.append(connection, event, actor=actor, subject=subject)

    def found(**filters: str) -> list[int]:
        return [entry.index for entry in log.page(cursor=None, limit=10, **filters).rows]

    assert found(event="item") == [1, 0]
    assert found(event="item.published") == [0]
    assert found(event="item_") == found(event="%") == []
    assert found(subject="1") == [1, 0]
    assert found(actor="b") == [3, 2, 1]
    assert found(actor="b", event="item", subject="1") == [1]


def test_pages_go_from_new_to_old(database: Database, log: AuditLog) -> None:
    fill(database, log, 7)
    seen, cursor = [], None
    while True:
        page = log.page(cursor=cursor, limit=3)
        seen.append([entry.index for entry in page.rows])
        if (cursor := page.next_cursor) is None:
            break
    assert seen == [[6, 5, 4], [3, 2, 1], [0]]


@pytest.mark.parametrize("cursor", ["", "x", "!!!!", "ZmVlZDox", "YXVkaXQ6LTE", "YXVkaXQ6", "字"])
def test_foreign_cursors_are_refused(log: AuditLog, cursor: str) -> None:
    with pytest.raises(UsageError) as caught:
        log.page(cursor=cursor, limit=3)
    assert caught.value.code == "cursor"


@pytest.mark.parametrize("limit", [0, -1, 101])
def test_page_sizes_are_bounded(log: AuditLog, limit: int) -> None:
    with pytest.raises(UsageError):
        log.page(cursor=None, limit=limit)
