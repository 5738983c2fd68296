"""What it has cost so far that somebody is not insured: which months are owed, and what `policy_kb.exposures` makes of them.

A month without a record of its wage counts with the wage of the roster, and it is said how many do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal

from calculator.case import EARLIEST
from calculator.fields import InputError
from calculator.money import Fen, format_yuan, parse_yuan
from locales import N_, Say, as_written
from people.entities import InsuredAccount, account_of
from people.standing import Uninsured
from policy_kb.exposures import expose
from policy_kb.library import Library
from profiles.ground import OWED, last_due_month, months_from

#: Why nothing can be reckoned.
Missing = Literal["employment", "wage", "months", "region"]
MISSING: Final[Mapping[Missing, str]] = {
    "employment": N_("用工形式要先核实，再看要不要参保"),
    "wage": N_("没有工资的记录"),
    "months": N_("没有写哪天入职"),
    "region": N_("没有写参保地，或者政策库里没有这里"),
}


@dataclass(frozen=True, slots=True)
class Running:
    """What is owed for both sides and the late fee until today, in fen.

    `complete` is false where a month or an insurance is not known, so that it is more in truth; `assumed` months were
    reckoned with the wage of the roster. `sheet` is the exposure as `policy_kb.exposures.expose` gives it.
    """

    arrears: Fen
    late_fee: Fen
    complete: bool
    assumed: int
    sheet: Mapping[str, Any] = field(repr=False)

    @property
    def total(self) -> Fen:
        """What settling today would take."""
        return self.arrears + self.late_fee


def running_cost(
    library: Library,
    who: Uninsured,
    accounts: Sequence[InsuredAccount],
    today: date,
    say: Say = as_written,
    later: Sequence[date] = (),
) -> Running | Missing:
    """What not being insured has cost somebody until a day, or why that cannot be told. `later` are further days on which
    it could be settled; 30 days on where none is given."""
    employee = who.employee
    if employee.employment not in OWED:
        return "employment"
    account = account_of(who.employee.region, who.employee.account, accounts)
    first = _first_month(who)
    if first is None:
        return "months"
    known = {month.month: month for month in who.months}
    owed: list[dict[str, str | None]] = []
    assumed = unknown = 0
    for month in months_from(max(first, EARLIEST), last_due_month(today, account)):
        record = known.get(month)
        if record is not None and record.paid:
            continue
        wage = employee.wage if record is None else record.wage
        if wage is None:
            unknown += 1
            continue
        assumed += record is None
        owed.append({"month": f"{month:%Y-%m}", "wage": format_yuan(wage), "base_paid": None})
    if not owed:
        return "wage" if unknown else Running(0, 0, True, 0, {})
    try:
        request = _request(who, account, owed, today)
        if later:
            request["later"] = [day.isoformat() for day in later]
        sheet = expose(library, request, today, say)
    except InputError:
        return "region"
    settled = sheet["settle"][0]
    arrears, fee = parse_yuan(sheet["totals"]["arrears"]), parse_yuan(settled["late_fee"])
    complete = sheet["totals"]["complete"] and not unknown and first >= EARLIEST
    return Running(arrears, fee, complete, assumed, sheet)


def _request(
    who: Uninsured, account: InsuredAccount | None, owed: Sequence[Mapping[str, str | None]], today: date
) -> dict[str, Any]:
    request: dict[str, Any] = {"region": who.employee.region, "months": list(owed)}
    if account is not None and account.injury_class is not None:
        request["injury_class"] = account.injury_class
    if account is not None and account.declaration_day is not None:
        request |= {"due_day": account.declaration_day, "due_next_month": account.declared_next_month}
    joined = who.employee.joined_on
    if joined is not None and who.employee.wage is not None and date(1950, 1, 1) <= joined <= today:
        request |= {
            "employed_since": joined.isoformat(),
            "average_wage": format_yuan(who.employee.wage),
        }
    return request


def _first_month(who: Uninsured) -> date | None:
    days = [month.month for month in who.months]
    days += [who.employee.joined_on] if who.employee.joined_on is not None else []
    return min(days).replace(day=1) if days else None
