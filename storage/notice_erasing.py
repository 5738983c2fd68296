"""Notices whose time is over: what is personal goes, and the chain says that it went."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, exists, select

from audit.case_chain import CaseEvent
from audit.events import SYSTEM
from storage.case_log import add_event
from storage.database import Database
from storage.keys import Keys
from storage.retention import BATCH, TERMS
from storage.tables import notice_holds, notices

_DAYS: Final = next(each.days for each in TERMS if each.kind == "notices")


def erase_old_notices(database: Database, keys: Keys, now: datetime) -> int:
    """Erases what has been kept long enough and is held by nobody, a batch a transaction; how many."""
    held = exists().where(notice_holds.c.notice == notices.c.id, notice_holds.c.lifted_at.is_(None))
    old = select(notices.c.id).where(notices.c.issued_at < now - timedelta(days=_DAYS), ~held)
    count = 0
    while True:
        with database.work() as connection:
            locked = connection.execute(old.limit(BATCH).with_for_update(skip_locked=True)).scalars().all()
            # A hold takes the lock too: one that came between the look and the lock is seen now.
            ids = connection.execute(old.where(notices.c.id.in_(locked))).scalars().all()
            for id in ids:
                add_event(connection, keys, id, CaseEvent("erased", SYSTEM, {"after_days": _DAYS}), now)
            connection.execute(delete(notices).where(notices.c.id.in_(ids)))
        count += len(ids)
        if len(locked) < BATCH:
            return count
