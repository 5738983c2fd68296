"""One-time links: an address in a message, behind which the same conversation is read and goes on, once and in one browser.

Some channels carry nothing about the employee, and none carries papers; what they leave out is read behind a link. Opening
it begins a visit, which ends by itself: the computer may be everybody's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal, Protocol

#: What comes after the shift is read the next day; whoever finds the phone later than that opens nothing.
LIFE: Final = timedelta(hours=24)
#: A visit ends when nothing was done for so long: whoever sits down at the computer next sees nothing.
IDLE: Final = timedelta(minutes=30)
#: A visit ends after so long, whatever is done.
LONGEST: Final = timedelta(days=1)

#: What a link is for; it opens nothing else.
Purpose = Literal["read"]
#: `void`: the account that it was sent to is no longer the employee's. `erased`: so is the conversation.
LinkState = Literal["good", "used", "expired", "void", "erased", "unknown"]


@dataclass(frozen=True, slots=True)
class Visit:
    """A conversation that is open in a browser. `seq` is the bubble that its link was made for; `locale` the employee's."""

    id: str
    channel: str
    sender: str = field(repr=False)
    locale: str
    seq: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a link is. Where the browser that asks has opened it and the visit goes on, `visit` is that, and `ticket` what
    the browser shows from then on."""

    state: LinkState
    visit: Visit | None = None
    ticket: str = field(default="", repr=False)


class Links(Protocol):
    """Where messages get their links."""

    def make(self, conversation: str, seq: int, purpose: Purpose = "read") -> str | None:
        """A new token for a bubble; those made for it before stay good. None where the conversation is gone."""


class Visits(Protocol):
    """What the pages behind a link ask. `browser` is a random word that the browser got before."""

    def look_up(self, token: str, browser: str) -> Found:
        """What a link is; that it was looked at changes nothing."""

    def use(self, token: str, browser: str) -> Found:
        """Opens a link that is good. The browser that did so gets the same visit again, as long as it goes on."""

    def find(self, ticket: str, *, acts: bool) -> Visit | None:
        """The visit of a ticket; None where it has ended. `acts`: somebody did something, so that it goes on."""

    def leave(self, ticket: str) -> None:
        """Ends a visit."""
