"""赵静 keeps the roster: looks people up, corrects, insures, binds, and every opening of a page is on record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from html import unescape
from io import BytesIO

import pytest
import python_calamine
from databases import Clock
from desk import Colleague
from pypdf import PdfReader
from sqlalchemy import select
from staffing import HR, binds, hire

from hr_console.fields import LABELS, ROSTER
from people.entities import InsuredAccount, LegalEntity
from people.records import DibaoStatus
from policy_kb.headings import heading_names
from policy_kb.sheets import normalise_heading
from storage.opening import Storage
from storage.tables import audit_events, audit_subjects

pytest_plugins = ["databases", "desk"]

SignIn = Callable[..., Colleague]


@pytest.fixture
def zhao(colleague: SignIn) -> Colleague:
    return colleague("赵静", "agent", "admin")


def text(page: object) -> str:
    return unescape(page.get_data(as_text=True))  # type: ignore[attr-defined]


def acts(storage: Storage, employee: str) -> Iterator[tuple[str, str]]:
    query = (
        select(audit_events.c.act, audit_events.c.actor)
        .join(audit_subjects, audit_subjects.c.seq == audit_events.c.seq)
        .where(audit_subjects.c.subject == f"employee:{employee}")
        .order_by(audit_events.c.seq)
    )
    with storage.database.read() as connection:
        yield from ((row.act, row.actor) for row in connection.execute(query))


NEW = {
    "number": "A0034",
    "name": "𠮷㛃·阿依",
    "region": "苏州",
    "employment": "employee",
    "wage": "￥3,500.00",
    "joined_on": "2026-03-01",
    "uninsured_why": "手续在办",
}


def test_an_empty_roster_says_what_to_do(zhao: Colleague) -> None:
    page = text(zhao.opens("/hr/roster"))
    assert "花名册还是空的" in page and "先填单位和社保账户" in page


def test_somebody_is_added_with_rare_characters(zhao: Colleague, desk_storage: Storage) -> None:
    added = zhao.sends("/hr/roster/new", **NEW)
    page = text(zhao.opens(added.headers["Location"]))
    assert "𠮷㛃·阿依" in page and "江苏省苏州市" in page and "3500.00" in page
    kept = desk_storage.roster.by_number("A0034")
    assert kept is not None and (kept.wage, kept.region) == (350_000, "320500")


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("number", "", "这一项要填"),
        ("name", " ", "这一项要填"),
        ("name", "李𪛖梅", "打印不出来的字：𪛖（U+2A6D6）"),
        ("region", "某某州", "没有这个地方"),
        ("wage", "三千五", "请填金额"),
        ("id_number", "110105194912310021", "18 位"),
        ("phone", "没有", "请填电话号码"),
        ("uninsured_why", "", "为什么还没参保"),
        ("uninsured_why", "家里吃低保不肯交", "不要写低保的事"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(
    zhao: Colleague, field: str, typed: str, told: str
) -> None:
    page = text(zhao.sends("/hr/roster/new", 400, **NEW | {field: typed}))
    assert told in page and f'id="{field}-told"' in page
    assert page.count('class="error"') == 1
    kept = {name: value for name, value in NEW.items() if name not in (field, "employment")}
    assert all(f'value="{value}"' in page or f">{value}<" in page for value in kept.values())


def test_a_number_that_somebody_has_is_refused_beside_it(zhao: Colleague, desk_storage: Storage) -> None:
    hire(desk_storage)
    assert "这个工号已经有人了" in text(zhao.sends("/hr/roster/new", 400, **NEW))


def test_one_is_found_by_number_or_exact_name_and_not_through_the_address(
    zhao: Colleague, desk_storage: Storage
) -> None:
    ali, other = hire(desk_storage), hire(desk_storage, "B1", "阿丽")
    zhou = hire(desk_storage, "B2", "老周")
    for wanted in ("老周", " 老 周", "b2"):
        assert zhao.sends("/hr/roster/find", wanted=wanted).headers["Location"] == f"/hr/roster/{zhou.id}"
    both = text(zhao.sends("/hr/roster/find", 200, wanted="阿丽"))
    assert ali.id in both and other.id in both and zhou.id not in both
    assert "没有找到" in text(zhao.sends("/hr/roster/find", 200, wanted="周"))


def test_the_list_is_narrowed_by_its_chips(zhao: Colleague, desk_storage: Storage) -> None:
    ali = hire(desk_storage, insured_since=date(2026, 4, 1))
    zhou = hire(desk_storage, "B2", "老周", region="310000")
    gone = hire(desk_storage, "B3", "小陈")
    desk_storage.roster.leave(gone.id, date(2026, 9, 30), HR)
    binds(desk_storage, zhou)

    def there(query: str) -> set[str]:
        page = text(zhao.opens(f"/hr/roster?{query}"))
        return {each.id for each in (ali, zhou, gone) if each.id in page}

    assert there("") == {ali.id, zhou.id}
    assert there("state=left") == {gone.id}
    assert there("uninsured=1") == {zhou.id}
    assert there("unbound=1") == {ali.id}
    assert there("region=310000") == {zhou.id}
    assert there("state=all&page=nonsense") == {ali.id, zhou.id, gone.id}


def test_opening_a_page_is_on_record_and_shown_on_it(
    zhao: Colleague, colleague: SignIn, desk_storage: Storage
) -> None:
    ali = hire(desk_storage)
    colleague("李娜", "agent").opens(f"/hr/roster/{ali.id}")
    page = text(zhao.opens(f"/hr/roster/{ali.id}"))
    assert "李娜 打开了员工页" in page
    assert [act for act, _ in acts(desk_storage, ali.id)].count("employee_opened") == 2
    zhao.opens("/hr/roster/5a1e0000-0000-4000-8000-000000000001", 404)


def test_an_agent_reads_and_does_not_write(colleague: SignIn, desk_storage: Storage) -> None:
    ali, li = hire(desk_storage), colleague("李娜", "agent")
    page = text(li.opens(f"/hr/roster/{ali.id}"))
    assert "更正资料" not in page and "登记离职" not in page
    li.opens(f"/hr/roster/{ali.id}/correct", 403)
    li.opens("/hr/roster/export.xlsx", 403)


def test_a_correction_keeps_what_is_not_touched(zhao: Colleague, desk_storage: Storage) -> None:
    ali = hire(desk_storage, home_region="341200", area="rural", uninsured_why="手续在办", on_paper=True)
    at = f"/hr/roster/{ali.id}/correct"
    form = text(zhao.opens(at))
    assert "安徽省阜阳市" in form and "checked" in form
    fields = {
        "number": "A0034",
        "name": "阿丽",
        "region": "江苏省苏州市",
        "home_region": "安徽省阜阳市",
        "area": "rural",
        "employment": "employee",
        "joined_on": "2026-03-01",
        "uninsured_why": "手续在办",
        "phone": "138 0000 0000",
    }
    zhao.sends(at, **fields, why="换号了")
    kept = desk_storage.roster.get(ali.id)
    assert kept is not None
    assert (kept.phone, kept.home_region, kept.area, kept.on_paper) == (
        "13800000000",
        "341200",
        "rural",
        False,
    )
    assert kept.joined_on == date(2026, 3, 1)


def test_whoever_is_not_insured_is_with_one_click_and_what_it_cost_is_shown_to_the_fen(
    zhao: Colleague, desk_storage: Storage, clock: Clock
) -> None:
    entity = desk_storage.companies.save_entity(LegalEntity("", "苏州某厂", "91350100M000100Y43"), HR)
    account = InsuredAccount("", entity, "320500", "3205001234", injury_class=1, declaration_day=25)
    desk_storage.companies.save_account(account, HR)
    ali = hire(desk_storage, wage=350_000, joined_on=date(2026, 8, 1), uninsured_why="手续在办")
    page = text(zhao.opens(f"/hr/roster/{ali.id}"))
    assert "手续在办" in page and "3476.40" in page, "two months at a wage of 3500, both sides"
    assert "算不出来，出了事由单位付" in page and "社会保险法" in page
    assert "2 个月没有工资记录" in page
    assert "这一项要填" in text(zhao.sends(f"/hr/roster/{ali.id}/insure", 400, insured_from=""))
    zhao.sends(f"/hr/roster/{ali.id}/insure", insured_from="2026-11-01")
    kept = desk_storage.roster.get(ali.id)
    assert kept is not None and (kept.insured_since, kept.uninsured_why) == (date(2026, 11, 1), "")
    assert "3476.40" not in text(zhao.opens(f"/hr/roster/{ali.id}"))


def test_leaving_and_coming_back(zhao: Colleague, desk_storage: Storage) -> None:
    ali = hire(desk_storage)
    binds(desk_storage, ali)
    assert "请填日期" in text(zhao.sends(f"/hr/roster/{ali.id}/leave", 400, left_on="下个月"))
    zhao.sends(f"/hr/roster/{ali.id}/leave", left_on="2026-10-31")
    page = text(zhao.opens(f"/hr/roster/{ali.id}"))
    assert "已离职" in page and "给一个新的绑定码" not in page
    assert desk_storage.roster.conversations_of(ali.id) == {}
    zhao.sends(f"/hr/roster/{ali.id}/rejoin", joined_again="2026-12-01")
    assert "给一个新的绑定码" in text(zhao.opens(f"/hr/roster/{ali.id}"))


def test_a_slip_is_erased_with_a_reason_and_nobody_else_is(zhao: Colleague, desk_storage: Storage) -> None:
    slip, ali = hire(desk_storage, "X1", "录错"), hire(desk_storage)
    binds(desk_storage, ali)
    assert "写一句为什么" in text(zhao.sends(f"/hr/roster/{slip.id}/erase", 400, erase_why=" "))
    zhao.sends(f"/hr/roster/{slip.id}/erase", erase_why="重复录入")
    zhao.opens(f"/hr/roster/{slip.id}", 404)
    assert "不能删" in text(zhao.sends(f"/hr/roster/{ali.id}/erase", 400, erase_why="不要了"))


def test_a_change_of_the_base_is_recorded_as_it_was_decided(zhao: Colleague, desk_storage: Storage) -> None:
    ali = hire(desk_storage)
    at = f"/hr/roster/{ali.id}/adjust"
    given = {
        "adjust_month": "2026-07",
        "adjust_before": "2500",
        "adjust_after": "3000.00",
        "adjust_why": "年度核定",
        "decided_by": "赵静",
    }
    zhao.sends(at, **given)
    page = text(zhao.opens(f"/hr/roster/{ali.id}"))
    assert "2500.00" in page and "3000.00" in page and "年度核定" in page
    wrong = text(zhao.sends(at, 400, **given | {"adjust_after": "很多", "adjust_why": "低保停了"}))
    assert "请填金额" in wrong and "不要写低保的事" in wrong and 'value="2500"' in wrong


def test_a_code_is_shown_once_and_leads_to_the_chat_behind_the_hash(
    zhao: Colleague, desk_storage: Storage
) -> None:
    ali = hire(desk_storage)
    page = zhao.sends(f"/hr/roster/{ali.id}/code", 200)
    assert page.headers["Cache-Control"] == "no-store"
    shown = text(page).split("<output>")[1][:9].replace("-", "")
    assert desk_storage.bindings.look_up(shown).state == "good"
    assert shown not in text(zhao.opens(f"/hr/roster/{ali.id}"))


def test_a_lost_phone_is_unbound_with_a_reason(zhao: Colleague, desk_storage: Storage) -> None:
    ali = hire(desk_storage)
    binds(desk_storage, ali)
    at = f"/hr/roster/{ali.id}/unbind"
    assert "写一句为什么" in text(zhao.sends(at, 400, unbind_why="lost_phone", unbind_reason=""))
    zhao.sends(at, 400, unbind_why="rebound", unbind_reason="冒充本人")
    assert desk_storage.roster.conversations_of(ali.id) != {}
    zhao.sends(at, unbind_why="lost_phone", unbind_reason="本人来说的")
    assert desk_storage.roster.conversations_of(ali.id) == {}
    assert "手机丢了" in text(zhao.opens(f"/hr/roster/{ali.id}"))


def test_nobody_but_the_dibao_officer_sees_that_there_is_anything_about_dibao(
    zhao: Colleague, colleague: SignIn, desk_storage: Storage
) -> None:
    ali, officer = hire(desk_storage), colleague("孙燕", "dibao_officer")
    at = f"/hr/roster/{ali.id}/dibao"
    assert "还没有同意" in text(officer.opens(at))
    officer.sends(f"{at}/tell", 400, told="receiving", since="2026-01-01", source="told_hr")
    officer.sends(f"{at}/consent", act="give")
    officer.sends(f"{at}/tell", told="receiving", since="2026-01-01", source="told_hr")
    officer.sends(f"{at}/tell", told="suspended", since="2026-09-01", source="paper")
    page = text(officer.opens(at))
    assert "在领" in page and "暂停" in page and "社保照常交" in page
    zhao.opens(at, 403)
    hers = text(zhao.opens(f"/hr/roster/{ali.id}"))
    main = hers.split("<main")[1]
    assert "低保" not in main.replace("不要写低保的事", "") and "单独同意" not in main
    assert "查看低保状态" in text(officer.opens(f"/hr/roster/{ali.id}"))
    assert [act for act, _ in acts(desk_storage, ali.id)].count("dibao_read") >= 1


def test_taking_the_consent_back_erases_what_was_told(colleague: SignIn, desk_storage: Storage) -> None:
    ali, officer = hire(desk_storage), colleague("孙燕", "dibao_officer")
    desk_storage.records.agree(ali.id, "dibao_status", "chat", HR)
    desk_storage.records.tell_dibao(ali.id, DibaoStatus("receiving", date(2026, 1, 1), "told_assistant"), HR)
    officer.sends(f"/hr/roster/{ali.id}/dibao/consent", act="withdraw")
    officer.sends(f"/hr/roster/{ali.id}/dibao/consent", act="give")
    assert "还没有记过" in text(officer.opens(f"/hr/roster/{ali.id}/dibao"))


def test_the_page_tells_where_a_consent_was_given_and_where_it_was_taken_back(
    colleague: SignIn, desk_storage: Storage
) -> None:
    ali, officer = hire(desk_storage), colleague("孙燕", "dibao_officer")
    desk_storage.records.agree(ali.id, "dibao_status", "page", HR)
    desk_storage.records.withdraw(ali.id, "dibao_status", "page", HR)
    desk_storage.records.agree(ali.id, "dibao_status", "chat", HR)
    officer.sends(f"/hr/roster/{ali.id}/dibao/consent", act="withdraw")
    page = text(officer.opens(f"/hr/roster/{ali.id}/dibao"))
    for where in ("在“我这里留了什么”那页点头", "在“我这里留了什么”那页收回", "在聊天里点头", "告诉人事收回"):
        assert where in page


def test_an_export_holds_no_formula_and_every_heading_is_known_again(
    zhao: Colleague, desk_storage: Storage
) -> None:
    hire(desk_storage, "007", "=1+1", id_number="11010519491231002X", wage=350_050)
    sent = zhao.opens("/hr/roster/export.xlsx")
    rows = (
        python_calamine.CalamineWorkbook.from_filelike(BytesIO(sent.data)).get_sheet_by_index(0).to_python()
    )
    row = dict(zip(rows[0], rows[1], strict=True))
    assert (row["工号"], row["姓名"], row["应发工资"]) == ("007", "=1+1", 3500.5)
    assert row["身份证号"] == "11010519491231002X" and row["入职日期"] == "2026-03-01"
    names = heading_names(ROSTER)
    assert {names[normalise_heading(LABELS[name])] for name in ROSTER} == set(ROSTER)
    (exported,) = [act for act, _ in acts(desk_storage, _only(desk_storage)) if act == "roster_exported"]
    assert exported


def _only(storage: Storage) -> str:
    found = storage.roster.by_number("007")
    assert found is not None
    return found.id


def test_codes_are_printed_for_everybody_or_a_department(zhao: Colleague, desk_storage: Storage) -> None:
    hire(desk_storage, "A1", "阿丽", department="一车间")
    hire(desk_storage, "A2", "𠮷㛃󠄀", department="二车间")
    bound = hire(desk_storage, "A3", "老周", department="一车间")
    binds(desk_storage, bound)
    page = text(zhao.opens("/hr/roster/codes"))
    assert "一车间（2）" in page and "低保" not in page.split("<main")[1]
    paper = zhao.sends("/hr/roster/codes", 200)
    sheets = [each.extract_text() for each in PdfReader(BytesIO(paper.data)).pages]
    assert len(sheets) == 2 and "阿丽" in sheets[0] and "A2" in sheets[1]
    whole = zhao.sends("/hr/roster/codes", 200, department="一车间", bound_too="1")
    assert len(PdfReader(BytesIO(whole.data)).pages) == 2
    assert "没有要印的人" in text(zhao.sends("/hr/roster/codes", 400, department="三车间"))


def test_the_poster_is_the_same_for_everybody(zhao: Colleague) -> None:
    paper = PdfReader(BytesIO(zhao.opens("/hr/roster/poster.pdf").data))
    (sheet,) = (each.extract_text().replace("\n", "") for each in paper.pages)
    assert "不用说你是谁" in sheet and "bind" not in sheet and "低保" not in sheet


def test_the_page_and_the_list_tell_how_somebody_can_be_reached(
    zhao: Colleague, desk_storage: Storage
) -> None:
    ali = hire(desk_storage, wecom_id="AliLi", mail="ali@company.example")
    hire(desk_storage, "B1", "老周")
    page = text(zhao.opens(f"/hr/roster/{ali.id}"))
    assert "企业微信：现在发得到。" in page and "邮件：现在发得到。" in page
    assert text(zhao.opens("/hr/roster")).count("通知不到") == 1
    zhao.sends(f"/hr/roster/{ali.id}/leave", left_on="2026-10-01")
    assert text(zhao.opens("/hr/roster")).count("通知不到") == 1


def test_two_employees_never_share_an_account_in_wecom(zhao: Colleague, desk_storage: Storage) -> None:
    hire(desk_storage, wecom_id="AliLi")
    zhou = hire(desk_storage, "B1", "老周", uninsured_why="手续在办")
    given = {"number": "B1", "name": "老周", "region": "苏州市", "uninsured_why": "手续在办"}
    at = f"/hr/roster/{zhou.id}/correct"
    assert "已经是花名册上另一个人的" in text(zhao.sends(at, 400, **given, wecom_id="alili"))
    assert "只有字母、数字" in text(zhao.sends(at, 400, **given, wecom_id="老周"))
    zhao.sends(at, **given, wecom_id="LaoZhou")
    found = desk_storage.roster.get(zhou.id)
    assert found is not None and found.wecom_id == "LaoZhou"
