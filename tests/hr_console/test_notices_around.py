"""Notices where HR already is: the employee's page, the roster, the inbox, the dashboard; and the confirmation on paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from html import unescape
from io import BytesIO

import pytest
from databases import NOON
from desk import Colleague
from notice_book import PDF, MemoryBook
from sqlalchemy import select
from staffing import HR, binds, hire
from talking import message, say

from app.console import make_console
from app.settings import Settings
from app.web import create_app
from hr_console import confirmations
from hr_inbox.task import HrTask
from notices.book import SealHealth
from people.employees import Employee
from people.records import DibaoStatus
from policy_kb.library import Library
from storage.opening import Storage
from storage.tables import audit_events, tasks

pytest_plugins = ["databases", "desk"]

SignIn = Callable[..., Colleague]


@pytest.fixture
def zhao(colleague: SignIn) -> Colleague:
    return colleague("赵静", "agent", "admin")


@pytest.fixture
def ali(desk_storage: Storage) -> Employee:
    return hire(desk_storage, "A0034", "阿丽", wage=350_000, department="缝纫")


def text(page: object) -> str:
    return unescape(page.get_data(as_text=True))  # type: ignore[attr-defined]


def acts(storage: Storage) -> list[str]:
    with storage.database.read() as connection:
        return list(connection.execute(select(audit_events.c.act).order_by(audit_events.c.seq)).scalars())


# -- The confirmation --------------------------------------------------------------------------------------------------


def test_who_has_not_signed_is_listed_by_place_and_department(
    zhao: Colleague, ali: Employee, desk_storage: Storage, book: MemoryBook
) -> None:
    zhou = hire(desk_storage, "A2", "老周", department="裁剪", region="310000")
    book.confirm(zhou.id, date(2026, 3, 1), "c.pdf", PDF, HR)
    chen = hire(desk_storage, "A3", "小陈", department="裁剪")

    def listed(query: str) -> set[str]:
        page = text(zhao.opens(f"/hr/notices/confirmations{query}"))
        return {each.name for each in (ali, zhou, chen) if each.id in page}

    assert listed("") == {"阿丽", "小陈"}
    assert listed("?department=裁剪") == {"小陈"}
    assert listed("?region=310000") == set()
    assert "3 人里 1 人签了" in text(zhao.opens("/hr/notices/confirmations"))


def test_forms_are_printed_for_those_ticked_or_for_everybody_shown_and_that_is_logged(
    zhao: Colleague, ali: Employee, desk_storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    hire(desk_storage, "A2", "老周", department="裁剪")
    chen = hire(desk_storage, "A3", "小陈", department="裁剪")
    at = "/hr/notices/confirmations"
    assert b"confirmations A3\n" in zhao.sends(at, 200, employee=chen.id).data
    assert b"confirmations A0034 A2 A3\n" in zhao.sends(at, 200).data
    assert b"confirmations A2 A3\n" in zhao.sends(at, 200, department="裁剪").data
    assert acts(desk_storage).count("confirmations_printed") == 3
    assert "没有要印的人" in text(zhao.sends(at, 400, department="染色"))
    monkeypatch.setattr(confirmations, "MOST_FORMS", 2)
    assert "一次最多印 2 份" in text(zhao.sends(at, 400))


def test_the_scan_of_a_signed_one_is_kept(zhao: Colleague, ali: Employee, book: MemoryBook) -> None:
    at = f"/hr/roster/{ali.id}/confirm"
    page = text(zhao.sends(at, 400, signed_on="2026-10-16", scan=(BytesIO(PDF), "c.pdf")))
    assert "不能是以后" in page
    page = text(zhao.sends(at, 400, signed_on="2026-10-14", scan=(BytesIO(b"GIF89a"), "c.pdf")))
    assert "请选一个 PNG、JPEG 或 PDF" in page and page.count('class="error"') == 1
    assert not book.scans
    said = zhao.sends(at, signed_on="2026-10-14", scan=(BytesIO(PDF), "阿丽.jpeg"))
    assert book.scans[ali.id] == (date(2026, 10, 14), "confirmation-2026-10-14.pdf", PDF)
    page = text(zhao.opens(said.headers["Location"]))
    assert "确认书收好了" in page and "2026-10-14" in page and "还没签" not in page


# -- Employee's page and roster ----------------------------------------------------------------------------------------


def test_the_employees_page_leads_to_the_notices(zhao: Colleague, ali: Employee, book: MemoryBook) -> None:
    at = f"/hr/roster/{ali.id}"
    page = text(zhao.opens(at))
    assert "还没有发过" in page and "还没签" in page
    it = book.issued(ali)
    book.answers(it.id, "refused", "不要")
    page = text(zhao.opens(at))
    assert (
        f"/hr/notices/{it.id}" in page and "拒绝签收" in page and f"/hr/notices/new?employee={ali.id}" in page
    )


def test_the_roster_says_who_has_signed(
    zhao: Colleague, colleague: SignIn, ali: Employee, desk_storage: Storage, book: MemoryBook
) -> None:
    zhou = hire(desk_storage, "A2", "老周")
    book.confirm(zhou.id, date(2026, 3, 1), "c.pdf", PDF, HR)
    page = text(zhao.opens("/hr/roster"))
    lines = {each.name: page.partition(each.id)[2].partition("</tr>")[0] for each in (ali, zhou)}
    assert "没签" in lines["阿丽"] and ">签了<" in lines["老周"]
    assert page.count('name="employee"') == 2
    zhao.opens(f"/hr/roster?state=all&region={zhou.region}")


def test_nobodys_dibao_moves_a_list(
    zhao: Colleague, ali: Employee, desk_storage: Storage, book: MemoryBook
) -> None:
    hire(desk_storage, "A2", "老周")
    before = [
        text(zhao.opens(path))
        for path in ("/hr/notices", "/hr/notices/new", "/hr/notices/confirmations", "/hr/roster")
    ]
    desk_storage.records.agree(ali.id, "dibao_status", "paper", HR)
    desk_storage.records.tell_dibao(ali.id, DibaoStatus("receiving", date(2026, 8, 1), "told_hr"), HR)
    after = [
        text(zhao.opens(path))
        for path in ("/hr/notices", "/hr/notices/new", "/hr/notices/confirmations", "/hr/roster")
    ]
    without = [re.sub(r'(content|value)="[^"]{60,}"', "", page) for page in (*before, *after)]
    assert without[:4] == without[4:]


def test_without_notices_the_pages_are_as_before(
    desk_storage: Storage, library: Library, ali: Employee
) -> None:
    app = create_app(Settings(), library, console=make_console(Settings(), desk_storage, library))
    account = desk_storage.accounts.add(
        "z@example.test", "赵静", frozenset({"admin", "agent"}), state="active"
    )
    one = Colleague(app, desk_storage, account)
    assert "还没开通" in text(one.opens(f"/hr/roster/{ali.id}"))
    assert "确认书" not in text(one.opens("/hr/roster"))
    assert "还没有装上" in text(one.opens("/hr/dashboard"))
    one.opens("/hr/notices", 404)


# -- The inbox ---------------------------------------------------------------------------------------------------------


def number_of_the_case(storage: Storage) -> str:
    with storage.database.read() as connection:
        return f"T-{connection.execute(select(tasks.c.number)).scalar_one():06}"


@pytest.fixture
def refused(ali: Employee, desk_storage: Storage, book: MemoryBook) -> tuple[str, str]:
    """A notice that 阿丽 refused in her bound chat, and the case that it opened."""
    binds(desk_storage, ali)
    say(
        desk_storage,
        message("m9", "不签"),
        "好，转给人事。",
        tasks=(HrTask("refusal", ("不签",), topic="notices"),),
    )
    number = number_of_the_case(desk_storage)
    it = book.issued(ali)
    book.reads(it.id)
    book.answers(it.id, "refused", "先别交")
    book.adds(it.id, "task", {"number": number, "kind": "refusal"})
    return it.id, number


def test_a_case_leads_to_its_notice_and_back(
    zhao: Colleague, refused: tuple[str, str], desk_storage: Storage
) -> None:
    notice, number = refused
    assert f'href="/hr/notices/{notice}"' in text(zhao.opens(f"/hr/cases/{number}"))
    page = text(zhao.opens(f"/hr/notices/{notice}"))
    assert f"/hr/cases/{number}" in page and "答复本人" in page


def test_a_case_about_silence_is_linked_too(
    zhao: Colleague, ali: Employee, desk_storage: Storage, book: MemoryBook
) -> None:
    binds(desk_storage, ali)
    say(desk_storage, message("m9", "？"), "好。", tasks=(HrTask("silence", ("N-000122",), topic="notices"),))
    number = number_of_the_case(desk_storage)
    it = book.issued(ali)
    book.passes(it.id)
    book.adds(it.id, "task", {"number": number, "kind": "silence"})
    page = text(zhao.opens(f"/hr/notices/{it.id}"))
    assert "转给人事办的" in page and f"/hr/cases/{number}" in page and "答复本人" not in page


def test_an_answer_goes_into_the_chat_as_hrs_other_answers_do(
    zhao: Colleague, colleague: SignIn, refused: tuple[str, str], desk_storage: Storage
) -> None:
    notice, number = refused
    page = text(zhao.opens(f"/hr/notices/{notice}"))
    form = page.partition(f'action="/hr/cases/{number}/say"')[2].partition("</form>")[0]
    fields = dict(re.findall(r'name="(key|seen|take)" value="([^"]*)"', form))
    zhao.sends(f"/hr/cases/{number}/say", **fields, text="不签也照样交，不会因此影响你上班。")
    page = text(zhao.opens(f"/hr/notices/{notice}"))
    assert "不会因此影响你上班" in page
    told = text(colleague("李娜", "agent").opens(f"/hr/notices/{notice}"))
    assert "同事在办" in told and "答复本人" not in told


def test_who_does_not_work_in_the_inbox_sees_none_of_its_cases(
    colleague: SignIn, refused: tuple[str, str]
) -> None:
    notice, number = refused
    page = text(colleague("王经理", "admin").opens(f"/hr/notices/{notice}"))
    assert f"/hr/cases/{number}" not in page and "照常参保" in page


# -- The dashboard -----------------------------------------------------------------------------------------------------


def panel(page: str) -> str:
    return page.partition('aria-labelledby="p-notices"')[2].partition("</section>")[0]


def test_the_dashboard_counts_notices_and_each_number_opens_its_list(
    zhao: Colleague, desk_storage: Storage, book: MemoryBook
) -> None:
    people = [hire(desk_storage, f"A{number}", f"员工{number}", wage=350_000) for number in range(5)]
    signed, objected, refused, silent, late = (book.issued(each) for each in people)
    book.answers(signed.id, "acknowledged")
    book.answers(objected.id, "objected", "数不对", ("pension",))
    book.answers(refused.id, "refused", "不要")
    book.passes(silent.id)
    book.kept[late.id].notice = replace(late, due_on=date(2026, 10, 14))
    shown = panel(text(zhao.opens("/hr/dashboard")))
    counts = {name: int(count) for count, name in re.findall(r"<b>(\d+)</b><span>([^<]*)</span>", shown)}
    assert counts == {
        "份，一共发出": 5, "签收": 1, "有异议": 1, "拒绝签收": 1, "到期没有回应": 1, "过了日子还没回应": 1
    }  # fmt: skip
    for state in ("acknowledged", "objected", "refused", "silent", "late"):
        assert f'href="/hr/notices?state={state}"' in shown


@pytest.mark.parametrize(
    ("health", "told"),
    [
        (SealHealth(), ("还没有封存用的证书", "可信时间戳：没有设", "还没有自查过")),
        (
            SealHealth(date(2026, 11, 14), timestamp=True, waiting=3, audited_at=NOON, audit_wrong=2),
            ("证书还剩 30 天", "可信时间戳：设好了", "3 份回答等着", "2026-10-15 12:00 自查，2 处对不上"),
        ),
        (
            SealHealth(date(2028, 10, 15), self_made=False, timestamp=True, audited_at=NOON),
            ("证书还剩 731 天，持牌机构的", "全部对得上"),
        ),
    ],
)
def test_the_dashboard_says_how_the_sealing_stands(
    zhao: Colleague, book: MemoryBook, health: SealHealth, told: tuple[str, ...]
) -> None:
    book.seal_health = health
    shown = re.sub(r"<[^>]*>", "", panel(text(zhao.opens("/hr/dashboard"))))
    assert all(each in shown for each in told), shown


def test_who_may_not_open_notices_gets_numbers_without_links(
    colleague: SignIn, ali: Employee, book: MemoryBook
) -> None:
    book.issued(ali)
    shown = panel(text(colleague("孙梅", "policy_editor").opens("/hr/dashboard")))
    assert "份，一共发出" in shown and "href" not in shown
