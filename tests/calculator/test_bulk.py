"""A population gives the very figures that each of its households gets alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from bench import plain
from bench.run import DAY, JOBS, make_population
from calculator.assessment import assess
from calculator.bulk import Population, assess_population, make_tables
from calculator.case import Case, Earner, Household
from calculator.money import LARGEST, AmountTooLarge, Rounding
from calculator.rules import Rules
from policy_kb.library import Library


def alone(population: Population, household: int, library: Library) -> tuple[int, ...]:
    """The household's own assessment: countable income insured, by the other reading, and uninsured."""
    start = int(population.start[household])
    persons = range(start, start + 4)
    earners = tuple(
        Earner(wage=int(population.wage[each]), region=JOBS[int(population.job[each])]) for each in persons
    )
    home = JOBS[int(population.home[household])]
    case = Case(
        region=earners[0].region,
        dibao_region=home,
        on=DAY,
        as_of=DAY,
        household=Household(
            size=4, earners=earners, other_income=int(population.other_income[household]), dibao="receiving"
        ),
        standard_monthly=int(population.line[household]),
    )
    answer = assess(case, library.rules(case))
    assert answer.other_reading is not None
    return answer.insured.countable, answer.other_reading.countable, answer.uninsured.countable


def test_each_household_of_a_population_gets_the_figures_it_gets_alone(library: Library) -> None:
    population, tables = make_population(library, 400)
    results = assess_population(population, tables)
    for household in range(400):
        together = tuple(
            int(column[household]) for column in (results.insured, results.insured_other, results.uninsured)
        )
        assert together == alone(population, household, library), household


def test_straight_numpy_agrees(library: Library) -> None:
    population, tables = make_population(library, 20_000)
    ours, straight = assess_population(population, tables), plain.population(population, tables)
    for name in (
        "employee_total",
        "employer_total",
        "tax",
        "take_home",
        "insured_within",
        "uninsured_within",
    ):
        assert np.array_equal(getattr(ours, name), getattr(straight, name)), name


def test_regions_that_round_differently_are_rounded_each_their_own_way(library: Library) -> None:
    jobs = [library.job(region, DAY, DAY) for region in JOBS[:2]]
    up_to_the_jiao = Rounding("up", 10)
    terms = tuple(replace(each, employee_rounding=up_to_the_jiao) for each in jobs[1].terms)
    homes = [library.home(region, None, DAY, DAY) for region in JOBS[:2]]
    tables = make_tables([jobs[0], replace(jobs[1], terms=terms)], homes)
    wage = np.array([733_333, 733_333], dtype=np.int64)
    one = np.ones(2, dtype=np.int64)
    population = Population(
        wage, np.array([0, 1], np.int32), np.array([0, 1]), one, one * 0, np.zeros(2, np.int32), one * 100_000
    )
    results = assess_population(population, tables)
    expected = []
    for index, job in enumerate((jobs[0], replace(jobs[1], terms=terms))):
        case = Case(JOBS[index], JOBS[0], DAY, DAY, Household(1, (Earner(733_333, JOBS[index]),)))
        month = assess(case, Rules((job,), homes[0])).insured_month
        expected.append(int(month.own_insurance))
    assert results.employee_total.tolist() == expected
    assert expected[1] % 10 == 67 % 10  # three amounts in whole jiao, and the yearly charge's 21.67


def test_amounts_beyond_64_bits_are_refused(library: Library) -> None:
    population, tables = make_population(library, 10)
    too_large = population.wage.copy()
    too_large[3] = LARGEST + 1
    with pytest.raises(AmountTooLarge):
        assess_population(replace(population, wage=too_large), tables)


def test_a_region_with_an_unknown_figure_does_not_enter_a_population(library: Library) -> None:
    jobs = [library.job("340200", DAY, DAY)]  # Wuhu: no medical record
    with pytest.raises(ValueError, match="lacks a figure"):
        make_tables(jobs, [library.home("340200", None, DAY, DAY)])
    with pytest.raises(ValueError, match="tax"):
        make_tables([library.job("110000", date(2018, 1, 1), DAY)], [])
