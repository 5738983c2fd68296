"""The days that the dashboard looks at: this month, three months, a year, or two days that somebody chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal

from locales import N_
from policy_kb.periods import add_months

Name = Literal["month", "quarter", "year", "custom"]
PERIODS: Final[Mapping[Name, str]] = {
    "month": N_("本月"),
    "quarter": N_("近三个月"),
    "year": N_("近一年"),
    "custom": N_("自己选"),
}
USUAL: Final[Name] = "quarter"
#: What is counted by day is kept for so long.
FARTHEST: Final = timedelta(days=730)
_NO_DAY: Final = N_("请填日期，写成 2026-10-15。")
_TOO_LATE: Final = N_("请填今天或更早的日期。")
_TOO_EARLY: Final = N_("请填 {day} 或更晚的日期，更早的没有留着。")
_TURNED: Final = N_("请填不早于开始那天的日期。")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a day that was typed, and its figures."""

    text: str
    figures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Period:
    """From one day to another in China, both included. `typed` are the two days as they stand in the form.

    Where what was typed cannot be used, `problems` says why by field (`from`, `until`) and the days are the usual ones.
    """

    name: Name
    first: date
    last: date
    typed: tuple[str, str]
    problems: Mapping[str, Problem] = field(default_factory=dict)

    @property
    def query(self) -> dict[str, str]:
        """What an address carries so that another page looks at the same days."""
        if self.name == "custom" and not self.problems:
            return {"period": "custom", "from": self.first.isoformat(), "until": self.last.isoformat()}
        return {} if self.name in (USUAL, "custom") else {"period": self.name}


def read_period(arguments: Mapping[str, str], today: date) -> Period:
    """The period that an address asks for.

    >>> period = read_period({"period": "month"}, date(2026, 10, 15))
    >>> f"{period.first} {period.last}"
    '2026-10-01 2026-10-15'
    """
    name = arguments.get("period", USUAL)
    if name == "custom":
        return _custom(arguments.get("from", ""), arguments.get("until", ""), today)
    if name == "month":
        return _period("month", today.replace(day=1), today)
    if name == "year":
        return _period("year", _since(today, 12), today)
    return _period(USUAL, _since(today, 3), today)


def _period(name: Name, first: date, last: date) -> Period:
    return Period(name, first, last, (first.isoformat(), last.isoformat()))


def _custom(begin: str, end: str, today: date) -> Period:
    first, last = _day(begin), _day(end)
    problems: dict[str, Problem] = {}
    for field_name, day in (("from", first), ("until", last)):
        problem = _wrong(day, today)
        if problem is not None:
            problems[field_name] = problem
    if first is not None and last is not None and not problems and last < first:
        problems["until"] = Problem(_TURNED)
    if first is None or last is None or problems:
        return Period("custom", _since(today, 3), today, (begin, end), problems)
    return _period("custom", first, last)


def _wrong(day: date | None, today: date) -> Problem | None:
    if day is None:
        return Problem(_NO_DAY)
    if day > today:
        return Problem(_TOO_LATE)
    if day < today - FARTHEST:
        return Problem(_TOO_EARLY, {"day": (today - FARTHEST).isoformat()})
    return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _since(today: date, months: int) -> date:
    """The first of so many months up to a day.

    >>> f"{_since(date(2026, 10, 15), 3)} {_since(date(2026, 5, 31), 3)}"
    '2026-07-16 2026-03-01'
    """
    return add_months(today, -months) + timedelta(days=1)
