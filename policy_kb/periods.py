"""How long a figure is expected to hold, and when its successor is awaited."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from policy_kb.records import Contribution


def last_day(value: Contribution) -> date | None:
    """The last day a contribution record is expected to hold: as recorded, else by the year it is set for."""
    if value.until is not None:
        return value.until
    if value.basis == "calendar_year":
        return date(value.start.year, 12, 31)
    if value.basis == "july_june":
        return date(value.start.year + (value.start.month >= 7), 6, 30)
    if value.basis == "september_august":
        return date(value.start.year + (value.start.month >= 9), 8, 31)
    return None


def awaited_month(ended: date) -> date:
    """The month in which a successor is awaited: bounds are published from August on, for January, July or September."""
    if ended.month >= 8 and ended.month != 12:
        return date(ended.year, ended.month + 1, 1)
    return date(ended.year + (ended.month == 12), 8, 1)


def add_months(day: date, months: int) -> date:
    """The same day some months later, or the last day of that month.

    >>> add_months(date(2024, 8, 31), 18)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
