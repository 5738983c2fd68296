"""The company's settings: how HR serves, as it stands now. Nothing here is personal."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, select

from audit.events import Event, account
from delivery.reach import WINDOWS
from hr_inbox.service_clock import Hours, Interval, Targets
from hr_inbox.service_rules import MailRules, RuleBook, ServiceRules
from hr_inbox.task import NORMAL, PRIORITIES, HrTask
from hr_inbox.working_days import OwnDay, WorkingDays
from storage.audit import append
from storage.database import DIALECTS, Database, upsert
from storage.tables import company_days, company_settings

HOURS: Final = "service.hours"
TARGETS: Final = "service.targets"
MAIL: Final = "service.mail"
_PUT: Final = {
    dialect: insert.on_conflict_do_update(
        index_elements=["name"], set_={name: insert.excluded[name] for name in ("value", "changed_at")}
    )
    for dialect in DIALECTS
    for insert in (upsert(dialect, company_settings),)
}
_PUT_DAY: Final = {
    dialect: insert.on_conflict_do_update(
        index_elements=["on"], set_={name: insert.excluded[name] for name in ("works", "note")}
    )
    for dialect in DIALECTS
    for insert in (upsert(dialect, company_days),)
}


def get_setting(connection: Connection, name: str) -> Any:
    """What is settled under a name, as plain data; None where nothing is."""
    return _get_settings(connection, name)[0]


def _get_settings(connection: Connection, *names: str) -> list[Any]:
    rows = connection.execute(select(company_settings).where(company_settings.c.name.in_(names)))
    found = {row.name: json.loads(row.value) for row in rows}
    return [found.get(name) for name in names]


def put_setting(connection: Connection, name: str, value: Any, now: datetime) -> None:
    """Settles something, in place of what was settled before."""
    row = {"name": name, "value": json.dumps(value, ensure_ascii=False), "changed_at": now}
    connection.execute(_PUT[connection.dialect.name], row)


def service_rules(connection: Connection) -> ServiceRules:
    """How HR serves; what the company has not settled is as this program ships."""
    default = ServiceRules()
    hours, targets, mail = _get_settings(connection, HOURS, TARGETS, MAIL)
    days = connection.execute(select(company_days)).all()
    return ServiceRules(
        hours=default.hours if hours is None else _read_hours(hours),
        targets=default.targets if targets is None else {int(each): targets[each] for each in targets},
        days=WorkingDays.of(OwnDay(day.on, day.works, day.note) for day in days),
        mail=default.mail if mail is None else MailRules(mail["every"], mail["own"]),
    )


class CompanySettings(RuleBook):
    """The settings as HR changes them."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def rules(self) -> ServiceRules:
        """The rules as they stand now."""
        with self._database.read() as connection:
            return service_rules(connection)

    def due(self, task: HrTask, since: datetime, channel: str, wrote_at: datetime) -> datetime:
        """By when HR answers a case for which an employee waits since a moment, on a channel where they wrote last."""
        priority = PRIORITIES.get(task.kind, NORMAL)
        return self.rules().due(priority, since, WINDOWS.get(channel), wrote_at).at

    def set_hours(self, hours: Hours, by: str) -> None:
        """Other business hours."""
        self._settle(HOURS, hours.week, Event("set_hours", account(by)))

    def set_targets(self, targets: Targets, by: str) -> None:
        """Other targets."""
        minutes = {str(priority): targets[priority] for priority in sorted(targets)}
        details = {f"priority_{priority}": each for priority, each in minutes.items()}
        self._settle(TARGETS, minutes, Event("set_targets", account(by), details=details))

    def set_day(self, day: OwnDay, by: str) -> None:
        """What the company says of a day, in place of what it said before."""
        event = Event("set_day", account(by), details={"on": day.on.isoformat(), "works": int(day.works)})
        with self._database.work() as connection:
            row = {"on": day.on, "works": day.works, "note": day.note}
            connection.execute(_PUT_DAY[connection.dialect.name], row)
            append(connection, event, self._now())

    def remove_day(self, on: date, by: str) -> OwnDay | None:
        """The day is again as the calendar says; what was said of it, None where nothing was."""
        with self._database.work() as connection:
            gone = connection.execute(
                delete(company_days).where(company_days.c.on == on).returning(company_days)
            ).one_or_none()
            if gone is None:
                return None
            event = Event("remove_day", account(by), details={"on": on.isoformat()})
            append(connection, event, self._now())
        return OwnDay(gone.on, gone.works, gone.note)

    def set_mail(self, rules: MailRules, by: str) -> None:
        """Other rules for mails."""
        changed = tuple(account(each) for each in rules.own)
        event = Event("set_mail", account(by), changed, {"every": rules.every})
        self._settle(MAIL, {"every": rules.every, "own": dict(rules.own)}, event)

    def _settle(self, name: str, value: Any, event: Event) -> None:
        with self._database.work() as connection:
            put_setting(connection, name, value, self._now())
            append(connection, event, self._now())


def _read_hours(week: list[list[list[int]]]) -> Hours:
    return Hours(tuple(tuple(Interval(start, end) for start, end in day) for day in week))
