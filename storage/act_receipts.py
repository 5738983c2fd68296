"""Receipts of the portal's forms as rows: sealed as they were uploaded, with the rows that were taken over.

That a receipt is being taken over, or taken back, is kept before its first row is: stopped anywhere, it goes on.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Row, select, update

from audit.events import Event
from audit.events import employee as subject
from profiles.book import Overtaken
from profiles.portal import Receipt, Told
from profiles.portal_acts import ActReceipts, KeptReceipt, State, Taken
from storage.audit import append
from storage.database import DIALECTS, Database, upsert
from storage.keys import Keys
from storage.tables import act_receipts

BODY: Final = "act_receipts.body"
FILE: Final = "act_receipts.file"
_KEEP: Final = {
    dialect: upsert(dialect, act_receipts)
    .on_conflict_do_nothing(index_elements=["form", "file"])
    .returning(act_receipts.c.id)
    for dialect in DIALECTS
}


class StoredActReceipts(ActReceipts):
    """The receipts."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def keep(self, form: str, receipt: Receipt, by: str) -> str:
        """Keeps a receipt; its id. The same file of the same form is the same receipt."""
        id, now = str(uuid4()), self._now()
        file = self._keys.index(FILE, hashlib.sha256(receipt.data).hexdigest())
        body = {
            "name": receipt.name,
            "data": b64encode(receipt.data).decode(),
            "headings": receipt.headings,
            "columns": receipt.columns,
            "by": by,
            "rows": [],
            "taken_by": "",
        }
        row = {"id": id, "form": form, "file": file, "state": "read", "kept_at": now, "changed_at": now}
        with self._database.work() as connection:
            new = connection.execute(
                _KEEP[connection.dialect.name], row | self._sealed(id, body)
            ).one_or_none()
            if new is not None:
                append(connection, Event("portal_receipt_kept", by), now)
                return id
            there = (act_receipts.c.form == form) & (act_receipts.c.file == file)
            found: str = connection.execute(select(act_receipts.c.id).where(there)).scalar_one()
            return found

    def get(self, id: str) -> KeptReceipt | None:
        """One of them."""
        with self._database.read() as connection:
            row = connection.execute(select(act_receipts).where(act_receipts.c.id == id)).one_or_none()
        return None if row is None else self._read(row)

    def of(self, form: str, limit: int = 20) -> tuple[KeptReceipt, ...]:
        """Those of a form, the newest first."""
        query = select(act_receipts).where(act_receipts.c.form == form)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(act_receipts.c.kept_at.desc()).limit(limit)).all()
        return tuple(map(self._read, rows))

    def left_lying(self, before: datetime) -> tuple[str, ...]:
        """Those that were begun before a moment and did not come to their end."""
        query = select(act_receipts.c.id).where(
            act_receipts.c.state.in_(("taking", "undoing")), act_receipts.c.changed_at < before
        )
        with self._database.read() as connection:
            return tuple(connection.execute(query.order_by(act_receipts.c.kept_at)).scalars())

    def read_as(self, id: str, columns: Mapping[int, Told], by: str) -> None:
        """Says what its columns tell. Raises `Overtaken` once it was taken over."""
        with self._database.work() as connection:
            row = self._lock(connection, id, "read", "undone")
            self._write(connection, row, row.state, columns=columns)
            append(connection, Event("portal_receipt_kept", by), self._now())

    def begin(self, id: str, rows: Sequence[Taken], by: str) -> None:
        """Begins to take rows over, beside those that were before. Raises `Overtaken` while it runs."""
        with self._database.work() as connection:
            row = self._lock(connection, id, "read", "taken", "undone")
            before = [asdict(each) for each in self._read(row).rows]
            new = [asdict(each) for each in rows]
            self._write(connection, row, "taking", rows=_plain([*before, *new]), taken_by=by)

    def begin_undo(self, id: str, by: str) -> None:
        """Begins to take them back. Raises `Overtaken` unless they were taken over."""
        with self._database.work() as connection:
            self._write(connection, self._lock(connection, id, "taken"), "undoing", taken_by=by)

    def finish(self, id: str, rows: Sequence[Taken]) -> None:
        """Ends what was begun, with what came of each row."""
        with self._database.work() as connection:
            row = connection.execute(
                select(act_receipts).where(act_receipts.c.id == id).with_for_update()
            ).one_or_none()
            if row is None or row.state not in ("taking", "undoing"):  # another worker was there first
                return
            takes = row.state == "taking"
            self._write(
                connection, row, "taken" if takes else "undone", rows=_plain([asdict(each) for each in rows])
            )
            whom = [each for each in rows if each.step == ("applied" if takes else "undone")]
            event = Event(
                "act_receipt_taken" if takes else "act_receipt_undone",
                self._open(row)["taken_by"],
                tuple(dict.fromkeys(subject(each.employee) for each in whom)),
                {"rows": len(whom)},
            )
            append(connection, event, self._now())

    def _lock(self, connection: Connection, id: str, *states: State) -> Row[Any]:
        row = connection.execute(
            select(act_receipts).where(act_receipts.c.id == id).with_for_update()
        ).one_or_none()
        if row is None or row.state not in states:
            raise Overtaken(id)
        return row

    def _write(self, connection: Connection, row: Row[Any], state: State, **changes: Any) -> None:
        values = {
            "state": state,
            "changed_at": self._now(),
            **self._sealed(row.id, self._open(row) | changes),
        }
        connection.execute(update(act_receipts).where(act_receipts.c.id == row.id).values(values))

    def _sealed(self, id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        box = self._keys.box(BODY)
        return {"key_id": box.key_id, "body": box.seal_json(f"{BODY}:{id}", body)}

    def _open(self, row: Row[Any]) -> dict[str, Any]:
        body: dict[str, Any] = self._keys.box(BODY, row.key_id).open_json(f"{BODY}:{row.id}", row.body)
        return body

    def _read(self, row: Row[Any]) -> KeptReceipt:
        body = self._open(row)
        columns = {int(place): told for place, told in body["columns"].items()}
        return KeptReceipt(
            id=row.id,
            form=row.form,
            state=row.state,
            by=body["by"],
            at=row.kept_at,
            receipt=Receipt(body["name"], b64decode(body["data"]), tuple(body["headings"]), columns),
            rows=tuple(map(_taken, body["rows"])),
            taken_by=body["taken_by"],
        )


def _plain(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "insured_since": _iso(row["insured_since"])} for row in rows]


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _taken(row: Mapping[str, Any]) -> Taken:
    since = row["insured_since"]
    return Taken(**{**row, "insured_since": None if since is None else date.fromisoformat(since)})
