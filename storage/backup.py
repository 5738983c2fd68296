"""A backup: one zip with every table as JSON lines, still sealed, the revision and a checksum of each.

The same file goes back into SQLite or PostgreSQL. The keys are not in it, and neither is the journal of erasures,
which is what makes erased conversations stay erased when an older backup is restored.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, MetaData, Row, Table, Uuid, delete, insert, select, update

from delivery.outbox import OPEN
from storage.database import Database
from storage.erasing import ErasureJournal, erase_again
from storage.errors import StorageError
from storage.migrating import BASE, HEAD, check_current, downgrade, revision_of, revisions, upgrade
from storage.tables import (
    erasures,
    invitations,
    links,
    metadata,
    notice_links,
    outbox,
    sessions,
    sign_in_journeys,
    sign_in_tries,
)

FORM: Final = "shebao backup 1"
#: What lets somebody in, or keeps somebody out, at one moment only; it is not brought back.
OPEN_DOORS: Final = (sessions, invitations, sign_in_journeys, sign_in_tries, links, notice_links)
_MANIFEST: Final = "manifest.json"
_ROWS: Final = 1000


@dataclass(frozen=True, slots=True)
class Restored:
    """What a backup brought back: rows by table, conversations erased again, replies that are not sent any more."""

    made_at: str
    rows: dict[str, int]
    erased: int
    dropped: int


def back_up(database: Database, path: Path, now: datetime) -> dict[str, int]:
    """Writes a backup of one moment; rows by table. Raises `StorageError`."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, suffix=".part")  # only this user may read it
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror})") from error
    part = Path(name)
    try:
        with (
            os.fdopen(descriptor, "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
            database.snapshot() as connection,
        ):
            check_current(connection)
            tables = {
                table.name: _write_table(connection, archive, table) for table in metadata.sorted_tables
            }
            manifest = {
                "form": FORM,
                "revision": revision_of(connection),
                "made_at": now.isoformat(),
                "tables": tables,
            }
            archive.writestr(_MANIFEST, json.dumps(manifest, indent=1))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return {name: table["rows"] for name, table in tables.items()}


def restore(database: Database, path: Path, journal: ErasureJournal, *, force: bool = False) -> Restored:
    """Puts a backup in the place of what is there, all of it or nothing. Raises `StorageError`.

    What stands in the database is only given up with `force`. What was erased there, or is in the journal, stays erased.
    """
    with _open(path) as archive:
        manifest = _checked(archive)
        with database.work() as connection:
            _clear(connection, journal, force)
            upgrade(connection, manifest["revision"])
            rows = {name: _read_table(connection, archive, name) for name in manifest["tables"]}
            upgrade(connection, HEAD)
            # Who has signed out since, or used a link, does not get in by it again.
            for table in OPEN_DOORS:
                connection.execute(delete(table))
            # An old backup would otherwise send what has been sent since.
            dropped = connection.execute(
                update(outbox)
                .where(outbox.c.state.in_(OPEN))
                .values(state="dropped", token=None, last_error="restored")
            ).rowcount
            erased = erase_again(connection, journal)
    database.forget_deleted()
    return Restored(manifest["made_at"], rows, erased, dropped)


# -- Write -----------------------------------------------------------------------------------------------------------


def _write_table(connection: Connection, archive: zipfile.ZipFile, table: Table) -> dict[str, Any]:
    digest, count = hashlib.sha256(), 0
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=_ROWS)
    with archive.open(f"{table.name}.jsonl", "w", force_zip64=True) as file:
        for row in connection.execute(query):
            line = json.dumps(_as_json(table, row)).encode() + b"\n"
            file.write(line)
            digest.update(line)
            count += 1
    return {"rows": count, "sha256": digest.hexdigest()}


def _as_json(table: Table, row: Row[Any]) -> dict[str, Any]:
    return {
        column.name: _tagged(value, is_id=isinstance(column.type, Uuid))
        for column, value in zip(table.columns, row, strict=True)
    }


def _tagged(value: Any, *, is_id: bool) -> Any:
    """A value as JSON; what JSON has no form for says what it is."""
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return {"moment": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    return {"id": value} if is_id and value is not None else value


# -- Read ------------------------------------------------------------------------------------------------------------


def _open(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile):
        raise StorageError(f"{path}: not a backup that can be read") from None


def _checked(archive: zipfile.ZipFile) -> dict[str, Any]:
    """The manifest, once everything it names is there unchanged."""
    try:
        manifest: dict[str, Any] = json.loads(archive.read(_MANIFEST))
        whole = manifest["form"] == FORM and all(
            _sha256(archive, name) == table["sha256"] for name, table in manifest["tables"].items()
        )
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile):
        whole = False
    if not whole:
        raise StorageError(f"{archive.filename}: not a whole backup of this program")
    if manifest["revision"] not in revisions():
        raise StorageError(f"{archive.filename}: was made by a newer version of the program")
    return manifest


def _sha256(archive: zipfile.ZipFile, table: str) -> str:
    digest = hashlib.sha256()
    with archive.open(f"{table}.jsonl") as file:
        for line in file:
            digest.update(line)
    return digest.hexdigest()


def _clear(connection: Connection, journal: ErasureJournal, force: bool) -> None:
    """Empties the database down to its last table, with what was erased in it safe in the journal."""
    found = revision_of(connection)
    if found is None:
        return
    check_current(connection)
    if not force and any(
        connection.execute(select(table).limit(1)).first() for table in metadata.sorted_tables
    ):
        raise StorageError("the database is not empty; --force puts the backup in the place of what is there")
    journal.add((row.conversation, row.erased_at) for row in connection.execute(select(erasures)))
    downgrade(connection, BASE)


def _read_table(connection: Connection, archive: zipfile.ZipFile, name: str) -> int:
    """Loads one table as the backup's revision has it, which may be an older one than the program's; its rows."""
    table = Table(name, MetaData(), autoload_with=connection)
    count = 0
    with archive.open(f"{name}.jsonl") as file:
        while rows := [_row(connection, line) for line in islice(file, _ROWS)]:
            connection.execute(insert(table), rows)
            count += len(rows)
    return count


def _row(connection: Connection, line: bytes) -> dict[str, Any]:
    sqlite = connection.dialect.name == "sqlite"
    return {name: _untagged(value, sqlite=sqlite) for name, value in json.loads(line).items()}


def _untagged(value: Any, *, sqlite: bool) -> Any:
    if not isinstance(value, dict):
        return value
    ((tag, text),) = value.items()
    if tag == "bytes":
        return base64.b64decode(text)
    if tag == "moment":
        return datetime.fromisoformat(text)
    if tag == "day":
        return date.fromisoformat(text)
    return UUID(text).hex if sqlite else UUID(text)
