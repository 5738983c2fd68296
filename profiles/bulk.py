"""Every profile of a company after a change of policy, as one pass over columns: whose figures are other ones.

The formulas are those of one household (`calculator.bulk`); what they leave out of the verdict is added here, so that each
profile gets what `profiles.figures.figures_of` gives it alone. The company's own rules are not applied.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from calculator.bulk import Flags, Index, Population, Results, assess_population, make_tables
from calculator.case import Area
from calculator.household import OPEN_WORK_COST_SHARE, Verdict
from calculator.money import LARGEST, Column, Fen, clamp, share
from calculator.rules import DibaoRules, Insurance, InsuranceTerms, JobRules, TaxTable
from policy_kb.library import USABLE, Library
from profiles.figures import Figures
from profiles.profile import Profile, missing_for_a_verdict

#: What the numbers in a column of verdicts mean.
VERDICTS: Final[tuple[Verdict, ...]] = ("unknown", "within", "over", "depends")
UNKNOWN, WITHIN, OVER, DEPENDS = range(4)
#: Stands in a column of amounts for one that is not known.
NONE: Final = -1
#: Where the year's table is not on record no tax is deducted, and no household is called over.
_NO_TAX: Final = TaxTable(0, (), "")

Codes = npt.NDArray[np.int8]
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Columns:
    """Profiles as columns, one row each, amounts in fen a month.

    `job` indexes `regions`, `home` indexes `homes`. `line` is the line that the employee told, `NONE` where the library's
    counts. `paid` is whether wage and region are known, `tested` whether everything for a verdict is, and the employee's
    name is on the book; in the other rows amounts are 0.
    """

    regions: tuple[str, ...]
    homes: tuple[tuple[str, Area | None], ...]
    wage: Column = field(repr=False)
    job: Index = field(repr=False)
    home: Index = field(repr=False)
    size: Column = field(repr=False)
    low: Column = field(repr=False)
    high: Column = field(repr=False)
    line: Column = field(repr=False)
    paid: Flags = field(repr=False)
    tested: Flags = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rows:
    """Figures of every profile by one library: codes of `VERDICTS`, amounts in fen a month, `NONE` where not known."""

    verdict: Codes = field(repr=False)
    base: Column = field(repr=False)
    employee: Column = field(repr=False)
    employer: Column = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reassessed:
    """Figures before and after a change, and which rows differ in what."""

    before: Rows
    after: Rows
    verdict_changed: Flags = field(repr=False)
    base_changed: Flags = field(repr=False)
    shares_changed: Flags = field(repr=False)

    @property
    def affected(self) -> npt.NDArray[np.intp]:
        """The rows of which anything is another one."""
        return np.flatnonzero(self.verdict_changed | self.base_changed | self.shares_changed)


class _Places(Generic[K]):
    """Numbers for keys, in the order in which they are first met."""

    def __init__(self) -> None:
        self._numbers: dict[K, int] = {}

    def number(self, key: K) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

    def keys(self) -> tuple[K, ...]:
        return tuple(self._numbers)


def columns_of(profiles: Iterable[Profile]) -> Columns:
    """Profiles as columns, in their order."""
    regions, homes = _Places[str](), _Places[tuple[str, Area | None]]()
    rows = [_row(profile, regions, homes) for profile in profiles]
    columns = np.array(rows, dtype=np.int64).reshape(len(rows), 9).T
    wage, job, home, size, low, high, line, paid, tested = columns
    return Columns(
        regions=regions.keys(),
        homes=homes.keys(),
        wage=wage,
        job=job.astype(np.int32),
        home=home.astype(np.int32),
        size=size,
        low=low,
        high=high,
        line=line,
        paid=paid.astype(np.bool_),
        tested=tested.astype(np.bool_),
    )


def _row(profile: Profile, regions: _Places[str], homes: _Places[tuple[str, Area | None]]) -> tuple[int, ...]:
    if profile.gross_wage is None or profile.region is None:
        return 0, 0, 0, 1, 0, 0, NONE, False, False
    job = regions.number(profile.region)
    income = profile.other_income
    if income is None or profile.home_region is None or missing_for_a_verdict(profile):
        return profile.gross_wage, job, 0, 1, 0, 0, NONE, True, False
    return (
        profile.gross_wage,
        job,
        homes.number((profile.home_region, profile.area)),
        profile.household_size or 1,
        income.low,
        income.high,
        NONE if profile.dibao_line is None else profile.dibao_line,
        True,
        profile.on_book is True,
    )


def reassess(columns: Columns, before: Library, after: Library, on: date) -> Reassessed:
    """Every profile by two libraries, as both are known on the day. Raises `AmountTooLarge` beyond int64's reach."""
    return compare(assess_all(columns, before, on), assess_all(columns, after, on))


def compare(before: Rows, after: Rows) -> Reassessed:
    """What differs between two assessments of the same rows."""
    return Reassessed(
        before,
        after,
        before.verdict != after.verdict,
        before.base != after.base,
        (before.employee != after.employee) | (before.employer != after.employer),
    )


def rows_of(figures: Sequence[Figures]) -> Rows:
    """Figures of single profiles as columns."""
    verdicts = [VERDICTS.index(each.verdict) for each in figures]
    amounts = [
        [NONE if amount is None else amount for amount in side]
        for side in zip(*((each.base, each.employee, each.employer) for each in figures), strict=True)
    ] or [[], [], []]
    return Rows(np.array(verdicts, dtype=np.int8), *(np.array(side, dtype=np.int64) for side in amounts))


def figures_at(rows: Rows, row: int) -> Figures:
    """The figures of one row."""
    amounts = (int(column[row]) for column in (rows.base, rows.employee, rows.employer))
    return Figures(VERDICTS[rows.verdict[row]], *(None if each == NONE else each for each in amounts))


def assess_all(columns: Columns, library: Library, on: date) -> Rows:
    """Every profile by one library on a day."""
    if not columns.regions:  # nobody's wage and place of work are known
        unknown = np.full(columns.wage.size, NONE, np.int64)
        return Rows(np.zeros(columns.wage.size, np.int8), unknown, unknown, unknown)
    jobs = [library.job(region, on, on) for region in columns.regions]
    # Who has no home on record is counted by the rules of any, and not tested.
    homes = [library.home(region, area, on, on) for region, area in columns.homes] or [
        library.home(columns.regions[0], None, on, on)
    ]
    told = columns.line != NONE
    line = np.where(told, columns.line, _of(homes, lambda home: home.line.amount or 0)[columns.home])
    decides = told | _of(homes, _decides)[columns.home].astype(np.bool_)
    people = Population(
        wage=columns.wage,
        job=columns.job,
        start=np.arange(columns.wage.size, dtype=np.int64),
        size=columns.size,
        other_income=columns.low,
        home=columns.home,
        line=line,
    )
    named = tuple(dict.fromkeys(terms.insurance for job in jobs for terms in job.terms))
    tables = make_tables([_known(job, named) for job in jobs], homes)
    low = assess_population(people, tables)
    complete = _of(jobs, _is_complete)[columns.job].astype(np.bool_) | (columns.wage == 0)
    complete &= jobs[0].tax is not None
    verdict = _verdicts(low, people, homes, complete)
    ranged = columns.high > columns.low
    if ranged.any():
        high = assess_population(replace(people, other_income=columns.high), tables)
        other = _verdicts(high, people, homes, complete)
        verdict = np.where(ranged & (other != verdict), DEPENDS, verdict)
    amounts = (_bases(columns, jobs), low.employee_total, low.employer_total)
    return Rows(
        np.where(columns.tested & decides, verdict, UNKNOWN).astype(np.int8),
        *(np.where(columns.paid, amount, NONE) for amount in amounts),
    )


def _of(rules: Sequence[K], figure: Callable[[K], Fen | bool]) -> Column:
    return np.array([figure(each) for each in rules], dtype=np.int64)


def _decides(home: DibaoRules) -> bool:
    """Whether the library's line may decide: a stale one is only counted with."""
    return home.line.amount is not None and not home.line.stale


def _verdicts(results: Results, people: Population, homes: Sequence[DibaoRules], complete: Flags) -> Codes:
    """The verdict of each household by both readings, as `calculator.assessment` gives it (民发〔2021〕57号 第十三条)."""
    local = _of(homes, lambda home: NONE if home.local_deduction is None else home.local_deduction)
    deducts = local[people.home]
    national = np.where(deducts == 0, results.insured_other, results.insured)
    other = np.where(deducts == 1, results.insured, results.insured_other)
    limit = people.line * people.size
    # A work-cost deduction that exists, and nobody knows how large it is, could still bring a household inside.
    is_open = _of(homes, lambda home: home.work_cost is not None and home.work_cost.share is None)
    reserve = np.where(people.wage > 0, is_open[people.home] * share(people.line, OPEN_WORK_COST_SHARE), 0)
    over = np.where(complete & (national - reserve >= limit), OVER, UNKNOWN)
    inside = np.where(other < limit, WITHIN, DEPENDS)
    return np.where(national < limit, inside, over).astype(np.int8)


def _bases(columns: Columns, jobs: Sequence[JobRules]) -> Column:
    """The lowest lawful base of each row; `NONE` where nothing that may be computed with is on record, and for no wage."""
    lowest = np.full(columns.wage.size, LARGEST, dtype=np.int64)
    for name in dict.fromkeys(terms.insurance for job in jobs for terms in job.terms):
        if name == "housing_fund":
            continue
        bounds = [_bounds(job, name) for job in jobs]
        floor, ceiling = (np.array(side, dtype=np.int64)[columns.job] for side in zip(*bounds, strict=True))
        lowest = np.minimum(lowest, clamp(columns.wage, floor, ceiling))
    return np.where((lowest == LARGEST) | (columns.wage == 0), NONE, lowest)


def _bounds(job: JobRules, name: Insurance) -> tuple[Fen, Fen]:
    """Floor and ceiling; both beyond every wage where they may not be computed with."""
    for terms in job.terms:
        usable = terms.base_status in USABLE
        if (
            terms.insurance == name
            and usable
            and terms.base_floor is not None
            and terms.base_ceiling is not None
        ):
            return terms.base_floor, terms.base_ceiling
    return LARGEST, LARGEST


def _known(job: JobRules, named: Sequence[Insurance]) -> JobRules:
    """A job with a line for every insurance that is named: what is not known adds nothing, as for one household."""
    have = {terms.insurance: terms for terms in job.terms}
    terms = tuple(_counted(have.get(name, InsuranceTerms(name, job.region))) for name in named)
    return replace(job, terms=terms, tax=job.tax or _NO_TAX)


def _counted(terms: InsuranceTerms) -> InsuranceTerms:
    """The line with zeros for each side that `calculator.contributions` would leave unknown."""
    bounded = terms.base_floor is not None and terms.base_ceiling is not None
    employee = terms.employee_rate is not None and (bounded or terms.employee_rate == 0)
    employer = terms.employer_rate is not None and (bounded or terms.employer_rate == 0)
    return replace(
        terms,
        base_floor=terms.base_floor if bounded else 0,
        base_ceiling=terms.base_ceiling if bounded else 0,
        employee_rate=terms.employee_rate if employee else 0,
        employer_rate=terms.employer_rate if employer else 0,
        employee_fixed=terms.employee_fixed if employee else 0,
        employer_fixed=terms.employer_fixed if employer else 0,
    )


def _is_complete(job: JobRules) -> bool:
    """Whether every line of the employee's side is known, so that a household can be called over."""
    return all(
        terms.employee_rate is not None
        and not terms.employee_unmodelled
        and (terms.employee_rate == 0 or None not in (terms.base_floor, terms.base_ceiling))
        for terms in job.terms
        if terms.insurance != "housing_fund"
    )
