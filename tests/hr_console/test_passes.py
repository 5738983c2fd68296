"""After a change of the library HR sees whose contributions are others now, and how far the look at everybody is."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import date

import pytest
from databases import Clock
from desk import Colleague
from sqlalchemy import insert

from app.reassessing import Reassessing
from bench.profiles import raised
from people.employees import Employee
from people.records import PayMonth
from policy_kb.compiled import restore, snapshot
from policy_kb.library import Library
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
