"""One page of money for whoever decides: what not insuring, or declaring too little, has cost by now, and what insuring costs.

Data alone, fen, with the records behind it; for one employee, and for the company.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final, Literal

from calculator.money import Fen
from profiles.found import Exposure, Owed, Span, State, Unreckoned, exposure_of, short_months, unpaid_months
from profiles.ground import Ground
from profiles.lawful import lawful_base
from profiles.profile import Profile

#: How many days on a sheet looks ahead.
AHEAD: Final = timedelta(days=30)
#: Which accident would happen, and what it would cost, nobody can say: 工伤保险条例 第六十二条 has the employer pay it.
WorkInjury = Literal["not_computable"]


@dataclass(frozen=True, slots=True)
class PersonSheet:
    """One employee's money on a day, fen.

    Arrears are both sides': the share that was not withheld is owed by the employer too (社会保险法 第六十条), and who
    carries it is HR's written decision. `fine` is the range after an order's deadline (第八十六条), `hidden_fine` the one on
    wages that were not declared (劳动保障监察条例 第二十七条). `severance` is for an employee who leaves for it (劳动合同法
    第四十七条), None where it cannot be reckoned. `monthly` is what insuring costs both sides from now on. `due` is false
    where the running month is the only one. `why_not` says why nothing is reckoned; arrears are 0 then. `complete` is false
    where it is more in truth.
    """

    employee: str
    on: date
    states: tuple[State, ...] = field(repr=False)
    months: int = field(default=0, repr=False)
    employee_arrears: Fen = field(default=0, repr=False)
    employer_arrears: Fen = field(default=0, repr=False)
    late_fee: Fen = field(default=0, repr=False)
    later: date = date.max
    late_fee_later: Fen = field(default=0, repr=False)
    fine: Span = field(default=Span(0, 0), repr=False)
    hidden_fine: Span = field(default=Span(0, 0), repr=False)
    severance: Fen | None = field(default=None, repr=False)
    work_injury: WorkInjury = "not_computable"
    employee_monthly: Fen = field(default=0, repr=False)
    employer_monthly: Fen = field(default=0, repr=False)
    complete: bool = True
    assumed: int = 0
    due: bool = True
    why_not: Unreckoned | None = None
    sources: tuple[str, ...] = field(default=(), repr=False)

    @property
    def arrears(self) -> Fen:
        """Both sides."""
        return self.employee_arrears + self.employer_arrears

    @property
    def total(self) -> Fen:
        """What settling everything today takes."""
        return self.arrears + self.late_fee

    @property
    def total_later(self) -> Fen:
        """What settling everything on the later day takes."""
        return self.arrears + self.late_fee_later

    @property
    def monthly(self) -> Fen:
        """What insuring costs both sides a month from now on."""
        return self.employee_monthly + self.employer_monthly


@dataclass(frozen=True, slots=True)
class CompanySheet:
    """The company's money on a day: the sums of its people's sheets, fen.

    `severance` is if each of them leaves for it, over the `people` of whom it can be reckoned. `unreckoned` counts the
    people of whom nothing can be told; with any, or with an incomplete sheet, it is more in truth.
    """

    on: date
    later: date
    people: tuple[PersonSheet, ...] = field(repr=False)
    employee_arrears: Fen
    employer_arrears: Fen
    late_fee: Fen
    late_fee_later: Fen
    fine: Span
    hidden_fine: Span
    severance: Fen
    work_injury: WorkInjury
    employee_monthly: Fen
    employer_monthly: Fen
    unreckoned: int
    complete: bool
    sources: tuple[str, ...]

    @property
    def arrears(self) -> Fen:
        """Both sides."""
        return self.employee_arrears + self.employer_arrears

    @property
    def total(self) -> Fen:
        """What settling everything today takes."""
        return self.arrears + self.late_fee

    @property
    def total_later(self) -> Fen:
        """What settling everything on the later day takes."""
        return self.arrears + self.late_fee_later

    @property
    def monthly(self) -> Fen:
        """What insuring all of them costs both sides a month from now on."""
        return self.employee_monthly + self.employer_monthly


def person_sheet(profile: Profile, ground: Ground, today: date) -> PersonSheet | None:
    """One employee's sheet: months without insurance and months with too low a base together.

    None where there is neither.
    """
    holds = ground.owed and not profile.insured
    owed = unpaid_months(profile, ground, today) if ground.owed else Owed()
    short = short_months(profile, ground, today)
    states: list[State] = []
    if holds or owed.months:
        states.append("hold" if holds else "unpaid")
    if short.months:
        states.append("floor")
        # What the running month will lack is no arrears yet beside months that are.
        owed = owed if owed.months and not short.due else owed.joined(short)
    if not states:
        return None
    exposure = exposure_of(profile, ground, owed, today)
    if not isinstance(exposure, Exposure):
        return _without_arrears(profile, ground, today, tuple(states), exposure)
    return PersonSheet(
        employee=profile.employee,
        on=today,
        states=tuple(states),
        months=len(exposure.months),
        employee_arrears=exposure.employee,
        employer_arrears=exposure.employer,
        late_fee=exposure.late_fee(today),
        later=today + AHEAD,
        late_fee_later=exposure.late_fee(today + AHEAD),
        fine=exposure.fine,
        hidden_fine=exposure.hidden_fine,
        severance=exposure.severance,
        employee_monthly=exposure.employee_monthly,
        employer_monthly=exposure.employer_monthly,
        complete=exposure.complete,
        assumed=exposure.assumed,
        due=exposure.due,
        sources=exposure.sources,
    )


def _without_arrears(
    profile: Profile, ground: Ground, today: date, states: tuple[State, ...], why_not: Unreckoned
) -> PersonSheet:
    """Nothing is due yet, or nothing can be told of it; what insuring costs from now on, where wage and place are known."""
    sheet = PersonSheet(
        employee=profile.employee,
        on=today,
        states=states,
        later=today + AHEAD,
        complete=why_not == "months" and ground.joined_on is not None,
        why_not=why_not,
    )
    if profile.gross_wage is None or profile.region is None:
        return sheet
    lawful = lawful_base(
        ground.library, profile.gross_wage, profile.region, today, today, ground.injury_class
    )
    return replace(
        sheet,
        employee_monthly=lawful.employee,
        employer_monthly=lawful.employer,
        complete=sheet.complete and lawful.complete,
        sources=tuple(dict.fromkeys(line.terms.source for line in lawful.lines if line.terms.source)),
    )


def company_sheet(sheets: Iterable[PersonSheet], today: date) -> CompanySheet:
    """The company's sheet of the sheets of its people of the same day, who costs most first."""
    people = tuple(sorted(sheets, key=lambda each: (-each.total, each.employee)))
    return CompanySheet(
        on=today,
        later=today + AHEAD,
        people=people,
        employee_arrears=sum(each.employee_arrears for each in people),
        employer_arrears=sum(each.employer_arrears for each in people),
        late_fee=sum(each.late_fee for each in people),
        late_fee_later=sum(each.late_fee_later for each in people),
        fine=_span([each.fine for each in people]),
        hidden_fine=_span([each.hidden_fine for each in people]),
        severance=sum(each.severance or 0 for each in people),
        work_injury="not_computable",
        employee_monthly=sum(each.employee_monthly for each in people),
        employer_monthly=sum(each.employer_monthly for each in people),
        unreckoned=sum(each.why_not not in (None, "months") for each in people),
        complete=all(each.complete for each in people),
        sources=tuple(dict.fromkeys(key for each in people for key in each.sources)),
    )


def _span(spans: Sequence[Span]) -> Span:
    return Span(sum(each.low for each in spans), sum(each.high for each in spans))
