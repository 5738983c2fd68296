"""What is known of an employee on a day, as it was known at a moment: the fold of their changes.

What is confirmed counts; what is only reported fills a gap, or stands beside it as a conflict that HR settles. Nothing is
decided silently, and nothing depends on the order in which changes came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final, NamedTuple, get_args

from calculator.case import Area, Case, Earner, Household
from calculator.money import Fen
from people.records import DibaoState
from policy_kb.periods import add_months
from profiles.changes import Change, Field, Income, Value, allowed_to_keep, distinct

#: What must be known before a household's income can be held against its line.
FOR_A_VERDICT: Final[tuple[Field, ...]] = (
    "gross_wage",
    "region",
    "home_region",
    "household_size",
    "other_income",
)


class Conflict(NamedTuple):
    """Two changes that cannot both be right: the one that counts until HR settles it, and the other."""

    counts: Change
    against: Change


@dataclass(frozen=True, slots=True)
class Profile:
    """An employee on a day, as known at a moment; amounts in fen a month, None where nothing is known.

    `insured_since` and `insured_until` are days of insurance, both included. `behind` holds the change behind each value.
    """

    employee: str
    day: date
    known_by: datetime
    gross_wage: Fen | None = field(default=None, repr=False)
    net_wage: Fen | None = field(default=None, repr=False)
    base: Fen | None = field(default=None, repr=False)
    own_share: Fen | None = field(default=None, repr=False)
    insured_since: date | None = field(default=None, repr=False)
    insured_until: date | None = field(default=None, repr=False)
    region: str | None = field(default=None, repr=False)
    home_region: str | None = field(default=None, repr=False)
    area: Area | None = field(default=None, repr=False)
    on_book: bool | None = field(default=None, repr=False)
    household_size: int | None = field(default=None, repr=False)
    other_income: Income | None = field(default=None, repr=False)
    dibao_line: Fen | None = field(default=None, repr=False)
    dibao: DibaoState | None = field(default=None, repr=False)
    behind: Mapping[Field, Change] = field(default_factory=dict, repr=False)
    conflicts: tuple[Conflict, ...] = field(default=(), repr=False)

    @property
    def insured(self) -> bool:
        """Whether the employee is insured on the profile's day."""
        return self.insured_on(self.day)

    def insured_on(self, day: date) -> bool:
        """Whether the employee is insured on a day; an end that lies before the beginning is that of an earlier spell."""
        if self.insured_since is None or day < self.insured_since:
            return False
        ended = self.insured_until
        return ended is None or ended < self.insured_since or day <= ended

    def insured_in(self, month: date) -> bool:
        """Whether the employee is insured at the beginning or the end of a month, which is given by its first day."""
        last = add_months(month, 1) - timedelta(days=1)
        return self.insured_on(month) or self.insured_on(last)

    def is_reported(self, what: Field) -> bool:
        """Whether a value rests on somebody's word alone."""
        return what in self.behind and self.behind[what].standing == "reported"

    def value(self, what: Field) -> Value:
        """A field by its name."""
        found: Value = getattr(self, what)
        return found


def profile_on(
    changes: Iterable[Change], day: date, known_by: datetime, *, employee: str = "", consent: bool = False
) -> Profile:
    """The profile of one employee on `day`, from the changes that were written down by `known_by`.

    `consent` is whether the employee agrees now that the household's facts are kept: without it the profile holds none of
    them, for no past day either. `employee` names the one of whom there are no changes. Raises `ValueError` for changes of
    more than one employee.
    """
    known = [
        each
        for each in allowed_to_keep(distinct(changes), consent=consent)
        if each.written_at <= known_by and each.holds_from <= day
    ]
    who = {each.employee for each in known} or {employee}
    if len(who) > 1:
        raise ValueError("changes of more than one employee")
    behind: dict[Field, Change] = {}
    conflicts: list[Conflict] = []
    for what, told in groupby(sorted(known, key=lambda each: each.what), key=lambda each: each.what):
        newest = _newest_of_each(told)
        counts = _counting(newest)
        behind[what] = counts
        conflicts += [Conflict(counts, each) for each in newest if _contradicts(each, counts)]
    values = {what: change.value for what, change in behind.items()}
    return Profile(who.pop(), day, known_by, **values, behind=behind, conflicts=tuple(conflicts))  # type: ignore[arg-type]


def _newest_of_each(told: Iterable[Change]) -> list[Change]:
    """What each source says last, as reported and as confirmed, in a fixed order."""
    newest: dict[tuple[str, str], Change] = {}
    for change in sorted(told, key=lambda each: each.order):
        newest[change.source, change.standing] = change
    return sorted(newest.values(), key=lambda each: each.order)


def _counting(newest: list[Change]) -> Change:
    """The last confirmed one; where nobody confirmed any, the last reported one."""
    return max(newest, key=lambda each: (each.standing == "confirmed", each.order))


def _contradicts(other: Change, counts: Change) -> bool:
    """Whether a change says something else than the one that counts, and nobody has settled it.

    What holds from an earlier day is past. HR's own word settles what was said before it from that day on.
    """
    if other.value == counts.value or other.holds_from < counts.holds_from:
        return False
    settled = counts.source == "hr" and counts.standing == "confirmed"
    return not (settled and other.holds_from == counts.holds_from and other.written_at <= counts.written_at)


def changed(before: Profile | None, after: Profile) -> frozenset[Field]:
    """The fields that are another value now; all that are known where there was no profile before."""
    names: tuple[Field, ...] = get_args(Field)
    return frozenset(
        each for each in names if after.value(each) != (None if before is None else before.value(each))
    )


def missing_for_a_verdict(profile: Profile) -> tuple[Field, ...]:
    """What is not known without which the household cannot be held against its line."""
    return tuple(each for each in FOR_A_VERDICT if profile.value(each) is None)


def case_of(profile: Profile, on: date, as_of: date) -> Case | None:
    """The profile as a question for the calculator; None where something that it cannot do without is not known.

    Whose name is on the book, and the line, may be unknown: then the answer says so.
    """
    income = profile.other_income
    if profile.gross_wage is None or profile.region is None or profile.home_region is None:
        return None
    if profile.household_size is None or income is None:
        return None
    household = Household(
        size=profile.household_size,
        earners=(Earner(profile.gross_wage, profile.region),),
        employee_on_book=profile.on_book,
        other_income=income.low,
        other_income_high=income.high if income.high > income.low else None,
        dibao=profile.dibao or "unknown",
    )
    return Case(
        region=profile.region,
        dibao_region=profile.home_region,
        on=on,
        as_of=as_of,
        household=household,
        area=profile.area,
        standard_monthly=profile.dibao_line,
    )
