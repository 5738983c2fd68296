"""The same contracts from files: whole sheets or none, each row once, nothing declared before its receipt."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.files import (
    SETTLED,
    FileCivilAffairs,
    FilePayroll,
    FileSocialInsurance,
    Folder,
    Form,
    headings_of,
    read_confirmed,
    read_receipt,
    read_rows,
    read_wages,
    write_rows,
)
from connectors.outside.records import Field
from people.outside import (
    BaseChange,
    Declaration,
    DeclaredLine,
    Deduction,
    Enrolment,
    Nonsense,
    Receipt,
    ReceiptLine,
    Tokens,
    Unlawful,
    Unreachable,
)

OCTOBER = date(2026, 10, 1)
NOW = 1_800_000_000.0
WAGES = Form({"person": "工号", "month": "月份", "gross": "应发工资(元)", "net": "实发"}, skip=("合计",))
CHANGES = Form(
    {"person": "身份证号", "status": "状态", "since": "起始日期", "reason": "原因", "told_at": "告知日期"},
    {"status": {"在领": "receiving", "暂停": "suspended", "终止": "ended"}, "reason": {"收入": "income"}},
)
RECEIPTS = Form(
    {"person": "个人编号", "state": "处理结果", "reason": "失败原因", "reference": "批次"},
    {"receipt": {"成功": "accepted", "失败": "rejected"}, "reason": {"姓名不符": "name"}},
)
DECLARED = Form(
    {"person": "个人编号", "base": "缴费基数", "reference": "批次"},
    blank=("序号", "个人编号", "姓名", "缴费基数", "批次"),
)
ENROLLED = Form(
    {"person": "个人编号", "name": "姓名", "id_number": "证件号码", "starts": "参保年月", "base": "缴费基数"},
    kind="csv",
)
CONFIRMED = Form(
    {"person": "个人编号", "month": "费款所属期", "insurance": "险种", "base": "基数", "employee": "个人", "employer": "单位"},
    {"insurance": {"养老": "pension", "医疗": "medical"}},
)  # fmt: skip
STATEMENT = Form(
    {"person": "个人编号", "month": "费款所属期", "base": "基数", "employee": "个人", "employer": "单位"}
)


def table(*rows: Sequence[Any]) -> bytes:
    """An XLSX as a spreadsheet program saves it."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def text(*rows: Sequence[str], encoding: str = "gb18030") -> bytes:
    return "\r\n".join(",".join(row) for row in rows).encode(encoding)


def lay(folder: Path, name: str, data: bytes, age: float = 60) -> Path:
    """Lays a file into a folder, so many seconds ago."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(data)
    os.utime(path, (NOW - age, NOW - age))
    return path


def folder(path: Path) -> Folder:
    path.mkdir(exist_ok=True)
    return Folder(path, lambda: NOW)


HEAD = ("工号", "姓名", "月份", "应发工资(元)", "实发")


@pytest.mark.parametrize("make", [table, text])
def test_wages_come_from_either_kind_of_sheet(make: Callable[..., bytes]) -> None:
    data = make(
        HEAD,
        ("0001", "王", "2026-10", "3500.1", ""),
        ("0002", "李", "2026年10月", "￥4，100.00元", "3800"),
        ("0002", "李", "2026-09", "9", ""),
        ("合计", "", "", "7600.1", ""),
    )
    found = read_wages(data, WAGES, "payroll", OCTOBER)
    assert [(each.person, each.gross, each.net) for each in found] == [
        ("0001", 350_010, None),
        ("0002", 410_000, 380_000),
    ]
    assert found == read_wages(data, WAGES, "payroll", OCTOBER)
    assert len({each.reference for each in found}) == 2
    assert headings_of(data) == HEAD


def test_numbers_in_cells_are_exact_and_lost_digits_are_an_error() -> None:
    found = read_wages(table(HEAD, ("A1", "", 202610, 3500.1, 2975.04)), WAGES, "payroll", OCTOBER)
    assert (found[0].gross, found[0].net) == (350_010, 297_504)
    with pytest.raises(Nonsense, match=r"row_2:wage\.person:lost_digits"):
        read_wages(table(HEAD, (110105194912310021, "", "2026-10", 1, "")), WAGES, "payroll", OCTOBER)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (("0002", "", "2026-10", "三千", ""), "row_3:wage.gross:not_a_amount"),
        (("0002", "", "2026-10", "-1", ""), "row_3:wage.gross:not_a_amount"),
        (("", "", "2026-10", "1", ""), "row_3:wage.person:missing"),
        (("0002", "", "", "1", ""), "row_3:wage.month:missing"),
        (("0002", "", "2026-13", "1", ""), "row_3:wage.month:not_a_month"),
        (("0001", "", "2026-10", "2", ""), "wage:contradiction"),
        (("0002", ), "row_3:wage.month:missing"),
    ],
)  # fmt: skip
def test_a_row_that_is_wrong_is_named_and_the_sheet_is_not_taken(row: tuple[str, ...], code: str) -> None:
    with pytest.raises(Nonsense) as error:
        read_wages(table(HEAD, ("0001", "", "2026-10", "1", ""), row), WAGES, "payroll", OCTOBER)
    assert error.value.code == code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file:unreadable"),
        (b"PK\x03\x04 cut off", "file:unreadable"),
        (table(HEAD, ("1",))[:-500], "file:unreadable"),
        (text(("工号", "月份", "应发工资")), "wage.net:no_column"),
        (text((*HEAD, "工号")), "wage.person:two_columns"),
    ],
)
def test_a_sheet_that_is_none_is_named(data: bytes, code: str) -> None:
    with pytest.raises(Nonsense) as error:
        read_wages(data, WAGES, "payroll", OCTOBER)
    assert error.value.code == code


def test_the_same_row_twice_is_one() -> None:
    row = ("0001", "", "2026-10", "1", "")
    assert len(read_wages(table(HEAD, row, row), WAGES, "payroll", OCTOBER)) == 1


words = st.text(
    st.characters(
        min_codepoint=32,
        max_codepoint=0x9FFF,
        exclude_categories=("Cs", "Cc", "Cf", "Co", "Cn", "Zl", "Zp", "Zs"),
    ),
    min_size=1,
    max_size=20,
).filter(lambda text: not text.startswith("'"))  # which a spreadsheet program takes off


@given(
    st.lists(st.tuples(words, st.integers(0, 10**9)), min_size=1, max_size=8),
    st.sampled_from(["csv", "xlsx"]),
)
def test_what_is_written_is_read_again(rows: list[tuple[str, int]], kind: Any) -> None:
    form = Form({"person": "人员", "amount": "金额"}, kind=kind)
    data = write_rows(form, [{"person": person, "amount": amount} for person, amount in rows])
    shape = {"person": Field("text"), "amount": Field("amount")}
    read = read_rows(data, "one", shape, form)
    assert [(each["person"], each["amount"]) for each in read] == rows


def test_what_is_written_is_no_formula() -> None:
    form = Form({"person": "人员", "amount": "金额"}, kind="csv")
    assert b"'=1+1" in write_rows(form, [{"person": "=1+1", "amount": 1}])


# -- civil affairs -----------------------------------------------------------------------------------------------------

TOKENS = Tokens("id_number_hmac", "a secret of sixteen")
IDS = ("110105194912310021", "11010519491231002X", "110105194912310048")
PEOPLE = [TOKENS.of(each, "") for each in IDS[:2]]
CHANGE_HEAD = ("身份证号", "状态", "起始日期", "原因", "告知日期")


def test_lists_are_read_once_about_those_who_agreed(tmp_path: Path) -> None:
    office = FileCivilAffairs("civil_affairs", folder(tmp_path), CHANGES, TOKENS)
    assert office.changes("", PEOPLE).changes == ()
    first = (IDS[0], "在领", "2026-01-01", "", "2026-10-01")
    lay(tmp_path, "1.csv", text(CHANGE_HEAD, first, (IDS[2], *first[1:])))
    page = office.changes("", PEOPLE)
    assert [(each.person, each.status, each.since) for each in page.changes] == [
        (PEOPLE[0], "receiving", date(2026, 1, 1))
    ]
    assert (page.changes[0].told_at, page.strangers) == (datetime(2026, 9, 30, 16, tzinfo=UTC), 1)
    assert office.changes(page.cursor, PEOPLE).changes == ()
    # A second list repeats the first row, and has one more that is older.
    older = (IDS[1], "暂停", "2026-08-01", "收入", "2026-09-01")
    lay(tmp_path, "2.csv", text(CHANGE_HEAD, first, older))
    again = office.changes(page.cursor, PEOPLE)
    assert [each.status for each in again.changes] == ["suspended", "receiving"]
    assert again.changes[1] == page.changes[0]
    assert "110105" not in repr(again)


def test_nobody_is_looked_for_where_nobody_agreed(tmp_path: Path) -> None:
    office = FileCivilAffairs("civil_affairs", Folder(tmp_path / "none"), CHANGES, TOKENS)
    assert office.changes("c", ()).changes == ()
    with pytest.raises(Unreachable, match="folder"):
        office.changes("c", PEOPLE)


def test_a_word_that_nobody_has_mapped_is_not_guessed(tmp_path: Path) -> None:
    lay(tmp_path, "1.csv", text(CHANGE_HEAD, (IDS[0], "停发", "2026-01-01", "", "2026-10-01")))
    with pytest.raises(Nonsense) as error:
        FileCivilAffairs("civil_affairs", folder(tmp_path), CHANGES, TOKENS).changes("", PEOPLE)
    assert (error.value.code, error.value.value) == ("row_2:change.status:unmapped", "停发")


# -- folders -----------------------------------------------------------------------------------------------------------


def test_what_is_not_done_yet_is_left_alone(tmp_path: Path) -> None:
    lay(tmp_path, "done.csv", b"a", SETTLED + 1)
    lay(tmp_path, "older.xlsx", b"b", 99)
    lay(tmp_path, "now.csv", b"c", SETTLED - 1)
    lay(tmp_path, "ahead.csv", b"d", -30)
    lay(tmp_path, "wrong_clock.csv", b"e", -99_999)
    for name in ("~$done.xlsx", ".done.csv.part", "readme.txt"):
        lay(tmp_path, name, b"x")
    assert [stem for stem, _ in folder(tmp_path).files()] == ["wrong_clock", "done", "older"]


def test_the_newest_sheet_that_has_the_month_counts_whole(tmp_path: Path) -> None:
    payroll = FilePayroll("payroll", folder(tmp_path), folder(tmp_path), folder(tmp_path), {"wages": WAGES})
    lay(
        tmp_path, "a.csv", text(HEAD, ("0001", "", "2026-10", "1", ""), ("0002", "", "2026-10", "2", "")), 300
    )
    first = payroll.wages(OCTOBER)
    assert [each.gross for each in first.wages] == [100, 200]
    assert payroll.wages(OCTOBER, first.version).unchanged
    lay(tmp_path, "b.csv", text(HEAD, ("0001", "", "2026-10", "3", "")), 200)
    lay(tmp_path, "c.csv", text(HEAD, ("0001", "", "2026-11", "4", "")), 100)
    assert [each.gross for each in payroll.wages(OCTOBER, first.version).wages] == [300]
    lay(tmp_path, "d.csv", text(HEAD, ("0001", "", "2026-11", "four", "")), 50)
    with pytest.raises(Nonsense, match="row_2"):
        payroll.wages(OCTOBER)
    (tmp_path / "d.csv").unlink()
    assert payroll.wages(OCTOBER).wages


def test_deductions_go_out_once_and_are_pending_until_their_receipt(tmp_path: Path) -> None:
    form = Form({"person": "工号", "month": "月份", "amount": "代扣社保"})
    out, back = folder(tmp_path / "out"), folder(tmp_path / "back")
    payroll = FilePayroll("payroll", out, out, back, {"deductions": form, "receipts": RECEIPTS})
    deductions = (Deduction("0001", 51_996), Deduction("0002", 1))
    for _ in range(2):
        receipt = payroll.deduct("p-1", OCTOBER, deductions)
        assert (receipt.state, [each.state for each in receipt.lines]) == ("pending", ["pending"] * 2)
    (path,) = (tmp_path / "out").iterdir()
    assert path.name == "p-1.xlsx"
    assert list(openpyxl.load_workbook(path).active.values) == [
        ("工号", "月份", "代扣社保"),
        ("0001", "2026-10", "519.96"),
        ("0002", "2026-10", "0.01"),
    ]
    with pytest.raises(Nonsense, match="folder:other_content"):
        payroll.deduct("p-1", OCTOBER, deductions[:1])
    with pytest.raises(ValueError, match="name of a file"):
        payroll.deduct("../p", OCTOBER, deductions)


# -- social insurance --------------------------------------------------------------------------------------------------


@pytest.fixture
def portal(tmp_path: Path) -> FileSocialInsurance:
    forms: Mapping[str, Form] = {
        "enrol": ENROLLED,
        "change_base": DECLARED,
        "declare": DECLARED,
        "receipts": RECEIPTS,
        "confirmed": CONFIRMED,
        "statement": STATEMENT,
    }
    return FileSocialInsurance("portal", {name: folder(tmp_path / name) for name in forms}, forms)


DECLARATION = Declaration("d-1", OCTOBER, (DeclaredLine("77", 495_200, 495_200), DeclaredLine("78", 5, 5)))
RECEIPT_HEAD = ("批次", "个人编号", "处理结果", "失败原因")


def test_a_declaration_goes_out_in_the_portals_columns_and_counts_with_its_receipt(
    portal: FileSocialInsurance, tmp_path: Path
) -> None:
    assert portal.declare(DECLARATION).state == "pending"
    rows = list(openpyxl.load_workbook(tmp_path / "declare" / "d-1.xlsx").active.values)
    assert rows[:2] == [
        ("序号", "个人编号", "姓名", "缴费基数", "批次"),
        (None, "77", None, "4952.00", "d-1"),
    ]
    lay(
        tmp_path / "receipts",
        "r.csv",
        text(RECEIPT_HEAD, ("d-1", "77", "成功", ""), ("d-9", "90", "成功", "")),
    )
    half = portal.declare(DECLARATION)
    assert (half.state, half.lines[1]) == ("pending", ReceiptLine("78", "pending"))
    second = ("d-1", "78", "失败", "姓名不符")
    lay(tmp_path / "receipts", "s.csv", text(RECEIPT_HEAD, ("d-1", "77", "成功", ""), second), 30)
    done = portal.declare(DECLARATION)
    assert (done.state, done.lines[1]) == ("accepted", ReceiptLine("78", "rejected", "name"))


def test_a_receipt_that_is_uploaded_answers_what_it_was_uploaded_for() -> None:
    form = Form({"person": "个人编号", "state": "处理结果"}, RECEIPTS.codes)
    data = text(("个人编号", "处理结果"), ("77", "失败"))
    assert read_receipt(data, form, "portal", "e-1", ["77"]).state == "rejected"
    with pytest.raises(Nonsense, match="not_those_handed_in"):
        read_receipt(data, form, "portal", "e-1", ["78"])


def test_somebody_is_enrolled_by_file(portal: FileSocialInsurance, tmp_path: Path) -> None:
    enrolment = Enrolment("e-1", "77", OCTOBER, OCTOBER, 495_200, 495_200, "王", "11010519491231002X")
    assert portal.enrol(enrolment) == Receipt("portal", "e-1", "pending", "", (ReceiptLine("77", "pending"),))
    said = (tmp_path / "enrol" / "e-1.csv").read_text(encoding="utf-8-sig").splitlines()
    assert said == ["个人编号,姓名,证件号码,参保年月,缴费基数", "77,王,11010519491231002X,2026-10,4952.00"]


def test_nothing_unlawful_is_written(portal: FileSocialInsurance, tmp_path: Path) -> None:
    november = date(2026, 11, 1)
    for act in (
        lambda: portal.enrol(Enrolment("e", "77", november, OCTOBER, 5, 5, "王", "1")),
        lambda: portal.change_base(BaseChange("b", "77", OCTOBER, OCTOBER, 4, 5)),
        lambda: portal.declare(Declaration("d", OCTOBER, (*DECLARATION.lines, DeclaredLine("79", 4, 5)))),
    ):
        with pytest.raises(Unlawful):
            act()
    assert not [
        *(tmp_path / "enrol").iterdir(),
        *(tmp_path / "declare").iterdir(),
        *(tmp_path / "change_base").iterdir(),
    ]


def test_amounts_and_statement_come_from_their_sheets(portal: FileSocialInsurance, tmp_path: Path) -> None:
    assert portal.statement(OCTOBER) is None
    assert portal.confirmed(OCTOBER).amounts == ()
    head = ("个人编号", "费款所属期", "险种", "基数", "个人", "单位")
    data = table(
        head, ("77", "202610", "养老", 4952, 396.16, 792.32), ("77", "202610", "医疗", 4952, 99.04, 346.64)
    )
    lay(tmp_path / "confirmed", "a.xlsx", data)
    found = portal.confirmed(OCTOBER)
    assert [(each.insurance, each.employee) for each in found.amounts] == [
        ("pension", 39_616),
        ("medical", 9_904),
    ]
    assert portal.confirmed(OCTOBER, found.version).unchanged
    with pytest.raises(Nonsense, match="contradiction"):
        read_confirmed(
            table(head, *[("77", "202610", "养老", 4952, share, 1) for share in (1, 2)]),
            CONFIRMED,
            "p",
            OCTOBER,
        )
    columns = ("个人编号", "费款所属期", "基数", "个人", "单位")
    lay(tmp_path / "statement", "a.csv", text(columns, ("77", "202610", "4952", "495.20", "1138.96")))
    statement = portal.statement(OCTOBER)
    assert statement is not None
    assert (statement.employee, statement.employer) == (49_520, 113_896)
