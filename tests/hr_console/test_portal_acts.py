"""Enrolments and corrected bases over the portal's own spreadsheet: nothing is done before the receipt, and nothing twice."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date
from html import unescape
from typing import Any

import openpyxl
import pytest
from databases import Clock
from desk import Colleague
from portal_office import BASES, FORM, HEADINGS, HR, OCTOBER, TOLD, Office, blank, receipt, sends

from policy_kb.library import Library
from profiles.changes import Change
from storage.opening import Storage

pytest_plugins = ["databases", "desk"]


@pytest.fixture
def office(desk_storage: Storage, library: Library) -> Office:
    return Office(desk_storage, library)


@pytest.fixture
def li(colleague: Callable[..., Colleague]) -> Colleague:
    """李梅, an admin, who may not see dibao."""
    return colleague("李梅", "admin")


def text(page: Any) -> str:
    return unescape(page.get_data(as_text=True))


def page(who: Colleague, path: str) -> str:
    return text(who.opens(path))


def file_of(who: Colleague, form: str = FORM) -> list[list[Any]]:
    """The rows of the newest file of a form."""
    found = re.search(rf'href="({form}/[0-9a-f-]+\.xlsx)"', page(who, form))
    assert found is not None
    sheet = openpyxl.load_workbook(io.BytesIO(who.opens(found[1]).data)).active
    return [[cell.value for cell in row] for row in sheet.iter_rows(min_row=3)]


def exports(who: Colleague, form: str = FORM, headings: tuple[str, ...] = HEADINGS) -> None:
    sends(who, f"{form}/blank", "空表.xlsx", blank(headings))
    who.sends(f"{form}/export")


def uploads(who: Colleague, data: bytes, form: str = FORM, name: str = "回执.csv") -> str:
    """The page of a receipt."""
    address: str = sends(who, f"{form}/receipt", name, data).headers["Location"]
    return address


def test_nothing_to_export_says_so(li: Colleague) -> None:
    assert "没有要报的" in page(li, "/hr/portal-acts")
    form = page(li, FORM)
    assert "把平台下载的空表传上来" in form and "没有。批准了新的，会到这里来。" in form
    assert "没有在等回执的" in form
    li.opens("/hr/portal-acts/enrolment/999999", 404)
    li.opens("/hr/portal-acts/declaration/320500", 404)


def test_what_is_approved_is_exported_in_the_portals_blank_once(office: Office, li: Colleague) -> None:
    chun, it = office.hires("A11", "=春梅"), None
    it = office.approved(chun)
    assert "苏州" in page(li, "/hr/portal-acts") and "增员、参保登记" in page(li, "/hr/portal-acts")
    exports(li)
    assert office.state(it) == "handed_in"
    expected = [[None, "=春梅", "320500198001010011", "202610", 4952, "2026-08-10"]]
    assert file_of(li) == expected
    shown = page(li, FORM)
    assert "李梅 2026-10-15" in shown and "导出，1 人" in shown and "已导出，等回执" in shown
    li.sends(f"{FORM}/export")
    assert "没有能导出的" in page(li, FORM) and file_of(li) == expected
    assert (
        len([each for each in office.storage.profiles.get(it.id).history if each.state == "handed_in"]) == 1
    )  # type: ignore[union-attr]


def test_a_later_export_holds_only_what_is_new(office: Office, li: Colleague, clock: Clock) -> None:
    office.approved(office.hires("A11", "春梅"))
    exports(li)
    clock.move(minutes=5)
    office.approved(office.hires("A12", "夏荷"))
    li.sends(f"{FORM}/export")
    assert [row[1] for row in file_of(li)] == ["夏荷"]
    assert page(li, FORM).count("下载填好的表") == 2


def test_the_strategys_page_says_who_exported_it_and_when(
    office: Office, li: Colleague, colleague: Callable[..., Colleague]
) -> None:
    it = office.approved(office.hires("A11", "春梅"))
    agent = colleague("钱芳", "agent", "admin")
    before = page(agent, f"/hr/strategies/{it.id}")
    assert "这个地方没有接口" in before and FORM in before
    exports(li)
    for path in (f"/hr/strategies/{it.id}", "/hr/strategies?box=under_way"):
        shown = page(agent, path)
        assert "已导出，等回执" in shown and "李梅" in shown and "2026-10-15" in shown


def test_nothing_is_done_before_the_receipt_and_all_of_it_by_it(office: Office, li: Colleague) -> None:
    chun, xia = office.hires("A11", "春梅"), office.hires("A12", "夏荷")
    first, second = office.approved(chun), office.approved(xia)
    exports(li)
    at = uploads(
        li,
        receipt(
            ("320500198001010011", "春梅", "办理成功", ""),
            ("320500198001010012", "夏荷", "办理失败", "证件照片 <b>不清楚"),
            ("320500198001010099", "别家的人", "办理成功", ""),
        ),
    )
    seen = page(li, at)
    assert "第 2 行 春梅" in seen and "第 3 行 夏荷" in seen and "证件照片 <b>不清楚" in seen
    assert "第 4 行" in seen and "不在等回执的名单里" in seen and "别家的人" not in seen
    assert {office.state(first), office.state(second)} == {"handed_in"}
    assert office.storage.roster.get(chun.id).insured_since is None  # type: ignore[union-attr]
    li.sends(f"{at}/take")
    assert (office.state(first), office.state(second)) == ("done", "rejected")
    profile, there = office.storage.profiles.profile_of(chun.id), office.storage.roster.get(chun.id)
    assert profile is not None and (profile.insured_since, profile.base) == (OCTOBER, 495_200)
    assert profile.behind["insured_since"].source == "social_insurance" or profile.insured
    assert there is not None and (there.insured_since, there.base) == (OCTOBER, 495_200)
    back = office.storage.profiles.get(second.id)
    assert back is not None and back.history[-1].details["reason"] == "证件照片 <b>不清楚"
    done = page(li, at)
    assert "登记了的" in done and "受理" in done and "被退回" in done


def test_the_same_receipt_twice_changes_nothing(office: Office, li: Colleague) -> None:
    chun = office.hires("A11", "春梅")
    it = office.approved(chun)
    exports(li)
    told = receipt(("320500198001010011", "春梅", "成功", ""))
    at = uploads(li, told)
    li.sends(f"{at}/take")
    changes = office.storage.profiles.changes_of(chun.id)
    again = sends(li, f"{FORM}/receipt", "又一份.csv", told).headers["Location"]
    assert again == at and "传过了" in page(li, at)
    assert "没有一行能登记" in text(li.sends(f"{at}/take", 409))
    assert office.storage.profiles.changes_of(chun.id) == changes and office.state(it) == "done"
    other = uploads(li, receipt(("320500198001010011", "春梅", "成功", "另一份")))
    assert "不在等回执的名单里" in page(li, other)
    li.sends(f"{other}/take", 409)


def test_a_receipt_is_taken_back_and_taken_over_again(office: Office, li: Colleague, clock: Clock) -> None:
    chun, xia = office.hires("A11", "春梅", uninsured_why="还在商量"), office.hires("A12", "夏荷")
    first, second = office.approved(chun), office.approved(xia)
    exports(li)
    at = uploads(
        li,
        receipt(("320500198001010011", "春梅", "成功", ""), ("320500198001010012", "夏荷", "退回", "重复")),
    )
    li.sends(f"{at}/take")
    office.follow()
    clock.move(minutes=1)
    li.sends(f"{at}/undo")
    assert {office.state(first), office.state(second)} == {"handed_in"}
    there, profile = office.storage.roster.get(chun.id), office.storage.profiles.profile_of(chun.id)
    assert there is not None and (there.insured_since, there.base) == (None, None)
    assert there.uninsured_why == "还在商量"
    assert profile is not None and not profile.insured and profile.base is None and not profile.conflicts
    assert "撤销了" in page(li, at) and "李梅 2026-10-15" in page(li, FORM)
    li.sends(f"{at}/undo", 409)
    clock.move(minutes=1)
    li.sends(f"{at}/take")
    profile = office.storage.profiles.profile_of(chun.id)
    assert profile is not None and profile.insured_since == OCTOBER and profile.base == 495_200
    assert (office.state(first), office.state(second)) == ("done", "rejected")


def test_what_was_changed_since_is_not_taken_back(office: Office, li: Colleague, clock: Clock) -> None:
    chun = office.hires("A11", "春梅")
    it = office.approved(chun)
    exports(li)
    at = uploads(li, receipt(("320500198001010011", "春梅", "成功", "")))
    li.sends(f"{at}/take")
    clock.move(minutes=1)
    office.storage.roster.correct(chun.id, {"base": 520_000}, HR)
    li.sends(f"{at}/undo")
    there = office.storage.roster.get(chun.id)
    assert there is not None and (there.insured_since, there.base) == (OCTOBER, 520_000)
    assert office.state(it) == "done" and "后来又改过，没有撤销" in page(li, at)


def test_a_row_that_cannot_be_read_is_named_by_row_and_column(office: Office, li: Colleague) -> None:
    its = [office.approved(office.hires(f"A1{each}", f"工人{each}")) for each in range(1, 5)]
    exports(li)
    headings = (*TOLD, "缴费基数", "起始年月")
    at = uploads(
        li,
        receipt(
            ("320500198001010011", "", "办理中", "", "", ""),
            ("320500198001010012", "", "成功", "", "4000", ""),
            ("320500198001010013", "", "成功", "", "4952.00", "202612"),
            ("", "工人4", "成功", "", "", ""),
            ("3.20500198001010E+17", "", "成功", "", "", ""),
            headings=headings,
        ),
    )
    seen = page(li, at)
    assert "第 2 行 工人1" in seen and "“处理结果”是“办理中”" in seen
    assert "“缴费基数”是“4000”，导出的是 4952.00" in seen
    assert "“起始年月”是“202612”，导出的是 2026-10" in seen
    assert "第 5 行" in seen and "“证件号码”是空的" in seen
    assert "第 6 行" in seen and "后几位丢了" in seen
    assert "还在等、回执里没有的 1 人：工人4 A14" in re.sub(r"\s+", " ", seen)
    li.sends(f"{at}/take", 409)
    assert {office.state(each) for each in its} == {"handed_in"}


def test_which_column_is_what_is_said_once_for_a_kind_and_place(office: Office, li: Colleague) -> None:
    office.approved(office.hires("A11", "春梅"))
    sends(li, f"{FORM}/blank", "空表.xlsx", blank(("姓名", "身份证号码", "备注", "申报工资")))
    assert "少了这几列：从哪月起参保" in page(li, FORM)
    li.sends(f"{FORM}/export", 409)
    twice = text(li.sends(f"{FORM}/columns", 400, **{"column-0": "base", "column-3": "base"}))
    assert "只留一列" in twice
    assert "少了这几列" in text(li.sends(f"{FORM}/columns", 400, **{"column-0": "name"}))
    said = {"column-0": "name", "column-1": "id_number", "column-2": "month", "column-3": "base"}
    li.sends(f"{FORM}/columns", **said)
    sends(li, f"{FORM}/blank", "新空表.xlsx", blank(("姓名", "身份证号码", "备注", "申报工资")))
    li.sends(f"{FORM}/export")
    assert file_of(li) == [["春梅", "320500198001010011", "202610", 4952]]
    assert office.storage.portal.blank("base:320500") is None


def test_how_a_receipt_is_read_is_said_once(office: Office, li: Colleague) -> None:
    office.approved(office.hires("A11", "春梅"))
    exports(li)
    headings = ("姓名", "号码", "怎么样")
    at = uploads(li, receipt(("春梅", "320500198001010011", "成功"), headings=headings))
    assert "人只按身份证号对" in page(li, at)
    assert "人只按身份证号对" in text(li.sends(f"{at}/columns", 400, **{"column-1": "id_number"}))
    li.sends(f"{at}/columns", **{"column-1": "id_number", "column-2": "outcome"})
    assert "第 2 行 春梅" in page(li, at)
    other = uploads(li, receipt(("春梅", "320500198001010011", "退回"), headings=headings))
    assert "第 2 行 春梅" in page(li, other) and "被退回" in page(li, other)


@pytest.mark.parametrize(("name", "data"), [("空表.xls", b"\xd0\xcf\x11\xe0 old"), ("空表.xlsx", b"")])
def test_what_is_no_sheet_is_refused_in_words(office: Office, li: Colleague, name: str, data: bytes) -> None:
    assert "要平台下载的 .xlsx 原表" in text(sends(li, f"{FORM}/blank", name, data, 400))
    office.approved(office.hires("A11", "春梅"))
    exports(li)
    assert 'role="alert"' in text(sends(li, f"{FORM}/receipt", name, b"PK\x03\x04 cut", 400))
    li.sends(f"{FORM}/receipt", 400)
    li.sends(f"{FORM}/blank", 400)


def test_a_corrected_base_goes_by_its_own_form(office: Office, li: Colleague) -> None:
    chun = office.hires("A11", "春梅", wage=600_000, base=495_200, insured_since=date(2026, 9, 1))
    it = office.approved(chun)
    assert "没有。批准了新的" in page(li, FORM)
    exports(li, BASES, ("姓名", "身份证号码", "变更年月", "原缴费基数", "新缴费基数"))
    assert file_of(li, BASES) == [["春梅", "320500198001010011", "202610", None, 6000]]
    at = uploads(li, receipt(("320500198001010011", "春梅", "通过", "")), BASES)
    li.sends(f"{at}/take")
    there, profile = office.storage.roster.get(chun.id), office.storage.profiles.profile_of(chun.id)
    assert there is not None and (there.base, there.insured_since) == (600_000, date(2026, 9, 1))
    assert profile is not None and profile.base == 600_000 and office.state(it) == "done"


def test_who_cannot_be_exported_is_named_with_why_and_goes_back(office: Office, li: Colleague) -> None:
    chun, late = office.hires("A11", "春梅", id_number=""), office.hires("A12", "夏荷")
    first, second = office.approved(chun), office.approved(late, date(2026, 12, 1))
    shown = page(li, FORM)
    assert "资料不全" in shown and "起始月份晚于应缴的月份" in shown and "导出 0 人" not in shown
    exports(li)
    assert {office.state(first), office.state(second)} == {"rejected"}
    assert "没有能导出的" in page(li, FORM)
    reasons = {office.storage.profiles.get(each.id).history[-1].details["reason"] for each in (first, second)}  # type: ignore[union-attr]
    assert reasons == {"lacks", "deferred"}


def test_two_with_one_identity_number_are_not_exported(office: Office, li: Colleague) -> None:
    same = {"id_number": "320500198001010011"}
    its = [office.approved(office.hires(f"A2{each}", f"工人{each}", **same)) for each in (1, 2)]
    exports(li)
    assert "两个人是同一个身份证号" in page(li, FORM)
    assert {office.state(each) for each in its} == {"approved"}


def test_a_file_is_refused_once_the_lawful_base_has_risen_above_it(office: Office, li: Colleague) -> None:
    chun = office.hires("A11", "春梅")
    it = office.approved(chun)
    exports(li)
    found = re.search(rf'href="({FORM}/[0-9a-f-]+\.xlsx)"', page(li, FORM))
    assert found is not None
    office.storage.roster.correct(chun.id, {"wage": 700_000}, HR)
    assert "春梅 基数低于依法该按的" in text(li.opens(found[1], 409))
    assert "先勾上要收回的" in text(li.sends(f"{FORM}/take-back", 400))
    li.sends(f"{FORM}/take-back", strategy=it.id)
    back = office.storage.profiles.get(it.id)
    assert back is not None and back.state == "rejected"
    assert back.history[-1].details["reason"] == "taken_back"
    li.opens(found[1], 404)
    assert office.approved(chun).state == "approved"
    li.sends(f"{FORM}/export")
    assert file_of(li)[0][4] == 7000


def test_who_is_insured_meanwhile_is_not_exported(office: Office, li: Colleague) -> None:
    chun = office.hires("A11", "春梅")
    it = office.approved(chun)
    at = office.storage.now()
    told = Change(
        chun.id,
        "insured_since",
        date(2026, 9, 1),
        date(2026, 9, 1),
        "si",
        at,
        "social_insurance",
        "confirmed",
    )
    office.storage.profiles.note([told], "system")
    assert "已经参保了" in page(li, FORM)
    exports(li)
    assert office.state(it) == "done" and "没有在等回执的" in page(li, FORM)


def test_nothing_on_the_way_tells_of_dibao(
    office: Office, li: Colleague, colleague: Callable[..., Colleague]
) -> None:
    chun = office.hires("A11", "春梅")
    office.suspends(chun)
    it = office.approved(chun, tells_dibao=True)
    exports(li)
    assert office.state(it) == "handed_in", "nobody who may see dibao takes anything to the portal"
    assert file_of(li) == [[None, "春梅", "320500198001010011", "202610", 4952, "2026-08-10"]]
    at = uploads(li, receipt(("320500198001010011", "春梅", "成功", "")))
    for path in ("/hr/portal-acts", FORM, at):
        shown = page(li, path).partition("<main")[2]
        assert "低保" not in shown and it.id not in re.sub(r'name="strategy" value="[^"]+"', "", shown)
    li.sends(f"{at}/take")
    assert office.state(it) == "done"


def test_what_came_of_dibao_is_exported_by_whoever_may_see_it(
    office: Office, li: Colleague, colleague: Callable[..., Colleague]
) -> None:
    zhao = colleague("赵静", "dibao_officer", "admin")
    chun = office.hires("A11", "春梅")
    office.suspends(chun)
    it = office.approved(chun, tells_dibao=True)
    assert "春梅" not in page(li, FORM) and "没有要报的" in page(li, "/hr/portal-acts")
    exports(zhao)
    assert office.state(it) == "handed_in" and "春梅" not in page(li, FORM)
    at = uploads(zhao, receipt(("320500198001010011", "春梅", "成功", "")))
    seen = page(li, at)
    assert "春梅" not in seen and "不在等回执的名单里" in seen
    zhao.sends(f"{at}/take")
    assert office.state(it) == "done" and "春梅" in page(zhao, at) and "春梅" not in page(li, at)
    li.sends(f"{at}/undo", 404)
    assert office.state(it) == "done" and "撤销这次登记" in page(zhao, at)


def test_two_acts_for_one_person_go_into_the_file_once(office: Office, li: Colleague) -> None:
    chun = office.hires("A11", "春梅")
    office.suspends(chun)
    first, second = office.approved(chun), office.approved(chun, tells_dibao=True)
    exports(li)
    assert len(file_of(li)) == 1 and "不重复报" in page(li, FORM)
    at = uploads(li, receipt(("320500198001010011", "春梅", "成功", "")))
    li.sends(f"{at}/take")
    office.follow()
    assert {office.state(first), office.state(second)} == {"done"}
