"""What many bring at once is stored together: one transaction for all that came while the one before was written."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final

from delivery.messages import IncomingMessage

log = logging.getLogger("shebao.delivery")

#: Callbacks that are stored together at most.
MOST: Final = 100

_Parcel = tuple[Sequence[IncomingMessage], "Future[None]"]


class Gathering:
    """Stores the messages of callbacks in the order in which they are put in. `store` keeps messages once, all or none, and
    gives the ids of those that are new; `wake` has those answered soon, whether or not it works.

    A database commits hardly faster for one message than for a hundred, so the more come, the less each of them costs.
    """

    def __init__(
        self,
        store: Callable[[Sequence[IncomingMessage]], Sequence[str | None]],
        wake: Callable[[Sequence[str]], None],
    ) -> None:
        self._store = store
        self._wake = wake
        self._waiting: SimpleQueue[_Parcel] = SimpleQueue()
        Thread(target=self._work, name="callbacks", daemon=True).start()

    def put(self, messages: Sequence[IncomingMessage]) -> Future[None]:
        """Is done once the messages are stored; raises what storing them raised."""
        stored: Future[None] = Future()
        self._waiting.put((messages, stored))
        return stored

    def _work(self) -> None:
        while True:
            self._keep(self._taken())

    def _taken(self) -> list[_Parcel]:
        """Waits for one parcel, and takes what is there besides."""
        parcels = [self._waiting.get()]
        try:
            while len(parcels) < MOST:
                parcels.append(self._waiting.get_nowait())
        except Empty:
            pass
        return parcels

    def _keep(self, parcels: Sequence[_Parcel]) -> None:
        """Stores parcels together, or each alone where that cannot be done: a bad one holds up none but itself."""
        try:
            stored = self._store([message for messages, _ in parcels for message in messages])
        except Exception as error:
            if len(parcels) == 1:
                parcels[0][1].set_exception(error)
                return
            for each in parcels:
                self._keep([each])
            return
        self._have_answered([event for event in stored if event is not None])
        for _, done in parcels:
            done.set_result(None)

    def _have_answered(self, events: Sequence[str]) -> None:
        try:
            if events:
                self._wake(events)
        except Exception as error:  # what nobody is woken for is swept up
            log.error("nobody was woken for %d events (%s)", len(events), type(error).__name__)
