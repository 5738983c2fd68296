"""A month's declaration of one insured account: everyone's base and both sides' shares, by the library, to the fen.

Who cannot be reckoned stands apart with the reason: nobody is left out in silence, and nobody is declared below the lawful
base.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from functools import cache, partial
from typing import Any, Final, Literal

from calculator.case import Case, Earner, Household
from calculator.money import Fen, Ppm, clamp
from calculator.rules import InsuranceTerms, JobRules
from locales import N_
from people.employees import Employee
from people.entities import InsuredAccount, account_of
from people.outside import DeclaredLine, refuse_unlawful
from people.records import PayMonth
from policy_kb.company import NO_RULES, Company, apply
from policy_kb.library import USABLE, Library
from policy_kb.periods import add_months
from profiles.ground import OWED
from profiles.lawful import LawfulBase, base_under, is_usable

#: Why somebody stands apart.
ApartWhy = Literal[
    "not_insured", "no_account", "employment", "leaving", "no_wage", "no_figure", "no_person", "same_person"
]
APART: Final[Mapping[ApartWhy, str]] = {
    "not_insured": N_("该参保，还没有参保"),
    "no_account": N_("分不清在哪个账户参保"),
    "employment": N_("用工形式不是全日制或劳务派遣"),
    "leaving": N_("这个月离职"),
    "no_wage": N_("没有工资"),
    "no_figure": N_("政策库缺数"),
    "no_person": N_("经办系统认不出是谁"),
    "same_person": N_("两个人是同一个证件号或同一个编号"),
}
#: What to do about each.
TO_DO: Final[Mapping[ApartWhy, str]] = {
    "not_insured": N_(
        "照常参保：先办增员，登记参保日期，再重新起草。暂停低保、本人不愿意，都不是不参保的理由。"
    ),
    "no_account": N_("在员工页填上社保账户的编号。"),
    "employment": N_("看合同：该按职工参保的，把用工形式改对；不该的，写下原因。"),
    "leaving": N_("这个月还要不要报，看当地对离职当月的规定；要报的，在网上单独报。"),
    "no_wage": N_("填上工资，或者导入这个月的工资表。"),
    "no_figure": N_("在政策里补上这几项的数和出处，再重新起草。"),
    "no_person": N_("在员工页填上身份证号；按编号认人的，填上编号。"),
    "same_person": N_("核对两个人的身份证号，把错的改过来。"),
}
#: Why a line is another one than last month's.
ChangeWhy = Literal["new", "wage", "bounds", "record", "rates"]
CHANGES: Final[Mapping[ChangeWhy, str]] = {
    "new": N_("上个月没有报"),
    "wage": N_("工资变了"),
    "bounds": N_("上下限变了，按合法的最低数"),
    "record": N_("登记的基数变了"),
    "rates": N_("费率变了"),
}
#: Why somebody who was declared last month is not now.
GoneWhy = Literal["left", "stopped", "elsewhere", "erased"]
GONE: Final[Mapping[GoneWhy, str]] = {
    "left": N_("离职了"),
    "stopped": N_("登记的参保日期晚于这个月"),
    "elsewhere": N_("换到别的账户"),
    "erased": N_("花名册里没有了"),
}


@dataclass(frozen=True, slots=True)
class Former:
    """What was declared for somebody the month before, fen."""

    number: str = field(repr=False)
    name: str = field(repr=False)
    wage: Fen = field(repr=False)
    base: Fen = field(repr=False)
    own: Fen = field(repr=False)
    employer: Fen = field(repr=False)


@dataclass(frozen=True, slots=True)
class Line:
    """One insured employee of a declaration, fen a month.

    `lawful` is the lowest base that declares too little for no insurance, `base` what is declared. `sources` are records of
    the library. `person` is how the social-insurance system names the employee and `paid_as` how payroll does, "" where
    there is no such system or it cannot tell who is meant. `change` is None where nothing is another than the month before.
    """

    employee: str
    number: str = field(repr=False)
    name: str = field(repr=False)
    wage: Fen = field(repr=False)
    base: Fen = field(repr=False)
    lawful: Fen = field(repr=False)
    own: Fen = field(repr=False)
    employer: Fen = field(repr=False)
    sources: tuple[str, ...] = field(repr=False)
    person: str = field(default="", repr=False)
    paid_as: str = field(default="", repr=False)
    before: Former | None = field(default=None, repr=False)
    change: ChangeWhy | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Apart:
    """Somebody who is not declared, and why; `detail` names insurances (`medical unemployment`) or a form of employment."""

    employee: str
    number: str = field(repr=False)
    name: str = field(repr=False)
    why: ApartWhy
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody who was declared the month before and is not on this account's list any more."""

    employee: str
    former: Former = field(repr=False)
    why: GoneWhy


@dataclass(frozen=True, slots=True)
class Draft:
    """A month's declaration of an account (its id) as it was reckoned. `done` counts those whom an earlier declaration of the
    month holds already; `ruleset` is the library that it was reckoned by."""

    account: str
    month: date
    lines: tuple[Line, ...] = field(repr=False)
    apart: tuple[Apart, ...] = field(repr=False)
    gone: tuple[Gone, ...] = field(repr=False)
    done: int
    ruleset: str

    @property
    def own(self) -> Fen:
        """The employees' side."""
        return sum(each.own for each in self.lines)

    @property
    def employer(self) -> Fen:
        """The employer's side."""
        return sum(each.employer for each in self.lines)

    @property
    def digest(self) -> str:
        """The hash of everything in it: whoever approves it approves exactly this."""
        text = json.dumps(asdict(self), default=date.isoformat, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


#: How a system names an employee; "" where it cannot.
Naming = Callable[[Employee], str]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the library: the accounts, the company's own rules, the month of pay and what was declared the month
    before by employee, whom a declaration of the month holds already, and how the systems name people (None: there is no
    such system)."""

    accounts: Sequence[InsuredAccount]
    company: Company = NO_RULES
    months: Mapping[str, PayMonth] = field(default_factory=dict, repr=False)
    before: Mapping[str, Former] = field(default_factory=dict, repr=False)
    done: Collection[str] = ()
    person: Naming | None = None
    paid_as: Naming | None = None


def draft(
    library: Library,
    account: InsuredAccount,
    month: date,
    today: date,
    staff: Iterable[Employee],
    known: Known,
) -> Draft:
    """A month's declaration of an account, by the rules of its first day as known today; lines by employee number.

    Raises `people.outside.Unlawful`, which no line that is reckoned here can be.
    """
    return _Drafting(library, account, month, today, tuple(staff), known).draft()


class _Drafting:
    def __init__(
        self,
        library: Library,
        account: InsuredAccount,
        month: date,
        today: date,
        staff: tuple[Employee, ...],
        known: Known,
    ) -> None:
        self._library, self._account, self._staff, self._known = library, account, staff, known
        self._month, self._next = month, add_months(month, 1)
        self._as_of = max(month, today)
        self._library_job = cache(partial(library.job, on=month, as_of=self._as_of))

    def draft(self) -> Draft:
        lines: list[Line] = []
        apart: list[Apart] = []
        done = 0
        for employee in sorted(filter(self._concerned, self._staff), key=lambda each: each.number):
            if employee.id in self._known.done:
                done += 1
            elif (why := self._hindrance(employee)) is not None:
                apart.append(_apart(employee, *why))
            elif isinstance(made := self._line(employee), Line):
                lines.append(made)
            else:
                apart.append(made)
        lines, shared = _alone(lines)
        lines, apart = _paid_alone(lines), [*apart, *shared]
        refuse_unlawful(*map(declared, lines))
        return Draft(
            account=self._account.id,
            month=self._month,
            lines=tuple(lines),
            apart=tuple(apart),
            gone=tuple(self._gone({each.employee for each in lines} | {each.employee for each in apart})),
            done=done,
            ruleset=self._library.sha256,
        )

    # Who

    def _concerned(self, employee: Employee) -> bool:
        """Whether somebody belongs on this account's list, in the month or in a place where it is not clear."""
        if not self._at_work(employee):
            return False
        found = account_of(employee.region, employee.account, self._known.accounts)
        if found is None:
            return employee.region == self._account.region
        return found.id == self._account.id

    def _at_work(self, employee: Employee) -> bool:
        if employee.joined_on is not None and employee.joined_on >= self._next:
            return False
        if employee.state == "left":
            return employee.left_on is not None and employee.left_on >= self._month
        return True

    def _hindrance(self, employee: Employee) -> tuple[ApartWhy, str] | None:
        """Why nothing can be reckoned for somebody, whatever the figures are."""
        if account_of(employee.region, employee.account, self._known.accounts) is None:
            return "no_account", employee.account
        if employee.employment not in OWED:
            return "employment", employee.employment
        if employee.insured_since is None or employee.insured_since >= self._next:
            return "not_insured", ""
        if employee.state == "left":
            return "leaving", "" if employee.left_on is None else employee.left_on.isoformat()
        if self._known.person is not None and not self._known.person(employee):
            return "no_person", ""
        return None

    def _gone(self, listed: Collection[str]) -> Iterator[Gone]:
        staff = {each.id: each for each in self._staff}
        for id, former in self._known.before.items():
            if id not in listed and id not in self._known.done:
                yield Gone(id, former, self._gone_why(staff.get(id)))

    def _gone_why(self, employee: Employee | None) -> GoneWhy:
        if employee is None:
            return "erased"
        if employee.state == "left":
            return "left"
        return "elsewhere" if self._at_work(employee) else "stopped"

    # How much

    def _line(self, employee: Employee) -> Line | Apart:
        month = self._known.months.get(employee.id)
        wage = employee.wage if month is None else month.wage
        if not wage:
            return _apart(employee, "no_wage")
        job = self._job(employee, wage)
        owed = base_under(job, wage, self._account.injury_class or 1)
        if missing := _missing(owed):
            return _apart(employee, "no_figure", " ".join(missing))
        lawful = _lowest(owed)
        base = _base(employee.base, lawful, owed)
        paid = owed if base == lawful else base_under(job, base, self._account.injury_class or 1)
        before = self._known.before.get(employee.id)
        line = Line(
            employee=employee.id,
            number=employee.number,
            name=employee.name,
            wage=wage,
            base=base,
            lawful=lawful,
            own=paid.employee,
            employer=paid.employer,
            sources=tuple(dict.fromkeys(each.terms.source for each in paid.lines if each.terms.source)),
            person="" if self._known.person is None else self._known.person(employee),
            paid_as="" if self._known.paid_as is None else self._known.paid_as(employee),
            before=before,
        )
        return replace(line, change=_changed(line, before))

    def _job(self, employee: Employee, wage: Fen) -> JobRules:
        """The rules of a job, with the company's own and the injury rate that the authority assessed for the account."""
        job = self._library_job(employee.region)
        if self._known.company.rules:
            earner = Earner(wage, employee.region, injury_class=self._account.injury_class or 1)
            case = Case(employee.region, employee.region, self._month, self._as_of, Household(1, (earner,)))
            job = apply(self._known.company.rules, case, self._library.rules(case)).rules.jobs[0]
        rate = self._account.injury_rate
        if rate is None:
            return job
        return replace(job, terms=tuple(_assessed(each, rate) for each in job.terms))


def declared(line: Line) -> DeclaredLine:
    """A line as the social-insurance system is handed it."""
    return DeclaredLine(line.person, line.base, line.lawful)


def line_json(line: Line) -> dict[str, Any]:
    """A line as plain data."""
    return asdict(line)


def line_from(data: Mapping[str, Any]) -> Line:
    """The line that `line_json` wrote."""
    before = data["before"]
    return Line(
        **{
            **data,
            "sources": tuple(data["sources"]),
            "before": None if before is None else Former(**before),
        }
    )


def _apart(employee: Employee, why: ApartWhy, detail: str = "") -> Apart:
    return Apart(employee.id, employee.number, employee.name, why, detail)


def _alone(lines: Sequence[Line]) -> tuple[list[Line], list[Apart]]:
    """Those whom the system can tell from all others, and the rest: of two who are the same to it, it is neither."""
    names: dict[str, list[Line]] = {}
    for each in lines:
        names.setdefault(each.person or each.employee, []).append(each)
    shared = [each for same in names.values() if len(same) > 1 for each in same]
    gone = {each.employee for each in shared}
    apart = [Apart(each.employee, each.number, each.name, "same_person") for each in shared]
    return [each for each in lines if each.employee not in gone], apart


def _paid_alone(lines: Sequence[Line]) -> list[Line]:
    """Payroll is not asked about two whom it cannot tell apart."""
    counts = Counter(each.paid_as for each in lines)
    return [each if counts[each.paid_as] == 1 else replace(each, paid_as="") for each in lines]


def _missing(owed: LawfulBase) -> list[str]:
    """The insurances of which base or either share rests on nothing that may be computed with."""
    return [
        line.terms.insurance
        for line in owed.lines
        if not is_usable(line)
        or line.employee is None
        or line.employer is None
        or line.terms.rate_status not in USABLE
        or line.terms.employee_unmodelled
        or line.terms.employer_unmodelled
    ]


def _lowest(owed: LawfulBase) -> Fen:
    """The lowest base that gives each insurance its own lawful one, where their bounds differ (社会保险法 第十二条)."""
    bases = [int(line.base or 0) for line in owed.lines]
    return int(clamp(owed.wage, min(bases), max(bases)))


def _base(on_record: Fen | None, lawful: Fen, owed: LawfulBase) -> Fen:
    """The base on record where it is not below the lawful one, up to the highest ceiling; else the lawful one.

    What is on record at one insurance's floor says nothing about the wage: it would be carried to those with another floor.
    """
    floors = [line.terms.base_floor or 0 for line in owed.lines]
    if on_record is None or on_record <= max(lawful, *floors):
        return lawful
    ceilings = [line.terms.base_ceiling or 0 for line in owed.lines]
    return max(lawful, min(on_record, max(ceilings)))


def _changed(line: Line, before: Former | None) -> ChangeWhy | None:
    if before is None:
        return "new"
    if line.base == before.base:
        same = (line.own, line.employer) == (before.own, before.employer)
        return None if same else "rates"
    if line.wage != before.wage:
        return "wage"
    return "bounds" if line.base == line.lawful else "record"


def _assessed(terms: InsuranceTerms, rate: Ppm) -> InsuranceTerms:
    """Work injury insurance at the rate that the authority assessed for the company."""
    if terms.insurance != "work_injury":
        return terms
    classes = dict.fromkeys(range(1, 9), rate)
    return replace(terms, employer_rate=rate, employer_rate_by_class=classes, rate_status="sourced")
