"""What the reader should know about the figures: every assumption, gap and doubt behind an answer, by code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from calculator.assessment import Assessment
from calculator.contributions import FUND, Line
from calculator.money import format_yuan
from locales import Say
from policy_kb.library import Library
from policy_kb.wording import insurance_names, warning_text


class Caveat(NamedTuple):
    """A warning by code, with what fills its text; `wording` where one code is said in more than one way."""

    code: str
    details: dict[str, str]
    wording: str = ""

    def text(self, say: Say) -> str:
        """The warning in the reader's language."""
        return warning_text(self.wording or self.code, self.details, say)


def caveats(assessment: Assessment, library: Library, say: Say) -> Iterator[Caveat]:
    """Everything the reader should know about the figures, what matters most first."""
    yield from _dibao_line_caveats(assessment, library)
    yield from _household_caveats(assessment)
    yield from contribution_caveats(assessment.insured_month.lines, say)
    yield from _job_caveats(assessment)
    for code in (
        "withholding_is_cumulative",
        "special_deductions_ignored",
        "insurance_is_mandatory",
        "income_test_only",
    ):
        yield Caveat(code, {})


def _dibao_line_caveats(assessment: Assessment, library: Library) -> Iterator[Caveat]:
    case, line = assessment.case, assessment.rules.dibao.line
    region = library.divisions.name(line.region)
    amount = "" if line.amount is None else format_yuan(line.amount)
    if case.standard_monthly is not None:
        yield Caveat("line_user_entered", {"amount": format_yuan(case.standard_monthly)})
        if line.amount is not None and line.amount != case.standard_monthly:
            yield Caveat("line_differs", {"amount": amount})
        return
    if line.amount is None:
        yield Caveat("no_line_for_region", {"region": library.divisions.name(case.dibao_region)})
        return
    if line.stale:
        since = line.effective_from or line.as_of
        yield Caveat(
            "line_stale", {"region": region, "amount": amount, "since": since.isoformat() if since else ""}
        )
    if line.period_assumed:
        yield Caveat("period_assumed", {}, "line_period_assumed")
    if line.status == "single_source":
        yield Caveat("single_source", {}, "line_single_source")


def _household_caveats(assessment: Assessment) -> Iterator[Caveat]:
    household = assessment.case.household
    if household.employee_on_book is None:
        yield Caveat("on_book_unknown", {})
    elif household.employee_on_book is False:
        known = assessment.rules.dibao.support is not None
        yield Caveat("not_on_book", {}, "not_on_book_by_rule" if known else "")
    if assessment.other_reading is not None:
        yield Caveat("local_rule_unknown", {})
    if household.supporters and assessment.rules.dibao.support is None:
        yield Caveat("support_rule_unknown", {})
    for question in ("work_cost_deduction", "hardship_deduction", "new_job_disregard"):
        if question in {field for field, _ in assessment.missing}:
            yield Caveat(question, {})
    if assessment.income_range_matters:
        yield Caveat("other_income_range", {})
    yield from _answer_caveats(assessment)


def _answer_caveats(assessment: Assessment) -> Iterator[Caveat]:
    """What follows from how the questions about the household were answered."""
    case, household = assessment.case, assessment.case.household
    if "employee_on_book" in case.assumed:
        yield Caveat("assumed_on_book", {})
    if "other_income" in case.assumed:
        yield Caveat("assumed_zero", {})
    received, gap = household.received_monthly, assessment.insured.gap
    if received is not None and gap is not None and household.dibao == "receiving" and received != gap:
        yield Caveat("received_differs", {"received": format_yuan(received), "benefit": format_yuan(gap)})
    if assessment.fund_reading is not None:
        yield Caveat("housing_fund_reading", {})
    if any(earner.reported is False for earner in household.earners):
        yield Caveat("wage_not_reported", {})


def contribution_caveats(lines: Iterable[Line], say: Say) -> Iterator[Caveat]:
    """What the reader should know about the contributions of one job, by its lines."""
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = {}
    for line in lines:
        for caveat in _line_caveats(line):
            groups.setdefault((caveat.code, tuple(caveat.details.items())), []).append(line.terms.insurance)
    for (code, shared), names in groups.items():
        yield Caveat(code, dict(shared) | {"insurances": insurance_names(tuple(names), say)})


def _line_caveats(line: Line) -> Iterator[Caveat]:
    terms = line.terms
    if not terms.recorded:
        yield Caveat("insurance_not_recorded", {})
    elif line.employee is None or line.employer is None:
        yield Caveat("figure_not_recorded", {})
    if terms.employee_unmodelled or terms.employer_unmodelled:
        yield Caveat("incomplete", {})
    if terms.outdated_since is not None and terms.awaited is not None:
        ended = terms.outdated_since.isoformat()
        yield Caveat("figure_may_be_outdated", {"ended": ended, "awaited": f"{terms.awaited:%Y-%m}"})
    if terms.period_status in ("assumed", "conflicting"):
        yield Caveat("period_assumed", {})
    if "single_source" in (terms.base_status, terms.rate_status):
        yield Caveat("single_source", {})
    if "recalled" in (terms.base_status, terms.rate_status, terms.period_status):
        yield Caveat("recalled", {})
    if terms.insurance == FUND and line.employee_rate is not None and terms.employee_rate_max is not None:
        low = terms.employee_rate or 0
        if not low <= line.employee_rate <= terms.employee_rate_max:
            yield Caveat("housing_fund_outside_region", {})


def _job_caveats(assessment: Assessment) -> Iterator[Caveat]:
    case, month = assessment.case, assessment.insured_month
    first = case.household.earners[0]
    if first.wage_is_net:
        yield Caveat("gross_from_net", {"gross": format_yuan(first.wage)})
    if first.base_wage is None and month.lines:
        yield Caveat("base_from_current_wage", {})
    if case.base_strategy == "floor":
        basis = first.wage if first.base_wage is None else first.base_wage
        if any(line.base is not None and line.base < basis for line in month.lines):
            yield Caveat("base_below_wage", {})
    if any(
        earner.insured and earner.employment in ("part_time", "flexible", "retired", "student")
        for earner in case.household.earners
    ):
        yield Caveat("not_employee_scheme", {})
    if not month.tax_known:
        yield Caveat("income_tax_unknown", {})
    if month.take_home < 0:
        yield Caveat("contributions_exceed_wage", {})
