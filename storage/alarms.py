"""Alarms about outside systems: raised and ended once by whoever looks first, with task and messages in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Row, and_, insert, or_, select, update

from audit.events import SYSTEM, Event
from hr_inbox.task import Due, HrTask
from locales import SOURCE, speak
from people.alarms import MOST_ATTEMPTS, AlarmBook, AlarmMessage, Kind, NotHandedOver, Recipient, task_lines
from people.connections import QUIET, Failure, Name, is_over, may_alarm, trouble
from storage.audit import append
from storage.connections import standing_of
from storage.database import Database
from storage.keys import Keys
from storage.tables import alarm_messages, connections
from storage.tasks import count_of, finish_task, open_task_of, task_number

_RECIPIENT: Final = "alarm_messages.recipient"
_CHINA: Final = timezone(timedelta(hours=8))


class StoredAlarms(AlarmBook):
    """The alarms. `due` tells by when HR answers a task."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime], due: Due) -> None:
        self._database = database
        self._keys = keys
        self._now = now
        self._due = due

    def watch(self, name: Name, late: timedelta, recipients: tuple[Recipient, ...]) -> None:
        """Looks at a connection once: raises an alarm where one is due, or ends it, with the task and the messages."""
        now = self._now()
        with self._database.work() as connection:
            row = connection.execute(
                select(connections).where(connections.c.name == name).with_for_update()
            ).one_or_none()
            if row is None:
                return
            standing = standing_of(row)
            wrong = trouble(standing, late, now)
            if wrong is not None and may_alarm(standing, now):
                self._raise(connection, row, wrong, recipients, now)
            elif standing.alarmed_at is not None and is_over(standing, late, now):
                self._end(connection, row, recipients, now)

    def claim(self, recipients: tuple[Recipient, ...], until: datetime) -> AlarmMessage | None:
        """Leases the next message that is due."""
        now, token = self._now(), str(uuid4())
        known = {self._index(each): each for each in recipients}
        free = or_(alarm_messages.c.leased_until.is_(None), alarm_messages.c.leased_until <= now)
        query = select(alarm_messages).where(
            alarm_messages.c.state == "queued",
            alarm_messages.c.due_at <= now,
            alarm_messages.c.recipient.in_(known),
            free,
        )
        with self._database.work() as connection:
            row = connection.execute(
                query.order_by(alarm_messages.c.due_at, alarm_messages.c.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).one_or_none()
            if row is None:
                return None
            leased = {"token": token, "leased_until": until, "attempts": row.attempts + 1}
            connection.execute(update(alarm_messages).where(alarm_messages.c.id == row.id).values(**leased))
        return AlarmMessage(
            id=row.id,
            token=token,
            name=row.connection,
            kind=row.kind,
            recipient=known[row.recipient],
            failure=row.failure,
            code=row.code,
            attempts=row.attempts + 1,
        )

    def settle(self, message: AlarmMessage, failed: NotHandedOver | None) -> None:
        """Writes down what became of it, unless the lease has passed to someone else."""
        values: dict[str, Any] = {"token": None, "leased_until": None}
        if failed is None:
            values |= {"state": "sent", "error": None}
        elif failed.again_at is None or message.attempts >= MOST_ATTEMPTS:
            values |= {"state": "failed", "error": failed.code}
        else:
            values |= {"due_at": failed.again_at, "error": failed.code}
        still_ours = and_(alarm_messages.c.id == message.id, alarm_messages.c.token == message.token)
        with self._database.work() as connection:
            connection.execute(update(alarm_messages).where(still_ours).values(**values))

    def _raise(
        self,
        connection: Connection,
        row: Row[Any],
        wrong: Failure,
        recipients: Iterable[Recipient],
        now: datetime,
    ) -> None:
        since = row.failing_since or row.succeeded_at or row.begun_at
        at = f"{since.astimezone(_CHINA):%m-%d %H:%M}"
        task = HrTask("connection", task_lines(row.name, wrong, row.code, at, speak(SOURCE)))
        number = open_task_of(connection, self._keys, None, None, task, now, self._due)
        alarm = row.alarm + 1
        raised = {"alarm": alarm, "alarmed_at": now, "quiet_until": now + QUIET, "task": count_of(number)}
        connection.execute(update(connections).where(connections.c.name == row.name).values(**raised))
        self._queue(connection, row, alarm, "raised", wrong, recipients, now)
        append(connection, Event("connection_alarm", SYSTEM, details={"connection": row.name}), now)

    def _end(
        self, connection: Connection, row: Row[Any], recipients: Iterable[Recipient], now: datetime
    ) -> None:
        if row.task is not None:
            finish_task(connection, task_number(row.task), now)
        connection.execute(update(connections).where(connections.c.name == row.name).values(alarmed_at=None))
        self._queue(connection, row, row.alarm, "recovered", "silent", recipients, now)
        append(connection, Event("connection_recovered", SYSTEM, details={"connection": row.name}), now)

    def _queue(
        self,
        connection: Connection,
        row: Row[Any],
        alarm: int,
        kind: Kind,
        wrong: Failure,
        recipients: Iterable[Recipient],
        now: datetime,
    ) -> None:
        rows = [
            {
                "id": str(uuid4()),
                "connection": row.name,
                "alarm": alarm,
                "kind": kind,
                "way": each.way,
                "recipient": self._index(each),
                "failure": wrong,
                "code": row.code,
                "state": "queued",
                "attempts": 0,
                "due_at": now,
                "made_at": now,
            }
            for each in recipients
        ]
        if rows:
            connection.execute(insert(alarm_messages), rows)

    def _index(self, recipient: Recipient) -> bytes:
        return self._keys.index(_RECIPIENT, recipient.way, recipient.address)
