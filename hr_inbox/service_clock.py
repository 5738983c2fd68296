"""The service clock: working time over business hours, and by when a case must be answered.

Time passes only while the office is open: in the hours of the weekday, several a day, not on public holidays, and on
make-up days. What runs over midnight belongs to the day on which it begins. All of it in China time, which knows no
summer time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from hr_inbox.task import NORMAL

CHINA: Final = timezone(timedelta(hours=8))
#: Minutes of a day.
DAY: Final = 24 * 60

#: What a calendar says of a day: closed whatever the weekday, worked whatever the weekday, or as the weekday says.
DayKind = Literal["plain", "holiday", "make_up"]
#: Answers None for a day of which it knows nothing (yet): the weekday then decides, and what follows is `assumed`.
Calendar = Callable[[date], DayKind | None]


class Interval(NamedTuple):
    """Minutes from midnight of the day on which it begins; an end after `DAY` lies on the next day."""

    start: int
    end: int


#: One day's intervals, in order.
Intervals = tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Hours:
    """Business hours by weekday, Monday first. Raises `ValueError` for hours that overlap, have no length, or are none."""

    week: tuple[Intervals, ...]

    def __post_init__(self) -> None:
        if len(self.week) != 7 or not any(self.week):
            raise ValueError("seven weekdays, at least one of them with hours")
        for intervals in self.week:
            check_intervals(intervals)

    def on(self, weekday: int, kind: DayKind) -> Intervals:
        """The hours of a day. A make-up day without hours of its own has those of the first weekday that has any."""
        if kind == "holiday":
            return ()
        own = self.week[weekday]
        return own if own or kind == "plain" else next(filter(None, self.week))


def check_intervals(intervals: Intervals) -> None:
    """Raises `ValueError` unless a day's intervals are in order, apart from each other, and have a length."""
    for each in intervals:
        if not (0 <= each.start < DAY and each.start < each.end <= each.start + DAY):
            raise ValueError("an interval begins on its day, and ends after it began and within a day")
    for before, after in pairwise(intervals):
        if after.start < before.end:
            raise ValueError("intervals of a day must not overlap")


@dataclass(frozen=True, slots=True)
class ServiceClock:
    """The clock of one office."""

    hours: Hours
    calendar: Calendar

    def add_working(self, start: datetime, minutes: int) -> datetime:
        """The earliest moment by which so much working time has passed since `start`; in UTC.

        No time at all is `start` itself, open or not. Raises `ValueError` for less than none.
        """
        if minutes < 0:
            raise ValueError("working time does not run backwards")
        left = timedelta(minutes=minutes)
        if not left:
            return start.astimezone(UTC)
        for opens, closes in self._stretches(start):
            if closes - opens >= left:
                return opens + left
            left -= closes - opens
        raise AssertionError("a calendar does not end")

    def working_between(self, start: datetime, end: datetime) -> timedelta:
        """How much working time passes between two moments; none where the second is not the later one."""
        return sum((closes - opens for opens, closes in self._between(start, end)), timedelta(0))

    def is_open(self, at: datetime) -> bool:
        """Whether work is done at a moment; the moment of closing is no longer open."""
        return self.next_opening(at) == at

    def next_opening(self, at: datetime) -> datetime:
        """The moment itself where work is done then, else the beginning of the next hours; in UTC."""
        opens, _ = next(self._stretches(at))
        return opens

    def last_open(self, start: datetime, end: datetime) -> datetime | None:
        """The last moment of work between two moments, in UTC; None where none is done between them."""
        last = None
        for _, closes in self._between(start, end):
            last = closes
        return last

    def assumes(self, start: datetime, end: datetime) -> bool:
        """Whether the calendar knows nothing of a day from one moment to another."""
        first, last = start.astimezone(CHINA).date(), end.astimezone(CHINA).date()
        days = (first + timedelta(days=each) for each in range((last - first).days + 1))
        return any(self.calendar(day) is None for day in days)

    def _between(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        for opens, closes in self._stretches(start):
            if opens >= end:
                return
            yield opens, min(closes, end)

    def _stretches(self, since: datetime) -> Iterator[tuple[datetime, datetime]]:
        """When work is done from a moment on, in order and apart from each other, each with a length."""
        done = since.astimezone(UTC)
        # What began the day before may run into this one.
        day = since.astimezone(CHINA).date() - timedelta(days=1)
        while True:
            midnight = datetime.combine(day, time(), CHINA).astimezone(UTC)
            for start, end in self.hours.on(day.weekday(), self.calendar(day) or "plain"):
                opens = max(midnight + timedelta(minutes=start), done)
                closes = midnight + timedelta(minutes=end)
                if opens < closes:
                    yield opens, closes
                    done = closes
            day += timedelta(days=1)


#: Working minutes within which a case is to be answered, by priority: 加急, 优先, 普通.
Targets = Mapping[int, int]
#: So long before a channel stops taking answers a case is due at the latest.
MARGIN: Final = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Due:
    """By when a case must be answered. `by` says what set it: the company's target, or the channel that takes no answer
    later. `assumed`: the calendar does not know every day until then."""

    at: datetime
    by: Literal["target", "window"]
    assumed: bool


def due_at(
    clock: ServiceClock,
    targets: Targets,
    priority: int,
    opened_at: datetime,
    window: timedelta | None = None,
    wrote_at: datetime | None = None,
) -> Due:
    """By when a case must be answered.

    `window`: for how long after the employee's last message, `wrote_at`, the channel takes an answer; None where it
    always does. The case is due `MARGIN` before that ends, in business hours where there are any until then. A window
    that is closed already sets nothing.
    """
    at = clock.add_working(opened_at, targets.get(priority, targets[NORMAL]))
    latest = None if window is None or wrote_at is None else _latest(clock, opened_at, wrote_at + window)
    if latest is not None and latest < at:
        return Due(latest, "window", clock.assumes(opened_at, latest))
    return Due(at, "target", clock.assumes(opened_at, at))


def _latest(clock: ServiceClock, opened_at: datetime, closes: datetime) -> datetime | None:
    """The last good moment before a window closes; None where it is closed already."""
    if closes <= opened_at:
        return None
    latest = max(closes - MARGIN, opened_at)
    return clock.last_open(opened_at, latest) or latest
