"""After a change of the library HR sees whose contributions are others now, and how far the look at everybody is."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from databases import Clock
from desk import Colleague
from notice_book import MemoryBook
from sqlalchemy import insert
from werkzeug.test import TestResponse

from app.reassessing import Reassessing
from bench.profiles import raised
from notices.book import Plan
from people.employees import Employee
from people.records import PayMonth
from policy_kb.compiled import restore, snapshot
from policy_kb.library import Library
from profiles.passes import Pass
from storage.opening import Storage
from storage.record_rows import sealed_month
from storage.tables import pay_months

pytest_plugins = ["databases", "desk"]

TODAY = date(2026, 10, 15)


@pytest.fixture
def zhao(colleague: Callable[..., Colleague]) -> Colleague:
    return colleague("赵静", "agent")


def looks(storage: Storage, library: Library, content: bytes | None = None) -> None:
    for each in storage.profiles.pending(100):
        storage.profiles.follow(each, lambda before, after, done: None)
    kept = None if content is None else lambda: content
    Reassessing(storage.passes, lambda: library, lambda: TODAY, kept).run()


def old_floor(content: bytes) -> bytes:
    """The library when 苏州's floor was 4879.00."""
    text = zlib.decompress(content).decode()
    assert '"floor":"4952.00"' in text
    return zlib.compress(text.replace('"floor":"4952.00"', '"floor":"4879.00"').encode())


def test_new_bounds_say_what_each_paid_month_lacks(
    zhao: Colleague, clock: Clock, desk_storage: Storage, library: Library
) -> None:
    who = desk_storage.roster.add(
        Employee(
            "",
            "A1",
            "阿丽",
            "320500",
            wage=350_000,
            insured_since=date(2026, 8, 1),
            joined_on=date(2026, 8, 1),
        ),
        "account:hr",
    )
    months = [PayMonth(date(2026, month, 1), 350_000, 487_900, True, 51_730) for month in (8, 9)]
    with desk_storage.database.work() as connection:
        rows = [sealed_month(desk_storage.keys, who.id, each, desk_storage.now()) for each in months]
        connection.execute(insert(pay_months), rows)
    before = old_floor(snapshot())
    looks(desk_storage, restore(before), before)
    clock.move(hours=1)
    looks(desk_storage, library, snapshot())
    found = desk_storage.passes.last()
    assert found is not None and found.changed == 1
    page = zhao.opens(f"/hr/passes/{found.id}").get_data(as_text=True)
    assert "4879.00 → <b>4952.00</b>" in page
    # A month: 512.30 → 519.96 of pension, medical and unemployment, and the fixed 5.00; 8 % + 2 % + 0.5 % of 73.00 is 7.66.
    assert "个人 15.32 元，单位" in page and "2 个月" in page and "补差到哪天没有记下" in page


@pytest.fixture
def issuer(colleague: Callable[..., Colleague]) -> Colleague:
    return colleague("钱敏", "agent", "admin")


@pytest.fixture
def found(desk_storage: Storage, library: Library, clock: Clock) -> Pass:
    """A pass by new floors: two in 苏州 and one in 上海 whose contributions differ, one of them with all that a notice asks."""
    people: list[dict[str, Any]] = [
        {"name": "阿丽", "id_number": "11010519491231002X"},
        {"name": "老周"},
        {"name": "阿梅", "region": "310000", "id_number": "320500198001010003"},
    ]
    for count, each in enumerate(people):
        given = {"region": "320500", "wage": 350_000, "insured_since": date(2026, 10, 1)} | each
        desk_storage.roster.add(Employee("", f"B{count}", **given), "account:hr")
    looks(desk_storage, library, snapshot())
    clock.move(hours=1)
    looks(desk_storage, raised(library))
    made = desk_storage.passes.last()
    assert made is not None and made.changed == 3
    return made


def by_name(storage: Storage, name: str) -> str:
    (it,) = storage.roster.by_name(name)
    return it.id


def test_who_would_be_told_is_shown_before_anybody_is(
    zhao: Colleague, desk_storage: Storage, found: Pass
) -> None:
    at = f"/hr/passes/{found.id}"
    page = words(zhao.opens(at))
    assert "告诉受影响的人" in page and "江苏省苏州市（2）" in page and "给他们起草告知书" not in page
    assert "缴费数字变了的、在职的 3 人" in words(zhao.opens(f"{at}/tell"))
    assert "江苏省苏州市（2）" in words(zhao.sends(f"{at}/tell", 200, region="320500"))
    ticked = zhao.sends(f"{at}/tell", 200, region="320500", employee=by_name(desk_storage, "阿梅"))
    assert "勾了的 1 人" in words(ticked) and "没有聊天 1 人" in words(ticked)
    assert desk_storage.pass_news.counts(found.id) == {}
    zhao.sends(f"{at}/tell/all", region="310000")
    assert desk_storage.pass_news.counts(found.id) == {"waiting": 1}
    assert zhao.opens(f"{at}/progress").get_json() == {"running": True, "done": 0, "total": 1}
    assert "以前办过 1 人" in words(zhao.opens(f"{at}/tell"))
    zhao.sends(f"{at}/tell/all", region="310000")
    assert "都办过了" in words(zhao.opens(at))
    nobody = words(zhao.sends(f"{at}/tell", 200, employee="5a1e0000-0000-4000-8000-000000000000"))
    assert "没有还要告诉的人" in nobody
    zhao.opens(f"{at}/notices", 403)
    zhao.sends(f"{at}/notices/begin", 403)


def test_at_night_it_is_said_that_telling_waits_for_the_day(
    colleague: Callable[..., Colleague], clock: Clock, found: Pass
) -> None:
    at = f"/hr/passes/{found.id}"
    clock.time = clock.time.replace(hour=15)  # 23:00 in China
    zhao = colleague("赵静", "agent")
    assert "早上八点以后才发" in words(zhao.opens(f"{at}/tell"))
    zhao.sends(f"{at}/tell/all")
    assert "早上八点以后才发" in words(zhao.opens(at))
    assert zhao.opens(f"{at}/progress").get_json()["running"] is False


def test_for_whom_no_notice_can_be_drafted_is_said_with_the_reason(
    issuer: Colleague, desk_storage: Storage, found: Pass
) -> None:
    at = f"/hr/passes/{found.id}/notices"
    page = words(issuer.opens(at))
    assert "会起草 2 人" in page and "没有身份证号，认不出是不是本人 1 人 老周 B1" in page
    assert "会起草 1 人" in words(issuer.sends(at, 200, region="310000"))
    zhou = by_name(desk_storage, "老周")
    assert "没有还要起草的人" in words(issuer.sends(at, 200, employee=zhou))
    form = {"month": "2026-10", "due_on": "2026-10-23"}
    late = words(issuer.sends(f"{at}/begin", 400, **(form | {"due_on": "2026-10-10"}), region="310000"))
    assert "选一个今天以后" in late and "（1）" in late, "what was chosen is not lost"
    issuer.sends(f"{at}/begin", **form, employee=zhou)
    assert desk_storage.notices.batches() == ()
    issuer.sends(f"{at}/begin", **form)
    (batch,) = desk_storage.notices.batches()
    assert set(batch.plan.employees) == {by_name(desk_storage, "阿丽"), by_name(desk_storage, "阿梅")}
    assert "为这次更新起草过了 2 人" in words(issuer.opens(at))


def test_a_notice_of_the_month_that_stands_is_only_corrected(
    issuer: Colleague, desk_storage: Storage, book: MemoryBook, found: Pass
) -> None:
    ali = by_name(desk_storage, "阿丽")
    earlier = book.begin(Plan("notice", date(2026, 10, 1), date(2026, 10, 22), (ali,)), "account:hr")
    book.work(earlier)
    book.issue(earlier, "account:hr")
    book.work(earlier)
    at = f"/hr/passes/{found.id}/notices"
    page = words(issuer.opens(at))
    assert "会起草 1 人" in page and "这个月已经发过：要取代它，勾上“更正” 1 人" in page
    form = {"month": "2026-10", "due_on": "2026-10-23", "corrects": "1", "why": "缴费上下限有变化"}
    issuer.sends(f"{at}/begin", **form)
    (batch,) = desk_storage.notices.batches()
    assert batch.plan.corrects and ali in batch.plan.employees


def test_nothing_is_done_while_the_pass_goes_on(
    issuer: Colleague, desk_storage: Storage, library: Library, found: Pass
) -> None:
    begun = desk_storage.passes.begin("another", TODAY)
    assert begun is not None
    at = f"/hr/passes/{begun.id}"
    assert "怎么办" not in words(issuer.opens(at))
    for act in ("tell/all", "notices/begin"):
        issuer.sends(f"{at}/{act}")
        assert "还在重算" in words(issuer.opens(at))
    issuer.opens("/hr/passes/5a1e0000-0000-4000-8000-000000000000/tell", 404)


def words(page: TestResponse) -> str:
    """What somebody reads on a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.get_data(as_text=True)).split())


def test_before_the_first_change_there_is_nothing_to_see(zhao: Colleague) -> None:
    assert "政策库还没有更新过" in zhao.opens("/hr/passes").get_data(as_text=True)


def test_a_case_leads_to_whose_contributions_differ(
    zhao: Colleague, desk_storage: Storage, library: Library
) -> None:
    for number, name, wage in (("A1", "<b>阿丽", 350_000), ("A2", "厂长", 1_500_000)):
        who = Employee("", number, name, "320500", wage=wage, insured_since=date(2026, 3, 1))
        desk_storage.roster.add(who, "account:hr")
    looks(desk_storage, library)
    looks(desk_storage, raised(library))
    found = desk_storage.passes.last()
    assert found is not None and found.task is not None
    case = zhao.opens(f"/hr/cases/{found.task}").get_data(as_text=True)
    assert f"/hr/passes/{found.id}" in case and "系统发现的" in case and "对方只发了" not in case
    page = zhao.opens(f"/hr/passes/{found.id}").get_data(as_text=True)
    assert "看了 2 人，1 人的缴费数字变了" in page and "4952.00 → <b>5199.60</b>" in page
    assert "&lt;b&gt;阿丽" in page and "厂长" not in page
    zhao.opens("/hr/passes/5a1e0000-0000-4000-8000-000000000000", 404)
