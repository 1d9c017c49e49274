"""Statements of paths that run for every request: compiled once, then handed to the driver as they are.

What SQLAlchemy does around a statement costs twenty times what SQLite needs to carry it out. A :class:`Prepared` keeps
what matters, the dialect's SQL and the types' conversions, and leaves out the rest. Everywhere else statements go
through the connection as usual; both kinds may stand in one transaction.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Dialect, Insert, Select
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.dml import UpdateBase

Parameters = Mapping[str, Any]
_Convert = Callable[[Any], Any]


class _Compiled(NamedTuple):
    """A statement in one dialect.

    Attributes:
        sql: Its text.
        takes: Its parameters in order, with what turns each into what the driver takes, if anything has to.
        fixed: Values that are part of the statement, by name.
        positional: Whether the driver wants parameters in order, else by name.
        row: Makes a row of what the driver returns, where the statement is a query.
    """

    sql: str
    takes: tuple[tuple[str, _Convert | None], ...]
    fixed: Parameters
    positional: bool
    row: _Convert | None

    def arranged(self, parameters: Parameters) -> list[Any] | dict[str, Any]:
        given = {**self.fixed, **parameters} if self.fixed else parameters
        if self.positional:
            return [given[name] if convert is None else convert(given[name]) for name, convert in self.takes]
        return {name: given[name] if convert is None else convert(given[name]) for name, convert in self.takes}


class Prepared:
    """One statement with named parameters, none of them a list, for its length would change the text.

    Args:
        statement: A query, or an insert, update or delete. An insert and an update take the columns of the first row
            they get, so that all rows have to have the same.
    """

    def __init__(self, statement: Select[Any] | UpdateBase) -> None:
        self._statement: Final = statement.inline() if isinstance(statement, Insert) else statement
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: Connection, *rows: Parameters) -> None:
        """Carries an insert, update or delete out, in a transaction, once for each set of parameters."""
        compiled = self._in(connection.dialect, rows[0])
        cursor = connection.connection.cursor()
        try:
            if len(rows) == 1:
                cursor.execute(compiled.sql, compiled.arranged(rows[0]))
            else:
                several: Any = [compiled.arranged(row) for row in rows]
                cursor.executemany(compiled.sql, several)
        finally:
            cursor.close()

    def rows(self, connection: Connection, **parameters: Any) -> list[Any]:
        """Returns what a query finds in a transaction, as named tuples."""
        return self.rows_of(connection.connection, connection.dialect, parameters)

    def rows_of(self, connection: PoolProxiedConnection, dialect: Dialect, parameters: Parameters) -> list[Any]:
        """Returns what a query finds on a connection of the driver's."""
        compiled = self._in(dialect, parameters)
        cursor = connection.cursor()
        try:
            cursor.execute(compiled.sql, compiled.arranged(parameters))
            found = list(cursor.fetchall())
        finally:
            cursor.close()
        return found if compiled.row is None else [compiled.row(values) for values in found]

    def _in(self, dialect: Dialect, parameters: Parameters) -> _Compiled:
        known = self._compiled.get(dialect.name)
        if known is None:
            known = self._compiled[dialect.name] = self._compile(dialect, parameters)
        return known

    def _compile(self, dialect: Dialect, parameters: Parameters) -> _Compiled:
        statement = self._statement
        is_query = isinstance(statement, Select)
        compiled: Any = statement.compile(dialect=dialect, column_keys=None if is_query else list(parameters))
        types = {name: bind.type for bind, name in compiled.bind_names.items()}
        fixed = {name: bind.value for bind, name in compiled.bind_names.items() if not bind.required}
        order = compiled.positiontup if compiled.positional else types
        takes = tuple((name, types[name].dialect_impl(dialect).bind_processor(dialect)) for name in order)
        row = _row_of(statement, dialect) if isinstance(statement, Select) else None
        return _Compiled(str(compiled), takes, fixed, bool(compiled.positional), row)


def _row_of(query: Select[Any], dialect: Dialect) -> _Convert:
    """Returns what turns the driver's values into a row with names."""
    columns = list(query.selected_columns)
    converts = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
    make: Any = namedtuple("Row", [str(column.key) for column in columns], rename=True)  # type: ignore[misc]

    def row(values: Sequence[Any]) -> Any:
        pairs = zip(values, converts, strict=True)
        return make._make(value if convert is None else convert(value) for value, convert in pairs)

    return row
