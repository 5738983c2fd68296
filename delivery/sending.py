"""What a channel that is pushed to does: draws bubbles as its platform's messages, and sends those one at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Protocol

from delivery.messages import Reply
from delivery.transcript import Author

_CODE: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class Undelivered(Exception):
    """A channel could not send. `code` is the platform's number or a word of ours, never a text that may be personal."""

    def __init__(self, code: str) -> None:
        if not _CODE.fullmatch(code):
            raise ValueError("a code is a number or a word")
        super().__init__(code)
        self.code = code


class Temporary(Undelivered):
    """It did not arrive and may later; `after` is how long the platform asks to be left alone."""

    def __init__(self, code: str, after: timedelta = timedelta(0)) -> None:
        super().__init__(code)
        self.after = after


class Permanent(Undelivered):
    """It will not work later: too long, refused, no such account. `gone`: nothing reaches this employee here any more
    (blocked, left), until they write again."""

    def __init__(self, code: str, *, gone: bool = False) -> None:
        super().__init__(code)
        self.gone = gone


class Closed(Undelivered):
    """The platform takes nothing for this employee until they write again: the window is over or the quota used."""


class Unsure(Undelivered):
    """It may have arrived: the connection broke after it was handed over. Sending it again could say it twice."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A bubble to be drawn. `seq` is its number in its conversation; `locale` names the employee's catalogue."""

    conversation: str
    seq: int
    author: Author
    reply: Reply = field(repr=False)
    locale: str = "zh_Hans"


#: One message of the platform, in the channel's own form. Plain data.
Part = Mapping[str, Any]


class Sender(Protocol):
    """A channel that is pushed to. `REPEATS`: its platform recognises what it is sent twice, and shows it once."""

    @property
    def REPEATS(self) -> bool:  # noqa: N802
        """Whether a part may be sent again where it is not known whether it arrived."""

    def draw(self, bubbles: Sequence[Outgoing]) -> tuple[Part, ...]:
        """Bubbles of one conversation as messages of the platform, in order and as few as their size allows.

        The same bubbles give as many parts each time: what was sent before a failure is not sent again.
        """

    def send(self, recipient: str, part: Part) -> None:
        """Hands one message to the platform. Raises `Temporary`, `Permanent`, `Closed` or `Unsure`."""
