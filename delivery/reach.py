"""Whom an answer can still reach: some platforms take one only for a while after the employee wrote, and only so many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from delivery.messages import Kind


class Grant(NamedTuple):
    """How many messages a platform takes for how long after what the employee did."""

    name: str
    span: timedelta
    messages: int


_WROTE: Final = Grant("wrote", timedelta(hours=48), 5)
_TAPPED: Final = Grant("tapped", timedelta(minutes=1), 3)
#: What an event of the employee grants on a channel; one that is not here takes messages at any time. A new grant of a name
#: replaces the old one: they do not add up. (WeChat's customer-service messages since 2023-06-12.)
GRANTS: Final[Mapping[str, Mapping[Kind, Grant]]] = {
    "wechat": {
        **dict.fromkeys(("text", "voice", "image", "other"), _WROTE),
        **dict.fromkeys(("tap", "start"), _TAPPED),
    },
}
#: For how long after the employee's last message a channel takes answers.
WINDOWS: Final[Mapping[str, timedelta]] = {
    channel: max(grant.span for grant in grants.values()) for channel, grants in GRANTS.items()
}
#: With so many messages left, what waits is joined into one.
LOW: Final = 2


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether a conversation's employee can be reached. `until` and `left` are None where the channel has no such limit;
    where it has one and nothing is granted, `left` is 0.

    `gone` is the platform's reason why nothing reaches them (blocked, left, closed) until they write again.
    """

    until: datetime | None = None
    left: int | None = None
    gone: str = ""

    def open_at(self, now: datetime) -> bool:
        """Whether a message would be taken.

        >>> from datetime import UTC
        >>> noon = datetime(2026, 10, 15, 12, tzinfo=UTC)
        >>> Reach().open_at(noon), Reach(noon, 5).open_at(noon), Reach(noon + timedelta(1), 0).open_at(noon)
        (True, False, False)
        """
        return not self.gone and self.left != 0 and (self.until is None or now < self.until)


def reachable(channel: str, wrote_at: datetime | None, now: datetime) -> bool:
    """Whether an answer can reach the employee now; `wrote_at` is None where they never wrote.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 10, 15, 12, tzinfo=UTC)
    >>> reachable("wechat", noon - timedelta(hours=49), noon), reachable("web", None, noon)
    (False, True)
    """
    window = WINDOWS.get(channel)
    return window is None or (wrote_at is not None and now < wrote_at + window)
