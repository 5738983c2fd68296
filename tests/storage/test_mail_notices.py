"""New work is told to everybody who may see it, once, by one worker at a time, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from databases import NOON, Clock
from sqlalchemy import update
from talking import message, say, together

from hr_inbox.notices import LEASE, Claim, Mail, MailFailure, tell_new_work
from hr_inbox.service_rules import NO_MAIL, MailRules
from hr_inbox.task import HrTask, TaskKind
from locales import as_written
from people.accounts import Account, Role
from storage.opening import Storage
from storage.tables import accounts, tasks

pytest_plugins = ["databases"]

#: Three in the afternoon in China, a Thursday.
WORKING = timedelta(hours=3)
ASKED: TaskKind = "question"


class Desk:
    """HR's mail, and the employees who write."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self.storage = storage
        self.clock = clock
        self.mails: list[Mail] = []
        self.failures: list[MailFailure] = []
        self._written = 0

    def colleague(self, name: str, *roles: Role, mail: str | None = None) -> Account:
        address = f"{name}@company.example" if mail is None else mail
        return self.storage.accounts.add(name, name, frozenset(roles), address, state="active")

    def asks(self, kind: TaskKind = ASKED, dibao: bool = False) -> None:
        """An employee hands something over."""
        self._written += 1
        task = HrTask(
            kind, ("什么时候开始交",), "320500", dibao=dibao, excluded="hr_named" * (kind == "complaint")
        )
        say(self.storage, message(f"m{self._written}"), "好", tasks=(task,))

    def send(self, mail: Mail) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.mails.append(mail)

    def tell(self) -> list[str]:
        """What the job does every minute; who was told."""
        before = len(self.mails)
        tell_new_work(self.storage.mail_notices, self, "https://shebao.example/hr/", as_written, self.clock)
        return sorted(mail.to.partition("@")[0] for mail in self.mails[before:])

    def claim(self) -> Claim:
        claim = self.storage.mail_notices.claim(self.clock(), self.clock() + LEASE)
        assert claim is not None
        return claim


@pytest.fixture
def desk(storage: Storage, clock: Clock) -> Desk:
    clock.time = NOON + WORKING
    return Desk(storage, clock)


def test_new_work_is_told_once(desk: Desk) -> None:
    desk.colleague("zhao", "agent")
    assert desk.tell() == []
    desk.asks()
    desk.asks()
    assert desk.tell() == ["zhao"]
    assert "有 2 件" in desk.mails[0].subject
    desk.clock.move(hours=1)
    assert desk.tell() == []


def test_a_flood_is_a_digest(desk: Desk) -> None:
    desk.colleague("zhao", "agent")
    for _ in range(40):
        desk.asks()
        desk.tell()
        desk.clock.move(minutes=1)
    assert len(desk.mails) == 2
    assert "有 1 件新的" in desk.mails[0].subject and "有 30 件新的" in desk.mails[1].subject


def test_each_is_told_what_they_may_see(desk: Desk) -> None:
    desk.colleague("agent", "agent")
    desk.colleague("officer", "dibao_officer")
    desk.colleague("boss", "admin")
    desk.colleague("auditor", "auditor")
    desk.asks("dibao_status_change")
    assert desk.tell() == ["officer"]
    desk.asks("complaint")
    assert desk.tell() == ["boss"]
    desk.asks()
    desk.clock.move(hours=1)
    assert desk.tell() == ["agent", "officer"]
    assert all("有 1 件" in mail.subject for mail in desk.mails)


def test_whoever_is_named_in_a_complaint_is_not_told_of_it(desk: Desk) -> None:
    desk.colleague("赵静", "agent", "admin")
    desk.colleague("李娜", "agent", "admin")
    task = HrTask("complaint", ("我要投诉赵静逼我签字",), excluded="hr_named")
    say(desk.storage, message("c1"), "好", tasks=(task,))
    assert desk.tell() == ["李娜"]


def test_what_was_laid_aside_is_told_when_it_comes_back(desk: Desk) -> None:
    desk.colleague("zhao", "agent")
    desk.asks()
    assert desk.tell() == ["zhao"]
    with desk.storage.database.work() as connection:
        back = desk.clock.time + timedelta(minutes=40)
        connection.execute(update(tasks).values(state="snoozed", snoozed_until=back))
    desk.clock.move(minutes=39)
    assert desk.tell() == []
    desk.clock.move(minutes=1)
    assert desk.tell() == ["zhao"]


def test_who_has_no_address_is_invited_or_wants_none_is_not_told(desk: Desk) -> None:
    desk.colleague("nowhere", "agent", mail="")
    desk.storage.accounts.add("invited", "invited", frozenset({"agent"}), "invited@company.example")
    quiet = desk.colleague("quiet", "agent")
    desk.storage.service.set_mail(MailRules(30, {quiet.id: NO_MAIL}), quiet.id)
    desk.asks()
    assert desk.tell() == []


def test_everybody_has_their_own_interval(desk: Desk) -> None:
    seldom = desk.colleague("seldom", "agent")
    desk.colleague("usual", "agent")
    desk.storage.service.set_mail(MailRules(15, {seldom.id: 120}), seldom.id)
    desk.asks()
    assert desk.tell() == ["seldom", "usual"]
    desk.asks()
    desk.clock.move(minutes=15)
    assert desk.tell() == ["usual"]
    desk.clock.move(minutes=104)
    assert desk.tell() == []
    desk.clock.move(minutes=1)
    assert desk.tell() == ["seldom"]


def test_the_night_is_quiet_except_for_what_is_urgent(desk: Desk) -> None:
    desk.colleague("zhao", "agent")
    desk.clock.move(hours=4)
    desk.asks()
    assert desk.tell() == []
    desk.asks("urgent_injury")
    assert desk.tell() == ["zhao"]
    assert "加急 1 件" in desk.mails[0].text and "普通 1 件" in desk.mails[0].text


def test_what_waited_over_night_is_told_in_the_morning(desk: Desk) -> None:
    desk.colleague("zhao", "agent")
    desk.clock.move(hours=4)
    desk.asks()
    assert desk.tell() == []
    desk.clock.move(hours=13, minutes=30)  # half past eight
    assert desk.tell() == ["zhao"]


def test_what_somebody_took_in_the_meantime_is_not_told(desk: Desk) -> None:
    desk.colleague("zhao", "agent")
    desk.asks()
    set_state(desk.storage, "taken")
    assert desk.tell() == []


def test_what_waits_again_is_new_again(desk: Desk) -> None:
    desk.colleague("zhao", "agent")
    desk.asks()
    assert desk.tell() == ["zhao"]
    desk.clock.move(hours=1)
    for state in ("done", "waiting"):
        set_state(desk.storage, state)
        told = desk.tell()
    assert told == ["zhao"]


def set_state(storage: Storage, state: str) -> None:
    with storage.database.work() as connection:
        connection.execute(update(tasks).values(state=state))


def test_what_did_not_go_out_is_tried_again_and_shown(desk: Desk) -> None:
    zhao = desk.colleague("zhao", "agent")
    desk.asks()
    desk.failures = [MailFailure("timeout"), MailFailure("refused", 451)]
    assert desk.tell() == []
    (trouble,) = desk.storage.mail_notices.troubles()
    assert (trouble.account, trouble.error) == (zhao.id, "timeout")
    assert trouble.retry_at == desk.clock.time + timedelta(minutes=1)
    assert desk.tell() == []
    desk.clock.move(minutes=1)
    assert desk.tell() == []
    assert desk.storage.mail_notices.troubles()[0].error == "refused:451"
    desk.clock.move(minutes=5)
    desk.asks()
    assert desk.tell() == ["zhao"]
    assert "有 2 件" in desk.mails[0].subject
    assert desk.storage.mail_notices.troubles() == ()


def test_a_setting_that_was_put_right_has_it_tried_at_once(desk: Desk) -> None:
    desk.colleague("zhao", "agent")
    desk.asks()
    desk.failures = [MailFailure("login", 535, lasting=True)]
    assert desk.tell() == []
    desk.clock.move(minutes=1)
    assert desk.tell() == []
    desk.storage.mail_notices.try_again()
    assert desk.tell() == ["zhao"]


def test_one_address_that_is_refused_does_not_hold_up_the_others(desk: Desk) -> None:
    for name in ("zhao", "qian", "sun"):
        desk.colleague(name, "agent")
    desk.asks()
    desk.failures = [MailFailure("recipient", 550, lasting=True)]
    assert len(desk.tell()) == 2


def test_workers_that_look_at_once_tell_everybody_once(desk: Desk) -> None:
    for name in ("zhao", "qian", "sun", "li"):
        desk.colleague(name, "agent")
    desk.asks()
    looks: list[Callable[[], int]] = [
        lambda: tell_new_work(desk.storage.mail_notices, desk, "link", as_written, desk.clock)
    ] * 4
    assert sum(together(looks)) == 4
    assert len({mail.to for mail in desk.mails}) == len(desk.mails) == 4


def test_a_worker_that_died_before_it_settled_has_it_told_once_more(desk: Desk) -> None:
    desk.colleague("zhao", "agent")
    desk.asks()
    desk.claim()  # and the mail went out, and then it died
    assert desk.tell() == []
    desk.clock.move(minutes=5)
    assert desk.tell() == ["zhao"]
    desk.clock.move(hours=1)
    assert desk.tell() == []


def test_a_worker_that_was_taken_for_dead_settles_nothing(desk: Desk) -> None:
    desk.colleague("zhao", "agent")
    desk.asks()
    slow = desk.claim()
    desk.clock.move(minutes=5)
    quick = desk.claim()
    desk.storage.mail_notices.settle(slow, MailFailure("timeout"), desk.clock())
    assert desk.storage.mail_notices.troubles() == ()
    desk.storage.mail_notices.settle(quick, None, desk.clock())
    assert desk.tell() == []


def test_what_went_away_while_it_was_told_does_no_harm(desk: Desk) -> None:
    zhao = desk.colleague("zhao", "agent")
    desk.asks()
    claim = desk.claim()
    with desk.storage.database.work() as connection:
        connection.execute(tasks.delete())
    desk.storage.mail_notices.settle(claim, None, desk.clock())
    with desk.storage.database.work() as connection:
        connection.execute(accounts.delete().where(accounts.c.id == zhao.id))
    assert desk.tell() == []
