"""The facts that a message states: amounts, people, places, days, and yes or no to the open question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from calculator.money import Fen

Why = Literal[
    "ambiguous_region",  # several places have this name: `choices` are their codes
    "which_region",  # one place is named, but whether one works there or is from there is open: `choices` is its code
    "per_year",  # the amount was given for a year: the month worked out is in the field, to be confirmed
    "vague_people",  # 上有老下有小, 一大家子: people are spoken of, but not how many
    "vague_amount",  # 没准, 三千多, 五六百, so much a day: `low` and `high` where they can be told
    "unclear_amount",  # an amount that can be read in two ways: `choices` are both, in fen, as decimal digits
]


@dataclass(frozen=True, slots=True)
class Unsure:
    """Something said that must be asked back. `field` is a field of `Facts`."""

    field: str
    why: Why
    choices: tuple[str, ...] = ()
    low: Fen | None = None
    high: Fen | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What one message says; `None` where it says nothing. Amounts in fen a month, regions as six-digit codes."""

    wage: Fen | None = None
    wage_is_net: bool | None = None
    household_size: int | None = None
    other_income: Fen | None = None
    other_income_high: Fen | None = None
    region: str | None = None
    dibao_region: str | None = None
    same_region: bool = False  # home and workplace are said to be one place, named or not
    area: Literal["urban", "rural"] | None = None
    on_book: bool | None = None
    dibao: Literal["none", "applying", "receiving", "suspended", "ended"] | None = None
    standard_monthly: Fen | None = None
    received_monthly: Fen | None = None
    amount: Fen | None = None  # 「不对，是3800」: it does not say of what
    on: date | None = None
    answer: Literal["yes", "no", "none", "unsure"] | None = None
    choice: int | None = None
    is_correction: bool = False
    is_what_if: bool = False
    unsure: tuple[Unsure, ...] = ()

    @property
    def unclear_place(self) -> str:
        """A place that is named without a word on what it is; empty where there is none."""
        unclear = (each.choices[0] for each in self.unsure if each.why == "which_region")
        return next(unclear, "")
