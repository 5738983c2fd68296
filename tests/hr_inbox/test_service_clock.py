"""The service clock: what other inbox products got wrong, counted by hand, by properties, and minute by minute."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hr_inbox.service_clock import (
    CHINA,
    DAY,
    MARGIN,
    Calendar,
    DayKind,
    Hours,
    Interval,
    ServiceClock,
    due_at,
)
from hr_inbox.working_days import OwnDay, WorkingDays, is_worked, official

DAYTIME = (Interval(8 * 60 + 30, 12 * 60), Interval(13 * 60 + 30, 17 * 60 + 30))
OFFICE = Hours((DAYTIME,) * 5 + ((), ()))
CLOCK = ServiceClock(OFFICE, WorkingDays().kind)
TARGETS = {0: 30, 1: 240, 2: 480}
WECHAT = timedelta(hours=48)


def at(text: str) -> datetime:
    """A moment in China."""
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def minutes(clock: ServiceClock, start: str, end: str) -> int:
    return clock.working_between(at(start), at(end)) // timedelta(minutes=1)


def plain(on: date) -> DayKind:
    return "plain"


# Counted by hand


@pytest.mark.parametrize(
    ("start", "worked", "end", "why"),
    [
        ("2026-10-15 09:00", 60, "2026-10-15 10:00", "within the morning"),
        ("2026-10-15 11:30", 60, "2026-10-15 14:00", "over the lunch break"),
        ("2026-10-15 11:00", 60, "2026-10-15 12:00", "to the minute of closing, not to the next opening"),
        ("2026-10-15 12:40", 30, "2026-10-15 14:00", "came in the lunch break"),
        ("2026-10-15 08:30", 450, "2026-10-15 17:30", "a whole day"),
        ("2026-10-15 08:30", 451, "2026-10-16 08:31", "a minute more than a day"),
        ("2026-10-15 20:00", 30, "2026-10-16 09:00", "came in the evening"),
        ("2026-10-15 05:00", 30, "2026-10-15 09:00", "came before opening"),
        ("2026-10-16 17:00", 60, "2026-10-19 09:00", "over a weekend"),
        ("2026-09-30 17:00", 60, "2026-10-08 09:00", "over the National Day holidays"),
        ("2026-10-09 17:00", 60, "2026-10-10 09:00", "into the Saturday that makes up for them"),
        ("2026-02-13 17:00", 60, "2026-02-14 09:00", "into the Saturday before the Spring Festival"),
        ("2026-02-14 17:00", 60, "2026-02-24 09:00", "over the whole Spring Festival"),
        ("2026-12-31 17:00", 31, "2027-01-01 08:31", "into a year that the calendar does not know yet"),
        ("2026-10-15 12:40", 0, "2026-10-15 12:40", "no time at all"),
    ],
)  # fmt: skip
def test_working_time_is_added(start: str, worked: int, end: str, why: str) -> None:
    assert CLOCK.add_working(at(start), worked) == at(end), why
    assert CLOCK.working_between(at(start), at(end)) == timedelta(minutes=worked)


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        CLOCK.add_working(at("2026-10-15 09:00"), -1)
    assert minutes(CLOCK, "2026-10-15 10:00", "2026-10-15 09:00") == 0
    assert minutes(CLOCK, "2026-10-15 10:00", "2026-10-15 10:00") == 0


def test_nothing_counts_in_a_break_or_on_a_holiday() -> None:
    assert minutes(CLOCK, "2026-10-15 12:00", "2026-10-15 13:30") == 0
    assert minutes(CLOCK, "2026-10-01 00:00", "2026-10-08 00:00") == 0
    assert minutes(CLOCK, "2026-10-10 00:00", "2026-10-11 00:00") == 450


def test_seconds_are_not_lost() -> None:
    start = at("2026-10-15 11:59:30")
    assert CLOCK.add_working(start, 1) == at("2026-10-15 13:30:30")
    assert CLOCK.working_between(start, at("2026-10-15 13:30:01")) == timedelta(seconds=31)


def test_the_time_zone_of_the_one_who_asks_does_not_matter() -> None:
    utc = datetime(2026, 10, 15, 3, 30, tzinfo=UTC)
    far = utc.astimezone(timezone(timedelta(hours=-8)))
    assert CLOCK.add_working(utc, 60) == CLOCK.add_working(far, 60) == at("2026-10-15 14:00")


def test_opening_is_half_open() -> None:
    assert CLOCK.is_open(at("2026-10-15 08:30")) and not CLOCK.is_open(at("2026-10-15 12:00"))
    assert CLOCK.next_opening(at("2026-10-15 12:00")) == at("2026-10-15 13:30")
    assert CLOCK.next_opening(at("2026-10-15 09:00")) == at("2026-10-15 09:00")
    assert CLOCK.next_opening(at("2026-09-30 18:00")) == at("2026-10-08 08:30")


NIGHT = Hours(((Interval(22 * 60, 30 * 60),),) * 5 + ((), ()))


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    night = ServiceClock(NIGHT, WorkingDays().kind)
    assert night.add_working(at("2026-10-15 23:30"), 60) == at("2026-10-16 00:30")
    assert night.add_working(at("2026-10-17 05:00"), 120) == at(
        "2026-10-19 23:00"
    )  # Friday's end on Saturday
    assert night.add_working(at("2026-09-30 23:00"), 480) == at("2026-10-08 23:00")  # ends inside a holiday
    assert night.is_open(at("2026-10-17 05:59")) and not night.is_open(at("2026-10-17 06:00"))


def test_an_office_that_never_closes() -> None:
    always = ServiceClock(Hours(((Interval(0, DAY),),) * 7), plain)
    assert always.add_working(at("2026-10-15 09:07"), 3 * DAY) == at("2026-10-18 09:07")
    assert always.working_between(at("2026-10-01 00:00"), at("2026-10-08 00:00")) == timedelta(days=7)


def test_the_night_before_does_not_count_twice() -> None:
    hours = Hours(((Interval(20 * 60, 34 * 60),), (Interval(8 * 60, 12 * 60),), (), (), (), (), ()))
    clock = ServiceClock(hours, plain)  # Monday's night runs to ten on Tuesday, which opens at eight
    assert minutes(clock, "2026-10-12 00:00", "2026-10-14 00:00") == 16 * 60


@pytest.mark.parametrize(
    "week",
    [
        ((),) * 7,
        (DAYTIME,) * 6,
        ((Interval(480, 480),),) + ((),) * 6,
        ((Interval(480, 470),),) + ((),) * 6,
        ((Interval(DAY, DAY + 60),),) + ((),) * 6,
        ((Interval(60, 61 + DAY),),) + ((),) * 6,
        ((Interval(480, 720), Interval(700, 900)),) + ((),) * 6,
        ((Interval(700, 900), Interval(480, 600)),) + ((),) * 6,
    ],
)  # fmt: skip
def test_hours_that_are_none_are_refused(week: tuple[tuple[Interval, ...], ...]) -> None:
    with pytest.raises(ValueError):
        Hours(week)


# Days


def test_what_the_company_says_of_a_day_counts_before_the_state() -> None:
    own = WorkingDays.of([OwnDay(date(2026, 10, 8), False, "厂休"), OwnDay(date(2026, 10, 4), True, "赶工")])
    clock = ServiceClock(OFFICE, own.kind)
    assert clock.add_working(at("2026-09-30 17:00"), 60) == at("2026-10-04 09:00")
    assert clock.add_working(at("2026-10-04 17:00"), 60) == at("2026-10-09 09:00")
    assert (own.day(date(2026, 10, 8)).source, own.day(date(2026, 10, 8)).name) == ("company", "厂休")


def test_a_company_that_works_on_saturdays_has_its_holidays_all_the_same() -> None:
    clock = ServiceClock(Hours((DAYTIME,) * 6 + ((),)), WorkingDays().kind)
    assert clock.is_open(at("2026-10-17 09:00"))
    assert not clock.is_open(at("2026-10-03 09:00"))


def test_a_make_up_day_has_its_own_hours_where_it_has_any() -> None:
    short = (Interval(9 * 60, 12 * 60),)
    clock = ServiceClock(Hours((DAYTIME,) * 5 + (short, ())), WorkingDays().kind)
    assert minutes(clock, "2026-10-10 00:00", "2026-10-11 00:00") == 180
    assert minutes(clock, "2026-09-20 00:00", "2026-09-21 00:00") == 450  # a Sunday: as on a Monday


def test_a_year_that_the_calendar_does_not_know_is_said_so() -> None:
    assert official(date(2027, 1, 1)).source == "assumed"
    assert not CLOCK.assumes(at("2026-12-30 09:00"), at("2026-12-31 23:59"))
    assert CLOCK.assumes(at("2026-12-31 09:00"), at("2027-01-01 00:00"))
    assert is_worked(official(date(2027, 1, 1)), OFFICE) and not is_worked(official(date(2027, 1, 2)), OFFICE)


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_every_day_of_the_state_is_plain_a_holiday_or_made_up_for(year: int) -> None:
    days = [official(date(year, 1, 1) + timedelta(days=count)) for count in range(365)]
    assert all(day.on.weekday() >= 5 for day in days if day.kind == "make_up")
    assert all(bool(day.name) == (day.kind != "plain") for day in days)
    assert sum(day.kind == "holiday" for day in days) > 20


# By when


def test_the_target_runs_in_working_time() -> None:
    due = due_at(CLOCK, TARGETS, 2, at("2026-10-15 16:30"))
    assert (due.at, due.by, due.assumed) == (at("2026-10-16 17:00"), "target", False)
    assert due_at(CLOCK, TARGETS, 0, at("2026-10-15 22:00")).at == at("2026-10-16 09:00")
    assert due_at(CLOCK, TARGETS, 7, at("2026-10-15 16:30")).at == due.at  # a priority of later versions


def test_a_case_is_due_before_the_channel_takes_no_answer() -> None:
    opened = at("2026-10-14 16:30")  # closes on Friday at 16:30
    due = due_at(CLOCK, {2: 5000}, 2, opened, WECHAT, opened)
    assert (due.at, due.by) == (at("2026-10-16 14:30"), "window")
    assert due_at(CLOCK, TARGETS, 2, opened, WECHAT, opened).by == "target"


def test_where_the_window_closes_at_night_the_case_is_due_before_that_night() -> None:
    opened = at("2026-10-14 22:00")  # closes on Friday at 22:00
    due = due_at(CLOCK, {2: 5000}, 2, opened, WECHAT, opened)
    assert (due.at, due.by) == (at("2026-10-16 17:30"), "window")


def test_where_nobody_works_until_the_window_closes_the_end_itself_counts() -> None:
    opened = at("2026-10-16 18:00")
    due = due_at(CLOCK, TARGETS, 2, opened, WECHAT, opened)
    assert (due.at, due.by) == (opened + WECHAT - MARGIN, "window")


def test_a_window_that_is_nearly_or_altogether_closed() -> None:
    opened = at("2026-10-15 10:00")
    nearly = due_at(CLOCK, TARGETS, 2, opened, WECHAT, opened - timedelta(hours=47))
    assert (nearly.at, nearly.by) == (opened, "window")
    closed = due_at(CLOCK, TARGETS, 2, opened, WECHAT, opened - timedelta(hours=48))
    assert closed.by == "target"


def test_a_due_time_over_new_year_is_marked_as_assumed() -> None:
    assert due_at(CLOCK, TARGETS, 2, at("2026-12-31 16:00")).assumed


# Properties, and the oracle

KINDS = st.sampled_from(["plain", "plain", "plain", "holiday", "make_up", None])
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=20)).map(lambda span: at("2026-09-25") + span)
WORKED = st.integers(0, 3000)


@st.composite
def intervals(draw: st.DrawFn) -> tuple[Interval, ...]:
    cuts = sorted(draw(st.sets(st.integers(0, DAY - 1), max_size=6)))
    found = [Interval(*pair) for pair in zip(cuts[::2], cuts[1::2], strict=False)]
    if found and draw(st.booleans()):
        last = found[-1]
        found[-1] = Interval(last.start, draw(st.integers(last.start + 1, last.start + DAY)))
    return tuple(found)


@st.composite
def clocks(draw: st.DrawFn) -> ServiceClock:
    week = draw(st.lists(intervals(), min_size=7, max_size=7).filter(any))
    first = date(2026, 9, 20)
    kinds: Mapping[date, DayKind | None] = {
        first + timedelta(days=count): kind for count, kind in enumerate(draw(st.lists(KINDS, max_size=30)))
    }
    calendar: Calendar = lambda on: kinds.get(on, "plain")  # noqa: E731
    return ServiceClock(Hours(tuple(week)), calendar)


@given(clocks(), MOMENTS, WORKED)
def test_adding_and_measuring_are_inverse(clock: ServiceClock, start: datetime, worked: int) -> None:
    end = clock.add_working(start, worked)
    assert end >= start
    assert clock.working_between(start, end) == timedelta(minutes=worked)
    if worked:  # and there is no earlier moment
        assert clock.working_between(start, end - timedelta(microseconds=1)) < timedelta(minutes=worked)


@given(clocks(), MOMENTS, WORKED, WORKED)
def test_adding_in_two_steps_is_adding_at_once(
    clock: ServiceClock, start: datetime, first: int, then: int
) -> None:
    assert clock.add_working(clock.add_working(start, first), then) == clock.add_working(start, first + then)


@given(clocks(), st.tuples(MOMENTS, MOMENTS, MOMENTS).map(sorted))
def test_what_is_measured_adds_up(clock: ServiceClock, moments: list[datetime]) -> None:
    first, middle, last = moments
    assert clock.working_between(first, middle) + clock.working_between(
        middle, last
    ) == clock.working_between(first, last)


@given(clocks(), st.tuples(MOMENTS, MOMENTS).map(sorted), WORKED, WORKED)
def test_later_and_longer_never_end_earlier(
    clock: ServiceClock, moments: list[datetime], worked: int, more: int
) -> None:
    earlier, later = moments
    assert clock.add_working(earlier, worked) <= clock.add_working(later, worked)
    assert clock.add_working(earlier, worked) <= clock.add_working(earlier, worked + more)


@given(clocks(), MOMENTS)
def test_the_next_opening_is_open_and_nothing_is_missed_until_then(
    clock: ServiceClock, start: datetime
) -> None:
    opens = clock.next_opening(start)
    assert opens >= start and clock.is_open(opens)
    assert not clock.working_between(start, opens)


@given(clocks(), MOMENTS, st.integers(0, 3), st.timedeltas(timedelta(0), timedelta(hours=60)))
def test_a_case_is_never_due_after_the_window(
    clock: ServiceClock, opened: datetime, priority: int, ago: timedelta
) -> None:
    due = due_at(clock, TARGETS, priority, opened, WECHAT, opened - ago)
    assert due.at >= opened
    if ago < WECHAT:
        assert due.at <= max(opened, opened - ago + WECHAT - MARGIN)
    assert due.at <= due_at(clock, TARGETS, priority, opened).at


def open_in(clock: ServiceClock, minute: datetime) -> bool:
    """Whether the office is open in the minute that begins then, by looking at today's and yesterday's hours."""
    for back in (0, 1):
        day = minute.date() - timedelta(days=back)
        since = (minute - datetime.combine(day, time(), CHINA)) // timedelta(minutes=1)
        for start, end in clock.hours.on(day.weekday(), clock.calendar(day) or "plain"):
            if start <= since < end:
                return True
    return False


@settings(max_examples=25)
@given(clocks(), MOMENTS, st.integers(0, 900))
def test_minute_by_minute_it_comes_to_the_same(clock: ServiceClock, start: datetime, worked: int) -> None:
    start = start.replace(second=0, microsecond=0)
    minute, left = start, worked
    for _ in range(40 * DAY):
        if not left:
            break
        left -= open_in(clock, minute)
        minute += timedelta(minutes=1)
    if not left:
        assert clock.add_working(start, worked) == minute
    assert clock.working_between(start, minute) == timedelta(minutes=worked - left)
