"""Reading a case: whatever is wrong with a field, the error names that field and says one of the contract's codes."""

from __future__ import annotations

import copy
import json
from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator.case import read_case
from calculator.fields import Code, InputError
from policy_kb.divisions import Divisions

TODAY = date(2026, 11, 22)
DIVISIONS = Divisions.load()
CODES = {
    "unknown_region",
    "ambiguous_region",
    "not_a_number",
    "not_allowed",
    "out_of_range",
    "missing_field",
    "unknown_field",
    "bad_date",
    "bad_json",
}
FULL: dict[str, Any] = {
    "region": "320500",
    "dibao_region": "341200",
    "area": "rural",
    "on": "2026-10-15",
    "as_of": "2026-10-15",
    "household": {
        "size": 4,
        "employee_on_book": True,
        "other_income": "0",
        "other_income_high": "500",
        "dibao": "receiving",
        "received_monthly": "620",
        "earners": [
            {
                "wage": "3500",
                "base_wage": "3400",
                "employment": "employee",
                "insured": True,
                "region": "320500",
                "injury_class": 1,
                "housing_fund_rate": "0.05",
                "cash_in_lieu": "0",
                "new_job_since": "2026-09-01",
                "reported": None,
                "wage_is_net": False,
            }
        ],
        "severely_ill": 0,
        "severely_disabled": 0,
        "single_parent": False,
        "supporters": [{"income": "5000", "size": 3}],
        "former_benefit": None,
    },
    "standard_monthly": "800",
    "base_strategy": "lawful",
}
EARNER = "household.earners[0]."
SUPPORTER = "household.supporters[0]."
AMOUNTS = (
    "household.other_income",
    "household.other_income_high",
    "household.received_monthly",
    "household.former_benefit",
    EARNER + "wage",
    EARNER + "base_wage",
    EARNER + "cash_in_lieu",
    SUPPORTER + "income",
    "standard_monthly",
)
COUNTS = {
    "household.size": (1, 30),
    "household.severely_ill": (0, 30),
    "household.severely_disabled": (0, 30),
    EARNER + "injury_class": (1, 8),
    SUPPORTER + "size": (1, 30),
}
DATES = ("on", "as_of", EARNER + "new_job_since")
REGIONS = ("region", "dibao_region", EARNER + "region")
CHOICES = ("area", "household.dibao", EARNER + "employment", "base_strategy")
FLAGS = (
    "household.employee_on_book",
    "household.single_parent",
    EARNER + "insured",
    EARNER + "reported",
    EARNER + "wage_is_net",
)
RATES = (EARNER + "housing_fund_rate",)
REQUIRED = ("region", "household", "household.size", "household.earners", EARNER + "wage")
EVERY = (*AMOUNTS, *COUNTS, *DATES, *REGIONS, *CHOICES, *FLAGS, *RATES, *REQUIRED, "household.supporters")
NOT_NUMBERS = (
    "",
    "abc",
    "1e3",
    "12.345",
    "1,000",
    "½",
    "３５００",
    "٣",
    "NaN",
    "--1",
    "12.",
    True,
    12.5,
    [],
    {},
    ["1"],
)
NOT_DATES = (
    "",
    "2026",
    "2026-02-30",
    "2026-13-01",
    "15.10.2026",
    "20261015",
    "2026-W01-1",
    "今天",
    20261015,
    True,
    [],
    {},
)


def parts(path: str) -> list[str | int]:
    steps: list[str | int] = []
    for step in path.split("."):
        name, _, index = step.partition("[")
        steps.append(name)
        if index:
            steps.append(int(index.rstrip("]")))
    return steps


def with_value(path: str, value: object, drop: bool = False) -> dict[str, Any]:
    case = copy.deepcopy(FULL)
    *way, last = parts(path)
    at: Any = case
    for step in way:
        at = at[step]
    if drop:
        del at[last]
    else:
        at[last] = value
    return case


def problems(case: object) -> dict[str, str]:
    try:
        read_case(case, DIVISIONS.find, TODAY)
    except InputError as error:
        assert error.problems
        assert {problem.code for problem in error.problems} <= CODES
        return {problem.field: problem.code for problem in error.problems}
    return {}


def test_the_codes_are_those_of_the_contract() -> None:
    assert set(get_args(Code)) == CODES


def test_the_full_case_reads() -> None:
    assert problems(FULL) == {}


@pytest.mark.parametrize("path", AMOUNTS)
def test_amounts(path: str) -> None:
    for value in NOT_NUMBERS:
        assert problems(with_value(path, value)).get(path) == "not_a_number", value
    for value in ("-0.01", -1, "10000000.01", 10_000_001, "999999999999"):
        assert problems(with_value(path, value)).get(path) == "out_of_range", value
    for value in ("9999999.99", 10_000_000, "10000000.00", "3500.5"):
        assert path not in problems(with_value(path, value)), value
    assert problems(with_value(path, 10**5000)).get(path) in ("not_a_number", "out_of_range")


@pytest.mark.parametrize("path", COUNTS)
def test_counts(path: str) -> None:
    low, high = COUNTS[path]
    for value in (*NOT_NUMBERS, "1.5", "一"):
        assert problems(with_value(path, value)).get(path) == "not_a_number", value
    for value in (low - 1, high + 1, str(high + 1), -7, 999_999):
        assert problems(with_value(path, value)).get(path) == "out_of_range", value
    for value in (low, high, str(high)):
        assert path not in problems(with_value(path, value)), value


@pytest.mark.parametrize("path", DATES)
def test_dates(path: str) -> None:
    for value in NOT_DATES:
        assert problems(with_value(path, value)).get(path) == "bad_date", value
    assert problems(with_value(path, "2030-01-01")).get(path) == "out_of_range"


@pytest.mark.parametrize("path", ["on", "as_of"])
def test_days_run_from_2015_to_400_days_ahead(path: str) -> None:
    for value, code in (("2014-12-31", "out_of_range"), ("2027-12-28", "out_of_range"), ("2027-12-27", None)):
        case = with_value(path, value)
        case["household"]["earners"][0]["new_job_since"] = None
        assert problems(case).get(path) == code, value
    early = with_value(path, "2015-01-01")
    early["household"]["earners"][0]["new_job_since"] = None
    assert problems(early) == {}


@pytest.mark.parametrize("path", REGIONS)
def test_regions(path: str) -> None:
    for value in ("", "999999", "32050", "亚特兰蒂斯", 320500, True, [], {}, "江苏阜阳"):
        assert problems(with_value(path, value)).get(path) == "unknown_region", value
    for value in ("朝阳", "鼓楼区"):
        assert problems(with_value(path, value)).get(path) == "ambiguous_region", value
    for value in ("苏州", "苏州市", "江苏苏州", "320500", "颍州区", "341202"):
        assert path not in problems(with_value(path, value)), value


def test_an_ambiguous_region_offers_choices() -> None:
    with pytest.raises(InputError) as caught:
        read_case(with_value("region", "朝阳"), DIVISIONS.find, TODAY)
    (problem,) = caught.value.problems
    assert any("110105" in choice for choice in problem.choices)
    assert any("211300" in choice for choice in problem.choices)


@pytest.mark.parametrize("path", CHOICES)
def test_choices(path: str) -> None:
    for value in ("", "other", "RURAL", 1, True, 1.5, ["rural"], {"a": 1}):
        assert problems(with_value(path, value)).get(path) == "not_allowed", value


@pytest.mark.parametrize("path", FLAGS)
def test_flags(path: str) -> None:
    for value in ("", "true", "yes", 0, 1, 1.0, [], {}):
        assert problems(with_value(path, value)).get(path) == "not_allowed", value


@pytest.mark.parametrize("path", RATES)
def test_rates(path: str) -> None:
    for value in ("", "5%", "0.12345678", "five", 0.05, True, [], {}):
        assert problems(with_value(path, value)).get(path) == "not_a_number", value
    for value in ("0.04", "0.049999", "0.13", "0.120001", "0", 1):
        assert problems(with_value(path, value)).get(path) == "out_of_range", value
    for value in ("0.05", "0.12", "0.085"):
        assert problems(with_value(path, value)) == {}, value


@pytest.mark.parametrize("path", REQUIRED)
def test_what_is_required(path: str) -> None:
    assert problems(with_value(path, None, drop=True)).get(path) == "missing_field"
    assert problems(with_value(path, None)).get(path) == "missing_field"


@pytest.mark.parametrize("path", [path for path in EVERY if path not in REQUIRED])
def test_what_is_not_required_may_be_null_or_absent(path: str) -> None:
    required = {SUPPORTER + "income": "missing_field", SUPPORTER + "size": "missing_field"}
    for drop in (True, False):
        assert problems(with_value(path, None, drop)).get(path) == required.get(path)


@pytest.mark.parametrize("path", ["household", "household.earners[0]", "household.supporters[0]"])
def test_objects(path: str) -> None:
    for value in ("", "x", 1, True, 1.5, [], [{}]):
        assert path in problems(with_value(path, value)), value
        assert problems(with_value(path, value))[path] in ("not_allowed", "missing_field")


@pytest.mark.parametrize(
    ("path", "low", "high"), [("household.earners", 1, 10), ("household.supporters", 0, 20)]
)
def test_lists(path: str, low: int, high: int) -> None:
    (item,) = FULL["household"][path.split(".")[1]]
    for value in ("x", 1, True, {}, [item] * (high + 1), *([] if low == 0 else [[]])):
        assert problems(with_value(path, value)).get(path) in ("out_of_range", "not_allowed"), value
    assert path not in problems(with_value(path, [item] * high))


@pytest.mark.parametrize("path", ["{}", "household.{}", EARNER + "{}", SUPPORTER + "{}"])
@pytest.mark.parametrize("name", ["salary", "", "Wage", "__class__", "工资"])
def test_a_field_nobody_knows(path: str, name: str) -> None:
    *_, last = path.rpartition(".")
    full = path.format(name)
    found = problems(with_value(full, 1))
    assert "unknown_field" in found.values()
    assert full.rstrip(".") in found or not name
    assert last == "{}"


def test_fields_held_side_by_side() -> None:
    pair = copy.deepcopy(FULL)
    pair["household"]["earners"] *= 2
    pair["household"]["size"] = 1
    assert problems(pair) == {"household.size": "out_of_range"}
    pair["household"]["employee_on_book"] = False
    assert problems(pair) == {}
    assert problems(with_value("household.other_income", "500.01")) == {
        "household.other_income_high": "out_of_range"
    }
    assert problems(with_value(EARNER + "new_job_since", "2026-10-16")) == {
        EARNER + "new_job_since": "out_of_range"
    }


@pytest.mark.parametrize("body", [None, [], "x", 1, True, 1.5, [FULL]])
def test_a_body_that_is_no_object(body: object) -> None:
    assert problems(body) == {"body": "bad_json"}


def test_every_problem_is_named_at_once() -> None:
    case = copy.deepcopy(FULL)
    case["region"] = "nowhere"
    case["on"] = "soon"
    case["household"]["size"] = 0
    case["household"]["earners"][0]["wage"] = "much"
    assert problems(case) == {
        "region": "unknown_region",
        "on": "bad_date",
        "household.size": "out_of_range",
        EARNER + "wage": "not_a_number",
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(path=st.sampled_from(sorted(set(EVERY))), value=JSON)
def test_any_json_in_any_field_is_read_or_named(path: str, value: object) -> None:
    found = problems(with_value(path, value))
    assert all(field == path or field.startswith((path, "household")) for field in found)
    json.dumps(found)


@given(JSON)
def test_any_json_at_all_is_read_or_named(body: object) -> None:
    assert problems(body)
