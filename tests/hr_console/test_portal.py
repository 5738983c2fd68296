"""The portal's own spreadsheet: its blank filled as it stands, its receipt read back, and nobody declared before that."""

from __future__ import annotations

import io
from datetime import date

import openpyxl
import pytest
from desk import Colleague
from test_declarations import account, drafted, li, staff, text, zhao  # noqa: F401

from people.employees import Employee
from people.entities import InsuredAccount
from storage.opening import Storage

pytest_plugins = ["databases", "desk"]

HEADINGS = ("序号", "姓名", "证件号码", "所属期", "缴费基数（元）", "备注")


def blank() -> bytes:
    """As portals make them: a merged title, the headings in the third row, a hidden list of codes, a format."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "职工缴费工资申报"
    sheet.merge_cells("A1:F1")
    sheet["A1"] = "苏州市职工月缴费工资申报表"
    for place, heading in enumerate(HEADINGS, 1):
        sheet.cell(3, place, heading)
    sheet["E4"].number_format = "0.00"
    codes = book.create_sheet("代码")
    codes.sheet_state = "hidden"
    codes["A1"] = "姓名"
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def receipt(
    *rows: tuple[str, ...], headings: tuple[str, ...] = ("姓名", "证件号码", "处理结果", "失败原因")
) -> bytes:
    return "\n".join(",".join(each) for each in (headings, *rows)).encode("gb18030")


def sends(who: Colleague, path: str, name: str, data: bytes, status: int = 303) -> str:
    return who.sends(path, status, file=(io.BytesIO(data), name)).get_data(as_text=True)


@pytest.fixture
def approved(
    li: Colleague,  # noqa: F811
    zhao: Colleague,  # noqa: F811
    account: InsuredAccount,  # noqa: F811
    staff: dict[str, Employee],  # noqa: F811
    desk_storage: Storage,
) -> str:
    """October, approved, without a connection: A01 and A02 are to be declared."""
    at = drafted(li, account)
    seen = desk_storage.declarations.runs()[0].digest
    li.sends(f"{at}/submit", digest=seen)
    zhao.sends(f"{at}/approve", digest=seen)
    return at


def outcomes(storage: Storage) -> dict[str, tuple[str, str]]:
    (run,) = storage.declarations.runs()
    return {each.line.number: (each.outcome, each.reason) for each in storage.declarations.lines(run.id)}


def test_the_blank_is_filled_as_the_portal_made_it(li: Colleague, approved: str) -> None:  # noqa: F811
    sends(li, f"{approved}/portal/blank", "空表.xlsx", blank())
    page = text(li, f"{approved}/portal")
    assert "第 3 行是表头" in page and "下载填好的表" in page
    book = openpyxl.load_workbook(io.BytesIO(li.opens(f"{approved}/portal/filled.xlsx").data))
    sheet = book["职工缴费工资申报"]
    assert [str(each) for each in sheet.merged_cells.ranges] == ["A1:F1"]
    assert book["代码"].sheet_state == "hidden"
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4, max_row=5)]
    assert rows == [
        [None, "=陈桂兰", "11010519491231002X", "202610", 4952, None],
        [None, "周德全", None, "202610", 5200, None],
    ]
    assert (
        sheet["B4"].data_type == "s" and sheet["C4"].data_type == "s" and sheet["E4"].number_format == "0.00"
    )


def test_which_column_is_what_is_said_once(li: Colleague, approved: str, desk_storage: Storage) -> None:  # noqa: F811
    sends(li, f"{approved}/portal/blank", "空表.xlsx", blank())
    refused = li.sends(f"{approved}/portal/columns", 400, **{"column-1": "name"})
    assert "至少要有一列是“申报基数”" in refused.get_data(as_text=True)
    twice = li.sends(f"{approved}/portal/columns", 400, **{"column-1": "base", "column-4": "base"})
    assert "只留一列" in twice.get_data(as_text=True)
    li.sends(f"{approved}/portal/columns", **{"column-1": "name", "column-4": "base", "column-5": "number"})
    sends(li, f"{approved}/portal/blank", "新空表.xlsx", blank())
    kept = desk_storage.portal.blank(desk_storage.declarations.runs()[0].account)
    assert kept is not None and kept.name == "新空表.xlsx"
    assert dict(kept.columns) == {1: "name", 4: "base", 5: "number"}


def test_nobody_is_declared_before_the_receipt(
    li: Colleague,  # noqa: F811
    approved: str,
    desk_storage: Storage,
    staff: dict[str, Employee],  # noqa: F811
) -> None:
    sends(li, f"{approved}/portal/blank", "空表.xlsx", blank())
    li.opens(f"{approved}/portal/filled.xlsx")
    assert {each for each, _ in outcomes(desk_storage).values()} == {"pending"}
    assert "谁都不算申报成功" in text(li, f"{approved}/portal") or "先看一眼" in text(
        li, f"{approved}/portal"
    )
    told = receipt(
        ("=陈桂兰", "11010519491231002X", "处理失败", "姓名有生僻字"), ("周德全", "", "申报成功", "")
    )
    sends(li, f"{approved}/portal/receipt", "回执.csv", told)
    page = text(li, f"{approved}/portal")
    assert "受理 1 人，退回 1 人" in page and "姓名有生僻字" in page
    assert {each for each, _ in outcomes(desk_storage).values()} == {"pending"}
    li.sends(f"{approved}/portal/take")
    assert outcomes(desk_storage) == {"A01": ("rejected", "姓名有生僻字"), "A02": ("accepted", "")}
    (month,) = desk_storage.records.pay_months(staff["A02"].id)
    assert (month.month, month.base) == (date(2026, 10, 1), 520_000)
    li.sends(f"{approved}/portal/take", 409)
    assert outcomes(desk_storage)["A02"] == ("accepted", "")


def test_a_receipt_that_does_not_name_everybody_is_not_taken(
    li: Colleague,  # noqa: F811
    approved: str,
    desk_storage: Storage,
) -> None:
    told = receipt(("周德全", "", "办理中", ""), ("谁也不是", "", "申报成功", ""))
    sends(li, f"{approved}/portal/receipt", "回执.csv", told)
    page = text(li, f"{approved}/portal")
    assert "看不懂的结果：周德全：办理中" in page and "回执里没有的 2 人" in page and "谁也不是" in page
    li.sends(f"{approved}/portal/take", 409)
    assert {each for each, _ in outcomes(desk_storage).values()} == {"pending"}


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("空表.xls", b"\xd0\xcf\x11\xe0 old", "要平台下载的 .xlsx 原表"),
        ("空表.xlsx", b"PK\x03\x04 cut", ""),
        ("空表.xlsx", b"", "要平台下载的 .xlsx 原表"),
    ],
)
def test_what_is_no_blank_is_refused_in_words(
    li: Colleague,  # noqa: F811
    approved: str,
    name: str,
    data: bytes,
    words: str,
) -> None:
    assert words in sends(li, f"{approved}/portal/blank", name, data, 400)


def test_what_a_receipt_says_is_shown_as_text(li: Colleague, approved: str) -> None:  # noqa: F811
    told = receipt(("周德全", "", "退回", "<script>alert(1)</script>"), ("=陈桂兰", "", "成功", ""))
    sends(li, f"{approved}/portal/receipt", "<b>.csv", told)
    page = text(li, f"{approved}/portal")
    assert "<script>alert" not in page and "&lt;script&gt;" in page
