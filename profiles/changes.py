"""Dated changes: what of an employee is another value from which day on, who said so, and when it was written down.

A profile is nothing but the fold of them (`profiles.profile`). Amounts are fen a month.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias, get_args

from calculator.case import LARGEST_SIZE, Area
from calculator.fields import LARGEST_INPUT
from calculator.money import Fen
from locales import N_
from people.records import DIBAO_STATES, DibaoState, Purpose

Field = Literal[
    "gross_wage",
    "net_wage",
    "base",
    "own_share",
    "insured_since",
    "insured_until",
    "region",
    "home_region",
    "area",
    "on_book",
    "household_size",
    "other_income",
    "dibao_line",
    "dibao",
]
FIELDS: Final[Mapping[Field, str]] = {
    "gross_wage": N_("应发工资"),
    "net_wage": N_("实发工资"),
    "base": N_("申报的缴费基数"),
    "own_share": N_("代扣的个人部分"),
    "insured_since": N_("从哪天起参保"),
    "insured_until": N_("参保到哪天"),
    "region": N_("参保地"),
    "home_region": N_("老家"),
    "area": N_("城镇还是农村"),
    "on_book": N_("低保本上有没有本人"),
    "household_size": N_("低保本上几个人"),
    "other_income": N_("家里别人的收入"),
    "dibao_line": N_("本人说的低保线"),
    "dibao": N_("低保状态"),
}
#: What says something about the household: kept only while the employee's consent holds (个人信息保护法 第二十九条).
HOUSEHOLD: Final[frozenset[Field]] = frozenset(
    ("on_book", "household_size", "other_income", "dibao_line", "dibao")
)
#: From where it came.
Source = Literal["payroll", "social_insurance", "civil_affairs", "employee", "hr"]
SOURCES: Final[Mapping[Source, str]] = {
    "payroll": N_("工资系统"),
    "social_insurance": N_("社保系统"),
    "civil_affairs": N_("民政系统"),
    "employee": N_("本人"),
    "hr": N_("人事"),
}
#: What an employee tells is reported until somebody who can know confirms it.
Standing = Literal["reported", "confirmed"]
STANDINGS: Final[Mapping[Standing, str]] = {"reported": N_("本人说的，还没有核实"), "confirmed": N_("已核实")}

_MONEY: Final[frozenset[Field]] = frozenset(("gross_wage", "net_wage", "base", "own_share", "dibao_line"))
_DAYS: Final[frozenset[Field]] = frozenset(("insured_since", "insured_until"))
_REGIONS: Final[frozenset[Field]] = frozenset(("region", "home_region"))
_CHOICES: Final[Mapping[Field, tuple[str, ...]]] = {
    "area": get_args(Area),
    "dibao": tuple(DIBAO_STATES),
}


class Income(NamedTuple):
    """What the others of a household earn, fen a month; `low` and `high` are the same where it is known exactly."""

    low: Fen
    high: Fen


Value: TypeAlias = Fen | bool | str | date | Income | None


@dataclass(frozen=True, slots=True)
class Change:
    """One field is `value` from `holds_from` on. Raises `ValueError`, which names the field and never the value.

    `value` None: there is none any more, or nobody knows it. `said_by` is who said so, as the log names them: an account,
    a system, the employee. `written_at` is when it was written down. `reference` is the source's own number of what it
    sent: the same content under the same number is one change, whenever it comes again.
    """

    employee: str
    what: Field = field(repr=False)
    value: Value = field(repr=False)
    holds_from: date = field(repr=False)
    said_by: str = field(repr=False)
    written_at: datetime
    source: Source
    standing: Standing
    reference: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.written_at.tzinfo is None:
            raise ValueError("written_at lacks a time zone")
        if not _allowed(self.what, self.value):
            raise ValueError(f"{self.what} cannot be that")

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes it the same change when it comes again; without a reference that is the moment of writing too."""
        return (
            self.employee,
            self.what,
            self.holds_from.isoformat(),
            self.source,
            self.standing,
            self.said_by,
            repr(value_json(self.value)),
            f"no {self.reference}" if self.reference else f"at {self.written_at.astimezone(UTC).isoformat()}",
        )

    @property
    def order(self) -> tuple[date, datetime, tuple[str, ...]]:
        """Which of two changes of a field counts: the one that holds from the later day, then the one written later."""
        return self.holds_from, self.written_at, self.identity

    @property
    def purpose(self) -> Purpose | None:
        """What the employee must agree to for it to be kept (个人信息保护法 第二十九条); None where that takes no consent.

        What civil affairs told needs the consent to ask them; what the employee or HR told, the one to keep it.
        """
        if self.what not in HOUSEHOLD:
            return None
        return "civil_affairs" if self.source == "civil_affairs" else "dibao_status"


def distinct(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Each change once, as it was first written down, in an order that does not depend on how they came."""
    first: dict[tuple[str, ...], Change] = {}
    for change in sorted(changes, key=lambda each: each.written_at):
        first.setdefault(change.identity, change)
    return tuple(sorted(first.values(), key=lambda each: each.order))


def allowed_to_keep(changes: Iterable[Change], *, consent: bool) -> tuple[Change, ...]:
    """What may be kept: nothing about the household of somebody who did not agree to it, or no longer does."""
    return tuple(each for each in changes if consent or each.what not in HOUSEHOLD)


def _allowed(what: Field, value: Value) -> bool:
    if value is None:
        return True
    if what in _MONEY:
        return _is_amount(value)
    if what in _DAYS:
        return _is_day(value)
    if what in _REGIONS:
        return isinstance(value, str) and re.fullmatch(r"\d{6}", value, re.ASCII) is not None
    if what in _CHOICES:
        return isinstance(value, str) and value in _CHOICES[what]
    if what == "on_book":
        return isinstance(value, bool)
    if what == "household_size":
        return type(value) is int and 1 <= value <= LARGEST_SIZE
    return isinstance(value, Income) and all(map(_is_amount, value)) and value.low <= value.high


def _is_amount(value: object) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_INPUT


def _is_day(value: object) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def value_json(value: Value) -> Any:
    """A value as plain data for a store.

    >>> value_json(Income(0, 50_000)), value_json(date(2026, 10, 1)), value_json(350_000)
    ([0, 50000], '2026-10-01', 350000)
    """
    if isinstance(value, Income):
        return list(value)
    return value.isoformat() if isinstance(value, date) else value


def read_value(what: Field, data: Any) -> Value:
    """A value from what a store kept.

    Raises `ValueError` or `TypeError` where it is no such value.

    >>> read_value("other_income", [0, 50_000]), read_value("dibao", "suspended")
    (Income(low=0, high=50000), 'suspended')
    """
    value: Value = data
    if data is not None and what in _DAYS:
        value = date.fromisoformat(data)
    elif data is not None and what == "other_income":
        value = Income(*data)
    if not _allowed(what, value):
        raise ValueError(f"{what} cannot be that")
    return value


def dibao_of(value: Value) -> DibaoState | None:
    """The status that a change of `dibao` holds."""
    return next((state for state in DIBAO_STATES if state == value), None)
