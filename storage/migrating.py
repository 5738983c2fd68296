"""Migrations: brings a database to a revision, and says on which one it stands."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from storage.errors import StorageError

HEAD: Final = "head"
BASE: Final = "base"
#: A number of ours, the same in every process.
_LOCK: Final = 20_261_015


@cache
def revisions() -> tuple[str, ...]:
    """Every revision, the newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def revision_of(connection: Connection) -> str | None:
    """The revision a database stands on; None where it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Connection, revision: str = HEAD) -> None:
    """Brings the database up to a revision, inside the connection's transaction."""
    if (
        connection.dialect.name == "postgresql"
    ):  # of two processes that start at once, one waits for the other
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    if revision != HEAD or revision_of(connection) != revisions()[0]:
        command.upgrade(_config(connection), revision)


def downgrade(connection: Connection, revision: str = BASE) -> None:
    """Takes the database down to a revision, inside the connection's transaction."""
    command.downgrade(_config(connection), revision)


def check_current(connection: Connection) -> None:
    """Raises `StorageError` where the tables are not those that the program works with."""
    found, known = revision_of(connection), revisions()
    if found is not None and found not in known:
        raise StorageError(f"database: revision {found} was made by a newer version of the program")
    if found != known[0]:
        raise StorageError(
            f"database: stands on revision {found}, {known[0]} is needed; run `shebao db upgrade`"
        )


def _config(connection: Connection | None = None) -> Config:
    config = Config(attributes={"connection": connection})
    folder = str(Path(__file__).with_name("migrations"))
    config.set_main_option("script_location", folder.replace("%", "%%"))
    return config
