"""The sheet of lines that are to be asked for: who is on it, and what becomes of it when it comes back filled in."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from calculator.fields import InputError
from hr_console.lines_book import make_lines_book
from locales import as_written
from policy_kb.compiled import load
from policy_kb.filling import HEADINGS, lines_to_fill
from policy_kb.importing import import_figures, propose
from policy_kb.library import Library
from policy_kb.lines import find_line
from policy_kb.wording import problem_text

TODAY = date(2026, 10, 15)
YINGZHOU, YINGQUAN, DONGCHENG = "341202", "341204", "110101"
HOMES = [(YINGZHOU, "rural"), (YINGZHOU, "rural"), (YINGQUAN, ""), (DONGCHENG, "urban"), ("", "rural")]
TOLD = {
    "amount": "830",
    "from": "2026-07-01",
    "where": "https://mz.fy.gov.cn/12",
    "document": "州民〔2026〕12号",
    "asked_by": "赵静",
    "asked_on": "2026-10-12",
}


def filled(library: Library, folder: Path, rows: dict[int, dict[str, str]]) -> Path:
    """The sheet as HR saves it: cells of some rows filled in, row 2 being the first below the headings."""
    book = openpyxl.load_workbook(io.BytesIO(make_lines_book(lines_to_fill(library, HOMES, TODAY))))
    columns = {name: place for place, name in enumerate(HEADINGS, 1)}
    for row, cells in rows.items():
        for name, text in cells.items():
            book.active.cell(row, columns[name], text)
    path = folder / "lines_to_fill.xlsx"
    book.save(path)
    return path


def refusal(library: Library, path: Path) -> tuple[str, str]:
    with pytest.raises(InputError) as caught:
        propose(library, path, TODAY, TODAY)
    problem = caught.value.problems[0]
    return problem.field, problem_text(problem, as_written)


def test_every_home_without_a_line_is_listed_once_and_one_with_a_line_is_not(library: Library) -> None:
    assert [(each.region, each.area) for each in lines_to_fill(library, HOMES, TODAY)] == [
        (YINGZHOU, "rural"),
        (YINGQUAN, "urban"),
        (YINGQUAN, "rural"),
    ]
    assert lines_to_fill(library, HOMES[:1], TODAY)[0].name == "安徽省阜阳市颍州区"


def test_a_filled_sheet_gives_the_lines_and_what_is_left_empty_stays_to_be_asked(
    library: Library, tmp_path: Path
) -> None:
    path = filled(library, tmp_path, {2: TOLD, 3: TOLD | {"amount": "900"}, 4: TOLD | {"amount": "860.5"}})
    proposal = propose(library, path, TODAY, TODAY)
    import_figures(proposal, tmp_path / "policy", "赵静", TODAY)
    after = load([tmp_path / "policy"], compiled=None)
    found = {
        (region, area): find_line(after.regions, after.divisions, region, area, TODAY, TODAY).amount
        for region in (YINGZHOU, YINGQUAN)
        for area in ("urban", "rural")
    }
    assert found == {
        (YINGZHOU, "urban"): None,
        (YINGZHOU, "rural"): 83_000,
        (YINGQUAN, "urban"): 90_000,
        (YINGQUAN, "rural"): 86_050,
    }
    assert lines_to_fill(after, HOMES, TODAY) == ()
    assert len(lines_to_fill(library, HOMES, TODAY)) == 3, "the library in force is as it was"


def test_who_asked_and_when_stays_with_the_line(library: Library, tmp_path: Path) -> None:
    proposal = propose(library, filled(library, tmp_path, {2: TOLD}), TODAY, TODAY)
    (line,) = proposal.additions[YINGZHOU]["lines"]
    (source,) = proposal.additions[YINGZHOU]["sources"].values()
    assert line["note"] == "赵静 于 2026-10-12 问到并核对。"
    assert (source["where"], source["title"]) == (
        "https://mz.fy.gov.cn/12",
        "安徽省阜阳市颍州区最低生活保障标准（州民〔2026〕12号）",
    )


def test_both_kinds_of_household_out_of_two_documents_are_one_line_with_both_sources(
    library: Library, tmp_path: Path
) -> None:
    urban = TOLD | {"amount": "900", "document": "州民〔2026〕13号", "asked_by": "钱明"}
    proposal = propose(library, filled(library, tmp_path, {3: urban, 4: TOLD}), TODAY, TODAY)
    (line,) = proposal.additions[YINGQUAN]["lines"]
    assert (line["urban"], line["rural"], len(line["sources"])) == ("900.00", "830.00", 2)
    assert "钱明" in line["note"] and "赵静" in line["note"]


def test_two_days_for_one_county_are_refused_since_only_the_later_would_count(
    library: Library, tmp_path: Path
) -> None:
    path = filled(library, tmp_path, {3: TOLD | {"from": "2026-04-01"}, 4: TOLD})
    assert refusal(library, path)[1].startswith(
        "颍泉区城镇和农村的“执行日期”不一样（2026-04-01、2026-07-01）"
    )


def test_one_figure_for_both_kinds_of_household_is_one_row(library: Library, tmp_path: Path) -> None:
    proposal = propose(library, filled(library, tmp_path, {3: TOLD | {"area": "城乡统一"}}), TODAY, TODAY)
    (line,) = proposal.additions[YINGQUAN]["lines"]
    assert (line["unified"], line["urban"], line["rural"]) == (True, "830.00", "830.00")
    both = filled(library, tmp_path, {3: TOLD | {"area": "城乡统一"}, 4: TOLD})
    assert "就不要再分城镇、农村填" in refusal(library, both)[1]


def test_what_is_on_record_for_the_other_kind_from_that_day_is_not_lost(
    library: Library, tmp_path: Path
) -> None:
    first = propose(library, filled(library, tmp_path, {4: TOLD}), TODAY, TODAY).library
    tomorrow = date(2026, 10, 16)
    book = make_lines_book(lines_to_fill(first, HOMES, tomorrow))
    assert [(each.region, each.area) for each in lines_to_fill(first, HOMES, tomorrow)][1:] == [
        (YINGQUAN, "urban")
    ]
    sheet = openpyxl.load_workbook(io.BytesIO(book))
    for column, name in enumerate(HEADINGS, 1):
        if name in TOLD:
            sheet.active.cell(3, column, (TOLD | {"amount": "900"})[name])
    sheet.save(tmp_path / "lines_to_fill.xlsx")
    after = propose(first, tmp_path / "lines_to_fill.xlsx", tomorrow, tomorrow)
    found = {area: after.library.home(YINGQUAN, area, tomorrow, tomorrow).line for area in ("urban", "rural")}
    assert {area: line.amount for area, line in found.items()} == {"urban": 90_000, "rural": 83_000}
    assert after.notes == (
        "颍泉区低保线：2026-07-01 起原有一条，2026-10-16 起改用新数；以前的结果仍按原来的数",
    )


@pytest.mark.parametrize("name", ["amount", "from", "where", "document"])
def test_a_line_without_day_link_or_number_is_refused_by_the_name_of_its_column(
    name: str, library: Library, tmp_path: Path
) -> None:
    path = filled(library, tmp_path, {2: {key: cell for key, cell in TOLD.items() if key != name}})
    assert refusal(library, path) == (HEADINGS[name], f"第 2 行：没有填“{HEADINGS[name]}”")


def test_what_is_no_day_no_amount_or_no_area_is_refused(library: Library, tmp_path: Path) -> None:
    for cells, said in (
        ({"from": "去年"}, "“执行日期”要填日期"),
        ({"amount": "约八百"}, "不是金额"),
        ({"area": "镇上"}, "要填城镇、农村或城乡统一"),
        ({"where": "javascript:alert(1)"}, "要以 https:// 或 http:// 开头"),
    ):
        assert said in refusal(library, filled(library, tmp_path, {2: TOLD | cells}))[1]
    assert "还没有填任何一行" in refusal(library, filled(library, tmp_path, {}))[1]
