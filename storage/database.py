"""The database: SQLite in a file, or PostgreSQL. Transactions that read, and transactions that work."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from datetime import datetime
from itertools import count
from pathlib import Path
from threading import RLock
from typing import Any, Final, NamedTuple

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from storage.errors import StorageError

#: The two databases that are tested, by the name of their dialect.
DIALECTS: Final = ("sqlite", "postgresql")
#: More than the threads of a web process and its embedded workers.
CONNECTIONS: Final = 32
#: Milliseconds for which SQLite waits for another process.
BUSY: Final = 10_000
_WORKS: Final = "shebao_works"
_QUEUED: Final = "shebao_queued"
_PENDING: Final = "shebao_pending"
_PAUSE: Final = 0.05


class Queued(NamedTuple):
    """A row of the outbox that a transaction has queued."""

    id: str
    channel: str
    conversation: str
    due_at: datetime


def note_queued(connection: Connection, rows: Iterable[Queued]) -> None:
    """Has whoever sends told of rows once they are committed."""
    connection.info.setdefault(_QUEUED, []).extend(rows)


def note_pending(connection: Connection) -> None:
    """Has whoever follows profiles told, once it is committed, that somebody's changes wait."""
    connection.info[_PENDING] = True


class Database:
    """Connections to one database, which is there. Threads share it. Raises `StorageError`."""

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        try:
            self._engine.connect().close()
        except SQLAlchemyError as error:
            raise StorageError(f"database.url: {self.name} cannot be opened") from error
        self._working = self._engine.execution_options(**{_WORKS: True})
        # SQLite has one writer. Threads that wait here are woken at once; inside SQLite they would sleep and poll.
        # Reentrant, so that a transaction begun inside another by mistake ends in SQLite's error and not in silence.
        self._writer: AbstractContextManager[Any] = RLock() if self.dialect == "sqlite" else nullcontext()
        #: Told, after a transaction has committed, what it has queued.
        self.on_queued: Callable[[Sequence[Queued]], None] = lambda queued: None
        #: Told, after a transaction has committed, that somebody's profile changed by it.
        self.on_pending: Callable[[], None] = lambda: None

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @property
    def name(self) -> str:
        """The address for a person to read, without its password."""
        return self._engine.url.render_as_string(hide_password=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; it waits for nobody."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def work(self) -> Iterator[Connection]:
        """A transaction that writes: commits when the block ends, rolls back when it raises."""
        with self._writer, self._working.begin() as connection:
            try:
                yield connection
            finally:  # the dictionary outlives the transaction
                queued = connection.info.pop(_QUEUED, ())
                pending = connection.info.pop(_PENDING, False)
        if queued:
            self.on_queued(queued)
        if pending:
            self.on_pending()

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A transaction whose every query sees the same moment."""
        options = {"isolation_level": "REPEATABLE READ"} if self.dialect == "postgresql" else {}
        with self._engine.execution_options(**options).begin() as connection:
            yield connection

    def forget_deleted(self) -> None:
        """Takes what was deleted out of the files too: SQLite's log, PostgreSQL's dead rows of keys."""
        if self.dialect == "sqlite":
            with closing(self._engine.raw_connection()) as raw:  # neither command runs inside a transaction
                raw.cursor().execute("PRAGMA busy_timeout = 100")  # a long reader is not waited for
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
                raw.cursor().execute(f"PRAGMA busy_timeout = {BUSY}")
        else:
            with self._engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
                connection.exec_driver_sql("VACUUM person_keys")

    def close(self) -> None:
        """Closes every connection."""
        self._engine.dispose()


def upsert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that may say what happens where the row is already there."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def _engine(text: str) -> Engine:
    try:
        url = make_url(text)
    except ArgumentError:
        raise StorageError("database.url: not an address such as sqlite:///var/shebao.db") from None
    kind = url.get_backend_name()
    if kind not in DIALECTS or (kind == "sqlite" and not url.database):
        raise StorageError("database.url: accepted are sqlite:///FILE and postgresql://USER@HOST/NAME")
    return _sqlite(url) if kind == "sqlite" else _postgresql(url)


def _postgresql(url: URL) -> Engine:
    try:
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=CONNECTIONS,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"connect_timeout": 5},
        )
    except ImportError:
        raise StorageError("database.url: postgresql needs the extra of that name installed") from None


def _sqlite(url: URL) -> Engine:
    path = Path(url.database or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # the log beside it takes over these rights
    except OSError as error:
        raise StorageError(f"database.url: {path} cannot be opened ({error.strerror})") from error
    engine = create_engine(url.set(drivername="sqlite+pysqlite"), pool_size=CONNECTIONS, hide_parameters=True)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin`, not guessed by the driver
    connection.execute(f"PRAGMA busy_timeout = {BUSY}")  # first: the next line may have to wait too
    _use_log(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # a deleted key must not stay readable in a free page


def _use_log(connection: sqlite3.Connection) -> None:
    """Writes to a log beside the file. Of two processes that open a new file at once, each waits for the other: SQLite
    ends that at once with an error instead of waiting, so it is tried again."""
    for attempt in count(1):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if attempt * _PAUSE * 1000 >= BUSY:
                raise
            time.sleep(_PAUSE)
        else:
            return


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later could not be finished when another one wrote in between.
    works = connection.get_execution_options().get(_WORKS)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if works else "BEGIN")
