"""What is kept of a strategy: every field of everything in it is there, or is left out for a reason that stands here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date
from typing import Any, Final

import pytest
from profile_samples import TODAY, said, uninsured, yuan

from calculator.contributions import Line
from calculator.trace import Step
from policy_kb.library import Library
from profiles.changes import Change
from profiles.found import Exposure, Found, MonthCost
from profiles.ground import Ground
from profiles.lawful import LawfulBase
from profiles.profile import Conflict
from profiles.settling import MonthDifference, Settlement
from profiles.strategy import Explanation, Reason, Strategy, choose_strategy
from profiles.strategy_data import strategy_data

Data = Mapping[str, Any]
#: Where each kind of thing lies in the data of `full`.
WHERE: Final[Mapping[type, Callable[[Data], Data]]] = {
    Strategy: lambda data: data,
    Reason: lambda data: data["reasons"][0],
    Step: lambda data: data["steps"][0],
    LawfulBase: lambda data: data["base"],
    Line: lambda data: data["base"]["lines"][0],
    Found: lambda data: data["found"][0],
    Exposure: lambda data: data["found"][0]["exposure"],
    MonthCost: lambda data: data["found"][0]["exposure"]["months"][0],
    Settlement: lambda data: data["settlement"],
    MonthDifference: lambda data: data["settlement"]["months"][0],
    Conflict: lambda data: data["conflicts"][0],
    Change: lambda data: data["conflicts"][0]["counts"],
    Explanation: lambda data: data["explanation"],
}
#: What has another name in the data.
RENAMED: Final[Mapping[tuple[type, str], str]] = {(Step, "inputs"): "from"}
#: What is left out on purpose, and why.
LEFT_OUT: Final[Mapping[tuple[type, str], str]] = {
    (Strategy, "employee"): "stands beside the body, so that whoever is erased takes the row along",
    (Strategy, "key"): "the store adds it, and finds the row by its blind index",
    (LawfulBase, "job"): "the rules of a place and a day: the place is kept, the library has the rest",
    (LawfulBase, "decisive"): "the line with the smallest base, which `lowest` holds",
    (LawfulBase, "steps"): "among the steps of the strategy",
    (Line, "terms"): "a record of the library: the insurance and the source are kept",
    (Line, "employee_rate"): "a step of the trace",
    (Line, "employer_rate"): "a step of the trace",
    (Exposure, "hidden_wages"): "`hidden_fine` is once and three times as much",
    (Exposure, "sheet"): "the answer that everything here was read from",
    (Change, "employee"): "that of the strategy",
    (Change, "what"): "stands once, for both sides of a conflict",
    (Change, "written_at"): "the strategy was made after it, at a moment that is kept",
    (Change, "reference"): "the source's own number, which no page shows",
}


@pytest.fixture(scope="module")
def full(library: Library) -> Strategy:
    """A strategy that holds something of each kind."""
    told = said("gross_wage", yuan("3600"), "2026-10-01", "employee", "reported")
    after = uninsured("3500", told, said("dibao", "suspended", "2026-10-01", "civil_affairs"))
    found = choose_strategy(None, after, Ground(library, joined_on=date(2026, 8, 10)), TODAY)
    assert found is not None
    months = (MonthDifference(date(2026, 8, 1), 1_050, 2_310),)
    return replace(found, settlement=Settlement(months, "open", date(2026, 12, 31), 0, 0, True))


@pytest.mark.parametrize("kind", WHERE, ids=lambda kind: kind.__name__)
def test_every_field_is_kept_or_left_out_on_purpose(full: Strategy, kind: type) -> None:
    kept = WHERE[kind](strategy_data(full))
    names = [each.name for each in fields(kind)] if is_dataclass(kind) else list(kind._fields)  # type: ignore[attr-defined]
    missing = {name for name in names if RENAMED.get((kind, name), name) not in kept}
    assert missing == {name for of, name in LEFT_OUT if of is kind}


def test_the_values_are_those_of_the_strategy(full: Strategy) -> None:
    data = json.loads(json.dumps(strategy_data(full)))
    (state,), base, (conflict,) = full.found, full.base, full.conflicts
    assert base is not None and state.exposure is not None and full.explanation is not None
    assert (data["kind"], data["acts"], data["month"]) == ("not_insured", list(full.acts), "2026-10-01")
    assert data["purposes"] == ["civil_affairs"] and data["tells_dibao"] is True
    assert [each["code"] for each in data["reasons"]] == [each.code for each in full.reasons]
    assert (data["base"]["lowest"], data["base"]["region"]) == (base.lowest, "320500")
    assert [each["base"] for each in data["base"]["lines"]] == [each.base for each in base.lines]
    exposure = data["found"][0]["exposure"]
    assert (exposure["employee"], exposure["employer"]) == (state.exposure.employee, state.exposure.employer)
    assert exposure["late_fee"] == state.exposure.late_fee(TODAY)
    assert data["conflicts"][0]["against"]["value"] == conflict.against.value == 360_000
    assert data["settlement"]["months"] == [{"month": "2026-08-01", "employee": 1_050, "employer": 2_310}]
    assert data["explanation"]["code"] == full.explanation.code


def test_each_step_says_in_what_it_is_counted(full: Strategy) -> None:
    units = {each["key"]: each["unit"] for each in strategy_data(full)["steps"]}
    assert units == {each.key: each.unit for each in full.steps}
    assert {units["wage"], units["late_fee_rate"], units["days_late.hold.2026-08"]} == {"fen", "ppm", "count"}
