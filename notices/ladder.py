"""The ladder of delivery: when which step is taken, so that nobody is left who could have been told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from typing import Final, Literal

#: `first`; `reminder` by the same way or a better one; `other_way` by one that was not tried yet.
StepKind = Literal["first", "reminder", "other_way"]
STEPS: Final[tuple[StepKind, ...]] = ("first", "reminder", "other_way")
#: Working days from one step to the next.
PAUSE: Final = 2
#: When steps after the first are taken, by the clock in China.
HOUR: Final = time(9, 30)
_CHINA: Final = timezone(timedelta(hours=8))


def next_step_at(taken: int, today: date, due_on: date, is_worked: Callable[[date], bool]) -> datetime:
    """When the ladder goes on after so many steps: two working days later, at the latest on the day after the last one to
    answer, when whoever has not answered is taken for silent.

    >>> next_step_at(1, date(2026, 10, 9), date(2026, 10, 16), lambda on: on.weekday() < 5).isoformat()
    '2026-10-13T09:30:00+08:00'
    """
    on = due_on + timedelta(days=1)
    if taken < len(STEPS):
        on = min(on, later(today, PAUSE, is_worked))
    return datetime.combine(on, HOUR, _CHINA)


def later(first: date, days: int, is_worked: Callable[[date], bool]) -> date:
    """The working day that comes so many working days after a day.

    >>> later(date(2026, 10, 9), 2, lambda on: on.weekday() < 5)
    datetime.date(2026, 10, 13)
    """
    on = first
    while days:
        on += timedelta(days=1)
        days -= is_worked(on)
    return on
