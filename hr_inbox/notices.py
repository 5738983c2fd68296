"""Mails to HR on new work: one at most every so often, with how much is new and how urgent, and nothing else.

Mail is read by others on the way and on locked screens, so it names neither people nor matters. What is urgent is told
at once; the rest waits for business hours, and for the time since the last mail. What was told is written down after the
mail went out: a worker that dies in between has it told once more, and never not at all.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from hr_inbox.service_clock import CHINA
from hr_inbox.service_rules import PRIORITY_NAMES
from hr_inbox.task import NORMAL
from locales import N_, Say

log = logging.getLogger("shebao.mail")

#: Longer than a mail takes to be given up; a worker that has not settled by then is taken for dead.
LEASE: Final = timedelta(minutes=5)
#: What is waited after the first, second … failure; the last pause stays. What will not work later waits it at once.
PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 360))
URGENT: Final = 0

SUBJECT: Final = N_("社保助手：有 {count} 件新的在等人事")
URGENT_SUBJECT: Final = N_("【加急】社保助手：有 {count} 件新的在等人事")
_HELLO: Final = N_("你好，有 {count} 件新的在等人事处理：")
_OF_PRIORITY: Final = N_("· {name} {count} 件")
_BY: Final = N_("最早的一件，{at} 前要回。")
_OPEN: Final = N_("打开看：{link}")
_WHY: Final = N_("信里不写是谁、什么事，登录以后才看得到。多久发一封、发不发，请找管理员在“服务时间”里改。")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task that waits, as far as a mail may tell of it."""

    number: str
    priority: int
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail in plain text to one person."""

    to: str = field(repr=False)
    subject: str
    text: str


class MailFailure(Exception):
    """A mail did not go out. `code` is a word of ours, `status` the server's number, 0 where it gave none; `lasting`:
    it will not work later either, unless somebody changes a setting."""

    def __init__(self, code: str, status: int = 0, *, lasting: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.lasting = lasting

    def __str__(self) -> str:
        return f"{self.code}:{self.status}" if self.status else self.code


class Mailer(Protocol):
    """What sends mails."""

    def send(self, mail: Mail) -> None:
        """Hands a mail to the server. Raises `MailFailure`."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one worker tells one account, until its lease runs out; `token` proves that it is still this worker's.

    `attempts` counts this one.
    """

    account: str
    address: str = field(repr=False)
    token: str
    waiting: tuple[Waiting, ...]
    attempts: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """A mail that did not go out, and when it is tried again."""

    account: str
    error: str
    retry_at: datetime


class NoticeBook(Protocol):
    """Who was told of what."""

    def claim(self, now: datetime, until: datetime) -> Claim | None:
        """Leases the next account that is to be told something now, with all that it was not told of yet."""

    def settle(self, claim: Claim, failure: MailFailure | None, now: datetime) -> None:
        """Writes down what became of the mail, unless the lease has passed to someone else."""

    def troubles(self) -> tuple[Trouble, ...]:
        """The accounts whose last mail did not go out."""

    def try_again(self) -> None:
        """What failed is due at once: a setting has changed."""


def is_time(
    waiting: Sequence[Waiting],
    every: timedelta,
    sent_at: datetime | None,
    retry_at: datetime | None,
    now: datetime,
    *,
    office_is_open: bool,
) -> bool:
    """Whether somebody is told now of what they were not told of yet."""
    if not waiting or (retry_at is not None and now < retry_at):
        return False
    if any(each.priority <= URGENT for each in waiting):
        return True
    return office_is_open and (sent_at is None or now >= sent_at + every)


def next_try(failure: MailFailure, attempts: int, now: datetime) -> datetime:
    """When a mail that did not go out is tried again."""
    pause = PAUSES[-1] if failure.lasting else PAUSES[min(attempts, len(PAUSES)) - 1]
    return now + pause


def tell_new_work(book: NoticeBook, mailer: Mailer, link: str, say: Say, now: Callable[[], datetime]) -> int:
    """Tells everybody who is to be told something now; how many mails went out."""
    sent = 0
    while (claim := book.claim(now(), now() + LEASE)) is not None:
        failure = None
        try:
            mailer.send(digest(claim.address, claim.waiting, link, say))
            sent += 1
        except MailFailure as error:
            log.warning("a mail to account %s did not go out (%s)", claim.account, error)
            failure = error
        book.settle(claim, failure, now())
    return sent


def digest(to: str, waiting: Sequence[Waiting], link: str, say: Say) -> Mail:
    """How much is new, how urgent, and where to look. Times are China's."""
    count, of = str(len(waiting)), Counter(min(each.priority, NORMAL) for each in waiting)
    due = min((each.due_at for each in waiting if each.due_at is not None), default=None)
    lines = [
        say(_HELLO, count=count),
        *(say(_OF_PRIORITY, name=say(PRIORITY_NAMES[each]), count=str(of[each])) for each in sorted(of)),
        *((say(_BY, at=due.astimezone(CHINA).strftime("%m-%d %H:%M")),) if due is not None else ()),
        "",
        say(_OPEN, link=link),
        "",
        say(_WHY),
    ]
    return Mail(to, say(URGENT_SUBJECT if URGENT in of else SUBJECT, count=count), "\n".join(lines) + "\n")
