"""An employee's own file in words: each value with who said it and since when, for the chat and for 「我这里留了什么」."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from bot.dialogue.naming import PEOPLE, VALUES, YUAN
from calculator.money import format_yuan
from locales import Say
from policy_kb.divisions import Divisions
from profiles.changes import FIELDS, SOURCES, Change, Field, Income, Value
from profiles.profile import Profile

#: The facts of a calculation that a profile fills.
FACTS: Final[Mapping[Field, str]] = {
    "on_book": "on_book",
    "household_size": "household_size",
    "gross_wage": "wage",
    "other_income": "other_income",
    "region": "region",
    "home_region": "dibao_region",
    "area": "area",
    "dibao": "dibao",
    "dibao_line": "standard_monthly",
}


class OwnLine(NamedTuple):
    """One value: its name, the value, who said so, from which day it holds, and whether it rests on their word alone."""

    what: str
    value: str
    who: str
    since: date
    reported: bool


def lines(profile: Profile, divisions: Divisions, say: Say) -> Iterator[OwnLine]:
    """Every value that is known, in the order of the fields."""
    for what in FIELDS:
        if profile.value(what) is not None:
            yield line(profile.behind[what], divisions, say)


def line(change: Change, divisions: Divisions, say: Say) -> OwnLine:
    """What a change says."""
    return OwnLine(
        what=say(FIELDS[change.what]),
        value=value_told(change.what, change.value, divisions, say),
        who=say(SOURCES[change.source]),
        since=change.holds_from,
        reported=change.standing == "reported",
    )


def value_told(what: Field, value: Value, divisions: Divisions, say: Say) -> str:
    """A value in words."""
    if isinstance(value, Income):
        low, high = (say(YUAN, amount=format_yuan(each)) for each in value)
        return low if low == high else say("{low}到{high}", low=low, high=high)
    if isinstance(value, date):
        return value.isoformat()
    if (FACTS.get(what, what), value) in VALUES:
        return say(VALUES[FACTS.get(what, what), value])
    if what == "household_size":
        return say(PEOPLE, count=str(value))
    if isinstance(value, str):
        return divisions.full_name(value)
    return say(YUAN, amount=format_yuan(value or 0))


def facts_of(profile: Profile) -> dict[str, Any]:
    """What the calculator's dialogue takes over from a profile."""
    facts: dict[str, Any] = {
        name: profile.value(what) for what, name in FACTS.items() if profile.value(what) is not None
    }
    if profile.gross_wage is not None:
        facts["wage_is_net"] = False
    if profile.other_income is not None:
        low, high = profile.other_income
        facts |= {"other_income": low, "other_income_high": high if high > low else None}
    return facts
