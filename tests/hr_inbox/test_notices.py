"""When HR is told of new work, and what a mail says: how much, how urgent, where, and nothing about anybody."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hr_inbox.notices import PAUSES, MailFailure, Waiting, digest, is_time, next_try
from hr_inbox.service_clock import CHINA
from locales import as_written

NOON = datetime(2026, 10, 15, 12, tzinfo=CHINA)
HALF_HOUR = timedelta(minutes=30)
NORMAL = Waiting("T-000001", 2, NOON + timedelta(hours=5))
URGENT = Waiting("T-000002", 0, NOON + timedelta(minutes=30))
LINK = "https://shebao.example/hr/"


def told(
    *waiting: Waiting,
    sent: timedelta | None = None,
    retry: timedelta | None = None,
    office_is_open: bool = True,
) -> bool:
    """Whether somebody is told now, whose last mail went out so long ago."""
    sent_at = None if sent is None else NOON - sent
    retry_at = None if retry is None else NOON + retry
    return is_time(waiting, HALF_HOUR, sent_at, retry_at, NOON, office_is_open=office_is_open)


def test_nothing_new_is_not_told() -> None:
    assert not told()


def test_the_first_is_told_soon_and_the_next_wait_their_time() -> None:
    assert told(NORMAL)
    assert not told(NORMAL, sent=timedelta(minutes=29))
    assert told(NORMAL, sent=HALF_HOUR)


def test_outside_business_hours_only_what_is_urgent_is_told() -> None:
    assert not told(NORMAL, office_is_open=False)
    assert told(NORMAL, URGENT, office_is_open=False)


def test_what_is_urgent_waits_for_no_interval() -> None:
    assert told(URGENT, sent=timedelta(minutes=1))


def test_after_a_failure_even_what_is_urgent_waits_for_its_turn() -> None:
    assert not told(URGENT, retry=timedelta(minutes=1))
    assert told(URGENT, retry=timedelta(0))


@pytest.mark.parametrize(
    ("attempts", "pause"), [(1, PAUSES[0]), (2, PAUSES[1]), (5, PAUSES[4]), (50, PAUSES[4])]
)
def test_failures_are_tried_again_with_growing_pauses(attempts: int, pause: timedelta) -> None:
    assert next_try(MailFailure("timeout"), attempts, NOON) == NOON + pause


def test_what_lasts_is_tried_again_seldom() -> None:
    assert next_try(MailFailure("login", 535, lasting=True), 1, NOON) == NOON + PAUSES[-1]


def test_a_mail_says_how_much_how_urgent_and_where() -> None:
    mail = digest("zhao@company.example", (NORMAL, URGENT, NORMAL), LINK, as_written)
    assert mail.subject == "【加急】社保助手：有 3 件新的在等人事"
    assert mail.text.splitlines()[:6] == [
        "你好，有 3 件新的在等人事处理：",
        "· 加急 1 件",
        "· 普通 2 件",
        "最早的一件，10-15 12:30 前要回。",
        "",
        f"打开看：{LINK}",
    ]


def test_a_mail_names_no_task() -> None:
    mail = digest("zhao@company.example", (NORMAL,), LINK, as_written)
    assert "T-" not in mail.text + mail.subject and "加急" not in mail.text + mail.subject


def test_a_mail_without_a_promise_names_no_time() -> None:
    assert "前要回" not in digest("z@c.example", (Waiting("T-000001", 2),), LINK, as_written).text


def test_no_address_in_a_repr() -> None:
    assert "zhao" not in repr(digest("zhao@company.example", (NORMAL,), LINK, as_written))
