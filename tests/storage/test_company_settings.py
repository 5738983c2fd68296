"""The company's settings come back as they were settled, on both databases; each change stands in the log."""

from __future__ import annotations

from datetime import date, datetime

from databases import Clock, Open
from sqlalchemy import select
from talking import colleague, message, say

from hr_inbox.service_clock import CHINA, Hours, Interval
from hr_inbox.service_rules import NO_MAIL, OFFICE_HOURS, MailRules, ServiceRules
from hr_inbox.task import HrTask
from hr_inbox.working_days import OwnDay
from storage.opening import Storage
from storage.tables import audit_events

pytest_plugins = ["databases"]

ZHAO = "5a1e0000-0000-4000-8000-0000000000aa"
NIGHT = Hours(((Interval(1320, 1800),),) * 5 + ((), ()))


def acts(storage: Storage) -> list[str]:
    with storage.database.read() as connection:
        return list(connection.execute(select(audit_events.c.act).order_by(audit_events.c.seq)).scalars())


def test_until_something_is_settled_it_is_as_shipped(storage: Storage) -> None:
    assert storage.service.rules() == ServiceRules()


def test_what_is_settled_comes_back(storage: Storage) -> None:
    targets = {0: 15, 1: 60, 2: 900}
    mail = MailRules(60, {ZHAO: NO_MAIL})
    storage.service.set_hours(OFFICE_HOURS, ZHAO)
    storage.service.set_hours(NIGHT, ZHAO)
    storage.service.set_targets(targets, ZHAO)
    storage.service.set_mail(mail, ZHAO)
    rules = storage.service.rules()
    assert (rules.hours, rules.targets, rules.mail) == (NIGHT, targets, mail)
    assert acts(storage) == ["set_hours", "set_hours", "set_targets", "set_mail"]


def test_a_day_is_said_said_otherwise_and_taken_back(storage: Storage) -> None:
    on = date(2026, 10, 8)
    storage.service.set_day(OwnDay(on, False, "厂休"), ZHAO)
    storage.service.set_day(OwnDay(on, True, "照常"), ZHAO)
    assert storage.service.rules().days.own == {on: OwnDay(on, True, "照常")}
    assert storage.service.remove_day(on, ZHAO) == OwnDay(on, True, "照常")
    assert storage.service.remove_day(on, ZHAO) is None
    assert storage.service.rules().days.own == {}
    assert acts(storage) == ["set_day", "set_day", "remove_day"]


def test_the_log_does_not_hold_what_was_typed(storage: Storage) -> None:
    storage.service.set_day(OwnDay(date(2026, 10, 8), False, "老周请客"), ZHAO)
    with storage.database.read() as connection:
        assert "老周" not in connection.execute(select(audit_events.c.body)).scalar_one()


def test_a_case_is_due_by_the_rules_and_the_channel(storage: Storage, clock: Clock) -> None:
    noon = clock.time  # on a Thursday
    task, due = HrTask("question", ()), storage.service.due
    assert due(task, noon, "web", noon) == datetime(2026, 10, 16, 12, 0, tzinfo=CHINA)
    assert due(HrTask("urgent_injury", ()), noon, "web", noon) == datetime(2026, 10, 15, 14, 0, tzinfo=CHINA)
    storage.service.set_targets({0: 30, 1: 240, 2: 5000}, ZHAO)
    assert due(task, noon, "wechat", noon) == datetime(2026, 10, 16, 17, 30, tzinfo=CHINA)


def test_unless_told_otherwise_a_case_is_due_by_the_companys_rules(url: str, open_one: Open) -> None:
    storage = open_one(url, due=None)
    zhao = colleague(storage)
    say(storage, message(), "好", tasks=(HrTask("question", ("什么时候开始交",)),))
    opened = storage.cases.open("T-000001", zhao)
    assert opened is not None
    assert opened.line.due_at == datetime(2026, 10, 16, 12, 0, tzinfo=CHINA)
