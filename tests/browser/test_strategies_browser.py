"""HR's pages of strategies, profiles and money on a phone and on a desk: nothing wider than the screen, everything read aloud,
and 照常参保 with the thumb. With SHEBAO_PICTURES set to a folder every page is drawn into it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from desk import Colleague
from screens import DESKTOP, PHONE
from staffing import HR, hire

from audit.events import SYSTEM
from people.employees import Employee
from people.records import PURPOSES
from policy_kb.library import Library
from profiles.book import KeptStrategy
from profiles.changes import Change, Field, Source, Standing, Value
from profiles.ground import Ground
from profiles.strategy import choose_strategy
from storage.opening import Storage

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
Browser, Page, expect = sync_api.Browser, sync_api.Page, sync_api.expect

pytest_plugins = ["databases", "desk", "screens"]

PICTURES = os.environ.get("SHEBAO_PICTURES", "")


@pytest.fixture
def zhao(colleague: Callable[..., Colleague]) -> Colleague:
    return colleague("赵静", "agent", "admin", "dibao_officer")


@pytest.fixture
def ali(desk_storage: Storage) -> Employee:
    employee = hire(desk_storage, joined_on=date(2024, 8, 10), wage=350_000)
    for purpose in PURPOSES:
        desk_storage.records.agree(employee.id, purpose, "paper", HR)
    return employee


@pytest.fixture
def suspended(desk_storage: Storage, library: Library, ali: Employee) -> KeptStrategy:
    """阿丽, not insured for two years; dibao is suspended, and she says another wage than payroll does."""
    now, today = desk_storage.now(), desk_storage.now().date()

    def said(
        what: Field, value: Value, since: str, source: Source, standing: Standing = "confirmed"
    ) -> Change:
        day = date.fromisoformat(since)
        return Change(ali.id, what, value, day, source, now, source, standing)

    changes = [
        said("gross_wage", 360_000, "2026-09-01", "employee", "reported"),
        said("dibao", "suspended", "2026-10-01", "civil_affairs"),
    ]
    desk_storage.profiles.note(changes, SYSTEM)
    ground = Ground(library, joined_on=ali.joined_on)
    kept = desk_storage.profiles.follow(
        ali.id, lambda before, after, keys: choose_strategy(before, after, ground, today, keys)
    )
    assert kept is not None
    return kept


def test_every_page_fits_and_is_read_aloud(
    zhao: Colleague, opens: Callable[..., Page], ali: Employee, suspended: KeptStrategy
) -> None:
    paths = {
        "strategies": "/hr/strategies",
        "nothing": "/hr/strategies?box=over",
        "strategy": f"/hr/strategies/{suspended.id}",
        "profile": f"/hr/roster/{ali.id}/profile",
        "money": "/hr/money",
        "person": f"/hr/roster/{ali.id}/money",
        "rules": "/hr/strategy-rules",
        "employee": f"/hr/roster/{ali.id}",
    }
    for size in (PHONE, DESKTOP):
        for name, path in paths.items():
            page = opens(path, zhao, size)
            for more in page.locator("main details").all():
                more.evaluate("each => each.open = true")
            wider = page.evaluate(
                """[...document.querySelectorAll("main .card > *, main .heading > *")]
                .filter(each => each.getBoundingClientRect().right > each.parentElement.getBoundingClientRect().right)
                .map(each => each.outerHTML.slice(0, 200))"""
            )
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], (name, size)
            assert not wider, (name, size, wider)
            if size == PHONE:  # what a reader of the screen finds is the same on both
                found = axe.Axe().run(page)
                assert found.violations_count == 0, (name, found.generate_report())
            if PICTURES:
                page.screenshot(path=str(Path(PICTURES) / f"{name}-{size['width']}.png"), full_page=True)


def test_insuring_with_the_thumb(
    zhao: Colleague,
    colleague: Callable[..., Colleague],
    opens: Callable[..., Page],
    suspended: KeptStrategy,
) -> None:
    colleague("李娜", "dibao_officer")
    page = opens("/hr/strategies", zhao, PHONE)
    page.get_by_role("link", name="阿丽").click()
    page.get_by_role("button", name="照常参保", exact=True).click()
    expect(page.get_by_text("交给另一个人批准了")).to_be_visible()
    expect(page.get_by_text("你准备的，要由另一个人批准。")).to_be_visible()
    expect(page.get_by_role("button", name="批准，去办")).to_have_count(0)
