"""What employees say of a case once it is closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Rate:
    """How many were asked in a period, how many of them answered, and how many of those were content."""

    asked: int
    answered: int
    content: int


class Ratings(Protocol):
    """The answers, counted."""

    def rate(self, first: date, last: date) -> Rate:
        """Those of the cases that were closed from one day to another in China, both included."""
