"""What HR keeps of an employee becomes dated changes, in the transaction that writes it: roster and months of pay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select

from audit.events import SYSTEM
from hr_inbox.service_clock import CHINA
from people.employees import Employee
from people.records import DibaoSource, DibaoStatus, PayMonth
from profiles.changes import Change, Field, Source, Standing, Value
from storage.database import Database
from storage.employee_rows import read_employee
from storage.keys import Keys
from storage.profile_changes import changes_by_employee, mark, note
from storage.record_rows import kept_records, read_adjustment, read_month, read_status
from storage.tables import employee_records, employees, pay_months, profiles

#: Employees that are taken over in one transaction.
SOME: Final = 200
#: Whoever joined so long ago or later is new: their first wage is the one that they were taken on with.
NEW: Final = timedelta(days=35)
#: How a change begins to be named that comes of a month of pay; one of the roster has no reference.
MONTH: Final = "month "
#: Who said it and how sure it is, by where a status is from.
_TOLD: Final[dict[DibaoSource, tuple[Source, Standing]]] = {
    "told_assistant": ("employee", "reported"),
    "told_hr": ("employee", "reported"),
    "paper": ("hr", "confirmed"),
    "civil_affairs": ("civil_affairs", "confirmed"),
}


def note_written(connection: Connection, keys: Keys, who: Collection[str], by: str, now: datetime) -> None:
    """Writes down what is another value now on the roster and in the months of pay of some employees than HR said before."""
    if not who:
        return
    people = connection.execute(select(employees).where(employees.c.id.in_(who))).all()
    said = changes_by_employee(connection, keys, who)
    months: defaultdict[str, list[PayMonth]] = defaultdict(list)
    for row in connection.execute(select(pay_months).where(pay_months.c.employee.in_(who))):
        months[row.employee].append(read_month(keys, row))
    changes: list[Change] = []
    for row in people:
        it = read_employee(keys, row)
        known = [change for change, _ in said.get(it.id, ()) if change.source == "hr"]
        changes += _of_roster(it, [each for each in known if not each.reference], by, now)
        changes += _of_months(it.id, months[it.id], known, by, now)
    note(connection, keys, changes, now)


def _of_roster(it: Employee, known: Iterable[Change], by: str, now: datetime) -> Iterator[Change]:
    """The roster's values that differ from what it said last."""
    today = now.astimezone(CHINA).date()
    last = {each.what: each for each in sorted(known, key=lambda each: each.written_at)}
    values: dict[Field, Value] = {
        "gross_wage": it.wage,
        "base": it.base,
        "region": it.region or None,
        "home_region": it.home_region or None,
        "area": it.area or None,
        "insured_since": it.insured_since,
    }
    for what, value in values.items():
        before = last.get(what)
        if value != (None if before is None else before.value):
            start = today if before is not None else _first_day(what, it.joined_on, today)
            if what == "insured_since":
                # A date that is taken away never held, so that it can be entered again.
                said = (value, None if before is None else before.value)
                start = min([today, *(each for each in said if isinstance(each, date))])
            yield Change(it.id, what, value, start, by, now, "hr", "confirmed")


def _first_day(what: Field, joined_on: date | None, today: date) -> date:
    """From which day on a first value holds: since the employee joined, but a wage of today says nothing of earlier months."""
    if what == "gross_wage" and (joined_on is None or joined_on < today - NEW):
        return today.replace(day=1)
    return min(joined_on or today, today)


def _of_months(
    employee: str, months: Iterable[PayMonth], known: Iterable[Change], by: str, now: datetime
) -> Iterator[Change]:
    """The months' values that differ from what was said of the same month last."""
    last: dict[tuple[Field, date], Value] = {}
    for each in sorted(known, key=lambda each: each.written_at):
        if each.reference.startswith(MONTH):
            last[each.what, each.holds_from] = each.value
    for month in months:
        told: dict[Field, Value] = {
            "gross_wage": month.wage or None,
            "base": month.base,
            "own_share": month.own_share,
        }
        for what, value in told.items():
            if value != last.get((what, month.month)):
                reference = f"{MONTH}{month.month:%Y-%m} {now.isoformat()}"
                yield Change(employee, what, value, month.month, by, now, "hr", "confirmed", reference)


def status_change(employee: str, told: DibaoStatus, by: str, now: datetime) -> Change:
    """A status that somebody told as a change."""
    source, standing = _TOLD[told.source]
    return Change(employee, "dibao", told.status, told.since, by, now, source, standing)


def take_over(database: Database, keys: Keys, now: datetime) -> int:
    """Makes changes of what an earlier version kept of employees; how many employees. Stopped, it can be run again."""
    without = (
        select(employees.c.id)
        .where(employees.c.id.not_in(select(profiles.c.employee)))
        .order_by(employees.c.id)
        .limit(SOME)
    )
    count = 0
    while True:
        with database.work() as connection:
            who = connection.execute(without).scalars().all()
            if not who:
                return count
            note_written(connection, keys, who, SYSTEM, now)
            _take_over_records(connection, keys, who)
            mark(connection, keys, who, now)
        count += len(who)


def _take_over_records(connection: Connection, keys: Keys, who: Collection[str]) -> None:
    query = select(employee_records).where(employee_records.c.employee.in_(who))
    changes = []
    for kept in kept_records(connection, keys, "adjustment", query):
        it = read_adjustment(kept)
        by, at = it.recorded_by or SYSTEM, kept.recorded_at
        changes.append(adjusted(kept.employee, kept.id, it.after, it.month, by, at))
    for kept in kept_records(connection, keys, "dibao", query):
        told = read_status(kept)
        changes.append(status_change(kept.employee, told, told.recorded_by or SYSTEM, kept.recorded_at))
    for at in sorted({each.written_at for each in changes}):
        note(connection, keys, [each for each in changes if each.written_at == at], at)


def adjusted(employee: str, id: str, base: int, month: date, by: str, now: datetime) -> Change:
    """A change of the base that HR wrote down."""
    return Change(employee, "base", base, month, by, now, "hr", "confirmed", f"adjustment {id}")
