"""Connections: SQLite (WAL, ``synchronous=FULL``) or PostgreSQL behind one pair of verbs, ``read`` and ``write``."""

from __future__ import annotations

import logging
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Table,
    bindparam,
    create_engine,
    event,
    func,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from yinji.errors import StorageError, UsageError, YinjiError
from yinji.platform.errors import Conflict, Unavailable
from yinji.platform.prepared import Prepared

_WRITES: Final = "yinji_writes"
_BEFORE: Final = "yinji_before"
_AFTER: Final = "yinji_after"
_BUSY_SECONDS: Final = 30
_REACHED: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""What tells libpq that PostgreSQL's machine is gone without a word, in half a minute instead of hours."""
_LOG: Final = logging.getLogger("yinji.database")
_DRIVERS: Final = frozenset({"sqlite3", "psycopg"})
"""Modules of the errors that prepared statements raise."""

_LOCK: Final = Prepared(select(func.pg_advisory_xact_lock(bindparam("key", type_=BigInteger))))


class Database:
    """One database, shared by all threads.

    On SQLite one writer runs at a time: ``BEGIN IMMEDIATE`` takes the file's lock first, so no transaction fails
    half-way because another one wrote. On PostgreSQL rows are locked where it matters, the head of the audit log last.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sqlite = engine.dialect.name == "sqlite"
        self._writer = threading.Lock()

    @classmethod
    def open(cls, url: str) -> Self:
        """Connects and brings the schema up to date.

        Raises:
            UsageError: The address cannot be understood.
            StorageError: The database cannot be reached or is newer than this program.
        """
        from yinji.platform.migrations import upgrade

        with _translated():
            database = cls(_engine(_parsed(url)))
        try:
            upgrade(database)
        except BaseException:
            database.close()
            raise
        return database

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def read(self, *, snapshot: bool = False) -> Iterator[Connection]:
        """Opens a reading transaction.

        Args:
            snapshot: All statements see the same state (always so on SQLite).
        """
        with _translated(), self._engine.connect() as connection:
            if snapshot and not self._sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    def find(self, query: Prepared, **parameters: Any) -> list[Any]:
        """Returns what a prepared query finds, in a transaction of its own."""
        with _translated():
            connection = self._engine.raw_connection()
            try:
                return query.rows_of(connection, self._engine.dialect, parameters)
            finally:
                connection.close()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Opens a writing transaction: durable when the block ends, gone when it raises.

        Raises:
            Conflict: A row with this key is there already.
            StorageError: The database refused.
        """
        with _translated(), self._alone(), self._engine.connect() as connection:
            connection.execution_options(**{_WRITES: True})
            for left_over in (_BEFORE, _AFTER):
                connection.info.pop(left_over, None)
            with connection.begin():
                yield connection
                for call, collected in connection.info.pop(_BEFORE, {}).items():
                    call(connection, collected)
            for call in connection.info.pop(_AFTER, ()):
                call()

    def before_commit(self, connection: Connection, call: Callable[[Connection, list[Any]], None], value: Any) -> None:
        """Has ``call`` called once, last thing in the writing transaction, with all values handed in for it."""
        connection.info.setdefault(_BEFORE, {}).setdefault(call, []).append(value)

    def after_commit(self, connection: Connection, call: Callable[[], None]) -> None:
        """Has ``call`` called once the writing transaction is durable; never if it is not."""
        connection.info.setdefault(_AFTER, {})[call] = None

    def _alone(self) -> AbstractContextManager[object]:
        """Queues the threads of this process fairly, where SQLite itself would only poll."""
        return self._writer if self._sqlite else nullcontext()

    def lock(self, connection: Connection, name: str) -> None:
        """Holds a named lock until the transaction ends. On SQLite a writer is alone anyway."""
        if not self._sqlite:
            _LOCK.rows(connection, key=zlib.crc32(f"yinji {name}".encode()))

    def now(self, connection: Connection) -> datetime:
        """Returns the time by the database's own clock, in UTC."""
        clock = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')" if self._sqlite else "clock_timestamp()"
        told = connection.scalar(text(f"SELECT {clock}"))
        at = datetime.fromisoformat(told) if isinstance(told, str) else told
        return at.astimezone(UTC)

    def insert_new(self, connection: Connection, table: Table, values: dict[str, Any]) -> bool:
        """Inserts a row unless its key is there already; tells whether it did."""
        insert = sqlite.insert(table) if self._sqlite else postgresql.insert(table)
        counted = insert.values(**values).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
        return connection.execute(counted).rowcount == 1

    def insert_or_change(
        self,
        connection: Connection,
        table: Table,
        values: dict[str, Any],
        key: Column[Any],
        change: dict[str, Any],
        where: ColumnElement[bool],
    ) -> None:
        """Inserts a row; where ``key`` is there already, changes that row instead if it is as ``where`` says."""
        insert = sqlite.insert(table) if self._sqlite else postgresql.insert(table)
        present = insert.values(**values).on_conflict_do_update(index_elements=[key], set_=change, where=where)
        connection.execute(present)

    def answers(self) -> bool:
        """Tells whether the database is there."""
        try:
            with self.read() as connection:
                return bool(connection.scalar(select(text("1"))))
        except StorageError:
            return False


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UsageError("database-url") from error
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise UsageError("database-url")
    return parsed


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        asked = {name: value for name, value in _REACHED.items() if name not in url.query}
        return create_engine(url, pool_pre_ping=True, connect_args=asked)
    if not url.database or url.database == ":memory:":
        raise UsageError("database-url")
    try:
        Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError("folder", path=Path(url.database).parent, reason=error.strerror) from error
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    driver: Any = connection.connection.driver_connection
    driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")  # past SQLAlchemy, where it costs as much as a query


@contextmanager
def _translated() -> Iterator[None]:
    """Lets only the package's own errors out."""
    try:
        yield
    except YinjiError:
        raise
    except Exception as error:
        if not isinstance(error, SQLAlchemyError) and type(error).__module__.partition(".")[0] not in _DRIVERS:
            raise
        cause = getattr(error, "orig", None) or error
        if _is_duplicate(cause):
            raise Conflict("already-there") from error
        if _is_full(cause):
            raise StorageError("disk-full") from error
        reason = f"{type(cause).__name__}: {(str(cause).splitlines() or [''])[0]}"
        _LOG.error("database: %s", reason)  # it names hosts and users: for operators, not for readers
        raise Unavailable("database", reason=reason) from error


def _is_full(cause: BaseException) -> bool:
    return getattr(cause, "sqlstate", "") == "53100" or getattr(cause, "sqlite_errorname", "") == "SQLITE_FULL"


def _is_duplicate(cause: BaseException) -> bool:
    return getattr(cause, "sqlstate", "") == "23505" or getattr(cause, "sqlite_errorname", "") in (
        "SQLITE_CONSTRAINT_UNIQUE",
        "SQLITE_CONSTRAINT_PRIMARYKEY",
    )
