"""申报 as two of HR work with it, without a connection: drafted, approved by the second, exported, answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from desk import Colleague

from calculator.money import parse_yuan
from people.employees import Employee
from people.entities import InsuredAccount, LegalEntity
from storage.opening import Storage

pytest_plugins = ["databases", "desk"]

HR = "account:hr"
SUZHOU = "320500"
OCTOBER = date(2026, 10, 1)


def person(number: str, name: str, **more: Any) -> Employee:
    values: dict[str, Any] = {
        "wage": parse_yuan("3500"),
        "joined_on": date(2026, 8, 10),
        "insured_since": OCTOBER,
        "region": SUZHOU,
    }
    return Employee(id="", number=number, name=name, **values | more)


@pytest.fixture
def account(desk_storage: Storage) -> InsuredAccount:
    entity = desk_storage.companies.save_entity(LegalEntity("", "苏州某厂", "91320500MA1MX00X0K"), HR)
    desk_storage.companies.save_account(InsuredAccount("", entity, SUZHOU, "SZ001"), HR)
    (found,) = desk_storage.companies.accounts()
    return found


@pytest.fixture
def staff(desk_storage: Storage, account: InsuredAccount) -> dict[str, Employee]:
    people = [
        person("A01", "=陈桂兰", id_number="11010519491231002X"),
        person("A02", "周德全", wage=parse_yuan("5200")),
        person("A03", "吴秀英", insured_since=None),
        person("A04", "李小梅", wage=None),
        person("A05", "王建国", employment="part_time"),
    ]
    return {each.number: desk_storage.roster.add(each, HR) for each in people}


@pytest.fixture
def li(colleague: Callable[..., Colleague]) -> Colleague:
    return colleague("李梅", "admin")


@pytest.fixture
def zhao(colleague: Callable[..., Colleague]) -> Colleague:
    return colleague("赵静", "admin")


def drafted(who: Colleague, account: InsuredAccount) -> str:
    sent = who.sends("/hr/declarations", account=account.id, month="2026-10")
    return sent.headers["Location"]


def digest(desk_storage: Storage) -> str:
    return desk_storage.declarations.runs()[0].digest


def text(who: Colleague, path: str) -> str:
    return who.opens(path).get_data(as_text=True)


def test_the_page_says_what_is_missing_first(li: Colleague, desk_storage: Storage) -> None:
    assert "还没有社保账户" in text(li, "/hr/declarations")
    assert "/hr/company" in text(li, "/hr/declarations")


def test_the_form_names_the_field_that_is_wrong(li: Colleague, account: InsuredAccount) -> None:
    assert "还没有起草过申报" in text(li, "/hr/declarations")
    wrong = li.sends("/hr/declarations", 400, account=account.id, month="2019-01").get_data(as_text=True)
    assert 'id="month-told"' in wrong and "12 个月以内" in wrong
    wrong = li.sends("/hr/declarations", 400, account="other", month="2026-10").get_data(as_text=True)
    assert 'id="account-told"' in wrong


def test_a_draft_shows_who_is_not_declared_before_the_figures(
    li: Colleague, account: InsuredAccount, staff: dict[str, Employee]
) -> None:
    page = text(li, drafted(li, account))
    assert "没有报的 3 人" in page
    for words in ("该参保，还没有参保", "没有工资", "非全日制", "照常参保"):
        assert words in page
    assert page.index("没有报的 3 人") < page.index("合法的最低基数")
    assert "4952.00" in page and "524.96" in page and "5200.00" in page
    # 1738.20 and 1825.00 for both sides.
    assert "3563.20" in page
    assert "没有接口，用申报表" in page and "上个月没有在这里报过" in page
    assert "数是从哪里来的" in page and "苏人社发〔2025〕33号" in page


def test_one_submits_and_a_second_approves(
    li: Colleague, zhao: Colleague, account: InsuredAccount, staff: dict[str, Employee], desk_storage: Storage
) -> None:
    at = drafted(li, account)
    seen = digest(desk_storage)
    li.sends(f"{at}/approve", 409, digest=seen)
    li.sends(f"{at}/submit", digest=seen)
    assert "要由另一个人批准" in text(li, at)
    assert "要由另一个人批准" in li.sends(f"{at}/approve", 409, digest=seen).get_data(as_text=True)
    assert desk_storage.declarations.waiting() == 1
    assert 'id="why-told"' in zhao.sends(f"{at}/return", 400, why="").get_data(as_text=True)
    assert "不要写低保" in zhao.sends(f"{at}/return", 400, why="他家低保停了").get_data(as_text=True)
    zhao.sends(f"{at}/return", why="先把王建国的用工形式问清楚")
    assert "先把王建国的用工形式问清楚" in text(li, at)
    li.sends(f"{at}/submit", digest=seen)
    zhao.sends(f"{at}/approve", digest=seen)
    assert "已批准，等网上报" in text(zhao, at)
    zhao.sends(f"{at}/approve", 409, digest=seen)


def test_what_changed_since_it_was_drafted_is_not_approved(
    li: Colleague, zhao: Colleague, account: InsuredAccount, staff: dict[str, Employee], desk_storage: Storage
) -> None:
    at = drafted(li, account)
    seen = digest(desk_storage)
    li.sends(f"{at}/submit", digest=seen)
    desk_storage.roster.correct(staff["A02"].id, {"wage": parse_yuan("6200")}, HR)
    assert "名单、工资或政策变了" in zhao.sends(f"{at}/approve", 409, digest=seen).get_data(as_text=True)
    zhao.sends(f"{at}/return", why="工资改了")
    assert "重新起草再提交" in li.sends(f"{at}/submit", 409, digest=seen).get_data(as_text=True)
    again = drafted(li, account)
    assert "6200.00" in text(li, again)
    li.opens(at, 404)
    (run,) = desk_storage.declarations.runs()
    assert run.attempt == 1


def test_the_file_holds_everybody_and_no_formula(
    li: Colleague, account: InsuredAccount, staff: dict[str, Employee], desk_storage: Storage
) -> None:
    at = drafted(li, account)
    book = openpyxl.load_workbook(BytesIO(li.opens(f"{at}/file.xlsx").get_data()))
    declared, apart = book.worksheets
    rows = list(declared.iter_rows(values_only=True))
    assert rows[1][:8] == ("A01", "=陈桂兰", "11010519491231002X", 3500, 4952, 4952, 524.96, 1213.24)
    assert declared["B2"].data_type == "s" and declared["B2"].quotePrefix
    assert rows[3][0] == "合计" and rows[3][6] == pytest.approx(524.96 + 551)
    assert [row[0] for row in apart.iter_rows(min_row=2, values_only=True)] == ["A03", "A04", "A05"]


def test_the_portals_outcome_is_noted_and_the_rest_comes_back(
    li: Colleague, zhao: Colleague, account: InsuredAccount, staff: dict[str, Employee], desk_storage: Storage
) -> None:
    at = drafted(li, account)
    seen = digest(desk_storage)
    li.sends(f"{at}/submit", digest=seen)
    zhao.sends(f"{at}/approve", digest=seen)
    wrong = li.sends(f"{at}/answers", 400, rejected="B77 没有这个人").get_data(as_text=True)
    assert 'id="rejected-told"' in wrong and "B77" in wrong and 'id="sure-told"' in wrong
    li.sends(f"{at}/answers", rejected="a02 姓名有误", sure="1")
    page = text(li, at)
    assert "被退回的 1 人" in page and "姓名有误" in page and "有结果了" in page
    assert desk_storage.declarations.waiting() == 1
    (month,) = desk_storage.records.pay_months(staff["A01"].id)
    assert (month.base, month.own_share, month.paid) == (parse_yuan("4952"), parse_yuan("524.96"), None)
    assert desk_storage.records.pay_months(staff["A02"].id) == ()
    second = drafted(li, account)
    assert "另有 1 人这个月已经报过" in text(li, second)
    listed = text(li, "/hr/declarations")
    assert "第 2 次" in listed and "被退回 1 人" in listed


def test_somebody_without_an_account_where_they_work_is_told_of(
    li: Colleague, account: InsuredAccount, desk_storage: Storage
) -> None:
    desk_storage.roster.add(person("B01", "马玉兰", region="310000"), HR)
    assert "有 1 人的参保地没有社保账户" in text(li, "/hr/declarations")


def test_texts_are_escaped(li: Colleague, account: InsuredAccount, desk_storage: Storage) -> None:
    desk_storage.roster.add(person("C01", "<script>alert(1)</script>"), HR)
    desk_storage.roster.add(person("C02", "<img src=x>", wage=None), HR)
    page = text(li, drafted(li, account))
    assert "<script>alert" not in page and "<img src=x>" not in page
