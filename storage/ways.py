"""The ways to each employee: the chats that are tied to them, and what the roster knows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import Connection, select

from delivery.reach import Reach
from delivery.ways import ORDER, Way, Ways, mobile_number
from people.employees import Employee, wecom_for_search
from storage.bindings import LIVE, WECOM, untied_by_somebody
from storage.conversation_rows import find_sender
from storage.database import Database
from storage.employee_rows import read_employee
from storage.keys import Keys
from storage.reach import reach_of
from storage.tables import bindings, employees


class StoredWays(Ways):
    """Looked up anew each time. `channels` are those that this installation sends to; None where that is not known."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now
        self.channels: Collection[str] | None = None

    def of(self, employee: str) -> tuple[Way, ...]:
        """Every way to an employee, the best one first; none to one who has left."""
        with self._database.read() as connection:
            row = connection.execute(
                select(employees).where(employees.c.id == employee, employees.c.state == "active")
            ).one_or_none()
            if row is None:
                return ()
            ways = ways_of(connection, self._keys, read_employee(self._keys, row), self._now())
        return tuple(each for each in ways if each.channel not in ORDER or self.sends_to(each.channel))

    def sends_to(self, channel: str) -> bool:
        """Whether this installation sends to a channel: not to an account that may only answer inside its callbacks."""
        return self.channels is None or channel in self.channels


def ways_of(connection: Connection, keys: Keys, employee: Employee, now: datetime) -> tuple[Way, ...]:
    """Every way to an employee, whatever the installation sends to; the best one first, the web chat last."""
    query = select(bindings.c.channel, bindings.c.conversation).where(
        bindings.c.employee == employee.id, LIVE
    )
    ways = [
        Way(channel, reach_of(connection, conversation, now), conversation)
        for channel, conversation in connection.execute(query)
    ]
    if employee.wecom_id and all(each.channel != WECOM for each in ways):
        ways += _by_roster(connection, keys, employee, now)
    if mobile_number(employee.phone):
        ways.append(Way("sms", Reach()))
    if employee.mail:
        ways.append(Way("mail", Reach()))
    order = {channel: place for place, channel in enumerate(ORDER)}
    return tuple(sorted(ways, key=lambda each: order.get(each.channel, len(order))))


def _by_roster(connection: Connection, keys: Keys, employee: Employee, now: datetime) -> list[Way]:
    """The way to somebody's account in WeCom, where they have not written yet; not where the tie was ended there."""
    opened = find_sender(connection, keys, WECOM, wecom_for_search(employee.wecom_id))
    if opened is None:
        return [Way(WECOM, Reach())]
    if untied_by_somebody(connection, employee.id, opened.id):
        return []
    return [Way(WECOM, reach_of(connection, opened.id, now), opened.id)]
