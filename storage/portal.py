"""The portal's own spreadsheets, sealed as they were uploaded."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from audit.events import Event
from profiles.portal import Blank, PortalBook, Receipt, Told
from storage.audit import append
from storage.database import DIALECTS, Database, upsert
from storage.keys import Keys
from storage.tables import portal_files

BODY: Final = "portal_files.body"
_KEEP: Final = {
    dialect: keep.on_conflict_do_update(
        index_elements=["kind", "of"],
        set_={name: keep.excluded[name] for name in ("key_id", "body", "kept_at")},
    )
    for dialect in DIALECTS
    for keep in (upsert(dialect, portal_files),)
}


class StoredPortal(PortalBook):
    """The spreadsheets."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def blank(self, account: str) -> Blank | None:
        """The blank of an account's portal."""
        kept = self._get("blank", account)
        if kept is None:
            return None
        return Blank(
            kept["name"],
            b64decode(kept["data"]),
            kept["sheet"],
            kept["row"],
            tuple(kept["headings"]),
            _places(kept["columns"]),
        )

    def keep_blank(self, account: str, blank: Blank, by: str) -> None:
        """Keeps a blank in the place of the one before."""
        body = {
            "name": blank.name,
            "data": b64encode(blank.data).decode(),
            "sheet": blank.sheet,
            "row": blank.row,
            "headings": blank.headings,
            "columns": blank.columns,
        }
        with self._database.work() as connection:
            self._put(connection, "blank", account, body)
            append(connection, Event("portal_blank_kept", by), self._now())

    def receipt(self, run: str) -> Receipt | None:
        """The receipt of a declaration."""
        kept = self._get("receipt", run)
        if kept is None:
            return None
        return Receipt(
            kept["name"], b64decode(kept["data"]), tuple(kept["headings"]), _places(kept["columns"])
        )

    def keep_receipt(self, run: str, receipt: Receipt, by: str) -> None:
        """Keeps a receipt in the place of the one before, and how it is read for the next one."""
        body = {
            "name": receipt.name,
            "data": b64encode(receipt.data).decode(),
            "headings": receipt.headings,
            "columns": receipt.columns,
        }
        with self._database.work() as connection:
            self._put(connection, "receipt", run, body)
            if receipt.columns:
                self._put(connection, "columns", _hash(receipt.headings), {"columns": receipt.columns})
            append(connection, Event("portal_receipt_kept", by), self._now())

    def columns_of(self, headings: Sequence[str]) -> Mapping[int, Told] | None:
        """How a receipt with these headings was read the last time."""
        kept = self._get("columns", _hash(headings))
        return None if kept is None else _places(kept["columns"])

    def _get(self, kind: str, of: str) -> dict[str, Any] | None:
        query = select(portal_files).where(portal_files.c.kind == kind, portal_files.c.of == of)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        found: dict[str, Any] = self._keys.box(BODY, row.key_id).open_json(f"{BODY}:{kind}:{of}", row.body)
        return found

    def _put(self, connection: Connection, kind: str, of: str, body: Mapping[str, Any]) -> None:
        box = self._keys.box(BODY)
        row = {
            "kind": kind,
            "of": of,
            "key_id": box.key_id,
            "body": box.seal_json(f"{BODY}:{kind}:{of}", body),
            "kept_at": self._now(),
        }
        connection.execute(_KEEP[connection.dialect.name], row)


def _hash(headings: Sequence[str]) -> str:
    return hashlib.sha256("\x1f".join(headings).encode()).hexdigest()


def _places(columns: Mapping[str, Any]) -> dict[int, Any]:
    return {int(place): told for place, told in columns.items()}
