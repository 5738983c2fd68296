"""A population at once: the same formulas over columns, a block of households at a time so that memory stays small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from calculator.contributions import contribution, income_tax
from calculator.household import work_cost
from calculator.money import Amount, Column, Fen, Rounding, at_least, clamp, refuse_overflow, share
from calculator.rules import DibaoRules, JobRules, TaxTable

#: Households worked on at a time.
BLOCK: Final = 16_384

Index = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Population:
    """Columns of a population, fen a month; persons lie household by household, the one asking first.

    `start[h]` is the first person of household h. `job` and `home` index the rows of `Tables`; `line` is the
    household's dibao line per person, from the library or as entered.
    """

    wage: Column
    job: Index
    start: Column
    size: Column
    other_income: Column
    home: Index
    line: Column


@dataclass(frozen=True, slots=True)
class Results:
    """Columns of results, fen a month.

    Per person: contributions of both sides, tax, take-home pay, all insured. Per household: countable income with the
    first person insured, by both readings, and uninsured, by the national one; and whether each is within the line.
    """

    employee_total: Column
    employer_total: Column
    tax: Column
    take_home: Column
    insured: Column
    insured_other: Column
    uninsured: Column
    insured_within: Flags
    insured_other_within: Flags
    uninsured_within: Flags


@dataclass(frozen=True, slots=True)
class InsuranceTable:
    """One insurance in all regions, one row a region: a look-up is an index, not a search."""

    base_floor: Column
    base_ceiling: Column
    employee_rate: Column
    employer_rate: Column
    employee_fixed: Column
    employer_fixed: Column
    employee_rounding: tuple[Rounding, ...]
    employer_rounding: tuple[Rounding, ...]


@dataclass(frozen=True, slots=True)
class Tables:
    """The rules of all regions as flat tables; `work_cost_share` in ppm of the line."""

    insurances: tuple[InsuranceTable, ...]
    tax: TaxTable
    work_cost_share: Column


def make_tables(jobs: Sequence[JobRules], homes: Sequence[DibaoRules]) -> Tables:
    """Tables of the statutory insurances. Raises `ValueError` where a region lacks a figure."""
    tax = jobs[0].tax
    if tax is None:
        raise ValueError("no income tax table on that day")
    names = dict.fromkeys(terms.insurance for job in jobs for terms in job.terms)
    insurances = tuple(_insurance_table(jobs, name) for name in names if name != "housing_fund")
    shares = [home.work_cost.share or 0 if home.work_cost else 0 for home in homes]
    return Tables(insurances, tax, _column(shares))


def _insurance_table(jobs: Sequence[JobRules], name: str) -> InsuranceTable:
    rows = [terms for job in jobs for terms in job.terms if terms.insurance == name]
    if len(rows) != len(jobs):
        raise ValueError(f"not every region has a line for {name}")
    return InsuranceTable(
        base_floor=_column([row.base_floor for row in rows]),
        base_ceiling=_column([row.base_ceiling for row in rows]),
        employee_rate=_column([row.employee_rate for row in rows]),
        employer_rate=_column([row.employer_rate for row in rows]),
        employee_fixed=_column([row.employee_fixed for row in rows]),
        employer_fixed=_column([row.employer_fixed for row in rows]),
        employee_rounding=tuple(row.employee_rounding for row in rows),
        employer_rounding=tuple(row.employer_rounding for row in rows),
    )


def _column(values: Sequence[Fen | None]) -> Column:
    if None in values:
        raise ValueError("a region lacks a figure; a population is assessed only where every figure is known")
    return np.array(values, dtype=np.int64)


def assess_population(population: Population, tables: Tables) -> Results:
    """Every person and household of a population. Raises `AmountTooLarge` for amounts beyond int64's reach."""
    for column in (population.wage, population.other_income, population.line):
        refuse_overflow(column)
    persons, households = population.wage.size, population.start.size
    amounts = [np.empty(count, np.int64) for count in [persons] * 4 + [households] * 3]
    flags = [np.empty(households, np.bool_) for _ in range(3)]
    results = Results(*amounts, *flags)  # type: ignore[arg-type]
    for low in range(0, households, BLOCK):
        _assess_block(population, tables, results, low, min(low + BLOCK, households))
    return results


def _assess_block(population: Population, tables: Tables, results: Results, low: int, high: int) -> None:
    first = int(population.start[low])
    last = int(population.start[high]) if high < population.start.size else population.wage.size
    persons = slice(first, last)
    wage, job = population.wage[persons], population.job[persons]
    own, employer = _contributions(wage, job, tables)
    tax = _tax(wage - own, tables.tax)
    net = wage - own - tax
    results.employee_total[persons] = own
    results.employer_total[persons] = employer
    results.tax[persons] = tax
    results.take_home[persons] = net
    _test(population, tables, results, slice(low, high), wage, net, population.start[low:high] - first)


def _contributions(wage: Column, job: Index, tables: Tables) -> tuple[Amount, Amount]:
    own: Amount = np.zeros_like(wage)
    employer: Amount = np.zeros_like(wage)
    for table in tables.insurances:
        base = clamp(wage, table.base_floor[job], table.base_ceiling[job])
        own = own + _share(base, table.employee_rate, table.employee_fixed, table.employee_rounding, job)
        employer = employer + _share(
            base, table.employer_rate, table.employer_fixed, table.employer_rounding, job
        )
    earning = wage > 0
    return own * earning, employer * earning


def _share(base: Amount, rate: Column, fixed: Column, roundings: tuple[Rounding, ...], job: Index) -> Amount:
    if not rate.any():
        return fixed[job] if fixed.any() else 0
    kinds = list(dict.fromkeys(roundings))
    if len(kinds) == 1:
        amount = contribution(base, rate[job], fixed[job] if fixed.any() else 0, kinds[0])
        return 0 if amount is None else amount
    kind_of = np.array([kinds.index(each) for each in roundings])[job]
    total = np.empty_like(base)
    for index, rounding in enumerate(kinds):
        chosen = kind_of == index
        total[chosen] = contribution(
            np.asarray(base)[chosen], rate[job[chosen]], fixed[job[chosen]], rounding
        )
    return total


def _tax(after_contributions: Amount, table: TaxTable) -> Amount:
    return income_tax(at_least(after_contributions - table.basic_deduction, 0), table)


def _test(
    population: Population,
    tables: Tables,
    results: Results,
    households: slice,
    wage: Column,
    net: Amount,
    start: Column,
) -> None:
    """Countable income of a block of households, and whether it is below the line."""
    line, size = population.line[households], population.size[households]
    most = share(line, tables.work_cost_share[population.home[households]])
    counts = np.diff(start, append=wage.size)
    off = np.where(wage > 0, work_cost(np.asarray(net), np.repeat(most, counts)), 0)
    insured = np.add.reduceat(net - off, start) + population.other_income[households]
    other = np.add.reduceat(wage - off, start) + population.other_income[households]
    first_wage, first_net = wage[start], np.asarray(net)[start]
    first_uninsured = first_wage - _tax(first_wage, tables.tax)
    uninsured = insured - (first_net - off[start]) + first_uninsured
    uninsured = uninsured - np.where(first_wage > 0, work_cost(first_uninsured, most), 0)
    limit = line * size
    for column, within, countable in (
        (results.insured, results.insured_within, insured),
        (results.insured_other, results.insured_other_within, other),
        (results.uninsured, results.uninsured_within, uninsured),
    ):
        column[households] = at_least(countable, 0)
        within[households] = column[households] < limit
