"""By which ways an employee can be told something, and which of them is taken."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from delivery.reach import Reach

#: The channels that are pushed to, the best one first. The page of the web chat is not among them: it is only fetched.
ORDER: Final = ("wecom", "wechat", "telegram", "sms", "mail")
#: Ways that need no conversation that the employee began: the roster knows where they are.
WITHOUT_TIE: Final = ("sms", "mail")
_MOBILE: Final = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")


@dataclass(frozen=True, slots=True)
class Way:
    """A channel on which an employee has a chat or an address, and whether it reaches them. `conversation` is None where
    none has been opened yet."""

    channel: str
    reach: Reach
    conversation: str | None = None


class Ways(Protocol):
    """Where the ways to each employee are looked up."""

    def of(self, employee: str) -> tuple[Way, ...]:
        """Every way to an employee, the best one first; none to one who has left."""


def choose(ways: Sequence[Way], now: datetime, without: Collection[str] = ()) -> Way | None:
    """The best way that is open, without some channels; None where there is none.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 10, 15, 12, tzinfo=UTC)
    >>> ways = (Way("sms", Reach()), Way("wechat", Reach(noon, 5)), Way("web", Reach()))
    >>> choose(ways, noon).channel, choose(ways, noon, ("sms",))
    ('sms', None)
    """
    able = [each for each in ways if each.channel in ORDER and each.channel not in without]
    return min(
        (each for each in able if each.reach.open_at(now)),
        key=lambda each: ORDER.index(each.channel),
        default=None,
    )


def mobile_number(phone: str) -> str:
    """A phone number as the service for text messages takes it; empty for one that is no mobile number in the mainland.

    >>> mobile_number("138 0000-0000"), mobile_number("+8613800000000"), mobile_number("021-12345678")
    ('+8613800000000', '+8613800000000', '')
    """
    found = _MOBILE.fullmatch(re.sub(r"[\s\-]", "", phone))
    return "" if found is None else f"+86{found[1]}"
