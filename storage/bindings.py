"""Codes and bindings: a code is used once, and ties a conversation to an employee in the turn that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, or_, select, update

from audit.events import SYSTEM, Event
from audit.events import employee as subject
from delivery.messages import Reply
from locales import speak
from people.bindings import (
    ENDED_BY_HR,
    LIFE,
    MOVED,
    Bind,
    Binding,
    BindingAct,
    Bindings,
    Codes,
    Ended,
    Found,
    Owner,
    new_code,
)
from people.employees import Employee, wecom_for_search
from storage.audit import append
from storage.conversation_rows import Opened, add_bubbles, lock
from storage.database import Database
from storage.employee_rows import read_employee, wecom_index
from storage.errors import StorageError
from storage.keys import Keys
from storage.links import void_links
from storage.tables import bindings, codes, conversations, employees, outbox

CODE: Final = "codes.code"
#: The channel whose senders the roster itself may know.
WECOM: Final = "wecom"
LIVE: Final = bindings.c.state == "active"


class StoredBindings(Bindings, Codes):
    """Every code and every tie."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def look_up(self, code: str) -> Found:
        """What a code is, as `code_in` reads it."""
        query = (
            select(employees, codes.c.used_at, codes.c.expires_at)
            .join(codes, codes.c.employee == employees.c.id)
            .where(codes.c.code_index == self._keys.index(CODE, code))
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return Found("unknown")
        if row.used_at is not None:
            return Found("used")
        if row.expires_at <= self._now():
            return Found("expired")
        return Found("good", self._owner(row))

    def owner(self, conversation: str) -> Owner | None:
        """Whose chat it is; None where nobody has bound it."""
        with self._database.read() as connection:
            row = owner_row(connection, conversation)
        return None if row is None else self._owner(row)

    def make(self, employees: Sequence[str], by: str) -> Mapping[str, str]:
        """A new code for each employee who is there and has not left; earlier ones are void. Only here are they shown."""
        now = self._now()
        with self._database.work() as connection:
            there = _active(connection, employees)
            made = {employee: new_code() for employee in there}
            void_codes(connection, there)
            rows = [
                {
                    "code_index": self._keys.index(CODE, code),
                    "employee": employee,
                    "made_at": now,
                    "expires_at": now + LIFE,
                }
                for employee, code in made.items()
            ]
            if rows:
                connection.execute(insert(codes), rows)
                about = Event("codes_made", by, tuple(map(subject, made)), {"codes": len(made)})
                append(connection, about, now)
        return made

    def of_employee(self, employee: str) -> tuple[Binding, ...]:
        """Every tie of an employee, those that hold first, then the newest."""
        query = (
            select(bindings)
            .where(bindings.c.employee == employee)
            .order_by(bindings.c.ended_at.is_not(None), bindings.c.bound_at.desc(), bindings.c.id)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return tuple(
            Binding(row.channel, row.bound_at, row.ended_at, cast("Ended | None", row.ended_why))
            for row in rows
        )

    def code_expires(self, employee: str) -> datetime | None:
        """Until when the employee has a code that can be used; None where there is none."""
        query = select(codes.c.expires_at).where(
            codes.c.employee == employee, codes.c.used_at.is_(None), codes.c.expires_at > self._now()
        )
        with self._database.read() as connection:
            return connection.execute(query).scalar()

    def end(self, employee: str, why: Ended, by: str, reason: str) -> bool:
        """Ends every tie at once: what is not yet sent is not sent to the old accounts. Whether there was one."""
        now = self._now()
        with self._database.work() as connection:
            _active(connection, [employee])  # the employee is locked first, as in binding
            ended = end_bindings(connection, employee, why, now)
            for conversation in ended:
                _drop_unsent(connection, conversation)
            void_codes(connection, (employee,))  # the paper may be in the same wrong hands
            if ended:
                append(
                    connection,
                    Event("unbound", by, (subject(employee),), {"why": why}, reason),
                    now,
                    self._keys,
                )
        return bool(ended)

    def _owner(self, row: Row[Any]) -> Owner:
        return Owner.of(read_employee(self._keys, row))


def owner_row(connection: Connection, conversation: str) -> Row[Any] | None:
    """The row of the employee whose chat it is."""
    query = (
        select(employees)
        .join(bindings, bindings.c.employee == employees.c.id)
        .where(bindings.c.conversation == conversation, LIVE)
    )
    return connection.execute(query).one_or_none()


def act_on(
    connection: Connection, keys: Keys, opened: Opened, act: BindingAct, now: datetime
) -> tuple[Event, ...]:
    """Does what a turn decided, in the turn's transaction, which has the conversation locked; what to log of it last.

    Raises `StorageError` where the code is no longer good: the turn is then taken anew, and says so.
    """
    if isinstance(act, Bind):
        return _bind(connection, keys, opened, act, now)
    return untie(connection, opened.id, now)


def untie(connection: Connection, conversation: str, now: datetime) -> tuple[Event, ...]:
    """Ends the tie of a conversation as its employee wishes; what to log of it last."""
    row = connection.execute(
        update(bindings)
        .where(bindings.c.conversation == conversation, LIVE)
        .values(state="ended", ended_at=now, ended_why="by_employee")
        .returning(bindings.c.employee)
    ).one_or_none()
    if row is None:
        return ()
    # Whoever is reading behind a link is the one who wishes it.
    void_links(connection, (conversation,), now, visits=False)
    return (Event("unbound", subject(row.employee), (subject(row.employee),), {"why": "by_employee"}),)


def _bind(connection: Connection, keys: Keys, opened: Opened, act: Bind, now: datetime) -> tuple[Event, ...]:
    # The old chat is locked before rows of ours. Two people who swap their phones at the same moment would wait for each
    # other; the database breaks that off, and the message that lost is sent again by its page.
    before = _live_conversation(connection, act.employee, opened.channel)
    old = None if before in (None, opened.id) else lock(connection, keys, str(before))
    _use_code(connection, keys, act, now)
    if _live_conversation(connection, act.employee, opened.channel) != before:
        raise StorageError("the employee was bound by somebody else in the meantime")
    if before == opened.id:
        return ()
    _end_here(connection, act.employee, opened.channel, "rebound", now)
    if old is not None:
        _drop_unsent(connection, old.id)
        words = Reply(speak(old.locale)(MOVED))
        add_bubbles(connection, old, [("assistant", words)], old.version, now)
        connection.execute(
            update(conversations).where(conversations.c.id == old.id).values(last_seq=old.last_seq)
        )
    _tie(connection, act.employee, opened, now)
    return (Event("bound", subject(act.employee), (subject(act.employee),)),)


def _use_code(connection: Connection, keys: Keys, act: Bind, now: datetime) -> None:
    """The code's only use, with the employee locked. Raises `StorageError`."""
    there = connection.execute(
        select(employees.c.id)
        .where(employees.c.id == act.employee, employees.c.state == "active")
        .with_for_update()
    ).one_or_none()
    used = connection.execute(
        update(codes)
        .where(
            codes.c.code_index == keys.index(CODE, act.code),
            codes.c.employee == act.employee,
            codes.c.used_at.is_(None),
            codes.c.expires_at > now,
        )
        .values(used_at=now)
    )
    if there is None or used.rowcount != 1:
        raise StorageError("the code is no longer good")


def tie_by_roster(
    connection: Connection, keys: Keys, opened: Opened, sender: str, now: datetime
) -> tuple[Event, ...]:
    """Ties a conversation in WeCom to the employee whose account there it is, if the roster knows one; what to log of it.

    Not where the tie was ended there by the employee or by HR: they then bind it with a code, as anywhere. A chat that the
    employee bound on another account of WeCom is no longer theirs: the roster says which one is.
    """
    if opened.channel != WECOM or owner_row(connection, opened.id) is not None:
        return ()
    employee = connection.execute(
        select(employees.c.id)
        .where(employees.c.wecom_index == wecom_index(keys, sender), employees.c.state == "active")
        .with_for_update()
    ).scalar_one_or_none()
    if employee is None or untied_by_somebody(connection, employee, opened.id):
        return ()
    for conversation in _end_here(connection, employee, WECOM, "wecom_id", now):
        _drop_unsent(connection, conversation)
    _tie(connection, employee, opened, now)
    return (Event("bound", SYSTEM, (subject(employee),), {"by": "wecom_id"}),)


def leave_wecom(connection: Connection, before: Employee, after: Employee, now: datetime) -> None:
    """Ends the tie of an employee in WeCom where the roster has another account there now, or none."""
    if before.wecom_id and wecom_for_search(before.wecom_id) != wecom_for_search(after.wecom_id):
        for conversation in _end_here(connection, before.id, WECOM, "wecom_id", now):
            _drop_unsent(connection, conversation)


def untied_by_somebody(connection: Connection, employee: str, conversation: str) -> bool:
    """Whether the last tie between the two was ended by the employee or by HR."""
    query = (
        select(bindings.c.ended_why)
        .where(bindings.c.employee == employee, bindings.c.conversation == conversation)
        .order_by(bindings.c.ended_at.desc())
        .limit(1)
    )
    return connection.execute(query).scalar() in ("by_employee", *ENDED_BY_HR)


def _tie(connection: Connection, employee: str, opened: Opened, now: datetime) -> None:
    row = {
        "id": str(uuid4()),
        "employee": employee,
        "conversation": opened.id,
        "channel": opened.channel,
        "state": "active",
        "bound_at": now,
    }
    connection.execute(insert(bindings), row)


def _live_conversation(connection: Connection, employee: str, channel: str) -> str | None:
    query = select(bindings.c.conversation).where(
        bindings.c.employee == employee, bindings.c.channel == channel, LIVE
    )
    return connection.execute(query).scalar_one_or_none()


def end_bindings(connection: Connection, employee: str, why: Ended, now: datetime) -> list[str]:
    """Ends every tie of an employee; the conversations that were tied."""
    return _end(connection, (bindings.c.employee == employee,), why, now)


def _end_here(connection: Connection, employee: str, channel: str, why: Ended, now: datetime) -> list[str]:
    return _end(connection, (bindings.c.employee == employee, bindings.c.channel == channel), why, now)


def _end(
    connection: Connection, whose: tuple[ColumnElement[bool], ...], why: Ended, now: datetime
) -> list[str]:
    ended = (
        update(bindings)
        .where(*whose, LIVE)
        .values(state="ended", ended_at=now, ended_why=why)
        .returning(bindings.c.conversation)
    )
    untied = list(connection.execute(ended).scalars())
    void_links(connection, untied, now)
    return untied


def bind_again(connection: Connection, employee: str, ended_at: datetime) -> None:
    """Takes back that somebody left: the ties that ended by it hold again, unless either side is tied anew."""
    live = bindings.alias("live")
    same_employee = (live.c.employee == bindings.c.employee) & (live.c.channel == bindings.c.channel)
    taken = select(live.c.id).where(
        live.c.state == "active", or_(live.c.conversation == bindings.c.conversation, same_employee)
    )
    connection.execute(
        update(bindings)
        .where(
            bindings.c.employee == employee,
            bindings.c.ended_at == ended_at,
            bindings.c.ended_why == "left",
            ~taken.exists(),
        )
        .values(state="active", ended_at=None, ended_why=None)
    )


def void_codes(connection: Connection, of: Iterable[str]) -> None:
    """Takes back codes that were not used."""
    connection.execute(delete(codes).where(codes.c.employee.in_(list(of)), codes.c.used_at.is_(None)))


def _active(connection: Connection, ids: Sequence[str]) -> list[str]:
    """Those who are there and have not left, locked in one order."""
    query = select(employees.c.id).where(employees.c.id.in_(ids), employees.c.state == "active")
    there = set(connection.execute(query.order_by(employees.c.id).with_for_update()).scalars())
    return [each for each in ids if each in there]


def _drop_unsent(connection: Connection, conversation: str) -> None:
    connection.execute(
        update(outbox)
        .where(outbox.c.conversation == conversation, outbox.c.state == "queued")
        .values(state="dropped", last_error="unbound")
    )
