"""Contributions, income tax and take-home pay of one earner, or of a column of them: one text for both."""

from __future__ import annotations

from functools import cache
from typing import Literal, NamedTuple

from calculator.case import BaseStrategy, Earner
from calculator.money import (
    MILLION,
    TO_THE_FEN,
    Amount,
    Fen,
    Ppm,
    Rounding,
    at_least,
    clamp,
    divide,
    refuse_overflow,
    share,
    share_within,
    where_positive,
)
from calculator.rules import Insurance, InsuranceTerms, JobRules, TaxTable
from calculator.trace import Steps

FUND = "housing_fund"


class Line(NamedTuple):
    """One insurance of one earner: base and both shares in fen a month; None where the library cannot tell."""

    terms: InsuranceTerms
    base: Amount | None
    employee_rate: Ppm | None
    employee: Amount | None
    employer_rate: Ppm | None
    employer: Amount | None


class Earned(NamedTuple):
    """What one job leaves. Sums are over the known lines; the two flags say whether any was not known."""

    scenario: Literal["insured", "uninsured"]
    wage: Amount
    lines: tuple[Line, ...]
    own_insurance: Amount
    own_fund: Amount
    employer_total: Amount
    taxable: Amount
    tax: Amount
    employee_complete: bool
    employer_complete: bool
    tax_known: bool

    @property
    def take_home(self) -> Amount:
        """到手: wage less own contributions, housing fund and tax."""
        return self.wage - self.own_insurance - self.own_fund - self.tax

    @property
    def net(self) -> Amount:
        """What countable income starts from by the national reading: the housing fund is not deducted (N-05 open)."""
        return self.wage - self.own_insurance - self.tax


def contribution_base(
    basis: Amount, terms: InsuranceTerms, strategy: BaseStrategy = "lawful"
) -> Amount | None:
    """缴费基数: the wage within floor and ceiling (社会保险法 第十二条; bounds as published); None where a bound is unknown.

    `floor` is what a base declared at the floor would give, for showing a state that was found.
    """
    if terms.base_floor is None or terms.base_ceiling is None:
        return None
    if strategy == "floor":
        return terms.base_floor
    return clamp(basis, terms.base_floor, terms.base_ceiling)


def contribution(
    base: Amount | None, rate: Amount | None, fixed: Amount, rounding: Rounding
) -> Amount | None:
    """A side's share: base × rate, rounded, plus the fixed amount; None where base or rate is unknown.

    The base lies within the bounds of a record, and so within what a product can hold.
    """
    if rate is None:
        return None
    if isinstance(rate, int) and rate == 0:
        return fixed
    return None if base is None else share_within(base, rate, rounding) + fixed


def employer_total(bases: list[Fen], rate: Ppm, rounding: Rounding) -> Fen:
    """The employer's monthly total of one insurance: the sum of rounded shares, or rounded once where the rule says so."""
    if rounding.stage == "person":
        return sum(int(share(base, rate, rounding)) for base in bases)
    return int(share(sum(bases), rate, rounding))


def income_tax(taxable: Amount, table: TaxTable) -> Amount:
    """Monthly income tax on what is left after the basic deduction (个人所得税法 第三条), half up to the fen.

    The table is convex, so the bracket that applies is the one that gives most. Raises `AmountTooLarge`.
    """
    refuse_overflow(taxable)
    highest = taxable if isinstance(taxable, int) else int(taxable.max(initial=0))
    most: Amount = 0
    for bracket in table.brackets:
        if bracket.above > highest:
            break
        most = at_least(taxable * bracket.rate - bracket.quick_deduction * MILLION, most)
    return divide(most, MILLION, "half_up")


def earn(
    earner: Earner,
    wage: Amount,
    job: JobRules,
    trace: Steps | None,
    who: str = "",
    *,
    insured: bool,
    strategy: BaseStrategy = "lawful",
) -> Earned:
    """One earner's month. `wage` may be a column standing in for `earner.wage`; `who` prefixes the trace keys.

    An earner without wage owes no contributions. Uninsured, cash paid instead of insurance joins the wage
    (民发〔2021〕57号 第十三条: all pay for work counts) and is taxed with it.
    """
    lines: tuple[Line, ...] = ()
    if not insured:
        wage = wage + earner.cash_in_lieu
    elif not (isinstance(wage, int) and wage == 0):
        some_idle = not isinstance(wage, int) and not wage.all()
        lines = tuple(
            [
                _line(earner, wage, terms, trace, who, strategy, some_idle)
                for terms in job.terms
                if terms.insurance != FUND or earner.housing_fund_rate is not None
            ]
        )
    own_insurance: Amount = 0
    own_fund: Amount = 0
    employer: Amount = 0
    for line in lines:
        if line.terms.insurance == FUND:
            own_fund = 0 if line.employee is None else line.employee
        elif line.employee is not None:
            own_insurance = own_insurance + line.employee
        if line.employer is not None:
            employer = employer + line.employer
    taxable: Amount = 0
    tax: Amount = 0
    if job.tax is not None:
        taxable = at_least(wage - own_insurance - own_fund - job.tax.basic_deduction, 0)
        tax = income_tax(taxable, job.tax)
    earned = Earned(
        "insured" if insured else "uninsured",
        wage,
        lines,
        own_insurance,
        own_fund,
        employer,
        taxable,
        tax,
        all([line.employee is not None and not line.terms.employee_unmodelled for line in lines]),
        all([line.employer is not None and not line.terms.employer_unmodelled for line in lines]),
        job.tax is not None,
    )
    if trace is not None:
        _trace_month(trace, who, earner, earned, job.tax)
    return earned


def _trace_month(trace: Steps, who: str, earner: Earner, month: Earned, table: TaxTable | None) -> None:
    wage = f"{who}wage"
    if month.scenario == "uninsured" and earner.cash_in_lieu:
        trace.note(f"{who}cash_in_lieu", earner.cash_in_lieu)
        trace.note(f"{who}wage_and_cash", month.wage, (wage, f"{who}cash_in_lieu"), "sum")
        wage = f"{who}wage_and_cash"
    less: tuple[str, ...] = (wage,)
    if month.lines:
        own, employer = f"{who}employee_total", f"{who}employer_total"
        names = [line.terms.insurance for line in month.lines]
        shares = tuple([f"{who}employee_share.{name}" for name in names])
        trace.note(own, month.own_insurance + month.own_fund, shares, "sum")
        shares = tuple([f"{who}employer_share.{name}" for name in names])
        trace.note(employer, month.employer_total, shares, "sum")
        less = (wage, own)
    if table is not None:
        taxable, tax = f"{who}taxable_income.{month.scenario}", f"{who}income_tax.{month.scenario}"
        trace.note("basic_deduction", table.basic_deduction, (), "looked_up", table.source)
        inputs = (*less, "basic_deduction")
        trace.note(taxable, month.taxable, inputs, "less_not_below_zero", table.source)
        trace.note(tax, month.tax, (taxable,), "tax_table", table.source, TO_THE_FEN)
        less = (*less, tax)
    trace.note(f"{who}take_home.{month.scenario}", month.take_home, less, "less")


class _Keys(NamedTuple):
    """The trace keys of one line."""

    basis: str
    base: str
    bounds: tuple[str, str]
    employee_rate: str
    employer_rate: str
    employee_fixed: str
    employer_fixed: str
    employee: str
    employer: str
    #: Whether the employer's rate is the earner's own (housing fund, industry class), not a parameter of the region.
    own_rate: bool


@cache
def _keys(who: str, name: Insurance, region: str, on_base_wage: bool, injury_class: int) -> _Keys:
    at = f"{name}@{region}"
    rates = [f"employee_rate.{at}", f"employer_rate.{at}"]
    if name == FUND:
        rates = [f"{who}housing_fund_rate"] * 2
    elif name == "work_injury" and injury_class != 1:
        rates[1] = f"{who}employer_rate.{at}.class{injury_class}"
    return _Keys(
        basis=f"{who}base_wage" if on_base_wage else f"{who}wage",
        base=f"{who}contribution_base.{name}",
        bounds=(f"base_floor.{at}", f"base_ceiling.{at}"),
        employee_rate=rates[0],
        employer_rate=rates[1],
        employee_fixed=f"employee_fixed.{at}",
        employer_fixed=f"employer_fixed.{at}",
        employee=f"{who}employee_share.{name}",
        employer=f"{who}employer_share.{name}",
        own_rate=name == FUND or (name == "work_injury" and injury_class != 1),
    )


def _line(
    earner: Earner,
    wage: Amount,
    terms: InsuranceTerms,
    trace: Steps | None,
    who: str,
    strategy: BaseStrategy,
    some_idle: bool,
) -> Line:
    base = contribution_base(wage if earner.base_wage is None else earner.base_wage, terms, strategy)
    if terms.insurance == FUND:
        employee_rate = employer_rate = earner.housing_fund_rate if terms.recorded else None
    else:
        employee_rate, employer_rate = terms.employee_rate, terms.employer_rate_for(earner.injury_class)
    employee = contribution(base, employee_rate, terms.employee_fixed, terms.employee_rounding)
    employer = contribution(base, employer_rate, terms.employer_fixed, terms.employer_rounding)
    if some_idle:
        employee = None if employee is None else where_positive(wage, employee)
        employer = None if employer is None else where_positive(wage, employer)
    line = Line(terms, base, employee_rate, employee, employer_rate, employer)
    if trace is not None:
        keys = _keys(who, terms.insurance, terms.region, earner.base_wage is not None, earner.injury_class)
        _trace_line(trace, line, keys, strategy)
    return line


def _trace_line(trace: Steps, line: Line, keys: _Keys, strategy: BaseStrategy) -> None:
    terms = line.terms
    trace.update(terms.steps)
    if keys.own_rate:
        trace.note(keys.employer_rate, line.employer_rate, (), "given", terms.source, None, "ppm")
    rule = "clamp" if strategy == "lawful" else "floor"
    trace.note(keys.base, line.base, (keys.basis, *keys.bounds), rule, terms.source)
    employee_from: tuple[str, ...] = (keys.base, keys.employee_rate)
    employer_from: tuple[str, ...] = (keys.base, keys.employer_rate)
    if terms.employee_fixed:
        employee_from = (*employee_from, keys.employee_fixed)
    if terms.employer_fixed:
        employer_from = (*employer_from, keys.employer_fixed)
    trace.note(keys.employee, line.employee, employee_from, "share", terms.source, terms.employee_rounding)
    trace.note(keys.employer, line.employer, employer_from, "share", terms.source, terms.employer_rounding)
