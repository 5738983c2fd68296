"""Where the company stands: who is not insured, who told that their household draws dibao, whose base was changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from people.employees import Employee
from people.records import Adjustment, DibaoState, PayMonth

#: States in which the household is on the book or about to be: these are the dibao employees who must be insured too.
ON_THE_BOOK: Final[frozenset[DibaoState]] = frozenset(("receiving", "applying", "suspended"))


@dataclass(frozen=True, slots=True)
class Uninsured:
    """An active employee who is not insured, with the months of pay that are on record, the oldest first."""

    employee: Employee
    months: tuple[PayMonth, ...]


@dataclass(frozen=True, slots=True)
class BaseChange:
    """A change of somebody's contribution base."""

    employee: Employee
    adjustment: Adjustment


class Standings(Protocol):
    """The roster as a whole. Everyone in it is an active employee but for those whose base was changed before they left."""

    def active(self) -> int:
        """How many employees there are."""

    def uninsured(self) -> tuple[Uninsured, ...]:
        """Those who are not insured, those who joined first first."""

    def dibao(self) -> Mapping[str, DibaoState]:
        """The status that each employee told last, by their id; only of those whose consent holds.

        Reading it for a count is not logged; whoever shows it person by person logs that.
        """

    def employees(self, ids: Collection[str]) -> tuple[Employee, ...]:
        """Some employees, in the order of their numbers."""

    def adjusted(self, first: date, last: date) -> tuple[BaseChange, ...]:
        """Changes of the base that hold from a month in a period on, the newest month first."""
