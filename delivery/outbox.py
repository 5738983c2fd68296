"""What is to be sent: leased, sent in parts, settled; tried again with growing pauses; held back once a person took over.

The row is the record. Whoever works is told by a task or a clock to look, leases the rows that go out together, sends one
part after the other, and settles the rows. A worker that dies before it hands a part over leaves a lease that runs out, and
the rows are sent again from that part on. One that dies while it hands a part over leaves it open whether that arrived: no
platform tells. It is then not said again, but the employee is told that a message may be missing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

from delivery.retries import next_try
from delivery.sending import Closed, Outgoing, Permanent, Sender, Temporary, Unsure
from delivery.transcript import Author
from locales import N_

log = logging.getLogger("shebao.delivery")

#: Longer than a channel takes to give up on its platform.
LEASE: Final = timedelta(minutes=2)
#: How long ago a lease must have run out before the row is sent by someone else: a slow worker is not a dead one.
GRACE: Final = timedelta(seconds=30)

#: `queued` and `leased` are open; a later row of the conversation waits until every earlier one is final. `unsure`: it may
#: have arrived.
OutboxState = Literal["queued", "leased", "sent", "delivered", "failed", "unsure", "dropped"]
OPEN: Final[tuple[OutboxState, ...]] = ("queued", "leased")
FINAL: Final[tuple[OutboxState, ...]] = ("sent", "delivered", "failed", "unsure", "dropped")

#: What the employee is told where a message may not have arrived.
MISSING: Final = N_("刚才那条消息可能没送到。要是没看到，回“再说一遍”，我再发一次。")


@dataclass(frozen=True, slots=True)
class Leased:
    """Rows of one conversation that go out together, which one worker may send until its lease runs out.

    `token` proves that they are still this worker's; `done` parts of them are out already.
    """

    ids: tuple[str, ...]
    token: str
    channel: str
    recipient: str = field(repr=False)
    bubbles: tuple[Outgoing, ...]
    attempts: int
    done: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of leased rows: `sent`, `failed` for good, `unsure`, `dropped`, or `queued` again until `due_at`.

    So many parts (`done`) of them are out. `closed`: nothing reaches the employee here until they write again, and what is
    queued waits for that.
    """

    state: OutboxState
    code: str = ""
    due_at: datetime | None = None
    done: int = 0
    closed: bool = False


class Outbox(Protocol):
    """The rows that wait to be sent."""

    def lease(
        self, channels: Collection[str], now: datetime, until: datetime, beside: str | None
    ) -> Leased | None:
        """Leases what goes out next, dropping what is overtaken; with `beside`, of its conversation."""

    def begin(self, leased: Leased, done: int) -> bool:
        """Notes that so many parts are out and the next is about to be; whether it may: not after a take-over, and not
        where the lease has passed to someone else."""

    def settle(self, leased: Leased, outcome: Outcome, now: datetime) -> None:
        """Writes down what became of the rows, unless their lease has passed to someone else."""

    def requeue(self, ran_out_before: datetime, repeatable: Collection[str]) -> int:
        """Gives back the rows whose lease ran out; how many. What was tried too often fails, and what may have arrived is
        `unsure` unless its channel is one of those that recognise what they are sent twice."""


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
    outbox: Outbox,
    channels: Mapping[str, Sender],
    now: Callable[[], datetime],
    beside: str | None = None,
    later: Callable[[str, datetime], None] | None = None,
) -> int:
    """Sends until nothing is due; how many times something was tried. With `beside`, of that row's conversation alone.

    `later` is told of a row that is to be tried again, and when.
    """
    count = 0
    while (leased := outbox.lease(tuple(channels), now(), now() + LEASE, beside)) is not None:
        count += 1
        outcome = deliver(outbox, channels[leased.channel], leased, now)
        outbox.settle(leased, outcome, now())
        if later is not None and outcome.state == "queued" and outcome.due_at is not None:
            later(leased.ids[0], outcome.due_at)
    return count


def deliver(outbox: Outbox, channel: Sender, leased: Leased, now: Callable[[], datetime]) -> Outcome:
    """Sends what is left of leased rows, part by part; what became of them."""
    done = leased.done
    try:
        parts = channel.draw(leased.bubbles)
        for part in parts[done:]:
            if not outbox.begin(leased, done):
                return Outcome("dropped", "taken_over", done=done)
            channel.send(leased.recipient, part)
            done += 1
    except Exception as error:
        return replace(_failed(channel, leased, error, now()), done=done)
    return Outcome("sent", done=done)


def sweep(
    outbox: Outbox,
    channels: Mapping[str, Sender],
    now: Callable[[], datetime],
    later: Callable[[str, datetime], None] | None = None,
) -> int:
    """Sends what a crash or a lost task left lying; how many times something was tried."""
    outbox.requeue(now() - GRACE, repeatable(channels))
    return deliver_due(outbox, channels, now, later=later)


def repeatable(channels: Mapping[str, Sender]) -> tuple[str, ...]:
    """The channels whose platforms recognise what they are sent twice."""
    return tuple(name for name, channel in channels.items() if channel.REPEATS)


def _failed(channel: Sender, leased: Leased, error: Exception, now: datetime) -> Outcome:
    match error:
        case Closed():
            return Outcome("queued", error.code, now, closed=True)
        case Permanent():
            return Outcome("failed", error.code, closed=error.gone)
        case Unsure() if not channel.REPEATS:
            return Outcome("unsure", error.code)
        case Temporary():
            return _later(leased, error.code, now, error.after)
        case Unsure():
            return _later(leased, error.code, now, timedelta(0))
        case _:
            # A channel that forgot to say which kind it is; the text of its error may quote the message.
            log.error("outbox %s: %s raised %s", leased.ids[0], leased.channel, type(error).__name__)
            return _later(leased, type(error).__name__, now, timedelta(0))


def _later(leased: Leased, code: str, now: datetime, at_least: timedelta) -> Outcome:
    due_at = next_try(leased.attempts, now, at_least)
    return Outcome("failed", code) if due_at is None else Outcome("queued", code, due_at)
