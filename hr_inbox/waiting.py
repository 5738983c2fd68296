"""How long employees wait: from the opening of a case to the first answer and to its end, by week and by kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple, Protocol

from hr_inbox.service_clock import CHINA
from hr_inbox.task import TaskKind

_WEEK: Final = 7 * 24 * 60 * 60
#: From where weeks are counted: the first Monday in China, as a day and in seconds since 1970.
_MONDAY: Final = date(1970, 1, 5)
_BEGIN: Final = int(datetime.combine(_MONDAY, time(), CHINA).timestamp())


class Wait(NamedTuple):
    """One case: when it was opened, first answered and closed, in seconds since 1970. `kind` is None where it is
    restricted: it then counts in the total alone."""

    opened: int
    answered: int | None
    closed: int | None
    kind: TaskKind | None


@dataclass(frozen=True, slots=True)
class Spread:
    """How long cases took, in seconds: half of them no longer than `median`, nine of ten no longer than `ninetieth`.

    Both are waits of real cases (nearest rank), None where there is none. `open` cases are not in them: they still wait.
    """

    count: int
    median: int | None
    ninetieth: int | None
    open: int = 0


@dataclass(frozen=True, slots=True)
class Waits:
    """Some cases: how long until the first answer, and until the end."""

    cases: int
    answer: Spread
    closing: Spread


@dataclass(frozen=True, slots=True)
class WaitingTimes:
    """The waits of a period, of all cases, by the week in which they were opened, and by kind."""

    whole: Waits
    weeks: Mapping[date, Waits]
    kinds: Mapping[TaskKind | None, Waits]


class Waiting(Protocol):
    """The cases' times."""

    def opened(self, first: date, last: date) -> Sequence[Wait]:
        """The cases that were opened from one day to another in China, both included."""

    def overdue(self) -> Mapping[TaskKind | None, int]:
        """How many open cases are past their time now, by kind."""


def waiting_times(waits: Iterable[Wait], first: date, last: date) -> WaitingTimes:
    """The waits of a period, with every week of it, also those without a case."""
    cases = list(waits)
    weeks: dict[int, list[Wait]] = defaultdict(list)
    kinds: dict[TaskKind | None, list[Wait]] = defaultdict(list)
    for case in cases:
        weeks[(case.opened - _BEGIN) // _WEEK].append(case)
        kinds[case.kind].append(case)
    return WaitingTimes(
        _waits(cases),
        {monday: _waits(weeks[(monday - _MONDAY).days // 7]) for monday in mondays(first, last)},
        {kind: _waits(each) for kind, each in kinds.items()},
    )


def mondays(first: date, last: date) -> tuple[date, ...]:
    """The Mondays of the weeks that a period touches.

    >>> [f"{each:%m-%d}" for each in mondays(date(2026, 10, 15), date(2026, 10, 26))]
    ['10-12', '10-19', '10-26']
    """
    start = first - timedelta(days=first.weekday())
    return tuple(start + timedelta(days=7 * week) for week in range((last - start).days // 7 + 1))


def _waits(cases: Sequence[Wait]) -> Waits:
    answered = [case.answered - case.opened for case in cases if case.answered is not None]
    closed = [case.closed - case.opened for case in cases if case.closed is not None]
    unanswered = sum(case.answered is None and case.closed is None for case in cases)
    return Waits(len(cases), spread(answered, unanswered), spread(closed, len(cases) - len(closed)))


def spread(seconds: Sequence[int], open: int = 0) -> Spread:
    """Median and ninetieth percentile by nearest rank.

    >>> spread([50, 10, 40, 20, 30])
    Spread(count=5, median=30, ninetieth=50, open=0)
    >>> spread([])
    Spread(count=0, median=None, ninetieth=None, open=0)
    """
    ordered = sorted(seconds)
    count = len(ordered)
    if not count:
        return Spread(0, None, None, open)
    return Spread(count, ordered[-(-count // 2) - 1], ordered[-(-count * 9 // 10) - 1], open)
