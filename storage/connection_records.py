"""What outside systems tell of employees, as changes of their profiles, months of pay and statuses on record.

Everything is written in the transaction of whoever calls. Of whoever is not on the roster nothing is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple, TypeVar

from sqlalchemy import Connection, delete, select

from audit.events import SYSTEM, Event
from audit.events import employee as subject
from calculator.money import Fen
from people.employees import Employee
from people.outside import (
    ConfirmedAmount,
    ConfirmedAmounts,
    Nonsense,
    Statement,
    StatusChange,
    Tokens,
    Wages,
)
from people.records import DibaoStatus, PayMonth
from profiles.changes import Change, Field, Source, Value
from storage.audit import append
from storage.database import DIALECTS, upsert
from storage.employee_rows import read_employee, update_employees
from storage.keys import Keys
from storage.profile_changes import changes_by_employee, note
from storage.record_rows import add_status, consent_index, read_month, sealed_month
from storage.tables import connection_versions, employee_records, employees, pay_months

T = TypeVar("T")
#: So many employees are looked up at a time: a statement takes no end of parameters.
BATCH: Final = 500
_MONTHS: Final = {
    dialect: upsert(dialect, pay_months).on_conflict_do_update(
        index_elements=["employee", "month"],
        set_={
            name: getattr(upsert(dialect, pay_months).excluded, name)
            for name in ("key_id", "body", "changed_at")
        },
    )
    for dialect in DIALECTS
}


class _Insured(NamedTuple):
    """What somebody's insurance of a month comes to, and under which number the system told it."""

    base: Fen
    own_share: Fen
    reference: str


# -- who is meant ------------------------------------------------------------------------------------------------------


def consenting(connection: Connection, keys: Keys, among: Collection[str] | None = None) -> set[str]:
    """Who agrees to civil affairs being asked, of all who have not left or of some. No record is opened."""
    if among is None:
        among = (
            connection.execute(select(employees.c.id).where(employees.c.state == "active")).scalars().all()
        )
    wanted = {consent_index(keys, each, "civil_affairs"): each for each in among}
    column = employee_records.c.consent_index
    return {
        wanted[index]
        for batch in _batches(sorted(wanted))
        for index in connection.execute(select(column).where(column.in_(batch))).scalars()
    }


def hold_consents(connection: Connection, who: Collection[str]) -> None:
    """Keeps what some people agreed to as it is until the transaction ends, so that a withdrawal finds what is written now."""
    for batch in _batches(sorted(who)):
        held = select(employee_records.c.id).where(employee_records.c.employee.in_(batch))
        connection.execute(held.order_by(employee_records.c.id).with_for_update())


def token_owners(
    connection: Connection, keys: Keys, tokens: Tokens, among: Collection[str] | None = None
) -> dict[str, str]:
    """Employees by their token: of all, or of some who have not left. Whoever shares a token with a colleague is not meant by
    it; one who left gives way to one who is there."""
    query = select(employees)
    queries = (
        [query]
        if among is None
        else [
            query.where(employees.c.id.in_(each), employees.c.state == "active")
            for each in _batches(sorted(among))
        ]
    )
    found: dict[str, list[Employee]] = defaultdict(list)
    for each in queries:
        for row in connection.execute(each):
            employee = read_employee(keys, row)
            if token := tokens.of(employee.id_number, employee.number):
                found[token].append(employee)
    return {token: one.id for token, several in found.items() if (one := _only(several)) is not None}


def _only(several: Sequence[Employee]) -> Employee | None:
    here = [each for each in several if each.state == "active"] or several
    return here[0] if len(here) == 1 else None


# -- civil affairs -----------------------------------------------------------------------------------------------------


def keep_statuses(
    connection: Connection,
    keys: Keys,
    people: Mapping[str, str],
    changes: Iterable[StatusChange],
    now: datetime,
) -> timedelta | None:
    """Keeps what civil affairs told of those who agree to it at this moment; how long the last that is new was on its way, None
    where none is."""
    told: dict[str, list[StatusChange]] = defaultdict(list)
    for change in changes:
        if change.person in people:
            told[people[change.person]].append(change)
    hold_consents(connection, told)
    holding = consenting(connection, keys, told)
    delays = [
        now - change.told_at
        for employee in sorted(holding)
        for change in _keep_statuses_of(connection, keys, employee, told[employee], now)
    ]
    return delays[-1] if delays else None


def _keep_statuses_of(
    connection: Connection, keys: Keys, employee: str, told: Iterable[StatusChange], now: datetime
) -> list[StatusChange]:
    """Keeps what was told of one person; what of it is new."""
    new = [each for each in told if note(connection, keys, [_status_change(employee, each, now)], now)]
    if not new:
        return new
    known = _told_before(connection, keys, employee)
    note(connection, keys, overriding(known), now)
    last = max(known, key=_told)
    for each in new:
        if each.reference == last.reference:
            status = DibaoStatus(each.status, each.since, "civil_affairs")
            add_status(connection, keys, employee, status, SYSTEM, now)
    append(connection, Event("dibao_recorded", SYSTEM, (subject(employee),)), now)
    return new


def _status_change(employee: str, told: StatusChange, now: datetime) -> Change:
    """It counts as written down when civil affairs told it, whatever comes first; their clock may be a little ahead."""
    return Change(
        employee,
        "dibao",
        told.status,
        holds_from=told.since,
        said_by="civil_affairs",
        written_at=min(told.told_at, now),
        source="civil_affairs",
        standing="confirmed",
        reference=told.reference,
    )


def overriding(known: Sequence[Change]) -> list[Change]:
    """What has to be added so that on every day the status counts that was told last of those that hold by then.

    A profile takes the change that holds from the later day. Where civil affairs tells later of something that holds from an
    earlier day, that holds on the later day, too.
    """
    added = []
    for day in sorted({each.holds_from for each in known}):
        by_then = [each for each in known if each.holds_from <= day]
        last = max(by_then, key=_told)
        if last.value != max(by_then, key=lambda each: each.order).value:
            added.append(replace(last, holds_from=day))
    return added


def _told(change: Change) -> tuple[datetime, str]:
    return change.written_at, change.reference


def _told_before(connection: Connection, keys: Keys, employee: str) -> tuple[Change, ...]:
    """What civil affairs has told of somebody's dibao so far."""
    found = changes_by_employee(connection, keys, [employee]).get(employee, [])
    return tuple(each for each, _ in found if each.what == "dibao" and each.source == "civil_affairs")


# -- payroll -----------------------------------------------------------------------------------------------------------


def keep_wages(
    connection: Connection, keys: Keys, people: Mapping[str, str], wages: Wages, now: datetime
) -> None:
    """Keeps a month's wages. Raises `Nonsense` for one that nobody earns."""
    earned = {people[each.person]: each for each in wages.wages if each.person in people}
    kept = _months(connection, keys, earned, wages.month)
    changes: list[Change] = []
    for employee, each in earned.items():
        before = kept.get(employee)
        reference = _reference(each.reference, before is None or before.wage == each.gross, now)
        changes.append(_change(employee, "gross_wage", each.gross, wages.month, "payroll", reference, now))
        if each.net is not None:
            changes.append(_change(employee, "net_wage", each.net, wages.month, "payroll", reference, now))
    _note_all(connection, keys, changes, now)
    months = {
        employee: replace(kept[employee], wage=each.gross)
        if employee in kept
        else PayMonth(wages.month, each.gross)
        for employee, each in earned.items()
    }
    _put_months(connection, keys, months, kept, now)
    if earned.keys() - kept.keys():
        # What social insurance told of a month that was not on record yet is read once more.
        connection.execute(
            delete(connection_versions).where(
                connection_versions.c.connection == "social_insurance",
                connection_versions.c.month == wages.month,
            )
        )


# -- social insurance --------------------------------------------------------------------------------------------------


def keep_amounts(
    connection: Connection, keys: Keys, people: Mapping[str, str], amounts: ConfirmedAmounts, now: datetime
) -> bool:
    """Keeps a month's confirmed amounts; False where they should be read once more, since a month of somebody is not on record
    yet. Raises `Nonsense`."""
    by_person: dict[str, list[ConfirmedAmount]] = defaultdict(list)
    for each in amounts.amounts:
        if each.person in people:
            by_person[people[each.person]].append(each)
    insured = {employee: _sum(several) for employee, several in by_person.items()}
    return _keep_insured(connection, keys, insured, amounts.month, None, now)


def keep_statement(
    connection: Connection, keys: Keys, people: Mapping[str, str], statement: Statement, now: datetime
) -> bool:
    """Keeps a month's statement, by which it is paid; otherwise as `keep_amounts`."""
    insured = {
        people[each.person]: _Insured(each.base, each.employee, statement.reference)
        for each in statement.lines
        if each.person in people
    }
    return _keep_insured(connection, keys, insured, statement.month, True, now)


def _sum(amounts: Sequence[ConfirmedAmount]) -> _Insured:
    """One person's insurances together: the base is that of the pension, where it is told."""
    base = next((each.base for each in amounts if each.insurance == "pension"), None)
    reference = ",".join(sorted(each.reference for each in amounts))
    return _Insured(
        max(each.base for each in amounts) if base is None else base,
        sum(each.employee for each in amounts),
        reference,
    )


def _keep_insured(
    connection: Connection,
    keys: Keys,
    insured: Mapping[str, _Insured],
    month: date,
    paid: bool | None,
    now: datetime,
) -> bool:
    kept = _months(connection, keys, insured, month)
    _note_all(
        connection,
        keys,
        [
            change
            for employee, it in insured.items()
            for change in _insured_changes(employee, it, month, kept.get(employee), now)
        ],
        now,
    )
    _note_insured(connection, keys, insured, month, now)
    written = {
        employee: replace(
            before,
            base=insured[employee].base,
            own_share=insured[employee].own_share,
            paid=before.paid if paid is None else paid,
        )
        for employee, before in kept.items()
    }
    _put_months(connection, keys, written, kept, now)
    return insured.keys() <= kept.keys()


def _insured_changes(
    employee: str, it: _Insured, month: date, before: PayMonth | None, now: datetime
) -> Iterator[Change]:
    told: tuple[tuple[Field, Fen, Fen | None], ...] = (
        ("base", it.base, None if before is None else before.base),
        ("own_share", it.own_share, None if before is None else before.own_share),
    )
    for what, amount, was in told:
        reference = _reference(it.reference, was is None or was == amount, now)
        yield _change(employee, what, amount, month, "social_insurance", reference, now)


def _note_insured(
    connection: Connection, keys: Keys, insured: Mapping[str, _Insured], month: date, now: datetime
) -> None:
    """Whoever is insured over there and was not on the roster is so from that month on."""
    for batch in _batches(sorted(insured)):
        query = select(employees).where(employees.c.id.in_(batch), employees.c.insured.is_(False))
        rows = connection.execute(query.order_by(employees.c.id).with_for_update()).all()
        found = [read_employee(keys, row) for row in rows]
        update_employees(
            connection, keys, [replace(each, insured_since=month, uninsured_why="") for each in found], now
        )
        note(
            connection,
            keys,
            [
                _change(
                    each.id,
                    "insured_since",
                    month,
                    month,
                    "social_insurance",
                    insured[each.id].reference,
                    now,
                )
                for each in found
            ],
            now,
        )
        if found:
            about = tuple(subject(each.id) for each in found)
            fields = {"fields": "insured_since,uninsured_why"}
            append(connection, Event("employee_corrected", SYSTEM, about, fields), now)


# -- months of pay -----------------------------------------------------------------------------------------------------


def _months(connection: Connection, keys: Keys, people: Collection[str], month: date) -> dict[str, PayMonth]:
    """What is on record of a month, locked by the employees' rows until the transaction ends."""
    found = {}
    for batch in _batches(sorted(people)):
        held = select(employees.c.id).where(employees.c.id.in_(batch)).order_by(employees.c.id)
        connection.execute(held.with_for_update())
        query = select(pay_months).where(pay_months.c.employee.in_(batch), pay_months.c.month == month)
        found.update({row.employee: read_month(keys, row) for row in connection.execute(query)})
    return found


def _put_months(
    connection: Connection,
    keys: Keys,
    wanted: Mapping[str, PayMonth],
    kept: Mapping[str, PayMonth],
    now: datetime,
) -> None:
    """Writes the months that are other than they were, as one event."""
    rows = [
        sealed_month(keys, employee, month, now)
        for employee, month in sorted(wanted.items())
        if kept.get(employee) != month
    ]
    if rows:
        connection.execute(_MONTHS[connection.dialect.name], rows)
        about = tuple(subject(each["employee"]) for each in rows)
        append(connection, Event("pay_read", SYSTEM, about, {"rows": len(rows)}), now)


# -- changes -----------------------------------------------------------------------------------------------------------


def _note_all(connection: Connection, keys: Keys, changes: Sequence[Change], now: datetime) -> None:
    for start in range(0, len(changes), BATCH):
        note(connection, keys, changes[start : start + BATCH], now)


def _reference(reference: str, same: bool, now: datetime) -> str:
    """The number under which a figure is kept. One that was corrected and is corrected back is news, too."""
    return reference if same else f"{reference}@{now.isoformat()}"


def _change(
    employee: str, what: Field, value: Value, month: date, source: Source, reference: str, now: datetime
) -> Change:
    """What a system tells of a month, from its first day on. Raises `Nonsense` for an amount that cannot be one."""
    try:
        return Change(
            employee,
            what,
            value,
            holds_from=month,
            said_by=source,
            written_at=now,
            source=source,
            standing="confirmed",
            reference=reference,
        )
    except ValueError:
        raise Nonsense(f"{source}.{what}:out_of_range") from None


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
