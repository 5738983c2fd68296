"""Whom an answer can still reach: some platforms take one only for a while after the employee wrote."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

#: For how long after the employee's last message a channel takes answers; one that is not here takes them at any time.
WINDOWS: Final[Mapping[str, timedelta]] = {"wechat": timedelta(hours=48)}


def reachable(channel: str, wrote_at: datetime | None, now: datetime) -> bool:
    """Whether an answer can reach the employee now; `wrote_at` is None where they never wrote.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 10, 15, 12, tzinfo=UTC)
    >>> reachable("wechat", noon - timedelta(hours=49), noon), reachable("web", None, noon)
    (False, True)
    """
    window = WINDOWS.get(channel)
    return window is None or (wrote_at is not None and now < wrote_at + window)
