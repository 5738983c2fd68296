"""A profile's values in words, and whose they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from calculator.money import format_yuan
from hr_console.personnel import Personnel, minute
from locales import N_
from people.employees import AREAS
from people.records import DIBAO_STATES
from profiles.changes import FIELDS, SOURCES, STANDINGS, Change, Field, Income, Value

NO_VALUE: Final = N_("没有，或者不知道")
NOT_CONFIRMED: Final = N_("还没有核实")
_YUAN: Final = N_("{yuan} 元")


@dataclass(frozen=True, slots=True)
class Said:
    """A change as a page shows it: what, which value, from which day, who said it and when it was written down."""

    what: Field = field(repr=False)
    name: str
    value: str = field(repr=False)
    since: str
    by: str
    at: str
    confirmed: bool
    standing: str


def said(change: Change, staff: Personnel) -> Said:
    """A change in words."""
    say = staff.say
    by = say(SOURCES[change.source])
    if change.source == "hr":
        by = f"{by} {staff.who(change.said_by)}"
    return Said(
        what=change.what,
        name=say(FIELDS[change.what]),
        value=value_words(change.what, change.value, staff),
        since=change.holds_from.isoformat(),
        by=by,
        at=minute(change.written_at),
        confirmed=change.standing == "confirmed",
        standing=say(STANDINGS["confirmed"] if change.standing == "confirmed" else NOT_CONFIRMED),
    )


def value_words(what: Field, value: Value, staff: Personnel) -> str:
    """A value as people read it."""
    say, place = staff.say, staff.place
    if value is None:
        return say(NO_VALUE)
    if isinstance(value, bool):
        return say(N_("是")) if value else say(N_("否"))
    if isinstance(value, Income):
        low, high = map(format_yuan, value)
        return say(_YUAN, yuan=low) if low == high else say(N_("{low} 到 {high} 元"), low=low, high=high)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        return str(value) if what == "household_size" else say(_YUAN, yuan=format_yuan(value))
    names: dict[str, Callable[[str], str]] = {
        "area": lambda text: say(AREAS.get(text, text)),
        "dibao": lambda text: say(next(word for state, word in DIBAO_STATES.items() if state == text)),
        "region": place,
        "home_region": place,
    }
    return names[what](value)
