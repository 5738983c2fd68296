"""When something that failed is tried again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

#: What is waited after the first, second … failure; after the last, nothing is tried any more.
PAUSES: Final = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 7200, 21600))
MOST_ATTEMPTS: Final = len(PAUSES) + 1


def next_try(attempts: int, now: datetime, at_least: timedelta = timedelta(0)) -> datetime | None:
    """When to try again after so many attempts; None where that was the last one.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 10, 15, 12, tzinfo=UTC)
    >>> [str(next_try(attempts, noon)) for attempts in (1, 3, 8)]
    ['2026-10-15 12:00:05+00:00', '2026-10-15 12:02:00+00:00', 'None']
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    return now + max(PAUSES[attempts - 1], at_least)
