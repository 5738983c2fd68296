"""The household's money over the first earner's wage: the picture of the line, the cliff and the break-even."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calculator.assessment import Home
from calculator.case import Case
from calculator.household import benefit
from calculator.money import Amount, Column, Fen
from calculator.rules import Rules

POINTS = 200


@dataclass(frozen=True, slots=True)
class Curve:
    """Columns of equal length, fen a month, by the national reading.

    `money_*` is everything the household has: take-home pay of all, other income and the dibao benefit (zero where the
    line is not known); `benefit_*` the benefit alone.
    """

    wages: Column
    money_insured: Column
    money_uninsured: Column
    benefit_insured: Column
    benefit_uninsured: Column


def wage_curve(case: Case, rules: Rules, up_to: Fen, points: int = POINTS) -> Curve:
    """The curve from wage 1 to `up_to` fen, everything else as in the case."""
    home = Home(case, rules, None)
    wages = 1 + np.arange(points, dtype=np.int64) * (up_to - 1) // (points - 1)
    others = sum(int(month.take_home) for month in home.others) + case.household.other_income
    columns: list[Column] = []
    for insured in (True, False):
        month, counted = home.countable_over(wages, insured=insured)
        paid: Amount = 0 if home.line is None else benefit(counted.national, home.line, home.size)
        paid = np.broadcast_to(np.asarray(paid, dtype=np.int64), wages.shape)
        columns += [np.asarray(month.take_home + others + paid), paid]
    return Curve(wages, columns[0], columns[2], columns[1], columns[3])
