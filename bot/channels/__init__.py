"""Where messages come from. A channel is a module with a `NAME`, under which its conversations are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from bot.channels import web
from delivery.messages import IncomingMessage
from delivery.sending import Part, Sender


class Channel(Protocol):
    """One way to talk. `PUSHED` says whether replies are sent to it; where they are not, the browser fetches them."""

    @property
    def NAME(self) -> str:  # noqa: N802
        """What the channel is called in storage and addresses."""

    @property
    def PUSHED(self) -> bool:  # noqa: N802
        """Whether the outbox has to send to it."""


_ALL: Final[tuple[Channel, ...]] = (web,)
CHANNELS: Final[Mapping[str, Channel]] = {each.NAME: each for each in _ALL}


@dataclass(frozen=True, slots=True)
class Callback:
    """A platform's request as it came. Header names are in lower case."""

    method: Literal["GET", "POST"]
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a platform is answered."""

    body: bytes = field(default=b"", repr=False)
    media_type: str = "text/plain; charset=utf-8"
    status: int = 200


@dataclass(frozen=True, slots=True)
class Inside:
    """How a callback is answered with what the assistant says.

    `reply` makes the answer that carries one message; true where more waits. `wait` is the answer that says that it comes with
    the employee's next message; None where it is pushed. `fetches`: the message asks for nothing but what waits.
    """

    reply: Callable[[Part, bool], Answer]
    wait: Answer | None = field(default=None, repr=False)
    fetches: bool = False


@dataclass(frozen=True, slots=True)
class HeardCallback:
    """What a callback says: messages of employees, none where it only tests the address or tells of something else; and
    what the platform is answered once they are stored. With `inside`, it is held for the answer to its one message."""

    answer: Answer
    messages: tuple[IncomingMessage, ...] = ()
    inside: Inside | None = None


class Refused(Exception):
    """A callback that is not the platform's, or is too old; `code` is a word for the log."""

    def __init__(self, code: str, status: int = 403) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


class Platform(Sender, Protocol):
    """A channel behind a platform: what it calls with, and what is sent through it."""

    def hear(self, callback: Callback) -> HeardCallback:
        """Checks and reads a callback. Raises `Refused`; whatever else a body holds is no error."""
