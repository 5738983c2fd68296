"""Where the region's own rule on deducting contributions is on record, it alone counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from calculator.assessment import Assessment, assess
from calculator.case import Case, Earner, Household
from policy_kb.library import Library

DAY = date(2026, 10, 15)
ALI = Case(
    region="320500",
    dibao_region="341200",
    on=DAY,
    as_of=DAY,
    household=Household(size=4, earners=(Earner(350_000, "320500"),), dibao="receiving"),
    area="rural",
    standard_monthly=80_000,
)


def under_a_rule(library: Library, deducts: bool | None) -> Assessment:
    rules = library.rules(ALI)
    return assess(ALI, replace(rules, dibao=replace(rules.dibao, local_deduction=deducts)))


def test_without_one_both_readings_stand(library: Library) -> None:
    answer = under_a_rule(library, None)
    assert (answer.insured.verdict, answer.insured.countable) == ("depends", 297_504)
    assert answer.other_reading is not None and answer.other_reading.countable == 350_000


@pytest.mark.parametrize(
    ("deducts", "countable", "verdict", "cost"),
    [(True, 297_504, "within", (30_000, 30_000)), (False, 350_000, "unknown", (52_496, 52_496))],
)
def test_with_one_there_is_no_other_reading(
    library: Library, deducts: bool, countable: int, verdict: str, cost: tuple[int, int]
) -> None:
    """Not deducted, 3500 is over 3200, but the work costs that nobody has a figure for could still matter."""
    answer = under_a_rule(library, deducts)
    assert answer.other_reading is None
    assert (answer.insured.countable, answer.insured.verdict, answer.net_cost) == (countable, verdict, cost)
    assert answer.steps["countable_income.insured"].value == countable
