"""What an employer owes: arrears, late fee, fine, severance; HR's Monday in Suzhou."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from calculator.exposure import late_fee, severance_half_months
from calculator.fields import InputError
from policy_kb.exposures import expose
from policy_kb.library import Library

TODAY = date(2026, 11, 23)


def suzhou(library: Library, **changes: Any) -> dict[str, Any]:
    request = {
        "region": "苏州",
        "months": [{"month": "2026-08", "wage": "3500"}, {"month": "2026-09", "wage": "3500"}],
        "due_day": 15,
        "stop": "2026-11-23",
    }
    return expose(library, request | changes, TODAY)


def test_two_months_uninsured_at_3500_in_suzhou_are_3476_40_of_both_sides(library: Library) -> None:
    owed = suzhou(library)
    assert [month["arrears"] for month in owed["months"]] == ["1738.20", "1738.20"]
    assert owed["totals"] == {
        "employee_arrears": "1049.92",
        "employer_arrears": "2426.48",
        "arrears": "3476.40",
        "complete": True,
    }
    assert owed["work_injury"] == "not_computable"


def test_the_late_fee_runs_from_the_day_after_the_due_day_to_the_day_before_payment(library: Library) -> None:
    august = suzhou(library)["months"][0]
    assert (august["late_from"], august["days"]) == ("2026-08-16", 99)
    assert august["late_fee_per_day"] == "0.8691"
    assert august["late_fee"] == "86.04"  # 1738.20 x 0.0005 x 99 = 86.0409
    paid_on_the_due_day = suzhou(library, months=[{"month": "2026-11", "wage": "3500"}], stop="2026-11-15")
    assert paid_on_the_due_day["months"][0]["late_fee"] == "0.00"


def test_settling_later_costs_more_and_the_months_add_up(library: Library) -> None:
    owed = suzhou(library, later=["2026-12-23", "2027-01-23"])
    assert [day["on"] for day in owed["settle"]] == ["2026-11-23", "2026-12-23", "2027-01-23"]
    assert [day["late_fee"] for day in owed["settle"]] == ["145.14", "197.28", "251.17"]
    assert owed["settle"][0]["total"] == "3621.54"


def test_without_a_due_day_the_fee_starts_on_the_first_of_the_next_month_and_says_so(
    library: Library,
) -> None:
    owed = suzhou(library, due_day=None)
    assert [month["late_from"] for month in owed["months"]] == ["2026-09-01", "2026-10-01"]
    assert "due_day_assumed" in {warning["code"] for warning in owed["warnings"]}


def test_each_month_owes_on_its_own_base_and_what_was_paid_counts(library: Library) -> None:
    months = [
        {"month": "2026-08", "wage": "6000", "base_wage": "5500"},
        {"month": "2026-09", "wage": "6000", "base_paid": "4952"},
    ]
    own_base, short = suzhou(library, months=months)["months"]
    assert {line["base_owed"] for line in own_base["lines"]} == {"5500.00"}
    # 6000 less 4952 declared: 8 % + 2 % + 0.5 % of the worker's share are missing, each rounded on its own base
    assert short["employee_arrears"] == "110.04"
    pension = short["lines"][0]
    assert (pension["base_owed"], pension["base_paid"], pension["employee_arrears"]) == (
        "6000.00",
        "4952.00",
        "83.84",
    )


def test_the_fine_is_one_to_three_times_what_is_owed(library: Library) -> None:
    fine = suzhou(library)["fine"]
    assert (fine["low"], fine["high"], fine["source"]) == ("3476.40", "10429.20", "SIL-86")


def test_severance_counts_years_and_half_years(library: Library) -> None:
    leaving = suzhou(library, employed_since="2024-05-10", average_wage="3600")["severance"]
    assert (leaving["months"], leaving["amount"], leaving["source"]) == ("3.0", "10800.00", "LCL-47")


@pytest.mark.parametrize(
    ("since", "left", "half_months"),
    [
        ("2026-01-01", "2026-01-01", 0),
        ("2026-01-01", "2026-01-02", 1),
        ("2026-01-01", "2026-06-30", 1),
        ("2026-01-01", "2026-07-01", 2),
        ("2025-01-01", "2026-01-01", 2),
        ("2025-01-01", "2026-01-02", 3),
        ("2024-02-29", "2025-02-28", 2),
        ("2016-06-15", "2026-11-23", 21),
    ],
)
def test_half_months_of_severance(since: str, left: str, half_months: int) -> None:
    assert severance_half_months(date.fromisoformat(since), date.fromisoformat(left)) == half_months


def test_the_late_fee_is_exact_for_ten_years_of_days() -> None:
    start = date(2016, 1, 1)
    for days in range(0, 3650, 7):
        for arrears in (1, 173_820, 999_999_999):
            exact = Fraction(arrears * days * 5, 10_000)
            half_up = int(exact + Fraction(1, 2))
            assert late_fee(arrears, 500, start, start + timedelta(days=days)) == half_up


def test_what_is_open_in_law_and_who_bears_the_old_share_is_said(library: Library) -> None:
    owed = suzhou(library)
    codes = {warning["code"] for warning in owed["warnings"]}
    assert {"late_fee_cap_open", "employee_share_needs_plan", "fine_after_deadline"} <= codes
    assert {"SIL-86", "AEL-45"} <= {source["id"] for source in owed["sources"]}


def test_a_region_without_a_medical_record_is_owed_more_than_is_shown(library: Library) -> None:
    owed = suzhou(library, region="芜湖")
    assert owed["totals"]["complete"] is False
    assert "months_incomplete" in {warning["code"] for warning in owed["warnings"]}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"region": None}, "region"),
        ({"region": "朝阳"}, "region"),
        ({"months": []}, "months"),
        ({"months": [{"month": "2026-13", "wage": "1"}]}, "months[0].month"),
        ({"months": [{"month": "2027-01", "wage": "1"}]}, "months[0].month"),
        ({"months": [{"month": "2026-08"}]}, "months[0].wage"),
        ({"months": [{"month": "2026-08", "wage": "1", "base_paid": "x"}]}, "months[0].base_paid"),
        ({"months": [{"month": "2026-08", "wage": "1", "late_from": "2026-07-01"}]}, "months[0].late_from"),
        ({"due_day": 32}, "due_day"),
        ({"stop": "yesterday"}, "stop"),
        ({"later": ["2026-01-01"]}, "later.0"),
        ({"later": "2026-12-01"}, "later"),
        ({"injury_class": 9}, "injury_class"),
        ({"employed_since": "2030-01-01"}, "employed_since"),
        ({"waiver": True}, "waiver"),
    ],
)
def test_a_field_that_cannot_be_read_is_named(library: Library, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as raised:
        suzhou(library, **changes)
    assert field in {problem.field for problem in raised.value.problems}


def test_a_month_named_twice_is_refused(library: Library) -> None:
    with pytest.raises(InputError) as raised:
        suzhou(library, months=[{"month": "2026-08", "wage": "3500"}] * 2)
    assert raised.value.problems[0].field == "months[1].month"


def test_a_base_of_zero_settled_nothing_not_even_the_fixed_amount(library: Library) -> None:
    owed = suzhou(library, months=[{"month": "2026-08", "wage": "3500", "base_paid": "0"}])
    assert owed["totals"]["arrears"] == "1738.20"


def test_each_line_names_its_rates(library: Library) -> None:
    pension = suzhou(library)["months"][0]["lines"][0]
    assert (pension["employee_rate"], pension["employer_rate"]) == ("0.08", "0.16")
