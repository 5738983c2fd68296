"""赵静 imports the sheets that she has: what is wrong is mended in place, nothing comes in twice, and all of it can go back."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from html import unescape
from io import BytesIO
from typing import Any

import pytest
import xlsxwriter
from desk import Colleague
from sqlalchemy import select
from staffing import HR, binds, hire
from werkzeug.test import TestResponse

from hr_console.import_columns import told_status
from storage.opening import Storage
from storage.tables import import_rows, imports

pytest_plugins = ["databases", "desk"]

SignIn = Callable[..., Colleague]
HEADINGS = ("工号", "姓名", "工作城市", "应发工资", "身份证号", "备注")
ROWS = (
    ("A0034", "𠮷㛃·阿依", "苏州", 3500, "11010519491231002X", "夜班"),
    ("A0035", "老周", "阜阳", "四千", "", ""),
    ("A0036", "小陈", "苏州市", "4,200.50", "", ""),
)


@pytest.fixture
def zhao(colleague: SignIn) -> Colleague:
    return colleague("赵静", "admin")


def book(*rows: Sequence[Any]) -> bytes:
    made = BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return made.getvalue()


def upload(
    zhao: Colleague, data: bytes, kind: str = "roster", name: str = "名单.xlsx", status: int = 303
) -> TestResponse:
    return zhao.sends("/hr/imports", status, kind=kind, file=(BytesIO(data), name))


def chosen(zhao: Colleague, at: str) -> dict[str, str]:
    """What the page of the columns offers, as a form that is sent as it stands."""
    page = text(zhao.opens(at))
    found = re.findall(r'<select name="(column-\d+)".*?</select>', page, re.DOTALL)
    selects = re.findall(r'<select name="column-\d+".*?</select>', page, re.DOTALL)
    values = [re.search(r'value="(\w*)" selected', each) for each in selects]
    return {name: value[1] if value else "" for name, value in zip(found, values, strict=True)}


def preview(zhao: Colleague, *rows: Sequence[Any], kind: str = "roster", **fields: str) -> str:
    """Uploads a sheet and takes the columns as they are guessed; the address of the import."""
    at = upload(zhao, book(*rows), kind).headers["Location"]
    zhao.sends(f"{at}/columns", **chosen(zhao, at) | fields)
    return at


def text(page: TestResponse) -> str:
    return unescape(page.get_data(as_text=True))


def names(storage: Storage) -> dict[str, str]:
    numbers = ("A0034", "A0035", "A0036")
    found = {number: storage.roster.by_number(number) for number in numbers}
    return {number: each.name for number, each in found.items() if each is not None}


def test_a_sheet_comes_in_and_a_bad_row_is_mended_in_its_place(
    zhao: Colleague, desk_storage: Storage
) -> None:
    at = preview(zhao, ("某厂 2026 年花名册",), HEADINGS, *ROWS)
    page = text(zhao.opens(at))
    assert "第 4 行" in page and "请填金额" in page and 'value="四千"' in page and "老周" in page
    assert "导入 2 行，有错的先不导" in page and names(desk_storage) == {}
    (cell,) = re.findall(r'name="(cell-\d+)"', page)
    assert "请填金额" in text(zhao.opens(zhao.sends(f"{at}/rows/4", **{cell: "很多"}).headers["Location"]))
    zhao.sends(f"{at}/rows/4", **{cell: "4000"})
    assert "有错" not in text(zhao.opens(at)).split("<main")[1]
    zhao.sends(f"{at}/start", state="applying")
    assert names(desk_storage) == {"A0034": "𠮷㛃·阿依", "A0035": "老周", "A0036": "小陈"}
    chen = desk_storage.roster.by_number("A0036")
    assert chen is not None and (chen.wage, chen.region) == (420_050, "320500")


def test_a_row_with_an_error_stays_outside_and_can_come_in_later(
    zhao: Colleague, desk_storage: Storage
) -> None:
    at = preview(zhao, HEADINGS, *ROWS)
    zhao.sends(f"{at}/start", state="applying")
    assert set(names(desk_storage)) == {"A0034", "A0036"}
    page = text(zhao.opens(at))
    assert "有错的 1 行没有导" in page
    (cell,) = re.findall(r'name="(cell-\d+)"', page)
    zhao.sends(f"{at}/rows/3", **{cell: "4000"})
    zhao.sends(f"{at}/start", state="applying")
    assert set(names(desk_storage)) == {"A0034", "A0035", "A0036"}


def test_columns_are_guessed_can_be_chosen_otherwise_and_are_remembered(
    zhao: Colleague, desk_storage: Storage
) -> None:
    rows = (("代号", "姓名", "工作城市", "月收入"), ("A0034", "阿丽", "苏州", 3500))
    at = upload(zhao, book(*rows)).headers["Location"]
    guessed = chosen(zhao, at)
    assert list(guessed.values()) == ["", "name", "region", ""]
    wrong = text(zhao.sends(f"{at}/columns", 400, **guessed))
    assert "还没有指明哪一列是“工号”" in wrong
    twice = text(zhao.sends(f"{at}/columns", 400, **guessed | {"column-0": "name"}))
    assert "“姓名”选了两列" in twice
    own = guessed | {"column-0": "number", "column-3": "wage"}
    zhao.sends(f"{at}/columns", **own)
    again = upload(zhao, book(*rows)).headers["Location"]
    assert "照上次选好了" in text(zhao.opens(again)) and chosen(zhao, again) == own
    other = upload(zhao, book(("代号", "姓名"), ("A1", "某"))).headers["Location"]
    assert list(chosen(zhao, other).values()) == ["", "name"]


def test_a_sheet_without_a_region_has_one_for_all(zhao: Colleague, desk_storage: Storage) -> None:
    rows = (("工号", "姓名"), ("A0034", "阿丽"))
    at = upload(zhao, book(*rows)).headers["Location"]
    assert "没有这个地方" in text(
        zhao.sends(f"{at}/columns", 400, **chosen(zhao, at) | {"all-region": "某某州"})
    )
    zhao.sends(f"{at}/columns", **chosen(zhao, at) | {"all-region": "苏州"})
    zhao.sends(f"{at}/start", state="applying")
    ali = desk_storage.roster.by_number("A0034")
    assert ali is not None and ali.region == "320500"


def test_an_import_changes_nobody_twice_and_blank_cells_change_nothing(
    zhao: Colleague, desk_storage: Storage
) -> None:
    ali = hire(desk_storage, phone="13800000000", wage=300_000)
    hire(desk_storage, "A0036", "小陈", wage=420_050)
    at = preview(
        zhao, ("工号", "姓名", "应发工资", "手机"), ("a0034", "阿丽", 3500, ""), ("A0036", "小陈", 4200.5, "")
    )
    changed = text(zhao.opens(f"{at}?show=changed"))
    assert "<del>3000.00</del>" in changed and "3500.00" in changed
    assert "没变化 1" in changed and "新增" not in changed.split("<main")[1]
    zhao.sends(f"{at}/start", state="applying")
    kept = desk_storage.roster.get(ali.id)
    assert kept is not None and (kept.wage, kept.phone) == (350_000, "13800000000")


def test_a_number_that_comes_twice_is_an_error_on_the_second(zhao: Colleague) -> None:
    at = preview(zhao, HEADINGS, ROWS[0], ROWS[2], ("a0034", "阿丽", "苏州", 3500, "", ""))
    page = text(zhao.opens(at))
    assert "第 4 行" in page and "和第 2 行是同一个" in page


def test_a_row_can_be_left_out_and_taken_in_again(zhao: Colleague, desk_storage: Storage) -> None:
    at = preview(zhao, HEADINGS, ROWS[0], ROWS[2])
    zhao.sends(f"{at}/rows/2/leave-out", out="1")
    zhao.sends(f"{at}/rows/3/leave-out", out="1")
    assert "没有可以导入的行" in text(zhao.opens(at))
    zhao.sends(f"{at}/rows/3/leave-out", out="0")
    zhao.sends(f"{at}/start", state="applying")
    assert names(desk_storage) == {"A0036": "小陈"}


def test_an_identity_number_that_lost_digits_is_refused_in_words(
    zhao: Colleague, desk_storage: Storage
) -> None:
    at = preview(zhao, HEADINGS, ("A0034", "阿丽", "苏州", 3500, 110105194912310021, ""))
    page = text(zhao.opens(at))
    assert "15 位以后的已经丢了" in page
    (cell,) = re.findall(r'name="(cell-\d+)"', page)
    zhao.sends(f"{at}/rows/2", **{cell: "11010519491231002X"})
    zhao.sends(f"{at}/start", state="applying")
    ali = desk_storage.roster.by_number("A0034")
    assert ali is not None and ali.id_number == "11010519491231002X"


def test_a_name_that_no_notice_could_print_stops_here_with_its_character(
    zhao: Colleague, desk_storage: Storage
) -> None:
    at = preview(zhao, HEADINGS, ("A0034", "李𪛖梅", "苏州", 3500, "", ""), ROWS[2])
    page = text(zhao.opens(at))
    assert "打印不出来的字：𪛖（U+2A6D6）" in page and "导入 1 行，有错的先不导" in page
    zhao.sends(f"{at}/start", state="applying")
    assert names(desk_storage) == {"A0036": "小陈"}


DIBAO_HEADINGS = ("工号", "姓名", "是否低保户", "参保地")


def test_what_tells_of_dibao_does_not_come_in_and_that_is_said(
    zhao: Colleague, desk_storage: Storage
) -> None:
    at = upload(zhao, book(DIBAO_HEADINGS, ("A0034", "阿丽", "是，在领", "苏州"))).headers["Location"]
    page = text(zhao.opens(at))
    assert "这几列不进花名册，也不给任何人看：是否低保户" in page and "是，在领" not in page
    with desk_storage.database.read() as connection:
        (row,) = connection.execute(select(import_rows)).all()
    body = desk_storage.keys.box("import_rows.body", row.key_id).open_json(
        f"import_rows.body:{row[0]}:{row.row}", row.body
    )
    assert body["cells"] == ["A0034", "阿丽", "苏州"]


def everywhere(zhao: Colleague, at: str) -> str:
    """Every page on which an import shows anything."""
    lists = (f"{at}?show={found}" for found in ("error", "new", "changed", "same", "leaver"))
    return "".join(text(zhao.opens(each)) for each in (*lists, "/hr/imports", "/hr/roster"))


@pytest.mark.parametrize(("draw", "told"), [(1, "少于 5 行"), (4, "少于 5 行"), (5, "5 行")])
def test_what_lies_apart_is_a_number_that_tells_nothing_of_anybody(
    zhao: Colleague, desk_storage: Storage, draw: int, told: str
) -> None:
    cells = [*["在领", "已停发", "审批中", "低保户", "是"][:draw], "否", "", "没有"]
    rows = [(f"N{at}", f"某{at}", cell, "苏州") for at, cell in enumerate(cells)]
    at = preview(zhao, DIBAO_HEADINGS, *rows)
    sentence = f"{told}放在一边，等本人同意才能记。"
    assert sentence in text(zhao.opens(at)) and not re.search("在领|停发|审批中", everywhere(zhao, at))
    zhao.sends(f"{at}/start", state="applying")
    somebody = desk_storage.roster.by_number("N0")
    assert somebody is not None
    assert "在领" not in text(zhao.opens(f"/hr/roster/{somebody.id}"))
    desk_storage.records.agree(somebody.id, "dibao_status", "chat", f"employee:{somebody.id}")
    assert [each.status for each in desk_storage.records.dibao(somebody.id, HR)] == ["receiving"]
    assert sentence in text(zhao.opens(at)), "a number that falls would tell who agreed"
    assert not re.search("在领|停发|审批中", everywhere(zhao, at))


def test_a_sheet_that_changes_nothing_else_can_still_be_taken_in(
    zhao: Colleague, desk_storage: Storage
) -> None:
    ali = hire(desk_storage)
    at = preview(zhao, DIBAO_HEADINGS, ("A0034", "阿丽", "暂停", "苏州"))
    assert "花名册不用改，放在一边的等本人同意" in text(zhao.opens(at))
    zhao.sends(f"{at}/start", state="applying")
    desk_storage.records.agree(ali.id, "dibao_status", "paper", HR)
    assert [each.status for each in desk_storage.records.dibao(ali.id, HR)] == ["suspended"]


@pytest.mark.parametrize(
    ("heading", "cell", "status"),
    [
        ("是否低保户", "是", "receiving"),
        ("是否低保*", "√", "receiving"),
        ("低保状态", "在领", "receiving"),
        ("困难类型", "低保户", "receiving"),
        ("低保情况", "停发（2026年3月起）", "suspended"),
        ("低保情况", "暂停", "suspended"),
        ("低保", "申请中", "applying"),
        ("低保", "已终止", "ended"),
        ("低保", "不再享受", "ended"),
        ("是否低保户", "否", None),
        ("是否低保户", "不是", None),
        ("是否低保户", "", None),
        ("低保", "非低保", None),
        ("困难类型", "低保边缘家庭", None),
        ("低保边缘家庭", "是", None),
        ("特困人员", "是", None),
        ("低保金额", "800", None),
        ("低保证号", "有", None),
        ("是否停发低保", "是", None),
        ("低保人数", "1", None),
        ("低保", "待核对", None),
    ],
)
def test_a_cell_says_a_status_only_where_it_can_be_relied_on(
    heading: str, cell: str, status: str | None
) -> None:
    assert told_status(heading, cell) == status


def test_a_reason_that_tells_of_dibao_does_not_come_in_either(zhao: Colleague) -> None:
    at = preview(zhao, ("工号", "姓名", "参保地", "未参保原因"), ("A0034", "阿丽", "苏州", "吃低保不肯交"))
    assert "不要写低保的事" in text(zhao.opens(at))


def test_an_import_is_taken_back_but_for_what_has_changed_since(
    zhao: Colleague, desk_storage: Storage, clock: Any
) -> None:
    ali = hire(desk_storage, wage=300_000)
    other = hire(desk_storage, "A0035", "老周", wage=300_000)
    at = preview(
        zhao,
        ("工号", "姓名", "应发工资", "参保地"),
        ("A0034", "阿丽", 3500, "苏州"),
        ("A0035", "老周", 3500, "苏州"),
        ("A0036", "小陈", 3500, "苏州"),
    )
    zhao.sends(f"{at}/start", state="applying")
    clock.move(hours=1)
    desk_storage.roster.correct(other.id, {"phone": "13800000000"}, HR)
    zhao.sends(f"{at}/start", state="undoing")
    page = text(zhao.opens(at))
    assert "撤销了 2 行" in page and "有 1 行导入以后又改过" in page
    before = desk_storage.roster.get(ali.id)
    kept = desk_storage.roster.get(other.id)
    assert before is not None and before.wage == 300_000
    assert kept is not None and (kept.wage, kept.phone) == (350_000, "13800000000")
    assert desk_storage.roster.by_number("A0036") is None


def test_leavers_are_suggested_leave_when_chosen_and_come_back_with_their_chat(
    zhao: Colleague, desk_storage: Storage
) -> None:
    ali, zhou = hire(desk_storage), hire(desk_storage, "A0035", "老周")
    conversation = binds(desk_storage, zhou)
    at = preview(zhao, ("工号", "姓名", "参保地"), ("A0034", "阿丽", "苏州"))
    page = text(zhao.opens(f"{at}?show=leaver"))
    assert "老周" in page and "阿丽" not in page.split("<main")[1]
    assert "要填哪天离职" in text(zhao.sends(f"{at}/leavers", 400, row="1", left_on=""))
    zhao.sends(f"{at}/leavers", row="1", left_on="2026-10-10")
    zhao.sends(f"{at}/start", state="applying")
    gone = desk_storage.roster.get(zhou.id)
    assert gone is not None and (gone.state, gone.left_on) == ("left", date(2026, 10, 10))
    assert desk_storage.roster.conversations_of(zhou.id) == {}
    zhao.sends(f"{at}/start", state="undoing")
    back = desk_storage.roster.get(zhou.id)
    assert back is not None and back.state == "active" and back.left_on is None
    assert desk_storage.roster.conversations_of(zhou.id) == {"web": conversation}
    assert desk_storage.roster.get(ali.id) == ali


def test_somebody_who_had_left_and_is_in_the_sheet_is_back(zhao: Colleague, desk_storage: Storage) -> None:
    ali = hire(desk_storage)
    desk_storage.roster.leave(ali.id, date(2026, 5, 1), HR)
    at = preview(zhao, ("工号", "姓名", "入职日期"), ("A0034", "阿丽", "2026年10月8日"))
    assert "在职" in text(zhao.opens(f"{at}?show=changed"))
    zhao.sends(f"{at}/start", state="applying")
    back = desk_storage.roster.get(ali.id)
    assert back is not None and (back.state, back.left_on, back.joined_on) == (
        "active",
        None,
        date(2026, 10, 8),
    )


def test_months_of_pay_come_in_and_are_what_the_exposure_is_reckoned_from(
    zhao: Colleague, desk_storage: Storage
) -> None:
    ali = hire(desk_storage, joined_on=date(2026, 8, 1), wage=500_000, uninsured_why="手续在办")
    rows = (
        ("工号", "月份", "应发工资", "缴费基数", "是否缴费", "个人缴费"),
        ("A0034", "2026-08", 3500, "", "否", ""),
        ("A0034", "202609", 3500, "", "未缴", 0),
        ("A9999", "2026-08", 3500, "", "", ""),
        ("A0034", "八月", 3500, "", "", ""),
    )
    at = preview(zhao, *rows, kind="history")
    page = text(zhao.opens(at))
    assert "花名册里没有这个工号" in page and "请填月份" in page
    zhao.sends(f"{at}/start", state="applying")
    months = desk_storage.records.pay_months(ali.id)
    assert [(each.month, each.wage, each.paid) for each in months] == [
        (date(2026, 8, 1), 350_000, False),
        (date(2026, 9, 1), 350_000, False),
    ]
    assert "3476.40" in text(zhao.opens(f"/hr/roster/{ali.id}"))
    zhao.sends(f"{at}/start", state="undoing")
    assert desk_storage.records.pay_months(ali.id) == ()


def test_a_pay_sheet_of_one_month_says_the_month_once(zhao: Colleague, desk_storage: Storage) -> None:
    ali = hire(desk_storage)
    rows = (("工号", "应发工资"), ("A0034", 3500))
    at = preview(zhao, *rows, kind="history", **{"all-month": "2026-09"})
    zhao.sends(f"{at}/start", state="applying")
    again = preview(zhao, rows[0], ("A0034", 3600), kind="history", **{"all-month": "2026-09"})
    assert "<del>3500.00</del>" in text(zhao.opens(again))
    zhao.sends(f"{again}/start", state="applying")
    assert [each.wage for each in desk_storage.records.pay_months(ali.id)] == [360_000]
    zhao.sends(f"{again}/start", state="undoing")
    assert [each.wage for each in desk_storage.records.pay_months(ali.id)] == [350_000]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "选一个"),
        (b"PK\x03\x04 damaged", "文件损坏"),
        (b"<html><table></table>", "网页格式"),
        (b"\xff" * 11_000_000, "太大"),
        ("工号,姓名".encode(), "没有可以导入的内容"),
    ],
)
def test_a_file_that_is_no_sheet_is_refused_beside_the_field(zhao: Colleague, data: bytes, told: str) -> None:
    name = "名单.xlsx" if data else ""
    page = zhao.client.post(
        "/hr/imports",
        data={"kind": "roster", "file": (BytesIO(data), name), "csrf_token": zhao.token()},
    )
    assert page.status_code in (400, 413) and told in text(page)
    page.request.environ["wsgi.input"].close()  # the client keeps so large a form in a file


def test_a_file_that_swells_is_refused(zhao: Colleague) -> None:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 60_000_000)
    assert "解开后太大" in text(upload(zhao, made.getvalue(), status=400))


def test_csv_in_the_usual_encoding_comes_in(zhao: Colleague, desk_storage: Storage) -> None:
    data = "工号,姓名,参保地\nA0034,㛃丽,苏州\n".encode("gb18030")
    at = upload(zhao, data, name="名单.csv").headers["Location"]
    zhao.sends(f"{at}/columns", **chosen(zhao, at))
    zhao.sends(f"{at}/start", state="applying")
    assert names(desk_storage) == {"A0034": "㛃丽"}


def test_an_import_that_is_not_wanted_is_gone(zhao: Colleague, desk_storage: Storage) -> None:
    at = preview(zhao, HEADINGS, *ROWS)
    zhao.sends(f"{at}/discard")
    zhao.opens(at, 404)
    with desk_storage.database.read() as connection:
        assert connection.execute(select(imports)).all() == []
        assert connection.execute(select(import_rows)).all() == []


def test_the_page_tells_how_far_it_is(zhao: Colleague) -> None:
    at = preview(zhao, HEADINGS, *ROWS)
    assert zhao.asks(f"{at}/progress").get_json() == {
        "state": "preview",
        "running": False,
        "done": 0,
        "total": 2,
    }


def test_what_was_started_twice_is_done_once(zhao: Colleague, desk_storage: Storage) -> None:
    at = preview(zhao, HEADINGS, *ROWS)
    zhao.sends(f"{at}/start", state="applying")
    zhao.sends(f"{at}/columns", **{"column-0": "number"})
    zhao.sends(f"{at}/start", state="mapping")
    assert set(names(desk_storage)) == {"A0034", "A0036"}


def test_imports_are_for_those_who_write_the_roster(colleague: SignIn) -> None:
    colleague("李娜", "agent").opens("/hr/imports", 403)


def test_an_account_in_wecom_comes_with_the_sheet_and_belongs_to_one(
    zhao: Colleague, desk_storage: Storage
) -> None:
    hire(desk_storage, "B1", "老周", wecom_id="LaoZhou")
    at = preview(
        zhao,
        ("工号", "姓名", "参保地", "企业微信账号", "邮箱"),
        ("A0034", "阿丽", "苏州", "AliLi", "ali@company.example"),
        ("A0035", "小陈", "苏州", "alili", ""),
        ("A0036", "小王", "苏州", "laozhou", ""),
        ("B1", "老周", "苏州", "laozhou", ""),
    )
    assert text(zhao.opens(f"{at}?show=error")).count("已经是花名册上另一个人的") == 2
    zhao.sends(f"{at}/start", state="applying")
    ali = desk_storage.roster.by_number("A0034")
    assert ali is not None and (ali.wecom_id, ali.mail) == ("AliLi", "ali@company.example")
    assert desk_storage.roster.by_number("A0036") is None
