"""What it costs an employer not to have paid: arrears 欠缴 by month and insurance, and the late fee 滞纳金 by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from calculator.contributions import Line, contribution
from calculator.money import MILLION, Fen, Ppm, divide


class Arrears(NamedTuple):
    """What one insurance of one month lacks, both sides, fen; None where the library cannot tell what was owed."""

    line: Line
    employee: Fen | None
    employer: Fen | None


@dataclass(frozen=True, slots=True)
class MonthOwed:
    """A month without full contributions; the late fee runs from `late_from`, that day included."""

    month: date
    wage: Fen
    base_paid: Fen | None
    late_from: date
    arrears: tuple[Arrears, ...]

    @property
    def employee(self) -> Fen:
        """The workers' share that was not withheld: owed by the employer too (社会保险法 第六十条)."""
        return sum(each.employee or 0 for each in self.arrears)

    @property
    def employer(self) -> Fen:
        """The employer's share."""
        return sum(each.employer or 0 for each in self.arrears)

    @property
    def total(self) -> Fen:
        """Both sides."""
        return self.employee + self.employer

    @property
    def complete(self) -> bool:
        """Whether every line of the month is known."""
        return all(each.employee is not None and each.employer is not None for each in self.arrears)


def arrears_of(line: Line, base_paid: Fen | None) -> Arrears:
    """What is owed on the lawful base less what a base already paid on has settled, not below zero."""
    terms = line.terms
    if not base_paid or line.employee is None or line.employer is None:
        return Arrears(line, _known(line.employee), _known(line.employer))
    paid = (
        contribution(base_paid, line.employee_rate, terms.employee_fixed, terms.employee_rounding),
        contribution(base_paid, line.employer_rate, terms.employer_fixed, terms.employer_rounding),
    )
    employee, employer = (
        max(int(owed) - int(settled or 0), 0)
        for owed, settled in zip((line.employee, line.employer), paid, strict=True)
    )
    return Arrears(line, employee, employer)


def late_fee(arrears: Fen, daily_rate: Ppm, start: date, paid_on: date) -> Fen:
    """滞纳金: simple, on the month's arrears, from the day of arrears to the day before payment; half up to the fen.

    社会保险法 第八十六条 (0.05 % a day).

    >>> late_fee(173_820, 500, date(2026, 10, 1), date(2026, 10, 31))
    2607
    """
    return int(divide(arrears * days_late(start, paid_on) * daily_rate, MILLION, "half_up"))


def days_late(start: date, paid_on: date) -> int:
    """Days from `start`, included, to the day of payment, excluded."""
    return max((paid_on - start).days, 0)


def severance_half_months(employed_since: date, left_on: date) -> int:
    """经济补偿 in half months of pay, 劳动合同法 第四十七条: a month for each full year.

    Half a year or more counts as a year, less as half of one.

    >>> severance_half_months(date(2023, 3, 1), date(2026, 11, 23))
    8
    """
    months = (left_on.year - employed_since.year) * 12 + left_on.month - employed_since.month
    started = left_on.day > employed_since.day
    if left_on.day < employed_since.day:
        months, started = months - 1, True
    years, rest = divmod(max(months, 0), 12)
    if not rest and not started:
        return years * 2
    return years * 2 + (2 if rest >= 6 else 1)


def severance(half_months: int, average_wage: Fen) -> Fen:
    """Half months of the average wage of the twelve months before, half up to the fen."""
    return int(divide(half_months * average_wage, 2, "half_up"))


def _known(amount: object) -> Fen | None:
    return amount if isinstance(amount, int) else None
