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


@pytest.mark.parametrize("name", ["from", "where", "document"])
def test_a_line_without_day_link_or_number_is_refused_by_the_name_of_its_column(
    name: str, library: Library, tmp_path: Path
) -> None:
    path = filled(library, tmp_path, {2: {key: cell for key, cell in TOLD.items() if key != name}})
    assert refusal(library, path) == (HEADINGS[name], f"第 2 行：没有填“{HEADINGS[name]}”")


def test_what_is_no_day_no_amount_or_no_area_is_refused(library: Library, tmp_path: Path) -> None:
    for cells, said in (
        ({"from": "去年"}, "“执行日期”要填日期"),
        ({"amount": "约八百"}, "不是金额"),
        ({"area": "镇上"}, "要填城镇或农村"),
    ):
        assert said in refusal(library, filled(library, tmp_path, {2: TOLD | cells}))[1]
    assert "还没有填任何一行" in refusal(library, filled(library, tmp_path, {}))[1]
