"""New bounds that were published late: what each month that was already paid lacks by them, and whether that is arrears.

Such a difference is no arrears while the notice that published the bounds allows catching up (law as recorded under
BASE-CATCH-UP-BJ): no late fee runs until that day has passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple

from calculator.exposure import late_fee
from calculator.money import Fen, parse_rate
from calculator.rules import JobRules
from locales import N_
from policy_kb.exposures import LATE_FEE
from policy_kb.library import Library
from profiles.ground import Ground, last_due_month, months_from, was_paid
from profiles.lawful import base_under
from profiles.profile import Profile

#: Whether the differences can still be paid without a late fee; `unknown` where no day is on record.
CatchUp = Literal["open", "over", "unknown"]
CATCH_UP: Final[Mapping[CatchUp, str]] = {
    "open": N_("还在补差期内，不算欠缴"),
    "over": N_("补差期已过，按欠缴算"),
    "unknown": N_("补差到哪天没有记下"),
}


class MonthDifference(NamedTuple):
    """What a month lacks on each side by the new bounds, fen; below zero where too much was paid."""

    month: date
    employee: Fen
    employer: Fen


@dataclass(frozen=True, slots=True)
class Settlement:
    """The differences of one employee, fen. `assumed` months were reckoned with today's wage.

    `late_fee` is what has run on both sides' differences since the last day of catching up; zero while that is open or not
    on record. `complete` is false where an insurance is not known.
    """

    months: tuple[MonthDifference, ...] = field(repr=False)
    catch_up: CatchUp
    until: date | None
    late_fee: Fen = field(repr=False)
    assumed: int
    complete: bool

    @property
    def employee(self) -> Fen:
        """The employee's side."""
        return sum(each.employee for each in self.months)

    @property
    def employer(self) -> Fen:
        """The employer's side."""
        return sum(each.employer for each in self.months)


def settle(profile: Profile, ground: Ground, today: date) -> Settlement | None:
    """What new bounds mean for the months that are paid; None where no month is another one by them."""
    if ground.before is None or profile.region is None:
        return None
    found: list[MonthDifference] = []
    assumed, complete = 0, True
    for month, wage, base, guessed in _paid_months(profile, ground, today):
        as_of = max(month, today)
        old = ground.before.job(profile.region, month, as_of)
        new = ground.library.job(profile.region, month, as_of)
        basis = _basis(wage, base, old)
        paid = base_under(old, basis, ground.injury_class)
        owed = base_under(new, basis, ground.injury_class)
        difference = MonthDifference(month, owed.employee - paid.employee, owed.employer - paid.employer)
        if difference.employee or difference.employer:
            found.append(difference)
            assumed += guessed
            complete = complete and paid.complete and owed.complete
    if not found:
        return None
    state, until = _catch_up(ground, today), ground.catch_up_until
    fee = _fee(ground.library, found, until, today) if state == "over" and until is not None else 0
    return Settlement(tuple(found), state, until, fee, assumed, complete)


def _paid_months(
    profile: Profile, ground: Ground, today: date
) -> Iterator[tuple[date, Fen, Fen | None, bool]]:
    """Months that were paid: month, wage, declared base, whether the wage is only today's."""
    records = {each.month: each for each in ground.months}
    told = profile.behind.get("gross_wage")
    first = [*records, *([] if told is None else [told.holds_from])]
    for month in months_from(min(first, default=today), last_due_month(today, ground.account)):
        record = records.get(month)
        if not was_paid(record, month, profile):
            continue
        if record is not None:
            yield month, record.wage, record.base, False
        elif told is not None and told.holds_from <= month and profile.gross_wage is not None:
            yield month, profile.gross_wage, profile.base, True


def _basis(wage: Fen, base: Fen | None, old: JobRules) -> Fen:
    """The wage, or a higher wage that was declared; a base that is declared at a floor says nothing about the wage."""
    floors = [terms.base_floor or 0 for terms in old.terms]
    return base if base is not None and base > max(wage, *floors) else wage


def _catch_up(ground: Ground, today: date) -> CatchUp:
    if ground.catch_up_until is None:
        return "unknown"
    return "open" if today <= ground.catch_up_until else "over"


def _fee(library: Library, months: list[MonthDifference], until: date, today: date) -> Fen:
    """社会保险法 第八十六条, from the day after catching up ended; on what is lacking alone."""
    rate = parse_rate(library.statutes[LATE_FEE].data["late_fee_daily_rate"])
    lacking = (max(each.employee, 0) + max(each.employer, 0) for each in months)
    return sum(late_fee(each, rate, until + timedelta(days=1), today) for each in lacking)
