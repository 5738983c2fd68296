"""What HR is reminded of once a month, with its task in one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Final

from audit.events import SYSTEM, Event
from hr_inbox.task import Due, HrTask
from storage.audit import append
from storage.company_settings import get_setting
from storage.database import DIALECTS, Database, upsert
from storage.keys import Keys
from storage.tables import company_settings
from storage.tasks import open_task_of

NAME: Final = "policy.reminded"
#: Only a later month takes the place of one; whoever else comes with it waits for the row, and finds it taken.
_CLAIM: Final = {
    dialect: insert.on_conflict_do_update(
        index_elements=["name"],
        set_={name: insert.excluded[name] for name in ("value", "changed_at")},
        where=company_settings.c.value < insert.excluded["value"],
    ).returning(company_settings.c.name)
    for dialect in DIALECTS
    for insert in (upsert(dialect, company_settings),)
}


class Reminders:
    """Reminders to look at the library. `due` tells by when HR answers a task."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime], due: Due) -> None:
        self._database = database
        self._keys = keys
        self._now = now
        self._due = due

    def is_reminded(self, month: date) -> bool:
        """Whether the task of a month, or of a later one, is there."""
        with self._database.read() as connection:
            kept = get_setting(connection, NAME)
        return kept is not None and kept >= month.isoformat()

    def remind(self, month: date, task: HrTask) -> bool:
        """Opens the task of a month; False where it is there already."""
        now = self._now()
        row = {"name": NAME, "value": json.dumps(month.isoformat()), "changed_at": now}
        with self._database.work() as connection:
            if connection.execute(_CLAIM[connection.dialect.name], row).one_or_none() is None:
                return False
            open_task_of(connection, self._keys, None, None, task, now, self._due)
            append(connection, Event("policy_reminded", SYSTEM, details={"month": f"{month:%Y-%m}"}), now)
        return True
