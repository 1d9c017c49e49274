"""How the tables came to be: Alembic scripts that run by themselves when the database is opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from yinji.errors import StorageError

if TYPE_CHECKING:
    from yinji.platform.database import Database

_HERE: Final = Path(__file__).parent


def upgrade(database: Database) -> None:
    """Brings the schema up to date: in one transaction, by one process at a time, or not at all.

    Raises:
        StorageError: The database was written by a newer version of this program.
    """
    with database.read() as connection:
        if _is_current(connection):
            return
    with database.write() as connection:
        database.lock(connection, "migrations")
        if not _is_current(connection):
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
            command.upgrade(config, "head")


def _is_current(connection: Connection) -> bool:
    scripts = ScriptDirectory(str(_HERE))
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise StorageError("database-too-new", revision=found)
    return found == scripts.get_current_head()
