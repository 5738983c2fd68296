"""A whole roster 花名册 in bulk: a sheet in, each employee's contributions and result out, what cannot be read listed.

Dibao status never comes from an employer's sheet, only from the employee: such a column is neither read nor passed on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from tqdm import tqdm
from xlsxwriter.exceptions import XlsxWriterException

from app.roster_books import FOR_ALL, Book, open_book, rejected_path
from app.roster_columns import Roster, read_roster
from app.roster_results import InsuranceTotal, Rejected, RosterSummary, result_figures
from calculator.assessment import Assessment, assess
from calculator.case import Case, read_case
from calculator.contributions import Line, employer_total
from calculator.fields import InputError
from calculator.money import Fen
from calculator.rules import INSURANCES, Insurance, InsuranceTerms, Rules
from locales import as_written
from policy_kb.caveats import caveats
from policy_kb.library import Library
from policy_kb.sheets import Cell, refuse
from policy_kb.wording import problem_text

#: What a company's own rules do to a case and its rules: both as they then are, and what to add to the warnings.
Adjust = Callable[[Case, Rules], tuple[Case, Rules, tuple[str, ...]]]
#: What there is to say about a job; the rest is about a household, and is left out where no household is given.
_OF_THE_JOB: Final = frozenset(
    {
        "figure_may_be_outdated",
        "period_assumed",
        "single_source",
        "recalled",
        "insurance_not_recorded",
        "figure_not_recorded",
        "incomplete",
        "housing_fund_outside_region",
        "gross_from_net",
        "base_from_current_wage",
        "base_below_wage",
        "not_employee_scheme",
        "income_tax_unknown",
        "contributions_exceed_wage",
    }
)


def assess_roster(
    library: Library,
    source: Path,
    target: Path,
    today: date,
    progress: bool = True,
    *,
    defaults: Mapping[str, str] | None = None,
    adjust: Adjust | None = None,
) -> RosterSummary:
    """Work out every row of a roster and write the results beside what was given.

    `defaults` fill blank cells of a field (`region`, `on`). With `progress`, a bar on stderr where it is a terminal.
    Raises `InputError` where the roster as a whole cannot be read, or the result cannot be written.
    """
    _check_target(source, target)
    roster = read_roster(source, dict(defaults or {}))
    run = _Run(library, roster, today, adjust)
    try:
        with open_book(target, roster) as book:
            rows = tqdm(roster.rows, disable=None if progress else True, unit="行", leave=False)
            for number, cells in rows:
                run.row(book, number, cells)
            summary = run.summary(target, book.rejected_file if run.rejected else None)
            book.finish(summary)
    except (OSError, XlsxWriterException) as error:
        raise refuse(f"写不了 {target}：{error}", "输出文件") from error
    return summary


def _check_target(source: Path, target: Path) -> None:
    if target.suffix.lower() not in (".csv", ".xlsx"):
        raise refuse("结果要写成 .csv 或 .xlsx", "输出文件")
    if not target.parent.is_dir():
        raise refuse(f"没有这个文件夹：{target.parent}", "输出文件")
    if target.is_dir():
        raise refuse(f"这是文件夹：{target}", "输出文件")
    if source.resolve() in (target.resolve(), rejected_path(target).resolve()):
        raise refuse("结果不能写回花名册本身，请换一个文件名", "输出文件")


class _Run:
    """One pass over a roster: what has been worked out, and what the whole comes to."""

    def __init__(self, library: Library, roster: Roster, today: date, adjust: Adjust | None) -> None:
        self.library = library
        self.roster = roster
        self.today = today
        self.adjust = adjust
        self.find_region = cache(library.divisions.find)
        self.rejected: list[Rejected] = []
        self.calculated = 0
        self.incomplete = 0
        self.verdicts: dict[str, int] = defaultdict(int)
        self.totals = _Totals()

    def row(self, book: Book, number: int, cells: tuple[Cell, ...]) -> None:
        """Work out one row and write it, among the results or among the rejected."""
        cells = (*cells, *[""] * (len(self.roster.headings) - len(cells)))
        try:
            assessment, with_household, company = self._assess(cells)
        except InputError as error:
            rejected = self._rejected(number, error)
            self.rejected.append(rejected)
            kept = [self.roster.passed_on(cells, position) for position in self.roster.kept]
            book.reject([number, "、".join(rejected.headings), rejected.reason, *kept])
            return
        self.calculated += 1
        self.incomplete += not assessment.complete
        self.totals.add(assessment)
        if with_household:
            self.verdicts[assessment.insured.verdict] += 1
        first = [self.roster.passed_on(cells, position) for position in self.roster.first]
        behind = [self.roster.passed_on(cells, position) for position in self.roster.behind]
        said = [*company, *self._warnings(assessment, with_household), *self.roster.lost_digits(cells)]
        book.result([number, *first, *result_figures(assessment, with_household), "；".join(said), *behind])

    def _assess(self, cells: tuple[Cell, ...]) -> tuple[Assessment, bool, tuple[str, ...]]:
        data, with_household = self.roster.case(cells)
        case = read_case(data, self.find_region, self.today)
        rules = self.library.rules(case)
        company: tuple[str, ...] = ()
        if self.adjust is not None:
            case, rules, company = self.adjust(case, rules)
        return assess(case, rules, break_even=False), with_household, company

    def _rejected(self, number: int, error: InputError) -> Rejected:
        names, reasons = [], []
        for problem in error.problems:
            label = self.roster.label(self.roster.field_of(problem))
            names.append(label)
            reasons.append(f"{label}：{problem_text(problem, as_written)}")
        return Rejected(number, tuple(dict.fromkeys(names)), "；".join(dict.fromkeys(reasons)))

    def _warnings(self, assessment: Assessment, with_household: bool) -> Iterator[str]:
        for caveat in caveats(assessment, self.library, as_written):
            about = caveat.wording or caveat.code
            if about not in FOR_ALL and (with_household or about in _OF_THE_JOB):
                yield caveat.text(as_written)

    def summary(self, target: Path, rejected_file: Path | None) -> RosterSummary:
        """What came of the roster."""
        totals = self.totals.by_insurance()
        return RosterSummary(
            rows=len(self.roster.rows),
            calculated=self.calculated,
            incomplete=self.incomplete,
            rejected=tuple(self.rejected),
            totals=totals,
            employee_total=sum(total.employee for total in totals),
            employer_total=sum(total.employer for total in totals),
            verdicts=dict(self.verdicts),
            quarantined=self.roster.quarantined,
            target=target,
            rejected_file=rejected_file,
            version=self.library.version,
            sha256=self.library.sha256,
            on=self.roster.defaults.get("on", self.today.isoformat()),
        )


class _Totals:
    """What everyone together pays. Where an insurance is rounded on the employer's total, its bases are summed first."""

    def __init__(self) -> None:
        self.people: dict[Insurance, int] = defaultdict(int)
        self.employee: dict[Insurance, Fen] = defaultdict(int)
        self.employer: dict[Insurance, Fen] = defaultdict(int)
        self.pooled: dict[tuple[str | None, Insurance, int, int], tuple[InsuranceTerms, list[Fen]]] = {}

    def add(self, assessment: Assessment) -> None:
        """One more employee."""
        for line in assessment.insured_month.lines:
            insurance = line.terms.insurance
            self.people[insurance] += 1
            self.employee[insurance] += int(line.employee or 0)
            if line.terms.employer_rounding.stage == "person" or line.employer is None:
                self.employer[insurance] += int(line.employer or 0)
            else:
                self._pool(line)

    def _pool(self, line: Line) -> None:
        terms, rate, base = line.terms, line.employer_rate, line.base
        self.employer[terms.insurance] += terms.employer_fixed
        if rate and base is not None:
            key = terms.source, terms.insurance, rate, terms.employer_fixed
            self.pooled.setdefault(key, (terms, []))[1].append(int(base))

    def by_insurance(self) -> tuple[InsuranceTotal, ...]:
        """Both sides' totals of each insurance that anyone pays."""
        employer = dict(self.employer)
        for (_, insurance, rate, _), (terms, bases) in self.pooled.items():
            employer[insurance] += employer_total(bases, rate, terms.employer_rounding)
        return tuple(
            InsuranceTotal(each, self.people[each], self.employee[each], employer[each])
            for each in INSURANCES
            if self.people[each]
        )
