"""Where the company stands: who is not insured, who told that their household draws dibao, whose base was changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
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
    """A change of the contribution base of an employee, who is named by their id."""

    employee: str
    adjustment: Adjustment


@dataclass(frozen=True, slots=True)
class Standing:
    """The roster as a whole, at one moment.

    `active` is how many employees there are; `uninsured` are those who are not insured, who joined first first. `dibao`
    is the status that each active employee told last, by their id, of those alone whose consent holds. `changes` are all
    changes of the base that were written down, the newest month first.
    """

    active: int
    uninsured: tuple[Uninsured, ...]
    dibao: Mapping[str, DibaoState] = field(repr=False)
    changes: tuple[BaseChange, ...]


class Standings(Protocol):
    """The roster as a whole. Reading it for a count is not logged; whoever shows it person by person logs that."""

    def read(self) -> Standing:
        """How it stands now."""

    def employees(self, ids: Collection[str]) -> tuple[Employee, ...]:
        """Some employees, in the order of their numbers."""
