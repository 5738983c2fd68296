"""What is answered inside a callback: it is held for a few seconds, and its answer carries the first of what waits.

The rows of the outbox are leased for it, so that nobody else sends them, and are settled before the answer goes out: the same
callback again is answered alike. Whoever gives up on an answer leaves the rows as they were.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Final, Literal, Protocol

from bot.channels import Answer, Inside
from delivery.messages import IncomingMessage
from delivery.sending import Outgoing, Part, Sender

#: Seconds from the callback's arrival for which it is held.
HOLD: Final = 3.0
#: Seconds between two looks at whether the turn is done.
LOOK: Final = 0.05
#: Longer than anybody waits for an answer.
LEASE: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Bubbles of one conversation that nobody else may send until the lease runs out; `done` parts of the first are out."""

    conversation: str
    token: str
    bubbles: tuple[Outgoing, ...] = field(repr=False)
    done: int = 0


@dataclass(frozen=True, slots=True)
class Carried:
    """What an answer carries: the whole of so many bubbles, or so many parts of the first. `more`: something still waits."""

    part: Part = field(repr=False)
    bubbles: int
    parts: int
    more: bool


class Replies(Protocol):
    """The bubbles that wait, as answers to callbacks take them."""

    def earlier(self, message: IncomingMessage) -> Carried | None:
        """What the same callback was answered with when it came before."""

    def state(self, message: IncomingMessage) -> Literal["not_yet", "ready", "nothing"]:
        """Whether the turn of the message is done, and whether anything waits for its sender then. A message that was never
        stored asks for what waits anyway."""

    def lease(self, message: IncomingMessage, until: datetime) -> Waiting | None:
        """What waits for the sender, in order, up to what somebody else is sending; None where that is nothing."""

    def settle(self, message: IncomingMessage, waiting: Waiting, carried: Carried | None) -> tuple[str, ...]:
        """Keeps what the answer carries and gives back the rest; the outbox ids of the rest."""


class Ticket:
    """Somebody waits for an answer, until they give up or the answer is settled: one of both, never both."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._state = "waited"

    def settle(self) -> bool:
        """Whether it is still waited for; from now on it is no more given up."""
        return self._take("settled")

    def give_up(self) -> bool:
        """Whether nothing is settled; from now on nothing will be."""
        return self._take("given_up")

    def _take(self, state: str) -> bool:
        with self._lock:
            if self._state == "waited":
                self._state = state
            return self._state == state


class Holding:
    """Holds callbacks. `push` has the rest sent soon, where it is pushed."""

    def __init__(self, replies: Replies, push: Callable[[str], None], now: Callable[[], datetime]) -> None:
        self._replies = replies
        self._push = push
        self._now = now

    def fetches(self, message: IncomingMessage, inside: Inside) -> bool:
        """Whether the message only asks for what waits, and something does."""
        return inside.fetches and self._replies.state(message) != "nothing"

    def answer(
        self, sender: Sender, message: IncomingMessage, inside: Inside, until: float, ticket: Ticket
    ) -> Answer | None:
        """The answer that carries what is ready by then (of the monotonic clock); None where nothing is."""
        while True:
            carried = self._replies.earlier(message)
            if carried is not None:
                return inside.reply(carried.part, carried.more)
            state, late = self._replies.state(message), time.monotonic() >= until
            if state == "ready" or (late and state == "not_yet" and inside.wait is not None):
                waiting = self._replies.lease(message, self._now() + LEASE)
                if waiting is not None:
                    carried = self._carry(sender, message, waiting, inside, ticket)
                    return None if carried is None else inside.reply(carried.part, carried.more)
            if late or state == "nothing":
                return None
            time.sleep(LOOK)

    def _carry(
        self, sender: Sender, message: IncomingMessage, waiting: Waiting, inside: Inside, ticket: Ticket
    ) -> Carried | None:
        carried = None
        try:
            packed = pack(sender, waiting, whole=inside.wait is None)
            if packed is not None and ticket.settle():
                carried = packed
        finally:
            rest = self._replies.settle(message, waiting, carried)
            if inside.wait is None and rest:
                self._push(rest[0])
        return carried


def pack(sender: Sender, waiting: Waiting, *, whole: bool) -> Carried | None:
    """As many bubbles as fit into one message, or the next part of the first; None where only `whole` ones are wanted and the
    first does not fit."""
    bubbles, done = waiting.bubbles, waiting.done
    if not done:
        for count in range(len(bubbles), 0, -1):
            parts = sender.draw(bubbles[:count])
            if len(parts) == 1:
                return Carried(parts[0], count, 0, count < len(bubbles))
        if whole:
            return None
    return _next_part(sender.draw(bubbles[:1]), bubbles, done)


def _next_part(parts: Sequence[Part], bubbles: Sequence[Outgoing], done: int) -> Carried:
    """A part of a bubble that is longer than a message."""
    at = min(done, len(parts) - 1)
    last = at + 1 == len(parts)
    return Carried(parts[at], int(last), 0 if last else at + 1, not last or len(bubbles) > 1)
