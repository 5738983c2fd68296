"""Which days are worked: as the company says, else as the State Council has arranged, else as the weekday says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal

import chinese_calendar

from hr_inbox.service_clock import DayKind, Hours

#: Who says so; `assumed`: nobody yet, the calendar of that year is not known.
Source = Literal["company", "state", "weekday", "assumed"]
_KINDS: Final[Mapping[bool, DayKind]] = {True: "make_up", False: "holiday"}


@dataclass(frozen=True, slots=True)
class OwnDay:
    """A day that the company works, or does not, whatever the calendar says. `note` is why, and names nobody."""

    on: date
    works: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """A day with who says what of it, and the holiday that it is or makes up for."""

    on: date
    kind: DayKind
    source: Source
    name: str = ""


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The days of one company."""

    own: Mapping[date, OwnDay] = field(default_factory=dict)

    @classmethod
    def of(cls, days: Iterable[OwnDay]) -> WorkingDays:
        """The days with what the company says of some of them."""
        return cls({day.on: day for day in days})

    def day(self, on: date) -> Day:
        """What a day is."""
        own = self.own.get(on)
        if own is not None:
            return Day(on, _KINDS[own.works], "company", own.note)
        return official(on)

    def kind(self, on: date) -> DayKind | None:
        """What a day is, for a clock; None where nobody knows."""
        day = self.day(on)
        return None if day.source == "assumed" else day.kind

    def coming(self, first: date, days: int) -> tuple[Day, ...]:
        """The days from one on."""
        return tuple(self.day(first + timedelta(days=count)) for count in range(days))


def official(on: date) -> Day:
    """What the State Council's arrangement says of a day; `assumed` for a year that the installed calendar lacks.

    >>> official(date(2026, 10, 10)).kind, official(date(2026, 10, 10)).name
    ('make_up', '国庆节')
    >>> official(date(2199, 1, 1)).source
    'assumed'
    """
    try:
        off, holiday = chinese_calendar.get_holiday_detail(on)
    except NotImplementedError:
        return Day(on, "plain", "assumed")
    if holiday is None:
        return Day(on, "plain", "weekday")
    return Day(on, _KINDS[not off], "state", chinese_calendar.Holiday(holiday).chinese)


def is_worked(day: Day, hours: Hours) -> bool:
    """Whether anybody works on a day."""
    return bool(hours.on(day.on.weekday(), day.kind))
