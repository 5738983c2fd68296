"""What the dashboard shows, a dataclass a panel: numbers as the one who looks may see them.

What is hidden here is hidden everywhere: the page and the file are both made from these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from calculator.money import Fen
from hr_console.connections import State
from hr_console.dashboard_period import Period
from hr_console.running_cost import MISSING, Missing, Running
from hr_inbox.satisfaction import Rate, Rates
from hr_inbox.task import TaskKind
from hr_inbox.unanswered import Gaps, UnansweredWeek
from hr_inbox.waiting import Waiting, WaitingTimes, waiting_times
from notices.book import NoticeBook, NoticeSearch, SealHealth
from notices.notice import NoticeState
from people.accounts import Account
from people.connections import Name
from people.entities import Companies
from people.records import DIBAO_STATES, DibaoState
from people.small_groups import LEAST, Groups, coarse, hide_small, may_show, show_all
from people.standing import ON_THE_BOOK, BaseChange, Standings, Uninsured
from policy_kb.due import KINDS, Due, Kind, due
from policy_kb.library import Library
from profiles.book import ProfileBook, StrategySearch
from profiles.strategy_words import KINDS as STRATEGIES
from profiles.strategy_words import Kind as StrategyKind

#: The states that are counted: `none` says that somebody draws no dibao.
COUNTED: Final[tuple[DibaoState, ...]] = tuple(state for state in DIBAO_STATES if state != "none")


#: What not being insured has cost somebody until today, or why that cannot be told.
Runs = Callable[[Uninsured], Running | Missing]
#: How each system outside stands that is connected.
States = Callable[[], Mapping[Name, State]]


@dataclass(frozen=True, slots=True)
class Exposed:
    """Somebody who is not insured, and what that has cost so far, or why that cannot be told."""

    who: Uninsured
    reckoned: Running | Missing

    @property
    def running(self) -> Running | None:
        """What it has cost so far; None where that cannot be told."""
        return self.reckoned if isinstance(self.reckoned, Running) else None

    @property
    def missing(self) -> str:
        """Why it cannot be told, to be translated; empty where it can."""
        return "" if isinstance(self.reckoned, Running) else MISSING[self.reckoned]


@dataclass(frozen=True, slots=True)
class Sum:
    """What all of them have cost so far; `unknown` of them are not in it, of `incomplete` ones a part is not.

    `assumed` are those of whom a month was reckoned with the wage of the roster.
    """

    amount: Fen
    unknown: int = 0
    incomplete: int = 0
    assumed: int = 0


@dataclass(frozen=True, slots=True)
class DibaoPanel:
    """Employees who told that their household draws dibao, by status. `exact`: nothing is hidden from the one who looks."""

    groups: Groups[DibaoState]
    exact: bool


@dataclass(frozen=True, slots=True)
class UninsuredDibaoPanel:
    """Those of them who are not insured; for others than the dibao officer the sum is rounded."""

    count: int | None
    sum: Sum | None
    exact: bool


@dataclass(frozen=True, slots=True)
class UninsuredPanel:
    """Everyone who is not insured, whoever they are."""

    people: tuple[Exposed, ...]
    sum: Sum


@dataclass(frozen=True, slots=True)
class AdjustmentsPanel:
    """Changes of the contribution base in the period."""

    changes: tuple[BaseChange, ...]


@dataclass(frozen=True, slots=True)
class GapsPanel:
    """Questions without an answer in the period."""

    weeks: tuple[UnansweredWeek, ...]

    @property
    def total(self) -> int:
        """How many there were."""
        return sum(each.count for each in self.weeks)

    @property
    def topics(self) -> Sequence[tuple[str, int]]:
        """How many by topic, the most first."""
        counts: Counter[str] = Counter()
        for each in self.weeks:
            counts[each.topic] += each.count
        return counts.most_common()


@dataclass(frozen=True, slots=True)
class WaitingPanel:
    """How long employees waited in the period, and who waits too long now, by kind."""

    times: WaitingTimes
    overdue: Mapping[TaskKind | None, int]


@dataclass(frozen=True, slots=True)
class RatingPanel:
    """Whether a closed case was solved, as employees said; hidden while few have answered."""

    rate: Rate

    @property
    def shown(self) -> bool:
        """Whether enough have answered."""
        return self.rate.answered >= LEAST


@dataclass(frozen=True, slots=True)
class DuePanel:
    """Figures of the library that need a look."""

    found: tuple[Due, ...]

    @property
    def kinds(self) -> Mapping[Kind, int]:
        """How many of each kind there are."""
        counts = Counter(each.kind for each in self.found)
        return {kind: counts[kind] for kind in KINDS if counts[kind]}


@dataclass(frozen=True, slots=True)
class NoticesPanel:
    """Notices by their state, those whose last day has passed without an answer, and how the sealing stands.

    `days_left` are the days of the certificate; None where there is none.
    """

    counts: Mapping[NoticeState, int]
    late: int
    health: SealHealth
    days_left: int | None

    @property
    def total(self) -> int:
        """How many were issued."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class StrategiesPanel:
    """What is still to be done after changes, by kind; without what tells of dibao for those who may not see it."""

    counts: Mapping[StrategyKind, int]


@dataclass(frozen=True, slots=True)
class Board:
    """All panels, as one person may see them."""

    period: Period
    dibao: DibaoPanel
    uninsured_dibao: UninsuredDibaoPanel
    uninsured: UninsuredPanel
    adjustments: AdjustmentsPanel
    gaps: GapsPanel
    waiting: WaitingPanel
    rating: RatingPanel
    due: DuePanel
    strategies: StrategiesPanel
    connections: Mapping[Name, State]
    notices: NoticesPanel | None = None


@dataclass(frozen=True)
class Sources:
    """Where the numbers come from."""

    standings: Standings
    companies: Companies
    gaps: Gaps
    waiting: Waiting
    rates: Rates
    library: Library
    profiles: ProfileBook
    connections: States
    notices: NoticeBook | None = None


def make_board(sources: Sources, period: Period, today: date, looks: Account, runs: Runs) -> Board:
    """The panels for somebody who looks."""
    officer = looks.may("dibao")
    standing = sources.standings.read()
    exposed = tuple(Exposed(each, runs(each)) for each in standing.uninsured)
    groups = dibao_groups(standing.dibao.values(), standing.active, officer=officer)
    days = (period.first, period.last)
    return Board(
        period=period,
        dibao=DibaoPanel(groups, officer),
        uninsured_dibao=uninsured_dibao(standing.dibao, exposed, groups, officer=officer),
        uninsured=UninsuredPanel(exposed, sum_of(exposed)),
        adjustments=AdjustmentsPanel(changed_within(standing.changes, period)),
        gaps=GapsPanel(sources.gaps.unanswered(*days)),
        waiting=WaitingPanel(waiting_times(sources.waiting.opened(*days), *days), sources.waiting.overdue()),
        rating=RatingPanel(sources.rates.rate(*days)),
        due=DuePanel(tuple(due(sources.library, today))),
        notices=None if sources.notices is None else notices_panel(sources.notices, today),
        strategies=strategies_panel(sources.profiles, officer=officer),
        connections=sources.connections(),
    )


def strategies_panel(book: ProfileBook, *, officer: bool) -> StrategiesPanel:
    """How many strategies are open, of each kind that whoever looks may see."""
    found = book.counts(StrategySearch(dibao=officer))
    return StrategiesPanel({kind: found[kind] for kind in STRATEGIES if kind in found})


def notices_panel(book: NoticeBook, today: date) -> NoticesPanel:
    """How the notices stand."""
    health = book.health()
    until = health.certificate_until
    late = book.find(NoticeSearch(state="late")).total
    return NoticesPanel(book.counts(), late, health, None if until is None else (until - today).days)


def changed_within(changes: Iterable[BaseChange], period: Period) -> tuple[BaseChange, ...]:
    """The changes that hold from a month in the period on."""
    first = period.first.replace(day=1)
    return tuple(each for each in changes if first <= each.adjustment.month <= period.last)


def dibao_groups(told: Iterable[DibaoState], active: int, *, officer: bool) -> Groups[DibaoState]:
    """How many employees told each status, all of them for the dibao officer alone."""
    found = Counter(told)
    counts = {state: found[state] for state in COUNTED}
    return show_all(counts) if officer else hide_small(counts, active)


def uninsured_dibao(
    told: Mapping[str, DibaoState],
    exposed: Sequence[Exposed],
    groups: Groups[DibaoState],
    *,
    officer: bool,
) -> UninsuredDibaoPanel:
    """Those on the book who are not insured.

    For others it counts those who receive dibao alone, beside the number of whom it stands, and only where neither the
    insured among these nor the others on the list of the uninsured are a small group: the list has names.
    """
    if officer:
        people = on_the_book(told, exposed)
        return UninsuredDibaoPanel(len(people), sum_of(people), exact=True)
    people = on_the_book(told, exposed, frozenset[DibaoState](("receiving",)))
    receiving, count = groups.counts["receiving"], len(people)
    insured_too = receiving is not None and (receiving == count or may_show(receiving - count))
    if not (insured_too and may_show(count, len(exposed))):
        return UninsuredDibaoPanel(None, None, exact=False)
    whole = sum_of(people)
    return UninsuredDibaoPanel(count, Sum(coarse(whole.amount)), exact=False)


def on_the_book(
    told: Mapping[str, DibaoState], exposed: Iterable[Exposed], states: Collection[DibaoState] = ON_THE_BOOK
) -> tuple[Exposed, ...]:
    """Those of some people whose household is on the book."""
    return tuple(each for each in exposed if told.get(each.who.employee.id) in states)


def sum_of(people: Iterable[Exposed]) -> Sum:
    """What people cost together, and how many of them it leaves out."""
    reckoned = [each.running for each in people]
    found = [each for each in reckoned if each is not None]
    return Sum(
        amount=sum(each.total for each in found),
        unknown=len(reckoned) - len(found),
        incomplete=sum(not each.complete for each in found),
        assumed=sum(each.assumed > 0 for each in found),
    )
