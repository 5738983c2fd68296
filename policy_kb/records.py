"""The records of the library: one dataclass per kind of value, as its files hold them.

Amounts are integer fen, rates integer parts per million; `None` is unknown. `sources` are keys of `Source`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from calculator.money import Fen, Ppm, Rounding
from calculator.rules import Insurance, PeriodStatus, Status

Certainty = Literal["sourced", "single_source", "recalled", "unknown"]
Grade = Literal[
    "official_text_copy",
    "official_statistics_copy",
    "secondary_citation",
    "local_system_config",
    "recalled",
    "none",
]


@dataclass(frozen=True, slots=True)
class Source:
    """A text that a value comes from: as it calls itself, where it was read, and the words it gives."""

    key: str
    title: str
    where: str
    quote: str = ""
    retrieved: str = ""
    via: str = ""


@dataclass(frozen=True, slots=True)
class Basis:
    """The legal basis of a rule: law or notice, number, article."""

    title: str
    number: str
    article: str


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one notice sets for one insurance 缴费基数与费率; see `policy_kb/README.md` for each field."""

    region: str
    insurance: Insurance
    start: date
    until: date | None
    known: date | None
    document: str
    basis: str
    period: PeriodStatus
    base: Status
    rate: Status
    floor: Fen | None
    ceiling: Fen | None
    employee_rate: Ppm | None
    employer_rate: Ppm | None
    employee_rate_max: Ppm | None
    employer_rate_max: Ppm | None
    rate_classes: dict[int, Ppm]
    employee_fixed: Fen
    employer_fixed: Fen
    employee_annual: Fen | None
    schedule: dict[str, list[int]]
    employee_rounding: Rounding
    employer_rounding: Rounding
    maternity: str
    unmodelled: tuple[str, ...]
    applies_to: str
    note: str
    note_en: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DibaoLineRecord:
    """A dibao line, or a figure like one, as published: yuan per person and month, in fen."""

    region: str
    kind: Literal["line", "average", "floor"]
    start: date | None
    until: date | None
    as_of: date | None
    known: date | None
    urban: Fen | None
    rural: Fen | None
    unified: bool
    certainty: Certainty
    grade: Grade
    unverified: tuple[str, ...]
    note: str
    note_en: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """A dibao rule: how income is counted, who decides, what is private."""

    key: str
    region: str
    topic: str
    value: Any
    conditions: tuple[str, ...]
    start: date | None
    until: date | None
    certainty: Certainty
    basis: Basis
    text: str
    text_en: str
    note: str
    sources: tuple[str, ...]
    #: Local practice that illustrates and drives no figure.
    illustrative: bool = False


@dataclass(frozen=True, slots=True)
class Statute:
    """An article of the law on contributions, in our own words; `data` holds figures that the engine uses."""

    key: str
    basis: Basis
    start: date
    kind: str
    certainty: Certainty
    text: str
    text_en: str
    note: str
    sources: tuple[str, ...]
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaxRecord:
    """The yearly income tax table on wages, in fen and ppm: (upper end, rate, quick deduction)."""

    key: str
    start: date
    until: date | None
    basis: Basis
    certainty: Certainty
    basic_deduction_annual: Fen
    brackets: tuple[tuple[Fen | None, Ppm, Fen], ...]
    text: str
    text_en: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegionRecords:
    """Everything one region's file holds."""

    region: str
    name: str
    sources: tuple[Source, ...]
    contributions: tuple[Contribution, ...]
    inherits: tuple[tuple[Insurance, date], ...]
    not_applicable: tuple[Insurance, ...]
    lines: tuple[DibaoLineRecord, ...]
    rules: tuple[RuleRecord, ...]
    statutes: tuple[Statute, ...]
    taxes: tuple[TaxRecord, ...]

    def joined(self, other: RegionRecords) -> RegionRecords:
        """These records with another file's of the same region added."""
        return replace(
            self,
            sources=(*self.sources, *other.sources),
            contributions=(*self.contributions, *other.contributions),
            inherits=(*self.inherits, *other.inherits),
            lines=(*self.lines, *other.lines),
            rules=(*self.rules, *other.rules),
        )
