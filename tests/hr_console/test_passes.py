"""After a change of the library HR sees whose contributions are others now, and how far the look at everybody is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from desk import Colleague

from app.reassessing import Reassessing
from bench.profiles import raised
from people.employees import Employee
from policy_kb.library import Library
from storage.opening import Storage

pytest_plugins = ["databases", "desk"]

TODAY = date(2026, 10, 15)


@pytest.fixture
def zhao(colleague: Callable[..., Colleague]) -> Colleague:
    return colleague("赵静", "agent")


def looks(storage: Storage, library: Library) -> None:
    for each in storage.profiles.pending(100):
        storage.profiles.follow(each, lambda before, after, done: None)
    Reassessing(storage.passes, lambda: library, lambda: TODAY).run()


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
