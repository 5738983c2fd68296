"""The company's bases for sending abroad: at most one in force for a channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from audit.events import Event
from delivery.abroad import AlreadyAllowed, Bases, Basis
from storage.audit import append
from storage.database import Database
from storage.keys import Keys
from storage.tables import abroad

BODY: Final = "abroad.body"


class StoredBases(Bases):
    """The bases of every channel."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def since(self, channel: str) -> datetime | None:
        """Since when there is a basis for a channel; None where there is none."""
        live = select(abroad.c.recorded_at).where(
            abroad.c.channel == channel, abroad.c.withdrawn_at.is_(None)
        )
        with self._database.read() as connection:
            found: datetime | None = connection.execute(live).scalar_one_or_none()
        return found

    def history(self, channel: str) -> Sequence[Basis]:
        """Every basis that there was, the newest first."""
        query = select(abroad).where(abroad.c.channel == channel).order_by(abroad.c.recorded_at.desc())
        with self._database.read() as connection:
            return [self._basis(row) for row in connection.execute(query)]

    def record(self, channel: str, text: str, decided_by: str, decided_on: date, by: str) -> None:
        """Puts a basis into force. Raises `AlreadyAllowed`."""
        id, box = str(uuid4()), self._keys.box(BODY)
        row = {
            "id": id,
            "channel": channel,
            "key_id": box.key_id,
            "body": box.seal_json(f"{BODY}:{id}", {"text": text, "decided_by": decided_by}),
            "decided_on": decided_on,
            "recorded_at": self._now(),
            "recorded_by": by,
        }
        event = Event("abroad_allowed", by, details={"channel": channel})
        try:
            with self._database.work() as connection:
                connection.execute(insert(abroad).values(**row))
                append(connection, event, self._now())
        except IntegrityError as error:
            raise AlreadyAllowed(channel) from error

    def withdraw(self, channel: str, by: str) -> bool:
        """Ends the one in force, at once; whether there was one."""
        event = Event("abroad_withdrawn", by, details={"channel": channel})
        with self._database.work() as connection:
            ended = connection.execute(
                update(abroad)
                .where(abroad.c.channel == channel, abroad.c.withdrawn_at.is_(None))
                .values(withdrawn_at=self._now(), withdrawn_by=by)
            )
            if ended.rowcount:
                append(connection, event, self._now())
        return ended.rowcount > 0

    def _basis(self, row: Row[Any]) -> Basis:
        body = self._keys.box(BODY, row.key_id).open_json(f"{BODY}:{row.id}", row.body)
        return Basis(
            id=row.id,
            channel=row.channel,
            text=body["text"],
            decided_by=body["decided_by"],
            decided_on=row.decided_on,
            recorded_at=row.recorded_at,
            recorded_by=row.recorded_by,
            withdrawn_at=row.withdrawn_at,
            withdrawn_by=row.withdrawn_by or "",
        )
