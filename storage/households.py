"""The households of all conversations: the facts of each one's last result, and nothing else of what was said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from sqlalchemy import bindparam, func, select

from bot.dialogue.conversation import Conversation
from policy_kb.effects import Households, StoredCase
from storage.conversation_rows import STATE, WITH_KEY
from storage.database import Database
from storage.keys import Keys
from storage.tables import bindings, conversations, person_keys

#: So many conversations are read in one transaction.
BATCH: Final = 200
_BOUND: Final = (bindings.c.conversation == conversations.c.id) & (bindings.c.state == "active")
_NEXT: Final = (
    select(
        conversations.c.id,
        conversations.c.state,
        bindings.c.employee,
        person_keys.c.key_id,
        person_keys.c.wrapped,
    )
    .select_from(WITH_KEY.outerjoin(bindings, _BOUND))
    .where(conversations.c.state.is_not(None))
    .order_by(conversations.c.id)
    .limit(BATCH)
)
_OF_EMPLOYEE: Final = _NEXT.order_by(None).order_by(conversations.c.seen_at.desc())
_AFTER: Final = _NEXT.where(conversations.c.id > bindparam("after"))


class StoredHouseholds(Households):
    """Opened one after the other; whoever has them read writes that into the log."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._keys = keys

    def count(self) -> int:
        """How many conversations remember anything; not every one of them came to a result."""
        query = select(func.count()).where(conversations.c.state.is_not(None))
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def cases(self, on: date) -> Iterator[StoredCase]:
        """Each with the facts of its last result, asked on a day."""
        query = _NEXT
        parameters: dict[str, Any] = {}
        while True:
            with self._database.read() as connection:
                rows = connection.execute(query, parameters).all()
            for row in rows:
                if (case := self._case(row, on)) is not None:
                    yield StoredCase(row.id, row.employee, case)
            if len(rows) < BATCH:
                return
            query, parameters = _AFTER, {"after": rows[-1].id}

    def of_employee(self, employee: str, on: date) -> dict[str, Any] | None:
        """The facts of the last result in an employee's chats, asked on a day; None where there is none."""
        query = _OF_EMPLOYEE.where(bindings.c.employee == employee, bindings.c.state == "active")
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return next((case for row in rows if (case := self._case(row, on)) is not None), None)

    def _case(self, row: Any, on: date) -> dict[str, Any] | None:
        box = self._keys.person(row.id, row.key_id, row.wrapped)
        state = box.open_json(f"{STATE}:{row.id}", row.state)
        calculated = Conversation.from_json(state).calculated
        complete = calculated is not None and None not in (calculated.wage, calculated.region)
        return calculated.case(on) if calculated is not None and complete else None
