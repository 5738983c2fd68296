"""The connections to outside systems, for whoever looks after them: how each stands, what is wrong in plain words, when HR is
alarmed and when it is over.

An alarm says which system and what to do, and nothing about anybody. Who looks after a system that comes and goes is told once:
it is over when the system has answered for a while, and no other alarm follows soon after one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple, Protocol

from locales import N_
from people.outside import Busy, Nonsense, OutsideFailed, Refused, TooSlow, Unreachable

Name = Literal["civil_affairs", "social_insurance", "payroll"]
NAMES: Final[Mapping[Name, str]] = {
    "civil_affairs": N_("民政系统"),
    "social_insurance": N_("社保系统"),
    "payroll": N_("工资系统"),
}
#: How it fails; `silent`: nobody has asked, or nothing was ever finished.
Failure = Literal["unreachable", "too_slow", "busy", "refused", "nonsense", "silent"]
_FAILURES: Final[Mapping[type[OutsideFailed], Failure]] = {
    Unreachable: "unreachable",
    TooSlow: "too_slow",
    Busy: "busy",
    Refused: "refused",
    Nonsense: "nonsense",
}
#: Failures that no asking again mends: somebody has to do something.
LASTING: Final[frozenset[Failure]] = frozenset(("refused", "nonsense"))


class Words(NamedTuple):
    """What is wrong, and what to do about it."""

    what: str
    then: str


_WORDS: Final[Mapping[str, Words]] = {
    "unreachable": Words(
        N_("连不上对方的系统，或者连上又断了"),
        N_(
            "请管服务器的人看网络通不通；网络没问题，就问对方的系统是不是停了。恢复以后会自己接上，不用补什么。"
        ),
    ),
    "too_slow": Words(
        N_("对方的系统没有按时答完"),
        N_("多半是对方忙。一直这样，就打电话问对方的系统出了什么事。恢复以后会自己接上，不用补什么。"),
    ),
    "busy": Words(
        N_("对方的系统说现在忙，答不了"),
        N_("一直这样，就打电话问对方的系统出了什么事。恢复以后会自己接上，不用补什么。"),
    ),
    "refused": Words(
        N_("对方不认我们的密钥或证书"),
        N_("向对方要新的密钥或证书，请管服务器的人换上。在这之前，那边的变化进不来。"),
    ),
    "nonsense": Words(
        N_("对方答的内容看不懂，一条都没有收"),
        N_("对方多半改了格式或者加了新的代码。到“系统对接”看是哪一项，请管服务器的人改对照表。"),
    ),
    "clock": Words(
        N_("对方的时钟和我们的差得太多"),
        N_("请管服务器的人看我们的时间准不准；准的话，请对方校一下时间。"),
    ),
    "folder": Words(
        N_("放文件的文件夹打不开"),
        N_("请管服务器的人看文件夹还在不在、能不能读写。"),
    ),
    "silent": Words(
        N_("很久没有问成了"),
        N_("请管服务器的人看后台程序（shebao serve 或 shebao worker）是不是在跑。"),
    ),
}

#: From a change over there to the profile here: what we want, and what must hold.
GOAL: Final = timedelta(minutes=30)
LIMIT: Final = timedelta(hours=1)
#: So long a system has to answer before an alarm is over.
STEADY: Final = timedelta(minutes=15)
#: No second alarm about a system before so long.
QUIET: Final = timedelta(hours=1)
#: What is waited after the first, second … failure that passes by itself.
PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10))


def failure_of(error: OutsideFailed) -> Failure:
    """What an error is for the book."""
    return _FAILURES[type(error)]


def words_of(failure: Failure, code: str) -> Words:
    """What a failure is in plain words; `code` may say it more exactly.

    >>> words_of("nonsense", "clock").what == words_of("nonsense", "change:count").what
    False
    """
    return _WORDS.get(code, _WORDS[failure])


def next_try(error: OutsideFailed, failures: int, every: timedelta) -> timedelta:
    """After how long a system is asked again that has failed so often in a row.

    >>> next_try(Busy("http_503"), 1, timedelta(hours=1)), next_try(Refused("http_401"), 1, timedelta(hours=1))
    (datetime.timedelta(seconds=60), datetime.timedelta(seconds=600))
    """
    pause = PAUSES[min(failures, len(PAUSES)) - 1] if error.later else PAUSES[-1]
    return max(error.after, min(pause, every))


@dataclass(frozen=True, slots=True)
class UnknownCode:
    """A code of theirs that nobody has mapped: the field in our words, what it was, and when it last came."""

    place: str
    value: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How a connection stands. `asked_about`: how many people were asked about last; `strangers`: how many records were about
    somebody who is not on the roster or was not asked about. `delay`: of the last change, from over there to here.
    `alarmed_at` is when HR was alarmed, None where that is over or never was; `task` the number of its task. `quiet_until`:
    no other alarm before then."""

    name: Name
    begun_at: datetime
    due_at: datetime
    asked_at: datetime | None = None
    succeeded_at: datetime | None = None
    failing_since: datetime | None = None
    well_since: datetime | None = None
    failures: int = 0
    failure: Failure | None = None
    code: str = ""
    delay: timedelta | None = None
    asked_about: int = field(default=0, repr=False)
    strangers: int = 0
    alarmed_at: datetime | None = None
    task: str | None = None
    quiet_until: datetime | None = None


def trouble(it: Standing, late: timedelta, now: datetime) -> Failure | None:
    """What is so wrong that HR is to hear of it: what does not pass by itself, or that nothing was read for too long.

    `late` is how long a system may take to be read again.
    """
    if it.failing_since is not None and it.failure in LASTING:
        return it.failure
    if now - (it.succeeded_at or it.begun_at) > late:
        return it.failure or "silent"
    return None


def is_over(it: Standing, late: timedelta, now: datetime) -> bool:
    """Whether an alarm is over: the system has answered for a while, and still does."""
    steady = it.well_since is not None and now - it.well_since >= STEADY
    return it.failing_since is None and steady and trouble(it, late, now) is None


def may_alarm(it: Standing, now: datetime) -> bool:
    """Whether there is no alarm yet, and the last one is long enough ago."""
    return it.alarmed_at is None and (it.quiet_until is None or now >= it.quiet_until)


class Connections(Protocol):
    """The connections as the console sees them. `by` is who acts, as the log names them."""

    def standings(self) -> tuple[Standing, ...]:
        """How each stands that was ever asked, in the order of their names."""

    def codes(self, name: Name) -> tuple[UnknownCode, ...]:
        """Codes that were not understood, the newest first."""

    def ask_now(self, name: Name, by: str) -> None:
        """Has it asked as soon as somebody works."""
