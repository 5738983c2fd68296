"""The ladder of delivery over rows: each notice that waits is sent by the best way, then by others, then HR goes on on paper.

A step and its event are one transaction, so that two workers never take the same one. What became of a message is noted
when the outbox knows it; one that did not arrive has the next way tried at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from audit.case_chain import CaseEvent
from audit.events import SYSTEM
from delivery.outbox import OPEN
from delivery.pushes import is_day
from delivery.ways import Way, choose
from hr_inbox.service_clock import CHINA
from hr_inbox.task import Due, HrTask, TaskKind
from locales import N_, speak
from notices.ladder import STEPS, next_step_at
from notices.telling import WEB, Told, telling
from storage.audit import append
from storage.case_log import add_event
from storage.conversation_rows import Opened, say_outside_turn
from storage.database import Database
from storage.keys import Keys
from storage.notice_desk import new_link
from storage.notice_rows import end_links, lock_notice
from storage.pushes import open_way
from storage.tables import employees, notice_links, notices, outbox
from storage.tasks import count_of, open_task_of
from storage.ways import StoredWays

#: Notices of one run.
_MOST: Final = 200


class StoredLadder:
    """Every notice that waits. `is_worked` tells whether a day is worked; `address` is where the pages are."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        ways: StoredWays,
        is_worked: Callable[[date], bool],
        due: Due,
        now: Callable[[], datetime],
        address: str,
    ) -> None:
        self._database = database
        self._keys = keys
        self._ways = ways
        self._is_worked = is_worked
        self._due = due
        self._now = now
        self._address = address

    def work(self) -> int:
        """Takes every step that is due; how many notices were sent."""
        for link in self._arrivals():
            self._note_arrival(link)
        if not is_day(self._now()):
            return 0
        return sum(self._go_on(row) for row in self._waiting())

    # What became of what was sent

    def _arrivals(self) -> Sequence[Any]:
        query = (
            select(notice_links.c.id, outbox.c.state, outbox.c.last_error)
            .join(outbox, outbox.c.id == notice_links.c.sent_as)
            .where(notice_links.c.arrival.is_(None), outbox.c.state.not_in(OPEN))
        )
        with self._database.read() as connection:
            return connection.execute(query.limit(_MOST)).all()

    def _note_arrival(self, found: Row[Any]) -> None:
        arrived = found.state in ("sent", "delivered", "unsure")
        with self._database.work() as connection:
            notice = connection.execute(
                select(notice_links.c.notice).where(notice_links.c.id == found.id)
            ).scalar_one_or_none()
            row = None if notice is None else lock_notice(connection, notice)
            noted = connection.execute(
                update(notice_links)
                .where(notice_links.c.id == found.id, notice_links.c.arrival.is_(None))
                .values(arrival=found.state)
                .returning(notice_links.c.channel)
            ).scalar_one_or_none()
            if row is None or noted is None:
                return
            event = CaseEvent(
                "handed_over_to_channel" if arrived else "not_sent",
                SYSTEM,
                {"channel": noted, "state": found.state, "why": found.last_error or ""},
            )
            add_event(connection, self._keys, row.id, event, self._now())
            if not arrived and row.state == "issued":
                connection.execute(
                    update(notices).where(notices.c.id == row.id).values(next_step_at=self._now())
                )

    # Steps

    def _waiting(self) -> Sequence[Any]:
        query = (
            select(notices.c.id, notices.c.employee, notices.c.due_on, notices.c.step)
            .where(notices.c.state == "issued", notices.c.next_step_at <= self._now())
            .order_by(notices.c.next_step_at)
            .limit(_MOST)
        )
        with self._database.read() as connection:
            return connection.execute(query).all()

    def _go_on(self, it: Row[Any]) -> bool:
        """The next step of a notice; whether it was sent."""
        now = self._now()
        if now.astimezone(CHINA).date() > it.due_on:
            self._fall_silent(it)
            return False
        kind = STEPS[min(it.step, len(STEPS) - 1)]
        way = self._way(it, kind)
        with self._database.work() as connection:
            opened, ties = (
                (None, ()) if way is None else open_way(connection, self._keys, it.employee, way, now)
            )
            row = lock_notice(connection, it.id)
            if row is None or (row.state, row.step) != ("issued", it.step):
                return False  # answered, or another worker was there first
            today = now.astimezone(CHINA).date()
            later = next_step_at(it.step + 1, today, it.due_on, self._is_worked)
            connection.execute(
                update(notices).where(notices.c.id == it.id).values(step=it.step + 1, next_step_at=later)
            )
            if way is None or opened is None:
                event = CaseEvent("not_sent", SYSTEM, {"channel": "", "state": "nowhere", "why": ""})
                add_event(connection, self._keys, it.id, event, now)
                if row.task is None:
                    self._open_task(connection, row, "paper", now)
                return False
            self._send(connection, row, opened, kind, it.step)
            for tie in ties:
                append(connection, tie, now)
        return True

    def _way(self, it: Row[Any], kind: str) -> Way | None:
        """The way of a step: the best one that was not tried where another is looked for, else the best; the page of the web
        chat where it is the only one."""
        ways, now = self._ways.of(it.employee), self._now()
        with self._database.read() as connection:
            query = select(notice_links.c.channel, notice_links.c.arrival)
            links = connection.execute(query.where(notice_links.c.notice == it.id)).all()
        failed = [each.channel for each in links if each.arrival in ("failed", "dropped")]
        tried = [each.channel for each in links] if kind == "other_way" else failed
        found = choose(ways, now, tried) or choose(ways, now, failed)
        if found is not None:
            return found
        return next((each for each in ways if each.channel == WEB), None)

    def _send(self, connection: Connection, row: Row[Any], opened: Opened, kind: str, step: int) -> None:
        now = self._now()
        token = new_link(connection, self._keys, row.id, opened.channel, opened.id, now)
        told: Told = "first" if kind == "first" else "reminder"
        reply = telling(told, opened.channel, self._address, token, speak(opened.locale))
        queued = say_outside_turn(connection, opened, reply, now)
        connection.execute(
            update(notice_links)
            .where(notice_links.c.notice == row.id, notice_links.c.ended_at.is_(None))
            .values(sent_as=queued)
        )
        event = CaseEvent("sent", SYSTEM, {"channel": opened.channel, "kind": kind, "step": step + 1})
        add_event(connection, self._keys, row.id, event, now)

    def _fall_silent(self, it: Row[Any]) -> None:
        """The last day to answer has passed: HR goes on, on paper, and insures as the law has it."""
        now = self._now()
        with self._database.work() as connection:
            row = lock_notice(connection, it.id)
            if row is None or row.state != "issued":
                return
            end_links(connection, it.id, "silent", now)
            connection.execute(
                update(notices).where(notices.c.id == it.id).values(state="silent", next_step_at=None)
            )
            add_event(connection, self._keys, it.id, CaseEvent("silent", SYSTEM), now)
            self._open_task(connection, row, "silence", now)

    def _open_task(self, connection: Connection, row: Row[Any], kind: TaskKind, now: datetime) -> None:
        region = connection.execute(
            select(employees.c.region).where(employees.c.id == row.employee)
        ).scalar_one()
        task = HrTask(kind, (TASKS[kind],), region, topic="notice", notice=row.id)
        number = open_task_of(connection, self._keys, row.employee, None, task, now, self._due)
        connection.execute(update(notices).where(notices.c.id == row.id).values(task=count_of(number)))
        add_event(
            connection, self._keys, row.id, CaseEvent("task", SYSTEM, {"number": number, "kind": kind}), now
        )


#: What HR reads in the tasks that the ladder opens.
TASKS: Final = {
    "paper": N_("这份告知书没有渠道能送到本人。请打印出来当面给，或者挂号寄出，并登记。"),
    "silence": N_("到期没有回应。没有回应不影响参保：请照常参保，并按纸质送达补一次。"),
}
