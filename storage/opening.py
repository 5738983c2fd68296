"""The storage as the program gets it: every store over one database and one set of keys, checked before it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from storage.accounts import Accounts, StoredSessions
from storage.audit import StoredLog
from storage.conversations import Conversations
from storage.database import Database
from storage.erasing import ErasureJournal
from storage.inbox import StoredEvents
from storage.keys import Keys, has_keys, make_key, make_signing_key
from storage.log_chain import HeadFile, StoredChain
from storage.log_history import StoredHistory
from storage.migrating import check_current, upgrade
from storage.mine import StoredRecords
from storage.outbox import StoredOutbox
from storage.rotation import check_keys, in_use
from storage.tables import audit_heads
from storage.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Storage:
    """The stores, and what they stand on."""

    database: Database
    keys: Keys
    journal: ErasureJournal
    now: Callable[[], datetime]
    conversations: Conversations
    inbox: StoredEvents
    outbox: StoredOutbox
    tasks: Tasks
    accounts: Accounts
    sessions: StoredSessions
    audit: StoredLog
    history: StoredHistory
    chain: StoredChain
    records: StoredRecords


def utc_now() -> datetime:
    """The moment by which rows are dated."""
    return datetime.now(UTC)


def open_storage(
    url: str,
    folder: Path,
    journal: Path,
    now: Callable[[], datetime] = utc_now,
    *,
    make: bool = False,
) -> Storage:
    """Opens the storage; `make` (the demo) makes tables and keys where there are none. Raises `StorageError`."""
    database, erasures = Database(url), ErasureJournal(journal)
    try:
        if make:
            make_ready(database, folder)
        keys = _checked_keys(database, folder)
        erasures.catch_up(database)
    except BaseException:
        database.close()
        raise
    history = StoredHistory(database, keys)
    return Storage(
        database=database,
        keys=keys,
        journal=erasures,
        now=now,
        conversations=Conversations(database, keys, erasures, now),
        inbox=StoredEvents(database, keys, now),
        outbox=StoredOutbox(database, keys, now),
        tasks=Tasks(database, keys, now),
        accounts=Accounts(database, keys, now),
        sessions=StoredSessions(database, keys, now),
        audit=StoredLog(database, keys, now),
        history=history,
        chain=StoredChain(database, keys, HeadFile.beside(folder), now),
        records=StoredRecords(database, keys, history),
    )


def _checked_keys(database: Database, folder: Path) -> Keys:
    with database.read() as connection:
        check_current(connection)
        keys = Keys(folder)
        check_keys(connection, keys)
    return keys


def make_ready(database: Database, folder: Path) -> None:
    """Brings the tables up to date, and makes the first keys unless something is sealed with keys that are lost."""
    with database.work() as connection:
        upgrade(connection)
        if not has_keys(folder) and not in_use(connection):
            make_key(folder)
        if has_keys(folder) and not connection.execute(select(audit_heads).limit(1)).first():
            make_signing_key(folder)  # keys that an earlier version made came without it
