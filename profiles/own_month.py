"""What is paid for an employee in one month, both sides, and which change made it another amount: for whoever asks about it.

From the months of pay on record, and where a month is not there yet, reckoned from the profile.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, Literal

from calculator.money import Fen
from policy_kb.periods import add_months
from profiles.changes import Change, Field
from profiles.ground import Ground, month_of, was_paid
from profiles.lawful import LawfulBase, lawful_base
from profiles.profile import Profile, profile_on

#: How many months are looked back for what made the amount another one: nobody asks about an older pay slip.
MONTHS_BACK: Final = 18
#: paid, not_paid: as the month's record says. open: there is no record of it yet.
Standing = Literal["paid", "not_paid", "open"]
#: Where a base comes from: a bound, the wage of now, or what was declared from another wage, as that of the year before.
Footing = Literal["floor", "ceiling", "wage", "declared", "unknown"]
#: What made the amount another one: insurance began or ended, a value, or the published figures alone.
Cause = Literal["insured", "region", "base", "gross_wage", "policy"]


@dataclass(frozen=True, slots=True)
class OwnMonth:
    """One month of an employee, fen.

    `wage` is None where only a declared base is known. `declared` is the base that was declared; where there is none the
    shares in `lawful` follow from the wage. `insured`: whether they are paid. `withheld` is the own share that payroll
    withheld, where it is on record.
    """

    month: date
    standing: Standing
    insured: bool
    region: str
    wage: Fen | None = field(repr=False)
    declared: Fen | None = field(repr=False)
    lawful: LawfulBase = field(repr=False)
    withheld: Fen | None = field(default=None, repr=False)

    @property
    def base(self) -> Fen | None:
        """The base that counts for most insurances; None where the library has none to compute with."""
        return self.declared if self.lawful.decisive is None else self.lawful.lowest

    @property
    def employee(self) -> Fen:
        """The employee's share over the known insurances; nothing where nothing is paid."""
        return self.lawful.employee if self.insured else 0

    @property
    def employer(self) -> Fen:
        """The employer's share."""
        return self.lawful.employer if self.insured else 0

    @property
    def outside(self) -> Fen | None:
        """What was withheld beyond the reckoned share (below zero: less); None where that cannot be told."""
        if self.withheld is None or not self.lawful.complete or not self.insured:
            return None
        return self.withheld - self.employee

    @property
    def too_low(self) -> bool:
        """Whether less was declared than the law asks for; the shares are then those that it asks for."""
        return self.declared is not None and self.lawful.is_above(self.declared)

    @property
    def footing(self) -> Footing:
        """Where the base comes from."""
        decisive, base = self.lawful.decisive, self.base
        if decisive is None or base is None:
            return "unknown"
        if base == decisive.terms.base_floor:
            return "floor"
        if base == decisive.terms.base_ceiling:
            return "ceiling"
        return "wage" if base == self.wage else "declared"

    @property
    def sources(self) -> tuple[str, ...]:
        """The records that the lines rest on, once."""
        return tuple(dict.fromkeys(line.terms.source for line in self.lawful.lines if line.terms.source))


@dataclass(frozen=True, slots=True)
class Turning:
    """The last month in which what is paid became another amount, beside the month before it.

    `change` is what was written down of it, None where only the months of pay tell, or the policy changed.
    """

    cause: Cause
    before: OwnMonth
    after: OwnMonth
    change: Change | None = field(default=None, repr=False)


def own_month(profile: Profile, ground: Ground, month: date, today: date) -> OwnMonth | None:
    """A month of the employee by the rules of that month; None where wage and base, or the place, are not known."""
    record = next((each for each in ground.months if each.month == month), None)
    wage = profile.gross_wage if record is None else record.wage
    declared = profile.base if record is None or record.base is None else record.base
    basis = wage if declared is None else declared
    if basis is None or profile.region is None:
        return None
    known = record is not None and record.paid is not None
    paid = was_paid(record, month, profile)
    return OwnMonth(
        month=month,
        standing=("paid" if paid else "not_paid") if known else "open",
        insured=paid,
        region=profile.region,
        wage=wage,
        declared=declared,
        lawful=lawful_base(ground.library, basis, profile.region, month, today, ground.injury_class),
        withheld=None if record is None else record.own_share,
    )


def last_turning(
    changes: Iterable[Change], ground: Ground, today: date, known_by: datetime
) -> Turning | None:
    """What made the amount another one the last time, within `MONTHS_BACK`; None where nothing did, or nothing is known."""
    kept = tuple(changes)

    def as_of(month: date) -> tuple[Profile, OwnMonth | None]:
        last = min(add_months(month, 1) - timedelta(days=1), max(today, month))
        profile = profile_on(kept, last, known_by)
        return profile, own_month(profile, ground, month, today)

    profile, after = as_of(month_of(today))
    for back in range(1, MONTHS_BACK + 1):
        earlier, before = as_of(add_months(month_of(today), -back))
        if after is None or before is None:
            return None
        if (before.employee, before.employer) != (after.employee, after.employer):
            cause = _cause(before, after)
            return Turning(cause, before, after, _behind(cause, earlier, profile))
        profile, after = earlier, before
    return None


def _cause(before: OwnMonth, after: OwnMonth) -> Cause:
    if before.insured != after.insured:
        return "insured"
    if before.region != after.region:
        return "region"
    if before.declared != after.declared:
        return "base"
    if after.declared is None and before.wage != after.wage:
        return "gross_wage"
    return "policy"


def _behind(cause: Cause, before: Profile, after: Profile) -> Change | None:
    """The change that was written down for the cause, where it belongs to this turning."""
    what: Field | None = _FIELDS.get(cause)
    if what is None or before.value(what) == after.value(what):
        return None
    return after.behind.get(what)


_FIELDS: Final[dict[Cause, Field]] = {
    "insured": "insured_since",
    "region": "region",
    "base": "base",
    "gross_wage": "gross_wage",
}
