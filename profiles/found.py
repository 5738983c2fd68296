"""A state that was found, and what it costs by the day: nobody insured, or a base declared below the lawful one.

Both are exposures of the employer, computed because they are there. Nothing here or anywhere is an act that would bring
them about: no text allows an employer to put contributions off or to declare less than the wage (社会保险法 第六十条).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final, Literal, NamedTuple

from calculator.case import EARLIEST
from calculator.exposure import late_fee
from calculator.fields import InputError
from calculator.money import Fen, Ppm, divide, format_yuan, parse_rate, parse_yuan
from locales import N_
from people.records import PayMonth
from policy_kb.exposures import expose
from policy_kb.library import Library
from policy_kb.periods import add_months
from profiles.ground import Ground, last_due_month, month_of, months_from, was_paid
from profiles.lawful import lawful_base
from profiles.profile import Profile

#: `hold`: somebody whom the employer must insure is not insured; `unpaid`: they are by now, and earlier months were not paid;
#: `floor`: the declared base is below the lawful one.
State = Literal["hold", "unpaid", "floor"]
STATES: Final[Mapping[State, str]] = {
    "hold": N_("应该参保，还没有参保"),
    "unpaid": N_("已经参保，以前有月份没有缴"),
    "floor": N_("申报的基数低于依法该按的基数"),
}
#: Why nothing can be reckoned.
Unreckoned = Literal["wage", "months", "region"]
UNRECKONED: Final[Mapping[Unreckoned, str]] = {
    "wage": N_("没有工资的记录"),
    "months": N_("还没有哪个月到了缴费的日子，或者没有写哪天入职"),
    "region": N_("没有写参保地，或者政策库里没有这里"),
}
#: 劳动保障监察条例 第二十七条: a fine by the wages that were not declared.
HIDDEN_WAGES: Final = "INSP-27"
#: Whoever was not insured when an accident happened is paid by the employer: 工伤保险条例 第六十二条.
WORK_INJURY: Final = "INJ-62"


class OwedMonth(NamedTuple):
    """A month without full contributions: `base_paid` None where nothing was paid."""

    month: date
    wage: Fen
    base_paid: Fen | None


class MonthCost(NamedTuple):
    """What a month lacks on both sides, fen; the late fee runs from `late_from`, that day included."""

    month: date
    employee: Fen
    employer: Fen
    late_from: date

    @property
    def total(self) -> Fen:
        """Both sides: the share that was not withheld is owed by the employer too (社会保险法 第六十条)."""
        return self.employee + self.employer


class DayCost(NamedTuple):
    """What settling everything on a day takes, fen."""

    on: date
    late_fee: Fen
    total: Fen


class Span(NamedTuple):
    """From and to, fen."""

    low: Fen
    high: Fen


@dataclass(frozen=True, slots=True)
class Exposure:
    """What months without full contributions cost on a day, fen.

    `fine` is the range after an order's deadline has passed (社会保险法 第八十六条); `hidden_wages` what was not declared of
    the wages, and `hidden_fine` the range on it (劳动保障监察条例 第二十七条). `severance` is for an employee who leaves for
    it, None where it cannot be reckoned. `monthly` is what both sides pay from now on, `employee_monthly` of it the
    employee. `assumed` months were reckoned with today's wage; `complete` is false where a month or an insurance is not
    known, so that it is more in truth. `due` is false where the only month is the running one. `sheet` is the answer of
    `policy_kb.exposures.expose`.
    """

    on: date
    months: tuple[MonthCost, ...] = field(repr=False)
    daily_rate: Ppm
    fine: Span = field(repr=False)
    hidden_wages: Fen = field(repr=False)
    hidden_fine: Span = field(repr=False)
    severance: Fen | None = field(repr=False)
    employee_monthly: Fen = field(repr=False)
    employer_monthly: Fen = field(repr=False)
    complete: bool
    assumed: int
    due: bool
    sources: tuple[str, ...] = field(repr=False)
    sheet: Mapping[str, Any] = field(repr=False)

    @property
    def employee(self) -> Fen:
        """The shares that were not withheld."""
        return sum(each.employee for each in self.months)

    @property
    def employer(self) -> Fen:
        """The employer's shares."""
        return sum(each.employer for each in self.months)

    @property
    def arrears(self) -> Fen:
        """Both sides."""
        return self.employee + self.employer

    @property
    def monthly(self) -> Fen:
        """What both sides pay a month from now on."""
        return self.employee_monthly + self.employer_monthly

    def late_fee(self, day: date) -> Fen:
        """The late fee if everything is settled on a day, each month rounded by itself (社会保险法 第八十六条)."""
        return sum(late_fee(each.total, self.daily_rate, each.late_from, day) for each in self.months)

    def by_day(self, days: int = 30) -> tuple[DayCost, ...]:
        """Day by day, from the day of the exposure on."""
        dates = (self.on + timedelta(days=after) for after in range(days + 1))
        return tuple(DayCost(day, fee := self.late_fee(day), self.arrears + fee) for day in dates)


@dataclass(frozen=True, slots=True)
class Found:
    """A state as it was found, and its exposure, or why that cannot be reckoned."""

    state: State
    exposure: Exposure | None = field(default=None, repr=False)
    why_not: Unreckoned | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """Months that are owed; `assumed` of them with today's wage, `unknown` further ones of no known wage."""

    months: tuple[OwedMonth, ...] = field(default=(), repr=False)
    assumed: int = 0
    unknown: int = 0
    #: Whether months lie before the first that can be reckoned.
    earlier: bool = False
    due: bool = True

    def joined(self, other: Owed) -> Owed:
        """Both together, by month."""
        months = tuple(sorted({*self.months, *other.months}))
        return Owed(
            months,
            self.assumed + other.assumed,
            self.unknown + other.unknown,
            self.earlier or other.earlier,
            self.due and other.due,
        )


def find_hold(profile: Profile, ground: Ground, today: date) -> Found | None:
    """Whether somebody whom the employer must insure is not insured, and what that costs; None where it is not so."""
    if profile.insured or not ground.owed:
        return None
    return _found("hold", profile, ground, unpaid_months(profile, ground, today), today)


def find_floor(profile: Profile, ground: Ground, today: date) -> Found | None:
    """Whether less than the lawful base is declared for somebody who is insured, or was on a month of record."""
    owed = short_months(profile, ground, today)
    return _found("floor", profile, ground, owed, today) if owed.months else None


def unpaid_months(profile: Profile, ground: Ground, today: date) -> Owed:
    """Months until the last due one for which nothing was paid, by the records; else by whether they were insured."""
    first = _first_month(profile, ground)
    if first is None:
        return Owed()
    records = {each.month: each for each in ground.months}
    owed: list[OwedMonth] = []
    assumed = unknown = 0
    for month in months_from(max(first, EARLIEST), last_due_month(today, ground.account)):
        record = records.get(month)
        if was_paid(record, month, profile):
            continue
        wage = profile.gross_wage if record is None else record.wage
        if wage is None:
            unknown += 1
            continue
        assumed += record is None
        owed.append(OwedMonth(month, wage, None))
    return Owed(tuple(owed), assumed, unknown, first < EARLIEST)


def _first_month(profile: Profile, ground: Ground) -> date | None:
    days = [each.month for each in ground.months]
    if ground.joined_on is not None:
        days.append(ground.joined_on)
    elif "gross_wage" in profile.behind:
        days.append(profile.behind["gross_wage"].holds_from)
    return month_of(min(days)) if days else None


def short_months(profile: Profile, ground: Ground, today: date) -> Owed:
    """Months whose declared base was below the lawful one. Where none is due yet, the running one, marked so."""
    recorded = [
        OwedMonth(each.month, each.wage, each.base)
        for each in ground.months
        if each.base is not None and each.month <= today and was_paid(each, each.month, profile)
    ]
    known = {each.month for each in ground.months if each.base is not None or each.paid is False}
    assumed = [each for each in _declared_months(profile, ground, today) if each.month not in known]
    last = last_due_month(today, ground.account)
    short = [each for each in (*recorded, *assumed) if _is_short(profile, ground, each, today)]
    due = sorted(each for each in short if each.month <= last or each in recorded)
    if due:
        return Owed(tuple(due), sum(each in assumed for each in due))
    return Owed(tuple(short), assumed=len(short), due=not short)


def _declared_months(profile: Profile, ground: Ground, today: date) -> list[OwedMonth]:
    """Months since wage and declared base stand beside each other as they do, until the last due one, and the running one."""
    wage, base = profile.gross_wage, profile.base
    if wage is None or base is None or not profile.insured:
        return []
    since = max(profile.behind[what].holds_from for what in ("gross_wage", "base", "insured_since"))
    last = last_due_month(today, ground.account)
    months = dict.fromkeys((*months_from(max(since, EARLIEST), last), month_of(today)))
    return [OwedMonth(month, wage, base) for month in months if profile.insured_in(month)]


def _is_short(profile: Profile, ground: Ground, month: OwedMonth, today: date) -> bool:
    if profile.region is None or month.base_paid is None or month.month < EARLIEST:
        return False
    lawful = lawful_base(ground.library, month.wage, profile.region, month.month, max(month.month, today))
    return lawful.is_above(month.base_paid)


def _found(state: State, profile: Profile, ground: Ground, owed: Owed, today: date) -> Found:
    reckoned = exposure_of(profile, ground, owed, today)
    return Found(state, why_not=reckoned) if isinstance(reckoned, str) else Found(state, reckoned)


def exposure_of(profile: Profile, ground: Ground, owed: Owed, today: date) -> Exposure | Unreckoned:
    """What owed months cost on a day by `policy_kb.exposures.expose`, or why that cannot be told."""
    if profile.region is None:
        return "region"
    if not owed.months:
        return "wage" if owed.unknown or profile.gross_wage is None else "months"
    try:
        sheet = expose(ground.library, _request(profile, ground, owed, today), today)
    except InputError:
        return "region"
    exposure = _read(sheet, today)
    hidden = _hidden_wages(ground, profile.region, owed.months, today)
    sources = (*exposure.sources, WORK_INJURY, *[HIDDEN_WAGES] * bool(hidden))
    return replace(
        exposure,
        hidden_wages=hidden,
        hidden_fine=_hidden_fine(ground.library, hidden),
        complete=exposure.complete and not owed.unknown and not owed.earlier,
        assumed=owed.assumed,
        due=owed.due,
        sources=tuple(key for key in dict.fromkeys(sources) if ground.library.has(key)),
    )


def _request(profile: Profile, ground: Ground, owed: Owed, today: date) -> dict[str, Any]:
    request: dict[str, Any] = {
        "region": profile.region,
        "injury_class": ground.injury_class,
        "months": [
            {
                "month": f"{each.month:%Y-%m}",
                "wage": format_yuan(each.wage),
                "base_paid": None if each.base_paid is None else format_yuan(each.base_paid),
            }
            for each in owed.months
        ],
    }
    account = ground.account
    if account is not None and account.declaration_day is not None:
        request |= {"due_day": account.declaration_day, "due_next_month": account.declared_next_month}
    wage = average_wage(profile, ground.months, today)
    joined = ground.joined_on
    if joined is not None and wage is not None and date(1950, 1, 1) <= joined <= today:
        request |= {"employed_since": joined.isoformat(), "average_wage": format_yuan(wage)}
    return request


def average_wage(profile: Profile, months: Sequence[PayMonth], today: date) -> Fen | None:
    """The average of the months of pay on record in the twelve before this one (劳动合同法 第四十七条), half up to the fen.

    Where none is on record, today's wage.
    """
    this = month_of(today)
    wages = [each.wage for each in months if add_months(this, -12) <= each.month < this]
    if not wages:
        return profile.gross_wage
    return int(divide(sum(wages) * 2, len(wages) * 2, "half_up"))


def _read(sheet: Mapping[str, Any], today: date) -> Exposure:
    fine, severance, from_now = sheet["fine"], sheet["severance"], sheet["from_now_on"]
    return Exposure(
        on=today,
        months=tuple(
            MonthCost(
                month=date.fromisoformat(f"{each['month']}-01"),
                employee=parse_yuan(each["employee_arrears"]),
                employer=parse_yuan(each["employer_arrears"]),
                late_from=date.fromisoformat(each["late_from"]),
            )
            for each in sheet["months"]
        ),
        daily_rate=parse_rate(sheet["late_fee_rate"]["daily"]),
        fine=Span(parse_yuan(fine["low"]), parse_yuan(fine["high"])),
        hidden_wages=0,
        hidden_fine=Span(0, 0),
        severance=None if severance is None else parse_yuan(severance["amount"]),
        employee_monthly=parse_yuan(from_now["employee_total"]),
        employer_monthly=parse_yuan(from_now["employer_total"]),
        complete=sheet["totals"]["complete"],
        assumed=0,
        due=True,
        sources=tuple(each["id"] for each in sheet["sources"]),
        sheet=sheet,
    )


def _hidden_fine(library: Library, hidden: Fen) -> Span:
    """The multiples of the wages that were not declared, as the record has them (劳动保障监察条例 第二十七条)."""
    data = library.statutes[HIDDEN_WAGES].data
    return Span(*(hidden * int(data[f"fine_multiple_{end}"]) for end in ("min", "max")))


def _hidden_wages(ground: Ground, region: str, months: Sequence[OwedMonth], today: date) -> Fen:
    """What was declared less than the wage: up to the ceiling, and nothing where a low wage lies below the floor."""
    hidden = 0
    for each in months:
        if each.base_paid is None:
            continue
        lawful = lawful_base(ground.library, each.wage, region, each.month, today).lowest or 0
        hidden += max(min(each.wage, lawful) - each.base_paid, 0)
    return hidden
