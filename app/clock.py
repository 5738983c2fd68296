"""The household's calendar: the day by which rules are looked up, not that of the server."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

CHINA: Final = ZoneInfo("Asia/Shanghai")


def today_in_china() -> date:
    """The day in China."""
    return now_in_china().date()


def day_in_china(moment: datetime) -> date:
    """The day that a moment falls on in China."""
    return moment.astimezone(CHINA).date()


def now_in_china() -> datetime:
    """The moment in China's own time, by which questions expire."""
    return datetime.now(CHINA)
