"""The checks over the library's figures, each on a slip that an editor could make."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from policy_kb.compiled import load
from policy_kb.divisions import Divisions
from policy_kb.files import PolicyError, parse_region
from policy_kb.library import Library
from policy_kb.lint import Finding, describe_finding, lint, read_waivers, unwaived

DIVISIONS = Divisions.load()
FUND = {
    "insurance": "housing_fund",
    "floor": "2490.00",
    "ceiling": "40000.00",
    "employee_rate": "0.05",
    "employer_rate": "0.05",
}


def library_of(*regions: dict[str, Any]) -> Library:
    records = [parse_region(region, "test.yaml", DIVISIONS) for region in regions]
    return Library(records, DIVISIONS, "test", "0" * 64)


def suzhou(*values: dict[str, Any], lines: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """Suzhou's file with one pension record for each of the values, laid over a sound one."""
    sound = {
        "period": "stated",
        "base": "single_source",
        "rate": "single_source",
        "floor": "4500.00",
        "ceiling": "22500.00",
        "employee_rate": "0.08",
        "employer_rate": "0.16",
        "sources": ["s1"],
    }
    notices = []
    for each in values:
        about = {key: each[key] for key in ("from", "until", "known", "basis") if key in each}
        value = {key: part for key, part in each.items() if key not in (*about, "insurance")}
        notices.append(
            {"from": "2025-01-01", **about, "values": {each.get("insurance", "pension"): sound | value}}
        )
    return {
        "region": "320500",
        "name": "苏州市",
        "sources": {"s1": {"title": "通知", "where": "网页"}, "s2": {"title": "另一份通知", "where": "网页"}},
        "notices": notices,
        "lines": [{"sources": ["s1"], **line} for line in lines or ()],
    } | more


def findings(*regions: dict[str, Any], tmp_path: Path) -> list[Finding]:
    return lint(library_of(*regions), tmp_path / "none.yaml")


def rules(*regions: dict[str, Any], tmp_path: Path) -> list[str]:
    return [finding.rule for finding in findings(*regions, tmp_path=tmp_path)]


def test_the_library_that_ships_is_clean() -> None:
    found = lint(load())
    assert unwaived(found) == []
    assert all(finding.waived for finding in found)


def test_a_sound_series_has_no_finding(tmp_path: Path) -> None:
    later = {"from": "2026-01-01", "floor": "4700.00", "ceiling": "23500.00"}
    assert rules(suzhou({"until": "2025-12-31"}, later), tmp_path=tmp_path) == []


def test_a_value_without_a_source_does_not_load() -> None:
    with pytest.raises(PolicyError, match=r"values\.pension\.sources: missing_field"):
        library_of(suzhou({"sources": []}))
    with pytest.raises(PolicyError, match=r"lines\[0\]\.sources: missing_field"):
        library_of(suzhou(lines=[{"kind": "line", "from": "2025-07-01", "urban": "800.00", "sources": []}]))


@pytest.mark.parametrize(
    ("slip", "rule"),
    [
        ({"ceiling": "86142.00"}, "bounds_ratio"),
        ({"ceiling": "9000.00"}, "bounds_ratio"),
        ({"employer_rate": "0.21"}, "rate_limit"),
        ({"employee_rate": "0.07"}, "rate_limit"),
        ({"insurance": "unemployment", "employee_rate": "0.01", "employer_rate": "0.021"}, "rate_limit"),
        ({"insurance": "unemployment", "employee_rate": "0.5", "employer_rate": "0.005"}, "percent_as_rate"),
        ({"insurance": "work_injury", "employee_rate": "0", "employer_rate": "0.2"}, "percent_as_rate"),
        ({"insurance": "housing_fund", "employee_rate": "0.04", "employer_rate": "0.05"}, "rate_limit"),
        (FUND | {"employer_rate_max": "0.13"}, "rate_limit"),
        ({"base": "sourced"}, "one_source"),
        ({"known": "2023-11-01"}, "known_early"),
    ],
)  # fmt: skip
def test_a_slip_in_one_value(tmp_path: Path, slip: dict[str, Any], rule: str) -> None:
    assert rules(suzhou(slip), tmp_path=tmp_path)[0] == rule


def test_no_ceiling_and_a_housing_fund_have_no_usual_ratio(tmp_path: Path) -> None:
    assert rules(suzhou({"ceiling": "none"}, FUND), tmp_path=tmp_path) == []


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ({"from": "2026-01-01", "floor": "5401.00", "ceiling": "27000.00"}, ["yearly_change"]),
        ({"from": "2026-01-01", "floor": "4274.00", "ceiling": "22500.00"}, ["yearly_change"]),
        ({"from": "2026-01-01", "floor": "4275.00", "ceiling": "22500.00"}, []),
        ({"from": "2026-01-01", "floor": "54000.00", "ceiling": "270000.00"}, ["twelvefold", "twelvefold"]),
        ({"from": "2026-03-01", "floor": "4600.00"}, ["gap"]),
        ({"from": "2025-07-01", "floor": "4600.00"}, ["overlap"]),
        ({"from": "2025-01-01", "floor": "4600.00"}, ["overlap"]),
        ({"from": "2025-01-01", "known": "2025-09-01", "floor": "4600.00"}, []),
    ],
)
def test_a_value_beside_the_one_before(tmp_path: Path, later: dict[str, Any], expected: list[str]) -> None:
    assert rules(suzhou({"until": "2025-12-31"}, later), tmp_path=tmp_path) == expected


def test_two_years_may_change_twice_as_much(tmp_path: Path) -> None:
    later = {"from": "2027-01-01", "floor": "6000.00", "ceiling": "30000.00"}
    assert rules(suzhou({"until": None}, later), tmp_path=tmp_path) == []


def test_a_rate_is_confirmed_by_the_provinces_record(tmp_path: Path) -> None:
    province = suzhou({}) | {"region": "320000", "name": "江苏省"}
    assert rules(suzhou({"rate": "sourced"}), tmp_path=tmp_path) == ["one_source"]
    assert rules(suzhou({"rate": "sourced"}), province, tmp_path=tmp_path) == []


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        ([{"from": "2025-07-01", "urban": "195.00", "rural": "2340.00"}], "twelvefold"),
        ([{"from": "2025-07-01", "urban": "2600.00"}], "line_implausible"),
        ([{"from": "2025-07-01", "urban": "1095.00", "certainty": "sourced"}], "one_source"),
        (
            [{"from": "2024-07-01", "urban": "1000.00"}, {"from": "2025-07-01", "urban": "1300.00"}],
            "yearly_change",
        ),
        (
            [
                {"from": "2024-07-01", "until": "2025-07-31", "urban": "1000.00"},
                {"from": "2025-07-01", "urban": "1050.00"},
            ],
            "overlap",
        ),
    ],
)
def test_a_slip_in_a_dibao_line(tmp_path: Path, lines: list[dict[str, Any]], rule: str) -> None:
    assert rules(suzhou(FUND, lines=lines), tmp_path=tmp_path) == [rule]


def write_waiver(path: Path, **fields: str) -> Path:
    usual = {
        "rule": "bounds_ratio",
        "region": '"320500"',
        "insurance": "pension",
        "why": "当地如此",
        "by": "赵静",
    }
    lines = [f"{name}: {value}" for name, value in (usual | {"on": "2026-10-15"} | fields).items() if value]
    path.write_text("- " + "\n  ".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_waiver_carries_its_reason_into_the_finding(tmp_path: Path) -> None:
    library = library_of(suzhou({"ceiling": "86142.00"}))
    found = lint(library, write_waiver(tmp_path / "waivers.yaml", **{"from": "2025-01-01"}))
    assert [finding.waived for finding in found] == ["当地如此"]
    assert unwaived(found) == []
    assert "当地如此" in describe_finding(found[0], library)


@pytest.mark.parametrize("fields", [{"from": "2024-01-01"}, {"insurance": "medical"}, {"rule": "gap"}])
def test_a_waiver_that_matches_nothing_is_a_finding(tmp_path: Path, fields: dict[str, str]) -> None:
    library = library_of(suzhou({"ceiling": "86142.00"}))
    found = lint(library, write_waiver(tmp_path / "waivers.yaml", **fields))
    assert [finding.rule for finding in unwaived(found)] == ["bounds_ratio", "unused_waiver"]


@pytest.mark.parametrize("field", ["why", "by", "on", "rule"])
def test_a_waiver_without_a_reason_or_a_name_does_not_load(tmp_path: Path, field: str) -> None:
    with pytest.raises(PolicyError, match=field):
        read_waivers(write_waiver(tmp_path / "waivers.yaml", **{field: ""}))


def test_every_waiver_that_ships_says_who_looked_and_why() -> None:
    for waiver in read_waivers():
        assert len(waiver.why) > 10
        assert waiver.by
        assert waiver.on <= date(2026, 12, 31)
