"""What the employee has told so far, and the household case that it makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Final, NamedTuple

from bot.understanding.facts import Facts
from calculator.money import Fen, format_yuan

#: The fields that a message can fill, in the order in which a result reads them back.
FIELDS: Final = (
    "on_book",
    "household_size",
    "wage",
    "wage_is_net",
    "other_income",
    "other_income_high",
    "region",
    "dibao_region",
    "area",
    "dibao",
    "standard_monthly",
    "received_monthly",
)
AMOUNTS: Final = frozenset(
    ("wage", "other_income", "other_income_high", "standard_monthly", "received_monthly")
)


class Change(NamedTuple):
    """A fact that was told before and is told otherwise now."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True, repr=False)
class Known:
    """The facts of one employee; amounts in fen a month, regions as codes, None where nothing was said.

    `same_region`: home and workplace are said to be one place, whichever is named. `deducts`: whether the township deducts
    contributions, as told by the worker. `waived` are the questions that the employee cannot or does not want to answer.
    """

    on_book: bool | None = None
    household_size: int | None = None
    wage: Fen | None = None
    wage_is_net: bool | None = None
    other_income: Fen | None = None
    other_income_high: Fen | None = None
    region: str | None = None
    dibao_region: str | None = None
    area: str | None = None
    dibao: str | None = None
    standard_monthly: Fen | None = None
    received_monthly: Fen | None = None
    same_region: bool = False
    deducts: bool | None = None
    waived: frozenset[str] = frozenset()

    def told(self, facts: Facts) -> tuple[Known, tuple[Change, ...]]:
        """These facts with a message's laid over them, and what of the earlier ones changed."""
        new = {name: getattr(facts, name) for name in FIELDS if getattr(facts, name) is not None}
        if facts.other_income is not None and facts.other_income_high is None:
            new["other_income_high"] = None
        if (
            facts.wage is not None
            and facts.wage_is_net is None
            and self.wage is not None
            and facts.wage != self.wage
        ):
            new["wage_is_net"] = (
                self.wage_is_net
            )  # a corrected wage is of the same kind unless said otherwise
        if facts.same_region:
            new["same_region"] = True
        return self.having(new)

    def having(self, new: Mapping[str, Any]) -> tuple[Known, tuple[Change, ...]]:
        """These facts with others set, and the changes."""
        if new.get("same_region"):
            place = new.get("region") or new.get("dibao_region") or self.region or self.dibao_region
            new = {**new, "region": place, "dibao_region": place}
        elif self.same_region and self.region is None and self.dibao_region is None:
            place = new.get("region") or new.get("dibao_region")
            new = {"region": place, "dibao_region": place, **new} if place else new
        changes = tuple(
            Change(name, getattr(self, name), value)
            for name, value in new.items()
            if name in FIELDS and value != getattr(self, name) and getattr(self, name) is not None
        )
        set_now = {name for name, value in new.items() if value is not None}
        return replace(self, **new, waived=self.waived - _questions_of(set_now)), changes

    def waive(self, question: str) -> Known:
        """These facts without an answer to a question."""
        return replace(self, waived=self.waived | {question})

    def case(self, on: date) -> dict[str, Any]:
        """The case as the calculator reads it. Needs wage, region and household size."""
        assert self.wage is not None and self.region is not None
        household: dict[str, Any] = {
            "size": self.household_size or 1,
            "employee_on_book": self.on_book,
            "dibao": self.status,
            "earners": [{"wage": format_yuan(self.wage), "wage_is_net": self.wage_is_net is True}],
        }
        for name in ("other_income", "other_income_high", "received_monthly"):
            if (amount := getattr(self, name)) is not None:
                household[name] = format_yuan(amount)
        data: dict[str, Any] = {"region": self.region, "on": on.isoformat(), "household": household}
        if self.dibao_region is not None:
            data["dibao_region"] = self.dibao_region
        if self.area is not None:
            data["area"] = self.area
        if self.standard_monthly is not None:
            data["standard_monthly"] = format_yuan(self.standard_monthly)
        return data

    @property
    def status(self) -> str:
        """The dibao status: as told; a family that has a book with the employee on it draws dibao."""
        if self.dibao is not None:
            return self.dibao
        return "receiving" if self.on_book is not None or self.received_monthly else "unknown"

    def as_json(self) -> dict[str, Any]:
        """The facts as plain data."""
        data = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            **{name: value for name, value in data.items() if value is not None},
            "waived": sorted(self.waived),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Known:
        """The facts that `as_json` gave."""
        return cls(**{**data, "waived": frozenset(data.get("waived", ()))})


def facts_in(facts: Facts) -> int:
    """How many facts a message states."""
    return sum(getattr(facts, name) is not None for name in FIELDS)


def stated(facts: Facts) -> bool:
    """Whether a message states anything about the household or the job."""
    return any(getattr(facts, name) is not None for name in FIELDS) or facts.same_region


#: The field that answers a question, where the names differ.
ANSWERED_BY: Final[Mapping[str, str]] = {"gross_or_net": "wage_is_net", "dibao_status": "dibao"}


def field_of(question: str) -> str:
    """The field of `Known` that a question fills."""
    return ANSWERED_BY.get(question, question)


def _questions_of(names: Iterable[str]) -> frozenset[str]:
    back = {name: question for question, name in ANSWERED_BY.items()}
    return frozenset(back.get(name, name) for name in names)
