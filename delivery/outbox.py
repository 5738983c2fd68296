"""What is to be sent: leased, sent, settled; tried again with growing pauses; held back once a person took over.

The row is the record. Whoever works is told by a task or a clock to look, leases one row at a time, sends it, and
settles the row. A worker that dies in between leaves a lease that runs out; the row is then sent again, so a channel
may see a message twice and never not at all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

from delivery.messages import Reply
from delivery.retries import next_try
from delivery.sending import Permanent, Temporary
from delivery.transcript import Author

log = logging.getLogger("shebao.delivery")

#: Longer than a channel takes to give up on its platform.
LEASE: Final = timedelta(minutes=2)
#: How long ago a lease must have run out before the row is sent by someone else: a slow worker is not a dead one.
GRACE: Final = timedelta(seconds=30)

#: `queued` and `leased` are open; a later row of the conversation waits until every earlier one is final.
OutboxState = Literal["queued", "leased", "sent", "delivered", "failed", "dropped"]
OPEN: Final[tuple[OutboxState, ...]] = ("queued", "leased")
FINAL: Final[tuple[OutboxState, ...]] = ("sent", "delivered", "failed", "dropped")


class Sender(Protocol):
    """A channel that is pushed to."""

    def send(self, recipient: str, reply: Reply) -> None:
        """Hands the reply to the platform. Raises `Temporary` or `Permanent`."""


@dataclass(frozen=True, slots=True)
class Leased:
    """A row that one worker may send until its lease runs out; `token` proves that it is still this worker's."""

    id: str
    token: str
    channel: str
    recipient: str = field(repr=False)
    reply: Reply = field(repr=False)
    attempts: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a leased row: `sent`, `failed` for good, or `queued` again until `due_at`."""

    state: OutboxState
    code: str = ""
    due_at: datetime | None = None


class Outbox(Protocol):
    """The rows that wait to be sent."""

    def lease(
        self, channels: Collection[str], now: datetime, until: datetime, beside: str | None
    ) -> Leased | None:
        """Leases the next row that is due, dropping those that are overtaken; with `beside`, of its conversation."""

    def settle(self, leased: Leased, outcome: Outcome, now: datetime) -> None:
        """Writes down what became of the row, unless its lease has passed to someone else."""

    def requeue(self, ran_out_before: datetime) -> int:
        """Gives back the rows whose lease ran out; how many. What was tried too often fails."""


def overtaken(author: Author, made_for: int, holder: str, taken_version: int) -> bool:
    """Whether a person took over after the assistant made its message; giving back does not revive it.

    A newer version alone says nothing: the employee wrote again before the answer was out.

    >>> overtaken("assistant", 4, "assistant", 0), overtaken("assistant", 4, "person", 5)
    (False, True)
    >>> overtaken("assistant", 4, "assistant", 5), overtaken("hr", 4, "person", 5)
    (True, False)
    """
    return author == "assistant" and (holder == "person" or made_for < taken_version)


def deliver_due(
    outbox: Outbox, channels: Mapping[str, Sender], now: Callable[[], datetime], beside: str | None = None
) -> int:
    """Sends rows until none is due; how many were tried. With `beside`, the rows of that row's conversation."""
    count = 0
    while (leased := outbox.lease(tuple(channels), now(), now() + LEASE, beside)) is not None:
        count += 1
        outcome = send(channels[leased.channel], leased, now)
        outbox.settle(leased, outcome, now())
    return count


def send(channel: Sender, leased: Leased, now: Callable[[], datetime]) -> Outcome:
    """Sends one row; what became of it."""
    try:
        channel.send(leased.recipient, leased.reply)
    except Permanent as error:
        return Outcome("failed", error.code)
    except Temporary as error:
        return _later(leased, error.code, now(), error.after)
    except Exception as error:
        # A channel that forgot to say which kind it is; the text of its error may quote the message.
        log.error("outbox %s: %s raised %s", leased.id, leased.channel, type(error).__name__)
        return _later(leased, type(error).__name__, now(), timedelta(0))
    return Outcome("sent")


def sweep(outbox: Outbox, channels: Mapping[str, Sender], now: Callable[[], datetime]) -> int:
    """Sends what a crash or a lost task left lying; how many rows were tried."""
    outbox.requeue(now() - GRACE)
    return deliver_due(outbox, channels, now)


def _later(leased: Leased, code: str, now: datetime, at_least: timedelta) -> Outcome:
    due_at = next_try(leased.attempts, now, at_least)
    return Outcome("failed", code) if due_at is None else Outcome("queued", code, due_at)
