"""The schema grows by itself, safely, and matches the tables the code speaks of."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, MetaData, create_engine, inspect, text

from yinji.errors import StorageError, UsageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform import instants, migrations
from yinji.platform.database import Database
from yinji.platform.errors import Conflict
from yinji.platform.model import Role
from yinji.platform.schema import METADATA, accounts
from yinji.platform.service import Platform
from yinji.platform.settings import Settings

PASSWORD = "正确 horse battery"


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


@pytest.mark.parametrize("revision", ["0001", "retention"])
def test_a_site_of_an_older_version_is_brought_up_to_date_with_all_it_holds(
    settings: Settings, raw: Engine, tmp_path: Path, revision: str
) -> None:
    with Platform.open(replace(settings, database_url=f"sqlite:///{tmp_path}/of-today.sqlite3")) as today:
        author = today.create_account("qinghe", PASSWORD, Role.CREATOR, "青禾画室")
        said, undeclared = Declaration(Declared.AI_GENERATED), Declaration(Declared.UNDECLARED)
        first = today.publish(author, title="湖边", text="湖边的清晨", declaration=undeclared)
        second = today.publish(author, title="夜", text="夜里的湖", declaration=said)
        first = today.declare(author, first.id, said)
        files = {item.id: today.served_file(item.id).path.read_bytes() for item in (first, second)}
        session = today.sign_in("qinghe", PASSWORD)
        log = today.audit_verify()
        _write_as_of(today._database, raw, revision)
    with Platform.open(settings) as platform:
        assert platform.account_of(session) == author
        assert [platform.item(item.id) for item in (first, second)] == [first, second]
        assert {item.id: platform.served_file(item.id).path.read_bytes() for item in (first, second)} == files
        assert platform.audit_verify() == log
        platform.publish(author, title="后来", text="后来的事", declaration=said)
        platform.withdrawing.withdraw(author, second.id)
        assert [item.title for item in platform.feed().rows] == ["后来", "湖边"]
        assert platform.audit_verify()[0] > log[0]
    with raw.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def _write_as_of(today: Database, raw: Engine, revision: str) -> None:
    """Writes what a site holds into a database as it was at an older revision: the tables and columns of then."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with raw.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    then = MetaData()
    then.reflect(raw)
    head = then.tables["audit_head"]
    with today.read() as source, raw.begin() as target:
        for table in then.sorted_tables:
            if table.name in ("alembic_version", "audit_head", "audit_entries"):
                continue
            columns = ", ".join(column.name for column in table.columns)
            for row in source.execute(text(f"SELECT {columns} FROM {table.name}")).mappings():
                target.execute(table.insert().values(**row))
        entries, last = then.tables["audit_entries"], source.execute(text("SELECT * FROM audit_head")).mappings().one()
        columns = ", ".join(column.name for column in entries.columns)
        for row in source.execute(text(f"SELECT {columns} FROM audit_entries ORDER BY position")).mappings():
            target.execute(entries.insert().values(**row))
            grown = {name: value for name, value in last.items() if name in head.columns} | {
                "size": row["position"] + 1
            }
            target.execute(head.update().values(**grown))
