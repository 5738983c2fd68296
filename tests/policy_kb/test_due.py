"""What `shebao policy due` lists, and when."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from policy_kb.compiled import load
from policy_kb.divisions import Divisions
from policy_kb.due import Due, due
from policy_kb.files import parse_region
from policy_kb.library import Library

DIVISIONS = Divisions.load()


def listed(region: dict[str, Any], on: str) -> list[Due]:
    data = {"name": "某地", "sources": {"s1": {"title": "通知", "where": "网页"}}} | region
    library = Library([parse_region(data, "test.yaml", DIVISIONS)], DIVISIONS, "test", "0" * 64)
    return due(library, date.fromisoformat(on))


def pension(**notice: str) -> dict[str, Any]:
    value = {"base": "sourced", "rate": "sourced", "period": "stated", "sources": ["s1"]} | {
        name: notice.pop(name) for name in ("base", "rate", "period") if name in notice
    }
    return {"region": "320500", "notices": [{"from": "2025-01-01", **notice, "values": {"pension": value}}]}


def with_line(**line: Any) -> dict[str, Any]:
    usual = {
        "urban": "1095.00",
        "certainty": "single_source",
        "grade": "official_text_copy",
        "sources": ["s1"],
    }
    return {"region": "320500", "lines": [usual | line]}


@pytest.mark.parametrize(
    ("on", "kind", "says"),
    [
        ("2025-10-01", None, ""),
        ("2025-11-15", "ending", "到 2025-12-31 为止，新数预计 2026-08 公布"),
        ("2026-01-01", "outdated", "新数预计 2026-08 公布"),
        ("2026-08-15", "outdated", "已到该公布的月份"),
    ],
)
def test_a_year_that_ends(on: str, kind: str | None, says: str) -> None:
    found = [each for each in listed(pension(basis="calendar_year"), on) if each.what == "pension"]
    assert [each.kind for each in found] == ([kind] if kind else [])
    assert all(says in each.message for each in found)


def test_a_series_that_was_given_up_is_not_awaited() -> None:
    region = pension(basis="calendar_year") | {"inherits": [{"insurance": "pension", "from": "2026-01-01"}]}
    assert [each for each in listed(region, "2026-10-15") if each.what == "pension"] == []


@pytest.mark.parametrize(
    ("line", "on", "kinds"),
    [
        ({"from": "2025-07-01"}, "2026-10-15", []),
        ({"from": "2025-07-01"}, "2026-12-01", ["line_soon_stale"]),
        ({"from": "2025-07-01"}, "2027-01-01", ["line_stale"]),
        ({"from": "2024-07-01", "as_of": "2026-07-11"}, "2026-10-15", []),
        ({"from": "2025-07-01", "until": "2026-06-30"}, "2026-06-30", ["line_soon_stale"]),
        ({"from": "2025-07-01", "until": "2026-06-30"}, "2026-07-01", ["line_stale"]),
        ({"from": "2025-07-01", "grade": "secondary_citation"}, "2026-10-15", ["no_line"]),
        (
            {"from": "2025-07-01", "certainty": "recalled", "grade": "recalled"},
            "2026-10-15",
            ["no_line", "recalled"],
        ),
        ({"kind": "average", "from": "2025-07-01"}, "2026-10-15", ["no_line"]),
    ],
)
def test_a_line_that_grows_old(line: dict[str, Any], on: str, kinds: list[str]) -> None:
    assert [each.kind for each in listed(with_line(**line), on)] == kinds


def test_a_figure_from_memory_is_listed() -> None:
    found = listed(pension(basis="open", rate="recalled"), "2026-10-15")
    assert ("recalled", "pension") in [(each.kind, each.what) for each in found]


def test_a_stale_line_is_one_that_gives_no_verdict() -> None:
    library, on = load(), date(2026, 10, 15)
    found = [each for each in due(library, on) if each.kind in ("line_stale", "line_soon_stale")]
    assert found
    for each in found:
        lines = [library.home(each.region, area, on, on).line for area in ("urban", "rural")]  # type: ignore[arg-type]
        assert any(line.stale for line in lines) == (each.kind == "line_stale")


def test_the_library_still_lists_next_year() -> None:
    assert {each.kind for each in due(load(), date(2027, 1, 15))} >= {"outdated", "no_line", "recalled"}
