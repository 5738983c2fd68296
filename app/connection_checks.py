"""Whether a system outside can be asked: it is, once, and nothing of what it tells is kept."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime

from app.clock import day_in_china
from app.connections import open_civil_affairs, open_payroll, open_social_insurance
from app.settings import Settings
from connectors.channel_checks import Finding
from locales import N_, Say
from people.connections import NAMES, Name, failure_of, words_of
from people.outside import OutsideFailed


def check_civil_affairs(settings: Settings, say: Say, now: Callable[[], datetime]) -> Iterator[Finding]:
    """It is asked about somebody who does not exist. Raises `SettingsError` for settings that cannot work."""
    nobody = (secrets.token_hex(32),)
    chosen = open_civil_affairs(settings, now)
    assert chosen is not None, "only what is set up is checked"
    with closing(chosen):
        yield from _asked("civil_affairs", lambda: len(chosen.system.changes("", nobody).changes), say)
    if chosen.connection is not None and chosen.connection.hook.secret:
        address = f"{settings.server.address}/events/civil-affairs"
        yield Finding("note", say(N_("对方有变化时，请他们送到 {address}"), address=address))
    elif chosen.connection is not None:
        yield Finding("note", say(N_("没有填 hook.secret：对方送来的不收，只靠定时去问")))
    yield from _told(settings, say)


def check_social_insurance(settings: Settings, say: Say, now: Callable[[], datetime]) -> Iterator[Finding]:
    """It is asked for this month's amounts. Raises `SettingsError` for settings that cannot work."""
    chosen = open_social_insurance(settings, now)
    assert chosen is not None, "only what is set up is checked"
    with closing(chosen):
        yield from _asked(
            "social_insurance", lambda: len(chosen.system.confirmed(_month(now())).amounts), say
        )
    yield from _told(settings, say)


def check_payroll(settings: Settings, say: Say, now: Callable[[], datetime]) -> Iterator[Finding]:
    """It is asked for this month's wages. Raises `SettingsError` for settings that cannot work."""
    chosen = open_payroll(settings, now)
    assert chosen is not None, "only what is set up is checked"
    with closing(chosen):
        yield from _asked("payroll", lambda: len(chosen.system.wages(_month(now())).wages), say)
    yield from _told(settings, say)


def _asked(name: Name, ask: Callable[[], int], say: Say) -> Iterator[Finding]:
    """What came of one question; `ask` gives the number of records."""
    try:
        records = ask()
    except OutsideFailed as error:
        words = words_of(failure_of(error), error.code)
        yield Finding("wrong", f"{say(words.what)}（{error.code}）", say(words.then))
        return
    yield Finding("right", say(N_("{name}连得上，认得我们，答的看得懂"), name=say(NAMES[name])))
    if not records:
        yield Finding("note", say(N_("这次没有读到记录：每一项对得对不对，要等有了记录才知道")))


def _told(settings: Settings, say: Say) -> Iterator[Finding]:
    """Whether anybody is told of a failure."""
    alarms = settings.connections.alarms
    if not (alarms.mails or alarms.mobiles):
        yield Finding(
            "note",
            say(N_("出故障时没有人会收到短信或邮件，只在收件箱里开一件事")),
            say(N_("把人事的邮箱和手机号填到 connections.alarms.mails 和 mobiles")),
        )


def _month(now: datetime) -> date:
    return day_in_china(now).replace(day=1)
