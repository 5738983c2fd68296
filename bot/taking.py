"""A platform's callback: checked, stored, answered. The platform waits five seconds and then sends it again.

Nothing slow happens here: the turn is a worker's. What could not be stored in time is refused, so that the platform sends
it again; where it was stored after all, it has the same key the second time. Where a channel wants it, the callback is held
for the answer, which then goes out inside it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import Final

from bot.channels import Answer, Callback, HeardCallback, Inside, Platform, Refused
from bot.passive import HOLD, Holding, Ticket
from delivery.gathering import Gathering
from delivery.messages import IncomingMessage

log = logging.getLogger("shebao.channels")

#: Seconds for storing: with what comes before and after, a platform's five are not reached.
PATIENCE: Final = 4.0
#: More than the threads of the server, so that a database that is locked holds up none but itself.
THREADS: Final = 32
#: So many callbacks are held at a time; each keeps a thread of the server, and the others need some too.
HELD: Final = 4
_BUSY: Final = Answer(status=503)


class Taking:
    """The callbacks of every platform. `store` keeps messages once, and gives the ids of those that are new; `wake` has a
    worker answer them soon. `holding` answers inside callbacks, so many (`held`) at a time."""

    def __init__(
        self,
        platforms: Mapping[str, Platform],
        store: Callable[[Sequence[IncomingMessage]], Sequence[str | None]],
        wake: Callable[[Sequence[str]], None],
        patience: float = PATIENCE,
        holding: Holding | None = None,
        held: int = HELD,
    ) -> None:
        self._platforms = platforms
        self._gathering = Gathering(store, wake)
        self._patience = patience
        self._holding = holding
        self._places = BoundedSemaphore(held)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="callbacks")

    def take(self, name: str, callback: Callback) -> Answer | None:
        """What the platform is answered; None where there is no such channel."""
        started = time.monotonic()
        platform = self._platforms.get(name)
        if platform is None:
            return None
        try:
            heard = platform.hear(callback)
        except Refused as error:
            log.warning("%s: a callback was refused (%s)", name, error.code)
            return Answer(status=error.status)
        if not heard.messages:
            return heard.answer
        inside, holding = heard.inside, self._holding
        if inside is None or holding is None:
            stored = self._gathering.put(heard.messages)
        else:
            stored = self._threads.submit(self._keep, heard.messages, inside, holding)
        try:
            stored.result(self._patience)
        except Exception as error:
            # The text of an error may quote the message.
            log.error("%s: a callback was not stored (%s)", name, type(error).__name__)
            return _BUSY
        if inside is None or holding is None:
            return heard.answer
        return self._inside(name, platform, heard, inside, holding, started)

    def _keep(self, messages: Sequence[IncomingMessage], inside: Inside, holding: Holding) -> None:
        """Stores what does not only ask for what waits."""
        new = [each for each in messages if not holding.fetches(each, inside)]
        if new:
            self._gathering.put(new).result()

    def _inside(
        self,
        name: str,
        platform: Platform,
        heard: HeardCallback,
        inside: Inside,
        holding: Holding,
        started: float,
    ) -> Answer:
        """The answer with what is ready in time, else the one that says that it comes later."""
        later = inside.wait or heard.answer
        if not self._places.acquire(blocking=False):
            return later
        ticket = Ticket()
        answer = self._threads.submit(
            holding.answer, platform, heard.messages[0], inside, started + HOLD, ticket
        )
        try:
            return self._awaited(name, answer, ticket, started) or later
        finally:
            self._places.release()

    def _awaited(
        self, name: str, answer: Future[Answer | None], ticket: Ticket, started: float
    ) -> Answer | None:
        """The answer; None where there is none in time, which then carries nothing."""
        try:
            return answer.result(max(0.0, started + self._patience - time.monotonic()))
        except Exception as error:
            log.error("%s: nothing was answered inside a callback (%s)", name, type(error).__name__)
        # What is just being settled goes out with the same callback, which the platform sends again.
        return None if ticket.give_up() else _BUSY
