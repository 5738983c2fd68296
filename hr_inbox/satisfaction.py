"""How often a closed case was solved, as the employees say who were asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Rate:
    """How many were asked, how many of them said whether it was solved, and of how many it was."""

    asked: int
    answered: int
    solved: int

    @property
    def percent(self) -> int:
        """Of how many of a hundred who answered it was solved, rounded half up; there must be an answer.

        >>> Rate(40, 8, 5).percent
        63
        """
        return (self.solved * 200 + self.answered) // (2 * self.answered)


class Rates(Protocol):
    """The answers, counted."""

    def rate(self, first: date, last: date) -> Rate:
        """Of those who were asked from one day to another in China, both included."""
