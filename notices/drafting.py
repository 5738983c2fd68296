"""A notice drafted for one employee: the calculator's own lines, the text around them, and where everything stands.

Amounts are those of the pay slip to the fen. A line on which nothing usable is on record is never guessed and never left
out: without the figure that HR entered for it, with its source, there is no notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from calculator.case import Case, Earner, Household
from calculator.contributions import FUND, Earned, Line, earn, income_tax
from calculator.money import Fen, Ppm, format_percent, format_yuan, parse_yuan
from calculator.rules import InsuranceTerms, JobRules, TaxTable
from documents.glyphs import named, unprintable
from locales import N_, as_written
from notices.book import Blocked, EnteredFigure, YearlyCharge
from notices.line_names import OTHER_KEY, name_of
from notices.notice import Content, NoticeKind
from notices.texts import CURRENT, Text, figures_of, filled, standing, text_of
from people.employees import Employee
from people.entities import InsuredAccount, account_of
from people.records import PayMonth
from policy_kb.caveats import contribution_caveats
from policy_kb.company import NO_RULES, Company, apply
from policy_kb.library import USABLE, Library, contribution_key
from policy_kb.periods import add_months
from policy_kb.records import Contribution, Source
from policy_kb.references import Place, resolve
from policy_kb.wording import WARNINGS

FORM: Final = "shebao notice 1"
#: Whom the employer must insure in all insurances; for the others the duty depends.
OWED: Final = frozenset(("employee", "dispatched"))
#: Caveats on lines that have no place in a notice: there the line is entered, or nothing goes out.
_SETTLED: Final = frozenset(("insurance_not_recorded", "figure_not_recorded", "incomplete", "recalled"))

BASE_FROM_WAGE: Final = N_("缴费基数按规定看上年度的月平均工资；花名册里没有这个数，这里按现在的月工资核定。")
INJURY_CLASS_ASSUMED: Final = N_(
    "工伤保险的单位费率按风险最低的一类行业列出；核定的费率不同的，以核定的为准。职工个人不缴这一项。"
)
SPREAD: Final = N_(
    "{insurance}里有每年 {annual} 元的定额，这里按十二分之一列；实际在哪个月收，以工资条为准。"
)
BY_MONTH: Final = N_("{insurance}里有每年 {annual} 元的定额，各月收的不一样，这里是{month}的数。")
ASSESSED: Final = N_("本单位核定的工伤保险费率")
ENTERED: Final = N_("{region}{line}，单位填写")


class Undraftable(Exception):
    """No notice can be drafted. `detail` names the insurances without a figure (`medical work_injury`), or the character; it
    names nobody."""

    def __init__(self, why: Blocked, detail: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues: a `people.entities.LegalEntity` by name and credit code, and whom the employee can ask."""

    name: str
    credit_code: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is issued when. `month` is the first of the month from which a notice tells, or of which a statement does;
    `number` is the notice's, `supersedes` that of the one whose place it takes, `why` the reason in HR's words. Number and
    `supersedes` stand in the content's data alone, not in its sections: they are known only when it is issued."""

    kind: NoticeKind
    month: date
    on: date
    due_on: date
    number: str
    issuer: Issuer
    supersedes: str | None = None
    why: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What is known beside the library: the company's rules and accounts, what HR entered, and of the employee the content
    of the notice or statement of the month before and the months of pay."""

    company: Company = NO_RULES
    accounts: Sequence[InsuredAccount] = ()
    figures: Sequence[EnteredFigure] = ()
    charges: Sequence[YearlyCharge] = ()
    before: Content | None = None
    months: Sequence[PayMonth] = field(default=(), repr=False)


def draft(library: Library, employee: Employee, occasion: Occasion, known: OnRecord | None = None) -> Content:
    """What the notice says. Raises `Undraftable`.

    An entered figure is a line by itself where the library has nothing to compute with, and a line of its own beside the
    computed one (`medical_other`) where the library only lacks a further charge. A statement's totals hold the yearly
    charges that fall due in its month; a notice lists them beside its totals.
    """
    return _Draft(library, employee, occasion, known or OnRecord()).content()


class _Draft:
    def __init__(self, library: Library, employee: Employee, occasion: Occasion, known: OnRecord) -> None:
        self._library, self._employee, self._occasion, self._known = library, employee, occasion, known
        self._warnings: list[str] = []
        self._sources = _Sources(library)

    def content(self) -> Content:
        self._refuse()
        wage, record = self._wage()
        basis = self._basis(wage)
        account = account_of(self._employee.region, self._employee.account, self._known.accounts)
        job, earner = self._job(wage, basis, account)
        earned = earn(earner, wage, job, None, insured=True)
        lines = self._lines(earned, account, wage if basis is None else basis)
        yearly = self._yearly(earned)
        counted = [*lines, *yearly] if self._occasion.kind == "statement" else lines
        totals = {side: sum(parse_yuan(each[side]) for each in counted) for side in ("employee", "employer")}
        tax = self._tax(wage - totals["employee"], job.tax)
        self._caveats(earned, lines, account, basis, tax)
        text = text_of(CURRENT[self._occasion.kind])
        occasion = self._occasion
        data: dict[str, Any] = {
            "form": FORM,
            "template": text.name,
            "template_sha256": text.sha256,
            "kind": occasion.kind,
            "title": text.title,
            "number": occasion.number,
            "on": occasion.on.isoformat(),
            "month": f"{occasion.month:%Y-%m}",
            "due_on": occasion.due_on.isoformat(),
            "company": {
                "name": occasion.issuer.name,
                "credit_code": occasion.issuer.credit_code,
                "contact": occasion.issuer.contact,
            },
            "employee": {
                "name": self._employee.name,
                "number": self._employee.number,
                "id_tail": self._employee.id_number[-4:],
            },
            "place": {
                "code": self._employee.region,
                "name": self._library.divisions.full_name(self._employee.region),
            },
            "wage": format_yuan(wage),
            "base_wage": None if basis is None else format_yuan(basis),
            **self._differences(lines),
            "yearly": yearly,
            "record": record,
            "totals": {side: format_yuan(total) for side, total in totals.items()},
            "income_tax": None if tax is None else format_yuan(tax),
            "take_home": None if tax is None else format_yuan(wage - totals["employee"] - tax),
            "warnings": list(dict.fromkeys(self._warnings)),
            "supersedes": occasion.supersedes,
            "why": occasion.why,
            "ruleset": {
                "version": self._library.version,
                "sha256": self._library.sha256,
                "company": self._known.company.sha256 or None,
            },
        }
        return Content(self._worded(text, data))

    # Who gets none

    def _refuse(self) -> None:
        employee, occasion = self._employee, self._occasion
        month_end = add_months(occasion.month, 1)
        if not occasion.issuer.name:
            raise Undraftable("no_company")
        if employee.state == "left" and not self._worked_in(occasion):
            raise Undraftable("left")
        if employee.employment not in OWED:
            raise Undraftable("not_employed")
        if not employee.region:
            raise Undraftable("no_region")
        if employee.region not in self._library.divisions:
            raise Undraftable("unknown_region")
        insured = employee.insured_since is not None and employee.insured_since < month_end
        if occasion.kind == "statement" and not insured:
            raise Undraftable("not_insured_yet")
        for text in self._texts():
            if strange := unprintable(text):
                raise Undraftable("glyph", "、".join(map(named, strange)))

    def _worked_in(self, occasion: Occasion) -> bool:
        """Whether a statement is of a month in which somebody who has left still worked: it is owed to them."""
        left = self._employee.left_on
        return occasion.kind == "statement" and left is not None and left >= occasion.month

    def _texts(self) -> Iterator[str]:
        """Everything that somebody typed and that is printed."""
        occasion = self._occasion
        yield from (self._employee.name, self._employee.number, self._employee.id_number[-4:])
        yield from (occasion.issuer.name, occasion.issuer.credit_code, occasion.issuer.contact, occasion.why)
        yield from (each.source for each in self._known.figures)
        yield from (text for each in self._known.charges for text in (each.name, each.source))
        yield from (each.injury_source for each in self._known.accounts)

    # What is reckoned with

    def _wage(self) -> tuple[Fen, dict[str, Any] | None]:
        """The wage, and what the record of a statement's month says: whether it was paid, what was withheld."""
        month = next((each for each in self._known.months if each.month == self._occasion.month), None)
        of_month = month is not None and self._occasion.kind == "statement"
        wage = month.wage if month is not None and of_month else self._employee.wage
        if not wage:
            raise Undraftable("no_wage")
        if month is None or not of_month:
            return wage, None
        withheld = None if month.own_share is None else format_yuan(month.own_share)
        return wage, {"paid": month.paid, "withheld": withheld}

    def _basis(self, wage: Fen) -> Fen | None:
        """The wage that was declared, where it is higher than the wage and no mere floor; a lower one is not lawful.

        A base that is declared at a floor says nothing about the wage: it would be carried to lines with another floor.
        """
        declared = self._employee.base
        if declared is None or declared <= wage:
            return None
        day = self._day()
        job = self._library.job(self._employee.region, *day)
        floors = [terms.base_floor or 0 for terms in job.terms]
        return declared if declared > max(floors, default=0) else None

    def _day(self) -> tuple[date, date]:
        """The day whose rules count, and the day as of which they are known."""
        month = self._occasion.month
        return month, max(month, self._occasion.on)

    def _job(self, wage: Fen, basis: Fen | None, account: InsuredAccount | None) -> tuple[JobRules, Earner]:
        """The rules of the job, with the company's own and the assessed injury rate, and the earner under them."""
        on, as_of = self._day()
        earner = Earner(
            wage=wage,
            region=self._employee.region,
            base_wage=basis,
            employment="dispatched" if self._employee.employment == "dispatched" else "employee",
            injury_class=(account.injury_class if account else None) or 1,
            housing_fund_rate=account.fund_rate if account else None,
        )
        case = Case(earner.region, earner.region, on, as_of, Household(1, (earner,)))
        applied = apply(self._known.company.rules, case, self._library.rules(case))
        self._warnings += applied.warnings
        job = applied.rules.jobs[0]
        if account is not None and account.injury_rate is not None:
            terms = tuple(_assessed(each, account.injury_rate) for each in job.terms)
            job = replace(job, terms=terms)
        return job, applied.case.household.earners[0]

    # The lines

    def _lines(self, earned: Earned, account: InsuredAccount | None, basis: Fen) -> list[dict[str, Any]]:
        """The table. Raises `Undraftable` naming the lines on which nothing usable is on record or entered."""
        lines: list[dict[str, Any]] = []
        missing: list[str] = []
        for line in earned.lines:
            terms = line.terms
            name = name_of(terms.insurance, as_written, with_maternity=terms.includes_maternity)
            figure = self._entered(terms.insurance)
            if _usable(line):
                lines.append(self._computed(line, name, account))
                if not (terms.employee_unmodelled or terms.employer_unmodelled):
                    continue
                name = name_of(f"{terms.insurance}{OTHER_KEY}", as_written)
                if figure is not None:
                    lines.append(self._typed(f"{terms.insurance}{OTHER_KEY}", name, figure))
            elif figure is not None:
                lines.append(self._typed(terms.insurance, name, figure))
            if figure is None:
                missing.append(terms.insurance)
        if missing:
            raise Undraftable("incomplete", " ".join(missing))
        return lines

    def _entered(self, insurance: str) -> EnteredFigure | None:
        """What HR entered for a line, for the region itself or the nearest wider one."""
        return next(
            (
                each
                for level in self._library.divisions.levels(self._employee.region)
                for each in self._known.figures
                if (each.region, each.insurance) == (level, insurance)
            ),
            None,
        )

    def _computed(self, line: Line, name: str, account: InsuredAccount | None) -> dict[str, Any]:
        terms = line.terms
        employee, fixed = self._of_month(line)
        assessed = None
        if terms.insurance == "work_injury" and account is not None and account.injury_rate is not None:
            assessed = self._sources.stated(
                "assessed_injury_rate", ASSESSED, account.injury_source, "company"
            )
        return {
            "key": terms.insurance,
            "name": name,
            "base": format_yuan(_whole(line.base)),
            "employee_rate": format_percent(line.employee_rate or 0),
            "employee": format_yuan(employee),
            "employer_rate": format_percent(line.employer_rate or 0),
            "employer": format_yuan(_whole(line.employer)),
            "fixed": format_yuan(fixed) if fixed else None,
            "entered": False,
            "source": self._sources.record(terms.source or ""),
            "rate_source": assessed,
        }

    def _of_month(self, line: Line) -> tuple[Fen, Fen]:
        """The employee's share and the fixed amount in it, in a month in which a yearly charge is taken as it really is:
        by HR's schedule, else by the record's own."""
        terms, share = line.terms, _whole(line.employee)
        if terms.employee_annual is None or not terms.employee_fixed:
            return share, terms.employee_fixed
        without = share - terms.employee_fixed
        if self._charges():
            return without, 0
        annual = format_yuan(terms.employee_annual)
        insurance = name_of(terms.insurance, as_written)
        fixed = _scheduled(self._record(terms), self._occasion.month.month)
        if fixed is None:
            self._warnings.append(as_written(SPREAD, insurance=insurance, annual=annual))
            return share, terms.employee_fixed
        month = f"{self._occasion.month.month}月"
        self._warnings.append(as_written(BY_MONTH, insurance=insurance, annual=annual, month=month))
        return without + fixed, fixed

    def _record(self, terms: InsuranceTerms) -> Contribution:
        values = self._library.regions[terms.region].contributions
        return next(value for value in values if contribution_key(value) == terms.source)

    def _typed(self, key: str, name: str, figure: EnteredFigure) -> dict[str, Any]:
        region = self._library.divisions.name(figure.region)
        title = as_written(ENTERED, region=region, line=name)
        return {
            "key": key,
            "name": name,
            "base": None,
            "employee_rate": None,
            "employee": format_yuan(figure.employee),
            "employer_rate": None,
            "employer": format_yuan(figure.employer),
            "fixed": None,
            "entered": True,
            "source": self._sources.stated(f"entered:{figure.region}:{key}", title, figure.source, "entered"),
            "rate_source": None,
        }

    # Charges once a year

    def _charges(self) -> tuple[YearlyCharge, ...]:
        """What is charged once a year here, by the nearest region that HR set any for."""
        for level in self._library.divisions.levels(self._employee.region):
            if found := [each for each in self._known.charges if each.region == level]:
                return tuple(sorted(found, key=lambda each: (each.month, each.name)))
        return ()

    def _yearly(self, earned: Earned) -> list[dict[str, Any]]:
        """A notice tells of every charge, a statement of those of its month."""
        month = self._occasion.month.month
        due = [each for each in self._charges() if self._occasion.kind == "notice" or each.month == month]
        region = self._library.divisions.name
        return [
            {
                "name": each.name,
                "employee": format_yuan(each.employee),
                "employer": format_yuan(each.employer),
                "month": each.month,
                "source": self._sources.stated(
                    f"yearly:{each.region}:{each.name}",
                    as_written(ENTERED, region=region(each.region), line=each.name),
                    each.source,
                    "entered",
                ),
            }
            for each in due
        ]

    # What else is told

    def _tax(self, after_own: Fen, table: TaxTable | None) -> Fen | None:
        """The month's tax; None where the year's table is not on record."""
        if table is None:
            return None
        return _whole(income_tax(max(after_own - table.basic_deduction, 0), table))

    def _caveats(
        self,
        earned: Earned,
        lines: Sequence[Mapping[str, Any]],
        account: InsuredAccount | None,
        basis: Fen | None,
        tax: Fen | None,
    ) -> None:
        """What the reader should know about the figures."""
        computed = {line["key"] for line in lines if not line["entered"]}
        kept = tuple(line for line in earned.lines if line.terms.insurance in computed)
        caveats = contribution_caveats(kept, as_written)
        self._warnings += [each.text(as_written) for each in caveats if each.code not in _SETTLED]
        if basis is None and self._occasion.kind == "notice":
            self._warnings.append(as_written(BASE_FROM_WAGE))
        known_rate = account is not None and (account.injury_class or account.injury_rate) is not None
        if "work_injury" in computed and not known_rate:
            self._warnings.append(as_written(INJURY_CLASS_ASSUMED))
        if tax is None:
            self._warnings.append(as_written(WARNINGS["income_tax_unknown"]))
        elif tax:
            self._warnings += [
                as_written(WARNINGS[code])
                for code in ("withholding_is_cumulative", "special_deductions_ignored")
            ]
        if _whole(earned.wage) < sum(parse_yuan(line["employee"]) for line in lines):
            self._warnings.append(as_written(WARNINGS["contributions_exceed_wage"]))

    def _differences(self, lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The lines beside those of the month before, which month that is, and the lines that are no longer there."""
        before = self._known.before
        if before is None:
            told = [line | {"before": None, "changed": False} for line in lines]
            return {"lines": told, "before_month": None, "gone": []}
        old = {line["key"]: line for line in before.data["lines"]}
        told = []
        for line in lines:
            was = old.get(line["key"])
            sides = None if was is None else {side: was[side] for side in ("employee", "employer")}
            changed = sides != {side: line[side] for side in ("employee", "employer")}
            told.append(line | {"before": sides, "changed": changed})
        now = {line["key"] for line in lines}
        gone = [{"key": key, "name": line["name"]} for key, line in old.items() if key not in now]
        return {"lines": told, "before_month": before.data["month"], "gone": gone}

    def _worded(self, text: Text, data: dict[str, Any]) -> dict[str, Any]:
        """The content with its sections and with every source that is cited in them or behind a figure."""
        paragraphs = list(standing(text, figures_of(text, data)))
        for key in dict.fromkeys(key for each in paragraphs for key in each.cited):
            self._sources.record(key)
        on, as_of = self._day()
        place = Place(self._library, self._employee.region, on, as_of)
        said: dict[str, list[str]] = {}
        for reference in dict.fromkeys(name for each in paragraphs for name in each.looked_up):
            form = reference.replace("|", " | ")
            said[reference] = [_said(form, place, "zh"), _said(form, place, "en")]
        data |= {"sources": self._sources.list, "said": said}
        return data | {"sections": filled(text, data)}


class _Sources:
    """What a notice rests on, numbered as it is first needed."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._places: dict[str, int] = {}
        self.list: list[dict[str, Any]] = []

    def record(self, key: str) -> int:
        """The place of a record of the library."""
        if key in self._places:
            return self._places[key]
        citation = self._library.citation(key)
        since = citation.effective_from
        return self._add(
            key,
            title=citation.title,
            number=citation.number,
            article=citation.article,
            url=_address(citation.texts),
            status=citation.certainty,
            effective_from=None if since is None else since.isoformat(),
        )

    def stated(self, key: str, title: str, where: str, status: str) -> int:
        """The place of a figure that the company states, with where it stands."""
        if key in self._places:
            return self._places[key]
        number, url = ("", where) if where.startswith("https://") else (where, "")
        return self._add(
            key, title=title, number=number, article="", url=url, status=status, effective_from=None
        )

    def _add(self, key: str, **source: str | None) -> int:
        self._places[key] = len(self.list)
        self.list.append({"key": key, **source})
        return self._places[key]


def _usable(line: Line) -> bool:
    """Whether both amounts rest on figures that may be computed with: not recalled, not unknown."""
    terms = line.terms
    if not terms.recorded or line.base is None or line.employee is None or line.employer is None:
        return False
    # The rate of the housing fund is the company's own.
    return terms.base_status in USABLE and (terms.insurance == FUND or terms.rate_status in USABLE)


def _assessed(terms: InsuranceTerms, rate: Ppm) -> InsuranceTerms:
    """Work injury insurance at the rate that the authority assessed for the company."""
    if terms.insurance != "work_injury":
        return terms
    classes = dict.fromkeys(range(1, 9), rate)
    return replace(terms, employer_rate=rate, employer_rate_by_class=classes, rate_status="sourced")


def _scheduled(value: Contribution, month: int) -> Fen | None:
    """What of a yearly charge is really withheld in a month, where the record says so."""
    amounts = (parse_yuan(yuan) for yuan, months in value.schedule.items() if month in months)
    return next(amounts, None)


def _said(reference: str, place: Place, language: Any) -> str:
    figure = resolve(reference, place, language)
    if figure.text is None:
        raise ValueError(f"the library does not hold {reference}")
    return figure.text


def _address(texts: Sequence[Source]) -> str:
    return next((each.where for each in texts if each.where.startswith("https://")), "")


def _whole(amount: object) -> Fen:
    if not isinstance(amount, int):
        raise TypeError("one employee has one amount")
    return amount
