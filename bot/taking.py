"""A platform's callback: checked, stored, answered. The platform waits five seconds and then sends it again.

Nothing slow happens here: the turn is a worker's. What could not be stored in time is refused, so that the platform sends
it again; where it was stored after all, it has the same key the second time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from bot.channels import Answer, Callback, Platform, Refused
from delivery.messages import IncomingMessage

log = logging.getLogger("shebao.channels")

#: Seconds for storing: with what comes before and after, a platform's five are not reached.
PATIENCE: Final = 4.0
#: More than the threads of the server, so that a database that is locked holds up none but itself.
THREADS: Final = 32
_BUSY: Final = Answer(status=503)


class Taking:
    """The callbacks of every platform. `store` keeps a message once, and gives its id where it is new; `wake` has a worker
    answer it soon."""

    def __init__(
        self,
        platforms: Mapping[str, Platform],
        store: Callable[[IncomingMessage], str | None],
        wake: Callable[[str], None],
        patience: float = PATIENCE,
    ) -> None:
        self._platforms = platforms
        self._store = store
        self._wake = wake
        self._patience = patience
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="callbacks")

    def take(self, name: str, callback: Callback) -> Answer | None:
        """What the platform is answered; None where there is no such channel."""
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
        stored = self._threads.submit(self._keep, heard.messages)
        try:
            stored.result(self._patience)
        except Exception as error:
            # The text of an error may quote the message.
            log.error("%s: a callback was not stored (%s)", name, type(error).__name__)
            return _BUSY
        return heard.answer

    def _keep(self, messages: tuple[IncomingMessage, ...]) -> None:
        for message in messages:
            event = self._store(message)
            if event is not None:
                self._wake(event)
