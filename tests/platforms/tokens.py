"""Access tokens as the platforms hand them out: for two hours, the old one good for five minutes more."""

from __future__ import annotations

import secrets

from platforms.harness import Clock, Failure

LIFE = 7200
OVERLAP = 300
#: Forced renewals: seconds between two, and how many a day.
FORCED_APART = 30
FORCED_A_DAY = 20


class Tokens:
    """The tokens of one app. `fetches` counts what was handed out anew: the number that a daily limit counts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends: dict[str, float] = {}
        self._current = ""
        self._forced: list[float] = []
        self.fetches = 0

    def fetch(self, overlap: int = OVERLAP) -> tuple[str, int]:
        """A new token; the one of before is good for `overlap` seconds more."""
        now = self._clock()
        if self._current:
            self._ends[self._current] = min(self._ends[self._current], now + overlap)
        self._current = secrets.token_urlsafe(96)
        self._ends[self._current] = now + LIFE
        self.fetches += 1
        return self._current, LIFE

    def same(self, early: int = OVERLAP) -> tuple[str, int]:
        """The token that is in force, or a new one in its last seconds; and for how long it is good."""
        now = self._clock()
        if not self._current or now >= self._ends[self._current] - early:
            return self.fetch()
        return self._current, int(self._ends[self._current] - now)

    def forced(self) -> tuple[str, int]:
        """A new token before its time; the old one ends. Raises `Failure` within 30 seconds, and after 20 a day."""
        now = self._clock()
        self._forced = [each for each in self._forced if now - each < 86400]
        if self._forced and now - self._forced[-1] < FORCED_APART:
            raise Failure(45011)
        if len(self._forced) >= FORCED_A_DAY:
            raise Failure(45009)
        self._forced.append(now)
        return self.fetch(overlap=0)

    def good(self, token: str) -> bool:
        return self._clock() < self._ends.get(token, 0.0)

    def expired(self, token: str) -> bool:
        """Whether it was the latest one and its time is over."""
        return token == self._current and not self.good(token)

    def revoke(self) -> None:
        """Nothing that was handed out is good any more, as after a new secret."""
        self._ends.clear()
        self._current = ""
