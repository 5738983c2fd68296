"""Two readers in a row: the one that was chosen, and the one in the house where the chosen one fails."""

from __future__ import annotations

import logging
import threading

from bot.understanding.intents import Reader, Understanding

_log = logging.getLogger(__name__)


class ReaderFailed(RuntimeError):
    """A reader outside the house gave no answer that can be used; the message says why, never what was asked."""


class FallingBack(Reader):
    """Answers with the first reader, and whatever happens to it, with the second. Says so once each way, in the log."""

    def __init__(self, first: Reader, second: Reader) -> None:
        self._first = first
        self._second = second
        self._lock = threading.Lock()
        self._failing = False

    def read(self, text: str) -> Understanding:
        """The first reader's answer where there is one."""
        try:
            understood = self._first.read(text)
        except Exception as error:
            if self._turned(failing=True):
                _log.warning("the embedded reader answers for now: %s", _why(error))
            return self._second.read(text)
        if self._turned(failing=False):
            _log.info("the chosen reader answers again")
        return understood

    def _turned(self, *, failing: bool) -> bool:
        """Whether this is news."""
        if self._failing is failing:
            return False
        with self._lock:
            changed, self._failing = self._failing is not failing, failing
        return changed


def _why(error: Exception) -> str:
    """The reason as it may stand in a log: what is not our own error may quote the text that was read."""
    return str(error) if isinstance(error, ReaderFailed) else type(error).__name__
