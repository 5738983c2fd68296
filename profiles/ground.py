"""What is looked at beside an employee's profile: the library, the insured account, months of pay, what HR has set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from people.entities import InsuredAccount
from people.records import PayMonth
from policy_kb.library import Library
from policy_kb.periods import add_months
from profiles.profile import Profile

#: Whom the employer must insure in all insurances; for the others the duty depends.
OWED: Final = frozenset(("employee", "dispatched"))


@dataclass(frozen=True, slots=True)
class Ground:
    """What a strategy rests on beside the two profiles.

    `before` is the library as it was before the change of policy that is looked at, `refused_on` when the employee refused
    the notice that is looked at, which changes nothing about the duty: both are occasions, and None otherwise. `months` are
    the months of pay on record. `enrols_restored` is HR's rule that whoever is not insured and whose dibao is restored is
    enrolled without a further approval. `catch_up_until` is the last day on which differences from bounds that were
    published late can be paid without a late fee, as the notice that published them says; None where that is not on record.
    """

    library: Library
    before: Library | None = None
    account: InsuredAccount | None = None
    employment: str = "employee"
    joined_on: date | None = None
    months: Sequence[PayMonth] = field(default=(), repr=False)
    refused_on: date | None = field(default=None, repr=False)
    enrols_restored: bool = False
    catch_up_until: date | None = None

    @property
    def owed(self) -> bool:
        """Whether the employer must insure somebody employed like this (社会保险法 第十条, 第五十八条)."""
        return self.employment in OWED

    @property
    def injury_class(self) -> int:
        """The account's class of industry; the first where none is set."""
        return (self.account.injury_class if self.account else None) or 1


def month_of(day: date) -> date:
    """The first of the month."""
    return day.replace(day=1)


def last_due_month(today: date, account: InsuredAccount | None) -> date:
    """The last month whose day of payment has passed; where that day is not known, the month before this one."""
    this = month_of(today)
    if account is None or account.declaration_day is None:
        return add_months(this, -1)
    behind = int(account.declared_next_month) + int(today.day <= account.declaration_day)
    return add_months(this, -behind)


def months_from(first: date, last: date) -> Iterator[date]:
    """Every month from `first` to `last`, both included, as first days."""
    month = month_of(first)
    while month <= last:
        yield month
        month = add_months(month, 1)


def was_paid(record: PayMonth | None, month: date, profile: Profile) -> bool:
    """Whether contributions were paid for a month, by its record; where that does not say, whether it was insured."""
    if record is not None and record.paid is not None:
        return record.paid
    return profile.insured_in(month)
