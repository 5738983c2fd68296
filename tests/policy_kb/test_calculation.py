"""What the answer says back: the case as it was understood can be asked again and gives the same answer."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from calculator.fields import InputError
from policy_kb.calculation import calculate
from policy_kb.library import Library

TODAY = date(2026, 10, 15)
CASES: list[dict[str, Any]] = [
    {"region": "苏州", "dibao_region": "阜阳", "household": {"size": 4, "earners": [{"wage": "3500"}]}},
    {"region": "北京", "household": {"size": 3, "earners": [{"wage": "5226.64", "wage_is_net": True}]}},
    {
        "region": "杭州",
        "area": "urban",
        "standard_monthly": "1200",
        "household": {
            "size": 5,
            "employee_on_book": None,
            "dibao": "receiving",
            "other_income": "100",
            "other_income_high": "900.5",
            "severely_ill": 1,
            "supporters": [{"income": "9000", "size": 2}],
            "earners": [
                {
                    "wage": 4000,
                    "new_job_since": "2026-06-01",
                    "housing_fund_rate": "0.07",
                    "base_wage": "3900",
                },
                {"wage": "0", "employment": "student", "insured": False},
            ],
        },
    },
]


@pytest.mark.parametrize("case", CASES, ids=["plain", "take-home", "everything"])
def test_the_inputs_asked_again_give_the_same_figures(library: Library, case: dict[str, Any]) -> None:
    first = calculate(library, case, TODAY)
    again = calculate(library, first["inputs"], TODAY)
    assert again["id"] == first["id"]
    assert again["dibao"] == first["dibao"]
    assert again["inputs"] == first["inputs"]


def test_a_take_home_wage_is_read_back_as_gross(library: Library) -> None:
    answer = calculate(library, CASES[1], TODAY)
    assert answer["inputs"]["household"]["earners"][0]["wage"] == "6000.00"
    assert answer["take_home"]["insured"] == "5226.64"
    told = {warning["code"]: warning["text"] for warning in answer["warnings"]}
    assert "6000.00" in told["gross_from_net"]


@pytest.mark.parametrize(
    ("wage", "code"),
    [
        ("10000000.00", None),
        ("10000000.01", "out_of_range"),
        ("99999999999999999999", "out_of_range"),
        ("-0.01", "out_of_range"),
        ("3500.123", "not_a_number"),
        ("3,500", "not_a_number"),
        (3500.0, "not_a_number"),
        (True, "not_a_number"),
        ("", "not_a_number"),
        ([], "not_a_number"),
        (None, "missing_field"),
    ],
)
def test_what_a_wage_may_be(library: Library, wage: Any, code: str | None) -> None:
    case = {"region": "北京", "household": {"size": 1, "earners": [{"wage": wage}]}}
    if code is None:
        assert calculate(library, case, TODAY)["take_home"]
        return
    with pytest.raises(InputError) as raised:
        calculate(library, case, TODAY)
    problem = raised.value.problems[0]
    assert (problem.code, problem.field) == (code, "household.earners[0].wage")


@pytest.mark.parametrize(
    ("text", "code"),
    [("南昌", "360100"), ("乌鲁木齐", "650100"), ("长沙", "430100"), ("kunshan", "320583"), ("Suzhou", None)],
)
def test_a_city_stands_before_the_county_of_its_name(library: Library, text: str, code: str | None) -> None:
    """Pinyin is read too, where only one place is written so; 苏州, 宿州 and 肃州 are."""
    if code is None:
        with pytest.raises(InputError) as raised:
            library.divisions.find(text)
        assert raised.value.problems[0].code == "ambiguous_region"
        return
    assert library.divisions.find(text) == code


def test_where_only_the_others_income_decides_that_is_asked_first(library: Library) -> None:
    household = {"size": 3, "employee_on_book": True, "dibao": "receiving", "other_income": "0"}
    earners = [{"wage": "4000"}]
    answer = calculate(
        library,
        {"region": "北京", "household": household | {"other_income_high": "3000", "earners": earners}},
        TODAY,
    )
    assert answer["dibao"]["insured"]["verdict"] == "depends"
    assert [each["field"] for each in answer["missing"]] == ["household.other_income"]
