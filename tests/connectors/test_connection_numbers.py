"""How the systems outside stand, in numbers: for those who watch, and nothing about anybody."""

from __future__ import annotations

import pytest
from at_work import HR, Town
from platforms.city import Trouble
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from app.counting import CountedMailer
from app.mailing import make_mailer
from app.notifying import make_senders
from app.watching import Standing, exposition
from delivery.sending import Permanent, Temporary
from hr_inbox.notices import Mail, MailFailure

pytest_plugins = ["at_work"]


def numbers(town: Town) -> dict[tuple[str, ...], float]:
    """What `/metrics` says of the systems outside: name and labels → number."""
    told = exposition(Standing(town.storage.gauges, lambda: True)).decode()
    return {
        (sample.name.removeprefix("shebao_outside_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(told)
        for sample in family.samples
        if sample.name.startswith("shebao_outside_")
    }


def test_what_was_never_asked_has_no_number(moved_in: Town) -> None:
    assert numbers(moved_in) == {}


def test_each_system_tells_since_when_how_late_and_how_often(moved_in: Town) -> None:
    moved_in.agree("0001")
    connections = moved_in.connections("civil_affairs", "payroll")
    connections.work()
    moved_in.clock.move(minutes=9)
    moved_in.city.status("0001", "suspended", "2026-10-15", "income")
    moved_in.clock.move(minutes=1)
    connections.work()
    moved_in.clock.move(seconds=90)
    found = numbers(moved_in)
    assert found["answered_seconds", "civil_affairs"] == 90
    assert found["delay_seconds", "civil_affairs"] == 60
    assert found["calls_total", "done", "civil_affairs"] == 2
    assert found["calls_total", "failed", "civil_affairs"] == found["alarm", "civil_affairs"] == 0
    assert found["answered_seconds", "payroll"] == 690
    assert found["calls_total", "done", "payroll"] == 1
    assert ("delay_seconds", "payroll") not in found and ("alarm", "mail") not in found
    profiles = moved_in.storage.gauges.read()
    assert profiles.profiles == 7 and profiles.profiles_age > 0  # of new people, which nobody follows here


def test_a_system_that_fails_is_seen_before_and_after_it_is_well(moved_in: Town) -> None:
    moved_in.switch("payroll", Trouble.REVOKED)
    connections = moved_in.connections("payroll")
    for _ in range(3):
        connections.work()
        moved_in.clock.move(minutes=20)
    found = numbers(moved_in)
    assert (found["calls_total", "failed", "payroll"], found["alarm", "payroll"]) == (3, 1)
    assert ("answered_seconds", "payroll") not in found  # it never was
    moved_in.city.calm()
    for _ in range(4):
        connections.work()
        moved_in.clock.move(minutes=60)
    found = numbers(moved_in)
    assert (found["calls_total", "done", "payroll"], found["alarm", "payroll"]) == (4, 0)
    assert found["answered_seconds", "payroll"] == 3600
    assert found["calls_total", "done", "sms"] == 2  # the alarm, and that it is over


def test_mails_and_text_messages_count_where_somebody_was_asked(moved_in: Town) -> None:
    mailer = make_mailer(moved_in.settings.mail)
    assert mailer is not None
    counted = CountedMailer(mailer, moved_in.storage.calls)
    counted.send(Mail("hr@company.example", "新的", "在等"))
    moved_in.post.answers["RCPT"] = "450 4.2.1 greylisted"
    with pytest.raises(MailFailure):
        counted.send(Mail("hr@company.example", "新的", "在等"))
    texts = make_senders(moved_in.settings, moved_in.storage, None)["sms"]
    who, link = moved_in.ids["0001"], {"link": "https://shebao.company.example/l/1"}
    with pytest.raises(Permanent):
        texts.send(who, link)  # no number, so the service was not asked
    moved_in.storage.roster.correct(who, {"phone": "13800138000"}, HR)
    texts.send(who, link)
    moved_in.sms.refused["13800138000"] = "InternalError.Timeout"
    with pytest.raises(Temporary):
        texts.send(who, link)
    found = numbers(moved_in)
    assert [found["calls_total", "done", system] for system in ("mail", "sms")] == [1, 1]
    assert [found["calls_total", "failed", system] for system in ("mail", "sms")] == [1, 1]
    assert found["answered_seconds", "mail"] < 60


def test_a_number_that_cannot_be_kept_holds_up_no_mail(moved_in: Town) -> None:
    """What is done must not fail for it: it would be done twice."""
    with moved_in.storage.database.work() as connection:
        connection.execute(text("ALTER TABLE counters RENAME TO away"))
    mailer = make_mailer(moved_in.settings.mail)
    assert mailer is not None
    CountedMailer(mailer, moved_in.storage.calls).send(Mail("hr@company.example", "新的", "在等"))
    assert len(moved_in.post.mails) == 1
    with moved_in.storage.database.work() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO counters"))
