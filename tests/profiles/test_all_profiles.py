"""One pass over columns gives every profile what it gets alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from random import Random

import numpy as np
import pytest
from profile_samples import SUZHOU, insured, profile, said, yuan

from bench.profiles import DAY, places, raised, random_profile
from policy_kb.library import Library
from policy_kb.records import RegionRecords, RuleRecord
from profiles.bulk import NONE, VERDICTS, Columns, Rows, assess_all, columns_of, reassess
from profiles.changes import Income
from profiles.figures import Figures, figures_of
from profiles.profile import Profile

FUYANG = "341200"
NOTHING = Income(0, 0)


def row(rows: Rows, number: int) -> Figures:
    base, employee, employer = (
        None if column[number] == NONE else int(column[number])
        for column in (rows.base, rows.employee, rows.employer)
    )
    return Figures(VERDICTS[rows.verdict[number]], base, employee, employer)


def people(library: Library, seed: int, count: int) -> list[Profile]:
    random, regions = Random(seed), places(library)
    return [random_profile(random, regions, number) for number in range(count)]


def hold_against_one_by_one(found: list[Profile], library: Library, on: date) -> set[str]:
    rows = assess_all(columns_of(found), library, on)
    for number, each in enumerate(found):
        assert row(rows, number) == figures_of(each, library, on, on), number
    return {VERDICTS[code] for code in rows.verdict}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("on", [DAY, date(2026, 1, 3), date(2025, 3, 1)])
def test_every_profile_gets_what_it_gets_alone(library: Library, seed: int, on: date) -> None:
    verdicts = hold_against_one_by_one(people(library, seed, 700), library, on)
    assert verdicts == set(VERDICTS)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 110))
def test_many_profiles_get_what_they_get_alone(library: Library, seed: int) -> None:
    hold_against_one_by_one(people(library, seed, 10_000), library, DAY)


@pytest.mark.parametrize("deducts", [True, False])
def test_where_a_region_says_whether_contributions_come_off_there_is_one_reading(
    library: Library, deducts: bool
) -> None:
    rule = library.rule(FUYANG, "deduct_personal_social_insurance", DAY)
    assert rule is not None
    local = replace(rule, key="LOCAL", region="340000", value=deducts)
    ruled = _with_rule(library, "340000", local)
    assert ruled.home(FUYANG, None, DAY, DAY).local_deduction is deducts
    found = [
        replace(each, home_region=FUYANG) if each.home_region else each for each in people(library, 7, 400)
    ]
    verdicts = hold_against_one_by_one(found, ruled, DAY)
    assert verdicts == {"unknown", "within", "over", "depends"}  # depends: a range of income alone


def _with_rule(library: Library, region: str, rule: RuleRecord) -> Library:
    def added(records: RegionRecords) -> RegionRecords:
        return replace(records, rules=(*records.rules, rule)) if records.region == region else records

    regions = [added(each) for each in library.regions.values()]
    return Library(regions, library.divisions, library.version, "ruled")


def test_before_the_tax_table_nobody_is_called_over(library: Library) -> None:
    on = date(2018, 1, 1)
    assert library.tax(on) is None
    verdicts = hold_against_one_by_one(people(library, 3, 300), library, on)
    assert "over" not in verdicts


def household(line: str, income: Income = NOTHING) -> Profile:
    return profile(
        said("gross_wage", yuan("3500")),
        said("region", SUZHOU),
        said("home_region", FUYANG),
        said("on_book", True),
        said("household_size", 4),
        said("other_income", income),
        said("dibao_line", yuan(line)),
    )


def test_on_the_line_by_the_fen(library: Library) -> None:
    """2975.04 among four: 743.76 a head. On the line is not below it."""
    found = [household(line) for line in ("875.01", "875.00", "743.77", "743.76")]
    rows = assess_all(columns_of(found), library, DAY)
    assert [VERDICTS[code] for code in rows.verdict] == ["within", "depends", "depends", "unknown"]
    hold_against_one_by_one(found, library, DAY)


def test_a_range_of_income_across_the_line_depends(library: Library) -> None:
    found = [household("900", Income(0, high)) for high in (9_999, 10_000, 700_000)]
    assert [VERDICTS[code] for code in assess_all(columns_of(found), library, DAY).verdict] == [
        "within",
        "depends",
        "depends",
    ]
    hold_against_one_by_one(found, library, DAY)


def test_a_change_of_policy_finds_exactly_those_whose_figures_differ(library: Library) -> None:
    found, after = people(library, 11, 600), raised(library)
    result = reassess(columns_of(found), library, after, DAY)
    for number, each in enumerate(found):
        old, new = figures_of(each, library, DAY, DAY), figures_of(each, after, DAY, DAY)
        assert (row(result.before, number), row(result.after, number)) == (old, new)
        assert result.verdict_changed[number] == (old.verdict != new.verdict)
        assert result.base_changed[number] == (old.base != new.base)
        assert result.shares_changed[number] == (old[2:] != new[2:])
        assert (number in result.affected) == (old != new)
    assert 0 < result.affected.size < len(found)


def test_a_change_that_touches_nobody(library: Library) -> None:
    columns = columns_of(people(library, 12, 200))
    assert reassess(columns, library, library, DAY).affected.size == 0


def test_a_higher_floor_reaches_those_below_it(library: Library) -> None:
    wages = ("3500", "5000", "6000")
    result = reassess(columns_of([insured(each) for each in wages]), library, raised(library), DAY)
    assert result.before.base.tolist() == [495_200, 500_000, 600_000]
    assert result.after.base.tolist() == [519_960, 519_960, 600_000]
    assert result.affected.tolist() == [0, 1]
    assert result.before.employee.tolist()[0] == yuan("524.96")


def test_nobody_and_people_of_whom_nothing_is_known(library: Library) -> None:
    for found in ([], [profile(), profile(said("gross_wage", 1))]):
        columns = columns_of(found)
        rows = assess_all(columns, library, DAY)
        assert rows.verdict.tolist() == [0] * len(found) and rows.base.tolist() == [NONE] * len(found)
        assert not reassess(columns, library, raised(library), DAY).affected.size


def test_no_repr_tells_anything_personal(library: Library) -> None:
    columns = columns_of([household("800")])
    assert isinstance(columns, Columns) and "350000" not in repr(columns)
    result = reassess(columns, library, raised(library), DAY)
    assert "495200" not in repr(result) and np.size(result.affected) == 1
