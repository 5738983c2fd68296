"""People and places for the tests of profiles: changes in a line, a library with other floors."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from calculator.money import parse_yuan
from policy_kb.library import Library
from policy_kb.records import Contribution
from profiles.changes import Change, Field, Source, Standing, Value
from profiles.profile import Profile, profile_on

TODAY = date(2026, 10, 15)
NOW = datetime(2026, 10, 15, 4, tzinfo=UTC)
SUZHOU, FUYANG = "320500", "341200"
#: The levels whose records make a job in Suzhou.
LEVELS = (SUZHOU, "320000")


def said(
    what: Field,
    value: Value,
    since: str = "2026-01-01",
    source: Source = "payroll",
    standing: Standing = "confirmed",
    at: str = "2026-01-05T08:00:00+00:00",
    **more: Any,
) -> Change:
    """A change of 阿丽's."""
    day, moment = date.fromisoformat(since), datetime.fromisoformat(at)
    values = {"employee": "ali", "said_by": source} | more
    return Change(
        what=what, value=value, holds_from=day, written_at=moment, source=source, standing=standing, **values
    )


def yuan(text: str) -> int:
    return parse_yuan(text)


def profile(*changes: Change, day: date = TODAY, consent: bool = True) -> Profile:
    return profile_on(changes, day, NOW, employee="ali", consent=consent)


def insured(wage: str, base: str | None = None, *more: Change, since: str = "2026-01-01") -> Profile:
    """阿丽, insured in Suzhou."""
    return profile(*insured_changes(wage, base, since), *more)


def insured_changes(wage: str, base: str | None = None, since: str = "2026-01-01") -> tuple[Change, ...]:
    changes = [
        said("region", SUZHOU, since, "hr"),
        said("gross_wage", yuan(wage), since),
        said("insured_since", date.fromisoformat(since), since, "social_insurance"),
    ]
    if base is not None:
        changes.append(said("base", yuan(base), since, "social_insurance"))
    return tuple(changes)


def uninsured(wage: str | None, *more: Change, since: str = "2026-08-10") -> Profile:
    """阿丽, working in Suzhou and not insured."""
    changes = [said("region", SUZHOU, since, "hr"), *more]
    if wage is not None:
        changes.append(said("gross_wage", yuan(wage), since))
    return profile(*changes)


def town(library: Library, floor: str, ceiling: str = "24762.00") -> Library:
    """The library with another floor and ceiling in Suzhou, of every insurance and year."""

    def other(value: Contribution) -> Contribution:
        return replace(value, floor=yuan(floor), ceiling=yuan(ceiling), base="sourced")

    return _with(library, f"floor {floor}", lambda values: [other(each) for each in values])


def published(library: Library, floor: str, start: str, known: str) -> Library:
    """The library with a further record of every insurance in Suzhou: a floor from `start` on, published on `known`."""

    def more(values: list[Contribution]) -> list[Contribution]:
        newest = {each.insurance: each for each in values if each.insurance != "housing_fund"}
        added = [
            replace(each, start=date.fromisoformat(start), known=date.fromisoformat(known), floor=yuan(floor))
            for each in newest.values()
        ]
        return [*values, *added]

    return _with(library, f"published {floor}", more)


def _with(library: Library, name: str, change: Any) -> Library:
    regions = [
        replace(records, contributions=tuple(change(list(records.contributions))))
        if records.region in LEVELS
        else records
        for records in library.regions.values()
    ]
    return Library(regions, library.divisions, library.version, f"{library.sha256}, {name}")
