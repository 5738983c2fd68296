"""Telling an employee that something waits for them: where, when, and in which words. Nothing personal is among them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta, timezone
from typing import Final, Literal

from locales import N_

#: `answer`: HR has answered in a conversation that does not reach the employee.
PushKind = Literal["answer"]
#: What each kind says. A link may follow; where there is none, they know where to look.
WORDS: Final[Mapping[PushKind, str]] = {"answer": N_("人事给你回了话，点开看：{link}")}
WITHOUT_LINK: Final[Mapping[PushKind, str]] = {"answer": N_("人事给你回了话，打开你问社保的那个对话看。")}

#: `waiting` for its moment, `on_way`, `told`; `over`, as they have read it or nothing waits any more; `nowhere`: no way is
#: left.
PushState = Literal["waiting", "on_way", "told", "over", "nowhere"]
UNDER_WAY: Final[tuple[PushState, ...]] = ("waiting", "on_way")

#: How long HR's answer may lie in the web chat before the employee is told of it elsewhere.
UNFETCHED: Final = timedelta(minutes=10)
#: Of answers older than that nobody is told any more.
FRESH: Final = timedelta(days=3)
#: When employees are told what they did not ask for at that moment, by the clock in China. An urgent injury does not wait.
FROM: Final = time(8)
UNTIL: Final = time(21)
_CHINA: Final = timezone(timedelta(hours=8))


def is_day(now: datetime) -> bool:
    """Whether employees are told now what they did not ask for.

    >>> from datetime import UTC
    >>> is_day(datetime(2026, 10, 15, 4, tzinfo=UTC)), is_day(datetime(2026, 10, 15, 14, 30, tzinfo=UTC))
    (True, False)
    """
    return FROM <= now.astimezone(_CHINA).time() < UNTIL
