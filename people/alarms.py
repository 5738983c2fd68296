"""What HR is told when an outside system fails, and when it is well again: a text message, a mail, a task. Neutral: which
system, what is wrong, what to do; nothing about anybody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

from locales import N_, Say
from people.connections import NAMES, Failure, Name, words_of

#: What is told: that it fails, that it is well again.
Kind = Literal["raised", "recovered"]
Way = Literal["mail", "sms"]
#: In a text message, whose template has two variables: which system, and what of it.
_SHORT: Final[Mapping[Kind, str]] = {"raised": N_("出了故障"), "recovered": N_("恢复了")}
_SUBJECT: Final[Mapping[Kind, str]] = {
    "raised": N_("社保助手：{name}出了故障"),
    "recovered": N_("社保助手：{name}恢复了"),
}
_WELL: Final = N_("{name}恢复了。故障期间的变化已经补进来，不用做什么。")
_WRONG: Final = N_("{name}出了故障：{what}。")
_THEN: Final = N_("怎么办：{then}")
_SINCE: Final = N_("从 {at} 起没有问成。")
_OPEN: Final = N_("打开看：{link}")
_ONCE: Final = N_("同一次故障只通知一次，恢复了再通知一次。")

#: Longer than a message takes to be handed over; whoever has not settled by then is taken for dead.
LEASE: Final = timedelta(minutes=5)
#: So often a message is tried.
MOST_ATTEMPTS: Final = 8


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom the settings name: an address of a mailbox, or a mobile number."""

    way: Way
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AlarmMessage:
    """One message that one worker hands over, until its lease runs out; `token` proves that it is still this worker's.
    `attempts` counts this one."""

    id: str
    token: str
    name: Name
    kind: Kind
    recipient: Recipient
    failure: Failure
    code: str
    attempts: int


@dataclass(frozen=True, slots=True)
class NotHandedOver:
    """A message that did not go out: why, and when it is tried again; None where it is not."""

    code: str
    again_at: datetime | None = None


class Tell(Protocol):
    """One way to tell somebody."""

    def __call__(self, message: AlarmMessage) -> NotHandedOver | None:
        """Hands a message over; what came in between, None where nothing did."""


class AlarmBook(Protocol):
    """The alarms. Whatever is done twice, by whomever, is done once."""

    def watch(self, name: Name, late: timedelta, recipients: tuple[Recipient, ...]) -> None:
        """Looks at a connection once: raises an alarm where one is due, or ends it, with the task and the messages."""

    def claim(self, recipients: tuple[Recipient, ...], until: datetime) -> AlarmMessage | None:
        """Leases the next message that is due."""

    def settle(self, message: AlarmMessage, failed: NotHandedOver | None) -> None:
        """Writes down what became of it, unless the lease has passed to someone else."""


def tell_all(
    book: AlarmBook, ways: Mapping[Way, Tell], recipients: tuple[Recipient, ...], now: Callable[[], datetime]
) -> int:
    """Hands over every message that is due; how many went out."""
    told = 0
    while (message := book.claim(recipients, now() + LEASE)) is not None:
        failed = ways[message.recipient.way](message)
        told += failed is None
        book.settle(message, failed)
    return told


def task_lines(name: Name, failure: Failure, code: str, since: str, say: Say) -> tuple[str, ...]:
    """What stands in HR's task; `since` is a moment in words."""
    words = words_of(failure, code)
    return (
        say(_WRONG, name=say(NAMES[name]), what=say(words.what)),
        say(_SINCE, at=since),
        say(_THEN, then=say(words.then)),
    )


def mail_of(message: AlarmMessage, link: str, say: Say) -> tuple[str, str]:
    """Subject and text of a mail."""
    name = say(NAMES[message.name])
    words = words_of(message.failure, message.code)
    lines = (
        [say(_WELL, name=name)]
        if message.kind == "recovered"
        else [say(_WRONG, name=name, what=say(words.what)), say(_THEN, then=say(words.then))]
    )
    return (
        say(_SUBJECT[message.kind], name=name),
        "\n".join([*lines, "", say(_OPEN, link=link), "", say(_ONCE), ""]),
    )


def short_of(message: AlarmMessage, say: Say) -> tuple[str, str]:
    """The two variables of a text message: which system, and what of it."""
    return say(NAMES[message.name]), say(_SHORT[message.kind])
