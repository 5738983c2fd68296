"""What came in and is answered later: an event is stored, the platform is answered, a worker takes it.

A platform waits five seconds and then sends the event again; a turn must not have to fit into that. Events of one
conversation are taken in the order in which they came.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from delivery.messages import IncomingMessage
from delivery.retries import next_try

log = logging.getLogger("shebao.delivery")

#: Longer than any turn takes; a worker that has not finished by then is taken for dead.
LEASE: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Taken:
    """An event that a worker has taken. `attempts` counts this one."""

    id: str
    message: IncomingMessage
    attempts: int


class Inbox(Protocol):
    """The events that wait."""

    def take_next(self, now: datetime, until: datetime, beside: str | None) -> Taken | None:
        """Leases the next event whose conversation has no earlier one waiting; with `beside`, of its conversation."""

    def put_back(self, taken: Taken, due: datetime | None) -> None:
        """Lets the event be taken again when it is due; None gives it up, so that later ones are answered."""


def work_off(
    inbox: Inbox,
    handle: Callable[[IncomingMessage], object],
    now: Callable[[], datetime],
    beside: str | None = None,
) -> int:
    """Takes events until none is due; how many. `handle` marks an event as done in the transaction of its turn."""
    count = 0
    while (taken := inbox.take_next(now(), now() + LEASE, beside)) is not None:
        count += 1
        try:
            handle(taken.message)
        except Exception as error:
            # Whatever went wrong in one turn, the other conversations go on. The text of an error may quote the message.
            log.error("event %s failed (%s), attempt %s", taken.id, type(error).__name__, taken.attempts)
            inbox.put_back(taken, next_try(taken.attempts, now()))
    return count
