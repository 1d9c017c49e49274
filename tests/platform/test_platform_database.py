"""The schema grows by itself, safely, and matches the tables the code speaks of."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text

from yinji.errors import StorageError, UsageError
from yinji.platform import instants
from yinji.platform.database import Database
from yinji.platform.errors import Conflict
from yinji.platform.schema import METADATA, accounts
from yinji.platform.settings import Settings


def test_migrations_make_exactly_the_tables_of_the_schema(database: Database, raw: Engine) -> None:
    with raw.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_opening_again_changes_nothing(settings: Settings, database: Database, raw: Engine) -> None:
    before = inspect(raw).get_table_names()
    Database.open(settings.sqlalchemy_url).close()
    assert inspect(raw).get_table_names() == before
    with raw.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit_head")).scalar_one() == 1


def test_many_open_an_empty_database_at_once(settings: Settings) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            Database.open(settings.sqlalchemy_url).close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_newer_database_is_left_alone(settings: Settings, database: Database, raw: Engine) -> None:
    with raw.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError) as caught:
        Database.open(settings.sqlalchemy_url)
    assert caught.value.code == "database-too-new"
    with raw.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"


def test_a_failing_migration_leaves_nothing(settings: Settings, raw: Engine) -> None:
    with raw.begin() as connection:
        connection.execute(text("CREATE TABLE audit_head (x INTEGER)"))
    with pytest.raises(StorageError):
        Database.open(settings.sqlalchemy_url)
    assert inspect(raw).get_table_names() == ["audit_head"]


def test_only_our_own_errors_come_out(database: Database) -> None:
    with pytest.raises(StorageError), database.read() as connection:
        connection.execute(text("SELECT * FROM nowhere"))
    row = {column.name: "x" for column in accounts.columns} | {"created_at": instants.now()}
    with pytest.raises(StorageError), database.write() as connection:
        connection.execute(accounts.insert().values(row | {"created_at": None}))
    with database.write() as connection:
        connection.execute(accounts.insert().values(row))
    for other in (row | {"name_key": "y"}, row | {"id": "y"}):
        with pytest.raises(Conflict), database.write() as connection:
            connection.execute(accounts.insert().values(other))


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        raise ZeroDivisionError
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 1


def test_sqlite_waits_for_the_disk(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/x.sqlite3")
    with database.read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    assert database.answers()
    database.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "nonsense", "postgresql"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Database.open(url)
    assert caught.value.code == "database-url"


def test_no_server_is_an_error_of_ours() -> None:
    with pytest.raises(StorageError):
        Database.open("postgresql+psycopg://nobody@127.0.0.1:1/nothing")


def test_a_folder_that_cannot_be_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError):
        Database.open(f"sqlite:///{tmp_path}/file/x.sqlite3")


def test_a_file_that_is_no_database_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite3").write_bytes(b"not a database" * 100)
    with pytest.raises(StorageError):
        Database.open(f"sqlite:///{tmp_path}/x.sqlite3")


def test_a_database_that_went_away_does_not_answer(tmp_path: Path) -> None:
    database = Database(create_engine(f"sqlite:///{tmp_path}/nowhere/x.sqlite3"))
    assert not database.answers()
    database.close()
