"""What portals hand out as a blank or a receipt, and what of it is no sheet that can be used."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import openpyxl
import pytest

from calculator.fields import InputError
from profiles.declarations import KeptLine
from profiles.declaring import Line
from profiles.portal import LIMITS, answers, fill, read_blank, read_receipt


def workbook(*rows: tuple[object, ...], hidden: tuple[object, ...] = ()) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    if hidden:
        other = book.create_sheet("代码")
        other.sheet_state = "hidden"
        other.append(hidden)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def line(number: str, name: str) -> KeptLine:
    return KeptLine(Line(number, number, name, 350_000, 495_200, 495_200, 52_496, 121_324, ()), "pending")


def refused(data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        read_blank("空表.xlsx", data)
    return str(caught.value.problems[0].choices)


def test_the_headings_are_found_below_titles_and_never_on_a_hidden_sheet() -> None:
    data = workbook(
        ("申报表",), (None,), ("序号", "姓名", "缴费基数"), hidden=("姓名", "身份证号", "缴费基数", "工号")
    )
    blank = read_blank("空表.xlsx", data)
    assert (blank.row, blank.headings[1:3], dict(blank.columns)) == (
        3,
        ("姓名", "缴费基数"),
        {1: "name", 2: "base"},
    )


def test_a_heading_that_stands_twice_is_filled_once() -> None:
    blank = read_blank("空表.xlsx", workbook(("姓名", "姓名", "缴费基数")))
    assert dict(blank.columns) == {0: "name", 2: "base"}


def test_what_is_no_blank_is_refused() -> None:
    assert "前 20 行里没有" in refused(workbook(("甲", "乙"), (1, 2)))
    assert "文件太大" in refused(b"PK\x03\x04" + b"0" * LIMITS.file)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    assert refused(made.getvalue())


def test_a_workbook_that_only_looks_like_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = workbook(("姓名", "缴费基数"))
    monkeypatch.setattr("profiles.portal.read_table", lambda data, limits: None)
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as whole, zipfile.ZipFile(made, "w") as cut:
        for name in whole.namelist():
            if "workbook.xml" not in name:
                cut.writestr(name, whole.read(name))
    assert "打不开这张表" in refused(made.getvalue())


def test_a_month_is_written_as_portals_want_it() -> None:
    blank = read_blank(
        "空表.xlsx", workbook(("姓名", "所属期", "缴费基数", "单位缴费", "个人缴费", "月工资", "工号"))
    )
    filled = fill(blank, [line("A1", "阿丽")], {}, date(2026, 10, 1))
    sheet = openpyxl.load_workbook(io.BytesIO(filled)).active
    assert [each.value for each in sheet[2]] == ["阿丽", "202610", 4952, 1213.24, 524.96, 3500, "A1"]


def test_people_of_one_name_are_told_apart_by_number_alone() -> None:
    lines = [line("A1", "王芳"), line("A2", "王芳"), line("A3", "李梅")]
    by_name = read_receipt("回执.csv", "姓名,结果,序号\n王芳,成功,1\n李梅,成功,2\n,,合计\n".encode())
    found = answers(by_name, lines, {})
    assert found.accepted == ("A3",) and found.strange == ("王芳",) and found.missing == ("A1", "A2")
    by_number = read_receipt(
        "回执.csv", "工号,姓名,结果\nA1,王芳,成功\nA2,王芳,不通过\nA3,李梅,受理\n".encode()
    )
    found = answers(by_number, lines, {})
    assert (found.accepted, dict(found.rejected), found.whole) == (("A1", "A3"), {"A2": "不通过"}, True)


def test_one_row_of_several_that_came_back_brings_the_person_back() -> None:
    told = read_receipt("回执.csv", "工号,险种,结果,原因\nA1,养老,成功,\nA1,医疗,失败,重复申报\n".encode())
    found = answers(told, [line("A1", "阿丽")], {})
    assert not found.accepted and dict(found.rejected) == {"A1": "重复申报"}
