"""A platform's access token, shared by all processes: fetched once a validity period, and once more where it fails too early.

wechatpy keeps the expiry in each object and fetches without limit where a token is refused. Here token and expiry are one row,
fetched under a lease by whoever comes first; the others go on with the old token while it is good, or wait for the new one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol

from delivery.sending import Temporary

#: How long before its end a token is renewed. The platform gives out the next one in the last five minutes, not before.
EARLY: Final = timedelta(minutes=3)
#: Longer than a fetch takes to give up.
LEASE: Final = timedelta(seconds=30)
#: How long a fetch that failed is not repeated while the old token is good.
PUT_OFF: Final = timedelta(seconds=30)
#: Between two forced fetches, doubled with each of a day: the platform takes twenty a day, half a minute apart.
FORCED_APART: Final = timedelta(seconds=30)
FORCED_APART_AT_MOST: Final = timedelta(hours=2)
_DAY: Final = timedelta(days=1)
#: Seconds between two looks at a token that another process is fetching, and how many looks.
PAUSE: Final = 0.1
LOOKS: Final = 150


class Fetched(NamedTuple):
    """A token as the platform gave it."""

    value: str
    life: timedelta


#: Asks the platform for a token; true for another one than it gave last. Raises `Undelivered`, and within `LEASE`.
Fetch = Callable[[bool], Fetched]


@dataclass(frozen=True, slots=True)
class Held:
    """The token as it is stored; `value` is empty before the first. Each change of it has the next version."""

    value: str = field(repr=False)
    version: int
    until: datetime
    renew_at: datetime
    forced_at: datetime | None = None
    forced: int = 0


class TokenStore(Protocol):
    """Where tokens are kept, one for each account."""

    def read(self, account: str) -> Held:
        """The account's token."""

    def lease(self, account: str, version: int, now: datetime, until: datetime) -> str | None:
        """The right to fetch the next one, where this version is still the newest and nobody else has it."""

    def settle(self, account: str, lease: str, held: Held) -> None:
        """Keeps what was fetched, or when to try again, and gives the lease back; nothing where it has passed on."""


class Tokens:
    """One account's token. Threads share it. It is renewed so long (`early`) before its end."""

    def __init__(
        self,
        store: TokenStore,
        account: str,
        fetch: Fetch,
        now: Callable[[], datetime],
        wait: Callable[[float], None] = time.sleep,
        early: timedelta = EARLY,
    ) -> None:
        self._store = store
        self._account = account
        self._fetch = fetch
        self._now = now
        self._wait = wait
        self._early = early

    def get(self) -> str:
        """The token. Raises `Undelivered` where there is none."""
        for _ in range(LOOKS):
            held, now = self._store.read(self._account), self._now()
            good = bool(held.value) and now < held.until
            if good and now < held.renew_at:
                return held.value
            lease = self._store.lease(self._account, held.version, now, now + LEASE)
            if lease is not None:
                return self._renew(held, lease, good)
            if good:
                return held.value
            self._wait(PAUSE)
        raise Temporary("token_busy", LEASE)

    def instead_of(self, failed: str) -> str | None:
        """Another token than the one that the platform has just refused; None where it was forced to a short while ago and
        the new one failed too. Raises `Undelivered`."""
        for _ in range(LOOKS):
            held, now = self._store.read(self._account), self._now()
            if held.value != failed:
                return held.value
            if held.forced_at is not None and now < held.forced_at + _apart(held.forced):
                return None
            lease = self._store.lease(self._account, held.version, now, now + LEASE)
            if lease is not None:
                return self._force(held, lease)
            self._wait(PAUSE)
        raise Temporary("token_busy", LEASE)

    def _renew(self, held: Held, lease: str, good: bool) -> str:
        try:
            fetched = self._fetch(False)
        except Exception:
            self._put_off(held, lease)
            if good:
                return held.value
            raise
        return self._keep(fetched, lease, held.version, held.forced_at, held.forced)

    def _force(self, held: Held, lease: str) -> str:
        now = self._now()
        today = held.forced_at is not None and now < held.forced_at + _DAY
        try:
            fetched = self._fetch(True)
        except Exception:
            self._put_off(held, lease)
            raise
        return self._keep(fetched, lease, held.version, now, held.forced + 1 if today else 1)

    def _keep(
        self, fetched: Fetched, lease: str, version: int, forced_at: datetime | None, forced: int
    ) -> str:
        now = self._now()
        renew_at = now + max(fetched.life - self._early, fetched.life / 2)
        held = Held(fetched.value, version + 1, now + fetched.life, renew_at, forced_at, forced)
        self._store.settle(self._account, lease, held)
        return fetched.value

    def _put_off(self, held: Held, lease: str) -> None:
        again = Held(held.value, held.version, held.until, self._now() + PUT_OFF, held.forced_at, held.forced)
        self._store.settle(self._account, lease, again)


def _apart(forced: int) -> timedelta:
    """How long after so many forced fetches of a day the next one may be.

    >>> [str(_apart(times)) for times in (1, 2, 9, 400)]
    ['0:00:30', '0:01:00', '2:00:00', '2:00:00']
    """
    doubled: timedelta = FORCED_APART * 2 ** min(forced - 1, 8)
    return min(doubled, FORCED_APART_AT_MOST)
