"""What hardly ever happens and must be right all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from calculator.assessment import Home, assess
from calculator.bulk import make_tables
from calculator.case import Case, Earner, read_case
from calculator.contributions import employer_total
from calculator.fields import InputError
from calculator.money import TO_THE_FEN, Rounding
from policy_kb.library import Library

TODAY = date(2026, 10, 15)


def case(library: Library, **fields: Any) -> Case:
    household = {"size": 3, "employee_on_book": True, "other_income": "0", "dibao": "receiving"}
    earner = {"wage": "6000"} | fields.pop("earner", {})
    given = {"region": "110000", "on": "2026-10-15", "household": household | {"earners": [earner]}}
    return read_case(given | fields, library.divisions.find, TODAY)


def test_before_the_first_tax_table_the_tax_is_unknown_not_zero(library: Library) -> None:
    old = case(library, on="2018-06-15", standard_monthly="1000")
    answer = assess(old, library.rules(old))
    assert not answer.insured_month.tax_known and not answer.complete
    assert "income_tax" in {each.field for each in answer.missing}
    assert "income_tax.insured" not in answer.steps
    assert answer.insured.verdict == "unknown"  # 6000 is over 3000, but a tax nobody knows could lower it


def test_a_take_home_wage_that_no_gross_leaves(library: Library) -> None:
    too_much = case(library, earner={"wage": "10000000", "wage_is_net": True})
    with pytest.raises(InputError) as raised:
        assess(too_much, library.rules(too_much))
    assert raised.value.problems[0].field == "household.earners[0].wage"


def test_a_work_cost_rule_that_leaves_out_flexible_workers(library: Library) -> None:
    flexible = case(library, earner={"wage": "6000", "employment": "flexible", "insured": False})
    rules = library.rules(flexible)
    assert rules.dibao.work_cost is not None
    silent = replace(rules.dibao, work_cost=replace(rules.dibao.work_cost, flexible=False))
    taken_off = assess(flexible, rules).uninsured.countable
    kept = assess(flexible, replace(rules, dibao=silent)).uninsured.countable
    assert kept - taken_off == 116_000


def test_an_employers_total_is_rounded_for_each_person_or_once() -> None:
    bases = [350_025, 350_025, 350_025]  # 70.005 each
    assert employer_total(bases, 20_000, TO_THE_FEN) == 3 * 7_001
    assert employer_total(bases, 20_000, Rounding(stage="employer_total")) == 21_002  # 210.015


def test_urban_or_rural_is_asked_only_where_the_line_turns_on_it(library: Library) -> None:
    open_area = case(library)
    rules = library.rules(open_area)
    split = replace(rules.dibao.line, amount=None, needs_area=True)
    answer = assess(open_area, replace(rules, dibao=replace(rules.dibao, line=split)))
    assert [each.field for each in answer.missing][:2] == ["area", "standard_monthly"]
    assert "area" not in {each.field for each in assess(open_area, rules).missing}


def test_without_a_trace_the_figures_are_the_same(library: Library) -> None:
    plain = case(library)
    rules = library.rules(plain)
    answer = assess(plain, rules)
    home = Home(plain, rules, None)
    counted = home.count(answer.insured_month, "insured")
    assert home.outcome(answer.insured_month, counted, "insured") == answer.insured


def test_a_population_needs_the_same_lines_everywhere(library: Library) -> None:
    beijing = library.job("110000", TODAY, TODAY)
    without_pension = replace(beijing, terms=beijing.terms[1:])
    with pytest.raises(ValueError, match="pension"):
        make_tables([beijing, without_pension], [library.home("110000", None, TODAY, TODAY)])


def test_an_earner_without_wage_does_not_work() -> None:
    assert not Earner(wage=0, region="110000").works
