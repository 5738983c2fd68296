"""Does paying social insurance cost this household its dibao: both scenarios, both readings, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from calculator.case import Case, Earner
from calculator.contributions import Earned, earn
from calculator.fields import InputError, Problem
from calculator.household import Counted, Verdict, benefit, count_income, open_questions, within
from calculator.money import Column, Fen, Ppm, share
from calculator.rules import JobRules, Rules, Transition
from calculator.search import largest_wage, smallest_wage
from calculator.trace import Steps


class Outcome(NamedTuple):
    """A scenario, or another reading of it: countable income in fen, verdict, and line × size less the income (the gap)."""

    countable: Fen
    verdict: Verdict
    gap: Fen | None


class Range(NamedTuple):
    """Low and high of a figure that the readings, or an unknown, leave open."""

    low: Fen
    high: Fen


class StepDown(NamedTuple):
    """A stretch of the transition 渐退期 and what it pays where the former benefit is known."""

    rule: Transition
    amount: Fen | None


class Alone(NamedTuple):
    """单人保: whether the household is below the margin line under which a member may be covered alone."""

    members: int
    margin_multiple: Ppm | None
    margin_limit: Fen | None
    verdict: Literal["within", "over", "unknown"]
    source: str


class Missing(NamedTuple):
    """A fact that would narrow the answer, and why it matters."""

    field: str
    why: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """The answer to one case; amounts in fen a month.

    `insured` and `uninsured` follow the national reading, their verdicts weigh both; `other_reading` is the insured
    scenario with neither contributions nor tax deducted, `uninsured_other_reading` the uninsured one; `fund_reading`
    has the housing fund deducted too; `high` the upper end of the other income. `missing` is most useful first.
    """

    case: Case
    rules: Rules
    line: Fen | None
    insured_month: Earned
    uninsured_month: Earned
    insured: Outcome
    uninsured: Outcome
    other_reading: Outcome | None
    uninsured_other_reading: Outcome | None
    fund_reading: Outcome | None
    high: Outcome | None
    income_range_matters: bool
    effect: Literal["lowers", "none", "depends"]
    net_cost: Range | None
    break_even: Fen | None
    transitions: tuple[StepDown, ...]
    alone: Alone | None
    missing: tuple[Missing, ...]
    others_complete: bool
    steps: Steps

    @property
    def complete(self) -> bool:
        """Whether every line of the first earner is known, both sides, and the tax."""
        month = self.insured_month
        return month.employee_complete and month.employer_complete and month.tax_known


def assess(case: Case, rules: Rules, *, second_reading: bool = True, break_even: bool = True) -> Assessment:
    """The whole answer for one household with its trace.

    Without `second_reading` and `break_even`: the two scenarios, with verdicts by both readings, and no more.
    """
    case = with_gross_wages(case, rules)
    steps = Steps()
    home = Home(case, rules, steps)
    first = case.household.earners[0]
    insured_month = earn(first, first.wage, rules.jobs[0], steps, insured=True, strategy=case.base_strategy)
    uninsured_month = earn(first, first.wage, rules.jobs[0], steps, insured=False)
    insured_count = home.count(insured_month, "insured")
    uninsured_count = home.count(uninsured_month, "uninsured")
    insured = home.outcome(insured_month, insured_count, "insured")
    uninsured = home.outcome(uninsured_month, uninsured_count, "uninsured")
    local = rules.dibao.local_deduction is not None
    high = home.at_high_income(insured_month)
    readings_differ = insured.verdict == "depends" or (high is not None and high.verdict == "depends")
    range_matters = high is not None and high.verdict != insured.verdict
    if range_matters:
        insured = insured._replace(verdict="depends")
    uninsured_high = home.at_high_income(uninsured_month)
    if uninsured_high is not None and uninsured_high.verdict != uninsured.verdict:
        uninsured = uninsured._replace(verdict="depends")
    return Assessment(
        case=case,
        rules=rules,
        line=home.line,
        insured_month=insured_month,
        uninsured_month=uninsured_month,
        insured=insured,
        uninsured=uninsured,
        other_reading=home.reading(int(insured_count.other)) if second_reading and not local else None,
        uninsured_other_reading=home.reading(int(uninsured_count.other))
        if second_reading and not local
        else None,
        fund_reading=home.with_fund_deducted(insured_month, insured_count)
        if insured_month.own_fund
        else None,
        high=high,
        income_range_matters=range_matters,
        effect=_effect(insured_month, insured_count, uninsured_count),
        net_cost=home.net_cost(insured_month, uninsured_month, insured_count, uninsured_count),
        break_even=home.break_even() if break_even else None,
        transitions=tuple(
            _step_down(rule, case.household.former_benefit) for rule in rules.dibao.transitions
        ),
        alone=home.alone(int(insured_count.national)),
        missing=home.missing(insured_month, insured, readings_differ, range_matters),
        others_complete=home.others_complete,
        steps=steps,
    )


class Home:
    """The household side of one assessment: what stays the same in both scenarios."""

    def __init__(self, case: Case, rules: Rules, trace: Steps | None) -> None:
        self.case = case
        self.rules = rules.dibao
        self.jobs = rules.jobs
        self.trace = trace
        self.size = case.household.size
        known = rules.dibao.line
        #: The line that figures are counted with; `line` only where it may also decide.
        self.counting_line = known.amount if case.standard_monthly is None else case.standard_monthly
        self.line = None if case.standard_monthly is None and known.stale else self.counting_line
        self.on_book = self._on_book()
        self.questions = open_questions(case, rules.dibao)
        if trace is not None:
            self._trace_inputs(trace)
        self.others = tuple(
            earn(
                earner,
                earner.wage,
                rules.jobs[index],
                trace,
                f"earner{index + 1}.",
                insured=earner.insured,
                strategy=case.base_strategy,
            )
            for index, earner in enumerate(case.household.earners)
            if index
        )
        self.others_complete = all(month.employee_complete and month.tax_known for month in self.others)

    def _on_book(self) -> bool:
        """Whether it is settled how the employee's wage enters: on the book, or through the region's support rule."""
        household = self.case.household
        if household.employee_on_book is False:
            return self.rules.support is not None and bool(household.supporters)
        return household.employee_on_book is True

    def _trace_inputs(self, trace: Steps) -> None:
        for index, earner in enumerate(self.case.household.earners):
            who = f"earner{index + 1}." if index else ""
            trace.note(f"{who}wage", earner.wage)
            if earner.base_wage is not None:
                trace.note(f"{who}base_wage", earner.base_wage)
        trace.note("other_income", self.case.household.other_income)
        trace.note("household_size", self.size, unit="count")
        if self.counting_line is not None:
            given = self.case.standard_monthly is not None
            trace.note("dibao_line", self.counting_line, source=None if given else self.rules.line.source)
            limit = self.counting_line * self.size
            trace.note("dibao_limit", limit, ("dibao_line", "household_size"), "line_times_size")

    def count(self, month: Earned, scenario: str) -> Counted:
        """Countable income with the first earner's month in one scenario."""
        months = (month, *self.others)
        return count_income(self.case, self.rules, self.counting_line, months, self.trace, scenario)

    def outcome(self, month: Earned, counted: Counted, scenario: str) -> Outcome:
        """The scenario's figures, with steps, and its verdict by both readings."""
        countable = int(counted.national)
        gap = None if self.line is None else int(benefit(countable, self.line, self.size))
        if self.trace is not None:
            key = f"countable_income.{scenario}"
            each = countable // self.size
            self.trace.note(f"per_capita_income.{scenario}", each, (key, "household_size"), "per_head")
            if gap is not None:
                self.trace.note(f"benefit.{scenario}", gap, ("dibao_limit", key), "less_not_below_zero")
        return Outcome(countable, self.verdict(month, counted), gap)

    def verdict(self, month: Earned, counted: Counted) -> Verdict:
        """By totals and by both readings; `unknown` where something missing could change it."""
        if self.line is None or not self.on_book:
            return "unknown"
        national = within(counted.national, self.line, self.size)
        other = within(counted.other, self.line, self.size)
        if national:
            if self.case.household.supporters and self.rules.support is None:
                return "unknown"  # support that is counted by a rule nobody has could still lift the income
            return "within" if other else "depends"
        counts = self.case.household.employee_on_book is not False
        first_complete = (month.employee_complete and month.tax_known) or not counts
        if not (first_complete and self.others_complete) or "hardship_deduction" in self.questions:
            return "unknown"
        return "unknown" if within(counted.national - counted.reserve, self.line, self.size) else "over"

    def reading(self, countable: Fen) -> Outcome:
        """Another reading of the insured scenario, plainly compared with the line."""
        if self.line is None:
            return Outcome(countable, "unknown", None)
        verdict: Verdict = "within" if within(countable, self.line, self.size) else "over"
        gap = int(benefit(countable, self.line, self.size))
        return Outcome(countable, verdict if self.on_book else "unknown", gap)

    def with_fund_deducted(self, month: Earned, counted: Counted) -> Outcome:
        """The reading in which the housing fund counts as a deduction too (open: 民发〔2021〕57号 does not name it)."""
        return self.reading(max(int(counted.national - month.own_fund), 0))

    def at_high_income(self, month: Earned) -> Outcome | None:
        """The scenario with the upper end of the other income, where it was given as a range."""
        household = self.case.household
        if household.other_income_high is None:
            return None
        high = replace(household, other_income=household.other_income_high)
        counted = count_income(
            replace(self.case, household=high),
            self.rules,
            self.counting_line,
            (month, *self.others),
            None,
        )
        gap = None if self.line is None else int(benefit(counted.national, self.line, self.size))
        return Outcome(int(counted.national), self.verdict(month, counted), gap)

    def net_cost(
        self, insured: Earned, uninsured: Earned, insured_count: Counted, uninsured_count: Counted
    ) -> Range | None:
        """What insurance costs the household in cash a month, benefit included, over both readings.

        Where nobody said whether dibao is drawn, over with and without it; None where the line is needed and not known.
        """
        costs: list[Fen] = []
        before_benefit = int(uninsured.take_home - insured.take_home)
        status = self.case.household.dibao
        if status != "receiving":
            costs.append(before_benefit)
        if status in ("receiving", "applying", "unknown"):
            if self.line is None:
                return None
            for with_insurance, without in (
                (insured_count.national, uninsured_count.national),
                (insured_count.other, uninsured_count.other),
            ):
                more = benefit(with_insurance, self.line, self.size) - benefit(without, self.line, self.size)
                costs.append(before_benefit - int(more))
        return Range(min(costs), max(costs))

    def countable_over(self, wages: Column, *, insured: bool) -> tuple[Earned, Counted]:
        """A column of wages for the first earner, everything else equal."""
        first = self.case.household.earners[0]
        month = earn(first, wages, self.jobs[0], None, insured=insured, strategy=self.case.base_strategy)
        months = (month, *self.others)
        return month, count_income(self.case, self.rules, self.counting_line, months, None)

    def break_even(self) -> Fen | None:
        """The largest wage at which the insured household is within by the national reading."""
        if self.line is None or self.case.household.employee_on_book is False:
            return None
        limit = self.line * self.size
        return largest_wage(
            lambda wages: np.asarray(self.countable_over(wages, insured=True)[1].national < limit)
        )

    def alone(self, countable: Fen) -> Alone | None:
        """单人保 for severely ill or disabled members, where the region has a rule on it."""
        household, rule = self.case.household, self.rules.single_person
        members = household.severely_ill + household.severely_disabled
        if not members or rule is None:
            return None
        if rule.margin_multiple is None or self.line is None or not self.on_book:
            return Alone(members, rule.margin_multiple, None, "unknown", rule.source)
        limit = int(share(self.line * self.size, rule.margin_multiple))
        below = countable <= limit if rule.inclusive else countable < limit
        return Alone(members, rule.margin_multiple, limit, "within" if below else "over", rule.source)

    def missing(
        self, month: Earned, insured: Outcome, readings_differ: bool, range_matters: bool
    ) -> tuple[Missing, ...]:
        """What would narrow the answer, the one question that would do most first."""
        household = self.case.household
        found: list[Missing] = []
        if household.employee_on_book is None:
            found.append(Missing("household.employee_on_book", "on_book_unknown"))
        elif not self.on_book:
            rule_known = self.rules.support is not None
            found.append(
                Missing("household.supporters", "not_on_book" if rule_known else "support_rule_unknown")
            )
        if self.line is None:
            if self.rules.line.needs_area and self.case.area is None:
                found.append(Missing("area", "area_decides_line"))
            stale = self.rules.line.stale
            found.append(Missing("standard_monthly", "line_stale" if stale else "no_line_for_region"))
        if household.supporters and self.rules.support is None:
            found.append(Missing("support_rule", "support_rule_unknown"))
        if range_matters:
            found.append(Missing("household.other_income", "other_income_range"))
        if readings_differ and self.rules.local_deduction is None:
            found.append(Missing("contribution_deduction", "local_rule_unknown"))
        if insured.verdict in ("unknown", "depends"):
            found += [Missing(question, "amount_not_on_record") for question in self.questions]
        return (*found, *_missing_figures(month))


def _missing_figures(month: Earned) -> list[Missing]:
    """Figures of the employee's own job that are not on record."""
    found: list[Missing] = []
    for line in month.lines:
        if line.employee is None or line.employer is None:
            reason = "insurance_not_recorded" if not line.terms.recorded else "figure_not_recorded"
            found.append(Missing(f"contributions.{line.terms.insurance}", reason))
        elif line.terms.employee_unmodelled or line.terms.employer_unmodelled:
            found.append(Missing(f"contributions.{line.terms.insurance}", "incomplete"))
    if not month.tax_known:
        found.append(Missing("income_tax", "figure_not_recorded"))
    return found


def with_gross_wages(case: Case, rules: Rules) -> Case:
    """The case with each take-home wage turned into the smallest gross whose take-home is at least that.

    Raises `InputError` with `out_of_range` where no wage within the limits leaves so much.
    """
    if not any(earner.wage_is_net for earner in case.household.earners):
        return case
    earners = tuple(
        _gross(earner, rules.jobs[index], index, case) if earner.wage_is_net else earner
        for index, earner in enumerate(case.household.earners)
    )
    return replace(case, household=replace(case.household, earners=earners))


def _gross(earner: Earner, job: JobRules, index: int, case: Case) -> Earner:
    insured = earner.insured

    def leaves_enough(wages: Column) -> npt.NDArray[np.bool_]:
        month = earn(earner, wages, job, None, insured=insured, strategy=case.base_strategy)
        return np.asarray(month.take_home >= earner.wage)

    gross = smallest_wage(leaves_enough)
    if gross is None:
        raise InputError(Problem("out_of_range", f"household.earners[{index}].wage", expects="amount"))
    return replace(earner, wage=gross)


def _step_down(rule: Transition, former: Fen | None) -> StepDown:
    known = former is not None and rule.share is not None
    return StepDown(rule, int(share(former, rule.share)) if known else None)  # type: ignore[arg-type]


def _effect(month: Earned, insured: Counted, uninsured: Counted) -> Literal["lowers", "none", "depends"]:
    if insured.national < uninsured.national:
        return "lowers"
    return "none" if month.employee_complete else "depends"
